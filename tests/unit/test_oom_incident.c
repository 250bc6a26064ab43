// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* From the kernel's records and counters to events: one for each incident and container, also where it takes many processes, where
 * records are lost, and where the cgroup is gone before its counters were read. */
#include "fixture_daemon.h"

#include <headroom/reader.h>

enum { POD = 50, APP = 100, SIDE = 101, INNER = 102, NEXT = 103, SEC = 1000 };

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

static void place(uint32_t slot, uint64_t id, uint64_t parent, const char *name, const char *path)
{
	struct hr_slot *at;

	fake_container(slot, id, name, path);
	at = board_slot_begin(fake.board, slot);
	at->started_ns = HR_UNKNOWN;
	at->counts.oom_kill = at->counts.oom_group_kill = 0;
	at->id.kind = *name ? HR_KIND_CONTAINER : HR_KIND_GROUP;
	board_slot_end(fake.board, slot);
	fake.containers.tracks.track[slot].parent_id = parent;
	fake.containers.tracks.track[slot].resolve = RESOLVE_DONE;
}

static void pod(void)
{
	place(0, POD, 0, "", "/pod");
	place(1, APP, POD, "app", "/pod/app");
	place(2, SIDE, POD, "side", "/pod/side");
	place(3, INNER, APP, "", "/pod/app/inner");
}

static struct track *track_of(uint64_t id) { return tracks_get(&fake.containers.tracks, id); }

static uint64_t total(uint64_t id)
{
	return board_slot(fake.board, track_of(id)->slot)->oom_kills_total;
}

/* The events of a type since the last call, the newest ones into event[]. */
static struct hr_reader *reader;
static char event[8][HR_EVENT_MAX_BYTES];

static size_t events(enum hr_event_type type)
{
	char buffer[HR_EVENT_MAX_BYTES];
	const struct hr_event *e = (const void *)buffer;
	size_t n = 0;

	while (!hr_reader_next_event(reader, (void *)buffer, sizeof(buffer)))
		if (e->type == type)
			memcpy(event[n++ % ARRAY_SIZE(event)], buffer, sizeof(buffer));
	return n;
}

static void settle(void) { oom_events_settle(&fake.oom_events, UINT64_MAX / 2); }

/* ---- records ---- */

struct mark {
	uint64_t memcg_id;
	uint32_t pid, tid, chosen, flags;
};
#define MARKS 6

static const struct row {
	const char *name;
	struct mark mark[MARKS]; /* up to the first without a pid */
	size_t events;
	struct {
		uint64_t cgroup_id;
		uint32_t pid, more;
		bool group;
	} want[3];
	uint64_t app, side, inner; /* OOM kills */
} rows[] = {
	{"one process", {{APP, 7, 3, 7, 0}}, 1, {{APP, 7, 0, false}}, 1, 0, 0},
	{"five of a group",
	 {{APP, 7, 3, 7, RECORD_OOM_WHOLE},
	  {APP, 8, 3, 7, RECORD_OOM_GROUP},
	  {APP, 9, 3, 7, RECORD_OOM_GROUP},
	  {APP, 10, 3, 7, RECORD_OOM_GROUP},
	  {APP, 11, 3, 7, RECORD_OOM_GROUP}},
	 1,
	 {{APP, 7, 4, true}},
	 1,
	 0,
	 0},
	{"a group of one", {{APP, 7, 3, 7, RECORD_OOM_WHOLE}}, 1, {{APP, 7, 0, true}}, 1, 0, 0},
	{"two in a row by one thread",
	 {{APP, 7, 3, 7, 0}, {APP, 8, 3, 8, 0}},
	 2,
	 {{APP, 7, 0, false}, {APP, 8, 0, false}},
	 2,
	 0,
	 0},
	{"two groups in a row",
	 {{APP, 7, 3, 7, RECORD_OOM_WHOLE},
	  {APP, 8, 3, 7, RECORD_OOM_GROUP},
	  {APP, 9, 3, 9, RECORD_OOM_WHOLE},
	  {APP, 10, 3, 9, RECORD_OOM_GROUP}},
	 2,
	 {{APP, 7, 1, true}, {APP, 9, 1, true}},
	 2,
	 0,
	 0},
	{"the group is the pod: each container once",
	 {{APP, 7, 3, 7, RECORD_OOM_WHOLE},
	  {SIDE, 8, 3, 7, RECORD_OOM_GROUP},
	  {APP, 9, 3, 7, RECORD_OOM_GROUP},
	  {SIDE, 10, 3, 7, RECORD_OOM_GROUP}},
	 2,
	 {{APP, 7, 1, true}, {SIDE, 8, 1, true}},
	 1,
	 1,
	 0},
	{"of a container and a cgroup in it",
	 {{INNER, 7, 3, 7, RECORD_OOM_WHOLE}, {APP, 8, 3, 7, RECORD_OOM_GROUP}},
	 1,
	 {{APP, 7, 1, true}},
	 1,
	 0,
	 1},
	{"the record of the chosen one was lost",
	 {{APP, 8, 3, 7, RECORD_OOM_GROUP}, {APP, 9, 3, 7, RECORD_OOM_GROUP}},
	 1,
	 {{APP, 8, 1, true}},
	 1,
	 0,
	 0},
	{"one that was exiting is no kill",
	 {{APP, 7, 3, 7, RECORD_OOM_EXITING}, {APP, 8, 3, 8, 0}},
	 1,
	 {{APP, 8, 0, false}},
	 1,
	 0,
	 0},
};

