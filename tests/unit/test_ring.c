// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The rings: in order, whole, counted when they are lost, with a writer that never waits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "fixture_board.h"
#include "base/clock.h"
#include "board/validate.h"
#include "fixture_torn.h"
#include "board/layout.h"

struct rig {
	char dir[32], path[48];
	struct board *board;
	struct hr_reader *reader;
	union fixture_event event; /* what was read last */
};

/* What the writer does while the library reads. */
static struct {
	struct board *board;
	uint64_t posted, most;
	int one_in; /* so many reads */
} meantime;

static int set_up(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	struct board_config config = {
		.capacity = 4, .keep_bytes = BOARD_MIN_RING, .chatter_bytes = BOARD_MIN_RING};

	strcpy(rig->dir, "/tmp/test_ring.XXXXXX");
	if (!mkdtemp(rig->dir))
		return -1;
	snprintf(rig->path, sizeof(rig->path), "%s/board", rig->dir);
	config.path = rig->path;
	*state = rig;
	return board_open(&config, &rig->board, NULL) || hr_reader_open(rig->path, &rig->reader);
}

static int tear_down(void **state)
{
	struct rig *rig = *state;
	char lock[64];

	hr_reader_close(rig->reader);
	board_close(rig->board);
	unlink(rig->path);
	snprintf(lock, sizeof(lock), "%s.lock", rig->path);
	unlink(lock);
	rmdir(rig->dir);
	free(rig);
	return 0;
}

static uint32_t body_bytes(uint64_t seq) { return (uint32_t)(seq * 2654435761u % 90) * 8; }

/* An event in which every byte follows from its seq. type GUARD goes to the one ring, OOM_SCORE_ADJ to
 * the other. */
static uint64_t post(struct board *board, enum hr_event_type type)
{
	uint64_t seq = board_header(board)->last_seq + 1;
	size_t fixed = type == HR_EVENT_DAEMON ? sizeof(struct hr_event_daemon)
					       : sizeof(struct hr_event_oom_score_adj);
	union fixture_event e = {
		.event = {.type = (uint16_t)type, .time_ns = seq * 3, .cgroup_id = ~seq}};

	fixed = (fixed + 7) & ~(size_t)7;
	e.event.bytes = (uint32_t)fixed + body_bytes(seq);
	memset(e.space + fixed, (int)(seq & 0xff), body_bytes(seq));
	return board_event_post(board, &e.event);
}

static uint64_t post_any(struct board *board, uint64_t i)
{
	return post(board, i * 40503u >> 4 & 1 ? HR_EVENT_DAEMON : HR_EVENT_OOM_SCORE_ADJ);
}

static void assert_whole(const union fixture_event *e)
{
	uint32_t body = body_bytes(e->event.seq);

	assert_true(e->event.time_ns == e->event.seq * 3 && e->event.cgroup_id == ~e->event.seq);
	assert_true(e->event.bytes >= sizeof(e->event) + body);
	for (uint32_t i = 0; i < body; i++)
		assert_int_equal(e->space[e->event.bytes - 1 - i], e->event.seq & 0xff);
	for (uint32_t i = e->event.bytes; i < sizeof(*e); i++)
		assert_int_equal(e->space[i], 0); /* nothing of the event before it */
}

static int next(struct rig *rig)
{
	memset(&rig->event, 0x77, sizeof(rig->event));
	return hr_reader_next_event(rig->reader, &rig->event.event, sizeof(rig->event));
}

static void test_in_order(void **state)
{
	struct rig *rig = *state;

	assert_int_equal(next(rig), -ENODATA);
	for (uint64_t i = 1; i <= 3000; i++) { /* many times around both rings */
		assert_true(post_any(rig->board, i) == i);
		if (i % 3)
			continue;
		for (uint64_t j = i - 2; j <= i; j++) {
			assert_int_equal(next(rig), 0);
			assert_true(rig->event.event.seq == j);
			assert_true(rig->event.event.instance ==
				    board_header(rig->board)->instance);
			assert_whole(&rig->event);
		}
		assert_int_equal(next(rig), -ENODATA);
	}
	assert_int_equal(hr_reader_missed(rig->reader), 0);
	assert_int_equal(
		board_check(board_header(rig->board), board_header(rig->board)->file_bytes, NULL),
		0);
}

