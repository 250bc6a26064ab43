/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * One process through /proc and a pidfd, and signals that cannot hit another process. Nothing here takes the target's mmap
 * lock (no cmdline, no maps, no smaps) but proc_reap(), and nothing allocates. Pids are those of the pid namespace of
 * `proc_fd`, which must be ours (proc_is_ours). Callers: any thread.
 */
#ifndef HEADROOM_ENFORCE_PROC_H
#define HEADROOM_ENFORCE_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROC_COMM 16

struct proc_stat {
	char comm[PROC_COMM];
	char state; /* of the first thread: R, S, D, Z, X, … */
	uint32_t ppid, pgrp, session;
	bool kernel_thread;
	bool exiting; /* the first thread is */
	bool dead; /* a zombie; not one of which the first thread alone has ended (pthread_exit() in main) */
	uint64_t start_ticks; /* since boot, in ticks of sysconf(_SC_CLK_TCK) */
};

struct proc_memory { /* bytes, of any thread that has memory; all 0 once the process gave it back */
	uint64_t rss, anon; /* anon: private and swappable */
};

struct proc_status {
	uint64_t caught, ignored, blocked; /* bit n-1: signal n; of the first thread */
	unsigned levels;                   /* pid namespaces below ours that it is in */
	bool init;                         /* … and the init of the innermost */
	bool killed;                       /* SIGKILL is pending */
};

struct proc_owner {
	uint32_t uid;          /* effective, as the reader's user namespace has it */
	uint64_t capabilities; /* effective; bit n: capability n */
};

bool proc_is_ours(int proc_fd);
/* Each: 0, -ESRCH: there is none, or another -errno. */
int proc_stat(int proc_fd, uint32_t pid, struct proc_stat *ret_stat);
int proc_memory(int proc_fd, uint32_t pid, struct proc_memory *ret_memory);
int proc_status(int proc_fd, uint32_t pid, struct proc_status *ret_status);
/* The real uid; of a process in a user namespace the owner of that, or of the outermost one around it. */
int proc_user(int proc_fd, uint32_t pid, uint32_t *ret_uid);
int proc_owner(int proc_fd, uint32_t pid, struct proc_owner *ret_owner);
/* The pids of pid's parent, its parent's, and so on, at most n of them, without PID 1. Returns how many. */
unsigned proc_parents(int proc_fd, uint32_t pid, uint32_t *ret_pids, unsigned n);

uint64_t proc_ticks(uint64_t boottime_ns); /* as /proc/PID/stat rounds it */
uint64_t proc_ticks_ns(uint64_t ticks);

/* "SIGTERM", "signal 40"; in `text`. */
#define PROC_SIGNAL_TEXT 24
const char *proc_signal_name(int signal, char text[PROC_SIGNAL_TEXT]);
/* Why the kernel would discard this signal, in words; NULL: it would not. (kernel/signal.c, sig_ignored(): blocked signals
 * stay pending; an init gets no signal for which it has no handler; SIGKILL is never discarded.) */
const char *proc_discards(const struct proc_status *status, int signal);

int proc_open(uint32_t pid); /* pidfd, or -errno */
int proc_signal(int pidfd, int signal);
bool proc_ended(int pidfd);
/* process_mrelease(2), 5.15: frees the memory of a process that got SIGKILL, from here, without its help. May wait for its
 * mmap lock. 0; -ESRCH: it has no memory any more; -EINVAL: it is not exiting, or shares its memory with a process that is
 * not; -ENOSYS. */
int proc_reap(int pidfd);

#endif
