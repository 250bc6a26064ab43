// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* See http_server.h. */
#include "http_server.h"

#include <errno.h>
#include <microhttpd.h>
#include <nettle/base64.h>
#include <nettle/sha2.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "http_places.h"

#define TIMEOUT_S 15 /* without a byte */
#define BACKLOG \
	4096 /* the kernel caps it (somaxconn); what has no place waits a second for its SYN to be sent again */
#define ACCEPT_ROUND     256
#define LOOK_MS          250
#define NO_FDS_US        50000
#define CONNECTION_BYTES (192u << 10) /* buffer of one connection: bounds a header, too */
#define BLOCK_BYTES      (64u << 10)
#define TLS_PRIORITIES   "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

struct http_server {
	struct http_server_config config;
	struct MHD_Daemon *daemon;
	int listen_fd, stop_fd;
	pthread_t thread;
	bool started;
	struct http_places places;
};

static int connection_fd(struct MHD_Connection *connection)
{
	return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

/* ---- responses ---- */

static ssize_t read_scrape(void *arg, uint64_t at, char *to, size_t space)
{
	long n = exposition_read(arg, to, space);

	return n < 0 ? MHD_CONTENT_READER_END_WITH_ERROR : n ? n : MHD_CONTENT_READER_END_OF_STREAM;
}

static void free_scrape(void *arg) { exposition_free(arg); }

/* Takes ownership of the answer's content. */
static struct MHD_Response *make_response(struct http_answer *answer)
{
	struct MHD_Response *response;

	if (answer->scrape) {
		body_done(&answer->body);
		response = MHD_create_response_from_callback(
			MHD_SIZE_UNKNOWN, BLOCK_BYTES, read_scrape, answer->scrape, free_scrape);
		if (!response)
			exposition_free(answer->scrape);
		return response;
	}
	if (body_end(&answer->body)) {
		body_done(&answer->body);
		answer->status = MHD_HTTP_INTERNAL_SERVER_ERROR;
		return MHD_create_response_from_buffer(14, (void *)"out of memory\n",
						       MHD_RESPMEM_PERSISTENT);
	}
	response = MHD_create_response_from_buffer(answer->body.n, answer->body.text,
						   MHD_RESPMEM_MUST_FREE);
	if (!response)
		body_done(&answer->body);
	return response;
}

/* The body shows text from container owners: no script may run but the page's own, and nothing is requested but from here. */
static void add_content_policy(struct MHD_Response *response, const char *script)
{
	char text[256] = "default-src 'none'; style-src 'unsafe-inline'";
	char code[BASE64_ENCODE_RAW_LENGTH(SHA256_DIGEST_SIZE) + 1] = "";
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx sha;

	if (script) {
		sha256_init(&sha);
		sha256_update(&sha, strlen(script), (const uint8_t *)script);
		sha256_digest(&sha, sizeof(digest), digest);
		base64_encode_raw(code, sizeof(digest), digest);
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "; script-src 'sha256-%s'; connect-src 'self'", code);
	}
	MHD_add_response_header(response, "Content-Security-Policy", text);
}

static enum MHD_Result send_answer(struct MHD_Connection *connection, struct http_answer *answer)
{
	struct MHD_Response *response = make_response(answer);
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->type);
	add_content_policy(response, answer->script);
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	if (answer->status == MHD_HTTP_UNAUTHORIZED)
		MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
	result = MHD_queue_response(connection, answer->status, response);
	MHD_destroy_response(response);
	return result;
}

/* ---- requests ---- */

struct framing {
	unsigned int hosts, lengths;
	bool body;
};

/* Nothing here has a use for a body. Where two lengths contradict each other, this is where the next request would begin. */
static enum MHD_Result note_framing(void *arg, enum MHD_ValueKind kind, const char *name,
				    const char *value)
{
	struct framing *framing = arg;
	bool length = !strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH);

	framing->hosts += !strcasecmp(name, MHD_HTTP_HEADER_HOST);
	framing->lengths += length;
	framing->body |= !strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) ||
			 (length && (!value || strcmp(value, "0"))) || framing->lengths > 1;
	return MHD_YES;
}

