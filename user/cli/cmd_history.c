// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * headroom history: the flight recorder. An ordinary reader that stays: a picture a minute, all events, and more around
 * an incident, into a bounded file. Waits for a guard, outlives it; whatever the disk does is its own trouble alone.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/sd_notify.h"
#include "base/utf8_clean.h"
#include "base/human_units.h"
#include "cli.h"
#include "recorder/writer.h"
#include "recorder/status.h"
#include "json/json.h"
#include "command/signals.h"

#define LOOK_S            1
#define PICTURE_MS        60000 /* the 64 seconds that a slot remembers reach from one to the next */
#define AGAIN_S           5     /* after an incident's picture, another */
#define APART_S           10    /* incidents that follow each other closer share their pictures */
#define INCIDENTS_AN_HOUR 30    /* with pictures of their own: a restart loop fills no disk */
#define CHATTER_S         10    /* lives of containers, gathered */
#define TIDY_S            600
#define RETRY_S           10 /* after a failure */
#define REOPEN_S          2  /* while the guard is silent */

struct history_options {
	const char *board, *history;
	uint64_t most_bytes, interval_ms;
	bool status, json;
};

struct inflight {
	const struct history_options *options;
	struct recorder_writer *recorder_writer;
	struct hr_reader *board; /* NULL: none found yet */
	bool silent, waiting;    /* said */
	int failed;              /* what was said of the store; 0: it is written */
	/* seconds of the monotonic clock */
	uint64_t interval, now, retry_at, reopen_at, minute_at, tidy_at, chatter_at;
	uint64_t extra_at, again_at, last_extra, hour_from; /* extra_at, again_at 0: none is due */
	uint32_t extras;                                    /* in this hour */
	uint64_t heads[HR_RINGS], instance;                 /* of what was looked at */
	uint64_t pictures, events, missed;
};

/* ---- the store ---- */

static const char *reason(int r)
{
	return r == -ENOSPC  ? "the disk is full"
	       : r == -EBUSY ? "somebody has been reading it for too long"
			     : strerror(-r);
}

/* A failure is said once, and so is its end. */
static void settle(struct inflight *f, int r)
{
	char note[KEEP_NOTE], clean[KEEP_NOTE * 2];
	const char *path = writer_path(f->recorder_writer);

	if (r == -EBADMSG) {
		r = writer_renew(f->recorder_writer, note);
		if (!r || r != f->failed)
			log_error("%s", text_clean(note, SIZE_MAX, clean, sizeof(clean)));
	}
	if (r && r != f->failed)
		log_error("%s: %s: nothing is kept for now; trying on",
			  text_clean(path, SIZE_MAX, clean, sizeof(clean)), reason(r));
	else if (!r && f->failed)
		log_info("%s: written again", text_clean(path, SIZE_MAX, clean, sizeof(clean)));
	f->failed = r;
	f->retry_at = r ? f->now + RETRY_S : 0;
}

/* ---- the board ---- */

static void let_go(struct inflight *f)
{
	hr_reader_close(take_ptr(f->board));
	writer_new_board(f->recorder_writer);
}

static void find_board(struct inflight *f)
{
	struct hr_reader *board;
	int r = hr_reader_open(f->options->board, &board);

	if (!r && hr_reader_is_recording(board)) {
		hr_reader_close(board);
		r = -EPROTO;
	}
	if (!r) {
		f->board = board;
		f->instance = 0;
		writer_new_board(f->recorder_writer);
	} else if (!f->waiting) {
		log_info("waiting: %s", hr_reader_error());
	}
	f->waiting = r != 0;
}

/* Whether a guard writes there. Its place may be taken by another, or it may come back elsewhere. */
static bool look_at_daemon(struct inflight *f)
{
	bool silent;

	if (!f->board && f->now >= f->reopen_at) {
		find_board(f);
		f->reopen_at = f->now + (f->board ? REOPEN_S : LOOK_S);
	}
	if (!f->board)
		return false;
	silent = hr_reader_health(f->board, NULL) != 0;
	if (silent != f->silent)
		log_info("%s",
			 silent ? "the guard is silent: waiting for it" : "the guard is back");
	f->silent = silent;
	return !silent;
}

/* ---- a look ---- */

