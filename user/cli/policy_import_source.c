// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Files that are imported, and what became of each of their lines. */
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/human_units.h"
#include "base/read_full.h"
#include "base/strbuf.h"
#include "policy_import_internal.h"

/* A line with several settings may be taken and left at once: taken in part. */
enum line_state {
	LINE_OPEN,
	LINE_EMPTY,
	LINE_OTHER,
	LINE_TAKEN,
	LINE_LEFT,
	LINE_PART,
	LINE_STATES
};

struct source_line {
	char *text; /* into `split` */
	enum line_state state;
	char *said; /* what became of it */
};

struct import_source {
	struct import_source *next;
	char *path, *text, *split;
	struct source_line *line;
	size_t lines;
};

struct import_source **source_next(struct import_source *source) { return &source->next; }
const char *source_path(const struct import_source *s) { return s->path; }
size_t source_lines(const struct import_source *s) { return s->lines; }
const char *source_text(const struct import_source *s) { return s->text; }

const char *source_line(const struct import_source *s, size_t line)
{
	return line && line <= s->lines ? s->line[line - 1].text : "";
}

size_t source_line_at(const struct import_source *s, const char *at)
{
	size_t line = 1;

	for (const char *p = s->text; p < at && *p; p++)
		line += *p == '\n';
	return line;
}

void sources_free(struct import_source *source)
{
	while (source) {
		struct import_source *next = source->next;

		for (size_t i = 0; i < source->lines; i++)
			free(source->line[i].said);
		free(source->line);
		free(source->path);
		free(source->text);
		free(source->split);
		free(source);
		source = next;
	}
}

/* ---- reading ---- */

int import_read_text(const char *path, char **ret_text)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	_cleanup_free_ char *text = NULL;
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR : -ENOTSUP;
	text = malloc(IMPORT_FILE_MOST + 1);
	if (!text)
		return -ENOMEM;
	n = whole_read(fd, text, IMPORT_FILE_MOST);
	if (n < 0)
		return (int)n;
	if (n == IMPORT_FILE_MOST)
		return -EFBIG;
	text[n] = 0;
	if (strlen(text) != (size_t)n)
		return -EBADMSG;
	*ret_text = take_ptr(text);
	return 0;
}

static int split_lines(struct import_source *s)
{
	size_t n = 0;

	s->split = strdup(s->text);
	if (!s->split)
		return -ENOMEM;
	for (const char *at = s->text; *at; at++)
		n += *at == '\n' || !at[1];
	s->line = calloc(n ? n : 1, sizeof(*s->line));
	if (!s->line)
		return -ENOMEM;
	for (char *at = s->split; *at;) {
		size_t length = strcspn(at, "\n");
		bool more = at[length] == '\n';

		at[length] = 0;
		if (length && at[length - 1] == '\r')
			at[length - 1] = 0;
		s->line[s->lines++].text = at;
		at += length + more;
	}
	return 0;
}

int import_text(struct import *im, const char *path, const char *text,
		struct import_source **ret_source)
{
	struct import_source *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->path = strdup(path);
	s->text = strdup(text);
	if (!s->path || !s->text || split_lines(s)) {
		sources_free(s);
		return -ENOMEM;
	}
	import_add_source(im, s);
	*ret_source = s;
	return 0;
}

int import_read(struct import *im, const char *path, struct import_source **ret_source)
{
	struct import_source *s = import_find_source(im, path);
	_cleanup_free_ char *text = NULL;
	int r;

	if (s) {
		*ret_source = s;
		return 0;
	}
	r = import_read_text(path, &text);
	return r ? r : import_text(im, path, text, ret_source);
}

/* ---- what became of a line ---- */

static void say(struct import_source *s, size_t line, enum line_state state, const char *format,
		va_list args)
{
	struct source_line *at;
	char *new = NULL, *both = NULL;

	if (!line || line > s->lines)
		return;
	at = &s->line[line - 1];
	if (at->state >= LINE_TAKEN && at->state != state)
		state = LINE_PART;
	at->state = state;
	if (!format || vasprintf(&new, format, args) < 0)
		return;
	if (at->said && strstr(at->said, new)) {
		free(new);
	} else if (at->said && asprintf(&both, "%s; %s", at->said, new) >= 0) {
		free(at->said);
		free(new);
		at->said = both;
	} else if (!at->said) {
		at->said = new;
	} else {
		free(new);
	}
}

static void say_nothing(struct import_source *s, size_t line, enum line_state state)
{
	if (line && line <= s->lines && s->line[line - 1].state == LINE_OPEN)
		s->line[line - 1].state = state;
}

void line_empty(struct import_source *s, size_t line) { say_nothing(s, line, LINE_EMPTY); }
void line_other(struct import_source *s, size_t line) { say_nothing(s, line, LINE_OTHER); }

void line_taken(struct import_source *s, size_t line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(s, line, LINE_TAKEN, format, args);
	va_end(args);
}

void line_left(struct import_source *s, size_t line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(s, line, LINE_LEFT, format, args);
	va_end(args);
}

void line_lost(struct import *im, struct import_source *s, size_t line, const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	line_left(s, line, "%s", text ? text : "protection is lost");
	import_lost(im, "%s:%zu: %s", s->path, line, text ? text : "protection is lost");
}

/* ---- writing ---- */

static bool listed(const struct source_line *line)
{
	return line->state != LINE_EMPTY && line->state != LINE_OTHER;
}

static void write_source(const struct import_source *s, FILE *out)
{
	static const char *const became[LINE_STATES] = {[LINE_OPEN] = "not taken",
							[LINE_TAKEN] = "taken",
							[LINE_LEFT] = "not taken",
							[LINE_PART] = "taken in part"};
	size_t n[LINE_STATES] = {0};
	char head[512] = "";
	struct line text = {head, sizeof(head), 0};

	for (size_t i = 0; i < s->lines; i++)
		n[s->line[i].state]++;
	line_add(&text, "%.300s: %zu line%s: %zu taken, %zu not taken, %zu comments or empty",
		 s->path, s->lines, plural_s(s->lines), n[LINE_TAKEN] + n[LINE_PART],
		 n[LINE_LEFT] + n[LINE_OPEN], n[LINE_EMPTY]);
	if (n[LINE_OTHER])
		line_add(&text, ", %zu of other programs", n[LINE_OTHER]);
	comment_write(out, "", head);
	for (size_t i = 0; i < s->lines; i++) {
		const struct source_line *at = &s->line[i];
		_cleanup_free_ char *entry = NULL;

		if (!listed(at))
			continue;
		if (asprintf(&entry, "%zu: %s   ← %s: %s", i + 1,
			     at->text + strspn(at->text, " \t"), became[at->state],
			     at->said                 ? at->said
			     : at->state == LINE_OPEN ? "not understood"
						      : "") >= 0)
			comment_write(out, "  ", entry);
	}
}

void sources_write(const struct import_source *source, FILE *out)
{
	fputs(source ? "\n# What became of each line:\n#\n" : "", out);
	for (; source; source = source->next)
		write_source(source, out);
}
