// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Memory that counts as used, and that the kernel can take back: series that were recorded on cgroup v1 (6.18). Negative directory entries fill a
 * limit of 48 MiB, twice (memory.failcnt rises, nothing dies); a file is written into 64 MiB (dirty pages, nothing dies); a leak of 3 MiB a second
 * beside page cache that is read all the time (memory.failcnt rises by thousands, and at the end the kernel kills).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "forecast/detector.h"
#include "forecast/forecast.h"

struct point { /* milliseconds, KiB; failcnt: a number */
	uint32_t t, usage, anon, cache, pending, kernel, failcnt;
};

static const struct point dentries[] = {
	{501, 8284, 6868, 0, 0, 1080, 0},      {1001, 10588, 6868, 0, 0, 3304, 0},
	{1503, 12892, 6868, 0, 0, 5560, 0},    {2005, 14888, 6868, 0, 0, 7756, 0},
	{2510, 17192, 6868, 0, 0, 10012, 0},   {3015, 19496, 6868, 0, 0, 12268, 0},
	{3515, 21544, 6868, 0, 0, 14524, 0},   {4016, 23848, 6868, 0, 0, 16724, 0},
	{4534, 26152, 6868, 0, 0, 19040, 0},   {5039, 28456, 6868, 0, 0, 21296, 0},
	{5539, 30600, 6868, 0, 0, 23552, 0},   {6040, 32648, 6868, 0, 0, 25748, 0},
	{6556, 34952, 6868, 0, 0, 28004, 0},   {7057, 37256, 6868, 0, 0, 30260, 0},
	{7558, 39560, 6868, 0, 0, 32504, 0},   {8066, 41864, 6868, 0, 0, 34652, 0},
	{8567, 44168, 6868, 0, 0, 37028, 0},   {9070, 46284, 6868, 0, 0, 39224, 0},
	{9571, 48588, 6868, 0, 0, 41480, 0},   {10074, 24712, 6868, 0, 0, 17700, 15},
	{10575, 10872, 6868, 0, 0, 3948, 15},  {11078, 13176, 6868, 0, 0, 6204, 15},
	{12080, 17948, 6868, 0, 0, 10656, 15}, {13083, 22320, 6868, 0, 0, 15112, 15},
	{14084, 26928, 6868, 0, 0, 19624, 15}, {15103, 31280, 6868, 0, 0, 24136, 15},
	{16169, 36144, 6868, 0, 0, 28884, 15}, {17175, 40496, 6868, 0, 0, 33340, 15},
	{17676, 42800, 6868, 0, 0, 35596, 15}, {18177, 45104, 6868, 0, 0, 37828, 15},
	{18679, 47152, 6868, 0, 0, 40048, 15}, {19209, 41352, 6868, 0, 0, 34084, 69},
	{19713, 9852, 6868, 0, 0, 2648, 69}};

static const struct point leak[] = {
	{507, 65040, 2556, 61952, 0, 300, 468},      {1007, 65468, 4060, 60928, 0, 304, 771},
	{1508, 64516, 5628, 58368, 0, 308, 1209},    {2008, 65028, 7164, 57344, 0, 308, 1274},
	{3009, 65028, 10236, 54272, 0, 312, 1624},   {4023, 64904, 13340, 51200, 0, 316, 1843},
	{5058, 64260, 16540, 47104, 0, 324, 2064},   {6059, 65328, 19604, 45056, 0, 336, 2257},
	{7064, 64004, 22680, 40960, 0, 332, 2442},   {8069, 65284, 25720, 38912, 0, 336, 2580},
	{9070, 64260, 28852, 34816, 0, 344, 2782},   {10071, 65284, 31924, 32768, 0, 352, 2957},
	{11072, 64260, 35000, 28672, 0, 360, 3220},  {12075, 65284, 38068, 26624, 0, 360, 3421},
	{13079, 62224, 41172, 20480, 0, 372, 3625},  {14092, 65284, 44276, 20480, 0, 380, 3833},
	{15093, 64260, 47348, 16384, 0, 384, 4124},  {16094, 65300, 50420, 14336, 0, 384, 4377},
	{16594, 65524, 51960, 13024, 0, 540, 27568}, {17095, 65384, 53496, 11344, 0, 544, 27961},
	{17595, 65420, 55028, 9840, 0, 552, 75378},  {18095, 65532, 56564, 8416, 0, 552, 87013},
	{18596, 65424, 58092, 6800, 0, 532, 119880}, {19097, 65480, 59636, 5284, 0, 560, 168803},
	{19603, 65444, 61208, 3692, 0, 544, 223863}, {20103, 65528, 62736, 2228, 0, 564, 287182}};

