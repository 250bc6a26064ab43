// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "supervisor_socket.h"

#include <errno.h>
#include <sys/socket.h>

#include "base/fd_message.h"

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
	if (sockets->supervisor_daemon >= 0)
		fd_message_send(sockets->supervisor_daemon, message, sizeof(*message), fd,
				MSG_DONTWAIT);
}
