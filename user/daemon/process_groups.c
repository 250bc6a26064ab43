// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Sorts the processes of a pass by what they have in common, then adds up each run: so no group is lost for want of room,
 * however many there are, and only the largest are kept. A process with an unknown group is a group by itself. Reads no file.
 */
#include "process_groups.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "process_kinds.h"

#define TASK_CONTAINED 0x40u /* beside the PGROUP_* of a process */
#define TASK_PROTECTED 0x80u
#define TASK_WISHED    0x100u
#define TASK_SPARED                                                                    \
	(PGROUP_INIT | PGROUP_SELF | PGROUP_RUNTIME | PGROUP_EXEMPT | TASK_CONTAINED | \
	 TASK_PROTECTED)
#define RECENT_NS \
	(3 *      \
	 NS_PER_SEC) /* what a group held counts for so long, and PROCESS_GROUPS_PASSES within it show that */
#define SPREAD \
	4 /* a part with this share of a session, cgroup or user explains it: that part is the target */

/* By the name of the executable, its first 15 characters; beside root in the initial namespaces: any user can call a process
 * or a program so. */
static const char *const runtimes[] = {
	"dockerd",        "docker-proxy", "containerd", "containerd-shim",
	"conmon",         "crio",         "kubelet",    "podman",
	"runc",           "crun",         "lxc-start",  "lxc-monitord",
	"systemd-nspawn", "k3s-server",
};

static bool is_runtime(const struct task_sample *task)
{
	for (size_t i = 0; task->flags & TASK_HOST_ROOT && i < ARRAY_SIZE(runtimes); i++)
		if (!strncmp(task->exe, runtimes[i], RECORD_COMM - 1))
			return true;
	return false;
}

static uint16_t flags_of(const struct task_sample *task, uint32_t own,
			 const struct process_facts *facts)
{
	uint32_t flags = task->pid == 1 ? PGROUP_INIT : 0;

	if (is_runtime(task))
		flags |= PGROUP_RUNTIME;
	if (task->pgid == own)
		flags |= PGROUP_SELF;
	if (task->oom_score_adj == PROCESS_GROUPS_EXEMPT)
		flags |= PGROUP_EXEMPT;
	if (facts->own_name)
		flags |= PGROUP_OWN_NAMES;
	if (facts->exempt != PROCESS_FREE)
		flags |= facts->exempt == PROCESS_CONTAINED ? TASK_CONTAINED
			 : facts->exempt == PROCESS_WISHED  ? TASK_WISHED
							    : TASK_PROTECTED;
	return (uint16_t)flags;
}

static uint32_t slot_of(uint64_t key)
{
	return (uint32_t)((key * 0x9e3779b97f4a7c15ULL) >> 32) % PROCESS_GROUPS_TASKS;
}

void process_groups_begin(struct process_groups *groups, uint32_t own)
{
	groups->n_tasks = 0;
	groups->own = own;
	memset(groups->mm, 0, sizeof(groups->mm));
}

/* Processes with the same memory (CLONE_VM): only the first counts. */
static bool has_memory(struct process_groups *groups, uint64_t mm)
{
	uint32_t home = slot_of(mm);

	for (uint32_t i = 0; mm && i < 16; i++) {
		uint64_t *at = &groups->mm[(home + i) % PROCESS_GROUPS_TASKS];

		if (*at == mm)
			return false;
		if (!*at) {
			*at = mm;
			break;
		}
	}
	return true;
}

void process_groups_add(struct process_groups *groups, const struct task_sample *task,
			const struct process_facts *facts)
{
	if (groups->n_tasks == PROCESS_GROUPS_TASKS) {
		groups->lost++;
		return;
	}
	if (!has_memory(groups, task->mm))
		return;
	groups->flags[groups->n_tasks] = flags_of(task, groups->own, facts);
	groups->place[groups->n_tasks] = facts->place;
	groups->task[groups->n_tasks++] = task;
}

/* ---- one run */

static uint64_t max(uint64_t a, uint64_t b) { return a > b ? a : b; }

/* How many processes this row counts as: small ones are sampled. */
static uint64_t count_of(const struct task_sample *task) { return task->weight ? task->weight : 1; }

