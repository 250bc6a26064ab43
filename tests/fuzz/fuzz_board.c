// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * A board with numbers overwritten at its header, host record, slots and events, and what the
 * commands make of it. The input is a command and patches, not a board: it stays small, and the
 * rest of the board stays valid, so that the code behind the first check is reached.
 */
#include "fuzz.h"

#include <sys/mman.h>

#include "cli/cli.h"
#include "../unit/fixture_board.h"

#define SLOTS 12 /* the ninth is OOM-killed */

const struct command *command_at(size_t i) { return NULL; }

static const char *const lines[][7] = {
	{"ls", "--all"},
	{"ls", "--all", "--json"},
	{"events"},
	{"events", "--json"},
	{"explain", "host"},
	{"explain", "web-1"},
	{"explain", "cache-1", "--json"},
	{"explain", "1"},
	{"report"},
	{"report", "latest", "--format", "md"},
	{"report", "latest", "--format", "html"},
	{"report", "latest", "--format", "json"},
};

static const struct command *command_of(const char *name)
{
	return !strcmp(name, "ls")        ? &command_ls
	       : !strcmp(name, "events")  ? &command_events
	       : !strcmp(name, "explain") ? &command_explain
					  : &command_report;
}

static char *board, *whole;
static size_t bytes;
static int fd;

static void set_up(void)
{
	struct fixture fixture = {.containers = SLOTS, .seed = 1, .text = BOARD_TEXT_FEW};
	struct fuzz_folder folder;
	int file;

	fuzz_quiet();
	fuzz_enter(&folder);
	if (fixture_open(&fixture, "board"))
		abort();
	for (int i = 0; i < 3; i++)
		fixture_step(&fixture);
	if (fixture_leave(&fixture))
		abort();
	file = open("board", O_RDONLY | O_CLOEXEC);
	bytes = (size_t)lseek(file, 0, SEEK_END);
	whole = malloc(bytes);
	if (!whole || pread(file, whole, bytes, 0) != (ssize_t)bytes)
		abort();
	close(file);
	unlink("board");
	unlink("board.lock");
	fuzz_leave(&folder);
	fd = memfd_create("board", 0);
	if (ftruncate(fd, (off_t)bytes))
		abort();
	board = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	memcpy(board, whole, bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct fuzz_input in = {data, n};
	const struct hr_board_header *h;
	char path[32], *argv[8] = {NULL};
	const char *const *line;
	int argc = 0;

	if (!board)
		set_up();
	h = (const void *)whole;
	line = lines[fuzz_take(&in, 1) % ARRAY_SIZE(lines)];
	memcpy(board, whole, h->slots_offset + SLOTS * h->slot_bytes);
	for (int ring = 0; ring < HR_RINGS; ring++)
		memcpy(board + h->ring[ring].offset, whole + h->ring[ring].offset,
		       h->ring_head[ring]);
	for (int i = 0; i < 32 && in.n; i++) {
		uint8_t where = (uint8_t)fuzz_take(&in, 1) % 16;

		if (where == 0)
			fuzz_patch(&in, board, sizeof(*h));
		else if (where < 3)
			fuzz_patch(&in, board + h->host_offset, sizeof(struct hr_host));
		else if (where < 10)
			fuzz_patch(&in,
				   board + h->slots_offset + (where - 3u) % SLOTS * h->slot_bytes,
				   h->slot_bytes);
		else if (h->ring_head[where % HR_RINGS])
			fuzz_patch(&in, board + h->ring[where % HR_RINGS].offset,
				   (size_t)h->ring_head[where % HR_RINGS]);
	}
	for (; argc < 7 && line[argc]; argc++)
		argv[argc] = (char *)(uintptr_t)line[argc];
	snprintf(path, sizeof(path), "--board=/proc/self/fd/%d", fd);
	argv[argc++] = path;
	command_run(command_of(line[0]), argc, argv);
	return 0;
}
