// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The writer: made, taken, freed, grown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "fixture_board_dir.h"

static void test_file(void **state)
{
	struct dir *dir = *state;
	struct board *board = open_board(dir, 8, false, NULL);
	const struct hr_board_header *h = board_header(board);
	struct stat st, st_dir;
	char path[64];

	assert_int_equal(stat(dir->board, &st), 0);
	snprintf(path, sizeof(path), "%s/d", dir->path);
	assert_int_equal(stat(path, &st_dir), 0);
	/* for the group where there is one, else for us alone; never for others */
	if (st.st_mode & S_IRGRP) {
		assert_int_equal(st.st_mode & 0777, 0640);
		assert_int_equal(st_dir.st_mode & 0777, 0750);
		assert_int_equal(st.st_gid, st_dir.st_gid);
	} else {
		assert_int_equal(st.st_mode & 0777, 0600);
		assert_int_equal(st_dir.st_mode & 0777, 0700);
	}
	assert_int_equal(st.st_size, h->file_bytes);
	assert_true((uint64_t)st.st_blocks * 512 >= h->file_bytes); /* no hole */
	assert_true(h->instance && h->created_ns && h->heartbeat_ns);
	assert_int_equal(h->state, HR_BOARD_RUNNING);
	assert_int_equal(h->generation, 1);
	assert_int_equal(h->daemon_pid, getpid());
	assert_string_equal(board_path(board), dir->board);
	assert_int_equal(board_capacity(board), 8);
	/* a daemon may end before it has measured anything */
	assert_true(board_host(board)->mem_total == HR_UNKNOWN);
	assert_true(board_host(board)->memory.shmem == HR_UNKNOWN);
	assert_sound(board);
	board_close(board);
	board_close(NULL);
}

static void test_refused(void **state)
{
	struct dir *dir = *state;
	const struct board_config cases[] = {
		{.path = dir->board, .capacity = 0},
		{.path = dir->board, .capacity = BOARD_MAX_CAPACITY + 1},
		{.path = dir->board, .capacity = 8, .keep_bytes = 64},
		{.path = dir->board, .capacity = 8, .chatter_bytes = BOARD_MAX_RING + 8},
		{.path = "/", .capacity = 8},
		{.path = "/tmp/..", .capacity = 8},
	};
	struct board *board = (void *)dir;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(board_open(&cases[i], &board, NULL), -EINVAL);
		assert_ptr_equal(board, dir);
	}
	assert_int_equal(
		board_open(&(struct board_config){.path = "/nowhere/at/all/board", .capacity = 8},
			   &board, NULL),
		-ENOENT);
	assert_int_equal(access(dir->board, F_OK), -1);
}

