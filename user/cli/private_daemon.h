/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A daemon for one command: headroomd in mode observe, with a board in a private directory. It ends with this process, also when
 * that is killed. */
#ifndef HEADROOM_CLI_PRIVATE_DAEMON_H
#define HEADROOM_CLI_PRIVATE_DAEMON_H

#include <headroom/reader.h>

struct private_daemon;

/* Another program that writes a board (a fleet), in its place. */
struct own_program {
	const char *name;
	const char *const *argv; /* without --board PATH, which comes last; NULL-terminated */
	uint64_t sweeps;         /* to wait for */
};

/* Starts one (program NULL: headroomd) and waits a few seconds, or until a signal, for its sweeps (headroomd: one). 0; -ENOENT: headroomd
 * is not beside this program, in ../sbin or in PATH; -EINTR: a signal; -ECHILD: it exited, error holds its last line;
 * -ETIMEDOUT; other -errno. */
int private_daemon_start(const struct own_program *program, struct private_daemon **ret_daemon,
			 char error[256]);
const char *private_daemon_board(const struct private_daemon *daemon);
/* Whether it runs; if not, error holds its last line. */
bool private_daemon_alive(struct private_daemon *daemon, char error[256]);
/* Its last line of output, clean; "": none. */
void private_daemon_errors(const struct private_daemon *daemon, char words[256]);
/* Ends it, waits for it, and removes its directory. Takes NULL. */
void private_daemon_end(struct private_daemon *daemon);

#endif
