// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "own_uid.h"

#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"

#define SHARED_UID 65534u /* many programs change to it */

/* Several for the resolver and the exporter: each daemon and each command that asks a Prometheus has one, and one that is about to end
 * still has its own. */
const struct own_uid own_uids[OWN_UIDS] = {
	[OWN_UID_RESOLVER] = {"headroom-resolver", OWN_UID_FIRST, 65527},
	[OWN_UID_EXPORT] = {"headroom-export", 65528, 65531},
	[OWN_UID_RECORDER] = {"headroom-recorder", 65532, OWN_UID_LAST},
};

static FILE *open_in(const char *etc, const char *file)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", etc, file);
	return fopen(path, "re");
}

/* The files themselves: NSS may ask the network, and link further libraries. */
bool own_uid_named(enum own_uid_kind kind, const char *etc, uint32_t *ret_uid, uint32_t *ret_gid)
{
	const char *name = own_uids[kind].name;
	_cleanup_fclose_ FILE *f = open_in(etc, "passwd");
	const struct passwd *entry;

	while (f && (entry = fgetpwent(f)))
		if (!strcmp(entry->pw_name, name) && entry->pw_uid && entry->pw_gid &&
		    entry->pw_uid != SHARED_UID) {
			*ret_uid = entry->pw_uid;
			*ret_gid = entry->pw_gid;
			return true;
		}
	return false;
}

static bool is_listed(const char *etc, uint32_t id)
{
	_cleanup_fclose_ FILE *users = open_in(etc, "passwd"), *groups = open_in(etc, "group");
	const struct passwd *user;
	const struct group *group;

	while (users && (user = fgetpwent(users)))
		if (user->pw_uid == id || user->pw_gid == id)
			return true;
	while (groups && (group = fgetgrent(groups)))
		if (group->gr_gid == id)
			return true;
	return false;
}

struct pids {
	pid_t *pid;
	size_t n;
};

/* All processes that can be seen from here. (A process that can not be seen can still not see, and so not signal, ours.) */
static int list_processes(struct pids *ret)
{
	_cleanup_closedir_ DIR *dir = opendir("/proc");
	struct dirent *entry;
	size_t space = 0;

	while (dir && (entry = readdir(dir))) {
		pid_t pid = (pid_t)atoi(entry->d_name);

		if (pid <= 0)
			continue;
		if (ret->n == space) {
			void *more = realloc(ret->pid, (space += 4096) * sizeof(*ret->pid));

			if (!more)
				return -ENOMEM;
			ret->pid = more;
		}
		ret->pid[ret->n++] = pid;
	}
	return 0;
}

/* What counts is whether a process of this user could signal another one: so one tries, with the signal that does nothing. (/proc/PID
 * belongs to root where a process is not dumpable, as after setuid(), and to read every status takes longer.) */
static int has_process(const struct pids *pids, uint32_t uid)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		pid_t self = getpid();

		if (setgroups(0, NULL) || setresgid(uid, uid, uid) || setresuid(uid, uid, uid))
			_exit(2);
		for (size_t i = 0; i < pids->n; i++)
			if (pids->pid[i] != self && !kill(pids->pid[i], 0))
				_exit(1);
		_exit(0);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0)
		return -errno;
	if (!WIFEXITED(status) || WEXITSTATUS(status) == 2)
		return -EPERM;
	return WEXITSTATUS(status);
}

int own_uid_find(enum own_uid_kind kind, const char *etc, uint32_t *ret_uid, uint32_t *ret_gid)
{
	const struct own_uid *own = &own_uids[kind];
	struct pids pids = {0};
	uint32_t id = own->first;
	int r;

	if (own_uid_named(kind, etc, ret_uid, ret_gid))
		return 0;
	r = list_processes(&pids);
	for (bool used = true; !r && used && id <= own->last; id += used) {
		int found = is_listed(etc, id) ? 1 : has_process(&pids, id);

		r = found < 0 ? found : 0;
		used = found != 0;
	}
	free(pids.pid);
	if (r)
		return r;
	*ret_uid = *ret_gid = id <= own->last ? id : own->first;
	return id <= own->last ? 0 : -EBUSY;
}
