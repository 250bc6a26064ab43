// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The threshold trigger by BPF timer: reads the page counters of the memcgs that have a trigger every
 * 1 to 5 ms, sooner the closer the closest of them is to its threshold, and reports one that is near
 * or over. It reports only. The timer ends by itself some seconds after the last trigger was removed,
 * and costs nothing then.
 *
 * A memcg is kept as a number, read by bpf_probe_read_kernel() and compared with its id each time: a
 * freed one reads as garbage with another id, never as a crossing.
 */
#include "trigger.bpf.h"

struct bpf_timer { /* UAPI */
	__u64 opaque[2];
} __attribute__((aligned(8)));

struct ticker_value {
	struct bpf_timer timer;
	u32 idle; /* ticks without any trigger */
	u32 reserved;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct ticker_value);
} ticker SEC(".maps");

/* memcg id → its struct mem_cgroup. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TRIGGER_ENTRIES);
	__type(key, u64);
	__type(value, u64);
} trigger_memcg SEC(".maps");

struct tick {
	u64 margin; /* bytes to the next level, the least of all groups */
};

__noinline u32 level_for(u64 usage, u64 near, u64 threshold)
{
	if (usage >= threshold)
		return EMITTED_OVER;
	return usage >= near ? EMITTED_NEAR : EMITTED_NOT;
}

/* Bytes to the next level; many: nothing more is to be found out there. */
__noinline u64 next_level(u64 usage, u64 near, u64 threshold)
{
	if (usage >= threshold)
		return RECORD_UNKNOWN - usage;
	return (usage >= near ? threshold : near) - usage;
}

static long tick_one(void *map, const u64 *key, struct trigger_value *value, struct tick *tick)
{
	u64 id = *key, *at = bpf_map_lookup_elem(&trigger_memcg, &id);
	enum emitted_level level = EMITTED_NOT;
	struct cgroup_subsys_state *css;
	struct crossing crossing;
	struct emitted_value *emitted;
	u64 next;

	if (!at)
		return 0;
	css = (struct cgroup_subsys_state *)*at;
	if (compat_css_id(css) != id || !crossing_look(&crossing, css, id))
		return 0;
	level = level_for(crossing.usage, crossing.near, crossing.threshold);
	next = next_level(crossing.usage, crossing.near, crossing.threshold);
	if (next < tick->margin)
		tick->margin = next;
	emitted = emitted_get(id);
	if (!emitted)
		return 0;
	/* A group that stays at a level is reported once. */
	if (level > emitted->level)
		crossing_report(&crossing, emitted, css, level, NULL, TRIGGER_HOOK_TIMER);
	else
		emitted->level = level;
	return 0;
}

static int tick_all(void *map, u32 *key, struct ticker_value *value)
{
	struct tick tick = {.margin = ~0ULL};
	struct triggers_state *state;
	u32 zero = 0;
	u64 next;

	state = bpf_map_lookup_elem(&triggers_state, &zero);
	if (!state)
		return 0;
	value->idle = state->count ? 0 : value->idle + 1;
	if (value->idle > TICK_IDLE)
		return 0;
	bpf_for_each_map_elem(&triggers, tick_one, &tick, 0);
	next = tick.margin / TICK_BYTES_PER_NS;
	next = next < TICK_LEAST_NS ? TICK_LEAST_NS : next > TICK_MOST_NS ? TICK_MOST_NS : next;
	if (!state->count)
		next = TICK_IDLE_NS;
	bpf_timer_start(&value->timer, next, 0);
	return 0;
}

#define CLOCK_MONOTONIC 1

/* User space runs it over the one group that has just got a trigger: stores where its memcg is, and
 * starts the timer if it does not run. Run over the root it only starts the timer. */
SEC("iter/cgroup")
int threshold_timer_find(struct bpf_iter__cgroup *ctx)
{
	struct cgroup *cgrp = ctx->cgroup;
	struct cgroup_subsys_state *css;
	struct ticker_value *value;
	u32 zero = 0;
	u64 id, at;

	if (!cgrp)
		return 0;
	css = compat_cgroup_css_direct(cgrp);
	if (!css)
		return 0;
	id = cgrp->kn->id;
	at = (u64)css;
	if (bpf_map_lookup_elem(&triggers, &id))
		bpf_map_update_elem(&trigger_memcg, &id, &at, BPF_ANY);
	value = bpf_map_lookup_elem(&ticker, &zero);
	if (!value)
		return 0;
	value->idle = 0;
	if (bpf_timer_init(&value->timer, &ticker, CLOCK_MONOTONIC) == 0)
		bpf_timer_set_callback(&value->timer, tick_all);
	bpf_timer_start(&value->timer, TICK_LEAST_NS, 0);
	return 0;
}
