// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* /proc/PID/cgroup, one line per hierarchy: "4:memory:/a/b" (v1), "0::/a/b" (v2). Memory on v1
 * comes before v2, which on a hybrid host has no memory. Format: cgroups(7). */
#include "pid_cgroup.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

static bool has_memory(const char *controllers, size_t n)
{
	for (const char *end = controllers + n; controllers < end;) {
		size_t word = strcspn(controllers, ",:");

		if (word == 6 && !strncmp(controllers, "memory", 6))
			return true;
		controllers += word + 1;
	}
	return false;
}

int pid_cgroup(const char *root, uint32_t pid, char *ret_path, size_t bytes)
{
	_cleanup_fclose_ FILE *f = NULL;
	_cleanup_free_ char *line = NULL, *found = NULL;
	size_t space = 0;
	char path[PATH_MAX];
	ssize_t n;

	snprintf(path, sizeof(path), "%s/proc/%u/cgroup", root, pid);
	f = fopen(path, "re");
	if (!f)
		return errno == EACCES ? -EACCES : -ENOENT;
	while ((n = getline(&line, &space, f)) > 0) {
		char *controllers = strchr(line, ':');
		char *where = controllers ? strchr(controllers + 1, ':') : NULL;
		bool memory;

		if (line[n - 1] == '\n')
			line[n - 1] = 0;
		if (!where)
			continue;
		memory = has_memory(controllers + 1, (size_t)(where - controllers - 1));
		if (!memory && (where != controllers + 1 || found))
			continue;
		free(found);
		found = strdup(where + 1);
		if (memory)
			break;
	}
	if (!found)
		return -ENOENT;
	if (strlen(found) >= bytes)
		return -ENAMETOOLONG;
	strcpy(ret_path, found);
	return 0;
}
