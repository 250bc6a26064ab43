// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Policies as sentences, and what is odd about them. For the face; from the compiled tables, so that it tells what the guard
 * will do and not what the file looks like. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <headroom/board.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/utf8_clean.h"
#include "condition_table.h"
#include "policy_parse.h"

static void add_clean(struct line *w, const char *text)
{
	char clean[512];

	line_add(w, "%s", text_clean(text, SIZE_MAX, clean, sizeof(clean)));
}

static void add_share(struct line *w, uint32_t milli, const char *of)
{
	if (milli % 10)
		line_add(w, "%u.%u%% of %s", milli / 10, milli % 10, of);
	else
		line_add(w, "%u%% of %s", milli / 10, of);
}

static void add_amount(struct line *w, const struct policy_amount *amount, const char *of)
{
	char size[UNITS_TEXT];

	if (amount->bytes != HR_UNKNOWN)
		line_add(w, "%s", units_bytes(amount->bytes, size));
	else
		add_share(w, amount->milli, of);
}

static void add_globs(struct line *w, const struct policy_set *set,
		      const struct policy_match *selector)
{
	for (uint32_t i = 0; i < selector->n; i++) {
		line_add(w, "%s", !i ? "" : i + 1 < selector->n ? ", " : " or ");
		add_clean(w, policy_glob(set, selector->first + i));
	}
}

static const char *const match_words[POLICY_KEYS] = {
	[POLICY_NAME] = "named",
	[POLICY_IMAGE] = "of image",
	[POLICY_POD] = "of pod",
	[POLICY_NAMESPACE] = "in namespace",
	[POLICY_CONTAINER] = "that is container",
	[POLICY_UNIT] = "of unit",
	[POLICY_CGROUP] = "at",
	[POLICY_RUNTIME] = "run by",
	[POLICY_LABEL] = "with label",
	[POLICY_PROCESS] = "named",
};

static void add_identity(struct line *w, const struct policy_set *set, const struct policy *policy,
			 bool host)
{
	bool groups = false;

	for (uint32_t i = 0; i < policy->matches; i++)
		groups |= policy_match_at(set, policy->first_match + i)->key == POLICY_CGROUP;
	if (policy->host_processes)
		line_add(w, host ? "processes outside containers" : "A process outside containers");
	else if (!policy->matches)
		line_add(w, host ? "all containers, units and jobs" : "Any container or unit");
	else if (groups)
		line_add(w, host ? "cgroups" : "A cgroup");
	else
		line_add(w, host ? "containers and units" : "A container or unit");
	for (uint32_t i = 0; i < policy->matches; i++) {
		const struct policy_match *selector = policy_match_at(set, policy->first_match + i);

		line_add(w, "%s %s ", i ? " and" : "", match_words[selector->key]);
		if (selector->key == POLICY_LABEL) {
			add_clean(w, policy_text(set, selector->label));
			line_add(w, "=");
		}
		add_globs(w, set, selector);
	}
}

static void add_threshold(struct line *w, const struct condition *c,
			  const struct policy_threshold *threshold)
{
	char text[UNITS_TEXT];

	switch (c->type) {
	case VALUE_LEVEL:
		line_add(w, "%s", c->levels[threshold->value - c->least].sentence);
		break;
	case VALUE_TIME:
		line_add(w, "%s", value_time_text(threshold->value, text));
		break;
	case VALUE_PERCENT:
		line_add(w, "%g", (double)threshold->value / 100.0);
		break;
	case VALUE_PER_SECOND:
		line_add(w, "%llu", (unsigned long long)threshold->value);
		break;
	default:
		if (threshold->value == HR_UNKNOWN)
			add_share(w, threshold->milli, c->of_text);
		else
			line_add(w, "%s", units_bytes(threshold->value, text));
		break;
	}
}

static void add_condition(struct line *w, const struct policy *policy, uint32_t id)
{
	const char *sentence = condition_table[id].sentence, *at = strstr(sentence, "{}");

	line_add(w, "%.*s", (int)(at - sentence), sentence);
	add_threshold(w, &condition_table[id], &policy->threshold[id]);
	line_add(w, "%s", at + 2);
}

