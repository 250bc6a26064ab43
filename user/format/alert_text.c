// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The live screens' texts on risk. `explain` says more of the same (explain.c). Never allocates. */
#include "alert_text.h"
#include "display_name.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/human_units.h"
#include "base/utf8_clean.h"
#include "forecast/forecast.h"
#include "enum_text.h"
#include "phrase.h"
#include "table.h"

#define MOST_NAMED  8
#define LEARNING_NS (20 * NS_PER_SEC) /* of data, before a quiet host means something */
/* Risk in hundredths: from here on a screen marks it, as the colours of the risk do (columns.c) … */
#define NOTICE_CENTI 5000
#define ACT_CENTI    8000
#define NAME_WIDTH   44  /* of a name within a line */
#define ROOMY        130 /* columns from which on long names fit */

static unsigned int known_risk(const struct hr_forecast *o)
{
	return o->risk_centi == UINT16_MAX ? 0 : o->risk_centi;
}

/* An unknown risk, too, and whatever the alarm: not forecast_is_low(). */
static bool is_low(const struct hr_forecast *o) { return known_risk(o) < FORECAST_LOW_CENTI; }

static unsigned int level_of(const struct hr_forecast *o)
{
	unsigned int by_risk = known_risk(o) >= ACT_CENTI      ? HR_ALARM_ACT
			       : known_risk(o) >= NOTICE_CENTI ? HR_ALARM_NOTICE
							       : HR_ALARM_NONE;

	if (o->alarm == HR_ALARM_ACT && o->risk_centi < FORECAST_LOW_CENTI)
		return HR_ALARM_WARN;
	return o->alarm > by_risk ? o->alarm : by_risk;
}

unsigned int alert_alarm(const struct hr_slot *slot)
{
	if (slot_gone(slot))
		return HR_ALARM_NONE;
	return slot->flags & HR_SLOT_UNDER_OOM ? HR_ALARM_ACT : level_of(&slot->forecast);
}

enum style alarm_style(unsigned int alarm)
{
	return alarm >= HR_ALARM_ACT      ? STYLE_BAD
	       : alarm == HR_ALARM_WARN   ? STYLE_WARN
	       : alarm == HR_ALARM_NOTICE ? STYLE_ACCENT
					  : STYLE_PLAIN;
}

static bool is_calm(const struct hr_forecast *o)
{
	return level_of(o) == HR_ALARM_NONE && is_low(o);
}

/* ---- the whole host ---- */

/* A slice is not counted beside the containers it holds. */
static bool counts(const struct hr_slot *slot)
{
	return !slot_gone(slot) && slot->id.kind != HR_KIND_POD &&
	       slot->id.kind != HR_KIND_SANDBOX &&
	       (slot->id.kind != HR_KIND_GROUP || slot->flags & HR_SLOT_HAS_TASKS);
}

static bool is_worse(const struct hr_slot *a, const struct hr_slot *b)
{
	unsigned int of_a = alert_alarm(a), of_b = alert_alarm(b);

	if (of_a != of_b)
		return of_a > of_b;
	if (of_a && a->forecast.oom_in_p50_ms != b->forecast.oom_in_p50_ms)
		return a->forecast.oom_in_p50_ms < b->forecast.oom_in_p50_ms;
	if (known_risk(&a->forecast) != known_risk(&b->forecast))
		return known_risk(&a->forecast) > known_risk(&b->forecast);
	return a->cgroup_id < b->cgroup_id;
}

/* The worst first; returns how many are at risk. worst[0] is set whenever something counts. */
static size_t find_worst(const struct snapshot *s, const struct hr_slot *worst[MOST_NAMED + 1],
			 size_t *ret_found)
{
	size_t n = 0, found = 0;

	for (size_t i = 0; i < s->n_slots; i++) {
		const struct hr_slot *slot = &s->slots[i];
		size_t at = found;

		if (!counts(slot))
			continue;
		n += alert_alarm(slot) >= HR_ALARM_NOTICE;
		while (at && is_worse(slot, worst[at - 1])) {
			worst[at] = worst[at - 1];
			at--;
		}
		if (at < MOST_NAMED) {
			worst[at] = slot;
			found += found < MOST_NAMED;
		}
	}
	*ret_found = found;
	return n;
}

/* A pod's container by its own name; on a narrow screen a path by its end. */
static void name_of(const struct hr_slot *slot, size_t width, bool ascii, char text[CELL_TEXT])
{
	char whole[ROW_NAME], pod[ROW_NAME];
	struct record_text from = record_text_slot(slot);
	struct row row;

	row_make(&row, slot);
	if (identity_in_pod(&from, &slot->id, whole, pod, sizeof(pod))) {
		strcpy(row.name, whole);
		row.name_is_path = false;
	} else if (width < ROOMY && row.name_is_path) {
		strcpy(whole, path_tail(row.name));
		strcpy(row.name, whole);
	}
	table_cell(column_find("name"), &row, NAME_WIDTH, ascii, text);
}

/* In the headline: the state of one container after its name. */
static void add_state(struct line *line, const struct hr_slot *slot, bool alone)
{
	const struct hr_forecast *o = &slot->forecast;

	line_add(line, " ");
	if (slot->flags & HR_SLOT_UNDER_OOM) {
		line_add(line, "blocked at its limit");
	} else if (is_low(o) || o->oom_in_p50_ms == HR_UNKNOWN) {
		line_add(line, "%s", is_low(o) ? "recovering, " : "");
		phrase_risk(line, o->risk_centi);
	} else if (alone) {
		phrase_oom_in(line, o);
	} else {
		phrase_oom_in_ms(line, HR_UNKNOWN, o->oom_in_p50_ms, HR_UNKNOWN);
	}
}

