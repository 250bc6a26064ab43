/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Shared by supervisor.c (signals, messages, commands) and supervisor_children.c (start and restart of daemon and resolver). */
#ifndef HEADROOM_DAEMON_SUPERVISOR_STATE_H
#define HEADROOM_DAEMON_SUPERVISOR_STATE_H

#include <limits.h>
#include <stdbool.h>

#include "child.h"
#include "command_runner.h"
#include "ipc.h"
#include "policy_memfd.h"

enum { CHILD_DAEMON, CHILD_RESOLVER, CHILDREN };

struct supervisor {
	const char *config_path;
	struct config *config;
	struct daemon_sockets sockets;
	struct child child[CHILDREN];
	struct commands commands;
	char undo[PATH_MAX]; /* the daemon's undo file, beside its board; "" before it is ready */
	struct rules rules;  /* in force; the daemon inherits the descriptor */
	int signal_fd;
	bool stopping, resolver_missing;
	pid_t spare;          /* 0: not a child of this process */
	pid_t successor;      /* gets ready beside this one; 0: none */
	bool relabel;         /* the resolver was ended, since other labels are wanted */
	bool wrong;           /* … since it sent a wrong message */
	unsigned int wrongs;  /* resolvers that were ended for that, one soon after the other */
	uint64_t wrong_ns;    /* monotonic; the last of them */
	pid_t silent;         /* a daemon that was ended for its missing heartbeat */
	unsigned int daemons; /* started so far */
	bool was_ready;       /* one of them reached its first heartbeat */
	int status;
};

/* The resolver, without which it goes on, and the daemon. 0 or -errno. */
int supervisor_start_children(struct supervisor *sv);
void supervisor_start_spare(struct supervisor *sv);
/* One ended by itself, now: it is started again, ever later if it ends in quick succession. `status`: of child_reap(). */
void supervisor_plan_restart(struct supervisor *sv, int which, int status, uint64_t now);
void supervisor_restart_due(struct supervisor *sv);
int supervisor_restart_ms(const struct supervisor *sv); /* until the next one; -1: none is due */
bool supervisor_has_children(const struct supervisor *sv);
/* The daemon reports a wrong message of a resolver: it is ended, if it is the one that runs. */
void supervisor_end_wrong_resolver(struct supervisor *sv, const struct daemon_message *message);
/* If it is silent: service_status_silent(). */
void supervisor_end_silent_daemon(struct supervisor *sv);

#endif
