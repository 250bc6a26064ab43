// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Prints an explanation: lines wider than the terminal are broken between words, continuation lines indented. */
#include <stdio.h>
#include <string.h>

#include "base/utf8_clean.h"
#include "explain.h"
#include "table.h"
#include "text_wrap.h"

#define LEAST_WIDTH 20 /* narrower than this the terminal may break where it likes */

static void print_broken(FILE *out, const char *text, size_t width)
{
	size_t indent = 0;

	while (text_width(text) + indent > width) {
		size_t n = wrap_fitting(text, width - indent);

		fprintf(out, "%*s%.*s", (int)indent, "", (int)n, text);
		text += n + strspn(text + n, " ");
		if (!*text)
			return;
		fputc('\n', out);
		indent = WRAP_HANG;
	}
	fprintf(out, "%*s%s", (int)indent, "", text);
}

void explain_print(const struct explanation *explanation, FILE *out, size_t width, bool colour,
		   bool ascii)
{
	char text[EXPLANATION_TEXT];

	for (size_t i = 0; i < explanation->n; i++) {
		const char *on = colour ? style_ansi(explanation->line[i].style) : NULL;

		strcpy(text, explanation->line[i].text);
		if (ascii)
			text_ascii(text);
		fputs(on ? on : "", out);
		if (width < LEAST_WIDTH)
			fputs(text, out);
		else
			print_broken(out, text, width);
		fprintf(out, "%s\n", on ? "\033[0m" : "");
	}
}
