// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Starts the resolver: a program of its own, with one wire, the host's root and the labels that policies ask for. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/service.h"
#include "supervisor.h"

/* Beside this program, or in ../libexec/headroom. */
static int find_resolver(char path[PATH_MAX])
{
	static const char *const places[] = {"headroom-resolver", "../libexec/headroom/headroom-resolver",
					     "../lib/headroom/headroom-resolver"};
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	const char *dir;

	if (n < 0)
		return -errno;
	self[n] = '\0';
	dir = dirname(self);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (snprintf(path, PATH_MAX, "%s/%s", dir, places[i]) < PATH_MAX && !access(path, X_OK))
			return 0;
	}
	return -ENOENT;
}

static void become(const char *path, const char *const *argv, int wire)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	fcntl(wire, F_SETFD, 0);
	service_forget_environment();
	execv(path, (char *const *)argv);
	_exit(1);
}

pid_t resolver_start(const struct config *config, const struct guard_wires *wires, const struct policy_set *set)
{
	char path[PATH_MAX], fd[16];
	const char *argv[8 + 2 * POLICY_LABELS] = {path, "--fd", fd, "--kmsg"};
	size_t n = 4;
	pid_t pid;

	if (find_resolver(path))
		return -ENOENT;
	snprintf(fd, sizeof(fd), "%d", wires->resolver_resolver);
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
		become(path, argv, wires->resolver_resolver);
	return pid < 0 ? -errno : pid;
}
