// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The writer takes over a board that another left: after a kill at any moment, and never one that is not sound. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "fixture_board_dir.h"

static void test_adopt(void **state)
{
	struct dir *dir = *state;
	struct fixture f = {.containers = 40, .seed = 3, .hostile = true, .young = true};
	struct board_config config = {.path = dir->board, .capacity = 256, .adopt = true};
	_cleanup_free_ struct hr_slot *before = malloc(40 * sizeof(*before));
	struct board *board;
	uint64_t instance, last;
	uint32_t index;
	bool adopted;

	assert_int_equal(fixture_open(&f, dir->board), 0);
	memcpy(before, board_slot(f.board, 0), 40 * sizeof(*before));
	instance = board_header(f.board)->instance;
	last = board_header(f.board)->last_seq;
	assert_int_equal(fixture_leave(&f), 0);
	assert_int_equal(board_open(&config, &board, &adopted), 0);
	assert_true(adopted);
	assert_memory_equal(before, board_slot(board, 0), 40 * sizeof(*before));
	assert_true(board_header(board)->instance == instance &&
		    board_header(board)->last_seq == last);
	assert_int_equal(board_header(board)->generation, 2);
	assert_int_equal(board_slot_take(board, &index), 0);
	assert_int_equal(index, 40); /* what is in use was found */
	board_close(board);

	config.capacity = 300; /* more than it has: adopted and grown */
	assert_int_equal(board_open(&config, &board, &adopted), 0);
	assert_true(adopted);
	assert_int_equal(board_capacity(board), 300);
	assert_memory_equal(before, board_slot(board, 0), 40 * sizeof(*before));
	assert_sound(board);
	board_close(board);

	config.adopt = false;
	assert_int_equal(board_open(&config, &board, &adopted), 0);
	assert_false(adopted);
	assert_int_equal(board_header(board)->last_seq, 0);
	board_close(board);
}

/* A board of the version before has whole slots: what is on it goes on in slots as small as its texts allow. */
static void test_of_the_version_before(void **state)
{
	struct dir *dir = *state;
	struct fixture f = {.containers = 40, .seed = 3, .young = true};
	struct board_config config = {
		.path = dir->board, .capacity = 256, .text_bytes = BOARD_TEXT_FEW, .adopt = true};
	struct hr_slot before[40], now;
	struct hr_reader *reader;
	struct board *board;
	uint64_t last;
	bool adopted;

	assert_int_equal(fixture_open(&f, dir->board), 0);
	board_header(f.board)->version = HR_BOARD_OLDEST;
	memcpy(before, board_slot(f.board, 0), sizeof(before));
	last = board_header(f.board)->last_seq;
	assert_int_equal(fixture_leave(&f), 0);
	assert_int_equal(hr_reader_open(dir->board, &reader), 0); /* as it is, too */
	for (uint32_t i = 0, k = 0; hr_reader_slot(reader, &i, &now) == 0; k++)
		assert_memory_equal(&now.id, &before[k].id, sizeof(now.id));
	assert_int_equal(board_open(&config, &board, &adopted), 0);
	assert_true(adopted);
	assert_int_equal(board_header(board)->version, HR_BOARD_VERSION);
	assert_int_equal(board_header(board)->last_seq, last);
	assert_true(board_slot_bytes(board) < HR_SLOT_BYTES);
	assert_sound(board);
	assert_int_equal(hr_reader_health(reader, NULL), 0);
	for (uint32_t i = 0, k = 0; k < 40; k++) {
		assert_int_equal(hr_reader_slot(reader, &i, &now), 0);
		assert_memory_equal(&now, &before[k], sizeof(now));
	}
	hr_reader_close(reader);
	board_close(board);
}

