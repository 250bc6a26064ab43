// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Prometheus text format 0.0.4 and OpenMetrics 1.0: labels, heads, and all that is told of the host, the guard, the forecasts
 * and the exporter. What is told of containers is scrape.c's.
 */
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/utf8_clean.h"
#include "export.h"
#include "metrics.h"
#include "format/score_text.h"

#define LABEL_TEXT 1024 /* of a value; a label of 100 KB is cut */

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

void metrics_labels(struct page *page, const struct hr_slot *slot)
{
	const struct hr_identity *id = &slot->id;

	add_label(page, "id=\"", hr_slot_text(slot, id->cgroup));
	add_label(page, ",name=\"", hr_slot_text(slot, id->name));
	add_label(page, ",namespace=\"", hr_slot_text(slot, id->namespace));
	add_label(page, ",pod=\"", hr_slot_text(slot, id->pod));
	add_label(page, ",container=\"", hr_slot_text(slot, id->container));
	add_label(page, ",image=\"", hr_slot_text(slot, id->image));
}

void metrics_head(struct page *page, const char *name, const char *help, bool counter,
		  bool openmetrics)
{
	size_t n = strcspn(name, "{");
	const char *suffix = counter && !openmetrics ? "_total" : "";

	page_printf(page, "# HELP %.*s%s %s\n# TYPE %.*s%s %s\n", (int)n, name, suffix, help,
		    (int)n, name, suffix, counter ? "counter" : "gauge");
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
		metrics_head(page, m->name, m->help, m->counter, openmetrics);
		plain(page, m->name, m->counter, value);
	}
}

static void info_metric(struct page *page, const struct hr_host *host, bool openmetrics)
{
	metrics_head(page, "headroom_guard_info",
		     "Always 1; the labels name the node, its kernel and the daemon version.",
		     false, openmetrics);
	page_puts(page, "headroom_guard_info{");
	add_label(page, "node=\"", host->node);
	add_label(page, ",kernel=\"", host->kernel);
	add_label(page, ",version=\"", host->version);
	page_puts(page, "} 1\n");
}

static void action_metrics(struct page *page, const struct metrics_extra *extra, bool openmetrics)
{
	metrics_head(page, "headroom_actions", "Actions by policy, action and result.", true,
		     openmetrics);
	for (size_t i = 0; i < extra->actions; i++) {
		const struct action_count *a = &extra->action[i];
		char clean[256];

		page_puts(page, "headroom_actions_total{policy=\"");
		add_escaped(page, text_clean(a->policy, sizeof(a->policy), clean, sizeof(clean)));
		page_printf(page, "\",action=\"%s\",result=\"%s\"} ",
			    hr_action_kind_name(a->kind) ?: "unknown",
			    hr_action_status_name(a->status) ?: "unknown");
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
			metrics_head(page, c->name, c->help, true, openmetrics);
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
	{"headroom_export_delivered", "Events the sink delivered.", true,
	 offsetof(struct sink_counts, delivered)},
	{"headroom_export_dropped", "Events dropped because the queue of the sink was full.", true,
	 offsetof(struct sink_counts, dropped)},
	{"headroom_export_missed", "Events overwritten on the board before the exporter read them.",
	 true, offsetof(struct sink_counts, missed)},
	{"headroom_export_failures", "Failed delivery attempts.", true,
	 offsetof(struct sink_counts, failures)},
	{"headroom_export_queued", "Events waiting for delivery.", false,
	 offsetof(struct sink_counts, queued)},
};

static void sink_metrics(struct page *page, const struct exporter *e, bool openmetrics)
{
	for (size_t m = 0; e && m < ARRAY_SIZE(sink_metric); m++) {
		metrics_head(page, sink_metric[m].name, sink_metric[m].help, sink_metric[m].counter,
			     openmetrics);
		for (size_t i = 0; i < e->n; i++) {
			const uint64_t *at = (const void *)((const char *)&e->sink[i].counts +
							    sink_metric[m].offset);

			page_printf(page, "%s%s{sink=\"%s\"} %llu\n", sink_metric[m].name,
				    sink_metric[m].counter ? "_total" : "", e->sink[i].type->name,
				    (unsigned long long)__atomic_load_n(at, __ATOMIC_RELAXED));
		}
	}
}

void metrics_write(struct page *page, const struct snapshot *head, size_t left_out,
		   const struct metrics_config *config, const struct metrics_extra *extra)
{
	host_metrics(page, head, config->openmetrics);
	info_metric(page, &head->host, config->openmetrics);
	forecast_counters(page, &head->host.score, config->openmetrics);
	forecast_histograms(page, &head->host.score);
	metrics_head(page, "headroom_export_containers_left_out",
		     "Containers left out because of max_containers.", false, config->openmetrics);
	plain(page, "headroom_export_containers_left_out", false, (double)left_out);
	action_metrics(page, extra, config->openmetrics);
	sink_metrics(page, extra->exporter, config->openmetrics);
	if (config->openmetrics)
		page_puts(page, "# EOF\n");
}
