/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The post-mortem of one incident as a model: what is known, in figures and in sentences. One model,
 * one file a format (report_md.c, report_html.c, report_json.c).
 *
 *	struct report report = {0};
 *	if (report_build(&report, incident, chronicle, readers, n) == 0)
 *		report_md(&report, stdout);
 *	report_done(&report);
 *
 * Every string is clean UTF-8 (base/text.h) and not yet escaped for any format. What is not known is
 * HR_UNKNOWN, NULL, or not in its list. No clock: a report of the same records is the same, byte by byte.
 */
#ifndef HEADROOM_REPORT_H
#define HEADROOM_REPORT_H

#include <stdio.h>
#include "recommendations.h"
#include "format/event_log.h"
#include "factors.h"
#include "format/incident.h"
#include "usage_series.h"

struct report_fact { /* a line of "what happened" */
	const char *label, *text;
};

enum report_mark { MARK_NOTE, MARK_WARN, MARK_ACT, MARK_ACTION, MARK_KILL, MARK_GOOD, MARKS };
struct report_moment {         /* a line of the timeline */
	uint64_t time_ns, seq; /* seq 0: no event told it */
	enum report_mark mark;
	const char *what, *text; /* a word or two; and all of it */
	bool on_chart;           /* worth a mark there */
};

struct report_alarm { /* what was foreseen, and what it took in the end */
	uint64_t time_ns;
	uint32_t level; /* enum hr_alarm */
	uint16_t risk_centi;
	uint64_t p10_ms, p50_ms, p90_ms; /* HR_UNKNOWN */
	uint64_t usage, headroom;
	uint64_t took_ms; /* until the kill; HR_UNKNOWN: it did not come to that */
	const char *text;
};

struct report_action {
	const struct hr_event_action *action;
	const char *text;    /* what, by whom, on what evidence, to what end */
	const char *skipped; /* who was, and why; NULL: nobody */
};

#define REPORT_SUMMARY    3
#define REPORT_CO_TENANTS 6

struct report {
	struct incident incident; /* its seqs belong to the report */
	const char *node, *kernel, *version, *mode, *source;
	const char *headline; /* who and what, for a title */
	const char *summary[REPORT_SUMMARY];

	uint64_t from_ns, to_ns; /* what the charts show */
	bool limited;            /* a limit belongs into its chart: found.limit */
	bool shared;             /* others fill that limit as well */
	size_t pictures;         /* of the board that it rests on */
	struct series series;    /* the subject's own */
	struct series co_tenant[REPORT_CO_TENANTS];
	size_t co_tenants;

	struct report_fact *fact;
	struct report_moment *moment;
	struct report_alarm *alarm;
	struct report_action *action;
	size_t facts, moments, alarms, actions;
	struct factor *factor;
	size_t factors;
	struct recommendation recommendation;

	const struct hr_event_oom_kill *kill;   /* the first of them; NULL */
	const struct hr_event_outcome *outcome; /* the last of them; NULL */
	uint64_t restarted_ns;                  /* 0: not seen */

	struct facts found;        /* what the factors were sought in */
	struct report_text *texts; /* all strings */
};

/* `readers`: boards and recordings that hold pictures of that time, in any order; each stands anywhere afterwards. The
 * chronicle must outlive the report. 0 or -ENOMEM. */
int report_build(struct report *ret, const struct incident *incident,
		 const struct event_log *event_log, struct hr_reader *const *readers, size_t n);
void report_done(struct report *report);

/* The formats. 0 or -ENOMEM; errors of `out` are the caller's to see. */
int report_md(const struct report *report, FILE *out);
int report_html(const struct report *report, FILE *out);
int report_json(const struct report *report, FILE *out);

#endif
