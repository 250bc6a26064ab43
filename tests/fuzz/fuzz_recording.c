// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Recordings. An even first byte: bytes of a file, with the checksums of its frames made right so
 * that the checks behind them are reached. An odd one: a command and patches to the unpacked frames of a
 * small recording (zlib lets no mutation of packed bytes through), and what the command makes of it.
 */
#include "fuzz.h"

#include <errno.h>
#include <sys/mman.h>
#include <zlib.h>

#include "cli/cli.h"
#include "../unit/fixture_board.h"

#define FRAMES 3

const struct command *command_at(size_t i) { return NULL; }

static const char *const lines[][5] = {
	{"replay"},
	{"replay", "--json"},
	{"ls", "--all", "--json"},
	{"ls", "--at", "2026-01-01 00:00:01"},
	{"events", "--json"},
	{"explain", "host"},
	{"report", "latest", "--format", "md"},
	{"report", "latest", "--format", "json"},
};

static struct {
	struct hr_frame_header header;
	unsigned char *raw;
} frames[FRAMES];
static struct hr_record_header file_header;

static void set_up(void)
{
	struct fixture fixture = {.containers = 9, .seed = 1};
	struct fuzz_folder folder;
	off_t at = sizeof(file_header);
	int fd;

	fuzz_quiet();
	fuzz_enter(&folder);
	if (fixture_open(&fixture, "board") || fixture_record(&fixture, "rec", FRAMES))
		abort();
	board_close(fixture.board);
	fd = open("rec", O_RDONLY | O_CLOEXEC);
	if (pread(fd, &file_header, sizeof(file_header), 0) != sizeof(file_header))
		abort();
	for (int i = 0; i < FRAMES; i++) {
		struct hr_frame_header *h = &frames[i].header;
		unsigned char *packed;
		uLongf n;

		if (pread(fd, h, sizeof(*h), at) != sizeof(*h))
			abort();
		packed = malloc(h->packed_bytes);
		n = h->raw_bytes;
		frames[i].raw = malloc(n);
		if (pread(fd, packed, h->packed_bytes, at + (off_t)sizeof(*h)) != h->packed_bytes ||
		    uncompress(frames[i].raw, &n, packed, h->packed_bytes) != Z_OK)
			abort();
		free(packed);
		at += (off_t)(sizeof(*h) + h->packed_bytes);
	}
	close(fd);
	unlink("rec");
	unlink("board");
	unlink("board.lock");
	fuzz_leave(&folder);
}

static void write_all(int fd, const void *from, size_t n)
{
	if (write(fd, from, n) != (ssize_t)n)
		abort();
}

static uint32_t checksum(struct hr_frame_header h, const uint8_t *packed)
{
	uLong crc;

	h.crc = 0;
	crc = crc32(0, (const Bytef *)&h, sizeof(h));
	return (uint32_t)crc32(crc, packed, h.packed_bytes);
}

static void write_frame(int fd, int i, struct fuzz_input *in)
{
	struct hr_frame_header h = frames[i].header;
	uLongf n = compressBound(h.raw_bytes);
	unsigned char *raw = malloc(h.raw_bytes), *packed = malloc(n);

	if (!raw || !packed)
		abort();
	memcpy(raw, frames[i].raw, h.raw_bytes);
	for (uint64_t k = fuzz_take(in, 1) % 8; k; k--) {
		uint64_t part = fuzz_take(in, 1);

		if (part < 64)
			fuzz_patch(in, raw, sizeof(struct hr_frame_body));
		else
			fuzz_patch(in, raw + part % 2 * 8192, h.raw_bytes - 8192);
	}
	compress2(packed, &n, raw, h.raw_bytes, 1);
	h.packed_bytes = (uint32_t)n;
	h.crc = checksum(h, packed);
	write_all(fd, &h, sizeof(h));
	write_all(fd, packed, n);
	free(raw);
	free(packed);
}

static void run_command(struct fuzz_input in)
{
	const char *const *line = lines[fuzz_take(&in, 1) % ARRAY_SIZE(lines)];
	int fd = memfd_create("recording", 0), argc = 0;
	char path[40], *argv[8] = {NULL};
	const struct command *command = !strcmp(*line, "replay")   ? &command_replay
					: !strcmp(*line, "ls")     ? &command_ls
					: !strcmp(*line, "events") ? &command_events
					: !strcmp(*line, "report") ? &command_report
								   : &command_explain;

	write_all(fd, &file_header, sizeof(file_header));
	for (int i = 0; i < FRAMES; i++)
		write_frame(fd, i, &in);
	for (; argc < 5 && line[argc]; argc++)
		argv[argc] = (char *)(uintptr_t)line[argc];
	snprintf(path, sizeof(path), "%s/proc/self/fd/%d",
		 command == &command_replay ? "" : "--board=", fd);
	argv[argc++] = path;
	command_run(command, argc, argv);
	close(fd);
}

static void make_checksums_right(uint8_t *file, size_t n)
{
	struct hr_frame_header h;
	size_t at = sizeof(struct hr_record_header);

	while (at + sizeof(h) <= n) {
		memcpy(&h, file + at, sizeof(h));
		if (h.packed_bytes > n - at - sizeof(h))
			return;
		h.crc = checksum(h, file + at + sizeof(h));
		memcpy(file + at, &h, sizeof(h));
		at += sizeof(h) + h.packed_bytes;
	}
}

static void read_frame(struct hr_reader *r)
{
	union fixture_event e;
	struct hr_slot slot;
	struct hr_host host;
	int result;

	hr_reader_host(r, &host);
	for (uint32_t i = 0; !hr_reader_slot(r, &i, &slot);)
		hr_slot_text(&slot, slot.id.name);
	do {
		result = hr_reader_next_event(r, &e.event, sizeof(e));
		if (!result)
			hr_event_text(&e.event, e.event.id.name);
	} while (result != -ENODATA && result != -EINVAL);
}

static void read_bytes(const uint8_t *data, size_t n)
{
	int fd = memfd_create("recording", 0), seen = 0, result;
	uint8_t *copy = malloc(n + 1);
	struct hr_reader *r = NULL;
	char path[32];

	if (!copy)
		abort();
	memcpy(copy, data, n);
	make_checksums_right(copy, n);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	write_all(fd, copy, n);
	if (!hr_reader_open(path, &r)) {
		while (((result = hr_reader_next_frame(r)) == 0 || result == -EBADMSG) &&
		       seen++ < 100)
			if (!result)
				read_frame(r);
		if (!hr_reader_seek_frame(r, UINT64_MAX / 2))
			read_frame(r);
		hr_reader_close(r);
	}
	close(fd);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (!frames[0].raw)
		set_up();
	if (n && data[0] % 2)
		run_command((struct fuzz_input){data + 1, n - 1});
	else if (n)
		read_bytes(data + 1, n - 1);
	return 0;
}
