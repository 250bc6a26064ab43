// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * headroom reclaim, throttle, resize, term and kill: requests to the running daemon for one action on one container. Signals nothing
 * and writes to no cgroup: the daemon decides whether the user may, whether the target is protected, and runs the action.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/utf8_clean.h"
#include "base/human_units.h"
#include "cli.h"
#include "cgroup/pid_cgroup.h"
#include "control_run.h"
#include "format/display_name.h"
#include "format/snapshot.h"
#include "format/target_parse.h"

#define CANDIDATES 8
#define TIMEOUT_MS 60000 /* a write to memory.reclaim can take long */

struct action_options {
	const char *command;
	uint32_t kind; /* enum hr_action_kind */
	bool yes, largest;
	int signal;
	uint64_t size, for_ms, most;
	unsigned int by_milli; /* RESIZE: a share instead of the size; 0 */
	const char *board;
};

/* "TERM", "SIGUSR1" or a number. */
static int option_signal(const char *text, void *at)
{
	const char *name = strncasecmp(text, "SIG", 3) ? text : text + 3;
	char *end;
	long n = strtol(text, &end, 10);

	for (int i = 1; *end && i < NSIG; i++) {
		const char *known = sigabbrev_np(i);

		if (known && !strcasecmp(known, name)) {
			*(int *)at = i;
			return 0;
		}
	}
	if (*end || n < 1 || n >= NSIG)
		return -EINVAL;
	*(int *)at = (int)n;
	return 0;
}

static int option_size(const char *text, void *at) { return units_parse_bytes(text, at); }

/* "25%" or "64MiB". */
static int option_by(const char *text, void *at)
{
	struct action_options *options = at;
	char *end;
	double share = strtod(text, &end);

	options->by_milli = 0;
	if (strcmp(end, "%"))
		return option_size(text, &options->size);
	if (!(share >= 0.1 && share <= 100))
		return -EINVAL;
	options->by_milli = (unsigned int)(share * 10);
	return 0;
}

static int report_ambiguous(const char *command, const char *typed,
			    const struct hr_slot *const *found, size_t n)
{
	char clean[640];

	text_clean(typed, SIZE_MAX, clean, 128);
	log_error("%s: '%s' is ambiguous (%zu matches):", command, clean, n);
	for (size_t i = 0; i < n && i < CANDIDATES; i++) {
		const char *cgroup = hr_slot_text(found[i], found[i]->id.cgroup);

		text_clean(cgroup ? cgroup : "?", SIZE_MAX, clean, sizeof(clean));
		fprintf(stderr, "  cgroup:%s\n", clean);
	}
	return CLI_USAGE;
}

static int find(const char *command, const struct snapshot *s, const char *typed,
		const struct hr_slot **ret_slot)
{
	const struct hr_slot *found[CANDIDATES];
	struct target target;
	char clean[128];
	size_t n;

	text_clean(typed, SIZE_MAX, clean, sizeof(clean));
	if (target_parse(typed, &target)) {
		log_error("%s: invalid target '%s': give " TARGET_WANTS, command, clean);
		return CLI_USAGE;
	}
	if (target.by == TARGET_PID)
		pid_cgroup_memory("", target.pid, target.cgroup, sizeof(target.cgroup));
	n = target_find(&target, s->slots, s->n_slots, found, CANDIDATES);
	if (n > 1)
		return report_ambiguous(command, typed, found, n);
	if (!n || slot_gone(found[0])) {
		log_error("%s: no match for '%s': see 'headroom ls'", command, clean);
		return CLI_FAILED;
	}
	*ret_slot = found[0];
	return CLI_DONE;
}

/* Asks on a terminal, unless --yes. */
static bool confirmed(const struct action_options *options, const struct hr_slot *slot)
{
	struct record_text from = record_text_slot(slot);
	char label[640], usage[UNITS_TEXT], answer[16];

	if (options->yes)
		return true;
	identity_label(&from, &slot->id, slot->cgroup_id, label, sizeof(label));
	fprintf(stderr, "%s %s, usage %s? [y/N] ", options->command, label,
		units_bytes(slot->memory.usage, usage));
	return fgets(answer, sizeof(answer), stdin) && (*answer == 'y' || *answer == 'Y');
}

