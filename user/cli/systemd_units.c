// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Unit files: see systemd_units.h. */
#include "systemd_units.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

#define NAME 256
#define PATH (PATH_MAX + NAME)

/* Highest precedence first: systemd.unit(5). Without generators that only link. */
static const char *const system_dirs[] = {
	"/etc/systemd/system.control", "/run/systemd/system.control",
	"/run/systemd/transient",      "/run/systemd/generator.early",
	"/etc/systemd/system",         "/etc/systemd/system.attached",
	"/run/systemd/system",         "/run/systemd/system.attached",
	"/run/systemd/generator",      "/usr/local/lib/systemd/system",
	"/usr/lib/systemd/system",     "/lib/systemd/system",
	"/run/systemd/generator.late", NULL};
static const char *const user_dirs[] = {"/etc/systemd/user",
					"/run/systemd/user",
					"/usr/local/share/systemd/user",
					"/usr/share/systemd/user",
					"/usr/local/lib/systemd/user",
					"/usr/lib/systemd/user",
					NULL};
static const char *const oomd_dirs[] = {"/etc/systemd", "/run/systemd", "/usr/local/lib/systemd",
					"/usr/lib/systemd", NULL};
static const char *const rule_dirs[] = {"/etc/systemd/oomd/rules.d", "/run/systemd/oomd/rules.d",
					"/usr/local/lib/systemd/oomd/rules.d",
					"/usr/lib/systemd/oomd/rules.d", NULL};

static const char *const *dirs_of(enum unit_scope scope)
{
	static const char *const *const dirs[] = {
		[UNITS_SYSTEM] = system_dirs,
		[UNITS_USER] = user_dirs,
		[UNITS_OOMD] = oomd_dirs,
		[UNITS_OOM_RULES] = rule_dirs,
	};

	return dirs[scope];
}

bool text_ends(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && !strcmp(text + n - m, end);
}

/* Types with a cgroup of their own. */
static bool is_unit(const char *name)
{
	static const char *const types[] = {"service", "slice", "scope", "socket", "mount", "swap"};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (!strcmp(name, types[i]) ||
		    (text_ends(name, types[i]) && strlen(name) > strlen(types[i]) &&
		     name[strlen(name) - strlen(types[i]) - 1] == '.'))
			return true;
	return false;
}

/* ---- settings ---- */

struct setting_reader {
	struct import_source *source;
	void (*fn)(void *arg, const struct unit_setting *);
	void *arg;
	char section[64];
};

static void one_setting(struct setting_reader *r, char *text, size_t first)
{
	char *at = text_trim(text), *equals = strchr(at, '=');
	struct unit_setting setting = {r->source, first, r->section, NULL, NULL};

	if (*at == '[') {
		snprintf(r->section, sizeof(r->section), "%.*s", (int)strcspn(at + 1, "]"), at + 1);
		line_empty(r->source, first);
		return;
	}
	if (!equals) {
		line_left(r->source, first, "no setting");
		return;
	}
	*equals = 0;
	setting.key = text_trim(at);
	setting.value = text_trim(equals + 1);
	r->fn(r->arg, &setting);
}

/* A line that ends in \ goes on in the next one that is no comment. */
void unit_settings(struct import_source *s, void (*fn)(void *arg, const struct unit_setting *),
		   void *arg)
{
	struct setting_reader r = {s, fn, arg, ""};
	_cleanup_free_ char *text = NULL;
	size_t first = 0;

	for (size_t i = 1; i <= source_lines(s); i++) {
		const char *line = source_line(s, i), *at = line + strspn(line, " \t");
		size_t n = strlen(at);
		bool more = n && at[n - 1] == '\\' && i < source_lines(s);
		char *both = NULL;

		if (*at == '#' || *at == ';' || (!*at && !first)) {
			line_empty(s, i);
			continue;
		}
		if (first)
			line_taken(s, i, "continues line %zu", first);
		else
			first = i;
		if (asprintf(&both, "%s%.*s%s", text ? text : "", (int)(n - more), at,
			     more ? " " : "") < 0)
			return;
		free(text);
		text = both;
		if (more)
			continue;
		one_setting(&r, text, first);
		first = 0;
		free(take_ptr(text));
	}
	if (text)
		one_setting(&r, text, first);
}