static const struct point written[] = {
	{49, 3328, 0, 3072, 3072, 0, 0},     {106, 18944, 0, 18432, 18432, 0, 0},
	{161, 29696, 0, 28672, 28672, 0, 0}, {209, 40192, 0, 38912, 38912, 0, 0},
	{259, 50688, 0, 49152, 49152, 0, 0}, {310, 59136, 0, 57344, 57344, 0, 0},
	{360, 63232, 0, 61440, 61440, 0, 0}, {408, 65280, 0, 63488, 63488, 0, 0},
	{482, 65280, 0, 63488, 56320, 0, 0}, {534, 65280, 0, 63488, 32768, 0, 0},
	{620, 65512, 0, 63488, 57344, 0, 0}, {724, 65512, 0, 63488, 8192, 0, 0},
	{839, 65512, 8, 63488, 37888, 0, 0}, {942, 65512, 8, 62464, 57344, 0, 0},
	{999, 65512, 8, 63488, 15360, 0, 0}};

static struct forecast_state state;
static struct hr_forecast out;

static void feed(const struct point *point, uint64_t limit_kib, bool v1)
{
	struct forecast_input in;

	forecast_input_init(&in);
	in.t_ns = 1000000000ULL + point->t * 1000000ULL;
	in.usage = (uint64_t)point->usage << 10;
	in.unreclaimable = (uint64_t)(point->usage - (point->cache - point->pending)) << 10;
	in.limit = limit_kib << 10;
	in.headroom = in.limit - in.unreclaimable;
	in.anon = (uint64_t)point->anon << 10;
	in.file = (uint64_t)point->cache << 10;
	in.kernel = (uint64_t)point->kernel << 10;
	in.pending = (uint64_t)point->pending << 10;
	if (v1)
		in.unsorted = in.kernel;
	in.events_max = point->failcnt;
	in.events_oom_kill = 0;
	forecast_update(&state, &in, &out);
}

static const struct hr_reason *reason(unsigned int kind)
{
	for (size_t i = 0; i < HR_REASONS; i++)
		if (out.reason[i].kind == kind)
			return &out.reason[i];
	return NULL;
}

/* Nothing that a policy acts on by itself. */
static void no_act(void)
{
	assert_true(out.alarm < HR_ALARM_ACT);
	assert_true(out.risk_centi < 8000);
	assert_true(out.oom_in_p50_ms > 10000);
}

static void test_dentries(void **unused)
{
	bool unsorted = false, reclaimed = false;

	forecast_init(&state);
	for (size_t i = 0; i < ARRAY_SIZE(dentries); i++) {
		feed(&dentries[i], 48 << 10, true);
		no_act();
		unsorted |= reason(HR_REASON_UNSORTED) != NULL;
		reclaimed |= reason(HR_REASON_RECLAIMED) != NULL;
	}
	assert_true(unsorted && reclaimed);
	assert_true(state.reclaims >= 2);
}

/* They fill what anonymous memory leaves, less than a quarter of all: it is they that grow. */
static void test_dentries_beside_anon(void **unused)
{
	const uint32_t held = 160 << 10;

	forecast_init(&state);
	for (size_t i = 0; i < ARRAY_SIZE(dentries); i++) {
		struct point point = dentries[i];

		point.anon += held;
		point.usage += held;
		feed(&point, (48 << 10) + held, true);
		no_act();
	}
}

/* Where the kernel's memory is not suspect (v2), it has learnt by the second time. */
static void test_learnt(void **unused)
{
	uint16_t first = 0, second = 0;

	forecast_init(&state);
	for (size_t i = 0; i < ARRAY_SIZE(dentries); i++) {
		feed(&dentries[i], 48 << 10, false);
		if (dentries[i].failcnt == 0 && out.risk_centi > first)
			first = out.risk_centi;
		if (dentries[i].failcnt == 15 && out.risk_centi > second)
			second = out.risk_centi;
	}
	assert_true(first > 8000);
	assert_true(second < first * 2 / 3);
}

