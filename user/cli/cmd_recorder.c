// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * headroom recorder: a reader that keeps history on disk: one snapshot a minute, all events, and extra snapshots around an
 * incident, in a file of bounded size. Waits for a daemon and outlives it; a disk error never reaches the daemon.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/syscall_filter.h"
#include "base/sd_notify.h"
#include "base/utf8_clean.h"
#include "base/human_units.h"
#include "cli.h"
#include "command/confine.h"
#include "recorder/owner.h"
#include "recorder/writer.h"
#include "recorder/status.h"
#include "json/json.h"
#include "command/signals.h"

#define POLL_S            1
#define SNAPSHOT_MS       60000 /* a slot holds its last 64 seconds: no gap between two snapshots */
#define SECOND_S          5     /* from an incident's first snapshot to its second */
#define APART_S           10    /* incidents closer together share their snapshots */
#define INCIDENTS_AN_HOUR 30    /* with snapshots of their own: bounds a restart loop */
#define CHATTER_S         60    /* between two writes of container events */
#define TIDY_S            600
#define RETRY_S           10 /* after a write error */
#define REOPEN_S          2  /* while the heartbeat is overdue */

struct recorder_options {
	const char *board, *history;
	uint64_t most_bytes, interval_ms;
	bool status, json, prepare;
};

struct recorder {
	const struct recorder_options *options;
	struct recorder_writer *writer;
	struct hr_reader *board; /* NULL: none found yet */
	bool stale, waiting;     /* as last logged */
	int failed;              /* last write error logged; 0: none */
	/* seconds of the monotonic clock */
	uint64_t interval, now, retry_at, reopen_at, minute_at, tidy_at, chatter_at;
	uint64_t extra_at, second_at, last_extra, hour_from; /* extra_at, second_at 0: none due */
	uint32_t extras;                                     /* in this hour */
	uint64_t heads[HR_RINGS], instance;                  /* as last read */
	uint64_t snapshots, events, missed;
};

/* ---- the store ---- */

static const char *reason(int r)
{
	return r == -ENOSPC  ? "the disk is full"
	       : r == -EBUSY ? "a reader has held it open for too long"
			     : strerror(-r);
}

/* Logs an error once, and its end once. */
static void note_result(struct recorder *rec, int r)
{
	char note[WRITER_NOTE], clean[WRITER_NOTE * 2];
	const char *path = writer_path(rec->writer);

	if (r == -EBADMSG) {
		r = writer_renew(rec->writer, note);
		if (!r || r != rec->failed)
			log_error("%s", text_clean(note, SIZE_MAX, clean, sizeof(clean)));
	}
	if (r && r != rec->failed)
		log_error("%s: %s: recording is suspended; retrying",
			  text_clean(path, SIZE_MAX, clean, sizeof(clean)), reason(r));
	else if (!r && rec->failed)
		log_info("%s: recording again", text_clean(path, SIZE_MAX, clean, sizeof(clean)));
	rec->failed = r;
	rec->retry_at = r ? rec->now + RETRY_S : 0;
}

/* ---- the board ---- */

static void close_board(struct recorder *rec)
{
	hr_reader_close(take_ptr(rec->board));
	writer_new_board(rec->writer);
}

static void find_board(struct recorder *rec)
{
	struct hr_reader *board;
	int r = hr_reader_open(rec->options->board, &board);

	if (!r && hr_reader_is_recording(board)) {
		hr_reader_close(board);
		r = -EPROTO;
	}
	if (!r) {
		rec->board = board;
		rec->instance = 0;
		writer_new_board(rec->writer);
	} else if (!rec->waiting) {
		log_info("waiting: %s", hr_reader_error());
	}
	rec->waiting = r != 0;
}

/* Whether a daemon writes the board. A new daemon may replace the file, or put it in another place. */
static bool check_daemon(struct recorder *rec)
{
	bool stale;

	if (!rec->board && rec->now >= rec->reopen_at) {
		find_board(rec);
		rec->reopen_at = rec->now + (rec->board ? REOPEN_S : POLL_S);
	}
	if (!rec->board)
		return false;
	stale = hr_reader_health(rec->board, NULL) != 0;
	if (stale != rec->stale)
		log_info("%s", stale ? "heartbeat overdue: waiting for the daemon"
				     : "the daemon is back");
	rec->stale = stale;
	return !stale;
}

/* ---- one poll ---- */

