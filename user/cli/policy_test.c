// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * headroom policy test: what the policies of a configuration would have done, when, and to which target, during the
 * recorder's history, a recording or a series. Takes no action, and asks no daemon.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "cli.h"
#include "history_open.h"
#include "cmd_policy.h"
#include "policy_replay.h"
#include "replay.h"

struct test_options {
	bool json;
	enum policy_mode mode;
	const char *replay, *name, *history;
	uint64_t since_ns;
};

static int option_mode(const char *text, void *at) { return config_mode_parse(text, at); }

/* ---- the recorder's history ---- */

struct over_history {
	struct policy_run *policy;
	uint64_t zero_ns; /* the first snapshot */
};

static int see(void *context, struct hr_reader *reader, uint64_t time_ns)
{
	struct over_history *over = context;

	over->zero_ns = over->zero_ns ? over->zero_ns : time_ns;
	return policy_run_frame(over->policy, reader, over->zero_ns);
}

static int run_history(const struct test_options *o, struct policy_run *policy)
{
	const struct back back = {.command = "policy test", .history = o->history};
	struct over_history over = {.policy = policy};

	return back_walk(&back, o->since_ns, clock_wall_ns(), see, &over);
}

static int run(const void *values, char **arguments)
{
	const struct test_options *options = values;
	struct policy_run_options how = {
		.file = arguments[0],
		.name = options->name,
		.mode = options->mode,
		.json = options->json,
		.alone = true,
		.points = options->since_ns,
	};
	_cleanup_policy_run_ struct policy_run *policy = NULL;
	int r;

	if (!options->replay == !options->since_ns) {
		log_error("policy test: give either --since TIME, for the recorder's history, or "
			  "--replay FILE: a recording ('headroom record FILE') or a CSV series");
		return CLI_USAGE;
	}
	r = policy_run_load(&how, &policy);
	if (r)
		return r;
	r = options->replay ? replay_policy(options->replay, policy) : run_history(options, policy);
	if (r)
		return r;
	policy_run_print_sum(policy);
	return cli_flush();
}

static const struct option_spec specs[] = {
	{.name = "replay",
	 .argument = "FILE",
	 .parse = option_text,
	 .offset = offsetof(struct test_options, replay),
	 .help = "recording or CSV series",
	 .wants = "a file"},
	{.name = "since",
	 .argument = "TIME",
	 .parse = option_time,
	 .offset = offsetof(struct test_options, since_ns),
	 .help = "the recorder's history from then on: 7d, yesterday, ...",
	 .wants = OPTION_WANTS_TIME},
	OPTION_HISTORY(struct test_options),
	{.name = "mode",
	 .argument = "MODE",
	 .parse = option_mode,
	 .offset = offsetof(struct test_options, mode),
	 .help = "instead of the mode of the file; observe: print only the next action",
	 .wants = "observe, dry-run or enforce"},
	{.name = "name",
	 .argument = "NAME",
	 .parse = option_text,
	 .offset = offsetof(struct test_options, name),
	 .help = "container of a CSV series (default: one that every policy matches)",
	 .wants = "a name"},
	OPTION_FLAG("json", struct test_options, json, "one JSON object per decision and line"),
	{0},
};

const struct command policy_test = {
	.name = "policy test",
	.arguments = "FILE",
	.summary = "Dry-run policies over history, a recording or a series",
	.text = "Runs as if in enforce, whatever mode the file has (a policy's own mode stays).\n"
		"Actions are assumed to have no effect beyond what the figures show. History and\n"
		"recordings are tested with their own forecasts, a series with new ones. Between\n"
		"two snapshots of history usage moves, forecasts do not. The cgroup attribute\n"
		"trusted.headroom is known on the host only and is ignored.\n",
	.arguments_needed = 1,
	.options = specs,
	.defaults = &(struct test_options){.mode = MODE_ENFORCE},
	.options_bytes = sizeof(struct test_options),
	.run = run,
};
