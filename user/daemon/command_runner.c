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

#define WORDS_MOST   32
#define PRINTED_MOST 8192 /* bytes of what one command prints that are logged */

void commands_init(struct commands *commands)
{
	for (int i = 0; i < COMMANDS_MOST; i++)
		commands->command[i] = (struct command){.pidfd = -1, .out_fd = -1};
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

int commands_run(struct commands *commands, const struct daemon_message *asked,
		 struct supervisor_message *ret_failed)
{
	const char *argv[WORDS_MOST + 1];
	struct command *place = NULL;
	int out[2] = {-1, -1};
	pid_t pid = 0;
	int err = 0;

	memset(ret_failed, 0, sizeof(*ret_failed));
	ret_failed->type = MESSAGE_RAN;
	ret_failed->tag = asked->tag;
	for (int i = 0; i < COMMANDS_MOST && !place; i++)
		if (!commands->command[i].pid)
			place = &commands->command[i];
	if (!words_of(asked, argv) || !*asked->run_as ||
	    !memchr(asked->run_as, 0, sizeof(asked->run_as)))
		err = EINVAL;
	else
		display_words(argv, ret_failed->text, sizeof(ret_failed->text));
	if (!err && !place)
		err = EAGAIN;
	if (!err && pipe2(out, O_CLOEXEC))
		err = errno;
	if (!err)
		pid = fork();
	if (pid < 0)
		err = errno;
	if (!err && pid == 0)
		command_become(argv, asked->run_as, out[1]);
	cleanup_closep(&out[1]);
	if (err)
		cleanup_closep(&out[0]);
	ret_failed->error = err;
	if (err)
		return -err;
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	*place = (struct command){.pid = pid,
				  .pidfd = (int)syscall(SYS_pidfd_open, pid, 0),
				  .out_fd = out[0],
				  .tag = asked->tag,
				  .began_ns = clock_mono_ns()};
	display_words(argv, place->words, sizeof(place->words));
	log_info("running as %s: %s", asked->run_as, place->words);
	return 0;
}

static void log_line(struct command *command)
{
	char clean[sizeof(command->line) * 4];

	text_clean(command->line, command->used, clean, sizeof(clean));
	log_info("%s: %s", command->words, clean);
	command->used = 0;
}

/* What is read beyond the bound is dropped, so that the command does not wait for it. */
static void print(struct command *command, const char *text, size_t n)
{
	uint32_t before = command->printed;

	for (size_t i = 0; i < n; i++) {
		if (command->printed++ >= PRINTED_MOST)
			continue;
		if (text[i] != '\n')
			command->line[command->used++] = text[i];
		if (text[i] == '\n' || command->used == sizeof(command->line))
			log_line(command);
	}
	if (before < PRINTED_MOST && command->printed >= PRINTED_MOST) {
		command->printed = PRINTED_MOST;
		log_info("%s: prints more than %d bytes; the rest is not logged", command->words,
			 PRINTED_MOST);
	}
}

void commands_print(struct commands *commands, int i)
{
	struct command *command = &commands->command[i];
	char text[1024];

	for (int reads = 0; reads < 64; reads++) {
		ssize_t n = read(command->out_fd, text, sizeof(text));

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n > 0) {
			print(command, text, (size_t)n);
			continue;
		}
		if (command->used)
			log_line(command);
		close(take_fd(command->out_fd));
		return;
	}
}

static void release(struct command *command)
{
	cleanup_closep(&command->pidfd);
	cleanup_closep(&command->out_fd);
	*command = (struct command){.pidfd = -1, .out_fd = -1};
}

/* Its process group; the process alone, where it has not made its session yet. */
static void end(const struct command *command, int signal)
{
	if (kill(-command->pid, signal))
		kill(command->pid, signal);
}

bool commands_ended(struct commands *commands, int i, struct supervisor_message *ret_answer)
{
	struct command *command = &commands->command[i];
	int status = 0;

	if (!command->pid || waitpid(command->pid, &status, WNOHANG) != command->pid)
		return false;
	if (command->out_fd >= 0)
		commands_print(commands, i);
	if (command->used)
		log_line(command);
	memset(ret_answer, 0, sizeof(*ret_answer));
	ret_answer->type = MESSAGE_RAN;
	ret_answer->tag = command->tag;
	ret_answer->status = status;
	if (command->late)
		ret_answer->error = ETIMEDOUT;
	else if (WIFEXITED(status) && WEXITSTATUS(status) == COMMAND_NOT_FOUND)
		ret_answer->error = ENOENT;
	else if (WIFEXITED(status) && WEXITSTATUS(status) == COMMAND_NO_USER)
		ret_answer->error = EPERM;
	ret_answer->took_ms = (clock_mono_ns() - command->began_ns) / NS_PER_MS;
	snprintf(ret_answer->text, sizeof(ret_answer->text), "%s", command->words);
	release(command);
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
			end(command, SIGKILL);
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
			end(command, SIGTERM);
		release(command);
	}
}
