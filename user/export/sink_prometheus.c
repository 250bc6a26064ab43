// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Prometheus and OpenMetrics over HTTP (libmicrohttpd): /metrics, /healthz, /readyz, and / for a browser. Each request reads
 * the board; only the counts of actions and the text of labels persist between scrapes. Writes a response as fast as the
 * client reads it. Listens on loopback by default.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "export.h"
#include "metrics.h"
#include "option_parse.h"
#include "exposition.h"
#include "index_page.h"

#define CONNECTIONS      32
#define TIMEOUT_S        15 /* for slow clients */
#define THREADS          2
#define CONNECTION_BYTES (192u << 10) /* buffer of one connection */
#define BLOCK_BYTES      (64u << 10)
#define ACTIONS          256 /* distinct combinations of policy, action and result */

struct prometheus_options {
	struct sink_common common;
	struct parse_address listen;
	bool cadvisor;
	uint64_t max_containers;
};

struct prometheus {
	const struct prometheus_options *options;
	const char *board;
	struct MHD_Daemon *daemon;
	pthread_mutex_t lock; /* for the members below: requests run in two threads */
	struct hr_reader *reader;
	struct snapshot head; /* without slots */
	struct hr_slot slot;
	struct exposition_labels *labels;
	uint64_t instance;
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

/* A response: the scrape, if there is one; else the text. */
struct answer {
	struct body body;
	struct exposition *scrape;
	const char *type;
};

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

static unsigned int answer_metrics(struct prometheus *p, struct MHD_Connection *connection,
				   struct answer *answer)
{
	const char *accept = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Accept");
	bool openmetrics = accept && strstr(accept, "application/openmetrics-text");

	answer->type = openmetrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
				   : "text/plain; version=0.0.4; charset=utf-8";
	if (look(p)) {
		body_printf(
			&answer->body,
			"# HELP headroom_guard_up 1 while the heartbeat of the daemon is current.\n"
			"# TYPE headroom_guard_up gauge\nheadroom_guard_up 0\n%s",
			openmetrics ? "# EOF\n" : "");
		return MHD_HTTP_OK;
	}
	answer->scrape = take_scrape(p, openmetrics);
	answer->body.failed = !answer->scrape;
	return MHD_HTTP_OK;
}

static unsigned int answer_healthz(struct prometheus *p, struct MHD_Connection *connection,
				   struct answer *answer)
{
	body_puts(&answer->body, "ok\n");
	return MHD_HTTP_OK;
}

static unsigned int answer_readyz(struct prometheus *p, struct MHD_Connection *connection,
				  struct answer *answer)
{
	struct body *body = &answer->body;
	char warning[128];

	if (look(p)) {
		body_printf(body, "%s\n", hr_reader_error());
		return MHD_HTTP_SERVICE_UNAVAILABLE;
	}
	if (p->head.health) {
		body_printf(body, "%s; %s\n", snapshot_warning(&p->head, warning, sizeof(warning)),
			    snapshot_remedy(&p->head));
		return MHD_HTTP_SERVICE_UNAVAILABLE;
	}
	body_puts(body, "ok\n");
	return MHD_HTTP_OK;
}

/* The body for a browser, rarely requested: holds the complete snapshot while it is written. */
static unsigned int answer_page(struct prometheus *p, struct MHD_Connection *connection,
				struct answer *answer)
{
	_cleanup_(snapshot_done) struct snapshot whole = {0};
	int err = look(p);

	if (!err)
		err = snapshot_load(&whole, p->reader);
	answer->type = "text/html; charset=utf-8";
	index_page_write(&answer->body, err ? NULL : &whole, hr_reader_error());
	return MHD_HTTP_OK;
}

static const struct {
	const char *path;
	unsigned int (*answer)(struct prometheus *p, struct MHD_Connection *connection,
			       struct answer *answer);
} routes[] = {
	{"/metrics", answer_metrics},
	{"/healthz", answer_healthz},
	{"/readyz", answer_readyz},
	{"/", answer_page},
};

static ssize_t read_scrape(void *arg, uint64_t at, char *to, size_t space)
{
	long n = exposition_read(arg, to, space);

	return n < 0 ? MHD_CONTENT_READER_END_WITH_ERROR : n ? n : MHD_CONTENT_READER_END_OF_STREAM;
}

static void free_scrape(void *arg) { exposition_free(arg); }

/* Takes ownership of the answer's content. */
static struct MHD_Response *make_response(struct answer *answer, unsigned int *status)
{
	struct MHD_Response *response;

