/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The one place that talks to a terminal (ncursesw). One at a time. What is painted is a
 * canvas; what is typed are the keys of top.h. */
#ifndef HEADROOM_TUI_TERMINAL_H
#define HEADROOM_TUI_TERMINAL_H

#include <stdbool.h>
#include "top.h"

/* 0, or -ENOTTY: the terminal is none that can place a cursor. */
int terminal_open(enum top_colours most);
void terminal_mouse(bool on);
void terminal_close(void); /* leaves the shell's screen as it was; may be called twice */
void terminal_size(size_t *ret_rows, size_t *ret_columns);
void terminal_paint(const struct screen_buffer *screen_buffer);
/* The next key (enum top_key, or a code point) that was typed; 0: none. Never waits. -1: the
 * window has another size; -2: the terminal is gone. */
int terminal_key(void);
/* Where TOP_CLICK was. */
void terminal_click(size_t *ret_y, size_t *ret_x);

#endif
