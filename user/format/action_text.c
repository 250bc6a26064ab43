// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* An action's record in words. Says only what the record holds. */
#include "action_text.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <headroom/reader.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/human_units.h"
#include "base/utf8_clean.h"
#include "forecast/reason_text.h"
#include "enum_text.h"
#include "phrase.h"

#define LABEL 320

const char *action_past_tense(unsigned int kind)
{
	static const char *const past[HR_ACTION_COUNT] = {
		[HR_ACTION_NOTIFY] = "reported",
		[HR_ACTION_RECLAIM] = "reclaimed from",
		[HR_ACTION_THROTTLE] = "throttled",
		[HR_ACTION_TERM] = "terminated",
		[HR_ACTION_KILL] = "killed",
		[HR_ACTION_REFLEX] = "killed by the reflex",
		[HR_ACTION_ON_EXIT] = "followed up by a command",
		[HR_ACTION_RESIZE] = "given a higher limit",
	};

	return kind < HR_ACTION_COUNT ? past[kind] : NULL;
}

/* A threshold of 0: the record was written without that field. */
static bool is_over(uint64_t value, uint64_t threshold)
{
	return value != HR_UNKNOWN && threshold && threshold != HR_UNKNOWN && value >= threshold;
}

/* Between two parts of a sentence: what is not known is no part. */
static const char *separator(const struct line *to) { return to->used ? "; " : ""; }

static void add_usage(struct line *to, const struct hr_inputs *e)
{
	bool over = is_over(e->usage, e->threshold),
	     used_over = is_over(e->unreclaimable, e->used_threshold);

	line_add_bytes(to, "usage ", e->usage, "");
	if (over)
		line_add_bytes(to, ", above ", e->threshold, "");
	else if (e->usage != HR_UNKNOWN)
		line_add_bytes(to, " of ", e->limit, "");
	if (e->usage == HR_UNKNOWN)
		line_add_bytes(to, "RSS ", e->rss, "");
	if (used_over) {
		line_add(to, "%s", separator(to));
		line_add_bytes(to, "non-reclaimable ", e->unreclaimable, "");
		line_add_bytes(to, ", above ", e->used_threshold, "");
	}
	if (e->held_ms && e->held_ms != HR_UNKNOWN)
		line_add_ms(to,
			    over || used_over ? " for "
			    : to->used        ? "; condition held for "
					      : "condition held for ",
			    e->held_ms, "");
}

const char *inputs_text(const struct hr_inputs *e, char *text, size_t bytes)
{
	struct line to = line_in(text, bytes);

	add_usage(&to, e);
	if (e->oom_in_p50_ms != HR_UNKNOWN) {
		line_add(&to, "%s", separator(&to));
		phrase_oom_in_ms(&to, HR_UNKNOWN, e->oom_in_p50_ms, HR_UNKNOWN);
	}
	if (e->risk_centi != UINT16_MAX && e->risk_centi) {
		line_add(&to, "%s", separator(&to));
		phrase_risk(&to, e->risk_centi);
	}
	if (e->leak)
		line_add(&to, "%sleak %s", separator(&to),
			 or_unknown(forecast_leak_state_name(e->leak)));
	if (e->growth_bytes_per_second != HR_UNKNOWN_I64 && e->growth_bytes_per_second) {
		line_add(&to, "%s", separator(&to));
		phrase_trend(&to, e->growth_bytes_per_second);
	}
	if (e->full_avg10_centi != HR_UNKNOWN_U32 && e->full_avg10_centi >= 100)
		line_add(&to, "%sstalls %u%%", separator(&to), e->full_avg10_centi / 100);
	/* Host memory only where it is the limit that is reached first, or is short itself. */
	if (e->host_available != HR_UNKNOWN && e->host_total != HR_UNKNOWN &&
	    (e->level >= HR_LEVEL_HOST || e->host_available < e->host_total / 5)) {
		line_add(&to, "%s", separator(&to));
		line_add_bytes(&to, "host available ", e->host_available, "");
		line_add_bytes(&to, " of ", e->host_total, "");
	}
	return text;
}

static const char *skipped_name(const struct hr_event_action *a, const struct hr_skipped *p,
				char *out, size_t bytes)
{
	const char *name = hr_event_text(&a->event, p->name);

	if (name)
		return text_clean(name, SIZE_MAX, out, bytes);
	if (p->pid)
		snprintf(out, bytes, "process %u", p->pid);
	else
		snprintf(out, bytes, "cgroup %llu", (unsigned long long)p->cgroup_id);
	return out;
}

