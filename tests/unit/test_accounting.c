// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What counts as used and how much is left: worked examples, and what must hold for any figures
 * whatever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "collect/accounting.h"

#define NO   RECORD_UNKNOWN
#define STAT .flags = SAMPLE_STAT
#define HOST(total, available, swap, free)                                                \
	{                                                                                 \
		.mem_total = (total), .mem_available = (available), .swap_total = (swap), \
		.swap_free = (free)                                                       \
	}
#define ROW(is, at, above, bits, used, most, swapped, swap_most)                                   \
	{                                                                                          \
		.id = (is), .level = (at), .parent_id = (above), .flags = (bits), .usage = (used), \
		.limit = (most), .swap = (swapped), .swap_limit = (swap_most)                      \
	}
#define MIBS(n) ((__u64)(n) << 20)
#define V2      SAMPLE_STAT
#define V1      (SAMPLE_STAT | SAMPLE_V1)

/* clang-format off */
static const struct {
	const char *name;
	struct memcg_sample s;
	__u64 clean, unreclaimable, working_set;
} used[] = {
	{"plain", {STAT, .usage = 100, .active_file = 20, .inactive_file = 30, .file_dirty = 5,
		   .file_writeback = 1, .slab_reclaimable = 10}, 44, 51, 70},
	{"no stat block: all is used", {.usage = 100, .active_file = 20, .inactive_file = 30}, NO,
	 100, NO},
	{"dirtier than there is cache", {STAT, .usage = 100, .active_file = 1, .file_dirty = 30},
	 0, 100, 100},
	{"usage below its cache: read later", {STAT, .usage = 10, .active_file = 30}, 30, 0, 10},
	{"more inactive than usage", {STAT, .usage = 10, .inactive_file = 30}, 30, 0, 0},
	{"half the slab, rounded against us", {STAT, .usage = 100, .slab_reclaimable = 11}, 0, 95,
	 100},
	{"slab not known (v1)", {STAT, .usage = 100, .active_file = 40, .slab_reclaimable = NO},
	 40, 60, 100},
	{"dirty not known: nothing is surely clean", {STAT, .usage = 100, .active_file = 40,
						      .file_dirty = NO}, NO, 100, 100},
	{"no usage", {STAT, .usage = NO, .active_file = 40}, 40, NO, NO},
	{"tmpfs is in file, not in the file lists", {STAT, .usage = 22376448, .file = 10002432,
						     .shmem = 10002432}, 0, 22376448, 22376448},
	{"nothing", {STAT}, 0, 0, 0},
};

/* Rows in preorder; what is said of the last one counts. Row: id, level, parent, flags, usage,
 * limit, swap, its limit. */
