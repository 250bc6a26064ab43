// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Signals to all that belong together: see hunt.h. */
#include "hunt.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "group.h"

static void closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void hunt_release(struct deed *deed)
{
	for (unsigned i = 0; i < deed->victims; i++)
		closep(&deed->victim[i].fd);
}

void hunt_keep(struct deed *deed, const struct victim *victim)
{
	unsigned at = deed->victims;

	while (at && deed->victim[at - 1].anon < victim->anon)
		at--;
	if (at == VICTIMS) {
		close(victim->fd);
		return;
	}
	if (deed->victims == VICTIMS)
		closep(&deed->victim[--deed->victims].fd);
	memmove(&deed->victim[at + 1], &deed->victim[at],
		(deed->victims - at) * sizeof(*deed->victim));
	deed->victim[at] = *victim;
	deed->victims++;
}

/* One that is meant by itself, or with its job, lives in a cgroup whose owner has a say, too. What is not known is not hit. */
static bool owner_protects(const struct enforce *e, const struct deed *deed, uint32_t pid)
{
	char path[ENFORCE_PATH];

	return !deed->job.path[0] &&
	       proc_group(e->proc_fd, pid, e->config.v1 ? "memory" : "", path, sizeof(path)) &&
	       group_protected_above(e->memory_fd, enforce_below(e, path)) != 0;
}

/* Why this one is spared, or NULL. */
static const char *never(struct hunt *hunt, uint32_t pid, const struct proc_stat *stat)
{
	const struct enforce *e = hunt->worker->enforce;
	struct proc_status status;
	const char *why;

	if (pid == 1)
		return "PID 1";
	if (enforce_spares(e, pid))
		return "headroom itself";
	if (stat->kernel_thread)
		return "a kernel thread";
	if (owner_protects(e, hunt->deed, pid))
		return "protected by the owner of its cgroup";
	if (!hunt->spare_inits && !hunt->spare_deaf)
		return NULL;
	if (proc_status(e->proc_fd, pid, &status) < 0)
		return NULL;
	if (hunt->spare_inits && status.init)
		return "the init of a pid namespace";
	why = hunt->spare_deaf ? proc_discards(&status, hunt->signal) : NULL;
	hunt->deaf += why != NULL;
	return why;
}

