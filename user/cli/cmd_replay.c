// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* headroom replay: forecasts over a CSV series or a recording of the board, at full or chosen speed; the output does not
 * depend on the speed. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <headroom/record.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/utf8_clean.h"
#include "cli.h"
#include "policy_replay.h"
#include "csv_series.h"
#include "replay.h"
#include "collect/accounting.h"
#include "format/target_parse.h"

#define STDIN       "/dev/stdin"
#define LEAST_SPEED 1e-6
#define MOST_SPEED  1e9
#define EPOCH_NS    1000000000000ULL /* times that go back stay above zero */

struct replay_options {
	bool json;
	double speed; /* 0: as fast as possible */
	const char *target, *policy;
};

enum kind { KIND_SERIES, KIND_RECORDING, KIND_BOARD };

static int option_speed(const char *text, void *at)
{
	char *end;
	double speed = strtod(text, &end);

	if (!strchr("0123456789.", *text) || end == text || *end || !isfinite(speed) ||
	    speed < LEAST_SPEED || speed > MOST_SPEED)
		return -EINVAL;
	*(double *)at = speed;
	return 0;
}

/* By its first bytes. What can be read only once (a pipe) is a series. 0 or an exit status. */
static int look(const char *path, enum kind *ret_kind)
{
	bool standard = !strcmp(path, "-");
	_cleanup_close_ int fd = standard
					 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
					 : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char clean[256], first[8] = "";
	uint64_t board = HR_BOARD_MAGIC;
	struct stat st;

	text_clean(path, SIZE_MAX, clean, sizeof(clean));
	if (fd < 0 || fstat(fd, &st)) {
		int e = errno;

		log_error("%s: %s", clean, strerror(e));
		return e == EACCES || e == EPERM ? CLI_NOT_PERMITTED : CLI_FAILED;
	}
	if (S_ISDIR(st.st_mode)) {
		log_error("%s: is a directory: give a CSV file or a recording", clean);
		return CLI_FAILED;
	}
	*ret_kind = KIND_SERIES;
	if (!S_ISREG(st.st_mode) || pread(fd, first, sizeof(first), 0) != sizeof(first))
		return CLI_DONE;
	if (!memcmp(first, HR_RECORD_MAGIC, sizeof(first)))
		*ret_kind = KIND_RECORDING;
	else if (!memcmp(first, &board, sizeof(first)))
		*ret_kind = KIND_BOARD;
	return CLI_DONE;
}

/* What can't be given back: as it stands there; or of usage and the page cache's parts, as for a
 * cgroup; or used_bytes. */
static uint64_t unreclaimable(const struct series_row *row)
{
	struct memcg_sample sample = {
		.usage = row->memory.usage,
		.active_file = row->memory.active_file,
		.inactive_file = row->memory.inactive_file,
		.file_dirty = row->memory.file_dirty,
		.file_writeback = row->memory.file_writeback,
		.slab_reclaimable = row->memory.slab_reclaimable,
		.flags = SAMPLE_STAT,
	};
	uint64_t clean, computed = account_unreclaimable(&sample, (__u64 *)&clean);

	if (row->memory.unreclaimable != HR_UNKNOWN)
		return row->memory.unreclaimable;
	return computed != HR_UNKNOWN && clean != HR_UNKNOWN ? computed : row->used;
}

/* limit_bytes is its own limit. */
static void row_input(const struct series_row *row, uint64_t *restarts, struct forecast_input *in)
{
	forecast_input_init(in);
	in->t_ns = EPOCH_NS + row->t_ns;
	in->unreclaimable = unreclaimable(row);
	in->usage = row->memory.usage != HR_UNKNOWN ? row->memory.usage : row->used;
	in->limit = row->memory.limit;
	in->headroom = row->memory.headroom;
	in->high = row->memory.high;
	in->anon = row->memory.anon;
	in->file = row->memory.file;
	in->shmem = row->memory.shmem;
	in->kernel = row->memory.kernel;
	in->slab = row->memory.slab_reclaimable != HR_UNKNOWN ? row->memory.slab_reclaimable
							      : row->slab;
	in->pending = memory_pending(&row->memory);
	in->unsorted = row->slab == HR_UNKNOWN ? memory_unsorted(&row->memory) : HR_UNKNOWN;
	in->swap = row->memory.swap;
	in->swap_free = row->swap_free;
	in->rss = row->memory.rss;
	in->refaults = row->counts.refaults;
	in->stall_ns = row->stall_ns;
	in->psi_some_us = row->psi_some_us;
	in->psi_full_us = row->psi_full_us;
	in->events_oom_kill = row->counts.oom_kill;
	in->events_max = row->counts.max;
	in->under_oom = row->under_oom && row->under_oom != HR_UNKNOWN;
	if (row->restarts == HR_UNKNOWN)
		return;
	in->restarted = *restarts != HR_UNKNOWN && row->restarts > *restarts;
	*restarts = row->restarts;
}

static void closep(struct series **series) { series_close(*series); }

