// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Prometheus and OpenMetrics over HTTP: /metrics, /healthz, /readyz, and / for a browser. Each request reads the board; only
 * the counts of actions and the text of labels persist between scrapes. Writes a response as fast as the client reads it.
 * Listens on loopback by default; optionally with TLS and a bearer token.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/secret_text.h"
#include "export.h"
#include "http_client.h"
#include "http_server.h"
#include "metrics.h"
#include "option_parse.h"
#include "index_page.h"
#include "report_page.h"

#define SHARE_NS  (500 * NS_PER_MS) /* one reading of the board serves all scrapes for so long */
#define PAGE_REST 4   /* times what the last page took: no page before that; it is not shared */
#define ACTIONS   256 /* distinct combinations of policy, action and result */

struct prometheus_options {
	struct sink_common common;
	struct parse_address listen;
	bool cadvisor;
	uint64_t max_containers;
	char bearer_file[EXPORT_TEXT]; /* read for each request: tokens rotate */
	char cert_file[EXPORT_TEXT], key_file[EXPORT_TEXT];
	char hosts[EXPORT_TEXT]; /* one a line */
};

struct prometheus {
	const struct prometheus_options *options;
	const char *board;
	struct http_server *server;
	char *certificate, *key; /* PEM, in use while the server runs */
	char own_name[65];
	/* Below: only the server's thread. */
	struct hr_reader *reader;
	struct snapshot head; /* without slots */
	struct hr_slot slot;
	struct exposition_labels *labels;
	uint64_t instance;
	struct exposition *shared[2]; /* in either format */
	uint64_t shared_ns[2],
		page_ns; /* monotonic: when it was read; when the next page may be made */
	struct action_count action[ACTIONS];
	size_t actions;
	_Alignas(8) char record[HR_EVENT_MAX_BYTES];
};

static void count_action(struct prometheus *p, const struct hr_event_action *event)
{
	struct action_count *a;
	const char *policy = hr_event_text(&event->event, event->policy);
	char name[sizeof(a->policy)];

	if (event->event.bytes < sizeof(*event))
		return;
	snprintf(name, sizeof(name), "%s", policy ? policy : "");
	for (size_t i = 0; i < p->actions; i++) {
		a = &p->action[i];
		if (a->kind == event->kind && a->status == event->status &&
		    !strcmp(a->policy, name)) {
			a->n++;
			return;
		}
	}
	if (p->actions == ACTIONS)
		return;
	a = &p->action[p->actions++];
	*a = (struct action_count){.kind = event->kind, .status = event->status, .n = 1};
	memcpy(a->policy, name, sizeof(name));
}

static void read_actions(struct prometheus *p)
{
	struct hr_event *event = (struct hr_event *)p->record;
	int r;

	while (!(r = hr_reader_next_event(p->reader, event, sizeof(p->record))) ||
	       r == -EOVERFLOW || r == -EBADMSG)
		if (!r && event->type == HR_EVENT_ACTION)
			count_action(p, (const struct hr_event_action *)event);
}

/* 0, or -errno: there is no board. */
static int look(struct prometheus *p)
{
	struct hr_board_header header;
	int r = 0;

	if (!p->reader)
		r = hr_reader_open(p->board, &p->reader);
	if (!r)
		r = snapshot_head(&p->head, p->reader);
	if (r) {
		hr_reader_close(take_ptr(p->reader));
		return r;
	}
	hr_reader_header(p->reader, &header);
	if (header.instance != p->instance) {
		p->instance = header.instance;
		p->actions = 0;
		hr_reader_seek_event(p->reader, 0);
	}
	read_actions(p);
	return 0;
}

static struct exposition *take_scrape(struct prometheus *p, bool openmetrics)
{
	struct metrics_config config = {.openmetrics = openmetrics,
					.cadvisor = p->options->cadvisor,
					.most = p->options->max_containers};
	struct metrics_extra extra = {
		.action = p->action, .actions = p->actions, .exporter = export_running};
	struct exposition *scrape = exposition_new(&config, p->labels);
	uint32_t index = 0;

	while (scrape && !hr_reader_slot(p->reader, &index, &p->slot))
		exposition_add(scrape, &p->slot, index - 1, p->head.time_ns);
	if (scrape && exposition_close(scrape, &p->head, &extra)) {
		exposition_free(scrape);
		return NULL;
	}
	return scrape;
}

