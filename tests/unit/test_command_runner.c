// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Commands of policies, as the supervisor runs them: words as they are, an end that is told, a bound on their number. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "daemon/command_runner.h"

static struct commands commands;
static struct daemon_message asked;
static struct supervisor_message said;

static char user[POLICY_RUN_AS]; /* what commands run as */

/* Words, each with its NUL, as a string literal gives them. */
static int run(uint64_t tag, uint32_t argc, const char *words, uint32_t bytes)
{
	asked = (struct daemon_message){
		.type = MESSAGE_RUN, .argc = argc, .tag = tag, .bytes = bytes};
	snprintf(asked.run_as, sizeof(asked.run_as), "%s", user);
	memcpy(asked.text, words, bytes);
	return commands_run(&commands, &asked, &said);
}
#define RUN(tag_, argc_, words_) run(tag_, argc_, words_, sizeof(words_))

static void wait_for(int i)
{
	struct pollfd fd = {.fd = commands.command[i].pidfd, .events = POLLIN};

	assert_int_equal(poll(&fd, 1, 20000), 1);
	assert_true(commands_ended(&commands, i, &said));
}

static int begin(void **state)
{
	commands_init(&commands);
	snprintf(user, sizeof(user), "%u", geteuid());
	return 0;
}

static void test_words(void **state)
{
	char path[] = "/tmp/test_commands.XXXXXX", got[64] = "", script[128];
	int fd = mkstemp(path), n;

	assert_true(fd >= 0);
	n = snprintf(script, sizeof(script), "sh%c-c%cprintf '%%s|' \"$@\" >%s%c-%ca b%c$(x)%c", 0,
		     0, path, 0, 0, 0, 0);
	assert_int_equal(run(9, 6, script, (uint32_t)n), 0);
	wait_for(0);
	assert_int_equal(said.type, MESSAGE_RAN);
	assert_int_equal(said.tag, 9);
	assert_int_equal(said.error, 0);
	assert_int_equal(said.status, 0);
	assert_true(read(fd, got, sizeof(got) - 1) > 0);
	assert_string_equal(got, "a b|$(x)|");
	close(fd);
	unlink(path);
}

static void test_ends(void **state)
{
	assert_int_equal(RUN(1, 3, "sh\0-c\0exit 3"), 0);
	wait_for(0);
	assert_int_equal(WEXITSTATUS(said.status), 3);
	assert_string_equal(said.text, "sh -c exit 3");
	assert_int_equal(RUN(2, 3, "sh\0-c\0kill -9 $$"), 0);
	wait_for(0);
	assert_true(WIFSIGNALED(said.status));
	assert_int_equal(RUN(3, 1, "/nonexistent/command"), 0);
	wait_for(0);
	assert_int_equal(said.error, ENOENT);
}

