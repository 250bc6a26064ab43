// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Memory of free slots that is given back: less is allocated, readers and slots in use see nothing of it, and no slot without memory is
 * handed out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "fixture_board.h"
#include "board/validate.h"

#define SLOTS 1000u
#define EACH  10u /* one of so many stays */

static char dir[32], path[48];

static int set_up(void **state)
{
	strcpy(dir, "/dev/shm/test_trim.XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/board", dir);
	return 0;
}

static int tear_down(void **state)
{
	char lock[64];

	snprintf(lock, sizeof(lock), "%s.lock", path);
	unlink(path);
	unlink(lock);
	return rmdir(dir);
}

static uint64_t allocated(void)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return (uint64_t)st.st_blocks * 512;
}

static uint32_t take_all(struct board *board)
{
	uint32_t n = 0, index;

	while (!board_slot_take(board, &index)) {
		board_slot_begin(board, index)->state = HR_SLOT_RUNNING;
		board_slot_end(board, index);
		n++;
	}
	return n;
}

static void assert_whole(struct board *board)
{
	struct hr_board_header *header = board_header(board);
	const char *what = "";

	if (board_check(header, header->file_bytes, &what))
		fail_msg("%s", what);
}

static void assert_readers_see(struct hr_reader *reader, uint32_t slots)
{
	struct hr_slot slot;
	uint32_t n = 0;

	assert_int_equal(hr_reader_health(reader, NULL), 0);
	for (uint32_t i = 0; !hr_reader_slot(reader, &i, &slot);)
		n += slot.cgroup_id >= 1000 && slot.cgroup_id % EACH == 0;
	assert_int_equal(n, slots);
}

static void test_given_back_and_taken_again(void **state)
{
	struct fixture f = {.containers = SLOTS, .capacity = SLOTS, .seed = 3};
	_cleanup_free_ struct hr_slot *before = malloc(SLOTS * sizeof(*before));
	struct hr_reader *reader;
	uint64_t whole;

	assert_int_equal(fixture_open(&f, path), 0);
	assert_int_equal(board_slots(f.board), SLOTS);
	assert_int_equal(hr_reader_open(path, &reader), 0);
	for (uint32_t i = 0; i < SLOTS; i++)
		if (i % EACH)
			board_slot_free(f.board, i);
	memcpy(before, board_slot(f.board, 0), SLOTS * sizeof(*before));
	whole = allocated();

	board_trim(f.board, 2 * SLOTS / EACH);
	assert_int_equal(board_slots(f.board), 2 * SLOTS / EACH);
	assert_true(allocated() <= whole - (SLOTS - 2 * SLOTS / EACH) * HR_SLOT_BYTES);
	for (uint32_t i = 0; i < SLOTS; i += EACH)
		assert_memory_equal(board_slot(f.board, i), &before[i], sizeof(*before));
	assert_readers_see(reader, SLOTS / EACH);
	assert_int_equal(take_all(f.board), SLOTS / EACH); /* those in use are as many */
	assert_true(allocated() <= whole - (SLOTS - 2 * SLOTS / EACH) * HR_SLOT_BYTES);
	assert_int_equal(board_untrim(f.board, SLOTS / 2), 0);
	assert_int_equal(take_all(f.board), SLOTS / 2 - 2 * SLOTS / EACH);
	assert_int_equal(board_untrim(f.board, 2 * SLOTS), 0);
	assert_int_equal(allocated(), whole);
	assert_int_equal(take_all(f.board), SLOTS / 2);
	assert_whole(f.board);
	hr_reader_close(reader);
	board_close(f.board);
}

/* More slots are in use than were asked for: those stay. */
static void test_what_is_in_use_stays(void **state)
{
	struct fixture f = {.containers = SLOTS, .capacity = SLOTS, .seed = 4};

	assert_int_equal(fixture_open(&f, path), 0);
	for (uint32_t i = 0; i < SLOTS / 2; i++)
		board_slot_free(f.board, i);
	board_trim(f.board, 10);
	assert_int_equal(board_slots(f.board), SLOTS / 2);
	assert_int_equal(take_all(f.board), 0);
	/* a larger board has all of its memory */
	assert_int_equal(board_grow(f.board, 2 * SLOTS), 0);
	assert_int_equal(board_slots(f.board), 2 * SLOTS);
	assert_int_equal(take_all(f.board), SLOTS + SLOTS / 2);
	assert_whole(f.board);
	board_close(f.board);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_given_back_and_taken_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_is_in_use_stays, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
