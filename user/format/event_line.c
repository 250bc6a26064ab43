// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Events in sentences: one function per type, in a table. Never allocates; says nothing that
 * the record does not hold. */
#include "event_line.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/strbuf.h"
#include "base/utf8_clean.h"
#include "base/human_units.h"
#include "forecast/reason_text.h"
#include "display_name.h"
#include "explain_action.h"
#include "enum_text.h"

#define LABEL 320

static void add_task(struct line *line, const char comm[16], uint32_t pid)
{
	char clean[80];

	line_add(line, "%s[%u]", text_clean(comm, 16, clean, sizeof(clean)), pid);
}

static void add_limit(struct line *line, const struct hr_event_oom_kill *oom)
{
	const char *cgroup = hr_event_text(&oom->event, oom->limit_cgroup);
	char clean[LABEL];

	if (oom->level == HR_LEVEL_OWN) {
		line_add(line, " at its own limit");
		line_add_bytes(line, " of ", oom->limit_max, "");
	} else if (oom->level == HR_LEVEL_ANCESTOR) {
		line_add(line, " at the limit");
		line_add_bytes(line, " of ", oom->limit_max, "");
		line_add(line, " of %s above it",
			 text_clean(cgroup ? cgroup : "a cgroup", SIZE_MAX, clean, sizeof(clean)));
	} else if (oom->level == HR_LEVEL_HOST) {
		line_add(line, " because the host ran out of memory");
	}
	if (oom->flags & HR_OOM_SYSRQ)
		line_add(line, " (asked for by SysRq)");
	if (oom->flags & HR_OOM_GROUP)
		line_add(line, ", with its whole group");
}

static void add_parts(struct line *line, const struct hr_oom_process *victim)
{
	const struct {
		const char *word;
		uint64_t bytes;
	} part[] = {{"anon", victim->anon},
		    {"file", victim->file},
		    {"shmem", victim->shmem},
		    {"swap", victim->swap},
		    {"page tables", victim->pgtables}};
	const char *before = "; ";
	char text[UNITS_TEXT];

	for (size_t i = 0; i < ARRAY_SIZE(part); i++) {
		if (!part[i].bytes || part[i].bytes == HR_UNKNOWN)
			continue;
		line_add(line, "%s%s %s", before, units_bytes(part[i].bytes, text), part[i].word);
		before = ", ";
	}
}

static void describe_oom_kill(struct line *line, const struct hr_event *event)
{
	const struct hr_event_oom_kill *oom = (const void *)event;
	struct record_text from = record_text_event(event);
	char label[LABEL];

	if (oom->victim.pid)
		add_task(line, oom->victim.comm, oom->victim.pid);
	else
		line_add(line, "a process");
	line_add(line, " killed");
	add_limit(line, oom);
	add_parts(line, &oom->victim);
	if (oom->flags & HR_OOM_COUNTED)
		line_add(line, "; only its counter rose, who was killed is not known");
	if (oom->trigger.pid) {
		line_add(line, "; triggered by ");
		add_task(line, oom->trigger.comm, oom->trigger.pid);
		if (oom->trigger.cgroup_id != oom->victim.cgroup_id) {
			identity_label(&from, &oom->trigger.id, oom->trigger.cgroup_id, label,
				       sizeof(label));
			line_add(line, " in %s", label);
		}
	}
	line_add_ms(line, "; warned ", oom->warned_before_ms, " before");
}

static void add_forecast(struct line *line, const struct hr_event_forecast *o)
{
	char text[UNITS_TEXT];

	if (o->forecast.risk_centi != UINT16_MAX)
		line_add(line, "; risk %u", o->forecast.risk_centi / 100u);
	line_add_ms(line, "; OOM in ", o->forecast.oom_in_p50_ms, "");
	line_add_bytes(line, "; headroom ", o->headroom, "");
	if (!o->forecast.reason[0].kind && o->forecast.drift_bytes_per_second != HR_UNKNOWN_I64 &&
	    o->forecast.drift_bytes_per_second)
		line_add(line, ", %s", units_rate(o->forecast.drift_bytes_per_second, text));
	for (size_t i = 0; i < HR_REASONS && o->forecast.reason[i].kind; i++) {
		char reason[REASON_TEXT];

		line_add(line, "; %s", reason_text(&o->forecast.reason[i], reason));
	}
}

