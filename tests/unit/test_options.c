// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Command lines: what is taken, what is refused and in which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "command/options.h"

struct values {
	bool flag;
	const char *text;
	uint64_t ms;
	const char *word;
};

static const char *const words[] = {"risk", "usage", "headroom"};

static const char *word_at(size_t i) { return i < ARRAY_SIZE(words) ? words[i] : NULL; }

static int parse_word(const char *text, void *at)
{
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(words[i], text)) {
			*(const char **)at = words[i];
			return 0;
		}
	return -EINVAL;
}

static const struct option_spec specs[] = {
	OPTION_FLAG("flag", struct values, flag, "a flag"),
	{.name = "text",
	 .argument = "T",
	 .parse = option_text,
	 .offset = offsetof(struct values, text),
	 .wants = "text"},
	{.name = "every",
	 .argument = "D",
	 .parse = option_duration_ms,
	 .offset = offsetof(struct values, ms),
	 .wants = OPTION_WANTS_DURATION},
	{.name = "sort",
	 .argument = "KEY",
	 .parse = parse_word,
	 .offset = offsetof(struct values, word),
	 .word = word_at},
	{0},
};

static int parse(const char *line, struct values *values, char error[OPTIONS_ERROR], char *rest,
		 size_t rest_bytes)
{
	static char copy[256];
	char *argv[16], *save;
	int argc = 0, n;

	snprintf(copy, sizeof(copy), "%s", line);
	for (char *word = strtok_r(copy, " ", &save); word && argc < 15;
	     word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	argv[argc] = NULL;
	*values = (struct values){0};
	error[0] = rest[0] = 0;
	n = options_parse(specs, argc, argv, values, error);
	for (int i = 0; i < n; i++) {
		strncat(rest, argv[1 + i], rest_bytes - strlen(rest) - 1);
		strncat(rest, "|", rest_bytes - strlen(rest) - 1);
	}
	return n;
}

static void test_lines(void **state)
{
	static const struct {
		const char *line;
		int n;
		bool flag;
		const char *text;
		uint64_t ms;
		const char *rest;
	} cases[] = {
		{"cmd", 0, false, NULL, 0, ""},
		{"cmd --flag", 0, true, NULL, 0, ""},
		{"cmd file --flag other", 2, true, NULL, 0, "file|other|"},
		{"cmd --text=a --text b", 0, false, "b", 0, ""},
		{"cmd --every 1m30s", 0, false, NULL, 90000, ""},
		{"cmd -- --flag", 1, false, NULL, 0, "--flag|"},
		{"cmd --fl", 0, true, NULL, 0, ""},
		{"cmd -", 1, false, NULL, 0, "-|"},
	};
	char error[OPTIONS_ERROR], rest[256];
	struct values values;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(parse(cases[i].line, &values, error, rest, sizeof(rest)),
				 cases[i].n);
		assert_int_equal(values.flag, cases[i].flag);
		assert_int_equal(values.ms, cases[i].ms);
		assert_string_equal(rest, cases[i].rest);
		if (cases[i].text)
			assert_string_equal(values.text, cases[i].text);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *line;
		int error;
		const char *words;
	} cases[] = {
		{"cmd --help", -ECANCELED, ""},
		{"cmd -h", -ECANCELED, ""},
		{"cmd --flog", -EINVAL, "unknown option --flog"},
		{"cmd -x", -EINVAL, "unknown option -x"},
		{"cmd --text", -EINVAL, "--text needs a value"},
		{"cmd --every 0s", -EDOM,
		 "--every: invalid value '0s': give a duration such as 500ms, 1s or 5m"},
		{"cmd --every soon", -EDOM,
		 "--every: invalid value 'soon': give a duration such as 500ms, 1s or 5m"},
		{"cmd --sort riks", -EDOM,
		 "--sort: invalid value 'riks': choose from risk, usage, headroom"},
		{"cmd --sort \033[2J", -EDOM,
		 "--sort: invalid value '\\x1b[2J': choose from risk, usage, headroom"},
	};
	char error[OPTIONS_ERROR], rest[256];
	struct values values;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(parse(cases[i].line, &values, error, rest, sizeof(rest)),
				 cases[i].error);
		assert_string_equal(error, cases[i].words);
	}
}

static void test_suggest(void **state)
{
	assert_string_equal(suggest("rsik", word_at), "risk");
	assert_string_equal(suggest("head", word_at), "headroom");
	assert_string_equal(suggest("usag", word_at), "usage");
	assert_string_equal(suggest("usages", word_at), "usage");
	assert_string_equal(suggest("headromo", word_at), "headroom");
	assert_string_equal(suggest("haedrom", word_at), "headroom");
	assert_null(suggest("rack", word_at));
	assert_null(suggest("stage", word_at));
	assert_null(suggest("banana", word_at));
	assert_null(suggest("", word_at));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_suggest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
