// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Shares of the parser's time: an owner that asks much waits, and no other one does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "identify/fair_queue.h"
#include "identify/identity.h"

#define HOSTILE 7
#define OTHER   8

static struct fair_queue queue;
static uint64_t now;

static int begin(void **state)
{
	memset(&queue, 0, sizeof(queue));
	now = 1000 * NS_PER_SEC;
	return 0;
}

static void put(uint64_t owner, uint64_t tag)
{
	struct resolve_question question = {.ask = RESOLVE_CGROUP, .tag = tag};

	fair_put(&queue, &question, owner);
}

/* The tag of the next question; 0: none. */
static uint64_t take(uint32_t *ret_wait_ms)
{
	struct resolve_question question;
	uint64_t key;

	return fair_take(&queue, now, &question, &key, ret_wait_ms) ? question.tag : 0;
}

static void test_order_of_arrival(void **state)
{
	uint32_t wait;

	assert_int_equal(take(&wait), 0);
	for (uint64_t tag = 1; tag <= FAIR_QUESTIONS; tag++)
		put(HOSTILE, tag);
	assert_true(fair_full(&queue));
	put(HOSTILE, 999); /* no room: not taken */
	for (uint64_t tag = 1; tag <= FAIR_QUESTIONS; tag++) {
		assert_int_equal(take(&wait), tag);
		assert_int_equal(wait, 0);
	}
	assert_int_equal(take(&wait), 0);
}

/* 32 questions of 50 ms each: one of another owner is next, whenever it comes. */
static void test_other_owner_is_next(void **state)
{
	uint32_t wait;

	for (uint64_t tag = 1; tag <= 32; tag++)
		put(HOSTILE, tag);
	for (int i = 0; i < 32; i++) {
		assert_true(take(&wait) <= 32);
		now += 50 * NS_PER_MS;
		fair_charge(&queue, now, HOSTILE, 50 * NS_PER_MS, 0);
		put(OTHER, 100);
		assert_int_equal(take(&wait), 100);
		assert_int_equal(wait, 0);
		fair_charge(&queue, now, OTHER, NS_PER_MS, 0);
	}
}

/* In the long run an owner has a tenth of the time, however many questions it asks; those that wait come at different times. */
static void test_share(void **state)
{
	uint64_t spent = 0, end = now + 60 * NS_PER_SEC;
	uint32_t wait, last = 0;

	while (now < end) {
		put(HOSTILE, 1);
		take(&wait);
		assert_true(wait <= RESOLVE_WAIT_MOST_MS);
		now += NS_PER_MS;
		if (wait)
			continue;
		spent += 20 * NS_PER_MS;
		now += 20 * NS_PER_MS;
		fair_charge(&queue, now, HOSTILE, 20 * NS_PER_MS, 0);
	}
	assert_true(spent <= 7 * NS_PER_SEC && spent >= 5 * NS_PER_SEC);
	fair_charge(&queue, now, HOSTILE, NS_PER_SEC, 0);
	for (int i = 0; i < 40; i++) {
		put(HOSTILE, 1);
		take(&wait);
		assert_true(wait > last || wait == RESOLVE_WAIT_MOST_MS);
		last = wait;
	}
}

static void test_bytes_count(void **state)
{
	uint32_t wait;

	fair_charge(&queue, now, HOSTILE, 0, 64u << 20);
	put(HOSTILE, 1);
	assert_int_equal(take(&wait), 1);
	assert_true(wait);
	now += 10 * NS_PER_SEC; /* all is there again, and no more than that */
	put(HOSTILE, 1);
	take(&wait);
	assert_int_equal(wait, 0);
	fair_charge(&queue, now, HOSTILE, FAIR_BURST_NS + 1, 0);
	put(HOSTILE, 1);
	take(&wait);
	assert_true(wait);
}

/* More owners than places: the one in debt stays in debt. */
static void test_many_owners(void **state)
{
	uint32_t wait;

	fair_charge(&queue, now, HOSTILE, 2 * NS_PER_SEC, 0);
	for (uint64_t key = 100; key < 100 + 2 * FAIR_OWNERS; key++)
		fair_charge(&queue, now, key, NS_PER_MS, 0);
	put(HOSTILE, 1);
	take(&wait);
	assert_true(wait);
}

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HEY "1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* Which cgroups share a share. */
static void test_owners(void **state)
{
	static const struct {
		const char *a, *b;
		unsigned int uid;
		bool same;
	} rows[] = {
		{"/user.slice/user-4242.slice/session-1.scope",
		 "/user.slice/user-4242.slice/user@4242.service/app.slice/x.service", 4242, true},
		{"/user.slice/user-4242.slice/libpod-" HEX ".scope",
		 "/user.slice/user-4242.slice/libpod-" HEY ".scope", 4242, true},
		{"/user.slice/user-4242.slice/a", "/user.slice/user-4243.slice/a", 4242, false},
		{"/made/by/root/user-4242.slice/a", "/user.slice/user-4242.slice/a", 4242, true},
		{"/docker/" HEX, "/docker/" HEY, 0, false},
		{"/docker/" HEX, "/docker/" HEX "/libpod-" HEY ".scope", 0, true},
		{"/docker/" HEX "/docker/" HEX, "/docker/" HEX "/docker/" HEY, 0, true},
		/* a user inside a container is none of the host's */
		{"/docker/" HEX "/user.slice/user-4242.slice", "/docker/" HEX "/x", 0, true},
		{"/system.slice/a.service/libpod-" HEX ".scope", "/system.slice/a.service/b", 0,
		 true},
		{"/system.slice/a.service", "/system.slice/b.service", 0, false},
		{"/lxc/one/x", "/lxc/one/libpod-" HEX ".scope", 0, true},
		{"/lxc/one", "/lxc/two", 0, false},
		{"/user.slice/user-0.slice/session-1.scope",
		 "/user.slice/user-0.slice/session-2.scope", 0, false},
		{"/plain", "/other", 0, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct path a, b;
		unsigned int uid, uid_b;
		uint64_t key;

		path_split(rows[i].a, &a);
		path_split(rows[i].b, &b);
		key = identity_owner(&a, &uid);
		if ((key == identity_owner(&b, &uid_b)) != rows[i].same)
			fail_msg("row %zu: %s, %s", i, rows[i].a, rows[i].b);
		assert_int_equal(uid, rows[i].uid);
		if (rows[i].same)
			assert_int_equal(uid, uid_b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_order_of_arrival, begin),
		cmocka_unit_test_setup(test_other_owner_is_next, begin),
		cmocka_unit_test_setup(test_share, begin),
		cmocka_unit_test_setup(test_bytes_count, begin),
		cmocka_unit_test_setup(test_many_owners, begin),
		cmocka_unit_test(test_owners),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
