/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Charts as inline SVG: no script, no colour of their own (classes; the page's style sheet has them),
 * with a title and a description for who can't see them. Pure: figures in, markup out. Text given
 * here is clean UTF-8; it is escaped here.
 */
#ifndef HEADROOM_CHART_SVG_H
#define HEADROOM_CHART_SVG_H

#include <stdio.h>
#include "report.h"

enum chart_size { CHART_WIDE, CHART_NARROW, CHART_SIZES }; /* for a page, and for a phone */

/* The subject's memory, its limit, the forecast that stood, and numbered marks: mark n is the nth moment of the report that is
 * on the chart, from 1. */
void chart_memory(const struct report *r, enum chart_size size, FILE *out);

/* The minutes from before the first alarm to the end, close up: what was foreseen against what came. False: there was no such forecast, or
 * the other chart shows it as well; then nothing was written. */
bool chart_forecast(const struct report *r, enum chart_size size, FILE *out);

/* A small one: usage over the report's window, on a scale from 0 to top. */
void chart_sparkline(const struct report *r, const struct series *s, uint64_t top, size_t number,
		     FILE *out);

/* Text for between tags and inside of quotes. */
void html_text(const char *text, FILE *out);

#endif
