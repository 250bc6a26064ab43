// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Finds a program of ours by the path of the running one. Never searches PATH. */
#include "find_program.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <unistd.h>

#include "cleanup.h"

int beside_find(const char *program, char ret_path[PATH_MAX])
{
	static const char *const places[] = {".", "../sbin", "../libexec/headroom",
					     "../lib/headroom"};
	char self[PATH_MAX], path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	const char *dir;

	if (n < 0)
		return -errno;
	self[n] = '\0';
	dir = dirname(self);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (snprintf(path, sizeof(path), "%s/%s/%s", dir, places[i], program) >=
			    (int)sizeof(path) ||
		    access(path, X_OK))
			continue;
		snprintf(ret_path, PATH_MAX, "%s", path);
		return 0;
	}
	return -ENOENT;
}
