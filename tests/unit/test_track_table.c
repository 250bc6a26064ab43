// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The table of tracks against a plain model: what is put is found, what is dropped is gone, growth keeps all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "daemon/track_table.h"

#define CAPACITY 512u

static void matches_model(const struct tracks *tracks, const uint64_t *model)
{
	uint32_t running = 0;

	for (uint32_t slot = 0; slot < CAPACITY; slot++) {
		if (!model[slot])
			continue;
		running++;
		assert_int_equal(tracks_find(tracks, model[slot]), slot);
	}
	assert_int_equal(tracks->running, running);
}

static void test_put_find_drop(void **state)
{
	struct tracks tracks;
	uint64_t model[CAPACITY] = {0}, next = 1;

	srand(7);
	assert_int_equal(tracks_init(&tracks, CAPACITY), 0);
	for (int round = 0; round < 20000; round++) {
		uint32_t slot = (uint32_t)rand() % CAPACITY;

		if (model[slot]) {
			tracks_drop(&tracks, &tracks.track[slot]);
			assert_int_equal(tracks_find(&tracks, model[slot]), TRACK_NONE);
			model[slot] = 0;
		} else {
			/* kernfs ids: a low inode number, a generation in the high half */
			model[slot] = next++ | ((uint64_t)rand() % 3) << 32;
			tracks_put(&tracks, slot, model[slot]);
		}
		if (round % 500 == 0)
			matches_model(&tracks, model);
	}
	matches_model(&tracks, model);
	assert_int_equal(tracks_find(&tracks, 0), TRACK_NONE);
	tracks_done(&tracks);
}

static void test_grow_keeps_all(void **state)
{
	struct tracks tracks, larger;

	assert_int_equal(tracks_init(&tracks, 64), 0);
	for (uint32_t slot = 0; slot < 64; slot++)
		tracks_put(&tracks, slot, 1000 + slot)->kills_recorded = slot;
	ledger_entry(&tracks, 77, 5)->oom_kills = 9;
	assert_int_equal(tracks_init(&larger, 256), 0);
	tracks_move(&tracks, &larger);
	assert_int_equal(tracks.capacity, 256);
	assert_int_equal(tracks.running, 64);
	for (uint32_t slot = 0; slot < 64; slot++)
		assert_int_equal(tracks_get(&tracks, 1000 + slot)->kills_recorded, slot);
	assert_int_equal(ledger_entry(&tracks, 77, 6)->oom_kills, 9);
	tracks_done(&tracks);
}

static void test_ledger_evicts_the_oldest(void **state)
{
	struct tracks tracks;
	unsigned int kept = 0;

	assert_int_equal(tracks_init(&tracks, 64), 0);
	for (uint64_t i = 1; i <= 10000; i++)
		ledger_entry(&tracks, i * 0x9e3779b97f4a7c15ULL, i)->oom_kills = i;
	for (uint64_t i = 9990; i <= 10000; i++)
		kept += ledger_entry(&tracks, i * 0x9e3779b97f4a7c15ULL, 20000)->oom_kills == i;
	assert_in_range(kept, 8,
			11); /* most of those touched last are kept; never more than it holds */
	tracks_done(&tracks);
}

static void test_kills_take_the_better_source(void **state)
{
	static const struct {
		uint64_t counted, first, recorded, expected;
	} rows[] = {
		{0, 0, 0, 0},
		{0, 0, 3, 3},
		{3, 0, 2, 3},
		{2, 0, 3, 3},
		/* adopted: `first` has what was known then, and perhaps kills of earlier cgroups */
		{0, 5, 0, 5},
		{0, 4, 1, 5},
		{1, 7, 0, 8},
		{2, 7, 1, 9},
	};
	struct track track;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memset(&track, 0, sizeof(track));
		track.counted.incidents = rows[i].counted;
		track.kills_first = rows[i].first;
		track.kills_recorded = rows[i].recorded;
		assert_int_equal(track_kills(&track), rows[i].expected);
	}
}

/* A counter that is not read at every sweep, then falls: a rate only from two readings of one count. */
static void test_rate(void **state)
{
	struct rate rate = {0};

	assert_int_equal(rate_update(&rate, HR_UNKNOWN, NS_PER_SEC), HR_UNKNOWN);
	assert_int_equal(rate_update(&rate, 1000, 2 * NS_PER_SEC), HR_UNKNOWN);
	assert_int_equal(rate_update(&rate, HR_UNKNOWN, 3 * NS_PER_SEC), HR_UNKNOWN);
	assert_int_equal(rate_update(&rate, 2000, 4 * NS_PER_SEC), 500);
	assert_int_equal(rate_update(&rate, HR_UNKNOWN, 5 * NS_PER_SEC), 500);
	assert_int_equal(rate_update(&rate, 2000, 6 * NS_PER_SEC), 0);
	assert_int_equal(rate_update(&rate, 100, 7 * NS_PER_SEC), HR_UNKNOWN);
	assert_int_equal(rate_update(&rate, 350, 7 * NS_PER_SEC + NS_PER_SEC / 2), 500);
}

/* What is in use stays, what is given back can be used again. */
static void test_trim_keeps_what_is_used(void **state)
{
	struct tracks tracks;

	assert_int_equal(tracks_init(&tracks, CAPACITY), 0);
	for (uint32_t slot = 0; slot < CAPACITY; slot++)
		tracks_put(&tracks, slot, 1000 + slot)->born_ns = slot + 1;
	for (uint32_t slot = 0; slot < CAPACITY; slot++)
		if (slot % 100)
			tracks_drop(&tracks, &tracks.track[slot]);
	tracks_trim(&tracks);
	for (uint32_t slot = 0; slot < CAPACITY; slot++) {
		assert_int_equal(tracks.track[slot].memcg_id, slot % 100 ? 0 : 1000 + slot);
		assert_int_equal(tracks.track[slot].born_ns, slot % 100 ? 0 : slot + 1);
		assert_int_equal(tracks_find(&tracks, 1000 + slot), slot % 100 ? TRACK_NONE : slot);
	}
	tracks_put(&tracks, 1, 7);
	assert_int_equal(tracks_find(&tracks, 7), 1);
	tracks_done(&tracks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_put_find_drop),
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_trim_keeps_what_is_used),
		cmocka_unit_test(test_grow_keeps_all),
		cmocka_unit_test(test_ledger_evicts_the_oldest),
		cmocka_unit_test(test_kills_take_the_better_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
