// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Policies as sentences, and warnings. Made from the compiled block, so that they say what the daemon will do and not
 * what the file looks like. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <headroom/board.h>

#include "action_table.h"
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
		line_add(w, host ? "all containers, units and process groups"
				 : "Any container or unit");
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
	line_add(w, "` runs as ");
	add_clean(w, policy_text(set, command->run_as));
}

static void add_action_value(struct line *w, const struct policy_set *set,
			     const struct policy_action *spec, const char *name, size_t n)
{
	bool amount = spec->amount.bytes != HR_UNKNOWN || spec->amount.milli;
	char text[UNITS_TEXT];

	if (!strncmp(name, "amount", n) && amount)
		add_amount(w, &spec->amount, "its limit");
	else if (!strncmp(name, "amount", n))
		line_add(w, "its current usage");
	else if (!strncmp(name, "swappiness", n)) {
		if (spec->swappiness)
			line_add(w, " with swappiness %u", spec->swappiness - 1);
	} else if (!strncmp(name, "most", n)) {
		if (spec->most != HR_UNKNOWN)
			line_add(w, ", to at most %s", units_bytes(spec->most, text));
	} else if (!strncmp(name, "time", n))
		line_add(w, "%s", value_time_text(spec->grace_ms, text));
	else if (!strncmp(name, "signal", n))
		line_add(w, "%s", value_signal_text(spec->signal, text));
	else if (spec->command.n) {
		line_add(w, " and ");
		add_command(w, set, &spec->command);
	}
}

static void add_action(struct line *w, const struct policy_set *set,
		       const struct policy_action *spec)
{
	const struct action_kind *kind = &action_kinds[spec->kind];
	const char *at = spec->largest ? kind->sentence_largest : kind->sentence, *open;

	for (; (open = strchr(at, '{')); at = strchr(open, '}') + 1) {
		line_add(w, "%.*s", (int)(open - at), at);
		add_action_value(w, set, spec, open + 1, (size_t)(strchr(open, '}') - open - 1));
	}
	line_add(w, "%s", at);
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
		line_add(&w, ", the most likely culprit among ");
	}
	add_identity(&w, set, policy, host);
	add_conditions(&w, policy);
	for (uint32_t i = 0; i < policy->actions; i++) {
		line_add(&w, "%s", i ? ", then " : ": ");
		add_action(&w, set, &policy->action[i]);
	}
	line_add(&w, ".");
	if (policy->on_exit.n) {
		line_add(&w, " When it has ended, ");
		add_command(&w, set, &policy->on_exit);
		line_add(&w, ".");
	}
	if (policy->cooldown_ms)
		line_add(&w, " Cooldown: %s.", value_time_text(policy->cooldown_ms, time));
	if (mode == MODE_OBSERVE)
		line_add(&w, " (Mode observe: no action.)");
	else if (mode == MODE_DRY_RUN)
		line_add(&w, " (Dry run: logged only.)");
	return text;
}

const char *policy_rate_limit(const struct policy_set *set, char text[POLICY_DESCRIPTION])
{
	struct line w = {.text = text, .bytes = POLICY_DESCRIPTION};
	char time[UNITS_TEXT];

	if (!set->rate_limit_per_ms)
		line_add(&w, "kills are not limited");
	else if (!set->rate_limit_kills)
		line_add(&w, "no process is ever ended");
	else
		line_add(&w, "at most %u kill%s in %s", set->rate_limit_kills,
			 set->rate_limit_kills == 1 ? "" : "s",
			 value_time_text(set->rate_limit_per_ms, time));
	return text;
}

const char *policy_protect_entry(const struct policy_set *set, uint32_t i,
				 char text[POLICY_DESCRIPTION])
{
	const struct policy_match *entry = policy_match_at(set, set->protect_first + i);
	struct line w = {.text = text, .bytes = POLICY_DESCRIPTION};

	line_add(&w, "%s", policy_key_word(entry->key));
	if (entry->key == POLICY_LABEL) {
		line_add(&w, ".");
		add_clean(&w, policy_text(set, entry->label));
	}
	line_add(&w, ":");
	add_globs(&w, set, entry);
	return text;
}

static bool matches_all(const struct policy_set *set, const struct policy *policy)
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

/* Only units that the host depends on: a container may run one of that name, the host's own is never a target. */
static bool matches_protected_units(const struct policy_set *set, const struct policy *policy)
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

/* One of its commands has a placeholder that only containers have. */
static bool uses_names(const struct policy_set *set, const struct policy *policy)
{
	bool uses = false;

	for (uint32_t i = 0; i < policy->on_exit.n; i++)
		uses |= policy_uses_names(policy_text(set, policy->on_exit.word[i]));
	for (uint32_t i = 0; i < policy->actions; i++)
		for (uint32_t k = 0; k < policy->action[i].command.n; k++)
			uses |= policy_uses_names(
				policy_text(set, policy->action[i].command.word[k]));
	return uses;
}

/* A condition that page cache alone does not meet. */
#define NOT_CACHE (WHEN(USED) | WHEN(HEADROOM) | WHEN(OOM_IN) | WHEN(RISK))

