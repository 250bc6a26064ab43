/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The writer's inside, for this room only. */
#ifndef HEADROOM_BOARD_BOARD_INTERNAL_H
#define HEADROOM_BOARD_BOARD_INTERNAL_H

#include "board.h"
#include "layout.h"

/* Where the board stands. The directory stays open, so that what is renamed is what was looked
 * at. */
struct place {
	char *path;       /* for people; owned */
	const char *file; /* its last part, inside path */
	int dir_fd;
	bool tmpfs;
	bool has_group; /* group headroom exists and may be given */
	unsigned int group;
};

struct board {
	struct place place;
	int lock_fd;
	unsigned char *map;
	size_t bytes;
	struct hr_board_header *header;
	struct hr_host *host;
	struct hr_slot *slots;
	uint64_t *taken; /* a bit for each slot */
	uint32_t words;  /* of taken */
	uint32_t hint;   /* no free bit in a word below */
};

int place_open(const char *path, struct place *ret_place);
void place_close(struct place *place);
/* Opens `file` beside the board for nobody but us; -EBUSY if another process holds it. */
int place_lock(const struct place *place, int *ret_fd);
/* A fresh file under a temporary name, allocated whole, with the board's owner and mode.
 * place_publish renames it. */
int place_create(const struct place *place, uint64_t bytes, int *ret_fd);
int place_publish(const struct place *place);
void place_discard(const struct place *place);

/* Mends what a killed writer left: open seqlocks, a seq counted late. Only on a map whose header is
 * sound. */
void board_repair(void *map);

/* Appends a record with the seq it has. */
void ring_put(struct hr_board_header *header, unsigned char *map, const struct hr_event *event);
/* Walks the records of one ring from the oldest: fn for each but pads. -EBADMSG where one is not
 * sound. */
int ring_walk(const void *map, enum hr_ring ring,
	      int (*fn)(const struct hr_event *event, void *arg), void *arg);

void seq_begin(uint32_t *seq);
void seq_end(uint32_t *seq);

#endif
