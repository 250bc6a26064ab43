// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Reads the store: lists the snapshots of the time range, then adds one after the other to a recording in memory, each with
 * the events since the one before. Skips damaged rows; trusts nothing in the file.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "board/frame_codec.h"
#include "board/stamps.h"
#include "db.h"
#include "delta_codec.h"
#include "key_parts.h"
#include "writer.h"
#include "recording.h"
#include "store.h"

#define MAX_RAW      (1u << 20) /* of a row of events; a larger row is damaged */
#define FRAME_EVENTS (8u << 20) /* of a frame with only events; further ones go into the next */

#define MAX_OLDER 64 /* earlier snapshots to try if the last one is damaged */

struct entry { /* a snapshot */
	int64_t id, events_to;
	uint64_t time_ns, instance;
};

struct reading {
	sqlite3 *db;
	uint64_t from_ns, to_ns;
	struct entry *entry; /* by rising id */
	size_t n, space;
	struct entry before;      /* the last one before from_ns; id 0: none */
	struct frame frame, part; /* under construction; one part of it */
	struct frame key;         /* of that part */
	unsigned char *scratch;
	uint32_t scratch_space; /* slots */
	struct recording recording;
	uint32_t damaged;
	/* while reading events */
	size_t at;     /* entry that the events belong to */
	int64_t batch; /* of the newest events in the frame, which begin at batch_from */
	uint32_t batch_from;
	uint64_t instance;
	uint32_t events;
};

static void reading_done(struct reading *r)
{
	sqlite3_close(r->db);
	free(r->entry);
	free(r->scratch);
	frame_done(&r->frame);
	frame_done(&r->part);
	frame_done(&r->key);
	recording_done(&r->recording);
}

/* ---- snapshots ---- */

static int add_entry(struct reading *r, const struct entry *e)
{
	if (r->n == r->space) {
		size_t space = r->space ? 2 * r->space : 256;
		struct entry *more = realloc(r->entry, space * sizeof(*more));

		if (!more)
			return -ENOMEM;
		r->entry = more;
		r->space = space;
	}
	r->entry[r->n++] = *e;
	return 0;
}

static int list_snapshot(sqlite3_stmt *row, void *arg)
{
	struct reading *r = arg;
	struct entry e = {.id = sqlite3_column_int64(row, 0),
			  .time_ns = (uint64_t)sqlite3_column_int64(row, 1),
			  .instance = (uint64_t)sqlite3_column_int64(row, 2),
			  .events_to = sqlite3_column_int64(row, 3)};

	/* The newest is the last one taken, whatever the clock said. */
	if (e.time_ns < r->from_ns &&
	    (!r->before.id || r->from_ns == UINT64_MAX || e.time_ns >= r->before.time_ns))
		r->before = e;
	return e.time_ns < r->from_ns || e.time_ns > r->to_ns ? 0 : add_entry(r, &e);
}

