// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * headroom report: the incidents that the board, a recording or the flight recorder's store still hold,
 * newest first; or the post-mortem of one. Reads only; writes nothing but the report.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/utf8_clean.h"
#include "base/human_units.h"
#include "cli.h"
#include "recorder/store.h"
#include "report/report.h"
#include "format/table.h"

#define BEFORE_NS    (6 * 3600 * NS_PER_SEC) /* how far back a report's pictures reach */
#define AFTER_NS     (600 * NS_PER_SEC)
#define NAME_COLUMNS 28
#define BEFORE_NAME  53  /* what stands left of it */
#define ONE_LINE     140 /* columns of a terminal that takes all in one line */

struct report_options {
	uint64_t format;
	const char *output, *board, *history;
};

/* What was opened: a board or a recording, and the store. */
struct sources {
	struct hr_reader *board, *events, *pictures;
	struct event_log event_log;
	struct incidents incidents;
};

static void sources_done(struct sources *s)
{
	hr_reader_close(s->board);
	hr_reader_close(s->events);
	hr_reader_close(s->pictures);
	incidents_done(&s->incidents);
	event_log_done(&s->event_log);
}

static const struct format {
	const char *word;
	int (*write)(const struct report *report, FILE *out);
} formats[] = {{"md", report_md}, {"html", report_html}, {"json", report_json}};

static const char *format_word(size_t i)
{
	return i < ARRAY_SIZE(formats) ? formats[i].word : NULL;
}

static int parse_format(const char *text, void *at)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (!strcmp(text, formats[i].word)) {
			*(uint64_t *)at = i;
			return 0;
		}
	return -EINVAL;
}

/* ---- where it is read from ---- */

static int load(struct sources *s, struct hr_reader *reader)
{
	int r = event_log_load(&s->event_log, reader);

	if (!r)
		return CLI_DONE;
	log_error("%s: cannot read its events: %s", hr_reader_path(reader), strerror(-r));
	return CLI_FAILED;
}

/* The store, where there is one; asked for by name it must be there. */
static int open_store(struct sources *s, const struct report_options *o)
{
	char error[STORE_ERROR];
	int r = store_events(o->history, 0, UINT64_MAX, &s->events, error);

	if (!r)
		return load(s, s->events);
	if ((r == -ENOENT || r == -EACCES || r == -ENODATA) && !o->history)
		return CLI_DONE;
	log_error("%s", error);
	return r == -ENODATA || !o->history ? CLI_DONE : CLI_FAILED;
}

/* The board alone if it is named; else what the store kept, and what the board holds still. */
static int open_sources(struct sources *s, const struct report_options *o)
{
	int r = o->board ? CLI_DONE : open_store(s, o);

	if (r || o->history)
		return r;
	if (s->events && hr_reader_open(NULL, &s->board))
		return CLI_DONE; /* no guard now: what was kept is all there is */
	if (!s->events)
		r = cli_open(o->board, &s->board);
	return r ? r : load(s, s->board);
}

static void open_pictures(struct sources *s, const struct report_options *o,
			  const struct incident *i)
{
	uint64_t from = i->begin_ns > BEFORE_NS ? i->begin_ns - BEFORE_NS : 0;
	char error[STORE_ERROR];

	if (s->events)
		store_snapshots(o->history, from, i->end_ns + AFTER_NS, &s->pictures, error);
}

/* ---- the list ---- */

static void print_incident(const struct incident *i, size_t width, bool ascii)
{
	bool two = width && width < ONE_LINE;
	size_t space = two && width < BEFORE_NAME + NAME_COLUMNS + 1 ? 24 : NAME_COLUMNS;
	time_t seconds = (time_t)(i->time_ns / NS_PER_SEC);
	char when[32], name[INCIDENT_NAME], line[INCIDENT_TITLE + 32], cut[INCIDENT_TITLE + 32];
	struct tm tm;
	size_t pad;

	localtime_r(&seconds, &tm);
	strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
	if (strchr(i->name, '/')) /* its end says more than its beginning */
		text_fit_end(strcpy(name, i->name), space, ascii);
	else
		text_fit(i->name, space, ascii, name, sizeof(name));
	pad = text_width(name);
	printf("%-20s %s  %-9s  %s%*s%s", i->id, when, incident_kind_name(i->kind), name,
	       (int)(pad < space ? space - pad : 0), "", two ? "\n    " : "  ");
	snprintf(line, sizeof(line), "%s%s", i->title, i->open ? " (not over yet)" : "");
	if (two)
		text_fit(line, width - 4, ascii, cut, sizeof(cut));
	puts(two ? cut : line);
}

/* ---- which one ---- */

/* Its whole name, or what stands behind the last '/' of it. */
static bool named(const struct incident *i, const char *typed)
{
	const char *slash = strrchr(i->name, '/');

	return !strcmp(i->name, typed) || (slash && slash[1] && !strcmp(slash + 1, typed));
}

struct match {
	const struct incident *id, *name; /* the newest that fits */
	size_t ids;
	bool names; /* several containers are called so */
};

static struct match match(const struct incidents *all, const char *typed)
{
	struct match m = {0};

	for (size_t i = 0; i < all->n; i++) {
		const struct incident *here = &all->incident[i];

		if (!strcmp(here->id, typed))
			return (struct match){.id = here, .ids = 1};
		if (!strncmp(here->id, typed, strlen(typed))) {
			m.id = here;
			m.ids++;
		}
		if (!named(here, typed))
			continue;
		m.names |= m.name && strcmp(m.name->name, here->name) != 0;
		m.name = m.name ? m.name : here;
	}
	return m;
}

