/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What holds the memory of a process, as clauses of a line. Clean UTF-8; pure; never allocates. `map` must be as long as its struct. */
#ifndef HEADROOM_FORMAT_MAP_TEXT_H
#define HEADROOM_FORMAT_MAP_TEXT_H

#include <headroom/event.h>
#include "base/strbuf.h"

/* "worker[77] +180 MiB in 40s: 92% in glibc arenas; 420 MiB: 61% glibc arenas (4), …"; without the first part for a first map. */
void phrase_map(struct line *line, const struct hr_event_memory_map *map);
/* "245 MiB: 82% glibc arenas (28), 9% brk heap, 9% other": the largest parts. */
void phrase_map_holds(struct line *line, const struct hr_event_memory_map *map);
/* "+180 MiB in 40s: 92% in glibc arenas, 8% in thread stacks"; nothing for a first map. */
void phrase_map_growth(struct line *line, const struct hr_event_memory_map *map);

#endif
