// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The list of what is degraded: one entry a word, an event for each change, readable by every reader. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <headroom/reader.h>

#include "base/cleanup.h"
#include "board/board.h"
#include "daemon/degraded.h"

static char path[64];
static struct board *board;
static struct hr_reader *reader;
static struct hr_host host;

static int begin(void **state)
{
	struct board_config config = {.path = path, .capacity = 256};

	snprintf(path, sizeof(path), "/dev/shm/test-degraded-%d", getpid());
	return board_open(&config, &board, NULL) ?: hr_reader_open(path, &reader);
}

static int end(void **state)
{
	char lock[80];

	hr_reader_close(reader);
	board_close(board);
	snprintf(lock, sizeof(lock), "%s.lock", path);
	unlink(lock);
	return unlink(path);
}

/* Reads the host; the number of entries. */
static int entries(void)
{
	int n = 0;

	assert_int_equal(hr_reader_host(reader, &host), 0);
	while (n < HR_DEGRADED && *host.degraded[n].what)
		n++;
	return n;
}

static uint64_t events(void)
{
	struct hr_board_header header;

	hr_reader_header(reader, &header);
	return header.last_seq;
}

static void test_changes(void **state)
{
	uint64_t since;

	degraded_set(board, "bpf", HR_WARNING, "no BPF: %s", "EPERM");
	degraded_set(board, "control", HR_WARNING, "no control socket");
	assert_int_equal(entries(), 2);
	assert_int_equal(events(), 2);
	assert_string_equal(host.degraded[0].what, "bpf");
	assert_string_equal(host.degraded[0].text, "no BPF: EPERM");
	since = host.degraded[0].since_ns;
	degraded_set(board, "bpf", HR_WARNING, "no BPF: %s", "EPERM"); /* nothing new */
	assert_int_equal(events(), 2);
	degraded_set(board, "bpf", HR_WARNING, "no BPF: %s", "lockdown");
	assert_int_equal(events(), 3);
	assert_int_equal(entries(), 2);
	assert_string_equal(host.degraded[0].text, "no BPF: lockdown");
	assert_int_equal(host.degraded[0].since_ns, since);
	degraded_clear(board, "resolver"); /* never set */
	assert_int_equal(events(), 3);
	degraded_clear(board, "bpf");
	assert_int_equal(events(), 4);
	assert_int_equal(entries(), 1);
	assert_string_equal(host.degraded[0].what, "control");
	assert_false(degraded_is_set(board, "bpf"));
	assert_true(degraded_is_set(board, "control"));
}

static void test_full(void **state)
{
	char word[16];

	for (int i = 0; i < HR_DEGRADED + 3; i++) {
		snprintf(word, sizeof(word), "w%d", i);
		degraded_set(board, word, HR_INFO, "%0200d", i); /* cut on the board */
	}
	assert_int_equal(entries(), HR_DEGRADED);
	assert_int_equal(strlen(host.degraded[1].text), sizeof(host.degraded[1].text) - 1);
	assert_int_equal(events(), HR_DEGRADED + 3); /* those without an entry, too */
	for (int i = 0; i < HR_DEGRADED + 3; i++) {
		snprintf(word, sizeof(word), "w%d", i);
		degraded_set(board, word, HR_INFO, "%0200d", i); /* nothing new */
		assert_true(degraded_is_set(board, word));
	}
	assert_int_equal(events(), HR_DEGRADED + 3);
	degraded_clear(board, "w11"); /* is not on the board */
	assert_int_equal(events(), HR_DEGRADED + 4);
	assert_false(degraded_is_set(board, "w11"));
	degraded_clear(board, "w0");
	assert_int_equal(entries(), HR_DEGRADED);
	assert_string_equal(host.degraded[HR_DEGRADED - 1].what, "w10");
	degraded_clear(board, "w1");
	assert_int_equal(entries(), HR_DEGRADED);
	assert_string_equal(host.degraded[HR_DEGRADED - 1].what, "w12");
	degraded_clear(board, "w12");
	assert_int_equal(entries(), HR_DEGRADED - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_changes, begin, end),
		cmocka_unit_test_setup_teardown(test_full, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
