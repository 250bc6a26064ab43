/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The board as the policy engine sees it at one moment. Caller: the loop. */
#ifndef HEADROOM_DAEMON_POLICY_WORLD_H
#define HEADROOM_DAEMON_POLICY_WORLD_H

#include "containers.h"
#include "policy/engine.h"
#include "process_groups.h"

struct policy_world {
	struct containers *containers;
	const struct process_groups *groups;
	uint64_t self_memcg_id; /* the daemon's own cgroup; 0: the root */
	struct policy_snapshot snapshot;
};

/* Valid until the next call. */
const struct policy_snapshot *policy_world_now(struct policy_world *world);

#endif
