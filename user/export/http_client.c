// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* HTTP by libcurl: one handle per sink, used only by its thread. */
#include "http_client.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/secret_text.h"
#include "base/utf8_clean.h"
#include "option_parse.h"

#define RESPONSE_FIRST 4096u
#define ERROR_BODY_MAX 120

int parse_header(const char *text, void *at)
{
	const char *colon = strchr(text, ':');
	size_t used = strlen(at);

	if (!colon || colon == text || strpbrk(text, "\r\n") ||
	    used + strlen(text) + 2 > EXPORT_TEXT)
		return -EINVAL;
	snprintf((char *)at + used, EXPORT_TEXT - used, "%s%s", used ? "\n" : "", text);
	return 0;
}

/* Reads and discards what exceeds the bound, so that the connection stays usable. */
static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
	struct http *http = arg;
	size_t bytes = size * n, most = http->options->response_max ?: HTTP_RESPONSE_MAX;
	size_t keep = bytes < most - http->response_n ? bytes : most - http->response_n,
	       space = http->response_space;
	char *bigger;

	while (space <= http->response_n + keep)
		space *= 2;
	if (space > http->response_space) {
		bigger = realloc(http->response, space);
		if (!bigger)
			return 0;
		http->response = bigger;
		http->response_space = space;
	}
	memcpy(http->response + http->response_n, data, keep);
	http->response_n += keep;
	http->response[http->response_n] = '\0';
	return bytes;
}

static int add_header(struct curl_slist **list, const char *header)
{
	struct curl_slist *longer = curl_slist_append(*list, header);

	if (!longer)
		return -ENOMEM;
	*list = longer;
	return 0;
}

static int add_configured(struct http *http)
{
	char copy[EXPORT_TEXT], *rest = copy, *line;

	strcpy(copy, http->options->headers);
	while ((line = strsep(&rest, "\n")))
		if (*line && add_header(&http->headers, line))
			return -ENOMEM;
	return 0;
}

int http_open(struct http *http, const struct http_options *options)
{
	memset(http, 0, sizeof(*http));
	http->options = options;
	http->curl = curl_easy_init();
	http->response = malloc(RESPONSE_FIRST);
	http->response_space = RESPONSE_FIRST;
	if (!http->curl || !http->response || add_configured(http)) {
		http_close(http);
		return -ENOMEM;
	}
	return 0;
}

void http_close(struct http *http)
{
	if (http->curl)
		curl_easy_cleanup(http->curl);
	curl_slist_free_all(http->headers);
	free(http->response);
	memset(http, 0, sizeof(*http));
}

static const char *secret_path(const struct http_options *o)
{
	return *o->credentials_file ? o->credentials_file : o->bearer_file;
}

/* With a colon: user:password; without: a token. */
static int add_credentials(struct http *http, struct curl_slist **list)
{
	const struct http_options *o = http->options;
	const char *path = secret_path(o);
	char token[SECRET_BYTES], header[SECRET_BYTES + 32];
	int err;

	if (!*path)
		return 0;
	err = secret_read(path, token, sizeof(token));
	if (err) {
		snprintf(http->error, sizeof(http->error), "%.180s: %s", path, strerror(-err));
		return err;
	}
	if (*o->credentials_file && strchr(token, ':'))
		return curl_easy_setopt(http->curl, CURLOPT_USERPWD, token) ? -ENOMEM : 0;
	snprintf(header, sizeof(header), "Authorization: Bearer %s", token);
	return add_header(list, header);
}

static int add_headers(struct http *http, const struct http_request *request,
		       struct curl_slist **list)
{
	char type[128];
	int err = 0;

	for (const struct curl_slist *h = http->headers; h && !err; h = h->next)
		err = add_header(list, h->data);
	for (size_t i = 0; !err && request->headers && request->headers[i]; i++)
		err = add_header(list, request->headers[i]);
	snprintf(type, sizeof(type), "Content-Type: %s", request->type ?: "");
	if (!err && request->type)
		err = add_header(list, type);
	if (!err)
		err = add_header(list, "Expect:"); /* avoids a round trip: bodies are small */
	return err;
}

static int error_of(CURLcode code)
{
	switch (code) {
	case CURLE_OPERATION_TIMEDOUT:
		return -ETIMEDOUT;
	case CURLE_COULDNT_CONNECT:
		return -ECONNREFUSED;
	case CURLE_COULDNT_RESOLVE_HOST:
		return -EHOSTUNREACH;
	case CURLE_OUT_OF_MEMORY:
		return -ENOMEM;
	default:
		return -EPROTO;
	}
}

static void set_options(struct http *http, const struct http_request *request,
			struct curl_slist *list)
{
	const struct http_options *o = http->options;
	const char *method = request->method ?: "POST";