static const struct {
	const char *name;
	struct host_sample host;
	struct memcg_sample row[4];
	size_t n;
	__u64 headroom;
	enum hr_level level;
	__u64 binding_id, binding_limit, usable_swap;
} paths[] = {
	{"own limit, no swap", HOST(8000, 4000, 0, 0),
	 {ROW(5, 0, 0, V2, 60, 100, 0, NO)}, 1, 40, HR_LEVEL_OWN, 5, 100, 0},
	{"no limit: the host", HOST(8000, 4000, 0, 0),
	 {ROW(5, 0, 0, V2, 60, NO, 0, NO)}, 1, 4000, HR_LEVEL_HOST, 0, 8000, 0},
	{"a limit that the host cannot honour", HOST(8000, 30, 0, 0),
	 {ROW(5, 0, 0, V2, 60, 9000, 0, NO)}, 1, 30, HR_LEVEL_HOST, 0, 8000, 0},
	{"reserved huge pages are not to be had", {.mem_total = 8000, .mem_available = 100, .memory.hugetlb = 6000},
	 {ROW(5, 0, 0, V2, 60, NO, 0, NO)}, 1, 100, HR_LEVEL_HOST, 0, 2000, 0},
	{"free swap on zram takes memory at 40 %", {.mem_total = 8000, .mem_available = 100, .swap_total = 900,
	  .swap_free = 500, .swap_cost = 200}, {ROW(5, 0, 0, V2, 60, NO, 0, NO)}, 1, 400, HR_LEVEL_HOST, 0, 8700, 500},
	{"and what is swapped out takes what zram has: 400 are used, 250 of memory and 250 swapped out less 100 that these take",
	 {.mem_total = 8000, .mem_available = 7750, .swap_total = 900, .swap_free = 650, .swap_cost = 260, .memory.zram = 100},
	 {ROW(5, 0, 0, V2, 60, NO, 0, NO)}, 1, 8140, HR_LEVEL_HOST, 0, 8540, 650},
	{"the same of zswap", {.mem_total = 8000, .mem_available = 7750, .swap_total = 900, .swap_free = 650, .swap_cost = 260,
	  .memory.zswap = 100, .memory.zram = NO},
	 {ROW(5, 0, 0, V2, 60, NO, 0, NO)}, 1, 8140, HR_LEVEL_HOST, 0, 8540, 650},
	{"below an own limit it is worth its size: zram's memory is not charged", {.mem_total = 8000,
	  .mem_available = 4000, .swap_total = 900, .swap_free = 500, .swap_cost = 200},
	 {ROW(5, 0, 0, V2, 60, 100, 0, NO)}, 1, 540, HR_LEVEL_OWN, 5, 100, 500},
	{"the host's swap counts for the host", HOST(8000, 30, 900, 100),
	 {ROW(5, 0, 0, V2, 60, NO, 0, NO)}, 1, 130, HR_LEVEL_HOST, 0, 8900, 100},
	{"parent's limit", HOST(8000, 4000, 0, 0),
	 {ROW(1, 0, 0, V2, NO, NO, 0, NO), ROW(5, 1, 0, V2, 90, 100, 0, NO), ROW(6, 2, 5, V2, 10,
	 50, 0, NO)}, 3,
	 10, HR_LEVEL_ANCESTOR, 5, 100, 0},
	{"grandparent's limit, past an unlimited parent", HOST(8000, 4000, 0, 0),
	 {ROW(1, 0, 0, V2, NO, NO, 0, NO), ROW(5, 1, 0, V2, 90, 100, 0, NO), ROW(6, 2, 5, V2, 20,
	 NO, 0, NO),
	  ROW(7, 3, 6, V2, 10, NO, 0, NO)}, 4, 10, HR_LEVEL_ANCESTOR, 5, 100, 0},
	{"a tie goes to the nearest", HOST(8000, 10, 0, 0),
	 {ROW(5, 1, 0, V2, 90, 100, 0, NO), ROW(6, 2, 5, V2, 40, 50, 0, NO)}, 2, 10, HR_LEVEL_OWN,
	 6, 50, 0},
	{"the parent's tie with the host goes to the parent", HOST(8000, 10, 0, 0),
	 {ROW(5, 1, 0, V2, 90, 100, 0, NO), ROW(6, 2, 5, V2, 40, NO, 0, NO)}, 2, 10,
	 HR_LEVEL_ANCESTOR, 5, 100, 0},
	{"memory.high is no limit", HOST(8000, 4000, 0, 0),
	 {{.id = 5, STAT, .usage = 60, .limit = 100, .high = 61}}, 1, 40, HR_LEVEL_OWN, 5, 100, 0},
	{"own swap limit", HOST(8000, 4000, 900, 800),
	 {ROW(5, 0, 0, V2, 60, 100, 5, 30)}, 1, 65, HR_LEVEL_OWN, 5, 100, 25},
	{"the host has less swap than the group may use", HOST(8000, 4000, 900, 7),
	 {ROW(5, 0, 0, V2, 60, 100, 0, 30)}, 1, 47, HR_LEVEL_OWN, 5, 100, 7},
	{"swap.max 0", HOST(8000, 4000, 900, 800),
	 {ROW(5, 0, 0, V2, 60, 100, 0, 0)}, 1, 40, HR_LEVEL_OWN, 5, 100, 0},
	{"the parent's swap limit binds the child's swap", HOST(8000, 4000, 900, 800),
	 {ROW(5, 1, 0, V2, 60, 1000, 9, 10), ROW(6, 2, 5, V2, 60, 100, 2, 50)}, 2, 41,
	 HR_LEVEL_OWN, 6, 100, 1},
	{"swap in use above its limit", HOST(8000, 4000, 900, 800),
	 {ROW(5, 0, 0, V2, 60, 100, 50, 30)}, 1, 40, HR_LEVEL_OWN, 5, 100, 0},
	{"free swap not known: none", HOST(8000, 4000, NO, NO),
	 {ROW(5, 0, 0, V2, 60, 100, 0, NO)}, 1, 40, HR_LEVEL_OWN, 5, 100, 0},
	{"v1: memsw 130 over memory 100, 20 swapped", HOST(8000, 4000, 900, 800),
	 {ROW(5, 0, 0, V1, 60, 100, 20, 30)}, 1, 50, HR_LEVEL_OWN, 5, 100, 10},
	{"v1: memsw = memory, yet something is swapped", HOST(8000, 4000, 900, 800),
	 {ROW(5, 0, 0, V1, 60, 100, 20, 0)}, 1, 20, HR_LEVEL_OWN, 5, 100, 0},
	{"over its limit, no swap", HOST(8000, 4000, 0, 0),
	 {ROW(5, 0, 0, V2, 120, 100, 0, NO)}, 1, 0, HR_LEVEL_OWN, 5, 100, 0},
	{"over its limit, swap helps", HOST(8000, 4000, 50, 50),
	 {ROW(5, 0, 0, V2, 120, 100, 0, NO)}, 1, 30, HR_LEVEL_OWN, 5, 100, 50},
	{"limit 0", HOST(8000, 4000, 0, 0),
	 {ROW(5, 0, 0, V2, 0, 0, 0, NO)}, 1, 0, HR_LEVEL_OWN, 5, 0, 0},
	{"usage not known: that level says nothing", HOST(8000, 4000, 0, 0),
	 {ROW(5, 0, 0, V2, NO, 100, 0, NO)}, 1, 4000, HR_LEVEL_HOST, 0, 8000, 0},
	{"nothing known at all", HOST(NO, NO, NO, NO),
	 {ROW(5, 0, 0, 0, NO, NO, NO, NO)}, 1, NO, HR_LEVEL_HOST, 0, NO, 0},
	{"host not known, own limit known", HOST(NO, NO, NO, NO),
	 {ROW(5, 0, 0, V2, 60, 100, 0, NO)}, 1, 40, HR_LEVEL_OWN, 5, 100, 0},
	/* 64 MiB each; the pause process has 200 KiB. */
	{"a pod with its only container's limit: the container", HOST(MIBS(8000), MIBS(4000), 0, 0),
	 {ROW(5, 1, 0, V2, MIBS(60) + (200 << 10), MIBS(64), 0, NO), ROW(6, 2, 5, V2, MIBS(60), MIBS(64), 0, NO)}, 2,
	 MIBS(4) - (200 << 10), HR_LEVEL_OWN, 6, MIBS(64), 0},
	{"both full", HOST(MIBS(8000), MIBS(4000), 0, 0),
	 {ROW(5, 1, 0, V2, MIBS(64), MIBS(64), 0, NO), ROW(6, 2, 5, V2, MIBS(64) - (200 << 10), MIBS(64), 0, NO)}, 2,
	 0, HR_LEVEL_OWN, 6, MIBS(64), 0},
	{"a tmpfs in the pod, left by a container that has ended: the pod", HOST(MIBS(8000), MIBS(4000), 0, 0),
	 {ROW(5, 1, 0, V2, MIBS(60), MIBS(64), 0, NO), ROW(6, 2, 5, V2, MIBS(40), MIBS(64), 0, NO)}, 2,
	 MIBS(4), HR_LEVEL_ANCESTOR, 5, MIBS(64), 0},
	{"almost as near, but the parent has the lower limit", HOST(MIBS(8000), MIBS(4000), 0, 0),
	 {ROW(5, 1, 0, V2, MIBS(60) + (200 << 10), MIBS(64), 0, NO), ROW(6, 2, 5, V2, MIBS(61), MIBS(65), 0, NO)}, 2,
	 MIBS(4) - (200 << 10), HR_LEVEL_ANCESTOR, 5, MIBS(64), 0},
	{"a small limit: 200 KiB count", HOST(MIBS(8000), MIBS(4000), 0, 0),
	 {ROW(5, 1, 0, V2, MIBS(3) + (200 << 10), MIBS(4), 0, NO), ROW(6, 2, 5, V2, MIBS(3), MIBS(4), 0, NO)}, 2,
	 MIBS(1) - (200 << 10), HR_LEVEL_ANCESTOR, 5, MIBS(4), 0},
	{"almost as near as the host: the host", HOST(MIBS(8000), MIBS(4) - 4096, 0, 0),
	 {ROW(6, 1, 0, V2, MIBS(60), MIBS(64), 0, NO)}, 1, MIBS(4) - 4096, HR_LEVEL_HOST, 0, MIBS(8000), 0},
	{"parent not among the rows (scope)", HOST(8000, 4000, 0, 0),
	 {ROW(5, 3, 4, V2, 60, 100, 0, NO), ROW(6, 4, 5, V2, 50, NO, 0, NO)}, 2, 40,
	 HR_LEVEL_ANCESTOR, 5, 100, 0},
};

