// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* /proc/PID/cgroup, one line per hierarchy: "4:memory:/a/b" (v1), "0::/a/b" (v2). Format:
 * cgroups(7). */
#include "pid_cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <mntent.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"

/* "id:controller,controller:path": the path, if the line is of the hierarchy that is wanted. */
static const char *match_line(char *line, const char *controller)
{
	char *list = strchr(line, ':'), *path = list ? strchr(list + 1, ':') : NULL;
	size_t n = strlen(controller);

	if (!path)
		return NULL;
	*path++ = '\0';
	for (const char *word = list + 1; word; word = strchr(word, ',')) {
		word += *word == ',';
		if (!strncmp(word, controller, n) && (!word[n] || word[n] == ','))
			return path;
	}
	return NULL;
}

/* Fills the buffer. False: nothing more comes, or an error in *ret_error. */
static bool fill(int fd, char *text, size_t size, size_t *used, int *ret_error)
{
	ssize_t n;

	do
		n = read(fd, text + *used, size - *used);
	while (n < 0 && errno == EINTR);
	*ret_error = n < 0 ? -errno : 0;
	*used += n > 0 ? (size_t)n : 0;
	return n > 0;
}

int pid_cgroup(int proc_fd, uint32_t pid, const char *controller, char *ret_path, size_t size)
{
	_cleanup_close_ int fd = -1;
	char text[PATH_MAX + 256]; /* a line is shorter: the kernel cuts the path at PATH_MAX */
	size_t used = 0;
	int r;

	if (pid)
		snprintf(text, sizeof(text), "%u/cgroup", pid);
	fd = openat(proc_fd, pid ? text : "self/cgroup", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while (fill(fd, text, sizeof(text), &used, &r)) {
		char *line = text, *end;

		while ((end = memchr(line, '\n', used - (size_t)(line - text)))) {
			const char *path;

			*end = '\0';
			path = match_line(line, controller);
			if (path && strlen(path) >= size)
				return -ENAMETOOLONG;
			if (path) {
				strcpy(ret_path, path);
				return 0;
			}
			line = end + 1;
		}
		used -= (size_t)(line - text);
		if (used == sizeof(text))
			return -EBADMSG;
		memmove(text, line, used);
	}
	return r == 0 || r == -ESRCH ? -ENOENT : r;
}

int pid_cgroup_memory(const char *root, uint32_t pid, char *ret_path, size_t size)
{
	_cleanup_close_ int proc_fd = -1;
	char proc[PATH_MAX];
	int r;

	snprintf(proc, sizeof(proc), "%s/proc", root);
	proc_fd = open(proc, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (proc_fd < 0)
		return -errno;
	r = pid_cgroup(proc_fd, pid, "memory", ret_path, size);
	return r == -ENOENT ? pid_cgroup(proc_fd, pid, "", ret_path, size) : r;
}

/* Of the initial one, constant (kernel: include/linux/proc_ns.h, PROC_PID_INIT_INO). */
#define PID_NS_INIT_INO 0xEFFFFFFCu

bool pid_namespace_private(void)
{
	struct stat st;

	return !stat("/proc/self/ns/pid", &st) && st.st_ino != PID_NS_INIT_INO;
}

bool proc_hides_processes(const char *root)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	char proc[PATH_MAX], text[PATH_MAX];
	struct mntent mount;
	bool hides = false;

	if (!mounts)
		return false;
	snprintf(proc, sizeof(proc), "%s/proc", root);
	while (getmntent_r(mounts, &mount, text, sizeof(text)))
		if (!strcmp(mount.mnt_dir, proc)) /* the last one is on top */
			hides = !strcmp(mount.mnt_type, "proc") && hasmntopt(&mount, "hidepid");
	endmntent(mounts);
	return hides;
}

/* PID 1 is there, and has more rights than anything that the kernel would hide from us. */
bool proc_hides_from_us(const char *root)
{
	char path[PATH_MAX];
	struct statfs fs;

	snprintf(path, sizeof(path), "%s/proc", root);
	if (statfs(path, &fs) || fs.f_type != PROC_SUPER_MAGIC)
		return false;
	snprintf(path, sizeof(path), "%s/proc/1/comm", root);
	return access(path, R_OK) < 0;
}
