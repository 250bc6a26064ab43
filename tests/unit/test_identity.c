// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The identity of a container while it runs: what replaces what is known, which events it makes, and what a new name does to an
 * action that is about to end something. */
#include "fixture_daemon.h"

#include <headroom/reader.h>

#include "daemon/events.h"

#define RULES                                                                                 \
	"mode: enforce\nrate_limit: none\nprotect: ['name:safe']\npolicies:\n- name: large\n" \
	"  match: {name: 'box*'}\n  when: {usage: 60MiB}\n  actions: [kill]\n  cooldown: 0s\n"

static int resolver_end = -1;

static int begin(void **state)
{
	int pair[2];

	fake_open(RULES);
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	fake.resolver.fd = pair[0];
	resolver_end = pair[1];
	return 0;
}

static int end(void **state)
{
	close(resolver_end);
	close(fake.resolver.fd);
	fake.resolver.fd = -1;
	fake_close();
	return 0;
}

static struct hr_str put(struct resolve_answer *answer, const char *text)
{
	struct hr_str str = {(uint16_t)(offsetof(struct resolve_answer, text) + answer->text_used)};

	strcpy(answer->text + answer->text_used, text);
	answer->text_used += (uint32_t)strlen(text) + 1;
	return str;
}

/* The resolver's answer for cgroup 100, as the loop passes it on. */
static struct track *answer_with(const char *name, bool named, const char *labels)
{
	struct resolve_answer answer = {.ask = RESOLVE_CGROUP,
					.cgroup_id = 100,
					.complete = named,
					.named = named,
					.id = {.kind = HR_KIND_CONTAINER,
					       .runtime = HR_RUNTIME_DOCKER,
					       .workload = strlen(name) + 1000}};
	struct track *track;

	answer.id.name = put(&answer, name);
	answer.id.cgroup = put(&answer, "/box");
	if (labels)
		answer.labels = put(&answer, labels);
	track = containers_identify(&fake.containers, &answer);
	assert_non_null(track);
	policy_driver_identified(fake.policy_driver, track);
	return track;
}

static const char *name(void)
{
	const struct hr_slot *slot = board_slot(fake.board, 0);

	return hr_slot_text(slot, slot->id.name);
}

static void identified(const char *as)
{
	fake_container(0, 100, "0123456789ab", "/box");
	answer_with(as, true, NULL);
}

static unsigned int asked(void)
{
	struct resolve_question question;
	unsigned int n = 0;

	while (recv(resolver_end, &question, sizeof(question), 0) == sizeof(question))
		n++;
	return n;
}

static union {
	struct hr_event event;
	struct hr_event_container container;
	struct hr_event_action action;
	char bytes[HR_EVENT_MAX_BYTES];
} found;

/* How many events of this type there are after `from`; the last one into `found`. */
static unsigned int last(enum hr_event_type type, uint64_t from)
{
	static union event_buffer buffer;
	struct hr_reader *reader = NULL;
	unsigned int n = 0;

	assert_int_equal(hr_reader_open(fake_board, &reader), 0);
	hr_reader_seek_event(reader, from + 1);
	while (!hr_reader_next_event(reader, &buffer.event, sizeof(buffer)))
		if (buffer.event.type == type) {
			memcpy(&found, &buffer, sizeof(buffer));
			n++;
		}
	hr_reader_close(reader);
	return n;
}

static uint64_t mark(void) { return board_header(fake.board)->last_seq; }

