// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Processes that run no code: their cgroup is frozen (docker pause, systemctl freeze, cgroup.freeze, v1's freezer), or they are
 * stopped. A signal other than SIGKILL would wait for whatever resumes them. SIGKILL ends a stopped process, and one that v2
 * has frozen (kernel/cgroup/freezer.c); v1's freezer holds back even that (kernel/freezer.c, __refrigerator(): it waits
 * uninterruptibly), until the task is thawed or moved to a cgroup that is not frozen (legacy_freezer.c, freezer_attach()).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cgroup/cgroup_dir.h"
#include "cgroup/frozen.h"
#include "signal_sweep.h"

const char *paused_reason(const struct enforce *e, uint32_t pid, char state)
{
	if (state == 'T')
		return "it is stopped (SIGSTOP)";
	if (state == 't')
		return "it is stopped by a debugger";
	return frozen_v1(e->proc_fd, e->freezer_fd, pid) ||
			       frozen_v2(e->proc_fd, e->unified_fd, pid)
		       ? "it is paused (frozen)"
		       : NULL;
}

static bool kill_pending(const struct enforce *e, uint32_t pid)
{
	struct proc_status status;

	return !proc_status(e->proc_fd, pid, &status) && status.killed;
}

static void release(struct signal_sweep *sweep, uint32_t pid)
{
	const struct enforce *e = sweep->worker->enforce;
	char text[16];

	if (!kill_pending(e, pid) || !frozen_v1(e->proc_fd, e->freezer_fd, pid))
		return;
	snprintf(text, sizeof(text), "%u", pid);
	if (!cgroup_write(e->freezer_fd, "cgroup.procs", text))
		sweep->released++;
	else if (kill_pending(e, pid))
		sweep->held++;
}

static int release_one(uint32_t pid, void *arg)
{
	release(arg, pid);
	return 0;
}

void paused_release(struct signal_sweep *sweep)
{
	const struct running_action *running = sweep->running;
	const struct pidset *killed = sweep->worker->killed;

	if (sweep->worker->enforce->freezer_fd < 0 || !sweep->worker->enforce->config.v1)
		return;
	if (running->dir_fd >= 0) {
		cgroup_pids(running->dir_fd, release_one, sweep);
		return;
	}
	for (unsigned i = 0; i < running->victims; i++)
		release(sweep, running->victim[i].pid);
	for (uint32_t i = 0; killed->n && i < PIDSET; i++)
		if (killed->slot[i])
			release(sweep, killed->slot[i]);
}
