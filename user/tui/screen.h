/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A screen of the interactive monitor: one `const struct screen` at the end of user/tui/screen_NAME.c and one line in
 * screens.c. Keys are a table, of which help and footer are made. Screens are pure: they show top->s and keep their state in a
 * member of struct top.
 *
 * The frame (top.c) draws the header above and the footer below; a screen draws the rows between.
 */
#ifndef HEADROOM_TUI_SCREEN_H
#define HEADROOM_TUI_SCREEN_H

#include <stdbool.h>
#include <stdint.h>
#include "format/screen_buffer.h"

struct top;

struct key {
	int code[4]; /* characters and enum top_key; 0: none. */
	void (*act)(struct top *top);
	const char *keys, *does; /* for the help; NULL: the line before covers it */
	const char *footer;      /* a word or two in the footer; NULL: not there */
};

#define KEYS_END              \
	{                     \
		.code = { 0 } \
	}

struct screen {
	const char *name; /* one word: "events" */
	const char *help; /* its content, for the help */
	int key;          /* opens it from every screen; 0: opened by name only (screen_open()) */
	bool bare;        /* without the header */
	const struct key *keys; /* its own, before those of top.c, up to KEYS_END; NULL: none */
	void (*open)(struct top *top); /* NULL, or: called when it is opened */
	/* NULL, or: called after a new snapshot or when top->stale was set. 0 or -errno, which ends the program. */
	int (*update)(struct top *top);
	void (*draw)(struct top *top, struct screen_buffer *body); /* body is blank */
	bool (*type)(struct top *top,
		     int key); /* NULL, or: receives every key first; true: consumed */
	/* NULL, or: the cgroup marked here; 0: none. The screen opened next finds it in top->subject. */
	uint64_t (*subject)(const struct top *top);
	/* NULL, or: the left button at row y of the body, column x */
	void (*click)(struct top *top, size_t y, size_t x);
};

extern const struct screen *const screens[]; /* NULL-terminated; the first is the start screen */
const struct screen *screen_find(const char *name); /* NULL: none */

/* Opens a screen on top of the present one; a screen that is open below is brought up. screen_back() (Esc, q) returns. */
void screen_open(struct top *top, const struct screen *screen);
/* false: nothing below. */
bool screen_back(struct top *top);

#endif
