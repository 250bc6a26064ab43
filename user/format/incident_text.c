// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* One sentence an incident. Says nothing that its events do not hold. */
#include "incident_text.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/utf8_clean.h"
#include "display_name.h"

struct line line_in(char *text, size_t bytes)
{
	text[0] = 0;
	return (struct line){text, bytes, 0};
}

void line_add_task(struct line *line, const char comm[16], uint32_t pid)
{
	char clean[80];

	if (pid)
		line_add(line, "%s[%u]", text_clean(comm, 16, clean, sizeof(clean)), pid);
	else
		line_add(line, "a process");
}

static const struct {
	const char *word, *name;
} kinds[INCIDENT_KINDS] = {
	[INCIDENT_OOM_KILL] = {"oom_kill", "OOM kill"},
	[INCIDENT_ACTION] = {"action", "action"},
	[INCIDENT_NEAR_MISS] = {"near_miss", "near miss"},
	[INCIDENT_HANG] = {"hang", "hang"},
};

const char *incident_kind_word(unsigned int kind)
{
	return kind < INCIDENT_KINDS ? kinds[kind].word : NULL;
}

const char *incident_kind_name(unsigned int kind)
{
	return kind < INCIDENT_KINDS ? kinds[kind].name : NULL;
}

const char *action_past_tense(unsigned int kind)
{
	static const char *const past[HR_ACTION_COUNT] = {
		[HR_ACTION_NOTIFY] = "reported",
		[HR_ACTION_RECLAIM] = "reclaimed from",
		[HR_ACTION_THROTTLE] = "throttled",
		[HR_ACTION_TERM] = "told to end",
		[HR_ACTION_KILL] = "killed",
		[HR_ACTION_REFLEX] = "killed by the reflex",
		[HR_ACTION_ON_EXIT] = "followed up by a command",
	};

	return kind < HR_ACTION_COUNT ? past[kind] : NULL;
}

/* Rather what was done than what was not; rather the stronger; a command afterwards says least. */
static int weight(const struct hr_event_action *a)
{
	int kind = a->kind == HR_ACTION_ON_EXIT ? 0 : a->kind;

	return (a->status == HR_STATUS_DONE      ? 300
		: a->status == HR_STATUS_DRY_RUN ? 200
		: a->status == HR_STATUS_FAILED  ? 100
						 : 0) +
	       kind + (a->kind > HR_ACTION_NOTIFY && a->kind != HR_ACTION_ON_EXIT ? 1000 : 0) -
	       (a->status > HR_STATUS_FAILED ? 900 : 0);
}

const struct hr_event_action *incident_action(const struct hr_event *const *event, size_t n)
{
	const struct hr_event_action *best = NULL;

	for (size_t i = 0; i < n; i++) {
		const struct hr_event_action *a = (const void *)event[i];

		if (event[i]->type == HR_EVENT_ACTION && (!best || weight(a) > weight(best)))
			best = a;
	}
	return best;
}

void line_add_limit(struct line *p, const struct hr_event_oom_kill *oom)
{
	const char *cgroup = hr_event_text(&oom->event, oom->limit_cgroup);
	char clean[160];

	if (oom->level == HR_LEVEL_OWN) {
		line_add(p, "its own limit");
		line_add_bytes(p, " of ", oom->limit_max, "");
	} else if (oom->level == HR_LEVEL_ANCESTOR) {
		line_add(p, "the limit");
		line_add_bytes(p, " of ", oom->limit_max, "");
		text_clean(cgroup ? cgroup : "a cgroup", SIZE_MAX, clean, sizeof(clean));
		line_add(p, " of %s above it", clean);
	} else if (oom->level == HR_LEVEL_HOST) {
		line_add(p, "the end of the host's memory");
	} else {
		line_add(p, "a limit that is not known");
	}
}

static void title_kill(struct line *p, const struct incident *i,
		       const struct hr_event_oom_kill *oom, const struct hr_event_action *action)
{
	if (oom->victim.pid) {
		line_add_task(p, oom->victim.comm, oom->victim.pid);
		if (i->kills > 1)
			line_add(p, " and %u more", i->kills - 1);
		line_add(p, i->kills > 1 ? " were killed" : " was killed");
	} else {
		line_add(p, "a process was killed");
	}
	line_add(p, " by the kernel at ");
	line_add_limit(p, oom);
	if (oom->warned_before_ms != HR_UNKNOWN)
		line_add_ms(p, ", warned ", oom->warned_before_ms, " before");
	else
		line_add(p, ", without a warning");
	if (action && action->status == HR_STATUS_DONE && action->kind > HR_ACTION_NOTIFY)
		line_add(p, ", although it was %s", action_past_tense(action->kind));
}

