// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What the cgroup of a process says about what it belongs to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "cgroup/process_place.h"

static void test_places(void **state)
{
	static const struct {
		const char *path;
		size_t root_bytes;
		bool unit;
		uint32_t login;
		bool mixed;
	} rows[] = {
		{"/system.slice/nginx.service", 99, true, 0, false},
		{"/system.slice/nginx.service/sub", 27, true, 0, false},
		{"/user.slice/user-1000.slice/session-3.scope", 99, false, 1000, false},
		{"/user.slice/user-1000.slice/user@1000.service/app.slice/x.service", 45, false,
		 1000, false},
		{"/a/user.slice/user-1000.slice", 99, false, 1000, false},
		{"/user.slice/user-0.slice/session-3.scope", 99, false, 0, false},
		{"/system.slice/sshd.service", 99, true, 0, true},
		{"/system.slice/cron.service", 99, true, 0, true},
		{"/system.slice/xcron.service", 99, true, 0, false},
		{"/services/web", 99, true, 0, false},
		{"/", 1, false, 0, false},
		{"", 0, false, 0, false},
		{"…cut/nginx.service", 99, false, 0, false},
		{"/mine/user-1000.slice/x", 5, true, 0, false}, /* root did not choose that */
		{"/mine/a.service", 0, false, 0, false},
		{"/user-x.slice/y", 99, true, 0, false},
		{"/user-1000.slicex/y", 99, true, 0, false},
		{"/user-4294967295.slice/y", 99, true, 0, false},
		{"/user-99999999999999999999999.slice/y", 99, true, 0, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct process_place place = process_place_of(rows[i].path, rows[i].root_bytes);

		if (!!place.unit != rows[i].unit || place.login != rows[i].login ||
		    place.mixed != rows[i].mixed)
			fail_msg("%s: %u %u %d", rows[i].path, place.unit, place.login,
				 place.mixed);
	}
	assert_int_equal(process_place_of("/s/a.service/x", 12).unit,
			 process_place_of("/s/a.service/", 13).unit);
	assert_int_not_equal(process_place_of("/s/a.service", 12).unit,
			     process_place_of("/s/b.service", 12).unit);
}

static void test_user(void **state)
{
	struct process_place login = {.login = 1000}, service = {.unit = 7};

	assert_int_equal(process_place_user(&login, 100001), 1000);
	assert_int_equal(process_place_user(&login, 0), 0);
	assert_int_equal(process_place_user(&service, 33), 33);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_user),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
