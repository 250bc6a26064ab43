// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Which requests the exporter answers, and which connections it keeps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <arpa/inet.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "export/http_access.h"
#include "export/http_places.h"

static const struct http_rules open_rules = {.own_name = "node7.example",
					     .hosts = "metrics.example.org\nmonitor"};
static const struct http_rules closed_rules = {
	.own_name = "node7", .hosts = "", .token = "s3cret-token"};

static void test_host(void **state)
{
	static const struct {
		const char *host;
		bool known;
	} rows[] = {
		{"127.0.0.1", true},
		{"127.0.0.1:9477", true},
		{"localhost:9477", true},
		{"LOCALHOST", true},
		{"localhost.", true},
		{"[::1]:9477", true},
		{"10.1.2.3:9477", true}, /* a name is needed to rebind it */
		{"[fd00::1]", true},
		{"node7.example:9477", true},
		{"Node7.Example", true},
		{"metrics.example.org", true},
		{"METRICS.example.org:443", true},
		{"monitor", true},
		{"monito", false},
		{"monitor.evil.example", false},
		{"metrics.example.org\nmonitor", false},
		{"evil.example", false},
		{"evil.example:9477", false},
		{"127.0.0.1.evil.example", false},
		{"localhost.evil.example", false},
		{"evil.localhost", false},
		{"127.1", false},
		{"0x7f000001", false},
		{"2130706433", false},
		{"[::1", false},
		{"[::1]evil", false},
		{"[evil]", false},
		{"localhost:9477@evil", false},
		{"localhost:port", false},
		{"user@localhost", false},
		{"", false},
		{":9477", false},
		{"[]", false},
		{".", false},
	};
	char long_host[5000];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (http_host_known(rows[i].host, &open_rules) != rows[i].known)
			fail_msg("'%s'", rows[i].host);
	memset(long_host, 'a', sizeof(long_host) - 1);
	long_host[sizeof(long_host) - 1] = '\0';
	assert_false(http_host_known(long_host, &open_rules));
}

