// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * What a policy's command inherits: nothing of the daemon's but its cgroup, its root directory and the bounds of the service. It is
 * the user that the administrator chose, in a session of its own (so it has no controlling terminal), with three descriptors,
 * default signals, a minimal environment, ordinary scheduling, and no way to more rights.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "command_runner.h"

#define FALLBACK_UID \
	60911 /* in none of the ranges that systemd's docs/UIDS-GIDS.md gives to others */

struct user {
	const char *name; /* NULL: it has none */
	uid_t uid;
	gid_t gid;
};

/* A number may be a user without an entry. The default user need not exist on a host where headroom was not installed from a package. */
static int find_user(const char *run_as, struct user *ret)
{
	char *end;
	unsigned long number = strtoul(run_as, &end, 10);
	bool numeric = *run_as >= '0' && *run_as <= '9' && !*end && number < UINT32_MAX;
	const struct passwd *entry = numeric ? getpwuid((uid_t)number) : getpwnam(run_as);

	if (entry)
		*ret = (struct user){entry->pw_name, entry->pw_uid, entry->pw_gid};
	else if (numeric)
		*ret = (struct user){NULL, (uid_t)number, (gid_t)number};
	else if (!strcmp(run_as, POLICY_RUN_AS_DEFAULT))
		*ret = (struct user){NULL, FALLBACK_UID, FALLBACK_UID};
	else
		return -ENOENT;
	return 0;
}

/* A supervisor without root's rights has no choice: its commands run as itself, if that is what the policy says or leaves open. */
static int become_user(const char *run_as)
{
	struct user user;
	int r = find_user(run_as, &user);

	if (r)
		return r;
	if (geteuid())
		return user.uid == geteuid() || !strcmp(run_as, POLICY_RUN_AS_DEFAULT) ? 0 : -EPERM;
	/* Root in a container may not have the capability; as root it keeps what it has. */
	if ((user.name ? initgroups(user.name, user.gid) : setgroups(0, NULL)) &&
	    (user.uid || errno != EPERM))
		return -errno;
	for (int capability = 0; user.uid && capability < 64; capability++)
		if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) && errno == EINVAL)
			break;
	if (setresgid(user.gid, user.gid, user.gid) || setresuid(user.uid, user.uid, user.uid))
		return -errno;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? -errno : 0;
}

/* The daemon is hard for the kernel to kill, and may run before others: not so its commands. */
static void be_ordinary(void)
{
	const struct sched_param ordinary = {0};
	const struct rlimit no_core = {0, 0};
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, "0", 1) < 0)
		_exit(COMMAND_NO_USER);
	sched_setscheduler(0, SCHED_OTHER, &ordinary);
	setpriority(PRIO_PROCESS, 0, 0);
	setrlimit(RLIMIT_CORE, &no_core);
}

/* By the system call: the C library refuses the two signals that it uses itself, which may be ignored since before our start. */
static void default_signals(void)
{
	static const unsigned char
		standard[64]; /* the kernel's struct sigaction: SIG_DFL and no flags are zeros */
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		syscall(SYS_rt_sigaction, i, standard, NULL,
			(size_t)(NSIG - 1) / 8); /* SIGKILL, SIGSTOP: EINVAL */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

void command_become(const char *const *argv, const char *run_as, int out_fd)
{
	static char *const environment[] = {
		(char *)"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		(char *)"HOME=/", (char *)"LANG=C", NULL};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), r;

	setsid();
	default_signals();
	umask(077);
	if (null < 0 || chdir("/") || dup2(null, STDIN_FILENO) < 0 ||
	    dup2(out_fd, STDOUT_FILENO) < 0 || dup2(out_fd, STDERR_FILENO) < 0 ||
	    close_range(3, ~0u, 0))
		_exit(COMMAND_NO_USER);
	be_ordinary();
	r = become_user(run_as);
	if (r) {
		dprintf(STDERR_FILENO, "cannot run as %s: %s\n", run_as,
			r == -ENOENT ? "no such user" : strerror(-r));
		_exit(COMMAND_NO_USER);
	}
	execvpe(argv[0], (char *const *)argv, environment);
	_exit(COMMAND_NOT_FOUND);
}
