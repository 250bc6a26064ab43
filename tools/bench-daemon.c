// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * What the daemon itself costs: resident memory (board included) and CPU at the calm interval of one second, beside a
 * number of cgroups that it makes itself, each with a limit and, up to 1,000, with a process. Figures are the daemon's own from the
 * board, checked against /proc. MOVING of them have a process that takes or gives back 2 MiB each second.
 *
 *	bench-daemon HEADROOMD [SECONDS [GROUPS[:MOVING]...]]		(20, 100 1000 10000)
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <headroom/reader.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "cgroup/cgroupfs.h"

#define PROCESSES_MOST 1000
#define WAIT_SECONDS   120
#define SETTLE_SECONDS 8
#define LIMIT          "67108864"
#define MOVE_BYTES     (2u << 20)

struct beside { /* what the daemon is measured with */
	char dir[4200];
	bool v2;
	unsigned int groups, processes;
	pid_t pid[PROCESSES_MOST];
};

static int write_file(const char *path, const char *text)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 || write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

static _Noreturn void move(void)
{
	char *map =
		mmap(NULL, MOVE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED)
		_exit(1);
	for (bool more = true;; more = !more) {
		if (more)
			memset(map, 1, MOVE_BYTES);
		else
			madvise(map, MOVE_BYTES, MADV_DONTNEED);
		sleep(1);
	}
}

static pid_t process(const char *procs, bool moving)
{
	char text[16];
	pid_t pid = fork();

	if (pid == 0) {
		usleep(moving ? (useconds_t)(getpid() % 1000) * 1000 : 0); /* not all at once */
		if (moving)
			move();
		pause();
		_exit(0);
	}
	snprintf(text, sizeof(text), "%d", pid);
	if (pid > 0)
		write_file(procs, text);
	return pid;
}

static int make(struct beside *beside, unsigned int groups, unsigned int moving)
{
	char path[4400];

	beside->groups = groups;
	if (mkdir(beside->dir, 0755))
		return -errno;
	snprintf(path, sizeof(path), "%.4200s/cgroup.subtree_control", beside->dir);
	if (beside->v2 && write_file(path, "+memory"))
		return -EOPNOTSUPP;
	for (unsigned int i = 0; i < groups; i++) {
		snprintf(path, sizeof(path), "%.4200s/g%u", beside->dir, i);
		if (mkdir(path, 0755))
			return -errno;
		snprintf(path, sizeof(path), "%.4200s/g%u/%s", beside->dir, i,
			 beside->v2 ? "memory.max" : "memory.limit_in_bytes");
		write_file(path, LIMIT);
		snprintf(path, sizeof(path), "%.4200s/g%u/cgroup.procs", beside->dir, i);
		if (groups <= PROCESSES_MOST || (i < moving && i < PROCESSES_MOST))
			beside->pid[beside->processes++] = process(path, i < moving);
	}
	return 0;
}

static void unmake(struct beside *beside)
{
	char path[4400];

	for (unsigned int i = 0; i < beside->processes; i++)
		kill(beside->pid[i], SIGKILL);
	for (unsigned int i = 0; i < beside->processes; i++)
		waitpid(beside->pid[i], NULL, 0);
	beside->processes = 0;
	for (unsigned int i = 0; i < beside->groups; i++) {
		snprintf(path, sizeof(path), "%.4200s/g%u", beside->dir, i);
		rmdir(path);
	}
	rmdir(beside->dir);
}

static pid_t start_daemon(const char *program, const char *board)
{
	pid_t pid = fork();

	if (pid == 0) {
		execl(program, "headroomd", "--board", board, NULL);
		_exit(127);
	}
	return pid;
}

static int wait_for(const char *board, unsigned int groups, struct hr_reader **ret_reader)
{
	struct hr_reader *reader = NULL;
	struct hr_host host;

	for (int i = 0; i < WAIT_SECONDS * 10; i++) {
		usleep(100000);
		if (!reader && hr_reader_open(board, &reader))
			continue;
		if (!hr_reader_health(reader, NULL) && !hr_reader_host(reader, &host) &&
		    host.containers >= groups) {
			*ret_reader = reader;
			return 0;
		}
	}
	hr_reader_close(reader);
	return -ETIMEDOUT;
}

/* A line of /proc/PID/smaps_rollup, in bytes. */
static uint64_t rollup(uint32_t pid, const char *key)
{
	char path[64], line[256];
	unsigned long long kib;
	_cleanup_fclose_ FILE *file = NULL;

	snprintf(path, sizeof(path), "/proc/%u/smaps_rollup", pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, key, strlen(key)) &&
		    sscanf(line + strlen(key), "%llu", &kib) == 1)
			return kib << 10;
	return 0;
}

static int measure(const char *program, struct beside *beside, unsigned int groups,
		   unsigned int moving, unsigned int seconds)
{
	char board[64];
	struct hr_reader *reader;
	struct hr_host before, after;
	pid_t daemon;
	int err = make(beside, groups, moving);

	if (err)
		return err;
	snprintf(board, sizeof(board), "/dev/shm/headroom-bench-%d/board", getpid());
	daemon = start_daemon(program, board);
	err = wait_for(board, groups, &reader);
	if (!err) {
		sleep(SETTLE_SECONDS);
		hr_reader_host(reader, &before);
		sleep(seconds);
		hr_reader_host(reader, &after);
		printf("%6u cgroups (%4u with a process, %u moving): daemon resident %5.1f MiB "
		       "(proportional "
		       "%.1f, "
		       "heap %.1f), CPU %.2f %% of a core, sweep %.2f ms, capacity %u\n",
		       groups, beside->processes, moving,
		       (double)rollup(after.pid, "Rss:") / (1 << 20),
		       (double)rollup(after.pid, "Pss:") / (1 << 20),
		       (double)after.heap_bytes / (1 << 20),
		       100. * (double)(after.cpu_ns - before.cpu_ns) /
			       (double)(after.sampled_ns - before.sampled_ns),
		       (double)after.sweep_ns / 1e6, after.capacity);
		fflush(stdout);
		hr_reader_close(reader);
	}
	kill(daemon, SIGTERM);
	waitpid(daemon, NULL, 0);
	unlink(board); /* the next one starts on its own */
	return err;
}

int main(int argc, char **argv)
{
	static const unsigned int defaults[] = {100, 1000, 10000};
	unsigned int seconds = argc > 2 ? (unsigned int)atoi(argv[2]) : 20;
	static struct beside beside;
	struct cgroupfs fs;
	int err;

	if (argc < 2) {
		fprintf(stderr, "usage: bench-daemon HEADROOMD [SECONDS [GROUPS[:MOVING]...]]\n");
		return 2;
	}
	err = cgroupfs_find("", &fs);
	beside.v2 = !err && fs.layout == CGROUP_V2;
	snprintf(beside.dir, sizeof(beside.dir), "%.4000s/headroom-bench-%d", fs.memory, getpid());
	for (int i = 0; !err && i < (argc > 3 ? argc - 3 : (int)ARRAY_SIZE(defaults)); i++) {
		const char *colon = argc > 3 ? strchr(argv[3 + i], ':') : NULL;

		err = measure(argv[1], &beside,
			      argc > 3 ? (unsigned int)atoi(argv[3 + i]) : defaults[i],
			      colon ? (unsigned int)atoi(colon + 1) : 0, seconds);
		unmake(&beside);
	}
	if (err)
		fprintf(stderr, "bench-daemon: %s\n", strerror(-err));
	return err ? 1 : 0;
}
