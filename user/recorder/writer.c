// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Writing pictures. A picture is made part by part, so that a host of ten thousand containers costs the recorder no more
 * memory than one of fifty; its parts become visible together.
 */
#include "writer.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "delta_codec.h"
#include "recorder_internal.h"
#include "retention.h"

#define SLOT_PACKED \
	512 /* bytes, until a picture has been made: docs/reference/recorder.md has measured ones */

int64_t writer_now(const struct recorder_writer *k)
{
	return k->at_base + (int64_t)((clock_mono_ns() - k->mono_base_ns) / NS_PER_SEC);
}

int writer_begin(struct recorder_writer *k)
{
	return db_errno(k->db, sqlite3_exec(k->db, "BEGIN IMMEDIATE", NULL, NULL, NULL));
}

int writer_end(struct recorder_writer *k, int r)
{
	if (!r)
		r = db_errno(k->db, sqlite3_exec(k->db, "COMMIT", NULL, NULL, NULL));
	if (r && !sqlite3_get_autocommit(k->db))
		sqlite3_exec(k->db, "ROLLBACK", NULL, NULL, NULL);
	return r;
}

static int take_part(struct recorder_writer *k, struct hr_reader *board, uint32_t *index)
{
	struct frame *p = &k->part;
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
	return r && r != -ENODATA ? -EAGAIN : 0; /* the board's trouble, not the store's */
}

static int put_part(struct recorder_writer *k, int64_t picture, uint32_t part, uint64_t time_ns,
		    uint64_t *bytes)
{
	_cleanup_free_ unsigned char *frame = NULL;
	size_t n;
	int r;

	fold_slots(k->part.slot, k->part.body.slot_count, k->scratch);
	r = frame_pack(&k->part, NULL, time_ns, &frame, &n);
	if (r)
		return r;
	*bytes += n;
	return db_run(k->db, "INSERT INTO parts VALUES(?1, ?2)", DB_ARGS(db_part_id(picture, part)),
		      &(struct db_blob){frame, n}, 1);
}

/* The host's record stands in the first part alone. */
static int put_parts(struct recorder_writer *k, struct hr_reader *board, int64_t picture,
		     uint64_t time_ns, uint32_t *ret_parts, uint32_t *ret_slots, uint64_t *bytes)
{
	uint32_t index = 0, parts = 0, slots = 0;
	int r;

	do {
		r = take_part(k, board, &index);
		if (r || (parts && !k->part.body.slot_count))
			break;
		r = put_part(k, picture, parts, time_ns, bytes);
		memset(&k->part.body.host, 0, sizeof(k->part.body.host));
		parts++;
		slots += k->part.body.slot_count;
	} while (!r && k->part.body.slot_count == PART_SLOTS && parts < 1u << DB_PART_BITS);
	*ret_parts = parts;
	*ret_slots = slots;
	return r;
}

static int put_picture(struct recorder_writer *k, struct hr_reader *board, enum keep_reason reason)
{
	uint64_t time_ns = hr_reader_frame_time(board), bytes = 0;
	int64_t id = 0, events_to = 0, now = writer_now(k);
	uint32_t parts, slots;
	int r = db_number(k->db, "SELECT max(id) FROM pictures", DB_NONE, &id);

	if (!r || r == -ENODATA)
		r = db_number(k->db, "SELECT max(id) FROM events", DB_NONE, &events_to);
	if (r && r != -ENODATA)
		return r;
	id++;
	/* what a picture whose row was lost has left behind */
	r = db_run(k->db, "DELETE FROM parts WHERE id >= ?1", DB_ARGS(db_part_id(id, 0)), NULL, 0);
	if (!r)
		r = put_parts(k, board, id, time_ns, &parts, &slots, &bytes);
	if (!r)
		r = db_run(k->db,
			   "INSERT INTO pictures VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
			   DB_ARGS(id, now, (int64_t)time_ns, (int64_t)k->part.body.header.instance,
				   reason, now < k->frozen_until, parts, slots, (int64_t)bytes,
				   events_to),
			   NULL, 0);
	if (!r)
		k->picture_bytes = bytes;
	return r;
}

static int put_board(struct recorder_writer *k)
{
	const struct hr_frame_body *body = &k->part.body;
	const struct db_blob blobs[] = {{&body->header, sizeof(body->header)},
					{&body->host, sizeof(body->host)}};

	return db_run(k->db,
		      "INSERT INTO boards(instance, header, host) VALUES(?1, ?2, ?3)"
		      " ON CONFLICT(instance) DO UPDATE SET header = ?2, host = ?3",
		      DB_ARGS((int64_t)body->header.instance), blobs, ARRAY_SIZE(blobs));
}

int writer_picture(struct recorder_writer *k, struct hr_reader *board, enum keep_reason reason)
{
	uint64_t expected = k->picture_bytes + k->picture_bytes / 4;
	int r;

	if (!k->db)
		return -EBADMSG;
	memset(&k->part.body, 0, sizeof(k->part.body));
	hr_reader_header(board, &k->part.body.header);
	r = hr_reader_host(board, &k->part.body.host) ? -EAGAIN : 0;
	if (!k->picture_bytes)
		expected = (uint64_t)k->part.body.header.slots_high * SLOT_PACKED;
	if (!r)
		r = space_make(k, expected);
	if (r)
		return r;
	r = writer_begin(k);
	if (!r)
		r = put_board(k);
	if (!r)
		r = put_picture(k, board, reason);
	r = writer_end(k, r);
	if (!r)
		space_empty_log(k);
	else if (r == -ENOSPC)
		k->picture_bytes = 2 * expected;
	return r;
}

uint64_t writer_picture_age_s(struct recorder_writer *k)
{
	uint64_t now = clock_wall_ns();
	int64_t time_ns;

	if (db_number(k->db, "SELECT time_ns FROM pictures ORDER BY id DESC LIMIT 1", DB_NONE,
		      &time_ns) ||
	    (uint64_t)time_ns > now)
		return UINT64_MAX;
	return (now - (uint64_t)time_ns) / NS_PER_SEC;
}

#define TIDY_MOST 256 /* pictures in one call */

struct tidy {
	struct thin thin;
	uint64_t now_s;
	uint32_t n;
	int64_t drop[TIDY_MOST];
};

static int look_at_age(sqlite3_stmt *row, void *arg)
{
	struct tidy *t = arg;
	struct retention_picture p = {(uint64_t)sqlite3_column_int64(row, 0),
				      (uint64_t)sqlite3_column_int64(row, 1),
				      sqlite3_column_int(row, 2) != 0};

	if (retention_drops(&t->thin, &p, t->now_s))
		t->drop[t->n++] = (int64_t)p.id;
	return t->n == TIDY_MOST;
}

int writer_tidy(struct recorder_writer *k)
{
	struct tidy t = {.now_s = (uint64_t)writer_now(k)};
	uint32_t damaged = 0;
	int r;

	if (!k->db)
		return -EBADMSG;
	r = db_skim(k->db, "SELECT id, at_s, frozen FROM pictures WHERE id > ?1 ORDER BY id", 0,
		    look_at_age, &t, &damaged);

	if (damaged)
		return -EBADMSG;
	for (uint32_t i = 0; !r && i < t.n; i++)
		r = space_drop_picture(k, t.drop[i]);
	if (!r)
		r = space_shrink(k);
	return r;
}