/* Returns what the process weighs by itself, to find the largest. */
static uint64_t add_memory(struct process_groups_sum *sum, const struct task_sample *task)
{
	uint64_t n = count_of(task);
	uint64_t shared = task->file + task->shmem;
	uint64_t anon = task->rss > shared ? task->rss - shared : 0;

	if (task->pss != HR_UNKNOWN) {
		sum->pss += n * task->pss;
		sum->pss_rss += n * task->rss;
		return task->pss;
	}
	sum->rss += n * task->rss;
	sum->anon += n * anon;
	sum->file_most = max(sum->file_most, task->file);
	sum->shmem_most = max(sum->shmem_most, task->shmem);
	return task->rss;
}

static uint64_t memory_of(const struct process_groups_sum *sum)
{
	uint64_t rest = sum->anon + sum->file_most + sum->shmem_most, as_others = rest;

	if (sum->pss_rss)
		as_others = (uint64_t)((double)sum->rss * (double)sum->pss / (double)sum->pss_rss);
	return sum->pss + (as_others < rest ? as_others : rest);
}

/* Of more than fit the smallest gives way. Returns which place is the one's; n: none. */
static uint32_t place_for(const uint64_t *rss, uint8_t *n, uint32_t most, uint64_t mine)
{
	uint32_t least = 0;

	if (*n < most)
		return (*n)++;
	for (uint32_t i = 1; i < most; i++)
		if (rss[i] < rss[least])
			least = i;
	return rss[least] < mine ? least : most;
}

static void add_name(struct process_group *group, const char comm[RECORD_COMM], uint64_t rss)
{
	uint32_t i = 0;

	while (i < group->n_names && memcmp(group->name[i], comm, RECORD_COMM) != 0)
		i++;
	if (i < group->n_names) {
		group->name_rss[i] += rss;
		return;
	}
	i = place_for(group->name_rss, &group->n_names, PGROUP_NAMES, rss);
	if (i == PGROUP_NAMES)
		return;
	memcpy(group->name[i], comm, RECORD_COMM);
	group->name_rss[i] = rss;
}

static void add_cgroup(struct process_group *group, uint64_t memcg_id, uint64_t rss)
{
	uint32_t i = 0;

	while (i < group->n_in && group->in[i] != memcg_id)
		i++;
	if (i < group->n_in) {
		group->in_rss[i] += rss;
		return;
	}
	i = place_for(group->in_rss, &group->n_in, PGROUP_CGROUPS, rss);
	if (i == PGROUP_CGROUPS)
		return;
	group->in[i] = memcg_id;
	group->in_rss[i] = rss;
}

static void spare(struct process_group *group, const struct task_sample *task)
{
	struct process_members *members = &group->members;

	if (members->n_spared < PGROUP_SPARED)
		members->spared[members->n_spared++] = task->pid;
	else
		group->flags |= PGROUP_HOLDS_OTHERS;
}

/* Is it the largest so far? */
static bool add_task(struct process_group *group, struct process_groups_sum *sum,
		     const struct task_sample *task)
{
	uint64_t weight = add_memory(sum, task), n = count_of(task);

	group->processes += (uint32_t)n;
	if (task->start_boottime_ns < group->oldest_ns)
		group->oldest_ns = task->start_boottime_ns;
	add_name(group, task->comm, n * task->rss);
	add_cgroup(group, task->memcg_id, n * task->rss);
	if (group->pid && weight <= sum->largest)
		return false;
	sum->largest = weight;
	group->pid = task->pid;
	group->start_boottime_ns = task->start_boottime_ns;
	group->memcg_id = task->memcg_id;
	group->largest_rss = task->rss;
	memcpy(group->comm, task->comm, sizeof(group->comm));
	return true;
}

/* A run of the order: [from, to). */
struct run {
	size_t kind;
	uint32_t from, to;
	uint64_t key;
	bool all_spared, wish_granted;
	uint32_t largest; /* index of its largest process */
};

/* Does any other than the exempt processes belong to it? */
static bool all_spared(const struct process_groups *groups, const struct run *run)
{
	for (uint32_t i = run->from; i < run->to; i++)
		if (!(groups->flags[groups->order[i]] & TASK_SPARED))
			return false;
	return true;
}

