/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The daemon's end of the socket to the resolver: bounded questions, checked answers (answer_check.h). Never waits: a question that can't
 * be sent now is the caller's to ask again, as is one that gets no answer (a resolver that died). Caller: the loop.
 */
#ifndef HEADROOM_DAEMON_RESOLVER_CLIENT_H
#define HEADROOM_DAEMON_RESOLVER_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "answer_check.h"
#include "collect/collect.h"

struct resolver_client {
	int fd; /* -1: no resolver */
	struct asked asked;
	uint64_t asked_ns; /* monotonic; when the last question or answer passed */
	uint64_t unasked,
		filled_ns; /* messages without a question that it may still send; as of when */
	const char *
		wrong; /* it sent a wrong message, and is to be ended: nothing more is received from it */
	uint64_t wrong_ns; /* monotonic; when one last did; 0: never */
};

void resolver_init(struct resolver_client *resolver, int fd);

/* Which container is this cgroup? path "": the resolver finds it by the id. `again`: how often it was asked already. True
 * if it was sent; the answer's cgroup_id is this one. */
bool resolver_ask_cgroup(struct resolver_client *resolver, uint64_t memcg_id, const char *path,
			 uint8_t again);
/* For the redacted command line of a process; the answer has the same tag. */
bool resolver_ask_process(struct resolver_client *resolver, uint64_t tag,
			  const struct record_task *task, const char *path);
/* For the memory map of a process: `fd` is of its smaps, and stays the caller's; memcg_id 0: the host's. */
bool resolver_ask_map(struct resolver_client *resolver, uint64_t memcg_id, uint32_t pid,
		      uint64_t start_boottime_ns, int fd);
/* Room for one more question about a cgroup; for half of all. */
bool resolver_has_room(const struct resolver_client *resolver);
bool resolver_has_half(const struct resolver_client *resolver);
/* Nothing came for that long: the questions that are out are lost. */
void resolver_expire(struct resolver_client *resolver, uint64_t now_ns, uint64_t late_ns);
/* A new one runs: what was asked is to be asked again, though it may still answer it. After a wrong one, what that one has sent is
 * thrown away. */
void resolver_restarted(struct resolver_client *resolver);
/* The next answer, sound as answer_check.h has it, valid until the next call. NULL: none is there, or it was wrong
 * (resolver->wrong says in which way). */
const struct resolve_answer *resolver_receive(struct resolver_client *resolver);

#endif
