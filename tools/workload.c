// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * A workload for tests and benchmarks: a process that uses memory in one known way, prints "ready"
 * in its steady state, and stays until it is killed. Only its cgroup limits it: put it into one that
 * has a limit.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/human_units.h"
#include "workload/workload.h"

#define PAGE     4096u /* a larger one is touched more than once: no harm */
#define TICK_NS  (10 * NS_PER_MS)
#define RELAY_NS (20 * NS_PER_SEC) /* it ends by itself */

void die(const char *what)
{
	fprintf(stderr, "workload: %s: %s\n", what, strerror(errno));
	exit(1);
}

uint64_t bytes_of(const char *text)
{
	uint64_t bytes;

	if (units_parse_bytes(text, &bytes) < 0) {
		fprintf(stderr, "workload: %s: not a size (4096, 50MiB, 1.5G)\n", text);
		exit(2);
	}
	return bytes;
}

uint64_t ns_of(const char *text)
{
	uint64_t ms;

	if (units_parse_duration_ms(text, &ms) < 0) {
		fprintf(stderr, "workload: %s: not a duration (500ms, 10s, 2m)\n", text);
		exit(2);
	}
	return ms * NS_PER_MS;
}

long count_of(const char *text, long most)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (*end || n < 1 || n > most) {
		fprintf(stderr, "workload: %s: not a number from 1 to %ld\n", text, most);
		exit(2);
	}
	return n;
}

/* One line, in place of what the file said before. */
void report(int fd, const char *format, ...)
{
	char line[256];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof(line) - 1, format, args);
	va_end(args);
	line[n] = '\n';
	if (pwrite(fd, line, (size_t)n + 1, 0) < 0 || ftruncate(fd, n + 1) < 0)
		die("report");
}

void ready(void)
{
	puts("ready");
	fflush(stdout);
}

void sleep_until(uint64_t mono_ns)
{
	struct timespec at = {(time_t)(mono_ns / NS_PER_SEC), (long)(mono_ns % NS_PER_SEC)};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
		;
}

void stay(void)
{
	for (;;)
		pause();
}

uint64_t random_bits(void)
{
	static uint64_t x = 88172645463325252ULL;

	x ^= x << 13, x ^= x >> 7, x ^= x << 17; /* xorshift64, Marsaglia 2003 */
	return x;
}

/* Contents that neither the zero page, KSM nor zswap can save. */
void touch(char *at, size_t bytes)
{
	for (size_t i = 0; i + sizeof(uint64_t) <= bytes; i += PAGE) {
		uint64_t x = random_bits();

		memcpy(at + i, &x, sizeof(x));
	}
}

char *map(size_t bytes)
{
	char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		die("mmap");
	/* page by page, so that the rate is the one that was asked for */
	madvise(p, bytes, MADV_NOHUGEPAGE);
	return p;
}

/* `bytes` at `rate` a second (0: at once). */
void grow(char *p, uint64_t bytes, uint64_t rate)
{
	uint64_t begin = clock_mono_ns(), done = 0, due;

	if (!rate)
		touch(p, bytes);
	for (uint64_t tick = 1; rate && done < bytes; tick++) {
		sleep_until(begin + tick * TICK_NS);
		due = (uint64_t)((double)rate * (double)(clock_mono_ns() - begin) / 1e9) / PAGE *
		      PAGE;
		due = due < bytes ? due : bytes;
		if (due > done)
			touch(p + done, due - done);
		done = due;
	}
}

static void do_hold(char **arg)
{
	uint64_t bytes = bytes_of(arg[0]);

	touch(map(bytes), bytes);
	ready();
}

static void do_burst(char **arg)
{
	uint64_t bytes = bytes_of(arg[0]), delay = arg[1] ? ns_of(arg[1]) : NS_PER_SEC;
	char *p = map(bytes);

	ready();
	sleep_until(clock_mono_ns() + delay);
	touch(p, bytes);
}

