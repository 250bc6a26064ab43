// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Events into incidents: each row of a table is a little history and the incidents that it must
 * come to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "fixture_board.h"
#include "format/incident.h"

struct rig {
	char dir[32], board[48];
	struct fixture f;
};

static int set_up(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	strcpy(rig->dir, "/tmp/test_incidents.XXXXXX");
	if (!mkdtemp(rig->dir))
		return -1;
	snprintf(rig->board, sizeof(rig->board), "%s/board", rig->dir);
	*state = rig;
	return 0;
}

static int tear_down(void **state)
{
	struct rig *rig = *state;
	char lock[64];

	board_close(rig->f.board);
	snprintf(lock, sizeof(lock), "%s.lock", rig->board);
	unlink(lock);
	unlink(rig->board);
	rmdir(rig->dir);
	free(rig);
	return 0;
}

/* What happens: at which second, to which slot. */
enum what {
	END,
	KILL,
	WARN,
	ACT,
	CALM,
	ACTION,
	TRY,
	NOTICE,
	RECLAIM,
	HAND,
	HAND_FAILED,
	HAND_SKIPPED,
	HAND_REFUSED,
	HANG,
	UNHANG,
	BACK,
	GONE,
	LEAK,
	OUTCOME
};
struct step {
	enum what what;
	uint32_t second, slot;
	uint64_t
		arg; /* ACTION, TRY, NOTICE: escalation; OUTCOME: seq that it refers to, backwards */
};

static void post(struct fixture *f, const struct step *s)
{
	static const struct {
		uint16_t type;
		size_t bytes;
		uint32_t value;
	} how[] = {
		[KILL] = {HR_EVENT_OOM_KILL, sizeof(struct hr_event_oom_kill), 0},
		[WARN] = {HR_EVENT_RISK, sizeof(struct hr_event_forecast), HR_ALARM_WARN},
		[ACT] = {HR_EVENT_RISK, sizeof(struct hr_event_forecast), HR_ALARM_ACT},
		[CALM] = {HR_EVENT_RISK, sizeof(struct hr_event_forecast), HR_ALARM_NONE},
		[ACTION] = {HR_EVENT_ACTION, sizeof(struct hr_event_action), HR_STATUS_DONE},
		[TRY] = {HR_EVENT_ACTION, sizeof(struct hr_event_action), HR_STATUS_DRY_RUN},
		[NOTICE] = {HR_EVENT_ACTION, sizeof(struct hr_event_action), HR_STATUS_DONE},
		[RECLAIM] = {HR_EVENT_ACTION, sizeof(struct hr_event_action), HR_STATUS_DONE},
		[HAND] = {HR_EVENT_ACTION, sizeof(struct hr_event_action), HR_STATUS_DONE},
		[HAND_FAILED] = {HR_EVENT_ACTION, sizeof(struct hr_event_action), HR_STATUS_FAILED},
		[HAND_SKIPPED] = {HR_EVENT_ACTION, sizeof(struct hr_event_action),
				  HR_STATUS_SKIPPED},
		[HAND_REFUSED] = {HR_EVENT_ACTION, sizeof(struct hr_event_action),
				  HR_STATUS_REFUSED},
		[HANG] = {HR_EVENT_PRESSURE, sizeof(struct hr_event_pressure),
			  HR_PRESSURE_UNDER_OOM},
		[UNHANG] = {HR_EVENT_PRESSURE, sizeof(struct hr_event_pressure),
			    HR_PRESSURE_UNDER_OOM_LEFT},
		[BACK] = {HR_EVENT_CONTAINER, sizeof(struct hr_event_container),
			  HR_CONTAINER_RESTARTED},
		[GONE] = {HR_EVENT_CONTAINER, sizeof(struct hr_event_container), HR_CONTAINER_GONE},
		[LEAK] = {HR_EVENT_LEAK, sizeof(struct hr_event_forecast), HR_LEAK_CONFIRMED},
		[OUTCOME] = {HR_EVENT_OUTCOME, sizeof(struct hr_event_outcome), 1},
	};
	const struct hr_slot *slot = board_slot(f->board, s->slot);
	union fixture_event_any {
		union fixture_event e;
		struct hr_event_action action;
	} e;
	struct board_text text;

	f->now_ns = FIXTURE_T0_NS + s->second * FIXTURE_STEP_NS;
	fixture_event_begin(f, &e.e, &text, how[s->what].type, how[s->what].bytes, slot);
	switch (how[s->what].type) {
	case HR_EVENT_OOM_KILL:
		fixture_oom_process(f, &text, slot, &e.e.oom.victim, NULL);
		e.e.oom.limit_cgroup_id = slot->cgroup_id;
		e.e.oom.limit_max = 50 * FIXTURE_MIB;
		e.e.oom.warned_before_ms = HR_UNKNOWN;
		e.e.event.severity = HR_CRITICAL;
		break;
	case HR_EVENT_ACTION:
		if (s->what < HAND)
			e.action.policy = board_text_add(&text, "switch", false);
		e.action.kind = s->what == NOTICE    ? HR_ACTION_NOTIFY
				: s->what == RECLAIM ? HR_ACTION_RECLAIM
						     : HR_ACTION_KILL;
		e.action.status = (uint8_t)how[s->what].value;
		e.action.escalation = s->arg;
		e.action.inputs.usage = 40 * FIXTURE_MIB;
		break;
	case HR_EVENT_OUTCOME:
		e.e.outcome.ref = board_header(f->board)->last_seq + 1 - s->arg;
		e.e.outcome.freed = 30 * FIXTURE_MIB;
		e.e.outcome.averted = 1;
		e.e.outcome.freed_after_ms = e.e.outcome.restarted_after_ms = HR_UNKNOWN;
		break;
	case HR_EVENT_PRESSURE:
		e.e.pressure.what = how[s->what].value;
		e.e.pressure.limit = 50 * FIXTURE_MIB;
		break;
	case HR_EVENT_CONTAINER:
		e.e.container.what = how[s->what].value;
		break;
	default:
		e.e.forecast.to = how[s->what].value;
		e.e.forecast.headroom = 5 * FIXTURE_MIB;
		e.e.forecast.forecast.oom_in_p10_ms = HR_UNKNOWN;
		e.e.forecast.forecast.oom_in_p50_ms = 12000;
		e.e.forecast.forecast.oom_in_p90_ms = HR_UNKNOWN;
	}
	fixture_event_post(f, &e.e, &text);
}

