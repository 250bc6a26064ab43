// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Client of the control socket: one connection, one request, one answer. */
#include "control_client.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"

#define RETRIES  200
#define RETRY_US 10000

static int complain(char error[ASK_ERROR], const char *path, int err)
{
	char target[2];
	bool elsewhere = err == -ENOENT && readlink(path, target, sizeof(target)) > 0;
	const char *what =
		elsewhere ? "its socket is not in this container: ask in the daemon's"
		: err == -ENOENT || err == -ECONNREFUSED ? "no daemon listening: start headroomd"
		: err == -EACCES ? "only root and users in `control: allow` may connect: try sudo"
		: err == -EAGAIN ? "too many connections: try again"
		: err == -ECONNRESET ? "connection closed by the daemon: try again"
		: err == -ETIMEDOUT  ? "no answer in time: see headroom events"
		: err == -EPROTO     ? "invalid answer: different version?"
				     : strerror(-err);

	snprintf(error, ASK_ERROR, "%.150s: %s", path, what);
	return err;
}

static int connect_and_send(const struct sockaddr_un *at, const struct hr_control_request *request,
			    int *ret_fd)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)at, sizeof(*at)))
		return -errno;
	/* EPIPE: the daemon has hung up already; it may have said why. */
	if (send(fd, request, sizeof(*request), MSG_NOSIGNAL) < 0 && errno != EPIPE)
		return -errno;
	*ret_fd = take_fd(fd);
	return 0;
}

static const char *socket_path(const char *board, struct sockaddr_un *at)
{
	bool fits = (size_t)snprintf(at->sun_path, sizeof(at->sun_path), "%s" HR_CONTROL_SUFFIX,
				     board) < sizeof(at->sun_path);

	at->sun_family = AF_UNIX;
	return fits ? at->sun_path : NULL;
}

int ask_begin(const char *board, const struct hr_control_request *request, int *ret_fd,
	      char error[ASK_ERROR])
{
	struct sockaddr_un at = {0};
	int r = socket_path(board, &at) ? connect_and_send(&at, request, ret_fd) : -ENAMETOOLONG;

	return r ? complain(error, at.sun_path, r) : 0;
}

int ask_answer(const char *board, int fd, struct hr_control_answer *ret_answer,
	       char error[ASK_ERROR])
{
	struct hr_control_answer answer;
	struct sockaddr_un at = {0};
	ssize_t n = recv(fd, &answer, sizeof(answer), MSG_DONTWAIT);
	int r = n < 0                                                             ? -errno
		: n < (ssize_t)sizeof(answer) || answer.magic != HR_CONTROL_MAGIC ? -EPROTO
										  : 0;

	if (r == -EAGAIN)
		return r;
	if (r) {
		socket_path(board, &at);
		return complain(error, at.sun_path, n ? r : -ECONNRESET);
	}
	answer.text[sizeof(answer.text) - 1] = '\0';
	*ret_answer = answer;
	return 0;
}

int ask_daemon(const char *board, const struct hr_control_request *request, int timeout_ms,
	       struct hr_control_answer *ret_answer, char error[ASK_ERROR])
{
	_cleanup_close_ int fd = -1;
	struct sockaddr_un at = {0};
	int n, r = ask_begin(board, request, &fd, error);

	for (int i = 0; r == -EAGAIN && i < RETRIES; i++) { /* its queue of connections is full */
		usleep(RETRY_US);
		r = ask_begin(board, request, &fd, error);
	}
	if (r)
		return r;
	n = poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, timeout_ms);
	if (n <= 0) {
		socket_path(board, &at);
		return complain(error, at.sun_path, n ? -errno : -ETIMEDOUT);
	}
	return ask_answer(board, fd, ret_answer, error);
}