static const struct hr_event_outcome *outcome_of(const struct hr_event *const *event, size_t n)
{
	const struct hr_event_outcome *last = NULL;

	for (size_t i = 0; i < n; i++)
		if (event[i]->type == HR_EVENT_OUTCOME)
			last = (const void *)event[i];
	return last;
}

static void title_action(struct line *p, const struct hr_event_action *a,
			 const struct hr_event_outcome *outcome)
{
	const char *policy = hr_event_text(&a->event, a->policy),
		   *past = action_past_tense(a->kind);
	char clean[128];

	line_add(p, "%s%s",
		 a->status == HR_STATUS_DRY_RUN ? "would have been "
		 : a->status == HR_STATUS_DONE  ? "was "
						: "could not be ",
		 past ? past : "acted upon");
	if (policy && *policy)
		line_add(p, " by policy %s", text_clean(policy, SIZE_MAX, clean, sizeof(clean)));
	else
		line_add(p, " by hand");
	line_add_bytes(p, " at ", a->inputs.usage, "");
	if (a->status == HR_STATUS_DRY_RUN)
		line_add(p, " (dry-run)");
	if (!outcome)
		return;
	line_add_bytes(p, ", ", outcome->freed, " freed");
	if (outcome->averted != HR_UNKNOWN_U32)
		line_add(p, outcome->averted ? ", OOM averted" : ", not averted");
}

/* An alarm: how high it rose, how long it stood, what was foreseen at its worst. */
static void title_near_miss(struct line *p, const struct hr_event *const *event, size_t n)
{
	const struct hr_event_forecast *worst = NULL, *first = NULL, *last = NULL;
	char text[24];

	for (size_t i = 0; i < n; i++) {
		const struct hr_event_forecast *o = (const void *)event[i];

		if (event[i]->type != HR_EVENT_RISK)
			continue;
		first = first ? first : o;
		last = o;
		if (!worst || o->to > worst->to ||
		    (o->to == worst->to &&
		     o->forecast.oom_in_p50_ms < worst->forecast.oom_in_p50_ms))
			worst = o;
	}
	if (!worst)
		return;
	snprintf(text, sizeof(text), worst->to == HR_ALARM_ACT ? "was in danger" : "had an alarm");
	line_add(p, "%s", text);
	if (last->event.time_ns > first->event.time_ns)
		line_add_ms(p, " for ", (last->event.time_ns - first->event.time_ns) / NS_PER_MS,
			    "");
	line_add_ms(p, ", OOM foreseen in ", worst->forecast.oom_in_p50_ms, "");
	line_add_bytes(p, " with ", worst->headroom, " left");
	line_add(p, "; it did not come to that");
}

static void title_hang(struct line *p, const struct incident *i, const struct hr_event *key)
{
	const struct hr_event_pressure *pressure = (const void *)key;

	line_add(p, "%s at its limit", i->open ? "hangs" : "hung");
	line_add_bytes(p, " of ", pressure->limit, "");
	if (!i->open)
		line_add_ms(p, " for ", (i->end_ns - i->time_ns) / NS_PER_MS, "");
	line_add(p, ": its OOM killer is switched off");
}

static void describe_name(struct incident *i, const struct hr_event *key)
{
	struct record_text from = record_text_event(key);
	const struct hr_event_action *a = (const void *)key;

	identity_name(&from, &key->id, i->name, sizeof(i->name), NULL);
	if (i->name[0])
		return;
	if (key->type == HR_EVENT_ACTION && !key->cgroup_id && a->pid) {
		struct line p = line_in(i->name, sizeof(i->name));

		line_add_task(&p, a->comm, a->pid);
	} else if (key->cgroup_id) {
		snprintf(i->name, sizeof(i->name), "cgroup %llu",
			 (unsigned long long)key->cgroup_id);
	} else {
		snprintf(i->name, sizeof(i->name), "the host");
	}
}

void incident_describe(struct incident *i, const struct hr_event *const *event, size_t n,
		       const struct hr_event *key)
{
	const struct hr_event_action *action = incident_action(event, n);
	struct line p = line_in(i->title, sizeof(i->title));

	describe_name(i, key);
	if (i->kind == INCIDENT_OOM_KILL)
		title_kill(&p, i, (const void *)key, action);
	else if (i->kind == INCIDENT_HANG)
		title_hang(&p, i, key);
	else if (action && (i->kind == INCIDENT_ACTION || key->type == HR_EVENT_ACTION))
		title_action(&p, action, outcome_of(event, n));
	else
		title_near_miss(&p, event, n);
}
