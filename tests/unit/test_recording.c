// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Recordings: what was on the board is in the file, and stays readable whatever happens to its end
 * or its middle. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <zlib.h>
#include <cmocka.h>

#include "board/frame_codec.h"
#include "board/layout.h"
#include "fixture_board.h"

struct rig {
	char dir[32], board[48], file[48];
	struct fixture fixture;
};

static int set_up(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	strcpy(rig->dir, "/tmp/test_recording.XXXXXX");
	if (!mkdtemp(rig->dir))
		return -1;
	snprintf(rig->board, sizeof(rig->board), "%s/board", rig->dir);
	snprintf(rig->file, sizeof(rig->file), "%s/rec", rig->dir);
	*state = rig;
	return 0;
}

static int tear_down(void **state)
{
	struct rig *rig = *state;
	char lock[64];

	board_close(rig->fixture.board);
	snprintf(lock, sizeof(lock), "%s.lock", rig->board);
	unlink(lock);
	unlink(rig->board);
	unlink(rig->file);
	rmdir(rig->dir);
	free(rig);
	return 0;
}

static void make(struct rig *rig, uint32_t containers, uint32_t frames)
{
	rig->fixture = (struct fixture){.containers = containers, .seed = 1, .hostile = true};
	assert_int_equal(fixture_open(&rig->fixture, rig->board), 0);
	assert_int_equal(fixture_record(&rig->fixture, rig->file, frames), 0);
}

static struct hr_reader *open_rec(const struct rig *rig)
{
	struct hr_reader *r = NULL;

	assert_int_equal(hr_reader_open(rig->file, &r), 0);
	assert_true(hr_reader_is_recording(r));
	return r;
}

static uint64_t time_of(uint32_t frame) { return FIXTURE_T0_NS + frame * FIXTURE_STEP_NS; }

/* Frame by frame against a board that goes through the same. */
static void test_same_as_the_board(void **state)
{
	enum { FRAMES = 130 };
	struct rig *rig = *state;
	struct fixture *live = &rig->fixture;
	union fixture_event a, b;
	struct hr_reader *board, *rec;
	uint32_t frames = 0;
	int r;

	make(rig, 25, FRAMES);
	board_close(take_ptr(live->board));
	*live = (struct fixture){.containers = 25, .seed = 1, .hostile = true};
	assert_int_equal(fixture_open(live, rig->board), 0);
	board_header(live->board)->heartbeat_ns = HR_UNKNOWN - 1;
	assert_int_equal(hr_reader_open(rig->board, &board), 0);
	rec = open_rec(rig);
	for (; (r = hr_reader_next_frame(rec)) == 0; frames++) {
		struct hr_board_header ha, hb;
		struct hr_host host_a, host_b;
		uint32_t i = 0, j = 0;

		if (frames)
			fixture_step(live);
		assert_true(hr_reader_frame_time(rec) == time_of(frames));
		hr_reader_header(board, &ha);
		hr_reader_header(rec, &hb);
		assert_memory_equal(&ha, &hb, sizeof(ha));
		assert_int_equal(hr_reader_host(board, &host_a), 0);
		assert_int_equal(hr_reader_host(rec, &host_b), 0);
		assert_memory_equal(&host_a, &host_b, sizeof(host_a));
		for (;;) {
			struct hr_slot slot_a, slot_b;
			int end = hr_reader_slot(board, &i, &slot_a);

			assert_int_equal(hr_reader_slot(rec, &j, &slot_b), end);
			if (end)
				break;
			assert_int_equal(i, j);
			assert_memory_equal(&slot_a, &slot_b, sizeof(slot_a));
		}
		for (;;) {
			int end = hr_reader_next_event(board, &a.event, sizeof(a));

			assert_int_equal(hr_reader_next_event(rec, &b.event, sizeof(b)), end);
			if (end)
				break;
			assert_memory_equal(&a, &b, sizeof(a));
		}
	}
	assert_int_equal(r, -ENODATA);
	assert_int_equal(frames, FRAMES);
	assert_int_equal(hr_reader_health(rec, NULL), 0);
	hr_reader_close(rec);
	hr_reader_close(board);
}

