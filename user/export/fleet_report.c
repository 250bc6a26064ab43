// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Queries and their responses; what they mean is in fleet_report_finish.c. */
#include "fleet_report_internal.h"

#include <errno.h>
#include <string.h>
#include <headroom/board.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/utf8_clean.h"

#define POINTS_MOST 10900u /* Prometheus answers with at most 11,000 points of a series */
#define STEP_UNIT_S 15u
#define BEGAN_STEP  "10m"

static const char *const metrics[FLEET_METRICS] = {"headroom_container_oom_kills_total",
						   "headroom_container_alarm"};

struct fleet_report *fleet_report_new(uint64_t since_s, uint64_t until_s)
{
	struct fleet_report *r = calloc(1, sizeof(*r));
	uint64_t span = until_s > since_s ? until_s - since_s : 1;
	const uint64_t unit = POINTS_MOST * STEP_UNIT_S;

	if (!r)
		return NULL;
	r->step_s = (span + unit - 1) / unit * STEP_UNIT_S;
	r->since_s = since_s / r->step_s *
		     r->step_s; /* VictoriaMetrics looks at multiples of a step only */
	r->until_s = r->since_s + span / r->step_s * r->step_s;
	r->node = json_object();
	r->began = json_object();
	r->by_id = json_object();
	r->by_workload = json_object();
	if (r->node && r->began && r->by_id && r->by_workload)
		return r;
	fleet_report_free(r);
	return NULL;
}

void fleet_report_free(struct fleet_report *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->n; i++) {
		json_decref(r->series[i].metric);
		free(r->series[i].change);
		free(r->series[i].run);
	}
	free(r->series);
	json_decref(r->node);
	json_decref(r->began);
	json_decref(r->by_id);
	json_decref(r->by_workload);
	free(r);
}

/* ---- queries ---- */

enum { QUERY_NODES, QUERY_BEGAN, QUERY_KILLS, QUERY_ALARMS };

#define TOPK "topk(1000, "
_Static_assert(FLEET_REPORT_CONTAINERS == 1000, "as in TOPK");
_Static_assert(HR_ALARM_WARN == 2, "as in QUERY_ALARMS");

char *fleet_report_query(const struct fleet_report *r, size_t i)
{
	static const struct {
		const char *before, *after; /* the span in seconds */
	} parts[] = {
		[QUERY_NODES] = {"last_over_time(headroom_guard_info[", "s])"},
		[QUERY_BEGAN] = {"min_over_time(timestamp(headroom_guard_up)[",
				 "s:" BEGAN_STEP "])"},
		[QUERY_KILLS] = {TOPK "max_over_time(headroom_container_oom_kills_total[",
				 "s]) > 0)"},
		[QUERY_ALARMS] = {TOPK "max_over_time(headroom_container_alarm[", "s]) >= 2)"},
	};
	char *text;

	if (i >= ARRAY_SIZE(parts) ||
	    asprintf(&text, "%s%llu%s", parts[i].before,
		     (unsigned long long)(r->until_s - r->since_s), parts[i].after) < 0)
		return NULL;
	return text;
}

/* A string of PromQL. */
static char *quoted(const char *text)
{
	json_t *string = json_string(text);
	char *quoted = string ? json_dumps(string, JSON_ENCODE_ANY) : NULL;

	json_decref(string);
	return quoted;
}

char *fleet_report_series(const struct fleet_report *r, size_t i)
{
	const struct fleet_series *series = &r->series[i / FLEET_METRICS];
	_cleanup_free_ char *instance = NULL, *id = NULL;
	char *text;

	if (i / FLEET_METRICS >= r->n)
		return NULL;
	instance = quoted(prometheus_label(series->metric, "instance"));
	id = quoted(prometheus_label(series->metric, "id"));
	if (!instance || !id ||
	    asprintf(&text, "max(%s{instance=%s,id=%s})", metrics[i % FLEET_METRICS], instance,
		     id) < 0)
		return NULL;
	return text;
}

void fleet_report_range(const struct fleet_report *r, char parameters[96])
{
	snprintf(parameters, 96, "&start=%llu&end=%llu&step=%llu", (unsigned long long)r->since_s,
		 (unsigned long long)r->until_s, (unsigned long long)r->step_s);
}

/* ---- responses ---- */

/* The parts of its name: of a container in a pod where it is, else its own, else its cgroup's. */
static const char *name_part(const json_t *metric, size_t i)
{
	static const char *const in_pod[] = {"namespace", "pod", "container"};

	if (*prometheus_label(metric, "pod"))
		return i < ARRAY_SIZE(in_pod) ? prometheus_label(metric, in_pod[i]) : NULL;
	return i ? NULL
		 : prometheus_label(metric, *prometheus_label(metric, "name") ? "name" : "id");
}

void fleet_name(const json_t *metric, char name[FLEET_NAME])
{
	struct line line = {name, FLEET_NAME, 0};
	char clean[FLEET_NAME / 3];
	const char *part;

	name[0] = 0;
	for (size_t i = 0; (part = name_part(metric, i)); i++)
		if (*part)
			line_add(&line, "%s%s", line.used ? "/" : "",
				 text_clean(part, SIZE_MAX, clean, sizeof(clean)));
}