static void test_two_daemons(void **state)
{
	struct dir *dir = *state;
	struct board *board = open_board(dir, 8, false, NULL), *second = NULL;
	struct board_config config = {.path = dir->board, .capacity = 8, .adopt = true};
	int status;
	pid_t pid;

	assert_int_equal(board_open(&config, &second, NULL), -EBUSY);
	pid = fork();
	if (!pid)
		_exit(board_open(&config, &second, NULL) == -EBUSY ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(board_header(board)->generation, 1);
	board_close(board);
	assert_int_equal(board_open(&config, &second, NULL), 0);
	board_close(second);
}

static void test_slots(void **state)
{
	struct board *board = open_board(*state, 130, false, NULL);
	bool mine[130] = {false};
	const struct hr_slot *slot;
	uint32_t index = 0;

	for (uint32_t i = 0; i < 130; i++) {
		assert_int_equal(board_slot_take(board, &index), 0);
		assert_int_equal(index, i);
	}
	index = 77;
	assert_int_equal(board_slot_take(board, &index), -ENOSPC);
	assert_int_equal(index, 77);
	board_slot_free(board, 100);
	board_slot_free(board, 3);
	assert_int_equal(board_slot_take(board, &index), 0);
	assert_int_equal(index, 3); /* the lowest */
	slot = board_slot(board, 3);
	assert_int_equal(slot->state, HR_SLOT_FREE);
	assert_int_equal(slot->seq % 2, 0);
	assert_true(slot->memory.usage == HR_UNKNOWN && slot->memory.headroom == HR_UNKNOWN);
	assert_true(slot->counts.oom_kill == HR_UNKNOWN &&
		    slot->pressure.full_avg10_centi == HR_UNKNOWN_U32);
	assert_true(slot->forecast.drift_bytes_per_second == HR_UNKNOWN_I64 &&
		    slot->forecast.risk_centi == UINT16_MAX);
	assert_true(slot->pids == HR_UNKNOWN_U32 && slot->started_ns == HR_UNKNOWN);
	assert_true(slot->oom_kills_total == 0 && slot->id.name.at == 0 && slot->text_used == 0);
	assert_int_equal(board_header(board)->slots_high, 130);
	srand(11);
	memset(mine, true, sizeof(mine));
	mine[100] = false;
	for (int round = 0; round < 5000; round++) {
		index = (uint32_t)rand() % 130;
		if (mine[index] && rand() % 2) {
			board_slot_free(board, index);
			mine[index] = false;
		} else if (!board_slot_take(board, &index)) {
			assert_false(mine[index]);
			for (uint32_t i = 0; i < index; i++)
				assert_true(mine[i]);
			mine[index] = true;
		}
	}
	assert_sound(board);
	board_close(board);
}

static void test_slot_write(void **state)
{
	struct board *board = open_board(*state, 4, false, NULL);
	struct hr_slot *slot;
	uint32_t index, seq;

	board_slot_take(board, &index);
	seq = board_slot(board, index)->seq;
	slot = board_slot_begin(board, index);
	assert_int_equal(slot->seq, seq + 1);
	memset(slot->text, 'x', sizeof(slot->text));
	slot->text_used = 10;
	board_slot_end(board, index);
	assert_int_equal(slot->seq, seq + 2);
	assert_int_equal(slot->text[9], 'x');
	for (size_t i = 10; i < sizeof(slot->text); i++)
		assert_int_equal(slot->text[i], 0);
	slot->seq = UINT32_MAX - 1; /* wraps around */
	board_slot_begin(board, index);
	board_slot_end(board, index);
	assert_int_equal(slot->seq, 0);
	board_close(board);
}

static void test_text(void **state)
{
	struct {
		uint64_t head;
		char text[24];
		char daemon[8];
	} record = {.daemon = "intact"};
	struct board_text text;
	struct hr_str a, b;

	board_text_init(&text, &record, offsetof(__typeof__(record), text),
			offsetof(__typeof__(record), daemon));
	assert_int_equal(board_text_add(&text, NULL, false).at, 0);
	assert_int_equal(board_text_add(&text, "", false).at, 0);
	a = board_text_add(&text, "name", false);
	assert_int_equal(a.at, 8);
	b = board_text_add(&text, "other", false);
	assert_string_equal((char *)&record + b.at, "other");
	assert_int_equal(board_text_add(&text, "name", true).at, a.at); /* once */
	assert_int_not_equal(board_text_add(&text, "nam", true).at, a.at);
	assert_false(text.cut);
	b = board_text_add(&text, "/a/very/long/path", true);
	assert_true(text.cut);
	assert_string_equal((char *)&record + b.at, "ong/path");
	assert_int_equal(board_text_add(&text, "full", false).at, 0);
	assert_string_equal(record.daemon, "intact");
	/* never half a character */
	for (size_t space = 1; space < 12; space++) {
		const char *kept;

		memset(record.text, 0x55, sizeof(record.text));
		board_text_init(&text, &record, 8, 8 + space);
		b = board_text_add(&text, "日本語é", space % 2);
		kept = b.at ? (char *)&record + b.at : "";
		assert_true(strlen(kept) < space);
		assert_int_not_equal((unsigned char)kept[0] & 0xc0, 0x80);
		assert_true(text.cut && record.text[space] == 0x55);
	}
}

static void test_identity_is_shared_fairly(void **state)
{
	struct hr_slot from = {0}, to = {0};
	struct board_text text;
	char image[700];

	memset(image, 'i', sizeof(image));
	image[sizeof(image) - 1] = 0;
	board_text_init(&text, &from, offsetof(struct hr_slot, text), sizeof(from));
	from.id = (struct hr_identity){
		.runtime = HR_RUNTIME_DOCKER, .kind = HR_KIND_CONTAINER, .workload = 9};
	from.id.image = board_text_add(&text, image, false);
	from.id.name = board_text_add(&text, "name", false);
	from.id.cgroup = board_text_add(&text, "/docker/x", false);
	from.id.pod.at = HR_SLOT_BYTES - 20; /* leads to no end inside */
	memset(from.text + sizeof(from.text) - 20, 'n', 20);
	from.id.unit.at = 2;
	board_text_init(&text, &to, offsetof(struct hr_slot, text), sizeof(to));
	board_text_identity(&text, &from, sizeof(from), &from.id, &to.id);
	assert_true(text.cut);
	assert_string_equal(hr_slot_text(&to, to.id.name), "name");
	assert_int_equal(to.id.workload, 9);
	assert_int_equal(to.id.runtime, HR_RUNTIME_DOCKER);
	assert_null(hr_slot_text(&to, to.id.pod));
	assert_true(strlen(hr_slot_text(&to, to.id.image)) <= HR_SLOT_TEXT / 3);
}

static void test_grow(void **state)
{
	struct dir *dir = *state;
	struct fixture f = {.containers = 256, .seed = 5};
	_cleanup_free_ struct hr_slot *before = malloc(256 * sizeof(*before));
	struct hr_event *event = calloc(1, HR_EVENT_MAX_BYTES);
	struct hr_reader *reader;
	struct hr_board_header old, new;
	uint64_t seen = 0, missed;
	uint32_t index, slots = 0;
	struct hr_slot slot;

	assert_int_equal(fixture_open(&f, dir->board), 0);
	memcpy(before, board_slot(f.board, 0), 256 * sizeof(*before));
	assert_int_equal(hr_reader_open(dir->board, &reader), 0);
	hr_reader_header(reader, &old);
	for (int i = 0; i < 20; i++)
		assert_int_equal(hr_reader_next_event(reader, event, HR_EVENT_MAX_BYTES), 0);
	seen = event->seq;
	missed = hr_reader_missed(reader);
	assert_int_equal(board_grow(f.board, 256), -EINVAL);
	assert_int_equal(board_grow(f.board, 128), -EINVAL);
	assert_int_equal(board_grow(f.board, 1000), 0);
	assert_sound(f.board);
	assert_memory_equal(before, board_slot(f.board, 0), 256 * sizeof(*before));
	assert_int_equal(board_slot_take(f.board, &index), 0);
	assert_int_equal(index, 256);
	/* the reader follows, and goes on with its events where it was */
	assert_int_equal(hr_reader_health(reader, NULL), 0);
	hr_reader_header(reader, &new);
	assert_int_equal(new.slot_capacity, 1000);
	assert_true(new.instance == old.instance &&new.last_seq == old.last_seq);
	for (index = 0; !hr_reader_slot(reader, &index, &slot); slots++)
		assert_memory_equal(&slot, &before[index - 1], sizeof(slot));
	assert_int_equal(slots, 256);
	while (!hr_reader_next_event(reader, event, HR_EVENT_MAX_BYTES))
		assert_true(event->seq == ++seen);
	assert_true(seen == new.last_seq &&hr_reader_missed(reader) == missed);
	hr_reader_close(reader);
	board_close(f.board);
	free(event);
}

static void test_ten_thousand(void **state)
{
	struct dir *dir = *state;
	struct fixture f = {.containers = 10000, .seed = 6};
	struct hr_reader *reader;
	struct hr_slot slot;
	uint32_t slots = 0;

	assert_int_equal(fixture_open(&f, dir->board), 0);
	assert_true(board_header(f.board)->file_bytes <= 44 * FIXTURE_MIB);
	assert_sound(f.board);
	assert_int_equal(hr_reader_open(dir->board, &reader), 0);
	for (uint32_t i = 0; !hr_reader_slot(reader, &i, &slot); slots++)
		assert_true(slot.cgroup_id == 1000 + slots);
	assert_int_equal(slots, 10000);
	hr_reader_close(reader);
	board_close(f.board);
}

/* Slots begin small. Where a text was cut, growing makes them larger, to the capacity that it has. */
static void test_text_room(void **state)
{
	struct dir *dir = *state;
	struct board_config config = {
		.path = dir->board, .capacity = 64, .text_bytes = BOARD_TEXT_FEW};
	static const uint32_t room[] = {BOARD_TEXT_FEW, BOARD_TEXT_MORE, HR_SLOT_TEXT};
	char path[HR_SLOT_TEXT + 100];
	struct board_text text;
	struct hr_reader *reader;
	struct board *board;
	struct hr_slot *slot, seen;
	uint32_t index;

	memset(path, 'p', sizeof(path));
	path[sizeof(path) - 1] = 0;
	assert_int_equal(board_open(&config, &board, NULL), 0);
	assert_int_equal(hr_reader_open(dir->board, &reader), 0);
	for (uint32_t i = 0; i < 64; i++)
		assert_int_equal(board_slot_take(board, &index), 0);
	for (size_t i = 0; i < ARRAY_SIZE(room); i++) {
		assert_int_equal(board_slot_bytes(board), offsetof(struct hr_slot, text) + room[i]);
		assert_false(board_text_short(board));
		for (uint32_t k = 0; k < 64; k++) {
			slot = board_slot_begin(board, k);
			board_text_init(&text, slot, offsetof(struct hr_slot, text),
					board_slot_bytes(board));
			slot->state = HR_SLOT_RUNNING;
			slot->cgroup_id = 1000 * i + k;
			slot->id.name = board_text_add(&text, "name", false);
			slot->id.cgroup = board_text_add(&text, path, true);
			slot->text_used = text.used;
			board_slot_end(board, k);
			assert_true(text.cut);
			board_text_cut(board);
			assert_int_equal(text.used, room[i]);
		}
		assert_sound(board);
		assert_int_equal(board_text_short(board), i + 1 < ARRAY_SIZE(room));
		for (int grown = 0; grown < 2; grown++) { /* nothing is lost by growing */
			assert_int_equal(hr_reader_health(reader, NULL), 0);
			for (uint32_t k = 0, at = 0; k < 64; k++) {
				assert_int_equal(hr_reader_slot(reader, &at, &seen), 0);
				assert_int_equal(seen.cgroup_id, 1000 * i + k);
				assert_string_equal(hr_slot_text(&seen, seen.id.name), "name");
				assert_int_equal(strlen(hr_slot_text(&seen, seen.id.cgroup)),
						 room[i] - sizeof("name") - 1);
			}
			if (!grown)
				assert_int_equal(board_grow(board, 64),
						 i + 1 < ARRAY_SIZE(room) ? 0 : -EINVAL);
		}
	}
	hr_reader_close(reader);
	board_close(board);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DIR(test_file),
		WITH_DIR(test_refused),
		WITH_DIR(test_two_daemons),
		WITH_DIR(test_slots),
		WITH_DIR(test_slot_write),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_identity_is_shared_fairly),
		WITH_DIR(test_text_room),
		WITH_DIR(test_grow),
		WITH_DIR(test_ten_thousand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
