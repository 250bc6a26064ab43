// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Signals all processes of a container or a process group: see signal_sweep.h. */
#include "signal_sweep.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cgroup/cgroup_dir.h"
#include "cgroup/pid_cgroup.h"
#include "owner_protect.h"

static void closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void signal_sweep_release(struct running_action *running)
{
	for (unsigned i = 0; i < running->victims; i++)
		closep(&running->victim[i].fd);
}

void signal_sweep_keep(struct running_action *running, const struct victim *victim)
{
	unsigned at = running->victims;

	while (at && running->victim[at - 1].anon < victim->anon)
		at--;
	if (at == VICTIMS) {
		close(victim->fd);
		return;
	}
	if (running->victims == VICTIMS)
		closep(&running->victim[--running->victims].fd);
	memmove(&running->victim[at + 1], &running->victim[at],
		(running->victims - at) * sizeof(*running->victim));
	running->victim[at] = *victim;
	running->victims++;
}

/* A process that is a target by itself, or with its group, is protected by the owner of its cgroup, too. Unknown: protected. */
static bool owner_protects(const struct enforce *e, const struct running_action *running,
			   uint32_t pid)
{
	char path[ENFORCE_PATH];

	return !running->path[0] &&
	       !pid_cgroup(e->proc_fd, pid, e->config.v1 ? "memory" : "", path, sizeof(path)) &&
	       owner_protect_above(e->memory_fd, enforce_below(e, path)) != 0;
}

/* Why this one is spared, or NULL. */
static const char *never(struct signal_sweep *sweep, uint32_t pid, const struct proc_stat *stat)
{
	const struct enforce *e = sweep->worker->enforce;
	struct proc_status status;
	const char *reason;

	if (pid == 1)
		return "PID 1";
	if (enforce_is_exempt(e, pid))
		return "headroom itself";
	if (stat->kernel_thread)
		return "a kernel thread";
	if (owner_protects(e, sweep->running, pid))
		return "protected by the owner of its cgroup";
	if (!sweep->spare_inits && !sweep->spare_discarding)
		return NULL;
	if (proc_status(e->proc_fd, pid, &status) < 0)
		return NULL;
	if (sweep->spare_inits && status.init)
		return "the init of a pid namespace";
	reason = sweep->spare_discarding ? proc_discards(&status, sweep->signal) : NULL;
	sweep->discarding += reason != NULL;
	return reason;
}

int signal_sweep_look(struct signal_sweep *sweep, uint32_t pid, struct victim *ret_victim,
		      const char **ret_reason)
{
	int proc_fd = sweep->worker->enforce->proc_fd;
	_cleanup_close_ int fd = proc_open(pid);
	struct proc_memory memory = {0};
	struct proc_stat stat;
	const char *reason;
	int r;

	if (fd < 0)
		return fd == -EINVAL ? -ESRCH : fd; /* EINVAL: a thread's number */
	r = proc_stat(proc_fd, pid, &stat);
	if (r < 0)
		return r;
	reason = never(sweep, pid, &stat);
	if (reason) {
		*ret_reason = reason;
		return -EPERM;
	}
	proc_memory(proc_fd, pid, &memory);
	*ret_victim = (struct victim){
		.pid = pid,
		.rss = memory.rss,
		.anon = memory.anon,
		.start_ticks = stat.start_ticks,
		.ending = stat.exiting,
	};
	memcpy(ret_victim->comm, stat.comm, sizeof(stat.comm));
	ret_victim->fd = take_fd(fd);
	return 0;
}

/* ---- membership */

static int see(uint32_t pid, void *arg)
{
	struct signal_sweep *sweep = arg;

	if (pidset_has(sweep->worker->killed, pid))
		return 0;
	for (unsigned i = 0; i < sweep->n; i++)
		if (sweep->batch[i].pid == pid)
			return 0;
	if (sweep->n == SIGNAL_SWEEP_BATCH) {
		sweep->more = true;
		return 1;
	}
	sweep->batch[sweep->n++] = (struct victim){.pid = pid, .fd = -1};
	return 0;
}

static int note_listed(uint32_t pid, void *arg)
{
	pidset_add(arg, pid);
	return 0;
}

static bool in_process_group(const struct signal_sweep *sweep, uint32_t pid)
{
	struct proc_stat stat;

	return !proc_stat(sweep->worker->enforce->proc_fd, pid, &stat) &&
	       stat.pgrp == sweep->running->action.target.pgid && stat.state != 'Z' &&
	       stat.state != 'X';
}

static int see_entry(const struct dir_entry *entry, void *arg)
{
	uint32_t pid = (uint32_t)strtoul(entry->name, NULL, 10);

	return entry->name[0] >= '1' && entry->name[0] <= '9' && in_process_group(arg, pid)
		       ? see(pid, arg)
		       : 0;
}

static int list_container(struct signal_sweep *sweep)
{
	return cgroup_pids(sweep->running->dir_fd, see, sweep);
}

