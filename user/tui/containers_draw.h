/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* How the containers' screen is drawn: titles, lines, the panel. Changes nothing but what top.h calls the last picture's. */
#ifndef HEADROOM_TUI_CONTAINERS_DRAW_H
#define HEADROOM_TUI_CONTAINERS_DRAW_H

#include "top.h"

/* Fits the table and the panel to the body, and brings the mark into sight. */
void containers_fit(struct top *top, const struct screen_buffer *body);
void containers_draw(const struct top *top, struct screen_buffer *body);
const struct column *containers_column_at(const struct top *top, size_t x); /* NULL: between two */

#endif
