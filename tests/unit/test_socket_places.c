// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Which client of the exporter's Unix socket gives way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "export/socket_places.h"

#define NOW (100 * NS_PER_SEC)

static struct socket_place place[SOCKET_PLACES];

static void fill(int from, int n, uint32_t uid, uint64_t idle_s)
{
	for (int i = from; i < from + n; i++)
		place[i] = (struct socket_place){true, uid, NOW - idle_s * NS_PER_SEC};
}

static int begin(void **state)
{
	memset(place, 0, sizeof(place));
	return 0;
}

static void test_share(void **state)
{
	fill(0, SOCKET_PER_USER - 1, 1000, 50);
	assert_int_equal(socket_place_for(place, 1000, NOW), SOCKET_PER_USER - 1);
	fill(0, SOCKET_PER_USER, 1000, 1);
	assert_int_equal(socket_place_for(place, 1000, NOW), -1); /* all of them read */
	fill(3, 1, 1000, SOCKET_IDLE_S + 1);
	assert_int_equal(socket_place_for(place, 1000, NOW), 3);
	assert_int_equal(socket_place_for(place, 1001, NOW), SOCKET_PER_USER);
}

/* Full: the user with the most gives way, also to a user that has some, and not to one that has as many. */
static void test_full(void **state)
{
	for (int i = 0; i < SOCKET_PLACES / SOCKET_PER_USER; i++)
		fill(i * SOCKET_PER_USER, SOCKET_PER_USER, 1000 + (uint32_t)i, 1);
	assert_int_equal(socket_place_for(place, 1000, NOW), -1);
	assert_int_equal(socket_place_for(place, 2000, NOW), 0);
	fill(2, 1, 1000, 2);
	assert_int_equal(socket_place_for(place, 2000, NOW), 2);
	assert_int_equal(socket_place_for(place, 0, NOW), 2);
	fill(0, 7, 2000, 1);
	assert_int_equal(socket_place_for(place, 2000, NOW), -1);
}

/* Root has all places, and gives its own away to others. */
static void test_root(void **state)
{
	fill(0, SOCKET_PLACES - 1, 0, 1);
	assert_int_equal(socket_place_for(place, 0, NOW), SOCKET_PLACES - 1);
	fill(0, SOCKET_PLACES, 0, 1);
	assert_int_equal(socket_place_for(place, 0, NOW), -1);
	assert_int_equal(socket_place_for(place, 1000, NOW), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_share, begin),
		cmocka_unit_test_setup(test_full, begin),
		cmocka_unit_test_setup(test_root, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
