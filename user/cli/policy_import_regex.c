// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Regular expressions as globs, exactly, or by more, or by known names; and what they protect. */
#include <ctype.h>
#include <dirent.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/human_units.h"
#include "policy_import_expand.h"
#include "policy_import_internal.h"

#define COMM_BYTES 15
#define LETTERS    3 /* that a glob which matches more than its expression must have */

/* ---- finished globs ---- */

/* The next character that a glob matches, and the rest; letters counts plain ones. */
static const char *token(const char *at, bool *plain)
{
	*plain = !strchr("*?[", *at);
	if (*at == '\\' && at[1])
		return at + 2;
	if (*at == '[') {
		const char *end = at + 1 + (at[1] == '!');

		for (end += *end == ']'; *end && *end != ']'; end++) {
			if (*end == '\\' && end[1])
				end++;
			else if (*end == '[' && end[1] && strchr(":.=", end[1]) &&
				 strchr(end + 2, ']'))
				end = strchr(end + 2, ']');
		}
		return *end ? end + 1 : end;
	}
	return at + 1;
}

static size_t letters(const char *glob)
{
	size_t n = 0;
	bool plain;

	while (*glob) {
		const char *at = glob;

		glob = token(at, &plain);
		n += plain && *at != '/';
	}
	return n;
}

/* The kernel cuts a name after 15 bytes; cuts the glob there. */
static bool cut_comm(char *glob)
{
	size_t n = 0;
	bool plain;

	for (char *at = glob; *at;) {
		if (*at == '*') {
			at++;
			continue;
		}
		if (n++ == COMM_BYTES) {
			*at = 0;
			return true;
		}
		at += token(at, &plain) - at;
	}
	return false;
}

/* Anchors become the ends, and what is not anchored a *. NULL: it matches nothing, or all. */
static char *finish(const char *text)
{
	size_t n = strlen(text), from = 0, to = n, used = 0;
	char *glob;

	while (text[from] == AT_START)
		from++;
	while (to > from && text[to - 1] == AT_END)
		to--;
	for (size_t i = from; i < to; i++)
		if (text[i] == AT_START || text[i] == AT_END)
			return NULL; /* in the middle: never */
	glob = malloc(n + 3);
	if (!glob)
		return NULL;
	if (!from)
		glob[used++] = '*';
	for (size_t i = from; i < to; i++)
		if (text[i] != '*' || !used || glob[used - 1] != '*' ||
		    (used > 1 && glob[used - 2] == '\\'))
			glob[used++] = text[i];
	if (to == n && !(used && glob[used - 1] == '*' && !(used > 1 && glob[used - 2] == '\\')))
		glob[used++] = '*';
	glob[used] = 0;
	if (used > strspn(glob, "*"))
		return glob;
	free(glob);
	return NULL;
}

static bool add_glob(struct globs *globs, char *glob)
{
	char **more;

	for (size_t i = 0; i < globs->n; i++)
		if (!strcmp(globs->glob[i], glob)) {
			free(glob);
			return true;
		}
	more = reallocarray(globs->glob, globs->n + 1, sizeof(*more));
	if (!more) {
		free(glob);
		return false;
	}
	globs->glob = more;
	globs->glob[globs->n++] = glob;
	return true;
}

void globs_free(struct globs *globs)
{
	for (size_t i = 0; i < globs->n; i++)
		free(globs->glob[i]);
	free(globs->glob);
	*globs = (struct globs){0};
}

/* `(^|/)name` also gives the glob of a path that ends in the name: no use for a name. */
static void drop_paths(struct globs *globs)
{
	size_t kept = 0;
	bool names = false;

	for (size_t i = 0; i < globs->n; i++)
		names |= strncmp(globs->glob[i], "*/", 2) != 0;
	for (size_t i = 0; i < globs->n; i++)
		if (names && !strncmp(globs->glob[i], "*/", 2))
			free(globs->glob[i]);
		else
			globs->glob[kept++] = globs->glob[i];
	globs->n = kept;
}

static bool expand(const char *regex, enum regex_of of, struct globs *globs)
{
	struct expansion set = {.n = 0};
	bool cut = false, failed = !regex_expand(regex, &set);
	size_t least = (size_t)-1;

	for (size_t i = 0; i < set.n && !failed; i++) {
		char *glob = finish(set.text[i]);

		if (glob && of == REGEX_PATH && !strchr("/*?[", *glob))
			free(glob); /* no path begins so */
		else if (glob && !add_glob(globs, glob))
			failed = true;
	}
	expansion_free(&set);
	if (of == REGEX_COMM)
		drop_paths(globs);
	for (size_t i = 0; i < globs->n; i++) {
		size_t n = letters(globs->glob[i]);

		least = n < least ? n : least;
		cut |= of == REGEX_COMM && cut_comm(globs->glob[i]);
	}
	if (failed || !globs->n || (set.wider && least < LETTERS)) {
		globs_free(globs);
		return false;
	}
	if (set.wider)
		snprintf(globs->how, sizeof(globs->how),
			 "globs that also match other names than the expression does");
	else if (cut)
		snprintf(globs->how, sizeof(globs->how),
			 "the kernel cuts a process's name after 15 bytes, and so are these");
	return true;
}

