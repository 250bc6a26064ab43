// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * An HTTP server for tests: writes every request as a JSON line (method, path, headers, body) to a file, and answers with the
 * statuses of its arguments, the last one for ever. Plays webhooks, collectors and the Kubernetes API; and with --answers DIR a
 * Prometheus: what stands in DIR/EXPRESSION (the argument `query`, / as _), else in DIR/else, is the answer. --tls FILE: a
 * certificate and its key. --mute PORT: takes connections, and never reads. Loopback only.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <microhttpd.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"

#define STATUSES    32
#define ANSWER_MOST (1u << 20)

static FILE *out;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *answers, *pem;
static unsigned int status[STATUSES] = {200}, statuses, served;

struct request {
	char *body;
	size_t n;
};

static enum MHD_Result on_header(void *arg, enum MHD_ValueKind kind, const char *key,
				 const char *value)
{
	char name[128];
	size_t n = 0;

	for (; n < sizeof(name) - 1 && key[n]; n++)
		name[n] = key[n] >= 'A' && key[n] <= 'Z' ? (char)(key[n] + 32) : key[n];
	name[n] = '\0';
	json_object_set_new(arg, name, json_string(value ?: ""));
	return MHD_YES;
}

static unsigned int write_down(struct MHD_Connection *connection, const char *method,
			       const char *url, const struct request *request)
{
	json_t *headers = json_object(), *line;
	unsigned int answer;

	MHD_get_connection_values(connection, MHD_HEADER_KIND, on_header, headers);
	pthread_mutex_lock(&lock);
	answer = status[served < statuses ? served : statuses ? statuses - 1 : 0];
	served++;
	line = json_pack("{ss ss si so ss%}", "method", method, "path", url, "status", answer,
			 "headers", headers, "body", request->body ?: "", request->n);
	json_dumpf(line, out, JSON_COMPACT);
	fputc('\n', out);
	fflush(out);
	json_decref(line);
	pthread_mutex_unlock(&lock);
	return answer;
}

/* On the heap, NUL-terminated; NULL: there is none. */
static char *read_file(const char *path)
{
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	char *text = file ? calloc(1, ANSWER_MOST) : NULL;

	if (text && !fread(text, 1, ANSWER_MOST - 1, file))
		free(take_ptr(text));
	return text;
}

static char *read_answer(const char *name, size_t *ret_n)
{
	char path[PATH_MAX], *text;

	snprintf(path, sizeof(path), "%s/%s", answers, name);
	for (char *slash = path + strlen(answers) + 1; (slash = strchr(slash, '/'));)
		*slash = '_';
	text = read_file(path);
	if (text)
		*ret_n = strlen(text);
	return text;
}

static struct MHD_Response *make_response(struct MHD_Connection *connection)
{
	const char *query = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "query");
	size_t n;
	char *text = answers && query ? read_answer(query, &n) : NULL;

	if (!text && answers)
		text = read_answer("else", &n);
	if (text)
		return MHD_create_response_from_buffer(n, text, MHD_RESPMEM_MUST_FREE);
	return MHD_create_response_from_buffer(2, (void *)"{}", MHD_RESPMEM_PERSISTENT);
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *upload,
				  size_t *upload_bytes, void **state)
{
	struct request *request = *state;
	struct MHD_Response *response;
	enum MHD_Result result;
	char *more;

	if (!request) {
		*state = calloc(1, sizeof(*request));
		return *state ? MHD_YES : MHD_NO;
	}
	if (*upload_bytes) {
		more = realloc(request->body, request->n + *upload_bytes);
		if (!more)
			return MHD_NO;
		request->body = more;
		memcpy(more + request->n, upload, *upload_bytes);
		request->n += *upload_bytes;
		*upload_bytes = 0;
		return MHD_YES;
	}
	response = make_response(connection);
	result = MHD_queue_response(connection, write_down(connection, method, url, request),
				    response);
	MHD_destroy_response(response);
	return result;
}

static void on_done(void *arg, struct MHD_Connection *connection, void **state,
		    enum MHD_RequestTerminationCode code)
{
	struct request *request = *state;

	if (request)
		free(request->body);
	free(request);
}

static int usage(void)
{
	log_error(
		"usage: http-sink [--answers DIR] [--tls FILE] PORT FILE [STATUS…] | --mute PORT");
	return 2;
}

static int be_mute(int port)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_port = htons((uint16_t)port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) || listen(fd, 8)) {
		log_error("can't listen on port %d", port);
		return 1;
	}
	pause(); /* the kernel takes connections up to the backlog; a client that waits for an answer waits */
	return 0;
}

int main(int argc, char **argv)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct MHD_Daemon *daemon;
	sigset_t signals;
	int signal;

	log_name("http-sink");
	while (argc > 2 && !strncmp(argv[1], "--", 2)) {
		if (!strcmp(argv[1], "--mute"))
			return be_mute(atoi(argv[2]));
		if (!strcmp(argv[1], "--answers"))
			answers = argv[2];
		else if (strcmp(argv[1], "--tls") || !(pem = read_file(argv[2])))
			return usage();
		argc -= 2;
		argv += 2;
	}
	if (argc < 3 || argc > 3 + STATUSES)
		return usage();
	at.sin_port = htons((uint16_t)atoi(argv[1]));
	for (int i = 3; i < argc; i++)
		status[statuses++] = (unsigned int)atoi(argv[i]);
	out = fopen(argv[2], "ae");
	if (!out) {
		log_error("%s: %s", argv[2], strerror(errno));
		return 1;
	}
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	if (pem)
		daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_TLS, 0, NULL,
					  NULL, on_request, NULL, MHD_OPTION_SOCK_ADDR, &at,
					  MHD_OPTION_NOTIFY_COMPLETED, on_done, NULL,
					  MHD_OPTION_HTTPS_MEM_CERT, pem, MHD_OPTION_HTTPS_MEM_KEY,
					  pem, MHD_OPTION_END);
	else
		daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, on_request,
					  NULL, MHD_OPTION_SOCK_ADDR, &at,
					  MHD_OPTION_NOTIFY_COMPLETED, on_done, NULL,
					  MHD_OPTION_END);
	if (!daemon) {
		log_error("can't listen on port %s", argv[1]);
		return 1;
	}
	sigwait(&signals, &signal);
	MHD_stop_daemon(daemon);
	fclose(out);
	return 0;
}
