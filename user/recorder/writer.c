// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Writes snapshots in parts, so that ten thousand containers need no more memory than fifty; the parts become visible
 * together.
 */
#include "writer.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "delta_codec.h"
#include "history_thin.h"
#include "recorder_internal.h"
#include "retention.h"

#define SLOT_PACKED \
	512 /* estimated bytes before the first snapshot; measured: docs/reference/recorder-cost.md */

#define BOARD_S 3600

int64_t writer_now(const struct recorder_writer *w)
{
	return w->at_base + (int64_t)((clock_mono_ns() - w->mono_base_ns) / NS_PER_SEC);
}

int writer_begin(struct recorder_writer *w)
{
	return db_errno(w->db, sqlite3_exec(w->db, "BEGIN IMMEDIATE", NULL, NULL, NULL));
}

int writer_end(struct recorder_writer *w, int r)
{
	if (!r)
		r = db_errno(w->db, sqlite3_exec(w->db, "COMMIT", NULL, NULL, NULL));
	if (r && !sqlite3_get_autocommit(w->db))
		sqlite3_exec(w->db, "ROLLBACK", NULL, NULL, NULL);
	return r;
}

/* The wall clock was set while a board is recorded: a reader then returns that board's created_ns, and all its times, by the new
 * clock. The rows that are stored already follow. Of the packed records only the rows' times change; the reader of the store
 * moves what it unpacks by the difference (read.c). */

/* created_ns as this board's rows have it; 0: there are none. */
static uint64_t stored_created_ns(struct recorder_writer *w, uint64_t instance)
{
	struct hr_board_header header;

	if (w->clock_instance == instance)
		return w->clock_created_ns;
	return db_board_header(w->db, instance, &header) ? 0 : header.created_ns;
}

static int move_rows(struct recorder_writer *w, const struct hr_board_header *header, int64_t step)
{
	static const char *const sql[] = {
		"UPDATE snapshots SET time_ns = time_ns + ?1 WHERE instance = ?2",
		("UPDATE events SET first_ns = first_ns + ?1, last_ns = last_ns + ?1"
		 " WHERE instance = ?2"),
		"UPDATE incidents SET time_ns = time_ns + ?1 WHERE instance = ?2",
	};
	int r = writer_begin(w);

	for (size_t i = 0; !r && i < ARRAY_SIZE(sql); i++)
		r = db_run(w->db, sql[i], DB_ARGS(step, (int64_t)header->instance), NULL, 0);
	if (!r)
		r = db_run(w->db, "UPDATE boards SET header = ?2 WHERE instance = ?1",
			   DB_ARGS((int64_t)header->instance),
			   &(struct db_blob){header, sizeof(*header)}, 1);
	return writer_end(w, r);
}

int writer_follow_clock(struct recorder_writer *w, const struct hr_board_header *header)
{
	uint64_t before = stored_created_ns(w, header->instance);
	int r = before && before != header->created_ns
			? move_rows(w, header, (int64_t)(header->created_ns - before))
			: 0;

	if (!r) {
		w->clock_instance = header->instance;
		w->clock_created_ns = header->created_ns;
	}
	return r;
}

static int take_part(struct recorder_writer *w, struct hr_reader *board, uint32_t *index)
{
	struct frame *p = &w->part;
	int r = 0;

	p->body.slot_count = 0;
	while (!r && p->body.slot_count < PART_SLOTS) {
		struct hr_slot *slot = &p->slot[p->body.slot_count];

		r = hr_reader_slot(board, index, slot);
		if (r)
			break;
		slot->seq = 0;
		p->index[p->body.slot_count++] = *index - 1;
	}
	return r && r != -ENODATA ? -EAGAIN : 0; /* a failure of the board, not of the store */
}

static int put_part(struct recorder_writer *w, int64_t snapshot, uint32_t part, uint64_t time_ns,
		    uint64_t *bytes)
{
	_cleanup_free_ unsigned char *frame = NULL;
	struct part_key *key = &w->keys.of[part];
	const struct part_place place = {snapshot, writer_now(w), part, time_ns};
	size_t n;
	int r;

	for (uint32_t i = 0; i < w->part.body.slot_count; i++)
		history_thin(&w->part.slot[i]);
	r = key_find(&w->keys, w->db, &w->part, &place, w->scratch, bytes);
	if (r)
		return r;
	key_xor(&w->part, &w->keys.frame);
	delta_encode_slots(w->part.slot, w->part.body.slot_count, w->scratch);
	r = frame_pack(&w->part, NULL, time_ns, &frame, &n);
	if (r)
		return r;
	frame_set_base(frame, key->first);
	key->poor = n > key->bytes / 2;
	*bytes += n;
	return db_run(w->db, "INSERT INTO parts VALUES(?1, ?2)",
		      DB_ARGS(db_part_id(snapshot, part)), &(struct db_blob){frame, n}, 1);
}

/* Only the first part has the host record. */
static int put_parts(struct recorder_writer *w, struct hr_reader *board, int64_t snapshot,
		     uint64_t time_ns, uint32_t *ret_parts, uint32_t *ret_slots, uint64_t *bytes)
{
	uint32_t index = 0, parts = 0, slots = 0;
	int r;

	do {
		r = take_part(w, board, &index);
		if (r || (parts && !w->part.body.slot_count))
			break;
		r = put_part(w, snapshot, parts, time_ns, bytes);
		memset(&w->part.body.host, 0, sizeof(w->part.body.host));
		parts++;
		slots += w->part.body.slot_count;
	} while (!r && w->part.body.slot_count == PART_SLOTS && parts < PARTS_MOST);
	*ret_parts = parts;
	*ret_slots = slots;
	return r;
}

