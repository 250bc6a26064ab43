// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * headroom report: the incidents of the board, a recording or the history, newest first; or the post-mortem of one. Writes
 * nothing but the report.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/safe_file.h"
#include "base/utf8_clean.h"
#include "base/human_units.h"
#include "cli.h"
#include "fleet.h"
#include "recorder/store.h"
#include "report/report.h"
#include "format/table.h"

#define BEFORE_NS    (6 * 3600 * NS_PER_SEC) /* snapshots from this time before an incident on */
#define AFTER_NS     (600 * NS_PER_SEC)
#define NAME_COLUMNS 28
#define BEFORE_NAME  53  /* columns left of it */
#define ONE_LINE     140 /* terminal width for one line per incident */

struct report_options {
	uint64_t format, since_ns;
	struct fleet_options fleet;
	const char *output, *board, *history;
};

/* A board or a recording, and the history. */
struct sources {
	struct hr_reader *board, *events, *snapshots;
	struct event_log event_log;
	struct incidents incidents;
};

static void sources_done(struct sources *s)
{
	hr_reader_close(s->board);
	hr_reader_close(s->events);
	hr_reader_close(s->snapshots);
	incidents_done(&s->incidents);
	event_log_done(&s->event_log);
}

enum { FORMAT_MD, FORMAT_HTML, FORMAT_JSON };
static const struct format {
	const char *word;
	int (*write)(const struct report *report, FILE *out);
} formats[] = {
	[FORMAT_MD] = {"md", report_md},
	[FORMAT_HTML] = {"html", report_html},
	[FORMAT_JSON] = {"json", report_json},
};

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

/* ---- sources ---- */

static int load(struct sources *s, struct hr_reader *reader)
{
	uint64_t before = s->event_log.damaged;
	int r = event_log_load(&s->event_log, reader);

	if (s->event_log.damaged > before)
		log_info("%s: damaged: some events could not be read", hr_reader_path(reader));
	if (!r)
		return CLI_DONE;
	log_error("%s: cannot read its events: %s", hr_reader_path(reader), strerror(-r));
	return CLI_FAILED;
}

/* The history, if there is one; given by name it must exist. */
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

/* The board alone if it is given by name, else the history and the board. */
static int open_sources(struct sources *s, const struct report_options *o)
{
	int r = o->board ? CLI_DONE : open_store(s, o);

	if (r || o->history)
		return r;
	if (s->events && hr_reader_open(NULL, &s->board))
		return CLI_DONE; /* no daemon: history only */
	if (!s->events)
		r = cli_open(o->board, &s->board);
	return r ? r : load(s, s->board);
}

static void open_snapshots(struct sources *s, const struct report_options *o,
			   const struct incident *i)
{
	uint64_t from = i->begin_ns > BEFORE_NS ? i->begin_ns - BEFORE_NS : 0;
	char error[STORE_ERROR];

	if (s->events)
		store_snapshots(o->history, from, i->end_ns + AFTER_NS, &s->snapshots, error);
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
	if (strchr(i->name, '/')) /* keep its end */
		text_fit_end(strcpy(name, i->name), space, ascii);
	else
		text_fit(i->name, space, ascii, name, sizeof(name));
	pad = text_width(name);
	printf("%-20s %s  %-9s  %s%*s%s", i->id, when, incident_kind_name(i->kind), name,
	       (int)(pad < space ? space - pad : 0), "", two ? "\n    " : "  ");
	snprintf(line, sizeof(line), "%s%s", i->title, i->open ? " (ongoing)" : "");
	if (two)
		text_fit(line, width - 4, ascii, cut, sizeof(cut));
	puts(two ? cut : line);
}

/* ---- selection ---- */

/* Its name, or the part after the last '/'; of namespace/pod/container, the pod and what contains it, too. */
static bool named(const struct incident *i, const char *typed)
{
	const char *slash = strchr(i->name, '/'), *last = strrchr(i->name, '/');
	size_t n = strlen(typed), before = last ? (size_t)(last - i->name) : 0;

	if (!strcmp(i->name, typed) || (last && last[1] && !strcmp(last + 1, typed)))
		return true;
	if (!slash || slash == i->name || slash == last || !n)
		return false;
	return !strcmp(slash + 1, typed) || (n == before && !strncmp(i->name, typed, n)) ||
	       (n == (size_t)(last - slash - 1) && !strncmp(slash + 1, typed, n));
}

struct match {
	const struct incident *id, *name; /* the newest match */
	size_t ids;
	bool names; /* several containers match */
};

static bool has_event(const struct incident *i, uint64_t seq)
{
	for (size_t n = 0; n < i->n_seqs; n++)
		if (i->seqs[n] == seq)
			return true;
	return false;
}

/* Whether the time that an id begins with is in it. */
static bool covers(const struct incident *i, const char *id)
{
	char first[INCIDENT_ID], last[INCIDENT_ID];

	incident_id(i->begin_ns, 0, first);
	incident_id(i->end_ns, 0, last);
	return strncmp(first, id, INCIDENT_STAMP) <= 0 && strncmp(id, last, INCIDENT_STAMP) <= 0;
}

/* An event by its number, or as in an id with its time: daemons before may have counted to it, too. The newest incident with it. */
static const struct incident *with_event(const struct incidents *all, const char *typed)
{
	bool timed = strcspn(typed, "-") == INCIDENT_STAMP && typed[INCIDENT_STAMP];
	const char *number = typed + (timed ? INCIDENT_STAMP + 1 : 0);
	char *end;
	unsigned long long seq = isdigit((unsigned char)*number) ? strtoull(number, &end, 10) : 0;

	for (size_t i = 0; seq && !*end && i < all->n; i++)
		if (has_event(&all->incident[i], seq) &&
		    (!timed || covers(&all->incident[i], typed)))
			return &all->incident[i];
	return NULL;
}

