// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Times for people and programs, and back. Reads no clock itself; only local times look at the time
 * zone. */
#include "clock.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "human_units.h"

void clock_format_rfc3339(uint64_t wall_ns, char text[CLOCK_TEXT])
{
	time_t s = (time_t)(wall_ns / NS_PER_SEC);
	struct tm tm;

	gmtime_r(&s, &tm);
	snprintf(text, CLOCK_TEXT, "%04u-%02u-%02uT%02u:%02u:%02u.%09uZ",
		 (unsigned int)(tm.tm_year + 1900) % 10000, (unsigned int)(tm.tm_mon + 1) % 100,
		 (unsigned int)tm.tm_mday % 100, (unsigned int)tm.tm_hour % 100,
		 (unsigned int)tm.tm_min % 100, (unsigned int)tm.tm_sec % 100,
		 (unsigned int)(wall_ns % NS_PER_SEC));
}

/* Exactly `digits` digits, then `after` (0: anything). */
static bool take_number(const char **text, int digits, char after, int *ret_value)
{
	const char *p = *text;
	int value = 0;

	for (int i = 0; i < digits; i++, p++) {
		if (*p < '0' || *p > '9')
			return false;
		value = value * 10 + (*p - '0');
	}
	if (after && *p++ != after)
		return false;
	*text = p;
	*ret_value = value;
	return true;
}

/* ".123" → nanoseconds; nothing there: 0. Skips digits past the ninth. */
static bool take_fraction(const char **text, uint64_t *ret_ns)
{
	const char *p = *text;
	uint64_t ns = 0, place = NS_PER_SEC / 10;

	if (*p == '.') {
		if (*++p < '0' || *p > '9')
			return false;
		for (; *p >= '0' && *p <= '9'; p++, place /= 10)
			ns += (uint64_t)(*p - '0') * place;
	}
	*text = p;
	*ret_ns = ns;
	return true;
}

static int wall_from(int64_t seconds, uint64_t ns, uint64_t *ret_wall_ns)
{
	if (seconds < 0 || (uint64_t)seconds >= UINT64_MAX / NS_PER_SEC)
		return -EINVAL;
	*ret_wall_ns = (uint64_t)seconds * NS_PER_SEC + ns;
	return 0;
}

static int parse_at(const char *text, uint64_t *ret_wall_ns)
{
	int64_t seconds = 0;
	uint64_t ns;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	for (; *text >= '0' && *text <= '9'; text++)
		if (__builtin_mul_overflow(seconds, 10, &seconds) ||
		    __builtin_add_overflow(seconds, *text - '0', &seconds))
			return -EINVAL;
	if (!take_fraction(&text, &ns) || *text)
		return -EINVAL;
	return wall_from(seconds, ns, ret_wall_ns);
}

/* "Z", "+02:00": seconds east of Greenwich */
static bool take_offset(const char **text, int *ret_seconds)
{
	int hours, minutes, sign = **text == '-' ? -1 : 1;

	if (**text == 'Z' || **text == 'z') {
		(*text)++;
		*ret_seconds = 0;
		return true;
	}
	if (**text != '+' && **text != '-')
		return false;
	(*text)++;
	if (!take_number(text, 2, ':', &hours) || !take_number(text, 2, 0, &minutes) ||
	    hours > 23 || minutes > 59)
		return false;
	*ret_seconds = sign * (hours * 3600 + minutes * 60);
	return true;
}

static int parse_date(const char *text, uint64_t *ret_wall_ns)
{
	struct tm tm = {.tm_isdst = -1}, utc;
	int year, month, offset = 0, leap = 0;
	uint64_t ns = 0;
	int64_t seconds;

	if (!take_number(&text, 4, '-', &year) || !take_number(&text, 2, '-', &month) ||
	    !take_number(&text, 2, 0, &tm.tm_mday) ||
	    (*text != 'T' && *text != 't' && *text != ' '))
		return -EINVAL;
	text++;
	if (!take_number(&text, 2, ':', &tm.tm_hour) || !take_number(&text, 2, 0, &tm.tm_min))
		return -EINVAL;
	if (*text == ':') {
		text++;
		if (!take_number(&text, 2, 0, &tm.tm_sec) || !take_fraction(&text, &ns))
			return -EINVAL;
	}
	if (tm.tm_sec == 60) /* a leap second: RFC 3339 knows it, POSIX time does not */
		leap = 1;
	tm.tm_sec -= leap;
	tm.tm_year = year - 1900;
	tm.tm_mon = month - 1;
	utc = tm;
	seconds = timegm(&utc);
	/* timegm() normalises 30 February silently: a date that it changed was none */
	if (utc.tm_mon != tm.tm_mon || utc.tm_mday != tm.tm_mday || utc.tm_hour != tm.tm_hour ||
	    utc.tm_min != tm.tm_min || utc.tm_sec != tm.tm_sec)
		return -EINVAL;
	if (!*text)
		seconds = mktime(&tm);
	else if (!take_offset(&text, &offset) || *text)
		return -EINVAL;
	return wall_from(seconds - offset + leap, ns, ret_wall_ns);
}

int clock_parse(const char *text, uint64_t now_wall_ns, uint64_t *ret_wall_ns)
{
	uint64_t age_ms;

	if (*text == '@')
		return parse_at(text + 1, ret_wall_ns);
	if (strlen(text) > 4 && text[4] == '-')
		return parse_date(text, ret_wall_ns);
	if (units_parse_duration_ms(text + (*text == '-'), &age_ms) ||
	    age_ms > now_wall_ns / NS_PER_MS)
		return -EINVAL;
	*ret_wall_ns = now_wall_ns - age_ms * NS_PER_MS;
	return 0;
}
