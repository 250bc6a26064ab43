/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* An action in words: what was done to which target, with which inputs and result. Clean UTF-8; never allocates. */
#ifndef HEADROOM_FORMAT_ACTION_TEXT_H
#define HEADROOM_FORMAT_ACTION_TEXT_H

#include <stddef.h>
#include <headroom/event.h>
#include "base/strbuf.h"

#define ACTION_TEXT 1536

/* "dry run: kill (policy switch, step 4/4): usage 312 MiB, above 300 MiB for 30s; skipped: db (protected)". The record must
 * be as long as its struct. Returns text. */
const char *action_text(const struct hr_event_action *action, char text[ACTION_TEXT]);
/* "usage 312 MiB, above 300 MiB for 30s; …": the inputs of the condition that are known. Returns text. */
const char *inputs_text(const struct hr_inputs *inputs, char *text, size_t bytes);

/* The pieces. "kill", "reclaim of 64 MiB", "term with signal 10 of web[12]". */
void phrase_action(struct line *line, const struct hr_event_action *action);
/* "policy switch, step 4/4", "manual, uid 1000". */
void phrase_requester(struct line *line, const struct hr_event_action *action);
/* "done", "dry run: logged only", "failed: No such process; …". */
void phrase_result(struct line *line, const struct hr_event_action *action);
/* "db (protected, usage 312 MiB), …" */
void phrase_skipped(struct line *line, const struct hr_event_action *action);

/* "killed", "sent SIGTERM" …: what an action does to its target; NULL for none. */
const char *action_past_tense(unsigned int kind);

#endif