static void test_seek(void **state)
{
	struct rig *rig = *state;
	struct hr_reader *r;
	struct hr_host host;

	make(rig, 3, 150);
	r = open_rec(rig);
	assert_int_equal(hr_reader_host(r, &host), -ENODATA); /* before the first frame */
	srand(19);
	for (int i = 0; i < 300; i++) {
		uint32_t frame = (uint32_t)rand() % 150;
		uint64_t offset = (uint64_t)rand() % FIXTURE_STEP_NS;

		assert_int_equal(hr_reader_seek_frame(r, time_of(frame) + offset), 0);
		assert_true(hr_reader_frame_time(r) == time_of(frame));
		assert_int_equal(hr_reader_host(r, &host), 0);
		assert_true(host.sampled_ns == time_of(frame) && host.sweeps == frame + 1);
		if (i % 2 && frame < 149) {
			assert_int_equal(hr_reader_next_frame(r), 0);
			assert_true(hr_reader_frame_time(r) == time_of(frame + 1));
		}
	}
	assert_int_equal(hr_reader_seek_frame(r, 0), 0); /* before all: the first */
	assert_true(hr_reader_frame_time(r) == time_of(0));
	assert_int_equal(hr_reader_seek_frame(r, UINT64_MAX), 0);
	assert_true(hr_reader_frame_time(r) == time_of(149));
	assert_int_equal(hr_reader_next_frame(r), -ENODATA);
	hr_reader_close(r);
}

/* What is in the file, and how it ends. */
static uint32_t count_frames(const struct rig *rig, int *ret_end, uint64_t *ret_events)
{
	struct hr_reader *r = open_rec(rig);
	union fixture_event e;
	uint64_t events = 0, seen = 0;
	uint32_t frames = 0, slots = 0;
	int end, got;

	for (; !(end = hr_reader_next_frame(r)); frames++) {
		struct hr_slot slot;

		for (uint32_t i = 0; !hr_reader_slot(r, &i, &slot);)
			slots++;
		while (!(got = hr_reader_next_event(r, &e.event, sizeof(e)))) {
			assert_true(e.event.seq > seen); /* none twice */
			seen = e.event.seq;
			events++;
		}
		assert_int_equal(got, -ENODATA);
	}
	assert_int_equal(hr_reader_next_frame(r), -ENODATA); /* said once */
	hr_reader_close(r);
	if (ret_end)
		*ret_end = end;
	if (ret_events)
		*ret_events = events;
	return frames;
}

static void test_append(void **state)
{
	struct rig *rig = *state;
	struct hr_recorder *rec = NULL, *second = NULL;
	struct hr_reader *board;
	uint64_t events = 0;
	int end;

	make(rig, 5, 10);
	assert_int_equal(hr_reader_open(rig->board, &board), 0);
	assert_int_equal(hr_recorder_new(rig->file, false, &rec), -EEXIST);
	assert_int_equal(hr_recorder_new(rig->file, true, &rec), 0);
	assert_int_equal(hr_recorder_new(rig->file, true, &second), -EBUSY);
	for (int i = 0; i < 70; i++) {
		fixture_step(&rig->fixture);
		assert_int_equal(hr_recorder_frame_at(rec, board, rig->fixture.now_ns), 0);
	}
	hr_recorder_close(rec);
	hr_recorder_close(NULL);
	hr_reader_close(board);
	assert_int_equal(count_frames(rig, &end, &events), 80);
	assert_int_equal(end, -ENODATA);
	assert_true(events ==
		    board_header(rig->fixture.board)->last_seq); /* each once, over both */
	assert_int_equal(hr_recorder_new(rig->board, true, &rec),
			 -EPROTO); /* a board is no recording */
	assert_int_equal(hr_recorder_new("/dev/null", true, &rec), -EPROTO);
	assert_int_equal(hr_recorder_new(rig->dir, true, &rec), -EISDIR);
}

