// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The report as Markdown, readable as plain text on 80 columns. Text from containers is escaped: it cannot become a link, a
 * tag or a heading. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/utf8_clean.h"
#include "base/human_units.h"
#include "report_internal.h"
#include "format/screen_buffer.h"
#include "format/plot.h"
#include "format/table.h"
#include "format/text_wrap.h"

#define WIDTH        78
#define ESCAPED      8192
#define NAME_COLUMNS 34

static bool word(char c) { return isalnum((unsigned char)c) || (unsigned char)c >= 0x80; }

/* Characters with a meaning in Markdown at that place; others are not escaped, for readability. */
static bool special(const char *text, size_t i)
{
	char before = i ? text[i - 1] : ' ', after = text[i + 1];

	switch (text[i]) {
	case '\\':
	case '`':
	case '*':
	case '<':
	case '|':
		return true;
	case '~': /* GFM: only one after a word can end a strikethrough */
		return !i || before != ' ' || after == '~';
	case '_':
		return !(word(before) && word(after));
	case ']':
		return after == '(' || after == '[';
	case '!':
		return after == '[';
	case '&':
		return isalpha((unsigned char)after) || after == '#';
	case '#':
	case '>':
	case '+':
	case '-':
	case '=':
		return !i;
	default:
		return false;
	}
}

static const char *escape(const char *text, char out[ESCAPED])
{
	size_t used = 0;

	for (size_t i = 0; text[i] && used + 3 < ESCAPED; i++) {
		if (special(text, i))
			out[used++] = '\\';
		out[used++] = text[i];
	}
	out[used] = 0;
	return out;
}

/* Wrapped between words; continuation lines begin `indent` columns further right. */
static void put(FILE *out, const char *lead, size_t indent, const char *text)
{
	size_t used = text_width(lead);

	fputs(lead, out);
	while (*text) {
		size_t n = wrap_fitting(text, WIDTH - used), all = n;

		while (all && text[all - 1] == ' ')
			all--;
		fprintf(out, "%.*s\n", (int)all, text);
		text += n;
		while (*text == ' ')
			text++;
		if (*text)
			fprintf(out, "%*s", (int)indent, "");
		used = indent;
	}
}

static void paragraph(FILE *out, const char *text)
{
	char escaped[ESCAPED];

	if (!text || !*text)
		return;
	put(out, "", 0, escape(text, escaped));
	fputc('\n', out);
}

static void heading(FILE *out, const char *text) { fprintf(out, "## %s\n\n", text); }

static void put_head(const struct report *r, FILE *out)
{
	const char *kind = incident_kind_name(r->incident.kind);
	char escaped[ESCAPED], day[REPORT_TIME];

	fprintf(out, "# %c%s: %s\n\n", toupper((unsigned char)kind[0]), kind + 1,
		escape(r->incident.name, escaped));
	fprintf(out, "%s, incident %s", report_day(r->incident.time_ns, day), r->incident.id);
	if (r->node && *r->node)
		fprintf(out, ", node %s", escape(r->node, escaped));
	fputs("\n\n", out);
	for (size_t i = 0; i < REPORT_SUMMARY; i++)
		paragraph(out, r->summary[i]);
}

static void put_timeline(const struct report *r, FILE *out)
{
	if (!r->moments)
		return;
	heading(out, "Timeline");
	for (size_t i = 0; i < r->moments; i++) {
		const struct report_moment *m = &r->moment[i];
		char lead[96], offset[REPORT_TIME], clock[REPORT_TIME], escaped[ESCAPED];

		snprintf(lead, sizeof(lead), "- %s  %7s  **%s** ", report_clock(m->time_ns, clock),
			 report_offset(r->incident.time_ns, m->time_ns, offset), m->what);
		put(out, lead, 4, escape(m->text, escaped));
	}
	fputc('\n', out);
}

/* ---- the plot ---- */

/* Use of the limit that was reached; for the host, or without one, the subject's own non-reclaimable memory. */
static double height(const struct series_point *p, bool limited)
{
	if (limited && p->limit != HR_UNKNOWN && p->headroom != HR_UNKNOWN)
		return p->headroom < p->limit ? (double)(p->limit - p->headroom) : 0;
	if (p->unreclaimable != HR_UNKNOWN)
		return (double)p->unreclaimable;
	return p->usage == HR_UNKNOWN ? NAN : (double)p->usage;
}

static int put_plot(const struct report *r, FILE *out)
{
	_cleanup_free_ struct plot_point *point = calloc(r->series.n + 1, sizeof(*point));
	_cleanup_(screen_buffer_done) struct screen_buffer screen_buffer = {0};
	bool limited = r->limited;
	struct plot plot = {.point = point,
			    .limit = limited ? (double)r->found.limit : NAN,
			    .p10 = NAN,
			    .p50 = NAN,
			    .p90 = NAN,
			    .now = r->kill ? "killed" : "then"};
	uint64_t end = r->incident.kind == INCIDENT_OOM_KILL || r->incident.kind == INCIDENT_ACTION
			       ? r->incident.time_ns
			       : r->incident.end_ns;
	char limit[UNITS_TEXT];
	int e;

	if (!point)
		return -ENOMEM;
	for (size_t i = 0; i < r->series.n; i++) {
		const struct series_point *p = &r->series.point[i];
		double bytes = height(p, limited);

		if (p->time_ns > end && plot.n > 1)
			break;
		if (!isnan(bytes))
			point[plot.n++] = (struct plot_point){
				(double)(p->time_ns - r->series.point[0].time_ns) / 1e9, bytes};
	}
	e = plot_draw(&plot, PLOT_COLUMNS, false, &screen_buffer);
	if (e)
		return e == -ENODATA ? 0 : e;
	heading(out, "Memory");
	if (limited)
		fprintf(out, "Use of the limit of %s, without page cache:\n\n",
			units_bytes(r->found.limit, limit));
	else
		fputs("Usage, without page cache:\n\n", out);
	fputs("```text\n", out);
	screen_buffer_write(&screen_buffer, out, false);
	fputs("```\n\n", out);
	return 0;
}

