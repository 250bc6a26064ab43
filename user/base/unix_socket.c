// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* See unix_socket.h. */
#include "unix_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cleanup.h"

#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83 /* include/uapi/asm-generic/socket.h, Linux 6.16 */
#endif

int unix_listen_at(int dir_fd, const char *name, int type, mode_t mode, int backlog, int *ret_fd)
{
	_cleanup_close_ int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	char temporary[NAME_MAX + 1];
	int none = 0;

	if (fd < 0)
		return -errno;
	if (snprintf(temporary, sizeof(temporary), ".%s", name) >= (int)sizeof(temporary) ||
	    snprintf(at.sun_path, sizeof(at.sun_path), "/proc/self/fd/%d/%s", dir_fd, temporary) >=
		    (int)sizeof(at.sun_path))
		return -ENAMETOOLONG;
	if (fchmod(fd, mode) || (unlinkat(dir_fd, temporary, 0) && errno != ENOENT) ||
	    bind(fd, (struct sockaddr *)&at, sizeof(at)))
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_PASSRIGHTS, &none, sizeof(none));
	if (listen(fd, backlog) || renameat(dir_fd, temporary, dir_fd, name)) {
		int err = -errno;

		unlinkat(dir_fd, temporary, 0);
		return err;
	}
	*ret_fd = take_fd(fd);
	return 0;
}

ssize_t unix_receive(int fd, void *to, size_t bytes)
{
	struct iovec part = {to, bytes};
	struct msghdr packet = {.msg_iov = &part, .msg_iovlen = 1};
	ssize_t n = recvmsg(fd, &packet, MSG_PEEK | MSG_DONTWAIT | MSG_TRUNC);

	if (n < 0)
		return -errno;
	if (packet.msg_flags & MSG_CTRUNC) /* there is control data: descriptors */
		return -EBADF;
	n = recv(fd, to, bytes, MSG_DONTWAIT | MSG_TRUNC);
	return n < 0 ? -errno : n;
}

/* SO_PASSCRED: each packet comes with credentials, which fill the buffer, so that descriptors do not fit; the end of the
 * connection, which looks like an empty packet, comes without. A stream has no empty packets. 1: a packet; 0: the end, or
 * nothing; -EBADF. */
static int peek(int fd, bool stream)
{
	char control[CMSG_SPACE(sizeof(struct ucred))];
	char byte;
	struct iovec part = {&byte, 1};
	struct msghdr packet = {.msg_iov = &part,
				.msg_iovlen = 1,
				.msg_control = control,
				.msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(fd, &packet, MSG_PEEK | MSG_DONTWAIT);

	if (n < 0 || (n == 0 && stream))
		return 0;
	return packet.msg_flags & MSG_CTRUNC ? -EBADF : packet.msg_controllen > 0;
}

bool unix_hang_up(int fd)
{
	char scrap[4096];
	int passes = 1, yes = 1, type = 0, r = 0;
	socklen_t bytes = sizeof(passes), type_bytes = sizeof(type);

	shutdown(fd, SHUT_RDWR); /* from here on nothing is added to its queue */
	if (getsockopt(fd, SOL_SOCKET, SO_PASSRIGHTS, &passes, &bytes))
		passes = 1; /* an older kernel */
	getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_bytes);
	if (passes && !setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &yes, sizeof(yes)))
		while ((r = peek(fd, type == SOCK_STREAM)) > 0)
			recv(fd, scrap, sizeof(scrap), MSG_DONTWAIT);
	/* A close with something unread would take the last answer from the peer (ECONNRESET). */
	while (!passes && recv(fd, scrap, sizeof(scrap), MSG_DONTWAIT) > 0)
		;
	if (r < 0)
		return false;
	close(fd);
	return true;
}
