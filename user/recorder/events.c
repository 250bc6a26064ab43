// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Writing events: as they stand in the rings, those of each ring in rows of their own, so that a busy host's chatter is
 * given up before what a post-mortem needs. An incident among them freezes the pictures around it.
 */
#include <errno.h>
#include <string.h>
#include <zlib.h>

#include "base/clock.h"
#include "recorder_internal.h"

#define TURNS 16 /* in one call: 4 MiB of records, more than the rings hold by default */
#define FRESH_NS \
	(10 * 60 * NS_PER_SEC) /* what is told later than that has no pictures around it any more */

struct row { /* one ring's records of one turn */
	uint64_t first_seq, last_seq, first_ns, last_ns;
	uint32_t n, bytes;
	uint64_t packed;
};

struct turn {
	struct row row[HR_RINGS];
	uint64_t missed;
	bool more;                /* the rings hold more than fitted in */
	struct hr_event incident; /* the first among them; bytes 0: none. Its head alone. */
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

static void take_event(struct recorder_writer *k, struct turn *turn, const struct hr_event *event)
{
	enum hr_ring ring = hr_event_ring(event->type);
	struct row *row = &turn->row[ring];

	memcpy(k->records[ring] + row->bytes, event, event->bytes);
	row->bytes += event->bytes;
	row->last_seq = event->seq;
	if (!row->n++) {
		row->first_seq = event->seq;
		row->first_ns = row->last_ns = event->time_ns;
	}
	row->first_ns = event->time_ns < row->first_ns ? event->time_ns : row->first_ns;
	row->last_ns = event->time_ns > row->last_ns ? event->time_ns : row->last_ns;
	if (!turn->incident.bytes && is_incident(event))
		turn->incident = *event;
}

static int take_turn(struct recorder_writer *k, struct hr_reader *board, struct turn *turn)
{
	union {
		struct hr_event event;
		unsigned char space[HR_EVENT_MAX_BYTES];
	} buf;
	int r = 0;

	*turn = (struct turn){0};
	while (turn->row[HR_RING_KEEP].bytes + HR_EVENT_MAX_BYTES <= EVENTS_ROW &&
	       turn->row[HR_RING_CHATTER].bytes + HR_EVENT_MAX_BYTES <= EVENTS_ROW) {
		uint64_t missed = hr_reader_missed(board);

		r = hr_reader_next_event(board, &buf.event, sizeof(buf));
		if (r == -EOVERFLOW)
			turn->missed += hr_reader_missed(board) - missed;
		if (r == -EOVERFLOW ||
		    r == -EBADMSG) /* passed over; the reader goes on behind it */
			continue;
		if (r)
			return 0; /* no more; or the board can't be read at the moment */
		if (buf.event.instance !=
		    k->instance) { /* another board's: from its oldest, then */
			k->seek = true;
			return 0;
		}
		take_event(k, turn, &buf.event);
	}
	turn->more = true;
	return 0;
}

static int put_row(struct recorder_writer *k, int64_t turn, enum hr_ring ring, struct row *row,
		   uint64_t missed)
{
	uLongf n = compressBound(row->bytes);
	_cleanup_free_ unsigned char *packed = malloc(n);

	if (!packed ||
	    compress2(packed, &n, k->records[ring], row->bytes, Z_DEFAULT_COMPRESSION) != Z_OK)
		return -ENOMEM;
	row->packed = n;
	return db_run(k->db,
		      "INSERT INTO events(turn, at_s, ring, instance, first_seq, last_seq, "
		      "first_ns, last_ns,"
		      " count, missed, raw_bytes, bytes, records)"
		      " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
		      DB_ARGS(turn, writer_now(k), ring, (int64_t)k->instance,
			      (int64_t)row->first_seq, (int64_t)row->last_seq,
			      (int64_t)row->first_ns, (int64_t)row->last_ns, row->n,
			      (int64_t)missed, row->bytes, (int64_t)n),
		      &(struct db_blob){packed, n}, 1);
}

/* What was taken in the ten minutes before it, by the clock that never jumps. */
static int freeze(struct recorder_writer *k, const struct hr_event *event)
{
	uint64_t now = clock_wall_ns();
	bool fresh = event->time_ns + FRESH_NS > now || event->time_ns > now;
	int64_t first = 0;
	int r;

	r = db_number(k->db, "SELECT min(id) FROM pictures WHERE at_s >= ?1",
		      DB_ARGS(writer_now(k) - FREEZE_BEFORE_S), &first);
	if (r == -ENODATA)
		r = 0;
	if (!r)
		r = db_run(k->db,
			   "INSERT INTO incidents(at_s, time_ns, instance, seq, type, cgroup_id, "
			   "first_picture)"
			   " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
			   DB_ARGS(writer_now(k), (int64_t)event->time_ns, (int64_t)event->instance,
				   (int64_t)event->seq, event->type, (int64_t)event->cgroup_id,
				   fresh ? first : 0),
			   NULL, 0);
	if (!r && fresh && first)
		r = db_run(k->db, "UPDATE pictures SET frozen = 1 WHERE id >= ?1 AND NOT frozen",
			   DB_ARGS(first), NULL, 0);
	if (!r && fresh)
		k->frozen_until = writer_now(k) + FREEZE_AFTER_S;
	return r;
}

static int put_turn(struct recorder_writer *k, struct turn *turn)
{
	uint64_t missed = turn->missed;
	int64_t number = 0;
	int r = db_number(k->db, "SELECT turn FROM events ORDER BY id DESC LIMIT 1", DB_NONE,
			  &number);

	if (r == -ENODATA)
		r = 0;
	for (int ring = 0; !r && ring < HR_RINGS; ring++) {
		if (!turn->row[ring].n)
			continue;
		r = put_row(k, number + 1, (enum hr_ring)ring, &turn->row[ring], missed);
		missed = 0;
	}
	if (!r && turn->incident.bytes)
		r = freeze(k, &turn->incident);
	return r;
}

/* Behind what is kept of this board already. */
static void seek(struct recorder_writer *k, struct hr_reader *board, uint64_t instance)
{
	int64_t last;

	if (k->instance != instance || !k->next_seq)
		k->next_seq =
			db_number(k->db, "SELECT max(last_seq) FROM events WHERE instance = ?1",
				  DB_ARGS((int64_t)instance), &last)
				? 0
				: (uint64_t)last + 1;
	k->instance = instance;
	hr_reader_seek_event(board, k->next_seq);
	k->seek = false;
}

static int write_turn(struct recorder_writer *k, struct turn *turn)
{
	bool incident = turn->incident.bytes;
	int64_t frozen_until = k->frozen_until;
	int r = 0;

	if (incident) /* it survives the power's loss from now on */
		sqlite3_exec(k->db, "PRAGMA synchronous=FULL", NULL, NULL, NULL);
	r = writer_begin(k);
	if (!r)
		r = put_turn(k, turn);
	r = writer_end(k, r);
	if (incident)
		sqlite3_exec(k->db, "PRAGMA synchronous=NORMAL", NULL, NULL, NULL);
	if (r)
		k->frozen_until = frozen_until;
	for (int ring = 0; !r && ring < HR_RINGS; ring++)
		k->ring_bytes[ring] += turn->row[ring].packed;
	return r;
}

static uint64_t last_of(const struct turn *turn)
{
	uint64_t a = turn->row[HR_RING_KEEP].last_seq, b = turn->row[HR_RING_CHATTER].last_seq;

	return a > b ? a : b;
}

int writer_events(struct recorder_writer *k, struct hr_reader *board, struct keep_news *ret_news)
{
	struct keep_news news = {0};
	struct hr_board_header header;
	struct turn turn = {.more = true};
	int r = 0;

	if (!k->db)
		return -EBADMSG;
	hr_reader_header(board, &header);
	if (k->seek || header.instance != k->instance)
		seek(k, board, header.instance);
	for (int i = 0; !r && turn.more && i < TURNS; i++) {
		r = take_turn(k, board, &turn);
		if (r || !last_of(&turn))
			break;
		r = space_make(k, turn.row[HR_RING_KEEP].bytes + turn.row[HR_RING_CHATTER].bytes);
		if (!r)
			r = write_turn(k, &turn);
		if (r)
			break;
		k->next_seq = last_of(&turn) + 1;
		news.events += turn.row[HR_RING_KEEP].n + turn.row[HR_RING_CHATTER].n;
		news.missed += turn.missed;
		news.incident |= turn.incident.bytes != 0;
	}
	if (r)
		k->seek = true; /* they come again with the next call */
	if (!r && news.events)
		r = space_bound_events(k);
	if (!r)
		*ret_news = news;
	return r;
}

void writer_new_board(struct recorder_writer *k) { k->seek = true; }
