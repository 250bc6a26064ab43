/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Where a command that looks back finds the past: a recording that was named as its board, else the flight recorder's
 * store. */
#ifndef HEADROOM_CLI_HISTORY_OPEN_H
#define HEADROOM_CLI_HISTORY_OPEN_H

#include <headroom/reader.h>
#include "recorder/store.h"

struct back {
	const char *command;         /* for messages */
	const char *board, *history; /* as they were named, or NULL */
	uint64_t at_ns;              /* 0: now */
};

#define OPTION_HISTORY(type_)                                                                      \
	{                                                                                          \
		.name = "history", .argument = "FILE", .parse = option_text,                       \
		.offset = offsetof(type_, history),                                                \
		.help = "the flight recorder's file, in place of the usual one", .wants = "a path" \
	}

/* Whether it is the store that is to be read: it was named, or a time is asked for that no recording is named for. */
bool back_to_store(const struct back *back);

/* A reader that stands at the picture that is meant: the board, the recording's or the store's last one at or before
 * at_ns. Of the store, its pictures from `reach_ns` before that on. 0 or an exit status, and then one line said why. */
int back_open(const struct back *back, uint64_t reach_ns, struct hr_reader **ret_reader);

/* The store's pictures, or with `events` its events alone, of a time. 0, or -errno, one line said. */
int back_store(const struct back *back, bool events, uint64_t from_ns, uint64_t to_ns,
	       struct hr_reader **ret_reader);

#endif
