// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The policy conditions, one line each, and how each reads its input. A reader guesses nothing: what a slot does not
 * know stays HR_UNKNOWN.
 */
#include "condition_table.h"

#include <string.h>

#include "forecast/forecast_input.h"

#define NS_PER_MS  1000000ULL
#define MS_PER_DAY 86400000ULL

/* Used, and no reason to end anything: the kernel waits for it, or gives it back, rather than kill. */
static uint64_t yielding(const struct hr_slot *slot)
{
	return memory_yielding(&slot->memory, slot->oom_kills_total);
}

static uint64_t read_used(const struct input_source *from)
{
	uint64_t used = from->slot ? from->slot->memory.unreclaimable : HR_UNKNOWN;

	return used == HR_UNKNOWN ? used : used - yielding(from->slot);
}

static uint64_t read_usage(const struct input_source *from)
{
	return from->slot ? from->slot->memory.usage : from->pgroup->rss;
}

static uint64_t read_rss(const struct input_source *from)
{
	return from->slot ? from->slot->memory.rss : from->pgroup->rss;
}

/* With what yields where the limit is: under the limit of an ancestor what a sibling uses, too. The host's available memory includes it. */
static uint64_t read_headroom(const struct input_source *from)
{
	const struct hr_slot *slot = from->slot;
	uint64_t headroom = slot ? slot->memory.headroom : HR_UNKNOWN;

	if (headroom == HR_UNKNOWN || slot->binding.level == HR_LEVEL_HOST)
		return headroom;
	return headroom + (slot->binding.level == HR_LEVEL_OWN
				   ? yielding(slot)
				   : yielding_of(slot->binding.used, slot->binding.pending,
						 slot->binding.unsorted));
}

static bool has_forecast(const struct input_source *from)
{
	return from->slot && from->slot->forecast.risk_centi != UINT16_MAX;
}

static uint64_t read_oom_in(const struct input_source *from)
{
	if (from->slot && from->slot->forecast.oom_in_p50_ms != HR_UNKNOWN)
		return from->slot->forecast.oom_in_p50_ms;
	return has_forecast(from) ? NOT_PREDICTED : HR_UNKNOWN;
}

static uint64_t read_risk(const struct input_source *from)
{
	return has_forecast(from) ? from->slot->forecast.risk_centi : HR_UNKNOWN;
}

static uint64_t read_alarm(const struct input_source *from)
{
	return has_forecast(from) ? from->slot->forecast.alarm : HR_UNKNOWN;
}

static uint64_t read_leak(const struct input_source *from)
{
	if (!has_forecast(from))
		return HR_UNKNOWN;
	/* A leak that has ended is at no level. */
	return from->slot->forecast.leak == HR_LEAK_ENDED ? HR_LEAK_NONE
							  : from->slot->forecast.leak;
}

/* Shrinking counts as no growth. */
static uint64_t read_growth(const struct input_source *from)
{
	int64_t per_second = from->slot ? from->slot->forecast.drift_bytes_per_second
					: from->pgroup->growth_bytes_per_second;

	if (per_second == HR_UNKNOWN_I64)
		return HR_UNKNOWN;
	if (per_second <= 0)
		return 0;
	return per_second > INT64_MAX / 3600 ? INT64_MAX : (uint64_t)per_second * 3600;
}

static uint64_t known(uint32_t value) { return value == HR_UNKNOWN_U32 ? HR_UNKNOWN : value; }

static uint64_t read_some_avg10(const struct input_source *from)
{
	return from->slot ? known(from->slot->pressure.some_avg10_centi) : HR_UNKNOWN;
}

static uint64_t read_full_avg10(const struct input_source *from)
{
	return from->slot ? known(from->slot->pressure.full_avg10_centi) : HR_UNKNOWN;
}

/* Before its first sample a host shows 0 bytes of 0: that is unknown, and no reason for an action. */
static uint64_t read_host_available(const struct input_source *from)
{
	const struct hr_host *host = from->host;

	return host && host->mem_total && host->mem_total != HR_UNKNOWN ? host->mem_available
									: HR_UNKNOWN;
}

/* Both are wall times of the same slot: no clock is read. A slot with an unknown start is at least as old as its first
 * sighting. */
static uint64_t read_age(const struct input_source *from)
{
	const struct hr_slot *slot = from->slot;
	uint64_t start;

	if (!slot)
		return from->pgroup->age_ms;
	start = slot->started_ns != HR_UNKNOWN && slot->started_ns ? slot->started_ns
								   : slot->appeared_ns;
	if (!start || start == HR_UNKNOWN || !slot->sampled_ns || slot->sampled_ns == HR_UNKNOWN ||
	    slot->sampled_ns < start)
		return HR_UNKNOWN;
	return (slot->sampled_ns - start) / NS_PER_MS;
}

static uint64_t read_refaults(const struct input_source *from)
{
	return from->slot ? from->slot->counts.refaults_per_second : HR_UNKNOWN;
}

