// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Snapshots of the live board, of a recording, of history (a few minutes at a time in memory). Never waits for a daemon. */
#include "data_source.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/human_units.h"

#define AROUND_NS (300 * NS_PER_SEC)   /* of history, held on both sides of the snapshot */
#define EVENTS_NS (86400 * NS_PER_SEC) /* how far back events are listed */
#define READ_NS   (30 * NS_PER_MS)     /* reading events, at a time */
#define GAP_NS    (10 * NS_PER_SEC)    /* playing skips longer gaps between snapshots */

static const unsigned int speeds[DATA_SOURCE_SPEEDS] = {1, 2, 5, 10, 30, 60, 300};

static bool fail(struct data_source *source, const char *reason)
{
	snprintf(source->notice, sizeof(source->notice), "%.127s", reason);
	return false;
}

static bool is_recording(const struct data_source *source)
{
	return hr_reader_is_recording(source->board);
}

static struct hr_reader *current_reader(const struct data_source *source)
{
	return source->window ? source->window : source->board;
}

bool data_source_past(const struct data_source *source) { return source->at_ns != 0; }

static void set_time(struct data_source *source)
{
	source->at_ns = hr_reader_frame_time(current_reader(source));
	source->notice[0] = 0;
}

int data_source_begin(struct data_source *source)
{
	int r = 0;

	if (is_recording(source)) {
		r = hr_reader_seek_frame(source->board, 0);
		if (!r)
			set_time(source);
	}
	event_buffer_open(&source->buffer, hr_reader_path(source->board));
	return r;
}

void data_source_done(struct data_source *source)
{
	event_buffer_done(&source->buffer);
	hr_reader_close(take_ptr(source->window));
}

int data_source_load(struct data_source *source, struct snapshot *s)
{
	int r = event_buffer_read(&source->buffer, READ_NS);

	return r == -ENOMEM ? r : snapshot_load(s, current_reader(source));
}

bool data_source_reads(const struct data_source *source) { return !source->buffer.whole; }

/* ---- history ---- */

/* Replaces the window by the history of that time. */
static int open_window(struct data_source *source, uint64_t from_ns, uint64_t to_ns)
{
	struct hr_reader *window, *events;
	char *error = source->error;
	int r = -ENOENT;

	*error = 0;
	if (source->history)
		r = source->history->snapshots(source->history_path, from_ns, to_ns, &window,
					       error);
	if (r) {
		fail(source, r == -ENOENT    ? "history is not enabled: start headroom-recorder"
			     : r == -ENODATA ? "no history of that time"
					     : error);
		return r;
	}
	hr_reader_close(source->window);
	source->window = window;
	from_ns = from_ns > EVENTS_NS ? from_ns - EVENTS_NS : 0;
	if (!source->history->events(source->history_path, from_ns, to_ns, &events, error))
		event_buffer_take(&source->buffer, events);
	return 0;
}

static bool seek(struct data_source *source, uint64_t time_ns)
{
	int r = hr_reader_seek_frame(current_reader(source), time_ns);

	if (r)
		return fail(source, r == -ENODATA ? "no history of that time"
						  : "the history of that time is damaged");
	set_time(source);
	return true;
}

static bool go_in_history(struct data_source *source, uint64_t time_ns)
{
	/* For a time before the oldest snapshot: the oldest one. */
	static const uint64_t beyond[] = {AROUND_NS, 86400 * NS_PER_SEC, 100 * 86400 * NS_PER_SEC};
	uint64_t from = time_ns > AROUND_NS ? time_ns - AROUND_NS : 0;
	int r = -ENODATA;

	for (size_t i = 0; i < ARRAY_SIZE(beyond) && r == -ENODATA; i++)
		r = open_window(source, from, time_ns + beyond[i]);
	return !r && seek(source, time_ns);
}

bool data_source_go(struct data_source *source, uint64_t time_ns)
{
	if (is_recording(source))
		return seek(source, time_ns);
	if (time_ns >= clock_wall_ns())
		return data_source_live(source);
	return go_in_history(source, time_ns);
}

bool data_source_live(struct data_source *source)
{
	bool moved = source->at_ns != 0;

	source->playing = false;
	if (is_recording(source))
		return seek(source, UINT64_MAX);
	source->at_ns = 0;
	source->notice[0] = 0;
	if (source->window) {
		hr_reader_close(take_ptr(source->window));
		event_buffer_open(&source->buffer, hr_reader_path(source->board));
	}
	return moved || fail(source, "already live");
}

/* ---- steps ---- */

static bool step_back(struct data_source *source)
{
	uint64_t was = source->at_ns ? source->at_ns : clock_wall_ns();

	if (current_reader(source) != source->board || is_recording(source)) {
		if (seek(source, was - 1) && source->at_ns < was)
			return true;
		if (is_recording(source))
			return fail(source, "start of the recording");
	}
	if (!go_in_history(source, was - 1))
		return false;
	if (source->at_ns < was)
		return true;
	return fail(source, "no older history");
}