static void test_lapped(void **state)
{
	struct rig *rig = *state;
	uint64_t seen = 0;

	for (uint64_t round = 0; round < 50; round++) {
		uint64_t missed = hr_reader_missed(rig->reader);
		int r = 0, emitted = 0;

		for (uint64_t i = 0; i < 1 + round * 7; i++)
			post_any(rig->board, i);
		while ((r = next(rig)) != -ENODATA) {
			if (r == -EOVERFLOW) {
				emitted++;
				continue;
			}
			assert_int_equal(r, 0);
			assert_true(rig->event.event.seq > seen);
			seen = rig->event.event.seq;
			assert_whole(&rig->event);
		}
		/* the two rings hold different spans: being lapped shows as more than one gap */
		assert_true(!emitted == (hr_reader_missed(rig->reader) == missed));
		assert_true(seen == board_header(rig->board)->last_seq);
	}
	assert_true(hr_reader_missed(rig->reader) > 1000);
}

/* read + missed = written, exactly */
static void test_counts(void **state)
{
	struct rig *rig = *state;
	uint64_t read = 0;

	for (uint64_t i = 1; i <= 5000; i++) {
		post_any(rig->board, i);
		if (i % 500)
			continue;
		for (int r; (r = next(rig)) != -ENODATA;)
			read += !r;
	}
	assert_true(read + hr_reader_missed(rig->reader) == 5000);
	assert_true(read > 300);
}

static void test_late_reader_misses_nothing(void **state)
{
	struct rig *rig = *state;
	struct hr_reader *late;
	uint64_t seen = 0;
	int r;

	for (uint64_t i = 1; i <= 1000; i++)
		post_any(rig->board, i);
	assert_int_equal(hr_reader_open(rig->path, &late), 0);
	while (!(r = hr_reader_next_event(late, &rig->event.event, sizeof(rig->event)))) {
		assert_true(rig->event.event.seq > seen);
		seen = rig->event.event.seq;
	}
	assert_int_equal(r, -ENODATA);
	assert_true(seen == 1000 && hr_reader_missed(late) == 0);
	hr_reader_close(late);
}

/* What was overwritten before a reader began is not missed, however often the board has grown since. */
static void test_late_reader_after_growth(void **state)
{
	struct rig *rig = *state;
	struct hr_reader *late;
	uint64_t read = 0;
	int r;

	for (int grown = 0; grown < 3; grown++) {
		for (uint64_t i = 0; i < 4000; i++) /* few are kept, most overwrite each other */
			post(rig->board, i % 100 ? HR_EVENT_OOM_SCORE_ADJ : HR_EVENT_DAEMON);
		if (grown)
			assert_int_equal(board_grow(rig->board, 500u * (uint32_t)grown), 0);
		assert_int_equal(hr_reader_open(rig->path, &late), 0);
		for (read = 0;
		     !(r = hr_reader_next_event(late, &rig->event.event, sizeof(rig->event)));
		     read++)
			assert_whole(&rig->event);
		assert_int_equal(r, -ENODATA);
		assert_int_equal(hr_reader_missed(late), 0);
		assert_true(rig->event.event.seq == board_header(rig->board)->last_seq);
		assert_true(board_header(rig->board)->ring_tail[HR_RING_CHATTER] > 0);
		hr_reader_close(late);
	}
}

