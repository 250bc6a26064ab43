/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What story.c and story_event.c share: how a line of a story is made. */
#ifndef HEADROOM_STORY_LINE_H
#define HEADROOM_STORY_LINE_H

#include "story.h"

/* The next line; what is added until the next one belongs to it. A story that is full stays so. */
void story_begin(struct story *s, enum style style);
__attribute__((format(printf, 2, 3))) void story_add(struct story *s, const char *format, ...);
const char *story_or(const char *word); /* or "unknown" */

/* Sentences that are the same for a container and for the host. */
void story_forecast(struct story *s, const struct hr_outlook *outlook);
void story_risk(struct story *s, const struct hr_outlook *outlook);
void story_waiting(struct story *s, const struct hr_pressure *pressure);
/* "web[12] 5 MiB (+1 MiB/s), …"; 0: there was none. */
size_t story_processes(struct story *s, const struct hr_process *process, size_t most);
/* One line an OOM kill; NULL at the end. */
void story_list_kills(struct story *s, const struct hr_event *const *kill, uint64_t now_ns);

#endif