static void answer_metrics(struct prometheus *p, bool openmetrics, struct http_answer *answer)
{
	answer->type = openmetrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
				   : "text/plain; version=0.0.4; charset=utf-8";
	if (look(p)) {
		body_printf(
			&answer->body,
			"# HELP headroom_guard_up 1 while the heartbeat of the daemon is current.\n"
			"# TYPE headroom_guard_up gauge\nheadroom_guard_up 0\n%s",
			openmetrics ? "# EOF\n" : "");
		return;
	}
	if (!p->shared[openmetrics] || clock_mono_ns() - p->shared_ns[openmetrics] > SHARE_NS) {
		exposition_free(p->shared[openmetrics]);
		p->shared[openmetrics] = take_scrape(p, openmetrics);
		p->shared_ns[openmetrics] = clock_mono_ns();
	}
	answer->scrape = p->shared[openmetrics] ? exposition_share(p->shared[openmetrics]) : NULL;
	answer->body.failed = !answer->scrape;
}

static void answer_readyz(struct prometheus *p, bool details, struct http_answer *answer)
{
	char warning[128];
	int err = look(p);

	if (!err && !p->head.health) {
		body_puts(&answer->body, "ok\n");
		return;
	}
	answer->status = MHD_HTTP_SERVICE_UNAVAILABLE;
	if (!details)
		body_puts(&answer->body, "not ready\n");
	else if (err)
		body_printf(&answer->body, "%s\n", hr_reader_error());
	else
		body_printf(&answer->body, "%s; %s\n",
			    snapshot_warning(&p->head, warning, sizeof(warning)),
			    snapshot_remedy(&p->head));
}

/* A page reads the whole board, so none is made for a while after the last one. Writes the refusal. */
static bool is_too_soon(const struct prometheus *p, uint64_t now_ns, struct http_answer *answer)
{
	if (now_ns >= p->page_ns)
		return false;
	answer->status = MHD_HTTP_SERVICE_UNAVAILABLE;
	body_puts(&answer->body, "too many requests: try again\n");
	return true;
}

static void rest_after_page(struct prometheus *p, uint64_t began_ns)
{
	uint64_t now = clock_mono_ns();

	p->page_ns = now + PAGE_REST * (now - began_ns);
}

/* The body for a browser, rarely requested: holds the complete snapshot while it is written. */
static void answer_page(struct prometheus *p, struct http_answer *answer)
{
	_cleanup_(snapshot_done) struct snapshot whole = {0};
	_cleanup_(event_log_done) struct event_log events = {0};
	_cleanup_(incidents_done) struct incidents incidents = {0};
	uint64_t began = clock_mono_ns();
	int err;

	if (is_too_soon(p, began, answer))
		return;
	err = look(p);
	if (!err)
		err = snapshot_load(&whole, p->reader);
	answer->type = "text/html; charset=utf-8";
	answer->script = index_page_script();
	if (!err) /* without events the list stays empty */
		incidents_of_board(p->board, &events, &incidents);
	index_page_write(&answer->body, err ? NULL : &whole, &incidents, hr_reader_error());
	rest_after_page(p, began);
}

/* One post-mortem, from what the board still holds. */
static void answer_report(struct prometheus *p, const char *id, struct http_answer *answer)
{
	_cleanup_(event_log_done) struct event_log events = {0};
	_cleanup_(incidents_done) struct incidents incidents = {0};
	uint64_t began = clock_mono_ns();
	int err;

	if (is_too_soon(p, began, answer))
		return;
	err = incidents_of_board(p->board, &events, &incidents);
	if (!err)
		err = report_page_write(&answer->body, p->board, &events, &incidents, id);
	if (err) {
		answer->status = err == -ENOENT ? MHD_HTTP_NOT_FOUND : MHD_HTTP_SERVICE_UNAVAILABLE;
		body_puts(&answer->body, err == -ENOENT
						 ? "the board no longer holds this incident\n"
						 : "no board, or no memory\n");
	} else {
		answer->type = "text/html; charset=utf-8";
	}
	rest_after_page(p, began);
}

/* False: the token can't be read, so that nothing can be compared with it. */
static bool decide(const struct prometheus *p, const struct http_query *query,
		   struct http_decision *ret_decision)
{
	char token[SECRET_BYTES];
	struct http_rules rules = {.own_name = p->own_name, .hosts = p->options->hosts};
	bool readable = true;

	if (*p->options->bearer_file) {
		readable = !secret_read(p->options->bearer_file, token, sizeof(token)) && *token;
		rules.token = readable ? token : ""; /* matches nothing */
	}
	*ret_decision = http_decide(query, &rules);
	explicit_bzero(token, sizeof(token));
	return readable;
}