static void test_records(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *row = &rows[i];
		size_t n;

		begin(NULL);
		pod();
		assert_int_equal(hr_reader_open(fake_board, &reader), 0);
		events(HR_EVENT_OOM_KILL);
		for (size_t m = 0; m < MARKS && row->mark[m].pid; m++) {
			struct record_oom record = {.r.time_ns = clock_mono_ns(),
						    .limit_memcg_id = APP,
						    .constraint = HR_CONSTRAINT_MEMCG,
						    .chosen = row->mark[m].chosen,
						    .flags = row->mark[m].flags,
						    .trigger.tid = row->mark[m].tid,
						    .victim = {.pid = row->mark[m].pid,
							       .memcg_id = row->mark[m].memcg_id}};

			oom_events_on_record(&fake.oom_events, &record);
		}
		settle();
		n = events(HR_EVENT_OOM_KILL);
		if (n != row->events)
			fail_msg("%s: %zu events", row->name, n);
		for (size_t e = 0; e < n; e++) {
			const struct hr_event_oom_kill *oom = (const void *)event[e];

			if (oom->event.cgroup_id != row->want[e].cgroup_id ||
			    oom->victim.pid != row->want[e].pid || oom->more != row->want[e].more ||
			    !!(oom->flags & HR_OOM_GROUP) != row->want[e].group)
				fail_msg("%s: event %zu: pid %u and %u more", row->name, e,
					 oom->victim.pid, oom->more);
		}
		if (total(APP) != row->app || total(SIDE) != row->side ||
		    total(INNER) != row->inner)
			fail_msg("%s: counted", row->name);
		hr_reader_close(reader);
		end(NULL);
	}
	begin(NULL); /* for the teardown */
}

/* The kernel's counters confirm what the records report, and no second event comes of them. */
static void test_records_and_counters(void **state)
{
	struct record_oom record = {.r.time_ns = clock_mono_ns(),
				    .limit_memcg_id = APP,
				    .chosen = 7,
				    .flags = RECORD_OOM_WHOLE,
				    .trigger.tid = 3,
				    .victim = {.pid = 7, .memcg_id = APP}};
	struct track *app;

	pod();
	app = track_of(APP);
	assert_int_equal(hr_reader_open(fake_board, &reader), 0);
	containers_read_kills(&fake.containers, app, 0, 0, true);
	oom_events_on_record(&fake.oom_events, &record);
	record.flags = RECORD_OOM_GROUP;
	record.victim.pid = 8;
	oom_events_on_record(&fake.oom_events, &record);
	settle();
	for (unsigned int s = 1; s < 6; s++) {
		containers_read_kills(&fake.containers, app, 3, 1, true);
		oom_events_check_counter(&fake.oom_events, app, s * NS_PER_SEC);
		settle();
	}
	assert_int_equal(events(HR_EVENT_OOM_KILL), 1);
	assert_int_equal(total(APP), 1);
	/* of the host's three processes two are beyond one an incident */
	assert_int_equal(fake.containers.kills_extra, 2);
	/* a second one without records: the counter alone, once, of a group of unknown size */
	for (unsigned int s = 6; s < 12; s++) {
		containers_read_kills(&fake.containers, app, 9, 2, true);
		oom_events_check_counter(&fake.oom_events, app, s * NS_PER_SEC);
		settle();
	}
	assert_int_equal(events(HR_EVENT_OOM_KILL), 1);
	assert_int_equal(((const struct hr_event_oom_kill *)event[0])->more, HR_UNKNOWN_U32);
	assert_true(((const struct hr_event_oom_kill *)event[0])->flags & HR_OOM_COUNTED);
	assert_int_equal(total(APP), 2);
	hr_reader_close(reader);
}

