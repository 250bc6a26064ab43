// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Assembles struct enforce: start and end of its threads, and the loop's side of the table of running actions. running.c has
 * the threads' side.
 */
#include "enforce.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/cleanup.h"
#include "cgroup/cgroupfs.h"
#include "cgroup/pid_cgroup.h"
#include "enforce_internal.h"
#include "signal_sweep.h"

/* Which threads carry an action out, and how. */
const struct action_type action_types[HR_ACTION_COUNT] = {
	[HR_ACTION_RECLAIM] = {KIND_WRITE, reclaim_run},
	[HR_ACTION_THROTTLE] = {KIND_WRITE, throttle_run},
	[HR_ACTION_RESIZE] = {KIND_WRITE, resize_run},
	[HR_ACTION_TERM] = {KIND_KILL, term_run},
	[HR_ACTION_KILL] = {KIND_KILL, kill_run},
};

static int open_dir(const char *path)
{
	int fd = path[0] ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	return fd < 0 && path[0] ? -errno : fd;
}

static int open_places(struct enforce *e)
{
	_cleanup_free_ struct cgroupfs *fs = calloc(1, sizeof(*fs));
	char proc[ENFORCE_PATH];

	if (!fs)
		return -ENOMEM;
	if (snprintf(proc, sizeof(proc), "%s/proc", e->config.root) >= (int)sizeof(proc) ||
	    strlen(e->config.memory_root) >= sizeof(e->memory_root))
		return -ENAMETOOLONG;
	strcpy(e->memory_root, e->config.memory_root);
	e->memory_fd = open_dir(e->memory_root);
	if (e->memory_fd < 0)
		return e->memory_fd == -1 ? -EINVAL : e->memory_fd;
	e->proc_fd = open_dir(proc);
	if (e->proc_fd < 0)
		return e->proc_fd;
	e->pids_ours = proc_is_ours(e->proc_fd);
	e->hidden = pid_namespace_private()              ? HIDDEN_PROCESSES
		    : proc_hides_from_us(e->config.root) ? HIDDEN_BY_MOUNT
							 : NULL;
	if (!cgroupfs_find(e->config.root, fs) && !strcmp(fs->memory, e->memory_root)) {
		if (strlen(fs->base) < sizeof(e->base))
			strcpy(e->base, fs->base);
		if (e->config.v1 && strlen(fs->freezer) < sizeof(e->freezer_root))
			strcpy(e->freezer_root, fs->freezer);
		e->unified_fd = open_dir(fs->unified);
		if (e->unified_fd < 0)
			e->unified_fd = -1;
	}
	e->freezer_fd = open_dir(e->freezer_root);
	if (e->freezer_fd < 0)
		e->freezer_fd = -1; /* then nothing is frozen */
	return 0;
}

int enforce_open(const struct enforce_config *config, struct enforce **ret_enforce)
{
	struct enforce *e = calloc(1, sizeof(*e));
	int r;

	if (!e)
		return -ENOMEM;
	e->config = *config;
	e->config.root = config->root ? config->root : "";
	e->proc_fd = e->memory_fd = e->freezer_fd = e->unified_fd = -1;
	pss_open(&e->pss,
		 config->root); /* without it anonymous memory decides which is the largest */
	sem_init(&e->wanted[KIND_KILL], 0, 0);
	sem_init(&e->wanted[KIND_WRITE], 0, 0);
	sem_init(&e->watch, 0, 0);
	pthread_mutex_init(&e->setting, NULL);
	e->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	r = e->event_fd < 0 ? -errno : open_places(e);
	if (!r && config->undo_path)
		r = undo_open(config->undo_path, &e->undo);
	if (!r)
		r = settings_init(e);
	if (!r) {
		proc_parents(e->proc_fd, (uint32_t)getpid(), e->exempt + ENFORCE_EXEMPT,
			     EXEMPT - ENFORCE_EXEMPT);
		r = threads_start(e);
	}
	if (r < 0) {
		enforce_close(e);
		return r;
	}
	*ret_enforce = e;
	return 0;
}

