// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The reader: says what is wrong with a file, and survives whatever the file holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "fixture_board_dir.h"
#include "base/clock.h"
#include "skip.h"

/* The board in a directory that is there already. */
static int make_dir_without_d(void **state)
{
	struct dir *dir;

	if (make_dir(state))
		return -1;
	dir = *state;
	snprintf(dir->board, sizeof(dir->board), "%s/board", dir->path);
	return 0;
}

/* A board that is quick to read: few slots, small rings, one event of each kind. */
static void make_small(const char *path, uint64_t seed)
{
	struct fixture f = {.containers = 3,
			    .seed = seed,
			    .hostile = true,
			    .now_ns = FIXTURE_T0_NS,
			    .random = seed};
	struct board_config config = {.path = path,
				      .capacity = 4,
				      .keep_bytes = BOARD_MIN_RING,
				      .chatter_bytes = BOARD_MIN_RING};
	uint32_t index;

	assert_int_equal(board_open(&config, &f.board, NULL), 0);
	fixture_host(&f);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(board_slot_take(f.board, &index), 0);
		fixture_fill(&f, i == 2 ? 8 : i, index);
		fixture_events(&f, i, index);
	}
	fixture_oom_kill(&f, 0);
	assert_int_equal(fixture_leave(&f), 0);
}

static size_t text_bytes(const void *base, const char *text) { return text ? strlen(text) : 0; }

static size_t identity_bytes(const void *base, const struct hr_identity *id, bool event)
{
	const struct hr_str all[] = {id->name,      id->container_id, id->image,
				     id->pod,       id->namespace,    id->pod_uid,
				     id->container, id->unit,         id->cgroup};
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		n += text_bytes(base,
				event ? hr_event_text(base, all[i]) : hr_slot_text(base, all[i]));
	assert_true(id->runtime < HR_RUNTIME_COUNT && id->kind < HR_KIND_COUNT);
	return n;
}

static size_t event_bytes(const union fixture_event *e)
{
	size_t n = identity_bytes(e, &e->event.id, true);

	if (e->event.type == HR_EVENT_OOM_KILL) {
		n += identity_bytes(e, &e->oom.victim.id, true) +
		     identity_bytes(e, &e->oom.trigger.id, true);
		n += text_bytes(e, hr_event_text(&e->event, e->oom.victim.cmdline));
		assert_true(e->oom.history_count <= HR_OOM_HISTORY);
		assert_non_null(hr_level_name(e->oom.level));
	}
	if (e->event.type == HR_EVENT_DAEMON)
		n += text_bytes(e, hr_event_text(&e->event, e->daemon.text));
	assert_non_null(hr_severity_name(e->event.severity));
	return n;
}

/* Looks at everything, follows every string. The number of slots; every loop is bounded. */
static uint32_t read_all(struct hr_reader *r, size_t *ret_text)
{
	union fixture_event e;
	struct hr_board_header header;
	struct hr_slot slot;
	struct hr_host host;
	uint32_t slots = 0, index = 0;
	uint64_t calls = 0;
	size_t n = 0;
	int got;

	hr_reader_header(r, &header);
	hr_reader_health(r, NULL);
	if (!hr_reader_host(r, &host))
		n += strlen(host.node) + strlen(host.kernel) +
		     strlen(host.source[HR_SOURCES - 1].variant);
	for (; !hr_reader_slot(r, &index, &slot); slots++) {
		n += identity_bytes(&slot, &slot.id, false);
		n += text_bytes(&slot, hr_slot_text(&slot, slot.binding.cgroup));
		for (int i = 0; i < HR_PROCESSES; i++)
			n += strlen(slot.process[i].comm);
		assert_true(slot.text_used <= HR_SLOT_TEXT && slot.binding.level < HR_LEVEL_COUNT);
		assert_true(slots < BOARD_MAX_CAPACITY);
	}
	while ((got = hr_reader_next_event(r, &e.event, sizeof(e))) != -ENODATA && got != -EAGAIN) {
		assert_true(calls++ < 100000);
		if (!got)
			n += event_bytes(&e);
		else if (got != -EOVERFLOW && got != -EBADMSG)
			break;
	}
	if (ret_text)
		*ret_text = n;
	return slots;
}

