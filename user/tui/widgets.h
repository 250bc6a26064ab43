/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the screen of one container is put together from. Each block draws at row y, column x of a canvas, `width` wide, and
 * returns the rows that it took; 0: it has nothing to say. Pure.
 */
#ifndef HEADROOM_TUI_WIDGETS_H
#define HEADROOM_TUI_WIDGETS_H

#include "event_buffer.h"
#include "format/plot.h"

struct widget_input { /* whom, and what is known beside */
	const struct hr_slot *slot;
	const struct hr_host *host;
	const struct event_buffer *buffer; /* NULL: none */
	uint64_t now_ns;                   /* wall time of what is shown */
	size_t plot_rows, events;          /* how much room they may take */
};

/* The figures that matter, in three to five rows: risk, time, headroom, why, what would be done. */
size_t widget_verdict(const struct widget_input *of, struct screen_buffer *c, size_t y, size_t x,
		      size_t width);
size_t widget_plot(const struct widget_input *of, struct screen_buffer *c, size_t y, size_t x,
		   size_t width);
size_t widget_memory(const struct widget_input *of, struct screen_buffer *c, size_t y, size_t x,
		     size_t width);
size_t widget_processes(const struct widget_input *of, struct screen_buffer *c, size_t y, size_t x,
			size_t width);
size_t widget_pressure(const struct widget_input *of, struct screen_buffer *c, size_t y, size_t x,
		       size_t width);
size_t widget_reclaim(const struct widget_input *of, struct screen_buffer *c, size_t y, size_t x,
		      size_t width);
size_t widget_events(const struct widget_input *of, struct screen_buffer *c, size_t y, size_t x,
		     size_t width);
/* The whole of it in sentences, as `headroom explain` tells it. */
size_t widget_explanation(const struct widget_input *of, struct screen_buffer *c, size_t y,
			  size_t x, size_t width);

/* How this terminal draws dots. */
enum plot_marks widget_marks(const struct screen_buffer *screen_buffer);

#endif
