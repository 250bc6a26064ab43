/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Threshold triggers: the maps that user/collect/trigger.c fills, live usage against the live
 * threshold, and the record. It reports; only reflex.bpf.c kills.
 */
#ifndef HEADROOM_TRIGGER_BPF_H
#define HEADROOM_TRIGGER_BPF_H

#include "common.bpf.h"

/* Not the common ring: a fork bomb fills that with its execs just when this matters. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, TRIGGER_RECORDS_BYTES);
} trigger_records SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TRIGGER_ENTRIES);
	__type(key, u64);
	__type(value, struct trigger_value);
} triggers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct triggers_state);
} triggers_state SEC(".maps");

/* When a group was last reported: near, over. User space drops the entry with the trigger. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TRIGGER_ENTRIES);
	__type(key, u64);
	__type(value, struct emitted_value);
} trigger_emitted SEC(".maps");

/* The generations of triggers that have killed. Inserting with BPF_NOEXIST is the compare-and-swap:
 * exactly one of all CPUs succeeds (BPF has an atomic of that kind since 5.12). A full map means no
 * kill. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4 * TRIGGER_ENTRIES);
	__type(key, struct fired_key);
	__type(value, u64);
} fired SEC(".maps");

/* How many times the reflex has killed, or is about to; compared with what is granted. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
} kills_taken SEC(".maps");

struct crossing {
	u64 id;                            /* of the memcg with the trigger */
	u64 usage, threshold, near, limit; /* bytes; no limit: RECORD_UNKNOWN */
	struct trigger_value
		trigger; /* a copy: the element may be reused for another key meanwhile */
};

#define CLIMB 16 /* levels at once */

/* CLIMB levels up; 0: past the root. Without a branch: each one in a loop multiplies what the verifier looks at. */
__noinline u64 climb(u64 at)
{
	struct cgroup_subsys_state *css = (void *)at;

	css = BPF_CORE_READ(css, parent, parent, parent, parent, parent, parent, parent, parent);
	return (u64)BPF_CORE_READ(css, parent, parent, parent, parent, parent, parent, parent,
				  parent);
}

/* The memcg at TRIGGER_LEVELS levels from the root above `at`, or `at` itself: those with a trigger are there at the deepest, and
 * an owner may nest further ones below as deep as it likes. 0: too deep, even so. */
__noinline u64 highest_below(u64 at)
{
	struct cgroup_subsys_state *css = (void *)at;
	int up = (int)BPF_CORE_READ(css, cgroup, level) - (int)TRIGGER_LEVELS + 1;

	for (u32 i = 0; i < TRIGGER_DEPTH / CLIMB && up >= CLIMB; i++, up -= CLIMB)
		css = (void *)climb((u64)css);
	for (u32 i = 0; i < CLIMB && up > 0; i++, up--)
		css = BPF_CORE_READ(css, parent);
	return up > 0 ? 0 : (u64)css;
}

/* Bytes; RECORD_UNKNOWN: no limit up to the root. Like the other functions with numbers for
 * pointers a global one: the verifier looks at it once, not at each call. */
__noinline u64 effective_limit(u64 at)
{
	struct cgroup_subsys_state *css = (void *)at;

	for (u32 i = 0; i < TRIGGER_LEVELS && css; i++) {
		u64 bytes = counter_bytes(BPF_CORE_READ(compat_memcg(css), memory.max));

		if (bytes != RECORD_UNKNOWN)
			return bytes;
		css = BPF_CORE_READ(css, parent);
	}
	return RECORD_UNKNOWN;
}

/* Arithmetic with branches stands in global functions, too: inlined into the timer's loop over all triggers each branch doubled the
 * verifier's states. On 7.3 that took 720,000 instructions and 310 MiB; 41,000 and 15 MiB is what it had before `near` came. */
__noinline u64 limit_for(u64 at, u64 limit_milli)
{
	return limit_milli ? effective_limit(at) : RECORD_UNKNOWN;
}

__noinline u64 threshold_for(u64 threshold, u64 limit, u64 limit_milli)
{
	if (!limit_milli)
		return threshold;
	return limit == RECORD_UNKNOWN ? RECORD_UNKNOWN : limit * limit_milli / 1000;
}

