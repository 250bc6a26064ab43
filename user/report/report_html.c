// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The report as one self-contained HTML file: no script, no request, style and charts inline. Every string from the model is
 * escaped; the content security policy in its head forbids everything else. */
#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/utf8_clean.h"
#include "base/human_units.h"
#include "chart_svg.h"
#include "report_internal.h"
#include "report_style.h"

static const struct {
	const char *class, *sign;
} marks[MARKS] = {
	[MARK_NOTE] = {"note", "\u25cb"}, [MARK_WARN] = {"warn", "\u25b2"},
	[MARK_ACT] = {"act", "\u25c6"},   [MARK_ACTION] = {"action", "\u25a0"},
	[MARK_KILL] = {"kill", "\u2715"}, [MARK_GOOD] = {"good", "\u2713"},
};

static const enum report_mark kind_marks[INCIDENT_KINDS] = {
	[INCIDENT_OOM_KILL] = MARK_KILL,  [INCIDENT_ACTION] = MARK_ACTION,
	[INCIDENT_NEAR_MISS] = MARK_WARN, [INCIDENT_HANG] = MARK_ACT,
	[INCIDENT_ENDED] = MARK_WARN,
};

static void text(FILE *out, const char *s)
{
	if (s)
		html_text(s, out);
}

/* "<p class=…>text</p>" */
static void element(FILE *out, const char *tag, const char *class, const char *s)
{
	fprintf(out, "<%s%s%s%s>", tag, *class ? " class=\"" : "", class, *class ? "\"" : "");
	text(out, s);
	fprintf(out, "</%s>\n", tag);
}

static void time_element(const struct report *r, FILE *out, uint64_t time_ns)
{
	char stamp[CLOCK_TEXT], offset[REPORT_TIME], clock[REPORT_TIME];

	clock_format_rfc3339(time_ns, stamp);
	report_offset(r->incident.time_ns, time_ns, offset);
	fprintf(out, "<time datetime=\"%s\">%s%s%s</time>", stamp, report_clock(time_ns, clock),
		time_ns == r->incident.time_ns ? "" : " \u00b7 ",
		time_ns == r->incident.time_ns ? "" : offset);
}

/* ---- the head ---- */

static void put_start(const struct report *r, FILE *out)
{
	fputs("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
	      "style-src 'unsafe-inline'\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	      "<meta name=\"color-scheme\" content=\"light dark\">\n"
	      "<meta name=\"referrer\" content=\"no-referrer\">\n",
	      out);
	element(out, "title", "", r->headline);
	fprintf(out, "<style>\n%s</style>\n</head>\n<body>\n<main>\n", report_style);
}

/* A pod's name or a path: its end is the title, the part before is the location. */
static void put_name(const struct report *r, FILE *out)
{
	const char *name = r->incident.name, *slash = strrchr(name, '/');

	if (!slash || !slash[1] || slash == name) {
		element(out, "h1", "", name);
		return;
	}
	fputs("<p class=\"where\">", out);
	for (const char *c = name; c <= slash; c++) {
		char one[2] = {*c};

		html_text(one, out);
	}
	fputs("</p>\n", out);
	element(out, "h1", "", slash + 1);
}

static void put_head(const struct report *r, FILE *out)
{
	enum report_mark mark = kind_marks[r->incident.kind];
	char day[REPORT_TIME];

	fprintf(out,
		"<header>\n<p class=\"kicker %s\"><span class=\"sign\" "
		"aria-hidden=\"true\">%s</span>%s%s</p>\n",
		marks[mark].class, marks[mark].sign, incident_kind_name(r->incident.kind),
		r->incident.dry_run ? ", dry run" : "");
	put_name(r, out);
	fprintf(out, "<p class=\"meta\">%s \u00b7 ", report_day(r->incident.time_ns, day));
	if (r->node && *r->node) {
		fputs("node ", out);
		text(out, r->node);
		fputs(" \u00b7 ", out);
	}
	fprintf(out, "incident %s</p>\n</header>\n", r->incident.id);
	element(out, "p", "lead", r->summary[0]);
	for (size_t i = 1; i < REPORT_SUMMARY; i++)
		element(out, "p", "", r->summary[i]);
}

/* ---- the figures ---- */

