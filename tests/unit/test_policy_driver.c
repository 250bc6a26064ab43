// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * From a decision to its execution, with the real policy engine and the real enforce/ on either side: policies from text, cgroups
 * that are plain folders, and children of this test as their processes. What happens to a target, or to the rules, between the
 * choice and action; and each action is reported once, under the name of its policy.
 */
#include "fixture_daemon.h"
#include "fixture_child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <headroom/reader.h>

#define PATIENCE_MS 20000
/* A condition that arms nothing in the kernel: nothing is sensed here. */
#define RULE(mode, name, actions)                                                               \
	"mode: " mode "\nrate_limit: none\npolicies:\n- name: " name "\n  match: {name: '*'}\n" \
	"  when: {some_avg10: 40}\n  cooldown: 1h\n  actions: [" actions "]\n"

static pid_t child[2];
static uint64_t began_seq;

static void notified(int sig) { (void)sig; }

static void end_child(pid_t *pid)
{
	if (*pid > 0)
		child_end(*pid);
	*pid = 0;
}

static void put(const char *folder, const char *file, const char *text)
{
	char path[160];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s/%s", fake_dir, folder, file);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* A cgroup of one process; its id. */
static uint64_t make_folder(const char *folder, pid_t pid)
{
	char path[128], text[16];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", fake_dir, folder);
	assert_int_equal(mkdir(path, 0755), 0);
	snprintf(text, sizeof(text), "%d\n", pid);
	put(folder, "cgroup.procs", text);
	put(folder, "memory.current", "67108864\n");
	assert_int_equal(stat(path, &st), 0);
	return st.st_ino;
}

static void remove_folder(const char *folder)
{
	static const char *const files[] = {"cgroup.procs", "memory.current", ""};
	char path[160];

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(path, sizeof(path), "%s/%s/%s", fake_dir, folder, files[i]);
		remove(path);
	}
}

static int sealed(const char *text)
{
	const struct policy_set *before = fake.policy_driver->rules.set;
	int fd;

	fake_rules(text);
	assert_int_equal(rules_seal(fake.policy_driver->rules.set, &fd), 0);
	free((void *)fake.policy_driver->rules.set);
	fake.policy_driver->rules.set = before;
	return fd;
}

/* Rules as the supervisor hands them over, and a container for which they hold. */
static void open_with(const char *text)
{
	const struct policy_set *first;

	fake_open("mode: observe\n");
	first = fake.policy_driver->rules.set;
	fake.policy_driver->rules.fd = -1;
	assert_int_equal(policy_driver_watch(fake.policy_driver), 0);
	policy_driver_rules(fake.policy_driver, sealed(text));
	free((void *)first);
	child[0] = child_start(SIGTERM, notified); /* hears it, and stays */
	fake_container(0, make_folder("box", child[0]), "box", "/box");
	board_slot_begin(fake.board, 0)->pressure.some_avg10_centi = 9000;
	board_slot_end(fake.board, 0);
	began_seq = board_header(fake.board)->last_seq;
}

static void close_all(void)
{
	end_child(&child[0]);
	end_child(&child[1]);
	rules_done(&fake.policy_driver->rules);
	remove_folder("box");
	remove_folder("old");
	fake_close();
}

static int end(void **state)
{
	(void)state;
	close_all();
	return 0;
}

/* The n-th action since the beginning, from 0. False: there are fewer. */
static bool action(unsigned int n, struct hr_event_action *ret_action, char policy[64])
{
	static union {
		struct hr_event event;
		struct hr_event_action action;
		uint8_t bytes[HR_EVENT_MAX_BYTES];
	} buffer;
	struct hr_reader *reader;
	bool found = false;

	assert_int_equal(hr_reader_open(fake_board, &reader), 0);
	hr_reader_seek_event(reader, began_seq + 1);
	while (!found && !hr_reader_next_event(reader, &buffer.event, sizeof(buffer)))
		found = buffer.event.type == HR_EVENT_ACTION && !n--;
	if (found) {
		*ret_action = buffer.action;
		snprintf(policy, 64, "%s", (const char *)&buffer + buffer.action.policy.at);
	}
	hr_reader_close(reader);
	return found;
}