/* A reader that asks for kills only learns only of lost kills. */
static void test_missed_in_a_ring(void **state)
{
	struct rig *rig = *state;
	uint64_t kept = 0, missed;
	int r;

	post(rig->board, HR_EVENT_DAEMON);
	assert_int_equal(next(rig), 0);
	for (uint64_t i = 0; i < 5000; i++) {
		post(rig->board, HR_EVENT_OOM_SCORE_ADJ);
		if (i % 1000 == 500)
			post(rig->board, HR_EVENT_DAEMON);
	}
	while ((r = next(rig)) != -ENODATA)
		kept += !r && rig->event.event.type == HR_EVENT_DAEMON;
	missed = hr_reader_missed(rig->reader);
	assert_int_equal(kept, 5);
	assert_true(missed > 4000 && missed == hr_reader_missed_in(rig->reader, HR_RING_CHATTER));
	assert_int_equal(hr_reader_missed_in(rig->reader, HR_RING_KEEP), 0);
	for (uint64_t i = 0; i < 5000; i++)
		post(rig->board, HR_EVENT_DAEMON);
	while (next(rig) != -ENODATA)
		;
	assert_true(hr_reader_missed_in(rig->reader, HR_RING_KEEP) > 4000);
	assert_int_equal(hr_reader_missed_in(rig->reader, HR_RING_CHATTER), missed);
}

static void test_chatter_spares_the_kills(void **state)
{
	struct rig *rig = *state;

	post(rig->board, HR_EVENT_DAEMON);
	for (uint64_t i = 0; i < 10000; i++)
		post(rig->board, HR_EVENT_OOM_SCORE_ADJ);
	hr_reader_seek_event(rig->reader, 0);
	assert_int_equal(next(rig), 0);
	assert_int_equal(rig->event.event.type, HR_EVENT_DAEMON);
	assert_int_equal(rig->event.event.seq, 1);
}

static void test_seek(void **state)
{
	struct rig *rig = *state;

	for (uint64_t i = 1; i <= 20; i++)
		post_any(rig->board, i);
	hr_reader_seek_event(rig->reader, 13);
	assert_int_equal(next(rig), 0);
	assert_int_equal(rig->event.event.seq, 13);
	hr_reader_seek_event(rig->reader, 0);
	assert_int_equal(next(rig), 0);
	assert_int_equal(rig->event.event.seq, 1);
	hr_reader_seek_event(rig->reader, UINT64_MAX);
	assert_int_equal(next(rig), -ENODATA);
	post_any(rig->board, 21);
	assert_int_equal(next(rig), 0);
	assert_int_equal(rig->event.event.seq, 21);
	hr_reader_seek_event(rig->reader, 25); /* yet to come */
	for (uint64_t i = 22; i <= 26; i++)
		post_any(rig->board, i);
	assert_int_equal(next(rig), 0);
	assert_int_equal(rig->event.event.seq, 25);
	assert_int_equal(hr_reader_missed(rig->reader), 0);
	for (uint64_t i = 27; i <= 2000; i++)
		post_any(rig->board, i);
	hr_reader_seek_event(rig->reader, 100); /* long gone: said, and by how many */
	assert_int_equal(next(rig), -EOVERFLOW);
	assert_int_equal(next(rig), 0);
	assert_true(hr_reader_missed(rig->reader) == rig->event.event.seq - 100);
}

static void test_refused(void **state)
{
	struct rig *rig = *state;
	union fixture_event e = {.event = {.type = HR_EVENT_DAEMON}};
	static const uint32_t bytes[] = {0,
					 8,
					 sizeof(struct hr_event) - 8,
					 sizeof(struct hr_event) + 4,
					 HR_EVENT_MAX_BYTES + 8,
					 UINT32_MAX};

	for (size_t i = 0; i < ARRAY_SIZE(bytes); i++) {
		e.event.bytes = bytes[i];
		assert_int_equal(board_event_post(rig->board, &e.event), 0);
	}
	e.event = (struct hr_event){.type = HR_EVENT_PAD, .bytes = sizeof(struct hr_event)};
	assert_int_equal(board_event_post(rig->board, &e.event), 0);
	assert_int_equal(board_header(rig->board)->last_seq, 0);
	e.event = (struct hr_event){.type = HR_EVENT_DAEMON, .bytes = HR_EVENT_MAX_BYTES};
	for (uint64_t i = 1; i < 10; i++)
		assert_true(board_event_post(rig->board, &e.event) == i);
	assert_int_equal(hr_reader_next_event(rig->reader, &e.event, HR_EVENT_MAX_BYTES - 1),
			 -EINVAL);
}