/* ---- known names ---- */

void globs_add_name(struct globs *globs, const char *name)
{
	char glob[2 * COMM_BYTES + 1];
	size_t n = 0;

	for (size_t i = 0; name[i] && i < COMM_BYTES; i++) {
		if ((unsigned char)name[i] < ' ')
			return;
		if (strchr("*?[\\", name[i]))
			glob[n++] = '\\';
		glob[n++] = name[i];
	}
	glob[n] = 0;
	add_glob(globs, strdup(glob));
}

static void try_name(const regex_t *regex, const char *name, struct globs *globs)
{
	if (*name && !regexec(regex, name, 0, NULL, 0))
		globs_add_name(globs, name);
}

static size_t try_processes(const regex_t *regex, struct globs *globs)
{
	_cleanup_closedir_ DIR *proc = opendir("/proc");
	const struct dirent *entry;
	size_t tried = 0;

	while (proc && (entry = readdir(proc))) {
		char path[64], name[COMM_BYTES + 2] = "";
		_cleanup_fclose_ FILE *file = NULL;

		if (!isdigit((unsigned char)*entry->d_name))
			continue;
		snprintf(path, sizeof(path), "/proc/%.20s/comm", entry->d_name);
		file = fopen(path, "re");
		if (!file || !fgets(name, sizeof(name), file))
			continue;
		name[strcspn(name, "\n")] = 0;
		try_name(regex, name, globs);
		tried++;
	}
	return tried;
}

/* regcomp() writes out repetitions: ((a{200}){200}){200} would take all memory. */
static bool repeats_too_often(const char *text)
{
	unsigned long long times = 1;

	for (const char *at = strchr(text, '{'); at && times <= 4096; at = strchr(at + 1, '{')) {
		char *end;
		unsigned long low = strtoul(at + 1, &end, 10);
		unsigned long high = *end == ',' ? strtoul(end + 1, NULL, 10) : low;

		high = high > low ? high : low;
		times *= high > 1 ? (high > 4096 ? 4096 : high) : 1;
	}
	return times > 4096;
}

int regex_globs(const char *text, enum regex_of of, struct globs *ret_globs)
{
	struct globs globs = {0};
	size_t n, tried;
	const char *const *names = common_names(&n);
	regex_t regex;

	if (repeats_too_often(text)) {
		snprintf(ret_globs->how, sizeof(ret_globs->how), "it repeats too often");
		return -EINVAL;
	}
	if (strlen(text) > 4096 || regcomp(&regex, text, REG_EXTENDED | REG_NOSUB)) {
		snprintf(ret_globs->how, sizeof(ret_globs->how), "no valid regular expression");
		return -EINVAL;
	}
	if (!regexec(&regex, "", 0, NULL, 0) && !regexec(&regex, "\x7f\x7e", 0, NULL, 0)) {
		snprintf(globs.how, sizeof(globs.how), "the expression matches every name");
	} else if (!expand(text, of, &globs)) {
		tried = of == REGEX_COMM ? n + try_processes(&regex, &globs) : 0;
		for (size_t i = 0; i < n && of == REGEX_COMM; i++)
			try_name(&regex, names[i], &globs);
		snprintf(globs.how, sizeof(globs.how),
			 globs.n ? "no glob can say this: these of %zu names match, of this host's "
				   "processes and a list of common ones"
			 : tried ? "no glob can say this, and none of %zu known names matches"
				 : "no glob can say this",
			 tried);
	}
	regfree(&regex);
	*ret_globs = globs;
	return globs.n ? 0 : -ENOTSUP;
}

void import_protect_regex(struct import *im, struct import_source *s, size_t line, const char *what,
			  const char *regex, const char *key, enum regex_of of)
{
	struct globs globs = {0};
	char comment[1024];

	if (regex_globs(regex, of, &globs)) {
		line_lost(im, s, line, "%s '%s': %s; name what it means below protect", what, regex,
			  globs.how);
		return;
	}
	snprintf(comment, sizeof(comment), "%s '%.700s'%s%s", what, regex, *globs.how ? ": " : "",
		 globs.how);
	for (size_t i = 0; i < globs.n; i++)
		import_protect(im, key, globs.glob[i], comment);
	line_taken(s, line, "%s: protect, %zu glob%s", what, globs.n, plural_s(globs.n));
	globs_free(&globs);
}