static int replay_rows(struct series *series, struct replay *replay, bool json)
{
	uint64_t restarts = HR_UNKNOWN;
	struct forecast_input in;
	struct series_row row;
	int r;

	while (!(r = series_next(series, &row))) {
		row_input(&row, &restarts, &in);
		replay_wait(replay->pace, row.t_seconds);
		replay_learn(replay, &in);
		r = policy_run_alone(replay->policy) ? 0
		    : json ? replay_print_line(replay, row.t_seconds, NULL)
			   : replay_note(replay, row.t_seconds);
		if (!r && replay->policy)
			r = policy_run_row(replay->policy, row.t_seconds, &in, &replay->forecast);
		if (r || (json && ferror(stdout)))
			return r;
	}
	return r == -ENODATA ? 0 : r;
}

static int open_series(const char *path, struct series **ret_series)
{
	int fd;

	if (strcmp(path, "-"))
		return series_open(path, ret_series);
	fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
	return series_open_fd(fd, path, ret_series);
}

static int replay_series(const char *path, bool json, struct replay_pace *pace,
			 struct policy_run *policy)
{
	_cleanup_(closep) struct series *series = NULL;
	_cleanup_(replay_done) struct replay replay;
	char clean[512];
	int r = open_series(path, &series);

	replay_init(&replay, "", true);
	replay.pace = pace;
	replay.policy = policy;
	if (r) {
		log_error("%s", text_clean(series_open_error(), SIZE_MAX, clean, sizeof(clean)));
		return r == -EINVAL ? CLI_USAGE : CLI_FAILED;
	}
	r = replay_rows(series, &replay, json);
	if (!json && !policy_run_alone(policy))
		replay_print_table(&replay, cli_colour());
	else if (series_backwards(series))
		log_info("%s: %lu samples go back in time: treated as no time passed",
			 text_clean(path, SIZE_MAX, clean, sizeof(clean)),
			 series_backwards(series));
	if (!r)
		return cli_flush();
	cli_flush();
	if (r == -EINVAL)
		log_error("%s", text_clean(series_error(series), SIZE_MAX, clean, sizeof(clean)));
	else
		log_error("%s: %s", text_clean(path, SIZE_MAX, clean, sizeof(clean)), strerror(-r));
	return r == -EINVAL ? CLI_USAGE : CLI_FAILED;
}

static int replay_any(const char *path, const struct replay_options *options,
		      struct policy_run *policy)
{
	struct replay_pace pace = {.speed = options->speed, .colour = cli_colour()};
	struct replay_pace *paced = options->speed > 0 ? &pace : NULL;
	_cleanup_reader_ struct hr_reader *reader = NULL;
	enum kind kind;
	struct target target;
	char clean[128];
	int r = look(path, &kind);

	if (r)
		return r;
	if (kind == KIND_BOARD) {
		log_error("replay: not a recording: make one with 'headroom record FILE'");
		return CLI_USAGE;
	}
	if (options->target && kind == KIND_SERIES) {
		log_error("replay: --target needs a recording: a CSV file is one series");
		return CLI_USAGE;
	}
	if (options->target && target_parse(options->target, &target)) {
		log_error("replay: --target: invalid value '%s': give " TARGET_WANTS,
			  text_clean(options->target, SIZE_MAX, clean, sizeof(clean)));
		return CLI_USAGE;
	}
	if (kind == KIND_SERIES)
		return replay_series(path, options->json, paced, policy);
	r = cli_open(strcmp(path, "-") ? path : STDIN, &reader);
	return r ? r
		 : replay_recording(reader, options->target ? &target : NULL, options->json, paced,
				    policy);
}

int replay_policy(const char *path, struct policy_run *policy)
{
	return replay_any(path, &(struct replay_options){.json = true}, policy);
}

static int run(const void *values, char **arguments)
{
	const struct replay_options *options = values;
	_cleanup_policy_run_ struct policy_run *policy = NULL;
	int r = options->policy
			? policy_run_load(&(struct policy_run_options){.file = options->policy,
								       .mode = MODE_ENFORCE,
								       .json = options->json},
					  &policy)
			: CLI_DONE;

	return r ? r : replay_any(arguments[0], options, policy);
}

static const struct option_spec specs[] = {
	OPTION_FLAG("json", struct replay_options, json, "one JSON object per sample"),
	{.name = "target",
	 .argument = "TARGET",
	 .parse = option_text,
	 .offset = offsetof(struct replay_options, target),
	 .help = "containers of a recording (as for explain)",
	 .wants = TARGET_WANTS},
	{.name = "speed",
	 .argument = "N",
	 .parse = option_speed,
	 .offset = offsetof(struct replay_options, speed),
	 .help = "N times real time (default: as fast as possible)",
	 .wants = "a number above 0, such as 1, 10 or 0.5"},
	{.name = "policy",
	 .argument = "CONFIG",
	 .parse = option_text,
	 .offset = offsetof(struct replay_options, policy),
	 .help = "configuration with policies to replay",
	 .wants = "a file"},
	{0},
};

const struct command command_replay = {
	.name = "replay",
	.arguments = "FILE",
	.summary = "Replay forecasts over a CSV series or a recording",
	.text = "FILE is a recording (headroom record) or CSV ('-': standard input). The first\n"
		"CSV line names the columns: t_seconds, used_bytes and limit_bytes are required;\n"
		"counters are optional, under their JSON names (docs/reference/commands.md).\n"
		"Exit status 2: invalid file; stderr says where.\n",
	.arguments_needed = 1,
	.options = specs,
	.options_bytes = sizeof(struct replay_options),
	.run = run,
};
