// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* A deed on its way through the table: opening what it is about, answering, who may touch it. See private.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/cleanup.h"
#include "group.h"
#include "hunt.h"
#include "private.h"

void deed_end(struct deed *deed, enum hr_deed what, int error, const char *format, ...)
{
	va_list ap;

	deed->result.deed = what;
	deed->result.error = error;
	va_start(ap, format);
	vsnprintf(deed->result.detail, sizeof(deed->result.detail), format, ap);
	va_end(ap);
}

void deed_describe(struct deed *deed)
{
	struct enforce_result *result = &deed->result;

	if (!deed->victims)
		return;
	result->pid = deed->victim[0].pid;
	result->start_boottime_ns = proc_ticks_ns(deed->victim[0].start_ticks);
	memcpy(result->comm, deed->victim[0].comm, sizeof(result->comm));
}

const char *enforce_below(const struct enforce *e, const char *path)
{
	size_t n = strlen(e->base);

	return strncmp(path, e->base, n) || (path[n] && path[n] != '/') ? "" : path + n;
}

int enforce_owner_protects(const struct enforce *e, const char *path, uint64_t memcg_id)
{
	_cleanup_close_ int fd = group_open(e->memory_fd, enforce_below(e, path), memcg_id);

	return fd < 0 ? fd : group_protected(fd);
}

bool deed_open(struct enforce *e, struct deed *deed)
{
	const char *usage = e->config.v1 ? "memory.usage_in_bytes" : "memory.current";
	int fd = group_open(e->memory_fd, enforce_below(e, deed->job.path), deed->job.memcg_id), owner;

	if (fd == -ENOENT || fd == -ENOTDIR)
		deed_end(deed, HR_DEED_SKIPPED, -fd, "the container is gone");
	else if (fd == -ESTALE)
		deed_end(deed, HR_DEED_SKIPPED, ESTALE, "the path is another container's by now");
	else if (fd == -EINVAL)
		deed_end(deed, HR_DEED_REFUSED, EINVAL, "not the path of a container");
	else if (fd < 0)
		deed_end(deed, HR_DEED_FAILED, -fd, "cannot open the container");
	if (fd < 0)
		return false;
	deed->dir_fd = fd;
	owner = group_protected(fd);
	if (owner > 0) {
		deed_end(deed, HR_DEED_REFUSED, EPERM, "protected by its owner");
		return false;
	}
	if (owner == -EMFILE || owner == -ENFILE || owner == -ENOMEM) {
		deed_end(deed, HR_DEED_FAILED, -owner, "cannot ask whether its owner protects it");
		return false;
	}
	deed->usage_fd = openat(fd, usage, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	deed->result.usage_before = deed_usage(e, deed);
	return true;
}

uint32_t deed_state(const struct deed *deed)
{
	return __atomic_load_n(&deed->state, __ATOMIC_ACQUIRE);
}

void deed_set_state(struct deed *deed, enum deed_state state)
{
	__atomic_store_n(&deed->state, state, __ATOMIC_RELEASE);
}

void deed_close(struct deed *deed)
{
	cleanup_closep(&deed->dir_fd);
	cleanup_closep(&deed->usage_fd);
	hunt_release(deed);
	deed->dir_fd = deed->usage_fd = -1;
	deed->victims = 0;
}

void deed_finish(struct enforce *e, struct deed *deed)
{
	deed_close(deed);
	deed_set_state(deed, DEED_DONE);
	eventfd_write(e->event_fd, 1);
}

/* The oldest in this state. */
struct deed *deed_oldest(struct enforce *e, enum deed_kind kind, enum deed_state state)
{
	struct deed *first = NULL;

	for (unsigned i = 0; i < ENFORCE_QUEUE; i++) {
		struct deed *deed = &e->deed[kind][i];

		if (deed_state(deed) == state &&
		    (!first || __atomic_load_n(&deed->seq, __ATOMIC_RELAXED) <
				       __atomic_load_n(&first->seq, __ATOMIC_RELAXED)))
			first = deed;
	}
	return first;
}
