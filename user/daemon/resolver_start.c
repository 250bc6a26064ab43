// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "resolver_start.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/find_program.h"
#include "base/sd_notify.h"

static void become(const char *path, const char *const *argv, int socket)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	fcntl(socket, F_SETFD, 0);
	service_forget_environment();
	execv(path, (char *const *)argv);
	_exit(1);
}

pid_t resolver_start(const struct config *config, const struct daemon_sockets *sockets,
		     const struct policy_set *set)
{
	char path[PATH_MAX], fd[16];
	const char *argv[8 + 2 * POLICY_LABELS] = {path, "--fd", fd, "--kmsg"};
	size_t n = 4;
	pid_t pid;

	if (beside_find("headroom-resolver", path))
		return -ENOENT;
	snprintf(fd, sizeof(fd), "%d", sockets->resolver_resolver);
	if (*config->root) {
		argv[n++] = "--root";
		argv[n++] = config->root;
	}
	for (uint32_t i = 0; set && i < POLICY_LABELS && policy_label(set, i); i++) {
		argv[n++] = "--label";
		argv[n++] = policy_label(set, i);
	}
	pid = fork();
	if (pid == 0)
		become(path, argv, sockets->resolver_resolver);
	return pid < 0 ? -errno : pid;
}
