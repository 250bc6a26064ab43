/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Who is in danger, why, when, and what would be done: each in one sentence that a tired person understands. Pure;
 * clean UTF-8; says nothing that the board does not hold.
 */
#ifndef HEADROOM_FORMAT_ALERT_TEXT_H
#define HEADROOM_FORMAT_ALERT_TEXT_H

#include "snapshot.h"
#include "style.h"

#define ALERT_TEXT 1024

/* One at a glance for the whole host: "3 in danger: web runs out in about 40s, …". `width`: for how many columns it is; the
 * most urgent come first, and who has no room is counted. */
enum style alert_headline(const struct snapshot *s, size_t width, bool ascii,
			  char text[ALERT_TEXT]);
/* The host's own forecast: "host: not foreseen to run out (risk 1 of 100)". */
enum style alert_host(const struct hr_host *host, char text[ALERT_TEXT]);

/* On one container. */
enum style alert_when(const struct hr_slot *slot, uint64_t now_ns, char text[ALERT_TEXT]);
const char *alert_reason(const struct hr_slot *slot, char text[ALERT_TEXT]);
const char *alert_next(const struct hr_slot *slot, const struct hr_host *host,
		       char text[ALERT_TEXT]);
const char *alert_memory(const struct hr_slot *slot, char text[ALERT_TEXT]);

/* How a screen marks it, enum hr_alarm. The guard's alarms are patient (docs/explanation/forecast.md): they are raised as late as may be,
 * and stand a while. Who looks wants to know sooner: what the risk says counts as well, and an alarm that only still stands
 * is no more than a warning. */
unsigned int alert_alarm(const struct hr_slot *slot);

#endif
