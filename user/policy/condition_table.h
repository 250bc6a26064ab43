/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * One table of policy conditions. Everything that differs between two conditions is one line of it: the parser, the compiled
 * policy (policy.h), evaluation, reload, the inputs of an `action` event, the sentences of `policy check` and
 * headroom.yaml(5) are made of this table. A new condition is an id in enum condition_id and a line here; if events shall
 * carry its value, a line of <headroom/inputs.def>, too.
 *
 * Constant data and pure functions: any thread of any process may use them.
 */
#ifndef HEADROOM_POLICY_CONDITION_TABLE_H
#define HEADROOM_POLICY_CONDITION_TABLE_H

#include <headroom/event.h>
#include "policy.h"
#include "process_group.h"

enum value_type {                 /* what a threshold is, and its unit in struct policy_threshold */
		  VALUE_SIZE,     /* bytes */
		  VALUE_AMOUNT,   /* bytes, or a share (thousandths) of another input */
		  VALUE_TIME,     /* ms */
		  VALUE_LEVEL,    /* a word; counted from `least` */
		  VALUE_PER_HOUR, /* bytes an hour */
		  VALUE_PER_SECOND, /* events a second */
		  VALUE_PERCENT,    /* hundredths of a per cent */
};

/* What the engine reads of a target: the conditions' inputs at their ids, and what a share is of (inputs.c). */
enum input {
	INPUT_LIMIT = CONDITIONS, /* its own limit, else the nearest limited ancestor's */
	INPUT_EFFECTIVE,          /* the limit that is reached first, up to the host's memory */
	INPUT_LEAST,              /* the lesser of both: what it can use at most */
	INPUT_HOST_TOTAL,
	INPUTS
};

/* Value of oom_in: a forecast exists, and it predicts no OOM. */
#define NOT_PREDICTED (HR_UNKNOWN - 1)

/* Where a condition may stand. */
#define FOR_CONTAINERS 0x1u
#define FOR_PROCESSES  0x2u /* scope: processes outside containers */
#define OF_HOST        0x4u /* it is about the host, whatever the policy matches */

struct input_source { /* what an input is read from; host may be NULL, and one of the others is */
	const struct hr_host *host;
	const struct hr_slot *slot;
	const struct process_group *pgroup;
};

struct condition_level {
	const char *word, *sentence;
};

struct condition {
	const char *key;
	enum value_type type;
	uint64_t least, most;                 /* thresholds that the parser accepts */
	const struct condition_level *levels; /* VALUE_LEVEL: one for each from least to most */
	uint8_t of;                           /* VALUE_AMOUNT: the input that a share is of, … */
	const char *of_text;                  /* … in words */
	uint8_t scope;                        /* FOR_*, OF_* */
	/* HR_UNKNOWN: not known, and then the condition never holds. */
	uint64_t (*read)(const struct input_source *from);
	/* A target that does not cause a shortage it shares (of an ancestor, of the host) counts as `shared` (inputs.c). */
	enum { OF_ANY, OF_OWN_LIMIT, OF_OWN_FORECAST } own_only;
	uint64_t shared;
	bool below; /* holds below the threshold; else at it and above */
	/* Hysteresis: calm past this many thousandths of the threshold (0: never calm again) for so long. */
	uint32_t calm_milli, calm_ms;
	const char *sentence; /* of the target, for people; {} is the threshold */
	size_t event_at,
		event_bytes; /* its member of struct hr_inputs; 0 bytes: events do not carry it */
	const char *values, *reference; /* for the manual */
};

extern const struct condition condition_table[CONDITIONS];

/* The inputs of all conditions, raw. */
void condition_inputs(const struct input_source *from, uint64_t ret_at[CONDITIONS]);
/* Fills those members of inputs that the table names; the others stay. */
void condition_record(const uint64_t at[CONDITIONS], struct hr_inputs *inputs);

#endif