static void test_token(void **state)
{
	static const struct {
		const char *given;
		bool matches;
	} rows[] = {
		{"Bearer s3cret-token", true},
		{"bearer s3cret-token", true},
		{"Bearer   s3cret-token", true},
		{"Bearer s3cret-toke", false},
		{"Bearer s3cret-token ", false},
		{"Bearer s3cret-tokenx", false},
		{"Bearer S3CRET-TOKEN", false},
		{"Bearer ", false},
		{"Bearer", false},
		{"Bearers3cret-token", false},
		{"Basic s3cret-token", false},
		{"s3cret-token", false},
		{"", false},
		{NULL, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (http_token_matches(rows[i].given, "s3cret-token") != rows[i].matches)
			fail_msg("'%s'", rows[i].given);
	assert_false(http_token_matches("Bearer ", ""));
}

static void test_decide(void **state)
{
	static const struct {
		const char *name;
		struct http_query query;
		const struct http_rules *rules;
		unsigned int status;
		enum http_route route;
	} rows[] = {
		{"metrics",
		 {.method = "GET", .target = "/metrics", .host = "x"},
		 &open_rules,
		 .status = 200,
		 .route = HTTP_METRICS},
		{"head",
		 {.method = "HEAD", .target = "/", .host = "x"},
		 &open_rules,
		 .status = 200,
		 .route = HTTP_PAGE},
		{"a report",
		 {.method = "GET", .target = "/report/20260101T004000-7", .host = "x"},
		 &open_rules,
		 .status = 200,
		 .route = HTTP_REPORT},
		{"behind a page is none",
		 {.method = "GET", .target = "/metrics/x", .host = "x"},
		 &open_rules,
		 .status = 404},
		{"post",
		 {.method = "POST", .target = "/metrics", .host = "x"},
		 &open_rules,
		 .status = 405},
		{"an unknown method",
		 {.method = "BREW", .target = "/healthz", .host = "x"},
		 &open_rules,
		 .status = 405},
		{"another path",
		 {.method = "GET", .target = "/metric", .host = "x"},
		 &open_rules,
		 .status = 404},
		{"dots",
		 {.method = "GET", .target = "/../metrics", .host = "x"},
		 &open_rules,
		 .status = 404},
		{"two slashes",
		 {.method = "GET", .target = "//metrics", .host = "x"},
		 &open_rules,
		 .status = 404},
		{"nothing",
		 {.method = "GET", .target = "", .host = "x"},
		 &open_rules,
		 .status = 404},
		{"asterisk",
		 {.method = "GET", .target = "*", .host = "x"},
		 &open_rules,
		 .status = 404},
		{"two hosts",
		 {.method = "GET", .target = "/metrics", .host = "x", .hosts = 2},
		 &open_rules,
		 .status = 400},
		{"1.1 without a host",
		 {.method = "GET", .target = "/healthz", .host = NULL, .host_needed = true},
		 &open_rules,
		 .status = 400},
		{"1.0 without a host",
		 {.method = "GET", .target = "/metrics", .host = NULL, .loopback = true},
		 &open_rules,
		 .status = 200,
		 .route = HTTP_METRICS},
		{"rebinding",
		 {.method = "GET",
		  .target = "/metrics",
		  .host = "evil.example:9477",
		  .loopback = true},
		 &open_rules,
		 .status = 421},
		{"rebinding, the page",
		 {.method = "GET", .target = "/", .host = "evil.example", .loopback = true},
		 &open_rules,
		 .status = 421},
		{"rebinding, another path",
		 {.method = "GET", .target = "/x", .host = "evil.example", .loopback = true},
		 &open_rules,
		 .status = 421},
		{"a probe with any name",
		 {.method = "GET", .target = "/healthz", .host = "x", .loopback = true},
		 &open_rules,
		 .status = 200,
		 .route = HTTP_HEALTHZ},
		{"a known name",
		 {.method = "GET", .target = "/metrics", .host = "monitor", .loopback = true},
		 &open_rules,
		 .status = 200,
		 .route = HTTP_METRICS},
		{"from elsewhere",
		 {.method = "GET", .target = "/metrics", .host = "evil.example"},
		 &open_rules,
		 .status = 200,
		 .route = HTTP_METRICS},
		{"absolute",
		 {.method = "GET",
		  .target = "http://127.0.0.1:9477/metrics",
		  .host = "x",
		  .loopback = true},
		 &open_rules,
		 .status = 200,
		 .route = HTTP_METRICS},
		{"absolute, another host",
		 {.method = "GET",
		  .target = "http://evil.example/metrics",
		  .host = "127.0.0.1",
		  .loopback = true},
		 &open_rules,
		 .status = 421},
		{"absolute without a path",
		 {.method = "GET", .target = "http://localhost", .host = "x", .loopback = true},
		 &open_rules,
		 .status = 200,
		 .route = HTTP_PAGE},
		{"another scheme",
		 {.method = "GET", .target = "ftp://localhost/metrics", .host = "localhost"},
		 &open_rules,
		 .status = 404},
		{"no token",
		 {.method = "GET", .target = "/metrics", .host = "x"},
		 &closed_rules,
		 .status = 401},
		{"no token, another path",
		 {.method = "GET", .target = "/secret", .host = "x"},
		 &closed_rules,
		 .status = 401},
		{"a token",
		 {.method = "GET",
		  .target = "/metrics",
		  .host = "x",
		  .authorization = "Bearer s3cret-token"},
		 &closed_rules,
		 .status = 200,
		 .route = HTTP_METRICS},
		{"another token",
		 {.method = "GET",
		  .target = "/metrics",
		  .host = "x",
		  .authorization = "Bearer s3cret-tokem"},
		 &closed_rules,
		 .status = 401},
		{"a probe without a token",
		 {.method = "GET", .target = "/readyz", .host = "x"},
		 &closed_rules,
		 .status = 200,
		 .route = HTTP_READYZ},
	};
	struct http_decision decision;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		decision = http_decide(&rows[i].query, rows[i].rules);
		if (decision.status != rows[i].status ||
		    !decision.reason != (decision.status == 200) ||
		    (decision.status == 200 && decision.route != rows[i].route))
			fail_msg("%s: %u", rows[i].name, decision.status);
	}
	decision =
		http_decide(&(struct http_query){.method = "GET", .target = "/readyz", .host = "x"},
			    &closed_rules);
	assert_false(decision.details);
	decision = http_decide(&(struct http_query){.method = "GET",
						    .target = "/readyz",
						    .host = "x",
						    .authorization = "Bearer s3cret-token"},
			       &closed_rules);
	assert_true(decision.details);
}

static void address(const char *text, struct sockaddr_storage *to)
{
	struct sockaddr_in *v4 = (void *)to;
	struct sockaddr_in6 *v6 = (void *)to;

	memset(to, 0, sizeof(*to));
	to->ss_family = strchr(text, ':') ? AF_INET6 : AF_INET;
	assert_int_equal(
		inet_pton(to->ss_family, text,
			  strchr(text, ':') ? (void *)&v6->sin6_addr : (void *)&v4->sin_addr),
		1);
}

static void test_addresses(void **state)
{
	static const struct {
		const char *one, *other;
		bool loopback, same;
	} rows[] = {
		{"127.0.0.1", "::ffff:127.0.0.1", true, true},
		{"127.9.9.9", "127.0.0.1", true, false},
		{"::1", "::2", true, true}, /* one /64 */
		{"::ffff:128.0.0.1", "128.0.0.1", false, true},
		{"::ffff:10.0.0.1", "::ffff:10.0.0.2", false, false},
		{"fd00:1::1", "fd00:1::ffff:1", false, true},
		{"fd00:1::1", "fd00:1:0:1::1", false, false},
		{"0.0.0.0", "::", false, false},
	};
	uint8_t a[HTTP_ADDRESS], b[HTTP_ADDRESS];
	struct sockaddr_storage at;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		address(rows[i].one, &at);
		http_address_key((void *)&at, a);
		if (http_is_loopback((void *)&at) != rows[i].loopback)
			fail_msg("%s: loopback", rows[i].one);
		address(rows[i].other, &at);
		http_address_key((void *)&at, b);
		if (!memcmp(a, b, sizeof(a)) != rows[i].same)
			fail_msg("%s and %s", rows[i].one, rows[i].other);
	}
}

