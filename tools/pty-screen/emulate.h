/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* As much of a terminal (xterm, vt100) as ncurses uses: bytes in, cells out. */
#ifndef PTY_SCREEN_EMULATE_H
#define PTY_SCREEN_EMULATE_H

#include <stdbool.h>
#include <stdint.h>
#include "format/screen_buffer.h"

enum look { LOOK_REVERSE = 1, LOOK_BOLD = 2, LOOK_UNDERLINE = 4, LOOK_DIM = 8, LOOK_COLOUR = 16 };

struct screen {
	struct screen_buffer screen_buffer;
	size_t y, x, top, bottom; /* cursor, scrolling region */
	size_t saved_y, saved_x;  /* ESC 7 */
	uint8_t look;
	char sequence[64]; /* an escape that is not whole yet */
	size_t n;
	char last[8]; /* for REP */
	bool painted, styles;
};

/* What the program wrote. */
void emulate_feed(struct screen *s, const char *bytes, size_t n);

#endif
