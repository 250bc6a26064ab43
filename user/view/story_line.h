/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What story.c and story_event.c share: how a line of a story is made. */
#ifndef HEADROOM_STORY_LINE_H
#define HEADROOM_STORY_LINE_H

#include "story.h"

/* The next line; what is added until the next one belongs to it. A story that is full stays so. */
void story_begin(struct story *s, enum style style);
__attribute__((format(printf, 2, 3))) void story_add(struct story *s, const char *format, ...);
const char *story_or(const char *word); /* or "unknown" */

#endif
