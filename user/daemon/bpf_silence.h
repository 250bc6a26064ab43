/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Notices a BPF program that is attached and no longer called. The kernel offers no way to ask: links of tracepoints and fentry cannot
 * be detached by others (no .detach in their bpf_link_ops), but kprobes and ftrace can be switched off for all, a descriptor closed
 * by a debugger, an iterator refused. So what a program reports is compared with what counters show. Pure; times are monotonic.
 */
#ifndef HEADROOM_DAEMON_BPF_SILENCE_H
#define HEADROOM_DAEMON_BPF_SILENCE_H

#include "bpf_retry.h"

enum bpf_silent {
	BPF_SILENT_OOM_KILL, /* a kill that only a counter showed */
	BPF_SILENT_CGROUP,   /* a sweep that found cgroups without a record of their making */
	BPF_SILENT_SWEEP,    /* a sweep that failed, or found nothing */
	BPF_SILENT_TASKS,    /* a process pass that failed */
	BPF_SILENT_KINDS
};

struct bpf_silence {
	uint32_t missed[BPF_SILENT_KINDS]; /* in a row */
	struct bpf_retry retry;            /* since it was found and loaded again */
};

/* The program did report. */
void bpf_silence_reported(struct bpf_silence *silence, enum bpf_silent kind);
/* It should have, n times, and did not. */
void bpf_silence_missed(struct bpf_silence *silence, enum bpf_silent kind, uint64_t n);
/* What does not report, in words; NULL: nothing that is certain. Several misses in a row: one may be a race. */
const char *bpf_silence_what(const struct bpf_silence *silence);
/* Is it to be loaded again now? Then this counts as a try: the next one comes after 30 s, 2 min, 10 min. */
bool bpf_silence_reload(struct bpf_silence *silence, uint64_t now_ns);
/* Another collector is in use. */
void bpf_silence_replaced(struct bpf_silence *silence);

#endif
