// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Events as JSON lines, to a file or standard output. Rotates a full file to FILE.1(.gz), the previous one to FILE.2 …; never
 * splits a line over two files. Reopens the path after SIGHUP, for logrotate.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "base/safe_file.h"
#include "base/clock.h"
#include "export.h"
#include "option_parse.h"

#define KEEP_MAX 1000

struct jsonl_options {
	struct sink_common common;
	char path[EXPORT_TEXT]; /* "-": standard output */
	uint64_t max_size, keep;
	bool compress;
	uint64_t rate; /* lines a second at most; 0: any */
};

struct jsonl {
	const struct jsonl_options *options;
	int fd;
	uint64_t size;
	uint64_t second, lines; /* the current second (monotonic), and the lines written in it */
};

static bool is_stdout(const struct jsonl *j) { return !strcmp(j->options->path, "-"); }

static int open_file(struct jsonl *j)
{
	struct stat st;

	if (is_stdout(j)) {
		j->fd = STDOUT_FILENO;
		return 0;
	}
	j->fd = safe_open(j->options->path, O_WRONLY | O_CREAT | O_APPEND, 0640);
	if (j->fd < 0)
		return j->fd;
	if (fstat(j->fd, &st))
		return -errno;
	j->size = (uint64_t)st.st_size;
	return 0;
}

static void close_file(struct jsonl *j)
{
	if (j->fd >= 0 && !is_stdout(j))
		close(j->fd);
	j->fd = -1;
}

/* FILE.N or FILE.N.gz */
static const char *numbered(const char *name, uint64_t n, bool gz, char to[NAME_MAX + 1])
{
	snprintf(to, NAME_MAX + 1, "%s.%llu%s", name, (unsigned long long)n, gz ? ".gz" : "");
	return to;
}