static void test_small(void **state)
{
	struct dir *dir = *state;
	struct hr_reader *r;
	size_t text = 0;
	uint64_t age = 1;

	make_small(dir->board, 1);
	assert_int_equal(hr_reader_open(dir->board, &r), 0);
	assert_int_equal(read_all(r, &text), 3);
	assert_true(text > 1000);
	assert_int_equal(hr_reader_health(r, &age), 0);
	assert_int_equal(age, 0);
	assert_int_equal(hr_reader_torn(r), 0);
	assert_false(hr_reader_is_recording(r));
	assert_string_equal(hr_reader_path(r), dir->board);
	assert_int_equal(hr_reader_next_frame(r), -EINVAL);
	assert_int_equal(hr_reader_seek_frame(r, 0), -EINVAL);
	assert_true(hr_reader_frame_time(r) > FIXTURE_T0_NS);
	hr_reader_close(r);
	hr_reader_close(NULL);
}

/* What is at the path, and what is said of it. */
static void test_says_what_is_wrong(void **state)
{
	static const struct {
		size_t at;
		uint32_t value;
		int error;
		const char *words;
	} cases[] = {
		{offsetof(struct hr_board_header, magic), 7, -EPROTO,
		 "neither a board nor a recording"},
		{offsetof(struct hr_board_header, version), HR_BOARD_VERSION + 1, -EPROTONOSUPPORT,
		 "board has version 5, this program reads 4: update headroom"},
		{offsetof(struct hr_board_header, version), 0, -EPROTONOSUPPORT,
		 "board has version 0, this program reads 4: update and restart headroomd"},
		{offsetof(struct hr_board_header, slot_bytes), 4095, -EBADMSG, "damaged"},
		{offsetof(struct hr_board_header, slot_bytes), offsetof(struct hr_slot, text),
		 -EBADMSG, "damaged"},
		{offsetof(struct hr_board_header, slot_bytes), HR_SLOT_BYTES + 8, -EBADMSG,
		 "damaged"},
		{offsetof(struct hr_board_header, slot_capacity), 5000, -EBADMSG, "damaged"},
		{offsetof(struct hr_board_header, state), 0, -EBADMSG, "damaged"},
		{offsetof(struct hr_board_header, slots_high), 5, -EBADMSG, "damaged"},
	};
	struct dir *dir = *state;
	struct hr_reader *r = (void *)dir;

	assert_int_equal(hr_reader_open(dir->board, &r), -ENOENT);
	assert_non_null(strstr(hr_reader_error(), "no daemon has run here"));
	assert_non_null(strstr(hr_reader_error(), dir->board));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int fd;

		make_small(dir->board, 1);
		fd = open(dir->board, O_WRONLY);
		assert_int_equal(pwrite(fd, &cases[i].value, 4, (off_t)cases[i].at), 4);
		close(fd);
		assert_int_equal(hr_reader_open(dir->board, &r), cases[i].error);
		assert_non_null(strstr(hr_reader_error(), cases[i].words));
		assert_ptr_equal(r, dir);
	}
	assert_int_equal(hr_reader_open(dir->path, &r), -EPROTO);
	assert_int_equal(hr_reader_open("/dev/zero", &r), -EPROTO);
	assert_int_equal(hr_reader_open("/proc/self/exe", &r), -EPROTO);
	unlink(dir->board);
	assert_int_equal(mkfifo(dir->board, 0600), 0);
	assert_int_equal(hr_reader_open(dir->board, &r),
			 -EPROTO); /* and does not wait for a writer */
	unlink(dir->board);
	setenv("HEADROOM_BOARD", dir->board, 1);
	assert_int_equal(hr_reader_open(NULL, &r), -ENOENT);
	assert_non_null(strstr(hr_reader_error(), dir->board));
	make_small(dir->board, 1);
	assert_int_equal(hr_reader_open(NULL, &r), 0);
	hr_reader_close(r);
	unsetenv("HEADROOM_BOARD");
}