static struct match match(const struct incidents *all, const char *typed)
{
	struct match m = {.id = with_event(all, typed)};

	if (m.id) {
		m.ids = 1;
		return m;
	}

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

/* All; or those that match. */
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
		puts("No incidents: no OOM kills, actions or alarms recorded.");
	return cli_flush();
}

/* One incident into *ret; or an error line, and the matches of an ambiguous word. */
static int find(const struct sources *s, const char *typed, const struct incident **ret)
{
	struct match m = match(&s->incidents, typed);
	char clean[128];

	if (!strcmp(typed, "latest") && s->incidents.n)
		m = (struct match){.id = incidents_latest(&s->incidents), .ids = 1};
	text_clean(typed, SIZE_MAX, clean, sizeof(clean));
	if (m.names || (!m.name && m.ids > 1)) {
		log_error("report: '%s' is ambiguous:", clean);
		list(s, typed);
		return CLI_USAGE;
	}
	if (m.name || m.id) {
		*ret = m.name ? m.name : m.id;
		return CLI_DONE;
	}
	if (s->incidents.n)
		log_error("report: no match for '%s': see 'headroom report'", clean);
	else
		log_error("report: no incidents");
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

/* A complete report or none. */
static int write_file(const struct report *report, const struct format *format, const char *path)
{
	struct safe_file file;
	FILE *out;
	int e = safe_file_begin(path, 0666, &file), r;

	if (e) {
		log_error("%s: %s%s", path, strerror(-e),
			  e == -ELOOP ? ": a link of another user is on the way" : "");
		return CLI_FAILED;
	}
	out = fdopen(file.fd, "w");
	if (!out) {
		safe_file_abort(&file);
		log_error("out of memory");
		return CLI_FAILED;
	}
	file.fd = -1; /* the stream's */
	r = write_to(report, format, out);
	if (ferror(out) | fclose(out))
		e = -errno;
	if (!r && !e)
		e = safe_file_commit(&file);
	else
		safe_file_abort(&file);
	if (r || !e)
		return r;
	log_error("%s: %s", path, strerror(-e));
	return CLI_FAILED;
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
	open_snapshots(s, o, incident);
	if (s->snapshots)
		readers[n++] = s->snapshots;
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

/* A silent daemon: later events are missing. */
static int describe_health(const struct sources *s)
{
	char age[UNITS_TEXT];
	uint64_t age_ns;
	int r = s->board ? hr_reader_health(s->board, &age_ns) : 0;

	if (!r)
		return CLI_DONE;
	if (r == -EINPROGRESS)
		log_info("daemon starting: no new events yet");
	else
		log_info("daemon silent for %s: later events are missing",
			 units_age_ns(age_ns, age));
	return CLI_NO_DAEMON;
}

static int run_fleet(const struct report_options *o, const char *typed)
{
	const char *alone = typed                      ? typed
			    : o->board                 ? "--board"
			    : o->history               ? "--history"
			    : o->output                ? "--output"
			    : o->format == FORMAT_HTML ? "--format html"
						       : NULL;

	if (!alone)
		return fleet_report(&o->fleet, o->since_ns, o->format == FORMAT_JSON);
	log_error("report: %s and --prometheus exclude each other", alone);
	return CLI_USAGE;
}

static int run(const void *values, char **arguments)
{
	_cleanup_(sources_done) struct sources s = {0};
	const struct report_options *o = values;
	int r;

	if (o->fleet.url)
		return run_fleet(o, arguments[0]);
	if (o->since_ns) {
		log_error("report: --since needs --prometheus");
		return CLI_USAGE;
	}
	if (o->format == FORMAT_JSON) /* its sentences, too */
		option_utc(NULL, NULL);
	confine_now();
	r = open_sources(&s, o);
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
	 .help = "report format (default md)",
	 .word = format_word},
	{.name = "output",
	 .argument = "FILE",
	 .parse = option_text,
	 .offset = offsetof(struct report_options, output),
	 .help = "output file (default: standard output)",
	 .wants = "a path"},
	{.name = "history",
	 .argument = "FILE",
	 .parse = option_text,
	 .offset = offsetof(struct report_options, history),
	 .help = "history file, without the board",
	 .wants = "a path"},
	{.name = "since",
	 .argument = "TIME",
	 .parse = option_time,
	 .offset = offsetof(struct report_options, since_ns),
	 .help = "with --prometheus: incidents since then (default: 7 days ago)",
	 .wants = OPTION_WANTS_TIME},
	OPTION_FLEET(struct report_options, fleet),
	OPTION_UTC,
	OPTION_BOARD(struct report_options),
	{0},
};

const struct command command_report = {
	.name = "report",
	.arguments = "[latest|INCIDENT|NAME]",
	.summary = "List incidents, or print the post-mortem of one",
	.text = "Without an argument: OOM kills, actions, near misses and blocked cgroups, newest\n"
		"first. latest is the newest OOM kill or action that ended something, else the\n"
		"newest incident; INCIDENT an id of that list, its prefix or the number of an "
		"event\n"
		"in it; NAME a container or a pod: its newest incident.\n"
		"Reads history and board; --board or --history selects one of them.\n"
		"--prometheus: the OOM kills and near misses of all nodes, by workload, as text "
		"or\n"
		"JSON.\n"
		"Times are local, ids in UTC.\n",
	.arguments_optional = 1,
	.options = specs,
	.options_bytes = sizeof(struct report_options),
	.run = run,
	.rights = COMMAND_WRITES, /* a history */
};