/* The outcome comes once, when the last of them has exited, with the memory of all; whichever is first, event or exit. */
static void test_outcome(void **state)
{
	static const char *const orders[] = {"RReeP", "RRPee", "RRePe", "RePRe", "ReRPe"};

	for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
		uint32_t marked = 0, exited = 0;

		begin(NULL);
		pod();
		assert_int_equal(hr_reader_open(fake_board, &reader), 0);
		for (const char *at = orders[i]; *at; at++) {
			struct record_oom record = {.r.time_ns = 1000 * NS_PER_MS,
						    .chosen = 1,
						    .flags = marked ? RECORD_OOM_GROUP
								    : RECORD_OOM_WHOLE,
						    .trigger.tid = 3,
						    .victim = {.pid = marked + 1,
							       .start_boottime_ns = 5,
							       .anon = 10,
							       .file = HR_UNKNOWN,
							       .shmem = 1,
							       .memcg_id = APP}};
			struct record_process gone = {.r.time_ns = (1010 + exited) * NS_PER_MS,
						      .pid = exited + 1,
						      .start_boottime_ns = 5};

			if (*at == 'R') {
				oom_events_on_record(&fake.oom_events, &record);
				marked++;
			} else if (*at == 'e') {
				oom_exits_on_exit(&fake.oom_events.exits, &fake.containers, &gone);
				exited++;
			} else {
				settle();
			}
		}
		assert_int_equal(events(HR_EVENT_OUTCOME), 1);
		if (strcmp(orders[i],
			   "RePRe")) { /* there the event could not wait: the first alone */
			assert_int_equal(((const struct hr_event_outcome *)event[0])->freed, 22);
			assert_int_equal(
				((const struct hr_event_outcome *)event[0])->freed_after_ms, 11);
		}
		hr_reader_close(reader);
		end(NULL);
	}
	begin(NULL);
}

/* ---- cgroups that are gone ---- */

static uint64_t sweep_ns;

/* A sweep: id, local kills and groups, the same with all below; what is not in it stays as it is. */
static void sweep(const uint64_t (*figures)[5], size_t n)
{
	fake.containers.sweep_number++;
	sweep_ns += NS_PER_SEC;
	for (size_t i = 0; i < n; i++) {
		struct track *track = track_of(figures[i][0]);
		struct hr_slot *at = board_slot_begin(fake.board, track->slot);

		if (at->counts.oom_kill != figures[i][3] ||
		    at->counts.oom_group_kill != figures[i][4])
			fake.containers.kills_settled = false; /* as sample_slots.c */
		at->counts.oom_kill = figures[i][3];
		at->counts.oom_group_kill = figures[i][4];
		board_slot_end(fake.board, track->slot);
		track->seen_sweep = fake.containers.sweep_number;
		containers_read_kills(&fake.containers, track, figures[i][1], figures[i][2],
				      track->group);
		oom_events_check_counter(&fake.oom_events, track, sweep_ns);
	}
	kills_below_check(&fake.containers, sweep_ns, daemon_on_counted, &fake);
	settle();
}
#define SWEEP(...) \
	sweep((const uint64_t[][5]){__VA_ARGS__}, sizeof((const uint64_t[][5]){__VA_ARGS__}) / 40)

static void gone(uint64_t id)
{
	containers_end(&fake.containers, track_of(id));
	track_of(id)->gone_ns = sweep_ns + 1;
}

static void on_ended(struct track *track, void *arg) {}
static void on_restarted(const struct track *track, uint64_t workload, void *arg) {}
static const struct containers_ops quiet = {.ended = on_ended, .restarted = on_restarted};

static void vanish_begin(void)
{
	fake.containers.ops = &quiet; /* nothing is collected */
	sweep_ns = clock_mono_ns();
	fake.use_kmsg = true; /* no BPF that could be silent */
	pod();
	assert_int_equal(hr_reader_open(fake_board, &reader), 0);
	SWEEP({POD, 0, 0, 2, 0}, {APP, 0, 0, 0, 0}, {SIDE, 0, 0, 0, 0}); /* two of long ago */
	SWEEP({POD, 0, 0, 2, 0}, {APP, 0, 0, 0, 0}, {SIDE, 0, 0, 0, 0});
	assert_int_equal(events(HR_EVENT_OOM_KILL), 0);
}

