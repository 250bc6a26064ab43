// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The tables of memory cgroup files and what is computed from several of them: see cgroup_files.h. No
 * I/O.
 *
 * Two counts of OOM kills: v2's memory.events has those of descendants, too, so that one kill
 * counts on every level up; memory.events.local counts it once, where the victim was
 * (own_oom_kills). v1 has local counters only.
 */
#include "cgroup_files.h"

#include <string.h>
#include "base/cleanup.h"

#define AT(member)  offsetof(struct reading, member)
#define ROW(member) offsetof(struct reading, s.member)
#define NUMBER(file, bits, to, fills)                                                             \
	{                                                                                         \
		.name = (file), .shape = MEMFILE_NUMBER, .flags = (bits),                         \
		.fields = &(const struct field){"", (to), FIELD_SET}, .count = 1, .fill = (fills) \
	}
#define FIELDS(file, bits, table, fills)                                                     \
	{                                                                                    \
		.name = (file), .shape = MEMFILE_FIELDS, .flags = (bits), .fields = (table), \
		.count = ARRAY_SIZE(table), .fill = (fills)                                  \
	}
#define NO_LIMIT (1ULL << 62) /* v1 writes PAGE_COUNTER_MAX, LONG_MAX rounded down to pages */

/* The entry of a field from its cell FROM_V2 or FROM_V1 (fields.def): in the table of memory.stat, or in that of files. */
#define STAT_ENTRY(at, from, ...) STAT_ENTRY_##from(at, __VA_ARGS__)
#define STAT_ENTRY_STAT(at, key)  {key, at, FIELD_SET},
#define STAT_ENTRY_STAT_SUM(at, one, two, three) \
	{one, at, FIELD_ADD}, {two, at, FIELD_ADD}, {three, at, FIELD_ADD},
#define STAT_ENTRY_OWN(...)
#define STAT_ENTRY_NONE(...)

#define FILE_ENTRY(at, from, ...)   FILE_ENTRY_##from(at, __VA_ARGS__)
#define FILE_ENTRY_NUMBER(at, file) NUMBER(file, 0, at, 0),
#define FILE_ENTRY_FILL(at, file)   NUMBER(file, 0, at, at),
#define FILE_ENTRY_LIMIT(at, file)  NUMBER(file, MEMFILE_LIMIT, at, 0),
#define FILE_ENTRY_OWN(...)
#define FILE_ENTRY_NONE(...)

static const struct field stat_v2[] = {
#define HR_MEMORY_STAT(name, unit, kind, meaning, bpf, v2, ...) HR_APPLY(STAT_ENTRY, ROW(name), v2)
#define HR_COUNTER(name, unit, kind, meaning, bpf, v2, ...)     HR_APPLY(STAT_ENTRY, ROW(name), v2)
#define HR_COUNTER_DERIVED(...)
#include <headroom/fields.def>
	/* before 5.18: the parts of `kernel` that are no field of their own; kernel_of_parts() */
	{"sec_pagetables", AT(kernel_parts), FIELD_ADD},
	{"slab", AT(kernel_parts), FIELD_ADD},
};

/* total_: with descendants, as v2 has it. */
static const struct field stat_v1[] = {
#define HR_MEMORY_STAT(name, unit, kind, meaning, bpf, v2, v1, ...) \
	HR_APPLY(STAT_ENTRY, ROW(name), v1)
#define HR_COUNTER(name, unit, kind, meaning, bpf, v2, v1, ...) HR_APPLY(STAT_ENTRY, ROW(name), v1)
#define HR_COUNTER_DERIVED(...)
#include <headroom/fields.def>
	{"total_swap", AT(stat_swap), FIELD_SET},
};

