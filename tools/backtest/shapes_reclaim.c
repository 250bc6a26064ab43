// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Shapes in which memory is reclaimed, written back or swapped rather than used up. */
#include "shapes_reclaim.h"

#include <math.h>

#define L (w->now.limit)

/* The interval is for the rise only; a day of that would be long. */
void cache_fill_begin(struct world *w)
{
	w->base = w->p[1] = L * draw_between(w, 0.1, 0.6);
	w->p[2] = draw_log(w, 30, 2 * HOUR);
	w->end = DAY * draw_between(w, 0.2, 1.5);
}

void cache_fill_advance(struct world *w)
{
	w->now.usage = fmin(w->p[1] + (L - w->p[1]) * w->now.t / w->p[2], L);
	w->now.refaults += w->now.usage >= L ? 0.0005 * L / 4096 * w->dt * draw(w) : 0;
}

/* Stall: from calm_until the share of full stalls climbs to p[2] over p[3] seconds; above .65 the
 * container is as good as dead once that has lasted p[4] seconds. */
static void stall_begin(struct world *w, double share)
{
	w->base = w->p[1] = L * draw_between(w, 0.6, 0.9);
	w->p[2] = share;
	w->p[3] = draw_log(w, 5, 600);
	w->p[4] = draw_log(w, 180, 1200);
	w->calm_until = draw_log(w, 120, 6 * HOUR);
	w->end = w->calm_until + w->p[3] + (share > 0.65 ? w->p[4] + 60 : 6 * HOUR);
	w->interval = fmin(w->interval, 10);
}

static void stall_advance(struct world *w, double refault_share)
{
	double t = w->now.t - w->calm_until, share;

	w->now.psi_full_us += 1;
	if (t <= 0)
		return;
	share = w->p[2] * fmin(1, t / w->p[3]) * (1 + 0.1 * draw_normal(w));
	share = fmax(0, fmin(share, 0.99));
	w->now.psi_full_us += 1e6 * share * w->dt;
	w->now.refaults += refault_share * share * L / 4096 * w->dt;
	w->now.usage = L;
	if (w->p[2] > 0.65) {
		w->ramp_start = w->calm_until;
		if (t > w->p[3] + w->p[4]) {
			w->has_failed = STALL_FAILURE;
			w->failed_at = w->calm_until + w->p[3] + w->p[4];
		}
	}
}

void mmap_thrash_begin(struct world *w)
{
	stall_begin(w, draw(w) < 0.5 ? draw_between(w, 0.7, 0.95) : draw_between(w, 0.05, 0.35));
	w->base = w->p[1] = L * draw_between(w, 0.1, 0.5);
}

void mmap_thrash_advance(struct world *w) { stall_advance(w, 0.3); }

void writeback_begin(struct world *w)
{
	w->base = w->p[1] = L * draw_between(w, 0.1, 0.4);
	w->p[2] = draw_log(w, 300, 4 * HOUR); /* between storms */
	w->p[3] = draw_log(w, 3, 60);         /* to fill */
	w->p[5] =
		L * draw_between(w, 0.2,
				 0.45); /* dirty limit: vm.dirty_ratio and the memcg's own share */
	w->p[4] = w->p[2] * draw(w);
	w->end = DAY * draw_between(w, 0.3, 1.5);
}

void writeback_advance(struct world *w)
{
	double t = w->now.t - w->p[4];

	if (t > 4 * w->p[3])
		w->p[4] = w->now.t + w->p[2] * (0.3 + draw(w));
	t = w->now.t - w->p[4];
	w->base = w->p[1];
	if (t > 0)
		w->base += w->p[5] *
			   (t < w->p[3] ? t / w->p[3] : fmax(0, 1 - (t - w->p[3]) / (3 * w->p[3])));
	w->now.usage = fmin(L, w->base + 0.3 * L);
}

void throttled_begin(struct world *w)
{
	stall_begin(w, draw_between(w, 0.7, 0.97));
	w->p[5] = L * draw_between(w, 0.7, 0.95);
	w->now.high = w->p[5];
	w->base = w->p[1] = L * draw_between(w, 0.2, 0.5);
	w->p[6] = draw_log(w, 20, 2 * HOUR); /* to reach memory.high */
	w->calm_until = w->p[6];
	w->end = w->calm_until + w->p[3] + w->p[4] + 60;
	w->interval = fmin(w->interval, fmax(w->p[6] / 12, 0.05));
}

void throttled_advance(struct world *w)
{
	w->base = w->p[1] + (w->p[5] - w->p[1]) * fmin(1, w->now.t / w->p[6]);
	stall_advance(w, 0.05);
	w->now.usage = w->base;
}

void throttled_swap_begin(struct world *w)
{
	throttled_begin(w);
	w->p[2] = draw_between(w, 0.05, 0.35);
	w->now.swap_free = L * 4;
	w->end = w->calm_until + DAY * draw_between(w, 0.1, 0.5);
}

void throttled_swap_advance(struct world *w)
{
	double t = w->now.t - w->p[6], out;

	throttled_advance(w);
	if (t > 0) { /* what is over is swapped out, slower and slower */
		out = 0.5 * L * (1 - exp(-t / 1800));
		w->now.swap_free = 4 * L - out;
		w->now.swap = out;
	}
}

void swap_thrash_begin(struct world *w)
{
	stall_begin(w, draw(w) < 0.5 ? draw_between(w, 0.7, 0.97) : draw_between(w, 0.1, 0.4));
	w->base = L * 0.99;
	w->now.swap_free = L;
	w->now.swap = L * 0.5;
}

void swap_thrash_advance(struct world *w) { stall_advance(w, 0.6); }
