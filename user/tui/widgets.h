/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The parts of the container screen. Each widget draws at row y, column x of a screen buffer, `width` wide, and returns the
 * rows it took; 0: nothing to show. Pure.
 */
#ifndef HEADROOM_TUI_WIDGETS_H
#define HEADROOM_TUI_WIDGETS_H

#include "event_buffer.h"
#include "format/display_name.h"
#include "format/plot.h"

struct widget_input {
	const struct hr_slot *slot;
	const struct hr_host *host;
	const struct event_buffer *buffer; /* NULL: none */
	uint64_t now_ns;                   /* wall time of what is shown */
	size_t plot_rows, events;          /* the most they may take */
};

/* Risk, forecast, headroom, factors and next action, in three to five rows. */
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
/* Image, ids, cgroup. */
size_t widget_identity(const struct widget_input *of, struct screen_buffer *c, size_t y, size_t x,
		       size_t width);
/* "nginx shop/web-6d4b75cb6d-1e8cb": of a pod's container its own name first, the pod dim; another name is cut at its beginning. */
void widget_name(const struct record_text *from, const struct hr_identity *id, enum style style,
		 struct screen_buffer *c, size_t y, size_t x, size_t width);
/* Largest first; returns the rows. */
size_t widget_process_rows(const struct hr_process *process, size_t n, struct screen_buffer *c,
			   size_t y, size_t x, size_t width);

/* The plot marks that this terminal can show. */
enum plot_marks widget_marks(const struct screen_buffer *screen_buffer);

#endif