/* All; or, with a word, those that it fits. */
static int list(const struct sources *s, const char *typed)
{
	size_t shown = 0;

	for (size_t i = 0; i < s->incidents.n; i++) {
		const struct incident *here = &s->incidents.incident[i];

		if (typed && !named(here, typed) && strncmp(here->id, typed, strlen(typed)) != 0)
			continue;
		print_incident(here, cli_width(), isatty(STDOUT_FILENO) && cli_ascii());
		shown++;
	}
	if (!shown)
		puts("No incident is held: nothing was killed, acted upon, or in danger.");
	return cli_flush();
}

/* One incident into *ret; or a line said why not, and those that fit are listed. */
static int find(const struct sources *s, const char *typed, const struct incident **ret)
{
	struct match m = match(&s->incidents, typed);
	char clean[128];

	if (!strcmp(typed, "latest") && s->incidents.n)
		m = (struct match){.id = &s->incidents.incident[0], .ids = 1};
	text_clean(typed, SIZE_MAX, clean, sizeof(clean));
	if (m.names || (!m.name && m.ids > 1)) {
		log_error("report: '%s' fits several; say which:", clean);
		list(s, typed);
		return CLI_USAGE;
	}
	if (m.name || m.id) {
		*ret = m.name ? m.name : m.id;
		return CLI_DONE;
	}
	if (s->incidents.n)
		log_error("report: there is no incident '%s', and none of that name: 'headroom "
			  "report' lists them",
			  clean);
	else
		log_error("report: no incident is held");
	return CLI_FAILED;
}

/* ---- writing ---- */

static int write_to(const struct report *report, const struct format *format, FILE *out)
{
	if (!format->write(report, out) || ferror(out))
		return CLI_DONE;
	log_error("out of memory");
	return CLI_FAILED;
}

/* Under a temporary name first: there is a whole report or none. */
static int write_file(const struct report *report, const struct format *format, const char *path)
{
	_cleanup_free_ char *new = NULL;
	FILE *out;
	int r;

	if (asprintf(&new, "%s.new", path) < 0) {
		new = NULL;
		return CLI_FAILED;
	}
	out = fopen(new, "we");
	if (!out) {
		log_error("%s: %s", new, strerror(errno));
		return CLI_FAILED;
	}
	r = write_to(report, format, out);
	if (!r && (ferror(out) | fclose(out) || rename(new, path))) {
		log_error("%s: %s", path, strerror(errno));
		r = CLI_FAILED;
	}
	if (r)
		unlink(new);
	return r;
}

static int post_mortem(struct sources *s, const struct report_options *o, const char *typed)
{
	_cleanup_(report_done) struct report report = {0};
	const struct incident *incident;
	struct hr_reader *readers[2];
	size_t n = 0;
	int r = find(s, typed, &incident);

	if (r)
		return r;
	open_pictures(s, o, incident);
	if (s->pictures)
		readers[n++] = s->pictures;
	if (s->board)
		readers[n++] = s->board;
	if (report_build(&report, incident, &s->event_log, readers, n)) {
		log_error("out of memory");
		return CLI_FAILED;
	}
	if (o->output)
		return write_file(&report, &formats[o->format], o->output);
	r = write_to(&report, &formats[o->format], stdout);
	return r ? r : cli_flush();
}

/* What is not on the board yet because nobody writes it any more. */
static int describe_health(const struct sources *s)
{
	char age[UNITS_TEXT];
	uint64_t age_ns;

	if (!s->board || !hr_reader_health(s->board, &age_ns))
		return CLI_DONE;
	log_info("the guard has been silent for %s: what happened since is not in here",
		 units_duration_ms(age_ns / NS_PER_SEC * 1000, age));
	return CLI_NO_DAEMON;
}

static int run(const void *values, char **arguments)
{
	_cleanup_(sources_done) struct sources s = {0};
	const struct report_options *o = values;
	int r = open_sources(&s, o);

	if (r)
		return r;
	if (incidents_of(&s.event_log, &s.incidents)) {
		log_error("out of memory");
		return CLI_FAILED;
	}
	r = arguments[0] ? post_mortem(&s, o, arguments[0]) : list(&s, NULL);
	return r ? r : describe_health(&s);
}

static const struct option_spec specs[] = {
	{.name = "format",
	 .argument = "FORMAT",
	 .parse = parse_format,
	 .offset = offsetof(struct report_options, format),
	 .help = "of a post-mortem (default md)",
	 .word = format_word},
	{.name = "output",
	 .argument = "FILE",
	 .parse = option_text,
	 .offset = offsetof(struct report_options, output),
	 .help = "write it there, whole or not at all",
	 .wants = "a path"},
	{.name = "history",
	 .argument = "FILE",
	 .parse = option_text,
	 .offset = offsetof(struct report_options, history),
	 .help = "the flight recorder's store, alone",
	 .wants = "a path"},
	OPTION_BOARD(struct report_options),
	{0},
};

const struct command command_report = {
	.name = "report",
	.arguments = "[latest|INCIDENT|NAME]",
	.summary = "the incidents that are held, or the post-mortem of one",
	.text = "Without an argument: OOM kills, actions, near misses and hangs, newest first.\n"
		"INCIDENT is an id of that list, or its beginning; NAME a container's: its "
		"newest.\n"
		"Read is what the flight recorder kept, and what the board still holds; or what\n"
		"--board or --history names, alone. Times of a post-mortem are UTC.\n",
	.arguments_optional = 1,
	.options = specs,
	.options_bytes = sizeof(struct report_options),
	.run = run,
};