static void test_renamed(void **state)
{
	uint64_t before;

	identified("box");
	before = mark();
	answer_with("box", true, NULL); /* the same again is no news */
	assert_false(last(HR_EVENT_CONTAINER, before));
	answer_with("barrel", true, NULL);
	assert_string_equal(name(), "barrel");
	assert_true(last(HR_EVENT_CONTAINER, before));
	assert_int_equal(found.container.what, HR_CONTAINER_RENAMED);
	assert_string_equal(hr_event_text(&found.event, found.container.former_name), "box");
	assert_string_equal(hr_event_text(&found.event, found.event.id.name), "barrel");
	before = mark();
	answer_with("barrel", true, "tier=gold");
	assert_true(last(HR_EVENT_CONTAINER, before));
	assert_int_equal(found.container.what, HR_CONTAINER_RELABELED);
	before = mark();
	answer_with("barrel", true, NULL); /* the label was removed */
	assert_true(last(HR_EVENT_CONTAINER, before));
	assert_int_equal(found.container.what, HR_CONTAINER_RELABELED);
}

/* Its counters go with it, and the name that it had keeps what it had. */
static void test_counters(void **state)
{
	struct track *track;

	identified("box");
	track = tracks_get(&fake.containers.tracks, 100);
	track->kills_recorded = 2;
	containers_count_kills(&fake.containers, track);
	assert_int_equal(board_slot(fake.board, 0)->oom_kills_total, 2);
	answer_with("barrel", true, NULL);
	assert_int_equal(board_slot(fake.board, 0)->oom_kills_total, 2);
	assert_int_equal(ledger_entry(&fake.containers.tracks, 1006, 1)->oom_kills, 2);
	assert_int_equal(ledger_entry(&fake.containers.tracks, 1006, 1)->memcg_id, 100);
	track->kills_recorded = 3;
	containers_count_kills(&fake.containers, track);
	assert_int_equal(ledger_entry(&fake.containers.tracks, 1006, 1)->oom_kills, 3);
}

/* An unreadable file takes nothing away: the container may be protected by what is known. */
static void test_unreadable(void **state)
{
	identified("safe");
	for (int i = 0; i < 10; i++)
		answer_with("0123456789ab", false, NULL);
	assert_string_equal(name(), "safe");
	assert_int_equal(tracks_get(&fake.containers.tracks, 100)->resolve, RESOLVE_DONE);
	answer_with("box", true, NULL);
	assert_string_equal(name(), "box");
}

static void test_changed(void **state)
{
	struct track *track;

	identified("box");
	track = tracks_get(&fake.containers.tracks, 100);
	asked();
	containers_changed(&fake.containers, 100);
	assert_int_equal(asked(), 1);
	containers_changed(&fake.containers, 100); /* while that question is out */
	containers_changed(&fake.containers, 999); /* gone */
	assert_int_equal(asked(), 0);
	answer_with("box", true, NULL);
	assert_int_equal(track->resolve, RESOLVE_WANTED);
	asked_give_up(&fake.resolver.asked);
	containers_ask_due(&fake.containers, clock_mono_ns());
	assert_int_equal(asked(), 1);
	answer_with("barrel", true, NULL);
	assert_int_equal(track->resolve, RESOLVE_DONE);
	containers_ask_all(&fake.containers); /* a new resolver */
	containers_ask_due(&fake.containers, clock_mono_ns());
	assert_int_equal(asked(), 1);
	containers_ask_all(&fake.containers); /* it died of that, perhaps: again at once … */
	containers_ask_due(&fake.containers, clock_mono_ns());
	assert_int_equal(asked(), 1);
	containers_ask_all(&fake.containers); /* … and then not so soon */
	containers_ask_due(&fake.containers, clock_mono_ns());
	assert_int_equal(asked(), 0);
	containers_ask_due(&fake.containers, clock_mono_ns() + 5 * NS_PER_SEC);
	assert_int_equal(asked(), 1);
}

/* Asked once more before the kill; what then happens is up to the answer. */
static void decide(uint64_t *ret_before)
{
	identified("box");
	asked();
	*ret_before = mark();
	policy_driver_host(fake.policy_driver);
	assert_int_equal(asked(), 1);
	assert_false(last(HR_EVENT_ACTION, *ret_before));
}

static void expect_action(uint64_t before, enum hr_action_status status, const char *detail)
{
	const char *text;

	assert_int_equal(last(HR_EVENT_ACTION, before), 1);
	assert_int_equal(found.action.status, status);
	text = hr_event_text(&found.event, found.action.detail);
	assert_string_equal(text ? text : "", detail);
}

