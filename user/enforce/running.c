// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * What the threads do with a running action: open the target, set the result, change the state. kill.c, term.c and
 * memcg_limits.c carry the actions out.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "cgroup/cgroup_dir.h"
#include "cgroup/pid_cgroup.h"
#include "enforce_internal.h"
#include "owner_protect.h"
#include "signal_sweep.h"

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

#define LIST_NS \
	(20 *   \
	 NS_PER_MS) /* a list of 100,000 cgroups takes a second: each of the exempt is asked then */

static int is_exempt(uint32_t pid, void *arg) { return pid == 1 || enforce_is_exempt(arg, pid); }

static int is_in(const struct enforce *e, uint32_t pid, const char *path)
{
	char mine[ENFORCE_PATH];
	int r = pid_cgroup(e->proc_fd, pid, e->config.v1 ? "memory" : "", mine, sizeof(mine));

	return r == -ENOENT ? 0 : r < 0 ? r : cgroup_path_is_below(mine, path);
}

bool enforce_holds_exempt(const struct enforce *e, const struct running_action *running)
{
	int r = cgroup_pids_until(running->dir_fd, is_exempt, (void *)e, clock_mono_ns() + LIST_NS);

	if (r != -ETIME)
		return r == 1;
	r = is_in(e, 1, running->path);
	if (!r)
		r = is_in(e, (uint32_t)getpid(), running->path);
	for (unsigned i = 0; !r && i < EXEMPT; i++) {
		uint32_t pid = __atomic_load_n(&e->exempt[i], __ATOMIC_RELAXED);

		r = pid ? is_in(e, pid, running->path) : 0;
	}
	return r;
}

void enforce_exempt(struct enforce *e, unsigned int i, uint32_t pid)
{
	if (i < ENFORCE_EXEMPT)
		__atomic_store_n(&e->exempt[i], pid, __ATOMIC_RELAXED);
}

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

void running_no_processes(const struct enforce *e, struct running_action *running)
{
	running->result.reason = e->hidden ? HR_SKIP_HIDDEN : HR_SKIP_NONE;
	running_set_result(running, HR_STATUS_SKIPPED, ESRCH, "%s",
			   e->hidden ? e->hidden : "no processes left");
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

/* On v1 whatever owns the cgroup above may rename it at any time (never into another one): the id finds its present name. False: it is
 * gone, or the path was of another. */
static bool find_renamed(const struct enforce *e, char path[ENFORCE_PATH], uint64_t memcg_id)
{
	_cleanup_close_ int fd = cgroup_open_id(e->memory_fd, memcg_id, O_PATH);
	char link[32], at[PATH_MAX];
	const char *name;
	char *last = strrchr(path, '/');
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = fd < 0 ? -1 : readlink(link, at, sizeof(at) - 1);
	if (n < 0 || !last)
		return false;
	at[n] = '\0';
	name = strrchr(at, '/');
	if (!name || (size_t)(last - path) + strlen(name) >= ENFORCE_PATH)
		return false;
	strcpy(last, name);
	return true;
}

static int open_target(const struct enforce *e, char path[ENFORCE_PATH], uint64_t memcg_id)
{
	int fd = cgroup_open_path(e->memory_fd, enforce_below(e, path), memcg_id), renamed;
	char at[ENFORCE_PATH];

	strcpy(at, path);
	if ((fd != -ENOENT && fd != -ESTALE) || !find_renamed(e, at, memcg_id))
		return fd;
	renamed = cgroup_open_path(e->memory_fd, enforce_below(e, at), memcg_id);
	if (renamed < 0)
		return fd;
	strcpy(path, at);
	return renamed;
}

int enforce_owner_protects(const struct enforce *e, const char *path, uint64_t memcg_id, bool guest)
{
	char at[ENFORCE_PATH] = "";
	_cleanup_close_ int fd = -1;

	strncpy(at, path, sizeof(at) - 1);
	fd = open_target(e, at, memcg_id);
	return fd < 0 ? fd : owner_protect(e->memory_fd, fd, enforce_below(e, at), guest);
}

bool running_open(struct enforce *e, struct running_action *running)
{
	const char *usage = e->config.v1 ? "memory.usage_in_bytes" : "memory.current";
	int fd = open_target(e, running->path, running->action.target.memcg_id), owner;

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
	owner = owner_protect(e->memory_fd, fd, enforce_below(e, running->path),
			      running->action.target.guest);
	if (owner > 0) {
		running_set_result(running, HR_STATUS_REFUSED, EPERM,
				   "protected by an attribute of its cgroup");
		return false;
	}
	if (owner == -EMFILE || owner == -ENFILE || owner == -ENOMEM) {
		running_set_result(running, HR_STATUS_FAILED, -owner,
				   "cannot read whether an attribute protects it");
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
