// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The first screen: one line per container, riskiest first, as a list or a tree, and a panel of the marked one. Drawn by
 * containers_draw.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "containers_draw.h"
#include "dashboard.h"
#include "top.h"

static void mark(struct top *top, size_t line)
{
	const struct row_tree *o = &top->tree;

	top->selected = line < o->n ? line : o->n ? o->n - 1 : 0;
	top->selected_id = top->selected && o->n ? o->line[top->selected].key : 0;
}

const struct row *top_selected(const struct top *top)
{
	return top->selected < top->tree.n ? top->tree.line[top->selected].row : NULL;
}

bool top_select(struct top *top, uint64_t key)
{
	for (size_t i = 0; i < top->tree.n; i++)
		if (top->tree.line[i].key == key) {
			mark(top, i);
			return true;
		}
	return false;
}

static int update(struct top *top)
{
	struct snapshot *s = top->s;
	int r = snapshot_select(s, &(struct row_filter){.all = top->all, .text = top->filter});

	if (r)
		return r;
	rows_sort(s->rows, s->n_rows, top->sort, top->reverse);
	r = row_tree_build(&top->tree, s, top->by);
	if (r)
		return r;
	if (!top->selected_id || !top_select(top, top->selected_id))
		mark(top, top->selected); /* the marked one is gone: mark the line in its place */
	return 0;
}

/* ---- moving ---- */

static void key_up(struct top *top) { mark(top, top->selected ? top->selected - 1 : 0); }

static void key_down(struct top *top) { mark(top, top->selected + 1); }

static void key_page_up(struct top *top)
{
	mark(top, top->selected > top->page ? top->selected - top->page : 0);
}

static void key_page_down(struct top *top) { mark(top, top->selected + top->page); }

static void key_first(struct top *top) { mark(top, 0); }

static void key_last(struct top *top) { mark(top, top->tree.n); }

/* ---- order ---- */

static void sort_step(struct top *top, size_t step)
{
	size_t at = 0, n = top->table.n;

	for (size_t i = 0; i < n; i++)
		if (top->table.column[i] == top->sort)
			at = i;
	if (n)
		top->sort = top->table.column[(at + step) % n];
	top->reverse = false;
	top->stale = true;
}

static void key_sort_right(struct top *top) { sort_step(top, 1); }

static void key_sort_left(struct top *top) { sort_step(top, top->table.n ? top->table.n - 1 : 0); }

static void key_sort_usage(struct top *top)
{
	top->sort = column_find("usage");
	top->reverse = false;
	top->stale = true;
}

static void key_reverse(struct top *top)
{
	top->reverse = !top->reverse;
	top->stale = true;
}

/* ---- tree ---- */

static void key_tree(struct top *top)
{
	top->by = (top->by + 1) % ROW_TREE_KINDS;
	top->stale = true;
}

static const struct row_tree_line *marked(const struct top *top)
{
	return top->selected < top->tree.n ? &top->tree.line[top->selected] : NULL;
}

/* Folds the branch; without one moves to the parent. */
static void key_fold(struct top *top)
{
	const struct row_tree_line *line = marked(top);
	size_t up = top->selected;

	if (!line)
		return;
	if (line->below && !line->folded) {
		top->stale = !row_tree_fold(&top->tree, line->key, true);
		return;
	}
	while (up && top->tree.line[up].depth >= line->depth)
		up--;
	mark(top, up);
}

static void key_unfold(struct top *top)
{
	const struct row_tree_line *line = marked(top);

	if (line && line->folded)
		top->stale = !row_tree_fold(&top->tree, line->key, false);
	else if (line && line->below)
		mark(top, top->selected + 1);
}

static void key_fold_all(struct top *top)
{
	if (top->tree.n_folded)
		row_tree_unfold_all(&top->tree);
	else
		row_tree_fold_all(&top->tree);
	top->stale = true;
}

/* ---- search and filter ---- */

/* To the next matching line, from `from` on in steps of `step`, wrapping around. */
static bool search_from(struct top *top, size_t from, size_t step)
{
	const struct row_tree *o = &top->tree;

	for (size_t i = 0; i < o->n; i++) {
		size_t at = (from + i * step) % o->n;
		const struct row *row = o->line[at].row ? o->line[at].row : o->line[at].named_by;

		if (row_matches(row, top->search)) {
			mark(top, at);
			return true;
		}
	}
	return false;
}

static void search_changed(struct top *top)
{
	strcpy(top->search, top->prompt.text);
	if (top->search[0])
		top->prompt.bad = !search_from(top, top->selected, 1);
}

static void search_done(struct top *top, bool kept)
{
	if (!kept)
		top->search[0] = 0;
}

static void key_search(struct top *top)
{
	prompt_open(top, &(struct prompt){.title = "find",
					  .hint = "n, N: next, previous; Esc: cancel",
					  .changed = search_changed,
					  .done = search_done});
}

static void key_search_next(struct top *top)
{
	if (top->search[0])
		search_from(top, top->selected + 1, 1);
}

