// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* A container explained: use, limit, forecast and its factors, processes, next action. What is unknown is left out or said
 * to be unknown. Never allocates. */
#include "explain.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/human_units.h"
#include "base/utf8_clean.h"
#include "forecast/forecast.h"
#include "alert_text.h"
#include "display_name.h"
#include "enum_text.h"
#include "event_line.h"
#include "explain_line.h"
#include "incident.h"
#include "map_text.h"
#include "outlived.h"
#include "phrase.h"
#include "score_text.h"
#include "snapshot.h"

#define STALL_WORTH 100 /* hundredths of a per cent of the last 10 s */

struct line *explain_line(struct explanation *s, enum style style)
{
	size_t used = s->n ? (size_t)(s->last.text - s->text) + s->last.used + 1 : 0;

	if (s->n == EXPLANATION_LINES || used + 1 >= EXPLANATION_TEXT)
		return &s->last;
	s->last = line_in(s->text + used, EXPLANATION_TEXT - used);
	s->line[s->n].style = style;
	s->line[s->n++].text = s->last.text;
	return &s->last;
}

static void add_identity(struct explanation *s, const struct hr_slot *slot, uint64_t now_ns)
{
	struct record_text from = record_text_slot(slot);
	char label[640], clean[512];
	const char *cgroup = hr_slot_text(slot, slot->id.cgroup);
	struct line *l = explain_line(s, STYLE_BOLD);

	identity_label(&from, &slot->id, slot->cgroup_id, label, sizeof(label));
	line_add(l, "%s, ", label);
	phrase_age(l, slot, now_ns);
	if (slot_gone(slot))
		line_add(l, "; last state:");
	if (cgroup)
		line_add(explain_line(s, STYLE_DIM), "cgroup %s",
			 text_clean(cgroup, SIZE_MAX, clean, sizeof(clean)));
}

/* What kernel memory is of, where it is a good part. */
static void add_kernel(struct explanation *s, const struct hr_memory *m)
{
	char text[256];
	struct line l = line_in(text, sizeof(text));

	if (m->usage != HR_UNKNOWN && m->kernel >= m->usage / 8 &&
	    phrase_kernel_kinds(&l, "Kernel memory: ", m))
		line_add(explain_line(s, STYLE_PLAIN), "%s.", text);
}

static void add_usage(struct explanation *s, const struct hr_slot *slot)
{
	const struct hr_memory *m = &slot->memory;
	struct memory_parts parts = memory_parts_of(m);
	struct line *l = explain_line(s, STYLE_PLAIN);

	if (m->usage == HR_UNKNOWN) {
		line_add(l, "Usage unknown.");
	} else {
		line_add_bytes(l, "Usage ", m->usage, "");
		line_add_bytes(l, ", non-reclaimable ", m->unreclaimable, "");
		phrase_memory(l, ": ", &parts);
		line_add(l, ".");
	}
	add_kernel(s, m);
	l = explain_line(s, STYLE_PLAIN);
	if (!slot->process[0].pid) {
		line_add(l, "Processes unknown.");
		return;
	}
	line_add(l, "Largest processes: ");
	phrase_processes(l, slot->process, HR_PROCESSES);
	line_add(l, ".");
}

static void add_headroom(struct explanation *s, const struct hr_slot *slot)
{
	struct line *l = explain_line(s, STYLE_PLAIN);

	line_add(l, "Limited by: ");
	phrase_headroom(l, slot);
	line_add(l, ".");
}

static void add_factors(struct explanation *s, const struct hr_forecast *o)
{
	char text[REASON_TEXT], clean[REASON_TEXT];

	for (size_t i = 0; i < HR_REASONS && o->reason[i].kind; i++) {
		int weight = o->reason[i].weight_centi;
		int tenths = ((weight < 0 ? -weight : weight) + 5) / 10;

		reason_text(&o->reason[i], text);
		line_add(explain_line(s, STYLE_PLAIN), "  %s%d.%d %s",
			 !tenths      ? " "
			 : weight < 0 ? "-"
				      : "+",
			 tenths / 10, tenths % 10,
			 text_clean(text, sizeof(text), clean, sizeof(clean)));
	}
}

