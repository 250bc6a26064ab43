// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "supervisor_socket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

int supervisor_pair(int *ret_a, int *ret_b)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds))
		return -errno;
	*ret_a = fds[0];
	*ret_b = fds[1];
	return 0;
}

void supervisor_send(const struct daemon_sockets *sockets, struct supervisor_message *message,
		     int fd)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {};
	struct iovec iov = {message, sizeof(*message)};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	if (sockets->supervisor_daemon < 0)
		return;
	if (fd >= 0) {
		msg.msg_control = control.bytes;
		msg.msg_controllen = sizeof(control.bytes);
		control.align = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)),
						 .cmsg_level = SOL_SOCKET,
						 .cmsg_type = SCM_RIGHTS};
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&msg)), &fd, sizeof(fd));
	}
	sendmsg(sockets->supervisor_daemon, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
}