/* At once for what a post-mortem needs; chatter is gathered, but not until its ring runs over. */
static bool events_due(struct inflight *f)
{
	struct hr_board_header h;
	uint64_t chatter;
	bool due;

	hr_reader_header(f->board, &h);
	chatter = h.ring_head[HR_RING_CHATTER] - f->heads[HR_RING_CHATTER];
	due = h.instance != f->instance || h.ring_head[HR_RING_KEEP] != f->heads[HR_RING_KEEP] ||
	      (chatter && (f->now >= f->chatter_at || chatter > h.ring[HR_RING_CHATTER].bytes / 4));
	if (!due)
		return false;
	f->instance = h.instance;
	memcpy(f->heads, h.ring_head, sizeof(f->heads));
	f->chatter_at = f->now + CHATTER_S;
	return true;
}

static void incident(struct inflight *f)
{
	if (f->now >= f->hour_from + 3600) {
		f->hour_from = f->now;
		f->extras = 0;
	}
	if (f->extra_at || f->extras >= INCIDENTS_AN_HOUR)
		return;
	f->extras++;
	f->extra_at = f->last_extra && f->last_extra + APART_S > f->now ? f->last_extra + APART_S
									: f->now;
	f->again_at = f->extra_at + AGAIN_S;
}

static int take_events(struct inflight *f)
{
	struct keep_news news;
	int r = writer_events(f->recorder_writer, f->board, &news);

	if (r) {
		f->instance = 0; /* they are asked for again */
		return r;
	}
	f->events += news.events;
	f->missed += news.missed;
	if (news.missed)
		log_info("%llu events went by before they could be kept",
			 (unsigned long long)news.missed);
	if (news.incident)
		incident(f);
	return 0;
}

static int take_picture(struct inflight *f, enum keep_reason reason)
{
	int r = writer_picture(f->recorder_writer, f->board, reason);

	f->pictures += !r;
	return r;
}

static int take_pictures(struct inflight *f)
{
	int r = 0;

	if (f->extra_at && f->now >= f->extra_at) {
		r = take_picture(f, KEEP_INCIDENT);
		f->extra_at = 0;
		f->last_extra = f->now;
	}
	if (!r && f->again_at && f->now >= f->again_at) {
		r = take_picture(f, KEEP_INCIDENT);
		f->again_at = 0;
	}
	if (!r && f->now >= f->minute_at) {
		r = take_picture(f, KEEP_MINUTE);
		f->minute_at += r ? 0 : (1 + (f->now - f->minute_at) / f->interval) * f->interval;
	}
	return r;
}

static void look(struct inflight *f)
{
	bool alive = look_at_daemon(f);
	int r = 0;

	if (!f->board || f->now < f->retry_at)
		return;
	if (events_due(f))
		r = take_events(f);
	if (!r && alive)
		r = take_pictures(f);
	if (r == -EAGAIN) /* the board, not the store: in a second */
		r = 0;
	if (!r && f->now >= f->tidy_at) {
		r = writer_tidy(f->recorder_writer);
		f->tidy_at = f->now + TIDY_S;
	}
	settle(f, r);
	if (f->silent && f->now >= f->reopen_at) {
		f->reopen_at = f->now + REOPEN_S;
		let_go(f);
		find_board(f);
	}
}

static void fly(struct inflight *f)
{
	uint64_t age = writer_picture_age_s(f->recorder_writer);

	f->now = clock_mono_ns() / NS_PER_SEC;
	/* a recorder that is restarted every second takes no picture every second */
	f->minute_at = f->now + (age < f->interval ? f->interval - age : 0);
	f->tidy_at = f->now + LOOK_S;
	while (!signals_caught()) {
		uint64_t now_ns = clock_mono_ns();

		f->now = now_ns / NS_PER_SEC;
		look(f);
		service_status(f->failed                ? "nothing can be kept: see the log"
			       : !f->board || f->silent ? "waiting for a guard"
							: "keeping what the board shows");
		service_alive();
		signals_wait(NULL, 0, NS_PER_SEC - now_ns % NS_PER_SEC);
	}
	if (f->board && !f->failed)
		take_events(f);
}

static void writer_closep(struct recorder_writer **k) { writer_close(*k); }

