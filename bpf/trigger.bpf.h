/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What is armed, and by how much it is over: the maps that user/sense/arm.c fills, the climb from a
 * task's memory css to the armed groups above it, live usage against the live threshold, and the
 * record. Tells; hits nobody (that is reflex.bpf.c alone).
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
	__type(value, struct armed_value);
} armed SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct armed_state);
} armed_state SEC(".maps");

/* When a group was last told of: near, over. User space drops the entry with the arming. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TRIGGER_ENTRIES);
	__type(key, u64);
	__type(value, struct emitted_value);
} armed_emitted SEC(".maps");

/* The used-up shots. Inserting with BPF_NOEXIST is the compare-and-swap: exactly one of all CPUs
 * succeeds (an atomic of that kind BPF has only since 5.12). A full map means that nobody is hit.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4 * TRIGGER_ENTRIES);
	__type(key, struct shot_key);
	__type(value, u64);
} shots SEC(".maps");

/* Reflexes that have struck, or are about to; held against what is granted. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
} purse SEC(".maps");

struct crossing {
	u64 id;                      /* of the armed memcg */
	u64 usage, threshold, limit; /* bytes; no limit: RECORD_UNKNOWN */
	struct armed_value
		armed; /* a copy: the element may be reused for another key under our eyes */
};

/* Bytes; RECORD_UNKNOWN: no limit up to the root. Like the other functions with numbers for
 * pointers a global one: the verifier looks at it once, not at each call. */
__noinline u64 armed_limit(u64 at)
{
	struct cgroup_subsys_state *css = (void *)at;

	for (int i = 0; i < RECORD_LEVELS && css; i++) {
		u64 bytes = counter_bytes(BPF_CORE_READ(compat_memcg(css), memory.max));

		if (bytes != RECORD_UNKNOWN)
			return bytes;
		css = BPF_CORE_READ(css, parent);
	}
	return RECORD_UNKNOWN;
}

/* Fills *ret for the armed memcg `css`; false: it is not armed. */
static __always_inline bool crossing_look(struct crossing *ret, struct cgroup_subsys_state *css,
					  u64 id)
{
	struct armed_value *armed_now = bpf_map_lookup_elem(&armed, &id);

	if (!armed_now)
		return false;
	ret->armed = *armed_now;
	ret->id = id;
	ret->usage = (u64)BPF_CORE_READ(compat_memcg(css), memory.usage.counter)
		     << config.page_shift;
	ret->threshold = ret->armed.threshold;
	ret->limit = RECORD_UNKNOWN;
	if (ret->armed.limit_milli) {
		ret->limit = armed_limit((u64)css);
		ret->threshold = RECORD_UNKNOWN;
		if (ret->limit != RECORD_UNKNOWN)
			ret->threshold = ret->limit * ret->armed.limit_milli / 1000;
	}
	return true;
}

/* Is the arming that *crossing was looked at under still in force? */
static __always_inline bool crossing_stands(const struct crossing *crossing)
{
	struct armed_value *now = bpf_map_lookup_elem(&armed, &crossing->id);

	return now && now->generation == crossing->armed.generation &&
	       now->threshold == crossing->armed.threshold &&
	       now->limit_milli == crossing->armed.limit_milli &&
	       now->flags == crossing->armed.flags;
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
	rec->generation = crossing->armed.generation;
	rec->usage = crossing->usage;
	rec->threshold = crossing->threshold;
	rec->limit = crossing->limit;
	rec->hook = hook;
	return rec;
}

/* Current, as who charged. */
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
	struct emitted_value first = {}, *emitted = bpf_map_lookup_elem(&armed_emitted, &id);

	if (emitted)
		return emitted;
	bpf_map_update_elem(&armed_emitted, &id, &first, BPF_NOEXIST);
	return bpf_map_lookup_elem(&armed_emitted, &id);
}

/* Tells that the group is near, or over: at most once in TRIGGER_QUIET_NS. False: it was not told.
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
		crossing->limit = armed_limit((u64)css);
	rec = trigger_record(RECORD_TRIPWIRE, crossing, hook);
	if (!rec)
		return true;
	if (level == EMITTED_NEAR) {
		rec->flags = RECORD_TRIGGER_NEAR;
		rec->threshold = crossing->armed.near;
	}
	if (task)
		trigger_record_task(rec, task);
	bpf_ringbuf_submit(rec, RECORD_WAKES);
	return true;
}

#endif
