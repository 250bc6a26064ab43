// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The host's memory from recorded, incomplete and broken /proc files; and the parsers below it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "fixture_tree.h"
#include "cgroup/kv_parse.h"
#include "collect/meminfo.h"

#define PROC   "tests/fixtures/proc/"
#define KIB(n) ((n)*1024ULL)
#define NO     RECORD_UNKNOWN

static void test_recorded(void **state)
{
	static const struct {
		const char *root;
		int result;
		struct host_sample want;
	} cases[] = {
		{PROC "plain",
		 0,
		 {KIB(456128), KIB(402992), KIB(65532), KIB(62404), 123456, 65432, 125, 75, 1}},
		{PROC "no-psi",
		 0,
		 {KIB(468436), KIB(418392), KIB(65532), KIB(62412), NO, NO, ~0U, ~0U, 1}},
		{PROC "old", 0, {KIB(468436), NO, KIB(65532), KIB(62412), NO, NO, ~0U, ~0U, NO}},
		{PROC "garbage", 0, {KIB(25276510), NO, NO, NO, NO, NO, ~0U, 10001, NO}},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct host_sample *w = &cases[i].want;
		struct host_sample s;
		struct host *h;

		print_message("%s\n", cases[i].root);
		assert_int_equal(host_open(cases[i].root, &h), 0);
		for (int again = 0; again < 2; again++) {
			assert_int_equal(host_read(h, &s), cases[i].result);
			assert_int_equal(s.mem_total, w->mem_total);
			assert_int_equal(s.mem_available, w->mem_available);
			assert_int_equal(s.swap_total, w->swap_total);
			assert_int_equal(s.swap_free, w->swap_free);
			assert_int_equal(s.psi_some_us, w->psi_some_us);
			assert_int_equal(s.psi_full_us, w->psi_full_us);
			assert_int_equal(s.psi_some_avg10_centi, w->psi_some_avg10_centi);
			assert_int_equal(s.psi_full_avg10_centi, w->psi_full_avg10_centi);
			assert_int_equal(s.oom_kills, w->oom_kills);
			assert_int_equal(host_read_memory(h, &s), cases[i].result);
			assert_int_equal(s.mem_total, w->mem_total);
			assert_int_equal(s.mem_available, w->mem_available);
			assert_int_equal(s.swap_free, w->swap_free);
			assert_int_equal(s.psi_some_us, NO); /* no other file is asked */
			assert_int_equal(s.oom_kills, NO);
		}
		host_close(h);
	}
}

static void test_missing(void **state)
{
	struct host_sample s = {.mem_total = 7};
	struct host *h = NULL;
	struct tree tree;

	assert_int_equal(host_open("/nowhere", &h), -ENOENT);
	assert_null(h);
	host_close(NULL);

	/* present, but says nothing: not a sample full of unknowns */
	tree_new(&tree);
	tree_put(&tree, "proc/meminfo", "hello\n");
	assert_int_equal(host_open(tree.root, &h), 0);
	assert_int_equal(host_read(h, &s), -EBADMSG);
	assert_int_equal(host_read_memory(h, &s), -EBADMSG);
	assert_int_equal(s.mem_total, 7);
	tree_put(&tree, "proc/meminfo", "MemTotal:  2 kB\n");
	assert_int_equal(host_read(h, &s), 0); /* the same descriptor reads anew */
	assert_int_equal(s.mem_total, 2048);
	host_close(h);
	tree_done(&tree);
}

static void test_this_host(void **state)
{
	struct host_sample s;
	struct host *h;

	assert_int_equal(host_open("", &h), 0);
	assert_int_equal(host_read(h, &s), 0);
	assert_true(s.mem_total != NO && s.mem_available <= s.mem_total &&
		    s.swap_free <= s.swap_total);
	host_close(h);
}

