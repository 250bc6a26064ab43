/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The exporter's HTTP server: libmicrohttpd parses requests and writes responses, also over TLS (GnuTLS); this accepts the
 * connections, bounds their number and ends those that miss a deadline (http_places.h), which the library has no way to do:
 * its timeout starts anew with each byte.
 */
#ifndef HEADROOM_EXPORT_HTTP_SERVER_H
#define HEADROOM_EXPORT_HTTP_SERVER_H

#include "chunked_body.h"
#include "exposition.h"
#include "http_access.h"

struct http_answer { /* a response: the scrape, if there is one; else the body */
	unsigned int status;
	const char *type;
	const char *script; /* NULL, or the one script in it that may run */
	struct body body;
	struct exposition *scrape;
};

struct http_server_config {
	const struct sockaddr_storage *address; /* NULL: none; connections by http_server_add() */
	const char *certificate, *key;          /* PEM; NULL: plain HTTP */
	/* In the server's thread; fills the answer, and gives its content away. */
	void (*answer)(const struct http_query *query, struct http_answer *answer, void *arg);
	void *arg;
};

struct http_server;

/* 0 or -errno; -EPROTO: certificate and key are refused, or the library was built without TLS. */
int http_server_start(const struct http_server_config *config, struct http_server **ret_server);
void http_server_stop(struct http_server *server); /* takes NULL */

/* For the fuzzer: a server without an address has no thread. Takes the descriptor; turns serve what is there. */
void http_server_add(struct http_server *server, int fd);
void http_server_turn(struct http_server *server);

#endif
