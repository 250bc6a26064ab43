// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Other guards' settings as policies: what comes out, that it compiles, and regular expressions as globs. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "policy/config.h"
#include "base/cleanup.h"
#include "cli/policy_import.h"

#define FIXTURES "tests/fixtures/policy/import/"

typedef int import_fn(const char *path, FILE *out);

static char *import(import_fn *fn, const char *path, int expected)
{
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	assert_int_equal(fn(path, out), expected);
	fclose(out);
	return text;
}

static struct policy_set *policy_parse(const char *text)
{
	char path[] = "/tmp/headroom-test-XXXXXX", error[CONFIG_ERROR] = "";
	struct policy_set *set = NULL;
	struct config config;
	int fd = mkstemp(path), err;

	assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
	config_init(&config);
	err = config_load(path, &config, &set, error);
	unlink(path);
	if (err)
		fail_msg("%s\n%s", error, text);
	assert_int_equal(set->mode, MODE_DRY_RUN);
	return set;
}

static void has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no '%s' in:\n%s", part, text);
}

static void test_earlyoom(void **state)
{
	_cleanup_free_ char *text = import(import_earlyoom, FIXTURES "earlyoom-debian", 0);
	_cleanup_free_ struct policy_set *set = policy_parse(text);

	has(text, "# earlyoom -r 3600\n");
	has(text, "# Swap: ");
	assert_int_equal(set->policies, 2);
	assert_int_equal(policy_at(set, 0)->threshold[CONDITION_HOST_AVAILABLE].milli, 50);
	assert_int_equal(policy_at(set, 1)->threshold[CONDITION_HOST_AVAILABLE].milli, 100);
	assert_true(policy_at(set, 0)->action[1].kind == HR_ACTION_KILL &&
		    policy_at(set, 0)->action[1].largest);
	assert_int_equal(policy_at(set, 1)->action[1].kind, HR_ACTION_TERM);
}

static void test_earlyoom_options(void **state)
{
	_cleanup_free_ char *text = import(import_earlyoom, FIXTURES "earlyoom-full", 0);
	_cleanup_free_ struct policy_set *set = policy_parse(text);
	static const char *const protects[] = {"init", "Xorg", "ssh*"};

	assert_int_equal(policy_at(set, 0)->threshold[CONDITION_HOST_AVAILABLE].value, 300 << 20);
	assert_int_equal(policy_at(set, 1)->threshold[CONDITION_HOST_AVAILABLE].value, 400 << 20);
	assert_int_equal(policy_at(set, 0)->action[1].largest, 0); /* -g */
	assert_string_equal(policy_text(set, policy_at(set, 0)->action[0].command.word[0]),
			    "/usr/local/bin/tell");
	assert_int_equal(set->protects, 3);
	for (uint32_t i = 0; i < 3; i++)
		assert_string_equal(
			policy_glob(set, policy_match_at(set, set->protect_first + i)->first),
			protects[i]);
	has(text, "# --ignore '^(post+gres)$': more than a list of names");
	has(text, "# --frobnicate: an option that is not known here.");
	has(text, "# --prefer: no equivalent");
	has(text, "longer ones never matched");
	assert_null(strstr(text, "# Swap")); /* -s 100: as here */
}

static const struct policy *find(const struct policy_set *set, const char *name)
{
	for (uint32_t i = 0; i < set->policies; i++)
		if (!strcmp(policy_text(set, policy_at(set, i)->name), name))
			return policy_at(set, i);
	fail_msg("no policy %s", name);
	return NULL;
}

