// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Memory that processes share, read from the kernel: its text, real processes, and a reading that does not come in time. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <headroom/board.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "collect/pss.h"

#define MIB (1ull << 20)

static void test_text(void **state)
{
	static const struct {
		const char *text;
		uint64_t pss, private;
	} rows[] = {
		{"55e0-7ffd ---p 0 00:00 0 [rollup]\nRss: 116044 kB\nPss: 25402 kB\nPss_Anon: 1 "
		 "kB\n"
		 "Private_Clean: 2164 kB\nPrivate_Dirty: 976 kB\nPrivate_Hugetlb: 9 kB\n",
		 25402ull << 10, 3140ull << 10},
		{"x\nPss: 0 kB\nPrivate_Clean: 0 kB\nPrivate_Dirty: 0 kB\n", 0, 0},
		{"x\nPss: 12 kB\nPrivate_Clean: 1 kB\n", HR_UNKNOWN, HR_UNKNOWN},
		{"x\nPss_Anon: 12 kB\n", HR_UNKNOWN, HR_UNKNOWN},
		{"", HR_UNKNOWN, HR_UNKNOWN},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t pss, private;

		pss_parse(rows[i].text, &pss, &private);
		assert_true(pss == rows[i].pss && private == rows[i].private);
	}
}

/* Two processes share 16 MiB: together they have it once. Of a process that has ended nothing is known. */
static void test_shared(void **state)
{
	char *p = mmap(NULL, 16 * MIB, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct pss_process two[3] = {{.rss = 20 * MIB}, {.rss = 20 * MIB}, {.rss = MIB}};
	struct pss *pss;
	int ready[2];
	pid_t child, ended;
	char c;

	assert_true(p != MAP_FAILED && !pipe(ready));
	memset(p, 1, 16 * MIB);
	ended = fork();
	if (!ended)
		_exit(0);
	waitpid(ended, NULL, 0);
	child = fork();
	if (!child) {
		for (size_t i = 0; i < 16 * MIB; i += 4096)
			(void)((volatile char *)p)[i];
		c = (char)write(ready[1], "", 1);
		pause();
		_exit(0);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	two[0].pid = (uint32_t)getpid();
	two[1].pid = (uint32_t)child;
	two[2].pid = (uint32_t)ended;
	assert_int_equal(pss_open(&pss, ""), 0);
	pss_read(pss, two, 3, 60000);
	assert_true(two[1].pss >= 8 * MIB && two[1].pss < 14 * MIB && two[1].private < 6 * MIB);
	assert_true(two[0].pss >= 8 * MIB);
	assert_true(two[2].pss == HR_UNKNOWN && two[2].private == HR_UNKNOWN);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	munmap(p, 16 * MIB);
	pss_close(pss);
	pss_close(NULL);
}

/* A process with its lock held: here a FIFO that is never written. The caller waits for its time, then goes on; the next call
 * does not wait at all, and what was known stays known. */
static void test_in_time(void **state)
{
	static const char text[] = "x\nPss: 2048 kB\nPrivate_Clean: 0 kB\nPrivate_Dirty: 1024 kB\n";
	char root[] = "/tmp/headroom-test-XXXXXX", path[128];
	struct pss_process both[2] = {{.pid = 7, .rss = 4 * MIB}, {.pid = 8, .rss = 4 * MIB}};
	struct pss *pss;
	uint64_t began;
	FILE *file;
	int fd;

	assert_non_null(mkdtemp(root));
	for (int i = 0; i < 3; i++) {
		static const char *const dirs[] = {"proc", "proc/7", "proc/8"};

		snprintf(path, sizeof(path), "%s/%s", root, dirs[i]);
		assert_int_equal(mkdir(path, 0700), 0);
	}
	snprintf(path, sizeof(path), "%s/proc/7/smaps_rollup", root);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_int_equal(pss_open(&pss, root), 0);
	pss_read(pss, both, 2, 60000);
	assert_true(both[0].pss == 2 * MIB && both[0].private == MIB && both[1].pss == HR_UNKNOWN);
	snprintf(path, sizeof(path), "%s/proc/8/smaps_rollup", root);
	assert_int_equal(mkfifo(path, 0600), 0);
	pss_read(pss, both, 2, 20);
	assert_true(both[0].pss == 2 * MIB && both[1].pss == HR_UNKNOWN);
	both[0].rss = 5 * MIB; /* what it has grown by since counts as its own */
	began = clock_mono_ns();
	pss_read(pss, both, 2, 60000);
	assert_true(clock_mono_ns() - began < 30 * NS_PER_SEC);
	assert_true(both[0].pss == 3 * MIB);
	fd = open(path, O_WRONLY | O_NONBLOCK |
				O_CLOEXEC); /* the reading ends, so closing joins the thread */
	assert_true(fd >= 0);
	close(fd);
	pss_close(pss);
	snprintf(path, sizeof(path), "rm -rf %s", root);
	assert_int_equal(system(path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_in_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
