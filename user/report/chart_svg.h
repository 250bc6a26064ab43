/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Charts as inline SVG: no script, no colour of their own (classes; the page's style sheet has them),
 * with a title and a description for screen readers. Pure: figures in, markup out. Text given
 * here is clean UTF-8; it is escaped here.
 */
#ifndef HEADROOM_CHART_SVG_H
#define HEADROOM_CHART_SVG_H

#include <stdio.h>
#include "report.h"

enum chart_size { CHART_WIDE, CHART_NARROW, CHART_SIZES }; /* for a page, for a phone */

/* The subject's memory, its limit, the first forecast, and numbered marks: mark n is the nth moment with on_chart, from 1. */
void chart_memory(const struct report *r, enum chart_size size, FILE *out);

/* Close-up from before the first alarm to the end: forecast and observed usage. False: there was no such forecast, or the main
 * chart shows it; nothing is written then. */
bool chart_forecast(const struct report *r, enum chart_size size, FILE *out);

/* Sparkline: usage over the report's window, on a scale from 0 to top. */
void chart_sparkline(const struct report *r, const struct series *s, uint64_t top, size_t number,
		     FILE *out);

/* Escapes text for between tags and inside quotes. */
void html_text(const char *text, FILE *out);

#endif
