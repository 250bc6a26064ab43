// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* headroom explain: the forecast of a container or the host, or one event, as text with a plot, or as JSON. Reads the board
 * once. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/utf8_clean.h"
#include "history_open.h"
#include "cli.h"
#include "json/json.h"
#include "listing.h"
#include "event_lookup.h"
#include "cgroup/pid_cgroup.h"
#include "format/forecast_plot.h"
#include "format/snapshot.h"
#include "format/explain.h"
#include "format/explain_line.h"
#include "format/phrase.h"
#include "format/target_parse.h"
#include "tmpfs_places.h"

#define CANDIDATES 16

struct explain_options {
	bool json, plot;
	uint64_t at_ns;
	const char *board, *history;
};

struct explain_run {
	const struct explain_options *options;
	struct back back;
	struct snapshot snapshot;
	const struct hr_slot *slot; /* NULL: the host or an event */
	bool host;
	struct past past;
	bool older;                   /* its kills are the history's */
	struct downsample downsample; /* of slot or host */
	struct explanation explanation;
};

static void done(struct explain_run *e)
{
	snapshot_done(&e->snapshot);
	past_done(&e->past);
}

/* ---- target ---- */

static int report_unknown(const struct explain_run *e, const char *typed)
{
	char clean[128];

	text_clean(typed, SIZE_MAX, clean, sizeof(clean));
	if (e->past.seq && e->past.first_seq)
		log_error(
			"explain: no match for '%s' (events held: %llu to %llu): see 'headroom ls "
			"--all' and 'headroom events'",
			clean, (unsigned long long)e->past.first_seq,
			(unsigned long long)e->past.last_seq);
	else
		log_error("explain: no match for '%s': see 'headroom ls --all', or 'headroom "
			  "report' for "
			  "what ended",
			  clean);
	return CLI_FAILED;
}

static int report_ambiguous(const char *typed, const struct hr_slot *const *found, size_t n)
{
	char clean[1024];

	text_clean(typed, SIZE_MAX, clean, 128);
	log_error("explain: '%s' is ambiguous (%zu matches):", clean, n);
	for (size_t i = 0; i < n && i < CANDIDATES; i++) {
		struct record_text from = record_text_slot(found[i]);
		const char *cgroup = hr_slot_text(found[i], found[i]->id.cgroup);
		char label[640];

		identity_label(&from, &found[i]->id, found[i]->cgroup_id, label, sizeof(label));
		text_clean(cgroup ? cgroup : "?", SIZE_MAX, clean, sizeof(clean));
		fprintf(stderr, "  cgroup:%s  %s%s\n", clean, label,
			slot_gone(found[i]) ? ", gone" : "");
	}
	if (n > CANDIDATES)
		fprintf(stderr, "  … and %zu more\n", n - CANDIDATES);
	return CLI_USAGE;
}

static int find_slot(struct explain_run *e, const char *typed)
{
	const struct hr_slot *found[CANDIDATES];
	struct target target;
	char clean[128];
	size_t n;

	if (target_parse(typed, &target)) {
		log_error("explain: invalid target '%s': give " TARGET_WANTS ", or an event number",
			  text_clean(typed, SIZE_MAX, clean, sizeof(clean)));
		return CLI_USAGE;
	}
	if (target.by == TARGET_PID && !e->snapshot.recording)
		pid_cgroup_memory("", target.pid, target.cgroup, sizeof(target.cgroup));
	n = target_find(&target, e->snapshot.slots, e->snapshot.n_slots, found, CANDIDATES);
	if (!n &&
	    target.cgroup
		    [0]) { /* in a cgroup namespace paths differ: search the listed processes */
		target.cgroup[0] = 0;
		n = target_find(&target, e->snapshot.slots, e->snapshot.n_slots, found, CANDIDATES);
	}
	if (!n)
		return report_unknown(e, typed);
	if (n > 1)
		return report_ambiguous(typed, found, n);
	e->slot = found[0];
	return CLI_DONE;
}

/* A number is an event's if such an event is held, else it may be an id prefix. */
static uint64_t event_number(const char *typed)
{
	unsigned long long seq;
	char *end;

	if (!isdigit((unsigned char)*typed))
		return 0;
	errno = 0;
	seq = strtoull(typed, &end, 10);
	return *end || errno || seq == HR_UNKNOWN ? 0 : seq;
}

/* A kill of the last week that the board does not hold may be in the history. */
static int find_kills_in_history(struct explain_run *e)
{
	struct back history = {"explain", NULL, store_path(), e->snapshot.time_ns};
	struct past older = {.subject = e->slot, .instance = e->snapshot.header.instance};
	int r;

	if (!e->slot || e->past.kill[0] || back_to_store(&e->back) || e->back.board ||
	    e->snapshot.recording || access(history.history, R_OK))
		return CLI_DONE;
	r = past_read(&history, &older);
	for (size_t i = 0; !r && older.kill[i]; i++)
		e->past.kill[i] = take_ptr(older.kill[i]);
	e->older = e->past.kill[0] != NULL;
	past_done(&older);
	return r;
}

