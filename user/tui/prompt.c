// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Typed input of one line. */
#include "prompt.h"

#include <string.h>

#include "base/utf8_clean.h"
#include "top.h"

void prompt_open(struct top *top, const struct prompt *prompt) { top->prompt = *prompt; }

static size_t encode(int c, char out[4])
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* Adds or removes one character. */
static void edit(char text[PROMPT_TEXT], int key)
{
	size_t n = strlen(text);

	if (key == TOP_BACKSPACE) {
		while (n && ((unsigned char)text[n - 1] & 0xc0) == 0x80)
			n--;
		text[n ? n - 1 : 0] = 0;
	} else if (key >= ' ' && key < KEY_OF_TOP && n + 5 <= PROMPT_TEXT) {
		text[n + encode(key, text + n)] = 0;
	}
}

void prompt_key(struct top *top, int key)
{
	struct prompt *p = &top->prompt;
	void (*done)(struct top * top, bool kept) = p->done;

	if (key == TOP_ENTER || key == TOP_ESCAPE) {
		p->title = NULL;
		if (done)
			done(top, key == TOP_ENTER);
		return;
	}
	edit(p->text, key);
	p->bad = false;
	if (p->changed)
		p->changed(top);
}

void prompt_draw(const struct prompt *p, struct screen_buffer *screen_buffer, size_t y)
{
	char clean[4 * PROMPT_TEXT + 1];
	size_t x;

	text_clean(p->text, PROMPT_TEXT, clean, sizeof(clean));
	x = screen_buffer_print(screen_buffer, y, 0, STYLE_BOLD, "%s: %s", p->title, clean);
	screen_buffer_put(screen_buffer, y, x, 1, STYLE_SELECTED, " ");
	x += 3;
	if (p->bad)
		x += 2 + screen_buffer_put(screen_buffer, y, x, screen_buffer->columns, STYLE_WARN,
					   "no match");
	if (p->hint)
		screen_buffer_put(screen_buffer, y, x, screen_buffer->columns, STYLE_DIM, p->hint);
}
