/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Between policy/, which decides, and enforce/, which acts: gives the engine a snapshot after each sweep and each fast poll,
 * passes its actions to enforce's workers or the supervisor, their results back, and all of it to the board as `action` and
 * `outcome` events. Decides nothing. policy_driver_open() reserves everything. Caller: the loop.
 */
#ifndef HEADROOM_DAEMON_POLICY_DRIVER_H
#define HEADROOM_DAEMON_POLICY_DRIVER_H

#include <headroom/control.h>
#include "ipc.h"
#include "daemon_state.h"

/* Start: restores what a daemon before us left set, opens engine and enforce, takes the policies. 0 or an exit status. */
int policy_driver_open(struct daemon *daemon, int rules_fd);
int policy_driver_watch(struct daemon *daemon); /* adds its descriptors to the loop; 0 or -errno */
void policy_driver_close(struct daemon *daemon);

/* New samples: of all (a sweep), or of one slot. Actions are dispatched by policy_driver_settle(), once after all of them. */
void policy_driver_swept(struct daemon *daemon);
void policy_driver_read(struct daemon *daemon, uint32_t slot);
void policy_driver_settle(struct daemon *daemon);
/* Between two sweeps the host's available memory fell below a policy's threshold. */
void policy_driver_host(struct daemon *daemon);
/* A process pass: processes outside containers. */
void policy_driver_tasks_begin(struct daemon *daemon);
void policy_driver_task(struct daemon *daemon, const struct task_sample *task);
/* Again, all processes: which other members a process group has that must not be ended with it. */
void policy_driver_task_beside(struct daemon *daemon, const struct task_sample *task,
			       bool contained);
void policy_driver_tasks_end(struct daemon *daemon, uint64_t now_ns);
/* A slot's OOM kill, end, restart. */
void policy_driver_oom(struct daemon *daemon, uint32_t slot);
void policy_driver_gone(struct daemon *daemon, uint32_t slot);
void policy_driver_restarted(struct daemon *daemon, uint32_t slot, uint64_t workload);
int policy_driver_grow(struct daemon *daemon, uint32_t capacity);
/* Our helper processes, which are never targets. */
enum policy_driver_helper { POLICY_DRIVER_SUPERVISOR, POLICY_DRIVER_RESOLVER };
void policy_driver_exempt(struct daemon *daemon, enum policy_driver_helper identity, pid_t pid);
/* From the supervisor: new policies (takes the descriptor), a command has ended. */
void policy_driver_rules(struct daemon *daemon, int fd);
int policy_driver_rules_fd(const struct daemon *daemon);      /* of the policies in force */
uint32_t policy_driver_policies(const struct daemon *daemon); /* how many */
void policy_driver_ran(struct daemon *daemon, const struct supervisor_message *message);
/* Does a policy test processes outside containers, or is the host short of memory? Then a process pass runs every second. */
bool policy_driver_wants_tasks(const struct daemon *daemon);

/* A manual action from the control socket: `client` gets its result by control_answer(). Returns 0: it is in flight; or the
 * status of a refused request, with one line. */
int policy_driver_by_hand(struct daemon *daemon, const struct hr_control_request *asked,
			  uint32_t uid, int client, char text[HR_CONTROL_TEXT]);

#endif
