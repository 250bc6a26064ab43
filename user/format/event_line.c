// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Events as lines: one function per type, in a table. Never allocates; says nothing that the record does not hold. */
#include "event_line.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/human_units.h"
#include "base/utf8_clean.h"
#include "forecast/reason_text.h"
#include "action_text.h"
#include "display_name.h"
#include "enum_text.h"
#include "map_text.h"
#include "phrase.h"

#define LABEL 320

static void add_oom_kill(struct line *line, const struct hr_event *event)
{
	const struct hr_event_oom_kill *oom = (const void *)event;
	struct memory_parts parts = memory_parts_of_process(&oom->victim);

	phrase_oom_kill(line, oom, 1);
	phrase_memory(line, "; ", &parts);
	if (oom->flags & HR_OOM_COUNTED)
		line_add(line, "; victim unknown (counter only)");
	if (oom->trigger.pid) {
		line_add(line, "; triggered by ");
		phrase_oom_trigger(line, oom);
	}
	if (oom->reflex != HR_REFLEX_NONE) {
		line_add(line, "; ");
		phrase_reflex(line, oom);
	}
	if (oom->warned_before_ms != HR_UNKNOWN) {
		line_add(line, "; ");
		phrase_kill_warned(line, oom);
	}
	if (oom->policy.at) {
		line_add(line, "; ");
		phrase_not_acted(line, oom);
	}
}

static void add_forecast(struct line *line, const struct hr_event_forecast *o)
{
	line_add(line, "; ");
	phrase_risk(line, o->forecast.risk_centi);
	line_add(line, "; ");
	phrase_oom_in(line, &o->forecast);
	line_add_bytes(line, "; headroom ", o->headroom, "");
	line_add(line, "; ");
	if (o->forecast.reason[0].kind)
		phrase_reasons(line, &o->forecast);
	else
		phrase_trend(line, o->forecast.drift_bytes_per_second);
}

static void add_risk(struct line *line, const struct hr_event *event)
{
	const struct hr_event_forecast *o = (const void *)event;

	line_add(line, "alarm %s (was %s)", or_unknown(alarm_word(o->to)),
		 or_unknown(alarm_word(o->from)));
	add_forecast(line, o);
}

static void add_leak(struct line *line, const struct hr_event *event)
{
	const struct hr_event_forecast *o = (const void *)event;
	struct hr_forecast forecast = o->forecast;

	forecast.leak = (uint8_t)o->to;
	phrase_leak(line, &forecast);
	line_add(line, " (was %s)", or_unknown(forecast_leak_state_name(o->from)));
	add_forecast(line, o);
}

static void add_outcome(struct line *line, const struct hr_event *event)
{
	const struct hr_event_outcome *o = (const void *)event;

	phrase_outcome(line, o);
	line_add(line, " (event %llu)", (unsigned long long)o->ref);
}

static void add_action(struct line *line, const struct hr_event *event)
{
	char text[ACTION_TEXT];

	line_add(line, "%s", action_text((const void *)event, text));
}

static void add_pressure(struct line *line, const struct hr_event *event)
{
	static const char *const words[] = {"stalling", "no longer stalling", OOM_DISABLED,
					    "no longer blocked at its limit"};
	const struct hr_event_pressure *p = (const void *)event;

	line_add(line, "%s", p->what < ARRAY_SIZE(words) ? words[p->what] : "pressure");
	if (p->pressure.some_avg10_centi != HR_UNKNOWN_U32) {
		line_add(line, "; ");
		phrase_pressure(line, &p->pressure);
	}
	line_add_bytes(line, "; usage ", p->usage, "");
	line_add_bytes(line, " of ", p->limit, "");
}

static void add_container(struct line *line, const struct hr_event *event)
{
	const struct hr_event_container *c = (const void *)event;
	const char *former = hr_event_text(event, c->former_name);
	char clean[512];

	line_add(line, "%s", or_unknown(container_what_word(c->what)));
	if (former)
		line_add(line, " from %s", text_clean(former, SIZE_MAX, clean, sizeof(clean)));
	line_add_ms(line, " after ", c->uptime_ms, "");
	line_add_bytes(line, ", peak ", c->peak, "");
	if (c->restarts && c->restarts != HR_UNKNOWN_U32)
		line_add(line, ", %u restart%s", c->restarts, plural_s(c->restarts));
	if (c->oom_kills_total && c->oom_kills_total != HR_UNKNOWN)
		line_add(line, ", %llu OOM kill%s", (unsigned long long)c->oom_kills_total,
			 plural_s(c->oom_kills_total));
}

