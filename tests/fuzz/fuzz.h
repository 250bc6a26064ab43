/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the fuzz harnesses share. A harness is fuzz_NAME.c with LLVMFuzzerTestOneInput() (libFuzzer);
 * tests/fuzz/run builds and runs all of them on their corpora (tests/fuzz/corpus/NAME/).
 */
#ifndef HEADROOM_FUZZ_H
#define HEADROOM_FUZZ_H

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* The input, taken from its front; zeros at its end. */
struct fuzz_input {
	const uint8_t *at;
	size_t n;
};

static inline uint64_t fuzz_take(struct fuzz_input *in, size_t bytes)
{
	uint64_t value = 0;
	size_t m = bytes < in->n ? bytes : in->n;

	if (m)
		memcpy(&value, in->at, m);
	in->at += m;
	in->n -= m;
	return value;
}

/* A number at the edges of its type, or any. */
static inline uint64_t fuzz_value(struct fuzz_input *in)
{
	static const uint64_t edges[] = {
		0,
		1,
		UINT64_MAX,
		INT64_MAX,
		(uint64_t)INT64_MIN,
		UINT32_MAX,
		INT32_MAX,
		(uint64_t)INT32_MIN,
		UINT64_MAX - 1,
		UINT64_MAX / 1000,
		0x7ff8000000000000, /* NaN */
		0x7ff0000000000000, /* infinity */
		0x7e37e43c8800759c, /* 1e300 */
		0x2020202020202020,
		0xffffff00,
		1ULL << 62,
	};
	uint8_t which = (uint8_t)fuzz_take(in, 1);

	return which < 128 ? edges[which % (sizeof(edges) / sizeof(edges[0]))] : fuzz_take(in, 8);
}

/* Overwrites up to `most` numbers of 1 to 8 bytes somewhere in `bytes` bytes. */
static inline void fuzz_patch(struct fuzz_input *in, void *to, size_t bytes)
{
	size_t at = (size_t)fuzz_take(in, 2) % bytes, width = (size_t)1 << fuzz_take(in, 1) % 4;
	uint64_t value = fuzz_value(in);

	at &= ~(width - 1);
	if (at + width <= bytes)
		memcpy((char *)to + at, &value, width);
}

/* A folder for the fixture while it is made, and where the harness was. */
struct fuzz_folder {
	char path[32];
	int before;
};

static inline void fuzz_enter(struct fuzz_folder *f)
{
	strcpy(f->path, "/tmp/fuzz.XXXXXX");
	f->before = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->before < 0 || !mkdtemp(f->path) || chdir(f->path))
		abort();
}

static inline void fuzz_leave(struct fuzz_folder *f)
{
	if (fchdir(f->before) || rmdir(f->path))
		abort();
	close(f->before);
}

/* What a command prints is of no interest. */
static inline void fuzz_quiet(void)
{
	if (!getenv("FUZZ_LOUD") && !freopen("/dev/null", "w", stdout))
		abort();
}

#endif
