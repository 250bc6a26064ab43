/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Metrics as tables: one line a metric, from which Prometheus text, OpenMetrics and help are generated. A value of NAN is
 * unknown: no sample. Units: bytes, seconds, ratios from 0 to 1.
 */
#ifndef HEADROOM_METRICS_H
#define HEADROOM_METRICS_H

#include "chunked_body.h"
#include "format/snapshot.h"

struct metric {
	const char *name; /* with unit, without _total */
	const char *help;
	bool counter;
	double (*value)(const struct hr_slot *slot);
};
extern const struct metric metric_container[]; /* ends with a NULL name */
extern const struct metric metric_cadvisor[];  /* the same values under cAdvisor's names */

/*
 * The same values under OpenTelemetry's names, with UCUM units: the names, instruments and meanings of the semantic
 * conventions in this version where these have the metric, else headroom.*. Points of one metric are adjacent.
 */
#define OTLP_SCHEMA_URL "https://opentelemetry.io/schemas/1.44.0"
enum otlp_instrument {
	OTLP_GAUGE,  /* what must not be added up */
	OTLP_UPDOWN, /* a cumulative sum that is not monotonic */
	OTLP_COUNTER /* a cumulative, monotonic sum */
};
struct otlp_metric {
	enum otlp_instrument instrument;
	const char *name, *unit;
	double (*value)(const struct hr_slot *slot);
	const char *key, *attribute; /* an attribute of the point, or NULL */
};
extern const struct otlp_metric metric_otlp[]; /* ends with a NULL name */

struct host_metric {
	const char *name, *help;
	bool counter;
	double (*value)(const struct snapshot *s);
};
extern const struct host_metric metric_host[];

struct otlp_host_metric {
	enum otlp_instrument instrument;
	const char *name, *unit;
	double (*value)(const struct snapshot *s);
	const char *key, *attribute;
};
extern const struct otlp_host_metric metric_otlp_host[];

#define METRICS_KEEP_S 300 /* how long counters of gone containers are exported */

struct metrics_config {
	bool openmetrics, cadvisor;
	size_t most; /* containers; omits those with the least memory, and counts them */
};

/* Actions on the board, by policy, action and result. */
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

/* `id="…",name="…",…`, cleaned and escaped. */
void metrics_labels(struct body *body, const struct hr_slot *slot);
/* # HELP and # TYPE, for the part of the name before a brace. */
void metrics_header(struct body *body, const char *name, const char *help, bool counter,
		    bool openmetrics);
/* All metrics but those of containers (exposition.h). head: from snapshot_head(). */
void metrics_write(struct body *body, const struct snapshot *head, size_t left_out,
		   const struct metrics_config *config, const struct metrics_extra *extra);

#endif