static void test_vanished(void **state)
{
	vanish_begin();
	gone(APP);
	SWEEP({POD, 0, 0, 3, 0}, {SIDE, 0, 0, 0, 0});
	assert_int_equal(events(HR_EVENT_OOM_KILL), 0); /* it may be a reading in between */
	SWEEP({POD, 0, 0, 3, 0}, {SIDE, 0, 0, 0, 0});
	SWEEP({POD, 0, 0, 3, 0}, {SIDE, 0, 0, 0, 0});
	assert_int_equal(events(HR_EVENT_OOM_KILL), 1);
	assert_int_equal(((const struct hr_event *)event[0])->cgroup_id, APP);
	assert_int_equal(total(APP), 1);
	assert_int_equal(total(POD) + total(SIDE), 0);
	SWEEP({POD, 0, 0, 3, 0}, {SIDE, 0, 0, 0, 0});
	SWEEP({POD, 0, 0, 4, 0}, {SIDE, 1, 0, 1, 0}); /* one that lives */
	for (int i = 0; i < 4; i++)
		SWEEP({POD, 0, 0, 4, 0}, {SIDE, 1, 0, 1, 0});
	assert_int_equal(events(HR_EVENT_OOM_KILL), 1);
	assert_int_equal(total(SIDE), 1);
	assert_int_equal(total(APP), 1);
	hr_reader_close(reader);
}

/* A new container that is first read after its pod was killed as a group. */
static void test_first_read_after_group(void **state)
{
	fake.containers.ops = &quiet;
	pod();
	board_slot_begin(fake.board, track_of(APP)->slot)->started_ns = clock_wall_ns();
	board_slot_end(fake.board, track_of(APP)->slot);
	containers_read_kills(&fake.containers, track_of(POD), 0, 1, true);
	for (int i = 0; i < 9; i++) {
		containers_read_kills(&fake.containers, track_of(APP), 2, 0, false);
		assert_int_equal(total(APP), 1);
	}
}

/* What an earlier daemon reported is nothing new to the next one on its board, which knows when the pod began. */
static void test_vanished_before(void **state)
{
	fake.containers.ops = &quiet;
	sweep_ns = clock_mono_ns();
	fake.use_kmsg = true;
	pod();
	track_of(POD)->born_ns = TRACK_ADOPTED;
	board_slot_begin(fake.board, track_of(POD)->slot)->started_ns = clock_wall_ns();
	board_slot_end(fake.board, track_of(POD)->slot);
	assert_int_equal(hr_reader_open(fake_board, &reader), 0);
	for (int i = 0; i < 4; i++)
		SWEEP({POD, 0, 0, 2, 0}, {APP, 0, 0, 0, 0}, {SIDE, 0, 0, 0, 0});
	assert_int_equal(events(HR_EVENT_OOM_KILL), 0);
	gone(APP);
	for (int i = 0; i < 4; i++)
		SWEEP({POD, 0, 0, 3, 0}, {SIDE, 0, 0, 0, 0});
	assert_int_equal(events(HR_EVENT_OOM_KILL), 1);
	hr_reader_close(reader);
}

static void test_vanished_group(void **state)
{
	vanish_begin();
	track_of(APP)->group = track_of(APP)->group_path = true;
	gone(APP);
	for (int i = 0; i < 4; i++)
		SWEEP({POD, 0, 0, 8, 1}, {SIDE, 0, 0, 0, 0});
	assert_int_equal(events(HR_EVENT_OOM_KILL), 1);
	assert_int_equal(total(APP), 1);
	assert_int_equal(fake.containers.kills_extra, 5);
	hr_reader_close(reader);
}

/* Its counter was read once more, but it went before a record could be ruled out. */
static void test_gone_soon(void **state)
{
	vanish_begin();
	SWEEP({POD, 0, 0, 3, 0}, {APP, 1, 0, 1, 0}, {SIDE, 0, 0, 0, 0});
	assert_int_equal(events(HR_EVENT_OOM_KILL), 0);
	gone(APP);
	for (int i = 0; i < 4; i++)
		SWEEP({POD, 0, 0, 3, 0}, {SIDE, 0, 0, 0, 0});
	assert_int_equal(events(HR_EVENT_OOM_KILL), 1);
	assert_int_equal(total(APP), 1);
	assert_int_equal(total(POD), 0);
	hr_reader_close(reader);
}

