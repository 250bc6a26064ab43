// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* How memory moves: one pair of functions for each workload, and the list at the end. Parameters
 * live in w->p[]. */
#include "shapes_reclaim.h"

#include <math.h>

#include <headroom/board.h>

#define L (w->now.limit)

/* Calm first, then a rise of `seconds`; looked at often enough that the rise has a few samples. */
static void begin_rise(struct world *w, double seconds)
{
	w->base = L * draw_between(w, 0.05, 0.4);
	w->calm_until = draw_log(w, 60, 7200);
	w->p[0] = seconds;
	w->p[1] = w->base;
	if (w->interval > seconds / 12)
		w->interval = seconds / 12 < 0.05 ? 0.05 : seconds / 12;
	w->end = w->calm_until + 3 * seconds + HOUR;
}

static double rise_share(struct world *w) /* 0 before, 1 at the limit */
{
	if (w->now.t <= w->calm_until)
		return 0;
	w->ramp_start = w->calm_until;
	return (w->now.t - w->calm_until) / w->p[0];
}

static void leak_truth(struct world *w, double rate)
{
	w->leak_rate = rate;
	w->leak_since = w->calm_until;
}

static void constant_begin(struct world *w)
{
	/* 100 MB/h … 1 GB/s, where that takes between six seconds and two days. */
	double space, rate;

	begin_rise(w, 60);
	space = L - w->base;
	rate = draw_log(w, fmax(100e6 / HOUR, space / (2 * DAY)), fmin(1e9, space / 6));
	if (rate > 1e9 || space / rate < 6)
		rate = space / 6;
	w->p[0] = space / rate;
	w->interval = fmin(w->interval, fmax(0.05, w->p[0] / 12));
	w->end = w->calm_until + 2 * w->p[0];
	leak_truth(w, rate);
}

static void constant_advance(struct world *w) { w->base = w->p[1] + (L - w->p[1]) * rise_share(w); }

static void accelerating_begin(struct world *w)
{
	begin_rise(w, draw_log(w, 20, 12 * HOUR));
	w->p[2] = draw_between(w, 1.5, 3);
	leak_truth(w, (L - w->p[1]) / w->p[0]);
}

static void accelerating_advance(struct world *w)
{
	w->base = w->p[1] + (L - w->p[1]) * pow(rise_share(w), w->p[2]);
}

/* A collector: p[1] live floor, p[2] period, p[3] amplitude above it, p[4] time of the last
 * collection, p[5] growth of the floor per second, p[6] extra scatter of the period. */
static void collector_advance(struct world *w, double floor, double amplitude)
{
	double period = w->p[2] * (1 + w->p[6]), since = w->now.t - w->p[4];

	if (since >= period) {
		w->p[4] = w->now.t - fmod(since, period);
		w->p[6] = 0.15 * draw_normal(w) * draw(w);
		since = w->now.t - w->p[4];
	}
	w->base = floor + amplitude * since / period;
}

static void rising_saw_begin(struct world *w)
{
	double seconds = draw_log(w, 600, DAY);

	w->base = w->p[1] = L * draw_between(w, 0.1, 0.35);
	w->p[2] = fmax(5, seconds / draw_log(w, 15, 200));
	w->p[3] = L * draw_between(w, 0.06, 0.3);
	w->p[5] = (L - w->p[1] - w->p[3]) / seconds;
	w->p[7] = draw(w) < 0.5; /* amplitude grows with the floor, as Go's and V8's do */
	w->calm_until = 6 * w->p[2];
	w->interval = fmin(w->interval, w->p[2] / 10);
	w->end = w->calm_until + 2 * seconds;
	leak_truth(w, w->p[5]);
}

static void rising_saw_advance(struct world *w)
{
	double grown = w->now.t > w->calm_until ? (w->now.t - w->calm_until) * w->p[5] : 0;
	double amplitude = w->p[3] * (w->p[7] ? (w->p[1] + grown) / w->p[1] * 0.6 : 1);

	if (grown > 0)
		w->ramp_start = w->calm_until;
	collector_advance(w, w->p[1] + grown, amplitude);
}

static void flat_saw_begin(struct world *w)
{
	w->p[3] = L * draw_between(w, 0.1, 0.5);
	w->base = w->p[1] = L * draw_between(w, 0.85, 0.955) - w->p[3];
	w->p[2] = draw_log(w, 10, 2 * HOUR);
	w->noise_size = fmin(w->noise_size, 0.002);
	w->interval = fmin(w->interval, w->p[2] / 6);
	w->end = DAY * draw_between(w, 0.5, 3);
	w->adaptive = false;
}

