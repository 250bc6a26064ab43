// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * What one look at every cgroup and every process costs: in the kernel by BPF, by opening the files, by keeping them
 * open. All three in turn in one run, so that the ratios hold on any machine. Makes its own empty cgroups and sleeping
 * processes, and removes them.
 *
 *	bench-collect [GROUPS [TASKS [ROUNDS]]]		(5000, 10000, 15)
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "cgroup/cgroupfs.h"
#include "collect/collect.h"

#define ROUNDS_MOST 101
#define REPEATS     6
#define FILES_MOST  2
#define TASK_RSS \
	(1       \
	 << 20) /* as the daemon has it beside so many: rows for the larger ones, counts and sums for all */

static struct bench {
	unsigned int groups, tasks, rounds;
	char dir[4200];               /* the parent of our cgroups */
	const char *file[FILES_MOST]; /* per cgroup: what a watcher reads at least */
	pid_t *pid;
	int *group_fd, *task_fd;
} bench = {5000, 10000, 15, "", {NULL, NULL}, NULL, NULL, NULL};

static double cpu_ms(void) { return (double)clock_ns(CLOCK_THREAD_CPUTIME_ID) / 1e6; }

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, unsigned int n)
{
	qsort(values, n, sizeof(*values), compare);
	return values[n / 2];
}

static size_t read_path(const char *path)
{
	char text[8192];
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));

	return n > 0 ? (size_t)n : 0;
}

static size_t read_kept(int fd)
{
	char text[8192];
	ssize_t n = fd < 0 ? -1 : pread(fd, text, sizeof(text), 0);

	return n > 0 ? (size_t)n : 0;
}

static void group_path(char *path, size_t bytes, unsigned int group, int file)
{
	snprintf(path, bytes, "%.4096s/g%u%s%s", bench.dir, group, file < 0 ? "" : "/",
		 file < 0 ? "" : bench.file[file]);
}

static int make_groups(void)
{
	struct cgroupfs fs;
	char path[4400];
	int err = cgroupfs_find("", &fs);

	if (err)
		return err;
	bench.file[0] = fs.layout == CGROUP_V2 ? "memory.current" : "memory.usage_in_bytes";
	bench.file[1] = "memory.stat";
	snprintf(bench.dir, sizeof(bench.dir), "%.4000s/headroom-bench-%d", fs.memory, getpid());
	if (mkdir(bench.dir, 0755))
		return -errno;
	if (fs.layout == CGROUP_V2) {
		_cleanup_close_ int fd = -1;

		snprintf(path, sizeof(path), "%.4200s/cgroup.subtree_control", bench.dir);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd < 0 || write(fd, "+memory", 7) < 0)
			return -errno;
	}
	for (unsigned int i = 0; i < bench.groups; i++) {
		group_path(path, sizeof(path), i, -1);
		if (mkdir(path, 0755))
			return -errno;
	}
	return 0;
}

static void remove_groups(void)
{
	char path[4400];

	for (unsigned int i = 0; i < bench.groups; i++) {
		group_path(path, sizeof(path), i, -1);
		rmdir(path);
	}
	rmdir(bench.dir);
}

static int make_tasks(void)
{
	bench.pid = calloc(bench.tasks, sizeof(*bench.pid));
	for (unsigned int i = 0; bench.pid && i < bench.tasks; i++) {
		bench.pid[i] = fork();
		if (bench.pid[i] < 0) {
			fprintf(stderr, "bench-collect: only %u processes: %s\n", i,
				strerror(errno));
			bench.tasks = i;
			break;
		}
		if (bench.pid[i] == 0) {
			pause();
			_exit(0);
		}
	}
	return bench.pid ? 0 : -ENOMEM;
}

static void end_tasks(void)
{
	for (unsigned int i = 0; i < bench.tasks; i++)
		kill(bench.pid[i], SIGKILL);
	for (unsigned int i = 0; i < bench.tasks; i++)
		waitpid(bench.pid[i], NULL, 0);
}

static size_t groups_opened(void)
{
	char path[4400];
	size_t n = 0;

	for (unsigned int i = 0; i < bench.groups; i++) {
		for (int f = 0; f < FILES_MOST; f++) {
			group_path(path, sizeof(path), i, f);
			n += read_path(path);
		}
	}
	return n;
}

static size_t groups_kept(void)
{
	size_t n = 0;

	for (unsigned int i = 0; i < bench.groups * FILES_MOST; i++)
		n += read_kept(bench.group_fd[i]);
	return n;
}

static size_t tasks_opened(void)
{
	char path[64];
	size_t n = 0;

	for (unsigned int i = 0; i < bench.tasks; i++) {
		snprintf(path, sizeof(path), "/proc/%d/statm", bench.pid[i]);
		n += read_path(path);
	}
	return n;
}

static size_t tasks_kept(void)
{
	size_t n = 0;

	for (unsigned int i = 0; i < bench.tasks; i++)
		n += read_kept(bench.task_fd[i]);
	return n;
}

static struct collector *collector;
static struct memcg_sample *rows;
static struct task_sample *task_rows;
static size_t row_space, task_space;

static bool never(const struct memcg_sample *row, void *arg) { return false; }

static size_t groups_swept(void)
{
	size_t n = 0;

	collect_sweep(collector, rows, row_space, &n, never, NULL);
	return n;
}