/* ---- names ---- */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* In order, none twice. */
static void sort(struct words *words)
{
	size_t kept = 0;

	if (!words->n)
		return;
	qsort(words->word, words->n, sizeof(*words->word), by_text);
	for (size_t i = 0; i < words->n; i++)
		if (kept && !strcmp(words->word[kept - 1], words->word[i]))
			free(words->word[i]);
		else
			words->word[kept++] = words->word[i];
	words->n = kept;
	words->word[kept] = NULL;
}

static int list(const char *dir, struct words *ret)
{
	_cleanup_closedir_ DIR *at = opendir(dir);
	const struct dirent *entry;
	int e = 0;

	if (!at)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	while (!e && (entry = readdir(at)))
		if (*entry->d_name != '.')
			e = words_add(ret, entry->d_name);
	sort(ret);
	return e;
}

/* A link to a unit of another name is an alias: that unit is read itself. */
static bool is_alias(const char *path, const char *name)
{
	char target[PATH_MAX];
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	const char *last;

	if (n < 0)
		return false;
	target[n] = 0;
	last = strrchr(target, '/');
	last = last ? last + 1 : target;
	return strcmp(target, "/dev/null") != 0 && strcmp(last, name) != 0 && is_unit(last);
}

int units_names(const char *root, enum unit_scope scope, struct words *ret_names)
{
	struct words names = {0};
	int e = 0;

	for (const char *const *dir = dirs_of(scope); *dir && !e; dir++) {
		char path[PATH], file[PATH + NAME];
		struct words found = {0};

		snprintf(path, sizeof(path), "%s%s", root, *dir);
		list(path, &found);
		for (size_t i = 0; i < found.n && !e; i++) {
			char *name = found.word[i];

			snprintf(file, sizeof(file), "%s/%s", path, name);
			if (scope == UNITS_OOM_RULES ? text_ends(name, ".oomrule")
						     : is_unit(name) && !is_alias(file, name))
				e = words_add(&names, name);
			else if (text_ends(name, ".d")) {
				name[strlen(name) - 2] = 0;
				if (is_unit(name))
					e = words_add(&names, name);
			}
		}
		words_free(&found);
	}
	sort(&names);
	*ret_names = names;
	return e;
}

/* ---- files of one unit ---- */

static bool is_mask(const char *path)
{
	struct stat st;

	return !stat(path, &st) && (S_ISCHR(st.st_mode) || (S_ISREG(st.st_mode) && !st.st_size));
}

static bool same_file(const char *a, const char *b)
{
	struct stat of_a, of_b;

	return !stat(a, &of_a) && !stat(b, &of_b) && of_a.st_dev == of_b.st_dev &&
	       of_a.st_ino == of_b.st_ino;
}

static bool there(const struct words *paths, const char *path)
{
	for (size_t i = 0; i < paths->n; i++)
		if (same_file(paths->word[i], path))
			return true;
	return false;
}

static int add_fragment(const char *root, enum unit_scope scope, const char *name,
			const char *fragment, struct unit_files *files)
{
	int e = 0;

	if (fragment)
		return words_add(&files->path, fragment);
	for (const char *const *dir = dirs_of(scope); *dir && !e; dir++) {
		char path[PATH];

		snprintf(path, sizeof(path), "%s%s/%s", root, *dir, name);
		if (access(path, F_OK) || there(&files->path, path))
			continue;
		if (files->path.n || files->masked) {
			e = is_mask(path) ? 0 : words_add(&files->hidden, path);
		} else if (is_mask(path)) {
			files->masked = true;
		} else {
			e = words_add(&files->path, path);
		}
	}
	return e;
}

