// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Times forecast_update() alone, on samples made beforehand, over many containers so that caches are
 * as cold as in a sweep. */
#include "forecast/forecast.h"
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "headroom.h"

#define CONTAINERS 1000
#define ROUNDS     2000

static const struct {
	const char *name, *shape;
	unsigned int seed;
} cases[] = {{"calm", "daily_2x", 1},
	     {"leak", "leak_constant", 9},
	     {"sawtooth", "saw_flat_95", 3},
	     {"rising sawtooth", "saw_rising_floor", 3},
	     {"noisy leak", "noisy_leak", 1}};

static size_t make_inputs(const char *name, unsigned int seed, struct forecast_input *in)
{
	static struct world w;
	size_t n = 0;

	for (unsigned int s = 0; s < shape_count; s++)
		if (strcmp(shapes[s].name, name) == 0)
			world_begin(&w, &shapes[s], seed);
	while (n < ROUNDS) {
		bool more = world_advance(&w, 1); /* the daemon's calm interval */

		if (w.has_failed)
			break;
		headroom_input(&w.now, &in[n++]);
		if (!more)
			break;
	}
	return n;
}

int bench_run(void)
{
	struct forecast_state *state = calloc(CONTAINERS, sizeof(*state));
	struct forecast_input *in = calloc(ROUNDS, sizeof(*in));
	struct hr_forecast forecast;
	uint64_t sum = 0, all = 0, calls = 0;

	if (!state || !in)
		return 1;
	printf("bytes per container: %zu\n", sizeof(*state));
	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		size_t n = make_inputs(cases[c].shape, cases[c].seed, in);
		uint64_t begin, took;

		for (size_t i = 0; i < CONTAINERS; i++)
			forecast_init(&state[i]);
		begin = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
		for (size_t r = 0; r < n; r++) {
			for (size_t i = 0; i < CONTAINERS; i++) {
				forecast_update(&state[i], &in[r], &forecast);
				sum += forecast.risk_centi;
			}
		}
		took = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - begin;
		printf("%-16s %6zu samples: %.0f ns per update\n", cases[c].name, n,
		       (double)took / (double)(n * CONTAINERS));
		all += took;
		calls += n * CONTAINERS;
	}
	printf("%-16s %.0f ns per update (check %llu)\n", "all", (double)all / (double)calls,
	       (unsigned long long)sum);
	free(state);
	free(in);
	return 0;
}
