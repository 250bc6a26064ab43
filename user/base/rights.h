/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What a process gives up for good. Plain system calls: the daemon links no library for this. */
#ifndef HEADROOM_BASE_RIGHTS_H
#define HEADROOM_BASE_RIGHTS_H

#include <linux/capability.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RIGHT(capability_) (1ull << (capability_))

/* A sanitizer attaches to its own process, calls what no filter has, and a fuzzer writes what it finds:
 * such builds stay dumpable, have no filter, and their commands keep their user. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define RIGHTS_SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define RIGHTS_SANITIZED true
#endif
#endif
#ifndef RIGHTS_SANITIZED
#define RIGHTS_SANITIZED false
#endif

struct rights {
	uint64_t effective, permitted, inheritable, bounding, ambient; /* bit n: capability n */
};

/* No new privileges by exec, no core file, and no other process of the same user may look into this one (prctl(2),
 * PR_SET_DUMPABLE; an exec makes the new program dumpable again). All threads but for the first, which is the caller's and
 * of those it starts later. 0 or -errno. */
int rights_close(void);
/* The calling thread's capabilities; inherited by what it starts. Gives up all others in every set, and all ambient and
 * inheritable ones. `bounding`: what a program run by root may still get; without CAP_SETPCAP this set stays as it is. What
 * is kept is in effect, too; what the process does not have is not added. 0; -EPERM: the bounding set stayed; -errno. */
int rights_keep(uint64_t keep, uint64_t bounding);
enum rights_files { RIGHTS_FILES_NONE, RIGHTS_FILES_READ };
/* Landlock (kernel: Documentation/userspace-api/landlock.rst): from now on this thread may open no file and no directory; or read them,
 * but write, make, remove, truncate and run none. What is open stays so. Needs rights_close() before. 0; -ENOSYS, -EOPNOTSUPP: not in
 * this kernel, or not enabled; -errno. */
int rights_files(enum rights_files may);
/* Of the calling thread. 0 or -errno. */
int rights_get(struct rights *ret);
/* In another user namespace than the initial one, which maps all ids to themselves (user_namespaces(7)). False where that is not known. */
bool rights_in_user_namespace(void);
/* Closes every descriptor from 3 on but the n in keep; -1 there: none. */
void rights_keep_descriptors(const int *keep, size_t n);

#endif
