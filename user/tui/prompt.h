/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Typed input in place of the footer: one at a time, for any screen. While it is open it receives every key. */
#ifndef HEADROOM_TUI_PROMPT_H
#define HEADROOM_TUI_PROMPT_H

#include <stdbool.h>
#include "format/screen_buffer.h"

#define PROMPT_TEXT 64

struct top;

struct prompt {
	const char *title;                /* "filter"; NULL: closed */
	const char *hint;                 /* what Enter and Esc do */
	char text[PROMPT_TEXT];           /* as typed: clean it before showing it */
	bool bad;                         /* no match: shown */
	void (*changed)(struct top *top); /* NULL, or: after each key */
	void (*done)(struct top *top,
		     bool kept); /* NULL, or: Enter (true) or Esc; it is closed by then */
};

/* text NULL: empty */
void prompt_open(struct top *top, const struct prompt *prompt);
void prompt_key(struct top *top, int key);
void prompt_draw(const struct prompt *prompt, struct screen_buffer *screen_buffer, size_t y);

#endif
