// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* See http_access.h. */
#include "http_access.h"

#include <arpa/inet.h>
#include <nettle/memops.h>
#include <nettle/sha2.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"

#define HOST_MAX 256

static const struct {
	const char *path;
	enum http_route route;
} routes
	[] =
		{
			{"/metrics", HTTP_METRICS}, {"/healthz", HTTP_HEALTHZ},
			{"/readyz", HTTP_READYZ},   {"/", HTTP_PAGE},
			{"/report/", HTTP_REPORT}, /* and what follows: an incident's id */
};

/* ---- addresses ---- */

static const struct in6_addr *as_v6(const struct sockaddr *address)
{
	return address->sa_family == AF_INET6 ? &((const struct sockaddr_in6 *)address)->sin6_addr
					      : NULL;
}

/* In host order; false: not an IPv4 address. */
static bool as_v4(const struct sockaddr *address, uint32_t *ret_v4)
{
	const struct in6_addr *v6 = as_v6(address);

	if (address->sa_family == AF_INET)
		*ret_v4 = ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr);
	else if (v6 && IN6_IS_ADDR_V4MAPPED(v6))
		*ret_v4 = (uint32_t)v6->s6_addr[12] << 24 | (uint32_t)v6->s6_addr[13] << 16 |
			  (uint32_t)v6->s6_addr[14] << 8 | v6->s6_addr[15];
	else
		return false;
	return true;
}

bool http_is_loopback(const struct sockaddr *address)
{
	const struct in6_addr *v6 = as_v6(address);
	uint32_t v4;

	return as_v4(address, &v4) ? v4 >> 24 == 127 : v6 && IN6_IS_ADDR_LOOPBACK(v6);
}

void http_address_key(const struct sockaddr *address, uint8_t key[HTTP_ADDRESS])
{
	const struct in6_addr *v6 = as_v6(address);
	uint32_t v4;

	memset(key, 0, HTTP_ADDRESS);
	if (as_v4(address, &v4)) {
		key[0] = 4;
		memcpy(key + 1, &v4, sizeof(v4));
	} else if (v6) {
		key[0] = 6;
		memcpy(key + 1, v6->s6_addr, 8);
	}
}

/* ---- Host ---- */

/* The name without its port, and without the brackets of an IPv6 address. */
static bool split_host(const char *host, char name[HOST_MAX], bool *ret_v6)
{
	const char *end = host[0] == '[' ? strchr(host, ']') : host + strcspn(host, ":");
	const char *port;

	*ret_v6 = host[0] == '[';
	if (!end)
		return false;
	port = end + *ret_v6;
	host += *ret_v6;
	if (end == host || end - host >= HOST_MAX ||
	    (*port && (*port != ':' || port[1 + strspn(port + 1, "0123456789")])))
		return false;
	snprintf(name, HOST_MAX, "%.*s", (int)(end - host), host);
	return true;
}

static bool is_listed(const char *name, const char *hosts)
{
	size_t length = strlen(name), n;

	for (; *hosts; hosts += n + (hosts[n] == '\n')) {
		n = strcspn(hosts, "\n");
		if (n == length && !strncasecmp(hosts, name, n))
			return true;
	}
	return false;
}

bool http_host_known(const char *host, const struct http_rules *rules)
{
	char name[HOST_MAX];
	struct in6_addr address;
	bool v6;
	size_t n;

	if (!split_host(host, name, &v6))
		return false;
	if (v6)
		return inet_pton(AF_INET6, name, &address) == 1;
	if (inet_pton(AF_INET, name, &address) == 1)
		return true;
	n = strlen(name);
	if (name[n - 1] == '.')
		name[n - 1] = '\0';
	return *name && (!strcasecmp(name, "localhost") || !strcasecmp(name, rules->own_name) ||
			 is_listed(name, rules->hosts));
}

/* ---- token ---- */

static void digest(const char *text, uint8_t to[SHA256_DIGEST_SIZE])
{
	struct sha256_ctx context;

	sha256_init(&context);
	sha256_update(&context, strlen(text), (const uint8_t *)text);
	sha256_digest(&context, SHA256_DIGEST_SIZE, to);
}

bool http_token_matches(const char *authorization, const char *token)
{
	uint8_t given[SHA256_DIGEST_SIZE], expected[SHA256_DIGEST_SIZE];

	if (!authorization || !*token || strncasecmp(authorization, "Bearer ", 7))
		return false;
	authorization += 7 + strspn(authorization + 7, " ");
	digest(authorization, given);
	digest(token, expected);
	return memeql_sec(given, expected, sizeof(given));
}

/* ---- request ---- */

/* RFC 9112, 3.2.2: a target in absolute form carries the host, which counts instead of the header. Returns the path. */
static const char *split_target(const char *target, char authority[HOST_MAX])
{
	static const char *const schemes[] = {"http://", "https://"};
	size_t n;

	*authority = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++) {
		if (strncasecmp(target, schemes[i], strlen(schemes[i])))
			continue;
		target += strlen(schemes[i]);
		n = strcspn(target, "/?#");
		if (n >= HOST_MAX)
			return NULL;
		memcpy(authority, target, n);
		authority[n] = '\0';
		return target[n] == '/' ? target + n : "/";
	}
	return target;
}

static struct http_decision refuse(unsigned int status, const char *reason)
{
	return (struct http_decision){.status = status, .reason = reason};
}

/* NULL: it may see what this host runs. */
static const char *not_allowed(const struct http_query *query, const struct http_rules *rules,
			       const char *host, unsigned int *ret_status)
{
	*ret_status = 421; /* Misdirected Request */
	if (query->loopback && host && !http_host_known(host, rules))
		return "unknown host name: use an IP address, or list the name in "
		       "`hosts` of the sink\n";
	*ret_status = 401;
	if (rules->token && !http_token_matches(query->authorization, rules->token))
		return HTTP_NO_TOKEN;
	return NULL;
}

struct http_decision http_decide(const struct http_query *query, const struct http_rules *rules)
{
	struct http_decision decision = {.status = 200};
	char authority[HOST_MAX];
	const char *path, *host, *reason;
	unsigned int status;

	if (strcmp(query->method, "GET") && strcmp(query->method, "HEAD"))
		return refuse(405, "only GET and HEAD are allowed\n");
	path = split_target(query->target, authority);
	if (!path || query->hosts > 1 || (query->host_needed && !query->hosts))
		return refuse(400, "no host, more than one, or an invalid one\n");
	host = *authority ? authority : query->host;
	reason = not_allowed(query, rules, host, &status);
	decision.details = !reason;
	decision.openmetrics =
		query->accept && strstr(query->accept, "application/openmetrics-text");
	for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
		size_t n = strlen(routes[i].path);

		if (strncmp(path, routes[i].path, n) != 0 ||
		    (path[n] && routes[i].route != HTTP_REPORT))
			continue;
		decision.route = routes[i].route;
		decision.rest = path + n;
		if (decision.details || decision.route == HTTP_HEALTHZ ||
		    decision.route == HTTP_READYZ)
			return decision;
	}
	if (reason)
		return refuse(status, reason);
	return refuse(404, HTTP_NOT_FOUND);
}
