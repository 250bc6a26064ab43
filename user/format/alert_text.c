// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The live view's sentences. `explain` tells more of the same (story.c). Never allocates. */
#include "alert_text.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/strbuf.h"
#include "base/utf8_clean.h"
#include "base/human_units.h"
#include "explain_action.h"
#include "table.h"
#include "enum_text.h"

#define MOST_NAMED 8
#define WATCHED_NS (20 * NS_PER_SEC) /* after that calm means something */
/* Risk in hundredths: from here on a screen calls it danger, as the colours of the risk do (columns.c) … */
#define WARN_CENTI 5000
#define ACT_CENTI  8000
#define LOW_CENTI  2000 /* … and below it nothing is said of times */
#define NAME_WIDTH 44   /* of a name within a sentence */
#define ROOMY      130  /* columns from which on there is room for long names */

static unsigned int known_risk(const struct hr_forecast *o)
{
	return o->risk_centi == UINT16_MAX ? 0 : o->risk_centi;
}

/* Whether a time to run out says something: where the risk is low it is what would come of a growth that will not last. */
static bool is_low(const struct hr_forecast *o) { return known_risk(o) < LOW_CENTI; }

static unsigned int level_of(const struct hr_forecast *o)
{
	unsigned int by_risk = known_risk(o) >= ACT_CENTI    ? HR_ALARM_ACT
			       : known_risk(o) >= WARN_CENTI ? HR_ALARM_WARN
							     : HR_ALARM_NONE;

	if (o->alarm == HR_ALARM_ACT && is_low(o) && o->risk_centi != UINT16_MAX)
		return HR_ALARM_WARN;
	return o->alarm > by_risk ? o->alarm : by_risk;
}

unsigned int alert_alarm(const struct hr_slot *slot)
{
	if (slot_gone(slot))
		return HR_ALARM_NONE;
	return slot->flags & HR_SLOT_UNDER_OOM ? HR_ALARM_ACT : level_of(&slot->forecast);
}

static enum style alarm_style(unsigned int alarm)
{
	return alarm >= HR_ALARM_ACT    ? STYLE_BAD
	       : alarm == HR_ALARM_WARN ? STYLE_WARN
					: STYLE_PLAIN;
}

static unsigned int whole_risk(const struct hr_forecast *o) { return (o->risk_centi + 50u) / 100u; }

static bool is_calm(const struct hr_forecast *o)
{
	return level_of(o) == HR_ALARM_NONE && is_low(o);
}

/* The host at a glance. */

/* A slice that holds others is not counted beside them. */
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

