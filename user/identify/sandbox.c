// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Drops rights. The order matters: capabilities need the user id, the filter needs no_new_privs,
 * and the death signal is lost when the user changes.
 */
#include "sandbox.h"

#include <cap-ng.h>
#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/own_uid.h"
#include "base/rights.h"

/* Address space: the largest document, parsed, and the libraries. */
#define PARSER_MEMORY (256ul << 20)

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* clang-format off: lists of words */
/* Calls that both need: the C library's memory, the descriptors they hold, exit. */
static const char *const common_calls[] = {
	"brk",
	"mmap",
	"munmap",
	"mremap",
	"madvise",
	"mprotect",
	"read",
	"write",
	"writev",
	"close",
	"fstat",
	"fstat64",
	"newfstatat",
	"fstatat64",
	"statx",
	"lseek",
	"_llseek",
	"recvmsg",
	"recvfrom",
	"recv",
	"sendmsg",
	"sendto",
	"send",
	"poll",
	"ppoll",
	"ppoll_time64",
	"futex",
	"futex_time64",
	"clock_gettime",
	"clock_gettime64",
	"gettimeofday",
	"getrandom",
	"getpid",
	"getppid",
	"gettid",
	"setitimer",
	"alarm",
	"rt_sigreturn",
	"sigreturn",
	"rt_sigprocmask",
	"restart_syscall",
	"exit",
	"exit_group",
};

static const char *const opener_calls[] = {
	"openat2", "getdents64", "readlinkat", "readlink", "open_by_handle_at",
	"fcntl",   "fcntl64",    "fgetxattr",  "fstatfs",  "fstatfs64",
	"wait4",   "waitpid",    "waitid",
};

/* A child for each map. */
static const char *const map_reader_calls[] = {
	"clone",  "clone3", "fork",    "wait4",           "waitpid",
	"waitid", "prctl",  "seccomp", "set_robust_list", "rseq",
};
/* clang-format on */

static int allow(scmp_filter_ctx filter, const char *const *calls, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int call = seccomp_syscall_resolve_name(calls[i]);
		int r;

		if (call == __NR_SCMP_ERROR || call < 0)
			continue; /* of another architecture */
		if (!strcmp(calls[i], "mmap") || !strcmp(calls[i], "mprotect"))
			r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 1,
					     SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
		else
			r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Everything else fails with EPERM: a library that tries something new falls back, instead of being
 * killed again and again. */
static int filter_calls(const char *const *more, size_t n)
{
	scmp_filter_ctx filter;
	int r;

	if (SANITIZED)
		return 0;
	filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	if (!filter)
		return -ENOMEM;
	r = allow(filter, common_calls, ARRAY_SIZE(common_calls));
	if (r == 0)
		r = allow(filter, more, n);
	if (r == 0)
		r = seccomp_load(filter);
	seccomp_release(filter);
	return r;
}

static uint32_t own_uid, own_gid;

int confine_find_user(void)
{
	int r = geteuid() == 0 ? own_uid_find(OWN_UID_RESOLVER, "/etc", &own_uid, &own_gid) : 0;

	if (r != -EBUSY)
		return r;
	log_info("there is no user %s, and the users %u to %u are all in use: %u is shared",
		 own_uids[OWN_UID_RESOLVER].name, own_uids[OWN_UID_RESOLVER].first,
		 own_uids[OWN_UID_RESOLVER].last, own_uid);
	return 0;
}

/* From root to an unprivileged user with this capability (-1: none), if we have it: root in a plain
 * container does not. A process that is not root keeps none. */
static int drop_rights(int capability)
{
	if (capability >= 0 && !capng_have_capability(CAPNG_PERMITTED, (unsigned int)capability))
		capability = -1;
	capng_clear(CAPNG_SELECT_BOTH);
	if (geteuid() == 0) {
		if (capability >= 0)
			capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED,
				     (unsigned int)capability);
		if (!own_uid || capng_change_id((int)own_uid, (int)own_gid,
						CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_BOUNDING) < 0)
			return -EPERM;
	} else if (capng_apply(CAPNG_SELECT_CAPS) < 0) {
		return -EPERM;
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return -errno;
	return 0;
}

int confine_opener(void)
{
	const struct rlimit none = {0, 0};
	int r = drop_rights(CAP_DAC_READ_SEARCH);

	if (r == 0 && setrlimit(RLIMIT_CORE, &none) < 0)
		r = -errno;
	rights_files(RIGHTS_FILES_READ); /* where the kernel has it */

	return r < 0 ? r : filter_calls(opener_calls, ARRAY_SIZE(opener_calls));
}

static int confine_reader(const char *const *more, size_t n)
{
	const struct rlimit memory = {PARSER_MEMORY, PARSER_MEMORY}, none = {0, 0};
	int r = drop_rights(-1);

	if (r < 0)
		return r;
	if (!SANITIZED && setrlimit(RLIMIT_AS, &memory) < 0)
		return -errno;
	if (setrlimit(RLIMIT_CORE, &none) < 0 || setrlimit(RLIMIT_FSIZE, &none) < 0)
		return -errno;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return -errno;
	rights_files(RIGHTS_FILES_NONE); /* where the kernel has it; the filter has no open */
	return filter_calls(more, n);
}

int confine_parser(void) { return confine_reader(NULL, 0); }

int confine_map_reader(void)
{
	return confine_reader(map_reader_calls, ARRAY_SIZE(map_reader_calls));
}

int confine_map_child(void) { return filter_calls(NULL, 0); }
