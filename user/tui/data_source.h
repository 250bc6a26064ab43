/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Where the interactive monitor's snapshots and events come from: the live board, a recording, or the recorder's history.
 * Keys move it (data_source_step(), data_source_go() …, each returns whether the snapshot changed), the loop in cmd_top.c
 * loads the current one. Zero-initialise, set the board, done once.
 *
 *	struct data_source source = {.board = reader, .history = &store};
 *	data_source_begin(&source);
 *	loop: if (data_source_tick(&source, mono)) reload = true;
 *	      data_source_load(&source, &snapshot);
 *	data_source_done(&source);
 */
#ifndef HEADROOM_TUI_DATA_SOURCE_H
#define HEADROOM_TUI_DATA_SOURCE_H

#include <stdbool.h>
#include <stdint.h>
#include "event_buffer.h"
#include "format/incident.h"
#include "format/snapshot.h"

#define DATA_SOURCE_TEXT   128
#define DATA_SOURCE_SPEEDS 7

/* Access to history (user/recorder/store.h); tests bring their own. */
struct data_source_history {
	int (*snapshots)(const char *path, uint64_t from_ns, uint64_t to_ns,
			 struct hr_reader **ret_reader, char error[256]);
	int (*events)(const char *path, uint64_t from_ns, uint64_t to_ns,
		      struct hr_reader **ret_reader, char error[256]);
};

struct data_source {
	struct hr_reader *board;                   /* the caller's: a live board or a recording */
	const struct data_source_history *history; /* NULL: not enabled */
	const char *history_path;                  /* NULL: the default path */
	/* below: private */
	uint64_t at_ns;             /* wall time of the snapshot; 0: live */
	struct hr_reader *window;   /* the part of history that is open; NULL: none */
	struct event_buffer buffer; /* events up to at_ns and, of a recording, beyond */
	bool playing;
	unsigned int speed; /* index */
	uint64_t played_ns; /* monotonic: of the last tick while playing */
	uint64_t clock_ns;  /* wall time of playing; at_ns follows it snapshot by snapshot */
	char notice[DATA_SOURCE_TEXT]; /* why the last move failed, or "" */
	char error[256];               /* the recorder store's error, where that was the cause */
};

/* Starts live, or at the first snapshot of a recording. 0; or, for a recording without snapshots, -errno of seeking. */
int data_source_begin(struct data_source *source);
void data_source_done(struct data_source *source);

/* The current snapshot, and new events. As snapshot_load(). */
int data_source_load(struct data_source *source, struct snapshot *s);
bool data_source_reads(
	const struct data_source *source); /* events are still being read: call load again soon */

/* Each returns whether the snapshot changed; if not, `notice` says why. */
bool data_source_step(struct data_source *source, int by); /* 1, -1 */
bool data_source_go(struct data_source *source,
		    uint64_t time_ns);             /* the last snapshot at or before it */
bool data_source_live(struct data_source *source); /* live; of a recording its end */
bool data_source_tick(struct data_source *source, uint64_t mono_ns); /* playing */

/* Of the recording, of history, else of the board. As incidents_find(). */
int data_source_incidents(struct data_source *source, struct incidents *ret);
/* One event (record takes HR_EVENT_MAX_BYTES). 0 or -ENOENT. */
int data_source_event(struct data_source *source, uint64_t seq, uint64_t instance, uint64_t time_ns,
		      struct hr_event *record);

void data_source_play(struct data_source *source, bool play);
void data_source_faster(struct data_source *source, int by);

bool data_source_past(const struct data_source *source);
/* "PAST, 4m12s ago, stopped", "REPLAY, playing x5"; "" when live. Returns text. */
const char *data_source_label(const struct data_source *source, uint64_t now_ns,
			      char text[DATA_SOURCE_TEXT]);

#endif