/* What must not be adopted is replaced, and the new board works. */
static void test_not_adopted(void **state)
{
	struct dir *dir = *state;
	static const struct {
		size_t at;
		uint32_t value;
	} damage[] = {
		{offsetof(struct hr_board_header, magic), 1},
		{offsetof(struct hr_board_header, version), HR_BOARD_VERSION + 1},
		{offsetof(struct hr_board_header, page_bytes), 8192},
		{offsetof(struct hr_board_header, slot_bytes), 8},
		{offsetof(struct hr_board_header, slot_capacity), 0xffffffff},
		{offsetof(struct hr_board_header, file_bytes), 4096},
		{offsetof(struct hr_board_header, ring), 3},
		{offsetof(struct hr_board_header, ring_head), 0x7ffffff8},
		{offsetof(struct hr_board_header, ring_tail), 0x7ffffff8},
		{offsetof(struct hr_board_header, ring_head), 1},
		{offsetof(struct hr_board_header, slots_high), 300},
		{offsetof(struct hr_board_header, state), 77},
		{offsetof(struct hr_board_header, state), HR_BOARD_REPLACED},
		{offsetof(struct hr_board_header, last_seq), 1},
		{2 * HR_BOARD_PAGE + offsetof(struct hr_slot, state), 9},
		{2 * HR_BOARD_PAGE + offsetof(struct hr_slot, text_used), HR_SLOT_TEXT + 1},
		{2 * HR_BOARD_PAGE + offsetof(struct hr_slot, id), 0xff},
		{2 * HR_BOARD_PAGE + offsetof(struct hr_slot, id.container_id), 0x10001},
		{2 * HR_BOARD_PAGE + 256 * HR_SLOT_BYTES, 5}, /* first record's bytes */
		{2 * HR_BOARD_PAGE + 256 * HR_SLOT_BYTES, 0},
		{2 * HR_BOARD_PAGE + 256 * HR_SLOT_BYTES, 0x7ffffff8},
	};

	for (size_t i = 0; i < ARRAY_SIZE(damage); i++) {
		struct fixture f = {.containers = 5, .seed = i, .young = true};
		struct board_config config = {.path = dir->board, .capacity = 16, .adopt = true};
		struct board *board;
		bool adopted;
		int fd;

		assert_int_equal(fixture_open(&f, dir->board), 0);
		assert_int_equal(fixture_leave(&f), 0);
		fd = open(dir->board, O_WRONLY);
		assert_int_equal(pwrite(fd, &damage[i].value, 4, (off_t)damage[i].at), 4);
		close(fd);
		assert_int_equal(board_open(&config, &board, &adopted), 0);
		assert_false(adopted);
		assert_int_equal(board_header(board)->generation, 1);
		assert_sound(board);
		board_close(board);
	}
}

/* On a disk a board can outlive the boot that its cgroup ids belong to. */
static void test_of_another_boot(void **state)
{
	struct dir *dir = *state;

	for (int i = 0; i < 3; i++) {
		struct fixture f = {.containers = 5, .young = i != 1};
		struct board_config config = {.path = dir->board, .capacity = 16, .adopt = true};
		struct board *board;
		bool adopted;

		assert_int_equal(fixture_open(&f, dir->board), 0);
		if (i == 2) /* created when the wall clock said 1970 */
			board_header(f.board)->created_ns = FIXTURE_STEP_NS;
		assert_int_equal(fixture_leave(&f), 0);
		assert_int_equal(board_open(&config, &board, &adopted), 0);
		assert_int_equal(adopted, i != 1 || board_on_tmpfs(board));
		board_close(board);
	}
}

static void test_others_file_is_not_adopted(void **state)
{
	struct dir *dir = *state;
	struct fixture f = {.containers = 5, .young = true};
	struct board_config config = {.path = dir->board, .capacity = 16, .adopt = true};
	struct board *board;
	char copy[64];
	bool adopted;

	assert_int_equal(fixture_open(&f, dir->board), 0);
	assert_int_equal(fixture_leave(&f), 0);
	assert_int_equal(chmod(dir->board, 0666), 0);
	assert_int_equal(board_open(&config, &board, &adopted), 0);
	assert_false(adopted);
	board_close(board);
	snprintf(copy, sizeof(copy), "%s/d/copy", dir->path);
	assert_int_equal(rename(dir->board, copy), 0);
	assert_int_equal(symlink("copy", dir->board), 0);
	assert_int_equal(board_open(&config, &board, &adopted), 0);
	assert_false(adopted);
	board_close(board);
}

