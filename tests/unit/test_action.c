// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Actions in flight: dry runs from end to end, full tables, outcomes that are lost, and the expansion of a command. */
#include "fixture_daemon.h"

#include <errno.h>
#include <headroom/reader.h>

#include "daemon/command_template.h"

#define RULES                                                                                   \
	"mode: dry-run\nrate_limit: none\npolicies:\n- name: large\n  match: {name: '*'}\n"     \
	"  when: {usage: 60MiB}\n  actions: [notify, {term: 1s}, kill]\n  cooldown: 0s\n"       \
	"  on_exit: {run: [docker, start, '{name}', '--id={id}', 'x{cgroup}y{policy}', '{{}', " \
	"'{'], run_as: root}\n"

static int begin(void **state)
{
	fake_open(RULES);
	return 0;
}

static int end(void **state)
{
	fake_close();
	return 0;
}

static const struct policy *large(void) { return policy_at(fake.policy_driver->rules.set, 0); }

static struct action_target target_of(uint32_t slot)
{
	return (struct action_target){
		.slot = slot, .memcg_id = 100 + slot, .leader_start_ns = HR_UNKNOWN};
}

static unsigned int in_use(void)
{
	unsigned int n = 0;

	for (size_t i = 0; i < ACTIONS_MAX; i++)
		n += fake.policy_driver->actions.action[i].state != PENDING_FREE;
	return n;
}

/* A policy holds for a container: each action is a dry run with an event, and nothing stays in flight. */
static void test_dry_run(void **state)
{
	uint64_t before = board_header(fake.board)->last_seq;

	fake_container(0, 100, "box", "/box");
	policy_driver_host(fake.policy_driver);
	assert_int_equal(board_header(fake.board)->last_seq,
			 before + 2); /* the notice, and SIGTERM */
	assert_int_equal(in_use(), 0);
	assert_int_equal(fake.policy_driver->actions.outcomes.outcome[0].cgroup_id, 100);
	assert_int_equal(fake.policy_driver->actions.outcomes.outcome[0].first_seq, before + 1);
	assert_false(
		fake.policy_driver->actions.outcomes.outcome[0].fatal); /* no process was ended */
}

/* One more than the table holds is turned away and overwrites none. */
static void test_full(void **state)
{
	struct action action = {.step = 1,
				.steps = 1,
				.kind = HR_ACTION_KILL,
				.mode = MODE_DRY_RUN,
				.policy = large(),
				.spec = &large()->action[2]};

	fake_container(0, 100, "box", "/box");
	action.target = target_of(0);
	for (size_t i = 0; i < ACTIONS_MAX; i++)
		assert_non_null(action_new(&fake.policy_driver->actions, &action));
	assert_null(action_new(&fake.policy_driver->actions, &action));
	fake.policy_driver->actions.fresh = true;
	action_dispatch(&fake.policy_driver->actions);
	assert_int_equal(in_use(), 0);
	assert_non_null(action_new(&fake.policy_driver->actions, &action));
}

/* An escalation with its place reused before it ended is counted; one that has ended is posted first. */
static void test_outcomes_full(void **state)
{
	struct action_target target;
	struct pending_outcome *first;
	uint64_t before;

	for (uint32_t i = 0; i < OUTCOMES_MAX; i++) {
		target = target_of(i);
		assert_non_null(outcome_of(&fake.policy_driver->actions.outcomes, i + 1, &target));
	}
	assert_int_equal(fake.policy_driver->actions.outcomes.lost, 0);
	target = target_of(OUTCOMES_MAX);
	assert_ptr_equal(
		outcome_of(&fake.policy_driver->actions.outcomes, OUTCOMES_MAX + 1, &target),
		&fake.policy_driver->actions.outcomes.outcome[0]);
	assert_int_equal(fake.policy_driver->actions.outcomes.lost, 1);
	first = &fake.policy_driver->actions.outcomes
			 .outcome[1]; /* the one untouched for longest now */
	first->ended = true;
	first->last_seq = 1;
	before = board_header(fake.board)->last_seq;
	target = target_of(OUTCOMES_MAX + 1);
	assert_ptr_equal(
		outcome_of(&fake.policy_driver->actions.outcomes, OUTCOMES_MAX + 2, &target),
		first);
	assert_int_equal(fake.policy_driver->actions.outcomes.lost, 1);
	assert_int_equal(board_header(fake.board)->last_seq, before + 1);
}

