// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The triggers in the BPF maps, and the late attaching of the programs that check them.
 * The loader tried them all at the start and handed over their descriptors; a program is attached
 * by one system call, and detached by closing what that gave.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include "trigger_internal.h"
#include "base/cleanup.h"

/* Order of the reflex's programs in attach_plan.c. */
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

	/* reports only what it finds in the maps: a trigger without reflex is reported alone */
	return fd >= 0 || triggers_variant(s, SIGNAL_THRESHOLD)->needs
		       ? fd
		       : program(s, SIGNAL_THRESHOLD, 0);
}

static int find_program(const struct collector *s)
{
	return triggers_variant(s, SIGNAL_THRESHOLD)->needs ? program(s, SIGNAL_THRESHOLD, 0) : -1;
}

int trigger_bpf_set(struct collector *s, const struct trigger_slot *slot)
{
	int map = map_of(s, MAP_TRIGGERS);

	if (map < 0)
		return 0;
	return bpf_map_update_elem(map, &slot->memcg_id, &slot->value, BPF_ANY) < 0 ? -errno : 0;
}

void trigger_bpf_remove(struct collector *s, const struct trigger_slot *slot)
{
	if (map_of(s, MAP_TRIGGERS) >= 0)
		bpf_map_delete_elem(map_of(s, MAP_TRIGGERS), &slot->memcg_id);
}

/* And what was remembered of it. */
void trigger_bpf_forget(struct collector *s, const struct trigger_slot *slot)
{
	struct fired_key fired = {slot->memcg_id, slot->value.generation};
	static const enum loader_map maps[] = {MAP_TRIGGER_MEMCG, MAP_TRIGGER_EMITTED};

	trigger_bpf_remove(s, slot);
	for (size_t i = 0; i < ARRAY_SIZE(maps); i++)
		if (map_of(s, maps[i]) >= 0)
			bpf_map_delete_elem(map_of(s, maps[i]), &slot->memcg_id);
	if (map_of(s, MAP_FIRED) >= 0)
		bpf_map_delete_elem(map_of(s, MAP_FIRED), &fired);
}

void trigger_bpf_state(struct collector *s)
{
	struct triggers_state state = {
		.count = s->triggers->count,
		.epoch = ++s->triggers->epoch,
		.granted = s->triggers->granted,
		.known = s->triggers->known,
	};
	__u32 zero = 0;

	if (map_of(s, MAP_TRIGGERS_STATE) >= 0)
		bpf_map_update_elem(map_of(s, MAP_TRIGGERS_STATE), &zero, &state, BPF_ANY);
}

int trigger_bpf_exempt(struct collector *s, const struct trigger_exempt *entry, bool exempt)
{
	struct exempt_key key = {.memcg_id = entry->memcg_id, .pid = entry->pid};
	int map = map_of(s, MAP_EXEMPT);

	if (map < 0)
		return -EOPNOTSUPP;
	if (exempt)
		return bpf_map_update_elem(map, &key, &entry->start_boottime_ns, BPF_ANY) < 0
			       ? (errno == E2BIG ? -ENOSPC : -errno)
			       : 0;
	bpf_map_delete_elem(map, &key);
	return 0;
}

bool trigger_bpf_fired(struct collector *s, const struct trigger_slot *slot)
{
	struct fired_key fired = {slot->memcg_id, slot->value.generation};
	__u64 when;

	return map_of(s, MAP_FIRED) >= 0 &&
	       bpf_map_lookup_elem(map_of(s, MAP_FIRED), &fired, &when) == 0;
}

/* Whether it has fired, and where the timer finds its memcg. */
void trigger_bpf_copy(struct collector *to, struct collector *from, const struct trigger_slot *slot)
{
	struct fired_key fired = {slot->memcg_id, slot->value.generation};
	__u64 value;

	if (trigger_bpf_fired(from, slot) && map_of(to, MAP_FIRED) >= 0) {
		value = 0;
		bpf_map_update_elem(map_of(to, MAP_FIRED), &fired, &value, BPF_ANY);
	}
	if (map_of(from, MAP_TRIGGER_MEMCG) >= 0 && map_of(to, MAP_TRIGGER_MEMCG) >= 0 &&
	    bpf_map_lookup_elem(map_of(from, MAP_TRIGGER_MEMCG), &slot->memcg_id, &value) == 0)
		bpf_map_update_elem(map_of(to, MAP_TRIGGER_MEMCG), &slot->memcg_id, &value,
				    BPF_ANY);
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
