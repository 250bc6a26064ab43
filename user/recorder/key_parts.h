/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Most of a slot is as it was a minute ago: names, limits, processes. Once an hour a part of a snapshot is stored whole, as the key of
 * that part; until the next key the parts with its number hold what differs from it. Histories never do: each part has its own.
 */
#ifndef HEADROOM_RECORDER_KEY_PARTS_H
#define HEADROOM_RECORDER_KEY_PARTS_H

#include "board/frame_codec.h"
#include "db.h"

#define PART_SLOTS 64u   /* slots in memory at a time: 256 KiB, three times */
#define PARTS_MOST 4096u /* of a snapshot: of the largest board */

struct part_key {
	uint32_t first;    /* the snapshot that it was stored with; 0: none yet */
	int64_t at_s;      /* when: seconds of recording (retention.h) */
	uint64_t instance; /* of the board */
	size_t bytes;      /* as stored: packed */
	bool poor;         /* what was stored by it last took more than half of that */
};

/* The writer's, which owns both: those that it has stored since it started. */
struct part_keys {
	struct part_key *of; /* [PARTS_MOST], by the number of the part */
	struct frame frame;  /* the one that is in use */
};

struct part_place {
	int64_t snapshot; /* its id */
	int64_t now_s;    /* seconds of recording */
	uint32_t number;  /* of the part */
	uint64_t time_ns; /* wall time of the snapshot */
};

int keys_init(struct part_keys *keys); /* 0 or -ENOMEM */
void keys_done(struct part_keys *keys);
void keys_forget(struct part_keys *keys); /* the store is another one */

/* A stored part or key from a column, packed by delta_encode_slots(); *ret_key: the snapshot with which its key was stored, 0: none.
 * -EBADMSG: damaged. */
int part_unpack(sqlite3_stmt *row, int column, struct frame *ret_part, uint32_t *ret_key);
/* XORs host record and slots of a part with those of its key, but for the histories. Twice: as before. */
void key_xor(struct frame *part, const struct frame *key);
/* Into `key`, the caller's. `scratch`: room for PART_SLOTS slots, here and below. -ENODATA, -EBADMSG: not there, damaged. */
int key_load(sqlite3 *db, uint32_t part, uint32_t first, struct frame *key, unsigned char *scratch);
/* The key of this part into keys->frame: as it was stored, or stored now. *bytes grows by what was stored. */
int key_find(struct part_keys *keys, sqlite3 *db, const struct frame *part,
	     const struct part_place *place, unsigned char *scratch, uint64_t *bytes);
/* Deletes keys that no snapshot needs any more. */
int keys_collect(sqlite3 *db);

#endif
