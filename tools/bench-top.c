// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * What the live view costs: `headroom top` in a pseudo-terminal, on a board of made-up containers; their figures change once
 * a second, or never. Prints CPU time a second, and bytes that reach the terminal. Needs neither a daemon nor capabilities.
 *
 *	bench-top [--containers N] [--size WxH] [--for SECONDS] [--still] [--keys KEYS] [TOP]
 */
#include <getopt.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <utmp.h>

#include "../tests/unit/fixture_board.h"
#include "base/clock.h"
#include "base/log.h"

#define SETTLE_S 3 /* the first picture, terminal setup: not counted */

struct bench {
	struct winsize size;
	unsigned int seconds;
	bool still;
	const char *keys, *program;
	int master;
	pid_t pid;
	uint64_t bytes;
};

static double cpu_seconds(pid_t pid)
{
	char path[64], text[1024], *at;
	unsigned long user = 0, system = 0;
	_cleanup_fclose_ FILE *f = NULL;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (!f || !fgets(text, sizeof(text), f) || !(at = strrchr(text, ')')))
		return 0;
	sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
	return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

/* CPU time to the nanosecond, where the kernel has it. */
static double run_seconds(pid_t pid)
{
	unsigned long long ns = 0;
	char path[64];
	_cleanup_fclose_ FILE *f = NULL;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", (int)pid);
	f = fopen(path, "re");
	return f && fscanf(f, "%llu", &ns) == 1 && ns ? (double)ns / 1e9 : cpu_seconds(pid);
}

/* Takes what the view writes, until that time. */
static void drain(struct bench *b, uint64_t until)
{
	char bytes[65536];
	uint64_t now;

	while ((now = clock_mono_ns()) < until) {
		struct pollfd in = {.fd = b->master, .events = POLLIN};
		ssize_t n = poll(&in, 1, (int)((until - now) / NS_PER_MS) + 1) > 0
				    ? read(b->master, bytes, sizeof(bytes))
				    : 0;

		if (n < 0)
			return;
		b->bytes += (uint64_t)n;
	}
}

static int start(struct bench *b, const char *board)
{
	b->pid = forkpty(&b->master, NULL, NULL, &b->size);
	if (b->pid < 0)
		return -errno;
	if (!b->pid) {
		setenv("TERM", "xterm-256color", 1);
		setenv("LC_ALL", "C.UTF-8", 1);
		setenv("XDG_CONFIG_HOME", "/dev/null", 1); /* no settings of a user */
		setenv("HOME", "/dev/null", 1);
		execl(b->program, b->program, "top", "--board", board, NULL);
		_exit(127);
	}
	return 0;
}

static void measure(struct bench *b, struct fixture *f)
{
	uint64_t next = clock_mono_ns();
	double before = 0;

	for (unsigned int s = 0; s < SETTLE_S + b->seconds; s++) {
		if (s == 1 && b->keys && write(b->master, b->keys, strlen(b->keys)) < 0)
			log_error("the keys did not arrive");
		if (s == SETTLE_S) {
			before = run_seconds(b->pid);
			b->bytes = 0;
		}
		if (!b->still)
			fixture_step(f);
		next += NS_PER_SEC;
		drain(b, next);
	}
	printf("%u containers, %ux%u, %s: %.2f %% of a core, %.0f bytes a second to the terminal\n",
	       f->containers, b->size.ws_col, b->size.ws_row,
	       b->still ? "figures stand still" : "all figures move",
	       100 * (run_seconds(b->pid) - before) / b->seconds, (double)b->bytes / b->seconds);
}

static const struct option options[] = {
	{"containers", required_argument, NULL, 'c'}, {"size", required_argument, NULL, 's'},
	{"for", required_argument, NULL, 'f'},        {"still", no_argument, NULL, 't'},
	{"keys", required_argument, NULL, 'k'},       {NULL, 0, NULL, 0},
};

int main(int argc, char **argv)
{
	struct fixture fixture = {.containers = 1000, .seed = 1};
	struct bench b = {
		.size = {.ws_col = 200, .ws_row = 60}, .seconds = 20, .program = "build/headroom"};
	char dir[] = "/tmp/bench-top.XXXXXX", board[64], lock[80];
	int c, r;

	log_name("bench-top");
	while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (c == 'c')
			fixture.containers = (uint32_t)strtoul(optarg, NULL, 10);
		else if (c == 'f')
			b.seconds = (unsigned int)strtoul(optarg, NULL, 10);
		else if (c == 't')
			b.still = true;
		else if (c == 'k')
			b.keys = optarg;
		else if (c != 's' ||
			 sscanf(optarg, "%hux%hu", &b.size.ws_col, &b.size.ws_row) != 2) {
			log_error("usage: bench-top [--containers N] [--size WxH] [--for SECONDS] "
				  "[--still] [--keys KEYS] [HEADROOM]");
			return 2;
		}
	}
	if (optind < argc)
		b.program = argv[optind];
	if (!b.seconds || !mkdtemp(dir))
		return 1;
	snprintf(board, sizeof(board), "%s/board", dir);
	snprintf(lock, sizeof(lock), "%s.lock", board);
	r = fixture_open(&fixture, board);
	if (!r)
		r = start(&b, board);
	if (!r) {
		measure(&b, &fixture);
		kill(b.pid, SIGTERM);
		drain(&b, clock_mono_ns() + NS_PER_SEC / 5);
		kill(b.pid, SIGKILL);
		waitpid(b.pid, NULL, 0);
	} else {
		log_error("%s: %s", board, strerror(-r));
	}
	board_close(fixture.board);
	unlink(board);
	unlink(lock);
	rmdir(dir);
	return r ? 1 : 0;
}