/* Parents are found in preorder, in breadth-first order, and by a parent_id of 0 for the root. */
static const struct {
	__u64 id[7], parent_id[7];
	__u32 level[7];
	int parent[7];
} orders[] = {
	{{1, 2, 3, 4, 5, 6, 7}, {0, 0, 2, 3, 2, 0, 1}, {0, 1, 2, 3, 2, 1, 1}, {-1, 0, 1, 2, 1, 0,
	 0}},
	{{1, 2, 6, 3, 8, 4, 9}, {0, 0, 0, 2, 6, 3, 99}, {0, 1, 1, 2, 2, 3, 2}, {-1, 0, 0, 1, 2, 3,
	 -1}},
};
/* clang-format on */

static void test_unreclaimable(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(used); i++) {
		struct account a;
		__u64 clean;
		int parent;

		print_message("%s\n", used[i].name);
		assert_int_equal(account_unreclaimable(&used[i].s, &clean), used[i].unreclaimable);
		assert_int_equal(clean, used[i].clean);
		assert_int_equal(account_unreclaimable(&used[i].s, NULL), used[i].unreclaimable);
		account_path(&used[i].s, 1, NULL, &parent, &a);
		assert_int_equal(a.unreclaimable, used[i].unreclaimable);
		assert_int_equal(a.clean_cache, used[i].clean);
		assert_int_equal(a.working_set, used[i].working_set);
	}
}

