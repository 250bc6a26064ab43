// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * headroom record: the board, frame by frame, into a file that every reader takes in the
 * board's place. Only reads the board; what it writes is whole at any moment.
 */
#include <errno.h>
#include <string.h>
#include <headroom/record.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/utf8_clean.h"
#include "base/human_units.h"
#include "cli.h"
#include "command/signals.h"

struct record_options {
	uint64_t interval_ms, duration_ms;
	bool append;
	const char *board;
};

struct recording {
	const struct record_options *options;
	struct hr_reader *reader;
	struct hr_recorder *recorder;
	uint64_t frames, failed;
	int last_error;
	bool silent;
};

static void closep(struct hr_recorder **recorder) { hr_recorder_close(*recorder); }

static int begin(const char *path, bool append, struct hr_recorder **ret_recorder)
{
	int r = hr_recorder_new(path, append, ret_recorder);
	char clean[256];

	if (!r)
		return CLI_DONE;
	text_clean(path, SIZE_MAX, clean, sizeof(clean));
	log_error("%s: %s", clean,
		  r == -EEXIST            ? "is there already: --append goes on with it"
		  : r == -EBUSY           ? "another recorder is writing it"
		  : r == -EPROTO          ? "is no recording: choose another name"
		  : r == -EPROTONOSUPPORT ? "is a recording of another version: choose another name"
					  : strerror(-r));
	return r == -EACCES || r == -EPERM ? CLI_NOT_PERMITTED : CLI_FAILED;
}

/* A failed snapshot is missing in the recording; each kind of failure is reported once. */
static void take_frame(struct recording *rec)
{
	bool silent = hr_reader_health(rec->reader, NULL) != 0;
	int r;

	if (silent != rec->silent)
		log_info("%s", silent ? "daemon silent: waiting" : "daemon running again");
	rec->silent = silent;
	if (silent)
		return;
	r = hr_recorder_frame(rec->recorder, rec->reader);
	if (!r)
		rec->frames++;
	else
		rec->failed++;
	if (r && r != -EAGAIN && r != rec->last_error)
		log_error("snapshot missing: %s: retrying", strerror(-r));
	if (r != -EAGAIN)
		rec->last_error = r;
}

/* At whole intervals from the start: a slow disk does not shift them. */
static void record(struct recording *rec)
{
	uint64_t start = clock_mono_ns(), step = rec->options->interval_ms * NS_PER_MS,
		 next = start;
	uint64_t end = rec->options->duration_ms ? start + rec->options->duration_ms * NS_PER_MS
						 : UINT64_MAX;

	while (!signals_caught()) {
		uint64_t now = clock_mono_ns();

		if (now >= end)
			return;
		if (now >= next) {
			take_frame(rec);
			next += (1 + (now - next) / step) * step;
			continue;
		}
		signals_wait(NULL, 0, (next < end ? next : end) - now);
	}
}

static int run(const void *values, char **arguments)
{
	_cleanup_reader_ struct hr_reader *reader = NULL;
	_cleanup_(closep) struct hr_recorder *recorder = NULL;
	struct recording rec = {.options = values};
	char size[UNITS_TEXT], clean[256];
	int r = cli_open(rec.options->board, &reader);

	if (r)
		return r;
	if (hr_reader_is_recording(reader)) {
		log_error("record: %s is a recording: give a board", hr_reader_path(reader));
		return CLI_USAGE;
	}
	r = begin(arguments[0], rec.options->append, &recorder);
	if (r)
		return r;
	rec.reader = reader;
	rec.recorder = recorder;
	signals_catch();
	record(&rec);
	printf("%llu snapshot%s, %s in %s", (unsigned long long)rec.frames, plural_s(rec.frames),
	       units_bytes(hr_recorder_bytes(recorder), size),
	       text_clean(arguments[0], SIZE_MAX, clean, sizeof(clean)));
	if (rec.failed)
		printf("; %llu missing", (unsigned long long)rec.failed);
	putchar('\n');
	r = cli_flush();
	return r ? r : rec.last_error ? CLI_FAILED : rec.frames ? CLI_DONE : CLI_NO_DAEMON;
}

static const struct option_spec specs[] = {
	{.name = "interval",
	 .argument = "TIME",
	 .parse = option_duration_ms,
	 .offset = offsetof(struct record_options, interval_ms),
	 .help = "time between snapshots (default 1s)",
	 .wants = OPTION_WANTS_DURATION},
	{.name = "duration",
	 .argument = "TIME",
	 .parse = option_duration_ms,
	 .offset = offsetof(struct record_options, duration_ms),
	 .help = "duration (default: until interrupted)",
	 .wants = OPTION_WANTS_DURATION},
	OPTION_FLAG("append", struct record_options, append, "append to an existing recording"),
	{.name = "board",
	 .argument = "PATH",
	 .parse = option_text,
	 .offset = offsetof(struct record_options, board),
	 .help = "the board",
	 .wants = "a path"},
	{0},
};

static const struct record_options defaults = {.interval_ms = 1000};

const struct command command_record = {
	.name = "record",
	.arguments = "FILE",
	.arguments_needed = 1,
	.summary = "Record the board for later reading or replay",
	.options = specs,
	.defaults = &defaults,
	.options_bytes = sizeof(defaults),
	.run = run,
	.rights = COMMAND_WRITES,
};