/* A recording is no board that anybody writes to. */
static bool is_recording(const char *board)
{
	_cleanup_reader_ struct hr_reader *reader = NULL;

	return !hr_reader_open(board, &reader) && hr_reader_is_recording(reader);
}

static int record(const struct history_options *options)
{
	_cleanup_(writer_closep) struct recorder_writer *recorder_writer = NULL;
	struct inflight f = {.options = options, .interval = options->interval_ms / 1000};
	char note[KEEP_NOTE], clean[KEEP_NOTE * 2], size[UNITS_TEXT];
	int r;

	if (is_recording(options->board)) {
		log_error("history: a recording is one itself: give a board");
		return CLI_USAGE;
	}
	umask(umask(0) | 027); /* the past is no more public than the board */
	r = writer_open(options->history, options->most_bytes, &recorder_writer, note);
	text_clean(note, SIZE_MAX, clean, sizeof(clean));
	if (r) {
		log_error("%s", clean);
		return r == -EACCES || r == -EPERM || r == -EROFS ? CLI_NOT_PERMITTED : CLI_FAILED;
	}
	if (*note)
		log_info("%s", clean);
	log_info("keeping the past in %s, at most %s",
		 text_clean(writer_path(recorder_writer), SIZE_MAX, clean, sizeof(clean)),
		 units_bytes(options->most_bytes, size));
	f.recorder_writer = recorder_writer;
	service_begin();
	signals_catch();
	service_ready(NULL);
	fly(&f);
	service_stopping();
	hr_reader_close(f.board);
	log_info("ended: %llu pictures and %llu events kept; %llu events missed",
		 (unsigned long long)f.pictures, (unsigned long long)f.events,
		 (unsigned long long)f.missed);
	return f.failed ? CLI_FAILED : CLI_DONE;
}

/* ---- what is there ---- */

static json_t *time_or_null(uint64_t ns) { return ns ? json_get_time(NULL, &ns) : json_null(); }

static int print_json(const char *path, const struct store_status *s)
{
	char clean[512];
	json_t *all = json_pack(
		"{ss ss sI sI so so sI sI sI so so sI sI so sI sI sI}", "schema",
		"headroom.recorder/2", "path", text_clean(path, SIZE_MAX, clean, sizeof(clean)),
		"snapshots", (json_int_t)s->pictures, "frozen_snapshots", (json_int_t)s->frozen,
		"first_snapshot", time_or_null(s->first_ns), "last_snapshot",
		time_or_null(s->last_ns), "containers", (json_int_t)s->containers, "snapshot_bytes",
		(json_int_t)s->picture_bytes, "events", (json_int_t)s->events, "first_event",
		time_or_null(s->first_event_ns), "last_event", time_or_null(s->last_event_ns),
		"events_missed", (json_int_t)s->missed, "incidents", (json_int_t)s->incidents,
		"last_incident", time_or_null(s->last_incident_ns), "file_bytes",
		(json_int_t)s->file_bytes, "quarantined_bytes", (json_int_t)s->aside_bytes,
		"damaged_places", (json_int_t)s->damaged);
	int r = all ? json_dumpf(all, stdout, JSON_STYLE) : -1;

	json_decref(all);
	putchar('\n');
	return r && !ferror(stdout) ? CLI_FAILED : CLI_DONE;
}

static void print_span(const char *what, uint64_t n, uint64_t first, uint64_t last)
{
	char from[CLOCK_TEXT], to[CLOCK_TEXT], span[UNITS_TEXT];

	printf("%-10s %llu", what, (unsigned long long)n);
	if (n) {
		clock_format_rfc3339(first - first % NS_PER_SEC, from);
		clock_format_rfc3339(last - last % NS_PER_SEC, to);
		printf(", from %.19sZ to %.19sZ (%s)", from, to,
		       units_duration_ms(last > first ? (last - first) / NS_PER_MS : 0, span));
	}
}

