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
}

void top_done(struct top *top)
{
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

static size_t put_keys(struct canvas *canvas, size_t y, size_t x, size_t end,
		       const struct key *keys)
{
	for (; keys && keys->code[0]; keys++) {
		char first[16];
		size_t width;

		if (!keys->footer)
			continue;
		snprintf(first, sizeof(first), "%.*s", (int)strcspn(keys->keys, ","), keys->keys);
		width = text_width(first) + 1 + text_width(keys->footer);
		if (x + width > end)
			return x;
		canvas_put(canvas, y, x, canvas->columns, STYLE_BOLD, first);
		canvas_put(canvas, y, x + text_width(first) + 1, canvas->columns, STYLE_DIM,
			   keys->footer);
		x += width + 2;
	}
	return x;
}

static void draw_footer(const struct top *top, struct canvas *canvas, size_t y)
{
	size_t end = canvas->columns, width = text_width(top->notice);

	if (width && width < end) {
		canvas_put(canvas, y, end - width, width, STYLE_WARN, top->notice);
		end -= width + 1;
	}
	put_keys(canvas, y, put_keys(canvas, y, 0, end, top->screen->keys), end, top_keys);
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
