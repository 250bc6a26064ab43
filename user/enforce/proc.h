/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What /proc and a pidfd tell of one process, and signals that can't hit another. Nothing here takes the target's mmap lock
 * (no cmdline, no maps, no smaps) but proc_reap(), and nothing allocates. Processes are named by their pid in the pid
 * namespace of `proc_fd`, which must be ours (proc_is_ours). Callers: any thread.
 */
#ifndef HEADROOM_ENFORCE_PROC_H
#define HEADROOM_ENFORCE_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROC_COMM 16

struct proc_stat {
	char comm[PROC_COMM];
	char state; /* R, S, D, Z, X, … */
	uint32_t ppid, pgrp;
	bool kernel_thread, exiting;
	uint64_t start_ticks; /* since boot, in ticks of sysconf(_SC_CLK_TCK) */
};

struct proc_memory {        /* bytes; all 0 once the process gave its memory back */
	uint64_t rss, anon; /* anon: what nobody else has, private and swappable */
};

struct proc_status {
	uint64_t caught, ignored, blocked; /* bit n-1: signal n; of the first thread */
	unsigned levels;                   /* pid namespaces below ours that it is in */
	bool init;                         /* … and the init of the innermost */
};

bool proc_is_ours(int proc_fd);
/* Each: 0, -ESRCH: there is none, or another -errno. */
int proc_stat(int proc_fd, uint32_t pid, struct proc_stat *ret_stat);
int proc_memory(int proc_fd, uint32_t pid, struct proc_memory *ret_memory);
int proc_status(int proc_fd, uint32_t pid, struct proc_status *ret_status);
/* Of pid and up: the parents' pids, at most n of them, without PID 1. Returns how many. */
unsigned proc_parents(int proc_fd, uint32_t pid, uint32_t *ret_pids, unsigned n);

uint64_t proc_ticks(uint64_t boottime_ns); /* as /proc/PID/stat rounds it */
uint64_t proc_ticks_ns(uint64_t ticks);

/* "SIGTERM", "signal 40"; in `text`. */
#define PROC_SIGNAL_TEXT 24
const char *proc_signal_name(int signal, char text[PROC_SIGNAL_TEXT]);
/* Would the kernel throw this signal away? Then why, in words; else NULL. (kernel/signal.c, sig_ignored(): blocked signals
 * are kept, and may be waited for; an init whose handler is the default gets none; SIGKILL always comes through.) */
const char *proc_discards(const struct proc_status *status, int signal);

int proc_open(uint32_t pid); /* pidfd, or -errno */
int proc_signal(int pidfd, int signal);
bool proc_ended(int pidfd);
/* process_mrelease(2), 5.15: frees the memory of a process that SIGKILL was sent to, from here, without its help. May wait
 * for its mmap lock. 0; -ESRCH: it has given its memory back; -EINVAL: it is not dying, or shares its memory with somebody
 * who is not; -ENOSYS. */
int proc_reap(int pidfd);

#endif
