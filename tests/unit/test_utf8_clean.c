// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Nothing that steers a terminal, hides or reorders text gets through; what is cut is cut between
 * characters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/utf8_clean.h"

static void test_clean(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"", ""},
		{"web-1", "web-1"},
		{"Grüße, 日本語 👍", "Grüße, 日本語 👍"},
		{"back\\slash", "back\\\\slash"},
		{"\\x1b", "\\\\x1b"}, /* not to be taken for an escape of ours */
		{"a\033[31mb", "a\\x1b[31mb"},
		{"\t\r\n\a\b\v\f\x7f", "\\x09\\x0d\\x0a\\x07\\x08\\x0b\\x0c\\x7f"},
		{"\xc2\x80\xc2\x9b\xc2\x9f",
		 "\\xc2\\x80\\xc2\\x9b\\xc2\\x9f"}, /* C1: CSI in one character */
		{"\x9b"
		 "31m",
		 "\\x9b31m"},             /* and in one byte */
		{"\xc2\xa0", "\xc2\xa0"}, /* no-break space: visible as a space */
		{"\xc2\xad", "\\xc2\\xad"},
		/* bidi: embeddings, overrides, isolates, marks */
		{"\xe2\x80\xaa\xe2\x80\xab\xe2\x80\xac\xe2\x80\xad\xe2\x80\xae",
		 "\\xe2\\x80\\xaa\\xe2\\x80\\xab\\xe2\\x80\\xac\\xe2\\x80\\xad\\xe2\\x80\\xae"},
		{"\xe2\x81\xa6\xe2\x81\xa7\xe2\x81\xa8\xe2\x81\xa9",
		 "\\xe2\\x81\\xa6\\xe2\\x81\\xa7\\xe2\\x81\\xa8\\xe2\\x81\\xa9"},
		{"\xd8\x9c", "\\xd8\\x9c"},
		/* zero width: U+200B-200F, word joiner, BOM */
		{"\xe2\x80\x8b\xe2\x80\x8c\xe2\x80\x8d\xe2\x80\x8e\xe2\x80\x8f",
		 "\\xe2\\x80\\x8b\\xe2\\x80\\x8c\\xe2\\x80\\x8d\\xe2\\x80\\x8e\\xe2\\x80\\x8f"},
		{"\xe2\x81\xa0\xef\xbb\xbf", "\\xe2\\x81\\xa0\\xef\\xbb\\xbf"},
		{"\xe2\x80\xa8\xe2\x80\xa9",
		 "\\xe2\\x80\\xa8\\xe2\\x80\\xa9"}, /* line, paragraph separator */
		{"\xe2\x80\x8a\xe2\x80\x90",
		 "\xe2\x80\x8a\xe2\x80\x90"},                        /* the neighbours are text */
		{"\xf3\xa0\x80\x81\xf3\xa0\x81\xa1\xf3\xa0\x81\xbf", /* tags */
		 "\\xf3\\xa0\\x80\\x81\\xf3\\xa0\\x81\\xa1\\xf3\\xa0\\x81\\xbf"},
		{"\xf3\xa0\x84\x80", "\\xf3\\xa0\\x84\\x80"}, /* variation selector 17 */
		{"\xef\xbf\xbe\xef\xbf\xbf", "\\xef\\xbf\\xbe\\xef\\xbf\\xbf"},
		{"\xf0\x9f\xbf\xbe", "\\xf0\\x9f\\xbf\\xbe"}, /* noncharacter of another plane */
		/* no UTF-8: overlong, surrogates, too high, stray and missing continuations */
		{"\xc0\xaf", "\\xc0\\xaf"},
		{"\xc1\x81", "\\xc1\\x81"},
		{"\xe0\x80\xaf", "\\xe0\\x80\\xaf"},
		{"\xf0\x80\x80\xaf", "\\xf0\\x80\\x80\\xaf"},
		{"\xed\xa0\x80\xed\xbf\xbf", "\\xed\\xa0\\x80\\xed\\xbf\\xbf"},
		{"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},
		{"\xf8\x88\x80\x80\x80", "\\xf8\\x88\\x80\\x80\\x80"},
		{"\xff\xfe", "\\xff\\xfe"},
		{"\x80x\xbf", "\\x80x\\xbf"},
		{"\xc3", "\\xc3"},
		{"\xe2\x82", "\\xe2\\x82"},
		{"\xe2\x82z", "\\xe2\\x82z"},
		{"\xe2\xc3\xa9", "\\xe2é"}, /* what follows a broken one is not lost */
		{"\xf0\x9f\x91", "\\xf0\\x9f\\x91"},
	};
	char out[256];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(text_clean(cases[i].in, SIZE_MAX, out, sizeof(out)),
				    cases[i].out);
}

