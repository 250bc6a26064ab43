/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Numbers for people, in the same form on every screen. HR_UNKNOWN prints as "-". */
#ifndef HEADROOM_BASE_HUMAN_UNITS_H
#define HEADROOM_BASE_HUMAN_UNITS_H

#include <stdint.h>

#define UNITS_TEXT 24
const char *units_bytes(uint64_t bytes, char text[UNITS_TEXT]); /* "0", "812 KiB", "1.5 GiB" */
const char *units_rate(int64_t bytes_per_second, char text[UNITS_TEXT]); /* "+12 MiB/s", "-", "0" */
const char *
units_duration_ms(uint64_t ms,
		  char text[UNITS_TEXT]); /* "850 ms", "42s", "4m20s", "3h05m", "2d04h" */

/* "300MiB", "1.5G", "4096", "10k" (k, M, G, T and KiB … TiB are powers of 1024, KB … TB of 1000). 0
 * or -EINVAL,
 * -ERANGE. */
int units_parse_bytes(const char *text, uint64_t *ret_bytes);
/* "1s", "500ms", "5m", "1h30m". 0 or -EINVAL, -ERANGE. */
int units_parse_duration_ms(const char *text, uint64_t *ret_ms);

/* A figure computed as a double, as a whole number: below 0 and NaN 0, above the largest UINT64_MAX - 1 (a conversion
 * outside the range is undefined in C). */
static inline uint64_t units_whole(double value)
{
	return !(value > 0) ? 0 : value < 0x1p64 ? (uint64_t)value : UINT64_MAX - 1;
}

/* An age in whole seconds; less than one is "under 1s". HR_UNKNOWN: "-". */
const char *units_age_ns(uint64_t ns, char text[UNITS_TEXT]);

/* Of a count: "1 event", "2 events". */
static inline const char *plural_s(unsigned long long n) { return n == 1 ? "" : "s"; }

#endif
