/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * One series run through the foreseeing room, as `headroom replay` does it: a CSV file is one, each
 * container of a recording is one. Samples go in, a JSON line a sample or a readable table comes
 * out. No clock, no board: the same samples give the same bytes.
 */
#ifndef HEADROOM_REPLAY_H
#define HEADROOM_REPLAY_H

#include <stdbool.h>
#include <stdint.h>
#include <jansson.h>
#include "forecast/forecast.h"

#define REPLAY_NAME 640

struct replay_row { /* of the table */
	double t_seconds;
	uint64_t used, left;
	struct hr_forecast forecast;
	bool change; /* an alarm or a leak verdict changed here */
	bool kept;   /* it stands in the table */
};

struct replay_sum {
	uint64_t samples, went_back, kills;
	double first_t, last_t, first_warn, first_act, first_leak, top_t;
	unsigned int warns, acts;
	double alarm_seconds;
	uint16_t top_risk_centi; /* UINT16_MAX: never known */
};

/* At a chosen speed (`--speed`): what is due is waited for, and rows are printed as they come. The
 * same rows for the same samples and speed, whatever the clock does. */
struct replay_pace {
	double speed; /* seconds of the series in one of ours */
	double first_t;
	uint64_t begun_ns;         /* monotonic; 0: not begun */
	const struct replay *last; /* whose row was printed last */
	bool colour;
};

struct replay {
	char name[REPLAY_NAME];    /* clean; "" for a CSV file */
	struct replay_pace *pace;  /* NULL: as fast as possible, and the table in the end */
	struct policy_run *policy; /* sees every sample, too; NULL: none */
	bool thin;                 /* keep rows for the table where nothing changes, too */
	struct forecast_state state;
	struct forecast_input last;
	struct hr_forecast forecast; /* after the last sample */
	struct replay_sum sum;
	double emitted_t; /* of the last row that was printed at once; NAN */
	/* below: the table's */
	struct replay_row *row, end;
	size_t rows, space, plain;
	uint64_t stride, changes;
};

void replay_init(struct replay *replay, const char *name, bool thin);
void replay_done(struct replay *replay);

/* Learns from a sample; its outlook is replay->outlook. */
void replay_learn(struct replay *replay, const struct forecast_input *input);
/* Notes what was learnt last for table and sum. 0 or -ENOMEM. */
int replay_note(struct replay *replay, double t_seconds);

/* One line for what was learnt last; `who` (NULL: nobody) goes in behind the time, and is left to
 * the caller. 0 or -ENOMEM. */
int replay_print_line(const struct replay *replay, double t_seconds, json_t *identity);
/* Before a sample is told: returns when it is due (pace NULL: at once). */
void replay_wait(struct replay_pace *pace, double t_seconds);
/* One row at once, under whose name it stands. */
void replay_print_row(const struct replay *replay);
/* The table, and the sum below it; where rows were printed as they came, the sum. */
void replay_print_table(const struct replay *replay, bool colour);

/* cmd_replay.c: the decisions of a policy alone, over a CSV series or a recording ('-': standard input). An exit status. */
struct policy_run;
int replay_policy(const char *path, struct policy_run *policy);

/* Recordings: every container that fits (target NULL: what ls lists). An exit status. */
struct target;
struct hr_reader;
int replay_recording(struct hr_reader *reader, const struct target *target, bool json,
		     struct replay_pace *pace, struct policy_run *policy);

#endif
