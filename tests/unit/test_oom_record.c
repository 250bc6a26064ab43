// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The `oom_kill` event: which limit was reached, also in a daemon's first seconds, when no cgroup of the kill is known yet. */
#include "fixture_daemon.h"

#include <errno.h>
#include <headroom/reader.h>

enum { PARENT = 50, BOX = 100, INNER = 101, STRANGER = 77 };

static int begin(void **state)
{
	fake_open("mode: dry-run\npolicies: []\n");
	return 0;
}

static int end(void **state)
{
	fake_close();
	return 0;
}

/* A cgroup that is no container of its own. */
static void plain(uint32_t slot, uint64_t id, uint64_t parent, const char *path)
{
	fake_container(slot, id, "", path);
	board_slot_begin(fake.board, slot)->id.kind = HR_KIND_GROUP;
	board_slot_end(fake.board, slot);
	fake.containers.tracks.track[slot].parent_id = parent;
}

static void last_event(char buffer[HR_EVENT_MAX_BYTES])
{
	struct hr_reader *reader;

	assert_int_equal(hr_reader_open(fake_board, &reader), 0);
	while (!hr_reader_next_event(reader, (void *)buffer, HR_EVENT_MAX_BYTES))
		;
	hr_reader_close(reader);
}

static void test_level(void **state)
{
	static const struct {
		const char *what;
		uint64_t victim, limit;
		uint32_t constraint;
		int level;
		const char *cgroup; /* of the limit; NULL: not known */
		bool is_new;
	} rows[] = {
		{"its own limit", BOX, BOX, HR_CONSTRAINT_MEMCG, HR_LEVEL_OWN, "/pod/box", false},
		{"its parent's", BOX, PARENT, HR_CONSTRAINT_MEMCG, HR_LEVEL_ANCESTOR, "/pod",
		 false},
		{"of a cgroup inside the container", INNER, INNER, HR_CONSTRAINT_MEMCG,
		 HR_LEVEL_OWN, "/pod/box/inner", false},
		{"the container's, for a cgroup inside", INNER, BOX, HR_CONSTRAINT_MEMCG,
		 HR_LEVEL_OWN, "/pod/box", false},
		{"the host", BOX, 0, HR_CONSTRAINT_NONE, HR_LEVEL_HOST, "/", false},
		{"no source reports it", BOX, 0, HR_CONSTRAINT_UNKNOWN, HR_LEVEL_COUNT, NULL,
		 false},
		{"both unknown, not the same", STRANGER, 55, HR_CONSTRAINT_MEMCG, HR_LEVEL_ANCESTOR,
		 NULL, true},
		{"both unknown, the same", STRANGER, STRANGER, HR_CONSTRAINT_MEMCG, HR_LEVEL_OWN,
		 NULL, true},
		{"only the parent known", STRANGER, PARENT, HR_CONSTRAINT_MEMCG, HR_LEVEL_ANCESTOR,
		 "/pod", true},
		{"only the victim known", BOX, 55, HR_CONSTRAINT_MEMCG, HR_LEVEL_ANCESTOR, NULL,
		 true},
	};

	plain(0, PARENT, 0, "/pod");
	fake_container(1, BOX, "box", "/pod/box");
	fake.containers.tracks.track[1].parent_id = PARENT;
	plain(2, INNER, BOX, "/pod/box/inner");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct pending_oom pending = {
			.record = {.limit_memcg_id = rows[i].limit,
				   .constraint = rows[i].constraint,
				   .victim = {.pid = 3, .memcg_id = rows[i].victim},
				   .limit_usage = 1 << 20,
				   .limit_max = 1 << 20},
			.wall_ns = clock_wall_ns(),
		};
		char buffer[HR_EVENT_MAX_BYTES];
		const struct hr_event_oom_kill *event = (void *)buffer;
		const char *cgroup;

		oom_record_post(&fake.containers, &pending);
		last_event(buffer);
		assert_int_equal(event->event.type, HR_EVENT_OOM_KILL);
		cgroup = hr_event_text(&event->event, event->limit_cgroup);
		if (event->level != rows[i].level || !cgroup != !rows[i].cgroup ||
		    (cgroup && strcmp(cgroup, rows[i].cgroup)))
			fail_msg("%s: level %d, cgroup %s", rows[i].what, event->level,
				 cgroup ?: "not known");
		if (oom_events_is_new(&fake.oom_events, &pending.record) != rows[i].is_new)
			fail_msg("%s: is_new", rows[i].what);
	}
}

