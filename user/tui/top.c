// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The frame of the interactive monitor: the screen in front, the keys of all screens, the header above and the footer below.
 * Never touches a terminal. */
#include "top.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/utf8_clean.h"
#include "format/alert_text.h"
#include "format/text_wrap.h"

#define FIRST_KEYS    3 /* of a screen, in the footer before the other screens */
#define LEAST_COLUMNS 40u
#define LEAST_ROWS    8u

void top_init(struct top *top, struct snapshot *s)
{
	memset(top, 0, sizeof(*top));
	top->s = s;
	top->screen = screens[0];
	top->sort = column_find("risk");
	top->page = 1;
	top->mouse = true;
	top_default_columns(top);
}

void top_default_columns(struct top *top)
{
	top->n_columns = 0;
	for (const char *const *id = columns_of_top; *id; id++)
		top->column[top->n_columns++] = column_find(*id);
}

void top_done(struct top *top)
{
	row_tree_done(&top->tree);
	screen_buffer_done(&top->pane[0]);
	screen_buffer_done(&top->pane[1]);
	pager_done(&top->container.pager);
	pager_done(&top->event.pager);
	free(top->events.event);
	free(top->processes.row);
	incidents_done(&top->incidents.found);
}

int top_update(struct top *top)
{
	top->stale = false;
	top->list = NULL;
	top->pager = NULL;
	host_graph_add(&top->graph, top->s);
	return top->screen->update ? top->screen->update(top) : 0;
}

/* ---- keys of all screens ---- */

static void key_pause(struct top *top) { top->frozen = !top->frozen; }

static void key_help(struct top *top) { screen_open(top, screen_find("help")); }

static void key_action(struct top *top) { screen_open(top, screen_find("action")); }

static void key_back(struct top *top) { screen_back(top); }

static void key_quit(struct top *top)
{
	if (!screen_back(top))
		top->quit = true;
}

static void key_mouse(struct top *top)
{
	top->mouse = !top->mouse;
	snprintf(top->notice, sizeof(top->notice), "mouse %s",
		 top->mouse ? "on" : "off: select text with the terminal");
}

const char *const top_palette_words[TOP_PALETTES] = {"normal", "blue-orange", "mono"};

static void key_palette(struct top *top)
{
	top->palette = (top->palette + 1) % TOP_PALETTES;
	snprintf(top->notice, sizeof(top->notice), "palette %s", top_palette_words[top->palette]);
}

static void key_end(struct top *top) { top->quit = true; }

const struct key top_keys[] = {
	{{'z', ' '}, key_pause, "space, z", "pause, resume", "pause"},
	{{'?', 'h', TOP_F1}, key_help, "?, h, F1", "help", "help"},
	{{'m'}, key_mouse, "m", "mouse on or off (off: select text with the terminal)", NULL},
	{{'P'},
	 key_palette,
	 "P",
	 "palette: normal, blue to orange (for the colour-blind), monochrome",
	 NULL},
	{{TOP_ESCAPE}, key_back, NULL, NULL, NULL},
	{{'q'}, key_quit, "q, Esc", "previous screen; q on the first one: quit", "quit"},
	{{TOP_F(9)}, key_action, "F9", "manual action, as a", NULL},
	{{'Q', TOP_F10}, key_end, "F10, Q", "quit", NULL},
	KEYS_END,
};

static const struct key *find_key(const struct key *keys, int code)
{
	for (; keys && keys->code[0]; keys++)
		for (size_t k = 0; k < ARRAY_SIZE(keys->code); k++)
			if (keys->code[k] == code)
				return keys;
	return NULL;
}

static void open_by_key(struct top *top, int code)
{
	for (size_t i = 0; screens[i]; i++)
		if (screens[i]->key == code) {
			screen_open(top, screens[i]);
			return;
		}
}

static bool is_past(const struct top *top) { return top->source && data_source_past(top->source); }

static void dispatch(struct top *top, int code)
{
	const struct key *key;

	if (top->screen->type && top->screen->type(top, code))
		return;
	key = find_key(top->screen->keys, code);
	if (!key && is_past(top))
		key = find_key(time_nav_keys, code);
	if (!key)
		key = find_key(top_keys, code);
	if (!key)
		key = find_key(time_nav_keys, code);
	if (key)
		key->act(top);
	else
		open_by_key(top, code);
}

/* On the body: the screen's. On the footer: that key. */
static void click(struct top *top)
{
	size_t y = top->click_y, x = top->click_x;

	if (y >= top->body_y && y - top->body_y < top->body_rows) {
		if (top->screen->click)
			top->screen->click(top, y - top->body_y, x);
		return;
	}
	for (size_t i = 0; i < top->n_buttons && y == top->body_y + top->body_rows; i++)
		if (x >= top->button[i].from && x < top->button[i].to) {
			dispatch(top, top->button[i].code);
			return;
		}
}

