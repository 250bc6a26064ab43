/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A message with one descriptor (SCM_RIGHTS) on a connected Unix socket of packets. */
#ifndef HEADROOM_BASE_FD_MESSAGE_H
#define HEADROOM_BASE_FD_MESSAGE_H

#include <stddef.h>
#include <sys/types.h>

/* `fd` < 0: none; it stays the caller's. `flags`: as for send(2). 0 or -errno. */
int fd_message_send(int socket, const void *message, size_t bytes, int fd, int flags);
/* As recv(2) returns, but -errno. ret_fd: close-on-exec, the caller closes it; -1: none came. */
ssize_t fd_message_receive(int socket, void *message, size_t bytes, int flags, int *ret_fd);

#endif
