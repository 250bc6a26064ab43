/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Text wrapped to a width between words, continuation lines indented. Text is clean UTF-8. */
#ifndef HEADROOM_FORMAT_TEXT_WRAP_H
#define HEADROOM_FORMAT_TEXT_WRAP_H

#include "screen_buffer.h"

#define WRAP_HANG 4 /* indent of continuation lines */

/* Bytes of `text` that fit into width columns, up to a space if possible; at least a word. */
size_t wrap_fitting(const char *text, size_t width);

/* Draws from row y, column x on. Returns the rows taken (0 for no text); rows past the end are counted, not drawn. */
size_t wrap_put(struct screen_buffer *screen_buffer, size_t y, size_t x, size_t width,
		enum style style, const char *text);

#endif