static int list_process_group(struct signal_sweep *sweep)
{
	return dir_list(sweep->worker->enforce->proc_fd, see_entry, sweep);
}

/* Their pidfds are open: a pid that is listed now and was listed before is the same process. */
static void confirm_container(struct signal_sweep *sweep)
{
	struct pidset *listed = sweep->worker->listed;

	pidset_clear(listed);
	cgroup_pids(sweep->running->dir_fd, note_listed, listed);
	for (unsigned i = 0; i < sweep->n; i++)
		if (!pidset_has(listed, sweep->batch[i].pid) && listed->n < PIDSET / 2)
			closep(&sweep->batch[i].fd);
}

static void confirm_process_group(struct signal_sweep *sweep)
{
	for (unsigned i = 0; i < sweep->n; i++)
		if (!in_process_group(sweep, sweep->batch[i].pid))
			closep(&sweep->batch[i].fd);
}

int signal_sweep_check_process_group(struct signal_sweep *sweep)
{
	const struct action *action = &sweep->running->action;
	int proc_fd = sweep->worker->enforce->proc_fd;
	struct proc_stat stat;
	int r;

	if (action->target.leader_start_ns != HR_UNKNOWN) {
		r = proc_stat(proc_fd, action->target.pgid, &stat);
		if (r < 0)
			return r;
		return stat.start_ticks == proc_ticks(action->target.leader_start_ns) ? 0 : -ESRCH;
	}
	/* the leader is gone; the process that was seen in the group identifies it */
	r = proc_stat(proc_fd, action->target.pid, &stat);
	if (r < 0)
		return r;
	return stat.start_ticks == proc_ticks(action->target.start_boottime_ns) &&
			       stat.pgrp == action->target.pgid
		       ? 0
		       : -ESRCH;
}

/* ---- one batch */

static int larger_first(const struct victim *a, const struct victim *b)
{
	return a->anon > b->anon ? -1 : a->anon < b->anon;
}

static void sort(struct victim *v, unsigned n) /* by insertion: qsort() may allocate */
{
	for (unsigned i = 1; i < n; i++) {
		struct victim one = v[i];
		unsigned at = i;

		for (; at && larger_first(&one, &v[at - 1]) < 0; at--)
			v[at] = v[at - 1];
		v[at] = one;
	}
}

/* A full set is cleared: a second signal does no harm. */
static void remember(struct pidset *killed, uint32_t pid)
{
	if (!pidset_add(killed, pid) && killed->n >= PIDSET / 2) {
		pidset_clear(killed);
		pidset_add(killed, pid);
	}
}

/* The last error other than "gone" or "exempt"; 0. */
static int look_all(struct signal_sweep *sweep)
{
	int error = 0;

	for (unsigned i = 0; i < sweep->n; i++) {
		struct victim *v = &sweep->batch[i];
		uint32_t pid = v->pid;
		int r = signal_sweep_look(sweep, pid, v, &sweep->exempt_reason);

		if (!r)
			continue;
		*v = (struct victim){.pid = pid, .fd = -1};
		if (r == -EPERM) {
			sweep->exempt++;
			remember(sweep->worker->killed, pid);
		} else if (r != -ESRCH) {
			error = r;
		}
	}
	return error;
}

/* 1: it is signalled, and kept among the largest. 0: it is gone. -errno. */
static int signal_one(struct signal_sweep *sweep, struct victim *v)
{
	int r = proc_signal(v->fd, sweep->signal);

	remember(sweep->worker->killed, v->pid);
	if (r < 0) {
		closep(&v->fd);
		return r == -ESRCH ? 0 : r;
	}
	sweep->signalled++;
	sweep->fresh += v->start_ticks >= sweep->since_ticks;
	sweep->running->anon += v->anon;
	signal_sweep_keep(sweep->running, v);
	return 1;
}

void signal_sweep_first(struct signal_sweep *sweep, uint32_t pid)
{
	const char *reason;
	struct victim v;

	if (signal_sweep_look(sweep, pid, &v, &reason) < 0)
		return;
	if (in_process_group(sweep, pid))
		signal_one(sweep, &v);
	else
		close(v.fd);
}

int signal_sweep_batch(struct signal_sweep *sweep)
{
	bool container = sweep->running->dir_fd >= 0;
	unsigned signalled = 0, exempt = sweep->exempt;
	int r, error;

	sweep->n = 0;
	sweep->more = false;
	r = container ? list_container(sweep) : list_process_group(sweep);
	if (r < 0)
		return r;
	error = look_all(sweep);
	if (container)
		confirm_container(sweep);
	else
		confirm_process_group(sweep);
	sort(sweep->batch, sweep->n);
	for (unsigned i = 0; i < sweep->n; i++) {
		if (sweep->batch[i].fd < 0)
			continue;
		r = signal_one(sweep, &sweep->batch[i]);
		if (r < 0)
			error = r;
		else
			signalled += (unsigned)r;
	}
	return signalled || !error ? (int)(sweep->n - (sweep->exempt - exempt)) : error;
}
