/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* An event as one line for a person. */
#ifndef HEADROOM_FORMAT_EVENT_LINE_H
#define HEADROOM_FORMAT_EVENT_LINE_H

#include <headroom/event.h>

#define EVENT_LINE_TEXT 2048

/* "12:07:52 oom_kill  leaky (docker, busybox): OOM-killed tail[4711]: container limit 50 MiB reached; …". Local time; with
 * the date where it is not the day of `now_ns`. Clean UTF-8. The record may be of any size: fields beyond its bytes are not
 * read. */
const char *event_line(const struct hr_event *event, uint64_t now_ns, char text[EVENT_LINE_TEXT]);
/* The same for a message that has its time already: "oom_kill leaky (docker, busybox): OOM-killed …", without columns. */
const char *event_message(const struct hr_event *event, char text[EVENT_LINE_TEXT]);
/* The same without time, type and name. */
const char *event_text(const struct hr_event *event, char text[EVENT_LINE_TEXT]);

#endif