#define STEPS 12
#define MOST  3
static const struct row {
	const char *name;
	struct step step[STEPS];
	size_t n;
	struct {
		enum incident_kind kind;
		size_t events;
		const char *title;
	} want[MOST]; /* newest first */
} rows[] = {
	{"nothing happened", {{END, 0, 0, 0}}, 0, {{0}}},
	{"a kill with all that belongs to it",
	 {{LEAK, 10, 0, 0},
	  {WARN, 60, 0, 0},
	  {ACT, 90, 0, 0},
	  {KILL, 100, 0, 0},
	  {OUTCOME, 100, 0, 1},
	  {CALM, 101, 0, 0},
	  {BACK, 104, 0, 0}},
	 1,
	 {{INCIDENT_OOM_KILL, 7,
	   "OOM-killed web[10000]: container limit 50 MiB reached, no warning"}}},
	{"several die of one shortage",
	 {{KILL, 100, 0, 0}, {KILL, 101, 0, 0}, {KILL, 105, 0, 0}, {KILL, 130, 0, 0}},
	 2,
	 {{INCIDENT_OOM_KILL, 1, NULL},
	  {INCIDENT_OOM_KILL, 3,
	   "OOM-killed web[10000] and 2 more: container limit 50 MiB reached, no warning"}}},
	{"an alarm that ended by itself",
	 {{WARN, 100, 0, 0}, {ACT, 110, 0, 0}, {CALM, 142, 0, 0}},
	 1,
	 {{INCIDENT_NEAR_MISS, 3,
	   "alarm act for 42s, OOM in ~12s, headroom 5 MiB; no OOM followed"}}},
	{"an alarm that comes back at once is one",
	 {{WARN, 100, 0, 0},
	  {CALM, 110, 0, 0},
	  {WARN, 150, 0, 0},
	  {CALM, 160, 0, 0},
	  {WARN, 300, 0, 0},
	  {CALM, 310, 0, 0}},
	 2,
	 {{INCIDENT_NEAR_MISS, 2, NULL}, {INCIDENT_NEAR_MISS, 4, NULL}}},
	{"an alarm that still stands is none", {{WARN, 100, 0, 0}}, 0, {{0}}},
	{"an alarm that ended with its container",
	 {{WARN, 100, 0, 0}, {GONE, 110, 0, 0}},
	 1,
	 {{INCIDENT_ENDED, 2,
	   "alarm warn, OOM in ~12s, headroom 5 MiB; the container ended, no OOM kill was "
	   "recorded"}}},
	{"an end that was seen a moment after the alarm",
	 {{WARN, 100, 0, 0}, {CALM, 108, 0, 0}, {GONE, 110, 0, 0}},
	 1,
	 {{INCIDENT_ENDED, 3, NULL}}},
	{"an end long after it",
	 {{WARN, 100, 0, 0}, {CALM, 108, 0, 0}, {GONE, 128, 0, 0}},
	 1,
	 {{INCIDENT_NEAR_MISS, 3, NULL}}},
	{"an end, and an OOM kill that is found later",
	 {{WARN, 100, 0, 0}, {GONE, 110, 0, 0}, {KILL, 110, 0, 0}},
	 1,
	 {{INCIDENT_OOM_KILL, 3, NULL}}},
	{"a kill of a moment before the alarm, found after it",
	 {{WARN, 101, 0, 0}, {KILL, 100, 0, 0}, {GONE, 102, 0, 0}},
	 1,
	 {{INCIDENT_OOM_KILL, 3, NULL}}},
	{"an alarm from before a kill was seen",
	 {{KILL, 100, 0, 0}, {ACT, 101, 0, 0}, {CALM, 103, 0, 0}},
	 1,
	 {{INCIDENT_OOM_KILL, 3, NULL}}},
	{"an alarm after a kill goes to the kill that it warned of",
	 {{KILL, 100, 0, 0}, {ACT, 101, 0, 0}, {KILL, 120, 0, 0}, {CALM, 121, 0, 0}},
	 2,
	 {{INCIDENT_OOM_KILL, 3, NULL}, {INCIDENT_OOM_KILL, 1, NULL}}},
	{"an alarm after the restart",
	 {{KILL, 100, 0, 0}, {WARN, 103, 0, 0}, {CALM, 150, 0, 0}},
	 2,
	 {{INCIDENT_NEAR_MISS, 2, NULL}, {INCIDENT_OOM_KILL, 1, NULL}}},
	{"another one's alarm is another matter",
	 {{WARN, 90, 1, 0}, {KILL, 100, 0, 0}, {CALM, 110, 1, 0}},
	 2,
	 {{INCIDENT_OOM_KILL, 1, NULL}, {INCIDENT_NEAR_MISS, 2, NULL}}},
	{"an alarm that ended too long before",
	 {{WARN, 100, 0, 0}, {CALM, 110, 0, 0}, {KILL, 200, 0, 0}},
	 2,
	 {{INCIDENT_OOM_KILL, 1, NULL}, {INCIDENT_NEAR_MISS, 2, NULL}}},
	{"each life's alarm belongs to its own kill",
	 {{ACT, 95, 0, 0},
	  {KILL, 100, 0, 0},
	  {ACT, 115, 0, 0},
	  {KILL, 120, 0, 0},
	  {CALM, 121, 0, 0}},
	 2,
	 {{INCIDENT_OOM_KILL, 3, NULL}, {INCIDENT_OOM_KILL, 2, NULL}}},
	{"an action, and what it averted",
	 {{ACT, 95, 0, 0},
	  {NOTICE, 96, 0, 7},
	  {ACTION, 98, 0, 7},
	  {OUTCOME, 100, 0, 1},
	  {CALM, 101, 0, 0}},
	 1,
	 {{INCIDENT_ACTION, 5,
	   "killed (policy switch, step 0/0) at usage 40 MiB; freed 30 MiB; OOM averted"}}},
	{"a dry run",
	 {{TRY, 98, 0, 7}},
	 1,
	 {{INCIDENT_ACTION, 1,
	   "dry run: would be killed (policy switch, step 0/0) at usage 40 MiB"}}},
	{"two emergencies are two",
	 {{ACTION, 98, 0, 7}, {ACTION, 198, 0, 9}},
	 2,
	 {{INCIDENT_ACTION, 1, NULL}, {INCIDENT_ACTION, 1, NULL}}},
	{"a notification is no action of its own",
	 {{ACT, 95, 0, 0}, {NOTICE, 96, 0, 7}, {CALM, 99, 0, 0}},
	 1,
	 {{INCIDENT_NEAR_MISS, 3,
	   "alarm act for 4s, OOM in ~12s, headroom 5 MiB; no OOM followed"}}},
	{"a notice without an alarm",
	 {{NOTICE, 96, 0, 7}},
	 1,
	 {{INCIDENT_NEAR_MISS, 1, "reported (policy switch, step 0/0) at usage 40 MiB"}}},
	{"an action that came too late",
	 {{KILL, 100, 0, 0}, {ACTION, 101, 0, 7}},
	 1,
	 {{INCIDENT_OOM_KILL, 2,
	   "OOM-killed web[10000]: container limit 50 MiB reached, no warning, although it "
	   "was killed"}}},
	{"requests by hand that came to nothing",
	 {{HAND_REFUSED, 90, 0, 7}, {HAND_FAILED, 95, 0, 8}, {HAND_SKIPPED, 97, 1, 9}},
	 0,
	 {{0}}},
	{"one of them after an OOM kill is an event of it",
	 {{KILL, 100, 0, 0}, {HAND_REFUSED, 110, 0, 7}},
	 1,
	 {{INCIDENT_OOM_KILL, 2,
	   "OOM-killed web[10000]: container limit 50 MiB reached, no warning"}}},
	{"one of them beside an alarm that ended by itself",
	 {{WARN, 100, 0, 0}, {HAND_FAILED, 105, 0, 7}, {CALM, 110, 0, 0}},
	 1,
	 {{INCIDENT_NEAR_MISS, 3,
	   "alarm warn for 10s, OOM in ~12s, headroom 5 MiB; no OOM followed"}}},
	{"an action by hand",
	 {{HAND, 100, 0, 7}},
	 1,
	 {{INCIDENT_ACTION, 1, "killed (manual, uid 0) at usage 40 MiB"}}},
	{"the latest is what ended something: an OOM kill",
	 {{KILL, 100, 0, 0}, {RECLAIM, 300, 0, 7}, {WARN, 400, 1, 0}, {CALM, 410, 1, 0}},
	 3,
	 {{INCIDENT_NEAR_MISS, 2, NULL}, {INCIDENT_ACTION, 1, NULL}, {INCIDENT_OOM_KILL, 1, NULL}}},
	{"the latest is what ended something: an action",
	 {{KILL, 100, 0, 0}, {ACTION, 300, 0, 7}, {TRY, 400, 1, 8}},
	 3,
	 {{INCIDENT_ACTION, 1, NULL}, {INCIDENT_ACTION, 1, NULL}, {INCIDENT_OOM_KILL, 1, NULL}}},
	{"a hang, and one that goes on",
	 {{HANG, 100, 0, 0}, {UNHANG, 130, 0, 0}, {HANG, 200, 1, 0}},
	 2,
	 {{INCIDENT_HANG, 1, "blocked at its limit (OOM killer disabled), limit 50 MiB"},
	  {INCIDENT_HANG, 2, "blocked at its limit (OOM killer disabled), limit 50 MiB, for 30s"}}},
};

