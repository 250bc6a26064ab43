/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Which requests the exporter's HTTP server answers, and how: paths, the Host header, the bearer token. Pure: no sockets, no
 * files, any thread. Headers that a proxy adds (X-Forwarded-For, Forwarded) are not looked at: any client can send them.
 */
#ifndef HEADROOM_EXPORT_HTTP_ACCESS_H
#define HEADROOM_EXPORT_HTTP_ACCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define HTTP_NOT_FOUND "not found; available: /metrics, /healthz, /readyz and /\n"
#define HTTP_NO_TOKEN  "a bearer token is needed\n"

struct http_query { /* NULL: absent */
	const char *method, *target, *host, *authorization, *accept;
	unsigned int hosts; /* Host headers */
	bool host_needed;   /* HTTP/1.1 */
	bool loopback;      /* the connection came in at a loopback address */
};

struct http_rules {
	const char *own_name; /* of this host */
	const char *hosts;    /* further names, one a line; "" */
	const char *token;    /* NULL: none is needed */
};

enum http_route { HTTP_METRICS, HTTP_HEALTHZ, HTTP_READYZ, HTTP_PAGE, HTTP_REPORT };

struct http_decision {
	unsigned int status; /* 200; else the request is refused, for this reason */
	const char *reason;
	enum http_route route; /* if 200 */
	bool details;          /* READYZ: the response may say the reason */
	bool openmetrics;
	const char *rest; /* REPORT: the path behind it, within the target */
};

/*
 * /healthz and /readyz need neither token nor a known host: they show nothing but their status. For the others, on a connection
 * to a loopback address, Host must be an IP address, "localhost", this host's name or one of rules->hosts: a page with a name that
 * resolves to 127.0.0.1 (DNS rebinding) could read them otherwise, and a browser sends that name.
 */
struct http_decision http_decide(const struct http_query *query, const struct http_rules *rules);

bool http_host_known(const char *host, const struct http_rules *rules);
/* "Bearer TOKEN": compares digests, in a time that does not depend on where they differ. */
bool http_token_matches(const char *authorization, const char *token);

/* Also ::ffff:127.0.0.0/104, as a socket for both families has it. */
bool http_is_loopback(const struct sockaddr *address);
#define HTTP_ADDRESS 16
/* What counts as one client: an IPv4 address, mapped or not; a /64 of IPv6, which one host can have to itself. */
void http_address_key(const struct sockaddr *address, uint8_t key[HTTP_ADDRESS]);

#endif
