// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Room for cgroups: more at once, less only after a minute in which half would have done. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "daemon/growth.h"

static struct growth_sight calm = {.slots = 6400, .most = 100000, .running = 3000, .needed = 3264};

static void look(struct growth *growth, struct growth_sight sight, unsigned int second)
{
	sight.now_ns = (1000 + (uint64_t)second) * NS_PER_SEC;
	growth_consider(growth, &sight);
}

static void test_more_when_tight(void **state)
{
	struct growth_sight sight = calm;
	struct growth growth = {0};

	look(&growth, sight, 0);
	assert_int_equal(growth.want_capacity, 0);
	sight.running = 6300;
	look(&growth, sight, 1);
	assert_int_equal(growth.want_capacity, 9600);
	assert_false(growth.smaller);

	growth = (struct growth){0};
	sight = calm;
	sight.refused = true;
	look(&growth, sight, 1);
	assert_int_equal(growth.want_capacity, 9600);

	/* one that failed waits a minute; at the end of all there is none */
	growth = (struct growth){.failed_ns = 1000 * NS_PER_SEC};
	look(&growth, sight, 59);
	assert_int_equal(growth.want_capacity, 0);
	look(&growth, sight, 61);
	assert_int_equal(growth.want_capacity, 9600);
	growth = (struct growth){0};
	sight.slots = sight.most;
	look(&growth, sight, 62);
	assert_int_equal(growth.want_capacity, 0);
}

static void test_less_after_a_minute(void **state)
{
	struct growth_sight sight = calm;
	struct growth growth = {0};

	sight.running = 1000;
	sight.needed = 1152;
	for (unsigned int second = 0; second <= 60; second++)
		look(&growth, sight, second);
	assert_int_equal(growth.want_capacity, 0);
	look(&growth, sight, 61);
	assert_int_equal(growth.want_capacity, 1152);
	assert_true(growth.smaller);

	/* before that is done, it gets tight: that comes first */
	sight.refused = true;
	look(&growth, sight, 62);
	assert_int_equal(growth.want_capacity, 9600);
	assert_false(growth.smaller);
}

static void test_not_while_it_is_used(void **state)
{
	struct growth_sight sight = calm;
	struct growth growth = {0};

	for (unsigned int second = 0; second < 600; second++) {
		sight.needed = second % 50 ? 1152 : 3264; /* each 50 s a storm */
		look(&growth, sight, second);
	}
	assert_int_equal(growth.want_capacity, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_more_when_tight),
		cmocka_unit_test(test_less_after_a_minute),
		cmocka_unit_test(test_not_while_it_is_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
