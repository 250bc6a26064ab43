// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Usage over time in a fixed size. */
#include "demand.h"

#include <string.h>
#include <headroom/board.h>

#include "base/clock.h"

#define MOST_STEP_NS   (120 * NS_PER_SEC) /* maximum weight of one point */
#define FIRST_PERIOD   (60 * NS_PER_SEC)
#define CENTI_NS       (10 * NS_PER_MS)
#define LEAST_EXPONENT 16 /* 64 KiB: the first bucket has all below */
#define STEPS          5  /* bits of a power of two: 32 buckets */

void demand_init(struct demand *d)
{
	memset(d, 0, sizeof(*d));
	d->peak = d->last = HR_UNKNOWN;
	d->period_ns = FIRST_PERIOD;
	memset(d->period_peak, 0xff, sizeof(d->period_peak));
}

static unsigned int bucket_of(uint64_t bytes)
{
	unsigned int exponent = bytes ? 63 - (unsigned int)__builtin_clzll(bytes) : 0, at;

	if (exponent < LEAST_EXPONENT)
		return 0;
	at = ((exponent - LEAST_EXPONENT) << STEPS) +
	     (unsigned int)(bytes >> (exponent - STEPS) & ((1u << STEPS) - 1));
	return at < DEMAND_BUCKETS ? at : DEMAND_BUCKETS - 1;
}

/* The least that is above it. */
static uint64_t bucket_end(unsigned int bucket)
{
	unsigned int exponent = LEAST_EXPONENT + (bucket >> STEPS);

	return ((1ULL << STEPS) + (bucket & ((1u << STEPS) - 1)) + 1) << (exponent - STEPS);
}

static void note_period(struct demand *d, uint64_t time_ns, uint64_t bytes)
{
	uint64_t at = (time_ns - d->first_ns) / d->period_ns;

	while (at >= DEMAND_PERIODS) {
		for (unsigned int i = 0; i < DEMAND_PERIODS / 2; i++) {
			uint64_t one = d->period_peak[2 * i], two = d->period_peak[2 * i + 1];

			/* unknown is the largest number */
			d->period_peak[i] =
				one == HR_UNKNOWN || (two != HR_UNKNOWN && two > one) ? two : one;
		}
		memset(d->period_peak + DEMAND_PERIODS / 2, 0xff,
		       sizeof(d->period_peak[0]) * DEMAND_PERIODS / 2);
		d->period_ns *= 2;
		at /= 2;
	}
	d->periods = (uint32_t)at + 1;
	if (d->period_peak[at] == HR_UNKNOWN || bytes > d->period_peak[at])
		d->period_peak[at] = bytes;
}

void demand_until(struct demand *d, uint64_t time_ns)
{
	uint64_t ns = d->samples && time_ns > d->last_ns ? time_ns - d->last_ns : 0;

	ns = ns < MOST_STEP_NS ? ns : MOST_STEP_NS;
	d->seen_ns += ns;
	if (d->last != HR_UNKNOWN)
		d->bucket_centis[bucket_of(d->last)] += (uint32_t)(ns / CENTI_NS);
}

void demand_add(struct demand *d, uint64_t time_ns, uint64_t bytes, bool begins)
{
	if (!d->samples)
		d->first_ns = d->last_ns = time_ns;
	if (time_ns < d->last_ns)
		return;
	if (!begins)
		demand_until(d, time_ns);
	d->samples++;
	d->runs += begins;
	d->last_ns = time_ns;
	d->last = bytes;
	if (bytes == HR_UNKNOWN)
		return;
	note_period(d, time_ns, bytes);
	if (d->peak == HR_UNKNOWN || bytes > d->peak) {
		d->peak = bytes;
		d->peak_ns = time_ns;
	}
}

uint64_t demand_percentile(const struct demand *d, unsigned int percent)
{
	uint64_t whole = 0, sum = 0;

	for (unsigned int i = 0; i < DEMAND_BUCKETS; i++)
		whole += d->bucket_centis[i];
	for (unsigned int i = 0; whole && i < DEMAND_BUCKETS; i++) {
		sum += d->bucket_centis[i];
		if (sum * 100 >= whole * percent)
			return bucket_end(i) < d->peak ? bucket_end(i) : d->peak;
	}
	return d->peak;
}

bool demand_parts(const struct demand *d, unsigned int parts, uint64_t ret_peak[DEMAND_PARTS])
{
	uint64_t peak[DEMAND_PARTS] = {0};
	bool found[DEMAND_PARTS] = {false};

	for (unsigned int i = 0; i < d->periods; i++) {
		unsigned int part = i * parts / d->periods;

		if (d->period_peak[i] == HR_UNKNOWN)
			continue;
		found[part] = true;
		if (d->period_peak[i] > peak[part])
			peak[part] = d->period_peak[i];
	}
	for (unsigned int i = 0; i < parts; i++)
		if (!found[i])
			return false;
	memcpy(ret_peak, peak, parts * sizeof(*peak));
	return true;
}
