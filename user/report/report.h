/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The post-mortem of one incident as a model: figures and sentences. One model, one file per format (report_md.c,
 * report_html.c, report_json.c).
 *
 *	struct report report = {0};
 *	if (report_build(&report, incident, &event_log, readers, n) == 0)
 *		report_md(&report, stdout);
 *	report_done(&report);
 *
 * Every string is clean UTF-8 (base/utf8_clean.h), not escaped for any format. Unknown is HR_UNKNOWN, NULL, or not in its
 * list. No clock: a report of the same records is identical.
 */
#ifndef HEADROOM_REPORT_H
#define HEADROOM_REPORT_H

#include <stdio.h>
#include <jansson.h>
#include "recommendations.h"
#include "format/event_log.h"
#include "factors.h"
#include "format/incident.h"
#include "usage_series.h"

struct report_fact { /* a line of the facts */
	const char *label, *text;
};

enum report_mark { MARK_NOTE, MARK_WARN, MARK_ACT, MARK_ACTION, MARK_KILL, MARK_GOOD, MARKS };
struct report_moment {         /* a line of the timeline */
	uint64_t time_ns, seq; /* seq 0: no event */
	enum report_mark mark;
	const char *what, *text; /* a word or two; the full text */
	bool on_chart;           /* a numbered mark there */
};

struct report_alarm { /* a forecast, and the observed time */
	uint64_t time_ns;
	uint32_t level; /* enum hr_alarm */
	uint16_t risk_centi;
	uint64_t p10_ms, p50_ms, p90_ms; /* HR_UNKNOWN */
	uint64_t usage, headroom;
	uint64_t took_ms; /* until the kill; HR_UNKNOWN: no kill */
	const char *text;
};

struct report_action {
	const struct hr_event_action *action;
	const char *text;    /* action, requester, inputs, result */
	const char *skipped; /* candidates and reasons; NULL: none */
};

#define REPORT_SUMMARY    3
#define REPORT_CO_TENANTS 6

struct report {
	struct incident incident; /* its seqs belong to the report */
	const char *node, *kernel, *version, *mode, *source;
	const char *headline; /* name and title */
	const char *no_alarm; /* a sentence for a report without alarms of the subject */
	const char *summary[REPORT_SUMMARY];

	uint64_t from_ns, to_ns; /* window of the charts */
	bool limited;            /* the chart shows found.limit */
	bool shared;             /* other containers use that limit, too */
	size_t snapshots;        /* snapshots used */
	struct series series;    /* of the subject */
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

	const struct hr_event_oom_kill *kill;   /* the first; NULL */
	const struct hr_event_outcome *outcome; /* the last; NULL */
	uint64_t restarted_ns;                  /* 0: unknown */

	struct facts found;        /* input of the factors */
	struct report_text *texts; /* all strings */
};

/* `readers`: boards and recordings with snapshots of that time, in any order; their positions change. The event log must
 * outlive the report. 0 or -ENOMEM. */
int report_build(struct report *ret, const struct incident *incident,
		 const struct event_log *event_log, struct hr_reader *const *readers, size_t n);
void report_done(struct report *report);

/* The formats. 0 or -ENOMEM; the caller checks errors of `out`. */
int report_md(const struct report *report, FILE *out);
int report_html(const struct report *report, FILE *out);
int report_json(const struct report *report, FILE *out);
/* A new reference; NULL without memory. */
json_t *recommendation_json(const struct recommendation *recommendation);

#endif
