// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* One pass over the events. Copies those that are requested; skips damaged records. */
#include "event_lookup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "cli.h"
#include "tui/event_buffer.h"

#define MOST_DAMAGED 64 /* damaged records skipped before giving up */

static int keep(const struct hr_event *event, struct hr_event **at)
{
	struct hr_event *copy = malloc(event->bytes);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, event, event->bytes);
	free(*at);
	*at = copy;
	return 0;
}

/* The newest ones. */
static int keep_newest(struct hr_event *kept[PAST_KILLS + 1], const struct hr_event *event)
{
	size_t n = 0;

	while (n < PAST_KILLS && kept[n])
		n++;
	if (n == PAST_KILLS) {
		free(kept[0]);
		memmove(kept, kept + 1, (--n) * sizeof(kept[0]));
		kept[n] = NULL;
	}
	return keep(event, &kept[n]);
}

static bool same_path(const struct hr_event *event, const struct hr_slot *slot)
{
	const char *there = hr_event_text(event, event->id.cgroup),
		   *here = hr_slot_text(slot, slot->id.cgroup);

	return there && here && !strcmp(there, here);
}

static bool concerns(const struct past *past, const struct hr_event *event)
{
	const struct hr_slot *slot = past->subject;

	if (!past->instance || event->instance == past->instance)
		return event_concerns(event, slot);
	return slot->id.workload ? event->id.workload == slot->id.workload : same_path(event, slot);
}

static int look_at(struct past *past, const struct hr_event *event)
{
	const struct hr_event_outcome *outcome = (const void *)event;
	int r = 0;

	if (!past->first_seq)
		past->first_seq = event->seq;
	past->last_seq = event->seq;
	if (past->seq && event->seq == past->seq)
		r = keep(event, &past->event);
	else if (past->seq && event->type == HR_EVENT_OUTCOME && event->bytes >= sizeof(*outcome) &&
		 outcome->ref == past->seq)
		r = keep(event, &past->outcome);
	if (!r && event->type == HR_EVENT_MEMORY_MAP &&
	    (past->subject ? concerns(past, event) : past->host && !event->cgroup_id))
		r = keep(event, &past->map);
	if (r || (event->type != HR_EVENT_OOM_KILL && event->type != HR_EVENT_ACTION))
		return r;
	if (past->host || (past->subject && concerns(past, event)))
		r = keep_newest(event->type == HR_EVENT_OOM_KILL ? past->kill : past->action,
				event);
	return r;
}

static int drain(struct hr_reader *reader, struct past *past)
{
	_Alignas(8) char record[HR_EVENT_MAX_BYTES];
	const struct hr_event *event = (const void *)record;
	int r = 0;

	for (int damaged = 0; damaged < MOST_DAMAGED; damaged += r == -EBADMSG) {
		r = hr_reader_next_event(reader, (struct hr_event *)record, sizeof(record));
		if (r == -ENODATA || r == -EAGAIN)
			return 0;
		if (!r)
			r = look_at(past, event);
		if (r && r != -EOVERFLOW && r != -EBADMSG)
			return r;
	}
	return 0;
}

static int drain_recording(struct hr_reader *reader, struct past *past)
{
	int r = 0;

	for (int damaged = 0; damaged < MOST_DAMAGED; damaged += r == -EBADMSG) {
		r = hr_reader_next_frame(reader);
		if (r == -EBADMSG)
			continue;
		if (r == -ENODATA ||
		    (!r && past->until_ns && hr_reader_frame_time(reader) > past->until_ns))
			return 0;
		if (!r && past->downsample)
			downsample_add(past->downsample, reader);
		if (!r)
			r = drain(reader, past);
		if (r)
			return r;
	}
	return 0;
}

/* Of the history: events of the last week, and snapshots of the last half hour, after the slot's own half hour. */
#define EVENTS_BACK_NS   (7 * 86400 * NS_PER_SEC)
#define PICTURES_BACK_NS (30 * 60 * NS_PER_SEC)

static int drain_store(const struct back *back, struct past *past)
{
	uint64_t to = back->at_ns ? back->at_ns : UINT64_MAX,
		 shown = past->shown_ns ? past->shown_ns : to;
	_cleanup_reader_ struct hr_reader *events = NULL, *snapshots = NULL;
	struct downsample *downsample = past->downsample;
	char error[STORE_ERROR];
	int r = store_events(back->history, back->at_ns > EVENTS_BACK_NS ? to - EVENTS_BACK_NS : 0,
			     to, &events, error);

	past->downsample = NULL;
	if (!r)
		r = drain_recording(events, past);
	past->downsample = downsample;
	if (!downsample || (r && r != -ENODATA))
		return r == -ENODATA ? 0 : r;
	r = store_snapshots(back->history, shown > PICTURES_BACK_NS ? shown - PICTURES_BACK_NS : 0,
			    shown, &snapshots, error);
	while (!r && (r = hr_reader_next_frame(snapshots)) == 0)
		downsample_add(downsample, snapshots);
	return r == -ENODATA || r == -EBADMSG ? 0 : r;
}

int past_read(const struct back *back, struct past *past)
{
	_cleanup_reader_ struct hr_reader *reader = NULL;
	int r;

	if (back_to_store(back)) {
		r = drain_store(back, past);
		if (r)
			log_error("%s: cannot read the history: %s", back->command, strerror(-r));
		return r ? CLI_FAILED : CLI_DONE;
	}
	r = cli_open(back->board, &reader);
	if (r)
		return r;
	r = hr_reader_is_recording(reader) ? drain_recording(reader, past) : drain(reader, past);
	if (!r)
		return CLI_DONE;
	log_error("%s: cannot read its events: %s", hr_reader_path(reader), strerror(-r));
	return CLI_FAILED;
}

void past_done(struct past *past)
{
	free(past->event);
	free(past->outcome);
	free(past->map);
	for (size_t i = 0; i < PAST_KILLS; i++) {
		free(past->kill[i]);
		free(past->action[i]);
	}
	memset(past, 0, sizeof(*past));
}
