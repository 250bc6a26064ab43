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
		 {.mem_total = KIB(456128),
		  .mem_available = KIB(402992),
		  .swap_total = KIB(65532),
		  .swap_free = KIB(62404),
		  .psi_some_us = 123456,
		  .psi_full_us = 65432,
		  .psi_some_avg10_centi = 125,
		  .psi_full_avg10_centi = 75,
		  .oom_kills = 1}},
		{PROC "no-psi",
		 0,
		 {.mem_total = KIB(468436),
		  .mem_available = KIB(418392),
		  .swap_total = KIB(65532),
		  .swap_free = KIB(62412),
		  .psi_some_us = NO,
		  .psi_full_us = NO,
		  .psi_some_avg10_centi = ~0U,
		  .psi_full_avg10_centi = ~0U,
		  .oom_kills = 1}},
		{PROC "old",
		 0,
		 {.mem_total = KIB(468436),
		  .mem_available = NO,
		  .swap_total = KIB(65532),
		  .swap_free = KIB(62412),
		  .psi_some_us = NO,
		  .psi_full_us = NO,
		  .psi_some_avg10_centi = ~0U,
		  .psi_full_avg10_centi = ~0U,
		  .oom_kills = NO}},
		{PROC "garbage",
		 0,
		 {.mem_total = KIB(25276510),
		  .mem_available = NO,
		  .swap_total = NO,
		  .swap_free = NO,
		  .psi_some_us = NO,
		  .psi_full_us = NO,
		  .psi_some_avg10_centi = ~0U,
		  .psi_full_avg10_centi = 10001,
		  .oom_kills = NO}},
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

#define SWAPS "Filename\tType\tSize\tUsed\tPriority\n"
#define MEMINFO                                                                                  \
	"MemTotal: 1000000 kB\nMemAvailable: 500000 kB\nSwapTotal: 400000 kB\nSwapFree: 300000 " \
	"kB\n"
#define ZSWAP "sys/module/zswap/parameters/"

/* Hosts by their files. `worth`: what the free swap of 300000 KiB is worth. */
static void test_swap_in_memory(void **state)
{
	static const struct {
		const char *what, *meminfo, *swaps, *mm_stat[2], *zswap, *percent;
		__u64 worth, zram_total, zram_used;
		__u32 milli, measured;
	} cases[] = {
		{"a disk", MEMINFO, SWAPS "/dev/sda2 partition 400000 100000 -2\n",
		 .worth = KIB(300000), .milli = ~0U},
		{"a file with a blank", MEMINFO, SWAPS "/swap\\040file file 400000 100000 -2\n",
		 .worth = KIB(300000), .milli = ~0U},
		{"no /proc/swaps", MEMINFO, NULL, .worth = KIB(300000), .milli = ~0U},
		{"zram, 100000 KiB took 25000",
		 MEMINFO,
		 SWAPS "/dev/zram0 partition 400000 100000 100\n",
		 {"102400000 20000000 25600000 0 30000000 0 0 0 0\n"},
		 .worth = KIB(300000) - KIB(300000) / 1000 * 250,
		 .zram_total = KIB(400000),
		 .zram_used = KIB(100000),
		 .milli = 250,
		 .measured = 1},
		{"zram, hardly used: a half is assumed",
		 MEMINFO,
		 SWAPS "/dev/zram0 partition 400000 100000 100\n",
		 {"4096 70 4096 0 4096 0 0 0 0\n"},
		 .worth = KIB(150000),
		 .zram_total = KIB(400000),
		 .zram_used = KIB(100000),
		 .milli = 500},
		{"zram that holds what does not compress",
		 MEMINFO,
		 SWAPS "/dev/zram0 partition 400000 100000 100\n",
		 {"102400000 102400000 109000000 0 109000000 0 0 0 0\n"},
		 .worth = 0,
		 .zram_total = KIB(400000),
		 .zram_used = KIB(100000),
		 .milli = 1000,
		 .measured = 1},
		{"zram without mm_stat", MEMINFO, SWAPS "/dev/zram0 partition 400000 100000 100\n",
		 .worth = KIB(150000), .zram_total = KIB(400000), .zram_used = KIB(100000),
		 .milli = 500},
		{"zram and a disk",
		 MEMINFO,
		 SWAPS "/dev/zram1 partition 200000 100000 100\n/dev/sda2 partition 200000 0 -2\n",
		 {NULL, "102400000 20000000 51200000 0 51200000 0 0 0 0\n"},
		 .worth = KIB(250000),
		 .zram_total = KIB(200000),
		 .zram_used = KIB(100000),
		 .milli = 500,
		 .measured = 1},
		{"its own limit lets 10000 KiB in",
		 MEMINFO,
		 SWAPS "/dev/zram0 partition 400000 100000 100\n",
		 {"102400000 20000000 51200000 61440000 51200000 0 0 0 0\n"},
		 .worth = KIB(10000),
		 .zram_total = KIB(400000),
		 .zram_used = KIB(100000),
		 .milli = 500,
		 .measured = 1},
		{"zswap: its pool may grow to a fifth",
		 MEMINFO "Zswap: 20000 kB\nZswapped: 80000 kB\n",
		 SWAPS "/dev/sda2 partition 400000 100000 -2\n", .zswap = "Y\n", .percent = "20\n",
		 .worth = KIB(300000) - KIB(300000) / 1000 * 250, .milli = 250, .measured = 1},
		{"zswap: its pool is full", MEMINFO "Zswap: 200000 kB\nZswapped: 400000 kB\n",
		 SWAPS "/dev/sda2 partition 400000 100000 -2\n", .zswap = "Y\n", .percent = "20\n",
		 .worth = KIB(300000), .milli = 500, .measured = 1},
		{"zswap is off", MEMINFO "Zswap: 0 kB\nZswapped: 0 kB\n",
		 SWAPS "/dev/sda2 partition 400000 100000 -2\n", .zswap = "N\n", .percent = "20\n",
		 .worth = KIB(300000), .milli = ~0U},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct host_sample s;
		struct tree tree;
		struct host *h;

		tree_new(&tree);
		tree_put(&tree, "proc/meminfo", cases[i].meminfo);
		if (cases[i].swaps)
			tree_put(&tree, "proc/swaps", cases[i].swaps);
		for (int n = 0; n < 2; n++)
			if (cases[i].mm_stat[n])
				tree_put(&tree,
					 n ? "sys/block/zram1/mm_stat" : "sys/block/zram0/mm_stat",
					 cases[i].mm_stat[n]);
		if (cases[i].zswap) {
			tree_put(&tree, ZSWAP "enabled", cases[i].zswap);
			tree_put(&tree, ZSWAP "max_pool_percent", cases[i].percent);
		}
		print_message("%s\n", cases[i].what);
		assert_int_equal(host_open(tree.root, &h), 0);
		assert_int_equal(host_read(h, &s), 0);
		/* the shares are of thousands of bytes */
		assert_true(host_sample_swap_worth(&s) - cases[i].worth + 1000 < 2000);
		assert_int_equal(s.zram_swap_total, cases[i].zram_total);
		assert_int_equal(s.zram_swap_used, cases[i].zram_used);
		assert_int_equal(s.swap_cost_milli, cases[i].milli);
		assert_int_equal(s.swap_cost_measured, cases[i].measured);
		host_close(h);
		tree_done(&tree);
	}
}

