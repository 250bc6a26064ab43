// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Writes events as they are in the rings, with rows of their own for each ring, so that the quota deletes frequent minor events
 * before those that a post-mortem needs. An incident freezes the snapshots around it.
 */
#include <errno.h>
#include <string.h>
#include <zlib.h>

#include "base/clock.h"
#include "recorder_internal.h"

#define BATCHES  16 /* in one call: 4 MiB of records, more than the default rings */
#define FRESH_NS (10 * 60 * NS_PER_SEC) /* older events have no snapshots around them */

struct row { /* one ring's records of one batch */
	uint64_t first_seq, last_seq, first_ns, last_ns;
	uint32_t n, bytes;
	uint64_t packed;
};

struct batch {
	struct row row[HR_RINGS];
	uint64_t missed;
	bool more;                /* the rings hold more events */
	struct hr_event incident; /* the first incident, without its payload; bytes 0: none */
};

static bool is_incident(const struct hr_event *event)
{
	switch (event->type) {
	case HR_EVENT_OOM_KILL:
		return true;
	case HR_EVENT_ACTION:
		return event->bytes >= sizeof(struct hr_event_action) &&
		       ((const struct hr_event_action *)event)->status == HR_STATUS_DONE &&
		       ((const struct hr_event_action *)event)->kind > HR_ACTION_NOTIFY;
	case HR_EVENT_RISK:
		return event->bytes >= sizeof(struct hr_event_forecast) &&
		       ((const struct hr_event_forecast *)event)->to == HR_ALARM_ACT;
	case HR_EVENT_PRESSURE:
		return event->bytes >= sizeof(struct hr_event_pressure) &&
		       ((const struct hr_event_pressure *)event)->what == HR_PRESSURE_UNDER_OOM;
	default:
		return false;
	}
}

static void take_event(struct recorder_writer *w, struct batch *batch, const struct hr_event *event)
{
	enum hr_ring ring = hr_event_ring(event->type);
	struct row *row = &batch->row[ring];

	memcpy(w->records[ring] + row->bytes, event, event->bytes);
	row->bytes += event->bytes;
	row->last_seq = event->seq;
	if (!row->n++) {
		row->first_seq = event->seq;
		row->first_ns = row->last_ns = event->time_ns;
	}
	row->first_ns = event->time_ns < row->first_ns ? event->time_ns : row->first_ns;
	row->last_ns = event->time_ns > row->last_ns ? event->time_ns : row->last_ns;
	if (!batch->incident.bytes && is_incident(event))
		batch->incident = *event;
}

static int take_batch(struct recorder_writer *w, struct hr_reader *board, struct batch *batch)
{
	union {
		struct hr_event event;
		unsigned char space[HR_EVENT_MAX_BYTES];
	} buf;
	int r = 0;

	*batch = (struct batch){0};
	while (batch->row[HR_RING_KEEP].bytes + HR_EVENT_MAX_BYTES <= EVENTS_ROW &&
	       batch->row[HR_RING_CHATTER].bytes + HR_EVENT_MAX_BYTES <= EVENTS_ROW) {
		uint64_t missed = hr_reader_missed(board);

		r = hr_reader_next_event(board, &buf.event, sizeof(buf));
		if (r == -EOVERFLOW)
			batch->missed += hr_reader_missed(board) - missed;
		if (r == -EOVERFLOW || r == -EBADMSG) /* skipped; the reader continues behind it */
			continue;
		if (r)
			return 0; /* no more events, or the board is unreadable at the moment */
		if (buf.event.instance !=
		    w->instance) { /* another board: seek to its oldest event */
			w->seek = true;
			return 0;
		}
		take_event(w, batch, &buf.event);
	}
	batch->more = true;
	return 0;
}

static int put_row(struct recorder_writer *w, int64_t batch, enum hr_ring ring, struct row *row,
		   uint64_t missed)
{
	uLongf n = compressBound(row->bytes);
	_cleanup_free_ unsigned char *packed = malloc(n);

	if (!packed ||
	    compress2(packed, &n, w->records[ring], row->bytes, Z_DEFAULT_COMPRESSION) != Z_OK)
		return -ENOMEM;
	row->packed = n;
	return db_run(w->db,
		      "INSERT INTO events(batch, at_s, ring, instance, first_seq, last_seq, "
		      "first_ns, last_ns,"
		      " count, missed, raw_bytes, bytes, records)"
		      " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
		      DB_ARGS(batch, writer_now(w), ring, (int64_t)w->instance,
			      (int64_t)row->first_seq, (int64_t)row->last_seq,
			      (int64_t)row->first_ns, (int64_t)row->last_ns, row->n,
			      (int64_t)missed, row->bytes, (int64_t)n),
		      &(struct db_blob){packed, n}, 1);
}

