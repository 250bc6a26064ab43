// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * A Unix socket for programs that cannot map the board. Each client receives JSON lines: a snapshot of all containers
 * ("schema":"headroom.snapshot/2"), then every event, and a snapshot every interval. A client that is behind gets no
 * snapshots; one that does not read for a minute, or with too much queued, is disconnected. Clients do not delay each other.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/safe_file.h"
#include "base/unix_socket.h"
#include "json/json.h"
#include "export.h"
#include "chunked_body.h"
#include "option_parse.h"
#include "socket_places.h"
#include "format/snapshot.h"

#define CLIENTS      SOCKET_PLACES
#define BUFFER_MAX   (16u << 20) /* bytes queued for one client, beside a snapshot */
#define STUCK_NS     (60 * NS_PER_SEC)
#define POLL_MS      50
#define ACCEPT_ROUND 256  /* the rest waits for the next event or interval */
#define ANSWER_MS    2500 /* an exporter answers between two ticks */

struct socket_options {
	struct sink_common common;
	char path[EXPORT_TEXT];
};

struct client {
	int fd;      /* -1: free */
	char *queue; /* queued bytes: n from `at` on */
	size_t at, n;
	uint64_t read_ns; /* monotonic: when it last read, or nothing was queued */
	uint32_t uid;
	bool fresh; /* has received no snapshot yet */
};

struct unix_socket {
	const struct socket_options *options;
	int fd;
	struct client client[CLIENTS];
	struct hr_reader *reader;
	struct snapshot head; /* without slots */
	struct hr_slot slot;
	size_t snapshot_bytes; /* of the last one */
};

static void drop(struct client *client)
{
	if (client->fd >= 0)
		unix_hang_up(client->fd); /* false: it passes descriptors, and keeps this one */
	free(client->queue);
	*client = (struct client){.fd = -1};
}

static void drop_stuck(struct client *client)
{
	log_info("socket: disconnected a client that does not read");
	drop(client);
}

/* Sends what the client accepts now; returns the bytes sent, or -1: disconnected. */
static ssize_t send_some(struct client *client, const char *data, size_t n)
{
	size_t done = 0;
	ssize_t sent;

	while (done < n) {
		sent = send(client->fd, data + done, n - done, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && errno != EAGAIN) {
			drop(client);
			return -1;
		}
		if (sent < 0)
			break;
		done += (size_t)sent;
	}
	if (done)
		client->read_ns = clock_mono_ns();
	return (ssize_t)done;
}

static void flush(struct client *client)
{
	ssize_t sent = client->n ? send_some(client, client->queue + client->at, client->n) : 0;

	if (sent < 0)
		return;
	client->at += (size_t)sent;
	client->n -= (size_t)sent;
	if (!client->n) {
		free(take_ptr(client->queue));
		client->at = 0;
	}
}

/* Sends what the client accepts now; queues the rest. */
static void send_or_queue(struct unix_socket *s, struct client *client, const char *data, size_t n)
{
	ssize_t sent = 0;
	char *all;

	flush(client);
	if (client->fd >= 0 && !client->n) {
		client->read_ns = clock_mono_ns();
		sent = send_some(client, data, n);
	}
	if (client->fd < 0 || (size_t)sent == n)
		return;
	if (client->n + n > BUFFER_MAX + s->snapshot_bytes) {
		drop_stuck(client);
		return;
	}
	if (client->at) {
		memmove(client->queue, client->queue + client->at, client->n);
		client->at = 0;
	}
	all = realloc(client->queue, client->n + n - (size_t)sent);
	if (!all) {
		drop(client);
		return;
	}
	client->queue = all;
	memcpy(all + client->n, data + sent, n - (size_t)sent);
	client->n += n - (size_t)sent;
}