void phrase_skipped(struct line *to, const struct hr_event_action *a)
{
	char name[LABEL], rate[UNITS_TEXT];

	for (uint32_t i = 0; i < a->skipped_count && i < HR_SKIPPED; i++) {
		const struct hr_skipped *p = &a->skipped[i];

		line_add(to, "%s%s (%s", i ? ", " : "", skipped_name(a, p, name, sizeof(name)),
			 or_unknown(hr_skip_reason_name(p->reason)));
		line_add_bytes(to, ", usage ", p->usage, "");
		if (p->drift_bytes_per_second != HR_UNKNOWN_I64 && p->drift_bytes_per_second)
			line_add(to, ", %s", units_rate(p->drift_bytes_per_second, rate));
		line_add(to, ")");
	}
}

void phrase_action(struct line *to, const struct hr_event_action *a)
{
	line_add(to, "%s", or_unknown(hr_action_kind_name(a->kind)));
	if (a->signal > 0 && a->kind == HR_ACTION_TERM && a->signal != SIGTERM)
		line_add(to, " with signal %d", a->signal);
	if (a->kind == HR_ACTION_RECLAIM)
		line_add_bytes(to, " of ", a->size, "");
	if (a->kind == HR_ACTION_THROTTLE)
		line_add_bytes(to, " at ", a->size, "");
	if (a->kind == HR_ACTION_RESIZE)
		line_add_bytes(to, " to ", a->size, "");
	if (!a->whole && a->pid) {
		line_add(to, " of ");
		phrase_process(to, a->comm, a->pid);
	}
}

void phrase_requester(struct line *to, const struct hr_event_action *a)
{
	const char *policy = hr_event_text(&a->event, a->policy);
	char clean[LABEL];

	if (policy && *policy)
		line_add(to, "policy %s, step %u/%u",
			 text_clean(policy, SIZE_MAX, clean, sizeof(clean)), a->step, a->steps);
	else if (a->by_uid != HR_UNKNOWN_U32)
		line_add(to, "manual, uid %u", a->by_uid);
	else
		line_add(to, "manual");
}

static const char *status_word(const struct hr_event_action *a)
{
	static const char *const words[HR_STATUS_COUNT] = {
		[HR_STATUS_DONE] = "done",       [HR_STATUS_DRY_RUN] = "dry run",
		[HR_STATUS_FAILED] = "failed",   [HR_STATUS_SKIPPED] = "skipped",
		[HR_STATUS_REFUSED] = "refused",
	};

	return a->status < HR_STATUS_COUNT ? words[a->status] : "unknown";
}

/* Why it failed, and the daemon's own note. */
static void add_cause(struct line *to, const char *before, const struct hr_event_action *a)
{
	const char *detail = hr_event_text(&a->event, a->detail);
	char clean[LABEL];

	if (a->error)
		line_add(to, "%s%s", before,
			 strerrordesc_np(a->error) ? strerrordesc_np(a->error) : "unknown error");
	if (detail)
		line_add(to, "%s%s", a->error ? "; " : before,
			 text_clean(detail, SIZE_MAX, clean, sizeof(clean)));
}

void phrase_result(struct line *to, const struct hr_event_action *a)
{
	bool done = a->status == HR_STATUS_DONE;

	line_add(to, "%s", status_word(a));
	if (a->status == HR_STATUS_DRY_RUN)
		line_add(to, ": logged only");
	if (done && a->took_ns && a->took_ns != HR_UNKNOWN)
		line_add_ms(to, " in ", (a->took_ns + NS_PER_MS - 1) / NS_PER_MS, "");
	if (done && a->processes)
		line_add(to, "; %u process%s signalled", a->processes,
			 a->processes == 1 ? "" : "es");
	add_cause(to, done ? "; " : ": ", a);
	if (done)
		line_add_bytes(to, "; freed ", a->freed, " by then");
}

const char *action_text(const struct hr_event_action *a, char text[ACTION_TEXT])
{
	struct line to = line_in(text, ACTION_TEXT);
	char inputs[512];

	if (a->status != HR_STATUS_DONE)
		line_add(&to, "%s: ", status_word(a));
	phrase_action(&to, a);
	line_add(&to, " (");
	phrase_requester(&to, a);
	line_add(&to, ")");
	if (*inputs_text(&a->inputs, inputs, sizeof(inputs)))
		line_add(&to, ": %s", inputs);
	add_cause(&to, "; ", a);
	if (a->status == HR_STATUS_DONE && a->freed)
		line_add_bytes(&to, "; freed ", a->freed, "");
	if (a->skipped_count)
		line_add(&to, "; skipped: ");
	phrase_skipped(&to, a);
	return text;
}