static void test_damaged(void **state)
{
	struct rig *rig = *state;
	struct hr_board_header *header = board_header(rig->board);
	struct hr_event *first = (void *)((char *)header + header->ring[HR_RING_KEEP].offset);
	uint32_t bytes;

	post(rig->board, HR_EVENT_DAEMON);
	post(rig->board, HR_EVENT_DAEMON);
	post(rig->board, HR_EVENT_DAEMON);
	first->severity = 77; /* only the invalid record is skipped */
	assert_int_equal(next(rig), -EBADMSG);
	assert_int_equal(next(rig), 0);
	assert_int_equal(rig->event.event.seq, 2);
	first->severity = 0;
	bytes = first->bytes;
	first->bytes = 12; /* where the next one stands cannot be known */
	hr_reader_seek_event(rig->reader, 0);
	assert_int_equal(next(rig), -ENODATA);
	first->bytes = bytes;
	post(rig->board, HR_EVENT_DAEMON);
	assert_int_equal(next(rig), -EOVERFLOW);
	assert_int_equal(hr_reader_missed(rig->reader), 3);
	assert_int_equal(next(rig), 0);
	assert_int_equal(rig->event.event.seq, 4);
}

/* In a child: says by a byte that it has read one more event. */
static void read_by_waiting(struct rig *rig, int out)
{
	struct hr_reader *reader;

	if (hr_reader_open(rig->path, &reader))
		_exit(1);
	for (;;) {
		int r = hr_reader_next_event(reader, &rig->event.event, sizeof(rig->event));

		if (r == -ENODATA && hr_reader_wait_event(reader, 30 * NS_PER_SEC))
			_exit(2);
		if (!r && write(out, "", 1) != 1)
			_exit(3);
	}
}

/* No event is slept over: neither one that came since the last look, nor one that comes while it waits. */
static void test_wait(void **state)
{
	struct rig *rig = *state;
	uint64_t begun = clock_mono_ns();
	int fds[2], status;
	pid_t child;
	char byte;

	assert_int_equal(next(rig), -ENODATA);
	assert_int_equal(hr_reader_wait_event(rig->reader, NS_PER_MS), -ETIMEDOUT);
	post_any(rig->board, 1);
	assert_int_equal(hr_reader_wait_event(rig->reader, 30 * NS_PER_SEC), 0);
	assert_int_equal(next(rig), 0);
	assert_int_equal(next(rig), -ENODATA);
	post_any(rig->board, 2);
	hr_reader_health(rig->reader, NULL); /* sees the header, and reads no event */
	assert_int_equal(hr_reader_wait_event(rig->reader, 30 * NS_PER_SEC), 0);

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	child = fork();
	assert_true(child >= 0);
	if (!child)
		read_by_waiting(rig, fds[1]);
	close(fds[1]);
	for (uint64_t i = 1; i <= 12; i++) {
		if (i > 2) {
			usleep(i % 2 ? 20000 : 0); /* it waits by then; or not */
			post_any(rig->board, i);
		}
		assert_int_equal(read(fds[0], &byte, 1), 1);
	}
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	close(fds[0]);
	assert_true(clock_mono_ns() - begun < 30 * NS_PER_SEC);
}

