// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Styles as ANSI sequences, for plain output; the interactive monitor asks terminfo. */
#include "style.h"

#include <math.h>
#include <stddef.h>

#include "base/cleanup.h"

enum style style_grade(double share)
{
	if (isnan(share))
		return STYLE_PLAIN;
	share = fmin(fmax(share, 0), 1) * STYLE_GRADES;
	return STYLE_GRADE + (enum style)fmin(share, STYLE_GRADES - 1);
}

const char *style_ansi(enum style style)
{
	static const char *const on[STYLE_COUNT] = {
		[STYLE_DIM] = "\033[2m",        [STYLE_BOLD] = "\033[1m",
		[STYLE_GOOD] = "\033[32m",      [STYLE_WARN] = "\033[33m",
		[STYLE_BAD] = "\033[1;31m",     [STYLE_TITLE] = "\033[1m",
		[STYLE_FAN] = "\033[2m",        [STYLE_GRADE + 5] = "\033[33m",
		[STYLE_GRADE + 6] = "\033[33m", [STYLE_GRADE + 7] = "\033[1;31m",
	};

	return style < ARRAY_SIZE(on) ? on[style] : NULL;
}
