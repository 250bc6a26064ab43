/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Where the live view's pictures and events come from: the board now, a recording, or what a flight recorder keeps of the
 * past. Keys move it (source_step(), source_go() …, each says whether there is another picture now), the loop in
 * cmd_top.c loads what it stands at. Zero-initialise, set the board, done once.
 *
 *	struct source source = {.board = reader, .history = &store};
 *	source_begin(&source);
 *	loop: if (source_tick(&source, mono)) reload = true;
 *	      source_load(&source, &snapshot);
 *	source_done(&source);
 */
#ifndef HEADROOM_TUI_DATA_SOURCE_H
#define HEADROOM_TUI_DATA_SOURCE_H

#include <stdbool.h>
#include <stdint.h>
#include "event_buffer.h"
#include "format/incident.h"
#include "format/snapshot.h"

#define SOURCE_TEXT   128
#define SOURCE_SPEEDS 7

/* Where pictures of the past are kept (user/history/store.h); tests bring their own. */
struct source_history {
	int (*pictures)(const char *path, uint64_t from_ns, uint64_t to_ns,
			struct hr_reader **ret_reader, char error[256]);
	int (*events)(const char *path, uint64_t from_ns, uint64_t to_ns,
		      struct hr_reader **ret_reader, char error[256]);
};

struct source {
	struct hr_reader *board;              /* the caller's: a live board or a recording */
	const struct source_history *history; /* NULL: none is kept */
	const char *history_path;             /* NULL: the usual place */
	/* below: the source's own */
	uint64_t at_ns;           /* wall time of the picture; 0: now */
	struct hr_reader *window; /* a piece of history that is looked at; NULL: none */
	struct feed feed;         /* events up to at_ns and, of a recording, beyond */
	bool playing;
	unsigned int speed; /* index */
	uint64_t played_ns; /* monotonic: of the last tick while it plays */
	uint64_t
		clock_ns; /* wall time that playing has come to; at_ns follows it picture by picture */
	char notice[SOURCE_TEXT]; /* why the last wish came to nothing, or "" */
	char error[256];          /* the same as the history's own line, where it was the history */
};

/* Stands now, or, of a recording, at its first picture. 0; or, for a recording without pictures, -errno of seeking. */
int source_begin(struct source *source);
void source_done(struct source *source);

/* The picture where it stands, and the events since. As snapshot_load(). */
int source_load(struct source *source, struct snapshot *s);
bool source_reads(
	const struct source *source); /* events are still being read: call load again soon */

/* Each returns whether there is another picture; where not, `notice` says why. */
bool source_step(struct source *source, int by);         /* pictures: 1, -1 */
bool source_go(struct source *source, uint64_t time_ns); /* the last picture at or before it */
bool source_live(struct source *source); /* back to now; of a recording to its end */
bool source_tick(struct source *source, uint64_t mono_ns); /* plays on */

/* What happened, as far as is kept: of the recording, of history, else of the board. As incidents_find(). */
int source_incidents(struct source *source, struct incidents *ret);
/* One event (record takes HR_EVENT_MAX_BYTES). 0 or -ENOENT. */
int source_event(struct source *source, uint64_t seq, uint64_t instance, uint64_t time_ns,
		 struct hr_event *record);

void source_play(struct source *source, bool play);
void source_faster(struct source *source, int by);

bool source_past(const struct source *source);
/* "PAST 4m12s ago, stopped", "REPLAY, playing x5"; "" for now. Returns text. */
const char *source_label(const struct source *source, uint64_t now_ns, char text[SOURCE_TEXT]);

#endif