static void figure(FILE *out, const char *label, const char *value, const char *hint)
{
	fprintf(out, "<div><dt>%s</dt><dd>", label);
	text(out, value);
	if (hint && *hint)
		element(out, "small", "", hint);
	fputs("</dd></div>\n", out);
}

static void figure_limit(const struct report *r, FILE *out)
{
	static const char *const owner[] = {"own limit", "parent limit", "host memory"};
	char value[UNITS_TEXT];

	if (r->found.limit == HR_UNKNOWN || r->found.level >= HR_LEVEL_COUNT)
		return;
	figure(out, "Limit", units_bytes(r->found.limit, value), owner[r->found.level]);
}

static void figure_warned(const struct report *r, FILE *out)
{
	const struct report_alarm *a = r->alarms ? &r->alarm[0] : NULL;
	uint64_t warned = r->kill ? r->kill->warned_before_ms : HR_UNKNOWN;
	char value[UNITS_TEXT], hint[64], p50[UNITS_TEXT];
	bool act = false;

	for (size_t i = 0; i < r->alarms; i++)
		act |= r->alarm[i].level == HR_ALARM_ACT;
	if (warned == HR_UNKNOWN && a)
		warned = a->took_ms;
	hint[0] = 0;
	if (a && a->p50_ms != HR_UNKNOWN)
		snprintf(hint, sizeof(hint), "forecast: OOM in ~%s",
			 units_duration_ms(a->p50_ms, p50));
	if (r->kill)
		figure(out, "Warned before",
		       warned == HR_UNKNOWN ? "no warning" : units_duration_ms(warned, value),
		       hint);
	else if (a)
		figure(out, "Alarm", act ? "act" : "warn", hint);
}

static void figure_victim(const struct report *r, FILE *out)
{
	const struct hr_oom_process *v = r->kill ? &r->kill->victim : NULL;
	char comm[80], size[UNITS_TEXT], hint[64] = "";

	if (!v || !v->pid)
		return;
	if (v->anon != HR_UNKNOWN)
		snprintf(hint, sizeof(hint), "pid %u, anon %s", v->pid, units_bytes(v->anon, size));
	figure(out, "Victim", text_clean(v->comm, sizeof(v->comm), comm, sizeof(comm)), hint);
}

static void figure_end(const struct report *r, FILE *out)
{
	const struct hr_event_outcome *o = r->outcome;
	char value[UNITS_TEXT], hint[64] = "", span[UNITS_TEXT];

	if (!o)
		return;
	if (!r->kill && o->averted != HR_UNKNOWN_U32)
		figure(out, "OOM killer", o->averted ? "averted" : "not averted", NULL);
	if (o->freed != HR_UNKNOWN) {
		if (o->freed_after_ms != HR_UNKNOWN)
			snprintf(hint, sizeof(hint), "in %s",
				 units_duration_ms(o->freed_after_ms, span));
		figure(out, "Freed", units_bytes(o->freed, value), hint);
	}
	if (o->restarted_after_ms != HR_UNKNOWN)
		figure(out, "Restarted after", units_duration_ms(o->restarted_after_ms, value),
		       NULL);
}

static void put_figures(const struct report *r, FILE *out)
{
	fputs("<dl class=\"figures\">\n", out);
	figure_limit(r, out);
	figure_victim(r, out);
	figure_warned(r, out);
	figure_end(r, out);
	fputs("</dl>\n", out);
}

/* ---- the chart ---- */

static void key(FILE *out, const char *shape, const char *words)
{
	fprintf(out, "<li><svg viewBox=\"0 0 26 12\" aria-hidden=\"true\">%s</svg>%s</li>\n", shape,
		words);
}

static void put_key(const struct report *r, FILE *out)
{
	fputs("<ul class=\"key\">\n", out);
	key(out, "<path class=\"held\" d=\"M0 6H26\"/>", "non-reclaimable");
	key(out, "<path class=\"usage\" d=\"M0 6H26\"/>", "with page cache");
	if (r->shared)
		key(out, "<path class=\"filled\" d=\"M0 6H26\"/>", "all below the parent limit");
	if (r->limited)
		key(out,
		    "<rect class=\"danger\" width=\"26\" height=\"12\"/><path class=\"limit\" "
		    "d=\"M0 2H26\"/>",
		    "limit, and the last 10% below it");
	if (r->limited && r->alarms && r->alarm[0].p50_ms != HR_UNKNOWN)
		key(out,
		    "<path class=\"fan\" d=\"M0 12L10 0H26Z\"/><path class=\"median\" d=\"M0 "
		    "12L18 0\"/>",
		    "forecast at the first alarm: median, 80% interval");
	fputs("</ul>\n", out);
}

