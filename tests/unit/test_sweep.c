// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Rows in parents-first order, whatever order they were found in; and a sense that falls back where
 * BPF may not run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include "base/cleanup.h"
#include "collect/sweep.h"

static void test_order(void **state)
{
	static const struct {
		size_t n;
		__u32 level[8], expected[8];
	} cases[] = {
		{0, {0}, {0}},
		{1, {3}, {0}},
		{4, {0, 1, 2, 3}, {0, 1, 2, 3}},
		{5, {2, 1, 0, 2, 1}, {2, 1, 4, 0, 3}}, /* equal levels stay in their order */
		{4, {5000, 1, 300, 0}, {3, 1, 0, 2}},  /* deeper than any: still after the rest */
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct memcg_sample rows[8] = {0};
		__u32 order[8];

		for (size_t k = 0; k < cases[i].n; k++)
			rows[k].level = cases[i].level[k];
		sweep_order(rows, cases[i].n, order);
		for (size_t k = 0; k < cases[i].n; k++)
			assert_int_equal(order[k], cases[i].expected[k]);
	}
}

static void test_without_bpf(void **state)
{
	struct memcg_sample row = {.id = 7};
	struct task_sample task;
	struct loaded loaded;
	struct sweep sweep;
	size_t n = 42;

	loader_none("switched off", &loaded);
	assert_false(sweep_is_ancestors(&loaded));
	assert_int_equal(sweep_init(&sweep, &loaded, 10, 10), 0);
	assert_int_equal(sweep_memcgs(&sweep, &row, 1, &n), -EOPNOTSUPP);
	assert_int_equal(sweep_tasks(&sweep, 0, &task, 1, &n), -EOPNOTSUPP);
	assert_int_equal(n, 42);
	assert_int_equal(row.id, 7);
	sweep_done(&sweep);
	sweep_done(&sweep);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_without_bpf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
