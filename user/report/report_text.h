/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* summary.c: headline and summary, from a report with complete lists. 0 or -ENOMEM. */
#ifndef HEADROOM_REPORT_REPORT_TEXT_H
#define HEADROOM_REPORT_REPORT_TEXT_H

struct context;
int summary_build(const struct context *s);

#endif
