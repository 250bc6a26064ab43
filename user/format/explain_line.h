/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What the explain*.c files share: how a line of an explanation is made. */
#ifndef HEADROOM_FORMAT_EXPLAIN_LINE_H
#define HEADROOM_FORMAT_EXPLAIN_LINE_H

#include "explain.h"

/* The next line, to be filled before the one after it. When the explanation is full, further text goes to the last line. */
struct line *explain_line(struct explanation *s, enum style style);

/* Lines that are the same for a container and for the host. */
void explain_forecast(struct explanation *s, const struct hr_forecast *forecast);
void explain_pressure(struct explanation *s, const struct hr_pressure *pressure);
/* One line per event; NULL at the end. */
void explain_list(struct explanation *s, const struct hr_event *const *event, uint64_t now_ns);

/* A new line: "Event 7, 2026-01-01 01:00:00 +0100, web (docker): ". */
struct line *explain_event_head(struct explanation *s, const struct hr_event *event);
/* Nothing for NULL, a record that is too short, or an outcome without a known effect. */
void explain_outcome(struct explanation *s, const struct hr_event *outcome);
/* `event` must be as long as its struct; `outcome` may be NULL. */
void explain_action(struct explanation *explanation, const struct hr_event *event,
		    const struct hr_event *outcome);

#endif