static void flat_saw_advance(struct world *w) { collector_advance(w, w->p[1], w->p[3]); }

static void full_gc_begin(struct world *w)
{
	flat_saw_begin(w);
	w->p[1] = w->base = L * draw_between(w, 0.1, 0.3);
	w->p[3] = L * draw_between(w, 0.03, 0.15);
	w->p[2] = draw_log(w, 60, HOUR);
	w->p[5] = L *
		  draw_between(w, 0.1,
			       0.4); /* what the old generation gathers until the full collection */
	w->p[8] = draw_between(w, 0.3, 1) * DAY;
	w->p[9] = draw(w) * w->p[8];
	w->end = DAY * draw_between(w, 2, 6);
}

static void full_gc_advance(struct world *w)
{
	double old = fmod(w->now.t + w->p[9], w->p[8]) / w->p[8];

	collector_advance(w, w->p[1] + w->p[5] * old, w->p[3]);
}

static void plateau_begin(struct world *w)
{
	w->base = w->p[1] = L * draw_between(w, 0.02, 0.15);
	w->p[2] = L * draw_between(w, 0.45, 0.88); /* the plateau */
	w->p[3] = draw_log(w, 10, 2 * HOUR);       /* how fast it is neared */
	w->calm_until = draw_log(w, 1, 600);
	w->end = DAY * draw_between(w, 0.3, 2);
}

static void plateau_advance(struct world *w)
{
	double t = w->now.t - w->calm_until;

	w->base = t <= 0 ? w->p[1] : w->p[1] + (w->p[2] - w->p[1]) * (1 - exp(-t / w->p[3]));
}

/* The heap's own maximum stands below the limit: the floor rises to it, collections get closer and
 * free less, then the process gives up by itself. Half of the variants stop leaking before that,
 * and live. */
static void heap_begin(struct world *w)
{
	double seconds = draw_log(w, 900, 12 * HOUR);

	w->p[7] = L * draw_between(w, 0.65, 0.92); /* the maximum */
	w->p[1] = w->base = w->p[7] * draw_between(w, 0.1, 0.3);
	w->p[2] = fmax(5, seconds / draw_log(w, 20, 200));
	w->p[5] = (w->p[7] - w->p[1]) / seconds;
	w->p[8] = draw(w) < 0.5 ? draw_between(w, 0.3, 0.75)
				: 2;    /* share of the heap where the leak ends */
	w->p[9] = draw_log(w, 30, 900); /* how long it thrashes before it gives up */
	w->calm_until = 4 * w->p[2];
	w->noise_size = fmin(w->noise_size, 0.002);
	w->interval = fmin(w->interval, w->p[2] / 10);
	w->end = w->calm_until + (w->p[8] > 1 ? 2 : 4) * seconds;
	leak_truth(w, w->p[5]);
	if (w->p[8] < 1)
		w->leak_until = w->calm_until + (w->p[8] * w->p[7] - w->p[1]) / w->p[5];
}

static void heap_advance(struct world *w)
{
	double grown = w->now.t > w->calm_until ? (w->now.t - w->calm_until) * w->p[5] : 0;
	double floor = fmin(w->p[1] + grown, w->p[8] * w->p[7]), left;

	if (grown > 0 && w->p[8] > 1)
		w->ramp_start = w->calm_until;
	left = fmax(w->p[7] - floor, 0);
	if (left < 0.01 * w->p[7]) {
		w->base = w->p[7] - 0.002 * w->p[7] * draw(w);
		if (!w->p[10])
			w->p[10] = w->now.t + w->p[9];
		if (w->now.t > w->p[10]) {
			w->has_failed = HEAP_FAILURE;
			w->failed_at = w->p[10];
		}
		return;
	}
	collector_advance(w, floor, left);
}

static void steps_begin(struct world *w)
{
	w->base = w->p[1] = L * draw_between(w, 0.05, 0.4);
	w->p[2] = draw_log(w, 120, 3 * HOUR); /* between jobs, in the mean */
	w->p[3] = draw_log(w, 0.3, 120);      /* how long a job takes to grow */
	w->p[4] = w->p[2] * draw(w);
	w->p[6] = draw_between(w, 0.5, 0.95); /* no job takes more */
	w->end = DAY * draw_between(w, 0.5, 2);
}