static void add_conditions(struct line *w, const struct policy *policy)
{
	char text[UNITS_TEXT];
	uint32_t left = policy->conditions & ~WHEN(HOST_AVAILABLE);
	bool first = true;

	for (uint32_t i = 0; i < CONDITIONS; i++) {
		if (!(left & 1u << i))
			continue;
		line_add(w, "%s", first ? " that " : 1u << i << 1 > left ? " and " : ", ");
		first = false;
		add_condition(w, policy, i);
	}
	if (policy->for_ms)
		line_add(w, "%s for %s", first ? "" : ",", value_time_text(policy->for_ms, text));
}

static void add_command(struct line *w, const struct policy_set *set,
			const struct policy_command *command)
{
	line_add(w, "`");
	for (uint32_t i = 0; i < command->n; i++) {
		line_add(w, "%s", i ? " " : "");
		add_clean(w, policy_text(set, command->word[i]));
	}
	line_add(w, "` runs");
}

static void add_action(struct line *w, const struct policy_set *set,
		       const struct policy_action *spec)
{
	char text[UNITS_TEXT], more[UNITS_TEXT];

	switch (spec->kind) {
	case HR_ACTION_NOTIFY:
		line_add(w, "it is reported");
		if (spec->command.n) {
			line_add(w, " and ");
			add_command(w, set, &spec->command);
		}
		break;
	case HR_ACTION_REFLEX:
		line_add(w, "the kernel ends it on the spot");
		break;
	case HR_ACTION_RECLAIM:
		line_add(w, "it has to give back ");
		add_amount(w, &spec->amount, "its limit");
		break;
	case HR_ACTION_THROTTLE:
		line_add(w, "it is held at ");
		if (spec->amount.bytes == HR_UNKNOWN && !spec->amount.milli)
			line_add(w, "what it uses");
		else
			add_amount(w, &spec->amount, "its limit");
		line_add(w, " for %s", value_time_text(spec->grace_ms, text));
		break;
	case HR_ACTION_TERM:
		line_add(w, "it gets %s and %s", value_signal_text(spec->signal, text),
			 value_time_text(spec->grace_ms, more));
		break;
	default:
		line_add(w,
			 spec->largest ? "its largest process is killed" : "all of it is killed");
		break;
	}
}

const char *policy_description(const struct policy_set *set, const struct policy *policy,
			       char text[POLICY_DESCRIPTION])
{
	struct line w = {.text = text, .bytes = POLICY_DESCRIPTION};
	bool host = policy->conditions & WHEN(HOST_AVAILABLE);
	enum policy_mode mode = policy->mode < set->mode ? policy->mode : set->mode;
	char time[UNITS_TEXT];

	*text = 0;
	if (host) {
		line_add(&w, "While ");
		add_condition(&w, policy, CONDITION_HOST_AVAILABLE);
		line_add(&w, ", the most likely culprit of ");
	}
	add_identity(&w, set, policy, host);
	add_conditions(&w, policy);
	for (uint32_t i = 0; i < policy->actions; i++) {
		line_add(&w, "%s", i ? ", then " : ": ");
		add_action(&w, set, &policy->action[i]);
	}
	line_add(&w, ".");
	if (policy->on_exit.n) {
		line_add(&w, " Afterwards ");
		add_command(&w, set, &policy->on_exit);
		line_add(&w, ".");
	}
	if (policy->cooldown_ms)
		line_add(&w, " Then it is left alone for %s.",
			 value_time_text(policy->cooldown_ms, time));
	if (mode == MODE_OBSERVE)
		line_add(&w, " (Mode observe: nothing of this happens.)");
	else if (mode == MODE_DRY_RUN)
		line_add(&w, " (Mode dry-run: this is told, not done.)");
	return text;
}

const char *policy_rate_limit(const struct policy_set *set, char text[POLICY_DESCRIPTION])
{
	struct line w = {.text = text, .bytes = POLICY_DESCRIPTION};
	char time[UNITS_TEXT];

	if (!set->rate_limit_per_ms)
		line_add(&w, "kills are not limited");
	else if (!set->rate_limit_kills)
		line_add(&w, "nothing is ever ended");
	else
		line_add(&w, "at most %u kill%s in %s", set->rate_limit_kills,
			 set->rate_limit_kills == 1 ? "" : "s",
			 value_time_text(set->rate_limit_per_ms, time));
	return text;
}

static bool ends(const struct policy *policy)
{
	for (uint32_t i = 0; i < policy->actions; i++)
		if (policy->action[i].kind >= HR_ACTION_TERM)
			return true;
	return false;
}