static void put_marks(const struct report *r, FILE *out)
{
	unsigned int n = 0;

	fputs("<ol class=\"marks\">\n", out);
	for (size_t i = 0; i < r->moments; i++) {
		const struct report_moment *m = &r->moment[i];
		char offset[REPORT_TIME];

		if (!m->on_chart)
			continue;
		fprintf(out,
			"<li><b class=\"%s\"><span>%u</span></b><span>%s <i>%s</i></span></li>\n",
			marks[m->mark].class, ++n, m->what,
			m->time_ns == r->incident.time_ns
				? ""
				: report_offset(r->incident.time_ns, m->time_ns, offset));
	}
	fputs("</ol>\n", out);
}

static void put_chart(const struct report *r, FILE *out)
{
	if (r->series.n < 2)
		return;
	fputs("<h2>Memory</h2>\n<figure>\n", out);
	chart_memory(r, CHART_WIDE, out);
	chart_memory(r, CHART_NARROW, out);
	fputs("<figcaption>\n", out);
	put_key(r, out);
	put_marks(r, out);
	fputs("</figcaption>\n</figure>\n", out);
}

/* ---- the lists ---- */

static void put_timeline(const struct report *r, FILE *out)
{
	if (!r->moments)
		return;
	fputs("<h2>Timeline</h2>\n<ol class=\"time\">\n", out);
	for (size_t i = 0; i < r->moments; i++) {
		const struct report_moment *m = &r->moment[i];

		fprintf(out, "<li><span class=\"dot %s\" aria-hidden=\"true\">%s</span>",
			marks[m->mark].class, marks[m->mark].sign);
		time_element(r, out, m->time_ns);
		fprintf(out, "<strong class=\"%s\">%s</strong>", marks[m->mark].class, m->what);
		element(out, "p", "", m->text);
		fputs("</li>\n", out);
	}
	fputs("</ol>\n", out);
}

static void put_facts(const struct report *r, FILE *out)
{
	if (!r->facts)
		return;
	fputs("<h2>What happened</h2>\n<dl class=\"facts\">\n", out);
	for (size_t i = 0; i < r->facts; i++) {
		element(out, "dt", "", r->fact[i].label);
		element(out, "dd", "", r->fact[i].text);
	}
	fputs("</dl>\n", out);
}

static void item(const struct report *r, FILE *out, uint64_t time_ns, const char *said,
		 const char *more)
{
	fputs("<li>", out);
	time_element(r, out, time_ns);
	element(out, "div", "", said);
	if (more) {
		fputs("<div class=\"soft\">Skipped: ", out);
		text(out, more);
		fputs("</div>", out);
	}
	fputs("</li>\n", out);
}

static void put_oom_stats(const struct report *r, FILE *out)
{
	fputs("<h2>Forecast</h2>\n", out);
	if (!r->alarms) {
		element(out, "p", "", r->no_alarm);
		return;
	}
	fputs("<ul class=\"plain\">\n", out);
	for (size_t i = 0; i < r->alarms; i++)
		item(r, out, r->alarm[i].time_ns, r->alarm[i].text, NULL);
	fputs("</ul>\n", out);
	if (r->series.n < 2 || !chart_forecast(r, CHART_WIDE, out))
		return;
	chart_forecast(r, CHART_NARROW, out);
	element(out, "p", "soft",
		"Close-up: forecast at the first alarm (median, 80% interval) and observed usage.");
}

static void put_done(const struct report *r, FILE *out)
{
	fputs("<h2>Actions</h2>\n", out);
	if (!r->actions) {
		element(out, "p", "", "None: no matching policy, or mode observe.");
		return;
	}
	fputs("<ul class=\"plain\">\n", out);
	for (size_t i = 0; i < r->actions; i++)
		item(r, out, r->action[i].action->event.time_ns, r->action[i].text,
		     r->action[i].skipped);
	fputs("</ul>\n", out);
}

/* ---- co-tenants ---- */

