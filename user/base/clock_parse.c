// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Times as people type them, in the forms that journalctl takes. Reads no clock itself; local times look at the time zone. */
#include "clock.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cleanup.h"

#define TYPED_MOST 64

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

/* "Z", "+02:00", "+0200", "+02": seconds east of Greenwich */
static bool take_offset(const char **text, int *ret_seconds)
{
	int hours, minutes = 0, sign = **text == '-' ? -1 : 1;

	if (**text == 'Z' || **text == 'z') {
		(*text)++;
		*ret_seconds = 0;
		return true;
	}
	if (**text != '+' && **text != '-')
		return false;
	(*text)++;
	if (!take_number(text, 2, 0, &hours))
		return false;
	if (**text) {
		*text += **text == ':';
		if (!take_number(text, 2, 0, &minutes))
			return false;
	}
	if (hours > 23 || minutes > 59)
		return false;
	*ret_seconds = sign * (hours * 3600 + minutes * 60);
	return true;
}

/* ---- days and times of day ---- */

static const struct {
	const char *word;
	int days;
} days[] = {{"yesterday", -1}, {"today", 0}, {"tomorrow", 1}};

/* "Sun " before a date: its number, checked against the date later. -1: none */
static int take_weekday(const char **text)
{
	static const char names[][10] = {"sunday",   "monday", "tuesday", "wednesday",
					 "thursday", "friday", "saturday"};
	size_t n = strcspn(*text, " ");

	for (int i = 0; (*text)[n] && i < (int)ARRAY_SIZE(names); i++)
		if ((n == 3 || n == strlen(names[i])) && !strncasecmp(*text, names[i], n)) {
			*text += n + 1;
			return i;
		}
	return -1;
}

/* A word, or "2026-11-22"; neither: the day in *tm stays. */
static bool take_day(const char **text, struct tm *tm)
{
	int year, month;
	const char *p = *text;

	for (size_t i = 0; i < ARRAY_SIZE(days); i++) {
		size_t n = strlen(days[i].word);

		if (strncmp(p, days[i].word, n) != 0)
			continue;
		*text = p + n;
		tm->tm_mday += days[i].days;
		timegm(tm); /* the last day of the month before, too */
		return true;
	}
	if (strlen(p) < 5 || p[4] != '-')
		return false;
	if (!take_number(&p, 4, '-', &year) || !take_number(&p, 2, '-', &month) ||
	    !take_number(&p, 2, 0, &tm->tm_mday))
		return false;
	tm->tm_year = year - 1900;
	tm->tm_mon = month - 1;
	*text = p;
	return true;
}

/* "12:30", "3:10:00.5"; false: it is none */
static bool take_time_of_day(const char **text, struct tm *tm, uint64_t *ret_ns)
{
	int digits = **text && (*text)[1] == ':' ? 1 : 2;

	if (!take_number(text, digits, ':', &tm->tm_hour) || !take_number(text, 2, 0, &tm->tm_min))
		return false;
	if (**text != ':')
		return true;
	(*text)++;
	return take_number(text, 2, 0, &tm->tm_sec) && take_fraction(text, ret_ns);
}

/* timegm() normalises 30 February silently: a date that it changed was none. */
static bool is_valid(const struct tm *tm, int weekday)
{
	struct tm utc = *tm;

	timegm(&utc);
	return utc.tm_mon == tm->tm_mon && utc.tm_mday == tm->tm_mday &&
	       utc.tm_hour == tm->tm_hour && utc.tm_min == tm->tm_min && utc.tm_sec == tm->tm_sec &&
	       (weekday < 0 || utc.tm_wday == weekday);
}

/* A day, a time of day or both; a written day may have an offset behind it. Else utc says which time it is. */
static int parse_date(const char *text, bool utc, uint64_t now_wall_ns, uint64_t *ret_wall_ns)
{
	time_t now = (time_t)(now_wall_ns / NS_PER_SEC);
	int weekday = take_weekday(&text), offset = 0, leap;
	bool day, written = *text >= '0' && *text <= '9';
	uint64_t ns = 0;
	int64_t seconds;
	struct tm tm;
	char after;

	utc ? gmtime_r(&now, &tm) : localtime_r(&now, &tm);
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	day = take_day(&text, &tm);
	after = *text;
	if (day && after && *text++ != ' ' && !(written && (after == 'T' || after == 't')))
		return -EINVAL;
	if ((after || !day) && !take_time_of_day(&text, &tm, &ns))
		return -EINVAL;
	tm.tm_isdst = -1;
	leap = tm.tm_sec == 60; /* a leap second: RFC 3339 knows it, POSIX time does not */
	tm.tm_sec -= leap;
	if (!is_valid(&tm, weekday))
		return -EINVAL;
	if (!*text) {
		seconds = utc ? timegm(&tm) : mktime(&tm);
		return wall_from(seconds + leap, ns, ret_wall_ns);
	}
	text += *text == ' ';
	if (utc || !day || !written || !take_offset(&text, &offset) || *text)
		return -EINVAL;
	return wall_from((int64_t)timegm(&tm) - offset + leap, ns, ret_wall_ns);
}