/* ---- places ---- */

static int ended[4 * HTTP_PLACES];
static size_t n_ended;

static void on_end(int fd, void *arg) { ended[n_ended++] = fd; }

static bool add(struct http_places *places, int fd, uint8_t from, uint64_t s)
{
	uint8_t key[HTTP_ADDRESS] = {4, from};

	return http_places_add(places, fd, key, true, s * NS_PER_SEC);
}

static void test_one_address(void **state)
{
	struct http_places places = {.end = on_end};

	n_ended = 0;
	for (int i = 0; i < HTTP_PER_ADDRESS; i++)
		assert_true(add(&places, 100 + i, 1, (uint64_t)(10 + i)));
	assert_int_equal(n_ended, 0);
	assert_true(add(&places, 900, 1, 100)); /* instead of its oldest */
	assert_int_equal(n_ended, 1);
	assert_int_equal(ended[0], 100);
	http_places_phase(&places, 101, HTTP_ANSWERING,
			  100 * NS_PER_SEC); /* has sent its request meanwhile */
	assert_true(add(&places, 901, 1, 100));
	assert_int_equal(ended[1], 102);
	assert_true(add(&places, 902, 2, 100)); /* another address has its own share */
	assert_int_equal(n_ended, 2);
}

/* One that asked at once outlasts older and newer ones that say nothing. */
static void test_silent(void **state)
{
	struct http_places places = {.end = on_end};
	uint8_t key[HTTP_ADDRESS] = {4, 1};

	n_ended = 0;
	assert_true(http_places_add(&places, 1, key, true, NS_PER_SEC));
	for (int i = 0; i < 4 * HTTP_PER_ADDRESS; i++)
		assert_true(http_places_add(&places, 100 + i, key, false, 2 * NS_PER_SEC));
	assert_int_equal(n_ended, 3 * HTTP_PER_ADDRESS + 1);
	for (size_t i = 0; i < n_ended; i++)
		assert_int_not_equal(ended[i], 1);
}