/* A user's wish for some of its processes counts where the others hold at least as much, and few wish. */
static bool wish_granted(const struct process_groups *groups, const struct run *run)
{
	uint64_t wished = 0, others = 0;
	uint32_t n = 0;

	for (uint32_t i = run->from; i < run->to; i++) {
		const struct task_sample *task = groups->task[groups->order[i]];
		uint32_t flags = groups->flags[groups->order[i]];

		n += (flags & (TASK_WISHED | TASK_SPARED)) != 0;
		if (flags & TASK_WISHED)
			wished += count_of(task) * task->rss;
		else if (!(flags & TASK_SPARED))
			others += count_of(task) * task->rss;
	}
	return others && others >= wished && n <= PGROUP_SPARED;
}

static bool is_spared(const struct run *run, uint32_t flags)
{
	return (flags & TASK_SPARED && !run->all_spared) ||
	       (flags & TASK_WISHED && run->wish_granted);
}

static uint64_t largest_part(const struct process_groups *groups, const struct run *run)
{
	struct process_groups_sum sum = {0};
	uint64_t most = 0, part = 0;

	for (uint32_t i = run->from; process_kinds[run->kind].part && i < run->to; i++) {
		const struct task_sample *task = groups->task[groups->order[i]];
		uint64_t mine = process_kinds[run->kind].part(groups, groups->order[i]);

		if (is_spared(run, groups->flags[groups->order[i]]))
			continue;
		if (mine != part)
			sum = (struct process_groups_sum){0};
		part = mine;
		add_memory(&sum, task);
		most = max(most, memory_of(&sum));
	}
	return most;
}

static void add_run(const struct process_groups *groups, struct run *run,
		    struct process_group *group)
{
	struct process_groups_sum sum = {0};
	bool contained = false;

	for (uint32_t i = run->from; i < run->to; i++) {
		const struct task_sample *task = groups->task[groups->order[i]];
		uint32_t flags = groups->flags[groups->order[i]];

		/* The whole process group of PID 1 or of headroom is exempt, as nothing else can join it. */
		if (process_kinds[run->kind].of == PROCESSES_OF_GROUP)
			group->flags |= flags & (PGROUP_INIT | PGROUP_SELF);
		if (task->pid == group->pgid)
			group->leader_start_ns = task->start_boottime_ns;
		contained |= flags & TASK_CONTAINED;
		if (flags & TASK_CONTAINED)
			continue;
		if (is_spared(run, flags)) {
			spare(group, task);
			continue;
		}
		group->flags |= flags & (PGROUP_RUNTIME | PGROUP_EXEMPT);
		if (add_task(group, &sum, task)) {
			run->largest = groups->order[i];
			group->user = process_kinds_user(groups, groups->order[i]);
			group->unit = groups->place[groups->order[i]].unit;
			group->flags &= ~PGROUP_OWN_NAMES;
			group->flags |= flags & PGROUP_OWN_NAMES;
		}
	}
	group->rss = memory_of(&sum);
	if (!contained)
		return;
	group->members.n_cgroups = group->n_in;
	memcpy(group->members.cgroup, group->in, sizeof(group->in));
}

/* ---- from pass to pass */

/* Of a leader's start, too: the number may be another group's later. */
static uint64_t natural_key(size_t kind, uint64_t id, uint64_t leader_start_ns)
{
	if (leader_start_ns != HR_UNKNOWN)
		id ^= leader_start_ns << 22;
	return (id * 0x9e3779b97f4a7c15ULL ^ (uint64_t)(kind + 1) << 60) | 1;
}

static struct process_groups_seen *seen_at(struct process_groups *groups, uint32_t pass,
					   uint64_t key)
{
	uint32_t home = slot_of(key);

	for (uint32_t i = 0; i < 64; i++) {
		struct process_groups_seen *at =
			&groups->seen[pass][(home + i) % PROCESS_GROUPS_TASKS];

		if (at->key == key || !at->key)
			return at;
	}
	return NULL;
}

/* Began after the last pass: all that it holds has come since. */
static bool newborn(const struct process_groups *groups, const struct process_group *group)
{
	return group->start_boottime_ns > groups->pass_boot_ns &&
	       (group->leader_start_ns == HR_UNKNOWN ||
		group->leader_start_ns > groups->pass_boot_ns);
}

