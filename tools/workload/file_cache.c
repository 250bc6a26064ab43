// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Page cache of every kind. The file is sparse and has no name: what is read of it is zeroed by the kernel at the speed of
 * memory, not of a disk, and charged like what comes from a disk.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "workload.h"

#define PAGE 4096u

enum kind { KIND_READ, KIND_MAP, KIND_POPULATE, KIND_WRITE, KIND_DIRTY, KIND_DIRECT, KINDS };
static const char *const kinds[KINDS] = {"read", "map", "populate", "write", "dirty", "direct"};

static char buffer[PIECE] __attribute__((aligned(PAGE)));

static void one_piece(int fd, enum kind kind, uint64_t at)
{
	bool writes = kind == KIND_DIRTY;
	volatile char *p;

	if (kind == KIND_READ || kind == KIND_WRITE || kind == KIND_DIRECT) {
		if ((kind != KIND_WRITE ? pread(fd, buffer, PIECE, (off_t)at)
					: pwrite(fd, buffer, PIECE, (off_t)at)) < 0)
			die("file");
		return;
	}
	p = mmap(NULL, PIECE, PROT_READ | (writes ? PROT_WRITE : 0),
		 MAP_SHARED | (kind == KIND_POPULATE ? MAP_POPULATE : 0), fd, (off_t)at);
	if (p == MAP_FAILED)
		die("mmap");
	for (size_t i = 0; i < PIECE; i += PAGE) {
		if (writes)
			p[i] = 1;
		else
			(void)p[i];
	}
	/* Mapped pages stay mapped, as those of a library or an index do. */
}

static void through(int fd, enum kind kind, uint64_t bytes, uint64_t rate)
{
	uint64_t begin = clock_mono_ns();

	for (uint64_t at = 0; at < bytes; at += PIECE) {
		if (rate)
			sleep_until(begin + (uint64_t)((double)at * 1e9 / (double)rate));
		one_piece(fd, kind, at);
	}
}

void do_file(char **arg)
{
	uint64_t bytes = bytes_of(arg[2]), rate = bytes_of(arg[3]);
	enum kind kind = KIND_READ;
	int fd;

	while (kind < KINDS && strcmp(arg[0], kinds[kind]) != 0)
		kind++;
	if (kind == KINDS) {
		fprintf(stderr,
			"workload: file: %s is none of read, map, populate, write, dirty, direct\n",
			arg[0]);
		exit(2);
	}
	fd = open(arg[1], O_TMPFILE | O_RDWR | O_CLOEXEC | (kind == KIND_DIRECT ? O_DIRECT : 0),
		  0600);
	if (fd < 0 || ftruncate(fd, (off_t)bytes) < 0)
		die(arg[1]);
	through(fd, kind, bytes, rate);
	ready();
	through(fd, kind, bytes, rate); /* what was dropped meanwhile comes again */
}

/* Each name that is not there leaves a directory entry behind, in the kernel's memory. */
void do_names(char **arg)
{
	uint64_t rate = (uint64_t)count_of(arg[1], 1000000), begin = clock_mono_ns();
	char path[4096];

	ready();
	for (uint64_t n = 0;; n++) {
		snprintf(path, sizeof(path), "%s/no-such-file-with-a-rather-long-name-%llu", arg[0],
			 (unsigned long long)n);
		if (!access(path, F_OK))
			die(path);
		if (n % 128 == 0)
			sleep_until(begin + n * NS_PER_SEC / rate);
	}
}