static const char *or_unknown(const char *word) { return word ? word : "unknown"; }

static void describe_risk(struct line *line, const struct hr_event *event)
{
	const struct hr_event_forecast *o = (const void *)event;

	line_add(line, "alarm %s, was %s", or_unknown(alarm_word(o->to)),
		 or_unknown(alarm_word(o->from)));
	add_forecast(line, o);
}

static void describe_leak(struct line *line, const struct hr_event *event)
{
	const struct hr_event_forecast *o = (const void *)event;
	int64_t rate = o->forecast.leak_bytes_per_hour;
	char text[UNITS_TEXT];

	line_add(line, "leak %s, was %s", or_unknown(forecast_leak_state_name(o->to)),
		 or_unknown(forecast_leak_state_name(o->from)));
	if (rate != HR_UNKNOWN_I64 && rate > 0)
		line_add(line, "; %s an hour", units_bytes((uint64_t)rate, text));
	add_forecast(line, o);
}

static void describe_outcome(struct line *line, const struct hr_event *event)
{
	const struct hr_event_outcome *o = (const void *)event;

	line_add(line, "of event %llu", (unsigned long long)o->ref);
	line_add_bytes(line, ": ", o->freed, " freed");
	line_add_ms(line, " after ", o->freed_after_ms, "");
	if (o->averted != HR_UNKNOWN_U32)
		line_add(line, "; kernel OOM %s", o->averted ? "averted" : "not averted");
	line_add_ms(line, "; restarted after ", o->restarted_after_ms, "");
	if (outcome_is_empty(o))
		line_add(line, ": what it brought is not known");
}

static void describe_action(struct line *line, const struct hr_event *event)
{
	char text[ACTION_TEXT];

	line_add(line, "%s", action_text((const void *)event, text));
}

static void describe_pressure(struct line *line, const struct hr_event *event)
{
	static const char *const words[] = {
		"tasks stall for memory",
		"no longer stalls",
		"hangs at its limit: its OOM killer is switched off",
		"no longer hangs at its limit",
	};
	const struct hr_event_pressure *p = (const void *)event;

	line_add(line, "%s", p->what < ARRAY_SIZE(words) ? words[p->what] : "pressure");
	if (p->pressure.some_avg10_centi != HR_UNKNOWN_U32)
		line_add(line, "; some %u%%", p->pressure.some_avg10_centi / 100);
	if (p->pressure.full_avg10_centi != HR_UNKNOWN_U32)
		line_add(line, ", full %u%%", p->pressure.full_avg10_centi / 100);
	line_add_bytes(line, "; uses ", p->usage, "");
	line_add_bytes(line, " of ", p->limit, "");
}

static void describe_container(struct line *line, const struct hr_event *event)
{
	const struct hr_event_container *c = (const void *)event;

	line_add(line, "%s", or_unknown(container_what_word(c->what)));
	line_add_ms(line, " after ", c->uptime_ms, "");
	line_add_bytes(line, ", peak ", c->peak, "");
	if (c->restarts && c->restarts != HR_UNKNOWN_U32)
		line_add(line, ", %u restart%s", c->restarts, c->restarts == 1 ? "" : "s");
	if (c->oom_kills_total && c->oom_kills_total != HR_UNKNOWN)
		line_add(line, ", %llu OOM kill%s", (unsigned long long)c->oom_kills_total,
			 c->oom_kills_total == 1 ? "" : "s");
}

