/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The keys that move the list or the pager of the screen in front (top->list, top->pager), for a
 * screen's table of keys. */
#ifndef HEADROOM_TUI_CURSOR_KEYS_H
#define HEADROOM_TUI_CURSOR_KEYS_H

struct top;

void list_cursor_key_up(struct top *top);
void list_cursor_key_down(struct top *top);
void list_cursor_key_page_up(struct top *top);
void list_cursor_key_page_down(struct top *top);
void list_cursor_key_first(struct top *top);
void list_cursor_key_last(struct top *top);
#define LIST_CURSOR_KEYS                                                                       \
	{{TOP_UP, 'k'},                                                                        \
	 list_cursor_key_up,                                                                   \
	 "j, k",                                                                               \
	 "move the mark, as down, up; Ctrl-D, Ctrl-U: a page",                                 \
	 NULL},                                                                                \
		{{TOP_DOWN, 'j'}, list_cursor_key_down, NULL, NULL, NULL},                     \
		{{TOP_PAGE_UP, TOP_CTRL('u')}, list_cursor_key_page_up, NULL, NULL, NULL},     \
		{{TOP_PAGE_DOWN, TOP_CTRL('d')}, list_cursor_key_page_down, NULL, NULL, NULL}, \
		{{TOP_FIRST, 'g'}, list_cursor_key_first, NULL, NULL, NULL},                   \
	{                                                                                      \
		{TOP_LAST, 'G'}, list_cursor_key_last, NULL, NULL, NULL                        \
	}

void pager_key_up(struct top *top);
void pager_key_down(struct top *top);
void pager_key_page_up(struct top *top);
void pager_key_page_down(struct top *top);
void pager_key_first(struct top *top);
void pager_key_last(struct top *top);
#define PAGER_KEYS                                                                       \
	{{TOP_UP, 'k'},                                                                  \
	 pager_key_up,                                                                   \
	 "j, k",                                                                         \
	 "scroll, as down, up; Ctrl-D, Ctrl-U: a page",                                  \
	 NULL},                                                                          \
		{{TOP_DOWN, 'j'}, pager_key_down, NULL, NULL, NULL},                     \
		{{TOP_PAGE_UP, TOP_CTRL('u')}, pager_key_page_up, NULL, NULL, NULL},     \
		{{TOP_PAGE_DOWN, TOP_CTRL('d')}, pager_key_page_down, NULL, NULL, NULL}, \
		{{TOP_FIRST, 'g'}, pager_key_first, NULL, NULL, NULL},                   \
	{                                                                                \
		{TOP_LAST, 'G'}, pager_key_last, NULL, NULL, NULL                        \
	}

#endif
