// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * headroom policy test: what the policies of a configuration would have done, when, and to which target, during a
 * recording or a series. Takes no action, and asks no daemon.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "cmd_policy.h"
#include "policy_replay.h"
#include "replay.h"

struct test_options {
	bool json;
	enum policy_mode mode;
	const char *replay, *name;
};

static int option_mode(const char *text, void *at) { return config_mode_parse(text, at); }

static int run(const void *values, char **arguments)
{
	const struct test_options *options = values;
	struct policy_run_options how = {
		.file = arguments[0],
		.name = options->name,
		.mode = options->mode,
		.json = options->json,
		.alone = true,
	};
	_cleanup_policy_run_ struct policy_run *policy = NULL;
	int r;

	if (!options->replay) {
		log_error("policy test: missing --replay FILE: a recording ('headroom record "
			  "FILE') or a CSV series");
		return CLI_USAGE;
	}
	r = policy_run_load(&how, &policy);
	if (r)
		return r;
	r = replay_policy(options->replay, policy);
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
	.summary = "Dry-run policies over a recording or a series",
	.text = "Runs as if in enforce, whatever mode the file has (a policy's own mode stays).\n"
		"Actions are assumed to have no effect beyond what the figures show. A recording\n"
		"is tested with its own forecasts, a series with new ones. The cgroup attribute\n"
		"trusted.headroom is known on the host only and is ignored.\n",
	.arguments_needed = 1,
	.options = specs,
	.defaults = &(struct test_options){.mode = MODE_ENFORCE},
	.options_bytes = sizeof(struct test_options),
	.run = run,
};
