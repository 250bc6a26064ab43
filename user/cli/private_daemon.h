/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A guard of one's own, for as long as one looks: headroomd in mode observe, with a board in a
 * private directory. It ends with us, whichever way we end. */
#ifndef HEADROOM_CLI_PRIVATE_DAEMON_H
#define HEADROOM_CLI_PRIVATE_DAEMON_H

#include <headroom/reader.h>

struct private_daemon;

/* Another program that keeps a board as a guard does (the picture of a fleet), in its place. */
struct own_program {
	const char *name;
	const char *const *argv; /* without --board PATH, which comes last; NULL-terminated */
};

/* Starts one (program NULL: headroomd) and waits (at most a few seconds, and for no signal's longer) until its first
 * sweep is on the board. 0; -ENOENT: there is no headroomd beside this program, in ../sbin or
 * in PATH; -EINTR: a signal came; -ECHILD: it ended, error holds its last words; -ETIMEDOUT;
 * other -errno. */
int private_daemon_start(const struct own_program *program, struct private_daemon **ret_daemon,
			 char error[256]);
const char *private_daemon_board(const struct private_daemon *daemon);
/* Whether it still runs; if not, error holds its last words. */
bool private_daemon_alive(struct private_daemon *daemon, char error[256]);
/* The last line that it wrote, clean; "" for none. */
void private_daemon_errors(const struct private_daemon *daemon, char words[256]);
/* Ends it, waits for its end, and removes what it left. Takes NULL. */
void private_daemon_end(struct private_daemon *daemon);

#endif
