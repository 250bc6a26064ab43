/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The one way into the guard: a SOCK_SEQPACKET socket beside the board (its path + HR_CONTROL_SUFFIX), one fixed-size request
 * a packet, one fixed-size answer to each. Who asks is known by his credentials (SO_PEERCRED, SO_PEERGROUPS): root, and whom
 * `control: allow` in the configuration names. One request at a time a connection; the answer to a rung comes when it is
 * done. A connection that asks nothing for HR_CONTROL_IDLE_S is closed.
 *
 * Units as in board.h; HR_UNKNOWN: the default. A newer guard may append fields.
 */
#ifndef HEADROOM_CONTROL_H
#define HEADROOM_CONTROL_H

#include "board.h"

#define HR_CONTROL_SUFFIX ".control"
#define HR_CONTROL_MAGIC  0x4c434852u /* "RHCL", little endian */
#define HR_CONTROL_TEXT   248
#define HR_CONTROL_IDLE_S 10

enum hr_control_command {
	HR_CONTROL_PING,
	HR_CONTROL_ACTION,
	HR_CONTROL_RELOAD,
	HR_CONTROL_COMMANDS
};

struct hr_control_request {
	uint32_t magic;     /* HR_CONTROL_MAGIC */
	uint32_t word;      /* enum hr_control_command */
	uint64_t cgroup_id; /* RUNG: the memory cgroup, as the board has it */
	uint32_t kind;      /* RUNG: enum hr_action_kind, HR_ACTION_RECLAIM to HR_ACTION_KILL */
	int32_t signal;     /* TERM: 0 for SIGTERM */
	uint64_t
		size; /* RECLAIM: bytes; THROTTLE: memory.high; HR_UNKNOWN: what the guard thinks right */
	uint64_t for_ms;  /* THROTTLE: until it is lifted; HR_UNKNOWN: 30 s */
	uint32_t largest; /* KILL: its largest process only */
	uint32_t reserved;
};

struct hr_control_answer {
	uint32_t magic; /* HR_CONTROL_MAGIC */
	uint32_t
		status; /* an exit status: 0 done, 1 failed, 2 usage, 4 not permitted, 5 this host can't */
	char text[HR_CONTROL_TEXT]; /* one line */
};

#endif
