/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A board of made-up containers (fixture_board.h) in a folder of its own, open for reading; or such a board and a recording. */
#ifndef HEADROOM_FIXTURE_READER_H
#define HEADROOM_FIXTURE_READER_H

#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fixture_board.h"

struct fixture_place {
	char dir[32];
	char live[48], kept[48]; /* a board; a recording */
};

static inline int fixture_place(struct fixture_place *place)
{
	strcpy(place->dir, "/tmp/headroom-board.XXXXXX");
	if (!mkdtemp(place->dir))
		return -1;
	snprintf(place->live, sizeof(place->live), "%s/board", place->dir);
	snprintf(place->kept, sizeof(place->kept), "%s/recording", place->dir);
	return 0;
}

static inline int fixture_place_remove(const char *path, const struct stat *st, int type,
				       struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static inline int fixture_place_done(const struct fixture_place *place)
{
	return nftw(place->dir, fixture_place_remove, 8, FTW_DEPTH | FTW_PHYS);
}

static inline struct hr_reader *fixture_reader(struct fixture *f, struct fixture_place *place)
{
	struct hr_reader *reader;

	assert_int_equal(fixture_place(place), 0);
	assert_int_equal(fixture_open(f, place->live), 0);
	assert_int_equal(fixture_leave(f), 0);
	assert_int_equal(hr_reader_open(place->live, &reader), 0);
	return reader;
}

static inline void fixture_reader_done(struct hr_reader *reader, const struct fixture_place *place)
{
	hr_reader_close(reader);
	fixture_place_done(place);
}

/* The live board as `f` says, and a recording of so many frames that begins alike. */
static inline int fixture_live_and_kept(const struct fixture *f, size_t frames,
					struct fixture_place *place)
{
	struct fixture live = *f, kept = *f;
	char scratch[48];

	if (fixture_place(place))
		return -1;
	snprintf(scratch, sizeof(scratch), "%s/scratch", place->dir);
	if (fixture_open(&live, place->live) || fixture_leave(&live) ||
	    fixture_open(&kept, scratch) || fixture_record(&kept, place->kept, frames))
		return -1;
	board_close(kept.board);
	return 0;
}

#endif
