// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * What the loop asks the worker to arm, and when again: what could not be armed, what its owner protects, and the program that stays
 * attached. And how deep a cgroup may be nested below the container that it belongs to.
 */
#include "fixture_daemon.h"
#include "fixture_tree.h"

#include <errno.h>

#include "collect/collect.h"

#define BOX 1000 /* a cgroup id */

static struct tree tree;
static struct collector *collector, *retired;
static struct worker_job job;

static struct trigger_sync *open_with(const char *rules)
{
	struct collect_config config = {.root = tree.root, .capacity = 16, .no_bpf = true};
	struct trigger_sync *sync;

	tree_new(&tree);
	tree_put(&tree, "proc/self/mountinfo", "1 2 0:3 / /cg rw - cgroup cgroup rw,memory\n");
	tree_put(&tree, "proc/meminfo", "MemTotal: 1000 kB\n");
	tree_put(&tree, "cg/memory.usage_in_bytes", "1\n");
	tree_put(&tree, "cg/release_agent", "\n");
	config.root = tree.root;
	assert_int_equal(collect_open(&config, &collector), 0);
	fake_open(rules);
	fake_container(0, BOX, "box", "/box");
	sync = &fake.policy_driver->triggers;
	sync->collector = collector;
	trigger_sync_set_policies(sync, fake.policy_driver->rules.set);
	trigger_sync_swept(sync, clock_mono_ns());
	return sync;
}

static void close_all(void)
{
	fake_close();
	collect_close(collector);
	collect_close(retired);
	retired = NULL;
	tree_done(&tree);
}

static struct collector *other_collector(void)
{
	struct collector *before = collector;

	assert_int_equal(collect_grow(before, 32, &collector), 0);
	retired = before;
	return collector;
}

/* Is it to be armed now? The worker's answer. */
static bool answer(struct trigger_sync *sync, uint64_t now, int error)
{
	trigger_sync_ask(sync, &job, now);
	if (!job.n_triggers)
		return false;
	assert_int_equal(job.n_triggers, 1);
	job.trigger[0].error = error;
	job.trigger[0].armed_ns = now;
	trigger_sync_take(sync, &job, now);
	return true;
}

#define RULES                                                                                     \
	"mode: enforce\npolicies:\n- name: fast\n  match: {name: '*'}\n  when: {usage: 300MiB}\n" \
	"  actions: [reflex, kill]\n"

static void test_tried_again(void **state)
{
	struct trigger_sync *sync = open_with(RULES);
	struct trigger_entry *entry = trigger_sync_find(sync, BOX);
	uint64_t now = clock_mono_ns(), wait_ms = 100;

	assert_non_null(entry);
	for (int i = 0; i < 12; i++) {
		assert_true(answer(sync, now, -EMFILE));
		assert_int_equal(entry->state, ENTRY_WANTED);
		assert_false(answer(sync, now + (wait_ms - 1) * NS_PER_MS, 0));
		now += wait_ms * NS_PER_MS;
		wait_ms = wait_ms < 5000 ? 2 * wait_ms : 10000;
	}
	assert_true(answer(sync, now, 0));
	assert_int_equal(entry->state, ENTRY_READY);
	/* At first soon again: each failure counts for itself. */
	trigger_sync_failed(sync, entry, now);
	assert_false(answer(sync, now + 99 * NS_PER_MS, 0));
	assert_true(answer(sync, now + 100 * NS_PER_MS, 0));
	close_all();
}

/* What cannot be read of the owner's attribute disarms, for a moment; what is protected by it, until it is asked again. */
static void test_owner(void **state)
{
	struct trigger_sync *sync = open_with(RULES);
	struct trigger_entry *entry = trigger_sync_find(sync, BOX);
	uint64_t now = clock_mono_ns();

	assert_true(answer(sync, now, 0));
	for (int i = 0; i < 2; i++) {
		now += 2 * NS_PER_SEC;
		trigger_sync_ask(sync, &job, now);
		assert_int_equal(job.n_owners, 1);
		job.owner[0].error = i ? -EPERM : -ENOMEM;
		trigger_sync_take(sync, &job, now);
		assert_int_equal(entry->state, ENTRY_WANTED);
		assert_int_equal(entry->owned, i);
		assert_int_equal(!(entry->flags & TRIGGER_REFLEX), i); /* the tripwire stays */
		now += 100 * NS_PER_MS;
		assert_true(answer(sync, now, 0));
	}
	close_all();
}

/* Attached before anything is to be armed, since that can take seconds; and let go of with the last policy. */
static void test_ready(void **state)
{
	struct trigger_sync *sync = open_with(RULES);
	const struct policy_set *armed = sync->set;
	uint64_t now = clock_mono_ns();

	trigger_sync_ask(sync, &job, now);
	assert_true(job.want_trigger_ready && job.trigger_ready);
	trigger_sync_take(sync, &job, now);
	trigger_sync_ask(sync, &job, now);
	assert_false(job.want_trigger_ready);
	trigger_sync_move(sync, other_collector(), false);
	trigger_sync_ask(sync, &job, now);
	assert_true(job.want_trigger_ready && job.trigger_ready);
	trigger_sync_take(sync, &job, now);
	fake_rules("mode: observe\n");
	trigger_sync_set_policies(sync, fake.policy_driver->rules.set);
	assert_true(trigger_sync_ask(sync, &job, now));
	assert_true(job.want_trigger_ready && !job.trigger_ready);
	trigger_sync_take(sync, &job, now);
	assert_false(trigger_sync_ask(sync, &job, now));
	free((void *)armed);
	close_all();
}

static void test_nesting(void **state)
{
	static const uint32_t depths[] = {1, 16, 17, 30, 100, FAKE_SLOTS - 1};

	open_with("mode: observe\n");
	for (uint32_t slot = 1; slot < FAKE_SLOTS; slot++) {
		struct track *track = tracks_put(&fake.containers.tracks, slot, BOX + slot);

		track->parent_id = BOX + slot - 1;
	}
	for (size_t i = 0; i < ARRAY_SIZE(depths); i++) {
		const struct track *subject = containers_subject(&fake.containers, BOX + depths[i]);

		assert_non_null(subject);
		assert_int_equal(subject->memcg_id, BOX);
		assert_true(containers_contained(&fake.containers, BOX + depths[i]));
	}
	close_all();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tried_again),
		cmocka_unit_test(test_owner),
		cmocka_unit_test(test_ready),
		cmocka_unit_test(test_nesting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
