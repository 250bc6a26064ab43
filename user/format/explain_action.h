/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What was done, rehearsed or refused, in words: for one line of the event stream, and for `explain`. Clean UTF-8. */
#ifndef HEADROOM_FORMAT_EXPLAIN_ACTION_H
#define HEADROOM_FORMAT_EXPLAIN_ACTION_H

#include <stdbool.h>
#include <stddef.h>
#include <headroom/event.h>

struct explanation;

#define ACTION_TEXT 1536

/* "rehearsed kill (switch, 4/4): uses 312 MiB, over 300 MiB for 30s; passed over: db (protected)". The record must be as long as its
 * struct. Returns text. */
const char *action_text(const struct hr_event_action *action, char text[ACTION_TEXT]);
/* "uses 312 MiB, over 300 MiB for 30s; …": what is known of what the rule saw. Returns text. */
const char *inputs_text(const struct hr_inputs *inputs, char *text, size_t bytes);
/* Nothing is known of what came of it: a rehearsal's. */
bool outcome_is_empty(const struct hr_event_outcome *outcome);
/* `outcome` may be NULL. */
void explain_action(struct explanation *explanation, const struct hr_event *event,
		    const struct hr_event *outcome);
/* "be throttled", "get SIGTERM" …; NULL for no rung. */
const char *action_future(unsigned int kind);

#endif
