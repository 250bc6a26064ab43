// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The tripwire by BPF timer: looks at the page counters of the armed groups every 1 to 5 ms, the
 * sooner the closer the closest of them is, and tells when one is near or over. Only tells. Ends
 * by itself some seconds after the last group was disarmed, and costs nothing then.
 *
 * A group's memcg is kept as a number, read by bpf_probe_read_kernel() and held against its id each
 * time: one that has gone reads as garbage with another id, never as a crossing.
 */
#include "trigger.bpf.h"

struct bpf_timer { /* UAPI */
	__u64 opaque[2];
} __attribute__((aligned(8)));

struct ticker_value {
	struct bpf_timer timer;
	u32 idle; /* ticks with nothing armed */
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
} armed_at SEC(".maps");

struct tick {
	u64 margin; /* bytes to whatever comes next, of all groups */
};

static long tick_one(void *map, const u64 *key, struct armed_value *value, struct tick *tick)
{
	u64 id = *key, *at = bpf_map_lookup_elem(&armed_at, &id);
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
	next = crossing.armed.near;
	if (crossing.usage >= next) {
		level = EMITTED_NEAR;
		next = crossing.threshold;
	}
	if (crossing.usage >= crossing.threshold) {
		level = EMITTED_OVER;
		next = RECORD_UNKNOWN; /* nothing more to be found out here */
	}
	if (next - crossing.usage < tick->margin)
		tick->margin = next - crossing.usage;
	emitted = emitted_get(id);
	if (!emitted)
		return 0;
	/* A group that stays where it is is told of once. */
	if (level > emitted->level)
		crossing_report(&crossing, emitted, css, level, NULL, TRIGGER_HOOK_TIMER);
	else
		emitted->level = level;
	return 0;
}

static int tick_all(void *map, u32 *key, struct ticker_value *value)
{
	struct tick tick = {.margin = ~0ULL};
	struct armed_state *state;
	u32 zero = 0;
	u64 next;

	state = bpf_map_lookup_elem(&armed_state, &zero);
	if (!state)
		return 0;
	value->idle = state->count ? 0 : value->idle + 1;
	if (value->idle > TICK_IDLE)
		return 0;
	bpf_for_each_map_elem(&armed, tick_one, &tick, 0);
	next = tick.margin / TICK_BYTES_PER_NS;
	next = next < TICK_LEAST_NS ? TICK_LEAST_NS : next > TICK_MOST_NS ? TICK_MOST_NS : next;
	if (!state->count)
		next = TICK_IDLE_NS;
	bpf_timer_start(&value->timer, next, 0);
	return 0;
}

#define CLOCK_MONOTONIC 1

/* Run by user space over the one group that it has just armed: where its memcg is. Starts the
 * timer, if it does not run; so run over the root does no more. */
SEC("iter/cgroup")
int tripwire_find(struct bpf_iter__cgroup *ctx)
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
	if (bpf_map_lookup_elem(&armed, &id))
		bpf_map_update_elem(&armed_at, &id, &at, BPF_ANY);
	value = bpf_map_lookup_elem(&ticker, &zero);
	if (!value)
		return 0;
	value->idle = 0;
	if (bpf_timer_init(&value->timer, &ticker, CLOCK_MONOTONIC) == 0)
		bpf_timer_set_callback(&value->timer, tick_all);
	bpf_timer_start(&value->timer, TICK_LEAST_NS, 0);
	return 0;
}
