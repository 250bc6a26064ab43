// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Requests to a server with Prometheus' query API, and what is wrong with one that does not answer. */
#include "prometheus_server.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/secret_text.h"
#include "command/command.h"
#include "option_parse.h"

#define ANSWER_MAX \
	(16u       \
	 << 20) /* the usage of 10,000 containers with all labels is 3 MiB, other queries take half of it */
#define API         "/api/v1/"
#define API_LONGEST sizeof(API "query_range")

/* Removes trailing slashes. */
static int take_url(struct prometheus_server *server, const char *url)
{
	size_t n = strlen(url);

	while (n && url[n - 1] == '/')
		n--;
	if (n >= sizeof(server->options.url) - API_LONGEST || parse_url(url, server->options.url))
		return -EINVAL;
	server->options.url[n] = '\0';
	secret_url(server->options.url, server->shown, sizeof(server->shown));
	return 0;
}

int prometheus_server_open(struct prometheus_server *server, const char *url,
			   const char *credentials)
{
	if (take_url(server, url))
		return -EINVAL;
	server->options.response_max = ANSWER_MAX;
	if (credentials && parse_text(credentials, server->options.credentials_file))
		return -ENAMETOOLONG;
	return http_open(&server->http, &server->options);
}

void prometheus_server_close(struct prometheus_server *server) { http_close(&server->http); }

int prometheus_server_refuse(int err)
{
	if (err == -EINVAL)
		log_error("expected an http:// or https:// URL of a Prometheus, such as "
			  "http://127.0.0.1:9090");
	else
		log_error("--credentials: %s", strerror(-err));
	return err == -EINVAL ? CLI_USAGE : CLI_FAILED;
}

int prometheus_server_fail(struct prometheus_server *server, int err, const char *what)
{
	snprintf(server->error, sizeof(server->error), "%.200s%s%s", server->shown,
		 *what == ':' ? "" : " ", what);
	return err;
}

static int verdict(struct prometheus_server *server, const char *api, long status)
{
	char what[PROMETHEUS_CLIENT_ERROR];

	if (status == 200 || status == 400 || status == 422 || status == 503) {
		if (server->http.response_n < ANSWER_MAX)
			return 0; /* JSON, if it is a Prometheus: its reader checks */
		return prometheus_server_fail(server, -EFBIG,
					      "answers with more than 16 MiB to one query");
	}
	if (status == 401 || status == 403) {
		snprintf(what, sizeof(what),
			 "requires credentials (%ld): use --credentials FILE with a token or "
			 "user:password",
			 status);
		return prometheus_server_fail(server, -EACCES, what);
	}
	snprintf(what, sizeof(what), "answers %ld to " API "%s: is that a Prometheus?", status,
		 api);
	return prometheus_server_fail(server, -EPROTO, what);
}

int prometheus_server_ask(struct prometheus_server *server, const char *api, const char *expression,
			  const char *more)
{
	char *escaped = curl_easy_escape(server->http.curl, expression, 0),
	     what[PROMETHEUS_CLIENT_ERROR];
	_cleanup_free_ char *url = NULL;
	long status;
	int err;

	/* VictoriaMetrics hides the newest 30 s by default; a Prometheus does not know the parameter. */
	if (!escaped || asprintf(&url, "%s" API "%s?latency_offset=1s%s&query=%s",
				 server->options.url, api, more, escaped) < 0)
		url = NULL;
	curl_free(escaped);
	if (!url)
		return -ENOMEM;
	err = http_send(&server->http, &(struct http_request){.method = "GET", .url = url},
			&status);
	if (!err)
		return verdict(server, api, status);
	snprintf(what, sizeof(what), ": %.200s", server->http.error);
	secret_hide_url(what, server->options.url);
	return prometheus_server_fail(server, err, what);
}
