// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The queries to a Prometheus and their responses. One table has the expressions and the fields that their values go to.
 * Collects the samples; prometheus_client_board.c writes them to the board together, so that no reader sees a partial update.
 */
#include "prometheus_client_internal.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "board/board.h"
#include "base/cleanup.h"
#include "prometheus_response.h"

#define SPACE_FIRST 256u

/* ---- queries ---- */

uint64_t prometheus_client_whole(double value)
{
	return value >= 0 && value < 1.8e19 ? (uint64_t)value : HR_UNKNOWN;
}
static int64_t rate(double value) { return fabs(value) < 9e18 ? (int64_t)value : HR_UNKNOWN_I64; }
static uint16_t centi(double value)
{
	return value >= 0 && value <= 100 ? (uint16_t)lround(value * 100) : UINT16_MAX;
}
static uint8_t small(double value, int most)
{
	return value >= 0 && value <= most ? (uint8_t)value : 0;
}

/* A measured field, from its cell METRIC (fields.def). */
#define PUT_OF(name_, member, ...)   __VA_OPT__(PUT(name_, member = prometheus_client_whole(value)))
#define QUERY_OF(name_, suffix, ...) __VA_OPT__({C __VA_ARGS__ suffix, put_##name_, NULL}, )
#define SUFFIX_GAUGE                 ""
#define SUFFIX_COUNTER               "_total"

#define PUT(name_, assignment) \
	static void put_##name_(struct hr_slot *slot, double value) { slot->assignment; }
#define HR_MEMORY(name, unit, kind, meaning, bpf, v2, v1, key, metric, ...) \
	HR_APPLY(PUT_OF, name, memory.name, metric)
#define HR_COUNTER(name, unit, kind, meaning, bpf, v2, v1, key, metric, ...) \
	HR_APPLY(PUT_OF, name, counts.name, metric)
#include <headroom/fields.def>
PUT(p10, forecast.oom_in_p10_ms = prometheus_client_whole(value * 1e3))
PUT(p50, forecast.oom_in_p50_ms = prometheus_client_whole(value * 1e3))
PUT(p90, forecast.oom_in_p90_ms = prometheus_client_whole(value * 1e3))
PUT(risk, forecast.risk_centi = centi(value))
PUT(alarm, forecast.alarm = small(value, HR_ALARM_ACT))
PUT(drift, forecast.drift_bytes_per_second = rate(value))
PUT(leak, forecast.leak = small(value, HR_LEAK_EXHAUSTING))
PUT(leak_rate, forecast.leak_bytes_per_hour = rate(value))
PUT(oom_kills, oom_kills_total = prometheus_client_whole(value))
PUT(restarts, restarts = prometheus_client_whole(value))
PUT(stall, stalls.total_ns = prometheus_client_whole(value * 1e9))
PUT(some, pressure.some_avg10_centi = (uint32_t)lround(fmin(fmax(value, 0), 1) * 1e4))

#define SUM(name_, field_)                                                       \
	static void sum_##name_(struct hr_host *host, double value)              \
	{                                                                        \
		host->field_ = (host->field_ == HR_UNKNOWN ? 0 : host->field_) + \
			       prometheus_client_whole(value);                   \
	}
SUM(total, mem_total)
SUM(available, mem_available)
SUM(swap_total, swap_total)
SUM(swap_free, swap_free)
SUM(host_headroom, headroom)
SUM(host_kills, oom_kills)
SUM(lost, events_lost)
static void max_risk(struct hr_host *host, double value)
{
	if (host->forecast.risk_centi == UINT16_MAX || centi(value) > host->forecast.risk_centi)
		host->forecast.risk_centi = centi(value);
}

