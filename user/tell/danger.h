/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Who is in danger, why, when, and what would be done: each in one sentence that a tired person understands. Pure;
 * clean UTF-8; says nothing that the board does not hold.
 */
#ifndef HEADROOM_DANGER_H
#define HEADROOM_DANGER_H

#include "snapshot.h"
#include "style.h"

#define DANGER_TEXT 1024

/* One at a glance for the whole host: "3 in danger: web runs out in about 40s, …". `width`: for how many columns it is; the
 * most urgent come first, and who has no room is counted. */
enum style danger_headline(const struct snapshot *s, size_t width, bool ascii,
			   char text[DANGER_TEXT]);
/* The host's own forecast: "host: not foreseen to run out (risk 1 of 100)". */
enum style danger_host(const struct hr_host *host, char text[DANGER_TEXT]);

/* On one container. */
enum style danger_when(const struct hr_slot *slot, uint64_t now_ns, char text[DANGER_TEXT]);
const char *danger_why(const struct hr_slot *slot, char text[DANGER_TEXT]);
const char *danger_next(const struct hr_slot *slot, const struct hr_host *host,
			char text[DANGER_TEXT]);
const char *danger_memory(const struct hr_slot *slot, char text[DANGER_TEXT]);

/* How a screen marks it, enum hr_alarm. The guard's alarms are patient (docs/foresight.md): they are raised as late as may be,
 * and stand a while. Who looks wants to know sooner: what the risk says counts as well, and an alarm that only still stands
 * is no more than a warning. */
unsigned int danger_alarm(const struct hr_slot *slot);

#endif