static void steps_advance(struct world *w)
{
	if (w->now.t >= w->p[4]) {
		w->phase = !w->phase;
		w->p[4] = w->now.t + w->p[2] * -log(1 - 0.999 * draw(w)) * (w->phase ? 0.5 : 1);
		w->p[5] = w->phase ? L * draw_between(w, 0.3, 1) * w->p[6] : w->p[1];
	}
	if (!w->p[5])
		w->p[5] = w->p[1];
	w->base += (w->p[5] - w->base) * fmin(1, w->dt / w->p[3]);
}

static void step_over_begin(struct world *w)
{
	begin_rise(w, 60);
	w->calm_until = draw_log(w, 600, DAY);
	w->end = w->calm_until + HOUR;
	w->interval = fmax(w->interval, 0.2);
}

static void step_over_advance(struct world *w)
{
	w->base = w->now.t < w->calm_until ? w->p[1] : 1.2 * L;
	w->ramp_start = w->calm_until;
}

static void burst_plateau_begin(struct world *w)
{
	begin_rise(w, draw_log(w, 3, 1800));
	w->p[2] = L * draw_between(w, 0.85, 0.95);
	w->noise_size = fmin(w->noise_size, 0.003);
	w->end = w->calm_until + DAY * draw_between(w, 0.2, 1.5);
}

static void burst_plateau_advance(struct world *w)
{
	w->base = fmin(w->p[1] + (L - w->p[1]) * rise_share(w), w->p[2]);
	w->ramp_start = -1;
}

static void tmpfs_begin(struct world *w)
{
	begin_rise(w, draw_log(w, 30, 12 * HOUR));
	w->p[2] = L * draw_log(w, 0.002, 0.04); /* files come whole */
	leak_truth(w, (L - w->p[1]) / w->p[0]);
}

static void tmpfs_advance(struct world *w)
{
	double grown = (L - w->p[1]) * rise_share(w);

	w->now.shmem = floor(grown / w->p[2]) * w->p[2];
	w->base = w->p[1] + w->now.shmem;
}

static void fork_bomb_begin(struct world *w)
{
	begin_rise(w, draw_log(w, 4, 40));
	w->interval = fmin(w->interval, 1);
}

static void fork_bomb_advance(struct world *w)
{
	double share = rise_share(w);

	w->base = w->p[1] + (L - w->p[1]) * (exp2(8 * share) - 1) / 255;
}

static void small_processes_begin(struct world *w)
{
	begin_rise(w, draw_log(w, 300, DAY));
	w->p[2] = (L - w->p[1]) / draw_log(w, 40, 1000); /* each process */
	leak_truth(w, (L - w->p[1]) / w->p[0]);
}

static void small_processes_advance(struct world *w)
{
	if (rise_share(w) > 0) {
		double come = w->dt / (w->p[0] / ((L - w->p[1]) / w->p[2]));

		while (come > 0 && draw(w) < come) { /* about Poisson: the mean is kept */
			w->base += w->p[2] * (0.5 + draw(w));
			come -= 1;
		}
	}
}

static double daily(const struct world *w)
{
	return 0.5 - 0.5 * cos(2 * M_PI * (w->now.t + w->p[3]) / DAY);
}

static void daily_begin(struct world *w)
{
	w->base = w->p[1] = L * draw_between(w, 0.25, 0.45);
	w->p[2] = w->p[1] * draw_between(w, 0.8, 1.1); /* the swing: about twofold */
	w->p[3] = DAY * draw(w);
	w->interval = fmax(w->interval, 5);
	w->end = DAY * draw_between(w, 2, 6);
}

static void daily_advance(struct world *w) { w->base = w->p[1] + w->p[2] * daily(w); }

static void daily_leak_begin(struct world *w)
{
	daily_begin(w);
	w->p[2] = w->p[1] * draw_between(w, 0.3, 0.6);
	w->calm_until = draw_between(w, 0, DAY);
	w->p[4] = L * draw_log(w, 0.004, 0.03) / HOUR;
	w->end = 8 * DAY;
	leak_truth(w, w->p[4]);
}

static void daily_leak_advance(struct world *w)
{
	w->base = w->p[1] + w->p[2] * daily(w) + w->p[4] * fmax(0, w->now.t - w->calm_until);
	w->ramp_start = w->calm_until;
}

static void noisy_leak_begin(struct world *w)
{
	begin_rise(w, draw_log(w, 2 * HOUR, 3 * DAY));
	w->noise_size = draw_log(w, 0.006, 0.03);
	leak_truth(w, (L - w->p[1]) / w->p[0]);
}

static void swap_fill_begin(struct world *w)
{
	begin_rise(w, draw_log(w, 30, 6 * HOUR));
	w->p[2] = L * draw_log(w, 0.2, 2); /* swap */
	w->now.swap_free = w->p[2];
	w->noise_size = fmin(w->noise_size, 0.003);
	leak_truth(w, (L + w->p[2] - w->p[1]) / w->p[0]);
}

