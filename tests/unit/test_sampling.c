// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Readings between sweeps, on the board: series that were recorded on cgroup v1 (6.18, beside a load), of a container that starts and fills its
 * limit with page cache, and of one that fills with anonymous memory. Usage and parts of one moment: only the second is in danger. The same usage without
 * its parts: of unknown kind, neither is.
 */
#include "fixture_daemon.h"

#include "daemon/sampling.h"
#include "policy/policy.h"

#define MIB (1u << 20)

struct point { /* milliseconds, KiB */
	uint32_t t, usage, anon, active, inactive, dirty, writeback;
};

static const struct point clean[] = {
	{63, 32000, 1024, 0, 30720, 0, 0},  {156, 38144, 1024, 0, 36864, 0, 0},
	{225, 42240, 1024, 0, 40960, 0, 0}, {355, 50432, 1024, 0, 49152, 0, 0},
	{403, 50432, 1024, 0, 49152, 0, 0}, {524, 58624, 1024, 0, 57344, 0, 0},
	{629, 65024, 1024, 0, 63744, 0, 0},
};
static const struct point anonymous[] = {
	{53, 256, 0, 0, 0, 0, 0},          {102, 256, 0, 0, 0, 0, 0},
	{153, 256, 8, 0, 0, 0, 0},         {205, 256, 8, 0, 0, 0, 0},
	{282, 34048, 33764, 0, 0, 0, 0},   {341, 50688, 50300, 0, 0, 0, 0},
	{401, 68864, 68468, 0, 0, 0, 0},   {460, 79616, 79308, 0, 0, 0, 0},
	{527, 98816, 98488, 0, 0, 0, 0},   {597, 124160, 123772, 0, 0, 0, 0},
	{684, 132352, 131896, 0, 0, 0, 0},
};

/* Beside siblings, under their parent's limit of 64 MiB: a file that it writes, until it ends. */
static const struct point written[] = {
	{148, 1128, 120, 0, 0, 0, 0},          {198, 8932, 108, 0, 8192, 4096, 0},
	{248, 25348, 108, 0, 24576, 14336, 0}, {298, 33796, 108, 0, 32768, 24576, 0},
	{348, 50436, 108, 0, 49152, 34816, 0}, {398, 1416, 1132, 0, 0, 0, 0},
};

static struct track *start(uint64_t limit)
{
	struct hr_slot *at;

	fake_open("mode: observe\n");
	fake.sampling.containers = &fake.containers;
	fake.sampling.board = fake.board;
	fake_container(0, 7, "web", "/web");
	at = board_slot_begin(fake.board, 0);
	at->memory.usage = at->memory.unreclaimable = 0;
	at->memory.limit = at->memory.headroom = at->binding.limit = limit;
	at->memory.peak = at->memory.high = at->memory.swap = HR_UNKNOWN;
	at->memory.slab_reclaimable = HR_UNKNOWN;
	at->binding.level = HR_LEVEL_OWN;
	board_slot_end(fake.board, 0);
	return tracks_get(&fake.containers.tracks, 7);
}

static void split(struct track *track, const struct point *point)
{
	struct memcg_sample sample;

	memset(&sample, 0xff, sizeof(sample));
	sample.flags = SAMPLE_STAT | SAMPLE_V1;
	sample.usage = (uint64_t)point->usage << 10;
	sample.anon = (uint64_t)point->anon << 10;
	sample.active_file = (uint64_t)point->active << 10;
	sample.inactive_file = (uint64_t)point->inactive << 10;
	sample.file_dirty = (uint64_t)point->dirty << 10;
	sample.file_writeback = (uint64_t)point->writeback << 10;
	sampling_split(&fake.sampling, track, &sample, NS_PER_SEC + (uint64_t)point->t * NS_PER_MS);
}

static void calm(const struct hr_slot *at)
{
	assert_true(at->forecast.alarm < HR_ALARM_WARN);
	assert_true(at->forecast.oom_in_p50_ms > 10000);
	assert_true(at->forecast.risk_centi < 2000);
}

static void test_page_cache(void **state)
{
	struct track *track = start(64 * MIB);
	const struct hr_slot *at = board_slot(fake.board, 0);

	for (size_t i = 0; i < ARRAY_SIZE(clean); i++) {
		split(track, &clean[i]);
		calm(at);
		assert_int_equal(at->memory.usage, (uint64_t)clean[i].usage << 10);
		assert_int_equal(at->memory.unreclaimable,
				 (uint64_t)(clean[i].usage - clean[i].inactive) << 10);
		assert_int_equal(at->memory.headroom, 64 * MIB - at->memory.unreclaimable);
	}
	fake_close();
}