static int by_id(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static int list_snapshots(struct reading *r)
{
	int e = db_scan(
		r->db,
		"SELECT id, time_ns, instance, events_to FROM snapshots WHERE id > ?1 ORDER BY id",
		0, list_snapshot, r, &r->damaged);

	if (!e && r->before.id)
		e = add_entry(r, &r->before);
	if (!e && r->n)
		qsort(r->entry, r->n, sizeof(*r->entry), by_id);
	return e;
}

static int space_for_scratch(struct reading *r, uint32_t slots)
{
	unsigned char *more;

	if (slots <= r->scratch_space)
		return 0;
	more = realloc(r->scratch, (size_t)slots * sizeof(struct hr_slot));
	if (!more)
		return -ENOMEM;
	r->scratch = more;
	r->scratch_space = slots;
	return 0;
}

/* r->part as it was on the board. */
static int decode_part(struct reading *r, uint32_t number, uint32_t key)
{
	uint32_t n = r->part.body.slot_count;
	int e = space_for_scratch(r, n > PART_SLOTS ? n : PART_SLOTS);

	if (!e)
		delta_decode_slots(r->part.slot, n, r->scratch);
	if (e || !key)
		return e;
	e = key_load(r->db, number, key, &r->key, r->scratch);
	if (!e)
		key_xor(&r->part, &r->key);
	return e == -ENODATA ? -EBADMSG : e;
}

/* Appends r->part to r->frame. */
static int append_part(struct reading *r)
{
	struct frame *p = &r->frame, *part = &r->part;
	uint32_t n = part->body.slot_count, have = p->body.slot_count;
	int e = frame_reserve(p, have + n, 0);

	if (e || !n)
		return e;
	if (have && part->index[0] <= p->index[have - 1])
		return -EBADMSG;
	memcpy(p->index + have, part->index, n * sizeof(*p->index));
	memcpy(p->slot + have, part->slot, n * sizeof(*p->slot));
	p->body.slot_count += n;
	return 0;
}

static int read_part(sqlite3_stmt *row, void *arg)
{
	struct reading *r = arg;
	uint32_t number = (uint32_t)(sqlite3_column_int64(row, 0) & ((1 << DB_PART_BITS) - 1)), key;
	int e = part_unpack(row, 1, &r->part, &key);

	if (!e)
		e = decode_part(r, number, key);
	if (!e && !number) {
		r->frame.body.header = r->part.body.header;
		r->frame.body.host = r->part.body.host;
	}
	if (!e)
		e = append_part(r);
	if (e == -EBADMSG)
		r->damaged++;
	return e == -EBADMSG ? 0 : e;
}

/* By the clock as it was set last, which the header of the boards table has; the rows have their times by it, too. */
static void move_snapshot(struct reading *r)
{
	struct frame *p = &r->frame;
	struct hr_board_header newest;
	int64_t step;

	if (db_board_header(r->db, p->body.header.instance, &newest))
		return;
	step = (int64_t)(newest.created_ns - p->body.header.created_ns);
	stamps_move_header(&p->body.header, step);
	stamps_move_host(&p->body.host, step);
	for (uint32_t i = 0; i < p->body.slot_count; i++)
		stamps_move_slot(&p->slot[i], step);
}

/* Reads one snapshot into r->frame, without its unreadable parts. -ENODATA: its first part is unreadable. */
static int read_snapshot(struct reading *r, const struct entry *entry)
{
	int64_t after = db_part_id(entry->id, 0) - 1;
	_cleanup_stmt_ sqlite3_stmt *stmt = NULL;
	int e, step = 0;

	r->frame.body.slot_count = 0;
	r->frame.body.header.magic = 0;
	for (uint32_t tries = 0; tries < 64; tries++) {
		sqlite3_finalize(take_ptr(stmt));
		e = db_query(r->db,
			     "SELECT id, frame FROM parts WHERE id > ?1 AND id < ?2 ORDER BY id",
			     DB_ARGS(after, db_part_id(entry->id + 1, 0)), &stmt);
		while (!e && (step = db_step(stmt)) == 1) {
			if (sqlite3_column_int64(stmt, 0) <= after) {
				step = -EBADMSG;
				break;
			}
			after = sqlite3_column_int64(stmt, 0);
			e = read_part(stmt, r);
		}
		if (e || !step)
			break;
		if (step != -EBADMSG && step != -EIO)
			return step;
		r->damaged++;
		after++; /* the next part may be on an intact page */
	}
	if (e)
		return e == -EIO ? -ENODATA : e;
	if (!r->frame.body.header.magic)
		return -ENODATA;
	move_snapshot(r);
	return 0;
}

/* ---- events ---- */

static int by_seq(const void *a, const void *b)
{
	const struct hr_event *x = *(const struct hr_event *const *)a,
			      *y = *(const struct hr_event *const *)b;

	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

/* Sorts the events of both rings of one batch by seq. */
static int sort_batch(struct frame *p, uint32_t from)
{
	uint32_t bytes = p->body.events_bytes - from, n = 0;
	unsigned char *out = p->events + from;
	_cleanup_free_ unsigned char *copy = malloc(bytes);
	_cleanup_free_ const struct hr_event **order =
		malloc(bytes / sizeof(struct hr_event) * sizeof(*order));

	if (!order || !copy)
		return -ENOMEM;
	memcpy(copy, out, bytes);
	for (uint32_t at = 0; at < bytes; at += order[n++]->bytes)
		order[n] = (const struct hr_event *)(copy + at);
	qsort(order, n, sizeof(*order), by_seq);
	for (uint32_t i = 0; i < n; out += order[i++]->bytes)
		memcpy(out, order[i], order[i]->bytes);
	return 0;
}

/* How far the wall clock was set after these records were stored: the row's earliest time against theirs. */
static int64_t step_of_records(const unsigned char *raw, uint32_t bytes, uint64_t first_ns)
{
	uint64_t earliest = UINT64_MAX;
	struct hr_event event;

	for (uint32_t at = 0; bytes - at >= sizeof(event); at += event.bytes) {
		memcpy(&event, raw + at, sizeof(event));
		if (event.bytes < sizeof(event) || event.bytes > bytes - at)
			break;
		earliest = event.time_ns < earliest ? event.time_ns : earliest;
	}
	return earliest == UINT64_MAX ? 0 : (int64_t)(first_ns - earliest);
}

/* Appends the records of a row that are in the time range. Checks their sizes; the reader checks the rest. */
static int append_records(struct reading *r, const unsigned char *raw, uint32_t bytes,
			  uint64_t first_ns)
{
	int64_t step = step_of_records(raw, bytes, first_ns);
	struct frame *p = &r->frame;
	int e = frame_reserve(p, 0, p->body.events_bytes + bytes);

	if (e)
		return e;
	for (uint32_t at = 0; bytes - at >= sizeof(struct hr_event);) {
		struct hr_event event;

		memcpy(&event, raw + at, sizeof(event));
		if (event.bytes < sizeof(event) || event.bytes > bytes - at ||
		    event.bytes > HR_EVENT_MAX_BYTES || event.bytes % 8 ||
		    event.instance != r->instance) {
			r->damaged++;
			break;
		}
		event.time_ns += (uint64_t)step;
		if (event.time_ns >= r->from_ns && event.time_ns <= r->to_ns) {
			struct hr_event *to = (void *)(p->events + p->body.events_bytes);

			memcpy(to, raw + at, event.bytes);
			stamps_move_event(to, step);
			p->body.events_bytes += event.bytes;
			r->events++;
		}
		at += event.bytes;
	}
	return 0;
}

enum {
	COL_ID,
	COL_BATCH,
	COL_INSTANCE,
	COL_FIRST_NS,
	COL_LAST_NS,
	COL_MISSED,
	COL_RAW,
	COL_RECORDS
};
#define EVENTS_SQL                                                                               \
	"SELECT id, batch, instance, first_ns, last_ns, missed, raw_bytes, records FROM events " \
	"WHERE id > ?1 ORDER BY id"

static int end_batch(struct reading *r)
{
	int e = r->batch && r->frame.body.events_bytes > r->batch_from
			? sort_batch(&r->frame, r->batch_from)
			: 0;

	r->batch = 0;
	return e;
}

static int read_row(struct reading *r, sqlite3_stmt *row)
{
	uint64_t missed = (uint64_t)sqlite3_column_int64(row, COL_MISSED);
	int64_t batch = sqlite3_column_int64(row, COL_BATCH),
		raw_bytes = sqlite3_column_int64(row, COL_RAW);
	const void *packed = sqlite3_column_blob(row, COL_RECORDS);
	_cleanup_free_ unsigned char *raw = NULL;
	uLongf n = (uLongf)raw_bytes;
	int e = 0;

	if (batch != r->batch) {
		e = end_batch(r);
		r->batch = batch;
		r->batch_from = r->frame.body.events_bytes;
	}
	if (!packed || raw_bytes <= 0 || raw_bytes > MAX_RAW) {
		r->damaged++;
		return e;
	}
	raw = malloc(n);
	if (!raw)
		return -ENOMEM;
	if (uncompress(raw, &n, packed, (uLong)sqlite3_column_bytes(row, COL_RECORDS)) != Z_OK) {
		r->damaged++;
		return e;
	}
	r->frame.body.events_missed += missed;
	return e ? e
		 : append_records(r, raw, (uint32_t)n,
				  (uint64_t)sqlite3_column_int64(row, COL_FIRST_NS));
}

static bool row_wanted(const struct reading *r, sqlite3_stmt *row)
{
	return (uint64_t)sqlite3_column_int64(row, COL_LAST_NS) >= r->from_ns &&
	       (uint64_t)sqlite3_column_int64(row, COL_FIRST_NS) <= r->to_ns;
}

/* ---- only events ---- */

/* Header and host record of a board, which every frame needs. */
static int board_of(struct reading *r, uint64_t instance)
{
	_cleanup_stmt_ sqlite3_stmt *stmt = NULL;
	struct hr_frame_body *body = &r->frame.body;
	int e = db_query(r->db, "SELECT header, host FROM boards WHERE instance = ?1",
			 DB_ARGS((int64_t)instance), &stmt);

	if (!e)
		e = db_step(stmt);
	if (e <= 0)
		return e ? e : -ENODATA;
	if (sqlite3_column_bytes(stmt, 0) != sizeof(body->header) ||
	    sqlite3_column_bytes(stmt, 1) != sizeof(body->host))
		return -EBADMSG;
	memcpy(&body->header, sqlite3_column_blob(stmt, 0), sizeof(body->header));
	memcpy(&body->host, sqlite3_column_blob(stmt, 1), sizeof(body->host));
	return 0;
}

static uint64_t newest_time(const struct frame *p)
{
	uint64_t newest = 0;
	struct hr_event event;

	for (uint32_t at = 0; at < p->body.events_bytes; at += event.bytes) {
		memcpy(&event, p->events + at, sizeof(event));
		newest = event.time_ns > newest ? event.time_ns : newest;
	}
	return newest;
}

static int emit_events(struct reading *r)
{
	uint64_t time_ns = newest_time(&r->frame);
	int e = end_batch(r);

	if (e || !r->frame.body.events_bytes)
		return e;
	e = board_of(r, r->instance);
	if (e == -ENODATA || e == -EBADMSG) {
		r->damaged++;
		memset(&r->frame.body, 0, sizeof(r->frame.body));
		return 0;
	}
	return e ? e : recording_add(&r->recording, &r->frame, time_ns);
}

static int gather_row(sqlite3_stmt *row, void *arg)
{
	struct reading *r = arg;
	uint64_t instance = (uint64_t)sqlite3_column_int64(row, COL_INSTANCE);
	bool full = r->frame.body.events_bytes >= FRAME_EVENTS &&
		    sqlite3_column_int64(row, COL_BATCH) != r->batch;
	int e = 0;

	if (!row_wanted(r, row))
		return 0;
	if (instance != r->instance || full)
		e = emit_events(r);
	r->instance = instance;
	return e ? e : read_row(r, row);
}

static int gather(struct reading *r)
{
	int e = db_scan(r->db, EVENTS_SQL, 0, gather_row, r, &r->damaged);

	return e ? e : emit_events(r);
}

/* ---- snapshots with events ---- */

/* Adds the snapshot at r->at, with the events collected for it. */
static int emit(struct reading *r)
{
	const struct entry *entry = &r->entry[r->at++];
	int e = end_batch(r);

	if (!e)
		e = read_snapshot(r, entry);
	if (!e)
		e = recording_add(&r->recording, &r->frame, entry->time_ns);
	return e == -ENODATA ? 0 : e; /* its events go into the next frame */
}

static int merge_row(sqlite3_stmt *row, void *arg)
{
	struct reading *r = arg;
	int e = 0;

	while (!e && r->at + 1 < r->n &&
	       sqlite3_column_int64(row, COL_ID) > r->entry[r->at].events_to)
		e = emit(r);
	if (e || !row_wanted(r, row))
		return e;
	r->instance = (uint64_t)sqlite3_column_int64(row, COL_INSTANCE);
	return read_row(r, row);
}

static int merge(struct reading *r)
{
	/* skips events older than the snapshot before `from` */
	int64_t after = r->before.id && r->entry[0].id == r->before.id ? r->before.events_to : 0;
	int e = db_scan(r->db, EVENTS_SQL, after, merge_row, r, &r->damaged);

	while (!e && r->at < r->n)
		e = emit(r);
	return e ? e : emit_events(r); /* events after the last snapshot */
}

/* ---- interface ---- */

/* *ret_before: time of the last snapshot before `from`; 0: none. */
static int read_store(const char *path, uint64_t from_ns, uint64_t to_ns, bool snapshots,
		      struct hr_reader **ret_reader, uint64_t *ret_before, char error[STORE_ERROR])
{
	_cleanup_(reading_done) struct reading r = {
		.from_ns = from_ns, .to_ns = to_ns, .recording = {.fd = -1}};
	char name[STORE_ERROR];
	int e;

	path = path ? path : store_path();
	e = db_open_read(path, &r.db, error);
	if (e)
		return e;
	e = recording_begin(&r.recording);
	if (!e && snapshots)
		e = list_snapshots(&r);
	if (!e)
		e = r.n ? merge(&r) : gather(&r);
	if (!e && !r.recording.frames)
		e = r.damaged ? -EBADMSG : -ENODATA;
	*ret_before = r.before.time_ns;
	snprintf(name, sizeof(name), "%.200s", path);
	if (!e)
		e = recording_open(&r.recording, name, ret_reader);
	if (!e)
		return 0;
	snprintf(error, STORE_ERROR, "%.150s: %s", path,
		 e == -ENODATA   ? "no data for this time range"
		 : e == -EBADMSG ? "damaged: no data of this time range is readable"
				 : strerror(-e));
	return e;
}

int store_snapshots(const char *path, uint64_t from_ns, uint64_t to_ns,
		    struct hr_reader **ret_reader, char error[STORE_ERROR])
{
	uint64_t before = 0;
	int r = read_store(path, from_ns, to_ns, true, ret_reader, &before, error);

	/* If the last snapshot before it is damaged, tries the one before. */
	for (int i = 0; r == -EBADMSG && before && i < MAX_OLDER; i++) {
		from_ns = before;
		r = read_store(path, from_ns, from_ns - 1, true, ret_reader, &before, error);
	}
	return r;
}

int store_events(const char *path, uint64_t from_ns, uint64_t to_ns, struct hr_reader **ret_reader,
		 char error[STORE_ERROR])
{
	uint64_t before = 0;

	return read_store(path, from_ns, to_ns, false, ret_reader, &before, error);
}
