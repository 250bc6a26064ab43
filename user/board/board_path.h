/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The board's file: its directory, owner and lock, and a new file that appears under the board's
 * name only when it is complete. Knows nothing of what a board contains. Allocates and blocks:
 * start and growth only.
 */
#ifndef HEADROOM_BOARD_BOARD_PATH_H
#define HEADROOM_BOARD_BOARD_PATH_H

#include <stdbool.h>
#include <stdint.h>

/* The directory stays open, so that the file that is renamed is the one that was checked. */
struct board_path {
	char *path;       /* for messages; owned */
	const char *file; /* its last component, inside path */
	int dir_fd;
	bool tmpfs;
	bool has_group; /* group headroom exists, and this process may give files to it */
	unsigned int group;
};

/* path NULL: $HEADROOM_BOARD, else the default path (root only). 0 or -errno. */
int board_path_open(const char *path, struct board_path *ret_path);
void board_path_close(struct board_path *path);
/* Locks a file next to the board; -EBUSY: another process holds it. */
int board_path_lock(const struct board_path *path, int *ret_fd);
/* A new file under a temporary name, allocated completely, with the board's owner and mode;
 * board_path_publish() renames it, board_path_discard() removes it. */
int board_path_create(const struct board_path *path, uint64_t bytes, int *ret_fd);
int board_path_publish(const struct board_path *path);
void board_path_discard(const struct board_path *path);

#endif
