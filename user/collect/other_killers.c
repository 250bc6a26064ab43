// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "other_killers.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cgroup/cgroup_dir.h"

/* The kernel's name of the process: of a script's, the script's. */
static const char *const names[] = {"earlyoom", "systemd-oomd", "oomd", "nohang", "kubelet"};

struct search {
	int proc_fd;
	char *text;
	size_t bytes;
	int found;
};

static bool read_of(const struct search *search, const char *pid, const char *file, char *text,
		    size_t bytes)
{
	char path[64];
	_cleanup_close_ int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "%.15s/%s", pid, file);
	fd = openat(search->proc_fd, path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, bytes - 1);
	if (n < 0)
		return false;
	text[n] = '\0';
	return true;
}

/* Of root, or a service that only root can have made. */
static bool is_systems(const struct search *search, const char *pid)
{
	char cgroups[2048];
	struct stat st;

	return (!fstatat(search->proc_fd, pid, &st, 0) && st.st_uid == 0) ||
	       (read_of(search, pid, "cgroup", cgroups, sizeof(cgroups)) &&
		strstr(cgroups, ":/system.slice/"));
}

/* A namespace that cannot be read counts as ours. */
static bool same_namespace(const struct search *search, const char *pid)
{
	char path[64];
	struct stat own, its;

	snprintf(path, sizeof(path), "%.15s/ns/pid", pid);
	return fstatat(search->proc_fd, "self/ns/pid", &own, 0) ||
	       fstatat(search->proc_fd, path, &its, 0) || own.st_ino == its.st_ino;
}

static int look(const struct dir_entry *entry, void *arg)
{
	struct search *search = arg;
	size_t used = strlen(search->text);
	char comm[32];

	if (!isdigit((unsigned char)entry->name[0]) ||
	    !read_of(search, entry->name, "comm", comm, sizeof(comm)))
		return 0;
	comm[strcspn(comm, "\n")] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(comm, names[i]) || !is_systems(search, entry->name) ||
		    !same_namespace(search, entry->name))
			continue;
		snprintf(search->text + used, search->bytes - used, "%s%s (pid %.15s)",
			 used ? ", " : "", names[i], entry->name);
		search->found++;
	}
	return 0;
}

int other_killers_find(const char *root, char *text, size_t bytes)
{
	struct search search = {.text = text, .bytes = bytes};
	char path[PATH_MAX];
	int r;

	text[0] = '\0';
	snprintf(path, sizeof(path), "%s/proc", root);
	search.proc_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (search.proc_fd < 0)
		return -errno;
	r = dir_list(search.proc_fd, look, &search);
	close(search.proc_fd);
	return r < 0 ? r : search.found;
}
