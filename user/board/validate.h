/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Whether a board is sound, and the repair of what a killed writer left half done. */
#ifndef HEADROOM_BOARD_VALIDATE_H
#define HEADROOM_BOARD_VALIDATE_H

#include <stddef.h>

/* Checks every invariant, for tests and for adoption. 0, or -EBADMSG with a word in *ret_what
 * (which may be NULL). */
int board_check(const void *map, size_t bytes, const char **ret_what);
/* Closes open seqlocks and counts an event that was not counted. Only for a map with a sound header. */
void board_repair(void *map);

#endif
