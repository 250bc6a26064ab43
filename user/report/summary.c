// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The summary: what happened; forecast and action; likely causes and recommendation. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "report_internal.h"
#include "report_text.h"
#include "format/action_text.h"
#include "format/phrase.h"

#define TEXT  1024
#define NAMED 3 /* factors */

static void add_incident(const struct report *r, struct line *l)
{
	const struct incident *i = &r->incident;
	char day[REPORT_TIME];

	line_add(l, "%s, %s: ", report_day(i->time_ns, day), i->name);
	if (!r->kill) {
		line_add(l, "%s.", i->title);
		return;
	}
	line_add(l, "the kernel ");
	phrase_oom_kill(l, r->kill, i->kills);
	if (r->outcome && r->outcome->ref == i->seq)
		line_add_ms(l, "; restarted after ", r->outcome->restarted_after_ms, "");
	line_add(l, ".");
}

static void add_forecast(const struct report *r, struct line *l)
{
	const struct report_alarm *first = r->alarms ? &r->alarm[0] : NULL;

	line_add(l, "Forecast: ");
	if (r->kill)
		phrase_kill_forecast(l, r->kill);
	else
		line_add(l, first ? "alarm raised" : "no alarm");
	if (!first || first->p50_ms == HR_UNKNOWN)
		return;
	line_add(l, r->kill ? "; first alarm: " : ", ");
	phrase_oom_in_ms(l, first->p10_ms, first->p50_ms, first->p90_ms);
	if (r->kill)
		line_add_ms(l, ", observed ", first->took_ms, "");
}

static void add_action(const struct report *r, struct line *l)
{
	const struct hr_event_action *last = NULL;
	const char *past;

	for (size_t i = 0; i < r->actions; i++)
		if (r->action[i].action->kind > HR_ACTION_NOTIFY &&
		    r->action[i].action->kind != HR_ACTION_ON_EXIT)
			last = r->action[i].action;
	line_add(l, ". Action: ");
	if (!last && r->kill && r->kill->policy.at) {
		line_add(l, "none (");
		phrase_not_acted(l, r->kill);
		line_add(l, ").");
		return;
	}
	if (!last) {
		line_add(l, "none (%s%s).", r->mode && strcmp(r->mode, "enforce") ? "mode " : "",
			 r->mode && strcmp(r->mode, "enforce") ? r->mode : "no matching policy");
		return;
	}
	past = action_past_tense(last->kind);
	line_add(l, "%s%s (",
		 last->status == HR_STATUS_DRY_RUN ? "dry run: would be "
		 : last->status == HR_STATUS_DONE  ? ""
						   : "could not be ",
		 past ? past : "acted upon");
	phrase_requester(l, last);
	line_add(l, ")");
	if (last->status == HR_STATUS_DONE)
		line_add(l, "%s",
			 r->kill                                  ? ", too late"
			 : r->outcome && r->outcome->averted == 1 ? ", OOM averted"
			 : r->outcome && r->outcome->averted == 0 ? ", OOM not averted"
								  : "");
	line_add(l, ".");
}

static void add_causes(const struct report *r, struct line *l)
{
	const struct recommendation *a = &r->recommendation;
	size_t n = r->factors < NAMED ? r->factors : NAMED;

	line_add(l, n ? "Likely causes: " : "No known contributing factor");
	for (size_t i = 0; i < n; i++) {
		const char *title = r->factor[i].title;
		bool upper = isupper((unsigned char)title[0]) &&
			     (title[1] == ' ' || islower((unsigned char)title[1]));

		line_add(l, "%s%c%s",
			 !i          ? ""
			 : i + 1 < n ? ", "
				     : " and ",
			 upper ? tolower((unsigned char)title[0]) : title[0], title + 1);
	}
	if (a->kind == RECOMMEND_RAISE)
		line_add_bytes(l, "; recommended limit: ", a->limit, "");
	else if (a->kind == RECOMMEND_LEAK)
		line_add(l, "; a higher limit only delays a leak");
	else if (a->kind == RECOMMEND_GROWS)
		line_add(l, "; its growth shows no bound for a limit");
	else if (a->kind == RECOMMEND_FITS)
		line_add(l, "; the limit covers the usage seen before");
	else if (a->kind == RECOMMEND_TOO_LITTLE && r->incident.cgroup_id)
		line_add(l, "; not enough history to recommend a limit");
	line_add(l, ".");
}

int summary_build(const struct context *s)
{
	struct report *r = s->report;
	char text[REPORT_SUMMARY][TEXT];
	struct line l = line_in(text[0], TEXT);

	add_incident(r, &l);
	l = line_in(text[1], TEXT);
	add_forecast(r, &l);
	add_action(r, &l);
	l = line_in(text[2], TEXT);
	add_causes(r, &l);
	for (size_t i = 0; i < REPORT_SUMMARY; i++) {
		r->summary[i] = report_keep(r, "%s", text[i]);
		if (!r->summary[i])
			return -ENOMEM;
	}
	l = line_in(text[0], TEXT);
	if (!r->kill || r->kill->warned_before_ms == HR_UNKNOWN) {
		line_add(&l, "No alarm before it");
	} else {
		line_add(&l, r->kill->flags & HR_OOM_PARENT_WARNED ? "No alarm of its own: "
								   : "Its alarm is not recorded: ");
		phrase_kill_warned(&l, r->kill);
	}
	r->no_alarm = report_keep(r, "%s.", text[0]);
	if (!r->no_alarm)
		return -ENOMEM;
	r->headline = report_keep(r, "%s: %s", r->incident.name, r->incident.title);
	return r->headline ? 0 : -ENOMEM;
}
