// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * In the guard, whose supervisor has died: a new one by exec, with the wires and the rules in its hands. Forks, and so
 * belongs to the rare moments; it is no part of any emergency.
 */
#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"

#define ARGUMENTS_MOST 256	/* passed on */

static char **saved_argv;

void supervisor_set_argv(char **argv)
{
	saved_argv = argv;
}

static void keep_over_exec(int fd)
{
	if (fd >= 0)
		fcntl(fd, F_SETFD, 0);
}

int supervisor_respawn(const struct guard_wires *wires, int rules_fd)
{
	_cleanup_close_ int ours = -1, theirs = -1;
	char words[96];
	char *argv[ARGUMENTS_MOST + 3];
	size_t n = 0;
	pid_t pid;
	int err = supervisor_pair(&ours, &theirs);

	if (err)
		return err;
	snprintf(words, sizeof(words), SUPERVISOR_WORDS, getpid(), wires->resolver_pid,
		 wires->resolver_guard, wires->resolver_resolver, theirs, rules_fd);
	argv[n++] = saved_argv[0];
	argv[n++] = SUPERVISOR_ADOPT;
	argv[n++] = words;
	for (size_t i = 1; saved_argv[i] && n < ARGUMENTS_MOST; i++) {
		if (!strcmp(saved_argv[i], SUPERVISOR_ADOPT)) {
			i++;		/* and its word */
			continue;
		}
		argv[n++] = saved_argv[i];
	}
	argv[n] = NULL;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		sigset_t none;

		/* Twice, so that the guard has no child to wait for. */
		if (fork() != 0)
			_exit(0);
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		keep_over_exec(wires->resolver_guard);
		keep_over_exec(wires->resolver_resolver);
		keep_over_exec(theirs);
		keep_over_exec(rules_fd);
		execv("/proc/self/exe", argv);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
	return take_fd(ours);
}
