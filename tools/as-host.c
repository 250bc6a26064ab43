// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Lets a limited cgroup look like a host of its own to programs that only know /proc/meminfo: rewrites FILE (to be bound over
 * it, in a mount namespace) twice a millisecond, with the group's limit for memory, what is left of it for available, and no
 * swap. All other lines are this host's. Never reads or signals a process; ends when the group does.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/human_units.h"
#include "usage_file.h"

#define EVERY_NS  (NS_PER_MS / 2)
#define FIGURE    8 /* digits of a figure in /proc/meminfo, and where they begin */
#define FIGURE_AT 16

static char text[8192];
static size_t text_bytes;

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "as-host: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void take_over(void)
{
	int fd = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n <= 0)
		die("/proc/meminfo");
	text_bytes = (size_t)n;
	close(fd);
}

static void put(const char *key, uint64_t bytes)
{
	char *at = strstr(text, key), figure[FIGURE + 1];

	if (!at)
		return;
	snprintf(figure, sizeof(figure), "%*llu", FIGURE,
		 (unsigned long long)(bytes / 1024 % 100000000));
	memcpy(at + FIGURE_AT, figure, FIGURE);
}

int main(int argc, char **argv)
{
	struct sched_param first = {.sched_priority = 50};
	struct timespec nap = {0, EVERY_NS};
	uint64_t total, used;
	char figure[32];
	int in, out;
	ssize_t n;

	if (argc != 4 || units_parse_bytes(argv[2], &total) < 0) {
		fputs("usage: as-host DIR TOTAL FILE   DIR: of a cgroup; until it ends\n", stderr);
		return 2;
	}
	in = usage_file_open(argv[1]);
	if (in < 0)
		die(argv[1]);
	out = open(argv[3], O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (out < 0)
		die(argv[3]);
	take_over();
	put("SwapTotal:", 0);
	put("SwapFree:", 0);
	put("MemTotal:", total);
	prctl(PR_SET_TIMERSLACK, 1);
	mlockall(MCL_CURRENT | MCL_FUTURE);
	sched_setscheduler(0, SCHED_FIFO,
			   &first); /* where it may: the load must not hide the memory */
	for (;;) {
		n = pread(in, figure, sizeof(figure) - 1, 0);
		if (n <= 0)
			return 0;
		figure[n] = '\0';
		used = strtoull(figure, NULL, 10);
		put("MemFree:", total > used ? total - used : 0);
		put("MemAvailable:", total > used ? total - used : 0);
		if (pwrite(out, text, text_bytes, 0) != (ssize_t)text_bytes)
			die(argv[3]);
		clock_nanosleep(CLOCK_MONOTONIC, 0, &nap, NULL);
	}
}
