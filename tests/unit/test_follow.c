// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Commands that stay: `events --follow` over a growing board, a restarted guard and a reader
 * that goes away; `record` until it is interrupted. Each runs in a child, as a user would have
 * it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "cli/cli.h"
#include "command/signals.h"
#include "fixture_board.h"

#define PATIENCE_MS 20000

static char dir[64], board[96];

struct child {
	pid_t pid;
	int out; /* its stdout and stderr */
	char got[65536];
	size_t n;
};

static int run_command(const struct command *command, int argc, char **argv)
{
	_Alignas(16) char values[CLI_OPTIONS_BYTES] = {0};
	char error[OPTIONS_ERROR];
	int status, n;

	log_name("headroom");
	if (command->defaults)
		memcpy(values, command->defaults, command->options_bytes);
	n = options_parse(command->options, argc, argv, values, error);
	if (n < 0)
		return 99;
	argv[1 + n] = NULL;
	status = command->run(values, argv + 1);
	return cli_flush() ? 98 : status;
}

static void start(struct child *c, const struct command *command, int argc, char **argv)
{
	int fds[2];

	memset(c, 0, sizeof(*c));
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	fflush(NULL);
	c->pid = fork();
	assert_true(c->pid >= 0);
	if (!c->pid) {
		signal(SIGPIPE, SIG_DFL);
		dup2(fds[1], STDOUT_FILENO);
		dup2(fds[1], STDERR_FILENO);
		closefrom(3); /* the guard's lock, above all */
		_exit(run_command(command, argc, argv));
	}
	close(fds[1]);
	c->out = fds[0];
}

/* Reads on until all of it holds `text` `times` times. */
static void wait_for(struct child *c, const char *text, size_t times)
{
	uint64_t until = clock_mono_ns() + PATIENCE_MS * NS_PER_MS;

	for (;;) {
		struct pollfd in = {.fd = c->out, .events = POLLIN};
		size_t seen = 0;
		ssize_t n;

		for (const char *at = c->got; (at = strstr(at, text)); at += strlen(text))
			seen++;
		if (seen >= times)
			return;
		if (clock_mono_ns() > until)
			fail_msg("'%s' did not come %zu times; got:\n%s", text, times, c->got);
		if (poll(&in, 1, 100) <= 0)
			continue;
		n = read(c->out, c->got + c->n, sizeof(c->got) - 1 - c->n);
		if (n <= 0)
			fail_msg("ended before '%s' came; got:\n%s", text, c->got);
		c->n += (size_t)n;
		c->got[c->n] = 0;
	}
}

static int finish(struct child *c, int signal_number)
{
	int status = 0;

	if (signal_number)
		kill(c->pid, signal_number);
	if (c->out >= 0) {
		for (ssize_t n; (n = read(c->out, c->got + c->n, sizeof(c->got) - 1 - c->n)) > 0;)
			c->n += (size_t)n;
		c->got[c->n] = 0;
		close(c->out);
	}
	assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static uint64_t post(struct board *b, const char *words)
{
	struct fixture f = {.board = b, .now_ns = clock_wall_ns()};
	union fixture_event e;
	struct board_text text;

	fixture_event_begin(&f, &e, &text, HR_EVENT_DAEMON, sizeof(e.daemon), NULL);
	e.daemon.text = board_text_add(&text, words, false);
	return fixture_event_post(&f, &e, &text);
}

static struct board *open_board(bool adopt)
{
	struct board_config config = {.path = board, .capacity = 32, .adopt = adopt};
	struct board *b;

	assert_int_equal(board_open(&config, &b, NULL), 0);
	board_heartbeat(b);
	return b;
}

static int set_up(void **state)
{
	strcpy(dir, "/tmp/test-follow.XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(board, sizeof(board), "%s/board", dir);
	return 0;
}

static int tear_down(void **state)
{
	char path[128];

	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s%s", board,
			 (const char *const[]){"", ".lock", ".rec"}[i]);
		unlink(path);
	}
	return rmdir(dir);
}

#define FOLLOW \
	(char *[]) { "events", "--follow", "--board", board, NULL }
#define FOLLOW_JSON \
	(char *[]) { "events", "--follow", "--json", "--board", board, NULL }

