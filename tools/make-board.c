// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Writes a board, or a recording, of made-up containers: for golden tests, for trying the readers
 * without a daemon, for measuring readers. The same arguments give the same bytes. Never touches a
 * real board.
 */
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "../tests/unit/fixture_board.h"
#include "base/clock.h"
#include "base/log.h"

static const struct option options[] = {
	{"containers", required_argument, NULL, 'c'},
	{"out", required_argument, NULL, 'o'},
	{"recording", required_argument, NULL, 'r'},
	{"seed", required_argument, NULL, 's'},
	{"hostile", no_argument, NULL, 'h'},
	{"dead", no_argument, NULL, 'd'},
	{"live", required_argument, NULL, 'l'},
	{"kills", no_argument, NULL, 'k'},
	{"still", no_argument, NULL, 't'},
	{"packed", no_argument, NULL, 'p'},
	{"maps", no_argument, NULL, 'm'},
	{NULL, 0, NULL, 0},
};

static int usage(void)
{
	log_error("usage: make-board --out PATH [--containers N] [--recording FRAMES] [--hostile] "
		  "[--dead] [--packed] [--maps] [--seed N] [--live SECONDS [--kills] [--still]]");
	return 2;
}

static void remove_lock(const char *board)
{
	char lock[PATH_MAX];

	snprintf(lock, sizeof(lock), "%s.lock", board);
	unlink(lock);
}

/* A recording is made from a board of its own, which goes again. */
static int make_recording(struct fixture *f, const char *out, uint32_t frames)
{
	char dir[] = "/tmp/make-board.XXXXXX", board[sizeof(dir) + 16];
	int r;

	if (!mkdtemp(dir))
		return -errno;
	snprintf(board, sizeof(board), "%s/board", dir);
	unlink(out);
	r = fixture_open(f, board);
	if (!r)
		r = fixture_record(f, out, frames);
	board_close(f->board);
	unlink(board);
	remove_lock(board);
	rmdir(dir);
	return r;
}

/* As of a running daemon: a step each second by the clock, an OOM kill every tenth where they are wanted. Then it has
 * stopped. */
static int live(struct fixture *f, uint32_t seconds, bool kills)
{
	f->now_ns = clock_wall_ns() - FIXTURE_STEP_NS;
	for (uint32_t i = 0; i < seconds; i++) {
		uint64_t now = clock_wall_ns();

		fixture_step(f);
		board_heartbeat(f->board);
		if (kills && f->containers && i % 10 == 5)
			fixture_oom_kill(f, 0);
		usleep((useconds_t)((NS_PER_SEC - now % NS_PER_SEC) / 1000));
	}
	board_close(take_ptr(f->board));
	return 0;
}

int main(int argc, char **argv)
{
	struct fixture fixture = {.containers = 30, .seed = 1};
	const char *out = NULL;
	uint32_t frames = 0, seconds = 0;
	bool kills = false;
	int c, r;

	log_name("make-board");
	while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (c) {
		case 'c':
			fixture.containers = (uint32_t)strtoul(optarg, NULL, 10);
			break;
		case 'o':
			out = optarg;
			break;
		case 'r':
			frames = (uint32_t)strtoul(optarg, NULL, 10);
			break;
		case 's':
			fixture.seed = strtoull(optarg, NULL, 10);
			break;
		case 'h':
			fixture.hostile = true;
			break;
		case 'd':
			fixture.dead = true;
			break;
		case 'l':
			seconds = (uint32_t)strtoul(optarg, NULL, 10);
			break;
		case 'k':
			kills = true;
			break;
		case 'm':
			fixture.maps = true;
			break;
		case 'p':
			fixture.packed = true;
			break;
		case 't':
			fixture.still = true;
			break;
		default:
			return usage();
		}
	}
	if (!out || optind < argc)
		return usage();
	if (frames) {
		r = make_recording(&fixture, out, frames);
	} else {
		r = fixture_open(&fixture, out);
		if (!r)
			r = seconds ? live(&fixture, seconds, kills) : fixture_leave(&fixture);
		remove_lock(out);
	}
	if (r)
		log_error("%s: %s", out, strerror(-r));
	return r ? 1 : 0;
}