/* Events that a post-mortem needs are due at once; container events when CHATTER_S is over, or before their ring wraps. */
static bool events_due(struct recorder *rec)
{
	struct hr_board_header h;
	uint64_t chatter;
	bool due;

	hr_reader_header(rec->board, &h);
	chatter = h.ring_head[HR_RING_CHATTER] - rec->heads[HR_RING_CHATTER];
	due = h.instance != rec->instance ||
	      h.ring_head[HR_RING_KEEP] != rec->heads[HR_RING_KEEP] ||
	      (chatter &&
	       (rec->now >= rec->chatter_at || chatter > h.ring[HR_RING_CHATTER].bytes / 4));
	if (!due)
		return false;
	rec->instance = h.instance;
	memcpy(rec->heads, h.ring_head, sizeof(rec->heads));
	rec->chatter_at = rec->now + CHATTER_S;
	return true;
}

static void schedule_extra(struct recorder *rec)
{
	if (rec->now >= rec->hour_from + 3600) {
		rec->hour_from = rec->now;
		rec->extras = 0;
	}
	if (rec->extra_at || rec->extras >= INCIDENTS_AN_HOUR)
		return;
	rec->extras++;
	rec->extra_at = rec->last_extra && rec->last_extra + APART_S > rec->now
				? rec->last_extra + APART_S
				: rec->now;
	rec->second_at = rec->extra_at + SECOND_S;
}

static int write_events(struct recorder *rec)
{
	struct events_stored stored;
	int r = writer_events(rec->writer, rec->board, &stored);

	if (r) {
		rec->instance = 0; /* read again at the next poll */
		return r;
	}
	rec->events += stored.events;
	rec->missed += stored.missed;
	if (stored.missed)
		log_info("%llu event%s lost: overwritten before being read",
			 (unsigned long long)stored.missed, plural_s(stored.missed));
	if (stored.incident)
		schedule_extra(rec);
	return 0;
}

static int take_snapshot(struct recorder *rec, enum snapshot_reason reason)
{
	int r = writer_snapshot(rec->writer, rec->board, reason);

	rec->snapshots += !r;
	return r;
}

static int take_due_snapshots(struct recorder *rec)
{
	int r = 0;

	if (rec->extra_at && rec->now >= rec->extra_at) {
		r = take_snapshot(rec, SNAPSHOT_INCIDENT);
		rec->extra_at = 0;
		rec->last_extra = rec->now;
	}
	if (!r && rec->second_at && rec->now >= rec->second_at) {
		r = take_snapshot(rec, SNAPSHOT_INCIDENT);
		rec->second_at = 0;
	}
	if (!r && rec->now >= rec->minute_at) {
		r = take_snapshot(rec, SNAPSHOT_MINUTE);
		rec->minute_at +=
			r ? 0 : (1 + (rec->now - rec->minute_at) / rec->interval) * rec->interval;
	}
	return r;
}

static void poll_board(struct recorder *rec)
{
	bool alive = check_daemon(rec);
	int r = 0;

	if (!rec->board || rec->now < rec->retry_at)
		return;
	if (events_due(rec))
		r = write_events(rec);
	if (!r && alive)
		r = take_due_snapshots(rec);
	if (r == -EAGAIN) /* a board error: retried at the next poll */
		r = 0;
	if (!r && rec->now >= rec->tidy_at) {
		r = writer_prune(rec->writer);
		rec->tidy_at = rec->now + TIDY_S;
	}
	note_result(rec, r);
	if (rec->stale && rec->now >= rec->reopen_at) {
		rec->reopen_at = rec->now + REOPEN_S;
		close_board(rec);
		find_board(rec);
	}
}

static void run_until_signal(struct recorder *rec)
{
	uint64_t age = writer_snapshot_age_s(rec->writer);

	rec->now = clock_mono_ns() / NS_PER_SEC;
	/* a recorder in a restart loop must not take a snapshot at every start */
	rec->minute_at = rec->now + (age < rec->interval ? rec->interval - age : 0);
	rec->tidy_at = rec->now + POLL_S;
	while (!signals_caught()) {
		uint64_t now_ns = clock_mono_ns();

		rec->now = now_ns / NS_PER_SEC;
		poll_board(rec);
		service_status(rec->failed ? "suspended by a write error: see the log"
			       : !rec->board || rec->stale ? "waiting for the daemon"
							   : "recording");
		service_alive();
		signals_wait(NULL, 0, NS_PER_SEC - now_ns % NS_PER_SEC);
	}
	if (rec->board && !rec->failed)
		write_events(rec);
}

