// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* headroom recommend: limits, requests and memory.low by what the recorder's history, a recording or the board shows. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/utf8_clean.h"
#include "cgroup/pid_cgroup.h"
#include "cli.h"
#include "format/table.h"
#include "history_open.h"
#include "recommend.h"

struct recommend_options {
	bool json, no_headers;
	uint32_t output; /* enum recommend_format */
	const char *board, *history;
	uint64_t since_ns;
};

static const char *output_word(size_t i)
{
	return i < RECOMMEND_FORMATS ? recommend_formats[i] : NULL;
}

static int parse_output(const char *text, void *at)
{
	for (uint32_t i = 0; i < RECOMMEND_FORMATS; i++)
		if (!strcmp(recommend_formats[i], text)) {
			*(uint32_t *)at = i;
			return 0;
		}
	return -EINVAL;
}

static int read_one(struct recommend_all *all, struct hr_reader *reader)
{
	int r = recommend_read(all, reader);

	if (!r)
		return CLI_DONE;
	log_error("%s: %s", hr_reader_path(reader), strerror(-r));
	return CLI_FAILED;
}

/* Snapshots, then all events: none is counted twice. */
static int read_history(struct recommend_all *all, const struct recommend_options *o)
{
	const struct back back = {.command = "recommend", .history = o->history};
	_cleanup_reader_ struct hr_reader *events = NULL;
	char error[STORE_ERROR];
	int r = back_walk(&back, all->from_ns, all->to_ns, recommend_see, all);

	if (r)
		return r;
	r = store_events(o->history, all->from_ns, all->to_ns, &events, error);
	if (r && r != -ENODATA) {
		log_error("recommend: %s", error);
		return CLI_FAILED;
	}
	return r ? CLI_DONE : read_one(all, events);
}

static int parse_target(const char *typed, struct target *target)
{
	char clean[128];

	if (target_parse(typed, target)) {
		log_error("recommend: invalid target '%s': give " TARGET_WANTS,
			  text_clean(typed, SIZE_MAX, clean, sizeof(clean)));
		return CLI_USAGE;
	}
	if (target->by == TARGET_PID)
		pid_cgroup_memory("", target->pid, target->cgroup, sizeof(target->cgroup));
	return CLI_DONE;
}

/* A target without a limit is an error that says why; of many, the output has the reasons. */
static int describe(const struct recommend_all *all, size_t written)
{
	if (!all->target || written)
		return CLI_DONE;
	for (size_t i = 0; i < all->n; i++) {
		const char *refusal = recommend_refusal(all->one[i]);

		log_error("recommend: %s: %s", all->one[i]->name,
			  refusal ? refusal : "nothing that this format can hold");
	}
	return CLI_FAILED;
}

static int run(const void *values, char **arguments)
{
	const struct recommend_options *o = values;
	_cleanup_(recommend_done) struct recommend_all all = {.to_ns = clock_wall_ns()};
	_cleanup_reader_ struct hr_reader *reader = NULL;
	enum recommend_format format = o->json ? RECOMMEND_JSON : o->output;
	struct target target;
	char clean[128];
	size_t written;
	int r = arguments[0] ? parse_target(arguments[0], &target) : CLI_DONE;

	if (r)
		return r;
	all.target = arguments[0] ? &target : NULL;
	all.from_ns = o->since_ns;
	if (o->board) {
		r = cli_open(o->board, &reader);
		if (r)
			return r;
		all.to_ns = UINT64_MAX;
		r = read_one(&all, reader);
	} else {
		r = read_history(&all, o);
	}
	if (r)
		return r;
	recommend_finish(&all);
	for (size_t i = 0; i < all.n && isatty(STDOUT_FILENO) && cli_ascii(); i++)
		text_ascii(all.one[i]->name);
	if (all.target && !all.n) {
		log_error("recommend: no match for '%s': see 'headroom ls --all'",
			  text_clean(arguments[0], SIZE_MAX, clean, sizeof(clean)));
		return CLI_FAILED;
	}
	if (recommend_print(&all, format, !o->no_headers, stdout, &written) && !ferror(stdout)) {
		log_error("out of memory");
		return CLI_FAILED;
	}
	r = cli_flush();
	return r ? r : describe(&all, written);
}

static const struct option_spec specs[] = {
	{.name = "output",
	 .argument = "FORMAT",
	 .parse = parse_output,
	 .offset = offsetof(struct recommend_options, output),
	 .help = "format, also -o (default table; wide: more evidence)",
	 .word = output_word},
	OPTION_FLAG("json", struct recommend_options, json, "print one JSON document"),
	OPTION_FLAG("no-headers", struct recommend_options, no_headers, "rows alone"),
	{.name = "since",
	 .argument = "TIME",
	 .parse = option_time,
	 .offset = offsetof(struct recommend_options, since_ns),
	 .help = "history from then on: 7d, yesterday, ... (default: all)",
	 .wants = OPTION_WANTS_TIME},
	OPTION_HISTORY(struct recommend_options),
	OPTION_UTC,
	OPTION_BOARD(struct recommend_options),
	{0},
};

const struct command command_recommend = {
	.name = "recommend",
	.arguments = "[TARGET]",
	.summary = "Recommend limits, requests and memory.low",
	.text = "From the recorder's history, or a recording given by --board: for what ls lists, "
		"or\n"
		"for TARGET with reasons. kubernetes, compose and systemd print a patch, a\n"
		"fragment, a drop-in. There is no limit for a leak, for growth without a bound,\n"
		"and for less than 30 minutes of history.\n",
	.arguments_optional = 1,
	.options = specs,
	.options_bytes = sizeof(struct recommend_options),
	.run = run,
};
