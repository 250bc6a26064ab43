/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Events as alerts that fire and end, in the form of Alertmanager's API v2. A container's alarm fires until it is calm or
 * gone; an OOM kill, an action and a leak that is confirmed fire for five minutes.
 */
#ifndef HEADROOM_EXPORT_ALERTMANAGER_H
#define HEADROOM_EXPORT_ALERTMANAGER_H

#include "export.h"

#define ALERTS_MOST 512 /* at once; the oldest gives way */

struct alert;
struct alerts {
	struct alert *alert;
	size_t n;
	bool changed; /* since alerts_sent() */
};

void alerts_take(struct alerts *alerts, const struct export_event *event);
char *alerts_json(const struct alerts *alerts,
		  uint64_t now_ns); /* those that fire or have just ended; malloc'ed; or NULL */
void alerts_sent(struct alerts *alerts,
		 uint64_t now_ns); /* what had ended by then need not be told again */
void alerts_done(struct alerts *alerts);

#endif