static const struct condition_level leak_levels[] = {
	[0] = {"suspected", "has a suspected leak"},
	[HR_LEAK_CONFIRMED - HR_LEAK_SUSPECTED] = {"confirmed", "has a confirmed leak"},
	[HR_LEAK_EXHAUSTING -
		HR_LEAK_SUSPECTED] = {"exhausting",
				      "has a leak that has almost exhausted its limit"},
};

static const struct condition_level alarm_levels[] = {
	[0] = {"notice", "has an alarm"},
	[HR_ALARM_WARN - HR_ALARM_NOTICE] = {"warn", "has an alarm warn or act"},
	[HR_ALARM_ACT - HR_ALARM_NOTICE] = {"act", "has an alarm act"},
};

#define SIZES    .least = POLICY_SIZE_LEAST, .most = POLICY_SIZE_MOST
#define PERCENTS .least = 1, .most = 10000
#define EVENT(member_)                                   \
	.event_at = offsetof(struct hr_inputs, member_), \
	.event_bytes = sizeof(((const struct hr_inputs *)NULL)->member_)
#define LEVELS(levels_, least_, most_)                                                \
	.type = VALUE_LEVEL, .levels = (levels_), .least = (least_), .most = (most_), \
	.scope = FOR_CONTAINERS, .sentence = "{}", CALM(100, 10)
#define CALM(per_cent_, seconds_) .calm_milli = 10 * (per_cent_), .calm_ms = 1000 * (seconds_)

