// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* How long the supervisor waits before it starts a child again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "daemon/child.h"

static void test_pause(void **state)
{
	static const struct {
		unsigned int falls;
		uint64_t most_s, pause_ms;
	} rows[] = {
		{0, 5, 50},        {1, 5, 50},
		{2, 5, 100},       {7, 5, 3200},
		{8, 5, 5000},      {1000, 5, 5000},
		{8, 600, 6400},    {14, 600, 409600},
		{15, 600, 600000}, {4000000000u, 600, 600000},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (child_pause_ns(rows[i].falls, rows[i].most_s * NS_PER_SEC) !=
		    rows[i].pause_ms * NS_PER_MS)
			fail_msg("row %zu", i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pause),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
