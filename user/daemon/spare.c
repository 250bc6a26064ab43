// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "spare.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/rights.h"
#include "supervisor_socket.h"
#include "supervisor_spawn.h"

#define FDS_MOST 2 /* the supervisor's end, the policies */

struct spare_request {
	pid_t daemon_pid, resolver_pid;
};

struct request_frame {
	struct iovec iov;
	struct msghdr msg;
	union {
		char bytes[CMSG_SPACE(FDS_MOST * sizeof(int))];
		struct cmsghdr align;
	} control;
};

static void frame(struct request_frame *f, struct spare_request *request)
{
	memset(f, 0, sizeof(*f));
	f->iov = (struct iovec){request, sizeof(*request)};
	f->msg = (struct msghdr){.msg_iov = &f->iov,
				 .msg_iovlen = 1,
				 .msg_control = f->control.bytes,
				 .msg_controllen = sizeof(f->control.bytes)};
}

int spare_ask(const struct daemon_sockets *sockets, int supervisor_fd, int rules_fd)
{
	struct spare_request request = {getpid(), sockets->resolver_pid};
	int fds[FDS_MOST] = {supervisor_fd, rules_fd};
	size_t bytes = (rules_fd < 0 ? 1 : 2) * sizeof(int);
	struct request_frame f;

	if (sockets->spare < 0)
		return -ESRCH;
	frame(&f, &request);
	f.msg.msg_controllen = CMSG_SPACE(bytes);
	f.control.align = (struct cmsghdr){
		.cmsg_len = CMSG_LEN(bytes), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
	memcpy(CMSG_DATA(&f.control.align), fds, bytes);
	return sendmsg(sockets->spare, &f.msg, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

bool spare_gone(const struct daemon_sockets *sockets)
{
	char byte;

	return sockets->spare < 0 || recv(sockets->spare, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* Returns as recvmsg(2) does; descriptors that did not come: -1. */
static ssize_t receive(int fd, struct spare_request *request, int fds[FDS_MOST])
{
	struct request_frame f;
	struct cmsghdr *header;
	ssize_t n;

	frame(&f, request);
	do
		n = recvmsg(fd, &f.msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	fds[0] = fds[1] = -1;
	header = n > 0 ? CMSG_FIRSTHDR(&f.msg) : NULL;
	if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
	    header->cmsg_len > CMSG_LEN(0))
		memcpy(fds, CMSG_DATA(header), header->cmsg_len - CMSG_LEN(0));
	return n;
}

static void serve(int fd, const struct daemon_sockets *sockets)
{
	struct spare_request request;
	int fds[FDS_MOST];
	ssize_t n;

	while ((n = receive(fd, &request, fds)) > 0) {
		_cleanup_close_ int new_end = fds[0], rules = fds[1];
		struct daemon_sockets handed = *sockets;

		if (n != sizeof(request) || new_end < 0)
			continue;
		handed.resolver_pid = request.resolver_pid;
		supervisor_start_adopting(&handed, request.daemon_pid, new_end, rules);
	}
}

static void run(int own, const struct daemon_sockets *sockets)
{
	const int keep[] = {own, sockets->resolver_daemon, sockets->resolver_resolver};

	prctl(PR_SET_NAME, "headroomd-spare");
	/* A copy of the supervisor's end of the daemon's socket would hide its own death. */
	rights_keep_descriptors(keep, ARRAY_SIZE(keep));
	serve(own, sockets);
	_exit(0);
}

int spare_start(const struct daemon_sockets *sockets, pid_t *pid)
{
	_cleanup_close_ int daemons = -1, own = -1;
	int err = supervisor_pair(&daemons, &own);

	if (err)
		return err;
	if (*pid) {
		kill(*pid, SIGKILL);
		waitpid(*pid, NULL, 0);
	}
	*pid = fork();
	if (*pid < 0) {
		*pid = 0;
		return -errno;
	}
	if (*pid == 0)
		run(own, sockets);
	return take_fd(daemons);
}
