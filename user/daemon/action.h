/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Actions in flight: from the engine (or a person) to enforce's workers or the supervisor, and from their result to the
 * `action` event, the engine and the client. A fixed table; never blocks, never allocates. Caller: the loop.
 *
 *   action_new() -> NEW --dispatch--> [IDENTITY ->] RUNNING or QUEUED (enforce/), COMMAND (supervisor) --result--> event, FREE
 */
#ifndef HEADROOM_DAEMON_ACTION_H
#define HEADROOM_DAEMON_ACTION_H

#include "ipc.h"
#include "outcome.h"
#include "policy_world.h"

#define ACTIONS_MAX (POLICY_ESCALATIONS + 16) /* one of each escalation, and some manual ones */
#define NO_CLIENT   (-1)

enum pending_state {
	PENDING_FREE,
	PENDING_NEW,      /* asked for, not dispatched yet */
	PENDING_IDENTITY, /* the resolver is asked once more what it is, before it is ended */
	PENDING_QUEUED,   /* enforce's queue was full */
	PENDING_RUNNING,  /* a worker has it */
	PENDING_COMMAND,  /* the supervisor runs its command */
};

struct pending_action {
	enum pending_state state;
	struct action action; /* a copy; its policy and spec only while NEW: a reload unmaps them */
	bool awaited;         /* by the outcome of its escalation */
	bool posted;          /* its event is out; only the end of its command is awaited */
	bool identified;      /* it has been IDENTITY */
	enum hr_action_status
		not_taken; /* HR_STATUS_DONE: it is to be taken; else only logged, with this status … */
	enum hr_skip_reason reason; /* … and this reason */
	uint64_t
		deadline_ns; /* COMMAND: then it counts as failed; IDENTITY: then what is known decides */
	uint32_t by_uid; /* HR_UNKNOWN_U32: a policy's */
	int client;      /* manual: the connection that waits for the result; NO_CLIENT */
};

struct action_ops {
	/* Sends a command to the supervisor; false: it can't be sent. */
	bool (*run)(const struct daemon_message *message, void *arg);
	/* The result of a manual action, to its client. */
	void (*answer)(int client, uint32_t status, const char *text, void *arg);
};

struct actions {
	struct containers *containers;
	struct policy_engine *engine;
	struct enforce *enforce;
	struct policy_world *world;
	const struct policy_set *set; /* in force */
	const struct action_ops *ops;
	void *ops_arg;
	uint64_t next_tag, lost; /* lost: the table was full */
	bool fresh;              /* some are NEW */
	struct outcomes outcomes;
	struct pending_action action[ACTIONS_MAX];
};

/* A copy of this action, NEW. NULL: the table is full. */
struct pending_action *action_new(struct actions *actions, const struct action *action);
void action_dispatch(struct actions *actions); /* all that are NEW or QUEUED */
void action_expire(struct actions *actions, uint64_t now_ns);
/* What is known of this cgroup is new. True: an action waited for it, and is to be dispatched. */
bool action_identified(struct actions *actions, uint64_t memcg_id);
/* Of the first IDENTITY; 0: none waits. */
uint64_t action_deadline(const struct actions *actions);
void action_on_result(struct actions *actions,
		      const struct action_result *result); /* from enforce/ */
/* The result of an action that was carried out: posts its event, informs engine and client, frees its place. */
void action_conclude(struct actions *actions, struct pending_action *pending,
		     const struct action_result *result);
/* The supervisor's report of a command that has ended. */
void action_ran(struct actions *actions, const struct supervisor_message *message);
/* The engine asks for an action; reports one that it does not even ask for. */
void action_on_request(struct actions *actions, const struct action *action);
void action_on_not_taken(struct actions *actions, const struct action *action,
			 enum hr_action_status status, enum hr_skip_reason reason);

#endif