static bool escapes_are_whole(const char *text)
{
	for (; (text = strchr(text, '\\')); text += text[1] == '\\' ? 2 : 4)
		if (text[1] != '\\' && strlen(text) < 4)
			return false;
	return true;
}

static void test_clean_bounds(void **state)
{
	static const char *const whole[] = {"abc", "é\\é", "\033\033", "日本", "\xe2\x80\xaez"};
	char out[64], all[64];

	assert_string_equal(text_clean("abc", 2, out, sizeof(out)), "ab");
	assert_string_equal(text_clean("é", 1, out, sizeof(out)),
			    "\\xc3"); /* n cuts: then it is no UTF-8 */
	assert_string_equal(text_clean(NULL, 5, out, sizeof(out)), "");
	assert_string_equal(text_clean("abc", SIZE_MAX, out, 0), "");
	for (size_t i = 0; i < ARRAY_SIZE(whole); i++) {
		text_clean(whole[i], SIZE_MAX, all, sizeof(all));
		for (size_t space = 1; space < sizeof(out); space++) {
			memset(out, 0x55, sizeof(out));
			text_clean(whole[i], SIZE_MAX, out, space);
			assert_true(strlen(out) < space);
			assert_memory_equal(out, all, strlen(out));
			assert_int_equal(out[space], 0x55);
			assert_int_not_equal(((unsigned char)all[strlen(out)] & 0xc0), 0x80);
			assert_true(escapes_are_whole(out));
		}
	}
}

/* Whatever goes in, what comes out is printable ASCII or valid UTF-8 without controls; and cleaning
 * is unambiguous. */
static void test_clean_random(void **state)
{
	static const char alphabet[] =
		"\0\033\\x\x7f\xc2\x9b\xe2\x80\xae\xef\xbb\xbf\xf3\xa0\x81\xa1"
		"az\xff\xc0";
	char in[24], out[4 * sizeof(in) + 1];

	srand(3);
	for (int round = 0; round < 20000; round++) {
		mbstate_t mb = {0};
		const char *p = out;

		for (size_t i = 0; i < sizeof(in); i++)
			in[i] = rand() % 3 ? alphabet[(size_t)rand() % sizeof(alphabet)]
					   : (char)rand();
		text_clean(in, sizeof(in), out, sizeof(out));
		while (*p) {
			wchar_t c;
			size_t n = mbrtowc(&c, p, strlen(p), &mb);

			assert_true(n && n <= 4);
			assert_true(c >= 0x20 && c != 0x7f && (c < 0x80 || c >= 0xa0));
			assert_true(c < 0x200b || (c > 0x200f && c < 0x2028) || c > 0x202e);
			assert_true(c != 0xfeff && (c < 0xe0000 || c > 0xe0fff));
			p += n;
		}
	}
}

static void test_width_and_fit(void **state)
{
	static const struct {
		const char *text;
		size_t width;
	} widths[] = {{"", 0}, {"abc", 3}, {"é", 1}, {"日本語", 6}, {"e\xcc\x81", 1}, {"a\xff", 2}};
	static const struct {
		const char *text;
		size_t width;
		int ascii;
		const char *fit;
	} cases[] = {
		{"abc", 3, 0, "abc"},
		{"abc", 9, 0, "abc"},
		{"abcd", 3, 0, "ab…"},
		{"abcd", 3, 1, "ab~"},
		{"abcd", 1, 0, "…"},
		{"abcd", 0, 0, ""},
		{"", 0, 0, ""},
		{"日本語", 6, 0, "日本語"},
		{"日本語", 5, 0, "日本…"},
		{"日本語", 4, 0, "日…"},
		{"日本語", 3, 1, "日~"},
		{"日本語", 2, 0, "…"},
		{"e\xcc\x81"
		 "e\xcc\x81",
		 2, 0,
		 "e\xcc\x81"
		 "e\xcc\x81"},
		{"e\xcc\x81xy", 2, 0, "e\xcc\x81…"},
	};
	char out[64];

	for (size_t i = 0; i < ARRAY_SIZE(widths); i++)
		assert_int_equal(text_width(widths[i].text), widths[i].width);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		text_fit(cases[i].text, cases[i].width, cases[i].ascii, out, sizeof(out));
		assert_string_equal(out, cases[i].fit);
		assert_true(text_width(out) <= cases[i].width);
	}
	for (size_t space = 1; space < 16; space++) {
		memset(out, 0x55, sizeof(out));
		text_fit("日本語abc", 9, 0, out, space);
		assert_true(strlen(out) < space);
		assert_int_equal(out[space], 0x55);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_clean_bounds),
		cmocka_unit_test(test_clean_random),
		cmocka_unit_test(test_width_and_fit),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		setlocale(LC_CTYPE, ""); /* musl: always UTF-8 */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