#define C "headroom_container_"
#define H "headroom_host_"
enum { QUERY_UP, QUERY_INFO, QUERY_LOST, QUERY_COUNT };
static const struct {
	const char *expression;
	void (*put)(struct hr_slot *slot, double value); /* for a container, or */
	void (*sum)(struct hr_host *host, double value); /* for a node; neither: lists the nodes */
} queries[] = {
	[QUERY_UP] = {"headroom_guard_up", NULL, NULL},
	[QUERY_INFO] = {"headroom_guard_info", NULL, NULL},
	[QUERY_LOST] = {"last_over_time(headroom_guard_up[1h]) unless headroom_guard_up", NULL,
			NULL},
	[QUERY_COUNT] = {"count(" C "memory_usage_bytes)", NULL, NULL},
	{H "memory_total_bytes", NULL, sum_total},
	{H "memory_available_bytes", NULL, sum_available},
	{H "swap_total_bytes", NULL, sum_swap_total},
	{H "swap_free_bytes", NULL, sum_swap_free},
	{H "headroom_bytes", NULL, sum_host_headroom},
	{H "oom_kills_total", NULL, sum_host_kills},
	{"headroom_guard_events_lost_total", NULL, sum_lost},
	{H "risk", NULL, max_risk},
#define HR_MEMORY(name, unit, kind, meaning, bpf, v2, v1, key, metric, ...) \
	HR_APPLY(QUERY_OF, name, SUFFIX_##kind, metric)
#define HR_COUNTER HR_MEMORY
#include <headroom/fields.def>
	{C "oom_in_seconds{quantile=\"0.1\"}", put_p10, NULL},
	{C "oom_in_seconds{quantile=\"0.5\"}", put_p50, NULL},
	{C "oom_in_seconds{quantile=\"0.9\"}", put_p90, NULL},
	{C "risk", put_risk, NULL},
	{C "alarm", put_alarm, NULL},
	{C "memory_drift_bytes_per_second", put_drift, NULL},
	{C "leak", put_leak, NULL},
	{C "leak_bytes_per_hour", put_leak_rate, NULL},
	{C "oom_kills_total", put_oom_kills, NULL},
	{C "restarts_total", put_restarts, NULL},
	{C "reclaim_stall_seconds_total", put_stall, NULL},
	{"rate(" C "pressure_waiting_seconds_total[1m])", put_some, NULL},
};
#undef H

_Static_assert(ARRAY_SIZE(queries) <= PROMETHEUS_CLIENT_QUERIES, "room for each response");

void prometheus_client_put(struct hr_slot *slot, const struct row *row)
{
	for (size_t i = 0; i < ARRAY_SIZE(queries); i++)
		if (queries[i].put && !isnan(row->value[i]))
			queries[i].put(slot, row->value[i]);
}

const char *prometheus_client_query(const struct prometheus_client *client, size_t i,
				    char text[PROMETHEUS_CLIENT_QUERY])
{
	char most[96] = "";

	if (i >= ARRAY_SIZE(queries))
		return NULL;
	if (!queries[i].put)
		return queries[i].expression;
	if (client->total > client->most)
		snprintf(most, sizeof(most), " and on (instance, id) topk(%zu, " C "risk)",
			 client->most);
	/* Every label costs the server and the network: those of a container are read once, with its usage. */
	snprintf(text, PROMETHEUS_CLIENT_QUERY,
		 queries[i].put == put_usage ? "%s%s" : "max by (instance, id) (%s%s)",
		 queries[i].expression, most);
	return text;
}

bool prometheus_client_first(size_t i)
{
	static void (*const first[])(struct hr_slot * slot, double value) = {
		put_usage, put_limit, put_unreclaimable, put_headroom,
		put_risk,  put_p50,   put_alarm,         put_oom_kills,
	};

	for (size_t n = 0; n < ARRAY_SIZE(first); n++)
		if (queries[i].put == first[n])
			return true;
	return !queries[i].put;
}

/* ---- responses ---- */

static const char *const text_labels[TEXTS] = {"id",  "name",      "namespace",
					       "pod", "container", "image"};

struct prometheus_client *prometheus_client_new(size_t most)
{
	struct prometheus_client *client = calloc(1, sizeof(*client));

	if (client)
		client->most = most;
	return client;
}

static void forget(struct prometheus_client *client)
{
	for (size_t i = 0; i < client->nodes; i++)
		free(client->node[i].instance);
	for (size_t i = 0; i < client->rows; i++)
		free(client->row[i].text[0]);
	client->nodes = client->rows = client->total = client->lost = 0;
	client->partial = false;
	if (client->table)
		memset(client->table, 0, client->table_space * sizeof(*client->table));
}

void prometheus_client_free(struct prometheus_client *client)
{
	if (!client)
		return;
	forget(client);
	free(client->node);
	free(client->row);
	free(client->table);
	free(client->held);
	free(client);
}

void prometheus_client_begin(struct prometheus_client *client)
{
	struct hr_host *host = &client->host;

	forget(client);
	memset(host, 0, sizeof(*host));
	host->mem_total = host->mem_available = host->swap_total = host->swap_free =
		host->headroom = HR_UNKNOWN;
	host->oom_kills = host->oom_killed_processes = HR_UNKNOWN;
	memset(&host->pressure, 0xff, sizeof(host->pressure));
	host->forecast = board_forecast_unknown();
}

static uint64_t hash(uint64_t h, const char *text) /* FNV-1a, the NUL included */
{
	do
		h = (h ^ (unsigned char)*text) * 0x100000001b3ULL;
	while (*text++);
	return h;
}

static int find_node(struct prometheus_client *client, const char *instance, size_t *ret_node)
{
	struct node *node = client->node;
	size_t n =
		strcspn(instance,
			"/"); /* without the port, until headroom_guard_info has the node's name */
	const char *colon = memrchr(instance, ':', n);

	for (size_t i = 0; i < client->nodes; i++)
		if (!strcmp(node[i].instance, instance)) {
			*ret_node = i;
			return 0;
		}
	if (client->nodes == client->nodes_space) {
		size_t space = client->nodes_space ? 2 * client->nodes_space : 16;

		node = reallocarray(node, space, sizeof(*node));
		if (!node)
			return -ENOMEM;
		client->node = node;
		client->nodes_space = space;
	}
	node = &client->node[client->nodes];
	*node = (struct node){.instance = strdup(instance), .up = true, .mem_total = NAN};
	if (!node->instance)
		return -ENOMEM;
	snprintf(node->name, sizeof(node->name), "%.*s", colon ? (int)(colon - instance) : (int)n,
		 instance);
	*ret_node = client->nodes++;
	return 0;
}

static int grow_rows(struct prometheus_client *client)
{
	size_t space = client->rows_space ? 2 * client->rows_space : SPACE_FIRST;
	struct row *row = reallocarray(client->row, space, sizeof(*row));
	uint32_t *table = calloc(4 * space, sizeof(*table));

	if (row)
		client->row = row;
	if (!row || !table) {
		free(table);
		return -ENOMEM;
	}
	free(client->table);
	client->table = table;
	client->table_space = 4 * space;
	client->rows_space = space;
	for (size_t i = 0; i < client->rows; i++) {
		size_t at = row[i].key & (client->table_space - 1);

		while (table[at])
			at = (at + 1) & (client->table_space - 1);
		table[at] = (uint32_t)i + 1;
	}
	return 0;
}

static int set_texts(struct row *row, const json_t *metric)
{
	size_t n = 0, at = 0;
	char *all;

	for (int i = 0; i < TEXTS; i++)
		n += strlen(prometheus_label(metric, text_labels[i])) + 1;
	all = malloc(n);
	if (!all)
		return -ENOMEM;
	for (int i = 0; i < TEXTS; i++) {
		row->text[i] = strcpy(all + at, prometheus_label(metric, text_labels[i]));
		at += strlen(all + at) + 1;
	}
	return 0;
}

/* The row of a container; of one that has no usage, such as one that has ended, NULL. */
static int find_row(struct prometheus_client *client, const json_t *metric, size_t node, bool add,
		    struct row **ret_row)
{
	uint64_t key = hash(hash(0xcbf29ce484222325ULL, client->node[node].instance),
			    prometheus_label(metric, "id")) |
		       1;
	struct row *row;
	size_t at;
	int err = client->rows == client->rows_space ? grow_rows(client) : 0;

	*ret_row = NULL;
	if (err)
		return err;
	for (at = key & (client->table_space - 1); client->table[at];
	     at = (at + 1) & (client->table_space - 1)) {
		row = &client->row[client->table[at] - 1];
		if (row->key == key) {
			*ret_row = row;
			return 0;
		}
	}
	if (!add || client->rows == client->most)
		return 0;
	row = &client->row[client->rows];
	row->key = key;
	row->node = node;
	for (size_t i = 0; i < PROMETHEUS_CLIENT_QUERIES; i++)
		row->value[i] = NAN;
	err = set_texts(row, metric);
	if (err)
		return err;
	client->table[at] = (uint32_t)++client->rows;
	*ret_row = row;
	return 0;
}

static int take_sample(struct prometheus_client *client, size_t query, const json_t *metric,
		       double value)
{
	struct node *node;
	struct row *row;
	size_t n = 0;
	int err;

	if (query == QUERY_COUNT)
		client->total = prometheus_client_whole(value);
	client->lost += query == QUERY_LOST;
	if (query == QUERY_COUNT || query == QUERY_LOST)
		return 0;
	err = find_node(client, prometheus_label(metric, "instance"), &n);
	if (err)
		return err;
	node = &client->node[n];
	if (query == QUERY_UP)
		node->up = value > 0;
	if (query == QUERY_INFO && *prometheus_label(metric, "node"))
		snprintf(node->name, sizeof(node->name), "%s", prometheus_label(metric, "node"));
	if (queries[query].sum == sum_total)
		node->mem_total = value;
	if (queries[query].sum)
		queries[query].sum(&client->host, value);
	if (!queries[query].put)
		return 0;
	err = find_row(client, metric, n, queries[query].put == put_usage, &row);
	if (!err && row)
		row->value[query] = value;
	return err;
}

static int take_results(struct prometheus_client *client, size_t query, const json_t *results)
{
	double time, value;
	int err = 0;

	for (size_t i = 0; !err && i < json_array_size(results); i++) {
		const json_t *sample = json_array_get(results, i);

		if (prometheus_point(json_object_get(sample, "value"), &time, &value))
			err = take_sample(client, query, json_object_get(sample, "metric"), value);
	}
	return err;
}

int prometheus_client_add_response(struct prometheus_client *client, size_t query, const char *json,
				   size_t n, char error[PROMETHEUS_CLIENT_ERROR])
{
	struct prometheus_response response;
	int err = prometheus_response_read(&response, json, n, error);

	client->partial |= response.partial;
	if (!err && query == QUERY_UP && !json_array_size(response.results)) {
		snprintf(error, PROMETHEUS_CLIENT_ERROR,
			 "has no metric headroom_guard_up: configure it to scrape `headroom "
			 "export` on the nodes "
			 "(docs/how-to/exporting.md)");
		err = -ENODATA;
	}
	if (!err)
		err = take_results(client, query, response.results);
	json_decref(response.json);
	return err;
}
