// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What the recorder's store leaves out of a snapshot: what the hour's key has, and points of history that tell nothing new. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fixture_store.h"
#include "recorder/history_thin.h"

#define CONTAINERS 130u /* three parts */
#define MINUTE     60u

static struct hr_slot *copy_of(struct hr_reader *reader, uint32_t *ret_n)
{
	struct hr_slot *slot = calloc(CONTAINERS, sizeof(*slot));

	assert_non_null(slot);
	*ret_n = 0;
	for (uint32_t i = 0; *ret_n < CONTAINERS && !hr_reader_slot(reader, &i, &slot[*ret_n]);) {
		slot[*ret_n].seq = 0;
		history_thin(&slot[(*ret_n)++]);
	}
	return slot;
}

/* Hours of a board that moves, and where containers come and go, come out as they were. */
static void test_hours(void **state)
{
	enum { SNAPSHOTS = 130 };
	struct rig *rig = *state;
	struct hr_slot *was[SNAPSHOTS];
	uint32_t n[SNAPSHOTS], now;
	struct hr_reader *past;

	make_board(rig, CONTAINERS, 7);
	open_writer(rig, STORE_DEFAULT_BYTES);
	for (int i = 0; i < SNAPSHOTS; i++) {
		for (int k = 0; k < 3; k++)
			fixture_step(&rig->fixture);
		if (i % 40 == 20) /* another is there in its place, and one is gone */
			fixture_fill(&rig->fixture, CONTAINERS + (uint32_t)i, 70);
		if (i == 90)
			board_slot_free(rig->fixture.board, 3);
		keep(rig);
		was[i] = copy_of(rig->reader, &n[i]);
		rig->recorder_writer->at_base += MINUTE;
	}
	assert_in_range(number(rig, "SELECT count(*) FROM keys"), 3 * 3, 3 * 9);
	/* the last one is a small part of the first, which has all keys */
	assert_true(2 * number(rig, "SELECT bytes FROM snapshots ORDER BY id DESC LIMIT 1") <
		    number(rig, "SELECT bytes FROM snapshots ORDER BY id LIMIT 1"));
	assert_int_equal(store_snapshots(rig->store, 0, UINT64_MAX, &past, rig->error), 0);
	for (int i = 0; i < SNAPSHOTS; i++) {
		struct hr_slot *is;

		assert_int_equal(hr_reader_next_frame(past), 0);
		is = copy_of(past, &now);
		assert_int_equal(now, n[i]);
		for (uint32_t k = 0; k < now; k++)
			assert_memory_equal(&is[k], &was[i][k], sizeof(*is));
		free(is);
		free(was[i]);
	}
	assert_int_equal(hr_reader_next_frame(past), -ENODATA);
	hr_reader_close(past);

	/* keys go with the last snapshot that needs them */
	alter(rig, "DELETE FROM snapshots WHERE id <= 70");
	alter(rig, "DELETE FROM parts WHERE id < (71 << 16)");
	assert_int_equal(writer_prune(rig->recorder_writer), 0);
	assert_int_equal(number(rig, "SELECT count(*) FROM keys WHERE (id & 1099511627775) < 20"),
			 0);
	assert_int_equal(store_status(rig->store, &(struct store_status){0}, rig->error), 0);
	assert_int_equal(store_snapshots(rig->store, 0, UINT64_MAX, &past, rig->error), 0);
	assert_int_equal(hr_reader_next_frame(past), 0);
	free(copy_of(past, &now));
	assert_int_equal(now, n[70]);
	hr_reader_close(past);
}

