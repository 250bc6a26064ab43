// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Styles as ANSI sequences, for plain output; the interactive monitor asks terminfo. */
#include "style.h"

#include <stddef.h>

#include "base/cleanup.h"

const char *style_ansi(enum style style)
{
	static const char *const on[STYLE_COUNT] = {
		[STYLE_DIM] = "\033[2m",   [STYLE_BOLD] = "\033[1m",   [STYLE_GOOD] = "\033[32m",
		[STYLE_WARN] = "\033[33m", [STYLE_BAD] = "\033[1;31m", [STYLE_TITLE] = "\033[1m",
	};

	return style < ARRAY_SIZE(on) ? on[style] : NULL;
}
