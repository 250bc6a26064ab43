// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Imports of other OOM killers' settings: what is lost, that each line of the input is accounted for, and damaged files. */
#include "fixture_import.h"

static char *whole_file(const char *path)
{
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	char *text = calloc(1, 1 << 20);

	assert_non_null(file);
	assert_true(fread(text, 1, (1 << 20) - 1, file) > 0 || feof(file));
	return text;
}

static void test_lost(void **state)
{
	static const struct {
		import_fn *fn;
		const char *path;
		size_t lost;
	} rows[] = {
		{import_earlyoom, FIXTURES "earlyoom/lost-user.default", 1},
		{import_earlyoom, FIXTURES "earlyoom/lost-regex.default", 1},
		{import_earlyoom, FIXTURES "earlyoom/lost-quote.default", 1},
		{import_earlyoom, FIXTURES "earlyoom/lost-command.default", 2},
		{import_earlyoom, FIXTURES "earlyoom/lost-if.default", 1},
		{import_earlyoom, FIXTURES "earlyoom/lost-variable.default", 1},
		{import_nohang, FIXTURES "nohang/lost-uid.conf", 1},
		{import_nohang, FIXTURES "nohang/lost-folder.conf", 1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		free(import_lost_of(rows[i].fn, rows[i].path, 0, rows[i].lost));
}

static void test_nothing_there(void **state)
{
	char fifo[] = "/tmp/headroom-test-XXXXXX";

	free(import(import_earlyoom, FIXTURES "systemd/etc/systemd/oomd.conf", -ENODATA));
	free(import(import_earlyoom, FIXTURES "systemd", -EISDIR));
	free(import(import_earlyoom, FIXTURES "none", -ENOENT));
	free(import(import_systemd_oomd, FIXTURES "earlyoom/full.default", -ENODATA));
	free(import(import_systemd_oomd, FIXTURES "none", -ENOENT));
	free(import(import_systemd_oomd, "/dev/zero", -ENOTSUP));
	free(import(import_oomd, FIXTURES "nohang/desktop.conf", -EBADMSG));
	free(import(import_nohang, FIXTURES "oomd/oomd.json", -ENODATA));
	assert_int_equal(close(mkstemp(fifo)), 0);
	unlink(fifo);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	free(import(import_systemd_oomd, fifo, -ENOTSUP));
	unlink(fifo);
}

/* ---- accounting ---- */

static size_t lines_of(const char *path)
{
	_cleanup_free_ char *text = whole_file(path);
	size_t n = 0;

	for (const char *at = text; *at; at++)
		n += *at == '\n' || !at[1];
	return n;
}

/* Of each file that the result names: all its lines are counted, and the taken and not taken ones are listed with what became of them. */
static size_t assert_accounted(const char *result)
{
	_cleanup_free_ char *text = unwrapped(result);
	size_t files = 0;

	for (const char *at = strstr(text, "\n#\n"); at && (at = strstr(at, "\n# " FIXTURES));
	     files++) {
		char path[400];
		size_t all, taken, left, empty, other = 0, listed = 0, number;
		const char *next;

		assert_int_equal(sscanf(at,
					"\n# %399[^:]: %zu line%*[s:] %zu taken, %zu not taken, "
					"%zu comments or empty, %zu",
					path, &all, &taken, &left, &empty, &other) >= 5,
				 1);
		assert_int_equal(taken + left + empty + other, all);
		if (!strstr(path, "one line for each value"))
			assert_int_equal(all, lines_of(path));
		at++;
		next = strstr(at, "\n# " FIXTURES);
		for (const char *line = at;
		     (line = strstr(line, "\n#   ")) && (!next || line < next); line++) {
			assert_int_equal(sscanf(line, "\n#   %zu: ", &number), 1);
			assert_true(number >= 1 && number <= all);
			assert_true(strstr(line, "←") &&
				    (!strchr(line + 1, '\n') ||
				     strstr(line, "←") < strchr(line + 1, '\n')));
			listed++;
		}
		assert_int_equal(listed, taken + left);
	}
	return files;
}

static void each_file(const char *dir, void (*fn)(const char *path, void *arg), void *arg)
{
	struct dirent **names;
	int n = scandir(dir, &names, NULL, alphasort);
	struct stat st;

	assert_true(n >= 0);
	for (int i = 0; i < n; i++) {
		char path[600];

		snprintf(path, sizeof(path), "%s/%s", dir, names[i]->d_name);
		if (*names[i]->d_name != '.' && !lstat(path, &st)) {
			if (S_ISDIR(st.st_mode))
				each_file(path, fn, arg);
			else if (S_ISREG(st.st_mode))
				fn(path, arg);
		}
		free(names[i]);
	}
	free(names);
}

static void file_is_named(const char *path, void *arg)
{
	const char *text = arg;

	if (!strstr(path, "/shop.service") || strstr(path, ".d/")) /* it only says its slice */
		has(text, path);
}

static void account(const char *path, void *arg)
{
	import_fn *fn = *(import_fn **)arg;
	struct import *im = import_new("test");
	_cleanup_free_ char *text = NULL;
	_cleanup_free_ struct policy_set *set = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	assert_int_equal(fn(im, path), 0);
	assert_int_equal(import_write(im, out), 0);
	fclose(out);
	import_free(im);
	set = policy_parse(text);
	assert_true(assert_accounted(text) > 0);
	if (!strstr(path, "lost-"))
		has_not(text, "not understood");
}

static void test_accounting(void **state)
{
	import_fn *earlyoom = import_earlyoom, *nohang = import_nohang, *oomd = import_oomd;
	_cleanup_free_ char *text = import(import_systemd_oomd, FIXTURES "systemd", 0),
			    *one = unwrapped(text);

	each_file(FIXTURES "earlyoom", account, &earlyoom);
	each_file(FIXTURES "nohang", account, &nohang);
	each_file(FIXTURES "oomd", account, &oomd);
	assert_int_equal(assert_accounted(text), 18);
	each_file(FIXTURES "systemd", file_is_named, one);
}

/* ---- damage ---- */

static uint32_t dice(uint32_t *seed) { return *seed = *seed * 1664525u + 1013904223u, *seed >> 8; }

struct fuzz {
	import_fn *fn;
	uint32_t seed, rounds;
};

/* Whatever a file holds: an error, or a configuration that compiles. */
static void damage(const char *path, void *arg)
{
	static const char bits[] = "\"'\\$`#=\n\n ()[]{}|*+?^$/,;:-@%<>\x80\xff\x01\t0";
	struct fuzz *fuzz = arg;
	_cleanup_free_ char *good = whole_file(path);
	size_t n = strlen(good);

	for (uint32_t round = 0; round < fuzz->rounds && n; round++) {
		char name[] = "/tmp/headroom-test-XXXXXX", error[CONFIG_ERROR] = "";
		_cleanup_free_ char *bad = strdup(good), *text = NULL;
		struct policy_set *set = NULL;
		struct import *im = import_new("test");
		size_t length = dice(&fuzz->seed) % 4 ? n : dice(&fuzz->seed) % n, bytes;
		int fd = mkstemp(name);

		for (uint32_t i = dice(&fuzz->seed) % 8; i; i--)
			bad[dice(&fuzz->seed) % n] = bits[dice(&fuzz->seed) % (sizeof(bits) - 1)];
		assert_true(fd >= 0 && write(fd, bad, length) == (ssize_t)length);
		close(fd);
		if (!fuzz->fn(im, name)) {
			FILE *out = open_memstream(&text, &bytes);

			assert_int_equal(import_write(im, out), 0);
			fclose(out);
			if (policy_try(text, &set, error))
				fail_msg("%s\n%s\n--- of ---\n%.*s", error, text, (int)length, bad);
			free(set);
		}
		import_free(im);
		unlink(name);
	}
}

static void test_damaged(void **state)
{
	const char *more = getenv("HEADROOM_FUZZ");
	struct fuzz fuzz = {.seed = 7, .rounds = more ? (uint32_t)atoi(more) / 20 : 60};

	fuzz.fn = import_earlyoom;
	each_file(FIXTURES "earlyoom", damage, &fuzz);
	fuzz.fn = import_nohang;
	each_file(FIXTURES "nohang", damage, &fuzz);
	fuzz.fn = import_oomd;
	each_file(FIXTURES "oomd", damage, &fuzz);
	fuzz.fn = import_systemd_oomd;
	each_file(FIXTURES "systemd", damage, &fuzz);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_nothing_there),
		cmocka_unit_test(test_accounting),
		cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
