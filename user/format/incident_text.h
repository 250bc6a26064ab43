/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The subject and title of an incident, in clean words. */
#ifndef HEADROOM_FORMAT_INCIDENT_TEXT_H
#define HEADROOM_FORMAT_INCIDENT_TEXT_H

#include "incident.h"

/* Fills name and title from its n events, oldest first; `key` is the one that names it. */
void incident_describe(struct incident *i, const struct hr_event *const *event, size_t n,
		       const struct hr_event *key);

/* The action that says most of what was done: the strongest of those executed, else of the dry runs, else of the rest. NULL:
 * none. */
const struct hr_event_action *incident_action(const struct hr_event *const *event, size_t n);

#endif
