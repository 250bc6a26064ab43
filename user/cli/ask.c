// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The client's end of the control socket: one connection, one request, one answer. */
#include "ask.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/cleanup.h"

static int complain(char error[ASK_ERROR], const char *path, int err)
{
	const char *what = err == -ENOENT || err == -ECONNREFUSED ? "no guard listens there: start headroomd"
			   : err == -EACCES ? "only root and group headroom get there: try with sudo"
			   : err == -ETIMEDOUT ? "no answer in time: headroom events may tell more"
			   : err == -EPROTO ? "that is no answer of this version" : strerror(-err);

	snprintf(error, ASK_ERROR, "%.150s: %s", path, what);
	return err;
}

static int ask_at(const struct sockaddr_un *at, const struct hr_control_request *request, int timeout_ms,
		  struct hr_control_answer *ret_answer)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct pollfd wait = {.fd = fd, .events = POLLIN};
	struct hr_control_answer answer;
	ssize_t n;

	if (fd < 0 || connect(fd, (const struct sockaddr *)at, sizeof(*at)) ||
	    send(fd, request, sizeof(*request), MSG_NOSIGNAL) < 0)
		return -errno;
	n = poll(&wait, 1, timeout_ms);
	if (n <= 0)
		return n ? -errno : -ETIMEDOUT;
	n = recv(fd, &answer, sizeof(answer), 0);
	if (n < 0)
		return -errno;
	if (n < (ssize_t)sizeof(answer) || answer.magic != HR_CONTROL_MAGIC)
		return -EPROTO;
	answer.text[sizeof(answer.text) - 1] = '\0';
	*ret_answer = answer;
	return 0;
}

int ask_guard(const char *board, const struct hr_control_request *request, int timeout_ms,
	      struct hr_control_answer *ret_answer, char error[ASK_ERROR])
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int r = -ENAMETOOLONG;

	if ((size_t)snprintf(at.sun_path, sizeof(at.sun_path), "%s" HR_CONTROL_SUFFIX, board) <
	    sizeof(at.sun_path))
		r = ask_at(&at, request, timeout_ms, ret_answer);
	return r ? complain(error, at.sun_path, r) : 0;
}
