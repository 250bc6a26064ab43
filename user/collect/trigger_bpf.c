// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * What BPF knows of the armed groups, and the late attaching of the programs that look at them.
 * The loader tried them all at the start and handed over their descriptors; a program is attached
 * by one system call, and detached by closing what that gave.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include "trigger_internal.h"
#include "base/cleanup.h"

/* Order of the reflex's programs in plan.c. */
enum { PROGRAM_COLD, PROGRAM_HOT };

static int map_of(const struct collector *s, enum loader_map map) { return s->loaded.map[map]; }

static int program(const struct collector *s, enum plan_signal_id id, unsigned int i)
{
	return triggers_variant(s, id)->late ? s->loaded.signal[id].link[i] : -1;
}

bool trigger_bpf_reflex(const struct collector *s)
{
	return program(s, SIGNAL_REFLEX, PROGRAM_COLD) >= 0;
}

static int hot_program(const struct collector *s)
{
	int fd = program(s, SIGNAL_REFLEX, PROGRAM_HOT);

	/* tells only what it finds in the maps: a tripwire to those that are armed so */
	return fd >= 0 || triggers_variant(s, SIGNAL_TRIPWIRE)->needs
		       ? fd
		       : program(s, SIGNAL_TRIPWIRE, 0);
}

static int find_program(const struct collector *s)
{
	return triggers_variant(s, SIGNAL_TRIPWIRE)->needs ? program(s, SIGNAL_TRIPWIRE, 0) : -1;
}

int trigger_bpf_set(struct collector *s, const struct trigger_slot *slot)
{
	int map = map_of(s, MAP_ARMED);

	if (map < 0)
		return 0;
	return bpf_map_update_elem(map, &slot->memcg_id, &slot->value, BPF_ANY) < 0 ? -errno : 0;
}

void trigger_bpf_unarm(struct collector *s, const struct trigger_slot *slot)
{
	if (map_of(s, MAP_ARMED) >= 0)
		bpf_map_delete_elem(map_of(s, MAP_ARMED), &slot->memcg_id);
}

/* And what was remembered of it. */
void trigger_bpf_drop(struct collector *s, const struct trigger_slot *slot)
{
	struct shot_key shot = {slot->memcg_id, slot->value.generation};
	static const enum loader_map maps[] = {MAP_ARMED_AT, MAP_ARMED_EMITTED};

	trigger_bpf_unarm(s, slot);
	for (size_t i = 0; i < ARRAY_SIZE(maps); i++)
		if (map_of(s, maps[i]) >= 0)
			bpf_map_delete_elem(map_of(s, maps[i]), &slot->memcg_id);
	if (map_of(s, MAP_SHOTS) >= 0)
		bpf_map_delete_elem(map_of(s, MAP_SHOTS), &shot);
}

void trigger_bpf_state(struct collector *s)
{
	struct armed_state state = {
		.count = s->triggers->count,
		.epoch = ++s->triggers->epoch,
		.granted = s->triggers->granted,
		.known = s->triggers->known,
	};
	__u32 zero = 0;

	if (map_of(s, MAP_ARMED_STATE) >= 0)
		bpf_map_update_elem(map_of(s, MAP_ARMED_STATE), &zero, &state, BPF_ANY);
}

int trigger_bpf_exempt(struct collector *s, const struct trigger_exempt *spare, bool exempt)
{
	struct exempt_key key = {.memcg_id = spare->memcg_id, .pid = spare->pid};
	int map = map_of(s, MAP_EXEMPT);

	if (map < 0)
		return -EOPNOTSUPP;
	if (exempt)
		return bpf_map_update_elem(map, &key, &spare->start_boottime_ns, BPF_ANY) < 0
			       ? (errno == E2BIG ? -ENOSPC : -errno)
			       : 0;
	bpf_map_delete_elem(map, &key);
	return 0;
}

bool trigger_bpf_shot(struct collector *s, const struct trigger_slot *slot)
{
	struct shot_key shot = {slot->memcg_id, slot->value.generation};
	__u64 when;

	return map_of(s, MAP_SHOTS) >= 0 &&
	       bpf_map_lookup_elem(map_of(s, MAP_SHOTS), &shot, &when) == 0;
}

/* The used-up shot, and where the timer looks. */
void trigger_bpf_copy(struct collector *to, struct collector *from, const struct trigger_slot *slot)
{
	struct shot_key shot = {slot->memcg_id, slot->value.generation};
	__u64 value;

	if (trigger_bpf_shot(from, slot) && map_of(to, MAP_SHOTS) >= 0) {
		value = 0;
		bpf_map_update_elem(map_of(to, MAP_SHOTS), &shot, &value, BPF_ANY);
	}
	if (map_of(from, MAP_ARMED_AT) >= 0 && map_of(to, MAP_ARMED_AT) >= 0 &&
	    bpf_map_lookup_elem(map_of(from, MAP_ARMED_AT), &slot->memcg_id, &value) == 0)
		bpf_map_update_elem(map_of(to, MAP_ARMED_AT), &slot->memcg_id, &value, BPF_ANY);
}

int trigger_bpf_attach(struct collector *s, bool hot)
{
	int *link = hot ? &s->triggers->hot : &s->triggers->cold;
	int fd = hot ? hot_program(s) : program(s, SIGNAL_REFLEX, PROGRAM_COLD);

	if (*link >= 0 || fd < 0)
		return 0;
	fd = bpf_raw_tracepoint_open(NULL, fd); /* it knows its tracepoint by BTF */
	if (fd < 0)
		return -errno;
	*link = fd;
	return 0;
}

void trigger_bpf_detach(struct collector *s, bool cold)
{
	if (s->triggers->hot >= 0)
		close(take_fd(s->triggers->hot));
	if (cold && s->triggers->cold >= 0)
		close(take_fd(s->triggers->cold));
}

int trigger_bpf_find(struct collector *s, int dir_fd)
{
	union bpf_iter_link_info info = {
		.cgroup = {.cgroup_fd = dir_fd, .order = BPF_CGROUP_ITER_SELF_ONLY},
	};
	DECLARE_LIBBPF_OPTS(bpf_link_create_opts, opts, .iter_info = &info,
			    .iter_info_len = sizeof(info));
	_cleanup_close_ int link = -1, walk = -1;
	char nothing[16];

	if (find_program(s) < 0)
		return 0;
	link = bpf_link_create(find_program(s), 0, BPF_TRACE_ITER, &opts);
	walk = link < 0 ? -1 : bpf_iter_create(link);
	if (walk < 0)
		return -errno;
	return read(walk, nothing, sizeof(nothing)) < 0 ? -errno : 0;
}
