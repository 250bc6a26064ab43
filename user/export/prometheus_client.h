/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Builds one board, which every reader understands, from the metrics of all headroom exporters that a Prometheus scrapes.
 * Pure: responses of the query API go in as text, the result is on a board. prometheus_client_main.c sends the queries.
 *
 *	prometheus_client_begin(client);
 *	for (i = 0; (query = prometheus_client_query(client, i, text)); i++)
 *		prometheus_client_add_response(client, i, the response to GET /api/v1/query?query=QUERY, …);
 *	prometheus_client_show(client, board, now);
 *
 * A container is identified by its node (the label `instance`) and its cgroup path; its slot and its cgroup_id, a hash of the
 * two, persist between updates. The node's name is one of the slot's labels (HR_LABEL_NODE).
 */
#ifndef HEADROOM_EXPORT_PROMETHEUS_CLIENT_H
#define HEADROOM_EXPORT_PROMETHEUS_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROMETHEUS_CLIENT_ERROR      256
#define PROMETHEUS_CLIENT_QUERY      256
#define PROMETHEUS_CLIENT_INTERVAL_S 5 /* between two updates */

struct board;
struct prometheus_client;

/* Of more than `most` containers, the server selects those with the highest risk. NULL: no memory. */
struct prometheus_client *prometheus_client_new(size_t most);
void prometheus_client_free(struct prometheus_client *client); /* takes NULL */

/* PromQL, in `text` or constant; NULL past the end. In order: responses before decide what is asked. Only the first shows whether
 * any exporter is scraped. */
const char *prometheus_client_query(const struct prometheus_client *client, size_t i,
				    char text[PROMETHEUS_CLIENT_QUERY]);
/* Whether a first screen needs it; among these are all on which others depend. */
bool prometheus_client_first(size_t i);
void prometheus_client_begin(struct prometheus_client *client);
/* 0; with a line in error: -EPROTO: not a response of the query API; -EREMOTEIO: the response is an error; -ENODATA: the
 * first query has no results. Else -ENOMEM. */
int prometheus_client_add_response(struct prometheus_client *client, size_t query, const char *json,
				   size_t n, char error[PROMETHEUS_CLIENT_ERROR]);
/* 0, -ENOMEM or an error of board_grow(). */
int prometheus_client_show(struct prometheus_client *client, struct board *board, uint64_t now_ns);

#endif