static void add_daemon(struct line *line, const struct hr_event *event)
{
	static const char *const words[HR_DAEMON_WHAT_COUNT] = {
		"started",
		"stopping",
		"took over the board",
		"configuration loaded",
		"configuration refused",
		"capacity reached",
		"source fell back",
		"records lost",
		"resolver",
		"policy command",
		"control request",
		"restored",
		"source recovered",
		"paused",
		"resumed",
	};
	const struct hr_event_daemon *g = (const void *)event;
	const char *said = hr_event_text(event, g->text);
	char clean[512];

	line_add(line, "%s",
		 g->what < HR_DAEMON_WHAT_COUNT && words[g->what] ? words[g->what] : "daemon");
	if (said)
		line_add(line, ": %s", text_clean(said, SIZE_MAX, clean, sizeof(clean)));
	if (g->count && g->count != HR_UNKNOWN)
		line_add(line, " (%llu)", (unsigned long long)g->count);
}

static void add_oom_score_adj(struct line *line, const struct hr_event *event)
{
	const struct hr_event_oom_score_adj *a = (const void *)event;

	phrase_process(line, a->comm, a->pid);
	line_add(line, " set oom_score_adj to %d", a->oom_score_adj);
}

static void add_memory_map(struct line *line, const struct hr_event *event)
{
	phrase_map(line, (const void *)event);
}

static const struct {
	void (*add)(struct line *line, const struct hr_event *event);
	size_t least_bytes;
} types[HR_EVENT_COUNT] = {
	[HR_EVENT_OOM_KILL] = {add_oom_kill, sizeof(struct hr_event_oom_kill)},
	[HR_EVENT_RISK] = {add_risk, sizeof(struct hr_event_forecast)},
	[HR_EVENT_LEAK] = {add_leak, sizeof(struct hr_event_forecast)},
	[HR_EVENT_ACTION] = {add_action, sizeof(struct hr_event_action)},
	[HR_EVENT_OUTCOME] = {add_outcome, sizeof(struct hr_event_outcome)},
	[HR_EVENT_PRESSURE] = {add_pressure, sizeof(struct hr_event_pressure)},
	[HR_EVENT_CONTAINER] = {add_container, sizeof(struct hr_event_container)},
	[HR_EVENT_DAEMON] = {add_daemon, sizeof(struct hr_event_daemon)},
	[HR_EVENT_OOM_SCORE_ADJ] = {add_oom_score_adj, sizeof(struct hr_event_oom_score_adj)},
	[HR_EVENT_MEMORY_MAP] = {add_memory_map, sizeof(struct hr_event_memory_map)},
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

static void add_text(struct line *line, const struct hr_event *event)
{
	if (event->type < HR_EVENT_COUNT && types[event->type].add &&
	    event->bytes >= types[event->type].least_bytes)
		types[event->type].add(line, event);
	else
		line_add(line, "unknown record (event %llu)", (unsigned long long)event->seq);
}

static void add_label(struct line *line, const struct hr_event *event)
{
	struct record_text from = record_text_event(event);
	char label[LABEL];

	if (event->type == HR_EVENT_DAEMON)
		return;
	identity_label(&from, &event->id, event->cgroup_id, label, sizeof(label));
	line_add(line, "%s: ", label);
}

const char *event_line(const struct hr_event *event, uint64_t now_ns, char text[EVENT_LINE_TEXT])
{
	const char *type = hr_event_type_name(event->type);
	struct line line = {text, EVENT_LINE_TEXT, 0};

	text[0] = 0;
	add_time(&line, event->time_ns, now_ns);
	line_add(&line, " %-9s ", type ? type : "unknown");
	add_label(&line, event);
	add_text(&line, event);
	return text;
}

const char *event_message(const struct hr_event *event, char text[EVENT_LINE_TEXT])
{
	const char *type = hr_event_type_name(event->type);
	struct line line = {text, EVENT_LINE_TEXT, 0};

	text[0] = 0;
	line_add(&line, "%s ", type ? type : "unknown");
	add_label(&line, event);
	add_text(&line, event);
	return text;
}

const char *event_text(const struct hr_event *event, char text[EVENT_LINE_TEXT])
{
	struct line line = {text, EVENT_LINE_TEXT, 0};

	text[0] = 0;
	add_text(&line, event);
	return text;
}