static void writer_closep(struct recorder_writer **k) { writer_close(*k); }

/* A recording has no daemon that writes it. */
static bool is_recording(const char *board)
{
	_cleanup_reader_ struct hr_reader *reader = NULL;

	return !hr_reader_open(board, &reader) && hr_reader_is_recording(reader);
}

/* The user that owns the history, where root started this. The default directory becomes that user's. */
static int find_owner(const struct recorder_options *options, struct store_owner *ret_owner)
{
	const char *path = options->history ? options->history : store_path();
	char clean[512];
	int r = geteuid() ? -EPERM
			  : store_owner_find(path, !strcmp(path, STORE_PATH), "/etc", ret_owner);

	if (r && !geteuid())
		log_info("%s: no user of its own (%s): %s",
			 text_clean(path, SIZE_MAX, clean, sizeof(clean)), strerror(-r),
			 r == -EBUSY ? "shares one" : "stays root");
	return r == -EBUSY ? 0 : r;
}

static void confine(const struct recorder_options *options)
{
	struct store_owner owner;
	bool found = !find_owner(options, &owner);
	struct confine_user user =
		found ? (struct confine_user){owner.uid, owner.gid} : (struct confine_user){0};

	confine_service(found ? &user : NULL,
			found && owner.directory ? RIGHT(CAP_DAC_READ_SEARCH) : CONFINE_FILES,
			FAMILY(AF_UNIX));
}

static int prepare(const struct recorder_options *options)
{
	struct store_owner owner;
	int r = find_owner(options, &owner);

	if (r == -EPERM && geteuid())
		log_error("recorder: --prepare needs root");
	return !r ? CLI_DONE : r == -EPERM ? CLI_NOT_PERMITTED : CLI_FAILED;
}

static int record(const struct recorder_options *options)
{
	_cleanup_(writer_closep) struct recorder_writer *writer = NULL;
	struct recorder rec = {.options = options, .interval = options->interval_ms / 1000};
	char note[WRITER_NOTE], clean[WRITER_NOTE * 2], size[UNITS_TEXT];
	int r;

	if (is_recording(options->board)) {
		log_error("recorder: cannot record a recording: give a board");
		return CLI_USAGE;
	}
	umask(umask(0) | 027); /* no more readable than the board */
	confine(options);
	r = writer_open(options->history, options->most_bytes, &writer, note);
	text_clean(note, SIZE_MAX, clean, sizeof(clean));
	if (r) {
		log_error("%s", clean);
		return r == -EACCES || r == -EPERM || r == -EROFS ? CLI_NOT_PERMITTED : CLI_FAILED;
	}
	if (*note)
		log_info("%s", clean);
	log_info("recording to %s, at most %s",
		 text_clean(writer_path(writer), SIZE_MAX, clean, sizeof(clean)),
		 units_bytes(options->most_bytes, size));
	rec.writer = writer;
	service_begin();
	signals_catch();
	service_ready(NULL);
	run_until_signal(&rec);
	service_stopping();
	hr_reader_close(rec.board);
	log_info("stopped: %llu snapshot%s and %llu event%s recorded, %llu missed",
		 (unsigned long long)rec.snapshots, plural_s(rec.snapshots),
		 (unsigned long long)rec.events, plural_s(rec.events),
		 (unsigned long long)rec.missed);
	return rec.failed ? CLI_FAILED : CLI_DONE;
}

/* ---- --status ---- */

static json_t *time_or_null(uint64_t ns) { return ns ? json_get_time(NULL, &ns) : json_null(); }

static int print_json(const char *path, const struct store_status *s)
{
	char clean[512];
	json_t *all = json_pack(
		"{ss ss sI sI so so sI sI sI so so sI sI so sI sI sI}", "schema",
		"headroom.recorder/2", "path", text_clean(path, SIZE_MAX, clean, sizeof(clean)),
		"snapshots", (json_int_t)s->snapshots, "frozen_snapshots", (json_int_t)s->frozen,
		"first_snapshot", time_or_null(s->first_ns), "last_snapshot",
		time_or_null(s->last_ns), "containers", (json_int_t)s->containers, "snapshot_bytes",
		(json_int_t)s->snapshot_bytes, "events", (json_int_t)s->events, "first_event",
		time_or_null(s->first_event_ns), "last_event", time_or_null(s->last_event_ns),
		"events_missed", (json_int_t)s->missed, "incidents", (json_int_t)s->incidents,
		"last_incident", time_or_null(s->last_incident_ns), "file_bytes",
		(json_int_t)s->file_bytes, "quarantined_bytes", (json_int_t)s->quarantined_bytes,
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
		printf(", from %s to %s (%s)", clock_format_local(first, from),
		       clock_format_local(last, to),
		       units_duration_ms(last > first ? (last - first) / NS_PER_MS : 0, span));
	}
}

