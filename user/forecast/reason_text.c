// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Text of reasons and leak kinds. Formats only; decides nothing. */
#include "reason_text.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/human_units.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct text { /* the arguments, formatted */
	char bytes[3][UNITS_TEXT], rate[UNITS_TEXT], time[3][UNITS_TEXT];
	const int64_t *arg;
	const char *limit, *shared; /* which limit */
};

static int drift_text(const struct text *t, char *buf, size_t size)
{
	if (t->arg[0] <= 0)
		return snprintf(buf, size, "growth too irregular for a forecast; %s %s", t->limit,
				t->bytes[2]);
	if (t->arg[1] < 0)
		return snprintf(buf, size, "grows %s towards %s %s", t->rate, t->limit,
				t->bytes[2]);
	return snprintf(buf, size, "grows %s; %s to %s %s", t->rate, t->time[1], t->limit,
			t->bytes[2]);
}

static int rise_text(const struct text *t, char *buf, size_t size)
{
	if (t->arg[2] >= 0)
		return snprintf(buf, size, "%sgrew %s in %s; %s left", t->shared, t->bytes[0],
				t->time[2], t->bytes[1]);
	return snprintf(buf, size, "%sgrew %s; %s left", t->shared, t->bytes[0], t->bytes[1]);
}

static int slowing_text(const struct text *t, char *buf, size_t size)
{
	return snprintf(buf, size, "growth slows down and ends after another %s", t->bytes[1]);
}

static int step_text(const struct text *t, char *buf, size_t size)
{
	return snprintf(buf, size, "grew %s at once; not a trend yet", t->bytes[0]);
}

static int sawtooth_text(const struct text *t, char *buf, size_t size)
{
	return snprintf(buf, size, "peaks stay near %s, %s below the limit (%" PRId64 " cycles)",
			t->bytes[0], t->bytes[2], t->arg[1]);
}

static int baseline_text(const struct text *t, char *buf, size_t size)
{
	return snprintf(buf, size, "baseline grows %s/h; %s to %s", t->bytes[0], t->time[1],
			t->limit);
}

static int heap_text(const struct text *t, char *buf, size_t size)
{
	if (t->arg[1] < 1000)
		return snprintf(buf, size,
				"heap full at its own maximum of %s (container headroom %s)",
				t->bytes[0], t->bytes[2]);
	return snprintf(buf, size,
			"heap reaches its own maximum of %s in %s (container headroom %s)",
			t->bytes[0], t->time[1], t->bytes[2]);
}

static int survived_text(const struct text *t, char *buf, size_t size)
{
	return snprintf(buf, size, "at the limit of %s for %s without an OOM kill", t->bytes[1],
			t->time[0]);
}

static int near_text(const struct text *t, char *buf, size_t size)
{
	return snprintf(buf, size, "within %s of its limit for %s", t->bytes[0], t->time[1]);
}

static int killed_text(const struct text *t, char *buf, size_t size)
{
	return snprintf(buf, size, "OOM-killed %s before",
			t->arg[0] == 1   ? "once"
			: t->arg[0] == 2 ? "twice"
					 : "several times");
}

static int no_kill_text(const struct text *t, char *buf, size_t size)
{
	return snprintf(buf, size, "%s%" PRId64 " earlier runs ended without an OOM kill",
			t->arg[0] >= 100 ? "more than " : "", t->arg[0]);
}

static int stall_text(const struct text *t, char *buf, size_t size)
{
	return snprintf(buf, size,
			"all tasks stalled %" PRId64 "%% of the time (%" PRId64 "%% over a minute)",
			t->arg[0], t->arg[1]);
}

static int refault_text(const struct text *t, char *buf, size_t size)
{
	return snprintf(buf, size, "refaults %" PRId64 "%% of its memory every second", t->arg[0]);
}

static int under_oom_text(const struct text *t, char *buf, size_t size)
{
	return snprintf(buf, size, "under OOM for %s without a kill (oom_kill_disable)",
			t->time[0]);
}

static int high_text(const struct text *t, char *buf, size_t size)
{
	return snprintf(buf, size, "%s until throttled at memory.high %s", t->time[0], t->bytes[1]);
}

static int throttled_text(const struct text *t, char *buf, size_t size)
{
	return snprintf(buf, size, "throttled at memory.high %s", t->bytes[0]);
}

static int high_first_text(const struct text *t, char *buf, size_t size)
{
	return snprintf(buf, size, "memory.high %s throttles it before the limit", t->bytes[0]);
}

static int young_text(const struct text *t, char *buf, size_t size)
{
	return snprintf(buf, size, "started %s ago", t->time[0]);
}

static int reclaimed_text(const struct text *t, char *buf, size_t size)
{
	return snprintf(buf, size, "the kernel reclaimed such memory at the limit of %s%s",
			t->bytes[1], t->arg[0] > 1 ? ", repeatedly" : "");
}

