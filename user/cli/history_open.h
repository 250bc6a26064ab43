/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The source of past snapshots: a recording given as the board, else the recorder's history. */
#ifndef HEADROOM_CLI_HISTORY_OPEN_H
#define HEADROOM_CLI_HISTORY_OPEN_H

#include <headroom/reader.h>
#include "recorder/store.h"

struct back {
	const char *command;         /* for messages */
	const char *board, *history; /* as given, or NULL */
	uint64_t at_ns;              /* 0: now */
};

#define OPTION_HISTORY(type_)                                                                  \
	{                                                                                      \
		.name = "history", .argument = "FILE", .parse = option_text,                   \
		.offset = offsetof(type_, history),                                            \
		.help = "history file (default: that of headroom-recorder)", .wants = "a path" \
	}

/* Whether to read the history: it was given by name, or a time was given and the board is not a recording. */
bool back_to_store(const struct back *back);

/* A reader at the snapshot: the board, or the last one of the recording or history at or before at_ns. Of the history,
 * snapshots from `reach_ns` before that on. 0, or an exit status after one error line. */
int back_open(const struct back *back, uint64_t reach_ns, struct hr_reader **ret_reader);

/* Snapshots of the history between two times, or with `events` its events. 0, or -errno after one error line. */
int back_store(const struct back *back, bool events, uint64_t from_ns, uint64_t to_ns,
	       struct hr_reader **ret_reader);

/* Calls `see` for each snapshot of the history between two times, oldest first; only a part of it is in memory at a time. Looks
 * back 100 days at most. Events: each part's own. 0; or an exit status after one error line, also where no snapshot is. */
int back_walk(const struct back *back, uint64_t from_ns, uint64_t to_ns,
	      int (*see)(void *context, struct hr_reader *reader, uint64_t time_ns), void *context);

#endif
