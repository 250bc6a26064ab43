// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * What the daemon itself costs: memory and CPU at the calm interval of one second, beside a number of cgroups that it makes itself,
 * each with a limit and, up to 1,000, with a process. Each number has a board of its own. Figures of the daemon are from the board and
 * from /proc; all processes of headroomd run in a cgroup of their own, which tells what they are charged: board, maps and slabs of the
 * kernel included, as in a pod. MOVING of the groups have a process that takes or gives back 2 MiB each second. With GONE so many of the
 * groups are removed, every one but each nth, and memory is read once more SECONDS_GONE later.
 *
 *	bench-daemon HEADROOMD [SECONDS [GROUPS[:MOVING[:GONE]]...]]		(20, 100 1000 10000 6000:0:5000)
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
#define SECONDS_GONE   100

struct beside { /* what the daemon is measured with */
	char dir[4200];
	char own[4300]; /* cgroup of the daemon */
	bool v2;
	unsigned int groups, processes;
	pid_t pid[PROCESSES_MOST];
};

struct measure { /* what one line of the table is about */
	unsigned int groups, moving, gone;
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
		if (beside->pid[i] > 0)
			kill(beside->pid[i], SIGKILL);
	for (unsigned int i = 0; i < beside->processes; i++)
		if (beside->pid[i] > 0)
			waitpid(beside->pid[i], NULL, 0);
	beside->processes = 0;
	for (unsigned int i = 0; i < beside->groups; i++) {
		snprintf(path, sizeof(path), "%.4200s/g%u", beside->dir, i);
		rmdir(path);
	}
	rmdir(beside->dir);
}

/* One number of a file of the daemon's cgroup; `key`: of the line that begins so. 0: not there. */
static double charged_mib(const struct beside *beside, const char *file, const char *key)
{
	char path[4400], line[256];
	_cleanup_fclose_ FILE *stream = NULL;

	snprintf(path, sizeof(path), "%.4300s/%s", beside->own, file);
	stream = fopen(path, "re");
	while (stream && fgets(line, sizeof(line), stream))
		if (!strncmp(line, key, strlen(key)))
			return strtod(line + strlen(key), NULL) / (1 << 20);
	return 0;
}

static pid_t start_daemon(const char *program, const char *board, const struct beside *beside)
{
	char procs[4400], self[16];
	pid_t pid = fork();

	if (pid == 0) {
		snprintf(procs, sizeof(procs), "%.4300s/cgroup.procs", beside->own);
		snprintf(self, sizeof(self), "%d", getpid());
		write_file(procs, self);
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

static void print_memory(const struct beside *beside, const struct hr_host *host)
{
	printf("daemon resident %5.1f MiB (proportional %.1f, heap %.1f), charged %5.1f MiB "
	       "(kernel %.1f; peak %.1f)",
	       (double)rollup(host->pid, "Rss:") / (1 << 20),
	       (double)rollup(host->pid, "Pss:") / (1 << 20), (double)host->heap_bytes / (1 << 20),
	       charged_mib(beside, beside->v2 ? "memory.current" : "memory.usage_in_bytes", ""),
	       beside->v2 ? charged_mib(beside, "memory.stat", "kernel ")
			  : charged_mib(beside, "memory.kmem.usage_in_bytes", ""),
	       charged_mib(beside, beside->v2 ? "memory.peak" : "memory.max_usage_in_bytes", ""));
}

/* All but each nth, so that those that stay are spread. */
static void leave(struct beside *beside, unsigned int gone)
{
	unsigned int each = beside->groups / (beside->groups - gone);
	char path[4400];

	for (unsigned int i = 0; i < beside->groups && gone; i++) {
		if (i % each == 0)
			continue;
		if (i < beside->processes && beside->pid[i] > 0) {
			kill(beside->pid[i], SIGKILL);
			waitpid(beside->pid[i], NULL, 0);
			beside->pid[i] = 0;
		}
		snprintf(path, sizeof(path), "%.4200s/g%u", beside->dir, i);
		gone -= !rmdir(path);
	}
}

static int measure(const char *program, struct beside *beside, const struct measure *of,
		   unsigned int seconds)
{
	char board[64];
	struct hr_reader *reader;
	struct hr_host before, after;
	pid_t daemon;
	int err = make(beside, of->groups, of->moving);

	if (err || (mkdir(beside->own, 0755) && errno != EEXIST))
		return err ?: -errno;
	snprintf(board, sizeof(board), "/dev/shm/headroom-bench-%d/board", getpid());
	daemon = start_daemon(program, board, beside);
	err = wait_for(board, of->groups, &reader);
	if (!err) {
		sleep(SETTLE_SECONDS);
		hr_reader_host(reader, &before);
		sleep(seconds);
		hr_reader_host(reader, &after);
		printf("%6u cgroups (%4u with a process, %u moving): ", of->groups,
		       beside->processes, of->moving);
		print_memory(beside, &after);
		printf(", CPU %.2f %% of a core, sweep %.2f ms, capacity %u\n",
		       100. * (double)(after.cpu_ns - before.cpu_ns) /
			       (double)(after.sampled_ns - before.sampled_ns),
		       (double)after.sweep_ns / 1e6, after.capacity);
		fflush(stdout);
		if (of->gone) {
			leave(beside, of->gone);
			sleep(SECONDS_GONE);
			hr_reader_health(reader, NULL); /* opens a board that took its place */
			hr_reader_host(reader, &after);
			printf("%6u of them gone, %d s later: ", of->gone, SECONDS_GONE);
			print_memory(beside, &after);
			printf(", capacity %u\n", after.capacity);
			fflush(stdout);
		}
		hr_reader_close(reader);
	}
	kill(daemon, SIGTERM);
	waitpid(daemon, NULL, 0);
	unlink(board); /* the next one starts on its own */
	return err;
}

int main(int argc, char **argv)
{
	static const struct measure defaults[] = {{.groups = 100},
						  {.groups = 1000},
						  {.groups = 10000},
						  {.groups = 6000, .gone = 5000}};
	unsigned int seconds = argc > 2 ? (unsigned int)atoi(argv[2]) : 20;
	static struct beside beside;
	struct cgroupfs fs;
	int err;

	if (argc < 2) {
		fprintf(stderr,
			"usage: bench-daemon HEADROOMD [SECONDS [GROUPS[:MOVING[:GONE]]...]]\n");
		return 2;
	}
	err = cgroupfs_find("", &fs);
	beside.v2 = !err && fs.layout == CGROUP_V2;
	snprintf(beside.dir, sizeof(beside.dir), "%.4000s/headroom-bench-%d", fs.memory, getpid());
	snprintf(beside.own, sizeof(beside.own), "%.4000s/headroom-bench-%d-daemon", fs.memory,
		 getpid());
	for (int i = 0; !err && i < (argc > 3 ? argc - 3 : (int)ARRAY_SIZE(defaults)); i++) {
		struct measure of = argc > 3 ? (struct measure){0} : defaults[i];

		if (argc > 3 &&
		    sscanf(argv[3 + i], "%u:%u:%u", &of.groups, &of.moving, &of.gone) < 1)
			err = -EINVAL;
		err = err ?: of.gone && of.gone >= of.groups ? -EINVAL : 0;
		err = err ?: measure(argv[1], &beside, &of, seconds);
		unmake(&beside);
		rmdir(beside.own);
	}
	if (err)
		fprintf(stderr, "bench-daemon: %s\n", strerror(-err));
	return err ? 1 : 0;
}
