/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The OOM kills and near misses of all nodes that a Prometheus scrapes, from the counters and alarms of containers. Pure: responses of
 * the query API go in, a document comes out. fleet_report_main.c sends the queries.
 *
 *	for (i = 0; fleet_report_query(report, i, text); i++)
 *		fleet_report_add(report, i, the response to GET /api/v1/query, …);
 *	for (i = 0; fleet_report_series(report, i, text); i++)
 *		fleet_report_add_series(report, i, the response to GET /api/v1/query_range, with fleet_report_range(), …);
 *	document = fleet_report_finish(report);
 *
 * Each series is thinned by the server to its value at each step, so that a report of any time takes bounded memory: times are as exact as
 * a step. An OOM kill is a rise of a workload's counter, which continues when its container restarts under another id. A near miss is an
 * alarm (warn or act) that ended without a kill, and its container still ran.
 */
#ifndef HEADROOM_EXPORT_FLEET_REPORT_H
#define HEADROOM_EXPORT_FLEET_REPORT_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "prometheus_client.h"

#define FLEET_REPORT_CONTAINERS \
	1000 /* maximum for kills, and for near misses; those with the most of them, and the worst */
#define FLEET_REPORT_SCHEMA "headroom.fleet_report/2"

struct fleet_report;

struct fleet_report *fleet_report_new(uint64_t since_s, uint64_t until_s); /* NULL: no memory */
void fleet_report_free(struct fleet_report *report);                       /* takes NULL */

/* PromQL; NULL past the end. The caller frees it. */
char *fleet_report_query(const struct fleet_report *report, size_t i);
char *fleet_report_series(const struct fleet_report *report, size_t i);
/* The parameters of a range: "&start=…&end=…&step=…". */
void fleet_report_range(const struct fleet_report *report, char parameters[96]);
/* As prometheus_client_add_response(). */
int fleet_report_add(struct fleet_report *report, size_t i, const char *json, size_t n,
		     char error[PROMETHEUS_CLIENT_ERROR]);
int fleet_report_add_series(struct fleet_report *report, size_t i, const char *json, size_t n,
			    char error[PROMETHEUS_CLIENT_ERROR]);
/* docs/reference/json-documents.md; a new reference, NULL: no memory. */
json_t *fleet_report_finish(struct fleet_report *report);
/* The document as a table. */
void fleet_report_print(FILE *out, const json_t *document);

#endif