/* One that is new, began a moment ago, after what held most when its user or its cgroup held most, and that is most of what these have now, took the
 * place of what ended there: a program that hands on to a fresh process every moment has none that lasts. */
static void inherit(struct process_groups *groups, const struct run *run,
		    struct process_group *group, uint64_t boot_ns)
{
	for (size_t kind = 0; process_kinds[kind].part; kind++) {
		uint64_t key = process_kinds[kind].key(groups, run->largest);
		const struct process_groups_seen *whole =
			seen_at(groups, groups->now, natural_key(kind, key, HR_UNKNOWN));
		uint64_t before;

		if (!key || !whole || !whole->key || whole->recent <= whole->rss ||
		    group->rss < whole->rss / SPREAD ||
		    group->oldest_ns <= whole->recent_start_ns ||
		    group->oldest_ns + RECENT_NS < boot_ns)
			continue;
		before = whole->recent - whole->rss + group->rss;
		if (before > group->recent) {
			group->recent = before;
			group->recent_ns = whole->recent_ns;
		}
	}
}

/* What it held, if the process that held most is still in it or has ended: one that went to another group took its memory along. */
static bool held(const struct process_groups *groups, const struct run *run,
		 const struct process_groups_seen *seen)
{
	for (uint32_t i = 0; i < groups->n_tasks; i++)
		if (groups->task[i]->pid == seen->recent_pid &&
		    groups->task[i]->start_boottime_ns == seen->recent_start_ns)
			return process_kinds[run->kind].key(groups, i) == run->key;
	return true;
}

/* What it held in the last seconds, and how fast it grows. */
static void compare(struct process_groups *groups, const struct run *run,
		    struct process_group *group, uint64_t now_ns, uint64_t boot_ns)
{
	uint64_t number = natural_key(run->kind, run->key, HR_UNKNOWN);
	const struct process_groups_seen *seen = seen_at(groups, !groups->now, number);
	struct process_groups_seen *here = seen_at(groups, groups->now, number);
	uint64_t elapsed_ns = groups->pass_ns ? now_ns - groups->pass_ns : 0;
	double grown = (double)group->rss;
	bool known = seen && seen->key, same;
	struct process_groups_seen mine = {.key = number,
					   .leader_start_ns = group->leader_start_ns,
					   .rss = group->rss,
					   .recent = group->rss,
					   .recent_ns = now_ns,
					   .recent_start_ns = group->start_boottime_ns,
					   .recent_pid = group->pid};

	same = known && seen->leader_start_ns == group->leader_start_ns;
	if (same && seen->recent > group->rss && now_ns - seen->recent_ns < RECENT_NS &&
	    held(groups, run, seen)) {
		mine = *seen;
		mine.rss = group->rss;
		group->recent = seen->recent;
		group->recent_ns = seen->recent_ns;
	}
	if (!same && process_kinds[run->kind].of == PROCESSES_OF_GROUP) {
		inherit(groups, run, group, boot_ns);
		mine.recent = group->recent;
		mine.recent_ns = group->recent_ns;
	}
	if (here)
		*here = mine;
	if (!elapsed_ns || (known ? !same : !newborn(groups, group)))
		return;
	grown -= known ? (double)seen->rss : 0;
	group->growth_bytes_per_second = (int64_t)(grown * 1e9 / (double)elapsed_ns);
}

/* By insertion. */
static void keep_if_large(struct process_groups *groups, const struct process_group *group)
{
	uint32_t at = groups->n;

	while (at > 0 && groups->group[at - 1].recent < group->recent)
		at--;
	if (at == POLICY_PROCESS_GROUPS)
		return;
	if (groups->n < POLICY_PROCESS_GROUPS)
		groups->n++;
	memmove(&groups->group[at + 1], &groups->group[at],
		(groups->n - at - 1) * sizeof(*groups->group));
	groups->group[at] = *group;
}