static void print_text(const char *path, const struct store_status *s)
{
	char clean[512], size[UNITS_TEXT], when[CLOCK_TEXT];

	printf("%s: %s on disk\n", text_clean(path, SIZE_MAX, clean, sizeof(clean)),
	       units_bytes(s->file_bytes, size));
	print_span("snapshots", s->snapshots, s->first_ns, s->last_ns);
	if (s->snapshots)
		printf("; %llu kept for incidents; %llu container%s in the newest",
		       (unsigned long long)s->frozen, (unsigned long long)s->containers,
		       plural_s(s->containers));
	putchar('\n');
	print_span("events", s->events, s->first_event_ns, s->last_event_ns);
	if (s->missed)
		printf("; %llu missed", (unsigned long long)s->missed);
	printf("\n%-10s %llu", "incidents", (unsigned long long)s->incidents);
	if (s->incidents)
		printf(", newest at %s", clock_format_local(s->last_incident_ns, when));
	putchar('\n');
	if (s->quarantined_bytes)
		printf("quarantine: %s of damaged or older files\n",
		       units_bytes(s->quarantined_bytes, size));
	if (s->damaged)
		printf("damaged: %u places; the rest is readable\n", s->damaged);
}

static int print_status(const struct recorder_options *options)
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
		print_text(path, &s);
	return r ? r : cli_flush();
}

static int run(const void *values, char **arguments)
{
	const struct recorder_options *options = values;

	if (options->status)
		return print_status(options);
	if (options->json) {
		log_error("recorder: --json needs --status");
		return CLI_USAGE;
	}
	return options->prepare ? prepare(options) : record(options);
}

static int parse_size(const char *text, void *at)
{
	uint64_t bytes;

	if (units_parse_bytes(text, &bytes) || bytes < STORE_MIN_BYTES || bytes > 1ULL << 40)
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
	 .offset = offsetof(struct recorder_options, history),
	 .help = "history file (default " STORE_PATH ")",
	 .wants = "a path"},
	{.name = "max-size",
	 .argument = "SIZE",
	 .parse = parse_size,
	 .offset = offsetof(struct recorder_options, most_bytes),
	 .help = "maximum size on disk (default 256MiB)",
	 .wants = "a size of 4MiB or more"},
	{.name = "interval",
	 .argument = "TIME",
	 .parse = parse_interval,
	 .offset = offsetof(struct recorder_options, interval_ms),
	 .help = "snapshot interval (default 1m; each holds the last 64 seconds)",
	 .wants = "whole seconds, from 1s to 1h"},
	OPTION_FLAG("status", struct recorder_options, status,
		    "size and time range of the history; records nothing"),
	OPTION_FLAG("json", struct recorder_options, json, "JSON (with --status)"),
	OPTION_FLAG("prepare", struct recorder_options, prepare,
		    "give the history to the user that records, as root; records nothing"),
	{.name = "board",
	 .argument = "PATH",
	 .parse = option_text,
	 .offset = offsetof(struct recorder_options, board),
	 .help = "board",
	 .wants = "a path"},
	OPTION_UTC,
	{0},
};

static const struct recorder_options defaults = {.most_bytes = STORE_DEFAULT_BYTES,
						 .interval_ms = SNAPSHOT_MS};

const struct command command_recorder = {
	.name = "recorder",
	.arguments = "",
	.summary = "Keep history on disk, in bounded size",
	.text = "Runs in the foreground until SIGTERM and records one snapshot of the board a "
		"minute,\n"
		"all events, and extra snapshots around an incident. ls --at, explain --at,\n"
		"events --since and report read them. Resolution: one second for six hours, one\n"
		"minute for five weeks, as far as the size allows.\n",
	.options = specs,
	.defaults = &defaults,
	.options_bytes = sizeof(defaults),
	.run = run,
	.rights = COMMAND_WRITES,
};