static void test_every_cut(void **state)
{
	struct rig *rig = *state;
	uint32_t last = 3;
	struct stat st;

	make(rig, 2, 3);
	assert_int_equal(stat(rig->file, &st), 0);
	for (off_t length = st.st_size - 1; length >= 0; length--) {
		struct hr_reader *r;
		uint32_t frames;
		int end;

		assert_int_equal(truncate(rig->file, length), 0);
		if (length < (off_t)sizeof(struct hr_record_header)) {
			assert_int_equal(hr_reader_open(rig->file, &r), -EBADMSG);
			assert_non_null(strstr(hr_reader_error(), "truncated"));
			continue;
		}
		frames = count_frames(rig, &end, NULL);
		assert_true(frames <= last && last - frames <= 1);
		/* at a frame's end there is nothing wrong */
		assert_true(end == -EBADMSG || (end == -ENODATA && frames < 3));
		last = frames;
	}
	assert_int_equal(last, 0);
}

/* A recorder that was killed within a write: the next one cuts off the rest and goes on. */
static void test_append_after_cut(void **state)
{
	struct rig *rig = *state;
	struct hr_recorder *rec;
	struct hr_reader *board;
	uint64_t events;
	struct stat st;
	int end;

	make(rig, 5, 10);
	assert_int_equal(stat(rig->file, &st), 0);
	assert_int_equal(truncate(rig->file, st.st_size - 7), 0);
	assert_int_equal(count_frames(rig, &end, NULL), 9);
	assert_int_equal(end, -EBADMSG);
	assert_int_equal(hr_reader_open(rig->board, &board), 0);
	assert_int_equal(hr_recorder_new(rig->file, true, &rec), 0);
	assert_int_equal(hr_recorder_frame_at(rec, board, rig->fixture.now_ns), 0);
	hr_recorder_close(rec);
	hr_reader_close(board);
	assert_int_equal(count_frames(rig, &end, &events), 10);
	assert_int_equal(end, -ENODATA);
	assert_true(events == board_header(rig->fixture.board)->last_seq);
}

/* A reader stays at the end of a file that grows. */
static void test_follow(void **state)
{
	struct rig *rig = *state;
	struct hr_recorder *rec;
	struct hr_reader *board, *r;

	make(rig, 5, 2);
	r = open_rec(rig);
	assert_int_equal(hr_reader_next_frame(r), 0);
	assert_int_equal(hr_reader_next_frame(r), 0);
	assert_int_equal(hr_reader_next_frame(r), -ENODATA);
	assert_int_equal(hr_reader_open(rig->board, &board), 0);
	assert_int_equal(hr_recorder_new(rig->file, true, &rec), 0);
	for (int i = 0; i < 5; i++) {
		fixture_step(&rig->fixture);
		assert_int_equal(hr_recorder_frame_at(rec, board, rig->fixture.now_ns), 0);
		assert_int_equal(hr_reader_next_frame(r), 0);
		assert_true(hr_reader_frame_time(r) == rig->fixture.now_ns);
		assert_int_equal(hr_reader_next_frame(r), -ENODATA);
	}
	hr_recorder_close(rec);
	hr_reader_close(board);
	hr_reader_close(r);
}

/* No room for a whole frame: said, the file is as before, and what happened meanwhile comes with
 * the next frame. The size limit of a child stands for the full disk: write() then writes a part,
 * or nothing. */
static void full_disk(struct rig *rig)
{
	struct hr_recorder *rec;
	struct hr_reader *board;
	struct stat st;
	struct rlimit limit;
	uint64_t size;

	signal(SIGXFSZ, SIG_IGN);
	if (hr_reader_open(rig->board, &board) || hr_recorder_new(rig->file, true, &rec))
		_exit(2);
	size = hr_recorder_bytes(rec);
	limit = (struct rlimit){.rlim_cur = size + 100, .rlim_max = RLIM_INFINITY};
	setrlimit(RLIMIT_FSIZE, &limit);
	for (int i = 0; i < 3; i++) {
		int e;

		fixture_step(&rig->fixture);
		fixture_oom_kill(&rig->fixture, 1);
		e = hr_recorder_frame_at(rec, board, rig->fixture.now_ns);
		if ((e != -ENOSPC && e != -EFBIG) || hr_recorder_bytes(rec) != size)
			_exit(3);
		if (stat(rig->file, &st) || (uint64_t)st.st_size != size)
			_exit(4);
	}
	limit.rlim_cur = RLIM_INFINITY;
	setrlimit(RLIMIT_FSIZE, &limit);
	fixture_step(&rig->fixture);
	_exit(hr_recorder_frame_at(rec, board, rig->fixture.now_ns) ? 5 : 0);
}