/* A share of the limit that the daemon raises. */
static uint64_t size_of(const struct action_options *options, const struct hr_slot *slot)
{
	uint64_t limit = slot->memory.limit != HR_UNKNOWN ? slot->memory.limit : slot->memory.high;

	return options->by_milli && limit != HR_UNKNOWN ? limit / 1000 * options->by_milli
							: options->size;
}

static int run(const void *values, char **arguments)
{
	const struct action_options *options = values;
	_cleanup_(snapshot_done) struct snapshot snapshot = {0};
	_cleanup_reader_ struct hr_reader *reader = NULL;
	const struct hr_slot *slot = NULL;
	struct hr_control_request request = {.magic = HR_CONTROL_MAGIC,
					     .word = HR_CONTROL_ACTION,
					     .kind = options->kind,
					     .signal = options->signal,
					     .for_ms = options->for_ms,
					     .most = options->most,
					     .largest = options->largest};
	int r = control_open(options->command, options->board, &reader);

	if (r)
		return r;
	r = snapshot_load(&snapshot, reader);
	if (r) {
		log_error("%s: cannot read %s: %s", options->command, hr_reader_path(reader),
			  strerror(-r));
		return CLI_FAILED;
	}
	r = find(options->command, &snapshot, arguments[0], &slot);
	if (r)
		return r;
	if (!options->yes && !isatty(STDIN_FILENO)) {
		log_error("%s: no terminal to confirm it on: give --yes", options->command);
		return CLI_USAGE;
	}
	if (!confirmed(options, slot)) {
		log_error("%s: cancelled", options->command);
		return CLI_FAILED;
	}
	request.cgroup_id = slot->cgroup_id;
	request.size = size_of(options, slot);
	return control_run(options->command, reader, &request, TIMEOUT_MS);
}

#define OPTION_YES                                     \
	OPTION_FLAG("yes", struct action_options, yes, \
		    "no confirmation; required without a terminal")
#define OPTION_SIZE(help_)                                                      \
	{                                                                       \
		.name = "size", .argument = "SIZE", .parse = option_size,       \
		.offset = offsetof(struct action_options, size), .help = help_, \
		.wants = "a size such as 64MiB"                                 \
	}

static const struct option_spec reclaim_specs[] = {
	OPTION_SIZE("memory to reclaim (default 10% of its usage)"),
	OPTION_YES,
	OPTION_BOARD(struct action_options),
	{0},
};

static const struct option_spec throttle_specs[] = {
	OPTION_SIZE("memory.high to set (default its present usage)"),
	{.name = "for",
	 .argument = "TIME",
	 .parse = option_duration_ms,
	 .offset = offsetof(struct action_options, for_ms),
	 .help = "duration (default 30s)",
	 .wants = OPTION_WANTS_DURATION},
	OPTION_YES,
	OPTION_BOARD(struct action_options),
	{0},
};

static const struct option_spec resize_specs[] = {
	{.name = "by",
	 .argument = "SIZE",
	 .parse = option_by, /* of all options: it sets one of two */
	 .help = "how much to add, or a share of the limit (default 25%)",
	 .wants = "a size such as 64MiB, or a share such as 25%"},
	{.name = "max",
	 .argument = "SIZE",
	 .parse = option_size,
	 .offset = offsetof(struct action_options, most),
	 .help = "highest limit (default twice the old one)",
	 .wants = "a size such as 1GiB"},
	{.name = "for",
	 .argument = "TIME",
	 .parse = option_duration_ms,
	 .offset = offsetof(struct action_options, for_ms),
	 .help = "duration (default 30m)",
	 .wants = OPTION_WANTS_DURATION},
	OPTION_YES,
	OPTION_BOARD(struct action_options),
	{0},
};

