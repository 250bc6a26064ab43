/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Clocks, in nanoseconds; and times for people and programs (RFC 3339). */
#ifndef HEADROOM_CLOCK_H
#define HEADROOM_CLOCK_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define NS_PER_SEC 1000000000ULL
#define NS_PER_MS  1000000ULL

static inline uint64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_SEC + (uint64_t)ts.tv_nsec;
}

static inline uint64_t clock_wall_ns(void) { return clock_ns(CLOCK_REALTIME); }
static inline uint64_t clock_mono_ns(void) { return clock_ns(CLOCK_MONOTONIC); }
static inline uint64_t clock_boot_ns(void) { return clock_ns(CLOCK_BOOTTIME); }

#define CLOCK_TEXT 36
/* "2026-11-22T12:07:52.000000001Z" */
void clock_format_rfc3339(uint64_t wall_ns, char text[CLOCK_TEXT]);

/* "2026-11-22 13:07:52 +0100", "2026-11-22 12:07:52 UTC": local, for people. Returns text. */
const char *clock_format_local(uint64_t wall_ns, char text[CLOCK_TEXT]);

/* clock_parse.c. A time as journalctl takes it, or RFC 3339: "2026-11-22 12:30[:SS]", "2026-11-22", "12:30" (today), "yesterday",
 * "today", "tomorrow" (also with a time of day), "now", "@SECONDS", "1 hour ago", "-2h", "+5min"; an age without a sign, "2h30m", is ago.
 * Local, but with " UTC" or, after a date, an offset. Before 1970: 1 ns. Returns 0, or -EINVAL. */
int clock_parse(const char *text, uint64_t now_wall_ns, uint64_t *ret_wall_ns);

#endif