/* Events and history of the subject. */
static int look_back(struct explain_run *e)
{
	struct hr_history none = {0};
	int r;

	e->past.until_ns = e->options->at_ns;
	e->past.subject = e->slot;
	e->past.host = e->host;
	e->past.shown_ns = e->snapshot.time_ns;
	e->past.downsample = &e->downsample;
	e->downsample.host = e->host;
	e->downsample.cgroup_id = e->slot ? e->slot->cgroup_id : 0;
	r = past_read(&e->back, &e->past);
	downsample_end(&e->downsample, e->slot ? &e->slot->history : &none);
	return r ? r : find_kills_in_history(e);
}

/* An event that is no longer on the board may be in the history. */
static int find_in_history(struct explain_run *e)
{
	struct back history = {"explain", NULL, store_path(), 0};

	if (e->snapshot.recording || access(history.history, R_OK))
		return 0;
	return past_read(&history, &e->past);
}

static int find(struct explain_run *e, const char *typed)
{
	uint64_t seq = event_number(typed);
	int r;

	if (!strcmp(typed, "host")) {
		e->host = true;
		return look_back(e);
	}
	e->past.until_ns = e->options->at_ns;
	e->past.seq = seq;
	if (seq) {
		r = past_read(&e->back, &e->past);
		if (!r && !e->past.event)
			r = find_in_history(e);
		if (r || e->past.event)
			return r;
	}
	r = find_slot(e, typed);
	if (r)
		return r;
	past_done(&e->past);
	return look_back(e);
}

/* ---- the plot ---- */

static void print_plot(const struct explain_run *e)
{
	_cleanup_(screen_buffer_done) struct screen_buffer screen_buffer = {0};
	struct plot_point point[DOWNSAMPLE_POINTS + HISTORY_POINTS];
	size_t columns = cli_width() ? cli_width() : PLOT_COLUMNS;
	struct plot plot;

	if (!e->options->plot && !isatty(STDOUT_FILENO))
		return;
	if (e->slot)
		forecast_plot_slot(e->slot, e->downsample.point, e->downsample.n, point, &plot);
	else if (e->host)
		forecast_plot_host(&e->snapshot.host, e->downsample.point, e->downsample.n, point,
				   &plot);
	else if (forecast_plot_kill(e->past.event, point, &plot))
		return;
	if (plot_draw(&plot, columns, cli_ascii(), &screen_buffer))
		return;
	putchar('\n');
	screen_buffer_write(&screen_buffer, stdout, cli_colour());
}

/* ---- printing ---- */

#define PLACES   3  /* tmpfs mounts that are named */
#define PLACE_IN 64 /* processes: they are looked for in the mount namespace of each */

/* Where memory that outlived its containers may be: tmpfs file systems with a good part of it, now and on this host. */
static void add_places(struct explain_run *e, uint64_t left)
{
	const struct snapshot *s = &e->snapshot;
	struct tmpfs_place place[PLACES];
	uint32_t pids[PLACE_IN];
	char text[512], name[512];
	struct line l = line_in(text, sizeof(text));
	size_t n = 0;

	if (!left || s->recording || s->health || snapshot_is_fleet(s))
		return;
	for (size_t i = 0; i < s->n_slots && n < PLACE_IN; i++)
		if (s->slots[i].parent_id == e->slot->cgroup_id && s->slots[i].process[0].pid)
			pids[n++] = s->slots[i].process[0].pid;
	n = tmpfs_places(pids, n, left / 4, place, PLACES);
	for (size_t i = 0; i < n; i++) {
		line_add(&l, "%s%s", i ? ", " : "",
			 text_clean(place[i].path, SIZE_MAX, name, sizeof(name)));
		if (place[i].pid)
			line_add(&l, " (of process %u)", place[i].pid);
		line_add_bytes(&l, " ", place[i].used, "");
	}
	if (n)
		line_add(explain_line(&e->explanation, STYLE_PLAIN),
			 "Tmpfs mounts that hold as much now: %s.", text);
}

static void describe(struct explain_run *e)
{
	if (e->host) {
		explain_host(&e->explanation, &e->snapshot.host, e->snapshot.slots,
			     e->snapshot.n_slots, (const struct hr_event *const *)e->past.kill,
			     e->snapshot.time_ns);
		explain_map(&e->explanation, e->past.map, e->snapshot.time_ns);
		explain_actions(&e->explanation, (const struct hr_event *const *)e->past.action,
				e->snapshot.time_ns);
		return;
	}
	if (!e->slot) {
		explain_event(&e->explanation, e->past.event, e->past.outcome, e->snapshot.time_ns);
		return;
	}
	explain_container(&e->explanation, e->slot, &e->snapshot.host, e->snapshot.time_ns);
	add_places(e, explain_outlived(&e->explanation, e->slot, e->snapshot.slots,
				       e->snapshot.n_slots));
	explain_map(&e->explanation, e->past.map, e->snapshot.time_ns);
	explain_kills(&e->explanation, e->slot, (const struct hr_event *const *)e->past.kill,
		      e->older, e->snapshot.time_ns);
	explain_actions(&e->explanation, (const struct hr_event *const *)e->past.action,
			e->snapshot.time_ns);
	explain_score(&e->explanation, &e->snapshot.host.score);
}

