/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A board read at the worst moment: every pread() of this program comes in two pieces, in either order, and a writer goes on
 * before and between them. Nor does a copy of shared memory see all its words at one moment. Include it once in a program.
 */
#ifndef HEADROOM_FIXTURE_TORN_H
#define HEADROOM_FIXTURE_TORN_H

#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static void (*torn_write)(void); /* what the writer does in the meantime; NULL: reads are whole */

ssize_t pread(int fd, void *buf, size_t bytes, off_t at)
{
	size_t half, first;

	if (torn_write)
		torn_write();
	if (!torn_write || bytes < 16)
		return syscall(SYS_pread64, fd, buf, bytes, at);
	half = 8 + (size_t)rand() % (bytes / 8 - 1) * 8;
	first = rand() % 2 ? half : 0;
	for (int i = 0; i < 2; i++, first = half - first) {
		size_t n = first ? bytes - half : half;

		if (n && syscall(SYS_pread64, fd, (char *)buf + first, n, at + (off_t)first) !=
				 (ssize_t)n)
			return -1;
		if (!i)
			torn_write();
	}
	return (ssize_t)bytes;
}

#endif