/* FILE.1 → FILE.1.gz. Keeps the plain file after a failure, such as a full disk. */
static void compress_first(int dir, const char *name)
{
	char plain[NAME_MAX + 1], packed[NAME_MAX + 1], buffer[16384];
	_cleanup_close_ int in = openat(dir, numbered(name, 1, false, plain),
					O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	_cleanup_close_ int out =
		in < 0 ? -1
		       : openat(dir, numbered(name, 1, true, packed),
				O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
	gzFile gz = out < 0 ? NULL : gzdopen(out, "wb");
	bool failed = false;
	ssize_t n = 0;

	if (!gz)
		return;
	out = -1; /* gzclose() closes it */
	while (!failed && (n = read(in, buffer, sizeof(buffer))) > 0)
		failed = gzwrite(gz, buffer, (unsigned int)n) != n;
	failed |= n < 0;
	failed |= gzclose(gz) != Z_OK;
	unlinkat(dir, failed ? packed : plain, 0);
}

static int rotate(struct jsonl *j)
{
	char from[NAME_MAX + 1], to[NAME_MAX + 1];
	const char *name;
	_cleanup_close_ int dir = safe_dir(j->options->path, &name);

	close_file(j);
	if (dir < 0)
		return dir;
	for (int gz = 0; gz < 2; gz++)
		unlinkat(dir, numbered(name, j->options->keep, gz, from), 0);
	for (uint64_t n = j->options->keep; n > 1; n--)
		for (int gz = 0; gz < 2; gz++)
			renameat(dir, numbered(name, n - 1, gz, from), dir,
				 numbered(name, n, gz, to));
	if (renameat(dir, name, dir, numbered(name, 1, false, to)))
		return -errno;
	if (j->options->compress)
		compress_first(dir, name);
	return open_file(j);
}

static int jsonl_open(struct sink *sink)
{
	struct jsonl *j = calloc(1, sizeof(*j));
	int err;

	if (!j)
		return -ENOMEM;
	sink->state = j;
	j->options = sink->options;
	j->fd = -1;
	err = open_file(j);
	if (err)
		sink_set_error(sink, "%s: %s", j->options->path, strerror(-err));
	return err;
}

static void jsonl_close(struct sink *sink)
{
	struct jsonl *j = sink->state;

	if (!j)
		return;
	close_file(j);
	free(j);
	sink->state = NULL;
}

/* One write per line, so that other processes can append to the same file. After a short write (disk full) truncates the
 * file, so that the retry writes a complete line. */
static int write_line(struct jsonl *j, const struct export_event *event)
{
	_cleanup_free_ char *line = malloc(event->json_bytes + 1);
	size_t n = event->json_bytes + 1;
	ssize_t done;

	if (!line)
		return -ENOMEM;
	memcpy(line, event->json, event->json_bytes);
	line[event->json_bytes] = '\n';
	for (size_t at = 0; at < n; at += (size_t)done) {
		done = write(j->fd, line + at, n - at);
		if (done < 0 && errno == EINTR)
			done = 0;
		if (done < 0) {
			int err = errno;

			if (at && !is_stdout(j) && ftruncate(j->fd, (off_t)j->size))
				return -errno;
			return -err;
		}
	}
	j->size += n;
	return 0;
}

static void keep_to_rate(struct jsonl *j)
{
	uint64_t second = clock_mono_ns() / NS_PER_SEC;

	if (second != j->second) {
		j->second = second;
		j->lines = 0;
	}
	if (j->options->rate && j->lines++ >= j->options->rate) {
		uint64_t rest = (second + 1) * NS_PER_SEC - clock_mono_ns();

		nanosleep(&(struct timespec){.tv_nsec = (long)(rest % NS_PER_SEC)}, NULL);
	}
}

static int jsonl_event(struct sink *sink, const struct export_event *event)
{
	struct jsonl *j = sink->state;
	int err = 0;

	keep_to_rate(j);
	if (!is_stdout(j) && j->size && j->size + event->json_bytes + 1 > j->options->max_size)
		err = rotate(j);
	if (!err)
		err = write_line(j, event);
	if (err)
		sink_set_error(sink, "%s: %s", j->options->path, strerror(-err));
	return err;
}

static void jsonl_reopen(struct sink *sink)
{
	struct jsonl *j = sink->state;

	close_file(j);
	if (open_file(j))
		j->fd = -1; /* the next line fails and is retried after open() */
}

static int jsonl_check(struct sink *sink)
{
	int err = jsonl_open(sink);

	jsonl_close(sink);
	return err;
}

static int parse_path_or_dash(const char *text, void *at)
{
	return !strcmp(text, "-") ? parse_text(text, at) : parse_path(text, at);
}

static int parse_keep(const char *text, void *at)
{
	uint64_t n;
	int err = parse_count(text, &n);

	if (!err && n > KEEP_MAX)
		err = -EINVAL;
	if (!err)
		*(uint64_t *)at = n;
	return err;
}

static const struct sink_key keys[] = {
	{.name = "path",
	 .parse = parse_path_or_dash,
	 .offset = offsetof(struct jsonl_options, path),
	 .expected = "an absolute path, or - for standard output",
	 .required = true},
	{.name = "max_size",
	 .parse = parse_bytes,
	 .offset = offsetof(struct jsonl_options, max_size),
	 .expected = "a size such as 64MiB"},
	{.name = "keep",
	 .parse = parse_keep,
	 .offset = offsetof(struct jsonl_options, keep),
	 .expected = "a number of old files, 1 to 1000"},
	{.name = "compress",
	 .parse = parse_bool,
	 .offset = offsetof(struct jsonl_options, compress),
	 .expected = "true or false"},
	{.name = "rate",
	 .parse = parse_count,
	 .offset = offsetof(struct jsonl_options, rate),
	 .expected = "lines a second, at most"},
	{0},
};

static const struct jsonl_options defaults = {
	.common = {.queue = EXPORT_QUEUE, .interval_ms = 1000},
	.max_size = 64u << 20,
	.keep = 5,
};

const struct sink_type sink_jsonl = {
	.name = "jsonl",
	.summary = "events as JSON lines, to a file or standard output",
	.options_bytes = sizeof(struct jsonl_options),
	.defaults = &defaults,
	.keys = keys,
	.events = true,
	.writes_files = true,
	.open = jsonl_open,
	.close = jsonl_close,
	.event = jsonl_event,
	.check = jsonl_check,
	.reopen = jsonl_reopen,
};
