// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Both ends of the socket between parser and opener: one fixed-size request, one fixed-size answer,
 * perhaps with a descriptor. No file of a container or an engine is ever read on the opener's side.
 */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd_message.h"
#include "opener_proto.h"

static int ask_remote(int socket, const struct open_request *request,
		      struct open_answer *ret_answer, int *ret_fd)
{
	ssize_t n;

	while (send(socket, request, sizeof(*request), MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return -errno;
	n = fd_message_receive(socket, ret_answer, sizeof(*ret_answer), 0, ret_fd);
	return n == sizeof(*ret_answer) ? 0 : n < 0 ? (int)n : -EPIPE;
}

int opener_ask(struct opener *opener, const struct open_request *request,
	       struct open_answer *ret_answer, int *ret_fd)
{
	_cleanup_close_ int fd = -1;
	struct open_answer answer;
	int r;

	if (opener->dirs) {
		fd = state_dirs_serve(opener->dirs, request, &answer);
	} else {
		r = ask_remote(opener->socket, request, &answer, &fd);
		if (r < 0) {
			opener->gone = true;
			return -EPIPE;
		}
	}
	opener->cpu_ns += answer.cpu_ns;
	if (answer.error)
		return answer.error;
	answer.name[sizeof(answer.name) - 1] = answer.link[sizeof(answer.link) - 1] = 0;
	*ret_answer = answer;
	*ret_fd = take_fd(fd);
	return 0;
}

int opener_run(int socket, struct state_dirs *dirs)
{
	for (;;) {
		struct open_request request;
		struct open_answer answer;
		_cleanup_close_ int fd = -1;
		uint64_t begun;
		ssize_t n = recv(socket, &request, sizeof(request), 0);
		int r;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 && errno != ECONNRESET ? -errno : 0;
		if (n != sizeof(request))
			return -EPROTO;
		request.id[sizeof(request.id) - 1] = 0;
		/* a hung file system must not block us: we exit here, and the supervisor starts a
		 * new one */
		alarm(20);
		begun = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
		fd = state_dirs_serve(dirs, &request, &answer);
		alarm(0);
		answer.cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - begun;
		r = fd_message_send(socket, &answer, sizeof(answer), fd, 0);
		if (r < 0)
			return r == -EPIPE ? 0 : r;
	}
}