static void test_not_permitted(void **state)
{
	struct dir *dir = *state;
	int status;
	pid_t pid;

	if (geteuid()) {
		SKIP("needs root to become another user");
	}
	make_small(dir->board, 1);
	assert_int_equal(chmod(dir->path, 0755), 0);
	pid = fork();
	if (!pid) {
		struct hr_reader *r;
		int e = setuid(65534) ? 0 : hr_reader_open(dir->board, &r);

		_exit(e == -EACCES && strstr(hr_reader_error(), "group headroom") ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_health(void **state)
{
	struct dir *dir = *state;
	struct fixture f = {.containers = 2, .dead = true};
	struct board_config config = {.path = dir->board, .capacity = 8, .adopt = true};
	struct hr_board_header header;
	struct hr_reader *r;
	struct board *board;
	uint64_t age = 0;

	assert_int_equal(fixture_open(&f, dir->board), 0);
	assert_int_equal(fixture_leave(&f), 0);
	assert_int_equal(hr_reader_open(dir->board, &r), 0); /* a dead guard's board can be read */
	assert_int_equal(hr_reader_health(r, &age), -ESTALE);
	assert_true(age > HR_HEARTBEAT_DEAD_NS);
	assert_int_equal(read_all(r, NULL), 2);
	assert_int_equal(board_open(&config, &board, NULL),
			 0); /* a new guard: the same reader follows */
	assert_int_equal(hr_reader_health(r, &age), 0);
	assert_true(age < HR_HEARTBEAT_DEAD_NS);
	board_close(board);
	assert_int_equal(hr_reader_health(r, NULL), -ESTALE);
	/* one that has not swept yet: starting, while it loads BPF without a heartbeat, but not for ever */
	config.starting = true;
	assert_int_equal(board_open(&config, &board, NULL), 0);
	assert_int_equal(hr_reader_health(r, NULL), -EINPROGRESS);
	assert_int_equal(board_grow(board, 2 * board_capacity(board)), 0);
	assert_int_equal(hr_reader_health(r, NULL), -EINPROGRESS);
	board_header(board)->heartbeat_ns -= 30 * NS_PER_SEC;
	assert_int_equal(hr_reader_health(r, NULL), -EINPROGRESS);
	board_header(board)->heartbeat_ns -= 120 * NS_PER_SEC;
	assert_int_equal(hr_reader_health(r, NULL), -ESTALE);
	board_heartbeat(board);
	board_ready(board);
	assert_int_equal(hr_reader_health(r, NULL), 0);
	board_close(board);
	config.starting = false;
	hr_reader_header(r, &header);
	assert_int_equal(header.state, HR_BOARD_STOPPED);
	/* one that does not adopt: another file, another instance, events from 1 */
	config.adopt = false;
	assert_int_equal(board_open(&config, &board, NULL), 0);
	board_header(board)->heartbeat_ns = clock_mono_ns();
	assert_int_equal(hr_reader_health(r, NULL), 0);
	assert_int_equal(read_all(r, NULL), 0);
	unlink(dir->board);
	board_close(board);
	assert_int_equal(hr_reader_health(r, NULL),
			 -ESTALE); /* nothing to follow: what we have can be read */
	assert_int_equal(read_all(r, NULL), 0);
	hr_reader_close(r);
}

/* Cut at every length: opened and refused, or cut while it is open. Never a SIGBUS, never a slot
 * that is not there. */
static void test_truncated(void **state)
{
	struct dir *dir = *state;
	struct hr_reader *r, *open_one;
	struct stat st;

	make_small(dir->board, 1);
	assert_int_equal(stat(dir->board, &st), 0);
	assert_int_equal(hr_reader_open(dir->board, &open_one), 0);
	for (off_t length = st.st_size - 1; length >= 0; length--) {
		assert_int_equal(truncate(dir->board, length), 0);
		assert_int_equal(hr_reader_open(dir->board, &r), -EBADMSG);
		assert_non_null(strstr(hr_reader_error(), "truncated"));
		if (length % 64 == 0 || length < 10000) {
			hr_reader_seek_event(open_one, 0);
			assert_true(read_all(open_one, NULL) <= (length >= (2 + 3) * 4096 ? 3 : 2));
		}
	}
	hr_reader_close(open_one);
}

/* Some bytes changed, 10,000 times: reader and checker come to an end, and what the reader shows is
 * sound. */
static void test_flipped(void **state)
{
	struct dir *dir = *state;
	_cleanup_free_ unsigned char *whole = NULL, *bytes = NULL;
	uint32_t opened = 0, sound = 0;
	struct stat st;
	int fd;

	make_small(dir->board, 1);
	assert_int_equal(stat(dir->board, &st), 0);
	whole = malloc((size_t)st.st_size);
	bytes = malloc((size_t)st.st_size);
	fd = open(dir->board, O_RDWR);
	assert_int_equal(pread(fd, whole, (size_t)st.st_size, 0), st.st_size);
	memcpy(bytes, whole, (size_t)st.st_size);
	assert_int_equal(board_check(bytes, (size_t)st.st_size, NULL), 0);
	for (unsigned int seed = 0; seed < 10000; seed++) {
		/* where it hurts: header, host, slots, rings by turns */
		static const size_t from[] = {0, 4096, 8192, 8192 + 4 * 4096,
					      8192 + 4 * 4096 + 16384};
		size_t start = from[seed % 5],
		       space = seed % 5 == 0 ? sizeof(struct hr_board_header) : 2600;
		size_t at[8], flips;
		struct hr_reader *r;
		const char *what;

		srand(seed);
		flips = 1 + (size_t)rand() % ARRAY_SIZE(at);
		for (size_t i = 0; i < flips; i++) {
			at[i] = start + (size_t)rand() % space;
			bytes[at[i]] = rand() % 2 ? (unsigned char)rand()
						  : bytes[at[i]] ^ (unsigned char)(1 << rand() % 8);
			assert_int_equal(pwrite(fd, &bytes[at[i]], 1, (off_t)at[i]), 1);
		}
		sound += !board_check(bytes, (size_t)st.st_size, &what);
		if (!hr_reader_open(dir->board, &r)) {
			opened++;
			read_all(r, NULL);
			hr_reader_close(r);
		}
		for (size_t i = 0; i < flips; i++) {
			bytes[at[i]] = whole[at[i]];
			assert_int_equal(pwrite(fd, &bytes[at[i]], 1, (off_t)at[i]), 1);
		}
	}
	close(fd);
	assert_true(opened > 5000 && sound > 500 && sound < 9500);
}

/* The same through adoption: what is taken over is sound, the rest is replaced. */
static void test_flipped_and_adopted(void **state)
{
	struct dir *dir = *state;

	for (unsigned int seed = 0; seed < 300; seed++) {
		struct board_config config = {.path = dir->board,
					      .capacity = 4,
					      .keep_bytes = BOARD_MIN_RING,
					      .chatter_bytes = BOARD_MIN_RING,
					      .adopt = true};
		uint64_t heartbeat = clock_mono_ns(), created = clock_wall_ns();
		struct board *board;
		const char *what;
		int fd;

		make_small(dir->board, 1);
		srand(seed);
		fd = open(dir->board, O_WRONLY);
		pwrite(fd, &heartbeat, 8, offsetof(struct hr_board_header, heartbeat_ns));
		pwrite(fd, &created, 8, offsetof(struct hr_board_header, created_ns));
		for (int i = 0; i < 4; i++) {
			unsigned char byte = (unsigned char)rand();

			assert_int_equal(pwrite(fd, &byte, 1,
						seed % 3 ? 2 * 4096 + rand() % 50000 % 36000
							 : rand() % 8192),
					 1);
		}
		close(fd);
		assert_int_equal(board_open(&config, &board, NULL), 0);
		assert_int_equal(
			board_check(board_header(board), board_header(board)->file_bytes, &what),
			0);
		board_close(board);
	}
}

/* Offsets of strings are as untrusted as anything else. */
static void test_text_stays_inside(void **state)
{
	static struct hr_slot slot;
	union fixture_event e = {.event = {.bytes = 240}};
	const uint16_t start = offsetof(struct hr_slot, text);

	memset(slot.text, 'x', sizeof(slot.text));
	assert_null(hr_slot_text(&slot, (struct hr_str){start})); /* has no end */
	slot.text[3] = 0;
	assert_string_equal(hr_slot_text(&slot, (struct hr_str){start}), "xxx");
	assert_string_equal(hr_slot_text(&slot, (struct hr_str){(uint16_t)(start + 3)}), "");
	assert_null(hr_slot_text(&slot, (struct hr_str){(uint16_t)(start + 4)}));
	assert_null(hr_slot_text(&slot, (struct hr_str){0}));
	assert_null(hr_slot_text(&slot, (struct hr_str){(uint16_t)(start - 1)})); /* not text */
	assert_null(hr_slot_text(&slot, (struct hr_str){HR_SLOT_BYTES}));
	assert_null(hr_slot_text(&slot, (struct hr_str){UINT16_MAX}));
	memset(e.space + 200, 'x', 100);
	assert_null(hr_event_text(&e.event, (struct hr_str){200})); /* ends behind the record */
	e.space[239] = 0;
	assert_int_equal(strlen(hr_event_text(&e.event, (struct hr_str){200})), 39);
	assert_null(hr_event_text(&e.event, (struct hr_str){240}));
	assert_null(hr_event_text(&e.event, (struct hr_str){sizeof(struct hr_event) - 1}));
}

static void test_words(void **state)
{
	unsigned int type = 77;

	assert_string_equal(hr_runtime_name(HR_RUNTIME_CRIO), "cri-o");
	for (unsigned int i = 0; i < HR_RUNTIME_COUNT; i++)
		assert_non_null(hr_runtime_name(i));
	assert_null(hr_runtime_name(HR_RUNTIME_COUNT));
	for (unsigned int i = HR_EVENT_OOM_KILL; i < HR_EVENT_COUNT; i++) {
		assert_int_equal(hr_event_type_parse(hr_event_type_name(i), &type), 0);
		assert_int_equal(type, i);
	}
	assert_null(hr_event_type_name(HR_EVENT_PAD));
	assert_null(hr_event_type_name(HR_EVENT_COUNT));
	assert_int_equal(hr_event_type_parse("oom", &type), -EINVAL);
	assert_int_equal(type, HR_EVENT_COUNT - 1);
	assert_string_equal(hr_severity_name(HR_CRITICAL), "critical");
	assert_null(hr_severity_name(3));
	assert_string_equal(hr_level_name(HR_LEVEL_ANCESTOR), "ancestor");
	assert_null(hr_level_name(UINT32_MAX));
	assert_string_equal(hr_constraint_name(HR_CONSTRAINT_MEMCG), "memcg");
	assert_null(hr_constraint_name(HR_CONSTRAINT_UNKNOWN));
}

/* What docs/reference/board.md shows must at least compile. */
static void test_the_example(void **state)
{
	const char *cc = getenv("CC");
	char command[512];

	if (access("docs/reference/board.md", R_OK)) {
		SKIP("not run from the top of the tree");
	}
	snprintf(command, sizeof(command),
		 "sed -n '/^```c$/,/^```$/p' docs/reference/board.md | sed '/^```/d' | "
		 "%s -std=gnu11 -Wall -Wextra -Werror -Iinclude -fsyntax-only -x c -",
		 cc && *cc ? cc : "cc");
	assert_int_equal(system(command), 0);
}

int main(void)
{
#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, make_dir_without_d, remove_dir)
	const struct CMUnitTest tests[] = {
		IN_DIR(test_small),
		IN_DIR(test_says_what_is_wrong),
		IN_DIR(test_not_permitted),
		IN_DIR(test_health),
		IN_DIR(test_truncated),
		IN_DIR(test_flipped),
		IN_DIR(test_flipped_and_adopted),
		cmocka_unit_test(test_text_stays_inside),
		cmocka_unit_test(test_the_example),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