static void swap_fill_advance(struct world *w)
{
	double all = w->p[1] + (L + w->p[2] - w->p[1]) * rise_share(w), stay = L * 0.98;

	w->now.swap = fmax(0, all - stay);
	w->now.swap_free = fmax(0, w->p[2] - w->now.swap);
	w->base = all - fmin(w->now.swap, w->p[2]);
	w->now.psi_full_us += w->now.swap > 0 ? 1e6 * w->dt * 0.08 * draw(w) : 1;
}

/* Siblings fill what is above; the container itself is calm. */
static void above_begin(struct world *w, enum hr_level level)
{
	begin_rise(w, draw_log(w, 30, 12 * HOUR));
	w->now.level = (uint8_t)level;
	w->base = w->p[1] = L * draw_between(w, 0.02, 0.3);
	w->p[2] = L * draw_between(w, 0.4, 0.9) - w->p[1]; /* what is left of it at the start */
}

static void above_advance(struct world *w)
{
	double left = w->p[2] * (1 - rise_share(w));

	w->now.headroom = fmax(left - w->noise * L, 0);
	if (w->now.headroom <= 0) {
		w->has_failed = OOM_KILL;
		w->failed_at = w->now.t;
	}
}

static void parent_begin(struct world *w) { above_begin(w, HR_LEVEL_ANCESTOR); }
static void host_begin(struct world *w) { above_begin(w, HR_LEVEL_HOST); }

/* Where the kernel kills: at the limit, but for the noise, which would end the run by crossing it. */
#define LAST 0.997

static void restart_begin(struct world *w)
{
	begin_rise(w, draw_log(w, 30, 2 * HOUR));
	w->calm_until = draw_log(w, 5, 300);
	w->noise_size = 0.0005;
	w->p[3] = draw(w) < 0.5; /* a rollout comes before the kill */
	w->p[4] = w->calm_until + w->p[0] * (w->p[3] ? draw_between(w, 0.15, 0.5) : LAST);
	w->p[5] = w->calm_until;
	w->runs = 5;
	w->end = 2 * (w->runs + 1) * w->p[4]; /* it is the last death that ends it */
	leak_truth(w, (L - w->p[1]) / w->p[0]);
	w->leak_until = w->calm_until + w->p[0]; /* each life leaks anew */
}

static void restart_advance(struct world *w)
{
	w->base = w->p[1] + (L - w->p[1]) * rise_share(w);
	if (w->p[3])
		w->ramp_start = -1;
	if (w->now.t < w->p[4])
		return;
	if (++w->phase > w->runs)
		w->end = w->now.t;
	if (!w->p[3]) {
		w->has_failed = OOM_KILL;
		w->failed_at = w->p[4];
		w->now.oom_kills++;
	}
	w->now.restarted = true;
	w->averted = !w->has_failed;
	w->base = w->p[1];
	w->calm_until = w->now.t + w->p[5];
	w->p[4] = w->calm_until + w->p[0] * (w->p[3] ? draw_between(w, 0.15, 0.5) : LAST);
}

static void limit_change_begin(struct world *w)
{
	begin_rise(w, draw_log(w, 300, 6 * HOUR));
	w->p[2] = draw(w) < 0.5; /* raised in time and the growth ends; or lowered on a calm one */
	w->p[3] = draw_between(w, 0.3, 0.6);
	w->p[4] = L;
	if (w->p[2]) /* it grows until it is stopped: not to be found, not wrong to name */
		leak_truth(w, 1e-3 * L / HOUR);
	w->end = w->calm_until + w->p[0] + DAY * draw_between(w, 0.1, 0.5);
}

static void limit_change_advance(struct world *w)
{
	double share = rise_share(w);

	w->ramp_start = -1;
	if (w->p[2]) {
		w->base = w->p[1] + (w->p[4] - w->p[1]) * fmin(share, w->p[3] + 0.1);
		if (share >= w->p[3] && L < 2 * w->p[4]) {
			L = 2 * w->p[4];
			w->averted = true;
		}
	} else if (share > 0.1) {
		L = fmax(w->p[4] * w->p[3], 1.25 * w->p[1]);
	}
}

static void kernel_begin(struct world *w)
{
	begin_rise(w, draw_log(w, 120, DAY));
	w->p[2] = draw(w);
	leak_truth(w, (L - w->p[1]) / w->p[0]);
}