static void do_leak(char **arg)
{
	uint64_t rate = bytes_of(arg[0]), most = arg[1] ? bytes_of(arg[1]) : NO_END;
	char *p = map(most);

	if (!arg[1])
		ready();
	grow(p, most, rate);
	ready();
}

static void *leak_thread(void *arg)
{
	uint64_t *rate = arg;

	grow(map(NO_END), NO_END, *rate);
	return NULL;
}

static void do_thread_leak(char **arg)
{
	static uint64_t rate;
	pthread_t thread;

	rate = arg[0] ? bytes_of(arg[0]) : 0;
	ready();
	errno = pthread_create(&thread, NULL, leak_thread, &rate);
	if (errno)
		die("thread");
}

static void do_sawtooth(char **arg)
{
	uint64_t low = bytes_of(arg[0]), high = bytes_of(arg[1]), period = ns_of(arg[2]);
	char *p;

	if (high <= low || !period) {
		fprintf(stderr, "workload: sawtooth: HIGH must be above LOW, PERIOD above 0\n");
		exit(2);
	}
	p = map(high);
	touch(p, low);
	ready();
	for (;;) {
		grow(p + low, high - low,
		     (uint64_t)((double)(high - low) * 1e9 / (double)period) + 1);
		madvise(p + low, high - low, MADV_DONTNEED);
	}
}

void write_all(int fd, uint64_t bytes)
{
	_cleanup_free_ char *piece = malloc(PIECE);

	if (!piece)
		die("memory");
	for (uint64_t done = 0; done < bytes;) {
		ssize_t n = bytes - done < PIECE ? (ssize_t)(bytes - done) : PIECE;

		touch(piece, (size_t)n);
		n = write(fd, piece, (size_t)n);
		if (n < 0 && errno != EINTR)
			die("write");
		done += n > 0 ? (uint64_t)n : 0;
	}
}

/* The file loses its name at once: its pages live as long as this process. */
static void do_cache(char **arg)
{
	uint64_t bytes = bytes_of(arg[1]);
	int fd = open(arg[0], O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 || unlink(arg[0]) < 0)
		die(arg[0]);
	write_all(fd, bytes);
	if (fdatasync(fd) < 0)
		die("fdatasync");
	ready();
}

static void do_tmpfs(char **arg)
{
	uint64_t bytes = bytes_of(arg[0]);
	int fd = memfd_create("workload", MFD_CLOEXEC);

	if (fd < 0)
		die("memfd");
	write_all(fd, bytes);
	ready();
}

bool in_child(void)
{
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		die("fork");
	if (pid)
		return false;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	return true;
}

static void do_fork(char **arg)
{
	uint64_t each = arg[1] ? bytes_of(arg[1]) : PIECE;
	long n = count_of(arg[0], 100000);
	int pipe_fd[2];
	char done;

	if (pipe(pipe_fd) < 0)
		die("fork");
	for (long i = 0; i < n; i++) {
		if (!in_child())
			continue;
		touch(map(each), each);
		if (write(pipe_fd[1], "", 1) != 1)
			_exit(1);
		stay();
	}
	close(pipe_fd[1]);
	for (long i = 0; i < n; i++)
		if (read(pipe_fd[0], &done, 1) != 1)
			die("a child is gone");
	ready();
}

/* N chains: each process forks and ends, and its child goes on. No list of the processes is ever up to date. */
static void do_relay(char **arg)
{
	uint64_t end = clock_mono_ns() + RELAY_NS;
	long n = strtol(arg[0], NULL, 10);

	if (n < 1 || n > 1000)
		die("relay");
	touch(map(PIECE), PIECE);
	ready();
	for (long i = 1; i < n; i++)
		if (!fork())
			break;
	while (clock_mono_ns() < end)
		if (fork() > 0)
			_exit(0);
	_exit(0);
}

