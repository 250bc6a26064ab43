/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * HTTP client (libcurl) for the sinks that push; one request at a time. Keeps the connection between requests. Does not follow
 * redirects: the data is meant for the configured host only. Every request has a timeout.
 */
#ifndef HEADROOM_EXPORT_HTTP_CLIENT_H
#define HEADROOM_EXPORT_HTTP_CLIENT_H

#include <curl/curl.h>
#include "export.h"

struct http_options {
	char url[EXPORT_TEXT];
	char ca_file[EXPORT_TEXT]; /* "": the system's */
	char cert_file[EXPORT_TEXT], key_file[EXPORT_TEXT];
	char bearer_file[EXPORT_TEXT];      /* read for each request: tokens rotate */
	char credentials_file[EXPORT_TEXT]; /* a token, or user:password */
	char headers[EXPORT_TEXT];          /* "Name: value", one a line */
	uint64_t timeout_ms;
	size_t response_max; /* bytes of a response that are kept; 0: HTTP_RESPONSE_MAX */
};
#define HTTP_TIMEOUT_MS   10000
#define HTTP_RESPONSE_MAX (256u << 10)

/* The configuration keys of struct http_options, which is the member field_ of the sink's options type_. */
#define HTTP_KEYS(type_, field_)                                                               \
	{.name = "url",                                                                        \
	 .parse = parse_url,                                                                   \
	 .offset = offsetof(type_, field_.url),                                                \
	 .expected = "an http:// or https:// URL",                                             \
	 .required = true,                                                                     \
	 .secret = true},                                                                      \
		{.name = "ca_file",                                                            \
		 .parse = parse_path,                                                          \
		 .offset = offsetof(type_, field_.ca_file),                                    \
		 .expected = "an absolute path"},                                              \
		{.name = "cert_file",                                                          \
		 .parse = parse_path,                                                          \
		 .offset = offsetof(type_, field_.cert_file),                                  \
		 .expected = "an absolute path"},                                              \
		{.name = "key_file",                                                           \
		 .parse = parse_path,                                                          \
		 .offset = offsetof(type_, field_.key_file),                                   \
		 .expected = "an absolute path"},                                              \
		{.name = "bearer_file",                                                        \
		 .parse = parse_path,                                                          \
		 .offset = offsetof(type_, field_.bearer_file),                                \
		 .expected = "an absolute path of a file that holds a token"},                 \
		{.name = "headers",                                                            \
		 .parse = parse_header,                                                        \
		 .offset = offsetof(type_, field_.headers),                                    \
		 .expected = "\"Name: value\"",                                                \
		 .list = true,                                                                 \
		 .secret = true},                                                              \
	{                                                                                      \
		.name = "timeout", .parse = parse_duration,                                    \
		.offset = offsetof(type_, field_.timeout_ms), .expected = "a time such as 10s" \
	}

struct http {
	const struct http_options *options;
	CURL *curl;
	struct curl_slist *headers; /* of every request */
	char error[CURL_ERROR_SIZE];
	char *response; /* of the response, truncated, NUL-terminated; never NULL */
	size_t response_n, response_space;
};

struct http_request {
	const char *method;         /* NULL: POST */
	const char *url;            /* NULL: the options' */
	const char *type;           /* Content-Type; NULL: none */
	const char *const *headers; /* further ones, NULL-terminated; may be NULL */
	const char *body;
	size_t bytes;
	bool conflict_is_done; /* 409 counts as delivered */
	bool refusal_is_error; /* no event: one that is refused for good is an error, -EREMOTEIO */
};

int http_open(struct http *http, const struct http_options *options); /* 0 or -errno */
void http_close(struct http *http);                                   /* accepts a zeroed struct */
/* The HTTP status in ret_status. -errno without a response: -ETIMEDOUT, -ECONNREFUSED, -EHOSTUNREACH, -EPROTO (TLS …), with
 * the cause in http->error. */
int http_send(struct http *http, const struct http_request *request, long *ret_status);
/* 0: delivered; -EAGAIN: retry (408, 429, 5xx); -EREMOTEIO: refused for good (other 4xx). */
int http_verdict(long status);
/* Sends, and stores the cause of a failure in the sink. Drops an event that the server refuses for good and counts it as a
 * failure: a retry would block all later events. */
int http_deliver(struct sink *sink, struct http *http, const struct http_request *request);

/* Stores "URL" and this text as the sink's error, without secrets. */
__attribute__((format(printf, 4, 5))) void http_set_error(struct sink *sink,
							  const struct http *http, const char *url,
							  const char *format, ...);

int parse_header(const char *text, void *at);

#endif
