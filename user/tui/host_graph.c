// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The graphs of the header. */
#include "host_graph.h"

#include <math.h>
#include <string.h>

#include "base/human_units.h"
#include "format/plot.h"
#include "format/snapshot.h"
#include "widgets.h"

#define LABEL_WIDTH 12
#define STALLS_FULL 0.10 /* the least height of the graph of stalls */

static double share_of(uint32_t centi) { return centi == HR_UNKNOWN_U32 ? NAN : centi / 10000.0; }

void host_graph_add(struct host_graph *graph, const struct snapshot *s)
{
	uint64_t last = graph->n ? graph->time_ns[graph->n - 1] : 0;

	if (s->time_ns == last)
		return;
	if (s->time_ns < last)
		graph->n = 0;
	if (graph->n == HOST_GRAPH_MAX) {
		size_t kept = --graph->n;

		memmove(graph->used, graph->used + 1, kept * sizeof(graph->used[0]));
		memmove(graph->some, graph->some + 1, kept * sizeof(graph->some[0]));
		memmove(graph->time_ns, graph->time_ns + 1, kept * sizeof(graph->time_ns[0]));
	}
	graph->time_ns[graph->n] = s->time_ns;
	graph->used[graph->n] = host_used_share(&s->host);
	graph->some[graph->n++] = share_of(s->host.pressure.some_avg10_centi);
}

/* The highest of the last `shown`. */
static double stalls_height(const struct host_graph *graph, size_t shown)
{
	double most = STALLS_FULL;

	for (size_t i = graph->n > shown ? graph->n - shown : 0; i < graph->n; i++)
		most = fmax(most, graph->some[i]);
	return most;
}

void host_graph_put_line(const struct host_graph *graph, struct screen_buffer *screen_buffer,
			 size_t y, size_t x, size_t columns)
{
	area_put(graph->some, graph->n, stalls_height(graph, 2 * columns), screen_buffer, y, x, 1,
		 columns, widget_marks(screen_buffer));
}

static void put_share(struct screen_buffer *screen_buffer, size_t y, size_t x, const char *word,
		      double share)
{
	if (isnan(share))
		screen_buffer_print(screen_buffer, y, x, STYLE_DIM, "%s -", word);
	else
		screen_buffer_print(screen_buffer, y, x, style_grade(share), "%s %.1f%%", word,
				    100 * share);
}

static void put_rule(struct screen_buffer *screen_buffer, size_t y, size_t x, size_t columns)
{
	for (size_t i = 0; i < columns; i++)
		screen_buffer_put(screen_buffer, y, x + i, 1, STYLE_DIM,
				  screen_buffer->ascii ? "_" : "⣀");
}

void host_graph_put(const struct host_graph *graph, const struct hr_host *host,
		    struct screen_buffer *screen_buffer, size_t y, size_t rows)
{
	const struct hr_pressure *pressure = &host->pressure;
	size_t half = screen_buffer->columns / 2, width = half - LABEL_WIDTH - 2, last = rows - 1;
	enum plot_marks marks = widget_marks(screen_buffer);
	double high = stalls_height(graph, 2 * width);
	char span[UNITS_TEXT];

	put_rule(screen_buffer, y + last, LABEL_WIDTH, width);
	put_rule(screen_buffer, y + last, half + LABEL_WIDTH, width);
	area_put(graph->used, graph->n, 1, screen_buffer, y, LABEL_WIDTH, rows, width, marks);
	area_put(graph->some, graph->n, high, screen_buffer, y, half + LABEL_WIDTH, rows, width,
		 marks);
	put_share(screen_buffer, y, 0, "memory", host_used_share(host));
	if (graph->n > 1)
		screen_buffer_print(
			screen_buffer, y + last, 0, STYLE_DIM, "last %s",
			units_age_ns(graph->time_ns[graph->n - 1] - graph->time_ns[0], span));
	put_share(screen_buffer, y, half, "stalls", share_of(pressure->some_avg10_centi));
	if (rows > 2)
		put_share(screen_buffer, y + 1, half, "full", share_of(pressure->full_avg10_centi));
	screen_buffer_print(screen_buffer, y + last, half, STYLE_DIM, "top %.0f%%", 100 * high);
}
