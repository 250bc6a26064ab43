/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A history as a line of block (or plain) characters, each column an equal span of time. Pure. */
#ifndef HEADROOM_FORMAT_SPARKLINE_H
#define HEADROOM_FORMAT_SPARKLINE_H

#include <stdbool.h>
#include <stddef.h>
#include "columns.h"

#define SPARKLINE_SECONDS 600 /* what a line shows, up to the last sample */

/* Usage, oldest left. Full height is the container's own limit, or, without one, the maximum shown. Returns text: `width`
 * columns, or "-" for fewer than two samples. */
const char *sparkline_text(const struct hr_slot *slot, size_t width, bool ascii,
			   char text[CELL_TEXT]);

#endif
