/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * headroom policy import: settings of other OOM killers as a configuration that `policy check` accepts.
 *
 * An importer reads its files as sources, line by line, and says of each line what became of it: taken, left out for a reason, or
 * of another program. What it says nothing of counts as not understood, and import_write() lists every line of a source, so that
 * none is lost silently. A protection that cannot be taken over is lost: an error, unless the user allows it.
 */
#ifndef HEADROOM_POLICY_IMPORT_H
#define HEADROOM_POLICY_IMPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct import;
struct import_source;

/* ---- the importers: 0 or -errno; -ENODATA: there is nothing of it at `path`. The result is in `im`. ---- */

int import_earlyoom(struct import *im, const char *path);
int import_systemd_oomd(struct import *im, const char *path);
int import_oomd(struct import *im, const char *path);
int import_nohang(struct import *im, const char *path);

/* ---- the result ---- */

struct import *import_new(const char *program); /* NULL: no memory */
void import_free(struct import *im);
/* The configuration; all of it or -errno. */
int import_write(struct import *im, FILE *out);
/* Protections that could not be taken over, one line of text each; NULL: no more. */
const char *import_lost_text(const struct import *im, size_t i);
/* What a user must know besides, such as a file that could not be read. */
const char *import_warning_text(const struct import *im, size_t i);

/* ---- what importers write ---- */

#define IMPORT_PRINTF(at_) __attribute__((format(printf, at_, at_ + 1)))

/* A comment at the top. The same text twice is written once. */
IMPORT_PRINTF(2) void import_note(struct import *im, const char *format, ...);
IMPORT_PRINTF(2) void import_warn(struct import *im, const char *format, ...);
/* An entry of `protect`: `key` with its colon, and a glob. `comment` may be NULL. */
void import_protect(struct import *im, const char *key, const char *glob, const char *comment);
/* A policy of this name begins: its text goes to the file, from "  - name:" on. If all that it selects is protected, a comment stands in its
 * place: `policy check` refuses such a policy. */
FILE *import_policy(struct import *im, const char *name);
/* What its `match` selects; none: containers and process groups. */
void import_target(struct import *im, const char *key, const char *glob);
/* before + text as one word of YAML */
void import_quoted(FILE *out, const char *before, const char *text);

/* ---- sources ---- */

/* No settings of these programs come near it; some work here grows with the square of the lines. */
#define IMPORT_FILE_MOST (512u << 10)

/* Reads a regular file as a source. -errno; -EISDIR, -ENOTSUP: something else; -EFBIG: larger than IMPORT_FILE_MOST. -EBADMSG: it is no
 * text (a NUL byte). */
int import_read(struct import *im, const char *path, struct import_source **ret_source);
/* A source of text that is not a file's own, such as one line for each value of a JSON file. */
int import_text(struct import *im, const char *path, const char *text,
		struct import_source **ret_source);
/* The text alone; free it. */
int import_read_text(const char *path, char **ret_text);
const char *source_path(const struct import_source *s);
size_t source_lines(const struct import_source *s);
const char *source_line(const struct import_source *s, size_t line);  /* 1 is the first */
const char *source_text(const struct import_source *s);               /* all of it */
size_t source_line_at(const struct import_source *s, const char *at); /* the line that `at` is in */

/* A line of a source. */
struct place {
	struct import_source *s;
	size_t line;
};

/* What became of a line. It may be said several times: all is printed. */
void line_empty(struct import_source *s, size_t line); /* a comment, or nothing */
void line_other(struct import_source *s,
		size_t line); /* of another program, such as Description= in a unit */
IMPORT_PRINTF(3) void line_taken(struct import_source *s, size_t line, const char *format, ...);
IMPORT_PRINTF(3) void line_left(struct import_source *s, size_t line, const char *format, ...);
/* Left out although it protects. */
IMPORT_PRINTF(4)
void line_lost(struct import *im, struct import_source *s, size_t line, const char *format, ...);

/* ---- names as globs (policy_import_regex.c) ---- */

enum regex_of { REGEX_COMM, REGEX_PATH }; /* of a process's name of 15 bytes, or of a whole text */

struct globs {
	char **glob;
	size_t n;
	char how[160]; /* a comment: not exactly what the expression says; or, on failure, why */
};

/* A POSIX extended regular expression (also Python's, as far as the two agree) as globs: exactly; else by globs that match more; else by
 * the names that it matches, of this host's processes and of a list of common ones. -EINVAL: it is no expression; -ENOTSUP: none of
 * these, and how says why. */
int regex_globs(const char *regex, enum regex_of of, struct globs *ret_globs);
void globs_free(struct globs *globs);
const char *const *common_names(size_t *ret_n); /* policy_import_names.c */

/* Protects what the expression names. `what` names the setting, such as --avoid. */
void import_protect_regex(struct import *im, struct import_source *s, size_t line, const char *what,
			  const char *regex, const char *key, enum regex_of of);

/* The same of an expression for the paths of programs, by their names. Of a folder, those are the names of this host's programs in it, and of
 * common ones. */
void import_protect_paths(struct import *im, struct import_source *s, size_t line, const char *what,
			  const char *regex);

/* A policy on the host's memory, of the shape that earlyoom and nohang share. `amount` is a size or share. */
struct host_policy {
	const char *name, *amount;
	bool kill, largest;
	int priority;
	const struct globs *prefer; /* NULL: any process */
	const char *run;            /* a program; NULL: none */
};
void import_host_policy(struct import *im, const struct host_policy *p);

#define IMPORT_RESTRAINT                                                                         \
	"%s knows no cooldown and no rate limit; here it is 5m for the same target and 3 kills " \
	"in 10m."

#endif
