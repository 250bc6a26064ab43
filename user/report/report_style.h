/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The HTML report's style sheet. */
#ifndef HEADROOM_REPORT_STYLE_H
#define HEADROOM_REPORT_STYLE_H

extern const char report_style[];

#endif
