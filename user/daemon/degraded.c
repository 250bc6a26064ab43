// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "degraded.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "events.h"

/* The entry of this word, else the first free one; HR_DEGRADED: the list is full. */
static int entry_of(const struct hr_host *host, const char *what)
{
	int i = 0;

	while (i < HR_DEGRADED && *host->degraded[i].what && strcmp(host->degraded[i].what, what))
		i++;
	return i;
}

bool degraded_is_set(const struct board *board, const char *what)
{
	int i = entry_of(board_host(board), what);

	return i < HR_DEGRADED && *board_host(board)->degraded[i].what;
}

void degraded_set(struct board *board, const char *what, enum hr_severity severity,
		  const char *format, ...)
{
	int i = entry_of(board_host(board), what);
	struct hr_degraded entry = {.since_ns = board_now_ns(board)};
	char line[320];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	snprintf(entry.what, sizeof(entry.what), "%s", what);
	snprintf(entry.text, sizeof(entry.text), "%.*s", (int)sizeof(entry.text) - 1, line);
	if (i < HR_DEGRADED) {
		const struct hr_degraded *old = &board_host(board)->degraded[i];

		if (*old->what && !strcmp(old->text, entry.text))
			return;
		if (*old->what)
			entry.since_ns = old->since_ns;
		board_host_begin(board)->degraded[i] = entry;
		board_host_end(board);
	}
	events_daemon(board, HR_DAEMON_FALLBACK, severity, 0, "%s", line);
}

void degraded_clear(struct board *board, const char *what)
{
	int i = entry_of(board_host(board), what);
	struct hr_host *host;

	if (!degraded_is_set(board, what))
		return;
	host = board_host_begin(board);
	memmove(&host->degraded[i], &host->degraded[i + 1],
		(size_t)(HR_DEGRADED - 1 - i) * sizeof(*host->degraded));
	memset(&host->degraded[HR_DEGRADED - 1], 0, sizeof(*host->degraded));
	board_host_end(board);
	events_daemon(board, HR_DAEMON_FALLBACK, HR_INFO, 0, "%s: no longer degraded", what);
}