static void key_search_back(struct top *top)
{
	size_t n = top->tree.n;

	if (top->search[0] && n)
		search_from(top, top->selected + n - 1, n - 1);
}

static void filter_changed(struct top *top)
{
	strcpy(top->filter, top->prompt.text);
	top->stale = true;
}

static void show_all(struct top *top)
{
	top->filter[0] = top->search[0] = 0;
	top->stale = true;
}

static void filter_done(struct top *top, bool kept)
{
	if (!kept)
		show_all(top);
}

static void key_filter(struct top *top)
{
	struct prompt prompt = {.title = "filter",
				.hint = "Enter: apply; Esc: clear",
				.changed = filter_changed,
				.done = filter_done};

	strcpy(prompt.text, top->filter);
	prompt_open(top, &prompt);
}

static void key_all(struct top *top)
{
	top->all = !top->all;
	top->stale = true;
}

static void key_columns(struct top *top) { screen_open(top, screen_find("columns")); }

/* A heading has no container: Enter folds its branch. */
static void key_open(struct top *top)
{
	const struct row_tree_line *line = marked(top);

	if (line && line->row)
		screen_open(top, screen_find("container"));
	else if (line)
		top->stale = !row_tree_fold(&top->tree, line->key, !line->folded);
}

static uint64_t subject(const struct top *top)
{
	return top_selected(top) ? top_selected(top)->slot->cgroup_id : 0;
}

static const struct key keys[] = {
	{{TOP_ENTER}, key_open, "Enter", "open the marked container", "open"},
	{{TOP_UP, 'k'},
	 key_up,
	 "j, k",
	 "move the mark, as down, up; the panel shows the marked one",
	 NULL},
	{{TOP_DOWN, 'j'}, key_down, NULL, NULL, NULL},
	{{TOP_PAGE_UP, TOP_CTRL('u')},
	 key_page_up,
	 "PgUp, PgDn",
	 "a page, as Ctrl-U, Ctrl-D; g, G, Home, End: first, last",
	 NULL},
	{{TOP_PAGE_DOWN, TOP_CTRL('d')}, key_page_down, NULL, NULL, NULL},
	{{TOP_FIRST, 'g'}, key_first, NULL, NULL, NULL},
	{{TOP_LAST, 'G'}, key_last, NULL, NULL, NULL},
	{{'/', TOP_F(3)},
	 key_search,
	 "/, F3",
	 "find as you type, in name, image, runtime and cgroup; n, N: next, previous",
	 "find"},
	{{'n'}, key_search_next, NULL, NULL, NULL},
	{{'N'}, key_search_back, NULL, NULL, NULL},
	{{'f', '\\', TOP_F(4)},
	 key_filter,
	 "f, \\, F4",
	 "filter by name, image, runtime or cgroup; Esc: clear",
	 "filter"},
	{{TOP_ESCAPE}, show_all, NULL, NULL, NULL},
	{{'>', '.', TOP_F(6)},
	 key_sort_right,
	 "< >, F6",
	 "sort by the previous, next column; M: by usage",
	 "sort"},
	{{'<', ','}, key_sort_left, NULL, NULL, NULL},
	{{'M'}, key_sort_usage, NULL, NULL, NULL},
	{{'r', 'I'}, key_reverse, "r, I", "reverse the order", NULL},
	{{'t', 'v', TOP_F(5)},
	 key_tree,
	 "t, F5",
	 "view: list, tree by pods, tree by cgroups",
	 "tree"},
	{{TOP_LEFT}, key_fold, "left, right", "fold, unfold a branch of the tree; *: all", NULL},
	{{TOP_RIGHT}, key_unfold, NULL, NULL, NULL},
	{{'*'}, key_fold_all, NULL, NULL, NULL},
	{{'C', TOP_F(2)}, key_columns, "C, F2", "select columns and their order", "columns"},
	{{'A'}, key_all, "A", "include empty and gone ones, pods, sandboxes", "all"},
	KEYS_END,
};

static void draw(struct top *top, struct screen_buffer *body)
{
	if (dashboard_fits(body) && !dashboard_draw(top, body))
		return;
	containers_fit(top, body, containers_panel_rows(top, body));
	containers_draw(top, body);
}

/* On a line: marks it; on the marked line: opens it. On a title: sorts by it, or reverses. */
static void click(struct top *top, size_t y, size_t x)
{
	const struct column *column;

	if (x >= top->list_columns)
		return;
	if (y >= top->list_y && y - top->list_y < top->page &&
	    top->first + y - top->list_y < top->tree.n) {
		if (top->selected == top->first + y - top->list_y)
			key_open(top);
		mark(top, top->first + y - top->list_y);
		return;
	}
	column = y + 1 == top->list_y ? containers_column_at(top, x) : NULL;
	if (!column)
		return;
	top->reverse = column == top->sort && !top->reverse;
	top->sort = column;
	top->stale = true;
}

const struct screen screen_containers = {
	.name = "containers",
	.help = "every container, unit and cgroup, riskiest first",
	.key = 'c',
	.keys = keys,
	.update = update,
	.subject = subject,
	.draw = draw,
	.click = click,
};
