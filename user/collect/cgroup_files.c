// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The tables of memory cgroup files and what is computed from several of them: see memfiles.h. No
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

/* In the order of the kernel's lines (mm/memcontrol.c, memory_stats[]). */
static const struct field stat_v2[] = {
	{"anon", ROW(anon), FIELD_SET},
	{"file", ROW(file), FIELD_SET},
	{"kernel", ROW(kernel), FIELD_SET}, /* 5.18 and later */
	{"kernel_stack", AT(kernel_parts), FIELD_ADD},
	{"pagetables", AT(kernel_parts), FIELD_ADD}, /* 5.11 */
	{"sec_pagetables", AT(kernel_parts), FIELD_ADD},
	{"percpu", AT(kernel_parts), FIELD_ADD},
	{"vmalloc", AT(kernel_parts), FIELD_ADD},
	{"shmem", ROW(shmem), FIELD_SET},
	{"file_dirty", ROW(file_dirty), FIELD_SET},
	{"file_writeback", ROW(file_writeback), FIELD_SET},
	{"inactive_file", ROW(inactive_file), FIELD_SET},
	{"active_file", ROW(active_file), FIELD_SET},
	{"slab_reclaimable", ROW(slab_reclaimable), FIELD_SET},
	{"slab", AT(kernel_parts), FIELD_ADD},
	{"workingset_refault_anon", ROW(refaults), FIELD_ADD},
	{"workingset_refault_file", ROW(refaults), FIELD_ADD},
};

/* total_: with descendants, as v2 has it. */
static const struct field stat_v1[] = {
	{"total_cache", ROW(file), FIELD_SET},
	{"total_rss", ROW(anon), FIELD_SET},
	{"total_shmem", ROW(shmem), FIELD_SET},
	{"total_dirty", ROW(file_dirty), FIELD_SET},
	{"total_writeback", ROW(file_writeback), FIELD_SET},
	{"total_workingset_refault_anon", ROW(refaults), FIELD_ADD},
	{"total_workingset_refault_file", ROW(refaults), FIELD_ADD},
	{"total_swap", AT(stat_swap), FIELD_SET},
	{"total_inactive_file", ROW(inactive_file), FIELD_SET},
	{"total_active_file", ROW(active_file), FIELD_SET},
};

static const struct field events_v2[] = {
	{"low", ROW(event_low), FIELD_SET},
	{"high", ROW(event_high), FIELD_SET},
	{"max", ROW(event_max), FIELD_SET},
	{"oom", ROW(event_oom), FIELD_SET},
	{"oom_kill", ROW(event_oom_kill), FIELD_SET},
	{"oom_group_kill", ROW(event_oom_group_kill), FIELD_SET}, /* 5.17 and later */
};

static const struct field events_local_v2[] = {{"oom_kill", ROW(own_oom_kills), FIELD_SET}};

static const struct field populated_v2[] = {{"populated", AT(populated), FIELD_SET}};

static const struct field oom_v1[] = {
	{"under_oom", AT(under_oom), FIELD_SET},
	{"oom_kill", ROW(event_oom_kill), FIELD_SET},
};

static const struct memfile files_v2[] = {
	[MEMFILES_DIR] = {.name = "."},
	[MEMFILES_USAGE] = NUMBER("memory.current", 0, ROW(usage), 0),
	NUMBER("memory.max", 0, ROW(limit), 0),
	NUMBER("memory.high", 0, ROW(high), 0),
	NUMBER("memory.low", 0, ROW(low), 0),
	NUMBER("memory.min", 0, ROW(min), 0),
	NUMBER("memory.peak", 0, ROW(peak), 0), /* 5.19 and later */
	NUMBER("memory.swap.current", 0, ROW(swap), ROW(swap)),
	NUMBER("memory.swap.max", 0, ROW(swap_limit), 0),
	FIELDS("memory.events", 0, events_v2, ROW(event_oom_kill)),            /* with all below */
	FIELDS("memory.events.local", 0, events_local_v2, ROW(own_oom_kills)), /* 5.2 and later */
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
	[MEMFILES_USAGE] = NUMBER("memory.usage_in_bytes", 0, ROW(usage), 0),
	NUMBER("memory.memsw.usage_in_bytes", 0, AT(memsw), ROW(swap)),
	NUMBER("memory.limit_in_bytes", MEMFILE_LIMIT, ROW(limit), 0),
	NUMBER("memory.memsw.limit_in_bytes", MEMFILE_LIMIT, AT(memsw_limit), ROW(swap_limit)),
	NUMBER("memory.max_usage_in_bytes", 0, ROW(peak), 0),
	NUMBER("memory.failcnt", 0, ROW(event_max), ROW(event_max)),
	FIELDS("memory.oom_control", 0, oom_v1, AT(under_oom)),
	{.name = "cgroup.procs", .shape = MEMFILE_PIDS, .flags = MEMFILE_FRESH},
	FIELDS("memory.stat", MEMFILE_STAT, stat_v1, 0),
	NUMBER("memory.kmem.usage_in_bytes", MEMFILE_STAT, ROW(kernel), 0),
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
	s->anon = s->file = s->shmem = s->kernel = s->slab_reclaimable = RECORD_UNKNOWN;
	s->active_file = s->inactive_file = s->file_dirty = s->file_writeback = RECORD_UNKNOWN;
	s->refaults = RECORD_UNKNOWN;
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

bool reading_wants(const struct reading *r, const struct memfile *file)
{
	if (file->flags & MEMFILE_STAT)
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

void reading_finish(struct reading *r, enum cgroup_layout layout)
{
	struct memcg_sample *s = &r->s;

	if (layout != CGROUP_V2) {
		finish_v1(r);
		s->own_oom_kills = s->event_oom_kill; /* v1 counts a group's own only */
	}
	if (s->kernel == RECORD_UNKNOWN)
		s->kernel = r->kernel_parts;
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