/* meminfo lists no memory of zram; it is not named twice. */
static void test_zram_is_accounted(void **state)
{
	struct host_sample s;
	struct tree tree;
	struct host *h;

	tree_new(&tree);
	tree_put(&tree, "proc/meminfo",
		 "MemTotal: 1000000 kB\nMemFree: 200000 kB\nMemAvailable: 210000 kB\nActive: 10000 "
		 "kB\nInactive: 20000 kB\nUnevictable: 0 kB\nSlab: 30000 kB\nSwapTotal: 400000 kB\n"
		 "SwapFree: 300000 kB\n");
	tree_put(&tree, "proc/swaps", SWAPS "/dev/zram0 partition 400000 100000 100\n");
	tree_put(&tree, "sys/block/zram0/mm_stat",
		 "102400000 20000000 51200000 0 51200000 0 0 0 0\n");
	assert_int_equal(host_open(tree.root, &h), 0);
	assert_int_equal(host_read(h, &s), 0);
	assert_int_equal(s.memory.zram, 51200000);
	assert_int_equal(s.memory.unaccounted, KIB(740000) - 51200000);
	host_close(h);
	tree_done(&tree);
}

/* 660 of 954 MiB are reserved; and what no process has is named. */
static void test_huge_pages(void **state)
{
	struct host_sample s;
	struct tree tree;
	struct host *h;

	tree_new(&tree);
	tree_put(&tree, "proc/meminfo",
		 "MemTotal: 977408 kB\nMemFree: 200000 kB\nMemAvailable: 210000 kB\nActive: 10000 "
		 "kB\n"
		 "Inactive: 20000 kB\nActive(anon): 9000 kB\nUnevictable: 1000 kB\nShmem: 500 kB\n"
		 "Slab: 30000 kB\nSUnreclaim: 20000 kB\nKernelStack: 1000 kB\nPageTables: 2000 kB\n"
		 "VmallocUsed: 3000 kB\nPercpu: 400 kB\nHugePages_Total: 330\nHugepagesize: 2048 "
		 "kB\n"
		 "Hugetlb: 675840 kB\n");
	assert_int_equal(host_open(tree.root, &h), 0);
	assert_int_equal(host_read_memory(h, &s), 0);
	assert_int_equal(s.memory.hugetlb, KIB(675840));
	assert_int_equal(hr_usable_memory(s.mem_total, &s.memory), KIB(301568));
	assert_int_equal(s.memory.slab_unreclaimable, KIB(20000));
	assert_int_equal(s.memory.sec_page_tables, NO);
	assert_int_equal(s.memory.unaccounted,
			 KIB(977408 - 200000 - 31000 - 30000 - 1000 - 2000 - 3000 - 400 - 675840));
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
		cmocka_unit_test(test_recorded),       cmocka_unit_test(test_missing),
		cmocka_unit_test(test_swap_in_memory), cmocka_unit_test(test_zram_is_accounted),
		cmocka_unit_test(test_huge_pages),     cmocka_unit_test(test_this_host),
		cmocka_unit_test(test_number),         cmocka_unit_test(test_fields),
		cmocka_unit_test(test_noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