/* As many as fit; the first in any case. */
static void add_at_risk(struct line *line, const struct hr_slot *const *worst, size_t n,
			size_t width, bool ascii)
{
	char name[CELL_TEXT], text[CELL_TEXT + 128];

	line_add(line, "%zu at risk: ", n);
	for (size_t i = 0; i < n; i++) {
		struct line one = line_in(text, sizeof(text));
		size_t more = i + 1 < n ? strlen(", and 99 more") : 0;

		if (i < MOST_NAMED) {
			name_of(worst[i], width, ascii, name);
			line_add(&one, "%s%s", i ? ", " : "", name);
			add_state(&one, worst[i], n == 1);
		}
		if (i &&
		    (i == MOST_NAMED || text_width(line->text) + text_width(text) + more > width)) {
			line_add(line, ", and %zu more", n - i);
			return;
		}
		line_add(line, "%s", text);
	}
}

/* The daemon needs some seconds of data before it can forecast. */
static enum style add_calm(struct line *line, const struct hr_host *host, uint64_t now_ns)
{
	uint64_t data = now_ns > host->started_ns ? now_ns - host->started_ns : 0;
	char age[UNITS_TEXT];

	if (data < LEARNING_NS && host->started_ns) {
		line_add(line, "Learning (%s of data)", units_age_ns(data, age));
		return STYLE_PLAIN;
	}
	line_add(line, "No container at risk");
	return STYLE_GOOD;
}

enum style alert_headline(const struct snapshot *s, size_t width, bool ascii, char text[ALERT_TEXT])
{
	const struct hr_slot *worst[MOST_NAMED + 1] = {NULL};
	size_t found, n = find_worst(s, worst, &found);
	struct line line = line_in(text, ALERT_TEXT);
	char name[CELL_TEXT];

	if (s->health) {
		line_add(&line, "Data is stale, last known values below: %s", snapshot_remedy(s));
		return STYLE_BAD;
	}
	if (level_of(&s->host.forecast) >= HR_ALARM_NOTICE &&
	    (!n || level_of(&s->host.forecast) > alert_alarm(worst[0])))
		return alert_host(&s->host, text);
	if (n) {
		add_at_risk(&line, worst, n, width, ascii);
		return alarm_style(alert_alarm(worst[0]));
	}
	if (!found) {
		line_add(&line, s->n_slots ? "No processes in any cgroup" : "No cgroups yet");
		return STYLE_PLAIN;
	}
	if (is_calm(&worst[0]->forecast))
		return add_calm(&line, &s->host, s->time_ns);
	name_of(worst[0], width, ascii, name);
	line_add(&line, "No container at risk; highest: %s ", name);
	phrase_risk(&line, worst[0]->forecast.risk_centi);
	line_add(&line, ", ");
	phrase_oom_in(&line, &worst[0]->forecast);
	return STYLE_GOOD;
}

enum style alert_host(const struct hr_host *host, char text[ALERT_TEXT])
{
	const struct hr_forecast *o = &host->forecast;
	struct line line = line_in(text, ALERT_TEXT);

	line_add(&line, "host: ");
	if (o->risk_centi != UINT16_MAX) {
		phrase_oom_in(&line, o);
		line_add(&line, "; ");
	}
	phrase_risk(&line, o->risk_centi);
	return alarm_style(level_of(o));
}

/* ---- one container ---- */

enum style alert_forecast(const struct hr_slot *slot, uint64_t now_ns, char text[ALERT_TEXT])
{
	const struct hr_forecast *o = &slot->forecast;
	struct line line = line_in(text, ALERT_TEXT);

	if (slot_gone(slot)) {
		phrase_age(&line, slot, now_ns);
		line_add(&line, "%s", line.used ? "; " : "gone; ");
		phrase_kills(&line, slot->oom_kills_total);
		return STYLE_DIM;
	}
	if (slot->flags & HR_SLOT_UNDER_OOM) {
		line_add(&line, OOM_DISABLED);
	} else if (o->risk_centi == UINT16_MAX) {
		line_add(&line, "unknown: not enough data yet");
	} else {
		if (o->alarm && is_low(o))
			line_add(&line, "recovering");
		else if (level_of(o) && o->oom_in_p50_ms == HR_UNKNOWN)
			line_add(&line, "OOM possible at any time");
		else
			phrase_oom_in(&line, o);
		line_add(&line, "; ");
		phrase_risk(&line, o->risk_centi);
	}
	return alarm_style(alert_alarm(slot));
}

const char *alert_factors(const struct hr_slot *slot, char text[ALERT_TEXT])
{
	struct line line = line_in(text, ALERT_TEXT);

	if (slot_gone(slot))
		return text;
	phrase_headroom(&line, slot);
	line_add(&line, "; ");
	if (!slot->forecast.reason[0].kind &&
	    slot->forecast.drift_bytes_per_second == HR_UNKNOWN_I64)
		phrase_trend(&line, HR_UNKNOWN_I64);
	else
		phrase_reasons(&line, &slot->forecast);
	return text;
}

const char *alert_next(const struct hr_slot *slot, const struct hr_host *host,
		       char text[ALERT_TEXT])
{
	struct line line = line_in(text, ALERT_TEXT);

	if (!slot_gone(slot))
		phrase_next(&line, slot, host->mode);
	return text;
}

const char *alert_memory(const struct hr_slot *slot, char text[ALERT_TEXT])
{
	struct memory_parts parts = memory_parts_of(&slot->memory);
	struct line line = line_in(text, ALERT_TEXT);

	if (slot_gone(slot))
		return text;
	phrase_memory(&line, "", &parts);
	if (slot->process[0].pid)
		line_add(&line, "%slargest ", line.used ? "; " : "");
	phrase_processes(&line, slot->process, HR_PROCESSES);
	return text;
}