static void on_query(const struct http_query *query, struct http_answer *answer, void *arg)
{
	struct prometheus *p = arg;
	struct http_decision decision;

	if (!decide(p, query, &decision) && decision.status == MHD_HTTP_UNAUTHORIZED) {
		decision.status = MHD_HTTP_SERVICE_UNAVAILABLE;
		decision.reason = "bearer_file can't be read, or is empty: see headroom export "
				  "--check\n";
	}
	answer->status = decision.status;
	if (decision.status != MHD_HTTP_OK || decision.route == HTTP_HEALTHZ) {
		body_puts(&answer->body, decision.status == MHD_HTTP_OK ? "ok\n" : decision.reason);
		return;
	}
	if (decision.route == HTTP_METRICS)
		answer_metrics(p, decision.openmetrics, answer);
	else if (decision.route == HTTP_READYZ)
		answer_readyz(p, decision.details, answer);
	else if (decision.route == HTTP_REPORT)
		answer_report(p, decision.rest, answer);
	else
		answer_page(p, answer);
}

/* 0, also if there is none; or -errno with a line. */
static int load_pem(struct sink *sink, const char *path, char **ret_text)
{
	char *text = *path ? malloc(PEM_BYTES) : NULL;
	int err = *path && !text ? -ENOMEM : 0;

	if (text)
		err = secret_read_all(path, text, PEM_BYTES);
	*ret_text = text;
	if (err)
		sink_set_error(sink, "%.180s: %s", path, strerror(-err));
	return err;
}

static int load_files(struct prometheus *p, struct sink *sink)
{
	const struct prometheus_options *options = p->options;
	char token[SECRET_BYTES];
	int err = 0;

	if (*options->bearer_file)
		err = secret_read(options->bearer_file, token, sizeof(token))
			      ?: *token ? 0
					: -ENODATA;
	explicit_bzero(token, sizeof(token));
	if (err) {
		sink_set_error(sink, "%.180s: %s", options->bearer_file,
			       err == -ENODATA ? "is empty" : strerror(-err));
		return err == -ENODATA ? -EINVAL : err;
	}
	if (!*options->cert_file != !*options->key_file) {
		sink_set_error(sink, "cert_file and key_file go together: give both, or none");
		return -EINVAL;
	}
	return load_pem(sink, options->cert_file, &p->certificate)
		       ?: load_pem(sink, options->key_file, &p->key);
}

static int start_server(struct prometheus *p, struct sink *sink)
{
	struct parse_address listen = p->options->listen;
	const struct http_server_config config = {.address = &listen.address,
						  .certificate = p->certificate,
						  .key = p->key,
						  .answer = on_query,
						  .arg = p};
	int err;

	if (!listen.address.ss_family) /* the default is only a text */
		parse_address(listen.text, &listen);
	err = http_server_start(&config, &p->server);

	if (err == -EPROTO)
		sink_set_error(sink, "%.100s: no TLS with this certificate and key%s",
			       p->options->cert_file,
			       MHD_is_feature_supported(MHD_FEATURE_TLS) == MHD_YES
				       ? ""
				       : ": libmicrohttpd was built without it");
	else if (err)
		sink_set_error(sink, "can't listen on %s: %s", p->options->listen.text,
			       strerror(-err));
	return err;
}

static int prometheus_open(struct sink *sink)
{
	struct prometheus *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	sink->state = p;
	p->options = sink->options;
	p->board = sink->board;
	gethostname(p->own_name, sizeof(p->own_name) - 1);
	p->labels = exposition_labels_new();
	if (!p->labels)
		return -ENOMEM;
	return load_files(p, sink) ?: start_server(p, sink);
}

static void prometheus_close(struct sink *sink)
{
	struct prometheus *p = sink->state;

	if (!p)
		return;
	http_server_stop(p->server);
	for (size_t i = 0; i < ARRAY_SIZE(p->shared); i++)
		exposition_free(p->shared[i]);
	hr_reader_close(p->reader);
	exposition_labels_free(p->labels);
	free(p->certificate);
	if (p->key)
		explicit_bzero(p->key, strlen(p->key));
	free(p->key);
	free(p);
	sink->state = NULL;
}