static void print_plain(const char *path, const struct store_status *s)
{
	char clean[512], size[UNITS_TEXT], when[CLOCK_TEXT];

	printf("%s: %s on disk\n", text_clean(path, SIZE_MAX, clean, sizeof(clean)),
	       units_bytes(s->file_bytes, size));
	print_span("pictures", s->pictures, s->first_ns, s->last_ns);
	if (s->pictures)
		printf("; %llu of them around incidents; %llu containers in the newest",
		       (unsigned long long)s->frozen, (unsigned long long)s->containers);
	putchar('\n');
	print_span("events", s->events, s->first_event_ns, s->last_event_ns);
	if (s->missed)
		printf("; %llu missed", (unsigned long long)s->missed);
	printf("\n%-10s %llu", "incidents", (unsigned long long)s->incidents);
	if (s->incidents) {
		clock_format_rfc3339(s->last_incident_ns, when);
		printf(", the newest at %.19sZ", when);
	}
	putchar('\n');
	if (s->aside_bytes)
		printf("moved aside: %s of damaged or older files beside it\n",
		       units_bytes(s->aside_bytes, size));
	if (s->damaged)
		printf("damaged in %u places: the rest can be read\n", s->damaged);
}

static int print_status(const struct history_options *options)
{
	const char *path = options->history ? options->history : store_path();
	struct store_status s;
	char error[STORE_ERROR], clean[STORE_ERROR * 2];
	int r = store_status(path, &s, error);

	if (r) {
		log_error("%s", text_clean(error, SIZE_MAX, clean, sizeof(clean)));
		return r == -EACCES || r == -EPERM ? CLI_NOT_PERMITTED : CLI_FAILED;
	}
	if (options->json)
		r = print_json(path, &s);
	else
		print_plain(path, &s);
	return r ? r : cli_flush();
}

static int run(const void *values, char **arguments)
{
	const struct history_options *options = values;

	if (options->status)
		return print_status(options);
	if (options->json) {
		log_error("history: --json goes with --status");
		return CLI_USAGE;
	}
	return record(options);
}

static int parse_size(const char *text, void *at)
{
	uint64_t bytes;

	if (units_parse_bytes(text, &bytes) || bytes < KEEP_LEAST_BYTES || bytes > 1ULL << 40)
		return -EINVAL;
	*(uint64_t *)at = bytes;
	return 0;
}

static int parse_interval(const char *text, void *at)
{
	uint64_t ms;

	if (units_parse_duration_ms(text, &ms) || ms % 1000 || !ms || ms > 3600000)
		return -EINVAL;
	*(uint64_t *)at = ms;
	return 0;
}

static const struct option_spec specs[] = {
	{.name = "history",
	 .argument = "FILE",
	 .parse = option_text,
	 .offset = offsetof(struct history_options, history),
	 .help = "where; " STORE_PATH " by default",
	 .wants = "a path"},
	{.name = "max-size",
	 .argument = "SIZE",
	 .parse = parse_size,
	 .offset = offsetof(struct history_options, most_bytes),
	 .help = "what it may take on disk; 256MiB by default",
	 .wants = "a size of 4MiB or more"},
	{.name = "interval",
	 .argument = "TIME",
	 .parse = parse_interval,
	 .offset = offsetof(struct history_options, interval_ms),
	 .help = "between two pictures; 1m by default: each holds the last 64 seconds",
	 .wants = "whole seconds, from 1s to 1h"},
	OPTION_FLAG("status", struct history_options, status,
		    "what is kept, from when to when; records nothing"),
	OPTION_FLAG("json", struct history_options, json, "with --status: one JSON document"),
	{.name = "board",
	 .argument = "PATH",
	 .parse = option_text,
	 .offset = offsetof(struct history_options, board),
	 .help = "the board",
	 .wants = "a path"},
	{0},
};

static const struct history_options defaults = {.most_bytes = KEEP_MOST_BYTES,
						.interval_ms = PICTURE_MS};

const struct command command_history = {
	.name = "history",
	.arguments = "",
	.summary = "the flight recorder: keeps the past on disk, bounded",
	.text = "Stays in the foreground and keeps a picture of the board every minute, all "
		"events,\n"
		"and what is around an incident, until SIGTERM. ls --at, explain --at,\n"
		"events --since and report read it. Each second for six hours, each minute for\n"
		"five weeks, as far as the size allows.\n",
	.options = specs,
	.defaults = &defaults,
	.options_bytes = sizeof(defaults),
	.run = run,
};