static void add_risk(struct explanation *s, const struct hr_forecast *o)
{
	struct line *l = explain_line(s, alarm_style(o->alarm));

	if (o->risk_centi == UINT16_MAX) {
		line_add(l, "Risk unknown.");
		return;
	}
	line_add(l, "OOM or stall within 15 minutes: ");
	phrase_risk(l, o->risk_centi);
	line_add(l, " of 100");
	if (o->confidence_milli)
		line_add(l, ", confidence %u%%", (o->confidence_milli + 5u) / 10u);
	if (o->alarm)
		line_add(l, ", alarm %s", or_unknown(alarm_word(o->alarm)));
	line_add(l, o->reason[0].kind ? ". Factors:" : ".");
	add_factors(s, o);
}

void explain_forecast(struct explanation *s, const struct hr_forecast *o)
{
	struct line *l = explain_line(s, STYLE_PLAIN);

	line_add(l, "Forecast: ");
	phrase_oom_in(l, o);
	if (o->oom_in_p50_ms != HR_UNKNOWN && forecast_is_low(o))
		line_add(l, ", low risk");
	/* A sawtooth between two peaks, or a limit above that others fill. */
	line_add(l, o->oom_in_p50_ms != HR_UNKNOWN && o->drift_bytes_per_second < 0 &&
				    o->drift_bytes_per_second != HR_UNKNOWN_I64
			    ? ", although it shrinks now; "
			    : "; ");
	phrase_trend(l, o->drift_bytes_per_second);
	line_add(l, ".");
	add_risk(s, o);
}

static void add_leak(struct explanation *s, const struct hr_forecast *o)
{
	struct line *l = explain_line(s, hr_leak_grows(o->leak) ? STYLE_WARN : STYLE_PLAIN);

	line_add(l, "Leak detection: ");
	phrase_leak(l, o);
	line_add(l, ".");
}

void explain_pressure(struct explanation *s, const struct hr_pressure *pressure)
{
	struct line *l;

	if (pressure->some_avg10_centi == HR_UNKNOWN_U32 ||
	    pressure->some_avg10_centi < STALL_WORTH)
		return;
	l = explain_line(s, STYLE_PLAIN);
	line_add(l, "Pressure: ");
	phrase_pressure(l, pressure);
	line_add(l, ".");
}

static void add_next(struct explanation *s, const struct hr_slot *slot, const struct hr_host *host)
{
	struct line *l = explain_line(s, STYLE_PLAIN);

	line_add(l, "Policy: ");
	phrase_next(l, slot, host->mode);
	line_add(l, ".");
}

/* How many of this container's own forecast intervals held; the rest of the score is the host's. */
static void add_intervals(struct explanation *s, const struct hr_slot *slot)
{
	if (slot->intervals)
		line_add(explain_line(s, STYLE_PLAIN), "Its 80%% intervals: %u of %u held.",
			 slot->intervals_covered, slot->intervals);
}

void explain_container(struct explanation *s, const struct hr_slot *slot,
		       const struct hr_host *host, uint64_t now_ns)
{
	bool gone = slot_gone(slot);

	add_identity(s, slot, now_ns);
	if (!gone) {
		explain_forecast(s, &slot->forecast);
		add_headroom(s, slot);
	}
	add_usage(s, slot);
	if (!gone) {
		add_leak(s, &slot->forecast);
		if (slot->flags & HR_SLOT_UNDER_OOM)
			line_add(explain_line(s, STYLE_BAD), "State: " OOM_DISABLED ".");
		if (slot->flags & HR_SLOT_PAUSED)
			line_add(explain_line(s, STYLE_WARN),
				 "State: paused (frozen): it keeps its memory until it is resumed "
				 "or killed; SIGTERM has no effect.");
		explain_pressure(s, &slot->pressure);
		add_next(s, slot, host);
	}
	add_intervals(s, slot);
}