static const struct mode {
	const char *name, *args, *help;
	int least, most;
	void (*fn)(char **arg);
} modes[] = {
	{"hold", "SIZE", "uses SIZE of anonymous memory; ready when it has it", 1, 1, do_hold},
	{"burst", "SIZE [DELAY]", "is ready at once; takes SIZE at full speed after DELAY (1s)", 1,
	 2, do_burst},
	{"leak", "RATE [SIZE]",
	 "grows by RATE bytes a second for ever, or up to SIZE and is ready then", 1, 2, do_leak},
	{"thread-leak", "[RATE]",
	 "a thread that is not the first grows, at full speed without RATE", 0, 1, do_thread_leak},
	{"sawtooth", "LOW HIGH PERIOD", "grows from LOW to HIGH in PERIOD, drops back, and again",
	 3, 3, do_sawtooth},
	{"cache", "FILE SIZE",
	 "SIZE of clean page cache of a new file FILE, which loses its name at once", 2, 2,
	 do_cache},
	{"file", "KIND DIR SIZE RATE",
	 "page cache of a file of SIZE in DIR at RATE a second (0: at once), twice; KIND: read, "
	 "map, "
	 "populate, write, dirty (mapped), direct (O_DIRECT)",
	 4, 4, do_file},
	{"names", "DIR RATE", "RATE names a second that are not in DIR: directory entries", 2, 2,
	 do_names},
	{"tmpfs", "SIZE", "SIZE of shared memory that no process has mapped", 1, 1, do_tmpfs},
	{"fork", "N [SIZE]", "N children with SIZE (1MiB) each; ready when all have it", 1, 2,
	 do_fork},
	{"prefork", "N SIZE KIND",
	 "N children that share SIZE with it: cow, shared, sysv, memfd, file or hugetlb; ready "
	 "when all have read it",
	 3, 3, do_prefork},
	{"accelerate", "RATE DOUBLING",
	 "grows, at first by RATE a second, twice as fast every DOUBLING", 2, 2, do_accelerate},
	{"steps", "SIZE EVERY", "takes SIZE at once, and again every EVERY", 2, 2, do_steps},
	{"swing", "LOW HIGH PERIOD [RATE]",
	 "to and fro between LOW and HIGH; both rise by RATE a second", 3, 4, do_swing},
	{"rising", "LOW HIGH PERIOD RISE",
	 "a sawtooth of which each lies RISE above the one before", 4, 4, do_rising},
	{"noisy", "RATE NOISE", "grows by RATE a second, under noise from 0 to NOISE", 2, 2,
	 do_noisy},
	{"shmem", "RATE", "shared memory that no process has mapped grows by RATE a second", 1, 1,
	 do_shmem},
	{"pipes", "RATE", "memory of the kernel's grows by RATE a second (full pipes)", 1, 1,
	 do_pipes},
	{"many", "N RATE", "N children that grow by RATE a second each", 2, 2, do_many},
	{"relay", "N", "N lines of processes that fork and end, for 20 seconds", 1, 1, do_relay},
	{"service", "SIZE RATE", "is ready with SIZE and grows by RATE a second", 2, 2, do_service},
	{"beat", "REPORT [SIZE [FILE]]",
	 "a server: works a little every 10 ms on SIZE of its own and on FILE mapped; REPORT says "
	 "how late it was",
	 1, 3, do_beat},
	{"journal", "FILE", "appends to FILE all the time and syncs each second", 1, 1, do_journal},
	{"build", "N SIZE [RATE]", "N jobs of SIZE, each growing by RATE a second", 2, 3, do_build},
	{"bomb", "SIZE", "a fork bomb; each process takes SIZE", 1, 1, do_bomb},
	{"spin", "N", "N processes that use all CPU they get", 1, 1, do_spin},
	{"stuck", "SIZE FILE", "holds SIZE and writes to FILE (freeze its file system)", 2, 2,
	 do_stuck},
	{"locked", "SIZE FILE",
	 "holds SIZE; at SIGUSR1 waits for FILE with its mmap lock held (freeze its file system)",
	 2, 2, do_locked},
	{"poke", "DIR SIZE",
	 "writes SIZE into the memory of a child of its that has joined the cgroup DIR", 2, 2,
	 do_poke},
	{"vfork", "DIR SIZE",
	 "a vfork's child joins the cgroup DIR and takes SIZE there, as its parent", 2, 2,
	 do_vfork},
	{"leaderless", "", "its first thread ends; another one grows at full speed", 0, 0,
	 do_leaderless},
	{"sharer", "SIZE", "a child of clone(CLONE_VM) grows", 1, 1, do_sharer},
	{"no-exec", "SIZE", "a child of vfork grows, and does not exec", 1, 1, do_no_exec},
	{"thread", "SIZE", "a second thread grows", 1, 1, do_thread},
	{"writer", "SIZE", "grows its child by process_vm_writev", 1, 1, do_writer},
};

