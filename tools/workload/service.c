// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Services: a server that does a little work every 10 ms and records how late it was, and a log that is synced to disk. They
 * measure from inside the latency that a client would see, and wait for no other process.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "workload.h"

#define PAGE          4096u
#define BEAT_NS       (10 * NS_PER_MS)
#define LATE_MS       200 /* what a person at a terminal notices */
#define PAGES_A_BEAT  4   /* of each kind of memory */
#define SESSION       (64u << 10)
#define SESSION_EVERY 10 /* beats */
#define LINE          256

static volatile sig_atomic_t again;

static void on_again(int sig)
{
	(void)sig;
	again = 1;
}

struct region {
	char *at;
	size_t pages;
};

static struct region file_region(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *at;

	if (fd < 0 || fstat(fd, &st) < 0)
		die(path);
	at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (at == MAP_FAILED)
		die(path);
	return (struct region){at, (size_t)st.st_size / PAGE};
}

static uint64_t read_some(struct region region)
{
	uint64_t sum = 0;

	for (int i = 0; region.pages && i < PAGES_A_BEAT; i++)
		sum += ((volatile char *)region.at)[random_bits() % region.pages * PAGE];
	return sum;
}

static void write_some(struct region region)
{
	for (int i = 0; region.pages && i < PAGES_A_BEAT; i++)
		touch(region.at + random_bits() % region.pages * PAGE, sizeof(uint64_t));
}

/* What a new connection costs: memory that was not there before. */
static void session(void)
{
	char *p = map(SESSION);

	touch(p, SESSION);
	munmap(p, SESSION);
}

/* REPORT is rewritten whenever there is a new longest pause, and each second; SIGUSR1: count anew. */
void do_beat(char **arg)
{
	struct region text = {0}, data = {0};
	uint64_t beats = 0, longest = 0, late = 0, due, now, pause_ns;
	int fd = open(arg[0], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		die(arg[0]);
	if (arg[1]) {
		data.pages = bytes_of(arg[1]) / PAGE;
		data.at = map(data.pages * PAGE);
		touch(data.at, data.pages * PAGE);
		if (arg[2])
			text = file_region(arg[2]);
	}
	signal(SIGUSR1, on_again);
	report(fd, "beats 0 longest_ms 0 late 0");
	ready();
	for (due = clock_mono_ns() + BEAT_NS;; due += BEAT_NS) {
		if (again)
			again = 0, beats = longest = late = 0;
		sleep_until(due);
		read_some(text);
		write_some(data);
		if (beats % SESSION_EVERY == 0)
			session();
		now = clock_mono_ns();
		pause_ns = now - due;
		late += pause_ns > LATE_MS * NS_PER_MS;
		beats++;
		if (pause_ns > longest || beats % (NS_PER_SEC / BEAT_NS) == 0) {
			longest = pause_ns > longest ? pause_ns : longest;
			report(fd, "beats %llu longest_ms %llu late %llu",
			       (unsigned long long)beats, (unsigned long long)(longest / NS_PER_MS),
			       (unsigned long long)late);
		}
		if (now > due)
			due = now;
	}
}

/* A service that leaks from the start on. */
void do_service(char **arg)
{
	uint64_t size = bytes_of(arg[0]), rate = bytes_of(arg[1]);
	char *p = map(NO_END);

	touch(p, size);
	ready();
	grow(p + size, NO_END - size, rate);
}

void do_journal(char **arg)
{
	int fd = open(arg[0], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	char line[LINE];

	if (fd < 0)
		die(arg[0]);
	memset(line, '-', sizeof(line));
	line[LINE - 1] = '\n';
	ready();
	for (uint64_t n = 1, begin = clock_mono_ns();; n++) {
		sleep_until(begin + n * BEAT_NS);
		if (write(fd, line, sizeof(line)) < 0 ||
		    (n % (NS_PER_SEC / BEAT_NS) == 0 && fdatasync(fd) < 0))
			die(arg[0]);
	}
}
