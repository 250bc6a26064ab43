/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Decisions over the past, printed: what policy_run.c drives and policy_lines.c tells. */
#ifndef HEADROOM_POLICY_LINES_H
#define HEADROOM_POLICY_LINES_H

#include "act/act.h"
#include "foresee/foresee.h"
#include "policy_run.h"

struct policy_run {
	struct policy_run_options options;
	struct act *act;
	struct policy_set *set;
	struct hr_slot *slot;
	uint32_t capacity, jobs;
	struct act_job job[ACT_JOBS];
	struct hr_host host;
	uint64_t now_ns, zero_ns;
	double t_offset; /* of a series' own time */
	bool recording;
	struct foresee_input last; /* of a series */
	uint64_t lives;
	/* told */
	bool head;
	uint64_t rungs[HR_RUNG_COUNT], emergencies, refused;
	bool fired[POLICY_MOST];
};

/* act_calls; arg is the run. */
void policy_line_order(const struct act_order *order, void *arg);
void policy_line_end(const struct act_end *end, void *arg);
void policy_line_not_taken(const struct act_order *order, enum hr_deed deed, enum hr_why why,
			   void *arg);
void policy_line_next(uint32_t slot, const struct policy *policy, enum hr_rung rung, void *arg);

#endif
