// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* From counters and alarms to OOM kills and near misses by workload. */
#include "fleet_report_internal.h"

#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "json/json.h"

/* ---- judging ---- */

/* What the workload's counter stood at, under other ids, when this series began. */
static double count_before(const struct fleet_report *r, const struct fleet_series *of)
{
	uint64_t time_s = of->change[0].time_s;
	double most = NAN;

	for (size_t i = 0; i < r->n; i++) {
		const struct fleet_series *s = &r->series[i];

		if (s->workload != of->workload || !s->changes || s->change[0].time_s >= time_s)
			continue;
		for (size_t c = 0; c < s->changes && s->change[c].time_s <= time_s; c++)
			most = fmax(most, s->change[c].value); /* of NAN and a number, the number */
	}
	return most;
}

/* Kills by the first value of a series: those since the workload's last id; of one that began while its node was scraped, all. */
static double kills_at_begin(const struct fleet_report *r, const struct fleet_series *s)
{
	double before = count_before(r, s), value = s->change[0].value;
	double began = json_number_value(
		json_object_get(r->began, prometheus_label(s->metric, "instance")));

	if (!isnan(before))
		return fmax(value - before, 0);
	return began > 0 && (double)s->change[0].time_s > began + 2 * (double)r->step_s ? value : 0;
}

static json_t *time_json(uint64_t time_s)
{
	char text[CLOCK_TEXT];

	clock_format_rfc3339(time_s * NS_PER_SEC, text);
	return json_string(text);
}

/* For how long an alarm stood before the kill, or null; it is no near miss then. */
static json_t *warning_before(const struct fleet_report *r, size_t workload, uint64_t time_s)
{
	uint64_t begin_s = UINT64_MAX;

	for (size_t i = 0; i < r->n; i++)
		for (size_t k = 0; r->series[i].workload == workload && k < r->series[i].runs;
		     k++) {
			struct fleet_run *run = &r->series[i].run[k];

			if (run->begin_s > time_s || time_s > run->end_s + 2 * r->step_s)
				continue;
			run->killed = true;
			begin_s = run->begin_s < begin_s ? run->begin_s : begin_s;
		}
	return begin_s == UINT64_MAX ? json_null() : json_integer((json_int_t)(time_s - begin_s));
}

static int add_kill(const struct fleet_report *r, const struct fleet_series *s, json_t *incidents,
		    uint64_t time_s, double kills)
{
	if (!(kills >= 1))
		return 0;
	return json_array_append_new(
		incidents, json_pack("{ss so sI so}", "kind", "oom_kill", "time", time_json(time_s),
				     "oom_kills", (json_int_t)kills, "warned_seconds_before",
				     warning_before(r, s->workload, time_s)));
}

static int add_kills(const struct fleet_report *r, const struct fleet_series *s, json_t *incidents)
{
	int err = s->changes ? add_kill(r, s, incidents, s->change[0].time_s, kills_at_begin(r, s))
			     : 0;

	for (size_t i = 1; !err && i < s->changes; i++) {
		double value = s->change[i].value, rise = value - s->change[i - 1].value;

		/* A daemon that lost its board counts from 0. */
		err = add_kill(r, s, incidents, s->change[i].time_s, rise > 0 ? rise : value);
	}
	return err;
}

static int add_near_misses(const struct fleet_series *s, json_t *incidents)
{
	int err = 0;

	for (size_t i = 0; !err && i < s->runs; i++)
		if (s->run[i].survived && !s->run[i].killed)
			err = json_array_append_new(
				incidents,
				json_pack("{ss so sI}", "kind", "near_miss", "time",
					  time_json(s->run[i].begin_s), "alarm_seconds",
					  (json_int_t)(s->run[i].end_s - s->run[i].begin_s)));
	return err;
}

/* ---- the document ---- */

/* Newest first. */
static int compare_incidents(const void *a, const void *b)
{
	return strcmp(prometheus_label(*(json_t *const *)b, "time"),
		      prometheus_label(*(json_t *const *)a, "time"));
}

static json_int_t number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

