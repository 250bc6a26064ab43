/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Sentences brought to a width: broken between words, what is broken off indented. Text is clean
 * UTF-8. */
#ifndef HEADROOM_FORMAT_TEXT_WRAP_H
#define HEADROOM_FORMAT_TEXT_WRAP_H

#include "screen_buffer.h"

#define WRAP_HANG 4 /* how far what is broken off is indented */

/* Bytes of `text` that fit into width columns, up to a blank where there is one; at least a word. */
size_t wrap_fitting(const char *text, size_t width);

/* On a canvas, from row y, column x on. Returns the rows taken (0 for no text); those past the
 * canvas' end are counted, not drawn. */
size_t wrap_put(struct screen_buffer *screen_buffer, size_t y, size_t x, size_t width,
		enum style style, const char *text);

#endif
