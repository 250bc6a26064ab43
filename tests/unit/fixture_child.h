/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Processes of a test's own that do nothing until they are ended; every wait for one's end has a bound, and names the one that does not end. */
#ifndef HEADROOM_FIXTURE_CHILD_H
#define HEADROOM_FIXTURE_CHILD_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "enforce/proc.h"

#define CHILD_PATIENCE_MS \
	20000 /* for what takes a millisecond; sanitizers and a busy machine need more */

/* It answers `signal` by `handler` from its first moment, since that is inherited. 0: no signal in particular. */
static inline pid_t child_start(int sig, void (*handler)(int))
{
	void (*before)(int) = sig ? signal(sig, handler) : SIG_DFL;
	pid_t pid = fork();

	while (!pid)
		pause();
	if (sig)
		signal(sig, before);
	return pid;
}

static inline bool child_alive(pid_t pid) { return waitpid(pid, NULL, WNOHANG) == 0; }

/* Its status; -1: it was waited for before. */
static inline int child_wait(pid_t pid)
{
	_cleanup_close_ int fd = open("/proc", O_RDONLY | O_DIRECTORY);
	struct proc_stat stat = {.state = '?'};
	int status;

	for (int i = 0; i < CHILD_PATIENCE_MS; i++) {
		pid_t r = waitpid(pid, &status, WNOHANG);

		if (r < 0 && errno == ECHILD)
			return -1;
		if (r == pid)
			return status;
		usleep(1000);
	}
	proc_stat(fd, (uint32_t)pid, &stat);
	fail_msg("child %d does not end: state %c", pid, stat.state);
	return -1;
}

/* It was ended by a signal, and no wait has reaped it. */
static inline void child_killed(pid_t pid)
{
	int status = child_wait(pid);

	assert_int_not_equal(status, -1);
	assert_true(WIFSIGNALED(status));
}

/* Whether it lives or not. */
static inline void child_end(pid_t pid)
{
	if (child_alive(pid)) {
		kill(pid, SIGKILL);
		child_wait(pid);
	}
}

#endif
