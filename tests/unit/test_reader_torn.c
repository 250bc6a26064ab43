// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The reader shows no torn slot while a writer goes on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "fixture_board_dir.h"
#include "fixture_torn.h"

/* A slot in which all fields follow from one number: a torn one shows. */
static void write_step(struct board *board, uint32_t index, uint64_t number, int step)
{
	struct hr_slot *slot = (struct hr_slot *)board_slot(board, index);

	switch (step) {
	case 0:
		slot = board_slot_begin(board, index);
		slot->state = HR_SLOT_RUNNING;
		slot->cgroup_id = number;
		slot->memory.usage = number * 3;
		break;
	case 1:
		slot->memory.headroom = ~number;
		slot->history.fine[HR_FINE - 1].t_centis = (uint32_t)number;
		break;
	default:
		slot->text_used = 16;
		memset(slot->text, (int)('a' + number % 26), 15);
		slot->text[15] = 0;
		board_slot_end(board, index);
	}
}

static void assert_untorn(const struct hr_slot *slot)
{
	uint64_t number = slot->cgroup_id;

	assert_true(slot->memory.usage == number * 3 && slot->memory.headroom == ~number);
	assert_int_equal(slot->history.fine[HR_FINE - 1].t_centis, (uint32_t)number);
	assert_true(slot->text[0] == (char)('a' + number % 26) && slot->text[14] == slot->text[0] &&
		    !slot->text[15]);
}

static struct {
	struct board *board;
	uint64_t number;
	int step, one_in;
} meantime;

/* The writer goes on before and within every read. */
static void write_in_the_meantime(void)
{
	for (int n = rand() % meantime.one_in ? 0 : 1 + rand() % 4; n; n--) {
		write_step(meantime.board, 0, meantime.number, meantime.step);
		meantime.step = (meantime.step + 1) % 3;
		meantime.number += !meantime.step;
	}
}

static struct board *open_one_slot(const struct dir *dir)
{
	struct board_config config = {.path = dir->board,
				      .capacity = 1,
				      .keep_bytes = BOARD_MIN_RING,
				      .chatter_bytes = BOARD_MIN_RING};
	struct board *board;
	uint32_t index;

	assert_int_equal(board_open(&config, &board, NULL), 0);
	assert_int_equal(board_slot_take(board, &index), 0);
	for (int step = 0; step < 3; step++)
		write_step(board, 0, 1, step);
	return board;
}

static void test_in_the_meantime(void **state)
{
	struct board *board = open_one_slot(*state);
	struct hr_reader *r;
	struct hr_slot slot;
	uint64_t seen = 0;

	assert_int_equal(hr_reader_open(((struct dir *)*state)->board, &r), 0);
	srand(23);
	meantime.number = 2;
	for (int i = 0; i < 20000; i++) {
		uint32_t index = 0;
		int e;

		meantime.one_in = 1 + i % 30;
		meantime.board = board;
		torn_write = write_in_the_meantime;
		e = hr_reader_slot(r, &index, &slot);
		torn_write = NULL;
		if (e == -ENODATA)
			continue;
		assert_int_equal(e, 0);
		assert_untorn(&slot);
		assert_true(slot.cgroup_id >= seen);
		seen = slot.cgroup_id;
	}
	assert_true(seen > 1000);
	/* a writer that died inside: skipped and counted, in bounded time */
	while (meantime.step != 1)
		write_step(board, 0, ++meantime.number, meantime.step),
			meantime.step = (meantime.step + 1) % 3;
	seen = hr_reader_torn(r);
	assert_int_equal(hr_reader_slot(r, &(uint32_t){0}, &slot), -ENODATA);
	assert_int_equal(hr_reader_torn(r), seen + 1);
	hr_reader_close(r);
	board_close(board);
}

/* The same with a writer in another process, as fast as it can. */
static void test_hammered(void **state)
{
	enum { WRITES = 400000 };
	struct board *board = open_one_slot(*state);
	uint64_t seen = 0, looks = 0;
	struct hr_reader *r;
	struct hr_slot slot;
	int status;
	pid_t pid = fork();

	if (!pid) {
		for (uint64_t number = 2; number <= WRITES; number++)
			for (int step = 0; step < 3; step++)
				write_step(board, 0, number, step);
		_exit(0);
	}
	assert_int_equal(hr_reader_open(((struct dir *)*state)->board, &r), 0);
	while (seen < WRITES && looks++ < 100000000) {
		uint32_t index = 0;

		if (hr_reader_slot(r, &index, &slot))
			continue;
		assert_untorn(&slot);
		assert_true(slot.cgroup_id >= seen);
		seen = slot.cgroup_id;
	}
	assert_true(seen == WRITES);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	hr_reader_close(r);
	board_close(board);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DIR(test_in_the_meantime),
		WITH_DIR(test_hammered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