static int put_snapshot(struct recorder_writer *w, struct hr_reader *board,
			enum snapshot_reason reason)
{
	uint64_t time_ns = hr_reader_frame_time(board), bytes = 0;
	int64_t id = 0, events_to = 0, now = writer_now(w);
	uint32_t parts, slots;
	int r = db_number(w->db, "SELECT max(id) FROM snapshots", DB_NONE, &id);

	if (!r || r == -ENODATA)
		r = db_number(w->db, "SELECT max(id) FROM events", DB_NONE, &events_to);
	if (r && r != -ENODATA)
		return r;
	id++;
	/* parts of a snapshot that lost its row */
	r = db_run(w->db, "DELETE FROM parts WHERE id >= ?1", DB_ARGS(db_part_id(id, 0)), NULL, 0);
	if (!r)
		r = put_parts(w, board, id, time_ns, &parts, &slots, &bytes);
	if (!r)
		r = db_run(w->db,
			   "INSERT INTO snapshots VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
			   DB_ARGS(id, now, (int64_t)time_ns, (int64_t)w->part.body.header.instance,
				   reason, now < w->frozen_until, parts, slots, (int64_t)bytes,
				   events_to),
			   NULL, 0);
	if (!r)
		w->snapshot_bytes = bytes;
	return r;
}

static int put_board(struct recorder_writer *w)
{
	const struct hr_frame_body *body = &w->part.body;
	const struct db_blob blobs[] = {{&body->header, sizeof(body->header)},
					{&body->host, sizeof(body->host)}};

	/* Events without a snapshot need it, and little of what is in it. */
	if (w->board_instance == body->header.instance && writer_now(w) < w->board_at_s + BOARD_S)
		return 0;
	w->board_instance = body->header.instance;
	w->board_at_s = writer_now(w);
	return db_run(w->db,
		      "INSERT INTO boards(instance, header, host) VALUES(?1, ?2, ?3)"
		      " ON CONFLICT(instance) DO UPDATE SET header = ?2, host = ?3",
		      DB_ARGS((int64_t)body->header.instance), blobs, ARRAY_SIZE(blobs));
}

int writer_snapshot(struct recorder_writer *w, struct hr_reader *board, enum snapshot_reason reason)
{
	uint64_t expected = w->snapshot_bytes + w->snapshot_bytes / 4;
	int r;

	if (!w->db)
		return -EBADMSG;
	memset(&w->part.body, 0, sizeof(w->part.body));
	hr_reader_header(board, &w->part.body.header);
	r = hr_reader_host(board, &w->part.body.host) ? -EAGAIN : 0;
	if (!r)
		r = writer_follow_clock(w, &w->part.body.header);
	if (!w->snapshot_bytes)
		expected = (uint64_t)w->part.body.header.slots_high * SLOT_PACKED;
	if (!r)
		r = quota_make_space(w, expected);
	if (r)
		return r;
	r = writer_begin(w);
	if (!r)
		r = put_board(w);
	if (!r)
		r = put_snapshot(w, board, reason);
	r = writer_end(w, r);
	if (r)
		w->board_instance = 0; /* its row may have been rolled back */
	if (r == -ENOSPC)
		w->snapshot_bytes = 2 * expected;
	return r;
}

uint64_t writer_snapshot_age_s(struct recorder_writer *w)
{
	uint64_t now = clock_wall_ns();
	int64_t time_ns;

	if (db_number(w->db, "SELECT time_ns FROM snapshots ORDER BY id DESC LIMIT 1", DB_NONE,
		      &time_ns) ||
	    (uint64_t)time_ns > now)
		return UINT64_MAX;
	return (now - (uint64_t)time_ns) / NS_PER_SEC;
}

#define PRUNE_MAX 256 /* snapshots in one call */

struct prune {
	struct retention_state thin;
	uint64_t now_s;
	uint32_t n;
	int64_t drop[PRUNE_MAX];
};

static int check_age(sqlite3_stmt *row, void *arg)
{
	struct prune *t = arg;
	struct retention_snapshot p = {(uint64_t)sqlite3_column_int64(row, 0),
				       (uint64_t)sqlite3_column_int64(row, 1),
				       sqlite3_column_int(row, 2) != 0};

	if (retention_drops(&t->thin, &p, t->now_s))
		t->drop[t->n++] = (int64_t)p.id;
	return t->n == PRUNE_MAX;
}

int writer_prune(struct recorder_writer *w)
{
	struct prune t = {.now_s = (uint64_t)writer_now(w)};
	uint32_t damaged = 0;
	int r;

	if (!w->db)
		return -EBADMSG;
	r = db_scan(w->db, "SELECT id, at_s, frozen FROM snapshots WHERE id > ?1 ORDER BY id", 0,
		    check_age, &t, &damaged);

	if (damaged)
		return -EBADMSG;
	for (uint32_t i = 0; !r && i < t.n; i++)
		r = quota_drop_snapshot(w, t.drop[i]);
	if (!r)
		r = keys_collect(w->db);
	if (!r)
		r = quota_shrink_file(w);
	return r;
}
