// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Prometheus text format 0.0.4 and OpenMetrics 1.0, from the tables. A container's labels are built once and copied into
 * each of its samples. One series per identity: of several cgroups with the same labels the running one is told, else the
 * latest.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "export.h"
#include "metrics.h"
#include "view/scores.h"

#define LABEL_TEXT 1024	/* of a value; a label of 100 KB is cut */

struct series {
	const struct hr_slot *slot;
	const char *path;
	size_t at, n;		/* its labels, in the page of labels */
};

static void add_escaped(struct page *page, const char *clean)
{
	for (;;) {
		size_t n = strcspn(clean, "\\\"");

		page_add(page, clean, n);
		if (!clean[n])
			return;
		page_add(page, "\\", 1);
		page_add(page, clean + n, 1);
		clean += n + 1;
	}
}

/* `begin` is the key and what stands around it: ",name=\"". */
static void add_label(struct page *page, const char *begin, const char *raw)
{
	char clean[LABEL_TEXT];

	page_puts(page, begin);
	add_escaped(page, raw ? text_clean(raw, SIZE_MAX, clean, sizeof(clean)) : "");
	page_add(page, "\"", 1);
}

static void add_labels(struct page *labels, struct series *series)
{
	const struct hr_slot *slot = series->slot;
	const struct hr_identity *id = &slot->id;

	series->at = labels->n;
	add_label(labels, "id=\"", series->path);
	add_label(labels, ",name=\"", hr_slot_text(slot, id->name));
	add_label(labels, ",namespace=\"", hr_slot_text(slot, id->namespace));
	add_label(labels, ",pod=\"", hr_slot_text(slot, id->pod));
	add_label(labels, ",container=\"", hr_slot_text(slot, id->container));
	add_label(labels, ",image=\"", hr_slot_text(slot, id->image));
	series->n = labels->n - series->at;
}

/* By path, and the one to be told of first. */
static int compare(const void *a, const void *b)
{
	const struct series *x = a, *y = b;
	int by_path = strcmp(x->path, y->path);

	if (by_path)
		return by_path;
	if (slot_gone(x->slot) != slot_gone(y->slot))
		return slot_gone(x->slot) ? 1 : -1;
	return x->slot->appeared_ns > y->slot->appeared_ns ? -1 : 1;
}

static int by_usage(const void *a, const void *b)
{
	const struct series *x = a, *y = b;
	uint64_t u = slot_gone(x->slot) ? 0 : x->slot->memory.usage;
	uint64_t v = slot_gone(y->slot) ? 0 : y->slot->memory.usage;

	return u == v ? strcmp(x->path, y->path) : u > v ? -1 : 1;
}

static bool wanted(const struct hr_slot *slot, uint64_t now_ns)
{
	if (slot_gone(slot))
		return (slot->id.kind == HR_KIND_CONTAINER || slot->oom_kills_total) &&
		       now_ns - slot->gone_ns < METRICS_KEEP_S * NS_PER_SEC;
	return slot->id.kind == HR_KIND_CONTAINER || slot->id.kind == HR_KIND_UNIT ||
	       slot->id.kind == HR_KIND_POD || slot->flags & HR_SLOT_HAS_TASKS;
}

/* Fills series; returns how many, and how many more there were. */
static size_t collect(const struct snapshot *s, size_t most, struct series *series, size_t *ret_left_out)
{
	size_t n = 0, kept = 0;

	for (size_t i = 0; i < s->n_slots; i++) {
		const char *path = hr_slot_text(&s->slots[i], s->slots[i].id.cgroup);

		if (path && wanted(&s->slots[i], s->time_ns))
			series[n++] = (struct series){.slot = &s->slots[i], .path = path};
	}
	qsort(series, n, sizeof(*series), compare);
	for (size_t i = 0; i < n; i++)
		if (!kept || strcmp(series[kept - 1].path, series[i].path))
			series[kept++] = series[i];
	*ret_left_out = kept > most ? kept - most : 0;
	if (kept > most) {
		qsort(series, kept, sizeof(*series), by_usage);
		kept = most;
	}
	return kept;
}

