// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "child.h"

#include <errno.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

#define PAUSE_FIRST_NS (50 * NS_PER_MS)

uint64_t child_pause_ns(unsigned int falls, uint64_t most_ns)
{
	uint64_t pause = PAUSE_FIRST_NS;

	for (unsigned int i = 1; i < falls && pause < most_ns; i++)
		pause *= 2;
	return pause < most_ns ? pause : most_ns;
}

int child_pidfd(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	return fd < 0 ? -errno : fd;
}

void child_watch(struct child *child, pid_t pid)
{
	child->pid = pid;
	child->pidfd = child_pidfd(pid);
	child->started_ns = clock_mono_ns();
	child->restart_ns = 0;
}

void child_adopt(struct child *child, pid_t pid)
{
	if (pid > 0)
		child_watch(child, pid);
	if (child->pidfd >= 0)
		return;
	child->pid = 0;
	child->restart_ns = clock_mono_ns();
}

int child_kill(const struct child *child, int sig)
{
	return syscall(SYS_pidfd_send_signal, child->pidfd, sig, NULL, 0) ? -errno : 0;
}

int child_reap(const struct child *child)
{
	int status;

	return waitpid(child->pid, &status, WNOHANG) == child->pid ? status : -1;
}
