// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * One process, by /proc and pidfd: see proc.h. The files are the kernel's, but a process may name itself as it likes: comm is
 * taken as bytes, and fields are counted from the last parenthesis.
 */
#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"

#ifndef SYS_process_mrelease
#define SYS_process_mrelease 448 /* the same everywhere but on alpha */
#endif

#define PF_EXITING 0x00000004u /* include/linux/sched.h */
#define PF_KTHREAD 0x00200000u
#define REAP_TRIES 3

/* The whole of /proc/PID/NAME as a string. */
static int read_file(int proc_fd, uint32_t pid, const char *name, char *text, size_t size)
{
	_cleanup_close_ int fd = -1;
	char path[32];
	ssize_t n;

	snprintf(path, sizeof(path), "%u/%s", pid, name);
	fd = openat(proc_fd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	do
		n = read(fd, text, size - 1);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n < 0 ? -errno : -ESRCH;
	text[n] = '\0';
	return 0;
}

bool proc_is_ours(int proc_fd)
{
	char link[16];
	ssize_t n = readlinkat(proc_fd, "self", link, sizeof(link) - 1);

	if (n <= 0)
		return false;
	link[n] = '\0';
	return strtoul(link, NULL, 10) == (unsigned long)getpid();
}

/* Field `wanted` of proc(5)'s stat, counted from 3, which is the state; `p` stands before it. */
static unsigned long long stat_field(const char *p, int wanted)
{
	for (int field = 3; field < wanted; field++) {
		p = strchr(p + 1, ' ');
		if (!p)
			return 0;
	}
	return strtoull(p + 1, NULL, 10);
}

int proc_stat(int proc_fd, uint32_t pid, struct proc_stat *ret_stat)
{
	struct proc_stat stat = {0};
	char text[1024], *open, *close;
	unsigned long long flags;
	int r = read_file(proc_fd, pid, "stat", text, sizeof(text));

	if (r < 0)
		return r;
	open = strchr(text, '(');
	close = strrchr(text, ')');
	if (!open || !close || close < open || close[1] != ' ' || !close[2])
		return -EBADMSG;
	memcpy(stat.comm, open + 1,
	       (size_t)(close - open - 1) < sizeof(stat.comm) - 1 ? (size_t)(close - open - 1)
								  : sizeof(stat.comm) - 1);
	stat.state = close[2];
	stat.ppid = (uint32_t)stat_field(close + 1, 4);
	stat.pgrp = (uint32_t)stat_field(close + 1, 5);
	flags = stat_field(close + 1, 9);
	stat.kernel_thread = flags & PF_KTHREAD;
	stat.exiting = flags & PF_EXITING;
	stat.start_ticks = stat_field(close + 1, 22);
	*ret_stat = stat;
	return 0;
}

int proc_memory(int proc_fd, uint32_t pid, struct proc_memory *ret_memory)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), resident, shared;
	char text[128], *p = text;
	int r = read_file(proc_fd, pid, "statm", text, sizeof(text));

	if (r < 0)
		return r;
	strtoull(p, &p, 10);
	resident = strtoull(p, &p, 10);
	shared = strtoull(p, &p, 10);
	*ret_memory = (struct proc_memory){
		.rss = resident * page,
		.anon = resident > shared ? (resident - shared) * page : 0,
	};
	return 0;
}

static const char *status_line(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	return at ? at + strlen(key) : NULL;
}

static uint64_t status_mask(const char *text, const char *key)
{
	const char *at = status_line(text, key);

	return at ? strtoull(at, NULL, 16) : 0;
}

/* Kernels built without pid namespaces have no NSpid: levels 0, no init. The name stands first, escaped, on its line. */
int proc_status(int proc_fd, uint32_t pid, struct proc_status *ret_status)
{
	struct proc_status status = {0};
	char text[4096], *end;
	const char *p;
	unsigned long last = 0;
	int r = read_file(proc_fd, pid, "status", text, sizeof(text));

	if (r < 0)
		return r;
	status.caught = status_mask(text, "\nSigCgt:");
	status.ignored = status_mask(text, "\nSigIgn:");
	status.blocked = status_mask(text, "\nSigBlk:");
	p = status_line(text, "\nNSpid:");
	for (unsigned n = 0; p; p = end, n++) {
		unsigned long value;

		p += strspn(p, "\t ");
		value = strtoul(p, &end, 10);
		if (end == p || *p == '\n')
			break;
		last = value;
		status.levels = n;
	}
	status.init = status.levels && last == 1;
	*ret_status = status;
	return 0;
}

unsigned proc_parents(int proc_fd, uint32_t pid, uint32_t *ret_pids, unsigned n)
{
	struct proc_stat stat;
	unsigned found = 0;

	while (found < n && !proc_stat(proc_fd, pid, &stat) && stat.ppid > 1)
		ret_pids[found++] = pid = stat.ppid;
	return found;
}

/* fs/proc/array.c: nsec_to_clock_t(), which cuts off. */
uint64_t proc_ticks(uint64_t boottime_ns)
{
	return boottime_ns / (NS_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK));
}

uint64_t proc_ticks_ns(uint64_t ticks)
{
	return ticks * (NS_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK));
}

const char *proc_signal_name(int signal, char text[PROC_SIGNAL_TEXT])
{
	const char *name = sigabbrev_np(signal);

	if (name)
		snprintf(text, PROC_SIGNAL_TEXT, "SIG%s", name);
	else
		snprintf(text, PROC_SIGNAL_TEXT, "signal %d", signal);
	return text;
}

static bool default_ignored(int signal) /* SIG_KERNEL_IGNORE_MASK, include/linux/signal.h */
{
	return signal == SIGCONT || signal == SIGCHLD || signal == SIGWINCH || signal == SIGURG;
}

const char *proc_discards(const struct proc_status *status, int signal)
{
	uint64_t bit = 1ULL << (signal - 1);

	if (signal == SIGKILL || signal == SIGSTOP || (status->blocked & bit) ||
	    (status->caught & bit))
		return NULL;
	if (status->ignored & bit)
		return "it ignores it";
	if (status->init)
		return "the init has no handler";
	return default_ignored(signal) ? "it has no handler" : NULL;
}

int proc_open(uint32_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);

	return fd < 0 ? -errno : fd;
}

int proc_signal(int pidfd, int signal)
{
	return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) < 0 ? -errno : 0;
}

bool proc_ended(int pidfd)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};

	return poll(&p, 1, 0) == 1;
}

int proc_reap(int pidfd)
{
	int r = -EAGAIN;

	for (int i = 0; i < REAP_TRIES && (r == -EAGAIN || r == -EINTR); i++)
		r = syscall(SYS_process_mrelease, pidfd, 0) < 0 ? -errno : 0;
	return r;
}
