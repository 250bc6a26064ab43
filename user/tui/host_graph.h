/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The host's memory and stalls of the snapshots seen so far, one value each: the board keeps no history of them. */
#ifndef HEADROOM_TUI_HOST_GRAPH_H
#define HEADROOM_TUI_HOST_GRAPH_H

#include <stddef.h>
#include <stdint.h>

#define HOST_GRAPH_MAX 600

struct snapshot;
struct hr_host;
struct screen_buffer;

struct host_graph {
	double used[HOST_GRAPH_MAX], some[HOST_GRAPH_MAX]; /* shares; NAN: unknown */
	uint64_t time_ns[HOST_GRAPH_MAX];
	size_t n;
};

/* One that is older than the last begins anew. */
void host_graph_add(struct host_graph *graph, const struct snapshot *s);
/* Stalls in one row of that many columns. */
void host_graph_put_line(const struct host_graph *graph, struct screen_buffer *screen_buffer,
			 size_t y, size_t x, size_t columns);
/* Memory and stalls side by side. */
void host_graph_put(const struct host_graph *graph, const struct hr_host *host,
		    struct screen_buffer *screen_buffer, size_t y, size_t rows);

#endif
