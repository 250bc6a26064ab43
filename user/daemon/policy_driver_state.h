/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Shared by policy_driver*.c, manual_action.c and reflex.c. Fixed tables, touched at start. */
#ifndef HEADROOM_DAEMON_POLICY_DRIVER_STATE_H
#define HEADROOM_DAEMON_POLICY_DRIVER_STATE_H

#include "action.h"
#include "base/loop.h"
#include "exclusive.h"
#include "pause.h"
#include "policy_memfd.h"
#include "process_groups.h"
#include "trigger_sync.h"

struct policy_driver {
	struct containers *containers;
	struct loop *loop;
	struct config *config;
	void (*set_priority)(bool first, void *arg);
	void *arg;
	struct policy_engine *engine;
	struct enforce *enforce;
	struct rules rules;
	struct exclusive exclusive;
	struct pause pause;
	struct process_groups groups;
	struct policy_world world;
	struct trigger_sync triggers;
	int deadline_fd;
	bool settling, next_dirty;
	uint64_t lost_emitted, lost_ns; /* full tables: as last reported; monotonic */
	struct loop_watch w_enforce, w_deadline;
	struct actions actions; /* last: its table is only touched in part */
};

/* The parts take their pointers, once engine, enforce and policies are there. */
void policy_driver_connect(struct policy_driver *driver, const struct policy_driver_setup *setup);
struct engine_callbacks policy_driver_callbacks(struct policy_driver *driver);
void policy_driver_start(struct policy_driver *driver,
			 pid_t resolver_pid); /* the first policies take effect */

#endif