/* What it has written since the sweep waits to be written, and is not in the parent's figures yet; the headroom is of one moment with
 * these. */
static void test_written_below_shared_limit(void **state)
{
	struct track *track = start(64 * MIB);
	struct hr_slot *at = board_slot_begin(fake.board, 0);
	struct point again = written[4];

	at->binding.level = HR_LEVEL_ANCESTOR;
	at->binding.used = 6576 << 10;
	at->binding.pending = at->binding.unsorted = 0;
	at->memory.unreclaimable = 1128 << 10;
	at->memory.headroom = at->binding.limit - at->binding.used;
	board_slot_end(fake.board, 0);
	for (size_t i = 0; i < ARRAY_SIZE(written); i++) {
		const struct point *point = &written[i];
		uint32_t certain = point->usage - point->active - point->inactive;

		split(track, point);
		calm(at);
		assert_int_equal(at->memory.unreclaimable, (certain + point->dirty) << 10);
		assert_int_equal(at->memory.headroom, 64 * MIB - ((6576 + certain - 1128) << 10));
	}
	/* a usage without its parts has fallen: what is gone may have been what waited to be written */
	again.t = 448;
	split(track, &again);
	sampling_usage(&fake.sampling, track, 1416 << 10);
	assert_true(at->memory.headroom <= 64 * MIB - ((6576 - 1128) << 10));
	again = written[5];
	again.t = 498;
	split(track, &again);
	assert_int_equal(at->memory.headroom, 64 * MIB - ((6576 + 1416 - 1128) << 10));
	fake_close();
}

/* The container itself, not what is read of it, makes the danger. */
static void test_anonymous(void **state)
{
	struct track *track = start(136 * MIB);
	const struct hr_slot *at = board_slot(fake.board, 0);
	uint8_t alarm = 0;

	for (size_t i = 0; i < ARRAY_SIZE(anonymous); i++) {
		split(track, &anonymous[i]);
		alarm = at->forecast.alarm > alarm ? at->forecast.alarm : alarm;
	}
	assert_true(alarm >= HR_ALARM_WARN);
	assert_true(at->forecast.oom_in_p50_ms < 10000);
	fake_close();
}

/* Without its parts a usage says only that no more than it can be in use. */
static void test_unknown_kind(void **state)
{
	struct track *track = start(64 * MIB);
	const struct hr_slot *at = board_slot(fake.board, 0);
	uint64_t used;

	split(track, &clean[0]);
	used = at->memory.unreclaimable;
	for (size_t i = 1; i < ARRAY_SIZE(clean); i++) {
		sampling_usage(&fake.sampling, track, (uint64_t)clean[i].usage << 10);
		calm(at);
		assert_int_equal(at->memory.usage, (uint64_t)clean[i].usage << 10);
		assert_int_equal(at->memory.unreclaimable, used);
		assert_int_equal(at->memory.headroom, 64 * MIB - used);
	}
	assert_int_equal(at->memory.peak, (uint64_t)clean[ARRAY_SIZE(clean) - 1].usage << 10);
	sampling_usage(&fake.sampling, track, used / 2);
	assert_int_equal(at->memory.unreclaimable, used / 2);
	assert_int_equal(at->memory.headroom, 64 * MIB - used / 2);
	/* a new cgroup before its first sweep */
	board_slot_begin(fake.board, 0)->memory.unreclaimable = HR_UNKNOWN;
	board_slot_end(fake.board, 0);
	sampling_usage(&fake.sampling, track, 8 * MIB);
	assert_int_equal(at->memory.unreclaimable, HR_UNKNOWN);
	fake_close();
}

/* A reading that is older than what a sweep brought meanwhile is not used. */
static void test_order(void **state)
{
	struct track *track = start(64 * MIB);
	const struct hr_slot *at = board_slot(fake.board, 0);

	split(track, &clean[3]);
	split(track, &clean[1]);
	assert_int_equal(at->memory.usage, (uint64_t)clean[3].usage << 10);
	fake_close();
}

static void test_agreement(void **state)
{
	assert_true(usage_split_agrees(100 * MIB, 100 * MIB));
	assert_true(usage_split_agrees(100 * MIB, 101 * MIB)); /* charging ahead; no danger */
	assert_false(usage_split_agrees(100 * MIB, 104 * MIB));
	assert_false(usage_split_agrees(104 * MIB, 100 * MIB));
	assert_true(usage_split_agrees(0, 256 << 10));
	assert_false(usage_split_agrees(0, MIB));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_page_cache),
		cmocka_unit_test(test_anonymous),
		cmocka_unit_test(test_unknown_kind),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_agreement),
		cmocka_unit_test(test_written_below_shared_limit),
	};

	return cmocka_run_group_tests_name("sampling", tests, NULL, NULL);
}