static void kernel_advance(struct world *w)
{
	double grown = (L - w->p[1]) * rise_share(w);

	w->base = w->p[1] + grown;
	if (w->p[2] < 0.5)
		w->now.slab = grown;
	else
		w->now.sock = grown;
}

static void loader_begin(struct world *w)
{
	begin_rise(w, draw_log(w, 5, 1200));
	w->calm_until = draw_log(w, 1, 60);
	w->p[2] = L * draw_between(w, 0.45, 0.85);
	w->end = DAY * draw_between(w, 0.2, 1.5);
}

static void gaps_begin(struct world *w)
{
	if (draw(w) < 0.5) {
		constant_begin(w);
		w->p[3] = 1;
	} else {
		daily_begin(w);
		w->p[4] = w->p[3];
		w->p[3] = 0;
	}
}

/* Gaps are made by the driver's spacing: here one step in 300 is long, and one in 1000 is no step
 * at all. */
static void gaps_advance(struct world *w)
{
	if (w->p[3]) {
		constant_advance(w);
	} else {
		double phase = w->p[3];

		w->p[3] = w->p[4];
		daily_advance(w);
		w->p[3] = phase;
	}
}

static void churn_begin(struct world *w)
{
	w->base = w->p[1] = L * 0.02;
	w->p[2] = draw_log(w, 1, 30); /* a life */
	w->p[3] = L * draw_between(w, 0.1, 0.7);
	w->p[4] = w->p[2];
	w->interval = fmin(1, w->p[2] / 4);
	w->end = 2 * HOUR;
}

static void churn_advance(struct world *w)
{
	if (w->now.t > w->p[4]) {
		w->now.restarted = true;
		w->p[4] = w->now.t + w->p[2] * (0.5 + draw(w));
		w->base = w->p[1];
		return;
	}
	w->base += (w->p[3] - w->base) * fmin(1, 3 * w->dt / w->p[2]);
}

const struct shape shapes[] = {
	{"leak_constant", SMOOTH, constant_begin, constant_advance},
	{"leak_accelerating", SMOOTH, accelerating_begin, accelerating_advance},
	{"saw_rising_floor", SAWTOOTH, rising_saw_begin, rising_saw_advance},
	{"saw_flat_95", QUIET, flat_saw_begin, flat_saw_advance},
	{"saw_daily_full_gc", QUIET, full_gc_begin, full_gc_advance},
	{"jvm_ramp_plateau", QUIET, plateau_begin, plateau_advance},
	{"heap_exhaustion", SAWTOOTH, heap_begin, heap_advance},
	{"steps_and_jobs", QUIET, steps_begin, steps_advance},
	{"step_over_limit", SUDDEN, step_over_begin, step_over_advance},
	{"burst_plateau", QUIET, burst_plateau_begin, burst_plateau_advance},
	{"cache_fill", QUIET, cache_fill_begin, cache_fill_advance},
	{"mmap_thrash", STALL, mmap_thrash_begin, mmap_thrash_advance},
	{"tmpfs_growth", SMOOTH, tmpfs_begin, tmpfs_advance},
	{"writeback_storm", QUIET, writeback_begin, writeback_advance},
	{"fork_bomb", BURST, fork_bomb_begin, fork_bomb_advance},
	{"small_processes", SMOOTH, small_processes_begin, small_processes_advance},
	{"daily_2x", QUIET, daily_begin, daily_advance},
	{"daily_leak", SMOOTH, daily_leak_begin, daily_leak_advance},
	{"noisy_leak", SMOOTH, noisy_leak_begin, constant_advance},
	{"high_no_swap", STALL, throttled_begin, throttled_advance},
	{"high_with_swap", QUIET, throttled_swap_begin, throttled_swap_advance},
	{"swap_thrash", STALL, swap_thrash_begin, swap_thrash_advance},
	{"swap_fill_oom", SMOOTH, swap_fill_begin, swap_fill_advance},
	{"parent_limit", SMOOTH, parent_begin, above_advance},
	{"host_exhausted", SMOOTH, host_begin, above_advance},
	{"restart_loop", SMOOTH, restart_begin, restart_advance},
	{"limit_change", QUIET, limit_change_begin, limit_change_advance},
	{"kernel_growth", SMOOTH, kernel_begin, kernel_advance},
	{"warmup_loader", QUIET, loader_begin, burst_plateau_advance},
	{"gaps_and_jumps", SMOOTH, gaps_begin, gaps_advance},
	{"churn", QUIET, churn_begin, churn_advance},
};
const unsigned int shape_count = sizeof(shapes) / sizeof(shapes[0]);
