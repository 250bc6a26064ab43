// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Freezes a container while processes that fork faster than they can be killed get their signals. The freeze is in the undo
 * table before it is set, so it ends even if the daemon dies. Never freezes a cgroup that holds other processes as well.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "cgroup/cgroup_dir.h"
#include "cgroup/pid_cgroup.h"
#include "enforce_internal.h"
#include "proc.h"

#define FREEZE_MOST_NS \
	(3 * NS_PER_SEC) /* deadline in the undo table; a freeze takes a millisecond */

struct others {
	const struct enforce *e;
	const struct pidset *pids;
	const char *path;
};

/* Is it outside the container? A process forked since the list was made is inside. */
static int is_other(uint32_t pid, void *arg)
{
	const struct others *others = arg;
	char path[ENFORCE_PATH];

	if (pidset_has(others->pids, pid) ||
	    pid_cgroup(others->e->proc_fd, pid, "memory", path, ENFORCE_PATH))
		return 0;
	return !cgroup_path_is_below(path, others->path);
}

/* Any member gives the path of their freezer cgroup; "" or "/" would freeze all processes. */
static bool find_v1_path(const struct enforce *e, const struct pidset *pids,
			 char path[ENFORCE_PATH])
{
	for (uint32_t i = 0; i < PIDSET; i++)
		if (pids->slot[i] &&
		    !pid_cgroup(e->proc_fd, pids->slot[i], "freezer", path, ENFORCE_PATH))
			return path[0] == '/' && path[1];
	return false;
}

static int find_v1(struct enforce *e, const struct running_action *running,
		   const struct pidset *pids, struct undo_entry *entry, struct frozen *frozen)
{
	struct others others = {.e = e, .pids = pids, .path = running->path};
	_cleanup_close_ int fd = -1;

	if (e->freezer_fd < 0 || !find_v1_path(e, pids, entry->path))
		return -EOPNOTSUPP;
	fd = openat(e->freezer_fd, entry->path + 1, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (cgroup_id(fd, "", &entry->memcg_id) < 0 || cgroup_pids(fd, is_other, &others))
		return -EOPNOTSUPP;
	strcpy(entry->hierarchy, e->freezer_root);
	*frozen = (struct frozen){.file = "freezer.state", .thaw = "THAWED"};
	frozen->dir_fd = take_fd(fd);
	return 0;
}

static int find_v2(struct enforce *e, const struct running_action *running,
		   struct undo_entry *entry, struct frozen *frozen)
{
	int fd;

	if (faccessat(running->dir_fd, "cgroup.freeze", W_OK, 0) < 0)
		return -EOPNOTSUPP;
	fd = fcntl(running->dir_fd, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return -errno;
	strcpy(entry->path, enforce_below(e, running->path));
	strcpy(entry->hierarchy, e->memory_root);
	entry->memcg_id = running->action.target.memcg_id;
	*frozen = (struct frozen){.dir_fd = fd, .file = "cgroup.freeze", .thaw = "0"};
	return 0;
}

int freeze(struct enforce *e, const struct running_action *running, const struct pidset *pids,
	   struct frozen *ret_frozen)
{
	struct undo_entry entry = {.what = UNDO_FREEZE, .ours = 1};
	struct frozen frozen = {.dir_fd = -1};
	char text[16];
	int r;

	if (!e->undo)
		return -EOPNOTSUPP;
	r = e->config.v1 ? find_v1(e, running, pids, &entry, &frozen)
			 : find_v2(e, running, &entry, &frozen);
	if (r < 0)
		return r;
	/* frozen already by another program: it forks no more, and that program thaws it */
	if (cgroup_read(frozen.dir_fd, frozen.file, text, sizeof(text)) <= 0 || text[0] == '1' ||
	    text[0] == 'F') {
		close(frozen.dir_fd);
		return -EALREADY;
	}
	entry.until_ns = clock_boot_ns() + FREEZE_MOST_NS;
	r = undo_note(e->undo, &entry, &frozen.undo);
	if (!r) {
		r = cgroup_write(frozen.dir_fd, frozen.file, e->config.v1 ? "FROZEN" : "1");
		if (r < 0)
			undo_clear(e->undo, frozen.undo);
	}
	if (r < 0) {
		close(frozen.dir_fd);
		return r;
	}
	*ret_frozen = frozen;
	return 0;
}

void thaw(struct enforce *e, struct frozen *frozen)
{
	int r;

	if (frozen->dir_fd < 0)
		return;
	r = cgroup_write(frozen->dir_fd, frozen->file, frozen->thaw);
	/* what could not be thawed stays in the table; a cgroup that is gone needs no thaw */
	if (!r || r == -ENODEV || r == -ENOENT)
		undo_clear(e->undo, frozen->undo);
	close(frozen->dir_fd);
	frozen->dir_fd = -1;
}
