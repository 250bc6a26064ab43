// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The table of what is armed, without BPF, on a made-up v1 hierarchy: which groups may be armed, what the two lines of a group tell,
 * and what moves into a larger sense. What the kernel does with it: tests/live/reflex-*.sh, tripwire-*.sh. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <time.h>
#include "base/cleanup.h"
#include "fixture_tree.h"
#include "collect/trigger.h"
#include "collect/collect.h"

static struct tree tree;

static void group_put(const char *name, const char *usage)
{
	char path[TREE_PATH];

	snprintf(path, sizeof(path), "cg/%s/memory.usage_in_bytes", name);
	tree_put(&tree, path, usage);
	snprintf(path, sizeof(path), "cg/%s/cgroup.event_control", name);
	tree_put(&tree, path, "");
}

static __u64 id_of(const char *name)
{
	char path[TREE_PATH], below[512];
	struct stat st;

	snprintf(below, sizeof(below), "cg/%s", name);
	assert_int_equal(stat(tree_path(&tree, below, path), &st), 0);
	return st.st_ino;
}

static struct collector *collect_new(void)
{
	struct collect_config config = {.root = tree.root, .capacity = 16, .no_bpf = true};
	struct collector *collector;

	assert_int_equal(collect_open(&config, &collector), 0);
	assert_int_equal(collect_layout(collector), CGROUP_V1);
	return collector;
}

static int set_up(void **state)
{
	tree_new(&tree);
	tree_put(&tree, "proc/self/mountinfo", "1 2 0:3 / /cg rw - cgroup cgroup rw,memory\n");
	tree_put(&tree, "proc/meminfo", "MemTotal: 1000 kB\n");
	tree_put(&tree, "cg/memory.usage_in_bytes", "1\n");
	tree_put(&tree, "cg/release_agent", "\n");
	group_put("a", "100\n");
	group_put("b", "100\n");
	*state = collect_new();
	return 0;
}

static int tear_down(void **state)
{
	collect_close(*state);
	tree_done(&tree);
	return 0;
}

static struct record_trigger emitted[8];
static size_t n_emitted;

static void on_record(const struct record *record, void *arg)
{
	(void)arg;
	assert_int_equal(record->type, RECORD_THRESHOLD);
	assert_int_equal(record->bytes, sizeof(struct record_trigger));
	assert_true(n_emitted < ARRAY_SIZE(emitted));
	emitted[n_emitted++] = *(const struct record_trigger *)record;
}

static size_t consume(struct collector *collector)
{
	n_emitted = 0;
	assert_int_equal(collect_trigger_consume(collector, on_record, NULL), 0);
	return n_emitted;
}

static bool readable(const struct collector *collector)
{
	struct pollfd fd = {collect_trigger_fd(collector), POLLIN, 0};

	return poll(&fd, 1, 0) == 1;
}

static int trigger_at(struct collector *collector, const char *path, __u64 threshold)
{
	struct trigger trigger = {
		.memcg_id = id_of(path + 1), .path = path, .threshold = threshold};

	return collect_trigger(collector, &trigger);
}

static void test_refused(void **state)
{
	const struct trigger good = {.memcg_id = id_of("a"), .path = "/a", .threshold = 1000};
	struct trigger bad[] = {good, good, good, good, good, good, good, good};
	static const int want[] = {-EINVAL, -EINVAL, -EINVAL, -EINVAL,
				   -EINVAL, -ESTALE, -ENOENT, -EINVAL};

	bad[0].memcg_id = 0;
	bad[1].path = NULL;
	bad[2].threshold = 0;
	bad[3].limit_milli = 1001;
	bad[4].flags = 0x80;
	bad[5].memcg_id = id_of("b");
	bad[6].path = "/gone";
	bad[7].threshold = RECORD_UNKNOWN; /* of which limit? */
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(collect_trigger(*state, &bad[i]), want[i]);
		assert_int_equal(collect_trigger_state(*state, good.memcg_id), TRIGGER_NOT);
	}
	/* no eventfd can be registered, and there is no other variant */
	tree_remove(&tree, "cg/a/cgroup.event_control");
	assert_int_equal(collect_trigger(*state, &good), -ENOENT);
	group_put("a", "100\n");
	/* the tripwire is armed all the same */
	bad[0] = good;
	bad[0].flags = TRIGGER_REFLEX | TRIGGER_WHOLE;
	assert_int_equal(collect_trigger(*state, &bad[0]), -EOPNOTSUPP);
	assert_int_equal(collect_trigger_state(*state, good.memcg_id), TRIGGER_READY);
	collect_trigger_remove(*state, good.memcg_id);
	collect_trigger_remove(*state, good.memcg_id);
	collect_trigger_remove(*state, 0);
	assert_int_equal(collect_trigger_state(*state, good.memcg_id), TRIGGER_NOT);
}

