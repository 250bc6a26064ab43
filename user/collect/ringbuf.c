// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Records and counters out of the BPF maps: the part of collect that runs on the loop. Nothing here
 * blocks or allocates once records_open() is through; nothing looks into what the records say.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include "trigger_internal.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "collect_internal.h"

static const __u32 record_bytes[RECORD_TYPES] = {
	[RECORD_OOM] = sizeof(struct record_oom),
	[RECORD_CGROUP_MKDIR] = sizeof(struct record_cgroup),
	[RECORD_CGROUP_RMDIR] = sizeof(struct record_cgroup),
	[RECORD_EXEC] = sizeof(struct record_process),
	[RECORD_EXIT] = sizeof(struct record_process),
	[RECORD_OOM_SCORE_ADJ] = sizeof(struct record_process),
	[RECORD_THRESHOLD] = sizeof(struct record_trigger),
	[RECORD_REFLEX] = sizeof(struct record_trigger),
};

/*
 * When a collector takes over from another one, both have been attached for a moment, and each wrote
 * its own record of what happened then. What the older one handed on is not handed on again: all up to its
 * newest record; and just after that, since the same event reaches the two a little apart, what is
 * the same as one of its last.
 */
#define TWIN_NS 1000000
static struct emitted {
	__u32 type;
	__u64 subject;
} emitted[16];
static unsigned int emitted_next;
static __u64 newest_emitted_ns;

static __u64 subject_of(const struct record *record)
{
	switch (record->type) {
	case RECORD_OOM:
		return ((const struct record_oom *)record)->victim.pid;
	case RECORD_CGROUP_MKDIR:
	case RECORD_CGROUP_RMDIR:
		return ((const struct record_cgroup *)record)->memcg_id;
	default:
		return ((const struct record_process *)record)->pid;
	}
}

static bool was_emitted(const struct collector *s, const struct record *record)
{
	if (record->time_ns <= s->skip_ns)
		return true;
	if (record->time_ns > s->skip_ns + TWIN_NS)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(emitted); i++)
		if (emitted[i].type == record->type && emitted[i].subject == subject_of(record))
			return true;
	return false;
}

static void remember_emitted(const struct record *record)
{
	emitted[emitted_next++ % ARRAY_SIZE(emitted)] =
		(struct emitted){record->type, subject_of(record)};
	if (record->time_ns > newest_emitted_ns)
		newest_emitted_ns = record->time_ns;
}

static int on_record(void *ctx, void *data, size_t bytes)
{
	const struct record *record = data;
	struct collector *s = ctx;

	if (bytes < sizeof(*record) || record->type >= RECORD_TYPES ||
	    !record_bytes[record->type] || bytes < record_bytes[record->type]) {
		s->damaged++;
		return 0;
	}
	/* A trigger is in one collector only, so only that one reports it. */
	if (record->type != RECORD_THRESHOLD && record->type != RECORD_REFLEX) {
		if (s->skip_ns && was_emitted(s, record))
			return 0;
		remember_emitted(record);
	}
	if (record->type == RECORD_REFLEX)
		s->triggers->killed++;
	/* What the reflex emptied may have been removed by the time that its record is read, which is in the other ring: that one first. */
	if (record->type == RECORD_CGROUP_RMDIR && s->trigger_ring)
		ring_buffer__consume(s->trigger_ring);
	s->fn(record, s->arg);
	return 0;
}

int records_open(struct collector *s)
{
	int cpus;

	if (s->loaded.map[MAP_RECORDS] < 0)
		return 0;
	cpus = libbpf_num_possible_cpus();
	if (cpus < 0)
		return cpus;
	s->cpus = cpus;
	s->lost_cpu = calloc(cpus, sizeof(*s->lost_cpu));
	s->ring = ring_buffer__new(s->loaded.map[MAP_RECORDS], on_record, s, NULL);
	if (!s->lost_cpu || !s->ring)
		return -ENOMEM;
	if (s->loaded.map[MAP_TRIGGER_RECORDS] < 0)
		return 0;
	/* A second view of that ring alone; both have the same positions, which are in the shared pages. */
	s->trigger_ring = ring_buffer__new(s->loaded.map[MAP_TRIGGER_RECORDS], on_record, s, NULL);
	if (!s->trigger_ring)
		return -ENOMEM;
	return ring_buffer__add(s->ring, s->loaded.map[MAP_TRIGGER_RECORDS], on_record, s);
}

void records_close(struct collector *s)
{
	ring_buffer__free(s->ring);
	ring_buffer__free(s->trigger_ring);
	free(s->lost_cpu);
}

int collect_record_fd(const struct collector *s)
{
	return s->ring ? ring_buffer__epoll_fd(s->ring) : -1;
}

int collect_consume(struct collector *s, void (*fn)(const struct record *record, void *arg),
		    void *arg)
{
	int n;

	if (!s->ring)
		return 0;
	if (s->follows) {
		s->skip_ns = s->first ? clock_mono_ns() : newest_emitted_ns;
		s->follows = false;
	}
	s->fn = fn;
	s->arg = arg;
	n = ring_buffer__consume(s->ring);
	return n < 0 ? n : 0;
}

__u64 collect_lost(struct collector *s)
{
	__u64 sum = s->damaged;

	if (s->loaded.map[MAP_LOST] < 0)
		return sum;
	for (__u32 index = 0; index < LOST_COUNT; index++) {
		if (bpf_map_lookup_elem(s->loaded.map[MAP_LOST], &index, s->lost_cpu) < 0)
			continue;
		for (unsigned int cpu = 0; cpu < s->cpus; cpu++)
			sum += s->lost_cpu[cpu];
	}
	return sum;
}

void collect_stalls(struct collector *s,
		    void (*fn)(__u64 memcg_id, const struct stall_value *value, void *arg),
		    void *arg)
{
	int map = s->loaded.map[MAP_STALLS];
	struct stall_value value;
	__u64 key, *last = NULL;

	/* A key that is deleted meanwhile makes the kernel start again: bounded by the table, and
	 * harmless. */
	for (__u32 n = 0;
	     map >= 0 && n < s->config.capacity && !bpf_map_get_next_key(map, last, &key); n++) {
		if (!bpf_map_lookup_elem(map, &key, &value))
			fn(key, &value, arg);
		last = &key;
	}
}

void collect_forget(struct collector *s, __u64 memcg_id)
{
	static const enum loader_map maps[] = {MAP_STALLS, MAP_PIDS, MAP_SEEN};

	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++)
		if (s->loaded.map[maps[i]] >= 0)
			bpf_map_delete_elem(s->loaded.map[maps[i]], &memcg_id);
}

int collect_host_counts(struct collector *s, struct host_counts *ret_counts)
{
	struct host_counts counts;
	__u32 zero = 0;

	if (s->loaded.map[MAP_HOST_COUNTS] < 0)
		return -EOPNOTSUPP;
	if (bpf_map_lookup_elem(s->loaded.map[MAP_HOST_COUNTS], &zero, &counts) < 0)
		return -errno;
	*ret_counts = counts;
	return 0;
}