static void test_oomd(void **state)
{
	_cleanup_free_ char *text = import(import_oomd, FIXTURES "etc-systemd", 0);
	_cleanup_free_ struct policy_set *set = policy_parse(text);
	const struct policy *p;

	assert_int_equal(set->policies, 3);
	p = find(set, "oomd-pressure-user@.service");
	assert_true(p->threshold[CONDITION_FULL_AVG10].value == 5000 && p->for_ms == 20000);
	assert_string_equal(policy_glob(set, policy_match_at(set, p->first_match)->first),
			    "/user.slice/user-*.slice/user@*.service/*");
	p = find(set, "oomd-pressure-batch-night.slice");
	assert_true(p->threshold[CONDITION_FULL_AVG10].value == 6000 && p->for_ms == 60000);
	assert_string_equal(policy_glob(set, policy_match_at(set, p->first_match)->first),
			    "/batch.slice/batch-night.slice/*");
	p = find(set, "oomd-swap--.slice");
	assert_int_equal(p->threshold[CONDITION_HOST_AVAILABLE].milli, 150);
	assert_string_equal(policy_glob(set, policy_match_at(set, p->first_match)->first), "/*");
	assert_int_equal(set->protects, 1); /* the drop-in's omit, not the unit's avoid */
	has(text, "limit=high: not understood; 60% instead");
}

static void test_oomd_single(void **state)
{
	_cleanup_free_ char *unit =
		import(import_oomd, FIXTURES "etc-systemd/system/-.slice.d/10-oomd.conf", 0);
	_cleanup_free_ char *global = import(import_oomd, FIXTURES "etc-systemd/oomd.conf", 0);
	_cleanup_free_ struct policy_set *one = policy_parse(unit), *none = policy_parse(global);

	assert_true(one->policies == 1 && one->protects == 0);
	assert_int_equal(policy_at(one, 0)->threshold[CONDITION_HOST_AVAILABLE].milli,
			 100); /* 90 % of swap, the default */
	assert_int_equal(none->policies, 0);
	has(global, "oomd would do");
}

static void test_nothing_there(void **state)
{
	char fifo[] = "/tmp/headroom-test-XXXXXX";

	free(import(import_earlyoom, FIXTURES "etc-systemd/oomd.conf", -ENODATA));
	free(import(import_earlyoom, FIXTURES "etc-systemd", -EISDIR));
	free(import(import_earlyoom, FIXTURES "none", -ENOENT));
	free(import(import_oomd, FIXTURES "earlyoom-full", -ENODATA));
	free(import(import_oomd, FIXTURES "none", -ENOENT));
	free(import(import_oomd, "/dev/zero", -ENOTSUP));
	assert_int_equal(close(mkstemp(fifo)), 0);
	unlink(fifo);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	free(import(import_oomd, fifo, -ENOTSUP));
	unlink(fifo);
}

static void test_globs(void **state)
{
	static const struct {
		const char *regex, *globs; /* "": it can't be said */
	} rows[] = {
		{"^sshd$", "sshd"},
		{"sshd", "*sshd*"},
		{"^ssh", "ssh*"},
		{"ssh$", "*ssh"},
		{"(^|/)(a|b|c)$", "a b c"},
		{"^(a|b.*)$", "a b*"},
		{"a|b", "*a* *b*"},
		{"^a|b$", ""},
		{"^(a|(b|c))$", ""},
		{"^a+$", ""},
		{"^a.c$", "a?c"},
		{"^a\\.c$", "a.c"},
		{"^[ab]$", ""},
		{"^a\\*$", ""},
		{"^a\\d$", ""},
		{".*", ""},
		{"", ""},
		{"^$", ""},
		{"^(a|)$", ""},
		{"^a{2}$", ""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char globs[IMPORT_GLOBS][IMPORT_GLOB], all[512] = "";
		size_t n = import_globs(rows[i].regex, globs);

		for (size_t k = 0; k < n; k++)
			snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s", k ? " " : "",
				 globs[k]);
		assert_string_equal(all, rows[i].globs);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_earlyoom),      cmocka_unit_test(test_earlyoom_options),
		cmocka_unit_test(test_oomd),          cmocka_unit_test(test_oomd_single),
		cmocka_unit_test(test_nothing_there), cmocka_unit_test(test_globs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
