// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Where earlyoom's options stand: EARLYOOM_ARGS in /etc/default/earlyoom, a unit's ExecStart=, or a plain command line.
 */
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/utf8_clean.h"
#include "policy_earlyoom.h"
#include "policy_import_internal.h"
#include "systemd_units.h"

#define VARIABLE "EARLYOOM_ARGS"

static bool is_earlyoom(const char *program)
{
	const char *last = strrchr(program, '/');

	return !strcmp(last ? last + 1 : program, "earlyoom");
}

static int split(struct import *im, struct import_source *s, size_t line, const char *text,
		 struct words *words)
{
	int e = shell_split(text, words);

	if (e == -EINVAL)
		line_lost(im, s, line, "a quote has no end: no option after it can be read");
	return e;
}

/* ---- /etc/default/earlyoom ---- */

static bool same(const char *a, const char *b)
{
	struct words x = {0}, y = {0};
	bool is = !shell_split(a, &x) && !shell_split(b, &y) && x.n == y.n;

	for (size_t i = 0; is && i < x.n; i++)
		is = !strcmp(x.word[i], y.word[i]);
	words_free(&x);
	words_free(&y);
	return is;
}

static void say_lines(struct import_source *s, const struct assignment *a, const char *what)
{
	for (size_t line = a->first + 1; line <= a->last; line++)
		line_taken(s, line, "%s", what);
}

/* Lines without an assignment. */
static void say_comments(struct import_source *s)
{
	for (size_t i = 1; i <= source_lines(s); i++) {
		const char *at = source_line(s, i);

		at += strspn(at, " \t");
		if (!*at || *at == '#')
			line_empty(s, i);
	}
}

/* A line that sets the options within a command, such as an `if`. */
static void say_unread(struct import *im, struct import_source *s, const struct assignments *all)
{
	for (size_t i = 1; i <= source_lines(s); i++) {
		const char *at = source_line(s, i) + strspn(source_line(s, i), " \t");
		bool read = *at == '#' || !strstr(at, VARIABLE);

		for (size_t k = 0; k < all->n && !read; k++)
			read = i >= all->of[k].first && i <= all->of[k].last;
		if (!read)
			line_lost(im, s, i,
				  "sets or uses " VARIABLE
				  " in a command of the shell, which is not run");
	}
}

static void say_assignments(struct import_source *s, const struct assignments *all,
			    const struct assignment *used)
{
	for (size_t i = 0; i < all->n; i++) {
		const struct assignment *a = &all->of[i];

		if (a == used || !strcmp(a->name, VARIABLE)) {
			if (a != used)
				line_left(s, a->first, "%s is set again in line %zu", VARIABLE,
					  used->first);
			say_lines(s, a,
				  a == used ? "continues the options"
					    : "continues what is set again");
			continue;
		}
		line_left(s, a->first, "%s: a variable; it counts where %s uses it", a->name,
			  VARIABLE);
		say_lines(s, a, "continues the variable");
	}
}

/* The value of EARLYOOM_ARGS as the shell has it; where only systemd's reading makes sense, as systemd has it. NULL: not set. */
static char *value_of_file(struct import *im, struct import_source *s, enum shell_dialect first,
			   size_t *ret_line, int *ret_error)
{
	struct assignments sh = {0}, systemd = {0};
	const struct assignment *a, *b, *used;
	char *value = NULL;
	size_t sh_line = 0, line = 0;
	int e = shell_assignments(s, SHELL_SH, &sh, &sh_line),
	    other = shell_assignments(s, SHELL_SYSTEMD, &systemd, &line);

	*ret_error = first == SHELL_SH ? e : other;
	a = shell_last(&sh, VARIABLE);
	b = shell_last(&systemd, VARIABLE);
	used = first == SHELL_SYSTEMD || !a || a->command ? b : a;
	if (*ret_error) {
		line_lost(im, s, first == SHELL_SH ? sh_line : line,
			  "a quote has no end: nothing after it can be read");
		*ret_error = 0;
	} else if (!used) {
		say_unread(im, s, &sh);
	} else {
		*ret_line = used->first;
		value = strdup(used->value);
		*ret_error = value ? 0 : -ENOMEM;
		if (used == a && a->runs)
			line_lost(im, s, a->first,
				  "the value runs a command or expands what is not expanded here: "
				  "write the result in its place");
		if (a && b && !same(a->value, b->value))
			import_note(im,
				    "%s:%zu: the shell and systemd read this value differently; "
				    "here it is as %s does.",
				    source_path(s), used->first,
				    used == a ? "the shell" : "systemd");
		say_comments(s);
		say_unread(im, s, used == a ? &sh : &systemd);
		say_assignments(s, used == a ? &sh : &systemd, used);
	}
	shell_free(&sh);
	shell_free(&systemd);
	return value;
}

