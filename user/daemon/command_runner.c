// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The words of a command are passed on unchanged: neither this file nor a shell parses them. */
#include "command_runner.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/utf8_clean.h"

#define WORDS_MOST  32
#define EXEC_FAILED 127

void commands_init(struct commands *commands)
{
	for (int i = 0; i < COMMANDS_MOST; i++)
		commands->command[i] = (struct command){.pidfd = -1};
}

/* The words as a vector into `text`; false if the message is malformed. */
static bool words_of(const struct daemon_message *asked, const char *argv[WORDS_MOST + 1])
{
	const char *at = asked->text, *end = asked->text + asked->bytes;

	if (!asked->argc || asked->argc > WORDS_MOST || !asked->bytes ||
	    asked->bytes > MESSAGE_TEXT || end[-1])
		return false;
	for (uint32_t i = 0; i < asked->argc; i++, at += strlen(at) + 1) {
		if (at >= end)
			return false;
		argv[i] = at;
	}
	argv[asked->argc] = NULL;
	return at == end && *argv[0];
}

static void display_words(const char *const *argv, char *to, size_t bytes)
{
	char clean[64];
	size_t n = 0;

	to[0] = '\0';
	for (; *argv && n < bytes; argv++) {
		text_clean(*argv, strlen(*argv), clean, sizeof(clean));
		n += (size_t)snprintf(to + n, bytes - n, "%s%s", n ? " " : "", clean);
	}
}

static void become(const char *const *argv)
{
	static char *const environment[] = {
		(char *)"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		(char *)"HOME=/", (char *)"LANG=C", NULL};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;

	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (null >= 0)
		dup2(null, STDIN_FILENO);
	dup2(STDERR_FILENO, STDOUT_FILENO); /* to the log */
	execvpe(argv[0], (char *const *)argv, environment);
	_exit(EXEC_FAILED);
}

int commands_run(struct commands *commands, const struct daemon_message *asked,
		 struct supervisor_message *ret_failed)
{
	const char *argv[WORDS_MOST + 1];
	struct command *place = NULL;
	pid_t pid = 0;
	int err = 0;

	memset(ret_failed, 0, sizeof(*ret_failed));
	ret_failed->type = MESSAGE_RAN;
	ret_failed->tag = asked->tag;
	for (int i = 0; i < COMMANDS_MOST && !place; i++)
		if (!commands->command[i].pid)
			place = &commands->command[i];
	if (!words_of(asked, argv))
		err = EINVAL;
	else
		display_words(argv, ret_failed->text, sizeof(ret_failed->text));
	if (!err && !place)
		err = EAGAIN;
	if (!err)
		pid = fork();
	if (pid < 0)
		err = errno;
	ret_failed->error = err;
	if (err)
		return -err;
	if (pid == 0)
		become(argv);
	setpgid(pid, pid); /* in both processes, since either may run first */
	*place = (struct command){.pid = pid,
				  .pidfd = (int)syscall(SYS_pidfd_open, pid, 0),
				  .tag = asked->tag,
				  .began_ns = clock_mono_ns()};
	display_words(argv, place->words, sizeof(place->words));
	log_info("running: %s", place->words);
	return 0;
}

bool commands_ended(struct commands *commands, int i, struct supervisor_message *ret_answer)
{
	struct command *command = &commands->command[i];
	int status = 0;

	if (!command->pid || waitpid(command->pid, &status, WNOHANG) != command->pid)
		return false;
	memset(ret_answer, 0, sizeof(*ret_answer));
	ret_answer->type = MESSAGE_RAN;
	ret_answer->tag = command->tag;
	ret_answer->status = status;
	ret_answer->error = command->late                                             ? ETIMEDOUT
			    : WIFEXITED(status) && WEXITSTATUS(status) == EXEC_FAILED ? ENOENT
										      : 0;
	ret_answer->took_ms = (clock_mono_ns() - command->began_ns) / NS_PER_MS;
	snprintf(ret_answer->text, sizeof(ret_answer->text), "%s", command->words);
	if (command->pidfd >= 0)
		close(command->pidfd);
	*command = (struct command){.pidfd = -1};
	return true;
}

int commands_expire(struct commands *commands, uint64_t now_ns)
{
	int next = -1;

	for (int i = 0; i < COMMANDS_MOST; i++) {
		struct command *command = &commands->command[i];
		uint64_t ms = (now_ns - command->began_ns) / NS_PER_MS;
		int left = ms < COMMAND_MS ? (int)(COMMAND_MS - ms) + 1 : 1000;

		if (!command->pid)
			continue;
		if (ms >= COMMAND_MS) {
			if (!command->late)
				log_error("killed after %d s: %s", COMMAND_MS / 1000,
					  command->words);
			command->late = true;
			kill(-command->pid, SIGKILL);
		}
		if (next < 0 || left < next)
			next = left;
	}
	return next;
}

void commands_stop(struct commands *commands)
{
	for (int i = 0; i < COMMANDS_MOST; i++) {
		struct command *command = &commands->command[i];

		if (command->pid)
			kill(-command->pid, SIGTERM);
		if (command->pidfd >= 0)
			close(command->pidfd);
		*command = (struct command){.pidfd = -1};
	}
}