static void test_full(void **state)
{
	struct http_places places = {.end = on_end};
	int fd = 100;

	n_ended = 0;
	for (int i = 0; i < HTTP_PLACES - 4; i++)
		assert_true(add(&places, fd++, (uint8_t)(1 + i % 3), 10));
	for (int i = 0; i < 4; i++)
		assert_true(add(&places, fd++, 9, 1)); /* older, but few */
	assert_true(add(&places, fd++, 10, 20));
	assert_int_equal(n_ended, 1);
	assert_int_equal(ended[0], 100);
	/* All are being answered: a new one waits until one of them is slow. */
	for (int i = 0; i < HTTP_PLACES; i++)
		http_places_phase(&places, places.place[i].fd, HTTP_ANSWERING, 30 * NS_PER_SEC);
	assert_false(add(&places, fd++, 11, 30 + HTTP_STUCK_ANSWER_S - 1));
	assert_int_equal(n_ended, 1);
	assert_true(add(&places, fd++, 11, 30 + HTTP_STUCK_ANSWER_S));
	assert_int_equal(n_ended, 2);
}

static void test_deadlines(void **state)
{
	struct http_places places = {.end = on_end};

	n_ended = 0;
	add(&places, 1, 1, 100);
	add(&places, 2, 1, 100);
	http_places_phase(&places, 2, HTTP_ANSWERING, 100 * NS_PER_SEC);
	http_places_expire(&places, (100 + HTTP_READ_S) * NS_PER_SEC);
	assert_int_equal(n_ended, 0);
	http_places_expire(&places, (101 + HTTP_READ_S) * NS_PER_SEC);
	assert_int_equal(n_ended, 1);
	assert_int_equal(ended[0], 1);
	http_places_expire(&places, (101 + HTTP_ANSWER_S) * NS_PER_SEC);
	assert_int_equal(n_ended, 2);
	http_places_remove(&places, 2); /* closed later */
	http_places_phase(&places, 2, HTTP_READING, 0);
	for (size_t i = 0; i < HTTP_PLACES; i++)
		assert_false(places.place[i].used);
}

static void test_scrapes(void **state)
{
	struct http_places places = {.end = on_end};

	n_ended = 0;
	for (int i = 0; i <= HTTP_SCRAPES; i++) {
		add(&places, i, 1, 100);
		http_places_phase(&places, i, HTTP_ANSWERING, (uint64_t)(100 + i) * NS_PER_SEC);
		http_places_scrape(&places, i);
	}
	assert_int_equal(n_ended, 1);
	assert_int_equal(ended[0], 0);
	http_places_phase(&places, 1, HTTP_READING, 200 * NS_PER_SEC); /* done */
	add(&places, 50, 1, 200);
	http_places_scrape(&places, 50);
	assert_int_equal(n_ended, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_host),        cmocka_unit_test(test_token),
		cmocka_unit_test(test_decide),      cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_one_address), cmocka_unit_test(test_full),
		cmocka_unit_test(test_silent),      cmocka_unit_test(test_deadlines),
		cmocka_unit_test(test_scrapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
