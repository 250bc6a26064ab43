/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Shared by policy_driver.c, action.c, outcome.c and manual_action.c: the engine, enforce and their tables. Fixed tables,
 * touched at start.
 */
#ifndef HEADROOM_DAEMON_POLICY_DRIVER_STATE_H
#define HEADROOM_DAEMON_POLICY_DRIVER_STATE_H

#include "policy/engine.h"
#include "enforce/enforce.h"
#include "action.h"
#include "outcome.h"
#include "policy_driver.h"
#include "trigger_sync.h"
#include "host_poll.h"
#include "process_groups.h"
#include "events.h"
#include "policy_memfd.h"

struct policy_driver {
	struct policy_engine *engine;
	struct enforce *enforce;
	struct rules rules;
	struct jobs jobs;
	struct trigger_sync trigger_sync;
	struct host_poll host_poll;
	struct policy_snapshot snapshot;
	uint64_t self_memcg_id;
	int deadline_fd;
	bool v1, settling, next_dirty, fresh;
	uint64_t next_tag, lost_actions;
	uint64_t lost_outcomes;         /* escalations whose place was reused before they ended */
	uint64_t lost_emitted, lost_ns; /* full tables: as last reported; monotonic */
	struct loop_watch w_enforce, w_deadline;
	struct pending_action action[ACTIONS_MAX];
	struct pending_outcome outcome[OUTCOMES_MAX];
};

const struct policy_snapshot *policy_driver_world(struct daemon *daemon);
struct engine_callbacks policy_driver_calls(struct daemon *daemon);
void policy_driver_start(struct daemon *daemon); /* the first policies take effect */

#endif
