// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Tables of words. The order is that of the enums in board.h and event.h. */
#include "enum_text.h"

#include <stdio.h>
#include <string.h>
#include <headroom/event.h>

#include "base/cleanup.h"
#include "forecast/reason_text.h"

static const char *pick(const char *const *words, size_t n, unsigned int i)
{
	return i < n ? words[i] : NULL;
}

#define WORDS(name, ...)                                          \
	const char *name(unsigned int i)                          \
	{                                                         \
		static const char *const words[] = {__VA_ARGS__}; \
		return pick(words, ARRAY_SIZE(words), i);         \
	}

WORDS(mode_word, "observe", "dry-run", "enforce")
WORDS(kind_word, "group", "container", "unit", "pod", "sandbox")
WORDS(state_word, NULL, "running", "gone")
WORDS(alarm_word, "none", "notice", "warn", "act")
WORDS(container_what_word, "appeared", "identified", "restarted", "gone", "renamed", "relabeled")
WORDS(daemon_what_word, "started", "stopping", "adopted", "configuration_loaded",
      "configuration_refused", "capacity", "fallback", "events_lost", "resolver", "command",
      "control", "restored", "recovered", "paused", "resumed")
WORDS(reflex_word, "none", "not_armed", "unavailable", "owner_protects", "armed", "killed",
      "failed")
WORDS(pressure_what_word, "entered", "left", "under_oom", "under_oom_left")

const char *reason_text(const struct hr_reason *reason, char text[REASON_TEXT])
{
	if (forecast_reason_name(reason->kind))
		return forecast_reason_text(reason, text, REASON_TEXT);
	snprintf(text, REASON_TEXT, "unknown reason %u (%lld, %lld, %lld) of a newer version",
		 reason->kind, (long long)reason->arg[0], (long long)reason->arg[1],
		 (long long)reason->arg[2]);
	return text;
}

const char *layout_word(unsigned int cgroup_version)
{
	return cgroup_version == 1    ? "v1"
	       : cgroup_version == 2  ? "v2"
	       : cgroup_version == 12 ? "hybrid"
				      : NULL;
}

const char *path_tail(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}
