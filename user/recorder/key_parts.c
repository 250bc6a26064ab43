// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "key_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "delta_codec.h"

#define KEY_S  3600 /* seconds of recording: a damaged key costs an hour */
#define POOR_S 600  /* … and of one that is not worth much any more */

/* Ids of keys: the part's number above the snapshot's. */
#define KEY_BITS 40
#define KEY_MASK "1099511627775"

static int64_t key_id(uint32_t part, uint32_t first) { return ((int64_t)part << KEY_BITS) + first; }

static void xor_bytes(void *to, const void *with, size_t bytes)
{
	unsigned char *t = to;
	const unsigned char *w = with;

	for (size_t i = 0; i < bytes; i++)
		t[i] ^= w[i];
}

void key_xor(struct frame *part, const struct frame *key)
{
	static const size_t after = offsetof(struct hr_slot, text_used);
	uint32_t k = 0;

	xor_bytes(&part->body.host, &key->body.host, sizeof(key->body.host));
	for (uint32_t i = 0; i < part->body.slot_count; i++) {
		struct hr_slot *slot = &part->slot[i];

		while (k < key->body.slot_count && key->index[k] < part->index[i])
			k++;
		if (k == key->body.slot_count)
			break;
		if (key->index[k] != part->index[i])
			continue;
		xor_bytes(slot, &key->slot[k], offsetof(struct hr_slot, history));
		xor_bytes((char *)slot + after, (const char *)&key->slot[k] + after,
			  sizeof(*slot) - after);
	}
}

int part_unpack(sqlite3_stmt *row, int column, struct frame *ret_part, uint32_t *ret_key)
{
	size_t n = (size_t)sqlite3_column_bytes(row, column);
	const unsigned char *frame = sqlite3_column_blob(row, column);
	struct hr_frame_header header;

	if (!frame || n < sizeof(header))
		return -EBADMSG;
	memcpy(&header, frame, sizeof(header));
	if (header.packed_bytes != n - sizeof(header))
		return -EBADMSG;
	*ret_key = header.reserved;
	return frame_unpack(&header, frame + sizeof(header), NULL, ret_part);
}

int key_load(sqlite3 *db, uint32_t part, uint32_t first, struct frame *key, unsigned char *scratch)
{
	_cleanup_stmt_ sqlite3_stmt *stmt = NULL;
	uint32_t none;
	int r = db_query(db, "SELECT frame FROM keys WHERE id = ?1", DB_ARGS(key_id(part, first)),
			 &stmt);

	if (!r)
		r = db_step(stmt);
	if (r <= 0)
		return r ? r : -ENODATA;
	r = part_unpack(stmt, 0, key, &none);
	if (!r && key->body.slot_count > PART_SLOTS)
		r = -EBADMSG;
	if (!r)
		delta_decode_slots(key->slot, key->body.slot_count, scratch);
	return r;
}

static int key_store(struct part_keys *keys, sqlite3 *db, const struct frame *part,
		     const struct part_place *place, unsigned char *scratch)
{
	_cleanup_free_ unsigned char *packed = NULL;
	struct part_key *now = &keys->of[place->number];
	struct frame *key = &keys->frame;
	uint32_t n = part->body.slot_count, first = (uint32_t)place->snapshot;
	int r;

	key->body = part->body;
	memcpy(key->index, part->index, n * sizeof(*key->index));
	memcpy(key->slot, part->slot, n * sizeof(*key->slot));
	*now = (struct part_key){
		.first = first, .at_s = place->now_s, .instance = part->body.header.instance};
	delta_encode_slots(key->slot, n, scratch);
	r = frame_pack(key, NULL, place->time_ns, &packed, &now->bytes);
	if (!r)
		r = db_run(db, "INSERT OR REPLACE INTO keys VALUES(?1, ?2)",
			   DB_ARGS(key_id(place->number, first)),
			   &(struct db_blob){packed, now->bytes}, 1);
	delta_decode_slots(key->slot, n, scratch);
	return r;
}

int key_find(struct part_keys *keys, sqlite3 *db, const struct frame *part,
	     const struct part_place *place, unsigned char *scratch, uint64_t *bytes)
{
	const struct part_key *key = &keys->of[place->number];
	int64_t age = place->now_s - key->at_s;
	int r;

	if (key->first && key->instance == part->body.header.instance && age < KEY_S &&
	    (!key->poor || age < POOR_S) &&
	    !key_load(db, place->number, key->first, &keys->frame, scratch))
		return 0;
	r = key_store(keys, db, part, place, scratch);
	*bytes += key->bytes;
	return r;
}

int keys_init(struct part_keys *keys)
{
	keys->of = calloc(PARTS_MOST, sizeof(*keys->of));
	return keys->of ? frame_reserve(&keys->frame, PART_SLOTS, 0) : -ENOMEM;
}

void keys_done(struct part_keys *keys)
{
	free(keys->of);
	frame_done(&keys->frame);
}

void keys_forget(struct part_keys *keys) { memset(keys->of, 0, PARTS_MOST * sizeof(*keys->of)); }

int keys_collect(sqlite3 *db)
{
	return db_run(db,
		      "DELETE FROM keys WHERE id IN (SELECT k.id FROM keys k WHERE"
		      " EXISTS (SELECT 1 FROM keys n WHERE n.id > k.id AND n.id < (k.id | " KEY_MASK
		      ")) AND NOT EXISTS (SELECT 1 FROM snapshots s WHERE s.id >= (k.id & " KEY_MASK
		      ") AND s.id < ((SELECT min(n.id) FROM keys n WHERE n.id > k.id) & " KEY_MASK
		      ")))",
		      DB_NONE, NULL, 0);
}
