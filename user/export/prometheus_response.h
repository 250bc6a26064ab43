/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A response of Prometheus' query API. Pure. */
#ifndef HEADROOM_EXPORT_PROMETHEUS_RESPONSE_H
#define HEADROOM_EXPORT_PROMETHEUS_RESPONSE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include "prometheus_client.h"

struct prometheus_response {
	json_t *json;          /* the caller frees it, also after an error */
	const json_t *results; /* an array, within json */
	bool partial;          /* misses data of some of the server's parts */
};

/* 0; with a line in error: -EPROTO: not a response of the query API; -EREMOTEIO: the response is an error. */
int prometheus_response_read(struct prometheus_response *response, const char *json, size_t n,
			     char error[PROMETHEUS_CLIENT_ERROR]);
/* A [time, "value"]; false: not a number. */
bool prometheus_point(const json_t *point, double *ret_time, double *ret_value);
const char *prometheus_label(const json_t *metric, const char *key); /* "" if it has none */

#endif
