/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the guard's loop thread knows: the rooms, the tables, what is under way. One of it per process; every file of
 * this room works on it by argument.
 */
#ifndef HEADROOM_STATE_H
#define HEADROOM_STATE_H

#include "base/loop.h"
#include "board/board.h"
#include "config.h"
#include "identify/identify.h"
#include "sense/account.h"
#include "sense/sense.h"
#include "track.h"
#include "worker.h"

#define CLOSE_MAX	16	/* containers that are watched closely at once */
#define KILLS_MAX	32	/* OOM kills that wait for their names */
#define BURIED_MAX	256	/* cgroups removed lately: a sweep under way may still bring them */

struct close_watch {			/* one container that is sampled between sweeps */
	uint64_t memcg_id;		/* 0: free */
	uint64_t until_ns;		/* monotonic; newborns are watched until then */
	int fd;				/* its usage file; -1: not open yet */
	bool asked;			/* the worker was asked to open it */
	bool newborn;
};

struct pending_kill {			/* an OOM kill on its way to the board */
	struct record_oom record;
	uint64_t wall_ns, deadline_ns;	/* deadline: monotonic */
	uint64_t tag;			/* of its questions; 0: free */
	bool wait_victim, wait_trigger;
	bool counted;			/* seen as a counter only */
	struct hr_str victim_cmdline, trigger_cmdline;	/* into text */
	uint32_t text_used;
	char text[2 * RECORD_ARGS + 64];
	bool has_victim_id, has_trigger_id;
	struct resolve_answer victim_answer, trigger_answer;
};

struct guard {
	const struct config *config;
	struct loop loop;
	struct sense *sense;
	struct board *board;
	struct tracks tracks;
	struct worker worker;
	struct host_sample host;
	struct host_counts host_counts;
	bool has_host;

	int *parent;			/* scratch of account_path, [capacity] */
	struct account *accounts;	/* [capacity] */
	uint32_t pass;			/* number of the process pass */
	uint64_t min_rss;

	struct close_watch close[CLOSE_MAX];
	struct pending_kill kill[KILLS_MAX];
	uint64_t next_tag;
	uint64_t buried[BURIED_MAX];	/* memcg ids */
	uint32_t n_buried;		/* ever */

	int resolver_fd, supervisor_fd, signal_fd;
	int tick_fd, close_fd;		/* timers: calm interval; close watch */
	struct loop_watch w_records, w_worker, w_resolver, w_supervisor, w_signal, w_tick, w_close;
	unsigned int asked_out;		/* questions without an answer */
	uint64_t asked_ns;		/* monotonic; the last time one was sent or answered */
	uint32_t ask_hand;		/* where the search for unresolved cgroups goes on */

	uint64_t started_ns;		/* monotonic */
	uint64_t tasks_ns, records_lost, lost_told;
	uint64_t board_full;		/* cgroups that found no slot */
	bool full_told, growing;
	bool private_cgroupns;
};

#endif