static void test_full_disk(void **state)
{
	struct rig *rig = *state;
	uint64_t events, last;
	int end, status;
	pid_t pid;

	make(rig, 5, 3);
	last = board_header(rig->fixture.board)->last_seq;
	pid = fork();
	if (!pid)
		full_disk(rig);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(count_frames(rig, &end, &events), 4);
	assert_int_equal(end, -ENODATA);
	assert_true(events >= last + 6); /* three kills with their outcomes */
	assert_true(events == board_header(rig->fixture.board)->last_seq);
}

/* One frame damaged: said, and the next key frame is readable again. */
static void test_damaged_in_the_middle(void **state)
{
	struct rig *rig = *state;
	struct hr_reader *r;
	uint32_t frames = 0;
	struct stat st;
	int fd, end;

	make(rig, 3, 130);
	assert_int_equal(stat(rig->file, &st), 0);
	fd = open(rig->file, O_WRONLY);
	/* within the payload of the second frame; the first, a key frame, is by far the larger */
	r = open_rec(rig);
	assert_int_equal(hr_reader_next_frame(r), 0);
	hr_reader_close(r);
	{
		struct hr_frame_header first;
		int rd = open(rig->file, O_RDONLY);

		assert_int_equal(pread(rd, &first, sizeof(first), sizeof(struct hr_record_header)),
				 sizeof(first));
		close(rd);
		assert_int_equal(pwrite(fd, "\x55\xaa", 2,
					(off_t)(sizeof(struct hr_record_header) +
						2 * sizeof(first) + first.packed_bytes + 10)),
				 2);
	}
	close(fd);
	r = open_rec(rig);
	assert_int_equal(hr_reader_next_frame(r), 0);
	assert_int_equal(hr_reader_next_frame(r), -EBADMSG);
	assert_non_null(strstr(hr_reader_error(), "frame 2"));
	for (; !(end = hr_reader_next_frame(r)); frames++)
		assert_true(hr_reader_frame_time(r) == time_of(60 + frames));
	assert_int_equal(end, -ENODATA);
	assert_int_equal(frames, 70);
	assert_int_equal(hr_reader_seek_frame(r, time_of(30)), -EBADMSG);
	assert_int_equal(hr_reader_seek_frame(r, time_of(100)), 0);
	assert_true(hr_reader_frame_time(r) == time_of(100));
	hr_reader_close(r);
}

static void test_another_version(void **state)
{
	struct rig *rig = *state;
	struct hr_recorder *rec;
	struct hr_reader *r;
	uint32_t other = 3;
	int fd;

	make(rig, 2, 2);
	fd = open(rig->file, O_WRONLY);
	assert_int_equal(pwrite(fd, &other, 4, offsetof(struct hr_record_header, version)), 4);
	close(fd);
	assert_int_equal(hr_reader_open(rig->file, &r), -EPROTONOSUPPORT);
	assert_non_null(strstr(hr_reader_error(), "recording has version 3"));
	assert_int_equal(hr_recorder_new(rig->file, true, &rec), -EPROTONOSUPPORT);
}

