// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Usage as a line of block characters. */
#include "sparkline.h"

#include <string.h>

#include "history.h"

#define SPARKLINE_MOST 40
#define LEVELS         8

/* The maximum per column; a column without a sample repeats the one before. Returns the first column with data. */
static size_t bucket(const struct hr_point *point, size_t n, size_t width,
		     uint32_t most[SPARKLINE_MOST])
{
	const uint32_t span = SPARKLINE_SECONDS * 100, last = point[n - 1].t_centis;
	size_t from = 0, since = width;

	while (from < n && last - point[from].t_centis > span)
		from++;
	for (size_t i = from; i < n; i++) {
		size_t at = width - 1 -
			    (size_t)((uint64_t)(last - point[i].t_centis) * width / (span + 1));

		if (point[i].usage_kib == HR_UNKNOWN_U32)
			continue;
		if (at < since)
			since = at;
		if (point[i].usage_kib > most[at])
			most[at] = point[i].usage_kib;
	}
	for (size_t at = since + 1; at < width; at++)
		if (!most[at])
			most[at] = most[at - 1];
	return since;
}

const char *sparkline_text(const struct hr_slot *slot, size_t width, bool ascii,
			   char text[CELL_TEXT])
{
	static const char *const blocks[LEVELS] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	static const char *const plain[LEVELS] = {"_", ".", "-", ":", "=", "+", "*", "#"};
	struct hr_point point[HISTORY_POINTS];
	size_t n = history_points(&slot->history, point), since;
	uint32_t most[SPARKLINE_MOST] = {0};
	uint64_t full = slot->memory.limit >> 10;
	char *to = text;

	if (n < 2 || !width)
		return strcpy(text, "-");
	if (width > SPARKLINE_MOST)
		width = SPARKLINE_MOST;
	since = bucket(point, n, width, most);
	if (slot->memory.limit == HR_UNKNOWN || !full) {
		full = 1;
		for (size_t i = 0; i < width; i++)
			if (most[i] > full)
				full = most[i];
	}
	for (size_t i = 0; i < width; i++) {
		uint64_t level = (uint64_t)most[i] * LEVELS / full;

		to = stpcpy(to, i < since ? " "
					  : (ascii ? plain
						   : blocks)[level < LEVELS ? level : LEVELS - 1]);
	}
	return text;
}
