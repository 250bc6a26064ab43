/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What a command gives up. At once: new privileges, core files. Once it has opened the board and started what it starts: all system
 * calls that no reader makes; and if root runs it, all capabilities but those below. What fails is not fatal: a reader without
 * rights may lack what it takes to give up more.
 */
#ifndef HEADROOM_COMMAND_CONFINE_H
#define HEADROOM_COMMAND_CONFINE_H

#include <stdint.h>
#include "base/rights.h"

enum command_rights {
	COMMAND_READS, /* as root: becomes the user that owns the terminal, else CONFINE_UID, and may read every file */
	COMMAND_CONTROLS, /* as root: stays root for the daemon to see; no capability */
	COMMAND_WRITES, /* as root: stays root; files of every user. Also to read a history: SQLite opens its log for writing */
	COMMAND_STARTS, /* the same, and it ends the daemon that it has started */
	COMMAND_TRIES,  /* `check`: tries what the daemon does; keeps all */
};

/* User and group of a reader that root started without a terminal of another user: in none of the ranges that systemd's
 * docs/UIDS-GIDS.md gives to others. */
#define CONFINE_UID 60912

/* Files of every user: their owners keep them (SQLite gives what it makes beside a database to that one's owner). */
#define CONFINE_FILES                                                               \
	(RIGHT(CAP_DAC_OVERRIDE) | RIGHT(CAP_DAC_READ_SEARCH) | RIGHT(CAP_FOWNER) | \
	 RIGHT(CAP_CHOWN))

void confine_begin(enum command_rights rights);
/* Instead of what confine_begin() said. */
void confine_set(enum command_rights rights);
/* Before threads. Once only: a second call does nothing. */
void confine_now(void);
/* For a program with rights of its own: capabilities, families of sockets (FAMILY()); where root runs it, another user (NULL: stays).
 * Logs what is refused. */
struct confine_user {
	uint32_t uid, gid;
};
void confine_service(const struct confine_user *user, uint64_t capabilities, uint32_t families);

#endif
