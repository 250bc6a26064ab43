/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* summary.c: the headline and three sentences, from a report whose lists are complete. 0 or -ENOMEM. */
#ifndef HEADROOM_REPORT_TELL_H
#define HEADROOM_REPORT_TELL_H

struct scene;
int tell_summary(const struct scene *s);

#endif
