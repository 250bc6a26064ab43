// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Plays the service manager's ear: notify-sink SOCKET writes each message that comes to stdout, one a line, its own lines
 * joined by spaces: "PID READY=1 STATUS=…". Ends by SIGTERM. For tests; decides nothing.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static pid_t sender(struct msghdr *msg)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);
	struct ucred cred = {0};

	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_CREDENTIALS)
		memcpy(&cred, CMSG_DATA(c), sizeof(cred));
	return cred.pid;
}

int main(int argc, char **argv)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), yes = 1;

	if (argc != 2 || strlen(argv[1]) >= sizeof(at.sun_path)) {
		fputs("usage: notify-sink SOCKET\n", stderr);
		return 2;
	}
	strcpy(at.sun_path, argv[1]);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &yes, sizeof(yes)) ||
	    bind(fd, (struct sockaddr *)&at, sizeof(at))) {
		perror(argv[1]);
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (;;) {
		char text[4096], control[CMSG_SPACE(sizeof(struct ucred))];
		struct iovec iov = {text, sizeof(text) - 1};
		struct msghdr msg = {.msg_iov = &iov,
				     .msg_iovlen = 1,
				     .msg_control = control,
				     .msg_controllen = sizeof(control)};
		ssize_t n = recvmsg(fd, &msg, 0);

		if (n < 0 && errno != EINTR)
			return 1;
		if (n < 0)
			continue;
		text[n] = '\0';
		for (char *c = text; *c; c++)
			if (*c == '\n')
				*c = ' ';
		printf("%d %s\n", sender(&msg), text);
	}
}
