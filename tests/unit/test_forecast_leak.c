// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Leaks that are over within an hour: when they are confirmed, and which of their likes never are.
 * Whole lives of a container of 512 MiB, a sample each 5 s, with 2 MiB of noise. What takes hours
 * is test_forecast.c's.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "forecast/forecast.h"

#define MIB   (1ULL << 20)
#define SEC   1000000000ULL
#define LIMIT (512 * MIB)
#define BASE  150.0
#define EVERY 5
#define NEVER -1.0

struct lifespan {                   /* MiB, seconds; seconds 0: there is none */
	double seconds, calm, rise; /* steady first, then it would be at the limit after `rise` */
	double top;                 /* where it stops by itself; 0: at the limit */
	double tau;  /* > 0: it nears the top ever slower instead, with this time constant */
	double high; /* memory.high; 0: none */
};

struct watch {
	struct forecast_state state;
	struct forecast_input in;
	struct hr_forecast out;
	uint32_t noise;
};

static double used_at(const struct lifespan *lifespan, double t)
{
	double top = lifespan->top > 0 ? lifespan->top : 512, grown = t - lifespan->calm;

	if (grown < 0)
		return BASE;
	if (lifespan->tau > 0)
		return BASE + (top - BASE) * (1 - exp(-grown / lifespan->tau));
	return fmin(BASE + (512 - BASE) * grown / lifespan->rise, top);
}

/* Lives it to its end; how many seconds after its begin a leak was confirmed, or NEVER. */
static double live(struct watch *w, const struct lifespan *lifespan, int restarted)
{
	double confirmed = NEVER;

	w->in.high = lifespan->high > 0 ? (uint64_t)(lifespan->high * (double)MIB) : HR_UNKNOWN;
	for (double t = 0; t < lifespan->seconds; t += EVERY) {
		double used = used_at(lifespan, t) * (double)MIB;

		w->noise = w->noise * 1664525 + 1013904223;
		used += ((double)(w->noise >> 16) / 65536 - 0.5) * 2 * (double)MIB;
		w->in.t_ns += EVERY * SEC;
		w->in.usage = w->in.unreclaimable = used < LIMIT ? (uint64_t)used : LIMIT;
		w->in.anon = w->in.usage;
		w->in.restarted = restarted && t == 0;
		forecast_update(&w->state, &w->in, &w->out);
		if (confirmed == NEVER && w->out.leak >= HR_LEAK_CONFIRMED)
			confirmed = t;
	}
	return confirmed;
}

static void watch_init(struct watch *w)
{
	forecast_init(&w->state);
	forecast_input_init(&w->in);
	w->in.t_ns = SEC;
	w->in.limit = LIMIT;
	w->noise = 7;
}

/* What became of the first life, and of the second, in the same cgroup and in another one. */
static void test_runs(void **state)
{
	static const struct {
		const char *what;
		struct lifespan first, second;
		double from[2], to[2]; /* seconds within a life; to NEVER: not confirmed */
	} cases[] = {
		{"a leak of 22 minutes, killed, and once more",
		 {3110, 1800, 1320, 0, 0, 0},
		 {1800, 480, 1320, 0, 0, 0},
		 {2900, 780},
		 {3060, 1080}},
		{"the same from the first moment, ended three minutes before",
		 {1140, 0, 1320, 0, 0, 0},
		 {1100, 0, 1320, 0, 0, 0},
		 {0, 240},
		 {NEVER, 600}},
		{"twice, at a third of the pace",
		 {3110, 1800, 1320, 0, 0, 0},
		 {2400, 0, 3960, 0, 0, 0},
		 {2900, 0},
		 {3060, NEVER}},
		{"it stops at 90 %, and so does the next one",
		 {3800, 1800, 1320, 461, 0, 0},
		 {2600, 600, 1320, 461, 0, 0},
		 {0, 0},
		 {NEVER, NEVER}},
		{"it is deployed anew in the middle of the way",
		 {2500, 1800, 1320, 0, 0, 0},
		 {1500, 600, 1320, 461, 0, 0},
		 {0, 0},
		 {NEVER, NEVER}},
		{"it nears 98 % ever slower",
		 {3500, 1800, 0, 506, 400, 0},
		 {2700, 0, 0, 506, 400, 0},
		 {0, 0},
		 {NEVER, NEVER}},
		{"memory.high stands before the limit",
		 {3110, 1800, 1320, 504, 0, 504},
		 {0, 0, 0, 0, 0, 0},
		 {0, 0},
		 {NEVER, NEVER}},
		{"over within eight minutes: unknown",
		 {2260, 1800, 480, 0, 0, 0},
		 {0, 0, 0, 0, 0, 0},
		 {0, 0},
		 {NEVER, NEVER}},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (int another = 0; another < 2; another++) {
			const struct lifespan *lifespan = &cases[i].first;
			struct watch w, next;

			watch_init(&w);
			for (int n = 0; n < 2 && lifespan->seconds > 0;
			     n++, lifespan = &cases[i].second) {
				double at;

				if (n && another) {
					watch_init(&next);
					next.in.t_ns = w.in.t_ns;
					forecast_carry_over(&next.state, &w.state);
					w = next;
				}
				at = live(&w, lifespan, n && !another);
				if (cases[i].to[n] == NEVER
					    ? at == NEVER
					    : at >= cases[i].from[n] && at <= cases[i].to[n])
					continue;
				fail_msg("%s: life %d, in %s cgroup: confirmed after %.0f s",
					 cases[i].what, n + 1, another ? "another" : "the same",
					 at);
			}
		}
}

/* A kill and an exit leave samples behind in which the memory is gone already. */
static void test_what_an_end_leaves_behind(void **state)
{
	static const struct lifespan leak = {3110, 1800, 1320, 0, 0, 0},
				     again = {1100, 0, 1320, 0, 0, 0};
	struct watch w, next;

	watch_init(&w);
	live(&w, &leak, 0);
	for (int i = 0; i < 5; i++) {
		w.in.t_ns += SEC;
		w.in.usage = w.in.unreclaimable = w.in.anon = MIB;
		forecast_update(&w.state, &w.in, &w.out);
	}
	watch_init(&next);
	next.in.t_ns = w.in.t_ns;
	forecast_carry_over(&next.state, &w.state);
	assert_true(live(&next, &again, 0) > 0);
}

/* What never lived leaves nothing. */
static void test_nothing_before(void **state)
{
	struct watch w, none;

	watch_init(&w);
	watch_init(&none);
	forecast_carry_over(&w.state, &none.state);
	assert_true(live(&w, &(struct lifespan){1000, 0, 1320, 0, 0, 0}, 0) == NEVER);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_runs),
		cmocka_unit_test(test_what_an_end_leaves_behind),
		cmocka_unit_test(test_nothing_before),
	};

	return cmocka_run_group_tests_name("forecast_leak", tests, NULL, NULL);
}