/* Where the hysteresis of each comes from: docs/explanation/actions.md. */
const struct condition condition_table[CONDITIONS] = {
	[CONDITION_USED] =
		{
			.key = "used",
			.type = VALUE_AMOUNT,
			SIZES,
			.scope = FOR_CONTAINERS,
			.of = INPUT_LEAST,
			.of_text = "its effective limit",
			.read = read_used,
			CALM(95, 2),
			.sentence = "uses at least {} (non-reclaimable)",
			EVENT(unreclaimable),
			.values = "size, or share of the effective limit",
			.reference = "Non-reclaimable memory is at least this size, or this share "
				     "of the effective limit (of its own limit, where that is "
				     "smaller; without any limit, of the host's memory).",
		},
	[CONDITION_USAGE] =
		{
			.key = "usage",
			.type = VALUE_AMOUNT,
			SIZES,
			.scope = FOR_CONTAINERS,
			.of = INPUT_LIMIT,
			.of_text = "its limit",
			.read = read_usage,
			CALM(95, 2),
			.sentence = "uses at least {} (page cache included)",
			EVENT(usage),
			.values = "size, or share of the limit",
			.reference = "Memory usage, page cache included, is at least this size, or "
				     "this share of the target's own limit, else of the nearest "
				     "limited ancestor's. The kernel drops cache before it kills: "
				     "to end a target, use the condition used.",
		},
	[CONDITION_RSS] =
		{
			.key = "rss",
			.type = VALUE_SIZE,
			SIZES,
			.scope = FOR_PROCESSES,
			.read = read_rss,
			CALM(95, 2),
			.sentence = "has at least {} resident",
			EVENT(rss),
			.values = "size",
			.reference = "Processes outside containers: the resident memory of the "
				     "process group, shared pages counted once, is at least this "
				     "size.",
		},
	[CONDITION_HEADROOM] =
		{
			.key = "headroom",
			.type = VALUE_AMOUNT,
			SIZES,
			.scope = FOR_CONTAINERS,
			.of = INPUT_EFFECTIVE,
			.of_text = "its effective limit",
			.read = read_headroom,
			.own_only = OF_OWN_LIMIT,
			.shared = HR_UNKNOWN,
			.below = true,
			CALM(105, 2),
			.sentence = "has headroom below {}",
			EVENT(headroom),
			.values = "size, or share of the effective limit below 100%",
			.reference = "Headroom to the limit that is reached first is below this "
				     "size, or below this share of that limit.",
		},
	[CONDITION_OOM_IN] =
		{
			.key = "oom_in",
			.type = VALUE_TIME,
			.least = 1000,
			.most = MS_PER_DAY, /* the forecast looks no further ahead */
			.scope = FOR_CONTAINERS,
			.read = read_oom_in,
			.own_only = OF_OWN_FORECAST,
			.shared = NOT_PREDICTED,
			.below = true,
			CALM(150, 10),
			.sentence = "is predicted to run out of memory within {}",
			EVENT(oom_in_p50_ms),
			.values = "time, 1s to 24h",
			.reference = "The median forecast predicts an OOM within this time.",
		},
	[CONDITION_RISK] =
		{
			.key = "risk",
			.type = VALUE_PERCENT,
			PERCENTS,
			.scope = FOR_CONTAINERS,
			.read = read_risk,
			.own_only = OF_OWN_FORECAST,
			.shared = 0,
			CALM(85, 10),
			.sentence = "has a risk of at least {}",
			EVENT(risk_centi),
			.values = "number above 0, at most 100",
			.reference = "The risk is at least this.",
		},
	[CONDITION_ALARM] =
		{
			.key = "alarm",
			LEVELS(alarm_levels, HR_ALARM_NOTICE, HR_ALARM_ACT),
			.read = read_alarm,
			.own_only = OF_OWN_FORECAST,
			.shared = HR_ALARM_NONE,
			.values = "notice, warn or act",
			.reference = "The alarm is at least this.",
		},
	[CONDITION_LEAK] =
		{
			.key = "leak",
			LEVELS(leak_levels, HR_LEAK_SUSPECTED, HR_LEAK_EXHAUSTING),
			.read = read_leak,
			EVENT(leak),
			.values = "suspected, confirmed or exhausting",
			.reference = "The leak state is at least this.",
		},
	[CONDITION_GROWTH] =
		{
			.key = "growth",
			.type = VALUE_PER_HOUR,
			.least = 1,
			.most = POLICY_SIZE_MOST * 3600,
			.scope = FOR_CONTAINERS | FOR_PROCESSES,
			.read = read_growth,
			CALM(80, 10),
			.sentence = "grows by at least {} an hour",
			.values = "size per s, min, h or d, such as 100MiB/h",
			.reference = "Non-reclaimable memory grows by at least this rate.",
		},
	[CONDITION_SOME_AVG10] =
		{
			.key = "some_avg10",
			.type = VALUE_PERCENT,
			PERCENTS,
			.scope = FOR_CONTAINERS,
			.read = read_some_avg10,
			CALM(80, 10),
			.sentence = "has some tasks stalled on memory at least {}% of the time",
			EVENT(some_avg10_centi),
			.values = "per cent above 0, at most 100",
			.reference = "Some of its tasks stalled on memory for at least this share "
				     "of the last 10 s "
				     "(cgroup v2).",
		},
	[CONDITION_FULL_AVG10] =
		{
			.key = "full_avg10",
			.type = VALUE_PERCENT,
			PERCENTS,
			.scope = FOR_CONTAINERS,
			.read = read_full_avg10,
			CALM(80, 10),
			.sentence = "has all tasks stalled on memory at least {}% of the time",
			EVENT(full_avg10_centi),
			.values = "per cent above 0, at most 100",
			.reference = "All of its tasks stalled on memory for at least this share "
				     "of the last 10 s "
				     "(cgroup v2).",
		},
	[CONDITION_HOST_AVAILABLE] =
		{
			.key = "host_available",
			.type = VALUE_AMOUNT,
			SIZES,
			.scope = FOR_CONTAINERS | FOR_PROCESSES | OF_HOST,
			.of = INPUT_HOST_TOTAL,
			.of_text = "its memory",
			.read = read_host_available,
			.below = true,
			CALM(105, 2),
			.sentence = "the host has less than {} available",
			EVENT(host_available),
			.values = "size, or share of the host's memory below 100%",
			.reference = "The host's available memory is below this. The policy then "
				     "selects one of the "
				     "targets that it matches.",
		},
	[CONDITION_AGE] =
		{
			.key = "age",
			.type = VALUE_TIME,
			.least = 1000,
			.most = 3650 * MS_PER_DAY,
			.scope = FOR_CONTAINERS | FOR_PROCESSES,
			.read = read_age,
			.sentence = "is at least {} old",
			.values = "time",
			.reference = "The target has existed for at least this time.",
		},
	[CONDITION_REFAULTS] =
		{
			.key = "refaults",
			.type = VALUE_PER_SECOND,
			.least = 1,
			.most = 1000000000,
			.scope = FOR_CONTAINERS,
			.read = read_refaults,
			CALM(80, 10),
			.sentence = "refaults at least {} pages a second",
			EVENT(refaults_per_second),
			.values = "number per second, such as 500/s",
			.reference = "The kernel reads back at least this many pages a second soon "
				     "after it evicted them (cgroup v2).",
		},
};

void condition_inputs(const struct input_source *from, uint64_t ret_at[CONDITIONS])
{
	for (size_t i = 0; i < CONDITIONS; i++)
		ret_at[i] = condition_table[i].read(from);
}

/* Little-endian: a member narrower than 64 bits takes the low bytes, and all ones are its unknown, too. */
void condition_record(const uint64_t at[CONDITIONS], struct hr_inputs *inputs)
{
	for (size_t i = 0; i < CONDITIONS; i++) {
		const struct condition *c = &condition_table[i];
		uint64_t value = at[i] == NOT_PREDICTED ? HR_UNKNOWN : at[i];

		if (c->type == VALUE_LEVEL && value == HR_UNKNOWN)
			value = 0; /* an event has no unknown level */
		memcpy((char *)inputs + c->event_at, &value, c->event_bytes);
	}
}
