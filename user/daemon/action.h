/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Actions in flight: from the engine (or a person) to enforce's workers or the supervisor, and from their result to the
 * `action` event, the engine and the client. A fixed table; never blocks, never allocates. Caller: the loop.
 *
 *   action_new() -> NEW --dispatch--> RUNNING or QUEUED (enforce/), COMMAND (supervisor) --result--> event, FREE
 */
#ifndef HEADROOM_DAEMON_ACTION_H
#define HEADROOM_DAEMON_ACTION_H

#include "policy/engine.h"
#include "ipc.h"

#define ACTIONS_MAX (POLICY_ESCALATIONS + 16) /* one of each escalation, and some manual ones */
#define NO_CLIENT   (-1)

struct daemon;
struct policy_driver;
struct pending_outcome;

enum pending_state {
	PENDING_FREE,
	PENDING_NEW,     /* asked for, not dispatched yet */
	PENDING_QUEUED,  /* enforce's queue was full */
	PENDING_RUNNING, /* a worker has it */
	PENDING_COMMAND, /* the supervisor runs its command */
};

struct pending_action {
	enum pending_state state;
	struct action action; /* a copy; its policy and spec only while NEW: a reload unmaps them */
	bool awaited;         /* by the outcome of its escalation */
	bool posted;          /* its event is out; only the end of its command is awaited */
	enum hr_action_status
		not_taken; /* HR_STATUS_DONE: it is to be taken; else only logged, with this status … */
	enum hr_skip_reason reason; /* … and this reason */
	uint64_t deadline_ns;       /* COMMAND: then it counts as failed */
	uint32_t by_uid;            /* HR_UNKNOWN_U32: a policy's */
	int client; /* manual: the connection that waits for the result; NO_CLIENT */
};

/* A copy of this action, NEW. NULL: the table is full. */
struct pending_action *action_new(struct policy_driver *policy_driver, const struct action *action);
void action_dispatch(struct daemon *daemon); /* all that are NEW or QUEUED */
void action_expire(struct daemon *daemon, uint64_t now_ns);
void action_on_result(struct daemon *daemon,
		      const struct action_result *result); /* from enforce/ */
/* The result of an action that was carried out: posts its event, informs engine and client, frees its place. */
void action_conclude(struct daemon *daemon, struct pending_action *pending,
		     const struct action_result *result);
/* False: the target's slot is another cgroup's by now. */
bool action_slot(const struct daemon *daemon, const struct action_target *target,
		 uint32_t *ret_slot);
/* The engine's callbacks; arg is the daemon. */
void action_on_request(const struct action *action, void *arg);
void action_on_not_taken(const struct action *action, enum hr_action_status status,
			 enum hr_skip_reason reason, void *arg);

/* command_template.c: a command with its placeholders filled in. 0 with a message to send, or -EINVAL and one line: why not. */
int command_expand(const struct daemon *daemon, const struct action *action,
		   const struct pending_outcome *outcome, const struct policy_set *set,
		   const struct policy_command *command, struct daemon_message *ret_message,
		   char reason[ACTION_DETAIL]);

#endif
