// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Times for programs and people. Reads no clock itself; local times look at the time zone. */
#include "clock.h"

#include <stdio.h>
#include <string.h>

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

const char *clock_format_local(uint64_t wall_ns, char text[CLOCK_TEXT])
{
	time_t s = (time_t)(wall_ns / NS_PER_SEC);
	struct tm tm;

	localtime_r(&s, &tm);
	strftime(text, CLOCK_TEXT,
		 strcmp(tm.tm_zone, "UTC") ? "%Y-%m-%d %H:%M:%S %z" : "%Y-%m-%d %H:%M:%S UTC", &tm);
	return text;
}
