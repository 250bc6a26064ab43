/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The terminal (ncursesw), one per process. Paints a screen buffer; keys are those of top.h. */
#ifndef HEADROOM_TUI_TERMINAL_H
#define HEADROOM_TUI_TERMINAL_H

#include <stdbool.h>
#include "top.h"

/* 0; -ENOTTY: stdin or stdout is no terminal; -ENOENT: no terminfo of it, nor of xterm; -EOPNOTSUPP: the terminal cannot place
 * a cursor. *ret_unknown: TERM is unknown here, and xterm is taken for it. */
int terminal_open(enum top_colours most, bool *ret_unknown);
/* After terminal_open(), and when one of them changed. */
void terminal_palette(enum top_colours most, enum top_palette palette);
void terminal_mouse(bool on);
void terminal_close(void); /* restores the shell's screen; may be called twice */
void terminal_size(size_t *ret_rows, size_t *ret_columns);
void terminal_paint(const struct screen_buffer *screen_buffer);
/* The next key (enum top_key, or a code point); 0: none. Never waits. -1: window resized; -2: the terminal is gone. */
int terminal_key(void);
/* Position of TOP_CLICK. */
void terminal_click(size_t *ret_y, size_t *ret_x);

#endif
