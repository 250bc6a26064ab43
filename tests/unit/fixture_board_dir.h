/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A directory of each test's own and the path of a board in it; setup and teardown of the tests that need one. */
#ifndef HEADROOM_FIXTURE_BOARD_DIR_H
#define HEADROOM_FIXTURE_BOARD_DIR_H

#include <stdlib.h>
#include <sys/stat.h>

#include "fixture_board.h"
#include "board/validate.h"
#include "board/layout.h"

#define WITH_DIR(test) cmocka_unit_test_setup_teardown(test, make_dir, remove_dir)

struct dir {
	char path[32], board[48];
};

/* The writer makes the directory of the board, d. */
static inline int make_dir(void **state)
{
	struct dir *dir = calloc(1, sizeof(*dir));

	strcpy(dir->path, "/tmp/test_board.XXXXXX");
	if (!mkdtemp(dir->path))
		return -1;
	snprintf(dir->board, sizeof(dir->board), "%s/d/board", dir->path);
	*state = dir;
	return 0;
}

static inline int remove_dir(void **state)
{
	static const char *const names[] = {"d/board", "d/board.lock", "d/board.new",
					    "d/copy",  "board",        "board.lock"};
	struct dir *dir = *state;
	char path[64];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir->path, names[i]);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/d", dir->path);
	rmdir(path);
	rmdir(dir->path);
	free(dir);
	return 0;
}

static inline struct board *open_board(const struct dir *dir, uint32_t capacity, bool adopt,
				       bool *ret_adopted)
{
	struct board_config config = {.path = dir->board,
				      .capacity = capacity,
				      .keep_bytes = BOARD_MIN_RING,
				      .chatter_bytes = BOARD_MIN_RING,
				      .adopt = adopt};
	struct board *board = NULL;

	assert_int_equal(board_open(&config, &board, ret_adopted), 0);
	return board;
}

static inline void assert_sound(struct board *board)
{
	const char *what = "";
	int r = board_check(board_header(board), board_header(board)->file_bytes, &what);

	assert_string_equal(what, "");
	assert_int_equal(r, 0);
}

#endif
