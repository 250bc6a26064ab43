// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Which snapshots the recorder gives up when, over tables of times; and that folding loses nothing. Pure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "fixture_board.h"
#include "recorder/delta_codec.h"
#include "recorder/retention.h"

#define MINUTE 60u
#define HOUR   3600u
#define DAY    86400u

static void test_tiers(void **state)
{
	enum { N = 50 * 24 * 60 };
	struct retention_state thin = {0};
	uint32_t in[4] = {0}, frozen = 0;
	uint64_t now = (uint64_t)N * MINUTE, last[4] = {0};

	for (uint64_t id = 1; id <= N; id++) {
		struct retention_snapshot p = {id, id * MINUTE, id % 5000 < 15};
		uint64_t age = now - p.at_s;
		int tier = age <= 6 * HOUR ? 0 : age <= 3 * DAY ? 1 : age <= 35 * DAY ? 2 : 3;

		if (retention_drops(&thin, &p, now))
			continue;
		if (p.frozen) {
			frozen++;
			continue;
		}
		if (tier == 1 && last[1])
			assert_true(p.at_s / (10 * MINUTE) != last[1] / (10 * MINUTE));
		if (tier == 2 && last[2])
			assert_in_range(p.at_s - last[2], 14 * MINUTE, 50 * MINUTE);
		in[tier]++;
		last[tier] = p.at_s;
	}
	assert_int_equal(frozen, N / 5000 * 15 + 14); /* kept whatever their age */
	assert_in_range(in[0], 345, 361);
	assert_in_range(in[1], 66 * 6 - 8, 66 * 6 + 1);
	assert_in_range(in[2], 32 * 48 - 12, 32 * 48 + 1);
	assert_int_equal(in[3], 0);
}

/* Thinning again what is thinned already drops nothing; and what is kept later was kept earlier. */
static void test_thinning_settles(void **state)
{
	enum { N = 3000 };
	struct retention_snapshot p[N];
	bool gone[N] = {false};

	for (uint64_t now = 0; now < 40 * DAY; now += 5 * HOUR + 7 * MINUTE) {
		struct retention_state thin = {0}, again = {0};
		uint32_t n = now / (20 * MINUTE) < N ? (uint32_t)(now / (20 * MINUTE)) : N;

		for (uint32_t i = 0; i < n; i++) {
			p[i] = (struct retention_snapshot){i + 1, i * 20 * MINUTE, false};
			gone[i] |= !gone[i] && retention_drops(&thin, &p[i], now);
		}
		for (uint32_t i = 0; i < n; i++)
			assert_false(!gone[i] && retention_drops(&again, &p[i], now));
	}
}

/* A bound of 300 snapshots over five weeks of minutes: all of the time is covered, finer the nearer to now. */
static void test_least_missed(void **state)
{
	enum { SPACE = 300, N = 35 * 24 * 60 };
	static struct retention_snapshot kept[SPACE + 2];
	uint32_t n = 0;
	uint64_t now = 0;

	for (uint64_t id = 1; id <= N; id++) {
		now = id * MINUTE;
		kept[n++] = (struct retention_snapshot){id, now, false};
		while (n > SPACE) {
			struct retention_choice choice = {0};
			uint32_t i = 0;

			for (uint32_t j = 0; j < n; j++)
				retention_choose(&choice, &kept[j], now);
			assert_int_not_equal(retention_chosen(&choice), 0);
			while (kept[i].id != retention_chosen(&choice))
				i++;
			assert_int_not_equal(kept[i].id, id); /* never the newest */
			memmove(&kept[i], &kept[i + 1], (--n - i) * sizeof(*kept));
		}
	}
	assert_true(now - kept[0].at_s > 20 * DAY);
	for (uint32_t i = 1; i < n; i++) {
		uint64_t age = now - kept[i].at_s + MINUTE;

		assert_true(kept[i].at_s - kept[i - 1].at_s <= age / 5 + 2 * MINUTE);
	}
}

static void test_frozen_is_not_chosen(void **state)
{
	struct retention_choice choice = {0};

	for (uint64_t id = 1; id <= 10; id++)
		retention_choose(&choice, &(struct retention_snapshot){id, id, id != 4}, 100);
	assert_int_equal(retention_chosen(&choice), 4);
	choice = (struct retention_choice){0};
	for (uint64_t id = 1; id <= 10; id++)
		retention_choose(&choice, &(struct retention_snapshot){id, id, true}, 100);
	assert_int_equal(retention_chosen(&choice), 0);
}

/* ---- folding ---- */

static void test_fold_any_bytes(void **state)
{
	static struct hr_slot slot[64], before[64];
	static unsigned char scratch[sizeof(slot)];
	struct fixture f = {.seed = 3};

	for (uint32_t n = 1; n <= 64; n += 21) {
		unsigned char *bytes = (void *)slot;

		f.random = n;
		for (size_t i = 0; i < sizeof(slot); i++)
			bytes[i] = (unsigned char)fixture_random(&f);
		memcpy(before, slot, sizeof(slot));
		delta_encode_slots(slot, n, scratch);
		assert_memory_not_equal(slot, before, n * sizeof(*slot));
		delta_decode_slots(slot, n, scratch);
		assert_memory_equal(slot, before, sizeof(slot));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tiers),          cmocka_unit_test(test_thinning_settles),
		cmocka_unit_test(test_least_missed),   cmocka_unit_test(test_frozen_is_not_chosen),
		cmocka_unit_test(test_fold_any_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
