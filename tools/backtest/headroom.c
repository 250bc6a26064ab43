// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* A sample as forecast_input, a forecast as an opinion. */
#include "forecast/forecast.h"
#include "headroom.h"

#define EPOCH_NS 1000000000000ull /* so that clocks that jump back stay above zero */

static uint64_t known(double value) { return value < 0 ? HR_UNKNOWN : (uint64_t)value; }

void headroom_input(const struct sample *s, struct forecast_input *in)
{
	forecast_input_init(in);
	in->t_ns = EPOCH_NS + (uint64_t)(s->t * 1e9);
	in->usage = known(s->usage);
	in->unreclaimable = known(s->unreclaimable);
	in->headroom = known(s->headroom);
	in->limit = known(s->limit);
	in->binding_level = s->level;
	in->high = known(s->high);
	in->anon = known(s->anon);
	in->shmem = known(s->shmem);
	in->slab = known(s->slab);
	in->kernel = known(s->kernel);
	in->swap = known(s->swap);
	in->swap_free = known(s->swap_free);
	in->psi_full_us = known(s->psi_full_us);
	in->refaults = known(s->refaults);
	in->events_oom_kill = s->oom_kills;
	in->restarted = s->restarted;
}

void headroom_again(const struct rule *rule, void *state, const struct sample *sample,
		    struct opinion *ret)
{
	const struct headroom *h = state;
	const struct hr_forecast *o = &h->forecast;

	ret->alarm = o->alarm >= rule->argument[0];
	ret->leak = hr_leak_grows(o->leak);
	ret->chance = o->risk_centi == UINT16_MAX ? -1 : o->risk_centi / 10000.0;
	if (o->oom_in_p50_ms != HR_UNKNOWN) {
		ret->seconds = (double)o->oom_in_p50_ms / 1e3;
		ret->low = (double)o->oom_in_p10_ms / 1e3;
		ret->high = o->oom_in_p90_ms == HR_UNKNOWN ? 1e12 : (double)o->oom_in_p90_ms / 1e3;
	}
}

void headroom_look(const struct rule *rule, void *state, const struct sample *sample,
		   struct opinion *ret)
{
	struct headroom *h = state;
	struct forecast_input in;

	headroom_input(sample, &in);
	forecast_evaluate(&h->state, &in, &h->verdict, &h->forecast);
	headroom_again(rule, state, sample, ret);
}
