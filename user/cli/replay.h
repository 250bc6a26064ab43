/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * One series replayed through the forecast: a CSV file is one, each container of a recording is one. Samples in, JSON lines or
 * a table out. No clock, no board: the same samples give the same output.
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
	bool change; /* alarm or leak state changed here */
	bool kept;   /* it is in the table */
};

struct replay_sum {
	uint64_t samples, went_back, kills;
	double first_t, last_t, first_notice, first_warn, first_act, first_leak, top_t;
	unsigned int notices, warns, acts;
	double alarm_seconds;
	uint16_t top_risk_centi; /* UINT16_MAX: unknown */
};

/* At a chosen speed (`--speed`): rows are printed when they are due. The same rows for the same samples and speed. */
struct replay_pace {
	double speed; /* seconds of the series per second */
	double first_t;
	uint64_t begun_ns;         /* monotonic; 0: not begun */
	const struct replay *last; /* of the last printed row */
	bool colour;
};

struct replay {
	char name[REPLAY_NAME];    /* clean; "" for a CSV file */
	struct replay_pace *pace;  /* NULL: as fast as possible, table at the end */
	struct policy_run *policy; /* evaluated with every sample; NULL: none */
	bool thin;                 /* keep unchanged rows for the table, too */
	struct forecast_state state;
	struct forecast_input last;
	struct hr_forecast forecast; /* after the last sample */
	struct replay_sum sum;
	double emitted_t; /* of the last paced row; NAN */
	/* below: the table */
	struct replay_row *row, end;
	size_t rows, space, plain;
	uint64_t stride, changes;
};

void replay_init(struct replay *replay, const char *name, bool thin);
void replay_done(struct replay *replay);

/* Learns a sample and updates replay->forecast. */
void replay_learn(struct replay *replay, const struct forecast_input *input);
/* Adds the last sample to table and summary. 0 or -ENOMEM. */
int replay_note(struct replay *replay, double t_seconds);

/* The JSON line of the last sample; `identity` (NULL: none) follows the time; the caller keeps it. 0 or -ENOMEM. */
int replay_print_line(const struct replay *replay, double t_seconds, json_t *identity);
/* Waits until a sample is due (pace NULL: at once). */
void replay_wait(struct replay_pace *pace, double t_seconds);
/* Prints one row, below the name of its container. */
void replay_print_row(const struct replay *replay);
/* The table and the summary; of paced rows the summary. */
void replay_print_table(const struct replay *replay, bool colour);

/* cmd_replay.c: the decisions of a policy alone, over a CSV series or a recording ('-': standard input). An exit status. */
struct policy_run;
int replay_policy(const char *path, struct policy_run *policy);

/* Recordings: every matching container (target NULL: those that ls lists). An exit status. */
struct target;
struct hr_reader;
int replay_recording(struct hr_reader *reader, const struct target *target, bool json,
		     struct replay_pace *pace, struct policy_run *policy);

#endif