static int next_snapshot(struct data_source *source)
{
	int r;

	for (int damaged = 0;
	     (r = hr_reader_next_frame(current_reader(source))) == -EBADMSG && damaged < 64;)
		damaged++;
	return r;
}

static bool step_on(struct data_source *source)
{
	static const uint64_t ahead[] = {AROUND_NS, 3600 * NS_PER_SEC, 86400 * NS_PER_SEC,
					 100 * 86400 * NS_PER_SEC};
	uint64_t was = source->at_ns;

	if (!was)
		return fail(source, "already live");
	if (!next_snapshot(source)) {
		set_time(source);
		return true;
	}
	if (is_recording(source)) {
		seek(source, UINT64_MAX);
		return fail(source, "end of the recording");
	}
	for (size_t i = 0; i < ARRAY_SIZE(ahead); i++) {
		if (open_window(source, was, was + ahead[i]) || !seek(source, was))
			return false;
		if (!next_snapshot(source)) {
			set_time(source);
			return true;
		}
	}
	return data_source_live(source); /* no newer history: live */
}

bool data_source_step(struct data_source *source, int by)
{
	source->playing = false;
	return by < 0 ? step_back(source) : step_on(source);
}

/* ---- events and incidents ---- */

/* A separate reader of all events between two times. */
static int open_events(struct data_source *source, uint64_t from_ns, uint64_t to_ns,
		       struct hr_reader **ret_reader)
{
	char error[256];

	if (!is_recording(source) && source->history &&
	    !source->history->events(source->history_path, from_ns, to_ns, ret_reader, error))
		return 0;
	return hr_reader_open(hr_reader_path(source->board), ret_reader);
}

int data_source_incidents(struct data_source *source, struct incidents *ret)
{
	struct hr_reader *reader;
	int r = open_events(source, 0, UINT64_MAX, &reader);

	if (r)
		return r;
	r = incidents_find(reader, ret);
	hr_reader_close(reader);
	return r;
}

int data_source_event(struct data_source *source, uint64_t seq, uint64_t instance, uint64_t time_ns,
		      struct hr_event *record)
{
	const struct hr_event *event = event_buffer_find(&source->buffer, seq, instance);
	struct event_buffer other = {0};
	struct hr_reader *reader;

	if (!event && !is_recording(source) &&
	    !open_events(source, time_ns - NS_PER_SEC, time_ns + NS_PER_SEC, &reader)) {
		event_buffer_take(&other, reader);
		event_buffer_read(&other, NS_PER_SEC);
		event = event_buffer_find(&other, seq, instance);
	}
	if (event)
		memcpy(record, event, event->bytes);
	event_buffer_done(&other);
	return event ? 0 : -ENOENT;
}

/* ---- playing ---- */

void data_source_play(struct data_source *source, bool play)
{
	source->playing = play && source->at_ns;
	source->clock_ns = source->at_ns;
	source->played_ns = 0;
}

void data_source_faster(struct data_source *source, int by)
{
	if (by > 0 && source->speed + 1 < DATA_SOURCE_SPEEDS)
		source->speed++;
	else if (by < 0 && source->speed)
		source->speed--;
	if (source->at_ns && !source->playing)
		data_source_play(source, true);
}

/* One snapshot forward; whether there was one. */
static bool play_on(struct data_source *source)
{
	uint64_t was = source->at_ns;

	if (!step_on(source)) {
		source->playing = false;
		return false;
	}
	if (source->at_ns && source->at_ns > source->clock_ns + GAP_NS)
		source->clock_ns = source->at_ns;
	return source->at_ns > was;
}

bool data_source_tick(struct data_source *source, uint64_t mono_ns)
{
	bool moved = false;

	if (!source->playing)
		return false;
	if (source->played_ns && mono_ns > source->played_ns)
		source->clock_ns += (mono_ns - source->played_ns) * speeds[source->speed];
	source->played_ns = mono_ns;
	/* The snapshot is ahead of the clock by at most one. */
	while (source->playing && source->at_ns && source->at_ns <= source->clock_ns &&
	       clock_mono_ns() < mono_ns + 200 * NS_PER_MS) {
		if (!play_on(source))
			break;
		moved = true;
	}
	return moved;
}

const char *data_source_label(const struct data_source *source, uint64_t now_ns,
			      char text[DATA_SOURCE_TEXT])
{
	char ago[UNITS_TEXT] = "", how[32] = "stopped";

	text[0] = 0;
	if (!source->at_ns)
		return text;
	if (source->playing)
		snprintf(how, sizeof(how), "playing x%u", speeds[source->speed]);
	if (is_recording(source))
		snprintf(text, DATA_SOURCE_TEXT, "REPLAY, %s", how);
	else
		snprintf(text, DATA_SOURCE_TEXT, "PAST, %s ago, %s",
			 units_duration_ms(now_ns > source->at_ns ? (now_ns - source->at_ns) /
									    NS_PER_MS / 1000 * 1000
								  : 0,
					   ago),
			 how);
	return text;
}
