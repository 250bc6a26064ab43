// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * What refuses a signal: a missing capability, the user namespace, a seccomp filter, or a security module. The errno alone does not
 * say it, but what this process is confined by does. Read when an action was refused, by its worker.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/rights.h"
#include "enforce_internal.h"

static bool read_text(const char *path, char *text, size_t size)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);

	text[n > 0 ? n : 0] = '\0';
	return n >= 0;
}

static unsigned long long field(const char *status, const char *key, int base,
				unsigned long long otherwise)
{
	const char *at = strstr(status, key);

	return at ? strtoull(at + strlen(key), NULL, base) : otherwise;
}

/* A filter answers before the kernel looks at the arguments (seccomp(2)), which are wrong here: without one it is EBADF and EINVAL. */
static bool is_filtered(void)
{
	return (syscall(SYS_pidfd_send_signal, -1, 0, NULL, 0) && errno == EPERM) ||
	       (syscall(SYS_pidfd_open, -1, 0) && errno == EPERM);
}

/* Of AppArmor or SELinux; "" where there is none, or it confines nothing. */
static void confined_by(char profile[64])
{
	read_text("/proc/self/attr/current", profile, 64);
	profile[strcspn(profile, "\n")] = '\0';
	if (!strncmp(profile, "unconfined", 10))
		profile[0] = '\0';
}

const char *refusal_text(int error, char text[REFUSAL_TEXT])
{
	char status[8192], profile[64] = "";
	bool known = read_text("/proc/self/status", status, sizeof(status));
	bool filter = known && field(status, "\nSeccomp:", 10, 0) == SECCOMP_MODE_FILTER;

	if (error != EPERM && error != EACCES && error != ENOSYS)
		text[0] = '\0';
	else if (error == ENOSYS && !filter)
		snprintf(text, REFUSAL_TEXT, "this kernel has no pidfd calls (5.3)");
	else if (known && !(field(status, "\nCapEff:", 16, ~0ULL) & RIGHT(CAP_KILL)))
		snprintf(text, REFUSAL_TEXT, "CAP_KILL is missing");
	else if (error == EPERM && rights_in_user_namespace())
		snprintf(text, REFUSAL_TEXT,
			 "its user namespace has no rights over that process: run headroomd in the "
			 "host's");
	else if (error == ENOSYS || (filter && error != EACCES && is_filtered()))
		snprintf(text, REFUSAL_TEXT,
			 "the seccomp filter of headroomd's container or service forbids it");
	else {
		confined_by(profile);
		snprintf(text, REFUSAL_TEXT, "a security module forbids it%s%s",
			 *profile ? ": headroomd runs as " : "", profile);
	}
	return text;
}