/* Freezes the snapshots of the ten minutes before the incident, by recording time. */
static int freeze(struct recorder_writer *w, const struct hr_event *event)
{
	uint64_t now = clock_wall_ns();
	bool fresh = event->time_ns + FRESH_NS > now || event->time_ns > now;
	int64_t first = 0;
	int r;

	r = db_number(w->db, "SELECT min(id) FROM snapshots WHERE at_s >= ?1",
		      DB_ARGS(writer_now(w) - FREEZE_BEFORE_S), &first);
	if (r == -ENODATA)
		r = 0;
	if (!r)
		r = db_run(w->db,
			   "INSERT INTO incidents(at_s, time_ns, instance, seq, type, cgroup_id, "
			   "first_snapshot)"
			   " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
			   DB_ARGS(writer_now(w), (int64_t)event->time_ns, (int64_t)event->instance,
				   (int64_t)event->seq, event->type, (int64_t)event->cgroup_id,
				   fresh ? first : 0),
			   NULL, 0);
	if (!r && fresh && first)
		r = db_run(w->db, "UPDATE snapshots SET frozen = 1 WHERE id >= ?1 AND NOT frozen",
			   DB_ARGS(first), NULL, 0);
	if (!r && fresh)
		w->frozen_until = writer_now(w) + FREEZE_AFTER_S;
	return r;
}

static int put_batch(struct recorder_writer *w, struct batch *batch)
{
	uint64_t missed = batch->missed;
	int64_t number = 0;
	int r = db_number(w->db, "SELECT batch FROM events ORDER BY id DESC LIMIT 1", DB_NONE,
			  &number);

	if (r == -ENODATA)
		r = 0;
	for (int ring = 0; !r && ring < HR_RINGS; ring++) {
		if (!batch->row[ring].n)
			continue;
		r = put_row(w, number + 1, (enum hr_ring)ring, &batch->row[ring], missed);
		missed = 0;
	}
	if (!r && batch->incident.bytes)
		r = freeze(w, &batch->incident);
	return r;
}

/* Seeks behind the last stored event of this board. */
static void seek(struct recorder_writer *w, struct hr_reader *board, uint64_t instance)
{
	int64_t last;

	if (w->instance != instance || !w->next_seq)
		w->next_seq =
			db_number(w->db, "SELECT max(last_seq) FROM events WHERE instance = ?1",
				  DB_ARGS((int64_t)instance), &last)
				? 0
				: (uint64_t)last + 1;
	w->instance = instance;
	hr_reader_seek_event(board, w->next_seq);
	w->seek = false;
}

static int write_batch(struct recorder_writer *w, struct batch *batch)
{
	int64_t frozen_until = w->frozen_until;
	int r = 0;

	r = writer_begin(w);
	if (!r)
		r = put_batch(w, batch);
	r = writer_end(w, r);
	if (r)
		w->frozen_until = frozen_until;
	for (int ring = 0; !r && ring < HR_RINGS; ring++)
		w->ring_bytes[ring] += batch->row[ring].packed;
	return r;
}

static uint64_t last_of(const struct batch *batch)
{
	uint64_t a = batch->row[HR_RING_KEEP].last_seq, b = batch->row[HR_RING_CHATTER].last_seq;

	return a > b ? a : b;
}

/* Times of a batch by two clocks could not be distinguished later: such a batch is read again. */
static int same_clock(struct hr_reader *board, const struct hr_board_header *before)
{
	struct hr_board_header now;

	hr_reader_header(board, &now);
	return now.instance == before->instance && now.created_ns != before->created_ns ? -EAGAIN
											: 0;
}

int writer_events(struct recorder_writer *w, struct hr_reader *board,
		  struct events_stored *ret_stored)
{
	struct events_stored stored = {0};
	struct hr_board_header header;
	struct batch batch = {.more = true};
	int r;

	if (!w->db)
		return -EBADMSG;
	hr_reader_header(board, &header);
	r = writer_follow_clock(w, &header);
	if (w->seek || header.instance != w->instance)
		seek(w, board, header.instance);
	for (int i = 0; !r && batch.more && i < BATCHES; i++) {
		r = take_batch(w, board, &batch) ?: same_clock(board, &header);
		if (r || !last_of(&batch))
			break;
		r = quota_make_space(w, batch.row[HR_RING_KEEP].bytes +
						batch.row[HR_RING_CHATTER].bytes);
		if (!r)
			r = write_batch(w, &batch);
		if (r)
			break;
		w->next_seq = last_of(&batch) + 1;
		stored.events += batch.row[HR_RING_KEEP].n + batch.row[HR_RING_CHATTER].n;
		stored.missed += batch.missed;
		stored.incident |= batch.incident.bytes != 0;
	}
	if (r)
		w->seek = true; /* read them again with the next call */
	if (!r && stored.events)
		r = quota_limit_events(w);
	if (!r)
		*ret_stored = stored;
	return r;
}

void writer_new_board(struct recorder_writer *w) { w->seek = true; }
