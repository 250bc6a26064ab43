// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* When BPF is tried again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "daemon/bpf_retry.h"

#define S NS_PER_SEC

static void test_due(void **state)
{
	static const struct {
		unsigned int failed;
		bool was_calm, calm;
		uint64_t since_s;
		bool due;
	} rows[] = {
		/* short at the last try: as soon as it is calm, but not at once */
		{1, false, true, 4, false},
		{1, false, true, 5, true},
		{1, false, false, 29, false},
		{1, false, false, 30, true},
		/* calm at the last try: there is nothing to wait for but time */
		{1, true, true, 29, false},
		{1, true, true, 30, true},
		{2, true, true, 119, false},
		{2, false, false, 120, true},
		{3, true, true, 599, false},
		{3, true, true, 600, true},
		{9, false, false, 599, false},
		{9, false, false, 600, true},
		{9, false, true, 5, true},
		/* nothing failed */
		{0, false, true, 100000, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct bpf_retry retry = {0};

		for (unsigned int n = 0; n < rows[i].failed; n++)
			bpf_retry_failed(&retry, 7 * S, rows[i].was_calm);
		if (bpf_retry_due(&retry, (7 + rows[i].since_s) * S, rows[i].calm) != rows[i].due)
			fail_msg("row %zu", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_due),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