static const struct option_spec term_specs[] = {
	{.name = "signal",
	 .argument = "NAME",
	 .parse = option_signal,
	 .offset = offsetof(struct action_options, signal),
	 .help = "signal (default TERM)",
	 .wants = "a signal such as TERM, USR1 or 15"},
	OPTION_YES,
	OPTION_BOARD(struct action_options),
	{0},
};

static const struct option_spec kill_specs[] = {
	OPTION_FLAG("largest", struct action_options, largest, "only its largest process"),
	OPTION_YES,
	OPTION_BOARD(struct action_options),
	{0},
};

#define ACTION_DEFAULTS(name_, kind_)                                                      \
	&(const struct action_options)                                                     \
	{                                                                                  \
		.command = name_, .kind = kind_, .size = HR_UNKNOWN, .for_ms = HR_UNKNOWN, \
		.most = HR_UNKNOWN                                                         \
	}

#define ACTION_TEXT                                                                               \
	"The daemon runs it, for root and for the users in `control: allow`, on any target that " \
	"is\n"                                                                                    \
	"not protected. In dry-run it only logs the action.\n"                                    \
	"Exit status: 0 done, 1 failed, 3 no daemon, 4 not permitted, 5 not supported here,\n6 "  \
	"skipped (nothing was done).\n"

const struct command command_term = {
	.name = "term",
	.arguments = "TARGET",
	.summary = "Ask a container to exit (SIGTERM)",
	.text = "Signals the init of its PID namespace, the main process of a unit, or else every "
		"process.\n" ACTION_TEXT,
	.arguments_needed = 1,
	.options = term_specs,
	.defaults = ACTION_DEFAULTS("term", HR_ACTION_TERM),
	.options_bytes = sizeof(struct action_options),
	.run = run,
	.rights = COMMAND_CONTROLS,
};

const struct command command_kill = {
	.name = "kill",
	.arguments = "TARGET",
	.summary = "Kill all processes of a container (SIGKILL)",
	.text = "Unsaved data is lost; the runtime may restart the container.\n" ACTION_TEXT,
	.arguments_needed = 1,
	.options = kill_specs,
	.defaults = ACTION_DEFAULTS("kill", HR_ACTION_KILL),
	.options_bytes = sizeof(struct action_options),
	.run = run,
	.rights = COMMAND_CONTROLS,
};

const struct command command_reclaim = {
	.name = "reclaim",
	.arguments = "TARGET",
	.summary = "Reclaim memory of a container",
	.text = "Writes memory.reclaim: clean page cache first, then swap. No data is "
		"lost.\n" ACTION_TEXT,
	.arguments_needed = 1,
	.options = reclaim_specs,
	.defaults = ACTION_DEFAULTS("reclaim", HR_ACTION_RECLAIM),
	.options_bytes = sizeof(struct action_options),
	.run = run,
	.rights = COMMAND_CONTROLS,
};

const struct command command_throttle = {
	.name = "throttle",
	.arguments = "TARGET",
	.summary = "Slow down the growth of a container for a while",
	.text = "Sets memory.high: tasks that allocate more must reclaim first. Undone when the "
		"time is over,\n"
		"and when the daemon exits.\n" ACTION_TEXT,
	.arguments_needed = 1,
	.options = throttle_specs,
	.defaults = ACTION_DEFAULTS("throttle", HR_ACTION_THROTTLE),
	.options_bytes = sizeof(struct action_options),
	.run = run,
	.rights = COMMAND_CONTROLS,
};

const struct command command_resize = {
	.name = "resize",
	.arguments = "TARGET",
	.summary = "Raise the memory limit of a container for a while",
	.text = "As far as the limits above it and the host's memory have room; refused for a "
		"confirmed leak.\n"
		"Undone step by step when the time is over, when it uses less for a while, and "
		"when the\ndaemon exits.\n" ACTION_TEXT,
	.arguments_needed = 1,
	.options = resize_specs,
	.defaults = ACTION_DEFAULTS("resize", HR_ACTION_RESIZE),
	.options_bytes = sizeof(struct action_options),
	.run = run,
	.rights = COMMAND_CONTROLS,
};