static void test_bad_messages(void **state)
{
	static const struct {
		uint32_t argc, bytes;
		const char *words;
	} rows[] = {
		{0, 5, "true"},  {2, 5, "true"}, {1, 4, "true"},    {1, 1, ""},
		{33, 5, "true"}, {1, 0, ""},     {1, 7, "true\0x"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_int_equal(run(4, rows[i].argc, rows[i].words, rows[i].bytes), -EINVAL);
		assert_int_equal(said.error, EINVAL);
		assert_int_equal(said.tag, 4);
	}
}

/* What a command prints of itself, as the test's own stderr gets it. */
static void output_of(const char *script, char *to, size_t bytes)
{
	char words[512], path[] = "/tmp/test_commands.XXXXXX";
	int log = mkstemp(path), stderr_fd = dup(STDERR_FILENO), n;

	n = snprintf(words, sizeof(words), "sh%c-c%c%s%c", 0, 0, script, 0);
	dup2(log, STDERR_FILENO);
	assert_int_equal(run(1, 3, words, (uint32_t)n), 0);
	wait_for(0);
	dup2(stderr_fd, STDERR_FILENO);
	close(stderr_fd);
	lseek(log, 0, SEEK_SET);
	n = (int)read(log, to, bytes - 1);
	to[n > 0 ? n : 0] = 0;
	close(log);
	unlink(path);
}

/* A command inherits nothing that it does not need. */
static void test_inherits(void **state)
{
	static const struct {
		const char *script, *want;
		bool root;
	} rows[] = {
		{"echo fds:$(ls /proc/$$/fd | tr '\n' ' ')", "fds:0 1 2", false},
		{"readlink /proc/$$/fd/0", "/dev/null", false},
		{"echo env:$(env | sed 's/=.*//' | grep -v -e '^_$' -e PWD -e SHLVL | sort | tr "
		 "'\n' ' ')",
		 "env:HOME LANG PATH", false},
		{"echo umask:$(umask)", "umask:0077", false},
		{"pwd", ": /\n", false},
		{"grep NoNewPrivs /proc/$$/status | tr '\t' ' '", "NoNewPrivs: 1", true},
		{"echo sig:$(sed -n 's/^SigIgn:.//p;s/^SigBlk:.//p' /proc/$$/status | tr -d '\n')",
		 "sig:00000000000000000000000000000000", false},
		{"echo tty:$(cut -d' ' -f7 /proc/$$/stat)", "tty:0", false},
		{"cat /proc/$$/oom_score_adj", ": 0\n", false},
		{"echo caps:$(sed -n 's/^CapEff:.//p;s/^CapBnd:.//p;s/^CapInh:.//p' "
		 "/proc/$$/status | tr -d '\n')",
		 "caps:000000000000000000000000000000000000000000000000", true},
		{"echo uid:$(sed -n 's/^[UG]id:.//p' /proc/$$/status | tr '\t\n' ' ')",
		 "uid:60911 60911 60911 60911 60911 60911 60911 60911", true},
		{"echo groups:$(sed -n 's/^Groups:.//p' /proc/$$/status | tr -d ' '):", "groups::",
		 true},
		{"printf '\033[31m'", "\\x1b[31m", false},
	};
	char got[4096];

	(void)fcntl(dup(0), F_SETFD, 0); /* one that a careless opener would have left */
	signal(SIGUSR1, SIG_IGN);
	snprintf(user, sizeof(user), "%u", geteuid() ? geteuid() : 60911);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (rows[i].root && geteuid())
			continue;
		output_of(rows[i].script, got, sizeof(got));
		if (!strstr(got, rows[i].want))
			fail_msg("%s: expected %s in: %s", rows[i].script, rows[i].want, got);
	}
}

static void test_users(void **state)
{
	snprintf(user, sizeof(user), "no-such-user");
	assert_int_equal(RUN(1, 1, "true"), 0);
	wait_for(0);
	assert_int_equal(said.error, EPERM);
	*user = 0;
	assert_int_equal(RUN(1, 1, "true"), -EINVAL);
	snprintf(user, sizeof(user), "%s", POLICY_RUN_AS_DEFAULT);
	assert_int_equal(RUN(1, 3, "sh\0-c\0exit $(($(id -u) == 0))"), 0);
	wait_for(0);
	assert_int_equal(said.error, 0);
	assert_int_equal(WEXITSTATUS(said.status), 0);
}

/* More than a pipe holds: it is not held up, and not all of it is logged. */
static void test_prints_much(void **state)
{
	char got[65536];

	output_of("head -c 40000 /dev/zero | tr '\\0' x", got, sizeof(got));
	assert_int_equal(said.status, 0);
	assert_true(strlen(got) < 16384);
	assert_non_null(strstr(got, "the rest is not logged"));
}

static void test_bounds(void **state)
{
	uint64_t late;

	for (uint64_t i = 0; i < COMMANDS_MOST; i++)
		assert_int_equal(RUN(i, 3, "sh\0-c\0sleep 60 & wait"), 0);
	assert_int_equal(RUN(99, 1, "true"), -EAGAIN);
	assert_int_equal(said.error, EAGAIN);
	assert_false(commands_ended(&commands, 0, &said));
	late = commands.command[0].began_ns + (COMMAND_MS + 1) * 1000000ull;
	for (int i = 1; i < COMMANDS_MOST; i++)
		commands.command[i].began_ns += 10 * 1000000000ull;
	assert_true(commands_expire(&commands, late) > 0);
	wait_for(0); /* the whole group was ended, or its pidfd would not be readable */
	assert_int_equal(said.error, ETIMEDOUT);
	assert_int_equal(RUN(100, 1, "true"), 0);
	wait_for(0);
	commands_stop(&commands);
	assert_int_equal(commands_expire(&commands, late), -1);
	while (waitpid(-1, NULL, 0) > 0)
		;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_words, begin),
		cmocka_unit_test_setup(test_ends, begin),
		cmocka_unit_test_setup(test_bad_messages, begin),
		cmocka_unit_test_setup(test_inherits, begin),
		cmocka_unit_test_setup(test_users, begin),
		cmocka_unit_test_setup(test_prints_much, begin),
		cmocka_unit_test_setup(test_bounds, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
