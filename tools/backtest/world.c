// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Drawing, noise, death: what all shapes share. Decides no shape. */
#include "world.h"

#include <math.h>
#include <string.h>

#include <headroom/board.h>

double draw(struct world *w)
{
	w->rng ^= w->rng << 13;
	w->rng ^= w->rng >> 7;
	w->rng ^= w->rng << 17;
	return (double)(w->rng >> 11) / 9007199254740992.0;
}

double draw_between(struct world *w, double low, double high)
{
	return low + (high - low) * draw(w);
}

double draw_log(struct world *w, double low, double high)
{
	return low * exp(draw(w) * log(high / low));
}

double draw_normal(struct world *w)
{
	return (draw(w) + draw(w) + draw(w) + draw(w) - 2) *
	       1.7320508; /* four uniforms: light tails, cheap */
}

void world_begin(struct world *w, const struct shape *shape, uint64_t seed)
{
	static const double intervals[] = {1, 1, 1, 2, 5, 10, 15, 30, 60};

	memset(w, 0, sizeof(*w));
	w->shape = shape;
	w->rng = seed * 0x9e3779b97f4a7c15ULL + 0x632be59bd9b4e019ULL;
	for (int i = 0; i < 8; i++)
		draw(w);
	w->now.limit = draw_log(w, 16 * MIB, 400 * GIB);
	w->now.high = w->now.swap_free = -1;
	w->ramp_start = -1;
	w->noise_size = draw_log(w, 0.0003, 0.006);
	w->noise_tau = draw_log(w, 1, 120);
	w->interval = intervals[(unsigned int)(draw(w) * 9)];
	w->adaptive = draw(w) < 0.5;
	w->end = HOUR;
	w->now.level = HR_LEVEL_OWN;
	shape->begin(w);
	w->before = w->base;
}

/* What the shape left at zero follows from its base: unreclaimable memory, all anonymous. */
static void fill_in(struct world *w)
{
	struct sample *s = &w->now;
	double accounted = s->shmem + s->slab + s->sock + s->kernel;

	s->unreclaimable = w->base + w->noise * s->limit;
	if (s->unreclaimable < 4096)
		s->unreclaimable = 4096;
	if (s->unreclaimable > s->limit)
		s->unreclaimable = s->limit;
	if (s->usage < s->unreclaimable)
		s->usage = s->unreclaimable;
	if (s->usage > s->limit)
		s->usage = s->limit;
	s->working_set = s->unreclaimable + 0.5 * (s->usage - s->unreclaimable);
	s->anon = s->unreclaimable > accounted ? s->unreclaimable - accounted : 0;
	if (s->level == HR_LEVEL_OWN) {
		s->headroom = s->limit - s->unreclaimable;
		if (s->swap_free > 0)
			s->headroom += s->swap_free;
	}
}

bool world_advance(struct world *w, double dt)
{
	double keep = exp(-dt / w->noise_tau), reached, crossed;

	w->dt = dt;
	w->now.t += dt;
	w->now.usage = 0;
	w->now.restarted =
		w->has_failed && w->now.restarted; /* the first sample of a new life tells */
	w->has_failed = RUNS;
	w->averted = false;
	w->noise = keep * w->noise + sqrt(1 - keep * keep) * w->noise_size * draw_normal(w);
	w->shape->advance(w);
	if (w->has_failed)
		return true;
	fill_in(w);
	if (w->now.level == HR_LEVEL_OWN && w->now.headroom <= 0) {
		reached = w->base + w->noise * w->now.limit;
		crossed =
			reached > w->before ? (reached - w->now.limit) / (reached - w->before) : 0;
		w->has_failed = OOM_KILL;
		w->failed_at = w->now.t - (crossed > 0 && crossed < 1 ? crossed : 0) * dt;
	}
	w->before = w->base + w->noise * w->now.limit;
	return w->has_failed || w->now.t < w->end;
}