static void put_change(const struct series *s, FILE *out)
{
	char before[UNITS_TEXT], at[UNITS_TEXT], change[UNITS_TEXT];
	bool known = s->before != HR_UNKNOWN && s->at != HR_UNKNOWN, less = s->at < s->before;

	if (known)
		fprintf(out, "%s \u2192 ", units_bytes(s->before, before));
	fputs(units_bytes(s->at, at), out);
	if (!known)
		return;
	units_bytes(less ? s->before - s->at : s->at - s->before, change);
	fprintf(out, "<small>%s%s</small>", less ? "\u2212" : "+", change);
}

static void put_co_tenant(const struct report *r, const struct series *s, uint64_t top, size_t n,
			  FILE *out)
{
	static const char *const roles[] = {"subject", "sibling", "grew"};

	fputs("<li><div class=\"name\">", out);
	text(out, s->name);
	fprintf(out, "<small>%s</small></div>", roles[s->role]);
	chart_sparkline(r, s, top, n, out);
	fputs("<div class=\"then\">", out);
	put_change(s, out);
	fputs("</div></li>\n", out);
}

static void put_co_tenants(const struct report *r, FILE *out)
{
	uint64_t top = r->series.peak == HR_UNKNOWN ? 0 : r->series.peak;

	if (!r->co_tenants)
		return;
	for (size_t i = 0; i < r->co_tenants; i++)
		if (r->co_tenant[i].peak != HR_UNKNOWN && r->co_tenant[i].peak > top)
			top = r->co_tenant[i].peak;
	fputs("<h2>Other containers</h2>\n<p class=\"soft\">Usage in the same time, on one scale; "
	      "the "
	      "line marks the "
	      "incident.</p>\n<ul class=\"near\">\n",
	      out);
	put_co_tenant(r, &r->series, top, 0, out);
	for (size_t i = 0; i < r->co_tenants; i++)
		put_co_tenant(r, &r->co_tenant[i], top, i + 1, out);
	fputs("</ul>\n", out);
}

/* ---- causes and recommendations ---- */

static void put_factors(const struct report *r, FILE *out)
{
	fputs("<h2>Likely causes</h2>\n", out);
	if (!r->factors) {
		element(out, "p", "", "No known contributing factor.");
		return;
	}
	fputs("<ul class=\"plain\">\n", out);
	for (size_t i = 0; i < r->factors; i++) {
		fputs("<li>", out);
		element(out, "strong", "", r->factor[i].title);
		text(out, r->factor[i].text);
		fputs("</li>\n", out);
	}
	fputs("</ul>\n", out);
}

static void put_suggestion(FILE *out, const char *label, uint64_t bytes, const char *reason)
{
	char value[UNITS_TEXT];

	if (!*reason)
		return;
	fputs("<p><strong>", out);
	fputs(label, out);
	if (bytes != HR_UNKNOWN)
		fprintf(out, " %s", units_bytes(bytes, value));
	fputs("</strong> \u00b7 ", out);
	text(out, reason);
	fputs("</p>\n", out);
}

static void put_recommendations(const struct report *r, FILE *out)
{
	const struct recommendation *a = &r->recommendation;

	fputs("<h2>Recommended limits</h2>\n<div class=\"advice\">\n", out);
	put_suggestion(out, "Limit", a->limit, a->limit_text);
	put_suggestion(out, "Request", a->request, a->request_text);
	element(out, "p", "soft", a->basis);
	fputs("</div>\n", out);
}

static void put_foot(const struct report *r, FILE *out)
{
	char from[REPORT_TIME], to[REPORT_TIME];

	fputs("<footer>headroom ", out);
	text(out, r->version && *r->version ? r->version : "?");
	fprintf(out, ", mode %s, kernel ", r->mode ? r->mode : "unknown");
	text(out, r->kernel && *r->kernel ? r->kernel : "?");
	fprintf(out, ". Based on %zu snapshot%s; charts from %s to %s.</footer>\n", r->snapshots,
		plural_s(r->snapshots), report_day(r->from_ns, from), report_day(r->to_ns, to));
	fputs("</main>\n</body>\n</html>\n", out);
}

int report_html(const struct report *r, FILE *out)
{
	put_start(r, out);
	put_head(r, out);
	put_figures(r, out);
	put_chart(r, out);
	put_timeline(r, out);
	put_facts(r, out);
	put_oom_stats(r, out);
	put_done(r, out);
	put_co_tenants(r, out);
	put_factors(r, out);
	put_recommendations(r, out);
	put_foot(r, out);
	return 0;
}
