// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Workloads that grow other than in a straight line: the shapes of the backtest, as processes. None ends by itself. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "workload.h"

/* ---- sizes that follow a curve: shrinking gives back, growing takes anew ---- */

#define PAGE          4096u
#define CURVE_TICK_NS (50 * NS_PER_MS)

typedef double curve_fn(double seconds, const double *p);

static _Noreturn void follow(curve_fn *curve, const double *p)
{
	uint64_t begin = clock_mono_ns(), held = 0, now;
	char *at = map(NO_END);

	ready();
	for (uint64_t tick = 1;; tick++) {
		double bytes = curve((double)(clock_mono_ns() - begin) / 1e9, p);

		now = bytes > 0 ? (uint64_t)fmin(bytes, NO_END - PAGE) / PAGE * PAGE : 0;
		if (now > held)
			touch(at + held, now - held);
		else if (now < held)
			madvise(at + now, held - now, MADV_DONTNEED);
		held = now;
		sleep_until(begin + tick * CURVE_TICK_NS);
	}
}

static double seconds_of(const char *text)
{
	uint64_t ns = ns_of(text);

	if (!ns) {
		fprintf(stderr, "workload: %s: must be above 0\n", text);
		exit(2);
	}
	return (double)ns / 1e9;
}

/* The rate doubles every p[1] seconds. */
static double accelerating(double t, const double *p)
{
	return p[0] * p[1] / M_LN2 * (exp2(t / p[1]) - 1);
}

void do_accelerate(char **arg)
{
	follow(accelerating, (double[]){(double)bytes_of(arg[0]), seconds_of(arg[1])});
}

static double stepping(double t, const double *p) { return p[0] * floor(1 + t / p[1]); }

void do_steps(char **arg)
{
	follow(stepping, (double[]){(double)bytes_of(arg[0]), seconds_of(arg[1])});
}

static double swinging(double t, const double *p)
{
	return p[0] + (p[1] - p[0]) * (1 - cos(2 * M_PI * t / p[2])) / 2 + p[3] * t;
}

void do_swing(char **arg)
{
	follow(swinging, (double[]){(double)bytes_of(arg[0]), (double)bytes_of(arg[1]),
				    seconds_of(arg[2]), arg[3] ? (double)bytes_of(arg[3]) : 0});
}

static double rising(double t, const double *p)
{
	double cycle = floor(t / p[2]);

	return p[0] + p[3] * cycle + (p[1] - p[0]) * (t / p[2] - cycle);
}

void do_rising(char **arg)
{
	follow(rising, (double[]){(double)bytes_of(arg[0]), (double)bytes_of(arg[1]),
				  seconds_of(arg[2]), (double)bytes_of(arg[3])});
}

/* The same noise every time. */
static double noisy(double t, const double *p)
{
	return p[0] * t + p[1] * (double)(random_bits() >> 11) / (double)(1ULL << 53);
}

void do_noisy(char **arg)
{
	follow(noisy, (double[]){(double)bytes_of(arg[0]), (double)bytes_of(arg[1])});
}

/* ---- growth that is not anonymous ---- */

void do_shmem(char **arg)
{
	uint64_t rate = bytes_of(arg[0]), begin = clock_mono_ns(), done = 0;
	int fd = memfd_create("workload", MFD_CLOEXEC);

	if (fd < 0)
		die("memfd");
	ready();
	for (uint64_t tick = 1;; tick++) {
		uint64_t due = (uint64_t)((double)rate * (double)(clock_mono_ns() - begin) / 1e9);

		if (due > done)
			write_all(fd, due - done);
		done = due > done ? due : done;
		sleep_until(begin + tick * CURVE_TICK_NS);
	}
}

/* Pipes without a reader: their pages are kernel memory, charged to the writer. */
void do_pipes(char **arg)
{
	uint64_t rate = bytes_of(arg[0]), begin = clock_mono_ns(), done = 0;

	ready();
	for (uint64_t tick = 1;; tick++) {
		uint64_t due = (uint64_t)((double)rate * (double)(clock_mono_ns() - begin) / 1e9);
		int fd[2];

		for (; done + PIECE <= due; done += PIECE) {
			if (pipe(fd) < 0 || fcntl(fd[1], F_SETPIPE_SZ, PIECE) < 0)
				die("pipe");
			write_all(fd[1], PIECE);
		}
		sleep_until(begin + tick * CURVE_TICK_NS);
	}
}

void do_many(char **arg)
{
	long n = count_of(arg[0], 10000);
	uint64_t rate = bytes_of(arg[1]);

	for (long i = 0; i < n; i++)
		if (in_child()) {
			grow(map(NO_END), NO_END, rate);
			_exit(1);
		}
	ready();
}