void enforce_close(struct enforce *e)
{
	bool all;

	if (!e)
		return;
	__atomic_store_n(&e->stop, true, __ATOMIC_RELEASE);
	for (unsigned i = 0; i < KILLERS + WRITERS; i++) {
		sem_post(&e->wanted[KIND_KILL]);
		sem_post(&e->wanted[KIND_WRITE]);
	}
	sem_post(&e->watch);
	all = threads_join(e);
	pss_close(e->pss);
	settings_done(e);
	if (!all)
		return; /* a thread still hangs in the kernel and uses this memory */
	for (unsigned k = 0; k < KINDS; k++)
		for (unsigned i = 0; i < ENFORCE_QUEUE; i++)
			if (running_state(&e->running[k][i]) == RUNNING_WATCHED)
				running_finish(e, &e->running[k][i]);
	for (unsigned i = 0; i < KILLERS; i++) {
		free(e->worker[i].killed);
		free(e->worker[i].listed);
	}
	free(e->settings);
	undo_close(e->undo);
	cleanup_closep(&e->memory_fd);
	cleanup_closep(&e->freezer_fd);
	cleanup_closep(&e->unified_fd);
	cleanup_closep(&e->proc_fd);
	cleanup_closep(&e->event_fd);
	free(e);
}

int enforce_fd(const struct enforce *e) { return e->event_fd; }

/* ---- the loop's side */

static int check_action(const struct action *action, const char *path)
{
	if ((unsigned)action->kind >= HR_ACTION_COUNT || !action_types[action->kind].run)
		return -EOPNOTSUPP;
	if (strnlen(path, ENFORCE_PATH) == ENFORCE_PATH || (path[0] && path[0] != '/'))
		return -EINVAL;
	if (action->signal < 0 || action->signal > SIGRTMAX)
		return -EINVAL;
	if (!path[0] && (action_types[action->kind].kind == KIND_WRITE ||
			 (!action->target.pid && !action->target.pgid)))
		return -EINVAL;
	/* PID 1's group, and what a sign error makes of it */
	return action->target.pgid == 1 || action->target.pgid > INT32_MAX ||
			       action->target.pid > INT32_MAX
		       ? -EINVAL
		       : 0;
}

int enforce_submit(struct enforce *e, const struct action *action, const char *path)
{
	int r = check_action(action, path);
	enum running_kind kind;

	if (r < 0)
		return r;
	kind = action_types[action->kind].kind;
	for (unsigned i = 0; i < ENFORCE_QUEUE; i++) {
		struct running_action *running = &e->running[kind][i];

		if (running_state(running) != RUNNING_FREE)
			continue;
		running->action = *action;
		strcpy(running->path, path);
		running->result = (struct action_result){
			.tag = action->tag,
			.escalation = action->escalation,
			.step = action->step,
			.usage_before = HR_UNKNOWN,
			.usage_after = HR_UNKNOWN,
			.freed = HR_UNKNOWN,
			.set = HR_UNKNOWN,
		};
		running->dir_fd = running->usage_fd = -1;
		running->victims = running->again = 0;
		running->anon = running->goal = running->lowest = 0;
		running->lowest_ns = running->gone_ns = running->looked_ns = 0;
		running->by_main = false;
		__atomic_store_n(&running->seq, ++e->next_seq, __ATOMIC_RELAXED);
		running_set_state(running, RUNNING_QUEUED);
		sem_post(&e->wanted[kind]);
		return 0;
	}
	return -EAGAIN;
}

bool enforce_take(struct enforce *e, struct action_result *ret_result)
{
	/* The descriptor is reset only when nothing is left; then one more look, for a result that came in between. */
	for (int attempt = 0; attempt < 2; attempt++) {
		struct running_action *a = running_oldest(e, KIND_KILL, RUNNING_DONE),
				      *b = running_oldest(e, KIND_WRITE, RUNNING_DONE);
		struct running_action *running = !a || (b && b->seq < a->seq) ? b : a;
		eventfd_t count;

		if (running) {
			*ret_result = running->result;
			running_set_state(running, RUNNING_FREE);
			return true;
		}
		eventfd_read(e->event_fd, &count);
	}
	return false;
}
