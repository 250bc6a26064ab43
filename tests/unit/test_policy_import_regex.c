// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Regular expressions as globs, and what systemd writes as numbers and times. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "cli/policy_import.h"
#include "cli/policy_systemd_oomd.h"

static void test_globs(void **state)
{
	static const struct {
		const char *regex, *globs; /* "": none */
	} rows[] = {
		{"^sshd$", "sshd"},
		{"sshd", "*sshd*"},
		{"^ssh", "ssh*"},
		{"ssh$", "*ssh"},
		{"(^|/)(a|b|c)$", "a b c"},
		{"^(a|b.*)$", "a b*"},
		{"a|b", "*a* *b*"},
		{"^a|b$", "a* *b"},
		{"^(a|(b|c)d?)$", "a b bd c cd"},
		{"^java[0-9]+$", "java[0-9]*"}, /* more than it says */
		{"^a.c$", "a?c"},
		{"^a\\.c$", "a.c"},
		{"^[ab]$", "[ab]"},
		{"^[^ab]x$", "[!ab]x"},
		{"^[Hh]yprland$", "[Hh]yprland"},
		{"^[[:upper:]]x$", "[[:upper:]]x"},
		{"^[]a]x$", "[]a]x"},
		{"^[a\\]x$", "[a\\\\]x"},
		{"^[!a]x$", "[\\!a]x"},
		{"^a\\*$", "a\\*"},
		{"^a{2}b{0,1}$", "aa aab"},
		{"^.+d$", "?*d"},
		{"^..*d$", "?*d"},
		{"^(a|)b$", "ab b"},
		{"^(foo|bar)$|^baz", "foo bar baz*"},
		{"^gnome-control-center$", "gnome-control-c"},
		{"^\\w-x$", "[[:alnum:]_]-x"},
		{".*", ""},
		{"", ""},
		{"^$", ""},
		{"a^b", ""},
		{"^q[xz]*q$", ""},
		{"(", ""},
		{"^((((a{1,200}){1,200}){1,200}){1,200})$",
		 ""}, /* regcomp() would take all memory */
		{"^x{2}$", "xx"},
		{"^(a|b", ""},
		{"[a", ""},
		{"a\\", ""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct globs globs = {0};
		char all[512] = "";
		int e = regex_globs(rows[i].regex, REGEX_COMM, &globs);

		assert_true(!e == (*rows[i].globs != 0));
		for (size_t k = 0; k < globs.n; k++)
			snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s", k ? " " : "",
				 globs.glob[k]);
		if (strcmp(all, rows[i].globs) != 0)
			fail_msg("%s: %s, not %s", rows[i].regex, all, rows[i].globs);
		globs_free(&globs);
	}
}

/* No glob can say it, and too little is left of it: names of common processes. */
static void test_names(void **state)
{
	struct globs globs = {0};

	assert_int_equal(regex_globs("^s*w+a*y$", REGEX_COMM, &globs), 0);
	assert_string_equal(globs.glob[0], "sway");
	assert_non_null(strstr(globs.how, "a list of common ones"));
	globs_free(&globs);
}

static void test_systemd_values(void **state)
{
	static const struct {
		const char *text;
		double percent; /* below 0: no share */
	} shares[] = {
		{"60%", 60},      {"60.5%", 60.5}, {"60.55%", 60.55}, {"605‰", 60.5},
		{"6055‱", 60.55}, {"0%", 0},       {"100%", 100},     {"101%", -1},
		{"1001‰", -1},    {"60", -1},      {"60.555%", -1},   {"%", -1},
		{"", -1},         {"-1%", -1},     {"60.%", -1},
	};
	static const struct {
		const char *text;
		int64_t ms; /* below 0: no time */
	} times[] = {
		{"20s", 20000},
		{"20", 20000},
		{"1min 30s", 90000},
		{"1min30s", 90000},
		{"1.5min", 90000},
		{"500ms", 500},
		{"2h", 7200000},
		{"1 day", 86400000},
		{"infinity", INT64_MAX},
		{"0", 0},
		{"", -1},
		{"soon", -1},
		{"5 parsecs", -1},
		{"-5s", -1},
		{"1..2s", -1},
		{"250us", 0},
	};
	double percent;
	uint64_t ms;

	for (size_t i = 0; i < ARRAY_SIZE(shares); i++) {
		int e = systemd_percent(shares[i].text, &percent);

		assert_int_equal(!e, shares[i].percent >= 0);
		if (!e)
			assert_true(percent > shares[i].percent - 0.001 &&
				    percent < shares[i].percent + 0.001);
	}
	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		int e = systemd_time_ms(times[i].text, &ms);

		assert_int_equal(!e, times[i].ms >= 0);
		if (!e && times[i].ms != INT64_MAX)
			assert_int_equal(ms, times[i].ms);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_globs),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_systemd_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
