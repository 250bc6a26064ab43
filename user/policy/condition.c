// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * When does a rule hold, and when is it calm again? A rule holds while every one of its conditions does, and only by figures
 * that are known. It is calm when one of them is past its threshold by a margin, for a while: figures that people set by
 * hand jitter around them. Remembers nothing.
 */
#include "policy_internal.h"

#include "base/cleanup.h"

/* Margin and patience of each condition before the emergency counts as over. docs/acting.md says where they come from. */
static const struct {
	bool below;
	uint32_t calm_milli; /* of the threshold; 0: it is never calm again */
	uint32_t calm_ms;
	uint8_t of;
} tests[F_TESTS] = {
	[F_USAGE] = {false, 950, 2000, F_LIMIT},   [F_RSS] = {false, 950, 2000, INPUTS},
	[F_HEADROOM] = {true, 1050, 2000, INPUTS}, [F_OOM_IN] = {true, 1500, 10000, INPUTS},
	[F_RISK] = {false, 850, 10000, INPUTS},    [F_LEAK] = {false, 1000, 10000, INPUTS},
	[F_GROWTH] = {false, 800, 10000, INPUTS},  [F_SOME] = {false, 800, 10000, INPUTS},
	[F_FULL] = {false, 800, 10000, INPUTS},    [F_HOST] = {true, 1050, 2000, F_HOST_TOTAL},
	[F_AGE] = {false, 0, 0, INPUTS},
};

static void set_threshold(const struct policy *p, enum input input, struct test *t)
{
	const struct policy_amount *share = input == F_USAGE  ? &p->usage
					    : input == F_HOST ? &p->host_available
							      : NULL;
	const uint64_t thresholds[F_TESTS] = {
		[F_USAGE] = p->usage.bytes,
		[F_RSS] = p->rss,
		[F_HEADROOM] = p->headroom,
		[F_OOM_IN] = p->oom_in_ms,
		[F_RISK] = p->risk_centi,
		[F_LEAK] = p->leak,
		[F_GROWTH] = p->growth_bytes_per_hour > 0 ? (uint64_t)p->growth_bytes_per_hour : 0,
		[F_SOME] = p->some_centi,
		[F_FULL] = p->full_centi,
		[F_HOST] = p->host_available.bytes,
		[F_AGE] = p->age_ms,
	};

	t->threshold = thresholds[input];
	t->of = INPUTS;
	t->milli = 0;
	if (share && share->bytes == HR_UNKNOWN) {
		t->of = tests[input].of;
		t->milli = share->milli;
	}
}

void rule_read(const struct policy *p, struct rule *ret_rule)
{
	struct rule *r = ret_rule;

	r->n = 0;
	for (uint8_t i = 0; i < F_TESTS; i++) {
		struct test *t = &r->test[r->n];

		if (!(p->conditions & 1u << i))
			continue;
		*t = (struct test){
			.input = i,
			.below = tests[i].below,
			.calm_milli = tests[i].calm_milli,
			.calm_ms = tests[i].calm_ms,
		};
		set_threshold(p, i, t);
		r->n++;
	}
}

void rule_read_host(const struct policy *p, struct rule *ret_rule)
{
	ret_rule->n = 0;
	if (!(p->conditions & WHEN_HOST))
		return;
	ret_rule->test[0] = (struct test){
		.input = F_HOST,
		.below = tests[F_HOST].below,
		.calm_milli = tests[F_HOST].calm_milli,
		.calm_ms = tests[F_HOST].calm_ms,
	};
	set_threshold(p, F_HOST, &ret_rule->test[0]);
	ret_rule->n = 1;
}

/* value * milli / 1000 without overflow; sizes are far below 2^63. */
static uint64_t share(uint64_t value, uint32_t milli)
{
	return value / 1000 * milli + value % 1000 * milli / 1000;
}

static uint64_t threshold(const struct test *t, const struct inputs *f)
{
	uint64_t of;

	if (t->of == INPUTS)
		return t->threshold;
	of = f->at[t->of];
	return of == HR_UNKNOWN ? HR_UNKNOWN : share(of, t->milli);
}

enum holds rule_holds(const struct rule *rule, const struct inputs *f)
{
	enum holds all = rule->n ? HOLDS : HOLDS_NOT; /* a rule without a condition is none */

	for (uint32_t i = 0; i < rule->n; i++) {
		const struct test *t = &rule->test[i];
		uint64_t value = f->at[t->input], least = threshold(t, f);

		if (value == HR_UNKNOWN || least == HR_UNKNOWN)
			all = HOLDS_UNKNOWN;
		else if (t->below ? value >= least : value < least)
			return HOLDS_NOT;
	}
	return all;
}

bool rule_calm(const struct rule *rule, const struct inputs *f, uint32_t *ret_ms)
{
	uint32_t soonest = UINT32_MAX;

	for (uint32_t i = 0; i < rule->n; i++) {
		const struct test *t = &rule->test[i];
		uint64_t value = f->at[t->input], least = threshold(t, f);

		if (value == HR_UNKNOWN || least == HR_UNKNOWN || !t->calm_milli)
			continue;
		least = share(least, t->calm_milli);
		if ((t->below ? value >= least : value < least) && t->calm_ms < soonest)
			soonest = t->calm_ms;
	}
	if (ret_ms && soonest != UINT32_MAX)
		*ret_ms = soonest;
	return soonest != UINT32_MAX;
}

uint64_t rule_threshold(const struct rule *rule, enum input input, const struct inputs *f)
{
	for (uint32_t i = 0; i < rule->n; i++)
		if (rule->test[i].input == input)
			return threshold(&rule->test[i], f);
	return HR_UNKNOWN;
}