/* Sends queued snapshots as fast as clients read, until the next one is due or an event arrives. */
static void flush_all(struct sink *sink)
{
	struct unix_socket *s = sink->state;
	uint64_t until = clock_mono_ns() + sink->common->interval_ms * NS_PER_MS;

	for (;;) {
		struct pollfd out[CLIENTS];
		nfds_t n = 0;

		for (size_t i = 0; i < CLIENTS; i++) {
			struct client *client = &s->client[i];

			flush(client);
			if (client->n && clock_mono_ns() - client->read_ns > STUCK_NS)
				drop_stuck(client);
			if (client->n)
				out[n++] = (struct pollfd){.fd = client->fd, .events = POLLOUT};
		}
		if (!n || clock_mono_ns() >= until ||
		    __atomic_load_n(&sink->stop, __ATOMIC_ACQUIRE) ||
		    __atomic_load_n(&sink->counts.queued, __ATOMIC_RELAXED))
			return;
		poll(out, n, POLL_MS);
	}
}

static int find_place(const struct unix_socket *s, uint32_t uid)
{
	struct socket_place place[SOCKET_PLACES];
	uint64_t now = clock_mono_ns();

	for (size_t i = 0; i < CLIENTS; i++)
		place[i] = (struct socket_place){.used = s->client[i].fd >= 0,
						 .uid = s->client[i].uid,
						 .read_ns = s->client[i].n ? s->client[i].read_ns
									   : now};
	return socket_place_for(place, uid, now);
}

static void accept_clients(struct unix_socket *s)
{
	for (int n = 0; n < ACCEPT_ROUND; n++) {
		int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), at = -1;
		struct ucred peer;
		socklen_t bytes = sizeof(peer);

		if (fd < 0)
			return;
		if (!getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &bytes))
			at = find_place(s, peer.uid);
		if (at < 0) {
			close(fd);
			continue;
		}
		drop(&s->client[at]);
		s->client[at] = (struct client){
			.fd = fd, .uid = peer.uid, .read_ns = clock_mono_ns(), .fresh = true};
	}
}

/* Refuses a path on which another program listens, or where something else is. */
static int check_path(const struct sockaddr_un *address, struct sink *sink)
{
	_cleanup_close_ int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stat st;

	if (lstat(address->sun_path, &st))
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode)) {
		sink_set_error(sink,
			       "%s: exists and is not a socket: remove it, or use another path",
			       address->sun_path);
		return -EEXIST;
	}
	if (probe < 0)
		return -errno;
	if (!connect(probe, (const struct sockaddr *)address, sizeof(*address))) {
		sink_set_error(sink, "%s: another program listens there: another exporter?",
			       address->sun_path);
		return -EADDRINUSE;
	}
	return errno == ECONNREFUSED || errno == ENOENT ? 0 : -errno;
}

/* Replaces the stale socket of a killed exporter. */
static int bind_path(struct unix_socket *s, struct sink *sink)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	_cleanup_close_ int dir = -1;
	const char *name;
	int err;

	if (strlen(s->options->path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, s->options->path);
	err = check_path(&address, sink);
	if (err)
		return err;
	dir = safe_dir(s->options->path, &name);
	return dir < 0 ? dir : unix_listen_at(dir, name, SOCK_STREAM, 0660, ACCEPT_ROUND, &s->fd);
}

static int socket_open(struct sink *sink)
{
	struct unix_socket *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	sink->state = s;
	s->options = sink->options;
	s->fd = -1;
	for (size_t i = 0; i < CLIENTS; i++)
		s->client[i].fd = -1;
	err = bind_path(s, sink);
	if (err && !*sink->error)
		sink_set_error(sink, "%s: %s", s->options->path, strerror(-err));
	return err;
}

static void socket_close(struct sink *sink)
{
	struct unix_socket *s = sink->state;

	if (!s)
		return;
	for (size_t i = 0; i < CLIENTS; i++)
		drop(&s->client[i]);
	if (s->fd >= 0) {
		close(s->fd);
		unlink(s->options->path);
	}
	hr_reader_close(s->reader);
	free(s);
	sink->state = NULL;
}

static void add_json(struct body *body, json_t *json)
{
	_cleanup_free_ char *text = json ? json_dumps(json, JSON_STYLE) : NULL;

	if (text)
		body_puts(body, text);
	else
		body->failed = true;
	json_decref(json);
}

