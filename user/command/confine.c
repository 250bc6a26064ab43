// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "confine.h"

#include <errno.h>
#include <linux/securebits.h>
#include <grp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/rights.h"
#include "base/syscall_filter.h"

static enum command_rights rights = COMMAND_TRIES;
static bool done;

static const uint64_t kept[] = {
	[COMMAND_READS] = RIGHT(CAP_DAC_READ_SEARCH),
	[COMMAND_CONTROLS] = 0,
	[COMMAND_WRITES] = CONFINE_FILES,
	[COMMAND_STARTS] = CONFINE_FILES | RIGHT(CAP_KILL),
};

void confine_begin(enum command_rights which)
{
	rights = which;
	done = false;
	rights_close();
}

void confine_set(enum command_rights which) { rights = which; }

/* sudo and su leave the terminal to the user that typed. */
static uid_t terminal_owner(void)
{
	struct stat st;

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (isatty(fd) && !fstat(fd, &st) && st.st_uid)
			return st.st_uid;
	return CONFINE_UID;
}

/* Whether access(2) counts the capabilities of a process that is not root's: only with this bit (kernel: fs/open.c,
 * access_override_creds()). SQLite takes what it may not access for a file that is not there. Needs CAP_SETPCAP. */
static int count_capabilities(void)
{
	return prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0) ? -errno : 0;
}

/* Keeps the permitted capabilities over the change, for rights_keep() to choose from. 0 or -errno. */
static int change_user(uid_t uid, gid_t gid)
{
	int r = prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) || setgroups(0, NULL) ||
				setresgid(gid, gid, gid) || setresuid(uid, uid, uid)
			? -errno
			: 0;

	prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
	return r;
}

static int filter(uint32_t families)
{
	const struct syscall_filter f = {.families = families};
	int r = syscall_filter_load(&f);

	return r == -ECANCELED ? 0 : r;
}

void confine_now(void)
{
	if (done || rights == COMMAND_TRIES || RIGHTS_SANITIZED)
		return;
	done = true;
	rights_keep(~0ull, 0); /* the bounding set, while it has CAP_SETPCAP */
	if (!geteuid() && rights == COMMAND_READS)
		change_user(terminal_owner(), CONFINE_UID);
	rights_keep(kept[rights], 0);
	rights_close(); /* the change of user made it dumpable */
	filter(FAMILY(AF_UNIX));
}

void confine_service(const struct confine_user *user, uint64_t capabilities, uint32_t families)
{
	int changed = 0, r, closed;

	done = true;
	rights_keep(~0ull, 0); /* the bounding set, while it has CAP_SETPCAP */
	if (user && !geteuid() && !RIGHTS_SANITIZED) {
		if (capabilities & RIGHT(CAP_DAC_OVERRIDE))
			changed = count_capabilities();
		changed = changed ?: change_user(user->uid, user->gid);
	}
	r = rights_keep(capabilities, 0);
	closed = rights_close(); /* the change of user made it dumpable */
	if (r == -EPERM)
		r = 0; /* the bounding set, which gives nothing to a process without new privileges */
	r = changed ?: r ?: closed ?: filter(families);
	if (r)
		log_info("runs with more rights than it needs: %s", strerror(-r));
}
