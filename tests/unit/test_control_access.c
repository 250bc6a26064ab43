// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Which users may connect to the control socket, the ACL that says so, and where the socket is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "daemon/control_access.h"

#define OVERFLOW 65534u

static void test_allowed(void **state)
{
	static const struct {
		const char *name;
		struct control_peer peer;
		struct config_allow allow[2];
		bool unmapped, allowed;
	} rows[] = {
		{"root", {.uid = 0}, .allowed = true},
		{"root's group alone", {.uid = 7, .gid = 0}, .allowed = false},
		{"nothing allowed", {.uid = 7, .gid = 7}, .allowed = false},
		{"the user", {.uid = 7}, {{.id = 7}}, .allowed = true},
		{"the second one", {.uid = 8}, {{.id = 7}, {.id = 8}}, .allowed = true},
		{"a group of the user's number",
		 {.uid = 7, .gid = 1},
		 {{.id = 7, .group = true}},
		 .allowed = false},
		{"its group", {.uid = 7, .gid = 9}, {{.id = 9, .group = true}}, .allowed = true},
		{"a further group",
		 {.uid = 7, .groups = 2, .group = {3, 9}},
		 {{.id = 9, .group = true}},
		 .allowed = true},
		{"another group",
		 {.uid = 7, .groups = 2, .group = {3, 4}},
		 {{.id = 9, .group = true}},
		 .allowed = false},
		{"a user of the group's number",
		 {.uid = 9, .gid = 1},
		 {{.id = 9, .group = true}},
		 .allowed = false},
		{"a name without a user", {.uid = 7}, {{.id = HR_UNKNOWN_U32}}, .allowed = false},
		{"no credentials",
		 {.uid = HR_UNKNOWN_U32, .gid = HR_UNKNOWN_U32},
		 {{.id = HR_UNKNOWN_U32}},
		 .allowed = false},
		{"nobody", {.uid = OVERFLOW}, {{.id = OVERFLOW}}, .allowed = true},
		{"a user that this namespace has no number for",
		 {.uid = OVERFLOW},
		 {{.id = OVERFLOW}},
		 .unmapped = true},
		{"a group that it has no number for",
		 {.uid = 7, .gid = OVERFLOW},
		 {{.id = OVERFLOW, .group = true}},
		 .unmapped = true},
		{"another user there", {.uid = 7}, {{.id = 7}}, .unmapped = true, .allowed = true},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (control_peer_allowed(&rows[i].peer, rows[i].allow, 2, rows[i].unmapped) !=
		    rows[i].allowed)
			fail_msg("%s", rows[i].name);
}

/* Sorted by tag and id, each once: the kernel refuses anything else (posix_acl_valid()). */
static void test_acl(void **state)
{
	static const struct config_allow allow[] = {
		{.id = 30, .group = true}, {.id = 9}, {.id = 4},
		{.id = HR_UNKNOWN_U32},    {.id = 9}, {.id = 5, .group = true},
	};
	static const struct posix_acl_xattr_entry expected[] = {
		{ACL_USER_OBJ, 6, ACL_UNDEFINED_ID},
		{ACL_USER, 6, 4},
		{ACL_USER, 6, 9},
		{ACL_GROUP_OBJ, 0, ACL_UNDEFINED_ID},
		{ACL_GROUP, 6, 5},
		{ACL_GROUP, 6, 30},
		{ACL_MASK, 6, ACL_UNDEFINED_ID},
		{ACL_OTHER, 0, ACL_UNDEFINED_ID},
	};
	struct {
		struct posix_acl_xattr_header header;
		struct posix_acl_xattr_entry entry[CONFIG_ALLOW + 4];
	} acl;
	struct config_allow many[CONFIG_ALLOW];

	assert_int_equal(control_acl(allow, ARRAY_SIZE(allow), &acl, sizeof(acl)),
			 4 + sizeof(expected));
	assert_int_equal(acl.header.a_version, POSIX_ACL_XATTR_VERSION);
	assert_memory_equal(acl.entry, expected, sizeof(expected));
	for (uint32_t i = 0; i < CONFIG_ALLOW; i++)
		many[i] = (struct config_allow){.id = CONFIG_ALLOW - i, .group = i % 2};
	assert_int_equal(control_acl(many, CONFIG_ALLOW, &acl, sizeof(acl)), sizeof(acl));
	assert_int_equal(control_acl(many, CONFIG_ALLOW, &acl, sizeof(acl) - 1), 0);
}

static void test_place(void **state)
{
	char dir[] = "/dev/shm/headroom-test.XXXXXX", board[200], long_name[300];
	struct control_place place;
	struct stat st;

	assert_non_null(mkdtemp(dir));
	snprintf(board, sizeof(board), "%s/board", dir);
	assert_int_equal(control_place_open(board, &place), 0);
	assert_false(place.apart);
	assert_string_equal(place.name, "board.control");
	assert_string_equal(place.dir, dir);
	assert_int_equal(control_place_link(&place), 0);
	assert_int_equal(lstat(place.path, &st), -1); /* the socket itself will be there */
	control_place_remove(&place);
	snprintf(board, sizeof(board), "%s/none/board", dir);
	assert_int_equal(control_place_open(board, &place), -ENOENT);
	memset(long_name, 'x', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	assert_int_equal(control_place_open(long_name, &place), -ENAMETOOLONG);
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_allowed),
		cmocka_unit_test(test_acl),
		cmocka_unit_test(test_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