static void head(struct page *page, const char *name, const char *help, bool counter, bool openmetrics)
{
	size_t n = strcspn(name, "{");
	const char *suffix = counter && !openmetrics ? "_total" : "";

	page_printf(page, "# HELP %.*s%s %s\n# TYPE %.*s%s %s\n", (int)n, name, suffix, help, (int)n,
		    name, suffix, counter ? "counter" : "gauge");
}

/* Slot by slot, since a slot is a page of memory, for a table that is then read metric by metric. */
static void get_values(const struct metric *metric, const struct series *series, size_t n, double *values)
{
	for (size_t i = 0; i < n; i++) {
		double *value = values + i;

		/* Of what is gone only the counters mean anything. */
		for (const struct metric *m = metric; m->name; m++, value += n)
			*value = slot_gone(series[i].slot) && !m->counter ? NAN : m->value(series[i].slot);
	}
}

static size_t metrics_in(const struct metric *table)
{
	size_t n = 0;

	while (table[n].name)
		n++;
	return n;
}

static void container_metric(struct page *page, const struct metric *metric, const double *values,
			     const struct series *series, size_t n, const struct page *labels,
			     bool openmetrics)
{
	size_t name = strcspn(metric->name, "{");
	const char *own = metric->name[name] ? metric->name + name + 1 : NULL;
	char begin[96];
	int begun = snprintf(begin, sizeof(begin), "%.*s%s{", (int)name, metric->name,
			     metric->counter ? "_total" : "");

	if (metric->help)
		head(page, metric->name, metric->help, metric->counter, openmetrics);
	for (size_t i = 0; i < n; i++) {
		if (isnan(values[i]))
			continue;
		page_add(page, begin, (size_t)begun);
		page_add(page, labels->text + series[i].at, series[i].n);
		if (own) {
			page_add(page, ",", 1);
			page_add(page, own, strlen(own) - 1);
		}
		page_add(page, "} ", 2);
		page_number(page, values[i]);
		page_add(page, "\n", 1);
	}
}

static void container_metrics(struct page *page, const struct metric *table, const struct series *series,
			      size_t n, const struct page *labels, bool openmetrics)
{
	_cleanup_free_ double *values = calloc(metrics_in(table) * n + 1, sizeof(*values));

	if (!values || labels->failed) {
		page->failed = true;
		return;
	}
	get_values(table, series, n, values);
	for (size_t m = 0; table[m].name; m++)
		container_metric(page, &table[m], values + m * n, series, n, labels, openmetrics);
}

static void plain(struct page *page, const char *name, bool counter, double value)
{
	page_printf(page, "%s%s ", name, counter ? "_total" : "");
	page_number(page, value);
	page_add(page, "\n", 1);
}

static void host_metrics(struct page *page, const struct snapshot *s, bool openmetrics)
{
	for (const struct host_metric *m = metric_host; m->name; m++) {
		double value = m->value(s);

		if (isnan(value))
			continue;
		head(page, m->name, m->help, m->counter, openmetrics);
		plain(page, m->name, m->counter, value);
	}
}

static void info_metric(struct page *page, const struct hr_host *host, bool openmetrics)
{
	head(page, "headroom_guard_info", "1, with the names of the node and of what runs on it.", false, openmetrics);
	page_puts(page, "headroom_guard_info{");
	add_label(page, "node=\"", host->node);
	add_label(page, ",kernel=\"", host->kernel);
	add_label(page, ",version=\"", host->version);
	page_puts(page, "} 1\n");
}

static void action_metrics(struct page *page, const struct metrics_extra *extra, bool openmetrics)
{
	head(page, "headroom_actions", "Rungs taken or rehearsed, by policy and result.", true, openmetrics);
	for (size_t i = 0; i < extra->actions; i++) {
		const struct action_count *a = &extra->action[i];
		char clean[256];

		page_puts(page, "headroom_actions_total{policy=\"");
		add_escaped(page, text_clean(a->policy, sizeof(a->policy), clean, sizeof(clean)));
		page_printf(page, "\",rung=\"%s\",result=\"%s\"} ", hr_rung_word(a->rung) ?: "unknown",
			    hr_deed_word(a->deed) ?: "unknown");
		page_number(page, (double)a->n);
		page_add(page, "\n", 1);
	}
}