/* SIGHUP: a new certificate. With one that is refused the port is closed, and the next try follows in a moment. */
static void prometheus_reopen(struct sink *sink)
{
	struct prometheus *p = sink->state;

	if (!*p->options->cert_file)
		return;
	prometheus_close(sink);
	if (prometheus_open(sink))
		log_error("prometheus: %s", sink->error);
}

/* The port is in use: by a running headroom-export? In its own pod it always is. Sends no secret, so the certificate is not checked. */
static bool is_served(const struct prometheus_options *options)
{
	struct parse_address listen = options->listen;
	struct http_options to = {.timeout_ms = 2000, .response_max = sizeof(HTTP_NOT_FOUND)};
	const struct sockaddr_in *v4 = (const void *)&listen.address;
	const struct sockaddr_in6 *v6 = (const void *)&listen.address;
	char host[INET6_ADDRSTRLEN] = "127.0.0.1";
	struct http http = {0};
	long status = 0;
	bool served;

	if (!listen.address.ss_family)
		parse_address(listen.text, &listen);
	if (listen.address.ss_family == AF_INET6)
		strcpy(host, "::1");
	if (listen.address.ss_family == AF_INET6 && !IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr))
		inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof(host));
	if (listen.address.ss_family == AF_INET && v4->sin_addr.s_addr != INADDR_ANY)
		inet_ntop(AF_INET, &v4->sin_addr, host, sizeof(host));
	snprintf(to.url, sizeof(to.url),
		 strchr(host, ':') ? "%s://[%s]:%u/self" : "%s://%s:%u/self",
		 *options->cert_file ? "https" : "http", host, ntohs(v4->sin_port));
	if (http_open(&http, &to))
		return false;
	curl_easy_setopt(http.curl, CURLOPT_SSL_VERIFYPEER, 0L);
	curl_easy_setopt(http.curl, CURLOPT_SSL_VERIFYHOST, 0L);
	served = !http_send(&http, &(struct http_request){.method = "GET"}, &status) &&
		 (!strcmp(http.response, HTTP_NOT_FOUND) || !strcmp(http.response, HTTP_NO_TOKEN));
	http_close(&http);
	return served;
}

/* The port must be free or its own, and the board readable. */
static int prometheus_check(struct sink *sink)
{
	struct hr_reader *reader;
	int err = prometheus_open(sink);

	prometheus_close(sink);
	if (err == -EADDRINUSE && is_served(sink->options)) {
		sink_set_error(sink, SINK_IN_USE);
		err = 0;
	}
	if (err)
		return err;
	err = hr_reader_open(sink->board, &reader);
	if (err)
		sink_set_error(sink, "%s", hr_reader_error());
	else
		hr_reader_close(reader);
	return err;
}

static const struct sink_key keys[] = {
	{.name = "listen",
	 .parse = parse_address,
	 .offset = offsetof(struct prometheus_options, listen),
	 .expected = "ADDRESS:PORT, such as 127.0.0.1:9477"},
	{.name = "cadvisor_names",
	 .parse = parse_bool,
	 .offset = offsetof(struct prometheus_options, cadvisor),
	 .expected = "true or false"},
	{.name = "max_containers",
	 .parse = parse_count,
	 .offset = offsetof(struct prometheus_options, max_containers),
	 .expected = "a number of containers"},
	{.name = "hosts",
	 .parse = parse_line,
	 .offset = offsetof(struct prometheus_options, hosts),
	 .expected = "host names, such as [metrics.example.org]",
	 .list = true},
	{.name = "bearer_file",
	 .parse = parse_path,
	 .offset = offsetof(struct prometheus_options, bearer_file),
	 .expected = "an absolute path of a file that holds a token"},
	{.name = "cert_file",
	 .parse = parse_path,
	 .offset = offsetof(struct prometheus_options, cert_file),
	 .expected = "an absolute path"},
	{.name = "key_file",
	 .parse = parse_path,
	 .offset = offsetof(struct prometheus_options, key_file),
	 .expected = "an absolute path"},
	{0},
};

static const struct prometheus_options defaults = {
	.common = {.queue = 1, .interval_ms = 1000},
	.listen = {.text = "127.0.0.1:9477"},
	.max_containers = 10000,
};

const struct sink_type sink_prometheus = {
	.name = "prometheus",
	.summary = "metrics for Prometheus over HTTP, and a web page",
	.options_bytes = sizeof(struct prometheus_options),
	.defaults = &defaults,
	.keys = keys,
	.open = prometheus_open,
	.close = prometheus_close,
	.check = prometheus_check,
	.reopen = prometheus_reopen,
};