static void describe_daemon(struct line *line, const struct hr_event *event)
{
	static const char *const words[HR_DAEMON_WHAT_COUNT] = {
		"started",
		"stopping",
		"took over the board",
		"configuration loaded",
		"configuration refused",
		"out of room",
		"a source fell back",
		"records lost",
		"resolver",
		"a policy's command",
		"asked at the socket",
		"taken back",
	};
	const struct hr_event_daemon *g = (const void *)event;
	const char *said = hr_event_text(event, g->text);
	char clean[512];

	line_add(line, "%s",
		 g->what < HR_DAEMON_WHAT_COUNT && words[g->what] ? words[g->what] : "guard");
	if (said)
		line_add(line, ": %s", text_clean(said, SIZE_MAX, clean, sizeof(clean)));
	if (g->count && g->count != HR_UNKNOWN)
		line_add(line, " (%llu)", (unsigned long long)g->count);
}

static void describe_oom_score_adj(struct line *line, const struct hr_event *event)
{
	const struct hr_event_oom_score_adj *a = (const void *)event;

	add_task(line, a->comm, a->pid);
	line_add(line, " has oom_score_adj %d now", a->oom_score_adj);
}

static const struct {
	void (*describe)(struct line *line, const struct hr_event *event);
	size_t least_bytes;
} tellers[HR_EVENT_COUNT] = {
	[HR_EVENT_OOM_KILL] = {describe_oom_kill, sizeof(struct hr_event_oom_kill)},
	[HR_EVENT_RISK] = {describe_risk, sizeof(struct hr_event_forecast)},
	[HR_EVENT_LEAK] = {describe_leak, sizeof(struct hr_event_forecast)},
	[HR_EVENT_ACTION] = {describe_action, sizeof(struct hr_event_action)},
	[HR_EVENT_OUTCOME] = {describe_outcome, sizeof(struct hr_event_outcome)},
	[HR_EVENT_PRESSURE] = {describe_pressure, sizeof(struct hr_event_pressure)},
	[HR_EVENT_CONTAINER] = {describe_container, sizeof(struct hr_event_container)},
	[HR_EVENT_DAEMON] = {describe_daemon, sizeof(struct hr_event_daemon)},
	[HR_EVENT_OOM_SCORE_ADJ] = {describe_oom_score_adj, sizeof(struct hr_event_oom_score_adj)},
};

static void add_time(struct line *line, uint64_t wall_ns, uint64_t now_ns)
{
	time_t s = (time_t)(wall_ns / NS_PER_SEC), now = (time_t)(now_ns / NS_PER_SEC);
	struct tm then, today;
	char text[32];

	localtime_r(&s, &then);
	localtime_r(&now, &today);
	if (then.tm_yday == today.tm_yday && then.tm_year == today.tm_year)
		strftime(text, sizeof(text), "%H:%M:%S", &then);
	else
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &then);
	line_add(line, "%s", text);
}

static void describe(struct line *line, const struct hr_event *event)
{
	if (event->type < HR_EVENT_COUNT && tellers[event->type].describe &&
	    event->bytes >= tellers[event->type].least_bytes)
		tellers[event->type].describe(line, event);
	else
		line_add(line, "event %llu, which this version has no words for",
			 (unsigned long long)event->seq);
}

const char *event_line(const struct hr_event *event, uint64_t now_ns, char text[EVENT_LINE_TEXT])
{
	const char *type = hr_event_type_name(event->type);
	struct record_text from = record_text_event(event);
	struct line line = {text, EVENT_LINE_TEXT, 0};
	char label[LABEL];

	text[0] = 0;
	add_time(&line, event->time_ns, now_ns);
	line_add(&line, " %-9s ", type ? type : "unknown");
	if (event->type != HR_EVENT_DAEMON) {
		identity_label(&from, &event->id, event->cgroup_id, label, sizeof(label));
		line_add(&line, "%s: ", label);
	}
	describe(&line, event);
	return text;
}

const char *event_emitted(const struct hr_event *event, char text[EVENT_LINE_TEXT])
{
	struct line line = {text, EVENT_LINE_TEXT, 0};

	text[0] = 0;
	describe(&line, event);
	return text;
}
