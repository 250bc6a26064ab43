/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* An event as one line for a person. */
#ifndef HEADROOM_FORMAT_EVENT_LINE_H
#define HEADROOM_FORMAT_EVENT_LINE_H

#include <headroom/event.h>

#define EVENT_LINE_TEXT 2048

/* "12:07:52 oom_kill  leaky (docker, busybox): tail[4711] killed at its own limit of 50 MiB;
 * …". Local time; with the date where that is not now's. Clean UTF-8. The record may be of any
 * size: what its bytes do not cover is not told. */
const char *event_line(const struct hr_event *event, uint64_t now_ns, char text[EVENT_LINE_TEXT]);
/* The same without time, type and name: "tail[4711] killed at its own limit of 50 MiB; …". */
const char *event_emitted(const struct hr_event *event, char text[EVENT_LINE_TEXT]);

#endif
