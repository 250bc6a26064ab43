/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What a board, a recording or the history still holds of events about one container, or of one event. Reads
 * through them once, with a reader of its own. */
#ifndef HEADROOM_CLI_EVENT_LOOKUP_H
#define HEADROOM_CLI_EVENT_LOOKUP_H

#include <headroom/reader.h>
#include "history_open.h"
#include "downsample.h"

#define PAST_KILLS 5

struct past {
	/* asked for; either may be left empty */
	uint64_t seq;
	const struct hr_slot *subject;
	bool host;                     /* whatever was OOM-killed */
	struct downsample *downsample; /* of a recording: to be filled, too */
	uint64_t until_ns; /* of a recording, what came later is not looked at; 0: all */
	uint64_t shown_ns; /* of the history: the picture that is told of; 0: the newest */
	/* found; each on the heap, or NULL */
	struct hr_event *event, *outcome;        /* number seq, and what came of it */
	struct hr_event *kill[PAST_KILLS + 1];   /* the newest of the subject, oldest first */
	struct hr_event *action[PAST_KILLS + 1]; /* what was done to it, in the same way */
	uint64_t first_seq, last_seq;            /* of what is held; 0: nothing is */
};

/* 0 or an exit status, and then one line said why. */
int past_read(const struct back *back, struct past *past);
void past_done(struct past *past);

#endif