static unsigned int running(void)
{
	unsigned int n = 0;

	for (size_t i = 0; i < ACTIONS_MAX; i++)
		n += fake.policy_driver->actions.action[i].state == PENDING_RUNNING;
	return n;
}

static void test_still_itself(void **state)
{
	uint64_t before;

	decide(&before);
	answer_with("box", true, NULL);
	assert_int_equal(running(), 1);
}

static void test_renamed_before_kill(void **state)
{
	uint64_t before;

	decide(&before);
	answer_with("barrel", true, NULL);
	expect_action(before, HR_STATUS_SKIPPED, "renamed: no longer matches");
}

static void test_protected_before_kill(void **state)
{
	uint64_t before;

	decide(&before);
	answer_with("safe", true, NULL);
	expect_action(before, HR_STATUS_SKIPPED, "protected");
}

/* A resolver that is kept busy stops no kill: what is known decides. */
static void test_no_answer(void **state)
{
	uint64_t before;

	assert_int_equal(policy_driver_watch(fake.policy_driver), 0);
	decide(&before);
	fake_turn(50);
	assert_int_equal(last(HR_EVENT_ACTION, before), 0);
	fake_turn(100); /* enforce/ has tried by now: there is no such cgroup */
	assert_int_equal(last(HR_EVENT_ACTION, before), 1);
	assert_null(strstr(hr_event_text(&found.event, found.action.detail) ?: "", "renamed"));
	answer_with("barrel", true, NULL); /* too late, and no harm */
}

/* Until the board has larger slots no policy looks at a container of which some text was cut: what protects it may be there. */
static void test_cut(void **state)
{
	char label[2 * BOARD_TEXT_FEW];
	struct policy_world world = {.containers = &fake.containers,
				     .groups = &(struct process_groups){.n = 0}};
	const struct policy_snapshot *now;
	uint64_t before;
	uint32_t slot;

	assert_int_equal(board_slot_take(fake.board, &slot), 0);
	identified("box");
	memset(label, 'v', sizeof(label));
	memcpy(label, "tier=", 5);
	label[sizeof(label) - 1] = 0;
	now = policy_world_now(&world);
	assert_non_null(now->slot(0, now->arg));
	answer_with("box", true, label);
	assert_false(board_slot(fake.board, 0)->labels.at);
	assert_null(now->slot(0, now->arg));
	assert_int_equal(asked(), 0);
	fake.containers.texts_stay_cut = true; /* no memory: as it is, without the label */
	assert_non_null(now->slot(0, now->arg));
	daemon_widen_slots(&fake, clock_mono_ns());
	assert_false(board_text_short(fake.board));
	assert_false(fake.containers.texts_stay_cut);
	assert_null(now->slot(0, now->arg)); /* and not before the answer */
	containers_ask_due(&fake.containers, clock_mono_ns());
	assert_int_equal(asked(), 1);
	before = mark();
	answer_with("box", true, label);
	assert_string_equal(
		hr_slot_text(board_slot(fake.board, 0), board_slot(fake.board, 0)->labels), label);
	assert_false(last(HR_EVENT_CONTAINER, before)); /* it had that label before */
	assert_non_null(now->slot(0, now->arg));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_renamed, begin, end),
		cmocka_unit_test_setup_teardown(test_counters, begin, end),
		cmocka_unit_test_setup_teardown(test_unreadable, begin, end),
		cmocka_unit_test_setup_teardown(test_changed, begin, end),
		cmocka_unit_test_setup_teardown(test_still_itself, begin, end),
		cmocka_unit_test_setup_teardown(test_renamed_before_kill, begin, end),
		cmocka_unit_test_setup_teardown(test_protected_before_kill, begin, end),
		cmocka_unit_test_setup_teardown(test_no_answer, begin, end),
		cmocka_unit_test_setup_teardown(test_cut, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
