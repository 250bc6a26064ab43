/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A history as a line of blocks (or of plain characters): one column an equal share of time. Pure. */
#ifndef HEADROOM_FORMAT_SPARKLINE_H
#define HEADROOM_FORMAT_SPARKLINE_H

#include <stdbool.h>
#include <stddef.h>
#include "columns.h"

#define SPARKLINE_SECONDS 600 /* what a line shows, up to the last sample */

/* Usage, oldest left. Its full height is the container's own limit, or, without one, the most that
 * is shown. Returns text: `width` columns, or "-" for fewer than two samples. */
const char *sparkline_text(const struct hr_slot *slot, size_t width, bool ascii,
			   char text[CELL_TEXT]);

#endif
