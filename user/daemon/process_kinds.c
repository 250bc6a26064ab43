// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "process_kinds.h"

/* Each of the process with this index; 0: none. */
static uint64_t group_key(const struct process_groups *groups, uint32_t i)
{
	const struct task_sample *task = groups->task[i];

	return task->pgid ? task->pgid : task->pid;
}

static uint64_t session_key(const struct process_groups *groups, uint32_t i)
{
	return groups->task[i]->sid;
}

/* The root cgroup is no unit, and what several users share is no program of one. */
static uint64_t cgroup_key(const struct process_groups *groups, uint32_t i)
{
	uint64_t id = groups->task[i]->memcg_id;

	return id > 1 && !groups->place[i].mixed ? id : 0;
}

uint32_t process_kinds_user(const struct process_groups *groups, uint32_t i)
{
	return process_place_user(&groups->place[i], groups->task[i]->user);
}

/* The host's services are all root's. Others have the same uid, and nothing in common. */
static uint64_t user_key(const struct process_groups *groups, uint32_t i)
{
	uint64_t user = process_kinds_user(groups, i);

	return user ? user << 32 | groups->place[i].unit : 0;
}

static uint64_t user_or_session(const struct process_groups *groups, uint32_t i)
{
	uint64_t user = process_kinds_user(groups, i);

	return user ? 1ULL << 32 | user : groups->task[i]->sid;
}

const struct process_kind process_kinds[PROCESS_KINDS] = {
	/* process groups last: what users and cgroups held is known by then */
	{PROCESSES_OF_SESSION, session_key, group_key},
	{PROCESSES_OF_USER, user_key, session_key},
	{PROCESSES_OF_CGROUP, cgroup_key, user_or_session},
	{PROCESSES_OF_GROUP, group_key, NULL},
};

static bool before(const struct process_groups *groups, size_t kind, uint16_t a, uint16_t b)
{
	uint64_t kx = process_kinds[kind].key(groups, a), ky = process_kinds[kind].key(groups, b);

	if (kx == ky && process_kinds[kind].part) {
		kx = process_kinds[kind].part(groups, a);
		ky = process_kinds[kind].part(groups, b);
	}
	return kx != ky ? kx < ky : a < b;
}

static void sift(struct process_groups *groups, size_t kind, uint32_t at, uint32_t n)
{
	uint16_t *order = groups->order, one = order[at];

	for (uint32_t child; (child = 2 * at + 1) < n; at = child) {
		if (child + 1 < n && before(groups, kind, order[child], order[child + 1]))
			child++;
		if (!before(groups, kind, one, order[child]))
			break;
		order[at] = order[child];
	}
	order[at] = one;
}

void process_kinds_sort(struct process_groups *groups,
			size_t kind) /* heapsort: qsort() may allocate */
{
	uint16_t *order = groups->order;

	for (uint32_t i = 0; i < groups->n_tasks; i++)
		order[i] = (uint16_t)i;
	for (uint32_t i = groups->n_tasks / 2; i-- > 0;)
		sift(groups, kind, i, groups->n_tasks);
	for (uint32_t i = groups->n_tasks; i-- > 1;) {
		uint16_t last = order[i];

		order[i] = order[0];
		order[0] = last;
		sift(groups, kind, 0, i);
	}
}