static int unsorted_text(const struct text *t, char *buf, size_t size)
{
	return snprintf(buf, size, "%s of %s are kernel memory that may be reclaimable",
			t->bytes[0], t->bytes[1]);
}

static int swap_text(const struct text *t, char *buf, size_t size)
{
	return snprintf(buf, size, "swap full (%s swapped out)", t->bytes[0]);
}

static int leak_text(const struct text *t, char *buf, size_t size)
{
	const char *of = t->arg[1] >= 0 ? forecast_leak_kind_name((unsigned int)t->arg[1]) : NULL;

	return snprintf(buf, size, "leaks %s%s%s/h for %s", t->bytes[0], of ? " of " : "",
			of ? of : "", t->time[2]);
}

static const struct {
	const char *word;
	int (*text)(const struct text *t, char *buf, size_t size);
} reasons[HR_REASON_COUNT] = {
	[HR_REASON_DRIFT] = {"drift", drift_text},
	[HR_REASON_RISE] = {"rise", rise_text},
	[HR_REASON_SLOWING] = {"slowing", slowing_text},
	[HR_REASON_STEP] = {"step", step_text},
	[HR_REASON_SAWTOOTH] = {"sawtooth", sawtooth_text},
	[HR_REASON_BASELINE] = {"baseline", baseline_text},
	[HR_REASON_HEAP] = {"heap", heap_text},
	[HR_REASON_SURVIVED] = {"survived", survived_text},
	[HR_REASON_KILLED_BEFORE] = {"killed_before", killed_text},
	[HR_REASON_STALL] = {"stall", stall_text},
	[HR_REASON_REFAULT] = {"refault", refault_text},
	[HR_REASON_UNDER_OOM] = {"under_oom", under_oom_text},
	[HR_REASON_HIGH] = {"high", high_text},
	[HR_REASON_THROTTLED] = {"throttled", throttled_text},
	[HR_REASON_SWAP_FULL] = {"swap_full", swap_text},
	[HR_REASON_HIGH_FIRST] = {"high_first", high_first_text},
	[HR_REASON_YOUNG] = {"young", young_text},
	[HR_REASON_NO_KILL_BEFORE] = {"no_kill_before", no_kill_text},
	[HR_REASON_RECLAIMED] = {"reclaimed", reclaimed_text},
	[HR_REASON_UNSORTED] = {"kernel_unknown", unsorted_text},
	[HR_REASON_LEAK] = {"leak", leak_text},
	[HR_REASON_NEAR_LIMIT] = {"near_limit", near_text},
};

static const char *const leak_kinds[HR_LEAK_OF_COUNT] = {
	[HR_LEAK_ANON] = "anon",
	[HR_LEAK_SHMEM] = "shmem",
	[HR_LEAK_SLAB] = "slab",
	[HR_LEAK_KERNEL] = "kernel",
};

static const char *const leak_states[] = {"none", "suspected", "confirmed", "exhausting", "ended"};
static const char *const limits[HR_LEVEL_COUNT] = {"own limit", "parent limit", "host memory"};
/* A shared limit is older than those that share it: the growth is not of the container alone. */
static const char *const shared[HR_LEVEL_COUNT] = {"", "with others ", "with others "};

const char *forecast_reason_name(unsigned int kind)
{
	return kind < HR_REASON_COUNT ? reasons[kind].word : NULL;
}

const char *forecast_leak_kind_name(unsigned int of)
{
	return of < HR_LEAK_OF_COUNT ? leak_kinds[of] : NULL;
}

const char *forecast_leak_state_name(unsigned int state)
{
	return state < COUNT(leak_states) ? leak_states[state] : NULL;
}

const char *forecast_reason_text(const struct hr_reason *reason, char *buf, size_t size)
{
	struct text t = {.arg = reason->arg};

	if (!size)
		return buf;
	if (reason->kind == HR_REASON_NONE || reason->kind >= HR_REASON_COUNT) {
		snprintf(buf, size, "%s", reason->kind ? "?" : "");
		return buf;
	}
	t.limit = reason->reserved < HR_LEVEL_COUNT ? limits[reason->reserved] : "limit";
	t.shared = reason->reserved < HR_LEVEL_COUNT ? shared[reason->reserved] : "";
	units_rate(reason->arg[0], t.rate);
	for (size_t i = 0; i < COUNT(t.bytes); i++) {
		uint64_t value = reason->arg[i] < 0 ? 0 : (uint64_t)reason->arg[i];

		units_bytes(value, t.bytes[i]);
		if (value)
			units_duration_ms(value, t.time[i]);
		else
			snprintf(t.time[i], sizeof(t.time[i]), "under 1 ms");
	}
	reasons[reason->kind].text(&t, buf, size);
	return buf;
}