static unsigned int actions(void)
{
	struct hr_event_action one;
	unsigned int n = 0;
	char policy[64];

	while (action(n, &one, policy))
		n++;
	return n;
}

static unsigned int in_use(void)
{
	unsigned int n = 0;

	for (size_t i = 0; i < ACTIONS_MAX; i++)
		n += fake.policy_driver->actions.action[i].state != PENDING_FREE;
	return n;
}

static void step(void)
{
	board_slot_begin(fake.board, 0)->sampled_ns = clock_wall_ns();
	board_slot_end(fake.board, 0);
	policy_driver_host(fake.policy_driver);
	fake_turn(5);
}

static void until_emitted(unsigned int n)
{
	for (int i = 0; i < PATIENCE_MS / 5 && (actions() < n || in_use()); i++)
		step();
	assert_int_equal(actions(), n);
	assert_int_equal(in_use(), 0);
}

static void expect_action(unsigned int n, enum hr_action_kind kind, enum hr_action_status status,
			  int error, const char *policy)
{
	struct hr_event_action one;
	char name[64];

	assert_true(action(n, &one, name));
	assert_int_equal(one.kind, kind);
	assert_int_equal(one.status, status);
	assert_int_equal(one.error, error);
	assert_string_equal(name, policy);
}

static void test_done(void **state)
{
	struct hr_event_action one;
	char policy[64];
	int status;

	(void)state;
	open_with(RULE("enforce", "large", "kill"));
	policy_driver_host(fake.policy_driver);
	assert_int_equal(in_use(), 1);
	status = child_wait(child[0]);
	assert_true(status != -1 && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	put("box", "cgroup.procs", "");
	put("box", "memory.current", "4096\n");
	until_emitted(1);
	expect_action(0, HR_ACTION_KILL, HR_STATUS_DONE, 0, "large");
	assert_true(action(0, &one, policy));
	assert_int_equal(one.pid, child[0]);
	assert_int_equal(one.processes, 1);
	assert_int_equal(one.freed, (64 << 20) - 4096);
	assert_true(one.whole);
	assert_int_equal(board_slot(fake.board, 0)->actions, 1);
	assert_true(fake.policy_driver->actions.outcomes.outcome[0].fatal);
	assert_int_equal(fake.policy_driver->actions.outcomes.outcome[0].in_flight, 0);
	child[0] = 0;
}

/* What is not even ordered is told between what was ordered before and after it. */
static void test_in_order(void **state)
{
	(void)state;
	open_with(RULE("dry-run", "large", "notify, throttle, term, kill"));
	board_slot_begin(fake.board, 0)->memory.unreclaimable = 64 << 20;
	board_slot_end(fake.board, 0);
	board_host_begin(fake.board)->swap_free = 0;
	board_host_end(fake.board);
	until_emitted(4);
	expect_action(0, HR_ACTION_NOTIFY, HR_STATUS_DRY_RUN, 0, "large");
	expect_action(1, HR_ACTION_THROTTLE, HR_STATUS_SKIPPED, 0, "large");
	expect_action(2, HR_ACTION_TERM, HR_STATUS_DRY_RUN, 0, "large");
	expect_action(3, HR_ACTION_KILL, HR_STATUS_DRY_RUN, 0, "large");
}

/* The container is started anew, under its old path, between choice and act. */
static void test_recreated(void **state)
{
	char from[128], to[128];

	(void)state;
	open_with(RULE("enforce", "large", "kill"));
	snprintf(from, sizeof(from), "%s/box", fake_dir);
	snprintf(to, sizeof(to), "%s/old", fake_dir);
	assert_int_equal(rename(from, to), 0);
	child[1] = child_start(SIGTERM, notified); /* hears it, and stays */
	make_folder("box", child[1]);
	policy_driver_host(fake.policy_driver);
	until_emitted(1);
	expect_action(0, HR_ACTION_KILL, HR_STATUS_SKIPPED, ESTALE, "large");
	assert_true(child_alive(child[0]) && child_alive(child[1]));
	assert_int_equal(board_slot(fake.board, 0)->actions, 0);
	assert_false(fake.policy_driver->actions.outcomes.outcome[0].fatal);
}

/* Its slot is another's, or it is gone, between decision and action: at once, or after it waited for space. */
static void test_slot_of_another(void **state)
{
	static const struct {
		enum pending_state state;
		bool gone;
	} rows[] = {{PENDING_NEW, false},
		    {PENDING_NEW, true},
		    {PENDING_QUEUED, false},
		    {PENDING_QUEUED, true}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct action action = {.step = 1,
					.steps = 1,
					.kind = HR_ACTION_KILL,
					.mode = MODE_ENFORCE,
					.policy_name = "large",
					.target = {.leader_start_ns = HR_UNKNOWN}};
		struct track *track = &fake.containers.tracks.track[0];
		struct pending_action *pending;
		uint64_t id;

		open_with(RULE("observe", "large", "kill"));
		track = &fake.containers.tracks.track[0];
		id = track->memcg_id;
		action.target.memcg_id = id;
		action.policy = policy_at(fake.policy_driver->rules.set, 0);
		action.spec = &action.policy->action[0];
		pending = action_new(&fake.policy_driver->actions, &action);
		pending->state = rows[i].state;
		fake.policy_driver->actions.fresh = true;
		if (rows[i].gone)
			track->gone_ns = 1;
		else
			track->memcg_id = id + 1;
		policy_driver_settle(fake.policy_driver);
		assert_int_equal(in_use(), 0);
		assert_int_equal(actions(), 1);
		expect_action(0, HR_ACTION_KILL, HR_STATUS_SKIPPED, ESRCH, "large");
		assert_true(child_alive(child[0]));
		track->memcg_id = id;
		if (i + 1 < ARRAY_SIZE(rows))
			close_all();
	}
}

/* A reload while an action is in flight: it is reported under the name of its policy, and nothing of the old policies follows. */
static void test_reloaded(void **state)
{
	(void)state;
	open_with(RULE("enforce", "large", "{term: 10m}, kill"));
	policy_driver_host(fake.policy_driver);
	assert_int_equal(in_use(), 1);
	assert_null(fake.policy_driver->actions.action[0]
			    .action.policy); /* what a reload unmaps is not held on to */
	assert_null(fake.policy_driver->actions.action[0].action.spec);
	policy_driver_rules(fake.policy_driver, sealed(RULE("observe", "other", "kill")));
	assert_int_equal(fake_config.mode, MODE_OBSERVE);
	until_emitted(1);
	expect_action(0, HR_ACTION_TERM, HR_STATUS_DONE, 0, "large");
	for (int i = 0; i < 10; i++)
		step();
	assert_int_equal(actions(), 1);
	assert_true(child_alive(child[0]));

	/* bad rules change nothing */
	policy_driver_rules(fake.policy_driver, open("/dev/null", O_RDONLY | O_CLOEXEC));
	assert_int_equal(policy_driver_policies(fake.policy_driver)->policies, 1);
	assert_string_equal(policy_text(fake.policy_driver->rules.set,
					policy_at(fake.policy_driver->rules.set, 0)->name),
			    "other");
	assert_int_equal(board_header(fake.board)->last_seq > began_seq, 1);
	policy_driver_rules(fake.policy_driver, sealed(RULE("enforce", "third", "kill")));
	step();
	child_killed(child[0]);
	child[0] = 0;
	put("box", "cgroup.procs", "");
	put("box", "memory.current", "4096\n");
	until_emitted(2);
	expect_action(1, HR_ACTION_KILL, HR_STATUS_DONE, 0, "third");
}

/* What was ordered and not yet sent when other rules come goes out as it was ordered. */
static void test_reloaded_before(void **state)
{
	struct action action = {.step = 1,
				.steps = 1,
				.kind = HR_ACTION_KILL,
				.mode = MODE_ENFORCE,
				.policy_name = "large",
				.target = {.leader_start_ns = HR_UNKNOWN}};

	(void)state;
	open_with(RULE("observe", "large", "kill"));
	action.target.memcg_id = fake.containers.tracks.track[0].memcg_id;
	action.policy = policy_at(fake.policy_driver->rules.set, 0);
	action.spec = &action.policy->action[0];
	assert_non_null(action_new(&fake.policy_driver->actions, &action));
	fake.policy_driver->actions.fresh = true;
	policy_driver_rules(fake.policy_driver, sealed(RULE("observe", "other", "notify")));
	child_killed(child[0]);
	child[0] = 0;
	put("box", "cgroup.procs", "");
	put("box", "memory.current", "4096\n");
	until_emitted(1);
	expect_action(0, HR_ACTION_KILL, HR_STATUS_DONE, 0, "large");
}

/* The target vanishes at each step: the action in flight is reported, and the next one does not come. */
static void test_vanishes(void **state)
{
	(void)state;
	for (unsigned int at = 0; at <= 2; at++) {
		unsigned int emitted;

		open_with(RULE("enforce", "large", "notify, {term: 1s}, kill"));
		if (at) {
			policy_driver_host(
				fake.policy_driver); /* the notice is told, SIGTERM under way … */
			assert_int_equal(actions(), 1);
			assert_int_equal(in_use(), 1);
		}
		if (at > 1)
			until_emitted(2); /* … and sent */
		fake.containers.tracks.track[0].gone_ns = clock_mono_ns();
		policy_driver_gone(fake.policy_driver, &fake.containers.tracks.track[0]);
		emitted = at ? 2 : 0;
		until_emitted(emitted);
		for (int i = 0; i < 10; i++)
			step();
		policy_driver_host(fake.policy_driver);
		assert_int_equal(engine_deadline(fake.policy_driver->engine),
				 0); /* nothing is awaited any more */
		assert_int_equal(actions(), emitted);
		assert_true(child_alive(child[0]));
		fake.containers.tracks.track[0].gone_ns = 0;
		if (at < 2)
			close_all();
	}
}

/* What comes next stands on the board, and goes with the rule. */
static void test_next(void **state)
{
	(void)state;
	open_with(
		"mode: enforce\nrate_limit: none\npolicies:\n- name: later\n  match: {name: '*'}\n"
		"  when: {some_avg10: 40, for: 1h}\n  actions: [kill]\n");
	policy_driver_host(fake.policy_driver);
	assert_int_equal(board_slot(fake.board, 0)->forecast.next_action, HR_ACTION_KILL);
	assert_true(board_slot(fake.board, 0)->next_policy.at);
	policy_driver_rules(fake.policy_driver, sealed("mode: enforce\n"));
	policy_driver_host(fake.policy_driver);
	assert_int_equal(board_slot(fake.board, 0)->forecast.next_action, HR_ACTION_NONE);
	assert_false(board_slot(fake.board, 0)->next_policy.at);
	assert_int_equal(actions(), 0);
}

static void test_wants_tasks(void **state)
{
#define OUTSIDE(mode, own)                                                                        \
	"mode: " mode "\npolicies:\n- name: p\n  match: {process: 'x*', scope: host_processes}\n" \
	"  mode: " own "\n  when: {rss: 1GiB}\n  actions: [kill]\n"
	static const struct {
		const char *rules;
		bool wants;
	} rows[] = {
		{RULE("enforce", "large", "kill"), false}, {OUTSIDE("enforce", "enforce"), true},
		{OUTSIDE("dry-run", "enforce"), true},     {OUTSIDE("observe", "enforce"), false},
		{OUTSIDE("enforce", "observe"), false},
	};

	(void)state;
	open_with("mode: observe\n");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		policy_driver_rules(fake.policy_driver, sealed(rows[i].rules));
		if (policy_driver_wants_processes(fake.policy_driver, 0) != rows[i].wants)
			fail_msg("row %zu", i);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_done, end),
		cmocka_unit_test_teardown(test_in_order, end),
		cmocka_unit_test_teardown(test_recreated, end),
		cmocka_unit_test_teardown(test_slot_of_another, end),
		cmocka_unit_test_teardown(test_reloaded, end),
		cmocka_unit_test_teardown(test_reloaded_before, end),
		cmocka_unit_test_teardown(test_vanishes, end),
		cmocka_unit_test_teardown(test_next, end),
		cmocka_unit_test_teardown(test_wants_tasks, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
