/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The live view's model: what keys change, and how it is drawn from a snapshot. Pure: no
 * terminal, no clock, no board of its own, so that a test sees what a person sees.
 *
 *	top_init(&top);
 *	loop: snapshot_load(&s, …); top_update(&top, &s); top_draw(&top, &s, &canvas);
 *	      top_key(&top, &s, key);
 */
#ifndef HEADROOM_TOP_H
#define HEADROOM_TOP_H

#include "canvas.h"
#include "columns.h"
#include "snapshot.h"
#include "table.h"

/* Keys beyond characters (which come as their code point). */
enum top_key {
	KEY_OF_TOP = 0x200000,
	TOP_UP,
	TOP_DOWN,
	TOP_PAGE_UP,
	TOP_PAGE_DOWN,
	TOP_FIRST,
	TOP_LAST,
	TOP_LEFT,
	TOP_RIGHT,
	TOP_ENTER,
	TOP_ESCAPE,
	TOP_BACKSPACE
};

#define TOP_FILTER 64

struct top {
	const struct column *sort;
	bool reverse, all, paused, help, typing, quit;
	char filter[TOP_FILTER];
	size_t selected, first; /* rows */
	uint64_t selected_id; /* whose cgroup: it keeps its mark when rows move; 0: the first row */
	size_t help_first;
	size_t page; /* rows of the table in the last picture */
	struct table table; /* the last picture's columns */
	char notice[128]; /* a line of the caller's, or "" */
};

void top_init(struct top *top);
/* The snapshot is a new one, or a key changed what is listed: selects, sorts, keeps the mark. 0
 * or -ENOMEM. */
int top_update(struct top *top, struct snapshot *s);
void top_draw(struct top *top, const struct snapshot *s, struct canvas *canvas);
/* Returns true if the snapshot must be taken through top_update() again. */
bool top_key(struct top *top, const struct snapshot *s, int key);

/* strip.c: the host's lines, from row y on; returns the rows taken. */
size_t strip_draw(const struct snapshot *s, bool paused, struct canvas *canvas);
#define STRIP_ROWS 3
/* detail.c: the lines on one row. */
void detail_draw(const struct row *row, struct canvas *canvas, size_t y);
#define DETAIL_ROWS 3
/* help.c: the lines of the help, made of the tables of keys and columns. Returns how many there
 * are in all. */
size_t help_draw(struct canvas *canvas, size_t first);

struct key_help {
	const char *keys, *does;
};
const struct key_help *top_key_help(size_t i); /* NULL past the end */

#endif