static const struct field events_v2[] = {
#define EVENT_ENTRY(at, from, key) {key, at, FIELD_SET},
#define HR_EVENT(name, unit, kind, meaning, bpf, v2, ...) \
	HR_APPLY(EVENT_ENTRY, ROW(event_##name), v2)
#include <headroom/fields.def>
};

static const struct field events_local_v2[] = {
	{"oom_kill", ROW(own_oom_kills), FIELD_SET},
	{"oom_group_kill", ROW(own_oom_groups), FIELD_SET}, /* 5.17 */
};

static const struct field populated_v2[] = {{"populated", AT(populated), FIELD_SET}};

static const struct field oom_v1[] = {
	{"under_oom", AT(under_oom), FIELD_SET},
	{"oom_kill", ROW(event_oom_kill), FIELD_SET},
};

static const struct memfile files_v2[] = {
	[MEMFILES_DIR] = {.name = "."},
/* usage first: [MEMFILES_USAGE] */
#define HR_MEMORY(name, unit, kind, meaning, bpf, v2, ...) HR_APPLY(FILE_ENTRY, ROW(name), v2)
#define HR_MEMORY_STAT(...)
#define HR_MEMORY_DERIVED(...)
#include <headroom/fields.def>
	FIELDS("memory.events", 0, events_v2, ROW(event_oom_kill)),            /* with all below */
	FIELDS("memory.events.local", 0, events_local_v2, ROW(own_oom_kills)), /* 5.2 and later */
	NUMBER("memory.oom.group", MEMFILE_KILLED, AT(oom_group), 0),          /* 4.19 */
	{.name = "memory.pressure", .shape = MEMFILE_PRESSURE, .fill = ROW(psi_some_us)},
	FIELDS("cgroup.events", 0, populated_v2, 0), /* before cgroup.procs */
	{.name = "cgroup.procs", .shape = MEMFILE_PIDS},
	FIELDS("memory.stat", MEMFILE_STAT, stat_v2, 0),
};

/* Soft limit is no limit: the kernel only reclaims there first. cgroup.procs: an open one
 * answers from a list that the kernel keeps for as long as it is asked for more than once a
 * second (CGROUP_PIDLIST_DESTROY_DELAY): always stale. */
static const struct memfile files_v1[] = {
	[MEMFILES_DIR] = {.name = "."},
#define HR_MEMORY(name, unit, kind, meaning, bpf, v2, v1, ...) HR_APPLY(FILE_ENTRY, ROW(name), v1)
#define HR_MEMORY_STAT(...)
#define HR_MEMORY_DERIVED(...)
#define HR_EVENT(name, unit, kind, meaning, bpf, v2, v1, ...) \
	HR_APPLY(FILE_ENTRY, ROW(event_##name), v1)
#include <headroom/fields.def>
	NUMBER("memory.memsw.usage_in_bytes", 0, AT(memsw), ROW(swap)),
	/* BPF knows the swap and its limit together, and the hang and the kills: an unknown limit may be none */
	NUMBER("memory.memsw.limit_in_bytes", MEMFILE_LIMIT, AT(memsw_limit), ROW(swap)),
	FIELDS("memory.oom_control", 0, oom_v1, ROW(event_oom_kill)),
	{.name = "cgroup.procs", .shape = MEMFILE_PIDS, .flags = MEMFILE_FRESH},
	FIELDS("memory.stat", MEMFILE_STAT, stat_v1, 0),
	NUMBER("memory.kmem.usage_in_bytes", MEMFILE_STAT, ROW(kernel), ROW(kernel)),
};

const struct memfiles *memfiles_of(enum cgroup_layout layout)
{
	static const struct memfiles v2 = {files_v2, ARRAY_SIZE(files_v2)},
				     v1 = {files_v1, ARRAY_SIZE(files_v1)};

	return layout == CGROUP_V2 ? &v2 : &v1;
}

void reading_init(struct reading *r)
{
	/* Every figure is a __u64 or __u32 of all ones; what is none is set right afterwards. */
	memset(r, 0xff, sizeof(*r));
	r->s.id = r->s.parent_id = 0;
	r->s.level = r->s.flags = r->s.reserved = 0;
}

void reading_forget_stat(struct reading *r)
{
	struct memcg_sample *s = &r->s;

	s->flags &= ~SAMPLE_STAT;
	r->kernel_parts = RECORD_UNKNOWN;
#define HR_MEMORY_STAT(name, ...) s->name = RECORD_UNKNOWN;
#define HR_COUNTER(name, ...)     s->name = RECORD_UNKNOWN;
#define HR_COUNTER_DERIVED(...)
#include <headroom/fields.def>
}

static void take_number(struct reading *r, const struct memfile *file, const char *text, size_t n)
{
	__u64 v;

	if (fields_number(text, n, &v) < 0)
		return;
	if ((file->flags & MEMFILE_LIMIT) && v >= NO_LIMIT)
		v = RECORD_UNKNOWN;
	*(__u64 *)((char *)r + file->fields->offset) = v;
}

static void take_pressure(struct reading *r, const char *text, size_t n)
{
	struct fields_pressure psi;

	fields_pressure(text, n, &psi);
	r->s.psi_some_us = psi.some_us;
	r->s.psi_full_us = psi.full_us;
	r->s.psi_some_avg10_centi = psi.some_avg10_centi;
	r->s.psi_full_avg10_centi = psi.full_avg10_centi;
}

void reading_take(struct reading *r, const struct memfile *file, const char *text, size_t n)
{
	switch (file->shape) {
	case MEMFILE_NUMBER:
		take_number(r, file, text, n);
		break;
	case MEMFILE_FIELDS:
		fields_parse(text, n, file->fields, file->count, r);
		break;
	case MEMFILE_PRESSURE:
		take_pressure(r, text, n);
		break;
	case MEMFILE_PIDS:
		break;
	}
}

bool reading_killed(const struct reading *r)
{
	return r->s.own_oom_groups == RECORD_UNKNOWN ||
	       (r->s.event_oom_kill != RECORD_UNKNOWN && r->s.event_oom_kill);
}

bool reading_wants(const struct reading *r, const struct memfile *file)
{
	if ((file->flags & MEMFILE_STAT) && !file->fill)
		return true;
	return file->fill && *(const __u64 *)((const char *)r + file->fill) == RECORD_UNKNOWN;
}

/* memory and memsw are read one after the other while both move: a difference below 0 is 0. */
static void finish_v1(struct reading *r)
{
	struct memcg_sample *s = &r->s;

	s->flags |= SAMPLE_V1;
	if (r->memsw != RECORD_UNKNOWN && s->usage != RECORD_UNKNOWN)
		s->swap = r->memsw > s->usage ? r->memsw - s->usage : 0;
	else if (s->swap == RECORD_UNKNOWN)
		s->swap = r->stat_swap;
	if (r->memsw_limit != RECORD_UNKNOWN && s->limit != RECORD_UNKNOWN)
		s->swap_limit = r->memsw_limit > s->limit ? r->memsw_limit - s->limit : 0;
	if (r->under_oom != RECORD_UNKNOWN && r->under_oom)
		s->flags |= SAMPLE_UNDER_OOM;
	else if (r->under_oom != RECORD_UNKNOWN)
		s->flags &= ~SAMPLE_UNDER_OOM;
}

/* Unknown where none of them is known: on v1. */
static __u64 kernel_of_parts(const struct reading *r)
{
	const __u64 parts[] = {r->kernel_parts, r->s.kernel_stack, r->s.page_tables, r->s.percpu,
			       r->s.vmalloc};
	__u64 sum = RECORD_UNKNOWN;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (parts[i] != RECORD_UNKNOWN &&
		    __builtin_add_overflow(sum == RECORD_UNKNOWN ? 0 : sum, parts[i], &sum))
			return RECORD_UNKNOWN - 1;
	return sum;
}

void reading_finish(struct reading *r, enum cgroup_layout layout)
{
	struct memcg_sample *s = &r->s;

	if (layout != CGROUP_V2) {
		finish_v1(r);
		s->own_oom_kills = s->event_oom_kill; /* v1 counts a group's own only */
	} else if (r->oom_group == 1) {
		s->flags |= SAMPLE_OOM_GROUP;
	}
	if (s->kernel == RECORD_UNKNOWN)
		s->kernel = kernel_of_parts(r);
	if (s->anon != RECORD_UNKNOWN && s->inactive_file != RECORD_UNKNOWN)
		s->flags |= SAMPLE_STAT;
}

void reading_members(struct reading *r)
{
	if (r->populated == 1)
		r->s.flags |= SAMPLE_POPULATED;
	if (r->s.pids != ~0U && r->s.pids)
		r->s.flags |= SAMPLE_HAS_TASKS | SAMPLE_POPULATED;
}