static void usage(FILE *out)
{
	fputs("usage: workload [OPTION]… MODE [ARGUMENT]…\n"
	      "Uses memory in one known way, prints \"ready\" once it is in its steady state, and "
	      "stays until it is killed.\n\n",
	      out);
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		fprintf(out, "  %-12s%-25s%s\n", modes[i].name, modes[i].args, modes[i].help);
	fputs("\n"
	      "  -c, --cgroup DIR         joins the cgroup of this directory first\n"
	      "  -i, --ignore-term        ignores SIGTERM\n"
	      "  -g, --graceful DURATION  ends with status 0 so long after SIGTERM\n"
	      "  -n, --name COMM          what ps calls it\n"
	      "  -a, --oom-score-adj N    sets it (-1000 to 1000)\n"
	      "  -f, --for DURATION       ends by itself (exit status 0)\n"
	      "  -h, --help\n",
	      out);
}

static void put(const char *dir, const char *file, const char *text)
{
	char path[4200];
	_cleanup_close_ int fd = -1;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die(path);
}

static void on_alarm(int sig)
{
	(void)sig;
	_exit(0);
}

static timer_t end_timer;
static struct itimerspec end_when; /* it ends by itself when this has gone by */

static void end_timer_new(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};

	signal(SIGALRM, on_alarm);
	if (timer_create(CLOCK_MONOTONIC, &event, &end_timer) < 0)
		die("timer");
}

static void end_after(const char *text)
{
	uint64_t ns = ns_of(text);

	ns = ns ? ns : 1; /* 0 would disarm it */
	end_when.it_value = (struct timespec){(time_t)(ns / NS_PER_SEC), (long)(ns % NS_PER_SEC)};
	end_timer_new();
}

static void end_soon(int sig)
{
	(void)sig;
	if (timer_settime(end_timer, 0, &end_when, NULL) < 0)
		_exit(1);
}

static const struct mode *find_mode(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		if (!strcmp(modes[i].name, name))
			return &modes[i];
	return NULL;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"cgroup", required_argument, NULL, 'c'},
		{"ignore-term", no_argument, NULL, 'i'},
		{"oom-score-adj", required_argument, NULL, 'a'},
		{"for", required_argument, NULL, 'f'},
		{"graceful", required_argument, NULL, 'g'},
		{"name", required_argument, NULL, 'n'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	const struct mode *mode;
	int c;

	while ((c = getopt_long(argc, argv, "+c:ia:f:g:n:h", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			put(optarg, "cgroup.procs", "0");
			break;
		case 'i':
			signal(SIGTERM, SIG_IGN);
			break;
		case 'a':
			put("/proc/self", "oom_score_adj", optarg);
			break;
		case 'f':
			end_after(optarg);
			end_soon(0);
			break;
		case 'g':
			end_after(optarg);
			signal(SIGTERM, end_soon);
			break;
		case 'n':
			prctl(PR_SET_NAME, optarg);
			break;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return 2;
		}
	}
	mode = optind < argc ? find_mode(argv[optind]) : NULL;
	if (!mode || argc - optind - 1 < mode->least || argc - optind - 1 > mode->most) {
		usage(stderr);
		return 2;
	}
	mode->fn(argv + optind + 1);
	stay();
}
