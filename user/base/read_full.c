// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Reads and writes to the end: see read_full.h. Never allocates. */
#include "read_full.h"

#include <errno.h>
#include <unistd.h>

ssize_t whole_read(int fd, void *to, size_t bytes)
{
	size_t n = 0;

	while (n < bytes) {
		ssize_t got = read(fd, (char *)to + n, bytes - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			break;
		n += (size_t)got;
	}
	return (ssize_t)n;
}

int whole_write(int fd, const void *from, size_t bytes)
{
	for (size_t n = 0; n < bytes;) {
		ssize_t put = write(fd, (const char *)from + n, bytes - n);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return put ? -errno : -ENOSPC;
		n += (size_t)put;
	}
	return 0;
}