	if (answer->scrape) {
		response = MHD_create_response_from_callback(
			MHD_SIZE_UNKNOWN, BLOCK_BYTES, read_scrape, answer->scrape, free_scrape);
		if (!response)
			exposition_free(answer->scrape);
		return response;
	}
	if (body_end(&answer->body)) {
		body_done(&answer->body);
		*status = MHD_HTTP_INTERNAL_SERVER_ERROR;
		return MHD_create_response_from_buffer(14, (void *)"out of memory\n",
						       MHD_RESPMEM_PERSISTENT);
	}
	response = MHD_create_response_from_buffer(answer->body.n, answer->body.text,
						   MHD_RESPMEM_MUST_FREE);
	if (!response)
		body_done(&answer->body);
	return response;
}

static enum MHD_Result send_answer(struct MHD_Connection *connection, unsigned int status,
				   struct answer *answer)
{
	struct MHD_Response *response = make_response(answer, &status);
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->type);
	/* The body shows text from container owners: forbid scripts and requests. */
	MHD_add_response_header(response, "Content-Security-Policy",
				"default-src 'none'; style-src 'unsafe-inline'");
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *upload,
				  size_t *upload_bytes, void **request)
{
	struct prometheus *p = arg;
	struct answer answer = {.type = "text/plain; charset=utf-8"};
	unsigned int status = MHD_HTTP_NOT_FOUND;

	if (strcmp(method, MHD_HTTP_METHOD_GET) && strcmp(method, MHD_HTTP_METHOD_HEAD)) {
		body_puts(&answer.body, "only GET and HEAD are allowed\n");
		return send_answer(connection, MHD_HTTP_METHOD_NOT_ALLOWED, &answer);
	}
	pthread_mutex_lock(&p->lock);
	for (size_t i = 0; i < ARRAY_SIZE(routes); i++)
		if (!strcmp(url, routes[i].path))
			status = routes[i].answer(p, connection, &answer);
	pthread_mutex_unlock(&p->lock);
	if (status == MHD_HTTP_NOT_FOUND)
		body_puts(&answer.body,
			  "not found; available: /metrics, /healthz, /readyz and /\n");
	return send_answer(connection, status, &answer);
}

static struct MHD_Daemon *listen_on(struct prometheus *p)
{
	const struct parse_address *at = &p->options->listen;
	unsigned int flags = MHD_USE_EPOLL_INTERNAL_THREAD;

	if (at->address.ss_family == AF_INET6)
		flags |= MHD_USE_IPv6;
	return MHD_start_daemon(flags, 0, NULL, NULL, on_request, p, MHD_OPTION_SOCK_ADDR,
				&at->address, MHD_OPTION_CONNECTION_LIMIT,
				(unsigned int)CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
				(unsigned int)TIMEOUT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
				(size_t)CONNECTION_BYTES, MHD_OPTION_THREAD_POOL_SIZE,
				(unsigned int)THREADS, MHD_OPTION_END);
}

static int prometheus_open(struct sink *sink)
{
	struct prometheus *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	sink->state = p;
	p->options = sink->options;
	p->board = sink->board;
	pthread_mutex_init(&p->lock, NULL);
	p->labels = exposition_labels_new();
	if (!p->labels)
		return -ENOMEM;
	errno = 0;
	p->daemon = listen_on(p);
	if (!p->daemon) {
		int err = errno ?: EADDRINUSE;

		sink_set_error(sink, "can't listen on %s: %s", p->options->listen.text,
			       strerror(err));
		return -err;
	}
	return 0;
}

static void prometheus_close(struct sink *sink)
{
	struct prometheus *p = sink->state;

	if (!p)
		return;
	if (p->daemon)
		MHD_stop_daemon(p->daemon);
	hr_reader_close(p->reader);
	exposition_labels_free(p->labels);
	pthread_mutex_destroy(&p->lock);
	free(p);
	sink->state = NULL;
}

/* The port must be free, and the board readable. */
static int prometheus_check(struct sink *sink)
{
	struct hr_reader *reader;
	int err = prometheus_open(sink);

	prometheus_close(sink);
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
};
