/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Makes hostile text harmless. Names from containers may hold escape sequences, newlines, bidi
 * controls and bytes that are not UTF-8; none of that may reach a terminal or a JSON document.
 */
#ifndef HEADROOM_BASE_UTF8_CLEAN_H
#define HEADROOM_BASE_UTF8_CLEAN_H

#include <stdbool.h>
#include <stddef.h>

/* Copies `in` (n bytes or up to a NUL) to out as clean UTF-8: control characters (C0, DEL, C1),
 * bidi and zero-width controls, surrogates and invalid bytes become \xNN per byte; a backslash
 * becomes \\ so that it is unambiguous. Cut at a character boundary when out is too small. Returns
 * out. */
const char *text_clean(const char *in, size_t n, char *out, size_t out_bytes);

/* Whether text_clean() would change nothing but backslashes. */
bool text_is_clean(const char *text, size_t n);
/* UTF-8 without C0, DEL and C1. */
bool text_has_no_controls(const char *text, size_t n);
/* Makes text clean in place: what text_clean() would escape becomes '?'. */
void text_mask(char *text);
/* The same for what text_has_no_controls() does not allow. */
void text_mask_controls(char *text);
/* The length of text cut to at most n bytes, never inside a character. */
size_t text_cut(const char *text, size_t n);

/* Width on a terminal of clean UTF-8 (wcwidth; never negative). */
size_t text_width(const char *clean);

/* Cuts clean UTF-8 to `width` columns; where something is left out it ends in "…" (or "~" if
 * ascii). Returns out. */
const char *text_fit(const char *clean, size_t width, int ascii, char *out, size_t out_bytes);

#endif