/* Where it is not the newest. */
static const struct {
	const char *name;
	size_t latest;
} latest[] = {
	{"the latest is what ended something: an OOM kill", 2},
	{"the latest is what ended something: an action", 1},
	{"an alarm after the restart", 1},
};

static const struct incident *want_latest(const struct row *row, const struct incidents *found)
{
	for (size_t i = 0; i < ARRAY_SIZE(latest); i++)
		if (!strcmp(latest[i].name, row->name))
			return &found->incident[latest[i].latest];
	return row->n ? &found->incident[0] : NULL;
}

static void check(const struct row *row, const struct incidents *found)
{
	if (found->n != row->n)
		fail_msg("%s: %zu incidents", row->name, found->n);
	if (incidents_latest(found) != want_latest(row, found))
		fail_msg("%s: another one is the latest", row->name);
	for (size_t i = 0; i < row->n; i++) {
		const struct incident *in = &found->incident[i];

		if (in->kind != row->want[i].kind || in->n_seqs != row->want[i].events ||
		    (row->want[i].title && strcmp(in->title, row->want[i].title) != 0))
			fail_msg("%s: %zu: %s, %zu events, '%s'", row->name, i,
				 incident_kind_word(in->kind), in->n_seqs, in->title);
		assert_true(in->begin_ns <= in->time_ns && in->time_ns <= in->end_ns);
		assert_true(in->name[0] && in->title[0]);
		for (size_t j = 1; j < in->n_seqs; j++)
			assert_true(in->seqs[j - 1] != in->seqs[j]);
	}
}