/* A drop-in of a name that was there before, in a folder of higher precedence, is hidden. */
static int add_drop_ins(const char *dir, struct words *seen, struct words *paths,
			struct unit_files *files)
{
	struct words found = {0};
	int e = list(dir, &found);

	for (size_t i = 0; i < found.n && !e; i++) {
		char path[PATH + NAME];
		bool again = false;

		if (!text_ends(found.word[i], ".conf"))
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, found.word[i]);
		for (size_t k = 0; k < seen->n; k++)
			again |= !strcmp(seen->word[k], found.word[i]);
		if (again) {
			if (!is_mask(path) && !there(paths, path))
				e = words_add(&files->hidden, path);
			continue;
		}
		e = words_add(seen, found.word[i]);
		if (!e)
			e = words_add(paths, path);
	}
	words_free(&found);
	return e == -EACCES ? 0 : e;
}

/* name.d, then those of its prefixes a-b-.type.d and a-.type.d, then those of its template. */
static int dirs_for_name(const char *base, const char *name, struct words *seen,
			 struct words *paths, struct unit_files *files)
{
	const char *type = strrchr(name, '.'), *instance = strchr(name, '@');
	size_t stem = type ? (size_t)(type - name) : strlen(name);
	char dir[PATH + 2 * NAME];
	int e;

	if (strlen(name) >= NAME)
		return 0; /* no file can have it */
	snprintf(dir, sizeof(dir), "%.4300s/%.255s.d", base, name);
	e = add_drop_ins(dir, seen, paths, files);
	if (instance && instance < name + stem)
		stem = (size_t)(instance - name);
	for (size_t i = stem; i > 1 && !e && type; i--) {
		if (name[i - 1] != '-' || (i == stem && name[stem] != '@'))
			continue;
		snprintf(dir, sizeof(dir), "%.4300s/%.*s%.60s.d", base, (int)(i < NAME ? i : NAME),
			 name, type);
		e = add_drop_ins(dir, seen, paths, files);
	}
	if (!e && type && instance && instance + 1 < type) {
		snprintf(dir, sizeof(dir), "%.4300s/%.*s@%.60s.d", base,
			 (int)(instance - name) & 0xff, name, type);
		e = add_drop_ins(dir, seen, paths, files);
	}
	return e;
}

static int by_file_name(const void *a, const void *b)
{
	const char *x = strrchr(*(char *const *)a, '/'), *y = strrchr(*(char *const *)b, '/');

	return strcmp(x, y);
}

int units_files(const char *root, enum unit_scope scope, const char *name, const char *fragment,
		struct unit_files *ret)
{
	struct unit_files files = {0};
	struct words seen = {0}, paths = {0};
	const char *type = strrchr(name, '.');
	int e = add_fragment(root, scope, name, fragment, &files);
	char dir[PATH];

	for (const char *const *at = dirs_of(scope); *at && !e && scope != UNITS_OOM_RULES; at++) {
		snprintf(dir, sizeof(dir), "%s%s", root, *at);
		e = dirs_for_name(dir, name, &seen, &paths, &files);
	}
	for (const char *const *at = dirs_of(scope); *at && !e && type && scope <= UNITS_USER;
	     at++) {
		snprintf(dir, sizeof(dir), "%s%s/%s.d", root, *at, type + 1);
		e = add_drop_ins(dir, &seen, &paths, &files);
	}
	if (paths.n)
		qsort(paths.word, paths.n, sizeof(*paths.word), by_file_name);
	for (size_t i = 0; i < paths.n && !e; i++)
		if (!is_mask(paths.word[i]) && !there(&files.path, paths.word[i]))
			e = words_add(&files.path, paths.word[i]);
	words_free(&seen);
	words_free(&paths);
	*ret = files;
	return e;
}

void unit_files_free(struct unit_files *files)
{
	words_free(&files->path);
	words_free(&files->hidden);
}
