/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * One HTTP request at a time (libcurl), for the sinks that push. A connection is kept between requests; redirects are not
 * followed (a body may hold what one host may know and another may not); every request has an end.
 */
#ifndef HEADROOM_EXPORT_HTTP_CLIENT_H
#define HEADROOM_EXPORT_HTTP_CLIENT_H

#include <curl/curl.h>
#include "export.h"

struct http_options {
	char url[EXPORT_TEXT];
	char ca_file[EXPORT_TEXT]; /* ""; else instead of the system's */
	char cert_file[EXPORT_TEXT], key_file[EXPORT_TEXT];
	char bearer_file[EXPORT_TEXT];      /* read for each request: tokens are renewed */
	char credentials_file[EXPORT_TEXT]; /* a token as well, or user:password */
	char headers[EXPORT_TEXT];          /* "Name: value", one a line */
	uint64_t timeout_ms;
	size_t answer_most; /* bytes of an answer that are kept; 0: HTTP_ANSWER_MOST */
};
#define HTTP_TIMEOUT_MS  10000
#define HTTP_ANSWER_MOST (256u << 10)

/* The keys that go with them; `offset` is where struct http_options stands in the sink's own options. */
#define HTTP_KEYS(type_, field_)                                                            \
	{.name = "url",                                                                     \
	 .parse = parse_url,                                                                \
	 .offset = offsetof(type_, field_.url),                                             \
	 .wants = "an http:// or https:// URL",                                             \
	 .needed = true},                                                                   \
		{.name = "ca_file",                                                         \
		 .parse = parse_path,                                                       \
		 .offset = offsetof(type_, field_.ca_file),                                 \
		 .wants = "an absolute path"},                                              \
		{.name = "cert_file",                                                       \
		 .parse = parse_path,                                                       \
		 .offset = offsetof(type_, field_.cert_file),                               \
		 .wants = "an absolute path"},                                              \
		{.name = "key_file",                                                        \
		 .parse = parse_path,                                                       \
		 .offset = offsetof(type_, field_.key_file),                                \
		 .wants = "an absolute path"},                                              \
		{.name = "bearer_file",                                                     \
		 .parse = parse_path,                                                       \
		 .offset = offsetof(type_, field_.bearer_file),                             \
		 .wants = "an absolute path of a file that holds a token"},                 \
		{.name = "headers",                                                         \
		 .parse = parse_header,                                                     \
		 .offset = offsetof(type_, field_.headers),                                 \
		 .wants = "\"Name: value\"",                                                \
		 .list = true},                                                             \
	{                                                                                   \
		.name = "timeout", .parse = parse_duration,                                 \
		.offset = offsetof(type_, field_.timeout_ms), .wants = "a time such as 10s" \
	}

struct http {
	const struct http_options *options;
	CURL *curl;
	struct curl_slist *headers; /* of every request */
	char error[CURL_ERROR_SIZE];
	char *answer; /* its first bytes, NUL-terminated; never NULL */
	size_t answer_n, answer_space;
};

struct http_request {
	const char *method;         /* NULL: POST */
	const char *url;            /* NULL: the options' */
	const char *type;           /* Content-Type; NULL: none */
	const char *const *headers; /* further ones, NULL-terminated; may be NULL */
	const char *body;
	size_t bytes;
	bool conflict_is_done; /* 409: it is there already */
};

int http_open(struct http *http, const struct http_options *options); /* 0 or -errno */
void http_close(struct http *http);                                   /* of zeroes, too */
/* The status in ret_status. -errno when there was none: -ETIMEDOUT, -ECONNREFUSED, -EHOSTUNREACH, -EPROTO (TLS …); the reason
 * stands in http->error. */
int http_send(struct http *http, const struct http_request *request, long *ret_status);
/* What an answer means for delivering: 0: taken; -EAGAIN: try again (429, 5xx, 408); -EREMOTEIO: never (other 4xx). */
int http_verdict(long status);
/* The whole of it: sends, says what went wrong in the sink's words. What the other side will never take is dropped (and counted
 * as a failure), for all that comes after it would wait in vain. */
int http_deliver(struct sink *sink, struct http *http, const struct http_request *request);

int parse_header(const char *text, void *at);

#endif
