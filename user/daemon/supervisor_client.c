// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "supervisor_client.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "supervisor_spawn.h"

#define RESPAWN_NS (5 * NS_PER_SEC)

bool supervisor_client_send(const struct supervisor_client *supervisor,
			    const struct daemon_message *message)
{
	return supervisor->fd >= 0 && send(supervisor->fd, message, daemon_message_bytes(message),
					   MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

void supervisor_client_ready(const struct supervisor_client *supervisor, const char *board_path)
{
	static struct daemon_message ready = {.type = MESSAGE_READY};

	ready.bytes = (uint32_t)strnlen(board_path, MESSAGE_TEXT - 1) + 1;
	memcpy(ready.text, board_path, ready.bytes - 1);
	ready.text[ready.bytes - 1] = '\0';
	supervisor_client_send(supervisor, &ready);
}

bool supervisor_client_respawn(struct supervisor_client *supervisor, int rules_fd, uint64_t now_ns)
{
	int fd;

	if (now_ns - supervisor->respawn_ns < RESPAWN_NS)
		return false;
	supervisor->respawn_ns = now_ns;
	fd = supervisor_respawn(supervisor->sockets, rules_fd);
	if (fd < 0)
		return false;
	supervisor->fd = fd;
	return true;
}

/* Returns the length as recv() does; *ret_fd: the descriptor that came with it, or -1. */
static ssize_t receive(int from, struct supervisor_message *message, int *ret_fd)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = {message, sizeof(*message)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control.bytes,
			     .msg_controllen = sizeof(control.bytes)};
	ssize_t n = recvmsg(from, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	struct cmsghdr *cmsg = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;

	*ret_fd = -1;
	if (cmsg && cmsg->cmsg_level == SOL_SOCKET && cmsg->cmsg_type == SCM_RIGHTS &&
	    cmsg->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(ret_fd, CMSG_DATA(cmsg), sizeof(int));
	return n;
}

static void on_readable(struct loop_watch *watch, uint32_t events, void *arg)
{
	struct supervisor_client *supervisor = arg;
	static struct supervisor_message message;
	_cleanup_close_ int fd = -1;
	ssize_t n = receive(supervisor->fd, &message, &fd);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		loop_remove(supervisor->loop, &supervisor->watch);
		close(take_fd(supervisor->fd));
		supervisor->ops->lost(supervisor->ops_arg);
		return;
	}
	if (n == sizeof(message))
		supervisor->ops->message(&message, take_fd(fd), supervisor->ops_arg);
}

int supervisor_client_watch(struct supervisor_client *supervisor)
{
	return supervisor->fd < 0 ? 0
				  : loop_add(supervisor->loop, &supervisor->watch, supervisor->fd,
					     EPOLLIN, on_readable, supervisor);
}
