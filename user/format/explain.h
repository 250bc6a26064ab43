/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A container, the host or an event explained in sentences, one a line, some with a style. Pure; clean UTF-8; says nothing
 * that the records do not hold.
 */
#ifndef HEADROOM_FORMAT_EXPLAIN_H
#define HEADROOM_FORMAT_EXPLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <headroom/event.h>
#include "base/strbuf.h"
#include "style.h"

#define EXPLANATION_LINES 48
#define EXPLANATION_TEXT  16384

/* Empty when n is 0: nothing else needs to be set. */
struct explanation {
	size_t n;
	struct {
		enum style style;
		const char *text;
	} line[EXPLANATION_LINES];
	struct line last; /* explain_line() */
	char text[EXPLANATION_TEXT];
};

/* Each appends lines. `now_ns`: wall time of what is shown. `kill`: some that the board still holds, oldest first, NULL at
 * the end. */
void explain_container(struct explanation *explanation, const struct hr_slot *slot,
		       const struct hr_host *host, uint64_t now_ns);
/* Memory of ended containers that counts at this one's limit (outlived.h), of all slots on the board; else nothing. Returns how much,
 * or 0. */
uint64_t explain_outlived(struct explanation *explanation, const struct hr_slot *slot,
			  const struct hr_slot *slots, size_t n);
/* older: the kills are the history's, and another daemon may have counted them. */
void explain_kills(struct explanation *explanation, const struct hr_slot *slot,
		   const struct hr_event *const *kill, bool older, uint64_t now_ns);
/* The last actions on it, or on the host's containers; nothing where there were none. */
void explain_actions(struct explanation *explanation, const struct hr_event *const *action,
		     uint64_t now_ns);
/* What holds the memory of its largest process, and what grew; nothing for NULL. */
void explain_map(struct explanation *explanation, const struct hr_event *map, uint64_t now_ns);
/* `outcome` may be NULL. Events other than OOM kills and actions: their event line. */
void explain_event(struct explanation *explanation, const struct hr_event *event,
		   const struct hr_event *outcome, uint64_t now_ns);

/* The host: `slots` are all on its board. */
void explain_host(struct explanation *explanation, const struct hr_host *host,
		  const struct hr_slot *slots, size_t n, const struct hr_event *const *kill,
		  uint64_t now_ns);
/* How good this host's forecasts were so far; nothing where none was judged. */
void explain_score(struct explanation *explanation, const struct hr_score *score);

/* width 0: no terminal, no line is broken. */
void explain_print(const struct explanation *explanation, FILE *out, size_t width, bool colour,
		   bool ascii);

#endif
