// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "supervisor_client.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd_message.h"
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

static void on_readable(struct loop_watch *watch, uint32_t events, void *arg)
{
	struct supervisor_client *supervisor = arg;
	static struct supervisor_message message;
	_cleanup_close_ int fd = -1;
	ssize_t n =
		fd_message_receive(supervisor->fd, &message, sizeof(message), MSG_DONTWAIT, &fd);

	if (n <= 0 && n != -EAGAIN) {
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
