// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The help screen, made of the tables of keys and columns. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "top.h"

#define INDENT     2
#define WORD_WIDTH 14

/* One entry, wrapped at spaces; rows before `first` and past the screen are counted, not drawn. */
static size_t entry(struct screen_buffer *screen_buffer, size_t row, size_t first, const char *word,
		    const char *text)
{
	size_t column = INDENT + WORD_WIDTH,
	       space = screen_buffer->columns > column + 10 ? screen_buffer->columns - column : 10;
	size_t lines = 0;

	do {
		size_t n = strlen(text), y = row + lines - first;

		if (n > space) {
			for (n = space; n && text[n] != ' ';)
				n--;
			if (!n)
				n = space;
		}
		if (row + lines >= first && y < screen_buffer->rows) {
			if (!lines)
				screen_buffer_put(screen_buffer, y, INDENT, WORD_WIDTH - 1,
						  STYLE_BOLD, word);
			screen_buffer_print(screen_buffer, y, column, STYLE_PLAIN, "%.*s", (int)n,
					    text);
		}
		text += n;
		text += strspn(text, " ");
		lines++;
	} while (*text);
	return lines;
}

static size_t heading(struct screen_buffer *screen_buffer, size_t row, size_t first,
		      const char *text)
{
	if (row >= first && row - first < screen_buffer->rows)
		screen_buffer_put(screen_buffer, row - first, 0, screen_buffer->columns,
				  STYLE_TITLE_KEY, text);
	return 1;
}

/* The keys of one table. */
static size_t key_entries(struct screen_buffer *screen_buffer, size_t row, size_t first,
			  const struct key *keys)
{
	size_t lines = 0;

	for (; keys && keys->code[0]; keys++)
		if (keys->keys)
			lines += entry(screen_buffer, row + lines, first, keys->keys, keys->does);
	return lines;
}

static size_t screen_entries(struct screen_buffer *screen_buffer, size_t row, size_t first)
{
	size_t lines = 0;

	for (size_t i = 0; screens[i]; i++) {
		char word[32];

		if (!screens[i]->key)
			continue;
		snprintf(word, sizeof(word), "%c  %s", screens[i]->key, screens[i]->name);
		lines += entry(screen_buffer, row + lines, first, word, screens[i]->help);
	}
	return lines;
}

static const struct {
	const char *word, *means;
} glossary[] = {
	{"headroom", "memory left before the effective limit: limit - non-reclaimable memory + "
		     "usable swap; the smallest of all limits up to the root"},
	{"OOM", "out of memory: at a limit without reclaimable memory the kernel kills a process"},
	{"risk", "probability of an OOM or stall within 15 minutes, 0-100"},
	{"stall", "share of the last 10s in which some, or all, tasks waited for memory"},
	{"reclaim", "the kernel drops page cache and swaps out memory; tasks wait for it"},
	{"throttle", "memory.high slows down tasks that allocate"},
	{"policy",
	 "rules for actions of the daemon: notify, reclaim, throttle, resize, term, kill"},
	{"term, kill", "SIGTERM and SIGKILL"},
};

/* Returns how many lines there are in all. */
static size_t help_lines(const struct top *top, struct screen_buffer *screen_buffer)
{
	const struct screen *about = top->n_below ? top->below[top->n_below - 1] : screens[0];
	size_t row = 0, first = top->help_first;
	char title[64];

	snprintf(title, sizeof(title), "Keys of this screen (%s)", about->name);
	row += heading(screen_buffer, row, first, title);
	row += key_entries(screen_buffer, row, first, about->keys);
	row += 1 + heading(screen_buffer, row + 1, first, "Screens");
	row += screen_entries(screen_buffer, row, first);
	row += 1 + heading(screen_buffer, row + 1, first, "Keys of all screens");
	row += key_entries(screen_buffer, row, first, top_keys);
	row += 1 + heading(screen_buffer, row + 1, first, "Time navigation");
	row += key_entries(screen_buffer, row, first, time_nav_keys);
	row++;
	row += heading(screen_buffer, row, first, "Columns");
	for (size_t i = 0; i < columns_count; i++)
		row += entry(screen_buffer, row, first, column_table[i].title,
			     column_table[i].help);
	row++;
	row += heading(screen_buffer, row, first, "Glossary");
	for (size_t i = 0; i < ARRAY_SIZE(glossary); i++)
		row += entry(screen_buffer, row, first, glossary[i].word, glossary[i].means);
	return row;
}

static void open_help(struct top *top) { top->help_first = 0; }

static void key_down(struct top *top) { top->help_first++; }

static void key_up(struct top *top) { top->help_first -= top->help_first > 0; }

static void key_page_down(struct top *top) { top->help_first += top->help_page; }

static void key_page_up(struct top *top)
{
	size_t page = top->help_page;

	top->help_first -= top->help_first < page ? top->help_first : page;
}

static const struct key keys[] = {
	{{TOP_DOWN, 'j'}, key_down, "j, k", "a line, as down, up; Ctrl-D, Ctrl-U: a page", "more"},
	{{TOP_UP, 'k'}, key_up, NULL, NULL, NULL},
	{{TOP_PAGE_DOWN, ' ', TOP_CTRL('d')}, key_page_down, NULL, NULL, NULL},
	{{TOP_PAGE_UP, TOP_CTRL('u')}, key_page_up, NULL, NULL, NULL},
	KEYS_END,
};

static void draw(struct top *top, struct screen_buffer *body)
{
	size_t lines;

	top->help_page = body->rows;
	lines = help_lines(top, body);
	if (!top->help_first || top->help_first + body->rows <= lines)
		return;
	/* past the end: redraw from the last page */
	top->help_first = lines > body->rows ? lines - body->rows : 0;
	for (size_t y = 0; y < body->rows; y++)
		screen_buffer_print(body, y, 0, STYLE_PLAIN, "%*s", (int)body->columns, "");
	help_lines(top, body);
}

const struct screen screen_help = {
	.name = "help",
	.help = "keys, columns and terms",
	.bare = true,
	.keys = keys,
	.open = open_help,
	.draw = draw,
};
