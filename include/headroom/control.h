/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The only interface for requests to the daemon: a SOCK_SEQPACKET socket at the board's path +
 * HR_CONTROL_SUFFIX, one fixed-size request a packet, one fixed-size answer to each. For a board in
 * /run/headroom, which readers in containers share, that is a symbolic link to
 * /run/headroom-control/socket. The file's mode and ACL let root connect, and the users and groups
 * that `control: allow` in the configuration names; the daemon checks their credentials again with
 * each request (SO_PEERCRED, SO_PEERGROUPS). One request at a time on a connection; the answer to an
 * action is sent when it is done. The daemon closes a connection that has sent nothing for
 * HR_CONTROL_FIRST_S, or nothing more for HR_CONTROL_IDLE_S, and sooner where others need its place;
 * it never reads descriptors (SCM_RIGHTS), and hangs up on a client that passes one.
 *
 * Units as in board.h; HR_UNKNOWN: the default. A newer daemon may append fields.
 */
#ifndef HEADROOM_CONTROL_H
#define HEADROOM_CONTROL_H

#include "board.h"

#define HR_CONTROL_SUFFIX     ".control"
#define HR_CONTROL_DIR_SUFFIX "-control"  /* of the board's directory: the socket's own */
#define HR_CONTROL_FILE       "socket"    /* in that */
#define HR_CONTROL_MAGIC      0x4c434852u /* "RHCL", little endian */
#define HR_CONTROL_TEXT       248
#define HR_CONTROL_FIRST_S    3
#define HR_CONTROL_IDLE_S     10

enum hr_control_command {
	HR_CONTROL_PING,
	HR_CONTROL_ACTION,
	HR_CONTROL_RELOAD,
	HR_CONTROL_PAUSE,
	HR_CONTROL_RESUME,
	HR_CONTROL_COMMANDS
};

struct hr_control_request {
	uint32_t magic;     /* HR_CONTROL_MAGIC */
	uint32_t word;      /* enum hr_control_command */
	uint64_t cgroup_id; /* ACTION: the memory cgroup, as the board has it */
	uint32_t
		kind; /* ACTION: enum hr_action_kind, HR_ACTION_RECLAIM to HR_ACTION_KILL, HR_ACTION_RESIZE */
	int32_t signal; /* TERM: 0 for SIGTERM */
	uint64_t
		size; /* RECLAIM: bytes; THROTTLE: memory.high; RESIZE: by how much; HR_UNKNOWN: the daemon's choice */
	uint64_t
		for_ms; /* THROTTLE, RESIZE: until it is undone; HR_UNKNOWN: 30 s, 30 min. PAUSE: at most 30 days; HR_UNKNOWN: until RESUME */
	uint32_t largest; /* KILL: its largest process only */
	uint32_t reserved;
	uint64_t most; /* RESIZE: never higher than this; HR_UNKNOWN: twice the old limit */
};

struct hr_control_answer {
	uint32_t magic; /* HR_CONTROL_MAGIC */
	uint32_t
		status; /* an exit status: 0 done, 1 failed, 2 usage, 4 not permitted, 5 this host can't, 6 skipped */
	char text[HR_CONTROL_TEXT]; /* one line */
};

#endif
