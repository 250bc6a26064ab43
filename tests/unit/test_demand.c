// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Demand from points, and the limit that is recommended from it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "report/recommendations.h"

#define MIB (1ULL << 20)
#define T0  1000000000000ULL

static uint64_t at(uint64_t minute) { return T0 + minute * 60 * NS_PER_SEC; }

/* `n` points a minute apart; the usage of minute i is level(i) MiB. */
static struct demand demand_of(unsigned int n, uint64_t (*level)(unsigned int i))
{
	struct demand d;

	demand_init(&d);
	for (unsigned int i = 0; i < n; i++)
		demand_add(&d, at(i), level(i) * MIB, !i);
	return d;
}

static uint64_t flat(unsigned int i) { return 400; }
static uint64_t peaks(unsigned int i) { return i % 10 ? 200 : 400; }
static uint64_t later(unsigned int i) { return i < 100 ? 300 : 400; }
static uint64_t warm_up(unsigned int i) { return i < 20 ? 100 : 400; }
static uint64_t burst(unsigned int i) { return i < 150 ? 10 : 400; }

static void test_figures(void **state)
{
	struct demand d = demand_of(200, peaks);

	assert_int_equal(d.samples, 200);
	assert_int_equal(d.runs, 1);
	assert_int_equal(d.seen_ns, 199 * 60 * NS_PER_SEC);
	assert_int_equal(d.peak, 400 * MIB);
	assert_int_equal(d.peak_ns, at(0));
	assert_in_range(demand_percentile(&d, 50), 200 * MIB, 206 * MIB);
	assert_in_range(demand_percentile(&d, 85), 200 * MIB, 206 * MIB);
	assert_int_equal(demand_percentile(&d, 95), 400 * MIB);
}

/* A gap counts as two minutes, the time before a restart not at all; a point from before the last one is none. */
static void test_gaps(void **state)
{
	struct demand d;

	demand_init(&d);
	assert_int_equal(demand_percentile(&d, 95), HR_UNKNOWN);
	demand_add(&d, at(0), 10 * MIB, true);
	demand_add(&d, at(600), 20 * MIB, false);
	assert_int_equal(d.seen_ns, 120 * NS_PER_SEC);
	demand_add(&d, at(1200), 30 * MIB, true);
	assert_int_equal(d.seen_ns, 120 * NS_PER_SEC);
	demand_add(&d, at(5), 900 * MIB, false);
	assert_int_equal(d.samples, 3);
	demand_add(&d, at(1201), HR_UNKNOWN, false);
	demand_until(&d, at(1202));
	assert_int_equal(d.seen_ns, 240 * NS_PER_SEC);
	assert_int_equal(d.peak, 30 * MIB);
	assert_int_equal(d.runs, 2);
}

/* Weeks of points fit into the periods, and the parts keep their peaks. */
static void test_parts(void **state)
{
	uint64_t part[DEMAND_PARTS];
	struct demand d;

	demand_init(&d);
	assert_false(demand_parts(&d, 2, part));
	for (unsigned int i = 0; i < 64 * 1024; i++)
		demand_add(&d, at(i), (i == 9999 ? 900 : i / 16384 + 1) * MIB, !i);
	assert_true(d.periods <= DEMAND_PERIODS);
	assert_true(demand_parts(&d, 4, part));
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(part[i], (i ? i + 1 : 900) * MIB);
	assert_true(demand_parts(&d, 2, part));
	assert_int_equal(part[1], 4 * MIB);
}

/* The formula of docs/reference/reports.md, rounded up to a sixteenth. */
static const struct {
	const char *name;
	uint64_t (*level)(unsigned int i);
	uint64_t killed_at_mib, limit_mib; /* 0: never */
} limits[] = {
	{"flat: a tenth", flat, 0, 448},
	{"a tenth of what it is above the median (194 to 200)", peaks, 0, 464},
	{"half of what it rose from one half to the other", later, 0, 512},
	{"what rose in the first tenth only", warm_up, 0, 448},
	{"at most a half", burst, 0, 608},
	{"killed at more than was seen", flat, 512, 576},
	{"killed at less than was seen", flat, 256, 448},
};

static void test_limits(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		struct demand d = demand_of(200, limits[i].level);
		uint64_t killed =
			limits[i].killed_at_mib ? limits[i].killed_at_mib * MIB : HR_UNKNOWN;
		uint64_t limit = recommended_limit(&d, killed) / MIB;

		if (limit != limits[i].limit_mib)
			fail_msg("%s: %llu", limits[i].name, (unsigned long long)limit);
	}
}

static uint64_t steady(unsigned int i) { return 100 + i; }
static uint64_t slows(unsigned int i) { return i < 100 ? 100 + i : 199 + i / 50; }
static uint64_t noise(unsigned int i) { return 300 + i / 20; }

/* Growth without a bound has no limit; growth that slows down, and a rise of 3 %, has one. */
static void test_growth(void **state)
{
	static const struct {
		uint64_t (*level)(unsigned int i);
		enum recommendation_kind kind;
	} rows[] = {{steady, RECOMMEND_GROWS},
		    {slows, RECOMMEND_RAISE},
		    {noise, RECOMMEND_RAISE},
		    {later, RECOMMEND_RAISE}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct demand d = demand_of(200, rows[i].level);
		struct recommendation a;
		struct facts f;

		facts_init(&f);
		recommendations_make(&a, &f, &d);
		assert_int_equal(a.kind, rows[i].kind);
		assert_int_equal(a.limit == HR_UNKNOWN, a.kind == RECOMMEND_GROWS);
		assert_int_equal(a.low == HR_UNKNOWN, a.kind == RECOMMEND_GROWS);
		if (a.kind != RECOMMEND_GROWS)
			assert_true(a.low <= a.request && a.request <= a.limit);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_figures), cmocka_unit_test(test_gaps),
		cmocka_unit_test(test_parts),   cmocka_unit_test(test_limits),
		cmocka_unit_test(test_growth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