static bool means_all(const struct policy_set *set, const struct policy *policy)
{
	for (uint32_t i = 0; i < policy->matches; i++) {
		const struct policy_match *selector = policy_match_at(set, policy->first_match + i);
		bool any = false;

		for (uint32_t k = 0; k < selector->n; k++)
			any |= glob_covers(policy_glob(set, selector->first + k), "/*") ||
			       glob_covers(policy_glob(set, selector->first + k), "*");
		if (!any)
			return false;
	}
	return true;
}

/* Only units that a host hangs on: a container may run one of that name, the host's own is never a target. */
static bool means_protected_units(const struct policy_set *set, const struct policy *policy)
{
	for (uint32_t i = 0; i < policy->matches; i++) {
		const struct policy_match *selector = policy_match_at(set, policy->first_match + i);
		bool all = selector->key == POLICY_UNIT;

		for (uint32_t k = 0; all && k < selector->n; k++)
			all = policy_unit_protected(policy_glob(set, selector->first + k));
		if (all)
			return true;
	}
	return false;
}

/* One of its commands has words that only containers have. */
static bool asks_for_names(const struct policy_set *set, const struct policy *policy)
{
	bool asks = false;

	for (uint32_t i = 0; i < policy->on_exit.n; i++)
		asks |= policy_asks_for_names(policy_text(set, policy->on_exit.word[i]));
	for (uint32_t i = 0; i < policy->actions; i++)
		for (uint32_t k = 0; k < policy->action[i].command.n; k++)
			asks |= policy_asks_for_names(
				policy_text(set, policy->action[i].command.word[k]));
	return asks;
}

static void warn_policy(const struct policy_set *set, const struct policy *policy,
			void (*say)(uint32_t line, const char *text, void *arg), void *arg)
{
	const struct {
		bool odd;
		const char *text;
	} oddities[] = {
		{means_all(set, policy) && policy->conditions & WHEN(HOST_AVAILABLE),
		 "may take anything on this host that is not protected"},
		{means_all(set, policy) && !(policy->conditions & WHEN(HOST_AVAILABLE)),
		 "matches everything that is not protected"},
		{ends(policy) && means_protected_units(set, policy),
		 "the host's own units of that name are never a target; only one inside a "
		 "container would be"},
		{policy->mode == MODE_OBSERVE, "mode observe: it never does anything"},
		{policy->conditions & WHEN(OOM_IN) &&
			 policy->for_ms >= policy->threshold[CONDITION_OOM_IN].value,
		 "waits (`for`) until the end that it foresees (`oom_in`) has come"},
		{ends(policy) && (policy->conditions & ~WHEN(HOST_AVAILABLE)) == WHEN(OOM_IN) &&
			 !policy->for_ms,
		 "`oom_in` alone: what has just started and fills up looks the same (`age`, `risk` "
		 "or "
		 "`for`)"},
		{ends(policy) && !policy->cooldown_ms, "cooldown 0s: only the rate limit keeps it "
						       "from ending the same one again and again"},
		{policy->conditions & WHEN(HOST_AVAILABLE) && !policy->matches &&
			 asks_for_names(set, policy),
		 "its commands ask for what only containers have: they don't run for a job "
		 "outside"},
	};
	char name[64 * 4], text[512];

	text_clean(policy_text(set, policy->name), SIZE_MAX, name, sizeof(name));
	for (size_t i = 0; i < ARRAY_SIZE(oddities); i++) {
		if (!oddities[i].odd)
			continue;
		snprintf(text, sizeof(text), "%s: %s", name, oddities[i].text);
		say(policy->line, text, arg);
	}
}

void policy_warnings(const struct policy_set *set,
		     void (*say)(uint32_t line, const char *text, void *arg), void *arg)
{
	bool any_ends = false;

	for (uint32_t i = 0; i < set->policies; i++) {
		warn_policy(set, policy_at(set, i), say, arg);
		any_ends |= ends(policy_at(set, i));
	}
	if (set->policies && set->mode == MODE_OBSERVE)
		say(0,
		    "mode observe: no policy does anything; `mode: dry-run` rehearses, `mode: "
		    "enforce` acts",
		    arg);
	if (!set->rate_limit_per_ms && any_ends)
		say(0, "rate_limit none: nothing bounds how much is killed", arg);
	else if (!set->rate_limit_kills && any_ends)
		say(0, "rate_limit of 0 kills: no term, kill or reflex ever happens", arg);
}
