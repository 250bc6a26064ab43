// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "degraded.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "events.h"

/* Words that the board's list may have no place for: with its ten, more than docs/reference/json.md lists. */
#define WAITING 32
#define ENTRIES (HR_DEGRADED + WAITING)

/* In the order in which they were set; each moves to the board when a place there is free. */
static struct hr_degraded waiting[WAITING];

static const struct hr_degraded *entry_at(const struct board *board, int i)
{
	return i < HR_DEGRADED ? &board_host(board)->degraded[i] : &waiting[i - HR_DEGRADED];
}

/* The entry of this word, else the first free one. */
static int entry_of(const struct board *board, const char *what)
{
	int i = 0;

	while (i < ENTRIES - 1 && *entry_at(board, i)->what &&
	       strcmp(entry_at(board, i)->what, what))
		i++;
	return i;
}

bool degraded_is_set(const struct board *board, const char *what)
{
	return !strcmp(entry_at(board, entry_of(board, what))->what, what);
}

void degraded_set(struct board *board, const char *what, enum hr_severity severity,
		  const char *format, ...)
{
	int i = entry_of(board, what);
	const struct hr_degraded *old = entry_at(board, i);
	struct hr_degraded entry = {.since_ns = board_now_ns(board)};
	char line[320];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	snprintf(entry.what, sizeof(entry.what), "%s", what);
	snprintf(entry.text, sizeof(entry.text), "%.*s", (int)sizeof(entry.text) - 1, line);
	if (!strcmp(old->what, what)) {
		if (!strcmp(old->text, entry.text))
			return;
		entry.since_ns = old->since_ns;
	}
	if (i < HR_DEGRADED) {
		board_host_begin(board)->degraded[i] = entry;
		board_host_end(board);
	} else {
		waiting[i - HR_DEGRADED] = entry;
	}
	events_daemon(board, HR_DAEMON_FALLBACK, severity, 0, "%s", line);
}

/* Removes entry i of n; `last` takes the place that gets free. */
static void remove_entry(struct hr_degraded *list, int n, int i, const struct hr_degraded *last)
{
	memmove(&list[i], &list[i + 1], (size_t)(n - 1 - i) * sizeof(*list));
	list[n - 1] = *last;
}

void degraded_clear(struct board *board, const char *what)
{
	static const struct hr_degraded none;
	int i = entry_of(board, what);

	if (!degraded_is_set(board, what))
		return;
	if (i < HR_DEGRADED) {
		remove_entry(board_host_begin(board)->degraded, HR_DEGRADED, i, &waiting[0]);
		board_host_end(board);
		i = HR_DEGRADED;
	}
	remove_entry(waiting, WAITING, i - HR_DEGRADED, &none);
	events_daemon(board, HR_DAEMON_FALLBACK, HR_INFO, 0, "%s: no longer degraded", what);
}