/* How good the forecasts were: the tables are the view's. */
static void forecast_counters(struct page *page, const struct hr_score *score, bool openmetrics)
{
	for (const struct score_counter *c = score_counters; c->name; c++) {
		uint64_t n = *(const uint64_t *)((const char *)score + c->offset);

		if (c == score_counters || strcmp(c->name, c[-1].name))
			head(page, c->name, c->help, true, openmetrics);
		page_printf(page, "%s_total%s%s%s ", c->name, *c->labels ? "{" : "", c->labels,
			    *c->labels ? "}" : "");
		page_number(page, (double)n * c->scale);
		page_add(page, "\n", 1);
	}
}

static void forecast_histograms(struct page *page, const struct hr_score *score)
{
	for (const struct score_histogram *h = score_histograms; h->name; h++) {
		const uint64_t *bucket = (const uint64_t *)((const char *)score + h->buckets);
		uint64_t sum = *(const uint64_t *)((const char *)score + h->sum), all = 0;
		double bound = h->first;

		page_printf(page, "# HELP %s %s\n# TYPE %s histogram\n", h->name, h->help, h->name);
		for (unsigned int i = 0; i < h->n; i++, bound *= h->factor) {
			all += bucket[i];
			page_printf(page, "%s_bucket{le=\"", h->name);
			if (i + 1 < h->n)
				page_number(page, bound);
			else
				page_puts(page, "+Inf");
			page_printf(page, "\"} %llu\n", (unsigned long long)all);
		}
		page_printf(page, "%s_sum ", h->name);
		page_number(page, (double)sum * h->sum_scale);
		page_printf(page, "\n%s_count %llu\n", h->name, (unsigned long long)all);
	}
}

static const struct {
	const char *name, *help;
	bool counter;
	size_t offset;
} sink_metric[] = {
	{"headroom_export_delivered", "Events that the sink has taken.", true,
	 offsetof(struct sink_counts, delivered)},
	{"headroom_export_dropped", "Events that its queue could not hold.", true,
	 offsetof(struct sink_counts, dropped)},
	{"headroom_export_missed", "Events that the board lost before they were read.", true,
	 offsetof(struct sink_counts, missed)},
	{"headroom_export_failures", "Tries that failed.", true, offsetof(struct sink_counts, failures)},
	{"headroom_export_queued", "Events that wait.", false, offsetof(struct sink_counts, queued)},
};

static void sink_metrics(struct page *page, const struct exporter *e, bool openmetrics)
{
	for (size_t m = 0; e && m < ARRAY_SIZE(sink_metric); m++) {
		head(page, sink_metric[m].name, sink_metric[m].help, sink_metric[m].counter, openmetrics);
		for (size_t i = 0; i < e->n; i++) {
			const uint64_t *at = (const void *)((const char *)&e->sink[i].counts +
							    sink_metric[m].offset);

			page_printf(page, "%s%s{sink=\"%s\"} %llu\n", sink_metric[m].name,
				    sink_metric[m].counter ? "_total" : "", e->sink[i].type->name,
				    (unsigned long long)__atomic_load_n(at, __ATOMIC_RELAXED));
		}
	}
}

void metrics_write(struct page *page, struct snapshot *s, const struct metrics_config *config,
		   const struct metrics_extra *extra)
{
	_cleanup_free_ struct series *series = calloc(s->n_slots + 1, sizeof(*series));
	_cleanup_(page_done) struct page labels = {0};
	size_t n, left_out;

	if (!series) {
		page->failed = true;
		return;
	}
	n = collect(s, config->most, series, &left_out);
	for (size_t i = 0; i < n; i++)
		add_labels(&labels, &series[i]);
	container_metrics(page, metric_container, series, n, &labels, config->openmetrics);
	if (config->cadvisor)
		container_metrics(page, metric_cadvisor, series, n, &labels, config->openmetrics);
	host_metrics(page, s, config->openmetrics);
	info_metric(page, &s->host, config->openmetrics);
	forecast_counters(page, &s->host.score, config->openmetrics);
	forecast_histograms(page, &s->host.score);
	head(page, "headroom_export_containers_left_out", "Containers beyond max_containers.", false,
	     config->openmetrics);
	plain(page, "headroom_export_containers_left_out", false, (double)left_out);
	action_metrics(page, extra, config->openmetrics);
	sink_metrics(page, extra->exporter, config->openmetrics);
	if (config->openmetrics)
		page_puts(page, "# EOF\n");
}
