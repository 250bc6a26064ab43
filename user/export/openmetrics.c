// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Prometheus text format 0.0.4 and OpenMetrics 1.0: labels, headers, and the metrics of host, daemon, forecasts and exporter.
 * exposition.c writes the metrics of containers.
 */
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/utf8_clean.h"
#include "export.h"
#include "metrics.h"
#include "format/score_text.h"

#define LABEL_TEXT 1024 /* bytes of a value; longer labels are truncated */

static void add_escaped(struct body *body, const char *clean)
{
	for (;;) {
		size_t n = strcspn(clean, "\\\"");

		body_add(body, clean, n);
		if (!clean[n])
			return;
		body_add(body, "\\", 1);
		body_add(body, clean + n, 1);
		clean += n + 1;
	}
}

/* `begin` is the key with its punctuation: ",name=\"". */
static void add_label(struct body *body, const char *begin, const char *raw)
{
	char clean[LABEL_TEXT];

	body_puts(body, begin);
	add_escaped(body, raw ? text_clean(raw, SIZE_MAX, clean, sizeof(clean)) : "");
	body_add(body, "\"", 1);
}

void metrics_labels(struct body *body, const struct hr_slot *slot)
{
	const struct hr_identity *id = &slot->id;

	add_label(body, "id=\"", hr_slot_text(slot, id->cgroup));
	add_label(body, ",name=\"", hr_slot_text(slot, id->name));
	add_label(body, ",namespace=\"", hr_slot_text(slot, id->namespace));
	add_label(body, ",pod=\"", hr_slot_text(slot, id->pod));
	add_label(body, ",container=\"", hr_slot_text(slot, id->container));
	add_label(body, ",image=\"", hr_slot_text(slot, id->image));
}

void metrics_header(struct body *body, const char *name, const char *help, bool counter,
		    bool openmetrics)
{
	size_t n = strcspn(name, "{");
	const char *suffix = counter && !openmetrics ? "_total" : "";

	body_printf(body, "# HELP %.*s%s %s\n# TYPE %.*s%s %s\n", (int)n, name, suffix, help,
		    (int)n, name, suffix, counter ? "counter" : "gauge");
}

static void plain(struct body *body, const char *name, bool counter, double value)
{
	body_printf(body, "%s%s ", name, counter ? "_total" : "");
	body_number(body, value);
	body_add(body, "\n", 1);
}

static void host_metrics(struct body *body, const struct snapshot *s, bool openmetrics)
{
	for (const struct host_metric *m = metric_host; m->name; m++) {
		double value = m->value(s);

		if (isnan(value))
			continue;
		metrics_header(body, m->name, m->help, m->counter, openmetrics);
		plain(body, m->name, m->counter, value);
	}
}

static void info_metric(struct body *body, const struct hr_host *host, bool openmetrics)
{
	metrics_header(body, "headroom_guard_info",
		       "Always 1; the labels name the node, its kernel and the daemon version.",
		       false, openmetrics);
	body_puts(body, "headroom_guard_info{");
	add_label(body, "node=\"", host->node);
	add_label(body, ",kernel=\"", host->kernel);
	add_label(body, ",version=\"", host->version);
	body_puts(body, "} 1\n");
}

static void action_metrics(struct body *body, const struct metrics_extra *extra, bool openmetrics)
{
	metrics_header(body, "headroom_actions", "Actions by policy, action and result.", true,
		       openmetrics);
	for (size_t i = 0; i < extra->actions; i++) {
		const struct action_count *a = &extra->action[i];
		char clean[256];

		body_puts(body, "headroom_actions_total{policy=\"");
		add_escaped(body, text_clean(a->policy, sizeof(a->policy), clean, sizeof(clean)));
		body_printf(body, "\",action=\"%s\",result=\"%s\"} ",
			    hr_action_kind_name(a->kind) ?: "unknown",
			    hr_action_status_name(a->status) ?: "unknown");
		body_number(body, (double)a->n);
		body_add(body, "\n", 1);
	}
}

/* Quality of the forecasts; the tables are in format/score_text.c. */
static void forecast_counters(struct body *body, const struct hr_score *score, bool openmetrics)
{
	for (const struct score_counter *c = score_counters; c->name; c++) {
		uint64_t n = *(const uint64_t *)((const char *)score + c->offset);

		if (c == score_counters || strcmp(c->name, c[-1].name))
			metrics_header(body, c->name, c->help, true, openmetrics);
		body_printf(body, "%s_total%s%s%s ", c->name, *c->labels ? "{" : "", c->labels,
			    *c->labels ? "}" : "");
		body_number(body, (double)n * c->scale);
		body_add(body, "\n", 1);
	}
}

static void forecast_histograms(struct body *body, const struct hr_score *score)
{
	for (const struct score_histogram *h = score_histograms; h->name; h++) {
		const uint64_t *bucket = (const uint64_t *)((const char *)score + h->buckets);
		uint64_t sum = *(const uint64_t *)((const char *)score + h->sum), all = 0;
		double bound = h->first;

		body_printf(body, "# HELP %s %s\n# TYPE %s histogram\n", h->name, h->help, h->name);
		for (unsigned int i = 0; i < h->n; i++, bound *= h->factor) {
			all += bucket[i];
			body_printf(body, "%s_bucket{le=\"", h->name);
			if (i + 1 < h->n)
				body_number(body, bound);
			else
				body_puts(body, "+Inf");
			body_printf(body, "\"} %llu\n", (unsigned long long)all);
		}
		body_printf(body, "%s_sum ", h->name);
		body_number(body, (double)sum * h->sum_scale);
		body_printf(body, "\n%s_count %llu\n", h->name, (unsigned long long)all);
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

static void sink_metrics(struct body *body, const struct exporter *e, bool openmetrics)
{
	for (size_t m = 0; e && m < ARRAY_SIZE(sink_metric); m++) {
		metrics_header(body, sink_metric[m].name, sink_metric[m].help,
			       sink_metric[m].counter, openmetrics);
		for (size_t i = 0; i < e->n; i++) {
			const uint64_t *at = (const void *)((const char *)&e->sink[i].counts +
							    sink_metric[m].offset);

			body_printf(body, "%s%s{sink=\"%s\"} %llu\n", sink_metric[m].name,
				    sink_metric[m].counter ? "_total" : "", e->sink[i].type->name,
				    (unsigned long long)__atomic_load_n(at, __ATOMIC_RELAXED));
		}
	}
}

void metrics_write(struct body *body, const struct snapshot *head, size_t left_out,
		   const struct metrics_config *config, const struct metrics_extra *extra)
{
	host_metrics(body, head, config->openmetrics);
	info_metric(body, &head->host, config->openmetrics);
	forecast_counters(body, &head->host.score, config->openmetrics);
	forecast_histograms(body, &head->host.score);
	metrics_header(body, "headroom_export_containers_left_out",
		       "Containers left out because of max_containers.", false,
		       config->openmetrics);
	plain(body, "headroom_export_containers_left_out", false, (double)left_out);
	action_metrics(body, extra, config->openmetrics);
	sink_metrics(body, extra->exporter, config->openmetrics);
	if (config->openmetrics)
		body_puts(body, "# EOF\n");
}