/* One line. Converts one container at a time: a JSON tree of ten thousand would take hundreds of megabytes. -EAGAIN: there is
 * no board. */
static int write_snapshot(struct unix_socket *s, const char *board, struct body *body)
{
	char time[CLOCK_TEXT];
	uint32_t index = 0;
	bool first = true;

	if (!s->reader && hr_reader_open(board, &s->reader))
		return -EAGAIN;
	if (snapshot_head(&s->head, s->reader)) {
		hr_reader_close(take_ptr(s->reader));
		return -EAGAIN;
	}
	clock_format_rfc3339(s->head.time_ns, time);
	body_printf(body, "{\"schema\":\"headroom.snapshot/2\",\"time\":\"%s\",\"host\":", time);
	add_json(body, json_host(&s->head.host, &s->head.header, s->head.time_ns, s->head.health));
	body_puts(body, ",\"containers\":[");
	while (!hr_reader_slot(s->reader, &index, &s->slot)) {
		if (!slot_listed(&s->slot))
			continue;
		body_puts(body, first ? "" : ",");
		add_json(body, json_container(&s->slot));
		first = false;
	}
	body_puts(body, "]}\n");
	return body->failed ? -ENOMEM : 0;
}

static void send_snapshot(struct unix_socket *s, const char *board, bool fresh_only)
{
	_cleanup_(body_done) struct body body = {0};

	for (size_t i = 0; i < CLIENTS; i++) {
		struct client *client = &s->client[i];

		if (client->fd < 0 || client->n || (fresh_only && !client->fresh))
			continue;
		if (!body.n && write_snapshot(s, board, &body))
			return;
		s->snapshot_bytes = body.n;
		client->fresh = false;
		send_or_queue(s, client, body.text, body.n);
	}
}

static int socket_event(struct sink *sink, const struct export_event *event)
{
	struct unix_socket *s = sink->state;

	accept_clients(s);
	send_snapshot(s, sink->board, true);
	for (size_t i = 0; i < CLIENTS; i++) {
		send_or_queue(s, &s->client[i], event->json, event->json_bytes);
		send_or_queue(s, &s->client[i], "\n", 1);
	}
	return 0;
}

static int socket_tick(struct sink *sink)
{
	struct unix_socket *s = sink->state;

	accept_clients(s);
	send_snapshot(s, sink->board, false);
	flush_all(sink);
	return 0;
}

/* A running exporter sends each client a snapshot first. */
static bool is_served(const char *path)
{
	static const char schema[] = "{\"schema\":\"headroom.snapshot";
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct pollfd in = {.fd = fd, .events = POLLIN};
	char begin[sizeof(schema) - 1];

	snprintf(address.sun_path, sizeof(address.sun_path), "%.107s", path);
	return fd >= 0 && !connect(fd, (const struct sockaddr *)&address, sizeof(address)) &&
	       poll(&in, 1, ANSWER_MS) == 1 && recv(fd, begin, sizeof(begin), 0) == sizeof(begin) &&
	       !memcmp(begin, schema, sizeof(begin));
}

static int socket_check(struct sink *sink)
{
	const struct socket_options *options = sink->options;
	int err = socket_open(sink);

	socket_close(sink);
	if (err == -EADDRINUSE && is_served(options->path)) {
		sink_set_error(sink, SINK_IN_USE);
		err = 0;
	}
	return err;
}

static const struct sink_key keys[] = {
	{.name = "path",
	 .parse = parse_path,
	 .offset = offsetof(struct socket_options, path),
	 .required = true,
	 .expected = "an absolute path, such as /run/headroom-export/events.sock"},
	{0},
};

static const struct socket_options defaults = {
	.common = {.queue = EXPORT_QUEUE, .interval_ms = 1000},
};

const struct sink_type sink_socket = {
	.name = "socket",
	.summary = "events and snapshots as JSON lines to clients of a Unix socket",
	.options_bytes = sizeof(struct socket_options),
	.defaults = &defaults,
	.keys = keys,
	.events = true,
	.writes_files = true,
	.open = socket_open,
	.close = socket_close,
	.event = socket_event,
	.tick = socket_tick,
	.check = socket_check,
};