/* Bytes changed at random: CRC or soundness finds it; reading comes to an end. */
static void test_flipped(void **state)
{
	struct rig *rig = *state;
	_cleanup_free_ unsigned char *whole = NULL;
	uint32_t damaged = 0;
	struct stat st;
	int fd;

	make(rig, 2, 4);
	assert_int_equal(stat(rig->file, &st), 0);
	whole = malloc((size_t)st.st_size);
	fd = open(rig->file, O_RDWR);
	assert_int_equal(pread(fd, whole, (size_t)st.st_size, 0), st.st_size);
	for (unsigned int seed = 0; seed < 3000; seed++) {
		struct hr_reader *r;
		size_t at;

		srand(seed);
		at = (size_t)rand() % (size_t)(seed % 2 ? st.st_size : 200);
		assert_int_equal(
			pwrite(fd,
			       &(unsigned char){(unsigned char)(whole[at] ^ (1 + rand() % 255))}, 1,
			       (off_t)at),
			1);
		if (!hr_reader_open(rig->file, &r)) {
			uint32_t calls = 0;
			int end;

			while ((end = hr_reader_next_frame(r)) != -ENODATA) {
				union fixture_event e;
				struct hr_slot slot;

				assert_true(calls++ < 20 && (!end || end == -EBADMSG));
				damaged += !!end;
				for (uint32_t i = 0; !hr_reader_slot(r, &i, &slot);)
					;
				while (!hr_reader_next_event(r, &e.event, sizeof(e)))
					;
			}
			hr_reader_close(r);
		}
		assert_int_equal(pwrite(fd, &whole[at], 1, (off_t)at), 1);
	}
	close(fd);
	assert_true(damaged > 1000);
	assert_int_equal(count_frames(rig, NULL, NULL), 4);
}

/* A frame of `slots` used or free slots and `events` zeros, as header and packed bytes. */
static unsigned char *pack_claims(const struct hr_frame_body *body,
				  struct hr_frame_header *ret_header)
{
	size_t index = sizeof(*body),
	       slots = (index + body->slot_count * sizeof(uint32_t) + 7) & ~(size_t)7;
	size_t n = slots + body->slot_count * sizeof(struct hr_slot) + body->events_bytes;
	unsigned char *raw = calloc(1, n), *packed;
	uLongf m = compressBound(n);
	struct hr_frame_header h = {.magic = HR_FRAME_MAGIC,
				    .kind = HR_FRAME_KEY,
				    .time_ns = 1,
				    .raw_bytes = (uint32_t)n};
	uLong crc;

	packed = malloc(m);
	assert_true(raw && packed);
	memcpy(raw, body, sizeof(*body));
	for (uint32_t i = 0; i < body->slot_count; i++)
		memcpy(raw + index + i * sizeof(i), &i, sizeof(i));
	assert_int_equal(compress2(packed, &m, raw, n, 1), Z_OK);
	h.packed_bytes = (uint32_t)m;
	crc = crc32(0, (const Bytef *)&h, sizeof(h));
	h.crc = (uint32_t)crc32(crc, packed, h.packed_bytes);
	free(raw);
	*ret_header = h;
	return packed;
}

/* Small frames that claim much: refused before memory is taken for it. */
static void test_bombs(void **state)
{
	static const struct {
		uint32_t capacity, slots, events;
	} rows[] = {
		{256, 257, 0},               /* more slots than the board has */
		{256, 0, 64 << 20},          /* more events than its rings hold */
		{65536, 65536, 0},           /* free slots */
		{256, 0, 256 * 1024 * 1024}, /* the same, larger */
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct hr_frame_body body = {.slot_count = rows[i].slots,
					     .events_bytes = rows[i].events};
		_cleanup_free_ unsigned char *packed = NULL;
		struct hr_frame_header header;
		struct frame p = {0};

		assert_int_equal(layout_make(rows[i].capacity, 0, 0, 0, &body.header), 0);
		body.header.state = HR_BOARD_RUNNING;
		packed = pack_claims(&body, &header);
		assert_int_equal(frame_unpack(&header, packed, NULL, &p), -EBADMSG);
		assert_true(p.slot_space <= 128 && !p.events_space);
		frame_done(&p);
	}
}

int main(void)
{
#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		WITH_RIG(test_same_as_the_board),
		WITH_RIG(test_seek),
		WITH_RIG(test_append),
		WITH_RIG(test_every_cut),
		WITH_RIG(test_append_after_cut),
		WITH_RIG(test_follow),
		WITH_RIG(test_full_disk),
		WITH_RIG(test_damaged_in_the_middle),
		WITH_RIG(test_another_version),
		WITH_RIG(test_flipped),
		cmocka_unit_test(test_bombs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