static const char *header(struct MHD_Connection *connection, const char *name)
{
	return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static bool at_loopback(int fd)
{
	struct sockaddr_storage own;
	socklen_t bytes = sizeof(own);

	return !getsockname(fd, (struct sockaddr *)&own, &bytes) &&
	       http_is_loopback((struct sockaddr *)&own);
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *upload,
				  size_t *upload_bytes, void **request)
{
	struct http_server *server = arg;
	struct http_answer answer = {.status = MHD_HTTP_OK, .type = "text/plain; charset=utf-8"};
	struct framing framing = {0};
	int fd = connection_fd(connection);
	struct http_query query = {
		.method = method,
		.target = url,
		.host = header(connection, MHD_HTTP_HEADER_HOST),
		.authorization = header(connection, MHD_HTTP_HEADER_AUTHORIZATION),
		.accept = header(connection, MHD_HTTP_HEADER_ACCEPT),
		.host_needed = !strcmp(version, MHD_HTTP_VERSION_1_1),
		.loopback = at_loopback(fd),
	};

	MHD_get_connection_values(connection, MHD_HEADER_KIND, note_framing, &framing);
	if (framing.body)
		return MHD_NO; /* closes the connection */
	query.hosts = framing.hosts;
	http_places_phase(&server->places, fd, HTTP_ANSWERING, clock_mono_ns());
	server->config.answer(&query, &answer, server->config.arg);
	if (answer.scrape)
		http_places_scrape(&server->places, fd);
	return send_answer(connection, &answer);
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **request,
			 enum MHD_RequestTerminationCode code)
{
	struct http_server *server = arg;

	http_places_phase(&server->places, connection_fd(connection), HTTP_READING,
			  clock_mono_ns());
}

/* The library calls this before it closes the descriptor: until here the number is this connection's. */
static void on_connection(void *arg, struct MHD_Connection *connection, void **own,
			  enum MHD_ConnectionNotificationCode code)
{
	struct http_server *server = arg;

	if (code != MHD_CONNECTION_NOTIFY_CLOSED)
		return;
	http_places_remove(&server->places, connection_fd(connection));
}

/* ---- connections ---- */

static void end_connection(int fd, void *arg) { shutdown(fd, SHUT_RDWR); }

static void add(struct http_server *server, int fd, const struct sockaddr_storage *from,
		socklen_t bytes)
{
	uint8_t address[HTTP_ADDRESS];
	ssize_t n;
	char byte;

	n = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
	http_address_key((const struct sockaddr *)from, address);
	/* One that has gone already would cost the library as much as a request. */
	if (!n || !http_places_add(&server->places, fd, address, n > 0, clock_mono_ns())) {
		close(fd);
		return;
	}
	/* The library closes the descriptor in any case. */
	if (MHD_add_connection(server->daemon, fd, (const struct sockaddr *)from, bytes) == MHD_YES)
		return;
	http_places_remove(&server->places, fd);
}

static void accept_some(struct http_server *server)
{
	for (int i = 0; i < ACCEPT_ROUND; i++) {
		struct sockaddr_storage from = {0};
		socklen_t bytes = sizeof(from);
		int fd = accept4(server->listen_fd, (struct sockaddr *)&from, &bytes,
				 SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0)
			add(server, fd, &from, bytes);
		else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM)
			usleep(NO_FDS_US); /* the queue stays readable */
		if (fd < 0)
			return;
	}
}

/* One thread for all: the library's own threads with connections that are added to them end up waiting for their own locks
 * (0.9.75, with connections that come and go fast). */
