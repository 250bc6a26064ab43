/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The messages between supervisor and daemon, on a SOCK_SEQPACKET pair: one struct for each direction. Neither end waits
 * for the other: what can't be sent at once is not sent.
 */
#ifndef HEADROOM_DAEMON_IPC_H
#define HEADROOM_DAEMON_IPC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "policy/config.h"

/* Descriptors that the supervisor and the daemon share. Each holds all of them, so that it can start the other again
 * without loss of a message. */
struct daemon_sockets {
	int resolver_daemon, resolver_resolver;   /* daemon ↔ resolver, SOCK_SEQPACKET */
	int daemon_supervisor, supervisor_daemon; /* [daemon's end, supervisor's end] */
	pid_t resolver_pid;
	int spare;       /* the daemon's end of the spare's; -1: none */
	int predecessor; /* pidfd of the supervisor that is to be replaced; -1: none */
};

#define UNDO_SUFFIX \
	".undo" /* file beside the board: what is set at the moment (enforce/rollback.h) */

enum supervisor_message_type {
	MESSAGE_CONFIG = 1, /* with the sealed policies as SCM_RIGHTS */
	MESSAGE_CONFIG_REFUSED,
	MESSAGE_RESOLVER,   /* a new resolver runs */
	MESSAGE_SUPERVISOR, /* the first message of a supervisor that takes over */
	MESSAGE_RAN,        /* a command has ended */
	MESSAGE_SPARE,      /* a new one runs; with the daemon's end of its socket as SCM_RIGHTS */
	MESSAGE_RESOLVER_DOWN, /* it does not start; text: why. It is tried again ever more rarely */
};

struct supervisor_message {
	uint32_t type;        /* enum supervisor_message_type */
	pid_t pid;            /* RESOLVER, SUPERVISOR: the new one's */
	bool again;           /* RESOLVER: the last ones did not start; this is a try */
	bool relabel;         /* RESOLVER: it looks for other labels than the last one */
	uint64_t tag;         /* RAN */
	int32_t error;        /* RAN: errno: why it could not be run; ETIMEDOUT: it was killed; 0 */
	int32_t status;       /* RAN: as waitpid(2) has it */
	uint64_t took_ms;     /* RAN */
	struct config config; /* CONFIG */
	char text
		[CONFIG_ERROR]; /* CONFIG_REFUSED, RESOLVER_DOWN: why; RAN: the command, to be shown */
};

enum daemon_message_type {
	MESSAGE_READY = 1, /* the first heartbeat is on the board; `text` is its path */
	MESSAGE_RUN,       /* run `text`: argc words, each ended by NUL; no shell */
	MESSAGE_RELOAD,    /* as by SIGHUP */
	MESSAGE_WRONG, /* the resolver of pid `tag` sent a wrong message; `text`: in which way. End it */
	MESSAGE_NO_SPARE, /* it has ended: start another */
};

#define MESSAGE_TEXT 4096 /* bytes of one command's words, together */

struct daemon_message {
	uint32_t type; /* enum daemon_message_type */
	uint32_t argc;
	uint64_t tag;   /* RUN: comes back with RAN */
	uint32_t bytes; /* of text that are used */
	uint32_t reserved;
	char run_as[POLICY_RUN_AS]; /* RUN: the user, a name or a number */
	char text[MESSAGE_TEXT];
};

/* The size to send: without the unused part of the text. */
static inline size_t daemon_message_bytes(const struct daemon_message *message)
{
	return sizeof(*message) - MESSAGE_TEXT + message->bytes;
}

#endif
