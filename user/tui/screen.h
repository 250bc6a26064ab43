/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A screen of the live view: one `const struct screen` at the end of user/view/screen_NAME.c and one line in screens.c.
 * Everything is told once: what a key does stands in a table, and help and footer are made of it. Screens are pure: what
 * they show is top->s, what they keep is a member of struct top.
 *
 * The frame (top.c) draws the host's strip above and the footer below; a screen has what is between.
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
	const char *keys, *does; /* for the help; NULL: told by the line before */
	const char *footer;      /* a word or two beside the key in the footer; NULL: not there */
};

#define KEYS_END              \
	{                     \
		.code = { 0 } \
	}

struct screen {
	const char *name; /* a word: "events" */
	const char *help; /* what is to be seen there, in a sentence */
	int key;          /* opens it from every other; 0: only opened by name (screen_open()) */
	bool bare;        /* without the host's strip above */
	const struct key
		*keys; /* its own, before the frame's (top.c), up to KEYS_END; NULL: none */
	void (*open)(struct top *top); /* NULL, or: it comes to the front */
	/* NULL, or: top->s is a new picture, or top->stale was set. 0 or -errno, which ends the program. */
	int (*update)(struct top *top);
	void (*draw)(struct top *top,
		     struct screen_buffer *body); /* body is blank; row 0 is the screen's first */
	bool (*type)(struct top *top,
		     int key); /* NULL, or: sees every key first; true: it was meant for it */
	/* NULL, or: whose cgroup is marked here; 0: nobody's. The screen that is opened next finds it in top->subject. */
	uint64_t (*subject)(const struct top *top);
	/* NULL, or: the left button on row y of the body, column x; twice: on what was already marked */
	void (*click)(struct top *top, size_t y, size_t x);
};

extern const struct screen *const screens[];        /* NULL at the end; the first is shown first */
const struct screen *screen_find(const char *name); /* NULL: none of that name */

/* To the front; what was there comes back with screen_back() (Esc, q). A screen that is already below comes up again. */
void screen_open(struct top *top, const struct screen *screen);
/* false: the first one is shown, there is nothing below. */
bool screen_back(struct top *top);

#endif
