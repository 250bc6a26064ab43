/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A seccomp filter that allows the listed system calls. Every other one fails with EPERM (clone3: ENOSYS, since its arguments
 * are in memory where a filter can't read them, and the C library then takes clone). Whatever is listed, no call makes a namespace, a
 * socket of another family, or memory that is both writable and executable.
 */
#ifndef HEADROOM_BASE_SYSCALL_FILTER_H
#define HEADROOM_BASE_SYSCALL_FILTER_H

#include <linux/audit.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#if defined(__x86_64__) && !defined(__ILP32__)
#define SYSCALL_FILTER_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__) && !defined(__ILP32__)
#define SYSCALL_FILTER_ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#define SYSCALL_FILTER_ARCHITECTURE 0 /* other calls, and others by their arguments */
#endif

/* What a process needs that the daemon and readers share: memory, files, time, signals, threads, sockets, processes to wait for. */
extern const uint16_t syscalls_common[];
extern const size_t syscalls_common_n;
/* What only the daemon needs: BPF, files by handle, priority, locked memory, signals by pidfd. */
extern const uint16_t syscalls_daemon[];
extern const size_t syscalls_daemon_n;

/* What the supervisor, and so all that it starts, has no use for: commands of policies may be any program, so this is no list of what is
 * allowed. The groups that deploy/systemd/headroomd.service refuses, too. */
extern const uint16_t syscalls_refused[];
extern const size_t syscalls_refused_n;

#define FAMILY(family_) (1u << (family_))

struct syscall_filter {
	const uint16_t *more; /* beside syscalls_common; NULL: none */
	size_t n;
	uint32_t families; /* FAMILY(AF_…) of sockets */
};

/* For all threads of this process and what they start, for good. Needs rights_close() before. 0; -EOPNOTSUPP: not for this
 * architecture; -ECANCELED: a build with sanitizers; -errno: the kernel or a container's runtime refuses. */
int syscall_filter_load(const struct syscall_filter *filter);
/* The same, but refuses only syscalls_refused, namespaces, and calls of another architecture. */
int syscall_filter_refuse(void);

#endif