/* Without a key its part is missing, and nothing else; the recorder makes another. */
static void test_lost_key(void **state)
{
	struct rig *rig = *state;
	struct hr_reader *past;
	uint32_t n[3];

	make_board(rig, CONTAINERS, 7);
	open_writer(rig, STORE_DEFAULT_BYTES);
	keep(rig);
	keep(rig);
	alter(rig, "DELETE FROM keys WHERE id >> 40 = 1");
	keep(rig);
	assert_int_equal(store_snapshots(rig->store, 0, UINT64_MAX, &past, rig->error), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(hr_reader_next_frame(past), 0);
		free(copy_of(past, &n[i]));
	}
	hr_reader_close(past);
	assert_int_equal(n[0], CONTAINERS - 64);
	assert_int_equal(n[1], CONTAINERS - 64);
	assert_int_equal(n[2], CONTAINERS);
}

/* A store of the version before has whole parts and no keys: it is read, and continued. */
static void test_store_before(void **state)
{
	struct rig *rig = *state;
	struct hr_reader *past;
	uint32_t n;

	make_board(rig, CONTAINERS, 7);
	open_writer(rig, STORE_DEFAULT_BYTES);
	keep(rig);
	writer_close(take_ptr(rig->recorder_writer));
	alter(rig, "UPDATE parts SET frame = (SELECT frame FROM keys WHERE keys.id = "
		   "((parts.id & 65535) << 40) + (parts.id >> 16));"
		   "DROP TABLE keys; PRAGMA user_version = 302");
	for (int i = 1; i < 3; i++) {
		assert_int_equal(store_snapshots(rig->store, 0, UINT64_MAX, &past, rig->error), 0);
		for (int k = 0; k < i; k++) {
			assert_int_equal(hr_reader_next_frame(past), 0);
			free(copy_of(past, &n));
			assert_int_equal(n, CONTAINERS);
		}
		assert_int_equal(hr_reader_next_frame(past), -ENODATA);
		hr_reader_close(past);
		open_writer(rig, STORE_DEFAULT_BYTES);
		assert_string_equal(rig->note, "");
		keep(rig);
	}
}

static struct hr_slot ramp(uint32_t step_kib)
{
	struct hr_slot slot = {.binding = {.limit = 1ULL << 30}, .memory.usage = 1 << 29};

	for (uint32_t i = 0; i < 100; i++) { /* headroom falls as usage grows */
		struct hr_point p = {i * 100, 1000 + i * step_kib, HR_UNKNOWN_U32,
				     1000000 - i * step_kib};

		slot.history.fine[slot.history.fine_count++ % HR_FINE] = p;
	}
	return slot;
}

/* No figure is off by more than a 1,024th of the limit; none at all where there is a risk, and never the newest. */
static void test_thin(void **state)
{
	for (uint32_t step = 0; step < 3000; step += 37) {
		struct hr_slot was = ramp(step), is = was;
		uint32_t kept = 1;

		history_thin(&is);
		for (uint32_t i = 36; i < 100; i++) {
			const struct hr_point *a = &was.history.fine[i % HR_FINE],
					      *b = &is.history.fine[i % HR_FINE];

			assert_int_equal(a->t_centis, b->t_centis);
			assert_int_equal(b->unreclaimable_kib, HR_UNKNOWN_U32);
			assert_true(b->usage_kib - a->usage_kib <= 1024);
			assert_true(a->headroom_kib - b->headroom_kib <= 1024);
			kept += i > 36 &&
				b->usage_kib != is.history.fine[(i - 1) % HR_FINE].usage_kib;
		}
		assert_int_equal(is.history.fine[99 % HR_FINE].usage_kib, 1000 + 99 * step);
		assert_int_equal(kept, step ? 1 + 63 / (1024 / step + 1) : 1);
		is = was;
		is.forecast.risk_centi = 2000;
		history_thin(&is);
		assert_memory_equal(&is.history, &was.history, sizeof(is.history));
		is = was;
		is.forecast.alarm = HR_ALARM_WARN;
		history_thin(&is);
		assert_memory_equal(&is.history, &was.history, sizeof(is.history));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_hours, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_lost_key, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_store_before, set_up, tear_down),
		cmocka_unit_test(test_thin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
