/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A server with Prometheus' query API. Only reads; no message has a password of its URL. One request at a time, any thread. */
#ifndef HEADROOM_EXPORT_PROMETHEUS_SERVER_H
#define HEADROOM_EXPORT_PROMETHEUS_SERVER_H

#include "http_client.h"
#include "prometheus_client.h"

struct prometheus_server {
	struct http_options options;
	struct http http;
	char shown[EXPORT_TEXT]; /* the URL for messages */
	char error[PROMETHEUS_CLIENT_ERROR + EXPORT_TEXT];
};

/* 0; -EINVAL: no URL; -ENAMETOOLONG: the path of the credentials (NULL: none); -ENOMEM. */
int prometheus_server_open(struct prometheus_server *server, const char *url,
			   const char *credentials);
void prometheus_server_close(struct prometheus_server *server); /* accepts a zeroed struct */
/* The response of /api/v1/API ("query", "query_range") to an expression is in server->http; `more`: further parameters, each
 * begun with '&'. 0, or -errno after a line in server->error. */
int prometheus_server_ask(struct prometheus_server *server, const char *api, const char *expression,
			  const char *more);
/* Writes the error "URL what", and returns err. */
int prometheus_server_fail(struct prometheus_server *server, int err, const char *what);

#define OPTION_CREDENTIALS(type_)                                                       \
	{                                                                               \
		.name = "credentials", .argument = "FILE", .parse = option_text,        \
		.offset = offsetof(type_, credentials),                                 \
		.help = "file with a bearer token, or user:password", .wants = "a path" \
	}

/* The line and the exit status for an error of prometheus_server_open(). */
int prometheus_server_refuse(int err);

#endif