/* The n-th event after seq: its type; -1: none. */
static int posted(uint64_t seq, unsigned int n, struct hr_event_outcome *ret)
{
	static union {
		struct hr_event event;
		struct hr_event_outcome oom_outcome;
		uint8_t bytes[HR_EVENT_MAX_BYTES];
	} buffer;
	struct hr_reader *reader;
	int type = -1;

	assert_int_equal(hr_reader_open(fake_board, &reader), 0);
	hr_reader_seek_event(reader, seq + n);
	if (!hr_reader_next_event(reader, &buffer.event, sizeof(buffer)) &&
	    buffer.event.seq == seq + n)
		type = buffer.event.type;
	if (type == HR_EVENT_OUTCOME)
		*ret = buffer.oom_outcome;
	hr_reader_close(reader);
	return type;
}

/* The target is gone, and the engine has closed its escalation, before enforce's result is here: the outcome waits for it. */
static void test_late_result(void **state)
{
	struct action_result result = {.status = HR_STATUS_DONE,
				       .processes = 1,
				       .freed = 50 << 20,
				       .usage_before = 64 << 20,
				       .usage_after = 0};
	struct hr_event_outcome oom_outcome = {0};
	uint64_t seq;

	fake_close();
	fake_open(
		"mode: enforce\nrate_limit: none\npolicies:\n- name: large\n  match: {name: '*'}\n"
		"  when: {usage: 60MiB}\n  actions: [kill]\n");
	fake_container(0, 100, "box", "/box");
	board_slot_begin(fake.board, 0)->id.workload = 100;
	board_slot_end(fake.board, 0);
	policy_driver_host(fake.policy_driver);
	assert_int_equal(fake.policy_driver->actions.action[0].state, PENDING_RUNNING);
	assert_int_equal(in_use(), 1);
	seq = board_header(fake.board)->last_seq;
	fake.containers.tracks.track[0].gone_ns = clock_mono_ns();
	policy_driver_gone(fake.policy_driver, &fake.containers.tracks.track[0]);
	for (int i = 0; i < 3; i++)
		policy_driver_host(fake.policy_driver);
	assert_int_equal(board_header(fake.board)->last_seq, seq); /* it waits */
	result.tag = fake.policy_driver->actions.action[0].action.tag;
	result.escalation = fake.policy_driver->actions.action[0].action.escalation;
	result.step = 1;
	result.ended_ns = clock_mono_ns();
	action_on_result(&fake.policy_driver->actions, &result);
	policy_driver_settle(fake.policy_driver);
	outcome_settle(&fake.policy_driver->actions.outcomes,
		       clock_mono_ns() + 31 * NS_PER_SEC); /* it was not restarted */
	assert_int_equal(posted(seq, 1, &oom_outcome), HR_EVENT_ACTION);
	assert_int_equal(posted(seq, 2, &oom_outcome), HR_EVENT_OUTCOME);
	assert_int_equal(oom_outcome.ref, seq + 1);
	assert_int_equal(in_use(), 0);
}