/* An odd seqlock, a host record half written, an event that was written but not counted. */
static void test_repair(void **state)
{
	struct dir *dir = *state;
	struct fixture f = {.containers = 12, .seed = 4, .young = true};
	struct board_config config = {.path = dir->board, .capacity = 256, .adopt = true};
	struct board *board;
	struct hr_slot *slot;
	struct hr_host *host;
	uint64_t last;
	uint32_t index;
	bool adopted;

	assert_int_equal(fixture_open(&f, dir->board), 0);
	board_slot_begin(f.board, 2);        /* torn, but sound */
	slot = board_slot_begin(f.board, 5); /* torn, and its name leads outside */
	slot->id.name.at = 4095;
	slot->text[sizeof(slot->text) - 1] = 'x';
	slot = board_slot_begin(f.board, 7); /* being taken */
	slot->cgroup_id = 0;
	host = board_host_begin(f.board);
	memset(host->node, 'n', sizeof(host->node));
	last = board_header(f.board)->last_seq--;
	assert_int_equal(fixture_leave(&f), 0);
	assert_int_equal(board_open(&config, &board, &adopted), 0);
	assert_true(adopted);
	assert_sound(board);
	assert_true(board_header(board)->last_seq == last);
	assert_int_equal(board_slot(board, 2)->state, HR_SLOT_RUNNING);
	assert_int_equal(board_slot(board, 2)->cgroup_id, 1002);
	assert_int_equal(board_slot(board, 2)->sampled_ns, 0); /* to be sampled anew */
	assert_int_not_equal(board_slot(board, 3)->sampled_ns, 0);
	assert_int_equal(board_slot(board, 5)->state, HR_SLOT_FREE);
	assert_int_equal(board_slot(board, 7)->state, HR_SLOT_FREE);
	assert_int_equal(board_slot_take(board, &index), 0);
	assert_int_equal(index, 5);
	board_close(board);
}

/* Writes as fast as it can, until it is killed: slots, host, events, takes and frees. Each record
 * carries its number in several places, so that a torn one shows. */
static void hammer(struct board *board, uint64_t seed)
{
	struct fixture f = {
		.board = board, .random = seed, .now_ns = FIXTURE_T0_NS, .containers = 64};
	uint32_t taken = 0, index;

	while (taken < 32 && !board_slot_take(board, &index))
		fixture_fill(&f, taken++, index);
	for (;;) {
		uint32_t i = (uint32_t)fixture_random(&f) % 32;
		const struct hr_slot *slot = board_slot(board, i);

		if (slot->state == HR_SLOT_FREE || fixture_random(&f) % 8 == 0) {
			if (slot->state != HR_SLOT_FREE)
				board_slot_free(board, i);
			if (!board_slot_take(board, &index))
				fixture_fill(&f, index, index);
		} else {
			fixture_events(&f, i, i);
		}
		fixture_host(&f);
		board_heartbeat(board);
	}
}

static void test_killed_at_any_moment(void **state)
{
	struct dir *dir = *state;
	uint64_t instance = 0, last_seq = 0;

	srand(13);
	for (int round = 0; round < 100; round++) {
		struct board *board;
		bool adopted;
		uint32_t slots = 0;
		pid_t pid;

		board = open_board(dir, 64, true, &adopted);
		assert_int_equal(adopted, round > 0);
		assert_sound(board);
		if (!round)
			instance = board_header(board)->instance;
		assert_true(board_header(board)->instance == instance);
		assert_int_equal(board_header(board)->generation, 2 * round + 1);
		assert_true(board_header(board)->last_seq >= last_seq);
		last_seq = board_header(board)->last_seq;
		for (uint32_t i = 0; i < 64; i++)
			slots += board_slot(board, i)->state != HR_SLOT_FREE;
		assert_true(!round || slots >= 30); /* one may have been on its way */
		board_close(board);
		pid = fork();
		if (!pid) {
			board = open_board(dir, 64, true, &adopted);
			hammer(board, (uint64_t)round);
		}
		/* from when it has begun: a random number of microseconds */
		for (;;) {
			struct hr_board_header h = {0};
			int fd = open(dir->board, O_RDONLY);
			ssize_t n = pread(fd, &h, sizeof(h), 0);

			close(fd);
			if (n == sizeof(h) && h.generation == 2 * (uint64_t)round + 2 &&
			    h.last_seq > last_seq + 3)
				break;
			usleep(100);
		}
		usleep((useconds_t)(rand() % 3000));
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DIR(test_adopt),
		WITH_DIR(test_not_adopted),
		WITH_DIR(test_of_the_version_before),
		WITH_DIR(test_of_another_boot),
		WITH_DIR(test_others_file_is_not_adopted),
		WITH_DIR(test_repair),
		WITH_DIR(test_killed_at_any_moment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