static void test_follow(void **state)
{
	struct board *b = open_board(false);
	struct child c;

	post(b, "word one");
	start(&c, &command_events, 4, FOLLOW);
	wait_for(&c, "word one", 1);
	post(b, "word two");
	wait_for(&c, "word two", 1);
	board_heartbeat(b);
	assert_int_equal(board_grow(b, 200), 0);
	post(b, "word three");
	wait_for(&c, "word three", 1);
	assert_int_equal(finish(&c, SIGINT), 0);
	assert_null(strstr(strstr(c.got, "word one") + 1, "word one"));
	assert_null(strstr(strstr(c.got, "word three") + 1, "word three"));
	assert_null(strstr(c.got, "missed"));
	board_close(b);
}

/* A guard that stops and one that comes: on the same board (adopted), then on one of its own. */
static void test_follow_restart(void **state)
{
	struct board *b = open_board(false);
	struct child c;

	post(b, "first guard");
	start(&c, &command_events, 5, FOLLOW_JSON);
	wait_for(&c, "first guard", 1);
	board_close(b);
	wait_for(&c, "daemon silent", 1);
	b = open_board(true);
	post(b, "second guard");
	wait_for(&c, "second guard", 1);
	wait_for(&c, "daemon running again", 1);
	board_close(b);
	wait_for(&c, "daemon silent", 2);
	unlink(board);
	b = open_board(false);
	post(b, "third guard");
	wait_for(&c, "third guard", 1);
	assert_int_equal(finish(&c, SIGTERM), 0);
	assert_null(strstr(strstr(c.got, "first guard") + 1, "first guard"));
	board_close(b);
}

/* The reader of our output goes away: a quiet end, also when nothing more is written. */
static void test_reader_gone(void **state)
{
	struct board *b = open_board(false);
	struct child c;
	int status;

	post(b, "word");
	start(&c, &command_events, 4, FOLLOW);
	wait_for(&c, "word", 1);
	close(c.out);
	c.out = -1;
	status = finish(&c, 0);
	assert_true(status == 0 || status == 1000 + SIGPIPE);
	board_close(b);
}

static void test_record(void **state)
{
	struct board *b = open_board(false);
	struct hr_reader *reader;
	char path[128];
	struct child c;
	size_t frames = 0;
	struct stat st;
	uint64_t until = clock_mono_ns() + PATIENCE_MS * NS_PER_MS;

	snprintf(path, sizeof(path), "%s.rec", board);
	start(&c, &command_record, 6,
	      (char *[]){"record", path, "--interval", "20ms", "--board", board, NULL});
	while (stat(path, &st) || st.st_size < 2000) { /* some frames */
		assert_true(clock_mono_ns() < until);
		board_heartbeat(b);
		poll(NULL, 0, 10);
	}
	assert_int_equal(finish(&c, SIGINT), 0);
	assert_non_null(strstr(c.got, " snapshots, "));
	assert_int_equal(hr_reader_open(path, &reader), 0);
	while (!hr_reader_next_frame(reader))
		frames++;
	assert_int_equal(frames, strtoul(c.got, NULL, 10));
	assert_true(frames > 1);
	hr_reader_close(reader);
	/* what is there is never overwritten, unless asked to go on with it */
	start(&c, &command_record, 4, (char *[]){"record", path, "--board", board, NULL});
	assert_int_equal(finish(&c, 0), CLI_FAILED);
	assert_non_null(strstr(c.got, "--append goes on with it"));
	board_heartbeat(b);
	start(&c, &command_record, 9,
	      (char *[]){"record", path, "--append", "--interval", "1s", "--duration", "10ms",
			 "--board", board, NULL});
	assert_int_equal(finish(&c, 0), CLI_DONE);
	board_close(b);
}

/* Caught twice, as `top` does that starts a guard first: still let in while waiting. */
static void test_signals_twice(void **state)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		signals_catch();
		signals_catch();
		raise(SIGTERM);
		_exit(!signals_caught() && signals_wait(NULL, 0, PATIENCE_MS * NS_PER_MS) < 0 &&
				      signals_caught() == SIGTERM
			      ? 0
			      : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_follow, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_follow_restart, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_reader_gone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_record, set_up, tear_down),
		cmocka_unit_test(test_signals_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
