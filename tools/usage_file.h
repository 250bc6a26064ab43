/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A cgroup's usage file, whichever version it is of. */
#ifndef HEADROOM_USAGE_FILE_H
#define HEADROOM_USAGE_FILE_H

#include <fcntl.h>
#include <stdio.h>

static inline int usage_file_open(const char *dir)
{
	static const char *const files[] = {"memory.current", "memory.usage_in_bytes"};
	char path[4200];
	int fd = -1;

	for (int i = 0; i < 2 && fd < 0; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
	}
	return fd;
}

#endif
