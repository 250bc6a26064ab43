// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* CSV to rows of numbers, strictly: reports where a file is wrong instead of guessing.
 * Never logs. */
#include "csv_series.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

#define MOST_COLUMNS 256
#define MOST_LINE    65536
#define NO_LIMIT     4611686018427387904.0 /* 2^62 */
#define MOST_SECONDS 1e10                  /* beyond any clock; in nanoseconds still below 2^64 */
#define SKIPPED      -1
#define NS_PER_S     1e9

#define COLUMN_AT(name_, member)                           \
	{                                                  \
		name_, offsetof(struct series_row, member) \
	}
#define MEASURED(where, key, member) COLUMN_AT(key, member),

/* The first three are required. */
enum { COLUMN_T, COLUMN_USED, COLUMN_LIMIT, COLUMNS_REQUIRED };
static const struct {
	const char *name;
	size_t offset; /* of a uint64_t in struct series_row */
} columns[] = {
	COLUMN_AT("t_seconds", t_ns),
	COLUMN_AT("used_bytes", used),
	COLUMN_AT("limit_bytes", memory.limit),
	COLUMN_AT("slab_bytes", slab),
	COLUMN_AT("swap_free_bytes", swap_free),
	COLUMN_AT("reclaim_stall_seconds_total", stall_ns),
	COLUMN_AT("some_total_us", psi_some_us),
	COLUMN_AT("full_total_us", psi_full_us),
	COLUMN_AT("under_oom", under_oom),
	COLUMN_AT("restarts", restarts),
#define HR_MEMORY(name, unit, kind, meaning, bpf, v2, v1, key, ...) \
	HR_APPLY(MEASURED, key, memory.name)
#define HR_EVENT(name, unit, kind, meaning, bpf, v2, v1, key, ...) \
	HR_APPLY(MEASURED, key, counts.name)
#define HR_COUNTER HR_EVENT
#include <headroom/fields.def>
};

struct series {
	FILE *file;
	char *name;
	char *buffer;  /* MOST_LINE + 1 bytes */
	size_t length; /* of the line that was read */
	unsigned long line, backwards;
	unsigned int columns;
	short meaning[MOST_COLUMNS];
	double last_t;
	char error[256];
};

static _Thread_local char open_error[256] = "";

const char *series_open_error(void) { return open_error; }
const char *series_error(const struct series *s) { return s->error; }
unsigned long series_backwards(const struct series *s) { return s->backwards; }

__attribute__((format(printf, 3, 4))) static int wrong(struct series *s, size_t column,
						       const char *format, ...)
{
	va_list args;
	int n = snprintf(s->error, sizeof(s->error), "%s:%lu:%zu: ", s->name, s->line, column + 1);

	va_start(args, format);
	if (n > 0 && (size_t)n < sizeof(s->error))
		vsnprintf(s->error + n, sizeof(s->error) - (size_t)n, format, args);
	va_end(args);
	return -EINVAL;
}

/* One line without its end; skips empty lines. -ENODATA at the end. (Not getline(): a
 * file without an end of line would be read into memory whole.) */
static int read_line(struct series *s)
{
	for (;;) {
		size_t n = 0;
		int c;

		while ((c = getc_unlocked(s->file)) != EOF && c != '\n' && n < MOST_LINE)
			s->buffer[n++] = (char)c;
		if (c == EOF && ferror(s->file))
			return -EIO;
		if (c == EOF && !n)
			return -ENODATA;
		s->line++;
		if (c != EOF && c != '\n')
			return wrong(s, MOST_LINE, "the line is longer than %d bytes", MOST_LINE);
		s->buffer[n] = '\0';
		if (memchr(s->buffer, '\0', n))
			return wrong(s, strlen(s->buffer), "NUL byte: not a text file");
		while (n > 0 && s->buffer[n - 1] == '\r')
			s->buffer[--n] = '\0';
		s->length = n;
		if (s->buffer[strspn(s->buffer, " \t")])
			return 0;
	}
}

/* The cell that begins at *at, without spaces and quotes; *at moves past its comma, or becomes
 * NULL. */
static char *cell(char **at)
{
	char *begin = *at, *comma = strchr(begin, ','), *end;

	if (comma)
		*comma = '\0';
	*at = comma ? comma + 1 : NULL;
	begin += strspn(begin, " \t");
	end = begin + strlen(begin);
	while (end > begin && (end[-1] == ' ' || end[-1] == '\t'))
		*--end = '\0';
	if (end - begin >= 2 && *begin == '"' && end[-1] == '"') {
		end[-1] = '\0';
		begin++;
	}
	return begin;
}