int hunt_look(struct hunt *hunt, uint32_t pid, struct victim *ret_victim, const char **ret_why)
{
	int proc_fd = hunt->worker->enforce->proc_fd;
	_cleanup_close_ int fd = proc_open(pid);
	struct proc_memory memory = {0};
	struct proc_stat stat;
	const char *why;
	int r;

	if (fd < 0)
		return fd == -EINVAL ? -ESRCH : fd; /* EINVAL: a thread's number */
	r = proc_stat(proc_fd, pid, &stat);
	if (r < 0)
		return r;
	why = never(hunt, pid, &stat);
	if (why) {
		*ret_why = why;
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

/* ---- who belongs to it */

static int see(uint32_t pid, void *arg)
{
	struct hunt *hunt = arg;

	if (pidset_has(hunt->worker->killed, pid))
		return 0;
	for (unsigned i = 0; i < hunt->n; i++)
		if (hunt->batch[i].pid == pid)
			return 0;
	if (hunt->n == HUNT_BATCH) {
		hunt->more = true;
		return 1;
	}
	hunt->batch[hunt->n++] = (struct victim){.pid = pid, .fd = -1};
	return 0;
}

static int note_listed(uint32_t pid, void *arg)
{
	pidset_add(arg, pid);
	return 0;
}

static bool in_job(const struct hunt *hunt, uint32_t pid)
{
	struct proc_stat stat;

	return !proc_stat(hunt->worker->enforce->proc_fd, pid, &stat) &&
	       stat.pgrp == hunt->deed->job.pgid && stat.state != 'Z' && stat.state != 'X';
}

static int see_entry(const char *name, unsigned char type, void *arg)
{
	uint32_t pid = (uint32_t)strtoul(name, NULL, 10);

	(void)type;
	return name[0] >= '1' && name[0] <= '9' && in_job(arg, pid) ? see(pid, arg) : 0;
}

static int list_container(struct hunt *hunt) { return group_pids(hunt->deed->dir_fd, see, hunt); }

static int list_job(struct hunt *hunt)
{
	return group_entries(hunt->worker->enforce->proc_fd, see_entry, hunt);
}

/* Their pidfds are open: who is listed now and was listed before is the same process. */
static void confirm_container(struct hunt *hunt)
{
	struct pidset *listed = hunt->worker->listed;

	pidset_clear(listed);
	group_pids(hunt->deed->dir_fd, note_listed, listed);
	for (unsigned i = 0; i < hunt->n; i++)
		if (!pidset_has(listed, hunt->batch[i].pid) && listed->n < PIDSET / 2)
			closep(&hunt->batch[i].fd);
}

static void confirm_job(struct hunt *hunt)
{
	for (unsigned i = 0; i < hunt->n; i++)
		if (!in_job(hunt, hunt->batch[i].pid))
			closep(&hunt->batch[i].fd);
}

int hunt_check_job(struct hunt *hunt)
{
	const struct enforce_job *job = &hunt->deed->job;
	int proc_fd = hunt->worker->enforce->proc_fd;
	struct proc_stat stat;
	int r;

	if (job->leader_start_ns != HR_UNKNOWN) {
		r = proc_stat(proc_fd, job->pgid, &stat);
		if (r < 0)
			return r;
		return stat.start_ticks == proc_ticks(job->leader_start_ns) ? 0 : -ESRCH;
	}
	/* the leader is gone; the group is known by the one that was seen in it */
	r = proc_stat(proc_fd, job->pid, &stat);
	if (r < 0)
		return r;
	return stat.start_ticks == proc_ticks(job->start_boottime_ns) && stat.pgrp == job->pgid
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

/* A full set forgets: who is signalled twice is none the worse. */
static void remember(struct pidset *killed, uint32_t pid)
{
	if (!pidset_add(killed, pid) && killed->n >= PIDSET / 2) {
		pidset_clear(killed);
		pidset_add(killed, pid);
	}
}

/* The last error that is more than "gone" or "spared"; 0. */
static int look_all(struct hunt *hunt)
{
	int error = 0;

	for (unsigned i = 0; i < hunt->n; i++) {
		struct victim *v = &hunt->batch[i];
		uint32_t pid = v->pid;
		int r = hunt_look(hunt, pid, v, &hunt->spared_why);

		if (!r)
			continue;
		*v = (struct victim){.pid = pid, .fd = -1};
		if (r == -EPERM) {
			hunt->spared++;
			remember(hunt->worker->killed, pid);
		} else if (r != -ESRCH) {
			error = r;
		}
	}
	return error;
}

/* 1: it has its signal, and is kept among the largest. 0: it is gone. -errno. */
static int signal_one(struct hunt *hunt, struct victim *v)
{
	int r = proc_signal(v->fd, hunt->signal);

	remember(hunt->worker->killed, v->pid);
	if (r < 0) {
		closep(&v->fd);
		return r == -ESRCH ? 0 : r;
	}
	hunt->signalled++;
	hunt->fresh += v->start_ticks >= hunt->since_ticks;
	hunt->deed->anon += v->anon;
	hunt_keep(hunt->deed, v);
	return 1;
}

void hunt_first(struct hunt *hunt, uint32_t pid)
{
	const char *why;
	struct victim v;

	if (hunt_look(hunt, pid, &v, &why) < 0)
		return;
	if (in_job(hunt, pid))
		signal_one(hunt, &v);
	else
		close(v.fd);
}

int hunt_batch(struct hunt *hunt)
{
	bool container = hunt->deed->dir_fd >= 0;
	unsigned signalled = 0, spared = hunt->spared;
	int r, error;

	hunt->n = 0;
	hunt->more = false;
	r = container ? list_container(hunt) : list_job(hunt);
	if (r < 0)
		return r;
	error = look_all(hunt);
	if (container)
		confirm_container(hunt);
	else
		confirm_job(hunt);
	sort(hunt->batch, hunt->n);
	for (unsigned i = 0; i < hunt->n; i++) {
		if (hunt->batch[i].fd < 0)
			continue;
		r = signal_one(hunt, &hunt->batch[i]);
		if (r < 0)
			error = r;
		else
			signalled += (unsigned)r;
	}
	return signalled || !error ? (int)(hunt->n - (hunt->spared - spared)) : error;
}
