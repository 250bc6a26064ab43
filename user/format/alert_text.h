/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the live screens say of risk: one line for the host, and label-value texts for one container. Pure; clean UTF-8;
 * says nothing that the board does not hold.
 */
#ifndef HEADROOM_FORMAT_ALERT_TEXT_H
#define HEADROOM_FORMAT_ALERT_TEXT_H

#include "snapshot.h"
#include "style.h"

#define ALERT_TEXT 1024

/* "2 at risk: web OOM in ~40s, db OOM in ~9m11s", the most urgent first, as many as fit in `width` columns; the rest is
 * counted. */
enum style alert_headline(const struct snapshot *s, size_t width, bool ascii,
			  char text[ALERT_TEXT]);
/* "host: no OOM forecast within 24h; risk 1" */
enum style alert_host(const struct hr_host *host, char text[ALERT_TEXT]);

/* Of one container: "OOM in ~2m28s (80% interval 1m14s–7m26s); risk 61". */
enum style alert_forecast(const struct hr_slot *slot, uint64_t now_ns, char text[ALERT_TEXT]);
/* "headroom 137 MiB, container limit 256 MiB; grows 900 KiB/s …"; "" for a gone one, and of the next two. */
const char *alert_factors(const struct hr_slot *slot, char text[ALERT_TEXT]);
const char *alert_next(const struct hr_slot *slot, const struct hr_host *host,
		       char text[ALERT_TEXT]);
/* "anon 110 MiB, file 25 MiB; largest web[12] 5 MiB (+1 MiB/s)" */
const char *alert_memory(const struct hr_slot *slot, char text[ALERT_TEXT]);

/* How a screen marks it, enum hr_alarm. The daemon raises an alarm as late as possible and holds it (docs/explanation/forecast.md); a
 * screen shows it earlier: a high risk counts as well, and an alarm at low risk counts as a warning only. */
unsigned int alert_alarm(const struct hr_slot *slot);

enum style alarm_style(unsigned int alarm); /* enum hr_alarm */

#endif
