// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The live view's frame: which screen is in front, the keys that all have, the host's strip above
 * and the footer below. Never touches a terminal. */
#include "top.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

void top_init(struct top *top, struct snapshot *s)
{
	memset(top, 0, sizeof(*top));
	top->s = s;
	top->screen = screens[0];
	top->sort = column_find("risk");
	top->page = 1;
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
	outline_done(&top->outline);
	sheet_done(&top->container.sheet);
	sheet_done(&top->event.sheet);
	free(top->events.event);
	free(top->processes.row);
	incidents_done(&top->incidents.found);
}

int top_update(struct top *top)
{
	top->stale = false;
	top->list = NULL;
	top->sheet = NULL;
	return top->screen->update ? top->screen->update(top) : 0;
}

/* The frame's keys. */

static void key_freeze(struct top *top)
{
	if (!travel_hold(top))
		top->frozen = !top->frozen;
}

static void key_help(struct top *top) { screen_open(top, screen_find("help")); }

static void key_back(struct top *top) { screen_back(top); }

static void key_quit(struct top *top)
{
	if (!screen_back(top))
		top->quit = true;
}

static void key_end(struct top *top) { top->quit = true; }

const struct key top_keys[] = {
	{{'z', ' '}, key_freeze, "space, z", "hold the picture; once more: go on", "hold"},
	{{'?', TOP_F1}, key_help, "?, F1", "this help", "help"},
	{{TOP_ESCAPE}, key_back, NULL, NULL, NULL},
	{{'q'}, key_quit, "q, Esc", "back to the screen before; q on the first one: quit", "quit"},
	{{'Q'}, key_end, "Q", "quit", NULL},
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

static void dispatch(struct top *top, int code)
{
	const struct key *key;

	if (top->screen->type && top->screen->type(top, code))
		return;
	key = find_key(top->screen->keys, code);
	if (!key)
		key = find_key(top_keys, code);
	if (!key)
		key = find_key(travel_keys, code);
	if (key)
		key->act(top);
	else
		open_by_key(top, code);
}

int top_key(struct top *top, int code)
{
	top->notice[0] = 0;
	if (top->prompt.title)
		prompt_key(top, code);
	else
		dispatch(top, code);
	return top->stale ? top_update(top) : 0;
}

/* "/ find": the first of its keys, and what it does in a word. Returns the columns it takes; draws
 * only where y is a row of the canvas. */
static size_t put_key(struct canvas *canvas, size_t y, size_t x, const char *keys, const char *does)
{
	char first[16];
	size_t width;

	snprintf(first, sizeof(first), "%.*s", (int)strcspn(keys, ","), keys);
	width = text_width(first) + 1;
	canvas_put(canvas, y, x, canvas->columns, STYLE_BOLD, first);
	canvas_put(canvas, y, x + width, canvas->columns, STYLE_DIM, does);
	return width + text_width(does) + 2;
}

static size_t put_keys(struct canvas *canvas, size_t y, size_t x, size_t end,
		       const struct key *keys)
{
	struct canvas nowhere = {.columns = canvas->columns};

	for (; keys && keys->code[0]; keys++)
		if (keys->footer &&
		    x + put_key(&nowhere, 0, 0, keys->keys, keys->footer) <= end + 2)
			x += put_key(canvas, y, x, keys->keys, keys->footer);
	return x;
}

/* The other screens, by their keys. */
static size_t put_screens(const struct top *top, struct canvas *canvas, size_t y, size_t x,
			  size_t end)
{
	struct canvas nowhere = {.columns = canvas->columns};

	for (size_t i = 0; screens[i]; i++) {
		char key[2] = {(char)screens[i]->key};

		if (key[0] && screens[i] != top->screen &&
		    x + put_key(&nowhere, 0, 0, key, screens[i]->name) <= end + 2)
			x += put_key(canvas, y, x, key, screens[i]->name);
	}
	return x;
}

/* The frame's own keys have their room in any case; then the screen's, then other screens. */
static void draw_footer(const struct top *top, struct canvas *canvas, size_t y)
{
	struct canvas nowhere = {.columns = canvas->columns};
	size_t end = canvas->columns, width = text_width(top->notice), frame, x;

	if (width && width < end) {
		canvas_put(canvas, y, end - width, width, STYLE_WARN, top->notice);
		end -= width + 1;
	}
	frame = put_keys(&nowhere, 0, 0, end, top_keys);
	x = put_keys(canvas, y, 0, end > frame ? end - frame : 0, top->screen->keys);
	x = put_screens(top, canvas, y, x, end > frame ? end - frame : 0);
	put_keys(canvas, y, x, end, top_keys);
}

void top_draw(struct top *top, struct canvas *canvas)
{
	struct canvas body = *canvas;
	size_t above = 0;

	if (canvas->rows < 2 || !canvas->columns)
		return;
	if (!top->screen->bare)
		above = strip_draw(top, canvas);
	if (above + 1 < canvas->rows) {
		body.cells += above * canvas->columns;
		body.rows -= above + 1;
		top->screen->draw(top, &body);
	}
	if (top->prompt.title)
		prompt_draw(&top->prompt, canvas, canvas->rows - 1);
	else
		draw_footer(top, canvas, canvas->rows - 1);
}
