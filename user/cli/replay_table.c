// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* A replayed series as a table with a summary. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/utf8_clean.h"
#include "base/human_units.h"
#include "forecast/reason_text.h"
#include "replay.h"
#include "format/style.h"
#include "format/alert_text.h"
#include "format/enum_text.h"
#include "format/phrase.h"

static const char *seconds(double t, char text[UNITS_TEXT])
{
	char bare[UNITS_TEXT];

	if (!(fabs(t) < 1e15))
		strcpy(text, "-");
	else
		snprintf(text, UNITS_TEXT, "%s%s", t < 0 ? "-" : "",
			 units_duration_ms(units_whole(fabs(t) * 1e3 + 0.5), bare));
	return text;
}

static const char *risk(uint16_t centi, char text[8])
{
	if (centi == UINT16_MAX)
		strcpy(text, "-");
	else
		snprintf(text, 8, "%u", (centi + 50u) / 100u);
	return text;
}

static void print_row(const struct replay *r, const struct replay_row *row, bool colour)
{
	const struct hr_forecast *o = &row->forecast;
	const char *on = colour ? style_ansi(alarm_style(o->alarm)) : NULL;
	const char *leak = o->leak ? or_unknown(forecast_leak_state_name(o->leak)) : "-";
	char time[UNITS_TEXT], used[UNITS_TEXT], left[UNITS_TEXT], rate[UNITS_TEXT];
	char oom[UNITS_TEXT], chance[8], reason[REASON_TEXT] = "", clean[REASON_TEXT];

	if (o->reason[0].kind)
		reason_text(&o->reason[0], reason);
	printf("%s%c %8s %9s %9s %11s %7s %4s %-6s %s%*s%s%s\n", on ? on : "",
	       row->change ? '>' : ' ', seconds(row->t_seconds - r->sum.first_t, time),
	       units_bytes(row->used, used), units_bytes(row->left, left),
	       units_rate(o->drift_bytes_per_second, rate),
	       units_duration_ms(o->oom_in_p50_ms, oom), risk(o->risk_centi, chance),
	       o->alarm ? or_unknown(alarm_word(o->alarm)) : "-", leak,
	       *reason ? 11 - (int)strlen(leak) : 0, "",
	       text_clean(reason, sizeof(reason), clean, sizeof(clean)), on ? "\033[0m" : "");
}

static void print_head(void)
{
	printf("  %8s %9s %9s %11s %7s %4s %-6s %-10s %s\n", "AFTER", "USED", "HEADROOM", "TREND",
	       "OOM ETA", "RISK", "ALARM", "LEAK", "FACTORS");
}

void replay_print_row(const struct replay *r)
{
	struct replay_pace *pace = r->pace;

	if (!pace->last)
		print_head();
	if (pace->last != r && *r->name)
		printf("%s\n", r->name);
	pace->last = r;
	print_row(r, &r->end, pace->colour);
}

static void print_rows(const struct replay *r, bool colour)
{
	print_head();
	for (size_t i = 0; i < r->rows; i++)
		print_row(r, &r->row[i], colour);
	if (!r->end.kept)
		print_row(r, &r->end, colour);
}

static void print_first(const char *what, unsigned int n, double first, const struct replay *r)
{
	char time[UNITS_TEXT];

	printf("%u %s%s", n, what, plural_s(n));
	if (n)
		printf(" (%safter %s)", n == 1 ? "" : "the first ",
		       seconds(first - r->sum.first_t, time));
}

static void print_alarms(const struct replay *r)
{
	const struct replay_sum *s = &r->sum;
	char time[UNITS_TEXT], chance[8];

	print_first("notice", s->notices, s->first_notice, r);
	fputs(", ", stdout);
	print_first("warn", s->warns, s->first_warn, r);
	fputs(", ", stdout);
	print_first("act", s->acts, s->first_act, r);
	if (s->notices || s->warns || s->acts)
		printf(", %s under alarm", seconds(s->alarm_seconds, time));
	if (s->top_risk_centi != UINT16_MAX)
		printf("; highest risk %s after %s", risk(s->top_risk_centi, chance),
		       seconds(s->top_t - s->first_t, time));
	if (!isnan(s->first_leak))
		printf("; leak confirmed after %s", seconds(s->first_leak - s->first_t, time));
	if (s->kills)
		printf("; %llu OOM kill%s", (unsigned long long)s->kills, plural_s(s->kills));
	putchar('\n');
}

static void print_end(const struct replay *r)
{
	const struct hr_forecast *o = &r->end.forecast;
	char text[REASON_TEXT], clean[REASON_TEXT], end[256];
	struct line l = line_in(end, sizeof(end));

	phrase_risk(&l, o->risk_centi);
	line_add(&l, ", ");
	phrase_oom_in(&l, o);
	line_add(&l, ", ");
	phrase_leak(&l, o);
	printf("at the end: %s\n", end);
	for (size_t i = 0; i < HR_REASONS && o->reason[i].kind; i++)
		printf("  %+.2f %s\n", o->reason[i].weight_centi / 100.0,
		       text_clean(reason_text(&o->reason[i], text), sizeof(text), clean,
				  sizeof(clean)));
}

static void print_record(const struct replay *r)
{
	struct forecast_accuracy record;

	forecast_accuracy(&r->state, &record);
	if (record.checked)
		printf("80%% intervals: %u checked, %u held\n", record.checked, record.covered);
}

void replay_print_table(const struct replay *r, bool colour)
{
	const struct replay_sum *s = &r->sum;
	bool rows = s->samples && (r->rows || r->thin);
	char time[UNITS_TEXT];

	if (rows && r->pace && !r->end.kept && r->thin)
		replay_print_row(r);
	else if (rows && !r->pace)
		print_rows(r, colour);
	if (r->rows && r->changes > r->rows - r->plain)
		printf("  … and %llu more changes\n",
		       (unsigned long long)(r->changes - (r->rows - r->plain)));
	printf("%s%s%llu sample%s", r->name, *r->name ? ": " : "", (unsigned long long)s->samples,
	       plural_s(s->samples));
	if (!s->samples) {
		putchar('\n');
		return;
	}
	printf(" over %s", seconds(s->last_t - s->first_t, time));
	if (s->went_back)
		printf(" (%llu went back in time)", (unsigned long long)s->went_back);
	fputs("; ", stdout);
	print_alarms(r);
	if (!rows)
		return;
	print_end(r);
	print_record(r);
}