static int read_header(struct series *s)
{
	bool seen[ARRAY_SIZE(columns)] = {false};
	char *at;
	int err = read_line(s);

	if (err == -ENODATA) {
		s->line = 1;
		return wrong(s, 0, "empty file: needs a first line with column names");
	}
	if (err)
		return err;
	at = s->buffer;
	if (strncmp(at, "\xef\xbb\xbf", 3) == 0)
		at += 3;
	while (at) {
		char *begin = at, *name = cell(&at);

		if (s->columns == MOST_COLUMNS)
			return wrong(s, (size_t)(begin - s->buffer), "more than %d columns",
				     MOST_COLUMNS);
		s->meaning[s->columns] = SKIPPED;
		for (size_t c = 0; c < ARRAY_SIZE(columns); c++) {
			if (strcmp(name, columns[c].name) != 0)
				continue;
			if (seen[c])
				return wrong(s, (size_t)(begin - s->buffer), "duplicate column %s",
					     name);
			seen[c] = true;
			s->meaning[s->columns] = (short)c;
			break;
		}
		s->columns++;
	}
	for (size_t c = 0; c < COLUMNS_REQUIRED; c++)
		if (!seen[c])
			return wrong(s, 0,
				     "missing column %s: t_seconds, used_bytes and limit_bytes are "
				     "required",
				     columns[c].name);
	return 0;
}

static int cannot_open(const char *name, int err)
{
	snprintf(open_error, sizeof(open_error), "%s: %s", name, strerror(-err));
	return err;
}

int series_open_fd(int fd, const char *name, struct series **ret_series)
{
	_cleanup_close_ int own = fd;
	struct series *s = calloc(1, sizeof(*s));
	int err;

	if (!s || !(s->name = strdup(name)) || !(s->buffer = malloc(MOST_LINE + 1)) ||
	    !(s->file = fdopen(own, "r"))) {
		series_close(s);
		return cannot_open(name, -ENOMEM);
	}
	own = -1; /* the stream owns it */
	err = read_header(s);
	if (err == -EINVAL)
		snprintf(open_error, sizeof(open_error), "%s", s->error);
	else if (err)
		cannot_open(name, err);
	if (err) {
		series_close(s);
		return err;
	}
	s->last_t = -1;
	*ret_series = s;
	return 0;
}

int series_open(const char *path, struct series **ret_series)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? cannot_open(path, -errno) : series_open_fd(fd, path, ret_series);
}

void series_close(struct series *s)
{
	if (!s)
		return;
	if (s->file)
		fclose(s->file);
	free(s->buffer);
	free(s->name);
	free(s);
}

static int read_number(struct series *s, size_t column, int meaning, const char *text,
		       struct series_row *row)
{
	char *end;
	double x;

	if (!*text) {
		if (meaning == COLUMN_T || meaning == COLUMN_USED)
			return wrong(s, column, "%s is empty", columns[meaning].name);
		return 0;
	}
	/* strtod accepts hexadecimal, "nan" and "infinity" too: a number begins with a digit, a
	 * point
	 * or a sign. */
	x = strtod(text, &end);
	if (!strchr("0123456789.+-", *text) || *end || end == text || strpbrk(text, "xX"))
		return wrong(s, column, "%s: \"%.40s\" is not a number", columns[meaning].name,
			     text);
	if (!isfinite(x))
		return wrong(s, column, "%s: \"%.40s\" is not a finite number",
			     columns[meaning].name, text);
	if (x < 0)
		return wrong(s, column, "%s: %.40s is below zero", columns[meaning].name, text);
	if (meaning == COLUMN_T) {
		if (x > MOST_SECONDS)
			return wrong(s, column, "t_seconds: %.40s is not a time in seconds", text);
		row->t_seconds = x;
		row->t_ns = (uint64_t)(x * 1e9);
		return 0;
	}
	if (meaning == COLUMN_LIMIT && (x == 0 || x >= NO_LIMIT))
		return 0;
	if (columns[meaning].offset == offsetof(struct series_row, stall_ns))
		x *= NS_PER_S;
	if (x >= 18446744073709549568.0) /* the largest double below 2^64 */
		return wrong(s, column, "%s: %.40s does not fit into 64 bits",
			     columns[meaning].name, text);
	*(uint64_t *)((char *)row + columns[meaning].offset) = (uint64_t)x;
	return 0;
}

int series_next(struct series *s, struct series_row *ret_row)
{
	struct series_row row;
	unsigned int column = 0;
	char *at;
	int err = read_line(s);

	if (err)
		return err;
	memset(&row, 0xff, sizeof(row));
	row.line = s->line;
	for (at = s->buffer; at; column++) {
		char *begin = at, *text = cell(&at);
		size_t place = (size_t)(begin - s->buffer);

		if (column >= s->columns)
			return wrong(s, place, "more cells than the %u columns of the first line",
				     s->columns);
		if (s->meaning[column] == SKIPPED)
			continue;
		err = read_number(s, place, s->meaning[column], text, &row);
		if (err)
			return err;
	}
	if (column < s->columns)
		return wrong(s, s->length, "only %u cells of %u", column, s->columns);
	s->backwards += row.t_seconds < s->last_t;
	s->last_t = row.t_seconds;
	*ret_row = row;
	return 0;
}
