// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The room's numbers as words. Formats only; decides nothing. */
#include "reason_text.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/human_units.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct text { /* the arguments, already as words */
	char bytes[3][UNITS_TEXT], rate[UNITS_TEXT], time[3][UNITS_TEXT];
	const int64_t *arg;
	const char *limit; /* whose limit */
};

static int drift_text(const struct text *t, char *buf, size_t size)
{
	if (t->arg[0] <= 0)
		return snprintf(buf, size, "moves too irregularly to be sure of %s limit of %s",
				t->limit, t->bytes[2]);
	if (t->arg[1] < 0)
		return snprintf(buf, size, "grows %s towards %s limit of %s", t->rate, t->limit,
				t->bytes[2]);
	return snprintf(buf, size, "grows %s; %s to %s limit of %s", t->rate, t->time[1], t->limit,
			t->bytes[2]);
}

static int rise_text(const struct text *t, char *buf, size_t size)
{
	if (t->arg[2] >= 0)
		return snprintf(buf, size, "has risen by %s in %s; %s are left", t->bytes[0],
				t->time[2], t->bytes[1]);
	return snprintf(buf, size, "has risen by %s; %s are left", t->bytes[0], t->bytes[1]);
}

static int slowing_text(const struct text *t, char *buf, size_t size)
{
	return snprintf(buf, size, "growth is slowing down, and ends after another %s",
			t->bytes[1]);
}

static int sawtooth_text(const struct text *t, char *buf, size_t size)
{
	return snprintf(buf, size,
			"its peaks stay at about %s, %s below the limit (%" PRId64 " seen)",
			t->bytes[0], t->bytes[2], t->arg[1]);
}

static int floor_text(const struct text *t, char *buf, size_t size)
{
	return snprintf(buf, size, "the floor rises by %s an hour; %s to %s limit", t->bytes[0],
			t->time[1], t->limit);
}

static int heap_text(const struct text *t, char *buf, size_t size)
{
	if (t->arg[1] < 1000)
		return snprintf(
			buf, size,
			"the heap is full at its own maximum of %s (the container has %s left)",
			t->bytes[0], t->bytes[2]);
	return snprintf(
		buf, size,
		"the heap fills up inside its own maximum of %s in %s (the container has %s left)",
		t->bytes[0], t->time[1], t->bytes[2]);
}

static int survived_text(const struct text *t, char *buf, size_t size)
{
	return snprintf(buf, size, "has stood at the limit of %s for %s and lives", t->bytes[1],
			t->time[0]);
}

static int killed_text(const struct text *t, char *buf, size_t size)
{
	return snprintf(buf, size, "was OOM-killed %s before",
			t->arg[0] == 1   ? "once"
			: t->arg[0] == 2 ? "twice"
					 : "several times");
}

static int lived_text(const struct text *t, char *buf, size_t size)
{
	return snprintf(buf, size, "has started %s%" PRId64 " times before without being killed",
			t->arg[0] >= 100 ? "more than " : "", t->arg[0]);
}

static int stall_text(const struct text *t, char *buf, size_t size)
{
	return snprintf(buf, size,
			"stalls completely for %" PRId64 " %% of the time (%" PRId64
			" %% over a minute)",
			t->arg[0], t->arg[1]);
}

static int refault_text(const struct text *t, char *buf, size_t size)
{
	return snprintf(buf, size, "reads back %" PRId64 " %% of its memory every second",
			t->arg[0]);
}

static int under_oom_text(const struct text *t, char *buf, size_t size)
{
	return snprintf(buf, size, "hangs out of memory for %s, and no victim is killed",
			t->time[0]);
}

static int high_text(const struct text *t, char *buf, size_t size)
{
	return snprintf(buf, size, "%s until memory.high of %s throttles it", t->time[0],
			t->bytes[1]);
}