/* An error, no SIGBUS. */
static void test_wait_truncated(void **state)
{
	struct rig *rig = *state;
	char lock[64];

	assert_int_equal(hr_reader_wait_event(rig->reader, NS_PER_MS), -ETIMEDOUT);
	board_close(rig->board);
	assert_int_equal(truncate(rig->path, 0), 0);
	assert_int_equal(hr_reader_wait_event(rig->reader, 30 * NS_PER_SEC), -EFAULT);
	unlink(rig->path);
	snprintf(lock, sizeof(lock), "%s.lock", rig->path);
	unlink(lock);
	rig->board = NULL;
}

static void post_in_the_meantime(void)
{
	uint64_t n = rand() % meantime.one_in ? 0
		     : rand() % 2             ? 1
					      : (uint64_t)rand() % meantime.most;

	for (; n && meantime.posted < 20000; n--)
		post_any(meantime.board, ++meantime.posted);
}

/* Events come, and whole rings go by, between any two reads: nothing is torn, nothing is told
 * twice, all is counted. */
static void test_in_the_meantime(void **state)
{
	static const uint64_t most[] = {4, 10, 60, 200}; /* a ring holds some 40 */
	struct rig *rig = *state;

	srand(17);
	for (size_t i = 0; i < ARRAY_SIZE(most); i++) {
		uint64_t last = board_header(rig->board)->last_seq, seen = last, read = 0;
		uint64_t missed = hr_reader_missed(rig->reader);

		meantime.posted = 0;
		meantime.most = most[i];
		meantime.one_in = most[i] == 4 ? 40 : 16;
		meantime.board = rig->board;
		torn_write = post_in_the_meantime;
		while (seen < last + 20000) {
			int r = next(rig);

			if (r == -ENODATA || r == -EAGAIN || r == -EOVERFLOW)
				continue;
			assert_int_equal(r, 0);
			assert_true(rig->event.event.seq > seen);
			seen = rig->event.event.seq;
			assert_whole(&rig->event);
			read++;
		}
		torn_write = NULL;
		assert_true(read + hr_reader_missed(rig->reader) - missed == 20000);
		assert_true(read > 100);
		if (most[i] == 4) /* a writer that is slow enough loses nothing */
			assert_true(hr_reader_missed(rig->reader) == missed);
	}
}

/* A writer in another process, as fast as it can: what is read is whole, and read + missed =
 * written. */
static void test_hammered(void **state)
{
	enum { EVENTS = 200000 };
	struct rig *rig = *state;
	uint64_t read = 0, seen = 0;
	int r = 0, status;
	pid_t pid = fork();

	if (!pid) {
		for (uint64_t i = 1; i <= EVENTS; i++)
			post_any(rig->board, i);
		_exit(0);
	}
	while (seen < EVENTS) {
		r = next(rig);
		if (r == -ENODATA || r == -EAGAIN || r == -EOVERFLOW)
			continue;
		if (r)
			break;
		if (rig->event.event.seq <= seen)
			break;
		assert_whole(&rig->event);
		seen = rig->event.event.seq;
		read++;
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(r, 0);
	assert_int_equal(status, 0);
	assert_true(seen == EVENTS);
	assert_true(read + hr_reader_missed(rig->reader) == EVENTS);
	assert_true(read > 0); /* how many is the scheduler's business */
}

int main(void)
{
#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		WITH_RIG(test_in_order),
		WITH_RIG(test_lapped),
		WITH_RIG(test_counts),
		WITH_RIG(test_late_reader_misses_nothing),
		WITH_RIG(test_late_reader_after_growth),
		WITH_RIG(test_missed_in_a_ring),
		WITH_RIG(test_chatter_spares_the_kills),
		WITH_RIG(test_seek),
		WITH_RIG(test_refused),
		WITH_RIG(test_damaged),
		WITH_RIG(test_wait),
		WITH_RIG(test_wait_truncated),
		WITH_RIG(test_in_the_meantime),
		WITH_RIG(test_hammered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