/* What the reflex did is asked when the kill is read; its own record may come after that. */
static struct oom_reflex asked;
static void on_asked(uint64_t memcg_id, struct oom_reflex *ret, void *arg) { *ret = asked; }

static void test_reflex(void **state)
{
	enum { NOW = 1000 }; /* ms; the moment of the kernel's kill */
	static const struct {
		const char *what;
		struct oom_reflex asked;
		uint64_t later_ms; /* of the reflex's record that is read later; 0: none */
		int error;
		enum hr_reflex state;
		uint64_t armed_ms, shot_ms; /* HR_UNKNOWN */
	} rows[] = {
		{"no policy",
		 {.what = HR_REFLEX_NONE},
		 0,
		 0,
		 HR_REFLEX_NONE,
		 HR_UNKNOWN,
		 HR_UNKNOWN},
		{"wanted",
		 {.what = HR_REFLEX_NOT_ARMED, .memcg_id = BOX},
		 0,
		 0,
		 HR_REFLEX_NOT_ARMED,
		 HR_UNKNOWN,
		 HR_UNKNOWN},
		{"armed",
		 {.what = HR_REFLEX_ARMED, .memcg_id = BOX, .armed_ns = 400 * NS_PER_MS},
		 0,
		 0,
		 HR_REFLEX_ARMED,
		 600,
		 HR_UNKNOWN},
		{"armed a moment after",
		 {.what = HR_REFLEX_ARMED, .memcg_id = BOX, .armed_ns = 1001 * NS_PER_MS},
		 0,
		 0,
		 HR_REFLEX_NOT_ARMED,
		 HR_UNKNOWN,
		 HR_UNKNOWN},
		{"killed before",
		 {.what = HR_REFLEX_KILLED,
		  .memcg_id = BOX,
		  .armed_ns = 400 * NS_PER_MS,
		  .shot_ns = 990 * NS_PER_MS},
		 0,
		 0,
		 HR_REFLEX_KILLED,
		 600,
		 10},
		{"killed after",
		 {.what = HR_REFLEX_KILLED,
		  .memcg_id = BOX,
		  .armed_ns = 400 * NS_PER_MS,
		  .shot_ns = 1005 * NS_PER_MS},
		 0,
		 0,
		 HR_REFLEX_ARMED,
		 600,
		 HR_UNKNOWN},
		{"killed before, read later",
		 {.what = HR_REFLEX_ARMED, .memcg_id = BOX, .armed_ns = 400 * NS_PER_MS},
		 995,
		 0,
		 HR_REFLEX_KILLED,
		 600,
		 5},
		{"failed, read later",
		 {.what = HR_REFLEX_ARMED, .memcg_id = BOX, .armed_ns = 400 * NS_PER_MS},
		 995,
		 -EPERM,
		 HR_REFLEX_FAILED,
		 600,
		 5},
		{"killed after, read later",
		 {.what = HR_REFLEX_ARMED, .memcg_id = BOX, .armed_ns = 400 * NS_PER_MS},
		 1001,
		 0,
		 HR_REFLEX_ARMED,
		 600,
		 HR_UNKNOWN},
	};

	fake_container(1, BOX, "box", "/pod/box");
	fake.oom_events.reflex = on_asked;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct record_oom record = {.r.time_ns = NOW * NS_PER_MS,
					    .limit_memcg_id = BOX,
					    .constraint = HR_CONSTRAINT_MEMCG,
					    .victim = {.pid = 3, .memcg_id = BOX}};
		struct record_trigger shot = {.r.time_ns = rows[i].later_ms * NS_PER_MS,
					      .memcg_id = BOX,
					      .victim_pid = 3,
					      .error = rows[i].error};
		char buffer[HR_EVENT_MAX_BYTES];
		const struct hr_event_oom_kill *event = (void *)buffer;

		asked = rows[i].asked;
		oom_events_on_record(&fake.oom_events, &record);
		if (rows[i].later_ms)
			oom_events_on_reflex(&fake.oom_events, &shot);
		oom_events_settle(&fake.oom_events, UINT64_MAX);
		last_event(buffer);
		assert_int_equal(event->event.type, HR_EVENT_OOM_KILL);
		if (event->reflex != rows[i].state || event->armed_before_ms != rows[i].armed_ms ||
		    event->reflex_before_ms != rows[i].shot_ms)
			fail_msg("%s: %u, %lld, %lld", rows[i].what, event->reflex,
				 (long long)event->armed_before_ms,
				 (long long)event->reflex_before_ms);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_level, begin, end),
		cmocka_unit_test_setup_teardown(test_reflex, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
