/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The containers screen of a wide terminal, in two panes: the list, events and the host's processes; the marked container. */
#ifndef HEADROOM_TUI_DASHBOARD_H
#define HEADROOM_TUI_DASHBOARD_H

#include "top.h"

bool dashboard_fits(const struct screen_buffer *body);
/* 0 or -ENOMEM. */
int dashboard_draw(struct top *top, struct screen_buffer *body);

#endif
