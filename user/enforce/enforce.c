// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Start and end of enforce/, the loop's side of the table of running actions, and what its threads do with an entry: open the
 * target, set the result, change the state. kill.c, term.c and memcg_limits.c carry the actions out.
 */
#include "enforce.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/cleanup.h"
#include "enforce_internal.h"
#include "owner_protect.h"
#include "signal_sweep.h"
#include "cgroup/cgroup_dir.h"
#include "cgroup/cgroupfs.h"

/* Which threads carry an action out, and how. */
const struct action_type action_types[HR_ACTION_COUNT] = {
	[HR_ACTION_RECLAIM] = {KIND_WRITE, reclaim_run},
	[HR_ACTION_THROTTLE] = {KIND_WRITE, throttle_run},
	[HR_ACTION_TERM] = {KIND_KILL, term_run},
	[HR_ACTION_KILL] = {KIND_KILL, kill_run},
};

bool enforce_stopping(const struct enforce *e)
{
	return __atomic_load_n(&e->stop, __ATOMIC_ACQUIRE);
}

bool enforce_is_exempt(const struct enforce *e, uint32_t pid)
{
	if (pid == (uint32_t)getpid())
		return true;
	for (unsigned i = 0; i < EXEMPT; i++)
		if (__atomic_load_n(&e->exempt[i], __ATOMIC_RELAXED) == pid)
			return true;
	return false;
}

void enforce_exempt(struct enforce *e, unsigned int i, uint32_t pid)
{
	if (i < ENFORCE_EXEMPT)
		__atomic_store_n(&e->exempt[i], pid, __ATOMIC_RELAXED);
}

/* ---- a running action */

void running_set_result(struct running_action *running, enum hr_action_status what, int error,
			const char *format, ...)
{
	va_list ap;

	running->result.status = what;
	running->result.error = error;
	va_start(ap, format);
	vsnprintf(running->result.detail, sizeof(running->result.detail), format, ap);
	va_end(ap);
}

void running_name_victim(struct running_action *running)
{
	struct action_result *result = &running->result;

	if (!running->victims)
		return;
	result->pid = running->victim[0].pid;
	result->start_boottime_ns = proc_ticks_ns(running->victim[0].start_ticks);
	memcpy(result->comm, running->victim[0].comm, sizeof(result->comm));
}

const char *enforce_below(const struct enforce *e, const char *path)
{
	size_t n = strlen(e->base);

	return strncmp(path, e->base, n) || (path[n] && path[n] != '/') ? "" : path + n;
}

int enforce_owner_protects(const struct enforce *e, const char *path, uint64_t memcg_id)
{
	_cleanup_close_ int fd = cgroup_open_path(e->memory_fd, enforce_below(e, path), memcg_id);

	return fd < 0 ? fd : owner_protect(fd);
}

bool running_open(struct enforce *e, struct running_action *running)
{
	const char *usage = e->config.v1 ? "memory.usage_in_bytes" : "memory.current";
	int fd = cgroup_open_path(e->memory_fd, enforce_below(e, running->path),
				  running->action.target.memcg_id),
	    owner;

	if (fd == -ENOENT || fd == -ENOTDIR)
		running_set_result(running, HR_STATUS_SKIPPED, -fd, "the container is gone");
	else if (fd == -ESTALE)
		running_set_result(running, HR_STATUS_SKIPPED, ESTALE,
				   "the path is another container's by now");
	else if (fd == -EINVAL)
		running_set_result(running, HR_STATUS_REFUSED, EINVAL,
				   "not the path of a container");
	else if (fd < 0)
		running_set_result(running, HR_STATUS_FAILED, -fd, "cannot open the container");
	if (fd < 0)
		return false;
	running->dir_fd = fd;
	owner = owner_protect(fd);
	if (owner > 0) {
		running_set_result(running, HR_STATUS_REFUSED, EPERM, "protected by its owner");
		return false;
	}
	if (owner == -EMFILE || owner == -ENFILE || owner == -ENOMEM) {
		running_set_result(running, HR_STATUS_FAILED, -owner,
				   "cannot ask whether its owner protects it");
		return false;
	}
	running->usage_fd = openat(fd, usage, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	running->result.usage_before = running_usage(e, running);
	return true;
}

uint32_t running_state(const struct running_action *running)
{
	return __atomic_load_n(&running->state, __ATOMIC_ACQUIRE);
}

void running_set_state(struct running_action *running, enum running_state state)
{
	__atomic_store_n(&running->state, state, __ATOMIC_RELEASE);
}

void running_close(struct running_action *running)
{
	cleanup_closep(&running->dir_fd);
	cleanup_closep(&running->usage_fd);
	signal_sweep_release(running);
	running->dir_fd = running->usage_fd = -1;
	running->victims = 0;
}

void running_finish(struct enforce *e, struct running_action *running)
{
	running_close(running);
	running_set_state(running, RUNNING_DONE);
	eventfd_write(e->event_fd, 1);
}

/* The oldest in this state. */
struct running_action *running_oldest(struct enforce *e, enum running_kind kind,
				      enum running_state state)
{
	struct running_action *first = NULL;

	for (unsigned i = 0; i < ENFORCE_QUEUE; i++) {
		struct running_action *running = &e->running[kind][i];

		if (running_state(running) == state &&
		    (!first || __atomic_load_n(&running->seq, __ATOMIC_RELAXED) <
				       __atomic_load_n(&first->seq, __ATOMIC_RELAXED)))
			first = running;
	}
	return first;
}

/* ---- start and end */

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
	if (!cgroupfs_find(e->config.root, fs) && !strcmp(fs->memory, e->memory_root)) {
		if (strlen(fs->base) < sizeof(e->base))
			strcpy(e->base, fs->base);
		if (e->config.v1 && strlen(fs->freezer) < sizeof(e->freezer_root))
			strcpy(e->freezer_root, fs->freezer);
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
	e->proc_fd = e->memory_fd = e->freezer_fd = -1;
	sem_init(&e->wanted[KIND_KILL], 0, 0);
	sem_init(&e->wanted[KIND_WRITE], 0, 0);
	sem_init(&e->watch, 0, 0);
	pthread_mutex_init(&e->throttling, NULL);
	e->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	r = e->event_fd < 0 ? -errno : open_places(e);
	if (!r && config->undo_path)
		r = undo_open(config->undo_path, &e->undo);
	if (!r)
		r = throttles_init(e);
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
	throttles_done(e);
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
	free(e->throttles);
	undo_close(e->undo);
	cleanup_closep(&e->memory_fd);
	cleanup_closep(&e->freezer_fd);
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
