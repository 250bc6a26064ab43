// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Three sentences: what happened; what was foreseen and done; what stands behind it and what would
 * help. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/utf8_clean.h"
#include "base/human_units.h"
#include "report_internal.h"
#include "report_text.h"

#define TEXT  1024
#define NAMED 3 /* factors */

static void what_happened(const struct report *r, struct line *l)
{
	const struct incident *i = &r->incident;
	char day[REPORT_TIME];

	report_day(i->time_ns, day);
	if (r->kill) {
		line_add(l, "At %s, %s reached ", day, i->name);
		line_add_limit(l, r->kill);
		line_add(l, ", and the kernel killed ");
		line_add_task(l, r->kill->victim.comm, r->kill->victim.pid);
		if (i->kills > 1)
			line_add(l, " and %u more", i->kills - 1);
		if (r->outcome && r->outcome->ref == i->seq)
			line_add_ms(l, "; it was back after ", r->outcome->restarted_after_ms, "");
		line_add(l, ".");
		return;
	}
	line_add(l, "At %s, %s %s.", day, i->name, i->title);
}

static void predicted(const struct report *r, struct line *l)
{
	const struct report_alarm *first = r->alarms ? &r->alarm[0] : NULL;
	uint64_t warned = r->kill ? r->kill->warned_before_ms : HR_UNKNOWN;

	if (r->kill && warned == HR_UNKNOWN && first)
		warned = first->took_ms;
	if (r->kill && warned == HR_UNKNOWN) {
		line_add(l, "It was not foreseen");
		return;
	}
	if (r->kill)
		line_add_ms(l, "headroom warned of it ", warned, " before");
	else if (first)
		line_add(l, "headroom had raised the alarm");
	else
		line_add(l, "No forecast stood against it");
	if (first && first->p50_ms != HR_UNKNOWN) {
		line_add_ms(l, ", with the end foreseen in ", first->p50_ms, "");
		if (r->kill)
			line_add_ms(l, " (it took ", first->took_ms, ")");
	}
}

static void done(const struct report *r, struct line *l)
{
	const struct report_action *last = NULL;
	char policy[128];

	for (size_t i = 0; i < r->actions; i++)
		if (r->action[i].action->kind > HR_ACTION_NOTIFY &&
		    r->action[i].action->kind != HR_ACTION_ON_EXIT)
			last = &r->action[i];
	if (!last) {
		line_add(l,
			 r->mode && !strcmp(r->mode, "enforce")
				 ? "; no rule had anything done about it."
				 : "; nothing was done, for the guard only %s.",
			 r->mode && !strcmp(r->mode, "dry-run") ? "rehearses" : "observes");
		return;
	}
	text_clean(hr_event_text(&last->action->event, last->action->policy), SIZE_MAX, policy,
		   sizeof(policy));
	line_add(l, "; %s%s", policy[0] ? "policy " : "somebody ", policy[0] ? policy : "by hand");
	if (last->action->status == HR_STATUS_DRY_RUN)
		line_add(l, " would have had it %s, but only rehearses.",
			 action_past_tense(last->action->kind));
	else if (last->action->status == HR_STATUS_DONE)
		line_add(l, " had it %s%s.", action_past_tense(last->action->kind),
			 r->kill                                  ? ", too late"
			 : r->outcome && r->outcome->averted == 1 ? ", and that was enough"
			 : r->outcome && r->outcome->averted == 0 ? ", and that was not enough"
								  : "");
	else
		line_add(l, " wanted it %s, which failed.", action_past_tense(last->action->kind));
}

static void behind(const struct report *r, struct line *l)
{
	const struct recommendation *a = &r->recommendation;
	size_t n = r->factors < NAMED ? r->factors : NAMED;

	line_add(l, n ? "What stands behind it: " : "No contributing factor was found");
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
		line_add_bytes(l, "; from what was seen, a limit of ", a->limit, " would fit");
	else if (a->kind == RECOMMEND_LEAK)
		line_add(l, "; no limit is large enough for a leak");
	else if (a->kind == RECOMMEND_FITS)
		line_add(l, "; its limit fits what was seen before");
	else if (a->kind == RECOMMEND_TOO_LITTLE && r->incident.cgroup_id)
		line_add(l, "; too little was seen of it to suggest a limit");
	line_add(l, ".");
}

int summary_build(const struct context *s)
{
	struct report *r = s->report;
	char text[REPORT_SUMMARY][TEXT];
	struct line l = line_in(text[0], TEXT);

	what_happened(r, &l);
	l = line_in(text[1], TEXT);
	predicted(r, &l);
	done(r, &l);
	l = line_in(text[2], TEXT);
	behind(r, &l);
	for (size_t i = 0; i < REPORT_SUMMARY; i++) {
		r->summary[i] = report_keep(r, "%s", text[i]);
		if (!r->summary[i])
			return -ENOMEM;
	}
	r->headline = report_keep(r, "%s: %s", r->incident.name, r->incident.title);
	return r->headline ? 0 : -ENOMEM;
}
