// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "rights.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"

#define CAPABILITIES_MOST 64

int rights_close(void)
{
	const struct rlimit none = {0, 0};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || setrlimit(RLIMIT_CORE, &none))
		return -errno;
	return !RIGHTS_SANITIZED && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) ? -errno : 0;
}

bool rights_in_user_namespace(void)
{
	_cleanup_close_ int fd = open("/proc/self/uid_map", O_RDONLY | O_CLOEXEC);
	unsigned long inside, outside, count;
	char map[128];
	ssize_t n = fd < 0 ? -1 : read(fd, map, sizeof(map) - 1);

	if (n < 0)
		return false;
	map[n] = '\0'; /* a new namespace has no map at first */
	return sscanf(map, "%lu %lu %lu", &inside, &outside, &count) != 3 || inside || outside ||
	       count != UINT32_MAX;
}

int rights_get(struct rights *ret)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	*ret = (struct rights){0};
	if (syscall(SYS_capget, &header, data))
		return -errno;
	ret->effective = data[0].effective | (uint64_t)data[1].effective << 32;
	ret->permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	ret->inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << 32;
	for (int i = 0; i < CAPABILITIES_MOST; i++) {
		if (prctl(PR_CAPBSET_READ, i, 0, 0, 0) == 1)
			ret->bounding |= RIGHT(i);
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, i, 0, 0) == 1)
			ret->ambient |= RIGHT(i);
	}
	return 0;
}

/* First, since it needs CAP_SETPCAP. */
static int bound(const struct rights *had, uint64_t keep)
{
	for (int i = 0; i < CAPABILITIES_MOST; i++)
		if ((had->bounding & ~keep & RIGHT(i)) && prctl(PR_CAPBSET_DROP, i, 0, 0, 0))
			return -errno;
	return 0;
}

int rights_keep(uint64_t keep, uint64_t bounding)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};
	struct rights had;
	int r = rights_get(&had), bounded;

	if (r)
		return r;
	bounded = bound(&had, bounding);
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		data[i].permitted = (uint32_t)((had.permitted & keep) >> (32 * i));
		data[i].effective = (uint32_t)((had.permitted & keep) >> (32 * i));
	}
	return syscall(SYS_capset, &header, data) ? -errno : bounded;
}

/* include/uapi/linux/landlock.h, the same on every architecture; the headers may be older. */
#define SYS_LANDLOCK_CREATE   444
#define SYS_LANDLOCK_RESTRICT 446
#define LANDLOCK_VERSION      1u
#define ACCESS_READ           (1ull << 2 | 1ull << 3) /* files, directories */
/* How many kinds of access each version knows; 2 adds moves between directories, 3 truncate, 5 ioctl of devices. */
static const unsigned int accesses[] = {0, 13, 14, 15, 15, 16};

int rights_files(enum rights_files may)
{
	long version = syscall(SYS_LANDLOCK_CREATE, NULL, 0, LANDLOCK_VERSION);
	const long newest = (long)(sizeof(accesses) / sizeof(*accesses)) - 1;
	uint64_t handled;
	int fd, r;

	if (version < 1)
		return version < 0 ? -errno : -EOPNOTSUPP;
	handled = (1ull << accesses[version < newest ? version : newest]) - 1;
	if (may == RIGHTS_FILES_READ)
		handled &= ~ACCESS_READ;
	/* No rule: what is handled is allowed nowhere. */
	fd = (int)syscall(SYS_LANDLOCK_CREATE, &handled, sizeof(handled), 0);
	if (fd < 0)
		return -errno;
	r = syscall(SYS_LANDLOCK_RESTRICT, fd, 0) ? -errno : 0;
	close(fd);
	return r;
}

void rights_keep_descriptors(const int *keep, size_t n)
{
	unsigned int from = STDERR_FILENO + 1, next;

	for (;; from = next + 1) {
		next = UINT_MAX; /* the lowest that is kept; none: -1 */
		for (size_t i = 0; i < n; i++)
			if ((unsigned int)keep[i] >= from && (unsigned int)keep[i] < next)
				next = (unsigned int)keep[i];
		if (next > from)
			close_range(from, next == UINT_MAX ? next : next - 1, 0);
		if (next == UINT_MAX)
			return;
	}
}
