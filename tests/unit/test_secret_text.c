// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Secrets of URLs, headers and files do not get into messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/secret_text.h"

static void test_url(void **state)
{
	static const struct {
		const char *url, *shown;
	} rows[] = {
		{"http://127.0.0.1:9090", "http://127.0.0.1:9090"},
		{"http://127.0.0.1:9090/", "http://127.0.0.1:9090/"},
		{"https://hooks.example.org/services/T0/B0/xyz", "https://hooks.example.org/***"},
		{"https://user:pass@host:8443", "https://host:8443"},
		{"https://user:p@ss@host/x", "https://host/***"},
		{"https://user:p/ss@host/x", "https://host/***"},
		{"https://user:p?ss#@host", "https://host"},
		{"https://token@host", "https://host"},
		{"https://host/@user", "https://host/***"},
		{"https://host?key=secret", "https://host/***"},
		{"https://host#secret", "https://host/***"},
		{"https://[::1]:8443/secret", "https://[::1]:8443/***"},
		{"nats://u:p@one:4222,nats://u:p@two:4222", "nats://one:4222,nats://two:4222"},
		{"u:p@host", ""},
		{"u:p@x://host", ""},
		{"://host", ""},
		{"", ""},
	};
	char shown[64];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_string_equal(secret_url(rows[i].url, shown, sizeof(shown)), rows[i].shown);
	assert_string_equal(secret_url("https://a-long-name.example.org/x", shown, 12),
			    "https://a-l");
}

static void test_hide(void **state)
{
	static const struct {
		const char *url, *text, *left;
	} rows[] = {
		{"https://h/services/T012/B345/abcdefgh", "no route /services/T012/B345/abcdefgh",
		 "no route ***"},
		{"https://h/services/T012/B345/abcdefgh", "unknown hook abcdefgh of T012",
		 "unknown hook *** of ***"},
		{"https://user:passw0rd@h/", "bad login user:passw0rd, user passw0rd",
		 "bad login ***, *** ***"},
		{"https://u%40x:p%2fss@h", "u@x p/ss p%2fss", "u@x *** ***"},
		{"https://h/?key=to%20ken&z=zebra", "key to ken and zebra", "key *** and ***"},
		{"https://h/?key=to ken", "to%20ken", "***"},
		{"https://h/v1/x", "v1 x", "v1 x"},
		{"https://h", "h", "h"},
		{"nats://a:first@h,nats://b:second@i", "first second", "*** ***"},
		{"", "text", "text"},
	};
	char text[256];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		strcpy(text, rows[i].text);
		secret_hide_url(text, rows[i].url);
		if (strcmp(text, rows[i].left))
			fail_msg("%s: %s", rows[i].url, text);
	}
	strcpy(text, "abcdabcdab");
	secret_hide(text, "abcd");
	assert_string_equal(text, "******ab");
	strcpy(text, "abc");
	secret_hide(text, "abc");
	secret_hide(text, "");
	assert_string_equal(text, "abc");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_url),
		cmocka_unit_test(test_hide),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
