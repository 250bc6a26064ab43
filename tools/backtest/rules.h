/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The rules that are held against each other: headroom's own, and what people use today. Each sees
 * samples only. */
#ifndef BACKTEST_RULES_H
#define BACKTEST_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include "world.h"

struct opinion {
	bool alarm;
	bool leak;
	double seconds, low, high; /* time to OOM; < 0: none named */
	double chance;             /* of death within 15 minutes; < 0: gives none */
};

struct rule {
	const char *name;
	double horizon;               /* seconds: an alarm is right if death comes within it */
	bool times, leaks, intervals; /* does it speak of these at all? */
	size_t bytes; /* of its state, zeroed at the start of a life unless it keeps `lives`;
					 * 0: reads what the rule before it has come to */
	bool runs;
	double argument[3];
	void (*look)(const struct rule *rule, void *state, const struct sample *sample,
		     struct opinion *ret);
};

#define MOST_RULES 24
extern const struct rule rules[];
extern const unsigned int rule_count;

#endif
