/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Between the room that decides (act/) and the one that does (enforce/): hands the world to act after each sweep and each
 * close reading, its orders to enforce's workers or the supervisor, their answers back, and all of it to the board as
 * `action` and `outcome` events. Decides nothing. Everything is reserved by acting_open(). Caller: the loop.
 */
#ifndef HEADROOM_ACTING_H
#define HEADROOM_ACTING_H

#include <headroom/control.h>
#include "messages.h"
#include "state.h"

/* Start: takes back what a guard before us left set, opens act and enforce, takes the rules. 0 or an exit status. */
int acting_open(struct guard *guard, int rules_fd);
int acting_watch(struct guard *guard);		/* adds its descriptors to the loop; 0 or -errno */
void acting_close(struct guard *guard);

/* New samples: of all (a sweep), or of one slot. Orders go out with acting_settle(), once after all of them. */
void acting_swept(struct guard *guard);
void acting_read(struct guard *guard, uint32_t slot);
void acting_settle(struct guard *guard);
/* The host's available memory is below what a rule names: seen between two sweeps. */
void acting_host(struct guard *guard);
/* A process pass: those that belong to no container. */
void acting_tasks_begin(struct guard *guard);
void acting_task(struct guard *guard, const struct task_sample *task);
/* Again, all of them: who else belongs to a job, and may not be ended with it. */
void acting_task_beside(struct guard *guard, const struct task_sample *task, bool contained);
void acting_tasks_end(struct guard *guard, uint64_t now_ns);
/* What became of a slot. */
void acting_oom(struct guard *guard, uint32_t slot);
void acting_gone(struct guard *guard, uint32_t slot);
void acting_restarted(struct guard *guard, uint32_t slot, uint64_t workload);
int acting_grow(struct guard *guard, uint32_t capacity);
/* Helpers of ours, which are never targets. */
enum acting_spared { ACTING_SUPERVISOR, ACTING_RESOLVER };
void acting_spare(struct guard *guard, enum acting_spared who, pid_t pid);
/* The supervisor's word: other rules (the descriptor is taken over), a command has ended, it is gone. */
void acting_rules(struct guard *guard, int fd);
int acting_rules_fd(const struct guard *guard);		/* of those in force */
uint32_t acting_policies(const struct guard *guard);	/* how many */
void acting_ran(struct guard *guard, const struct supervisor_message *message);
/* Does a rule look at processes outside of containers, or is the host short of memory? Then they are counted every second. */
bool acting_wants_tasks(const struct guard *guard);

/* A rung by hand, from the control socket: `client` gets the answer by control_answer() when the deed is done. The status
 * of a request that can't be taken, with one line; 0: it is under way. */
int acting_by_hand(struct guard *guard, const struct hr_control_request *asked, uint32_t uid, int client,
		   char text[HR_CONTROL_TEXT]);

#endif
