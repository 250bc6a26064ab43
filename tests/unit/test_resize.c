// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Raising a limit and lowering it again, against plain folders: by how much, what refuses it, and how far down each step goes. (The
 * kernel's files end where the last write ended; plain ones keep the rest of a longer text, so all numbers here have eight digits.)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cgroup/cgroup_dir.h"
#include "enforce/enforce_internal.h"
#include "fixture_tree.h"

#define MIB (1ULL << 20)

struct host { /* MiB; 0 of a limit: none */
	bool v1;
	unsigned int max, high, usage, cache; /* of the container; high: of v1 memsw */
	unsigned int pod, pod_usage, available;
};

static struct tree tree;

static void put_number(const char *path, unsigned int mib, const char *none)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu\n", mib * MIB);
	tree_put(&tree, path, mib ? text : none);
}

static void put_group(const char *group, bool v1, unsigned int max, unsigned int high,
		      unsigned int usage, unsigned int cache)
{
	const char *none = v1 ? "9223372036854771712\n" : "max\n";
	char path[128], stat[128];

#define AT(v1_name, v2_name) \
	(snprintf(path, sizeof(path), "m/%s/%s", group, v1 ? (v1_name) : (v2_name)), path)
	put_number(AT("memory.limit_in_bytes", "memory.max"), max, none);
	put_number(AT("memory.memsw.limit_in_bytes", "memory.high"), high, none);
	put_number(AT("memory.usage_in_bytes", "memory.current"), usage, "0\n");
	if (v1)
		put_number(AT("memory.memsw.usage_in_bytes", ""), usage, "0\n");
	snprintf(stat, sizeof(stat), "%sinactive_file %llu\n", v1 ? "total_" : "", cache * MIB);
	tree_put(&tree, AT("memory.stat", "memory.stat"), stat);
#undef AT
}

static void make_host(const struct host *h)
{
	char text[128];

	tree_new(&tree);
	snprintf(text, sizeof(text), "MemTotal: %u kB\nMemAvailable: %u kB\n", 1024 * 1024,
		 (h->available ? h->available : 512) * 1024);
	tree_put(&tree, "proc/meminfo", text);
	put_group("pod", h->v1, h->pod, 0, h->pod_usage, 0);
	put_group("pod/box", h->v1, h->max, h->high, h->usage, h->cache);
	if (!h->v1)
		tree_put(&tree, "m/pod/box/memory.reclaim", "");
	tree_put(&tree, "m/pod/box/cgroup.procs", "");
}

static unsigned int mib_in(const char *file)
{
	char path[TREE_PATH], text[64] = "";
	_cleanup_close_ int fd = open(tree_path(&tree, file, path), O_RDONLY);

	assert_true(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0);
	return *text == 'm' || strlen(text) > 12 ? 0
						 : (unsigned int)(strtoull(text, NULL, 10) / MIB);
}

static unsigned int max_of(bool v1)
{
	return mib_in(v1 ? "m/pod/box/memory.limit_in_bytes" : "m/pod/box/memory.max");
}

static unsigned int high_of(bool v1)
{
	return mib_in(v1 ? "m/pod/box/memory.memsw.limit_in_bytes" : "m/pod/box/memory.high");
}

static uint64_t box_id(void)
{
	char path[TREE_PATH];
	_cleanup_close_ int fd = open(tree_path(&tree, "m/pod/box", path), O_RDONLY | O_DIRECTORY);
	uint64_t id = 0;

	assert_int_equal(cgroup_id(fd, "", &id), 0);
	return id;
}

static struct enforce *open_enforce(bool v1)
{
	static char memory[TREE_PATH], undo[TREE_PATH];
	struct enforce *e;

	tree_path(&tree, "m", memory);
	tree_path(&tree, "undo", undo);
	assert_int_equal(enforce_open(&(struct enforce_config){.root = tree.root,
							       .memory_root = memory,
							       .v1 = v1,
							       .undo_path = undo},
				      &e),
			 0);
	return e;
}

static struct action_result resize(struct enforce *e, unsigned int to, unsigned int most)
{
	struct action action = {.kind = HR_ACTION_RESIZE,
				.bytes = to * MIB,
				.most = most ? most * MIB : HR_UNKNOWN,
				.for_ms = 60000,
				.target = {.memcg_id = box_id(), .leader_start_ns = HR_UNKNOWN}};
	struct pollfd p = {.fd = enforce_fd(e), .events = POLLIN};
	struct action_result result;