/* Most OOM kills first, then most near misses. */
static int compare_workloads(const void *a, const void *b)
{
	static const char *const counts[] = {"oom_kills", "near_misses"}, *const names[] = {
										  "node",
										  "workload"};
	const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
	int order = 0;

	for (size_t i = 0; !order && i < ARRAY_SIZE(counts); i++)
		order = (number(x, counts[i]) < number(y, counts[i])) -
			(number(x, counts[i]) > number(y, counts[i]));
	for (size_t i = 0; !order && i < ARRAY_SIZE(names); i++)
		order = strcmp(prometheus_label(x, names[i]), prometheus_label(y, names[i]));
	return order;
}

/* In place. */
static int sort(json_t *array, int (*compare)(const void *a, const void *b))
{
	size_t n = json_array_size(array);
	_cleanup_free_ json_t **all = calloc(n + 1, sizeof(*all));
	int err = all ? 0 : -1;

	for (size_t i = 0; !err && i < n; i++)
		all[i] = json_incref(json_array_get(array, i));
	if (!err)
		qsort(all, n, sizeof(*all), compare);
	for (size_t i = 0; !err && i < n; i++)
		json_array_set_new(array, i, all[i]); /* exists: cannot fail */
	return err;
}

static json_t *text_or_null(const json_t *metric, const char *key)
{
	const char *text = prometheus_label(metric, key);

	return *text ? json_clean(text, SIZE_MAX) : json_null();
}

static int describe(const struct fleet_report *r, const json_t *metric, json_t *workload)
{
	static const char *const labels[] = {"namespace", "pod", "container", "name"};
	const char *instance = prometheus_label(metric, "instance");
	const char *node = json_string_value(json_object_get(r->node, instance)) ?: instance;
	char name[FLEET_NAME];
	int err;

	fleet_name(metric, name);
	err = json_object_set_new(workload, "node", json_clean(node, SIZE_MAX)) |
	      json_object_set_new(workload, "workload", json_string(name));
	for (size_t i = 0; i < ARRAY_SIZE(labels); i++)
		err |= json_object_set_new(workload, labels[i], text_or_null(metric, labels[i]));
	return err;
}

static int count(json_t *workload, const json_t *incidents)
{
	json_int_t kills = 0, near_misses = 0;

	for (size_t i = 0; i < json_array_size(incidents); i++) {
		const json_t *incident = json_array_get(incidents, i);

		kills += number(incident, "oom_kills");
		near_misses += !strcmp(prometheus_label(incident, "kind"), "near_miss");
	}
	return json_object_set_new(workload, "oom_kills", json_integer(kills)) |
	       json_object_set_new(workload, "near_misses", json_integer(near_misses));
}

/* The incidents of the workload with this first series. */
static int add_workload(const struct fleet_report *r, size_t first, json_t *workloads)
{
	json_t *workload = json_object(), *incidents = json_array();
	int err = workload && incidents ? 0 : -1;

	for (size_t i = first; !err && i < r->n; i++)
		if (r->series[i].workload == first)
			err = add_kills(r, &r->series[i], incidents);
	for (size_t i = first; !err && i < r->n; i++) /* once the kills have taken their alarms */
		if (r->series[i].workload == first)
			err = add_near_misses(&r->series[i], incidents);
	if (!err && json_array_size(incidents))
		err = describe(r, r->series[first].metric, workload) | count(workload, incidents) |
		      sort(incidents, compare_incidents) |
		      json_object_set(workload, "incidents", incidents) |
		      json_array_append(workloads, workload);
	json_decref(workload);
	json_decref(incidents);
	return err;
}

json_t *fleet_report_finish(struct fleet_report *r)
{
	json_t *workloads = json_array();
	int err = workloads ? 0 : -1;

	for (size_t i = 0; !err && i < r->n; i++)
		if (r->series[i].workload == i)
			err = add_workload(r, i, workloads);
	if (err || sort(workloads, compare_workloads)) {
		json_decref(workloads);
		return NULL;
	}
	return json_pack("{ss so so sI sI sb sb so}", "schema", FLEET_REPORT_SCHEMA, "since",
			 time_json(r->since_s), "until", time_json(r->until_s),
			 "resolution_seconds", (json_int_t)r->step_s, "nodes",
			 (json_int_t)json_object_size(r->node), "incomplete", r->partial,
			 "left_out", r->left_out, "workloads", workloads);
}