/* The kernel OOM-killed because the host ran short: a policy on the host holds off; because a container did: it does not. */
static void test_host_oom(void **state)
{
	static const struct {
		uint64_t limit_memcg_id;
		uint32_t constraint;
		bool holds_off;
	} rows[] = {
		{0, HR_CONSTRAINT_NONE, true},
		{0, HR_CONSTRAINT_CPUSET, true},
		{55, HR_CONSTRAINT_MEMCG, false},
		{0, RECORD_CONSTRAINT_UNKNOWN, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct record_oom record = {.limit_memcg_id = rows[i].limit_memcg_id,
					    .constraint = rows[i].constraint,
					    .victim = {.pid = 3, .memcg_id = 77}};
		struct hr_host *host;

		fake_close();
		fake_open(
			"mode: enforce\nrate_limit: none\npolicies:\n- name: low\n  match: {name: "
			"'*'}\n"
			"  when: {host_available: 50%}\n  actions: [kill]\n");
		fake_container(0, 100, "box", "/box");
		host = board_host_begin(fake.board);
		host->mem_total = 1000 << 20;
		host->mem_available = 100 << 20;
		host->sampled_ns = clock_wall_ns();
		board_host_end(fake.board);
		oom_events_on_record(&fake.oom_events, &record);
		policy_driver_host(fake.policy_driver);
		if (in_use() != !rows[i].holds_off)
			fail_msg("row %zu: %u actions in flight", i, in_use());
	}
}

static const char *word(const struct daemon_message *message, unsigned int n)
{
	const char *at = message->text;

	while (n--)
		at += strlen(at) + 1;
	return at;
}

static int expand(uint32_t slot, struct daemon_message *ret, char reason[160])
{
	struct action action = {.kind = HR_ACTION_ON_EXIT,
				.policy_name = "large",
				.policy = large(),
				.target = target_of(slot)};
	struct pending_action *pending = action_new(&fake.policy_driver->actions, &action);
	int r = command_expand(&fake.containers, &pending->action, NULL,
			       fake.policy_driver->rules.set, &large()->on_exit, ret, reason);

	pending->state = PENDING_FREE;
	return r;
}

static void identify(uint32_t slot, const char *id)
{
	struct hr_slot *at = board_slot_begin(fake.board, slot);
	struct board_text text;

	board_text_init(&text, at, offsetof(struct hr_slot, text), sizeof(*at));
	text.used = at->text_used;
	at->id.container_id = board_text_add(&text, id, false);
	at->text_used = (uint16_t)text.used;
	at->id.workload = 1;
	board_slot_end(fake.board, slot);
}

/* A name that a user or a container chose is in no command: which may be another's. */
#define NOT_CHECKED 0x8000u /* no answer came yet */
static void test_chosen(void **state)
{
	static const struct {
		uint16_t chosen;
		const char *name, *reason; /* NULL: it runs */
	} rows[] = {
		{0, "web", NULL},
		{HR_CHOSEN_UNIT, "web", NULL}, /* no {unit} in this one */
		{HR_CHOSEN_WISH, "web", NULL},
		{HR_CHOSEN_NAMES, "web", "{name} is a name that a user or a container chose"},
		{HR_CHOSEN_PATH, "web", "{cgroup} is a name that a user or a container chose"},
		{0, "we\nb", "{name} holds a control character"},
		{NOT_CHECKED, "web", "{cgroup} was not checked yet"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct daemon_message message;
		char reason[160] = "";
		struct hr_slot *at;

		fake_container((uint32_t)i, 100 + i, rows[i].name, "/a/b");
		identify((uint32_t)i, "0123");
		at = board_slot_begin(fake.board, (uint32_t)i);
		at->id.chosen = rows[i].chosen & ~NOT_CHECKED;
		at->id.workload = !(rows[i].chosen & NOT_CHECKED);
		board_slot_end(fake.board, (uint32_t)i);
		assert_int_equal(expand((uint32_t)i, &message, reason),
				 rows[i].reason ? -EINVAL : 0);
		if (rows[i].reason && !strstr(reason, rows[i].reason))
			fail_msg("row %zu: %s", i, reason);
		if (!rows[i].reason)
			assert_string_equal(message.run_as, "root");
	}
}

static void test_words(void **state)
{
	struct daemon_message message;
	char reason[160] = "";

	fake_container(0, 100, "we b;$(x)", "/a/b");
	assert_int_equal(expand(0, &message, reason), -EINVAL);
	assert_string_equal(reason, "{id} is not known of it");
	identify(0, "0123456789ab");
	assert_int_equal(expand(0, &message, reason), 0);
	assert_int_equal(message.argc, 7);
	assert_string_equal(word(&message, 0), "docker");
	assert_string_equal(word(&message, 2), "we b;$(x)"); /* unchanged: there is no shell */
	assert_string_equal(word(&message, 3), "--id=0123456789ab");
	assert_string_equal(word(&message, 4), "x/a/bylarge");
	assert_string_equal(word(&message, 5), "{{}");
	assert_string_equal(word(&message, 6), "{");
	fake_container(1, 101, "--privileged", "/c");
	identify(1, "cd");
	assert_int_equal(expand(1, &message, reason), -EINVAL);
	assert_non_null(strstr(reason, "would be taken for an option"));
	/* The slot is another cgroup's by now. */
	fake.containers.tracks.track[0].memcg_id = 999;
	assert_int_equal(expand(0, &message, reason), -EINVAL);
	fake.containers.tracks.track[0].memcg_id = 100;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_dry_run, begin, end),
		cmocka_unit_test_setup_teardown(test_full, begin, end),
		cmocka_unit_test_setup_teardown(test_outcomes_full, begin, end),
		cmocka_unit_test_setup_teardown(test_late_result, begin, end),
		cmocka_unit_test_setup_teardown(test_host_oom, begin, end),
		cmocka_unit_test_setup_teardown(test_words, begin, end),
		cmocka_unit_test_setup_teardown(test_chosen, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