static void test_lines(void **state)
{
	static const struct {
		const char *usage;
		size_t emitted;
		__u64 threshold;
		__u32 flags;
	} cases[] = {
		{"749\n", 0, 0, 0},
		{"750\n", 1, 750, RECORD_TRIGGER_NEAR},
		{"999\n", 1, 750, RECORD_TRIGGER_NEAR},
		{"1000\n", 1, 1000, 0},
		{"garbage\n", 0, 0, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		group_put("a", cases[i].usage);
		assert_int_equal(trigger_at(*state, "/a", 1000),
				 0); /* over it already: told of at once */
		assert_int_equal(consume(*state), cases[i].emitted);
		if (n_emitted) {
			assert_int_equal(emitted[0].memcg_id, id_of("a"));
			assert_int_equal(emitted[0].threshold, cases[i].threshold);
			assert_int_equal(emitted[0].flags, cases[i].flags);
			assert_int_equal(emitted[0].usage, strtoull(cases[i].usage, NULL, 10));
			assert_int_equal(emitted[0].hook, TRIGGER_HOOK_EVENTFD);
			assert_true(emitted[0].generation > 0 && emitted[0].pid == 0);
		}
		assert_int_equal(consume(*state), 0);
		collect_trigger_remove(*state, id_of("a"));
	}
}

/* Registered anew for another size, with the same generation; told once in a while, not with each event. */
static void test_again(void **state)
{
	const struct timespec pause = {0, 120 * 1000 * 1000};
	__u64 generation;

	group_put("a", "800\n");
	assert_int_equal(trigger_at(*state, "/a", 1000), 0);
	assert_int_equal(consume(*state), 1);
	generation = emitted[0].generation;
	assert_int_equal(trigger_at(*state, "/a", 800), 0);
	assert_int_equal(consume(*state), 1);
	assert_int_equal(emitted[0].flags, 0);
	assert_int_equal(emitted[0].generation, generation);
	assert_int_equal(trigger_at(*state, "/a", 790), 0);
	assert_int_equal(consume(*state), 0); /* just told */
	nanosleep(&pause, NULL);
	assert_int_equal(trigger_at(*state, "/a", 780), 0);
	assert_int_equal(consume(*state), 1);
	collect_trigger_remove(*state, id_of("a"));
	assert_false(readable(*state));
	assert_int_equal(trigger_at(*state, "/a", 790), 0);
	assert_true(readable(*state));
	assert_int_equal(consume(*state), 1);
	assert_true(emitted[0].generation > generation);
	collect_trigger_remove(*state, id_of("a"));
}

/* What an event says is looked up when it is read: a disarmed group has nothing to tell. */
static void test_disarmed_in_between(void **state)
{
	group_put("a", "5000\n");
	group_put("b", "5000\n");
	assert_int_equal(trigger_at(*state, "/a", 1000), 0);
	assert_int_equal(trigger_at(*state, "/b", 1000), 0);
	assert_true(readable(*state));
	collect_trigger_remove(*state, id_of("a"));
	assert_int_equal(consume(*state), 1);
	assert_int_equal(emitted[0].memcg_id, id_of("b"));
	collect_trigger_remove(*state, id_of("b"));
	assert_int_equal(consume(*state), 0);
}

static void test_full(void **state)
{
	char name[32];

	for (unsigned int i = 0; i <= TRIGGER_ENTRIES; i++) {
		snprintf(name, sizeof(name), "/g%u", i);
		group_put(name + 1, "1\n");
		assert_int_equal(trigger_at(*state, name, 1000), i < TRIGGER_ENTRIES ? 0 : -ENOSPC);
	}
	collect_trigger_remove(*state, id_of("g7"));
	assert_int_equal(trigger_at(*state, name, 1000), 0);
	assert_int_equal(collect_trigger_state(*state, id_of("g7")), TRIGGER_NOT);
	for (unsigned int i = 0; i <= TRIGGER_ENTRIES; i++) {
		snprintf(name, sizeof(name), "g%u", i);
		collect_trigger_remove(*state, id_of(name));
	}
}

static void test_moved(void **state)
{
	struct collector *larger = collect_new();
	__u64 dropped[2], generation;
	size_t n = 9;

	group_put("a", "5000\n");
	assert_int_equal(trigger_at(*state, "/b", 1000), 0);
	assert_int_equal(trigger_at(*state, "/a", 1000), 0);
	assert_int_equal(consume(*state), 1);
	generation = emitted[0].generation;
	collect_trigger_remove(*state, id_of("b"));
	group_put("b", "900\n");
	assert_int_equal(trigger_at(*state, "/b", 1000), 0); /* not read yet */
	collect_trigger_move(larger, *state, dropped, ARRAY_SIZE(dropped), &n);
	assert_int_equal(n, 0);
	assert_int_equal(collect_trigger_state(*state, id_of("a")), TRIGGER_NOT);
	assert_int_equal(collect_trigger_state(larger, id_of("a")), TRIGGER_READY);
	assert_false(readable(*state));
	assert_int_equal(consume(larger), 1);
	assert_int_equal(emitted[0].memcg_id, id_of("b"));
	assert_int_equal(emitted[0].flags, RECORD_TRIGGER_NEAR);
	assert_true(emitted[0].generation > generation);
	/* the next one given is new there, too */
	collect_trigger_remove(larger, id_of("a"));
	generation = emitted[0].generation;
	assert_int_equal(trigger_at(larger, "/a", 1000), 0);
	assert_int_equal(consume(larger), 1);
	assert_true(emitted[0].generation > generation);
	collect_close(larger);
}

static void test_without_bpf(void **state)
{
	const struct trigger_exempt self = {.pid = 1}, both = {.pid = 1, .memcg_id = 2}, none = {0};

	assert_int_equal(collect_exempt(*state, &both, true), -EINVAL);
	assert_int_equal(collect_exempt(*state, &none, true), -EINVAL);
	assert_int_equal(collect_exempt(*state, &self, true), -EOPNOTSUPP);
	assert_int_equal(collect_exempt(*state, &self, false), 0);
	assert_int_equal(collect_trigger_prefer(*state, id_of("a"), 5, 6), -ENOENT);
	assert_int_equal(trigger_at(*state, "/a", 1000), 0);
	assert_int_equal(collect_trigger_prefer(*state, id_of("a"), 5, 6), 0);
	assert_int_equal(collect_trigger_close(*state, true), 0);
	assert_int_equal(collect_trigger_close(*state, false), 0);
	collect_trigger_remove(*state, id_of("a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_lines, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_disarmed_in_between, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_full, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_moved, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_without_bpf, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
