// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * What the attached BPF programs cost processes that do not need them, and how soon an OOM kill is known. With and without
 * the programs in turn, in one run: a page-fault loop and a fork-exec loop as ratios; then OOM kills in a small cgroup of
 * our own, from mark_victim to user space. And what rss_stat costs while an armed group is near its threshold: those in the
 * armed group, and all others.
 *
 *	bench-attach [PAIRS [KILLS]]		(15, 20)
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "collect/trigger.h"
#include "cgroup/cgroupfs.h"
#include "collect/collect.h"

#define FAULT_BYTES  (64UL << 20)
#define FAULT_LOOPS  12
#define EXECS        150
#define LIMIT        "16777216"
#define MOST         101
#define KILL_WAIT_MS 5000

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double quantile(double *values, unsigned int n, double q)
{
	qsort(values, n, sizeof(*values), compare);
	return values[(unsigned int)(q * (n - 1) + .5)];
}

static double fault_loop_ns(void)
{
	char *map =
		mmap(NULL, FAULT_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	double begun;

	if (map == MAP_FAILED)
		return 0;
	madvise(map, FAULT_BYTES, MADV_NOHUGEPAGE);
	begun = (double)clock_ns(CLOCK_THREAD_CPUTIME_ID);
	for (int loop = 0; loop < FAULT_LOOPS; loop++) {
		for (size_t at = 0; at < FAULT_BYTES; at += 4096)
			map[at] = 1;
		madvise(map, FAULT_BYTES, MADV_DONTNEED);
	}
	begun = ((double)clock_ns(CLOCK_THREAD_CPUTIME_ID) - begun) /
		(FAULT_LOOPS * (FAULT_BYTES / 4096));
	munmap(map, FAULT_BYTES);
	return begun;
}

static double exec_loop_ns(void)
{
	double begun = (double)clock_mono_ns();
	char *argv[] = {"true", NULL};

	for (int i = 0; i < EXECS; i++) {
		pid_t pid;

		if (!posix_spawn(&pid, "/bin/true", NULL, NULL, argv, NULL))
			waitpid(pid, NULL, 0);
	}
	return ((double)clock_mono_ns() - begun) / EXECS;
}

static const struct loop_kind {
	const char *name;
	double (*run)(void);
} loops[] = {{"page fault", fault_loop_ns}, {"fork + exec + exit", exec_loop_ns}};

static int pairs(unsigned int n)
{
	static double with[2][MOST], without[2][MOST], ratio[2][MOST];
	struct collect_config config = {.root = "", .capacity = 1024};

	for (unsigned int i = 0; i < n; i++) {
		struct collector *collector = NULL;
		int err;

		for (size_t k = 0; k < 2; k++)
			without[k][i] = loops[k].run();
		err = collect_open(&config, &collector);
		if (err)
			return err;
		for (size_t k = 0; k < 2; k++) {
			with[k][i] = loops[k].run();
			ratio[k][i] = with[k][i] / without[k][i];
		}
		collect_close(collector);
	}
	for (size_t k = 0; k < 2; k++)
		printf("%-20s %8.0f ns without, %8.0f ns with: %+5.2f %% (median of %u pairs)\n",
		       loops[k].name, quantile(without[k], n, .5), quantile(with[k], n, .5),
		       100 * (quantile(ratio[k], n, .5) - 1), n);
	return 0;
}

static int write_file(const char *dir, const char *name, const char *text)
{
	char path[4400];
	_cleanup_close_ int fd = -1;

	snprintf(path, sizeof(path), "%.4200s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd < 0 || write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

static void eat(const char *dir)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", getpid());
	if (write_file(dir, "cgroup.procs", text))
		_exit(1);
	for (;;) {
		char *map = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

		if (map != MAP_FAILED)
			map[0] = 1;
	}
}

struct latency {
	pid_t victim;
	double ms; /* < 0: not yet */
};

static void on_record(const struct record *record, void *arg)
{
	struct latency *latency = arg;
	const struct record_oom *oom = (const void *)record;

	if (record->type == RECORD_OOM && (pid_t)oom->victim.pid == latency->victim)
		latency->ms = (double)(clock_mono_ns() - record->time_ns) / 1e6;
}

static int kills(unsigned int n)
{
	struct collect_config config = {.root = "", .capacity = 1024};
	static double ms[MOST];
	struct cgroupfs fs;
	struct collector *collector;
	char dir[4200];
	unsigned int got = 0;
	int err = cgroupfs_find("", &fs) ?: collect_open(&config, &collector);

	if (err)
		return err;
	snprintf(dir, sizeof(dir), "%.4000s/headroom-bench-%d", fs.memory, getpid());
	if (mkdir(dir, 0755))
		return -errno;
	err = write_file(dir, fs.layout == CGROUP_V2 ? "memory.max" : "memory.limit_in_bytes",
			 LIMIT);
	if (fs.layout == CGROUP_V2)
		write_file(dir, "memory.swap.max", "0");
	for (unsigned int i = 0; !err && i < n; i++) {
		struct latency latency = {.victim = fork(), .ms = -1};
		struct pollfd fd = {.fd = collect_record_fd(collector), .events = POLLIN};

		if (latency.victim == 0)
			eat(dir);
		while (latency.ms < 0 && poll(&fd, 1, KILL_WAIT_MS) > 0)
			collect_consume(collector, on_record, &latency);
		waitpid(latency.victim, NULL, 0);
		if (latency.ms >= 0)
			ms[got++] = latency.ms;
	}
	if (got)
		printf("OOM kill known          %8.3f ms median, %.3f ms worst of %u (mark_victim "
		       "to user space)\n",
		       quantile(ms, got, .5), quantile(ms, got, 1), got);
	collect_close(collector);
	rmdir(dir);
	return err ?: got == n ? 0 : -ENODATA;
}

/* The fault loop in a cgroup of its own; 0: it did not run. */
static double fault_loop_in(const char *dir)
{
	double ns = 0;
	int fd[2];
	pid_t pid;

	if (pipe(fd))
		return 0;
	pid = fork();
	if (pid == 0) {
		char text[16];

		snprintf(text, sizeof(text), "%d", getpid());
		ns = write_file(dir, "cgroup.procs", text) ? 0 : fault_loop_ns();
		_exit(write(fd[1], &ns, sizeof(ns)) != sizeof(ns));
	}
	close(fd[1]);
	if (pid < 0 || read(fd[0], &ns, sizeof(ns)) != sizeof(ns))
		ns = 0;
	close(fd[0]);
	waitpid(pid, NULL, 0);
	return ns;
}

/* Armed far beyond what the loop takes, so that there is never a record or a kill: the cost of the check. */
#define FAR_AWAY (1ULL << 50)

static int close_loops(struct collector *collector, const char *dir[2], unsigned int n)
{
	static double ratio[2][MOST], without[MOST];
	static const char *const identity[2] = {"… armed, close", "… others, meanwhile"};

	for (unsigned int i = 0; i < n; i++) {
		int err;

		without[i] = fault_loop_in(dir[1]);
		err = collect_trigger_close(collector, true);
		if (err)
			return err;
		for (size_t k = 0; k < 2; k++)
			ratio[k][i] = fault_loop_in(dir[k]) / without[i];
		collect_trigger_close(collector, false);
		if (!without[i])
			return -EIO;
	}
	for (size_t k = 0; k < 2; k++)
		printf("%-20s %8.0f ns without: %+5.2f %% (median of %u pairs)\n", identity[k],
		       quantile(without, n, .5), 100 * (quantile(ratio[k], n, .5) - 1), n);
	return 0;
}

static int armed(unsigned int n)
{
	struct collect_config config = {.root = "", .capacity = 1024};
	char dir[2][4200], path[64];
	struct trigger trigger = {.path = path, .threshold = FAR_AWAY, .flags = TRIGGER_REFLEX};
	struct collector *collector;
	struct stat st;
	int err = collect_open(&config, &collector);

	if (err)
		return err;
	for (int k = 0; k < 2 && !err; k++) {
		snprintf(dir[k], sizeof(dir[k]), "%.4000s/headroom-bench-%d-%d",
			 collect_memory_root(collector), getpid(), k);
		err = mkdir(dir[k], 0755) ? -errno : 0;
	}
	snprintf(path, sizeof(path), "/headroom-bench-%d-0", getpid());
	if (!err && !stat(dir[0], &st)) {
		trigger.memcg_id = st.st_ino;
		err = collect_trigger(collector, &trigger);
	}
	if (!err)
		err = close_loops(collector, (const char *[]){dir[0], dir[1]}, n);
	if (err == -EOPNOTSUPP) {
		printf("… armed: no reflex on this kernel\n");
		err = 0;
	}
	collect_close(collector);
	for (int k = 0; k < 2; k++)
		rmdir(dir[k]);
	return err;
}

int main(int argc, char **argv)
{
	int n_pairs = argc > 1 ? atoi(argv[1]) : 15, n_kills = argc > 2 ? atoi(argv[2]) : 20;
	int err;

	if (n_pairs < 1 || n_pairs >= MOST || n_kills < 1 || n_kills >= MOST) {
		fprintf(stderr, "usage: bench-attach [PAIRS [KILLS]], each from 1 to 100\n");
		return 2;
	}
	err = pairs((unsigned int)n_pairs) ?: armed((unsigned int)n_pairs) ?: kills((unsigned int)n_kills);
	if (err)
		fprintf(stderr, "bench-attach: %s\n", strerror(-err));
	return err ? 1 : 0;
}