	assert_int_equal(enforce_submit(e, &action, "/pod/box"), 0);
	do
		assert_int_equal(poll(&p, 1, 10000), 1);
	while (!enforce_take(e, &result));
	return result;
}

static void test_raised(void **state)
{
	static const struct {
		const char *name;
		struct host h;
		unsigned int to, most;
		enum hr_action_status status;
		unsigned int max, high;
		const char *detail;
	} cases[] = {
		{"max", {.max = 16, .usage = 12}, 24, 0, HR_STATUS_DONE, 24, 0, ""},
		{"high with it",
		 {.max = 18, .high = 16, .usage = 12},
		 26,
		 0,
		 HR_STATUS_DONE,
		 26,
		 24,
		 ""},
		{"high alone", {.high = 16, .usage = 16}, 24, 0, HR_STATUS_DONE, 0, 24, ""},
		{"v1", {.v1 = true, .max = 16, .usage = 12}, 24, 0, HR_STATUS_DONE, 24, 0, ""},
		{"v1 and swap",
		 {.v1 = true, .max = 16, .high = 32, .usage = 12},
		 24,
		 0,
		 HR_STATUS_DONE,
		 24,
		 40,
		 ""},
		{"twice at most",
		 {.max = 16, .usage = 12},
		 64,
		 0,
		 HR_STATUS_DONE,
		 32,
		 0,
		 "less than was asked for: no more is allowed"},
		{"the cap",
		 {.max = 16, .usage = 12},
		 24,
		 20,
		 HR_STATUS_DONE,
		 20,
		 0,
		 "less than was asked for: no more is allowed"},
		{"at the cap",
		 {.max = 16, .usage = 12},
		 16,
		 16,
		 HR_STATUS_REFUSED,
		 16,
		 0,
		 "its limit is 16 MiB already, and may not be higher"},
		{"high enough",
		 {.max = 32, .usage = 12},
		 24,
		 0,
		 HR_STATUS_SKIPPED,
		 32,
		 0,
		 "its limit is 32 MiB already"},
		{"no limit",
		 {.usage = 12},
		 24,
		 0,
		 HR_STATUS_REFUSED,
		 0,
		 0,
		 "it has no limit of its own"},
		{"the pod's",
		 {.max = 16, .usage = 12, .pod = 16, .pod_usage = 12},
		 24,
		 0,
		 HR_STATUS_REFUSED,
		 16,
		 0,
		 "the limit of /pod binds: 16 MiB"},
		{"v1, the pod's",
		 {.v1 = true, .max = 16, .usage = 12, .pod = 16, .pod_usage = 12},
		 24,
		 0,
		 HR_STATUS_REFUSED,
		 16,
		 0,
		 "the limit of /pod binds: 16 MiB"},
		{"a part of the pod's",
		 {.max = 16, .usage = 12, .pod = 32, .pod_usage = 24},
		 24,
		 0,
		 HR_STATUS_DONE,
		 20,
		 0,
		 "less than was asked for: the limit of /pod binds: 32 MiB"},
		{"the host",
		 {.max = 16, .usage = 12, .available = 66},
		 24,
		 0,
		 HR_STATUS_REFUSED,
		 16,
		 0,
		 "the host has 66 MiB available, 64 MiB kept or given to others"},
		{"a part of the host",
		 {.max = 16, .usage = 12, .available = 72},
		 24,
		 0,
		 HR_STATUS_DONE,
		 20,
		 0,
		 "less than was asked for: the host has 72 MiB available, 64 MiB kept or given to "
		 "others"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		bool v1 = cases[i].h.v1;
		struct action_result r;
		struct enforce *e;

		make_host(&cases[i].h);
		e = open_enforce(v1);
		r = resize(e, cases[i].to, cases[i].most);
		if (r.status != cases[i].status || strcmp(r.detail, cases[i].detail) ||
		    max_of(v1) != cases[i].max || high_of(v1) != cases[i].high)
			fail_msg("%s: status %d, '%s', max %u, high %u", cases[i].name, r.status,
				 r.detail, max_of(v1), high_of(v1));
		if (r.status == HR_STATUS_DONE)
			assert_int_equal(r.set / MIB, cases[i].max ? cases[i].max : cases[i].high);
		enforce_close(
			e); /* uses less than its old limit and a third: all of it is undone */
		if (cases[i].h.usage <= 12)
			assert_int_equal(max_of(v1), cases[i].h.max);
		tree_done(&tree);
	}
}

/* Twice: what is restored is the limit before the first. */
static void test_again(void **state)
{
	static const struct host h = {.max = 16, .usage = 12};
	struct enforce *e;

	(void)state;
	make_host(&h);
	e = open_enforce(false);
	assert_int_equal(resize(e, 20, 0).status, HR_STATUS_DONE);
	assert_int_equal(resize(e, 25, 0).status, HR_STATUS_DONE);
	assert_int_equal(resize(e, 36, 0).status, HR_STATUS_DONE);
	assert_int_equal(max_of(false), 32); /* twice the first */
	enforce_close(e);
	assert_int_equal(max_of(false), 16);
	tree_done(&tree);
}

/* How far down one step goes. What is left stays in the table. */
static void test_lowered(void **state)
{
	static const struct {
		const char *name;
		struct host h;
		int result;
		unsigned int max, high;
		uint64_t ours, also_ours; /* MiB; 0: max and high of the host */
		const char *reclaimed;
	} cases[] = {
		{"little used", {.max = 32, .usage = 12}, 0, 16, 0, 0, 0, ""},
		{"more than the old one", {.max = 64, .usage = 30}, -EBUSY, 40, 0, 0, 0, ""},
		{"all but used up", {.max = 32, .usage = 25}, -EBUSY, 32, 0, 0, 0, ""},
		{"another program's", {.max = 48, .usage = 12}, -ESTALE, 48, 0, 32, 0, ""},
		{"cache is reclaimed",
		 {.max = 64, .usage = 30, .cache = 4},
		 -EBUSY,
		 40,
		 0,
		 0,
		 0,
		 "4194304 swappiness=0"},
		{"v1", {.v1 = true, .max = 32, .high = 48, .usage = 12}, 0, 16, 32, 0, 0, NULL},
		{"v1, cache",
		 {.v1 = true, .max = 64, .high = 80, .usage = 60, .cache = 48},
		 0,
		 16,
		 32,
		 0,
		 0,
		 NULL},
		{"v1, used",
		 {.v1 = true, .max = 64, .high = 80, .usage = 30},
		 -EBUSY,
		 40,
		 40,
		 0,
		 0,
		 NULL},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct host *h = &cases[i].h;
		struct undo_entry entry = {.what = UNDO_LIMIT,
					   .was = 16 * MIB,
					   .ours = (cases[i].ours ? cases[i].ours : h->max) * MIB,
					   .also_was = h->v1 ? 32 * MIB : HR_UNKNOWN,
					   .also_ours = h->v1 ? h->high * MIB : HR_UNKNOWN,
					   .path = "/pod/box"};
		char path[TREE_PATH], text[64] = "";
		struct undo *undo;
		unsigned int index;
		int r;

		make_host(h);
		snprintf(entry.hierarchy, sizeof(entry.hierarchy), "%s/m", tree.root);
		entry.memcg_id = box_id();
		assert_int_equal(undo_open(tree_path(&tree, "undo", path), &undo), 0);
		assert_int_equal(undo_note(undo, &entry, &index), 0);
		r = undo_one(undo, index);
		if (r != cases[i].result || max_of(h->v1) != cases[i].max ||
		    high_of(h->v1) != cases[i].high)
			fail_msg("%s: %d, max %u, high %u", cases[i].name, r, max_of(h->v1),
				 high_of(h->v1));
		assert_int_equal(undo_get(undo, index, &entry), r == -EBUSY);
		if (r == -EBUSY) { /* … and is found again, by the next daemon, too */
			assert_int_equal(entry.ours / MIB, cases[i].max);
			put_group("pod/box", h->v1, cases[i].max, cases[i].high, 4, 0);
			assert_int_equal(undo_all(undo), 1);
			assert_int_equal(max_of(h->v1), 16);
		}
		if (cases[i].reclaimed) {
			_cleanup_close_ int fd =
				open(tree_path(&tree, "m/pod/box/memory.reclaim", path), O_RDONLY);

			assert_true(read(fd, text, sizeof(text) - 1) >= 0);
			assert_string_equal(text, cases[i].reclaimed);
		}
		undo_close(undo);
		tree_done(&tree);
	}
}

static void expect_restored(struct enforce *e, bool v1)
{
	struct pollfd p = {.fd = enforce_fd(e), .events = POLLIN};
	struct action_result result;
	uint64_t id, limit;

	do {
		assert_int_equal(poll(&p, 1, 10000), 1);
		enforce_take(e, &result); /* resets the descriptor */
	} while (!enforce_take_restored(e, &id, &limit));
	assert_int_equal(limit, 16 * MIB);
	assert_true(id == box_id());
	assert_int_equal(max_of(v1), 16);
	enforce_close(e);
}

/* The next daemon goes on with what the last one could not lower. */
static void test_adopted(void **state)
{
	static const struct host h = {.max = 16, .usage = 12};
	struct enforce *e;

	(void)state;
	make_host(&h);
	e = open_enforce(false);
	assert_int_equal(resize(e, 32, 0).status, HR_STATUS_DONE);
	put_group("pod/box", false, 32, 0, 30, 0);
	enforce_close(e);
	assert_int_equal(max_of(false), 32);
	put_group("pod/box", false, 32, 0, 4, 0);
	expect_restored(open_enforce(false), false);
	tree_done(&tree);
}

/* The limit is the old one already, that of memory and swap is not: the event still names the limit. */
static void test_adopted_half(void **state)
{
	static const struct host h = {.v1 = true, .max = 16, .high = 32, .usage = 12};
	struct enforce *e;

	(void)state;
	make_host(&h);
	e = open_enforce(true);
	assert_int_equal(resize(e, 32, 0).status, HR_STATUS_DONE);
	put_number("m/pod/box/memory.memsw.usage_in_bytes", 40, "");
	enforce_close(e);
	assert_int_equal(max_of(true), 16);
	assert_int_equal(high_of(true), 48);
	put_number("m/pod/box/memory.memsw.usage_in_bytes", 12, "");
	expect_restored(open_enforce(true), true);
	assert_int_equal(high_of(true), 32);
	tree_done(&tree);
}

/* A refused action leaves it to be lowered. */
static void test_adopted_refused(void **state)
{
	static const struct host h = {.max = 16, .usage = 12};
	char from[TREE_PATH], to[TREE_PATH];
	struct enforce *e;

	(void)state;
	make_host(&h);
	e = open_enforce(false);
	assert_int_equal(resize(e, 32, 0).status, HR_STATUS_DONE);
	put_number("m/pod/box/memory.current", 30, "");
	enforce_close(e);
	e = open_enforce(false);
	/* A writer has tried to lower it, and tries again after a second. */
	for (int ms = 0; __atomic_load_n(&e->settings[0].until_ns, __ATOMIC_ACQUIRE) == 1 ||
			 __atomic_load_n(&e->settings[0].state, __ATOMIC_ACQUIRE) != SETTING_SET;
	     ms++) {
		assert_true(ms < 10000);
		usleep(1000);
	}
	assert_int_not_equal(resize(e, 16, 0).status, HR_STATUS_DONE);
	put_number("m/pod/box/new", 12, ""); /* a writer may read it at any time */
	assert_int_equal(rename(tree_path(&tree, "m/pod/box/new", from),
				tree_path(&tree, "m/pod/box/memory.current", to)),
			 0);
	expect_restored(e, false);
	tree_done(&tree);
}

/* While a writer lowers it nothing takes another setting for it, with the raised limit as its old one. */
static void test_while_lowered(void **state)
{
	static const struct host h = {.max = 16, .usage = 12};
	struct action_result result;
	struct enforce *e;

	make_host(&h);
	e = open_enforce(false);
	assert_int_equal(resize(e, 24, 0).status, HR_STATUS_DONE);
	__atomic_store_n(&e->settings[0].state, SETTING_LIFTING, __ATOMIC_RELEASE);
	result = resize(e, 32, 0);
	assert_int_equal(result.status, HR_STATUS_FAILED);
	assert_int_equal(result.error, EBUSY);
	assert_int_equal(e->settings[1].state, SETTING_FREE);
	__atomic_store_n(&e->settings[0].state, SETTING_SET, __ATOMIC_RELEASE);
	enforce_close(e);
	tree_done(&tree);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_raised),        cmocka_unit_test(test_again),
		cmocka_unit_test(test_lowered),       cmocka_unit_test(test_adopted),
		cmocka_unit_test(test_adopted_half),  cmocka_unit_test(test_adopted_refused),
		cmocka_unit_test(test_while_lowered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