__noinline u64 near_for(u64 near, u64 threshold)
{
	return near == RECORD_UNKNOWN && threshold != RECORD_UNKNOWN ? threshold / 4 * 3 : near;
}

/* Fills *ret for the memcg `css`; false: it has no trigger. */
static __always_inline bool crossing_look(struct crossing *ret, struct cgroup_subsys_state *css,
					  u64 id)
{
	struct trigger_value *trigger_now = bpf_map_lookup_elem(&triggers, &id);

	if (!trigger_now)
		return false;
	ret->trigger = *trigger_now;
	ret->id = id;
	ret->usage = (u64)BPF_CORE_READ(compat_memcg(css), memory.usage.counter)
		     << config.page_shift;
	ret->limit = limit_for((u64)css, ret->trigger.limit_milli);
	ret->threshold =
		threshold_for(ret->trigger.threshold, ret->limit, ret->trigger.limit_milli);
	ret->near = near_for(ret->trigger.near, ret->threshold);
	return true;
}

/* Is the trigger that *crossing was read with still in force? */
static __always_inline bool crossing_stands(const struct crossing *crossing)
{
	struct trigger_value *now = bpf_map_lookup_elem(&triggers, &crossing->id);

	return now && now->generation == crossing->trigger.generation &&
	       now->threshold == crossing->trigger.threshold &&
	       now->limit_milli == crossing->trigger.limit_milli &&
	       now->flags == crossing->trigger.flags;
}

static __always_inline struct record_trigger *
trigger_record(u32 type, const struct crossing *crossing, u32 hook)
{
	struct record_trigger *rec = bpf_ringbuf_reserve(&trigger_records, sizeof(*rec), 0);

	if (!rec) {
		lost_count(LOST_RING_FULL);
		return NULL;
	}
	__builtin_memset(rec, 0, sizeof(*rec));
	rec->r.type = type;
	rec->r.bytes = sizeof(*rec);
	rec->r.time_ns = bpf_ktime_get_ns();
	rec->memcg_id = crossing->id;
	rec->generation = crossing->trigger.generation;
	rec->usage = crossing->usage;
	rec->threshold = crossing->threshold;
	rec->limit = crossing->limit;
	rec->hook = hook;
	return rec;
}

/* Current, as the charging task. */
static __always_inline void trigger_record_task(struct record_trigger *rec,
						struct task_struct *task)
{
	rec->pid = bpf_get_current_pid_tgid() >> 32;
	rec->tid = (u32)bpf_get_current_pid_tgid();
	rec->task_memcg_id = compat_css_id(compat_task_css(task));
	rec->start_boottime_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	bpf_get_current_comm(rec->comm, sizeof(rec->comm));
}

static __always_inline struct emitted_value *emitted_get(u64 id)
{
	struct emitted_value first = {}, *emitted = bpf_map_lookup_elem(&trigger_emitted, &id);

	if (emitted)
		return emitted;
	bpf_map_update_elem(&trigger_emitted, &id, &first, BPF_NOEXIST);
	return bpf_map_lookup_elem(&trigger_emitted, &id);
}

/* Reports that the group is near, or over: at most once in TRIGGER_QUIET_NS. False: not reported.
 * `task`: current, or NULL. */
static __always_inline bool crossing_report(struct crossing *crossing,
					    struct emitted_value *emitted,
					    struct cgroup_subsys_state *css,
					    enum emitted_level level, struct task_struct *task,
					    u32 hook)
{
	u64 now = bpf_ktime_get_ns();
	struct record_trigger *rec;

	if (now - (level == EMITTED_OVER ? emitted->over_ns : emitted->near_ns) < TRIGGER_QUIET_NS)
		return false;
	emitted->near_ns = now;
	if (level == EMITTED_OVER)
		emitted->over_ns = now;
	emitted->level = level;
	if (crossing->limit == RECORD_UNKNOWN)
		crossing->limit = effective_limit((u64)css);
	rec = trigger_record(RECORD_THRESHOLD, crossing, hook);
	if (!rec)
		return true;
	if (level == EMITTED_NEAR) {
		rec->flags = RECORD_TRIGGER_NEAR;
		rec->threshold = crossing->near;
	}
	if (task)
		trigger_record_task(rec, task);
	bpf_ringbuf_submit(rec, RECORD_WAKES);
	return true;
}

#endif
