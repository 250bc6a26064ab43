/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Who an incident is about and what happened, in clean words. */
#ifndef HEADROOM_FORMAT_INCIDENT_TEXT_H
#define HEADROOM_FORMAT_INCIDENT_TEXT_H

#include "base/strbuf.h"
#include "incident.h"

/* Fills name and title from its n events, oldest first; `key` is the one that names it. */
void incident_describe(struct incident *i, const struct hr_event *const *event, size_t n,
		       const struct hr_event *key);

/* Which rung of an emergency tells best what was done: of those that were done the strongest, else of those rehearsed,
 * else of what was left. NULL: none is among them. */
const struct hr_event_action *incident_action(const struct hr_event *const *event, size_t n);
/* "killed", "told to end" …: what a rung does to its target; NULL for none. */
const char *action_past_tense(unsigned int kind);

/* Pieces of sentences. */
struct line line_in(char *text, size_t bytes); /* empty */
/* "tail[4711]"; "a process" for pid 0. */
void line_add_task(struct line *line, const char comm[16], uint32_t pid);
/* "its own limit of 50 MiB", "the limit of 1 GiB of /pod above it", "the end of the host's memory". */
void line_add_limit(struct line *line, const struct hr_event_oom_kill *oom);

#endif