static int throttled_text(const struct text *t, char *buf, size_t size)
{
	return snprintf(buf, size, "is throttled at memory.high of %s", t->bytes[0]);
}

static int brake_text(const struct text *t, char *buf, size_t size)
{
	return snprintf(buf, size, "memory.high of %s brakes it before the limit", t->bytes[0]);
}

static int young_text(const struct text *t, char *buf, size_t size)
{
	return snprintf(buf, size, "has started only %s ago", t->time[0]);
}

static int swap_text(const struct text *t, char *buf, size_t size)
{
	return snprintf(buf, size, "swap is full (%s are swapped out)", t->bytes[0]);
}

static int leak_text(const struct text *t, char *buf, size_t size)
{
	const char *of = t->arg[1] >= 0 ? forecast_leak_of_word((unsigned int)t->arg[1]) : NULL;

	return snprintf(buf, size, "leaks %s%s%s an hour, for %s", t->bytes[0], of ? " of " : "",
			of ? of : "", t->time[2]);
}

static const struct {
	const char *word;
	int (*text)(const struct text *t, char *buf, size_t size);
} reasons[HR_REASON_COUNT] = {
	[HR_REASON_DRIFT] = {"drift", drift_text},
	[HR_REASON_RISE] = {"rise", rise_text},
	[HR_REASON_SLOWING] = {"slowing", slowing_text},
	[HR_REASON_SAWTOOTH] = {"sawtooth", sawtooth_text},
	[HR_REASON_FLOOR] = {"floor", floor_text},
	[HR_REASON_HEAP] = {"heap", heap_text},
	[HR_REASON_SURVIVED] = {"survived", survived_text},
	[HR_REASON_KILLED_BEFORE] = {"killed_before", killed_text},
	[HR_REASON_STALL] = {"stall", stall_text},
	[HR_REASON_REFAULT] = {"refault", refault_text},
	[HR_REASON_UNDER_OOM] = {"under_oom", under_oom_text},
	[HR_REASON_HIGH] = {"high", high_text},
	[HR_REASON_THROTTLED] = {"throttled", throttled_text},
	[HR_REASON_SWAP_FULL] = {"swap_full", swap_text},
	[HR_REASON_BRAKE] = {"brake", brake_text},
	[HR_REASON_YOUNG] = {"young", young_text},
	[HR_REASON_LIVED_BEFORE] = {"lived_before", lived_text},
	[HR_REASON_LEAK] = {"leak", leak_text},
};

static const char *const leak_kinds[HR_LEAK_OF_COUNT] = {
	[HR_LEAK_ANON] = "anon",
	[HR_LEAK_SHMEM] = "shmem",
	[HR_LEAK_SLAB] = "slab",
	[HR_LEAK_SOCK] = "sock",
	[HR_LEAK_PAGE_TABLES] = "page_tables",
	[HR_LEAK_KERNEL] = "kernel",
};

static const char *const leak_states[] = {"none", "suspected", "confirmed", "exhausting"};
static const char *const limits[HR_LEVEL_COUNT] = {"its own", "an ancestor's", "the host's"};

const char *forecast_reason_word(unsigned int kind)
{
	return kind < HR_REASON_COUNT ? reasons[kind].word : NULL;
}

const char *forecast_leak_of_word(unsigned int of)
{
	return of < HR_LEAK_OF_COUNT ? leak_kinds[of] : NULL;
}

const char *forecast_leak_state_word(unsigned int state)
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
	t.limit = reason->reserved < HR_LEVEL_COUNT ? limits[reason->reserved] : "a";
	units_rate(reason->arg[0], t.rate);
	for (size_t i = 0; i < COUNT(t.bytes); i++) {
		uint64_t value = reason->arg[i] < 0 ? 0 : (uint64_t)reason->arg[i];

		units_bytes(value, t.bytes[i]);
		units_duration_ms(value, t.time[i]);
	}
	reasons[reason->kind].text(&t, buf, size);
	return buf;
}