static void test_leak_beside_cache(void **unused)
{
	uint8_t alarm = 0;
	uint32_t warned = 0;

	forecast_init(&state);
	for (size_t i = 0; i < ARRAY_SIZE(leak); i++) {
		feed(&leak[i], 64 << 10, true);
		warned = !warned && out.alarm >= HR_ALARM_WARN ? leak[i].t : warned;
		alarm = out.alarm > alarm ? out.alarm : alarm;
	}
	assert_int_equal(alarm, HR_ALARM_ACT);
	assert_true(warned < 19500); /* the kernel killed after 20.5 s */
	assert_int_equal(state.reclaims, 0);
	assert_true(out.oom_in_p50_ms < 5000);
}

static void test_written(void **unused)
{
	forecast_init(&state);
	for (size_t i = 0; i < ARRAY_SIZE(written); i++) {
		feed(&written[i], 64 << 10, true);
		no_act();
		assert_true(out.alarm < HR_ALARM_WARN);
	}
}

/* A leak after directory entries had been reclaimed is none of theirs. */
static void test_leak_afterwards(void **unused)
{
	struct point point = dentries[ARRAY_SIZE(dentries) - 1];
	uint8_t alarm = 0;

	forecast_init(&state);
	for (size_t i = 0; i < ARRAY_SIZE(dentries); i++)
		feed(&dentries[i], 48 << 10, true);
	while (point.usage + 500 < 48 << 10) {
		point.t += 500;
		point.usage += 500;
		point.anon += 500;
		feed(&point, 48 << 10, true);
		alarm = out.alarm > alarm ? out.alarm : alarm;
	}
	assert_int_equal(alarm, HR_ALARM_ACT);
}

/* The series is a sibling's, under the limit of their parent; this one has 5 MiB and keeps them. */
static void feed_sibling(const struct point *point, uint64_t limit_kib, bool v1)
{
	struct forecast_input in;
	uint64_t all = (uint64_t)(point->usage - (point->cache - point->pending)) << 10;

	forecast_input_init(&in);
	in.t_ns = 1000000000ULL + point->t * 1000000ULL;
	in.binding_level = HR_LEVEL_ANCESTOR;
	in.usage = in.unreclaimable = in.anon = 5 << 20;
	in.file = in.pending = 0;
	in.limit = limit_kib << 10;
	in.headroom = in.limit - all;
	in.kernel = 100 << 10;
	in.above_used = all;
	in.above_pending = (uint64_t)point->pending << 10;
	if (v1) {
		in.unsorted = in.kernel;
		in.above_unsorted = (uint64_t)point->kernel << 10;
	}
	in.events_max = 0;
	in.events_oom_kill = 0;
	forecast_update(&state, &in, &out);
}

static void test_sibling_writes(void **unused)
{
	forecast_init(&state);
	for (size_t i = 0; i < ARRAY_SIZE(written); i++) {
		feed_sibling(&written[i], 64 << 10, true);
		no_act();
	}
}

static void test_dentries_of_sibling(void **unused)
{
	forecast_init(&state);
	for (size_t i = 0; i < ARRAY_SIZE(dentries); i++) {
		feed_sibling(&dentries[i], 48 << 10, true);
		no_act();
	}
}

static void test_leak_of_sibling(void **unused)
{
	uint8_t alarm = 0;

	forecast_init(&state);
	for (size_t i = 0; i < ARRAY_SIZE(leak); i++) {
		feed_sibling(&leak[i], 64 << 10, true);
		alarm = out.alarm > alarm ? out.alarm : alarm;
	}
	assert_int_equal(alarm, HR_ALARM_ACT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dentries),        cmocka_unit_test(test_dentries_beside_anon),
		cmocka_unit_test(test_learnt),          cmocka_unit_test(test_leak_beside_cache),
		cmocka_unit_test(test_written),         cmocka_unit_test(test_leak_afterwards),
		cmocka_unit_test(test_sibling_writes),  cmocka_unit_test(test_dentries_of_sibling),
		cmocka_unit_test(test_leak_of_sibling),
	};

	return cmocka_run_group_tests_name("forecast_reclaim", tests, NULL, NULL);
}
