/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Runs the attach plan. Loading happens in a forked child: it alone carries libbpf's and BTF's
 * megabytes; it hands the descriptors of maps and links over a socket, with a report, and exits.
 * What is attached stays attached as long as the descriptors are open. Only collector.c calls this: at the start, for more room, and for another try.
 */
#ifndef HEADROOM_COLLECT_LOADER_H
#define HEADROOM_COLLECT_LOADER_H

#include "attach_plan.h"

/* Shared over the objects; those that user space works with come first. */
enum loader_map {
	MAP_RECORDS,
	MAP_LOST,
	MAP_STALLS,
	MAP_HOST_COUNTS,
	MAP_WATCHED,
	MAP_ROWS,
	MAP_SWEEP,
	MAP_PIDS,
	MAP_TASKS,
	MAP_SEEN,
	MAP_TRIGGER_RECORDS,
	MAP_TRIGGERS,
	MAP_TRIGGERS_STATE,
	MAP_TRIGGER_EMITTED,
	MAP_TRIGGER_MEMCG,
	MAP_TICKER,
	MAP_FIRED,
	MAP_EXEMPT,
	MAP_HANDED,
	MAP_THREADS = MAP_HANDED,
	MAP_ARGS,
	MAP_ARGS_SCRATCH,
	MAP_TRIGGERS_ABOVE,
	MAP_RSS_SEEN,
	MAP_KILLS_TAKEN,
	MAP_COUNT
};
extern const char *const loader_map_names[MAP_COUNT]; /* as bpf/ calls them */

struct loader_config {
	size_t capacity; /* memcgs */
	size_t task_capacity;
	bool v1, psi;
	/* iter/cgroup starts at this directory; -1: the root of cgroup v2 */
	int scope_fd;
	int ancestors_fd; /* and from here upwards, by a second iterator; -1: no */
};

#define LOADER_LINKS  4
#define LOADER_REASON 200
struct loaded_signal {
	int variant;                 /* index in plan[] */
	int link[LOADER_LINKS];      /* -1: not used; of a late variant: its programs */
	char skipped[LOADER_REASON]; /* "VARIANT: why; …" or "" */
};

struct loaded {
	int map[MAP_HANDED]; /* -1: no program that runs uses it */
	struct loaded_signal signal[SIGNAL_COUNT];
	char reason_not[LOADER_REASON]; /* why BPF does not run at all; "" if it does */
	bool again; /* something failed for want of memory or the like: a later try may get more */
};

/* Always fills *ret: without BPF every signal has its last variant, and reason_not says why.
 * A child that hangs is ended. loaded_done() closes. */
void loader_run(const struct loader_config *config, struct loaded *ret);
/* May a call that failed with this errno succeed later, on a host that is short of something now? */
bool loader_transient(int error);
void loader_none(const char *reason_not, struct loaded *ret);
void loaded_done(struct loaded *loaded);

/* The report on the wire, and back; -EBADMSG if it does not add up. For loader.c and its test. */
#define LOADER_FDS (MAP_HANDED + SIGNAL_COUNT * LOADER_LINKS)
struct loader_report {
	__u32 magic, bytes;
	__u32 n_fds;
	struct {
		__u16 map, signal;
	} fd[LOADER_FDS]; /* signal: 0xffff if it is a map's, and the other way round */
	struct {
		__s32 variant;
		char skipped[LOADER_REASON];
	} signal[SIGNAL_COUNT];
	char reason_not[LOADER_REASON];
	__u32 again;
	__u32 reserved;
};
void loader_report_encode(const struct loaded *loaded, struct loader_report *ret_report,
			  int fds[LOADER_FDS]);
int loader_report_decode(const struct loader_report *report, size_t bytes, const int *fds,
			 size_t n_fds, struct loaded *ret);

#endif
