// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "supervisor_spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "spare.h"
#include "supervisor_socket.h"

#define ARGUMENTS_MOST 256 /* passed on */

static char **saved_argv;

void supervisor_set_argv(char **argv) { saved_argv = argv; }

/* The own command line behind the given option, without earlier ones of the two options. */
static void arguments(const char *option, const char *word, char *argv[ARGUMENTS_MOST + 4])
{
	size_t n = 0;

	argv[n++] = saved_argv[0];
	argv[n++] = (char *)option;
	argv[n++] = (char *)word;
	for (size_t i = 1; saved_argv[i] && n < ARGUMENTS_MOST; i++) {
		if (!strcmp(saved_argv[i], SUPERVISOR_ADOPT) ||
		    !strcmp(saved_argv[i], SUPERVISOR_SUCCEED)) {
			i++; /* and its word */
			continue;
		}
		argv[n++] = saved_argv[i];
	}
	argv[n] = NULL;
}

static void let_signals_in(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void keep_over_exec(int fd)
{
	if (fd >= 0)
		fcntl(fd, F_SETFD, 0);
}

void supervisor_start_adopting(const struct daemon_sockets *sockets, pid_t daemon_pid, int new_end,
			       int rules_fd)
{
	char words[96];
	char *argv[ARGUMENTS_MOST + 4];
	pid_t pid;

	snprintf(words, sizeof(words), SUPERVISOR_WORDS, daemon_pid, sockets->resolver_pid,
		 sockets->resolver_daemon, sockets->resolver_resolver, new_end, rules_fd);
	arguments(SUPERVISOR_ADOPT, words, argv);
	pid = fork();
	if (pid == 0) {
		/* Forks twice: no child to wait for. */
		if (fork() != 0)
			_exit(0);
		let_signals_in();
		keep_over_exec(sockets->resolver_daemon);
		keep_over_exec(sockets->resolver_resolver);
		keep_over_exec(new_end);
		keep_over_exec(rules_fd);
		execv("/proc/self/exe", argv);
		_exit(1);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

int supervisor_respawn(const struct daemon_sockets *sockets, int rules_fd)
{
	_cleanup_close_ int own_end = -1, new_end = -1;
	int err = supervisor_pair(&own_end, &new_end);

	err = err ?: spare_ask(sockets, new_end, rules_fd);
	return err ? err : take_fd(own_end);
}

pid_t supervisor_succeed(void)
{
	static const char gone[] = " (deleted)";
	char path[PATH_MAX], word[16], *argv[ARGUMENTS_MOST + 4];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *end;
	pid_t pid;

	if (n < 0)
		return -errno;
	path[n] = '\0';
	end = path + n - strlen(gone);
	if (end > path && !strcmp(end, gone))
		*end = '\0'; /* another file has this name now: that one is started */
	snprintf(word, sizeof(word), "%d", getpid());
	arguments(SUPERVISOR_SUCCEED, word, argv);
	pid = fork();
	if (pid == 0) {
		let_signals_in();
		execv(path, argv);
		_exit(1);
	}
	return pid < 0 ? -errno : pid;
}
