/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A guard of one's own, for as long as one looks: headroomd in mode observe, with a board in a
 * private directory. It ends with us, whichever way we end. */
#ifndef HEADROOM_OWN_GUARD_H
#define HEADROOM_OWN_GUARD_H

#include <headroom/reader.h>

struct own_guard;

/* Another program that keeps a board as a guard does (the picture of a fleet), in its place. */
struct own_program {
	const char *name;
	const char *const *argv; /* without --board PATH, which comes last; NULL-terminated */
};

/* Starts one (program NULL: headroomd) and waits (at most a few seconds, and for no signal's longer) until its first
 * sweep is on the board. 0; -ENOENT: there is no headroomd beside this program, in ../sbin or
 * in PATH; -EINTR: a signal came; -ECHILD: it ended, error holds its last words; -ETIMEDOUT;
 * other -errno. */
int own_guard_start(const struct own_program *program, struct own_guard **ret_guard,
		    char error[256]);
const char *own_guard_board(const struct own_guard *guard);
/* Whether it still runs; if not, error holds its last words. */
bool own_guard_alive(struct own_guard *guard, char error[256]);
/* The last line that it wrote, clean; "" for none. */
void own_guard_words(const struct own_guard *guard, char words[256]);
/* Ends it, waits for its end, and removes what it left. Takes NULL. */
void own_guard_end(struct own_guard *guard);

#endif