static void *serve(void *arg)
{
	struct http_server *server = arg;
	int library = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
	struct pollfd watched[] = {{.fd = server->stop_fd, .events = POLLIN},
				   {.fd = server->listen_fd, .events = POLLIN},
				   {.fd = library, .events = POLLIN}};
	uint64_t looked = 0, now;
	unsigned long long wait_ms;

	while (!(watched[0].revents & POLLIN)) {
		if (watched[1].revents)
			accept_some(server);
		MHD_run(server->daemon);
		now = clock_mono_ns();
		if (now - looked > LOOK_MS * NS_PER_MS) {
			looked = now;
			http_places_expire(&server->places, now);
		}
		if (MHD_get_timeout(server->daemon, &wait_ms) != MHD_YES || wait_ms > LOOK_MS)
			wait_ms = LOOK_MS;
		poll(watched, ARRAY_SIZE(watched), (int)wait_ms);
	}
	return NULL;
}

/* ---- start and end ---- */

static int listen_at(const struct sockaddr_storage *address)
{
	_cleanup_close_ int fd =
		socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	socklen_t bytes = address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
							 : sizeof(struct sockaddr_in);
	int yes = 1, silent_s = HTTP_READ_S;

	if (fd < 0)
		return -errno;
	/* The kernel keeps a connection until its first bytes have come (tcp(7)): many that are silent then take no
	 * place from a request that is on its way. Where it cannot keep them (SYN cookies), http_places has the silent ones give way first. */
	setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &silent_s, sizeof(silent_s));
	/* A restart does not wait for connections in TIME_WAIT. */
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (address->ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof(yes));
	if (bind(fd, (const struct sockaddr *)address, bytes) || listen(fd, BACKLOG))
		return -errno;
	return take_fd(fd);
}

static int start_library(struct http_server *server)
{
	const struct http_server_config *config = &server->config;
	unsigned int flags = MHD_USE_NO_LISTEN_SOCKET | MHD_USE_EPOLL;
	struct MHD_OptionItem tls[] = {{MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)config->key},
				       {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)config->certificate},
				       {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)TLS_PRIORITIES},
				       {MHD_OPTION_END, 0, NULL}};

	if (config->certificate) {
		if (MHD_is_feature_supported(MHD_FEATURE_TLS) != MHD_YES)
			return -EPROTO;
		flags |= MHD_USE_TLS;
	}
	/* Twice the places: connections that are being shut down take a moment. */
	server->daemon = MHD_start_daemon(
		flags, 0, NULL, NULL, on_request, server, MHD_OPTION_NOTIFY_COMPLETED, on_completed,
		server, MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned int)(2 * HTTP_PLACES),
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int)TIMEOUT_S,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES, MHD_OPTION_ARRAY,
		config->certificate ? tls : tls + ARRAY_SIZE(tls) - 1, MHD_OPTION_END);
	return server->daemon ? 0 : config->certificate ? -EPROTO : -ENOMEM;
}

int http_server_start(const struct http_server_config *config, struct http_server **ret_server)
{
	struct http_server *server = calloc(1, sizeof(*server));
	int err = 0;

	if (!server)
		return -ENOMEM;
	server->config = *config;
	server->places.end = end_connection;
	server->stop_fd = eventfd(0, EFD_CLOEXEC);
	server->listen_fd = config->address ? listen_at(config->address) : -1;
	if (config->address && server->listen_fd < 0)
		err = server->listen_fd;
	err = err ?: start_library(server);
	if (!err && config->address) {
		err = -pthread_create(&server->thread, NULL, serve, server);
		server->started = !err;
	}
	if (err) {
		http_server_stop(server);
		return err;
	}
	*ret_server = server;
	return 0;
}

void http_server_stop(struct http_server *server)
{
	if (!server)
		return;
	if (server->started) {
		eventfd_write(server->stop_fd, 1);
		pthread_join(server->thread, NULL);
	}
	if (server->daemon)
		MHD_stop_daemon(server->daemon);
	if (server->listen_fd >= 0)
		close(server->listen_fd);
	if (server->stop_fd >= 0)
		close(server->stop_fd);
	free(server);
}

void http_server_add(struct http_server *server, int fd)
{
	static const struct sockaddr_storage from = {.ss_family = AF_INET};

	add(server, fd, &from, sizeof(struct sockaddr_in));
}

void http_server_turn(struct http_server *server) { MHD_run(server->daemon); }
