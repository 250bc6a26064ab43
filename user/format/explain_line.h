/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What story.c and explanation_event.c share: how a line of a story is made. */
#ifndef HEADROOM_FORMAT_EXPLAIN_LINE_H
#define HEADROOM_FORMAT_EXPLAIN_LINE_H

#include "explain.h"

/* The next line; what is added until the next one belongs to it. A story that is full stays so. */
void explain_line(struct explanation *s, enum style style);
__attribute__((format(printf, 2, 3))) void explain_add(struct explanation *s, const char *format,
						       ...);
const char *or_unknown(const char *word); /* or "unknown" */

/* Sentences that are the same for a container and for the host. */
void explain_forecast(struct explanation *s, const struct hr_forecast *forecast);
void explain_risk(struct explanation *s, const struct hr_forecast *forecast);
void explain_pressure(struct explanation *s, const struct hr_pressure *pressure);
/* "web[12] 5 MiB (+1 MiB/s), …"; 0: there was none. */
size_t explain_processes(struct explanation *s, const struct hr_process *process, size_t most);
/* One line an OOM kill; NULL at the end. */
void explain_list(struct explanation *s, const struct hr_event *const *kill, uint64_t now_ns);

#endif
