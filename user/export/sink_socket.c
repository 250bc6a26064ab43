// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * A Unix socket for programs that cannot map the board: whoever connects gets JSON lines, first a picture of all containers
 * ("schema":"headroom.snapshot/1"), then every event as it comes, and a picture every interval. One that does not read is
 * dropped when its buffer is full; nobody waits for it.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "cli/json.h"
#include "export.h"
#include "parse.h"
#include "view/snapshot.h"

#define CLIENTS	    32
#define BUFFER_MOST (16u << 20)	/* bytes that wait for one client */

struct socket_options {
	struct sink_common common;
	char path[EXPORT_TEXT];
};

struct client {
	int fd;			/* -1: free */
	char *wait;		/* what it has not taken yet */
	size_t n;
	bool fresh;		/* has had no picture */
};

struct unix_socket {
	const struct socket_options *options;
	int fd;
	struct client client[CLIENTS];
	struct hr_reader *reader;
	struct snapshot snapshot;
};

static void drop(struct client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	free(client->wait);
	*client = (struct client){.fd = -1};
}

/* Sends what it takes now; the rest waits. */
static void give(struct client *client, const char *data, size_t n)
{
	char *all;
	ssize_t sent;

	if (client->fd < 0)
		return;
	if (client->n + n > BUFFER_MOST) {
		drop(client);
		return;
	}
	all = realloc(client->wait, client->n + n + 1);
	if (!all) {
		drop(client);
		return;
	}
	client->wait = all;
	memcpy(all + client->n, data, n);
	client->n += n;
	while (client->n) {
		sent = send(client->fd, client->wait, client->n, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0) {
			if (errno != EAGAIN)
				drop(client);
			return;
		}
		client->n -= (size_t)sent;
		memmove(client->wait, client->wait + sent, client->n);
	}
}

static void accept_clients(struct unix_socket *s)
{
	for (;;) {
		int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		size_t i = 0;

		if (fd < 0)
			return;
		while (i < CLIENTS && s->client[i].fd >= 0)
			i++;
		if (i == CLIENTS)
			close(fd);
		else
			s->client[i] = (struct client){.fd = fd, .fresh = true};
	}
}

/* A stale socket of an exporter that was killed is taken over; a live one is somebody else's. */
static int bind_path(struct unix_socket *s, struct sink *sink)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	_cleanup_close_ int probe = -1;

	if (strlen(s->options->path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, s->options->path);
	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd < 0)
		return -errno;
	if (!bind(s->fd, (struct sockaddr *)&address, sizeof(address)))
		return 0;
	if (errno != EADDRINUSE)
		return -errno;
	probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (probe < 0)
		return -errno;
	if (!connect(probe, (struct sockaddr *)&address, sizeof(address))) {
		sink_say(sink, "%s: another program listens there", s->options->path);
		return -EADDRINUSE;
	}
	if (errno != ECONNREFUSED || unlink(s->options->path) ||
	    bind(s->fd, (struct sockaddr *)&address, sizeof(address)))
		return -errno;
	return 0;
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
	if (!err && (chmod(s->options->path, 0660) || listen(s->fd, CLIENTS)))
		err = -errno;
	if (err && !*sink->said)
		sink_say(sink, "%s: %s", s->options->path, strerror(-err));
	if (err && s->fd >= 0)
		close(take_fd(s->fd));
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
	snapshot_done(&s->snapshot);
	free(s);
	sink->state = NULL;
}

static char *picture(struct unix_socket *s, const char *board)
{
	json_t *containers, *document;
	char *text;

	if (!s->reader && hr_reader_open(board, &s->reader))
		return NULL;
	if (snapshot_load(&s->snapshot, s->reader)) {
		hr_reader_close(take_ptr(s->reader));
		return NULL;
	}
	snapshot_select(&s->snapshot, &(struct row_filter){0});
	containers = json_array();
	for (size_t i = 0; i < s->snapshot.n_rows; i++)
		json_array_append_new(containers, json_container(s->snapshot.rows[i].slot));
	document = json_pack("{ss so so so}", "schema", "headroom.snapshot/1", "time",
			     json_get_time(NULL, &s->snapshot.time_ns), "host",
			     json_host(&s->snapshot.host, &s->snapshot.header, s->snapshot.time_ns,
				       s->snapshot.health),
			     "containers", containers);
	text = document ? json_dumps(document, JSON_STYLE) : NULL;
	json_decref(document);
	return text;
}

static void give_picture(struct unix_socket *s, const char *board, bool fresh_only)
{
	_cleanup_free_ char *text = NULL;

	for (size_t i = 0; i < CLIENTS; i++) {
		struct client *client = &s->client[i];

		if (client->fd < 0 || (fresh_only && !client->fresh))
			continue;
		if (!text)
			text = picture(s, board);
		if (!text)
			return;
		client->fresh = false;
		give(client, text, strlen(text));
		give(client, "\n", 1);
	}
}

static int socket_event(struct sink *sink, const struct export_event *event)
{
	struct unix_socket *s = sink->state;

	accept_clients(s);
	give_picture(s, sink->board, true);
	for (size_t i = 0; i < CLIENTS; i++) {
		give(&s->client[i], event->json, event->json_bytes);
		give(&s->client[i], "\n", 1);
	}
	return 0;
}

static int socket_tick(struct sink *sink)
{
	struct unix_socket *s = sink->state;

	accept_clients(s);
	give_picture(s, sink->board, false);
	return 0;
}

static int socket_check(struct sink *sink)
{
	int err = socket_open(sink);

	socket_close(sink);
	return err;
}

static const struct sink_key keys[] = {
	{.name = "path", .parse = parse_path, .offset = offsetof(struct socket_options, path), .needed = true,
	 .wants = "an absolute path, such as /run/headroom/events.sock"},
	{0},
};

static const struct socket_options defaults = {
	.common = {.queue = EXPORT_QUEUE, .interval_ms = 1000},
};

const struct sink_type sink_socket = {
	.name = "socket",
	.summary = "events and pictures as JSON lines to whoever connects to a Unix socket",
	.options_bytes = sizeof(struct socket_options),
	.defaults = &defaults,
	.keys = keys,
	.events = true,
	.open = socket_open,
	.close = socket_close,
	.event = socket_event,
	.tick = socket_tick,
	.check = socket_check,
};