/* The value of "INSTANCE\nREST" in the object, after adding this one if there is none; -1: no memory. */
static json_int_t number_of(json_t *object, const char *instance, const char *rest, size_t value)
{
	_cleanup_free_ char *key = NULL;
	const json_t *known;

	if (asprintf(&key, "%s\n%s", instance, rest) < 0) {
		key = NULL;
		return -1;
	}
	known = json_object_get(object, key);
	if (known)
		return json_integer_value(known);
	return json_object_set_new(object, key, json_integer((json_int_t)value))
		       ? -1
		       : (json_int_t)value;
}

/* A container that was killed or in danger; once for both queries. */
static int add_container(struct fleet_report *r, json_t *metric)
{
	const char *instance = prometheus_label(metric, "instance");
	json_int_t index = number_of(r->by_id, instance, prometheus_label(metric, "id"), r->n),
		   workload;
	char name[FLEET_NAME];

	if (index >= 0 && (size_t)index < r->n)
		return 0;
	fleet_name(metric, name);
	workload = number_of(r->by_workload, instance, name, r->n);
	if (index < 0 || workload < 0)
		return -ENOMEM;
	if (r->n == r->space) {
		size_t space = r->space ? 2 * r->space : 64;
		struct fleet_series *series = reallocarray(r->series, space, sizeof(*series));

		if (!series)
			return -ENOMEM;
		r->series = series;
		r->space = space;
	}
	r->series[r->n++] =
		(struct fleet_series){.metric = json_incref(metric), .workload = (size_t)workload};
	return 0;
}

static int add_sample(struct fleet_report *r, size_t query, json_t *metric, double value)
{
	const char *instance = prometheus_label(metric, "instance");

	if (query == QUERY_NODES)
		return json_object_set(r->node, instance, json_object_get(metric, "node")) ? -ENOMEM
											   : 0;
	if (query == QUERY_BEGAN)
		return json_object_set_new(r->began, instance, json_real(value)) ? -ENOMEM : 0;
	return json_is_object(metric) ? add_container(r, metric) : 0;
}

int fleet_report_add(struct fleet_report *r, size_t i, const char *json, size_t n,
		     char error[PROMETHEUS_CLIENT_ERROR])
{
	struct prometheus_response response;
	double time, value;
	int err = prometheus_response_read(&response, json, n, error);
	size_t results = json_array_size(response.results);

	r->partial |= response.partial;
	if (!err && i == QUERY_NODES && !results) {
		snprintf(error, PROMETHEUS_CLIENT_ERROR,
			 "has no metric headroom_guard_info of that time: configure it to scrape "
			 "`headroom export` on the nodes (docs/how-to/exporting.md)");
		err = -ENODATA;
	}
	for (size_t k = 0; !err && k < results; k++) {
		const json_t *sample = json_array_get(response.results, k);

		if (prometheus_point(json_object_get(sample, "value"), &time, &value) && time > 0)
			err = add_sample(r, i, json_object_get(sample, "metric"), value);
	}
	r->left_out |= i >= QUERY_KILLS && results >= FLEET_REPORT_CONTAINERS;
	json_decref(response.json);
	return err;
}

/* ---- series ---- */

static int add_change(struct fleet_series *s, uint64_t time_s, double value)
{
	struct fleet_change *change;

	if (s->changes && s->change[s->changes - 1].value == value)
		return 0;
	change = reallocarray(s->change, s->changes + 1, sizeof(*change));
	if (!change)
		return -ENOMEM;
	s->change = change;
	s->change[s->changes++] = (struct fleet_change){time_s, value};
	return 0;
}

/* A run of points at warn or act; a gap of one step does not end it. */
static int add_alarm(struct fleet_series *s, uint64_t time_s, double value, uint64_t step_s)
{
	struct fleet_run *last = s->runs ? &s->run[s->runs - 1] : NULL, *run;
	bool same = last && time_s - last->end_s <= 2 * step_s;

	if (value < HR_ALARM_WARN) {
		if (last && !same)
			last->survived = true;
		return 0;
	}
	if (same) {
		last->end_s = time_s;
		return 0;
	}
	if (last)
		last->survived = true;
	run = reallocarray(s->run, s->runs + 1, sizeof(*run));
	if (!run)
		return -ENOMEM;
	s->run = run;
	s->run[s->runs++] = (struct fleet_run){.begin_s = time_s, .end_s = time_s};
	return 0;
}

int fleet_report_add_series(struct fleet_report *r, size_t i, const char *json, size_t n,
			    char error[PROMETHEUS_CLIENT_ERROR])
{
	struct fleet_series *series = &r->series[i / FLEET_METRICS];
	struct prometheus_response response;
	const json_t *points;
	double time, value;
	int err = prometheus_response_read(&response, json, n, error);

	r->partial |= response.partial;
	points = json_object_get(json_array_get(response.results, 0), "values");
	for (size_t k = 0; !err && k < json_array_size(points); k++) {
		if (!prometheus_point(json_array_get(points, k), &time, &value) || time <= 0)
			continue;
		err = i % FLEET_METRICS ? add_alarm(series, (uint64_t)time, value, r->step_s)
					: add_change(series, (uint64_t)time, value);
	}
	json_decref(response.json);
	return err;
}
