/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Draws the containers screen: titles, lines, panel. Changes only the fields of struct top that describe the last drawing. */
#ifndef HEADROOM_TUI_CONTAINERS_DRAW_H
#define HEADROOM_TUI_CONTAINERS_DRAW_H

#include "top.h"

/* Rows for the panel: all that the list does not need, up to a limit; 0: too low for one. */
size_t containers_panel_rows(const struct top *top, const struct screen_buffer *body);
/* Fits table and panel to the body, and scrolls to the mark. */
void containers_fit(struct top *top, const struct screen_buffer *body, size_t panel);
void containers_draw(const struct top *top, struct screen_buffer *body);
/* On the right of a row: position, filter, tree and sort order. */
void containers_draw_position(const struct top *top, struct screen_buffer *body, size_t y);
/* "── leaky ── docker  busybox ───": what the panel is of */
void containers_draw_identity(const struct row *row, struct screen_buffer *panel, size_t y);
const struct column *containers_column_at(const struct top *top,
					  size_t x); /* NULL: between two columns */

#endif