static void take_run(struct process_groups *groups, struct run *run, uint64_t now_ns,
		     uint64_t boot_ns)
{
	bool whole = process_kinds[run->kind].part;
	struct process_group group = {
		.pgid = (uint32_t)run->key,
		.leader_start_ns = HR_UNKNOWN,
		.oldest_ns = HR_UNKNOWN,
		.age_ms = HR_UNKNOWN,
		.growth_bytes_per_second = HR_UNKNOWN_I64,
		.members = {.of = (uint8_t)process_kinds[run->kind].of, .id = (uint32_t)run->key}};

	run->all_spared = all_spared(groups, run);
	run->wish_granted = wish_granted(groups, run);
	if (whole && run->all_spared)
		return;
	add_run(groups, run, &group);
	if (!group.processes)
		return;
	group.recent = group.rss;
	group.recent_ns = now_ns;
	if (whole)
		group.leader_start_ns = HR_UNKNOWN;
	compare(groups, run, &group, now_ns, boot_ns);
	if (whole && largest_part(groups, run) >= group.rss / SPREAD)
		return;
	if (process_kinds[run->kind].of == PROCESSES_OF_USER) {
		group.pgid = group.members.id = (uint32_t)(run->key >> 32);
		group.members.unit = (uint32_t)run->key;
	}
	if (process_kinds[run->kind].of == PROCESSES_OF_CGROUP) {
		group.memcg_id = run->key;
		group.pgid = group.pid; /* an id of 32 bits is another cgroup's */
	}
	if (whole) /* what ended in it may have been another program's */
		group.recent = group.rss;
	group.key = natural_key(run->kind, run->key, group.leader_start_ns);
	if (group.oldest_ns < boot_ns)
		group.age_ms = (boot_ns - group.oldest_ns) / NS_PER_MS;
	keep_if_large(groups, &group);
}

static void take_kind(struct process_groups *groups, size_t kind, uint64_t now_ns, uint64_t boot_ns)
{
	struct run run = {.kind = kind};

	process_kinds_sort(groups, kind);
	for (run.from = 0; run.from < groups->n_tasks; run.from = run.to) {
		run.key = process_kinds[kind].key(groups, groups->order[run.from]);
		run.to = run.from + 1;
		while (run.to < groups->n_tasks &&
		       process_kinds[kind].key(groups, groups->order[run.to]) == run.key)
			run.to++;
		if (run.key)
			take_run(groups, &run, now_ns, boot_ns);
	}
}

static bool taken(const struct process_groups *groups, uint32_t n, uint64_t key)
{
	for (uint32_t i = 0; i < n; i++)
		if (groups->group[i].key == key)
			return true;
	return false;
}

/* A group keeps its key while its largest process is the same: a process that joins another group every moment is followed
 * by pid and start time. */
static void follow(struct process_groups *groups, uint64_t now_ns)
{
	for (uint32_t i = 0; i < groups->n; i++) {
		struct process_group *group = &groups->group[i];

		for (uint32_t k = 0; k < groups->n_before; k++) {
			const struct process_group *old = &groups->before[k];

			if (old->pid == group->pid && old->members.of == group->members.of &&
			    old->start_boottime_ns == group->start_boottime_ns &&
			    !taken(groups, i, old->key)) {
				group->key = old->key;
				if (old->members.of == PROCESSES_OF_GROUP &&
				    old->recent > group->recent &&
				    now_ns - old->recent_ns < RECENT_NS) {
					group->recent = old->recent;
					group->recent_ns = old->recent_ns;
				}
			}
		}
		/* Its number is a group's that was followed elsewhere. */
		if (taken(groups, i, group->key))
			group->key ^= group->start_boottime_ns << 1;
	}
	memcpy(groups->before, groups->group, sizeof(groups->before));
	groups->n_before = groups->n;
}

void process_groups_end(struct process_groups *groups, uint64_t now_ns, uint64_t boot_ns)
{
	groups->now = !groups->now;
	groups->n = 0;
	memset(groups->seen[groups->now], 0, sizeof(groups->seen[0]));
	for (size_t kind = 0; kind < PROCESS_KINDS; kind++)
		take_kind(groups, kind, now_ns, boot_ns);
	follow(groups, now_ns);
	groups->pass_ns = now_ns;
	groups->pass_boot_ns = boot_ns;
	groups->passes_ns[groups->n_passes++ % PROCESS_GROUPS_PASSES] = now_ns;
}

bool process_groups_new(const struct process_groups *groups, uint64_t now_ns)
{
	return groups->n_passes < PROCESS_GROUPS_PASSES ||
	       now_ns - groups->passes_ns[groups->n_passes % PROCESS_GROUPS_PASSES] > RECENT_NS;
}
