// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The stop-watch of the benchmarks: looks at a cgroup's usage, or at the host's available memory, twice a millisecond, and
 * prints when a threshold was crossed and when the memory was free again. It belongs to none of the guardians that it
 * measures, runs before all others, and never allocates while it looks.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
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

#define LOOK_NS      (NS_PER_MS / 2)
#define LOOK_HOST_NS (2 * NS_PER_MS) /* meminfo costs ten times as much to read */

static int usage(void)
{
	fputs("usage: crossing group DIR OVER UNDER [LATER]   of the cgroup with directory DIR\n"
	      "       crossing host BELOW ABOVE               of the host's available memory\n"
	      "Sizes (160MiB). Prints \"CROSSED FREED MS\" (monotonic ns, ns, milliseconds) each "
	      "time, "
	      "until it is killed; with LATER, a lower size, also when that was reached (ns).\n",
	      stderr);
	return 2;
}

/* Bytes in use, or missing from `most`: what crosses upwards either way. */
static uint64_t look(int fd, bool host)
{
	char text[1024], *at = text;
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	if (n <= 0)
		exit(0); /* the group is gone */
	text[n] = 0;
	if (!host)
		return strtoull(text, NULL, 10);
	at = strstr(text, "MemAvailable:");
	return at ? UINT64_MAX - strtoull(at + strlen("MemAvailable:"), NULL, 10) * 1024 : 0;
}

static uint64_t wait_while(int fd, bool host, bool over, uint64_t bytes)
{
	struct timespec nap = {0, host ? LOOK_HOST_NS : LOOK_NS};

	while (over ? look(fd, host) < bytes : look(fd, host) > bytes)
		clock_nanosleep(CLOCK_MONOTONIC, 0, &nap, NULL);
	return clock_mono_ns();
}

int main(int argc, char **argv)
{
	struct sched_param first = {.sched_priority = 50};
	bool host = argc == 4 && !strcmp(argv[1], "host");
	uint64_t over, under, later = 0, crossed, freed;
	int fd;

	if (!host && ((argc != 5 && argc != 6) || strcmp(argv[1], "group")))
		return usage();
	if (units_parse_bytes(argv[host ? 2 : 3], &over) < 0 ||
	    units_parse_bytes(argv[host ? 3 : 4], &under) < 0 ||
	    (argc == 6 && units_parse_bytes(argv[5], &later) < 0))
		return usage();
	if (host)
		over = UINT64_MAX - over, under = UINT64_MAX - under;
	fd = host ? open("/proc/meminfo", O_RDONLY | O_CLOEXEC) : usage_file_open(argv[2]);
	if (fd < 0) {
		fprintf(stderr, "crossing: %s: %s\n", argv[2], strerror(errno));
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 4096);
	prctl(PR_SET_TIMERSLACK, 1);
	mlockall(MCL_CURRENT | MCL_FUTURE);
	sched_setscheduler(0, SCHED_FIFO, &first); /* where it may */
	for (;;) {
		crossed = wait_while(fd, host, true, over);
		freed = wait_while(fd, host, false, under);
		printf("%llu %llu %llu.%03llu", (unsigned long long)crossed,
		       (unsigned long long)freed,
		       (unsigned long long)((freed - crossed) / NS_PER_MS),
		       (unsigned long long)((freed - crossed) / 1000 % 1000));
		if (argc == 6)
			printf(" %llu", (unsigned long long)wait_while(fd, host, false, later));
		putchar('\n');
	}
}