/* Which of those that went: the one at risk; none that ended with its last counters; else the cgroup above. */
static void test_vanished_which(void **state)
{
	vanish_begin();
	board_slot_begin(fake.board, track_of(SIDE)->slot)->forecast.risk_centi = 9000;
	board_slot_end(fake.board, track_of(SIDE)->slot);
	board_slot_begin(fake.board, track_of(INNER)->slot)->forecast.risk_centi = 9900;
	board_slot_end(fake.board, track_of(INNER)->slot);
	track_of(INNER)->parent_id = POD;
	track_of(INNER)->final = true;
	board_slot_begin(fake.board, track_of(INNER)->slot)->id.kind =
		HR_KIND_CONTAINER; /* it stays */
	board_slot_end(fake.board, track_of(INNER)->slot);
	gone(INNER);
	gone(SIDE);
	gone(APP);
	for (int i = 0; i < 3; i++)
		SWEEP({POD, 0, 0, 3, 0});
	assert_int_equal(total(SIDE), 1);
	assert_int_equal(total(APP) + total(POD) + total(INNER), 0);
	assert_int_equal(events(HR_EVENT_OOM_KILL), 1);
	/* another one, of which no cgroup was ever seen */
	for (int i = 0; i < 3; i++)
		SWEEP({POD, 0, 0, 4, 0});
	assert_int_equal(total(POD), 1);
	assert_int_equal(events(HR_EVENT_OOM_KILL), 1);
	assert_int_equal(((const struct hr_event *)event[0])->cgroup_id, POD);
	hr_reader_close(reader);
}

/* With the record of its removal nothing is missing, whether it was seen before or not, and read late or not. */
static void test_removal_recorded(void **state)
{
	struct record_cgroup app = {.memcg_id = APP,
				    .parent_id = POD,
				    .oom_kills = 1,
				    .oom_groups = 0,
				    .oom_kills_all = 1,
				    .oom_groups_all = 0,
				    .peak = RECORD_UNKNOWN},
			     unseen = app;

	unseen.memcg_id = 999;
	vanish_begin();
	containers_removed(&fake.containers, &app);
	daemon_on_counted(track_of(APP), sweep_ns, &fake);
	containers_removed(&fake.containers, &unseen);
	gone(SIDE);
	app.memcg_id = SIDE;
	containers_removed(&fake.containers, &app);
	for (int i = 0; i < 5; i++)
		SWEEP({POD, 0, 0, 5, 0});
	assert_int_equal(total(APP), 1);
	assert_int_equal(total(SIDE), 1);
	assert_int_equal(total(POD), 0);
	/* of APP at once: its record was lost; SIDE as this test leaves it has no reading more */
	assert_int_equal(events(HR_EVENT_OOM_KILL), 1);
	hr_reader_close(reader);
}

/* Restarted meanwhile: what runs in its place has the kill among those of its workload. */
static void test_vanished_restarted(void **state)
{
	struct resolve_answer answer = {.cgroup_id = APP, .complete = 1, .named = 1};

	vanish_begin();
	answer.id.kind = HR_KIND_CONTAINER;
	answer.id.workload = 77;
	containers_identify(&fake.containers, &answer);
	gone(APP);
	place(4, NEXT, POD, "app", "/pod/next");
	answer.cgroup_id = NEXT;
	containers_identify(&fake.containers, &answer);
	assert_int_equal(total(NEXT), 0);
	for (int i = 0; i < 4; i++)
		SWEEP({POD, 0, 0, 3, 0}, {SIDE, 0, 0, 0, 0}, {NEXT, 0, 0, 0, 0});
	assert_int_equal(total(APP), 1);
	assert_int_equal(total(NEXT), 1);
	assert_int_equal(board_slot(fake.board, 4)->restarts, 1);
	hr_reader_close(reader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_records, end),
		cmocka_unit_test_setup_teardown(test_records_and_counters, begin, end),
		cmocka_unit_test_teardown(test_outcome, end),
		cmocka_unit_test_setup_teardown(test_vanished, begin, end),
		cmocka_unit_test_setup_teardown(test_vanished_before, begin, end),
		cmocka_unit_test_setup_teardown(test_first_read_after_group, begin, end),
		cmocka_unit_test_setup_teardown(test_vanished_group, begin, end),
		cmocka_unit_test_setup_teardown(test_gone_soon, begin, end),
		cmocka_unit_test_setup_teardown(test_vanished_which, begin, end),
		cmocka_unit_test_setup_teardown(test_removal_recorded, begin, end),
		cmocka_unit_test_setup_teardown(test_vanished_restarted, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