static void test_paths(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		struct account a[4], *last = &a[paths[i].n - 1];
		int parent[4];

		print_message("%s\n", paths[i].name);
		account_path(paths[i].row, paths[i].n, &paths[i].host, parent, a);
		assert_int_equal(last->headroom, paths[i].headroom);
		assert_int_equal(last->level, paths[i].level);
		assert_int_equal(last->binding_id, paths[i].binding_id);
		assert_int_equal(last->binding_limit, paths[i].binding_limit);
		assert_int_equal(last->usable_swap, paths[i].usable_swap);
	}
}

static void test_parents(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
		struct memcg_sample rows[7] = {0};
		struct account a[7];
		int parent[7];

		for (int k = 0; k < 7; k++) {
			rows[k].id = orders[i].id[k];
			rows[k].parent_id = orders[i].parent_id[k];
			rows[k].level = orders[i].level[k];
		}
		account_path(rows, 7, NULL, parent, a);
		for (int k = 0; k < 7; k++)
			assert_int_equal(parent[k], orders[i].parent[k]);
	}
}

/* Mostly plausible figures, with the corners of 64 bits thrown in. */
static __u64 any(void)
{
	static const __u64 corners[] = {
		0, 1, NO, NO - 1, 1ULL << 63, (1ULL << 63) - 1, (1ULL << 63) + 1, 1000000};
	__u64 r = (__u64)rand() << 31 ^ (__u64)rand();

	return r % 5 ? r % 10000000000ULL : corners[r / 5 % ARRAY_SIZE(corners)];
}

static void any_row(struct memcg_sample *s, size_t i)
{
	size_t above = i ? (size_t)rand() % i : 0;

	*s = (struct memcg_sample){
		.id = i + 1,
		.flags = (unsigned)rand() & (SAMPLE_STAT | SAMPLE_V1),
		.usage = any(),
		.limit = any(),
		.swap = any(),
		.swap_limit = any(),
		.active_file = any(),
		.inactive_file = any(),
		.file_dirty = any(),
		.file_writeback = any(),
		.slab_reclaimable = any(),
	};
	if (!i)
		return;
	s->level = s[-(ptrdiff_t)(i - above)].level + 1;
	s->parent_id = above ? above + 1 : 0;
}

#define ROWS 12

