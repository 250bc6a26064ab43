/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Events as alerts of Alertmanager's API v2. An alarm and a confirmed leak fire until their end event, or until the container
 * is gone; an OOM kill and an action fire for five minutes.
 */
#ifndef HEADROOM_EXPORT_ALERTMANAGER_H
#define HEADROOM_EXPORT_ALERTMANAGER_H

#include "export.h"

#define ALERTS_MAX 512 /* at once; a new alert replaces the oldest */

struct alert;
struct alerts {
	struct alert *alert;
	size_t n;
	bool changed; /* since alertmanager_sent() */
};

void alertmanager_add_event(struct alerts *alerts, const struct export_event *event);
char *
alertmanager_json(const struct alerts *alerts,
		  uint64_t now_ns); /* firing and just ended alerts; the caller frees; or NULL */
void alertmanager_sent(struct alerts *alerts,
		       uint64_t now_ns); /* forgets the alerts that had ended by now_ns */
void alertmanager_done(struct alerts *alerts);

#endif