/* ---- lists ---- */

static void item(FILE *out, const char *title, const char *text)
{
	char escaped[ESCAPED], lead[ESCAPED];

	snprintf(lead, sizeof(lead), "- **%s**: %s", title, escape(text, escaped));
	put(out, "", 2, lead);
}

static void put_facts(const struct report *r, FILE *out)
{
	if (!r->facts)
		return;
	heading(out, "What happened");
	for (size_t i = 0; i < r->facts; i++)
		item(out, r->fact[i].label, r->fact[i].text);
	fputc('\n', out);
}

static void put_oom_stats(const struct report *r, FILE *out)
{
	char clock[REPORT_TIME];

	heading(out, "Forecast");
	for (size_t i = 0; i < r->alarms; i++)
		item(out, report_clock(r->alarm[i].time_ns, clock), r->alarm[i].text);
	if (!r->alarms)
		fprintf(out, "%s\n", r->no_alarm);
	fputc('\n', out);
}

static void put_done(const struct report *r, FILE *out)
{
	char clock[REPORT_TIME];

	heading(out, "Actions");
	for (size_t i = 0; i < r->actions; i++) {
		item(out, report_clock(r->action[i].action->event.time_ns, clock),
		     r->action[i].text);
		if (r->action[i].skipped)
			item(out, "skipped", r->action[i].skipped);
	}
	if (!r->actions)
		fputs("None: no matching policy, or mode observe.\n", out);
	fputc('\n', out);
}

static void put_co_tenants(const struct report *r, FILE *out)
{
	static const char *const roles[] = {"subject", "sibling", "grew"};

	if (!r->co_tenants)
		return;
	heading(out, "Other containers");
	fprintf(out, "| %-*s | %-9s | %8s | %8s |\n", NAME_COLUMNS, "name", "role", "before", "at");
	fprintf(out, "|%.*s|%.*s|%.*s:|%.*s:|\n", NAME_COLUMNS + 2,
		"----------------------------------------------", 11, "--------------------", 9,
		"--------------------", 9, "--------------------");
	for (size_t i = 0; i <= r->co_tenants; i++) {
		const struct series *s = i ? &r->co_tenant[i - 1] : &r->series;
		char name[ESCAPED], cut[INCIDENT_NAME], before[UNITS_TEXT], at[UNITS_TEXT];
		size_t width;

		if (strchr(s->name, '/'))
			text_fit_end(strcpy(cut, s->name), NAME_COLUMNS, false);
		else
			text_fit(s->name, NAME_COLUMNS, 0, cut, sizeof(cut));
		escape(cut, name);
		width = text_width(name);
		fprintf(out, "| %s%*s | %-9s | %8s | %8s |\n", name,
			(int)(width < NAME_COLUMNS ? NAME_COLUMNS - width : 0), "", roles[s->role],
			units_bytes(s->before, before), units_bytes(s->at, at));
	}
	fputc('\n', out);
}

static void put_factors(const struct report *r, FILE *out)
{
	heading(out, "Likely causes");
	for (size_t i = 0; i < r->factors; i++)
		item(out, r->factor[i].title, r->factor[i].text);
	if (!r->factors)
		fputs("No known contributing factor.\n", out);
	fputc('\n', out);
}

static void put_recommendations(const struct report *r, FILE *out)
{
	const struct recommendation *a = &r->recommendation;
	char text[UNITS_TEXT], title[64];

	heading(out, "Recommended limits");
	if (a->limit != HR_UNKNOWN) {
		snprintf(title, sizeof(title), "Limit %s", units_bytes(a->limit, text));
		item(out, title, a->limit_text);
	} else if (a->limit_text[0]) {
		item(out, "Limit", a->limit_text);
	}
	if (a->request != HR_UNKNOWN) {
		snprintf(title, sizeof(title), "Request %s", units_bytes(a->request, text));
		item(out, title, a->request_text);
	}
	if (a->limit_text[0] || a->request_text[0])
		fputc('\n', out);
	paragraph(out, a->basis);
}

static void put_foot(const struct report *r, FILE *out)
{
	char text[512], from[REPORT_TIME], to[REPORT_TIME];

	fputs("---\n\n", out);
	snprintf(text, sizeof(text), "headroom %s, mode %s; %zu snapshot%s; charts from %s to %s.",
		 r->version ? r->version : "?", r->mode ? r->mode : "unknown", r->snapshots,
		 plural_s(r->snapshots), report_day(r->from_ns, from), report_day(r->to_ns, to));
	paragraph(out, text);
}

int report_md(const struct report *r, FILE *out)
{
	int e;

	put_head(r, out);
	put_timeline(r, out);
	e = put_plot(r, out);
	if (e)
		return e;
	put_facts(r, out);
	put_oom_stats(r, out);
	put_done(r, out);
	put_co_tenants(r, out);
	put_factors(r, out);
	put_recommendations(r, out);
	put_foot(r, out);
	return 0;
}