/* The worst first; returns how many are in danger. worst[0] is set whenever anybody is there. */
static size_t find_worst(const struct snapshot *s, const struct hr_slot *worst[MOST_NAMED + 1],
			 size_t *ret_found)
{
	size_t n = 0, found = 0;

	for (size_t i = 0; i < s->n_slots; i++) {
		const struct hr_slot *slot = &s->slots[i];
		size_t at = found;

		if (!counts(slot))
			continue;
		n += alert_alarm(slot) >= HR_ALARM_WARN;
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

/* Where there is little room a pod's container is called by its own name only. */
static void name_of(const struct hr_slot *slot, size_t width, bool ascii, char text[CELL_TEXT])
{
	char whole[ROW_NAME];
	struct row row;

	row_make(&row, slot);
	if (width < ROOMY && row.name_is_path) {
		strcpy(whole, path_tail(row.name));
		strcpy(row.name, whole);
	}
	table_cell(column_find("name"), &row, NAME_WIDTH, ascii, text);
}

static void describe_fate(const struct hr_slot *slot, bool first, char text[UNITS_TEXT + 64])
{
	char time[UNITS_TEXT];

	if (slot->flags & HR_SLOT_UNDER_OOM)
		strcpy(text, " hangs at its limit");
	else if (is_low(&slot->forecast))
		snprintf(text, UNITS_TEXT + 64, " was close a moment ago (risk %u)",
			 whole_risk(&slot->forecast));
	else if (slot->forecast.oom_in_p50_ms != HR_UNKNOWN)
		snprintf(text, UNITS_TEXT + 64, "%s in about %s", first ? " runs out" : "",
			 units_duration_ms(slot->forecast.oom_in_p50_ms, time));
	else
		snprintf(text, UNITS_TEXT + 64, "%s (risk %u)",
			 first ? " may run out of memory" : "", whole_risk(&slot->forecast));
}

/* As many as there is room for; the first in any case. */
static void describe_endangered(const struct hr_slot *const *worst, size_t n, size_t width,
				bool ascii, char text[ALERT_TEXT])
{
	char name[CELL_TEXT], fate[UNITS_TEXT + 64], one[CELL_TEXT + UNITS_TEXT + 64], rest[32];

	snprintf(text, ALERT_TEXT, "%zu in danger: ", n);
	for (size_t i = 0; i < n; i++) {
		snprintf(rest, sizeof(rest), ", and %zu more", n - i);
		if (i == MOST_NAMED) {
			strcat(text, rest);
			return;
		}
		name_of(worst[i], width, ascii, name);
		describe_fate(worst[i], !i, fate);
		snprintf(one, sizeof(one), "%s%s%s", i ? ", " : "", name, fate);
		if (i && text_width(text) + text_width(one) + (i + 1 < n ? 13 : 0) > width) {
			strcat(text, rest);
			return;
		}
		if (strlen(text) + strlen(one) + sizeof(rest) >= ALERT_TEXT)
			return;
		strcat(text, one);
	}
}

/* A guard that has just begun to look has not seen anybody move. */
static enum style headline_calm(const struct hr_host *host, uint64_t now_ns, char text[ALERT_TEXT])
{
	uint64_t watched = now_ns > host->started_ns ? now_ns - host->started_ns : 0;
	char time[UNITS_TEXT];

	if (watched >= WATCHED_NS || !host->started_ns) {
		strcpy(text, "Nobody is in danger.");
		return STYLE_GOOD;
	}
	snprintf(text, ALERT_TEXT,
		 "Nobody is in danger so far: the guard has watched for %s, forecasts come soon.",
		 units_duration_ms(watched / NS_PER_SEC * 1000, time));
	return STYLE_PLAIN;
}

enum style alert_headline(const struct snapshot *s, size_t width, bool ascii, char text[ALERT_TEXT])
{
	const struct hr_slot *worst[MOST_NAMED + 1] = {NULL};
	size_t found, n = find_worst(s, worst, &found);
	char name[CELL_TEXT], time[UNITS_TEXT];

	if (s->health) { /* old figures calm nobody */
		snprintf(text, ALERT_TEXT,
			 "Nothing is known of now: below is what was seen last; %s.",
			 snapshot_remedy(s));
		return STYLE_BAD;
	}
	if (level_of(&s->host.forecast) >= HR_ALARM_WARN &&
	    (!n || level_of(&s->host.forecast) > alert_alarm(worst[0])))
		return alert_host(&s->host, text);
	if (n) {
		describe_endangered(worst, n, width, ascii, text);
		return alarm_style(alert_alarm(worst[0]));
	}
	if (!found) {
		strcpy(text, s->n_slots ? "Nobody holds any memory here."
					: "Nothing is on the board yet.");
		return STYLE_PLAIN;
	}
	if (is_calm(&worst[0]->forecast))
		return headline_calm(&s->host, s->time_ns, text);
	name_of(worst[0], width, ascii, name);
	snprintf(text, ALERT_TEXT, "Nobody is in danger. Worth a look: %s%s%s (risk %u).", name,
		 worst[0]->forecast.oom_in_p50_ms == HR_UNKNOWN ? "" : ", could run out in ",
		 worst[0]->forecast.oom_in_p50_ms == HR_UNKNOWN
			 ? ""
			 : units_duration_ms(worst[0]->forecast.oom_in_p50_ms, time),
		 whole_risk(&worst[0]->forecast));
	return STYLE_GOOD;
}

enum style alert_host(const struct hr_host *host, char text[ALERT_TEXT])
{
	const struct hr_forecast *o = &host->forecast;
	struct line line = {text, ALERT_TEXT, 0};
	char time[UNITS_TEXT];

	text[0] = 0;
	if (o->risk_centi == UINT16_MAX)
		line_add(&line, "host: what will come is not known yet");
	else if (is_calm(o))
		line_add(&line, "host: calm (risk %u)", whole_risk(o));
	else if (o->oom_in_p50_ms == HR_UNKNOWN)
		line_add(&line, "The host may run out of memory: risk %u of 100", whole_risk(o));
	else
		line_add(&line, "The host %s in about %s: risk %u of 100",
			 level_of(o) ? "runs out of memory" : "could run out of memory",
			 units_duration_ms(o->oom_in_p50_ms, time), whole_risk(o));
	return alarm_style(level_of(o));
}

/* One container. */

static void describe_gone(struct line *line, const struct hr_slot *slot, uint64_t now_ns)
{
	uint64_t kills = slot->oom_kills_total;
	char age[UNITS_TEXT];

	line_add(line, "Gone");
	if (slot->gone_ns && slot->gone_ns <= now_ns)
		line_add(line, " for %s",
			 units_duration_ms((now_ns - slot->gone_ns) / NS_PER_MS, age));
	if (kills && kills != HR_UNKNOWN)
		line_add(line, "; it was OOM-killed %llu time%s, earlier lives included",
			 (unsigned long long)kills, kills == 1 ? "" : "s");
	line_add(line, ".");
}

enum style alert_when(const struct hr_slot *slot, uint64_t now_ns, char text[ALERT_TEXT])
{
	const struct hr_forecast *o = &slot->forecast;
	struct line line = {text, ALERT_TEXT, 0};
	char p10[UNITS_TEXT], p50[UNITS_TEXT], p90[UNITS_TEXT];

	text[0] = 0;
	if (slot_gone(slot)) {
		describe_gone(&line, slot, now_ns);
		return STYLE_DIM;
	}
	if (slot->flags & HR_SLOT_UNDER_OOM)
		line_add(&line, "Hangs at its limit: its OOM killer is switched off.");
	else if (o->risk_centi == UINT16_MAX)
		line_add(&line, "What will come is not known yet: it has just been seen first.");
	else if (o->alarm && is_low(o))
		line_add(&line, "It was close a moment ago, and is not now; risk %u of 100.",
			 whole_risk(o));
	else if (o->oom_in_p50_ms == HR_UNKNOWN)
		line_add(&line, "%s; risk %u of 100.",
			 level_of(o)  ? "May run out of memory at any time"
			 : is_calm(o) ? "Calm: not foreseen to run out within a day"
				      : "Could run out of memory",
			 whole_risk(o));
	else if (is_calm(o))
		line_add(&line,
			 "Calm; risk %u of 100. It would take about %s if it went on like now.",
			 whole_risk(o), units_duration_ms(o->oom_in_p50_ms, p50));
	else if (o->oom_in_p90_ms == HR_UNKNOWN)
		line_add(&line, "%s in about %s (hardly before %s); risk %u of 100.",
			 level_of(o) ? "Runs out of memory" : "Could run out",
			 units_duration_ms(o->oom_in_p50_ms, p50),
			 units_duration_ms(o->oom_in_p10_ms, p10), whole_risk(o));
	else
		line_add(&line, "%s in about %s (%s to %s); risk %u of 100.",
			 level_of(o) ? "Runs out of memory" : "Could run out",
			 units_duration_ms(o->oom_in_p50_ms, p50),
			 units_duration_ms(o->oom_in_p10_ms, p10),
			 units_duration_ms(o->oom_in_p90_ms, p90), whole_risk(o));
	return alarm_style(alert_alarm(slot));
}

static void describe_binding(struct line *line, const struct hr_slot *slot)
{
	const struct hr_binding *b = &slot->binding;
	const char *cgroup = hr_slot_text(slot, b->cgroup);
	char limit[UNITS_TEXT], left[UNITS_TEXT], clean[160];

	if (slot->memory.headroom == HR_UNKNOWN)
		return;
	units_bytes(slot->memory.headroom, left);
	units_bytes(b->limit, limit);
	if (b->level != HR_LEVEL_ANCESTOR && slot->forecast.reason[0].kind)
		line_add(line, "%s left", left); /* the reasons say of what */
	else if (b->level == HR_LEVEL_OWN)
		line_add(line, "%s left under its own limit of %s", left, limit);
	else if (b->level == HR_LEVEL_ANCESTOR)
		line_add(line, "%s left under the limit of %s of %s above it", left, limit,
			 cgroup ? text_clean(cgroup, SIZE_MAX, clean, sizeof(clean)) : "a cgroup");
	else
		line_add(line, "no limit of its own; the host has %s left", left);
}

/* Those that speak for it, or those against. */
static void add_reasons(struct line *line, const struct hr_forecast *o, bool against)
{
	char words[REASON_TEXT], clean[REASON_TEXT];
	size_t n = 0;

	for (size_t i = 0; i < HR_REASONS && o->reason[i].kind; i++)
		if ((o->reason[i].weight_centi < 0) == against)
			line_add(line, "%s%s%s", line->used ? "; " : "",
				 against && !n++ ? "against it speaks: " : "",
				 text_clean(reason_text(&o->reason[i], words), REASON_TEXT, clean,
					    sizeof(clean)));
}

const char *alert_reason(const struct hr_slot *slot, char text[ALERT_TEXT])
{
	const struct hr_forecast *o = &slot->forecast;
	struct line line = {text, ALERT_TEXT, 0};

	text[0] = 0;
	if (slot_gone(slot))
		return text;
	describe_binding(&line, slot);
	if (!o->reason[0].kind)
		line_add(&line, "%s%s", line.used ? "; " : "",
			 o->drift_bytes_per_second == HR_UNKNOWN_I64
				 ? "how it moves is not known yet"
				 : "nothing speaks for more");
	add_reasons(&line, o, false);
	add_reasons(&line, o, true);
	return text;
}

/* What a mode makes of a rung. */
static const char *const in_mode[] = {
	", if the guard were let (mode observe: it only watches)",
	" for show (mode dry-run: nothing is done)",
	"",
};

const char *alert_next(const struct hr_slot *slot, const struct hr_host *host,
		       char text[ALERT_TEXT])
{
	const char *fate = action_future(slot->forecast.next_action);
	const char *policy = hr_slot_text(slot, slot->next_policy), *mode = mode_word(host->mode);
	struct line line = {text, ALERT_TEXT, 0};
	char clean[256];

	text[0] = 0;
	if (slot_gone(slot))
		return text;
	if (fate)
		line_add(&line, "it would %s by policy %s%s", fate,
			 text_clean(policy ? policy : "?", SIZE_MAX, clean, sizeof(clean)),
			 host->mode < ARRAY_SIZE(in_mode) ? in_mode[host->mode] : "");
	else
		line_add(&line, "nothing by itself: no policy is for it (mode %s)",
			 mode ? mode : "unknown");
	if (slot->flags & HR_SLOT_REFLEX)
		line_add(&line, "; at its rule's size the kernel itself ends who charges");
	return text;
}

const char *alert_memory(const struct hr_slot *slot, char text[ALERT_TEXT])
{
	const struct {
		const char *word;
		uint64_t bytes;
	} part[] = {{"anon", slot->memory.anon},
		    {"file", slot->memory.file},
		    {"kernel", slot->memory.kernel},
		    {"swap", slot->memory.swap}};
	struct line line = {text, ALERT_TEXT, 0};
	char bytes[UNITS_TEXT], rate[UNITS_TEXT], comm[80];

	text[0] = 0;
	if (slot_gone(slot))
		return text;
	for (size_t i = 0; i < ARRAY_SIZE(part); i++)
		if (part[i].bytes != HR_UNKNOWN && part[i].bytes)
			line_add(&line, "%s%s %s", line.used ? ", " : "", part[i].word,
				 units_bytes(part[i].bytes, bytes));
	for (size_t i = 0; i < HR_PROCESSES && slot->process[i].pid; i++) {
		const struct hr_process *p = &slot->process[i];

		line_add(&line, "%s%s[%u] %s",
			 i           ? ", "
			 : line.used ? "; largest: "
				     : "largest: ",
			 text_clean(p->comm, sizeof(p->comm), comm, sizeof(comm)), p->pid,
			 units_bytes(p->rss_bytes, bytes));
		if (p->growth_bytes_per_second != HR_UNKNOWN_I64 && p->growth_bytes_per_second)
			line_add(&line, " (%s)", units_rate(p->growth_bytes_per_second, rate));
	}
	return text;
}
