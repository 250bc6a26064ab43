/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Between policy/, which decides, and enforce/, which acts: gives the engine a snapshot after each sweep and each fast poll,
 * passes its actions to enforce's workers or the supervisor, their results back, and all of it to the board as `action` and
 * `outcome` events. Decides nothing. policy_driver_open() allocates everything. Caller: the loop.
 */
#ifndef HEADROOM_DAEMON_POLICY_DRIVER_H
#define HEADROOM_DAEMON_POLICY_DRIVER_H

#include <headroom/control.h>
#include "action.h"
#include "base/loop.h"
#include "oom_record.h"
#include "policy/config.h"
#include "trigger_sync.h"

struct policy_driver;

struct policy_driver_setup {
	struct containers *containers;
	struct collector *collector;
	struct loop *loop;
	struct config *config; /* its mode follows the policies */
	const struct action_ops *action_ops;
	/* With enforcing policies the daemon runs before other processes where CPU time is short. */
	void (*set_priority)(bool first, void *arg);
	void *arg; /* of both */
	int rules_fd;
	pid_t resolver_pid;
};

/* Start: restores what the previous daemon left set, opens engine and enforce, takes the policies. 0 or an exit status. */
int policy_driver_open(const struct policy_driver_setup *setup, struct policy_driver **ret_driver);
int policy_driver_watch(
	struct policy_driver *driver); /* adds its descriptors to the loop; 0 or -errno */
void policy_driver_close(struct policy_driver *driver); /* takes NULL */

/* New samples: of all (a sweep), or of one cgroup. Actions are dispatched by policy_driver_settle(), once after all of them. */
void policy_driver_swept(struct policy_driver *driver);
void policy_driver_read(struct policy_driver *driver, const struct track *track);
void policy_driver_settle(struct policy_driver *driver);
/* Between two sweeps the host's available memory fell below a policy's threshold. */
void policy_driver_host(struct policy_driver *driver);
/* A process pass. */
void policy_driver_processes(struct policy_driver *driver, const struct task_sample *tasks,
			     size_t n, uint64_t now_ns);
/* A cgroup has begun, or has a name now. */
void policy_driver_child(struct policy_driver *driver, const struct track *track);
/* An answer about it came: an action may have waited for it. */
void policy_driver_identified(struct policy_driver *driver, const struct track *track);
/* A cgroup's OOM kill (NULL: the host's), end, restart. */
void policy_driver_oom(struct policy_driver *driver, const struct track *track);
/* The memory cgroup of the daemon itself; 0: the root's, or not known. */
uint64_t policy_driver_self(const struct policy_driver *driver);
/* Before policy_driver_oom(): why no policy acted. */
void policy_driver_not_acted(struct policy_driver *driver, const struct track *subject, bool host,
			     struct pending_oom *pending);
void policy_driver_gone(struct policy_driver *driver, const struct track *track);
void policy_driver_restarted(struct policy_driver *driver, const struct track *track,
			     uint64_t workload);
/* The board grows to this capacity. 0 or -ENOMEM. */
int policy_driver_grow(struct policy_driver *driver, uint32_t capacity);
/* The daemon's helper processes, which are never targets. */
enum policy_driver_helper { POLICY_DRIVER_SUPERVISOR, POLICY_DRIVER_RESOLVER };
void policy_driver_exempt(struct policy_driver *driver, enum policy_driver_helper helper,
			  pid_t pid);
/* From the supervisor: new policies (takes the descriptor), a command has ended. */
void policy_driver_rules(struct policy_driver *driver, int fd);
void policy_driver_ran(struct policy_driver *driver, const struct supervisor_message *message);
int policy_driver_rules_fd(const struct policy_driver *driver); /* of the policies in force */
const struct policy_set *policy_driver_policies(const struct policy_driver *driver);
/* Were processes chosen because the host was short? Then the next choice may be near, and needs to know what they hold. */
bool policy_driver_chose_processes(const struct policy_driver *driver, uint64_t now_ns);
/* Does a policy test processes outside containers, or is the host near this threshold (bytes; 0: none)? Then a process pass
 * runs every second. */
bool policy_driver_wants_processes(const struct policy_driver *driver, uint64_t host_threshold);
/* What is armed: the worker's jobs carry it. */
struct trigger_sync *policy_driver_triggers(struct policy_driver *driver);

/* reflex.c: the kernel killed by itself. */
/* What the reflex of the cgroup or of the nearest above it did so far. */
void policy_driver_reflex_state(struct policy_driver *driver, uint64_t memcg_id,
				struct oom_reflex *ret);
void policy_driver_reflex(struct policy_driver *driver, const struct record_trigger *record,
			  const struct track *track);

/* exclusive.h: the worker's job takes the lock, where it is wanted and not held. */
bool policy_driver_ask_lock(struct policy_driver *driver, struct worker_job *job, uint64_t now_ns);
void policy_driver_take_lock(struct policy_driver *driver, struct worker_job *job);

/* pause.h: from the control socket. Returns the status of the answer, with one line. */
int policy_driver_pause(struct policy_driver *driver, const struct hr_control_request *asked,
			uint32_t uid, char text[HR_CONTROL_TEXT]);

/* manual_action.c: an action from the control socket; `client` gets its result by the answer op. Returns 0: it is in flight;
 * or the status of a refused request, with one line. */
int policy_driver_by_hand(struct policy_driver *driver, const struct hr_control_request *asked,
			  uint32_t uid, int client, char text[HR_CONTROL_TEXT]);

#endif
