/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Text styles. A style is never the only carrier of a meaning: a pipe shows none. */
#ifndef HEADROOM_FORMAT_STYLE_H
#define HEADROOM_FORMAT_STYLE_H

enum style {
	STYLE_PLAIN,
	STYLE_DIM,
	STYLE_BOLD,
	STYLE_GOOD,
	STYLE_WARN,
	STYLE_BAD,
	STYLE_TITLE,     /* a header line */
	STYLE_TITLE_KEY, /* in it, the column that sorts */
	STYLE_SELECTED,
	STYLE_ACCENT, /* keys, headings */
	STYLE_FAN,    /* a forecast's interval */
	STYLE_GRADE,  /* the first of STYLE_GRADES: a share from low to high */
	STYLE_COUNT = STYLE_GRADE + 8
};
#define STYLE_GRADES (STYLE_COUNT - STYLE_GRADE)

/* Of a share of 0-1; NAN: plain. */
enum style style_grade(double share);

/* The escape sequence that begins it ("\033[0m" ends it); NULL: none. */
const char *style_ansi(enum style style);

#endif
