// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The title of an incident. Says nothing that its events do not hold. */
#include "incident_text.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "action_text.h"
#include "display_name.h"
#include "enum_text.h"
#include "phrase.h"

static const struct {
	const char *word, *name;
} kinds[INCIDENT_KINDS] = {
	[INCIDENT_OOM_KILL] = {"oom_kill", "OOM kill"},
	[INCIDENT_ACTION] = {"action", "action"},
	[INCIDENT_NEAR_MISS] = {"near_miss", "near miss"},
	[INCIDENT_HANG] = {"hang", "blocked"},
	[INCIDENT_ENDED] = {"ended", "ended"},
};

const char *incident_kind_word(unsigned int kind)
{
	return kind < INCIDENT_KINDS ? kinds[kind].word : NULL;
}

const char *incident_kind_name(unsigned int kind)
{
	return kind < INCIDENT_KINDS ? kinds[kind].name : NULL;
}

/* Executed actions before others, stronger before weaker; a command after an exit comes last. */
static int weight(const struct hr_event_action *a)
{
	int kind = a->kind == HR_ACTION_ON_EXIT  ? 0
		   : a->kind == HR_ACTION_RESIZE ? HR_ACTION_THROTTLE
						 : a->kind;

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

static void title_kill(struct line *p, const struct incident *i,
		       const struct hr_event_oom_kill *oom, const struct hr_event_action *action)
{
	phrase_oom_kill(p, oom, i->kills);
	line_add(p, ", ");
	phrase_kill_warned(p, oom);
	if (oom->reflex != HR_REFLEX_NONE) {
		line_add(p, ", ");
		phrase_reflex(p, oom);
	}
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
	const char *past = action_past_tense(a->kind);

	line_add(p, "%s%s (",
		 a->status == HR_STATUS_DRY_RUN ? "dry run: would be "
		 : a->status == HR_STATUS_DONE  ? ""
						: "could not be ",
		 past ? past : "acted upon");
	phrase_requester(p, a);
	line_add(p, ")");
	line_add_bytes(p, " at usage ", a->inputs.usage, "");
	if (!outcome || outcome_is_empty(outcome))
		return;
	line_add(p, "; ");
	phrase_outcome(p, outcome);
}

/* An alarm: its highest level, how long it stood, the forecast at its worst. */
static void title_alarm(struct line *p, const struct hr_event *const *event, size_t n, bool ended)
{
	const struct hr_event_forecast *worst = NULL, *first = NULL, *last = NULL;

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
	line_add(p, "alarm %s", or_unknown(alarm_word(worst->to)));
	if (last->event.time_ns > first->event.time_ns)
		line_add_ms(p, " for ", (last->event.time_ns - first->event.time_ns) / NS_PER_MS,
			    "");
	line_add(p, ", ");
	phrase_oom_in(p, &worst->forecast);
	line_add_bytes(p, ", headroom ", worst->headroom, "");
	line_add(p,
		 ended ? "; the container ended, no OOM kill was recorded" : "; no OOM followed");
}

static void title_hang(struct line *p, const struct incident *i, const struct hr_event *key)
{
	const struct hr_event_pressure *pressure = (const void *)key;

	line_add(p, OOM_DISABLED);
	line_add_bytes(p, ", limit ", pressure->limit, "");
	if (!i->open)
		line_add_ms(p, ", for ", (i->end_ns - i->time_ns) / NS_PER_MS, "");
}

static void set_name(struct incident *i, const struct hr_event *key)
{
	struct record_text from = record_text_event(key);
	const struct hr_event_action *a = (const void *)key;

	identity_name(&from, &key->id, i->name, sizeof(i->name), NULL);
	if (i->name[0])
		return;
	if (key->type == HR_EVENT_ACTION && !key->cgroup_id && a->pid) {
		struct line p = line_in(i->name, sizeof(i->name));

		phrase_process(&p, a->comm, a->pid);
	} else if (key->cgroup_id) {
		snprintf(i->name, sizeof(i->name), "cgroup %llu",
			 (unsigned long long)key->cgroup_id);
	} else {
		snprintf(i->name, sizeof(i->name), "host");
	}
}

void incident_describe(struct incident *i, const struct hr_event *const *event, size_t n,
		       const struct hr_event *key)
{
	const struct hr_event_action *action = incident_action(event, n);
	struct line p = line_in(i->title, sizeof(i->title));

	set_name(i, key);
	if (i->kind == INCIDENT_OOM_KILL)
		title_kill(&p, i, (const void *)key, action);
	else if (i->kind == INCIDENT_HANG)
		title_hang(&p, i, key);
	else if (action && (i->kind == INCIDENT_ACTION || key->type == HR_EVENT_ACTION))
		title_action(&p, action, outcome_of(event, n));
	else
		title_alarm(&p, event, n, i->kind == INCIDENT_ENDED);
}