static int import_value(struct import *im, struct import_source *s, size_t line, const char *value)
{
	struct words words = {0}, options = {0};
	int e = split(im, s, line, value, &words);

	if (e == -EINVAL)
		return 0; /* said */
	if (!e)
		e = words_add(&options, "earlyoom");
	for (size_t i = words.n && is_earlyoom(words.word[0]); i < words.n && !e; i++)
		e = words_add(&options, words.word[i]);
	if (!e)
		earlyoom_options(im, s, line, &options);
	words_free(&words);
	words_free(&options);
	return e;
}

/* ---- a unit ---- */

struct unit {
	struct import *im;
	char root[PATH_MAX];
	struct import_source *exec_source, *args_source;
	char *exec, *args;
	size_t exec_line, args_line;
	int error; /* -ENOMEM */
};

static void replace(struct unit *u, char **to, const char *text)
{
	free(*to);
	*to = text ? strdup(text) : NULL;
	if (text && !*to)
		u->error = -ENOMEM;
}

static void environment_file(struct unit *u, const struct unit_setting *set)
{
	bool may_miss = *set->value == '-';
	const char *named = set->value + may_miss;
	char path[2 * PATH_MAX], clean[256];
	struct import_source *s;
	size_t line = 0;
	char *value;
	int e, error;

	text_clean(named, SIZE_MAX, clean, sizeof(clean));
	if (!*named) {
		line_taken(set->source, set->line, "resets the files");
		return;
	}
	snprintf(path, sizeof(path), "%s%s", u->root, named);
	e = import_read(u->im, path, &s);
	if (e && *u->root)
		e = import_read(u->im, named, &s);
	if (e) {
		line_left(set->source, set->line, "can't be read: %s", strerror(-e));
		import_warn(u->im, "%s: %s: options that are set there are not taken over", clean,
			    strerror(-e));
		if (e != -ENOENT)
			line_lost(u->im, set->source, set->line,
				  "%s: %s: protected names in it are not known", clean,
				  strerror(-e));
		return;
	}
	value = value_of_file(u->im, s, SHELL_SYSTEMD, &line, &error);
	line_taken(set->source, set->line, "read");
	if (error) {
		u->error = error;
	} else if (value) {
		free(u->args);
		u->args = value;
		u->args_source = s;
		u->args_line = line;
	} else {
		import_warn(u->im, "%s does not set " VARIABLE, clean);
	}
}

static void environment(struct unit *u, const struct unit_setting *set)
{
	struct words words = {0};
	int e = split(u->im, set->source, set->line, set->value, &words);

	if (e) {
		u->error = e == -EINVAL ? u->error : e;
		return;
	}
	line_taken(set->source, set->line, "variables");
	for (size_t i = 0; i < words.n; i++)
		if (!strncmp(words.word[i], VARIABLE "=", strlen(VARIABLE "=")) &&
		    !u->args_source) {
			replace(u, &u->args, words.word[i] + strlen(VARIABLE "="));
			u->args_line = 0;
		}
	words_free(&words);
}

static void unit_setting(void *arg, const struct unit_setting *set)
{
	struct unit *u = arg;

	if (strcmp(set->section, "Service") != 0) {
		line_other(set->source, set->line);
	} else if (!strcmp(set->key, "EnvironmentFile")) {
		environment_file(u, set);
	} else if (!strcmp(set->key, "Environment")) {
		environment(u, set);
	} else if (!strcmp(set->key, "ExecStart")) {
		if (u->exec)
			line_left(u->exec_source, u->exec_line, "replaced by %s:%zu",
				  source_path(set->source), set->line);
		replace(u, &u->exec, *set->value ? set->value : NULL);
		u->exec_source = set->source;
		u->exec_line = set->line;
		line_taken(set->source, set->line,
			   *set->value ? "the command line" : "resets the command");
	} else {
		line_other(set->source, set->line);
	}
}

/* A word of ExecStart=: $VARIABLE alone becomes words, ${VARIABLE} text. */
static int add_word(struct unit *u, const char *word, struct words *options)
{
	struct words args = {0};
	int e = 0;

	if (!strcmp(word, "$" VARIABLE)) {
		e = split(u->im, u->args_source ? u->args_source : u->exec_source,
			  u->args_source ? u->args_line : u->exec_line, u->args ? u->args : "",
			  &args);
		for (size_t i = 0; i < args.n && !e; i++)
			e = words_add(options, args.word[i]);
		words_free(&args);
		return e == -EINVAL ? 0 : e;
	}
	if (!strcmp(word, "${" VARIABLE "}"))
		return words_add(options, u->args ? u->args : "");
	if (word[0] == '$' && word[1] != '$')
		line_lost(u->im, u->exec_source, u->exec_line,
			  "%s: a variable that is not known here", word);
	else
		e = words_add(options, word);
	return e;
}

