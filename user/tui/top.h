/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The model of the interactive monitor: state that keys change, drawn from a snapshot. Pure: no terminal, no clock, no board
 * of its own, so that a test sees what a user sees.
 *
 *	top_init(&top, &snapshot);
 *	loop: data_source_load(…, &snapshot); top_update(&top); top_draw(&top, &screen_buffer);
 *	      top_key(&top, key);
 *
 * Here is what all screens share: snapshot, mark, list; each screen's own state is a member at the end. Screens: screen.h.
 */
#ifndef HEADROOM_TUI_TOP_H
#define HEADROOM_TUI_TOP_H

#include "format/screen_buffer.h"
#include "format/columns.h"
#include "row_tree.h"
#include "panes.h"
#include "host_graph.h"
#include "prompt.h"
#include "screen.h"
#include "format/snapshot.h"
#include "data_source.h"
#include "format/table.h"

/* Keys other than characters, which are their code point. */
#define TOP_CTRL(c) ((c)&0x1f)
#define TOP_F(n)    (TOP_F1 + (n)-1)
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
	TOP_F10 = TOP_F1 + 9,
	TOP_CLICK /* where: top->click_y, click_x */
};

/* Maximum number of colours; the terminal may have fewer. */
enum top_colours {
	TOP_COLOURS_AUTO,
	TOP_COLOURS_NONE,
	TOP_COLOURS_16,
	TOP_COLOURS_256,
	TOP_COLOURS
};

enum top_palette {
	TOP_PALETTE_NORMAL,
	TOP_PALETTE_BLUE_ORANGE, /* for the colour-blind */
	TOP_PALETTE_MONO,
	TOP_PALETTES
};
extern const char *const top_palette_words[TOP_PALETTES];

/* A key in the footer that can be clicked. */
struct footer_button {
	size_t from, to;
	int code;
};
#define TOP_BUTTONS 24

#define TOP_BELOW 8

struct top {
	struct snapshot *s;         /* the caller's */
	struct data_source *source; /* the caller's; NULL in tests that need none */
	const struct screen *screen, *below[TOP_BELOW];
	size_t n_below;
	bool quit, frozen;
	bool mouse; /* mouse on */
	enum top_colours colours;
	enum top_palette palette;
	size_t click_y, click_x;  /* of TOP_CLICK */
	size_t body_y, body_rows; /* as last drawn */
	struct footer_button button[TOP_BUTTONS];
	size_t n_buttons;
	struct host_graph graph;
	bool stale;           /* the list must be rebuilt; top_key() does that */
	bool reload;          /* the loop must load a snapshot at once */
	char notice[128];     /* a line in the footer, or "" */
	struct prompt prompt; /* typed input in place of the footer */

	/* containers */
	const struct column *column[TABLE_COLUMNS]; /* shown, in this order */
	size_t n_columns;
	const struct column *sort;
	bool reverse, all;
	enum row_tree_by by;
	struct row_tree tree; /* the list, line by line */
	char filter[PROMPT_TEXT], search[PROMPT_TEXT];
	size_t selected, first;       /* lines */
	uint64_t selected_id;         /* keeps its mark when lines move; 0: the first line */
	size_t page;                  /* lines of the list as last drawn */
	size_t list_y;                /* the body's row of the first of them */
	struct table table;           /* columns as last drawn */
	size_t panel;                 /* rows of the panel below it */
	size_t list_columns;          /* of the screen that the list takes */
	struct screen_buffer pane[2]; /* of a wide screen */

	/* columns */
	size_t chooser_at, chooser_first, chooser_page;

	/* help */
	size_t help_first, help_page;

	uint64_t subject; /* the cgroup marked on the screen before; 0: none */
	/* moved by the keys of the screen in front; NULL: none */
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
/* After a new snapshot: selects, sorts, keeps the mark. 0 or -ENOMEM. */
int top_update(struct top *top);
void top_draw(struct top *top, struct screen_buffer *screen_buffer);
/* 0 or as top_update(). */
int top_key(struct top *top, int key);
void top_done(struct top *top);

/* The marked row; NULL: none, or a heading. */
const struct row *top_selected(const struct top *top);
/* Marks the line of that cgroup; false: not listed, nothing changes. */
bool top_select(struct top *top, uint64_t cgroup_id);

bool top_shows(const struct top *top, const struct column *column);
void top_default_columns(struct top *top);

/* Keys of all screens; as those of struct screen. */
extern const struct key top_keys[], time_nav_keys[];

/* header.c: the host's lines; returns the rows taken. */
size_t header_draw(const struct top *top, struct screen_buffer *screen_buffer);
/* detail_panel.c: one row, on as many lines as the buffer has. */
void detail_panel_draw(const struct top *top, const struct row *row,
		       struct screen_buffer *screen_buffer);

#endif