static void test_rows(void **state)
{
	struct rig *rig = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct incidents found = {0};
		struct hr_reader *reader;
		uint64_t before;

		unlink(rig->board);
		rig->f = (struct fixture){.containers = 2, .seed = 1};
		assert_int_equal(fixture_open(&rig->f, rig->board), 0);
		before = board_header(rig->f.board)->last_seq;
		for (const struct step *s = rows[i].step; s->what; s++)
			post(&rig->f, s);
		assert_int_equal(hr_reader_open(rig->board, &reader), 0);
		assert_int_equal(incidents_find(reader, &found), 0);
		check(&rows[i], &found);
		for (size_t j = 0; j < found.n; j++)
			assert_true(found.incident[j].seq > before);
		/* once more: the same, and what was there is let go of */
		assert_int_equal(incidents_find(reader, &found), 0);
		check(&rows[i], &found);
		incidents_done(&found);
		assert_true(!found.n && !found.incident);
		hr_reader_close(reader);
		board_close(take_ptr(rig->f.board));
	}
}

/* A recording tells the same as the board that it was made of; hostile names come out clean. */
static void test_recording(void **state)
{
	struct rig *rig = *state;
	struct incidents live = {0}, recorded = {0};
	struct hr_reader *reader;
	char file[64];

	snprintf(file, sizeof(file), "%s/rec", rig->dir);
	rig->f = (struct fixture){.containers = 22, .seed = 7, .hostile = true};
	assert_int_equal(fixture_open(&rig->f, rig->board), 0);
	assert_int_equal(fixture_record(&rig->f, file, 3), 0);
	assert_int_equal(hr_reader_open(rig->board, &reader), 0);
	assert_int_equal(incidents_find(reader, &live), 0);
	hr_reader_close(reader);
	assert_int_equal(hr_reader_open(file, &reader), 0);
	assert_int_equal(incidents_find(reader, &recorded), 0);
	hr_reader_close(reader);
	assert_true(live.n > 1);
	assert_int_equal(live.n, recorded.n);
	for (size_t i = 0; i < live.n; i++) {
		assert_string_equal(live.incident[i].id, recorded.incident[i].id);
		assert_string_equal(live.incident[i].title, recorded.incident[i].title);
		for (const char *c = live.incident[i].name; *c; c++)
			assert_true((unsigned char)*c >= ' ' && *c != 0x7f);
	}
	incidents_done(&live);
	incidents_done(&recorded);
	unlink(file);
}

static void test_words(void **state)
{
	assert_string_equal(incident_kind_word(INCIDENT_NEAR_MISS), "near_miss");
	assert_string_equal(incident_kind_name(INCIDENT_OOM_KILL), "OOM kill");
	assert_null(incident_kind_word(INCIDENT_KINDS));
}

int main(void)
{
#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		WITH_RIG(test_rows),
		WITH_RIG(test_recording),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