/* A shell, env or nice in front of earlyoom: its words would have to be read as that program reads them. */
static int say_program(struct unit *u, const struct words *words)
{
	char clean[256];

	line_left(u->exec_source, u->exec_line, "runs another program than earlyoom");
	if (!strstr(u->exec, "earlyoom"))
		return -ENODATA;
	import_warn(u->im,
		    "%s:%zu: starts earlyoom by %s: write earlyoom's own command line into a file, "
		    "and import that file",
		    source_path(u->exec_source), u->exec_line,
		    text_clean(words->n ? words->word[0] : "?", SIZE_MAX, clean, sizeof(clean)));
	return -EBADMSG;
}

static int exec_line(struct unit *u)
{
	struct words words = {0}, options = {0};
	const char *text = u->exec + strspn(u->exec, "@-:+!|");
	size_t i = 1 + (u->exec[0] == '@');
	int e = split(u->im, u->exec_source, u->exec_line, text, &words);

	if (e)
		return e == -EINVAL ? 0 : e;
	if (!words.n || !is_earlyoom(words.word[0])) {
		e = say_program(u, &words);
		words_free(&words);
		return e;
	}
	e = words_add(&options, "earlyoom");
	for (; i < words.n && !e; i++)
		e = add_word(u, words.word[i], &options);
	if (!e)
		earlyoom_options(u->im, u->args_source ? u->args_source : u->exec_source,
				 u->args_source ? u->args_line : u->exec_line, &options);
	words_free(&words);
	words_free(&options);
	return e;
}

/* What is above /etc/systemd or /usr/lib/systemd in the path. */
static void root_of(const char *path, char root[PATH_MAX])
{
	static const char *const dirs[] = {"/etc/systemd/", "/run/systemd/",
					   "/usr/local/lib/systemd/", "/usr/lib/systemd/",
					   "/lib/systemd/"};

	*root = 0;
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		const char *at = strstr(path, dirs[i]);

		if (at && at - path < PATH_MAX) {
			snprintf(root, PATH_MAX, "%.*s", (int)(at - path), path);
			return;
		}
	}
}

static int import_unit(struct import *im, const char *path, struct import_source *fragment)
{
	struct unit u = {.im = im};
	const char *name = strrchr(path, '/');
	struct unit_files files = {0};
	int e;

	root_of(path, u.root);
	unit_settings(fragment, unit_setting, &u);
	e = units_files(u.root, UNITS_SYSTEM, name ? name + 1 : path, path, &files);
	for (size_t i = 1; i < files.path.n && !e; i++) {
		struct import_source *s;

		e = import_read(im, files.path.word[i], &s);
		if (!e)
			unit_settings(s, unit_setting, &u);
	}
	if (!e)
		e = u.error;
	if (!e)
		e = u.exec ? exec_line(&u) : -ENODATA;
	unit_files_free(&files);
	free(u.exec);
	free(u.args);
	return e;
}

/* ---- which of them ---- */

static bool is_unit_file(const struct import_source *s)
{
	for (size_t i = 1; i <= source_lines(s); i++)
		if (!strncmp(source_line(s, i), "[Service]", 9))
			return true;
	return false;
}

/* A line that is a command line of earlyoom, or options of it: where they begin; NULL: neither. */
static const char *command_line(const char *line)
{
	const char *at = line + strspn(line, " \t");
	char program[PATH_MAX];

	if (at[0] == '-' && (at[1] == '-' || (at[1] && !strchr(" \t", at[1]))))
		return at;
	snprintf(program, sizeof(program), "%.*s", (int)strcspn(at, " \t"), at);
	return is_earlyoom(program) ? at : NULL;
}

static bool is_empty(const struct import_source *s)
{
	for (size_t i = 1; i <= source_lines(s); i++) {
		const char *line = source_line(s, i);

		line += strspn(line, " \t");
		if (*line && *line != '#')
			return false;
	}
	return true;
}

/* A file with nothing but a command line, or options; with comments alone, earlyoom starts without options. */
static int import_command_line(struct import *im, struct import_source *s)
{
	int e = -ENODATA;

	say_comments(s);
	if (is_empty(s)) {
		import_note(im, "%s sets no options: these are earlyoom's defaults.",
			    source_path(s));
		return import_value(im, s, 0, "");
	}
	for (size_t i = 1; i <= source_lines(s) && e == -ENODATA; i++) {
		const char *at = command_line(source_line(s, i));

		if (at)
			e = import_value(im, s, i, at);
	}
	return e;
}

int import_earlyoom(struct import *im, const char *path)
{
	_cleanup_free_ char *value = NULL;
	struct import_source *s;
	size_t line = 1;
	int e = import_read(im, path, &s);

	if (e)
		return e;
	if (is_unit_file(s))
		return import_unit(im, path, s);
	value = value_of_file(im, s, SHELL_SH, &line, &e);
	if (e)
		return e;
	return value                     ? import_value(im, s, line, value)
	       : import_lost_text(im, 0) ? 0
					 : import_command_line(im, s);
}
