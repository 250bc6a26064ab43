/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A file's content in a buffer of fixed size, and back, in as many calls as it takes. */
#ifndef HEADROOM_BASE_READ_FULL_H
#define HEADROOM_BASE_READ_FULL_H

#include <sys/types.h>

/* From the position of `fd` to the file's end or `bytes`. Returns the number of bytes, or -errno. A
 * result of `bytes` may mean that there is more. */
ssize_t whole_read(int fd, void *to, size_t bytes);
/* All of it: 0, or -errno. */
int whole_write(int fd, const void *from, size_t bytes);

#endif
