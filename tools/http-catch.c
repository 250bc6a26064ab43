// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * An HTTP server for tests: writes every request as a JSON line (method, path, headers, body) to a file, and answers with the
 * statuses it is told, the last one for ever. Plays webhooks, collectors and the Kubernetes API. Loopback only.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <microhttpd.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"

#define STATUSES 32

static FILE *out;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned int status[STATUSES] = {200}, statuses, served;

struct request {
	char *body;
	size_t n;
};

static enum MHD_Result on_header(void *arg, enum MHD_ValueKind kind, const char *key, const char *value)
{
	char name[128];
	size_t n = 0;

	for (; n < sizeof(name) - 1 && key[n]; n++)
		name[n] = key[n] >= 'A' && key[n] <= 'Z' ? (char)(key[n] + 32) : key[n];
	name[n] = '\0';
	json_object_set_new(arg, name, json_string(value ?: ""));
	return MHD_YES;
}

static unsigned int write_down(struct MHD_Connection *connection, const char *method, const char *url,
			       const struct request *request)
{
	json_t *headers = json_object(), *line;
	unsigned int answer;

	MHD_get_connection_values(connection, MHD_HEADER_KIND, on_header, headers);
	pthread_mutex_lock(&lock);
	answer = status[served < statuses ? served : statuses ? statuses - 1 : 0];
	served++;
	line = json_pack("{ss ss si so ss%}", "method", method, "path", url, "status", answer, "headers", headers,
			 "body", request->body ?: "", request->n);
	json_dumpf(line, out, JSON_COMPACT);
	fputc('\n', out);
	fflush(out);
	json_decref(line);
	pthread_mutex_unlock(&lock);
	return answer;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url, const char *method,
				  const char *version, const char *upload, size_t *upload_bytes, void **state)
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
	response = MHD_create_response_from_buffer(2, (void *)"{}", MHD_RESPMEM_PERSISTENT);
	result = MHD_queue_response(connection, write_down(connection, method, url, request), response);
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

int main(int argc, char **argv)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct MHD_Daemon *daemon;
	sigset_t signals;
	int signal;

	log_name("http-catch");
	if (argc < 3 || argc > 3 + STATUSES) {
		log_error("usage: http-catch PORT FILE [STATUS…]");
		return 2;
	}
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
	daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, on_request, NULL, MHD_OPTION_SOCK_ADDR,
				  &at, MHD_OPTION_NOTIFY_COMPLETED, on_done, NULL, MHD_OPTION_END);
	if (!daemon) {
		log_error("can't listen on port %s", argv[1]);
		return 1;
	}
	sigwait(&signals, &signal);
	MHD_stop_daemon(daemon);
	fclose(out);
	return 0;
}
