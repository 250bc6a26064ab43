/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Incidents of a board, and the body of one post-mortem. */
#ifndef HEADROOM_EXPORT_REPORT_PAGE_H
#define HEADROOM_EXPORT_REPORT_PAGE_H

#include "chunked_body.h"
#include "format/event_log.h"
#include "format/incident.h"

/* By readers of their own: that of the caller keeps its place among the events. 0 or -errno. */
int incidents_of_board(const char *board, struct event_log *events, struct incidents *ret);
/* The HTML of the incident with that id. 0; -ENOENT: not among them; -errno. */
int report_page_write(struct body *body, const char *board, const struct event_log *events,
		      const struct incidents *incidents, const char *id);

#endif