static size_t tasks_swept(void)
{
	size_t n = 0;

	collect_tasks(collector, TASK_RSS, task_rows, task_space, &n);
	return n;
}

static const struct method {
	const char *name;
	size_t (*run)(void);
} methods[] = {
	{"cgroups, in-kernel sweep", groups_swept}, {"cgroups, files kept open", groups_kept},
	{"cgroups, files opened", groups_opened},   {"tasks, in-kernel sweep", tasks_swept},
	{"tasks, statm kept open", tasks_kept},     {"tasks, statm opened", tasks_opened},
};
#define METHODS ARRAY_SIZE(methods)

static double total_ms[2][3]; /* [warm][in the kernel, kept open, opened] */

static int reserve(void)
{
	struct collect_config config = {.root = "", .capacity = bench.groups + 2048};

	bench.group_fd = calloc(bench.groups * FILES_MOST, sizeof(int));
	bench.task_fd = calloc(bench.tasks, sizeof(int));
	row_space = bench.groups + 2048;
	task_space = 4 * row_space;
	rows = calloc(row_space, sizeof(*rows));
	task_rows = calloc(task_space, sizeof(*task_rows));
	if (!bench.group_fd || !bench.task_fd || !rows || !task_rows)
		return -ENOMEM;
	return collect_open(&config, &collector);
}

/* Groups and tasks in turn: both together would need more descriptors than many hosts allow. */
static int open_groups(void)
{
	char path[4400];

	for (unsigned int i = 0; i < bench.groups * FILES_MOST; i++) {
		group_path(path, sizeof(path), i / FILES_MOST, (int)(i % FILES_MOST));
		bench.group_fd[i] = open(path, O_RDONLY | O_CLOEXEC);
		if (bench.group_fd[i] < 0)
			return -errno;
	}
	return 0;
}

static void close_groups(void)
{
	for (unsigned int i = 0; i < bench.groups * FILES_MOST; i++)
		close(bench.group_fd[i]);
}

static int open_tasks(void)
{
	char path[64];

	for (unsigned int i = 0; i < bench.tasks; i++) {
		snprintf(path, sizeof(path), "/proc/%d/statm", bench.pid[i]);
		bench.task_fd[i] = open(path, O_RDONLY | O_CLOEXEC);
		if (bench.task_fd[i] < 0)
			return -errno;
	}
	return 0;
}

/* Three methods from `first` on, in turn; the first of each three is what the others are compared with. Each runs
 * REPEATS times in a round: the first is cold, with the caches as another method left them; the last is warm. */
static void measure(size_t first)
{
	static double ms[2][METHODS][ROUNDS_MOST];
	size_t count[METHODS];
	double mid[2][METHODS];

	for (unsigned int round = 0; round <= bench.rounds; round++) {
		for (size_t m = first; m < first + 3; m++) {
			for (int repeat = 0; repeat < REPEATS; repeat++) {
				double begun = cpu_ms();

				count[m] = methods[m].run();
				if (round && repeat == 0) /* round 0 is not counted */
					ms[0][m][round - 1] = cpu_ms() - begun;
				else if (round && repeat == REPEATS - 1)
					ms[1][m][round - 1] = cpu_ms() - begun;
			}
		}
	}
	for (size_t m = first; m < first + 3; m++) {
		for (int warm = 0; warm < 2; warm++)
			mid[warm][m] = median(ms[warm][m], bench.rounds);
		printf("  %-26s %8.2f ms %5.1fx %10.2f ms %5.1fx  (%zu rows or bytes)\n",
		       methods[m].name, mid[1][m], mid[1][m] / mid[1][first], mid[0][m],
		       mid[0][m] / mid[0][first], count[m]);
	}
	for (int warm = 0; warm < 2; warm++)
		for (size_t m = 0; m < 3; m++)
			total_ms[warm][m] += mid[warm][first + m];
}

int main(int argc, char **argv)
{
	int err;

	bench.groups = argc > 1 ? (unsigned int)atoi(argv[1]) : bench.groups;
	bench.tasks = argc > 2 ? (unsigned int)atoi(argv[2]) : bench.tasks;
	bench.rounds = argc > 3 ? (unsigned int)atoi(argv[3]) : bench.rounds;
	if (bench.rounds < 1 || bench.rounds >= ROUNDS_MOST || !bench.groups) {
		fprintf(stderr,
			"usage: bench-collect [GROUPS [TASKS [ROUNDS]]], at most 100 rounds\n");
		return 2;
	}
	err = make_groups() ?: make_tasks() ?: reserve() ?: open_groups();
	printf("%u cgroups, %u tasks; CPU time of one look, median of %u\n%-28s %8s %19s\n",
	       bench.groups, bench.tasks, bench.rounds, "", "warm caches", "cold caches");
	if (!err) {
		measure(0);
		close_groups();
		err = open_tasks();
	}
	if (!err) {
		measure(3);
		printf("  both together: kept open %.1fx (cold %.1fx), opened %.1fx (cold %.1fx)\n",
		       total_ms[1][1] / total_ms[1][0], total_ms[0][1] / total_ms[0][0],
		       total_ms[1][2] / total_ms[1][0], total_ms[0][2] / total_ms[0][0]);
	} else
		fprintf(stderr, "bench-collect: can't set up: %s\n", strerror(-err));
	collect_close(collector);
	end_tasks();
	remove_groups();
	return err ? 1 : 0;
}
