/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Events about one container, or one event, in a board, a recording or the history. One pass with a reader of its own. */
#ifndef HEADROOM_CLI_EVENT_LOOKUP_H
#define HEADROOM_CLI_EVENT_LOOKUP_H

#include <headroom/reader.h>
#include "history_open.h"
#include "downsample.h"

#define PAST_KILLS 5

struct past {
	/* requested; either may be empty */
	uint64_t seq;
	const struct hr_slot *subject;
	uint64_t
		instance; /* of the board that the subject is on: elsewhere names count, not ids, which a boot begins anew; 0: not so */
	bool host;        /* all OOM kills */
	struct downsample *downsample; /* of a recording: filled, too */
	uint64_t until_ns;             /* of a recording: ends there; 0: all */
	uint64_t shown_ns;             /* of the history: time of the snapshot; 0: the newest */
	/* found; each on the heap, or NULL */
	struct hr_event *event, *outcome;        /* number seq, and its outcome */
	struct hr_event *kill[PAST_KILLS + 1];   /* the newest of the subject, oldest first */
	struct hr_event *action[PAST_KILLS + 1]; /* actions on it, in the same order */
	struct hr_event *map;                    /* the newest memory map of its largest process */
	uint64_t first_seq, last_seq;            /* held; 0: none */
};

/* 0, or an exit status after one error line. */
int past_read(const struct back *back, struct past *past);
void past_done(struct past *past);

#endif