/* As it would stand in a file. */
static void add_used(struct line *w, const struct policy_threshold *usage, uint32_t part)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	uint64_t bytes = usage->value / part;
	size_t unit = 0;

	if (usage->value == HR_UNKNOWN) {
		uint32_t milli = part > 1 ? usage->milli / part / 10 * 10 : usage->milli;

		line_add(w, milli % 10 ? "used: %u.%u%%" : "used: %u%%", milli / 10, milli % 10);
		return;
	}
	for (; unit + 1 < ARRAY_SIZE(units) && !(bytes % 1024); unit++)
		bytes /= 1024;
	line_add(w, "used: %llu%s", (unsigned long long)bytes, units[unit]);
}

/* A policy that ends what has filled its limit with page cache, which the kernel would have dropped: the rule to write
 * instead. */
static const char *cache_warning(const struct policy *policy, char text[256])
{
	struct line w = {.text = text, .bytes = 256};

	*text = 0;
	if (!action_ends(policy) || !(policy->conditions & WHEN(USAGE)) ||
	    policy->conditions & NOT_CACHE)
		return NULL;
	line_add(&w, "`usage` includes page cache, which the kernel drops before it kills; ");
	line_add(&w, policy->reflex ? "add `" : "write `");
	add_used(&w, &policy->threshold[CONDITION_USAGE], policy->reflex ? 2 : 1);
	line_add(&w, policy->reflex ? "`: the reflex is then armed only while so much is not cache"
				    : "` instead");
	return text;
}

/* A size holds under any limit; a share of a raised one, or a forecast, does not. */
static bool resize_changes_nothing(const struct policy *policy)
{
	uint32_t left = policy->conditions & ~(WHEN(AGE) | WHEN(HOST_AVAILABLE));
	bool resizes = false;

	for (uint32_t i = 0; i < policy->actions; i++)
		resizes |= policy->action[i].kind == HR_ACTION_RESIZE;
	for (uint32_t i = 0; i < CONDITIONS; i++)
		if (left & 1u << i &&
		    (policy->threshold[i].value == HR_UNKNOWN ||
		     1u << i & (WHEN(HEADROOM) | WHEN(OOM_IN) | WHEN(RISK) | WHEN(SOME_AVG10) |
				WHEN(FULL_AVG10) | WHEN(REFAULTS))))
			return false;
	return resizes;
}

static void warn_policy(const struct policy_set *set, const struct policy *policy,
			void (*say)(uint32_t line, const char *text, void *arg), void *arg)
{
	char cache[256];
	const struct {
		bool holds;
		const char *text;
	} warnings[] = {
		{cache_warning(policy, cache) != NULL, cache},
		{matches_all(set, policy) && policy->conditions & WHEN(HOST_AVAILABLE),
		 "may select any target on this host that is not protected"},
		{matches_all(set, policy) && !(policy->conditions & WHEN(HOST_AVAILABLE)),
		 "matches everything that is not protected"},
		{action_ends(policy) && matches_protected_units(set, policy),
		 "the host's own units of that name are never targets; only a unit inside a "
		 "container is"},
		{resize_changes_nothing(policy),
		 "a higher limit does not end its conditions: the action after resize follows "
		 "after 3s; write a share, such as `used: 90%`, or `oom_in`"},
		{policy->mode == MODE_OBSERVE, "mode observe: it takes no action"},
		{policy->conditions & WHEN(OOM_IN) &&
			 policy->for_ms >= policy->threshold[CONDITION_OOM_IN].value,
		 "`for` is not shorter than `oom_in`: the OOM may come before the first action"},
		{action_ends(policy) &&
			 (policy->conditions & ~WHEN(HOST_AVAILABLE)) == WHEN(OOM_IN) &&
			 !policy->for_ms,
		 "`oom_in` alone also holds for a container that has just started and fills its "
		 "memory; add `age`, `risk` or `for`"},
		{action_ends(policy) && !policy->cooldown_ms,
		 "cooldown 0s: only the rate limit bounds how often it ends the same target"},
		{policy->conditions & WHEN(HOST_AVAILABLE) && !policy->matches &&
			 uses_names(set, policy),
		 "its commands use placeholders that only containers have: they do not run for "
		 "process groups outside containers"},
	};
	char name[64 * 4], text[768];

	text_clean(policy_text(set, policy->name), SIZE_MAX, name, sizeof(name));
	for (size_t i = 0; i < ARRAY_SIZE(warnings); i++) {
		if (!warnings[i].holds)
			continue;
		snprintf(text, sizeof(text), "%s: %s", name, warnings[i].text);
		say(policy->line, text, arg);
	}
}

void policy_warnings(const struct policy_set *set,
		     void (*say)(uint32_t line, const char *text, void *arg), void *arg)
{
	bool any_ends = false;

	for (uint32_t i = 0; i < set->policies; i++) {
		warn_policy(set, policy_at(set, i), say, arg);
		any_ends |= action_ends(policy_at(set, i));
	}
	if (set->policies && set->mode == MODE_OBSERVE)
		say(0,
		    "mode observe: no policy takes an action; `mode: dry-run` logs actions, `mode: "
		    "enforce` takes them",
		    arg);
	if (!set->rate_limit_per_ms && any_ends)
		say(0, "rate_limit none: nothing bounds the number of kills", arg);
	else if (!set->rate_limit_kills && any_ends)
		say(0, "rate_limit of 0 kills: every term, kill and reflex is refused", arg);
}
