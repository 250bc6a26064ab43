// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Finds processes that are exiting, and gives them CPU time. The memory of such a process belongs to no process any more
 * (exit_mm(), and process_mrelease() returns ESRCH), but only the process itself frees it, page by page; without CPU time
 * that lasts. Some kernel after 6.18 (seen on 7.3) omits it from cgroup.procs as well, so /proc is searched. Sends no signal.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cgroup/cgroup_dir.h"
#include "cgroup/pid_cgroup.h"
#include "signal_sweep.h"

#define HURRY_MOST 256 /* threads of one process: only the last to exit frees the memory */
#define NICEST     (-20)
#define REAL_TIME  1 /* the lowest real-time priority, as the killers have */

struct search {
	struct signal_sweep *sweep;
	const char *controller;
	unsigned found;
};

/* Its pidfd is open: if it has not ended by now, what was read from /proc is about the same process. */
static bool belongs(const struct search *search, uint32_t pid, int pidfd,
		    struct proc_stat *ret_stat)
{
	const struct enforce *e = search->sweep->worker->enforce;
	char path[ENFORCE_PATH];

	return !proc_stat(e->proc_fd, pid, ret_stat) && ret_stat->exiting &&
	       !pid_cgroup(e->proc_fd, pid, search->controller, path, sizeof(path)) &&
	       cgroup_path_is_below(path, search->sweep->running->path) && !proc_ended(pidfd);
}

static int see_process(const struct dir_entry *entry, void *arg)
{
	struct search *search = arg;
	struct enforce *e = search->sweep->worker->enforce;
	uint32_t pid = (uint32_t)strtoul(entry->name, NULL, 10);
	_cleanup_close_ int fd = -1;
	struct victim victim = {.pid = pid, .ending = true};
	struct proc_stat stat;

	if (entry->name[0] < '1' || entry->name[0] > '9' || pid == 1 || enforce_is_exempt(e, pid) ||
	    proc_stat(e->proc_fd, pid, &stat) < 0 || !stat.exiting || stat.kernel_thread)
		return 0;
	fd = proc_open(pid);
	if (fd < 0 || !belongs(search, pid, fd, &stat))
		return 0;
	victim.start_ticks = stat.start_ticks;
	memcpy(victim.comm, stat.comm, sizeof(victim.comm));
	victim.fd = take_fd(fd);
	signal_sweep_keep(search->sweep->running, &victim);
	search->found++;
	return 0;
}

unsigned exiting_find(struct signal_sweep *sweep)
{
	const struct enforce *e = sweep->worker->enforce;
	struct search search = {.sweep = sweep, .controller = e->config.v1 ? "memory" : ""};

	if (e->pids_ours && sweep->running->path[0])
		dir_list(e->proc_fd, see_process, &search);
	return search.found;
}

struct hurry {
	unsigned n;
	bool most;
};

static int hurry_thread(const struct dir_entry *entry, void *arg)
{
	const struct sched_param real_time = {.sched_priority = REAL_TIME}, none = {0};
	struct hurry *hurry = arg;
	pid_t tid = (pid_t)strtoul(entry->name, NULL, 10);
	int policy = tid > 0 ? sched_getscheduler(tid) : -1;

	if (policy < 0 || hurry->n >= HURRY_MOST)
		return 0;
	hurry->n++;
	if (policy != SCHED_OTHER && policy != SCHED_IDLE && policy != SCHED_BATCH)
		return 0; /* it is scheduled before us anyway */
	if (hurry->most && !sched_setscheduler(tid, SCHED_RR, &real_time))
		return 0;
	if (policy != SCHED_OTHER)
		sched_setscheduler(tid, SCHED_OTHER, &none);
	setpriority(PRIO_PROCESS, (id_t)tid, NICEST);
	return 0;
}

/* The directory was opened while the process was there: it lists only its threads, even if the pid is reused. */
unsigned exiting_hurry(const struct enforce *e, uint32_t pid, int pidfd, bool most)
{
	struct hurry hurry = {.most = most};
	_cleanup_close_ int fd = -1;
	char path[32];

	if (e->no_hurry || !e->pids_ours)
		return 0;
	snprintf(path, sizeof(path), "%u/task", pid);
	fd = openat(e->proc_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && !proc_ended(pidfd))
		dir_list(fd, hurry_thread, &hurry);
	return hurry.n;
}