/* ---- ages ---- */

static const struct {
	const char *names; /* a space behind each */
	uint64_t ns;
} units[] = {
	{"us usec ", 1000},
	{"ms msec ", NS_PER_MS},
	{"s sec second seconds ", NS_PER_SEC},
	{"m min minute minutes ", 60 * NS_PER_SEC},
	{"h hr hour hours ", 3600 * NS_PER_SEC},
	{"d day days ", 86400 * NS_PER_SEC},
	{"w week weeks ", 7 * 86400 * NS_PER_SEC},
	{"M month months ", 2629800 * NS_PER_SEC}, /* as systemd has them: a twelfth of a year */
	{"y year years ", 31557600 * NS_PER_SEC},
};

static uint64_t take_unit(const char **text)
{
	size_t n = strcspn(*text, " 0123456789");

	for (size_t i = 0; n && i < ARRAY_SIZE(units); i++)
		for (const char *name = units[i].names; *name; name = strchr(name, ' ') + 1)
			if (!strncmp(*text, name, n) && name[n] == ' ') {
				*text += n;
				return units[i].ns;
			}
	return 0;
}

/* "1h 30min", "2 hours"; stops at "ago". Longer than the clock reaches is as long as it reaches. */
static bool take_span(const char **text, uint64_t *ret_ns)
{
	unsigned __int128 total = 0;
	const char *p = *text;

	do {
		uint64_t value = 0, part, unit;

		if (*p < '0' || *p > '9')
			return false;
		for (; *p >= '0' && *p <= '9'; p++)
			if (value < UINT32_MAX)
				value = value * 10 + (uint64_t)(*p - '0');
		if (!take_fraction(&p, &part))
			return false;
		p += *p == ' ';
		unit = take_unit(&p);
		if (!unit)
			return false;
		total += (unsigned __int128)value * unit +
			 (unsigned __int128)part * unit / NS_PER_SEC;
		p += *p == ' ';
	} while (*p && *p != 'a');
	*text = p;
	*ret_ns = total < UINT64_MAX ? (uint64_t)total : UINT64_MAX;
	return true;
}

static int parse_age(const char *text, uint64_t now_wall_ns, uint64_t *ret_wall_ns)
{
	bool ahead = *text == '+', sign = ahead || *text == '-';
	uint64_t span;

	text += sign;
	if (!take_span(&text, &span) || (*text && (sign || strcmp(text, "ago") != 0)))
		return -EINVAL;
	if (ahead) {
		if (span > UINT64_MAX - now_wall_ns)
			return -EINVAL;
		*ret_wall_ns = now_wall_ns + span;
		return 0;
	}
	/* longer ago than 1970, where a clock that was never set may stand: all there is; 0 would mean no time */
	*ret_wall_ns = span < now_wall_ns ? now_wall_ns - span : 1;
	return 0;
}

int clock_parse(const char *text, uint64_t now_wall_ns, uint64_t *ret_wall_ns)
{
	size_t n = strlen(text);
	char cut[TYPED_MOST];
	bool utc;

	if (*text == '@')
		return parse_at(text + 1, ret_wall_ns);
	if (!strcmp(text, "now")) {
		*ret_wall_ns = now_wall_ns;
		return 0;
	}
	if (n >= sizeof(cut))
		return -EINVAL;
	utc = n > 4 && !strcasecmp(text + n - 4, " UTC");
	snprintf(cut, sizeof(cut), "%.*s", (int)(utc ? n - 4 : n), text);
	if (!utc && !parse_age(cut, now_wall_ns, ret_wall_ns))
		return 0;
	return parse_date(cut, utc, now_wall_ns, ret_wall_ns);
}
