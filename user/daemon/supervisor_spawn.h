/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* New supervisors by exec. Forks: only in the rare moments when a supervisor died or its program was replaced. */
#ifndef HEADROOM_DAEMON_SUPERVISOR_SPAWN_H
#define HEADROOM_DAEMON_SUPERVISOR_SPAWN_H

#include "ipc.h"

#define SUPERVISOR_ADOPT   "--adopt"
#define SUPERVISOR_SUCCEED "--succeed"
/* daemon, resolver, both ends of the resolver's socket, the supervisor's end of the daemon's, the policies */
#define SUPERVISOR_WORDS "%d,%d,%d,%d,%d,%d"

/* The command line that the others repeat; set once at start. */
void supervisor_set_argv(char **argv);
/* In the daemon, after its supervisor died: has the spare start a new one, which inherits the sockets and the policies. Returns
 * the daemon's end of the new pair, or -errno. */
int supervisor_respawn(const struct daemon_sockets *sockets, int rules_fd);
/* In the spare: starts it, by a second fork: there is no child to wait for. */
void supervisor_start_adopting(const struct daemon_sockets *sockets, pid_t daemon_pid, int new_end,
			       int rules_fd);
/* In the supervisor: starts the program that is at this program's path now, as its successor. Its pid or -errno. */
pid_t supervisor_succeed(void);

#endif
