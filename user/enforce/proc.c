// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * One process, by /proc and pidfd: see proc.h. The files are the kernel's, but a process may name itself as it likes: comm is
 * taken as bytes, and fields are counted from the last parenthesis.
 */
#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "cgroup/cgroup_dir.h"

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
	bool others;
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
	stat.session = (uint32_t)stat_field(close + 1, 6);
	flags = stat_field(close + 1, 9);
	stat.kernel_thread = flags & PF_KTHREAD;
	/* A first thread that has ended stays, as a zombie, until all others have. */
	others = stat_field(close + 1, 20) > 1;
	stat.exiting = flags & PF_EXITING;
	stat.dead = (stat.state == 'Z' || stat.state == 'X') && !others;
	stat.start_ticks = stat_field(close + 1, 22);
	*ret_stat = stat;
	return 0;
}

static int memory_of(int dir_fd, uint32_t task, struct proc_memory *ret_memory)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), resident, shared;
	char text[128], *p = text;
	int r = read_file(dir_fd, task, "statm", text, sizeof(text));

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

struct thread_memory {
	int dir_fd;
	struct proc_memory *memory;
};

static int memory_of_thread(const struct dir_entry *entry, void *arg)
{
	const struct thread_memory *of = arg;
	uint32_t tid = (uint32_t)strtoul(entry->name, NULL, 10);

	return tid && !memory_of(of->dir_fd, tid, of->memory) && of->memory->rss;
}

int proc_memory(int proc_fd, uint32_t pid, struct proc_memory *ret_memory)
{
	struct thread_memory of = {.memory = ret_memory};
	_cleanup_close_ int fd = -1;
	char path[32];
	int r = memory_of(proc_fd, pid, ret_memory);

	if (r < 0 || ret_memory->rss)
		return r;
	/* The first thread has ended: its memory is that of the others. */
	snprintf(path, sizeof(path), "%u/task", pid);
	fd = of.dir_fd = openat(proc_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		dir_list(fd, memory_of_thread, &of);
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
	status.killed = (status_mask(text, "\nSigPnd:") | status_mask(text, "\nShdPnd:")) &
			1ULL << (SIGKILL - 1);
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

int proc_owner(int proc_fd, uint32_t pid, struct proc_owner *ret_owner)
{
	char text[4096];
	const char *uid;
	int r = read_file(proc_fd, pid, "status", text, sizeof(text));

	if (r < 0)
		return r;
	uid = status_line(text, "\nUid:");
	uid = uid ? strchr(uid + 1, '\t') : NULL; /* past the real one */
	if (!uid)
		return -EBADMSG;
	*ret_owner = (struct proc_owner){.uid = (uint32_t)strtoul(uid, NULL, 10),
					 .capabilities = status_mask(text, "\nCapEff:")};
	return 0;
}

static int open_user_namespace(int proc_fd, const char *pid)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "%s/ns/user", pid);
	fd = openat(proc_fd, path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static uint64_t inode(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? 0 : st.st_ino;
}

/* The owner of the outermost user namespace around a process that is not ours; 0: it is in ours, or root made that one. */
static uint32_t namespace_owner(int proc_fd, const char *pid)
{
	_cleanup_close_ int ours = open_user_namespace(proc_fd, "self"),
			    fd = open_user_namespace(proc_fd, pid);
	uid_t owner = 0;

	while (fd >= 0 && ours >= 0 && inode(fd) != inode(ours)) {
		int parent = ioctl(fd, NS_GET_PARENT);

		if (ioctl(fd, NS_GET_OWNER_UID, &owner) < 0)
			owner = 0;
		close(fd);
		fd = parent;
	}
	return owner;
}

int proc_user(int proc_fd, uint32_t pid, uint32_t *ret_uid)
{
	char text[4096], name[16];
	const char *uid;
	uint32_t owner;
	int r = read_file(proc_fd, pid, "status", text, sizeof(text));

	if (r < 0)
		return r;
	uid = status_line(text, "\nUid:");
	if (!uid)
		return -EBADMSG;
	snprintf(name, sizeof(name), "%u", pid);
	owner = namespace_owner(proc_fd, name);
	*ret_uid = owner ? owner : (uint32_t)strtoul(uid, NULL, 10);
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
