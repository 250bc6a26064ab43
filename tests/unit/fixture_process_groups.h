/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Passes over processes outside containers: begin(), a process each with add(), put() or put_in(), process_groups_end(), find(). Include it
 * once in a program. */
#ifndef HEADROOM_FIXTURE_PROCESS_GROUPS_H
#define HEADROOM_FIXTURE_PROCESS_GROUPS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "daemon/process_groups.h"

#define MIB    (1ull << 20)
#define OWN    77u
#define SECOND 1000000000ull

static struct process_groups groups;                       /* too large for a stack */
static struct task_sample tasks[2 * PROCESS_GROUPS_TASKS]; /* of a pass */
static uint32_t n_tasks;

static inline void begin(void)
{
	n_tasks = 0;
	process_groups_begin(&groups, OWN);
}

static inline struct task_sample *put(const struct task_sample *task, enum process_exempt exempt)
{
	tasks[n_tasks] = *task;
	process_groups_add(&groups, &tasks[n_tasks], &(struct process_facts){.exempt = exempt});
	return &tasks[n_tasks++];
}

static inline void put_in(const struct task_sample *task, struct process_place place)
{
	tasks[n_tasks] = *task;
	process_groups_add(&groups, &tasks[n_tasks++], &(struct process_facts){.place = place});
}

static inline void add(uint32_t pid, uint32_t pgid, uint64_t rss, const char *comm)
{
	struct task_sample task = {.pid = pid,
				   .pss = RECORD_UNKNOWN,
				   .pgid = pgid,
				   .rss = rss,
				   .memcg_id = 5,
				   .start_boottime_ns = pid * 1000ull};

	snprintf(task.comm, sizeof(task.comm), "%s", comm);
	put(&task, PROCESS_FREE);
}

static inline const struct process_group *find(uint32_t pgid)
{
	for (uint32_t i = 0; i < groups.n; i++)
		if (groups.group[i].pgid == pgid &&
		    groups.group[i].members.of == PROCESSES_OF_GROUP)
			return &groups.group[i];
	return NULL;
}

static inline const struct process_group *of(enum processes_of what)
{
	for (uint32_t i = 0; i < groups.n; i++)
		if (groups.group[i].members.of == what)
			return &groups.group[i];
	return NULL;
}

#endif
