/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The parts of the daemon's loop thread together. Only main_loop.c, kernel_records.c, connections.c and init.c know all of them: they own
 * them, pass what comes from one to the others, and decide nothing. One per process.
 */
#ifndef HEADROOM_DAEMON_DAEMON_H
#define HEADROOM_DAEMON_DAEMON_H

#include "base/loop.h"
#include "bpf_retry.h"
#include "bpf_silence.h"
#include "containers.h"
#include "control_socket.h"
#include "growth.h"
#include "memory_map.h"
#include "oom_events.h"
#include "policy_driver.h"
#include "sampling.h"
#include "supervisor_client.h"

struct losses {
	uint64_t records, emitted; /* emitted: how many the events have reported */
	uint64_t emitted_ns;       /* monotonic */
	uint64_t before;           /* of collectors that were replaced */
	uint64_t counted_before;   /* oom_events.counted while BPF ran last */
	uint64_t muted;            /* records that came too often for an event each */
};

struct daemon {
	struct config *config;
	struct daemon_sockets *sockets;
	struct loop loop;
	struct board *board;
	struct containers containers;
	struct sampling sampling;
	struct oom_events oom_events;
	struct memory_maps memory_maps;
	struct policy_driver *policy_driver;
	struct control control;
	struct resolver_client resolver;
	struct supervisor_client supervisor;
	struct growth growth;
	struct losses losses;
	struct bpf_retry bpf_retry;
	struct bpf_silence bpf_silence;
	uint64_t failed_before; /* collect_failed() so far */
	uint64_t
		reload_ns; /* since when BPF is to be loaded again, and taken if it is no worse; 0 */
	int signal_fd;
	int tick_fd, pending_fd; /* timers: calm interval; fast poll and OOM kills that wait */
	int clock_fd; /* readable when the wall clock was set; < 0: the next tick sees it */
	struct loop_watch w_records, w_trigger, w_worker, w_resolver, w_signal, w_tick, w_pending,
		w_splits, w_clock;
	bool pending_armed;
	unsigned int arms_only; /* so many jobs in a row had triggers, and so no sweep */
	bool use_kmsg;          /* no BPF source reports OOM kills */
	int oom_adj_error;      /* errno: the daemon is not protected from the OOM killer; 0 */
	int capabilities_error; /* -errno: the bounding set could not be reduced; 0 */
	uint64_t expire_ns;     /* monotonic; when tombstones were last expired */
	uint64_t killers_ns;    /* monotonic; when other killers were last looked for; 0 */
	uint64_t newborn_ns;    /* monotonic; when the first cgroup since the last sweep was made */
};

/* What the parts report to each other passes here. */
extern const struct containers_ops daemon_containers_ops;
extern const struct host_poll_ops daemon_host_poll_ops;
extern const struct control_ops daemon_control_ops;
extern const struct action_ops daemon_action_ops;
extern const struct supervisor_ops daemon_supervisor_ops;
void daemon_on_counted(struct track *track, uint64_t now_ns, void *arg);
void daemon_on_oom_kill(const struct track *track, void *arg);
void daemon_on_reflex_state(uint64_t memcg_id, struct oom_reflex *ret, void *arg);
void daemon_on_not_acted(const struct track *subject, bool host, struct pending_oom *pending,
			 void *arg);
/* True: runs before other processes where CPU time is short. */
void daemon_set_priority(bool first, void *arg);

/* main_loop.c: adds everything to the loop. 0 or -errno. */
int daemon_watch(struct daemon *daemon);
/* Gives the worker its next job, if it is idle: sweep, process pass, opening, arming, growing. */
void daemon_start_job(struct daemon *daemon, uint64_t now_ns);
/* widen_slots.c: after a sweep. Makes the board's slots larger where a text was cut. */
void daemon_widen_slots(struct daemon *daemon, uint64_t now_ns);
/* Starts the 50 ms timer, if it is not running. */
void daemon_set_pending(struct daemon *daemon);
int daemon_set_tick(struct daemon *daemon);

/* kernel_records.c */
int daemon_watch_records(struct daemon *daemon);
void daemon_read_records(struct daemon *daemon);
/* The collector that the job brought takes over. `anew`: it can do more than the old one. */
void daemon_take_collector(struct daemon *daemon, struct worker_job *job, bool anew);
/* Which variant each signal has, onto the board. */
void daemon_publish_sources(struct daemon *daemon);
/* The lesser ones: an event each, and what is degraded because of them. */
void daemon_report_sources(struct daemon *daemon);

/* bpf_reload.c */
/* Is BPF to be loaded again with the next job? */
bool daemon_wants_bpf(struct daemon *daemon, uint64_t now_ns);
/* That was done: the new collector is taken if it is better, or for programs that are no longer called. */
void daemon_take_again(struct daemon *daemon, struct worker_job *job);
/* The collector in use has what an earlier one lacked. */
void daemon_report_recovery(struct daemon *daemon, bool had_bpf);
/* Takes the rows of a sweep. */
void daemon_sweep(struct daemon *daemon);
/* Do the BPF programs still report? */
void daemon_check_silence(struct daemon *daemon, const struct worker_job *job);

/* init.c: before and after the loop. Returns an exit status, 0 to go on. */
int daemon_start(struct daemon *daemon, struct config *config, int rules_fd,
		 struct daemon_sockets *sockets);
void daemon_stop(struct daemon *daemon);

#endif