uint64_t explain_outlived(struct explanation *s, const struct hr_slot *slot,
			  const struct hr_slot *slots, size_t n)
{
	struct outlived o = {.left = HR_UNKNOWN};

	for (size_t i = 0; i < n; i++)
		outlived_see(&o, slot->cgroup_id, &slots[i]);
	outlived_end(&o);
	if (!outlived_notable(o.left, slot->memory.limit))
		return 0;
	outlived_text(explain_line(s, STYLE_PLAIN), o.left, o.filler, o.filled);
	return o.left;
}

void explain_score(struct explanation *s, const struct hr_score *score)
{
	char text[SCORE_TEXT];

	if (*score_alarms_text(score, text))
		line_add(explain_line(s, STYLE_PLAIN), "Forecasts on this host so far: %s.", text);
	if (*score_times_text(score, text))
		line_add(explain_line(s, STYLE_PLAIN), "Their accuracy: %s.", text);
}

void explain_list(struct explanation *s, const struct hr_event *const *event, uint64_t now_ns)
{
	char text[EVENT_LINE_TEXT];

	for (; *event; event++)
		line_add(explain_line(s, STYLE_PLAIN), "  event %llu: %s",
			 (unsigned long long)(*event)->seq, event_line(*event, now_ns, text));
}

void explain_actions(struct explanation *s, const struct hr_event *const *action, uint64_t now_ns)
{
	if (!*action)
		return;
	line_add(explain_line(s, STYLE_PLAIN), "Last actions:");
	explain_list(s, action, now_ns);
}

void explain_map(struct explanation *s, const struct hr_event *map, uint64_t now_ns)
{
	const struct hr_event_memory_map *m = (const void *)map;
	char age[UNITS_TEXT];
	struct line *l;

	if (!map || map->bytes < sizeof(*m))
		return;
	l = explain_line(s, STYLE_PLAIN);
	line_add(l, "Memory map of ");
	phrase_process(l, m->comm, m->pid);
	line_add(l, ", %s ago: ",
		 units_age_ns(now_ns > map->time_ns ? now_ns - map->time_ns : 0, age));
	phrase_map_holds(l, m);
	line_add(l, ".");
	if (m->growth == HR_UNKNOWN_I64)
		return;
	l = explain_line(s, STYLE_PLAIN);
	line_add(l, "Growth before it: ");
	phrase_map_growth(l, m);
	line_add(l, ".");
}

/* When, which process, which limit, where to read on. */
static void last_kill(struct explanation *s, const struct hr_event *kill, bool older,
		      uint64_t now_ns)
{
	const struct hr_event_oom_kill *oom = (const void *)kill;
	char when[CLOCK_TEXT], age[UNITS_TEXT], id[INCIDENT_ID];
	struct line *l = explain_line(s, STYLE_PLAIN);

	line_add(l, "Last OOM kill: %s, %s ago", clock_format_local(kill->time_ns, when),
		 units_age_ns(now_ns > kill->time_ns ? now_ns - kill->time_ns : 0, age));
	if (kill->bytes >= sizeof(*oom)) {
		line_add(l, ", ");
		phrase_oom_kill(l, oom, 1);
	}
	incident_id(kill->time_ns, kill->seq, id);
	line_add(l, "; post-mortem: headroom report %s", older ? id : id + INCIDENT_STAMP + 1);
}

void explain_kills(struct explanation *s, const struct hr_slot *slot,
		   const struct hr_event *const *kill, bool older, uint64_t now_ns)
{
	size_t n = 0;

	while (kill[n])
		n++;
	if (!n || (slot->oom_kills_total && slot->oom_kills_total != HR_UNKNOWN)) {
		struct line *l = explain_line(s, STYLE_PLAIN);

		line_add(l, "History: ");
		phrase_kills(l, slot->oom_kills_total);
		line_add(l, ".");
	} /* else they were before this cgroup, or at a limit above: "none" would contradict the list */
	if (n)
		last_kill(s, kill[n - 1], older, now_ns);
	explain_list(s, kill, now_ns);
}