static void test_always(void **state)
{
	srand(5);
	for (int round = 0; round < 50000; round++) {
		struct host_sample host = HOST(any(), any(), any(), any());
		struct memcg_sample rows[ROWS];
		struct account a[ROWS], b[ROWS];
		int parent[ROWS];
		size_t low = (size_t)rand() % ROWS;

		for (size_t i = 0; i < ROWS; i++)
			any_row(&rows[i], i);
		account_path(rows, ROWS, &host, parent, a);
		for (size_t i = 0; i < ROWS; i++) {
			__u64 above = parent[i] < 0 ? NO : a[parent[i]].headroom;

			assert_true(a[i].headroom <= above);
			assert_int_equal(parent[i] < 0, i == 0);
			if (rows[i].usage != NO)
				assert_true(a[i].unreclaimable <= rows[i].usage);
			if (a[i].working_set != NO)
				assert_true(a[i].working_set <= rows[i].usage);
			assert_true(a[i].usable_swap != NO);
			if (host.swap_free != NO)
				assert_true(a[i].usable_swap <= host.swap_free);
			if (a[i].level == HR_LEVEL_OWN)
				assert_true(a[i].binding_id == rows[i].id &&
					    a[i].binding_limit == rows[i].limit);
			if (a[i].level == HR_LEVEL_ANCESTOR)
				assert_true(parent[i] >= 0 &&
					    a[i].binding_id == a[parent[i]].binding_id &&
					    a[i].headroom == above);
			if (a[i].level == HR_LEVEL_HOST)
				assert_int_equal(a[i].binding_id, 0);
			if (host.mem_available != NO)
				assert_true(a[i].headroom != NO);
		}

		/* A limit is lowered, or set: no container has more afterwards. */
		rows[low].limit =
			rows[low].limit == NO
				? any()
				: rows[low].limit - (rows[low].limit ? any() % rows[low].limit : 0);
		account_path(rows, ROWS, &host, parent, b);
		for (size_t i = 0; i < ROWS; i++)
			assert_true(b[i].headroom <= a[i].headroom);

		/* Less swap, less of everything. */
		rows[low].swap_limit /= 2;
		if (host.swap_free != NO)
			host.swap_free /= 2;
		account_path(rows, ROWS, &host, parent, a);
		for (size_t i = 0; i < ROWS; i++)
			assert_true(a[i].headroom <= b[i].headroom);
	}
}

/* Any parents-first order gives the same answer: here by levels, shuffled within each. */
static void test_order(void **state)
{
	enum { N = 3000 };
	static struct memcg_sample rows[N], other[N];
	static struct account a[N], b[N];
	static int parent[N], parent2[N], at[N + 1];
	size_t n = 0;

	srand(6);
	for (size_t i = 0; i < N; i++)
		any_row(&rows[i], i);
	for (__u32 level = 0; n < N; level++) {
		size_t from = n;

		for (size_t i = 0; i < N; i++)
			if (rows[i].level == level)
				other[n++] = rows[i];
		for (size_t i = from; i < n; i++) {
			size_t k = from + (size_t)rand() % (n - from);
			struct memcg_sample t = other[i];

			other[i] = other[k];
			other[k] = t;
		}
	}
	for (size_t i = 0; i < N; i++)
		at[other[i].id] = (int)i;
	account_path(rows, N, NULL, parent, a);
	account_path(other, N, NULL, parent2, b);
	for (size_t i = 0; i < N; i++) {
		size_t k = (size_t)at[rows[i].id];

		assert_int_equal(parent2[k], parent[i] < 0 ? -1 : at[rows[parent[i]].id]);
		assert_int_equal(b[k].binding_row,
				 a[i].binding_row < 0 ? -1 : at[rows[a[i].binding_row].id]);
		b[k].binding_row = a[i].binding_row;
		assert_memory_equal(&a[i], &b[k], sizeof(a[i]));
	}
}

/* 10,000 rows, as deep as it gets: linear, not quadratic, and no recursion. */
static void test_deep(void **state)
{
	enum { N = 10000 };
	_cleanup_free_ struct memcg_sample *rows = calloc(N, sizeof(*rows));
	_cleanup_free_ struct account *a = calloc(N, sizeof(*a));
	_cleanup_free_ int *parent = calloc(N, sizeof(*parent));

	assert_true(rows && a && parent);
	for (size_t i = 0; i < N; i++)
		rows[i] = (struct memcg_sample){.id = i + 1,
						.parent_id = i > 1 ? i : 0,
						.level = (unsigned)i,
						.usage = i,
						.limit = 10000000 - i,
						.swap_limit = NO};
	account_path(rows, N, NULL, parent, a);
	for (size_t i = 0; i < N; i++) {
		assert_int_equal(parent[i], (int)i - 1);
		assert_int_equal(a[i].headroom, 10000000 - 2 * i);
		assert_int_equal(a[i].level, HR_LEVEL_OWN);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unreclaimable), cmocka_unit_test(test_paths),
		cmocka_unit_test(test_parents),       cmocka_unit_test(test_always),
		cmocka_unit_test(test_deep),          cmocka_unit_test(test_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
