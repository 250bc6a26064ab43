/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Figures as data: one line a metric, and Prometheus text, OpenMetrics and their help follow from it. A value of NAN is not
 * known, and its sample is left out. Bytes, seconds, shares of 1.
 */
#ifndef HEADROOM_METRICS_H
#define HEADROOM_METRICS_H

#include "chunked_body.h"
#include "format/snapshot.h"

struct metric {
	const char *name; /* with its unit, without _total */
	const char *help;
	bool counter;
	double (*value)(const struct hr_slot *slot);
};
extern const struct metric metric_container[]; /* ended by a NULL name */
extern const struct metric metric_cadvisor[];  /* the same figures under cAdvisor's names */

/* The same figures under OpenTelemetry's names, with units as UCUM writes them. */
struct otlp_metric {
	const char *name, *unit;
	bool counter; /* a monotonic, cumulative sum; else a gauge */
	double (*value)(const struct hr_slot *slot);
};
extern const struct otlp_metric metric_otlp[]; /* ended by a NULL name */

struct host_metric {
	const char *name, *help;
	bool counter;
	double (*value)(const struct snapshot *s);
};
extern const struct host_metric metric_host[];

#define METRICS_KEEP_S 300 /* counters of gone containers stay this long */

struct metrics_config {
	bool openmetrics, cadvisor;
	size_t most; /* containers; those with the least memory are left out, and counted */
};

/* Figures of the actions told on the board, by what happened. */
struct action_count {
	char policy[64];
	unsigned int kind, status;
	uint64_t n;
};

struct metrics_extra {
	const struct action_count *action;
	size_t actions;
	const struct exporter *exporter; /* may be NULL */
};

/* `id="…",name="…",…`, clean and escaped. */
void metrics_labels(struct page *page, const struct hr_slot *slot);
/* # HELP and # TYPE. What follows a brace in the name is not said. */
void metrics_head(struct page *page, const char *name, const char *help, bool counter,
		  bool openmetrics);
/* All but the containers: scrape.h. head: of snapshot_head(). */
void metrics_write(struct page *page, const struct snapshot *head, size_t left_out,
		   const struct metrics_config *config, const struct metrics_extra *extra);

#endif
