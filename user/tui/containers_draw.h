/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Draws the containers screen: titles, lines, panel. Changes only the fields of struct top that describe the last drawing. */
#ifndef HEADROOM_TUI_CONTAINERS_DRAW_H
#define HEADROOM_TUI_CONTAINERS_DRAW_H

#include "top.h"

/* Fits table and panel to the body, and scrolls to the mark. */
void containers_fit(struct top *top, const struct screen_buffer *body);
void containers_draw(const struct top *top, struct screen_buffer *body);
const struct column *containers_column_at(const struct top *top,
					  size_t x); /* NULL: between two columns */

#endif
