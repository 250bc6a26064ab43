// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * When the conditions of a policy hold, and when they are calm again. They hold while each of them does, and only by inputs
 * that are known. They are calm when one input is past its threshold by a margin (condition_table.h): inputs fluctuate
 * around a threshold. Keeps no state.
 */
#include "policy_internal.h"

static void add_test(const struct policy *p, uint8_t id, struct condition_set *rule)
{
	const struct condition *c = &condition_table[id];
	const struct policy_threshold *threshold = &p->threshold[id];
	bool share = c->type == VALUE_AMOUNT && threshold->value == HR_UNKNOWN;

	rule->test[rule->n++] = (struct test){
		.id = id,
		.below = c->below,
		.calm_milli = c->calm_milli,
		.calm_ms = c->calm_ms,
		.threshold = threshold->value,
		.of = share ? c->of : INPUTS,
		.milli = share ? threshold->milli : 0,
	};
}

void condition_set_read(const struct policy *p, struct condition_set *ret_rule)
{
	ret_rule->n = 0;
	for (unsigned int i = 0; i < CONDITIONS; i++)
		if (p->conditions & 1u << i)
			add_test(p, i, ret_rule);
}

void condition_set_read_host(const struct policy *p, struct condition_set *ret_rule)
{
	ret_rule->n = 0;
	for (unsigned int i = 0; i < CONDITIONS; i++)
		if (p->conditions & 1u << i && condition_table[i].scope & OF_HOST)
			add_test(p, i, ret_rule);
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

enum holds condition_set_holds(const struct condition_set *rule, const struct inputs *f)
{
	enum holds all = rule->n ? HOLDS : HOLDS_NOT; /* without a condition nothing holds */

	for (uint32_t i = 0; i < rule->n; i++) {
		const struct test *t = &rule->test[i];
		uint64_t value = f->at[t->id], least = threshold(t, f);

		if (value == HR_UNKNOWN || least == HR_UNKNOWN)
			all = HOLDS_UNKNOWN;
		else if (t->below ? value >= least : value < least)
			return HOLDS_NOT;
	}
	return all;
}

bool condition_set_calm(const struct condition_set *rule, const struct inputs *f, uint32_t *ret_ms)
{
	uint32_t soonest = UINT32_MAX;

	for (uint32_t i = 0; i < rule->n; i++) {
		const struct test *t = &rule->test[i];
		uint64_t value = f->at[t->id], least = threshold(t, f);

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

uint64_t condition_set_threshold(const struct condition_set *rule, enum condition_id id,
				 const struct inputs *f)
{
	for (uint32_t i = 0; i < rule->n; i++)
		if (rule->test[i].id == id)
			return threshold(&rule->test[i], f);
	return HR_UNKNOWN;
}
