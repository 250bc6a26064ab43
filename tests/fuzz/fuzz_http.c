// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Requests to the exporter, as bytes of a connection; and what decides about them and about their secrets, with any text. */
#include "fuzz.h"

#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/secret_text.h"
#include "export/http_server.h"

static const struct http_rules rules = {
	.own_name = "node", .hosts = "metrics.example", .token = "token-of-the-fuzzer"};

/* Without the token nothing but the probes is answered. */
static void answer(const struct http_query *query, struct http_answer *answer, void *arg)
{
	struct http_decision decision = http_decide(query, &rules);

	answer->status = decision.status;
	body_puts(&answer->body, decision.reason ?: "ok\n");
	if (decision.status == 200 && decision.route != HTTP_HEALTHZ &&
	    decision.route != HTTP_READYZ &&
	    (!query->authorization || !strstr(query->authorization, rules.token)))
		abort();
}

static void serve(const uint8_t *data, size_t n)
{
	static struct http_server *server;
	const struct http_server_config config = {.answer = answer};
	char response[8192];
	int pair[2];
	ssize_t got;

	if (!server && http_server_start(&config, &server))
		abort();
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair))
		abort();
	http_server_add(server, pair[0]);
	if (write(pair[1], data, n) < 0 && n)
		abort();
	shutdown(pair[1], SHUT_WR);
	for (int i = 0; i < 8; i++)
		http_server_turn(server);
	got = read(pair[1], response, sizeof(response));
	if (got > 0 && (got < 9 || memcmp(response, "HTTP/1.", 7)))
		abort();
	close(pair[1]);
	for (int i = 0; i < 3; i++)
		http_server_turn(server);
}

/* Any text with any URL: no longer than it was, and without the URL's last component. */
static void hide(const uint8_t *data, size_t n)
{
	char url[512], text[1024], shown[256];
	size_t middle = n / 2 < sizeof(url) - 1 ? n / 2 : sizeof(url) - 1;
	size_t rest = n - middle < sizeof(text) - 1 ? n - middle : sizeof(text) - 1;

	memcpy(url, data, middle);
	memcpy(text, data + middle, rest);
	url[middle] = text[rest] = '\0';
	rest = strlen(text);
	secret_hide_url(text, url);
	secret_url(url, shown, sizeof(shown));
	if (strlen(text) > rest || memchr(shown, '@', strlen(shown)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	serve(data, n);
	hide(data, n);
	return 0;
}
