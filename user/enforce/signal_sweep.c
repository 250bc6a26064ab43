// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Signals all processes of a container or a process group: see signal_sweep.h. */
#include "signal_sweep.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cgroup/cgroup_dir.h"
#include "cgroup/pid_cgroup.h"
#include "cgroup/process_place.h"
#include "cgroup/root_names.h"
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

/* A process that is a target by itself, or with its group, is protected by an attribute of its cgroup, too. Unknown: protected. */
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
		return "a process that an attribute of its cgroup protects";
	reason = sweep->spare_paused ? paused_reason(e, pid, stat->state) : NULL;
	sweep->paused += reason != NULL;
	if (reason || (!sweep->spare_inits && !sweep->spare_discarding))
		return reason;
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
	if (r == -ESRCH && sweep->worker->enforce->hidden && !proc_ended(fd))
		r = -EPERM; /* it is there, and /proc does not show it */
	sweep->unseen |= r == -EPERM;
	if (r < 0)
		return r;
	reason = never(sweep, pid, &stat);
	if (reason) {
		*ret_reason = reason;
		return SIGNAL_SWEEP_NEVER;
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

const char *signal_sweep_refusal(const struct signal_sweep *sweep, int error,
				 char text[REFUSAL_TEXT])
{
	const char *hidden = sweep->worker->enforce->hidden;
	char cause[REFUSAL_TEXT];

	if (!sweep->unseen || !hidden)
		hidden = refusal_text(error, cause);
	snprintf(text, REFUSAL_TEXT, "%s%.150s", *hidden ? ": " : "", hidden);
	return text;
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

/* What its cgroup says, by the names that root chose now. A path that is too long to be read is a user's. */
static struct process_place place_of(const struct enforce *e, uint32_t pid)
{
	struct root_names names;
	char path[PATH_MAX];
	const char *at;
	size_t n = 0;

	if (pid_cgroup(e->proc_fd, pid, e->config.v1 ? "memory" : "", path, sizeof(path)) < 0)
		return (struct process_place){0};
	at = enforce_below(e, path);
	if (root_names_read(e->memory_fd, at, geteuid(), &names) < 0)
		return (struct process_place){0};
	for (unsigned i = 0; i < names.chosen; i++) {
		n += strspn(at + n, "/");
		n += strcspn(at + n, "/");
	}
	return process_place_of(at, n);
}

/* Which user a process is of, as BPF has it (bpf/sweep_task.bpf.c, user_of()): within a user namespace its owner, whatever
 * uid it has there; and in which place. */
static bool of_user(const struct enforce *e, uint32_t pid, uint32_t user, uint32_t unit)
{
	struct process_place place;
	uint32_t uid;

	if (proc_user(e->proc_fd, pid, &uid) || !uid)
		return false;
	place = place_of(e, pid);
	return process_place_user(&place, uid) == user && place.unit == unit;
}

/* A path that is too long to be read is no container's. */
static bool in_cgroup(const struct enforce *e, uint32_t pid, const uint64_t *ids, unsigned n)
{
	char path[PATH_MAX];
	const char *name;
	uint64_t id;
	int r = pid_cgroup(e->proc_fd, pid, e->config.v1 ? "memory" : "", path, sizeof(path));

	if (r == -ENAMETOOLONG)
		return true;
	if (r < 0)
		return false;
	name = enforce_below(e, path);
	if (cgroup_id(e->memory_fd, name + (*name == '/'), &id) < 0)
		return false;
	for (unsigned i = 0; i < n; i++)
		if (ids[i] == id)
			return true;
	return false;
}

static bool is_spared(const struct process_members *members, uint32_t pid)
{
	for (unsigned i = 0; i < members->n_spared; i++)
		if (members->spared[i] == pid)
			return true;
	return false;
}

static bool is_named(const struct process_members *members, const char comm[PROC_COMM])
{
	for (unsigned i = 0; i < members->n_names; i++)
		if (!strncmp(members->name[i], comm, PROC_COMM))
			return true;
	return !members->n_names;
}

static bool is_member(const struct signal_sweep *sweep, uint32_t pid)
{
	const struct enforce *e = sweep->worker->enforce;
	const struct action_target *target = &sweep->running->action.target;
	const struct process_members *members = &target->members;
	struct proc_stat stat;

	if (is_spared(members, pid) || proc_stat(e->proc_fd, pid, &stat) < 0 || stat.dead ||
	    stat.kernel_thread || !is_named(members, stat.comm))
		return false;
	if (members->of == PROCESSES_OF_GROUP     ? stat.pgrp != target->pgid
	    : members->of == PROCESSES_OF_SESSION ? stat.session != target->pgid
	    : members->of == PROCESSES_OF_USER    ? !of_user(e, pid, target->pgid, members->unit)
						  : !in_cgroup(e, pid, &target->memcg_id, 1))
		return false;
	return !members->n_cgroups || in_cgroup(e, pid, members->cgroup, members->n_cgroups);
}

static int see_entry(const struct dir_entry *entry, void *arg)
{
	uint32_t pid = (uint32_t)strtoul(entry->name, NULL, 10);

	return entry->name[0] >= '1' && entry->name[0] <= '9' &&
			       !pidset_has(((struct signal_sweep *)arg)->worker->killed, pid) &&
			       is_member(arg, pid)
		       ? see(pid, arg)
		       : 0;
}

static int list_container(struct signal_sweep *sweep)
{
	return cgroup_pids_until(sweep->running->dir_fd, see, sweep, sweep->list_until_ns);
}

static int list_members(struct signal_sweep *sweep)
{
	return dir_list(sweep->worker->enforce->proc_fd, see_entry, sweep);
}

static bool below_container(const struct signal_sweep *sweep, uint32_t pid)
{
	const struct enforce *e = sweep->worker->enforce;
	char path[PATH_MAX];

	return !pid_cgroup(e->proc_fd, pid, e->config.v1 ? "memory" : "", path, sizeof(path)) &&
	       cgroup_path_is_below(path, sweep->running->path);
}

/* Their pidfds are open: a pid that is listed now and was listed before is the same process. Where the list has failed, or is
 * longer than a set, the process itself says where it is. */
static void confirm_container(struct signal_sweep *sweep)
{
	struct pidset *listed = sweep->worker->listed;
	int r;

	pidset_clear(listed);
	r = cgroup_pids_until(sweep->running->dir_fd, note_listed, listed, sweep->list_until_ns);
	for (unsigned i = 0; i < sweep->n; i++)
		if (!pidset_has(listed, sweep->batch[i].pid) &&
		    ((r >= 0 && listed->n < PIDSET / 2) ||
		     !below_container(sweep, sweep->batch[i].pid)))
			closep(&sweep->batch[i].fd);
}

static void confirm_members(struct signal_sweep *sweep)
{
	for (unsigned i = 0; i < sweep->n; i++)
		if (!is_member(sweep, sweep->batch[i].pid))
			closep(&sweep->batch[i].fd);
}

static bool is_target_pid(const struct action_target *target, const struct proc_stat *stat)
{
	return stat->start_ticks == proc_ticks(target->start_boottime_ns);
}

int signal_sweep_check_process_group(struct signal_sweep *sweep)
{
	const struct action_target *target = &sweep->running->action.target;
	int proc_fd = sweep->worker->enforce->proc_fd;
	struct proc_stat stat;
	int r;

	if (target->members.of != PROCESSES_OF_GROUP)
		return 0; /* a session's number may be reused, but its leader's start is in no target */
	if (target->leader_start_ns != HR_UNKNOWN) {
		r = proc_stat(proc_fd, target->pgid, &stat);
		if (r < 0)
			return r;
		return stat.start_ticks == proc_ticks(target->leader_start_ns) ? 0 : -ESRCH;
	}
	/* the leader is gone; the process that was seen in the group identifies it */
	r = proc_stat(proc_fd, target->pid, &stat);
	if (r < 0)
		return r;
	return is_target_pid(target, &stat) && stat.pgrp == target->pgid ? 0 : -ESRCH;
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
		if (r == SIGNAL_SWEEP_NEVER) {
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
		if (r == -ESRCH)
			return 0;
		sweep->refused++;
		sweep->refusal = -r;
		return r;
	}
	sweep->signalled++;
	sweep->fresh += v->start_ticks >= sweep->since_ticks;
	sweep->earlier += v->start_ticks < sweep->begun_ticks;
	sweep->running->anon += v->anon;
	signal_sweep_keep(sweep->running, v);
	return 1;
}

/* Whatever group it has joined since. It can't leave its user; the service that it is in may not have been known when it was chosen. */
bool signal_sweep_first(struct signal_sweep *sweep)
{
	const struct action_target *target = &sweep->running->action.target;
	const char *reason;
	struct victim v;

	if (!target->pid || is_spared(&target->members, target->pid) ||
	    (target->members.of == PROCESSES_OF_USER && !is_member(sweep, target->pid)) ||
	    signal_sweep_look(sweep, target->pid, &v, &reason) < 0)
		return false;
	if (v.start_ticks == proc_ticks(target->start_boottime_ns))
		return signal_one(sweep, &v) > 0;
	close(v.fd);
	return false;
}

int signal_sweep_batch(struct signal_sweep *sweep)
{
	bool container = sweep->running->dir_fd >= 0;
	unsigned signalled = 0, exempt = sweep->exempt;
	int r, error;

	sweep->n = 0;
	sweep->more = false;
	r = container ? list_container(sweep) : list_members(sweep);
	if (r < 0 && !sweep->n)
		return r;
	sweep->more |= r < 0; /* what was found before the list failed is signalled */
	error = look_all(sweep);
	if (container)
		confirm_container(sweep);
	else
		confirm_members(sweep);
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