static void test_number(void **state)
{
	static const struct {
		const char *text;
		int result;
		__u64 value;
	} cases[] = {
		{"0\n", 0, 0},
		{"18446744073709551614\n", 0, NO - 1},
		{"max\n", 0, NO},
		{"007\n", 0, 7},
		{"18446744073709551616\n", -EINVAL, 1},
		{"", -EINVAL, 1},
		{"\n", -EINVAL, 1},
		{"12", -EINVAL, 1},
		{"max", -EINVAL, 1},
		{"maximum\n", -EINVAL, 1},
		{"-1\n", -EINVAL, 1},
		{" 1\n", -EINVAL, 1},
		{"1 2\n", -EINVAL, 1},
		{"1\n2\n", -EINVAL, 1},
		{"0x10\n", -EINVAL, 1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		__u64 v = 1;

		assert_int_equal(fields_number(cases[i].text, strlen(cases[i].text), &v),
				 cases[i].result);
		assert_int_equal(v, cases[i].value);
	}
}

struct three {
	__u64 a, b, c;
};

static const struct field three[] = {
	{"a", offsetof(struct three, a), FIELD_SET},
	{"bb", offsetof(struct three, b), FIELD_ADD},
	{"bbb", offsetof(struct three, b), FIELD_ADD},
	{"c", offsetof(struct three, c), FIELD_KIB},
};

static void test_fields(void **state)
{
	static const struct {
		const char *text;
		struct three want;
		size_t found;
	} cases[] = {
		{"a 1\nbb 2\nbbb 3\nc: 4 kB\n", {1, 5, 4096}, 4},
		{"c 4\nbbb 3\nbb 2\na 1\n", {1, 5, 4096}, 4}, /* any order */
		{"x 9\na 1\ny 9\nz 9\nc 1\n", {1, NO, 1024}, 2},
		{"a 1\nbb 2", {1, NO, NO}, 1}, /* cut off: "2" may be the head of "23" */
		{"a\nbb \nc x\n", {NO, NO, NO}, 0},
		{"aa 1\nb 2\nbbbb 3\n", {NO, NO, NO}, 0}, /* no prefix is a key, no key a prefix */
		{"a 1\na 2\n", {2, NO, NO}, 2},
		{"a 99999999999999999999\na 1z\n", {NO, NO, NO}, 0},
		{"bb 18446744073709551614\nbbb 5\n", {NO, NO - 1, NO}, 2}, /* saturates */
		{"c 18446744073709551614\n", {NO, NO, NO - 1}, 1},
		{"", {NO, NO, NO}, 0},
		{"\n\n\n", {NO, NO, NO}, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct three v = {NO, NO, NO};
		size_t n = strlen(cases[i].text);
		/* exactly as long as the text: a read past it is caught by the sanitizer */
		_cleanup_free_ char *text = malloc(n ? n : 1);

		memcpy(text, cases[i].text, n);
		print_message("%zu\n", i);
		assert_int_equal(fields_parse(text, n, three, ARRAY_SIZE(three), &v),
				 cases[i].found);
		assert_int_equal(v.a, cases[i].want.a);
		assert_int_equal(v.b, cases[i].want.b);
		assert_int_equal(v.c, cases[i].want.c);
	}
}

/* Whatever stands in a file: no read out of bounds, no crash. */
static void test_noise(void **state)
{
	static const char letters[] = "abc: 0123456789\n\0kBsomefull avg10=total=.";

	srand(11);
	for (int round = 0; round < 20000; round++) {
		size_t n = (size_t)rand() % 48;
		_cleanup_free_ char *text = malloc(n ? n : 1);
		struct three v = {NO, NO, NO};
		struct fields_pressure psi;
		__u64 number;

		for (size_t i = 0; i < n; i++)
			text[i] = letters[(size_t)rand() % (sizeof(letters) - 1)];
		fields_parse(text, n, three, ARRAY_SIZE(three), &v);
		fields_pressure(text, n, &psi);
		fields_number(text, n, &number);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recorded),  cmocka_unit_test(test_missing),
		cmocka_unit_test(test_this_host), cmocka_unit_test(test_number),
		cmocka_unit_test(test_fields),    cmocka_unit_test(test_noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