static json_t *json_history(const struct explain_run *e)
{
	json_t *array = json_array();

	for (size_t i = 0; i < e->downsample.n; i++)
		json_array_append_new(
			array, json_point(&e->downsample.point[i], e->snapshot.header.created_ns));
	return array;
}

/* Every key is always present; null where it does not apply. */
static int print_json(const struct explain_run *e)
{
	const struct snapshot *s = &e->snapshot;
	const char *node = s->host.node;
	bool event = !e->slot && !e->host;
	json_t *said = json_array(), *kills = event ? json_null() : json_array();
	json_t *actions = event ? json_null() : json_array(), *all;
	int r;

	for (size_t i = 0; i < e->explanation.n; i++)
		json_array_append_new(said, json_string(e->explanation.line[i].text));
	for (size_t i = 0; !event && e->past.kill[i]; i++)
		json_array_append_new(kills, json_event(e->past.kill[i], node));
	for (size_t i = 0; !event && e->past.action[i]; i++)
		json_array_append_new(actions, json_event(e->past.action[i], node));
	all = json_pack(
		"{ss so ss so so so so so so so so}", "schema", "headroom.explanation/2", "time",
		json_get_time(NULL, &s->time_ns), "about",
		e->slot   ? "container"
		: e->host ? "host"
			  : "event",
		"text", said, "container", e->slot ? json_container(e->slot) : json_null(),
		"history", event ? json_null() : json_history(e), "oom_kills", kills, "actions",
		actions, "event", event ? json_event(e->past.event, node) : json_null(), "outcome",
		e->past.outcome ? json_event(e->past.outcome, node) : json_null(), "host",
		e->host ? json_host(&s->host, &s->header, s->time_ns, s->health) : json_null());
	r = all ? json_dumpf(all, stdout, JSON_STYLE) : -1;
	json_decref(all);
	putchar('\n');
	if (!r || ferror(stdout))
		return CLI_DONE;
	log_error("out of memory");
	return CLI_FAILED;
}

static int load(struct explain_run *e)
{
	_cleanup_reader_ struct hr_reader *reader = NULL;
	int r = back_open(&e->back, 0, &reader);

	if (r)
		return r;
	r = snapshot_load(&e->snapshot, reader);
	if (!r)
		return CLI_DONE;
	log_error("cannot read %s: %s", hr_reader_path(reader), strerror(-r));
	return CLI_FAILED;
}

static int run(const void *values, char **arguments)
{
	const struct explain_options *options = values;
	_cleanup_(done) struct explain_run e = {
		.options = options,
		.back = {"explain", options->board, options->history, options->at_ns}};
	int r;

	if (options->json) /* its sentences, too */
		option_utc(NULL, NULL);
	r = load(&e);
	if (!r)
		r = find(&e, arguments[0]);
	if (!r && e.slot) /* one of the snapshot's */
		snapshot_paused(&e.snapshot, &e.snapshot.slots[e.slot - e.snapshot.slots], 1);
	if (r)
		return r;
	describe(&e);
	if (e.options->json) {
		r = print_json(&e);
	} else {
		explain_print(&e.explanation, stdout, cli_width(), cli_colour(),
			      isatty(STDOUT_FILENO) && cli_ascii());
		print_plot(&e);
	}
	if (!r)
		r = cli_flush();
	return r ? r : listing_warn(&e.snapshot);
}

static const struct option_spec specs[] = {
	OPTION_FLAG("json", struct explain_options, json, "one JSON document"),
	OPTION_FLAG("plot", struct explain_options, plot, "plot also into a pipe"),
	{.name = "at",
	 .argument = "TIME",
	 .parse = option_time,
	 .offset = offsetof(struct explain_options, at_ns),
	 .help = "a time in the past, from history or a recording",
	 .wants = OPTION_WANTS_TIME},
	OPTION_HISTORY(struct explain_options),
	OPTION_UTC,
	OPTION_BOARD(struct explain_options),
	{0},
};

const struct command command_explain = {
	.name = "explain",
	.arguments = "TARGET|EVENT",
	.summary = "Explain a forecast or an event",
	.text = "TARGET is a name (as in ls), an id prefix (4 digits or more),\n"
		"pod:NAMESPACE/POD[/CONTAINER], unit:NAME, cgroup:PATH, pid:N, or host.\n"
		"EVENT is an event number, as in 'seq' of events --json. With a recording the\n"
		"plot shows all of it up to that time.\n"
		"Exit status 1: no match; 2: ambiguous, the matches are listed.\n",
	.arguments_needed = 1,
	.options = specs,
	.options_bytes = sizeof(struct explain_options),
	.run = run,
	.rights = COMMAND_WRITES, /* a history */
};
