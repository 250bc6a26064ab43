// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "prometheus_response.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/utf8_clean.h"

/* What Prometheus says when a query exceeds one of its limits; VictoriaMetrics nearly always names the limit. */
static const struct {
	const char *says, *limit;
} limits[] = {
	{"too many samples", "--query.max-samples"},
	{"query timed out", "--query.timeout"},
	{"context deadline exceeded", "--query.timeout"},
	{"matching timeseries exceeds", "-search.maxUniqueTimeseries"},
};

/* The limit that the text is about, or "". */
static void find_limit(const char *says, char limit[64])
{
	const char *named = strstr(says, "-search.max");
	size_t n = named ? 1 + strspn(named + 1,
				      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.")
			 : 0;

	snprintf(limit, 64, "%.*s", (int)n, named ?: "");
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
		if (strstr(says, limits[i].says))
			snprintf(limit, 64, "%s", limits[i].limit);
}

static void failure(const json_t *response, char error[PROMETHEUS_CLIENT_ERROR])
{
	const char *says =
		json_string_value(json_object_get(response, "error")) ?: "no reason given";
	char clean[PROMETHEUS_CLIENT_ERROR - 40], limit[64];

	find_limit(says, limit);
	text_clean(says, SIZE_MAX, clean, sizeof(clean));
	if (*limit)
		snprintf(error, PROMETHEUS_CLIENT_ERROR,
			 "query failed: it exceeds the server's limit %s: raise that limit", limit);
	else
		snprintf(error, PROMETHEUS_CLIENT_ERROR, "query failed: %s", clean);
}

static bool partial(const json_t *response)
{
	return json_is_true(json_object_get(response, "isPartial")) ||
	       json_array_size(json_object_get(response, "warnings"));
}

int prometheus_response_read(struct prometheus_response *response, const char *json, size_t n,
			     char error[PROMETHEUS_CLIENT_ERROR])
{
	json_t *root = json_loadb(json, n, 0, NULL);
	const char *status = json_string_value(json_object_get(root, "status"));

	response->json = root;
	response->results = json_object_get(json_object_get(root, "data"), "result");
	response->partial = partial(root);
	if (status && !strcmp(status, "error")) {
		failure(root, error);
		return -EREMOTEIO;
	}
	if (!status || !json_is_array(response->results)) {
		snprintf(error, PROMETHEUS_CLIENT_ERROR,
			 "sent an invalid response: is that a Prometheus?");
		return -EPROTO;
	}
	return 0;
}

bool prometheus_point(const json_t *point, double *ret_time, double *ret_value)
{
	const char *text = json_string_value(json_array_get(point, 1));

	*ret_time = json_number_value(json_array_get(point, 0));
	*ret_value = text ? strtod(text, NULL) : NAN;
	return isfinite(*ret_value);
}

const char *prometheus_label(const json_t *metric, const char *key)
{
	return json_string_value(json_object_get(metric, key)) ?: "";
}
