// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Writes a recording, or the board at its end, of a made-up incident: for golden tests, for the
 * documentation, for eyes. The same arguments give the same bytes. Never touches a real board.
 *
 *	make-incident leak --out FILE [--board] [--hostile]
 */
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "../tests/unit/fixture_incident.h"
#include "base/log.h"

static const struct option options[] = {
	{"out", required_argument, NULL, 'o'},
	{"board", no_argument, NULL, 'b'},
	{"hostile", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static int usage(void)
{
	log_error("usage: make-incident leak|averted|shared|near|host --out FILE [--board] "
		  "[--hostile]");
	return 2;
}

/* A board of its own plays the story; it goes again where the recording is what is wanted. */
static int make(struct play *play, const char *out, bool as_board)
{
	char dir[] = "/tmp/make-incident.XXXXXX", board[PATH_MAX], lock[PATH_MAX + 8];
	int r;

	if (!as_board && !mkdtemp(dir))
		return -errno;
	snprintf(board, sizeof(board), as_board ? "%s" : "%s/board", as_board ? out : dir);
	snprintf(lock, sizeof(lock), "%s.lock", board);
	unlink(out);
	r = play_run(play, board, as_board ? NULL : out);
	if (as_board && !r)
		r = fixture_leave(&play->f);
	board_close(play->f.board);
	unlink(lock);
	if (as_board)
		return r;
	unlink(board);
	rmdir(dir);
	return r;
}

int main(int argc, char **argv)
{
	struct play play = {0};
	const char *out = NULL;
	bool as_board = false;
	int c, r;

	log_name("make-incident");
	while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (c == 'o')
			out = optarg;
		else if (c == 'b')
			as_board = true;
		else if (c == 'h')
			play.hostile = true;
		else
			return usage();
	}
	if (!out || optind + 1 != argc)
		return usage();
	play.explanation = explanation_find(argv[optind]);
	if (!play.explanation)
		return usage();
	r = make(&play, out, as_board);
	if (r)
		log_error("%s: %s", out, strerror(-r));
	return r ? 1 : 0;
}
