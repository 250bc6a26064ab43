/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * One table of policy actions: what the parser accepts, their order and severity, what the rate limit counts, the sentence of
 * `policy check` and the text of headroom.yaml(5). Their words are the contract's (hr_action_kind_name()); enforce/ has the
 * function that takes each, and format/ the words of what it did.
 *
 * Constant data; any thread of any process may read it.
 */
#ifndef HEADROOM_POLICY_ACTION_TABLE_H
#define HEADROOM_POLICY_ACTION_TABLE_H

#include <headroom/reader.h>
#include "policy.h"

struct action_kind {
	uint8_t order;    /* place in `actions`, from 1; 0: a key of its own (on_exit) */
	uint8_t severity; /* the more severe policy takes a target over; reflex and kill are equal */
	bool once;        /* may not follow itself */
	bool cgroup;      /* only for a target with a cgroup of its own */
	bool ends;        /* ends processes: the rate limit counts it */
	const char *needs; /* the error for the word alone, where a value is needed */
	const char
		*sentence; /* for people; {amount}, {time}, {signal} and {command} are filled in */
	const char *sentence_largest;   /* of {kill: largest} */
	const char *values, *reference; /* for the manual */
};

extern const struct action_kind action_kinds[HR_ACTION_COUNT];

/* 0: unknown. */
unsigned int action_severity(unsigned int kind);
bool action_ends(const struct policy *policy); /* one of its actions does */
/* "notify, reflex, …": those of `actions`, in order; `processes`: only those that need no cgroup. */
#define ACTION_WORDS 96
const char *action_words(bool processes, char text[ACTION_WORDS]);

#endif
