/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Samples from the worker to the board: the figures and forecasts of each cgroup and of the host, the process lists, and
 * the single readings between sweeps. Formulas are in collect/accounting.c and forecast/. A finished job is published by
 * sampling_processes(), sampling_host() and sampling_sweep(), in this order. Caller: the loop.
 */
#ifndef HEADROOM_DAEMON_SAMPLING_H
#define HEADROOM_DAEMON_SAMPLING_H

#include "containers.h"
#include "fast_poll.h"
#include "host_poll.h"
#include "memory_map.h"
#include "policy/config.h"
#include "sweep_worker.h"

#define HOST_KILLS 4

struct sampling {
	struct containers *containers;
	struct board *board;
	const struct config *config;
	/* After each sample of a cgroup: its OOM kill counter may be ahead of the events. */
	void (*counted)(struct track *track, uint64_t now_ns, void *arg);
	void *arg;
	struct memory_maps *maps;
	struct collector *collector; /* owned; the worker uses it while a job runs */
	struct worker worker;
	struct fast_poll fast_poll;
	struct host_poll host_poll;
	struct sample_times times;
	struct host_sample host;
	struct forecast_state host_forecast;
	uint64_t host_kills[HOST_KILLS]; /* the host's OOM kills by the last sweeps */
	uint32_t host_kills_next;
	bool has_host, host_stalled;
	bool populated_only;   /* a sweep sees only cgroups that hold processes */
	bool removal_recorded; /* the removal of a cgroup comes as a record */
	uint32_t pass;         /* number of the process pass */
	uint64_t min_rss;      /* smallest process that a pass lists, bytes */
};

/* What a sweep brought. */
void sampling_sweep(struct sampling *sampling);
/* The host's figures. `lost`: records and cgroups that the daemon missed so far. */
void sampling_host(struct sampling *sampling, uint64_t lost);
/* Has this job a process pass that is complete enough to be used? */
bool sampling_has_processes(const struct worker_job *job);
void sampling_processes(struct sampling *sampling);
/* Other killers on this host, if the job looked for them. */
void sampling_killers(struct sampling *sampling);
/* A fresh usage of a cgroup without its parts: for conditions on the usage; no forecast is made of it. */
void sampling_usage(struct sampling *sampling, struct track *track, uint64_t usage);
/* Usage and parts of one moment (usage_split.h), read at read_ns (monotonic): headroom and forecast follow. */
void sampling_split(struct sampling *sampling, struct track *track,
		    const struct memcg_sample *sample, uint64_t read_ns);

#endif
