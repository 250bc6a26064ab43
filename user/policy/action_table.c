// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The policy actions, one line each. */
#include "action_table.h"

#include "base/strbuf.h"

/* The reflex comes before whatever takes time: it strikes in the kernel, wherever it stands. */
const struct action_kind action_kinds[HR_ACTION_COUNT] = {
	[HR_ACTION_NOTIFY] =
		{
			.order = 1,
			.severity = 1,
			.once = true,
			.sentence = "it is reported{command}",
			.values = "{notify: {run: [PROGRAM, WORD], run_as: USER}}",
			.reference =
				"An event. With a value, also runs a command, without a shell.",
		},
	[HR_ACTION_REFLEX] =
		{
			.order = 2,
			.severity = 5,
			.once = true,
			.cgroup = true,
			.ends = true,
			.sentence = "BPF kills it in the kernel at once",
			.reference = "BPF signals the charging task in the kernel at the moment "
				     "usage crosses its threshold.",
		},
	[HR_ACTION_RECLAIM] =
		{
			.order = 3,
			.severity = 2,
			.cgroup = true,
			.needs = "expected a size, such as {reclaim: 64MiB}",
			.sentence = "the kernel reclaims {amount}{swappiness}",
			.values = "{reclaim: 64MiB}, {reclaim: {size: 10%, swappiness: 0}}",
			.reference =
				"The kernel reclaims this size, or this share of the limit "
				"(default "
				"10% in a mapping). Swappiness 0 to 200 needs Linux 6.11; 0: page "
				"cache only.",
		},
	[HR_ACTION_THROTTLE] =
		{
			.order = 4,
			.severity = 3,
			.once = true,
			.cgroup = true,
			.sentence = "it is throttled at {amount} for {time}",
			.values = "{throttle: {high: 90%, for: 30s}}",
			.reference =
				"Sets memory.high for this time; the word alone: at the current "
				"usage, for 30s.",
		},
	[HR_ACTION_RESIZE] =
		{
			.order = 5,
			.severity = 3,
			.cgroup = true,
			.sentence = "its limit is raised by {amount}{most} for {time}",
			.values = "{resize: {by: 25%, max: 1GiB, for: 30m}}",
			.reference =
				"Raises its own limit by a size, or a share of it, for this time. "
				"Never above max (default twice the old limit), what the limits "
				"above it allow, or what the host has available less a reserve. "
				"Refused for a confirmed leak. The word alone: by 25% for 30m.",
		},
	[HR_ACTION_TERM] =
		{
			.order = 6,
			.severity = 4,
			.ends = true,
			.sentence = "it gets {signal} and a grace period of {time}",
			.values = "{term: 30s}, {term: {signal: SIGUSR1, grace: 30s}}",
			.reference =
				"Sends a signal and waits for the grace period; the word alone: "
				"SIGTERM and 10s.",
		},
	[HR_ACTION_KILL] =
		{
			.order = 7,
			.severity = 5,
			.once = true,
			.ends = true,
			.sentence = "all of it is killed",
			.sentence_largest = "its largest process is killed",
			.values = "{kill: largest}",
			.reference =
				"Kills the whole container or process group; with a value, its "
				"largest process.",
		},
	[HR_ACTION_ON_EXIT] =
		{
			.values = "{run: [PROGRAM, WORD], run_as: USER}",
			.reference =
				"Runs a command after a target has ended. {name}, {id}, {pod}, "
				"{namespace}, {container}, {unit}, {cgroup}, {policy} and {pid} "
				"are filled in.",
		},
};

unsigned int action_severity(unsigned int kind)
{
	return kind < HR_ACTION_COUNT ? action_kinds[kind].severity : 0;
}

bool action_ends(const struct policy *policy)
{
	for (uint32_t i = 0; i < policy->actions; i++)
		if (action_kinds[policy->action[i].kind].ends)
			return true;
	return false;
}

static unsigned int kind_at(unsigned int order, bool processes)
{
	for (unsigned int i = 0; i < HR_ACTION_COUNT; i++)
		if (action_kinds[i].order == order && !(processes && action_kinds[i].cgroup))
			return i;
	return HR_ACTION_NONE;
}

const char *action_words(bool processes, char text[ACTION_WORDS])
{
	struct line to = {.text = text, .bytes = ACTION_WORDS};

	*text = 0;
	for (unsigned int i = 1; i < HR_ACTION_COUNT; i++) {
		const char *word = hr_action_kind_name(kind_at(i, processes));

		if (word)
			line_add(&to, "%s%s", to.used ? ", " : "", word);
	}
	return text;
}
