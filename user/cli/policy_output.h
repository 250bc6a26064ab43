/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Prints the decisions of policy_replay.c. */
#ifndef HEADROOM_CLI_POLICY_OUTPUT_H
#define HEADROOM_CLI_POLICY_OUTPUT_H

#include "policy/engine.h"
#include "forecast/forecast.h"
#include "policy_replay.h"

struct policy_run {
	struct policy_run_options options;
	struct policy_engine *act;
	struct policy_set *set;
	struct hr_slot *slot;
	uint32_t capacity, jobs;
	struct process_group job[POLICY_PROCESS_GROUPS];
	struct hr_host host;
	uint64_t now_ns, zero_ns;
	double t_offset; /* of a series' own time */
	bool recording;
	struct forecast_input last; /* of a series */
	uint64_t runs;
	/* printed */
	bool head;
	uint64_t actions[HR_ACTION_COUNT], escalations, refused;
	bool fired[POLICY_MOST];
};

/* engine_callbacks; arg is the run. */
void policy_line_order(const struct action *order, void *arg);
void policy_line_outcome(const struct outcome *outcome, void *arg);
void policy_line_not_taken(const struct action *order, enum hr_action_status status,
			   enum hr_skip_reason reason, void *arg);
void policy_line_next(uint32_t slot, const struct policy *policy, enum hr_action_kind kind,
		      void *arg);

#endif
