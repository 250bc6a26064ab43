/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Policies over the past: runs the policy engine on a recording or a series and prints its decisions. Actions are assumed
 * to have no effect beyond what the figures show. Takes no action, and asks no daemon.
 */
#ifndef HEADROOM_CLI_POLICY_REPLAY_H
#define HEADROOM_CLI_POLICY_REPLAY_H

#include <stdbool.h>
#include <stdint.h>
#include "policy/config.h"
#include "base/cleanup.h"

struct policy_run;
struct forecast_input;
struct hr_forecast;
struct hr_reader;

struct policy_run_options {
	const char *file; /* the configuration */
	const char
		*name; /* of the container that a CSV series is about; NULL: every rule means it */
	enum policy_mode mode; /* observe: print only the next action */
	bool json;
	bool alone; /* nothing but decisions is printed */
	bool points; /* snapshots are far apart: looks at the points of their histories in between, too */
};

/* Compiles the configuration. 0 or an exit status, and then one line said why. */
int policy_run_load(const struct policy_run_options *options, struct policy_run **ret_run);
void policy_run_free(struct policy_run *run); /* takes NULL */
static inline void policy_run_freep(struct policy_run **run) { policy_run_free(*run); }
#define _cleanup_policy_run_ _cleanup_(policy_run_freep)
bool policy_run_alone(const struct policy_run *run); /* NULL: no */

/* A row of a series, with its forecast. 0 or -ENOMEM. */
int policy_run_row(struct policy_run *run, double t_seconds, const struct forecast_input *in,
		   const struct hr_forecast *forecast);
/* The picture that a recording stands at, and the events before it. zero_ns: wall time of the first. 0 or -errno. */
int policy_run_frame(struct policy_run *run, struct hr_reader *reader, uint64_t zero_ns);

/* How many of what were decided, which rules never asked for anything. */
void policy_run_print_sum(const struct policy_run *run);

#endif
