// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Both ends of the socket between parser and opener: one fixed-size request, one fixed-size answer,
 * perhaps with a descriptor. No file of a container or an engine is ever read on the opener's side.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "opener_proto.h"

union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int))];
};

static int send_answer(int socket, const struct open_answer *answer, int fd)
{
	struct iovec iov = {.iov_base = (void *)answer, .iov_len = sizeof(*answer)};
	union control control = {0};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	if (fd >= 0) {
		struct cmsghdr *header;

		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
		header = CMSG_FIRSTHDR(&msg);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(header), &fd, sizeof(int));
	}
	while (sendmsg(socket, &msg, MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

static int receive_answer(int socket, struct open_answer *ret_answer, int *ret_fd)
{
	struct iovec iov = {.iov_base = ret_answer, .iov_len = sizeof(*ret_answer)};
	union control control;
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *header;
	ssize_t n;

	do
		n = recvmsg(socket, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	*ret_fd = -1;
	header = CMSG_FIRSTHDR(&msg);
	if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
		memcpy(ret_fd, CMSG_DATA(header), sizeof(int));
	return n == sizeof(*ret_answer) ? 0 : -EPIPE;
}

static int ask_remote(int socket, const struct open_request *request,
		      struct open_answer *ret_answer, int *ret_fd)
{
	while (send(socket, request, sizeof(*request), MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return -errno;
	return receive_answer(socket, ret_answer, ret_fd);
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
		r = send_answer(socket, &answer, fd);
		if (r < 0)
			return r == -EPIPE ? 0 : r;
	}
}
