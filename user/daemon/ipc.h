/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What supervisor and guard tell each other, on a SOCK_SEQPACKET pair: one struct a message, each way one kind of struct.
 * Neither end waits for the other: what can't be sent at once is not sent.
 */
#ifndef HEADROOM_DAEMON_IPC_H
#define HEADROOM_DAEMON_IPC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "policy/config.h"

enum supervisor_word {
	WORD_CONFIG = 1, /* with the sealed policies as SCM_RIGHTS */
	WORD_CONFIG_REFUSED,
	WORD_RESOLVER,   /* a new one runs */
	WORD_SUPERVISOR, /* so do we: what a supervisor that takes over says first */
	WORD_RAN,        /* a command has ended */
};

struct supervisor_message {
	uint32_t word;  /* enum supervisor_word */
	pid_t pid;      /* RESOLVER, SUPERVISOR: the new one's */
	bool relabel;   /* RESOLVER: it looks for other labels than the one before */
	uint64_t tag;   /* RAN */
	int32_t error;  /* RAN: errno of what kept it from being run; ETIMEDOUT: it was ended; 0 */
	int32_t status; /* RAN: as waitpid(2) has it */
	uint64_t took_ms;        /* RAN */
	struct config config;    /* CONFIG */
	char text[CONFIG_ERROR]; /* CONFIG_REFUSED: the error; RAN: the command, for people */
};

enum daemon_word {
	WORD_READY = 1, /* the first heartbeat was written; `text` is the board's path */
	WORD_RUN,       /* run `text`: argc words, each ended by NUL; no shell */
	WORD_RELOAD,    /* as by SIGHUP */
};

#define MESSAGE_WORDS 4096 /* bytes of one command's words, together */

struct daemon_message {
	uint32_t word; /* enum daemon_word */
	uint32_t argc;
	uint64_t tag;   /* RUN: comes back with RAN */
	uint32_t bytes; /* of text that are used */
	uint32_t reserved;
	char text[MESSAGE_WORDS];
};

/* How much of it is sent: the used part of its text. */
static inline size_t daemon_message_bytes(const struct daemon_message *message)
{
	return sizeof(*message) - MESSAGE_WORDS + message->bytes;
}

#endif
