/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Imports of other OOM killers' settings, for their tests: the result as text, and compiled. */
#ifndef HEADROOM_FIXTURE_IMPORT_H
#define HEADROOM_FIXTURE_IMPORT_H

#include <dirent.h>
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

#define FIXTURES "tests/fixtures/import/"

typedef int import_fn(struct import *im, const char *path);

/* The result; NULL if it failed as expected. `lost`: protections that could not be taken over. */
static inline char *import_lost_of(import_fn *fn, const char *path, int expected, size_t lost)
{
	struct import *im = import_new("test");
	char *text = NULL;
	size_t bytes, n = 0;
	FILE *out = open_memstream(&text, &bytes);

	assert_non_null(im);
	assert_int_equal(fn(im, path), expected);
	while (import_lost_text(im, n))
		n++;
	if (n != lost)
		fail_msg("%s: %zu lost, not %zu: %s", path, n, lost, import_lost_text(im, 0));
	assert_int_equal(expected ? 0 : import_write(im, out), 0);
	fclose(out);
	import_free(im);
	return text;
}

static inline char *import(import_fn *fn, const char *path, int expected)
{
	return import_lost_of(fn, path, expected, 0);
}

/* `path` ends in XXXXXX, and is the name of the file afterwards. */
static inline void text_file(char *path, const char *text)
{
	int fd = mkstemp(path);

	assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static inline int policy_try(const char *text, struct policy_set **ret, char error[CONFIG_ERROR])
{
	char path[] = "/tmp/headroom-test-XXXXXX";
	struct config config;
	int err;

	text_file(path, text);
	config_init(&config);
	err = config_load(path, &config, ret, error);
	unlink(path);
	return err;
}

static inline struct policy_set *policy_parse(const char *text)
{
	char error[CONFIG_ERROR] = "";
	struct policy_set *set = NULL;

	if (policy_try(text, &set, error))
		fail_msg("%s\n%s", error, text);
	assert_int_equal(set->mode, MODE_DRY_RUN);
	return set;
}

/* Comments are wrapped: joins the lines of each. */
static inline char *unwrapped(const char *text)
{
	char *one = strdup(text), *to = one;

	for (const char *at = text; *at;) {
		const char *more = !strncmp(at, "\n#     ", 7)     ? at + 7
				   : !strncmp(at, "\n#       ", 9) ? at + 9
								   : NULL;

		if (more) {
			if (to > one && to[-1] == '\\') /* within a word */
				to--;
			else
				*to++ = ' ';
			at = more + strspn(more, " ");
		} else {
			*to++ = *at++;
		}
	}
	*to = 0;
	return one;
}

static inline void has(const char *text, const char *part)
{
	_cleanup_free_ char *one = unwrapped(text);

	if (!strstr(one, part))
		fail_msg("no '%s' in:\n%s", part, text);
}

static inline void has_not(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("'%s' in:\n%s", part, text);
}

static inline const struct policy *find(const struct policy_set *set, const char *name)
{
	for (uint32_t i = 0; i < set->policies; i++)
		if (!strcmp(policy_text(set, policy_at(set, i)->name), name))
			return policy_at(set, i);
	fail_msg("no policy %s", name);
	return NULL;
}

static inline const char *protect_glob(const struct policy_set *set, uint32_t i)
{
	return policy_glob(set, policy_match_at(set, set->protect_first + i)->first);
}

/* The protected names, with a blank between. */
static inline void assert_protects(const struct policy_set *set, const char *expected)
{
	char all[1024] = "";

	for (uint32_t i = 0; i < set->protects; i++)
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s", i ? " " : "",
			 protect_glob(set, i));
	assert_string_equal(all, expected);
}

static inline uint32_t milli(const struct policy_set *set, const char *policy)
{
	return (uint32_t)find(set, policy)->threshold[CONDITION_HOST_AVAILABLE].milli;
}

static inline const char *first_glob(const struct policy_set *set, const char *policy)
{
	return policy_glob(set, policy_match_at(set, find(set, policy)->first_match)->first);
}

/* The result of a file with this text. */
static inline char *import_of_text(import_fn *fn, const char *settings, int expected, size_t lost)
{
	char path[] = "/tmp/headroom-test-XXXXXX", *text;

	text_file(path, settings);
	text = import_lost_of(fn, path, expected, lost);
	unlink(path);
	return text;
}

#endif
