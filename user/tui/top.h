/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The live view's model: what keys change, and how it is drawn from a snapshot. Pure: no
 * terminal, no clock, no board of its own, so that a test sees what a person sees.
 *
 *	top_init(&top, &snapshot);
 *	loop: data_source_load(…, &snapshot); top_update(&top); top_draw(&top, &canvas);
 *	      top_key(&top, key);
 *
 * What all screens share is here: the picture, who is marked, what is listed; each screen's own is
 * a member at the end. Screens: screen.h.
 */
#ifndef HEADROOM_TUI_TOP_H
#define HEADROOM_TUI_TOP_H

#include "format/screen_buffer.h"
#include "format/columns.h"
#include "row_tree.h"
#include "panes.h"
#include "prompt.h"
#include "screen.h"
#include "format/snapshot.h"
#include "data_source.h"
#include "format/table.h"

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
	TOP_BACKSPACE,
	TOP_TAB,
	TOP_BACK_TAB,
	TOP_F1,
	TOP_CLICK /* where: top->click_y, click_x */
};

/* How many colours are used at most; the terminal may have fewer. */
enum top_colours {
	TOP_COLOURS_AUTO,
	TOP_COLOURS_NONE,
	TOP_COLOURS_16,
	TOP_COLOURS_256,
	TOP_COLOURS
};

/* A key in the footer, to be clicked on. */
struct footer_button {
	size_t from, to;
	int code;
};
#define TOP_BUTTONS 24

#define TOP_BELOW 8

struct top {
	struct snapshot *s;         /* what is shown; the caller's */
	struct data_source *source; /* the caller's; NULL in tests that need none */
	const struct screen *screen, *below[TOP_BELOW];
	size_t n_below;
	bool quit, frozen;
	bool mouse; /* clicks are wanted */
	enum top_colours colours;
	size_t click_y, click_x;  /* of TOP_CLICK */
	size_t body_y, body_rows; /* of the last picture */
	struct footer_button button[TOP_BUTTONS];
	size_t n_buttons;
	bool stale;           /* what is listed must be made anew; top_key() sees to it */
	bool reload;          /* another picture is wanted at once: the loop's */
	char notice[128];     /* a line in the footer, or "" */
	struct prompt prompt; /* a line that is typed instead of the footer */

	/* containers */
	const struct column *column[TABLE_COLUMNS]; /* chosen, in this order */
	size_t n_columns;
	const struct column *sort;
	bool reverse, all;
	enum row_tree_by by;
	struct row_tree tree; /* what is listed, line by line */
	char filter[PROMPT_TEXT], search[PROMPT_TEXT];
	size_t selected, first; /* lines */
	uint64_t selected_id;   /* it keeps its mark when lines move; 0: the first line */
	size_t page;            /* lines of the list in the last picture */
	size_t list_y;          /* the body's row of the first of them */
	struct table table;     /* the last picture's columns */

	/* columns */
	size_t chooser_at, chooser_first, chooser_page;

	/* help */
	size_t help_first, help_page;

	uint64_t subject; /* whose cgroup was marked on the screen before; 0: nobody's */
	/* what the keys of the screen in front move; NULL: nothing */
	struct list_cursor *list;
	struct pager *pager;
	struct container_pane container;
	struct events_pane events;
	struct event_pane event;
	struct incidents_pane incidents;
	struct processes_pane processes;
	struct action_pane action;
};

void top_init(struct top *top, struct snapshot *s);
/* The snapshot is a new one: selects, sorts, keeps the mark. 0 or -ENOMEM. */
int top_update(struct top *top);
void top_draw(struct top *top, struct screen_buffer *screen_buffer);
/* 0 or as top_update(). */
int top_key(struct top *top, int key);
void top_done(struct top *top);

/* Who is marked; NULL: nobody, or a heading. */
const struct row *top_selected(const struct top *top);
/* Marks who is listed with that cgroup id; false: nobody, and all stays. */
bool top_select(struct top *top, uint64_t cgroup_id);

bool top_shows(const struct top *top, const struct column *column);
void top_default_columns(struct top *top);

/* The keys of the frame, that all screens have; as struct screen's. */
extern const struct key top_keys[], time_nav_keys[];

/* strip.c: the host's lines, from row y on; returns the rows taken. */
size_t header_draw(const struct top *top, struct screen_buffer *screen_buffer);
/* detail.c: what is to be known of one row, on as many lines as the canvas has. */
void detail_panel_draw(const struct top *top, const struct row *row,
		       struct screen_buffer *screen_buffer);

#endif