int top_key(struct top *top, int code)
{
	top->notice[0] = 0;
	if (code == TOP_CLICK && !top->prompt.title)
		click(top);
	else if (top->prompt.title)
		prompt_key(top, code);
	else
		dispatch(top, code);
	return top->stale ? top_update(top) : 0;
}

/* ---- footer: as many keys as fit, each of them clickable ---- */
struct footer {
	struct top *top;
	struct screen_buffer *screen_buffer; /* NULL: measures only */
	size_t x, end;
};

/* "/ find": the first of its keys and its word. */
static void add_key(struct footer *f, const char *keys, const char *does, int code)
{
	size_t y, n = strcspn(keys, ","), width = n + 1 + text_width(does);
	char first[16];

	if (f->x + width > f->end)
		return;
	if (f->screen_buffer) {
		y = f->screen_buffer->rows - 1;
		snprintf(first, sizeof(first), "%.*s", (int)n, keys);
		screen_buffer_put(f->screen_buffer, y, f->x, n, STYLE_ACCENT, first);
		screen_buffer_put(f->screen_buffer, y, f->x + n + 1, width, STYLE_DIM, does);
		if (f->top->n_buttons < TOP_BUTTONS)
			f->top->button[f->top->n_buttons++] =
				(struct footer_button){f->x, f->x + width, code};
	}
	f->x += width + 2;
}

/* Keys number `from` to `to` of a table. */
static void add_keys(struct footer *f, const struct key *keys, size_t from, size_t to)
{
	size_t n = 0;

	for (; keys && keys->code[0]; keys++)
		if (keys->footer && n++ >= from && n <= to)
			add_key(f, keys->keys, keys->footer, keys->code[0]);
}

/* The other screens, by their keys. */
static void add_screens(struct footer *f)
{
	for (size_t i = 0; screens[i]; i++) {
		char key[2] = {(char)screens[i]->key};

		if (key[0] && screens[i] != f->top->screen)
			add_key(f, key, screens[i]->name, screens[i]->key);
	}
}

/* The keys of all screens are always shown; then the screen's first ones, the other screens, the rest. */
static void draw_footer(struct top *top, struct screen_buffer *screen_buffer)
{
	struct footer f = {.top = top, .end = screen_buffer->columns};
	size_t frame, space, width,
		from = top->notice[0] != 0 || is_past(top); /* help and quit at least */
	char notice[sizeof(top->notice) + 4];

	add_keys(&f, top_keys, from, SIZE_MAX);
	frame = f.x;
	space = screen_buffer->columns > frame ? screen_buffer->columns - frame : 0;
	text_fit(top->notice, space, screen_buffer->ascii, notice, sizeof(notice));
	width = text_width(notice);
	screen_buffer_put(screen_buffer, screen_buffer->rows - 1, f.end - width, width, STYLE_WARN,
			  notice);
	f.end -= width + (width > 0);
	top->n_buttons = 0;
	f = (struct footer){top, screen_buffer, 0, f.end > frame ? f.end - frame : 0};
	if (top->source && data_source_past(top->source))
		add_keys(&f, time_nav_keys, 0, SIZE_MAX);
	add_keys(&f, top->screen->keys, 0, FIRST_KEYS);
	add_screens(&f);
	add_keys(&f, top->screen->keys, FIRST_KEYS, SIZE_MAX);
	f.end += frame;
	add_keys(&f, top_keys, from, SIZE_MAX);
}

/* Too small for a list: the headline only. */
static void draw_small(const struct top *top, struct screen_buffer *screen_buffer)
{
	char text[ALERT_TEXT];
	enum style style = alert_headline(top->s, 60, screen_buffer->ascii, text);
	size_t y = wrap_put(screen_buffer, 0, 0, screen_buffer->columns, style, text);

	screen_buffer_print(screen_buffer, y + 1, 0, STYLE_DIM, "%zux%zu: too small, needs %ux%u",
			    screen_buffer->columns, screen_buffer->rows, LEAST_COLUMNS, LEAST_ROWS);
}

void top_draw(struct top *top, struct screen_buffer *screen_buffer)
{
	struct screen_buffer body = *screen_buffer;
	size_t above = 0;

	top->n_buttons = top->body_rows = 0;
	if (screen_buffer->rows < LEAST_ROWS || screen_buffer->columns < LEAST_COLUMNS) {
		draw_small(top, screen_buffer);
		return;
	}
	if (!top->screen->bare)
		above = header_draw(top, screen_buffer);
	body.cells += above * screen_buffer->columns;
	body.rows -= above + 1;
	top->body_y = above;
	top->body_rows = body.rows;
	top->screen->draw(top, &body);
	if (top->prompt.title)
		prompt_draw(&top->prompt, screen_buffer, screen_buffer->rows - 1);
	else
		draw_footer(top, screen_buffer);
}
