/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Between the room that decides (act/) and the one that does (enforce/): hands the world to act after each sweep and each
 * close reading, its orders to enforce's workers or the supervisor, their answers back, and all of it to the board as
 * `action` and `outcome` events. Decides nothing. Everything is reserved by policy_driver_open(). Caller: the loop.
 */
#ifndef HEADROOM_DAEMON_POLICY_DRIVER_H
#define HEADROOM_DAEMON_POLICY_DRIVER_H

#include <headroom/control.h>
#include "ipc.h"
#include "daemon_state.h"

/* Start: takes back what a guard before us left set, opens act and enforce, takes the rules. 0 or an exit status. */
int policy_driver_open(struct daemon *daemon, int rules_fd);
int policy_driver_watch(struct daemon *daemon); /* adds its descriptors to the loop; 0 or -errno */
void policy_driver_close(struct daemon *daemon);

/* New samples: of all (a sweep), or of one slot. Orders go out with policy_driver_settle(), once after all of them. */
void policy_driver_swept(struct daemon *daemon);
void policy_driver_read(struct daemon *daemon, uint32_t slot);
void policy_driver_settle(struct daemon *daemon);
/* The host's available memory is below what a rule names: seen between two sweeps. */
void policy_driver_host(struct daemon *daemon);
/* A process pass: those that belong to no container. */
void policy_driver_tasks_begin(struct daemon *daemon);
void policy_driver_task(struct daemon *daemon, const struct task_sample *task);
/* Again, all of them: who else belongs to a job, and may not be ended with it. */
void policy_driver_task_beside(struct daemon *daemon, const struct task_sample *task,
			       bool contained);
void policy_driver_tasks_end(struct daemon *daemon, uint64_t now_ns);
/* What became of a slot. */
void policy_driver_oom(struct daemon *daemon, uint32_t slot);
void policy_driver_gone(struct daemon *daemon, uint32_t slot);
void policy_driver_restarted(struct daemon *daemon, uint32_t slot, uint64_t workload);
int policy_driver_grow(struct daemon *daemon, uint32_t capacity);
/* Helpers of ours, which are never targets. */
enum policy_driver_helper { POLICY_DRIVER_SUPERVISOR, POLICY_DRIVER_RESOLVER };
void policy_driver_exempt(struct daemon *daemon, enum policy_driver_helper identity, pid_t pid);
/* The supervisor's word: other rules (the descriptor is taken over), a command has ended, it is gone. */
void policy_driver_rules(struct daemon *daemon, int fd);
int policy_driver_rules_fd(const struct daemon *daemon);      /* of those in force */
uint32_t policy_driver_policies(const struct daemon *daemon); /* how many */
void policy_driver_ran(struct daemon *daemon, const struct supervisor_message *message);
/* Does a rule look at processes outside of containers, or is the host short of memory? Then they are counted every second. */
bool policy_driver_wants_tasks(const struct daemon *daemon);

/* A rung by hand, from the control socket: `client` gets the answer by control_answer() when the deed is done. The status
 * of a request that can't be taken, with one line; 0: it is under way. */
int policy_driver_by_hand(struct daemon *daemon, const struct hr_control_request *asked,
			  uint32_t uid, int client, char text[HR_CONTROL_TEXT]);

#endif