	curl_easy_setopt(http->curl, CURLOPT_URL, request->url ?: o->url);
	curl_easy_setopt(http->curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(http->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(http->curl, CURLOPT_USERAGENT, "headroom/" HEADROOM_VERSION);
	curl_easy_setopt(http->curl, CURLOPT_ERRORBUFFER, http->error);
	curl_easy_setopt(http->curl, CURLOPT_TIMEOUT_MS, (long)(o->timeout_ms ?: HTTP_TIMEOUT_MS));
	curl_easy_setopt(http->curl, CURLOPT_HTTPHEADER, list);
	curl_easy_setopt(http->curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(http->curl, CURLOPT_WRITEDATA, http);
	curl_easy_setopt(http->curl, CURLOPT_ACCEPT_ENCODING, ""); /* all that libcurl supports */
	curl_easy_setopt(http->curl, CURLOPT_CUSTOMREQUEST, method);
	if (strcmp(method, "GET")) {
		curl_easy_setopt(http->curl, CURLOPT_POSTFIELDS, request->body ?: "");
		curl_easy_setopt(http->curl, CURLOPT_POSTFIELDSIZE, (long)request->bytes);
	}
	if (*o->ca_file)
		curl_easy_setopt(http->curl, CURLOPT_CAINFO, o->ca_file);
	if (*o->cert_file)
		curl_easy_setopt(http->curl, CURLOPT_SSLCERT, o->cert_file);
	if (*o->key_file)
		curl_easy_setopt(http->curl, CURLOPT_SSLKEY, o->key_file);
}

int http_send(struct http *http, const struct http_request *request, long *ret_status)
{
	struct curl_slist *list = NULL;
	CURLcode code;
	int err;

	http->response_n = 0;
	http->response[0] = http->error[0] = '\0';
	curl_easy_reset(http->curl); /* keeps the connection */
	err = add_headers(http, request, &list) ?: add_credentials(http, &list);
	if (!err) {
		set_options(http, request, list);
		code = curl_easy_perform(http->curl);
		if (code == CURLE_OK)
			curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, ret_status);
		else
			err = error_of(code);
		if (err && !http->error[0])
			snprintf(http->error, sizeof(http->error), "%s", curl_easy_strerror(code));
	}
	curl_slist_free_all(list);
	return err;
}

int http_verdict(long status)
{
	if (status >= 200 && status < 300)
		return 0;
	return status == 408 || status == 429 || status >= 500 ? -EAGAIN : -EREMOTEIO;
}

/* Header values, user and password and tokens: a server may repeat them, and so may libcurl. */
static void hide_secrets(const struct http *http, char *text)
{
	const struct http_options *o = http->options;
	const char *path = secret_path(o);
	char token[SECRET_BYTES];

	secret_hide_url(text, o->url);
	for (const struct curl_slist *h = http->headers; h; h = h->next) {
		const char *value = strchr(h->data, ':') ?: h->data, *word = strrchr(value, ' ');

		secret_hide(text, value + strspn(value, ": "));
		secret_hide(text, word ? word + 1 : value); /* without "Bearer" */
	}
	if (*path && !secret_read(path, token, sizeof(token)) && *token) {
		secret_hide(text, token);
		if (strchr(token, ':'))
			secret_hide(text, strchr(token, ':') + 1);
	}
	explicit_bzero(token, sizeof(token));
}

void http_set_error(struct sink *sink, const struct http *http, const char *url, const char *format,
		    ...)
{
	char shown[EXPORT_TEXT], text[EXPORT_ERROR + CURL_ERROR_SIZE];
	va_list args;

	if (*http->options->url) /* else it is the cluster's, and its path says what was asked */
		url = secret_url(url, shown, sizeof(shown));
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	hide_secrets(http, text);
	sink_set_error(sink, "%.100s%s", url, text);
}

int http_deliver(struct sink *sink, struct http *http, const struct http_request *request)
{
	const char *url = request->url ?: http->options->url;
	char clean[2 * ERROR_BODY_MAX];
	long status;
	int err = http_send(http, request, &status);

	if (err) {
		http_set_error(sink, http, url, ": %s", http->error);
		return err;
	}
	err = http_verdict(status);
	if (!err || (status == 409 && request->conflict_is_done))
		return 0;
	/* Secrets first: one that the cut divides would not be found. */
	hide_secrets(http, http->response);
	text_clean(http->response, strnlen(http->response, ERROR_BODY_MAX), clean, sizeof(clean));
	http_set_error(sink, http, url, " returned %ld: %s", status, clean);
	if (err == -EAGAIN || request->refusal_is_error)
		return err;
	sink_drop(sink);
	return 0;
}
