// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * headroom do: asks the running guard for one rung on one container. Does nothing itself: who may ask, and who is never a
 * target, is the guard's to say, and what came of it is its answer.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "control_client.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/utf8_clean.h"
#include "base/human_units.h"
#include "cli.h"
#include "cgroup/pid_cgroup.h"
#include "format/display_name.h"
#include "format/snapshot.h"
#include "format/target_parse.h"

#define CANDIDATES     8
#define WAIT_MS        60000 /* a write to memory.reclaim can take long */
#define WAIT_ITSELF_MS 5000

struct do_options {
	bool yes, largest;
	int signal;
	uint64_t size, for_ms;
	const char *board;
};

static const struct do_options defaults = {.size = HR_UNKNOWN, .for_ms = HR_UNKNOWN};

static const struct {
	const char *word;
	uint32_t request, kind;
} actions[] = {
	{"reclaim", HR_CONTROL_ACTION, HR_ACTION_RECLAIM},
	{"throttle", HR_CONTROL_ACTION, HR_ACTION_THROTTLE},
	{"term", HR_CONTROL_ACTION, HR_ACTION_TERM},
	{"kill", HR_CONTROL_ACTION, HR_ACTION_KILL},
	{"reload", HR_CONTROL_RELOAD, HR_ACTION_NONE},
	{"ping", HR_CONTROL_PING, HR_ACTION_NONE},
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

static int describe_several(const char *typed, const struct hr_slot *const *found, size_t n)
{
	char clean[640];

	text_clean(typed, SIZE_MAX, clean, 128);
	log_error("do: '%s' fits %zu; say which:", clean, n);
	for (size_t i = 0; i < n && i < CANDIDATES; i++) {
		const char *cgroup = hr_slot_text(found[i], found[i]->id.cgroup);

		text_clean(cgroup ? cgroup : "?", SIZE_MAX, clean, sizeof(clean));
		fprintf(stderr, "  cgroup:%s\n", clean);
	}
	return CLI_USAGE;
}

static int find(const struct snapshot *s, const char *typed, const struct hr_slot **ret_slot)
{
	const struct hr_slot *found[CANDIDATES];
	struct target target;
	char clean[128];
	size_t n;

	text_clean(typed, SIZE_MAX, clean, sizeof(clean));
	if (target_parse(typed, &target)) {
		log_error("do: '%s' is no target: give " TARGET_WANTS, clean);
		return CLI_USAGE;
	}
	if (target.by == TARGET_PID)
		pid_cgroup_memory("", target.pid, target.cgroup, sizeof(target.cgroup));
	n = target_find(&target, s->slots, s->n_slots, found, CANDIDATES);
	if (n > 1)
		return describe_several(typed, found, n);
	if (!n || slot_gone(found[0])) {
		log_error("do: nothing that runs is named '%s': 'headroom ls' lists what does",
			  clean);
		return CLI_FAILED;
	}
	*ret_slot = found[0];
	return CLI_DONE;
}

/* On a terminal a person is asked once more. */
static bool confirmed(const struct do_options *options, const char *action,
		      const struct hr_slot *slot)
{
	struct record_text from = record_text_slot(slot);
	char label[640], usage[UNITS_TEXT], answer[16];

	if (options->yes || !isatty(STDIN_FILENO))
		return true;
	identity_label(&from, &slot->id, slot->cgroup_id, label, sizeof(label));
	fprintf(stderr, "%s %s, which uses %s? [y/N] ", action, label,
		units_bytes(slot->memory.usage, usage));
	return fgets(answer, sizeof(answer), stdin) && (*answer == 'y' || *answer == 'Y');
}

static int ask(const char *board, const struct hr_control_request *request, int timeout_ms)
{
	struct hr_control_answer answer;
	char error[ASK_ERROR], clean[HR_CONTROL_TEXT * 2];
	int r = ask_daemon(board, request, timeout_ms, &answer, error);

	if (r) {
		log_error("do: %s", error);
		return r == -EACCES                         ? CLI_NOT_PERMITTED
		       : r == -ENOENT || r == -ECONNREFUSED ? CLI_NO_DAEMON
							    : CLI_FAILED;
	}
	text_clean(answer.text, SIZE_MAX, clean, sizeof(clean));
	if (answer.status)
		log_error("do: %s", clean);
	else
		puts(clean);
	return (int)answer.status;
}

static int run(const void *values, char **arguments)
{
	const struct do_options *options = values;
	_cleanup_(snapshot_done) struct snapshot snapshot = {0};
	_cleanup_reader_ struct hr_reader *reader = NULL;
	const struct hr_slot *slot = NULL;
	struct hr_control_request request = {.magic = HR_CONTROL_MAGIC,
					     .signal = options->signal,
					     .size = options->size,
					     .for_ms = options->for_ms,
					     .largest = options->largest};
	size_t i = 0;
	int r;

	while (i < ARRAY_SIZE(actions) && strcmp(actions[i].word, arguments[0]))
		i++;
	if (i == ARRAY_SIZE(actions)) {
		log_error("do: '%.40s' can't be asked for: give reclaim, throttle, term or kill",
			  arguments[0]);
		return CLI_USAGE;
	}
	request.word = actions[i].request;
	request.kind = actions[i].kind;
	r = cli_open(options->board, &reader);
	if (r)
		return r;
	if (hr_reader_is_recording(reader)) {
		log_error("do: %s is a recording: nothing can be done to the past",
			  hr_reader_path(reader));
		return CLI_USAGE;
	}
	if (request.word != HR_CONTROL_ACTION)
		return ask(hr_reader_path(reader), &request, WAIT_ITSELF_MS);
	r = snapshot_load(&snapshot, reader);
	if (r) {
		log_error("do: cannot read %s: %s", hr_reader_path(reader), strerror(-r));
		return CLI_FAILED;
	}
	r = find(&snapshot, arguments[1], &slot);
	if (r)
		return r;
	if (!confirmed(options, actions[i].word, slot)) {
		log_error("do: nothing was done");
		return CLI_FAILED;
	}
	request.cgroup_id = slot->cgroup_id;
	return ask(hr_reader_path(reader), &request, WAIT_MS);
}

static const struct option_spec specs[] = {
	OPTION_FLAG("yes", struct do_options, yes, "don't ask again on a terminal"),
	OPTION_FLAG("largest", struct do_options, largest, "kill: its largest process only"),
	{.name = "signal",
	 .argument = "NAME",
	 .parse = option_signal,
	 .offset = offsetof(struct do_options, signal),
	 .help = "term: another signal than SIGTERM",
	 .wants = "a signal such as TERM, USR1 or 15"},
	{.name = "size",
	 .argument = "SIZE",
	 .parse = option_size,
	 .offset = offsetof(struct do_options, size),
	 .help = "reclaim: how much (default a tenth of what it uses); throttle: the limit to set "
		 "(default what it uses)",
	 .wants = "a size such as 64MiB"},
	{.name = "for",
	 .argument = "TIME",
	 .parse = option_duration_ms,
	 .offset = offsetof(struct do_options, for_ms),
	 .help = "throttle: until it is lifted (default 30s)",
	 .wants = OPTION_WANTS_DURATION},
	OPTION_BOARD(struct do_options),
	{0},
};

const struct command command_do = {
	.name = "do",
	.arguments = "RUNG TARGET",
	.summary = "asks the guard for one rung (reclaim, throttle, term, kill) on a container",
	.text = "The guard does it, for root and for whom `control: allow` of its configuration "
		"names; whatever\n"
		"it protects is no target for people either. In dry-run it only tells what it "
		"would have done.\n"
		"'do reload guard' has it read its configuration again, 'do ping guard' asks "
		"whether it answers.\n"
		"Exit status: 0 done, 1 failed, 3 no guard, 4 not permitted, 5 this host can't.\n",
	.arguments_needed = 2,
	.options = specs,
	.defaults = &defaults,
	.options_bytes = sizeof(struct do_options),
	.run = run,
};
