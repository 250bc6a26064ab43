/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the guard's loop thread knows: the rooms, the tables, what is under way. One of it per process; every file of
 * this room works on it by argument.
 */
#ifndef HEADROOM_DAEMON_DAEMON_STATE_H
#define HEADROOM_DAEMON_DAEMON_STATE_H

#include "base/loop.h"
#include "board/board.h"
#include "policy/config.h"
#include "identify/identify.h"
#include "collect/accounting.h"
#include "collect/collect.h"
#include "control_socket.h"
#include "main_loop.h"
#include "containers.h"
#include "sweep_worker.h"

#define FAST_POLL_MAX 16  /* containers that are watched closely at once */
#define KILLS_MAX     32  /* OOM kills that wait for their names */
#define BURIED_MAX    256 /* cgroups removed lately: a sweep under way may still bring them */

struct fast_poll {         /* one container that is sampled between sweeps */
	uint64_t memcg_id; /* 0: free */
	uint64_t until_ns; /* monotonic; newborns are watched until then */
	int fd;            /* its usage file; -1: not open yet */
	bool asked;        /* the worker was asked to open it */
	bool newborn;
};

struct pending_oom { /* an OOM kill on its way to the board */
	struct record_oom record;
	uint64_t wall_ns, deadline_ns; /* deadline: monotonic */
	uint64_t tag;                  /* of its questions; 0: free */
	bool wait_victim, wait_trigger;
	bool counted; /* seen as a counter only */
	/* what was foreseen when it came: a moment later the forecast is calm again */
	uint16_t risk_centi;
	uint64_t oom_in_p50_ms, warned_before_ms;
	uint64_t exited_ns; /* monotonic; the victim is gone already; 0 */
	bool has_victim_id, has_trigger_id;
	struct resolve_answer victim_answer, trigger_answer;
};

struct oom_outcome {  /* a victim whose end is awaited */
	uint32_t pid; /* 0: free */
	uint64_t start_boottime_ns;
	uint64_t ref;       /* seq of its oom_kill */
	uint64_t killed_ns; /* monotonic */
	uint64_t exited_ns; /* known before the event was posted; 0 */
	uint64_t bytes, memcg_id;
};

struct daemon {
	struct config *config;
	struct loop loop;
	struct collector *collector;
	struct board *board;
	struct tracks tracks;
	struct worker worker;
	struct policy_driver *policy_driver;
	struct control control;
	struct host_sample host;
	struct host_counts host_counts;
	struct forecast_state host_forecast;
	struct score_watch host_score;
	struct hr_score score; /* the host record has a copy */
	bool has_host, host_stalled;

	uint32_t pass; /* number of the process pass */
	uint64_t min_rss;

	struct fast_poll close[FAST_POLL_MAX];
	struct pending_oom kill[KILLS_MAX];
	struct oom_outcome oom_outcome[KILLS_MAX];
	uint64_t
		chosen_memcg_id; /* of the last OOM kill that was no further member of a group; 0 */
	uint32_t chosen_by;      /* its trigger's tid */
	uint64_t next_tag;
	uint64_t buried[BURIED_MAX]; /* memcg ids */
	uint32_t n_buried;           /* ever */

	int resolver_fd, supervisor_fd, signal_fd;
	int tick_fd, fast_poll_fd; /* timers: calm interval; close watch */
	struct loop_watch w_records, w_trigger, w_worker, w_resolver, w_supervisor, w_signal,
		w_tick, w_fast_poll;
	unsigned int asked_out; /* questions without an answer */
	uint64_t asked_ns;      /* monotonic; the last time one was sent or answered */
	uint32_t ask_hand;      /* where the search for unresolved cgroups goes on */
	bool asks_left;         /* the wire was full before all had been asked */

	uint64_t started_ns; /* monotonic */
	int64_t zero_ns;     /* monotonic; the zero point of hr_point.t_centis */
	uint64_t tasks_ns, records_lost, lost_emitted;
	uint64_t board_full; /* cgroups that found no slot */
	uint64_t full_grown; /* board_full when we last grew */
	bool full_emitted;
	uint64_t sweep_number;  /* of the last one that was published */
	bool climbs;            /* the sweep sees only groups that hold processes */
	bool emitted_of_ends;   /* cgroup_rmdir comes as a record */
	bool use_kmsg;          /* no BPF source tells of OOM kills */
	uint64_t sweep_ns;      /* monotonic; when the last sweep was asked for */
	uint64_t respawn_ns;    /* monotonic; the supervisor was last started from here */
	uint64_t expire_ns;     /* monotonic; tombstones were last looked at */
	uint64_t lost_ns;       /* monotonic; when losses were last told */
	uint64_t muted;         /* records that came too often to be told each */
	uint64_t lost_before;   /* records lost by a sense that was replaced */
	uint64_t grow_ns;       /* monotonic; when growing last failed; 0 */
	uint32_t want_capacity; /* > 0: grow with the next job, in calm */
	uint64_t want_ns;       /* monotonic; since when */
	bool fast_poll_armed;
	uint64_t
		newborn_ns; /* monotonic; when the first of those was made whose limits are not known yet */
	struct daemon_wires *wires;
};

/* start.c: before and after the loop. Returns an exit status, 0 to go on. */
int daemon_start(struct daemon *daemon, struct config *config, int rules_fd,
		 struct daemon_wires *wires);
void daemon_stop(struct daemon *daemon);
/* guard.c */
int daemon_start_loop(struct daemon *daemon);
int daemon_watch_records(struct daemon *daemon);
/* What the worker is to do next, if it is idle: sweep, process pass, opening, arming, growing. */
void daemon_start_job(struct daemon *daemon, uint64_t now_ns);
int daemon_set_tick(struct daemon *daemon);
/* own_path.c: our own memory cgroup, from the root of the hierarchy; root: where the host's /proc and /sys stand. 0 or
 * -errno. */
int daemon_own_path(const char *root, char *path, size_t bytes);
/* Before others where CPU time is short, or as everybody. */
void daemon_come_first(struct daemon *daemon, bool first);
/* To a supervisor that has just come to know us. */
void daemon_ready(const struct daemon *daemon);
bool daemon_in_scope(const struct daemon *daemon, const char *path);

#endif
