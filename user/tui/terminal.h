/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The terminal (ncursesw), one per process. Paints a screen buffer; keys are those of top.h. */
#ifndef HEADROOM_TUI_TERMINAL_H
#define HEADROOM_TUI_TERMINAL_H

#include <stdbool.h>
#include "top.h"

/* 0; -ENOTTY: stdin or stdout is no terminal; -EINVAL: TERM is not set; -ENOENT: no terminfo of it; -EOPNOTSUPP: the terminal
 * cannot place a cursor. */
int terminal_open(enum top_colours most);
void terminal_mouse(bool on);
void terminal_close(void); /* restores the shell's screen; may be called twice */
void terminal_size(size_t *ret_rows, size_t *ret_columns);
void terminal_paint(const struct screen_buffer *screen_buffer);
/* The next key (enum top_key, or a code point); 0: none. Never waits. -1: window resized; -2: the terminal is gone. */
int terminal_key(void);
/* Position of TOP_CLICK. */
void terminal_click(size_t *ret_y, size_t *ret_x);

#endif
