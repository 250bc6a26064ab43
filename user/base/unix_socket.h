/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Unix sockets for peers that are not trusted. Two facts about them (net/unix/af_unix.c):
 * - bind() makes the file with the mode of the socket's own inode less the umask: fchmod() before bind() leaves no moment in
 *   which the file is accessible to more users than it is to be.
 * - A peer may pass descriptors (SCM_RIGHTS) that nothing here asks for. The kernel closes them in the thread that receives the
 *   packet or closes the connection, and that waits: a TCP socket with SO_LINGER and unsent data for as long as the peer chose.
 *   Linux 6.16 can refuse them (SO_PASSRIGHTS); before that a connection that carries one is neither received from nor closed.
 */
#ifndef HEADROOM_BASE_UNIX_SOCKET_H
#define HEADROOM_BASE_UNIX_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Makes a listening socket of this type and mode, and moves it to NAME in dir_fd, over what was there; connections are
 * accepted without descriptors where the kernel can. SOCK_CLOEXEC and SOCK_NONBLOCK are set. 0 or -errno. */
int unix_listen_at(int dir_fd, const char *name, int type, mode_t mode, int backlog, int *ret_fd);
/* Reads the next packet without waiting, longer ones cut: its length, or -errno; -EBADF: it carries descriptors, and stays
 * where it is. */
ssize_t unix_receive(int fd, void *to, size_t bytes);
/* Closes a connection; false: its queue holds descriptors, so it was only shut down, and fd stays open. */
bool unix_hang_up(int fd);

#endif
