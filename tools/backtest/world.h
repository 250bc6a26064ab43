/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Made-up containers with a known fate. A shape says how memory moves; the world keeps the truth
 * beside the sample, so that every rule can be scored. Same seed, same world: nothing here reads a
 * clock or a file.
 */
#ifndef BACKTEST_WORLD_H
#define BACKTEST_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#define MIB  1048576.0
#define GIB  1073741824.0
#define HOUR 3600.0
#define DAY  86400.0

enum failure { RUNS, OOM_KILL, STALL_FAILURE, HEAP_FAILURE };
enum category {
	QUIET,
	SMOOTH,
	SAWTOOTH,
	BURST,
	STALL,
	SUDDEN
}; /* SUDDEN: no rule can forecast it */

struct sample { /* what a rule may see; bytes, microseconds; < 0: not known */
	double t, usage, working_set, unreclaimable, headroom, limit, high;
	double anon, shmem, slab, sock, kernel, swap, swap_free;
	double psi_full_us, refaults;
	unsigned int oom_kills;
	uint8_t level; /* enum hr_level */
	bool restarted;
};

struct world {
	struct sample now;
	/* the truth */
	enum failure
		/* in this very step: there is no sample after it, unless the world restarts */
		has_failed;
	double failed_at;
	double ramp_start;             /* when the rise that ends in death began; < 0: none */
	double leak_rate;              /* bytes per second that are truly leaked; 0: none */
	double leak_since, leak_until; /* until 0: to the end */
	/* how it is looked at */
	double interval, end;
	/* an action came in this step: alarms that stand are neither right nor wrong */
	bool averted;
	bool adaptive; /* the daemon's way: 1 s, down to 50 ms when it is close */
	/* the shape's own */
	const struct shape *shape;
	uint64_t rng;
	double dt, noise, noise_size, noise_tau, base, before, calm_until;
	double p[12];
	unsigned int phase, runs;
};

struct shape {
	const char *name;
	enum category category;
	void (*begin)(struct world *w);   /* draws the variant's parameters */
	void (*advance)(struct world *w); /* from w->now.t - w->dt to w->now.t */
};

extern const struct shape shapes[];
extern const unsigned int shape_count;

void world_begin(struct world *w, const struct shape *shape, uint64_t seed);
/* One sample further; false when the world is over. */
bool world_advance(struct world *w, double dt);

double draw(struct world *w); /* uniform in [0, 1) */
double draw_between(struct world *w, double low, double high);
double draw_log(struct world *w, double low, double high); /* uniform in the logarithm */
double draw_normal(struct world *w);

#endif
