// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* An event as JSON: the common keys, then the table of its type. docs/reference/events.md explains each
 * key. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "forecast/reason_text.h"
#include "json.h"
#include "format/enum_text.h"

#define FIELD(struct_, key_, get_, field_)                   \
	{                                                    \
		key_, get_, offsetof(struct struct_, field_) \
	}

/* A word of a table, from a 32-bit number. */
#define GET_WORD(name, word)                                                \
	static json_t *name(const struct record_text *from, const void *at) \
	{                                                                   \
		return json_word(word(*(const uint32_t *)at));              \
	}
GET_WORD(get_container_what, container_what_word)
GET_WORD(get_daemon_what, daemon_what_word)
GET_WORD(get_pressure_what, pressure_what_word)
GET_WORD(get_alarm_what, alarm_word)
GET_WORD(get_leak_what, forecast_leak_state_name)

/* trigger and victim have the same keys; a kill seen only as a counter has no pid: null. */
static json_t *get_oom_process(const struct record_text *from, const void *at)
{
	static const struct json_field fields[] = {
		FIELD(hr_oom_process, "pid", json_get_u32, pid),
		FIELD(hr_oom_process, "tid", json_get_u32, tid),
		FIELD(hr_oom_process, "comm", json_get_comm, comm),
		FIELD(hr_oom_process, "cmdline", json_get_text, cmdline),
		FIELD(hr_oom_process, "uid", json_get_u32, uid),
		FIELD(hr_oom_process, "oom_score_adj", json_get_i32, oom_score_adj),
		FIELD(hr_oom_process, "started", json_get_time, started_ns),
		FIELD(hr_oom_process, "anon_bytes", json_get_bytes, anon),
		FIELD(hr_oom_process, "file_bytes", json_get_bytes, file),
		FIELD(hr_oom_process, "shmem_bytes", json_get_bytes, shmem),
		FIELD(hr_oom_process, "swap_bytes", json_get_bytes, swap),
		FIELD(hr_oom_process, "pgtables_bytes", json_get_bytes, pgtables),
		FIELD(hr_oom_process, "cgroup", json_get_text, id.cgroup),
		FIELD(hr_oom_process, "cgroup_id", json_get_id, cgroup_id),
		{0},
	};
	const struct hr_oom_process *party = at;
	json_t *object;

	if (!party->pid)
		return json_null();
	object = json_object();
	json_fields(object, fields, from, party);
	json_fields(object, json_identity_fields, from, &party->id);
	return object;
}

static json_t *get_limit(const struct record_text *from, const void *at)
{
	const struct hr_event_oom_kill *oom = at;

	return json_pack("{so so so so so}", "level", json_word(hr_level_name(oom->level)),
			 "cgroup", json_get_text(from, &oom->limit_cgroup), "cgroup_id",
			 json_get_id(from, &oom->limit_cgroup_id), "usage_bytes",
			 json_get_bytes(from, &oom->limit_usage), "max_bytes",
			 json_get_bytes(from, &oom->limit_max));
}

static json_t *get_constraint(const struct record_text *from, const void *at)
{
	unsigned int constraint = *(const uint8_t *)at;

	return json_word(constraint == HR_CONSTRAINT_UNKNOWN ? NULL
							     : hr_constraint_name(constraint));
}

/* The kernel's bits, as its own log prints them. */
static json_t *get_gfp(const struct record_text *from, const void *at)
{
	uint64_t gfp = *(const uint64_t *)at;
	char text[24];

	if (gfp == HR_UNKNOWN)
		return json_null();
	snprintf(text, sizeof(text), "0x%" PRIx64, gfp);
	return json_string(text);
}

static json_t *get_order(const struct record_text *from, const void *at)
{
	int32_t order = *(const int32_t *)at;

	return order < 0 ? json_null() : json_integer(order);
}

static json_t *get_history(const struct record_text *from, const void *at)
{
	const struct hr_event_oom_kill *oom = at;
	json_t *array = json_array();

	for (size_t i = 0; i < oom->history_count && i < HR_OOM_HISTORY; i++)
		json_array_append_new(array, json_point(&oom->history[i], oom->created_ns));
	return array;
}

static json_t *get_oom_stats(const struct record_text *from, const void *at)
{
	const struct hr_event_oom_kill *oom = at;

	return json_pack("{so so so}", "risk",
			 oom->risk_centi == UINT16_MAX ? json_null()
						       : json_real(oom->risk_centi / 100.0),
			 "oom_in_seconds", json_get_ms(from, &oom->oom_in_p50_ms),
			 "warned_seconds_before", json_get_ms(from, &oom->warned_before_ms));
}

/* What the reflex did, if a policy wants one for the victim's cgroup or one above it. */
static json_t *get_reflex(const struct record_text *from, const void *at)
{
	const struct hr_event_oom_kill *oom = at;

	if (oom->reflex == HR_REFLEX_NONE)
		return json_null();
	return json_pack("{so so so so}", "state", json_word(reflex_word(oom->reflex)),
			 "armed_seconds_before", json_get_ms(from, &oom->armed_before_ms),
			 "killed_seconds_before", json_get_ms(from, &oom->reflex_before_ms),
			 "killed_pid",
			 oom->reflex_pid ? json_integer(oom->reflex_pid) : json_null());
}

static json_t *get_oom_flags(const struct record_text *from, const void *at)
{
	static const struct {
		uint8_t flag;
		const char *word;
	} flags[] = {{HR_OOM_GROUP, "group"},
		     {HR_OOM_INFERRED, "inferred"},
		     {HR_OOM_COUNTED, "counted"},
		     {HR_OOM_PARENT_WARNED, "parent_warned"},
		     {HR_OOM_SYSRQ, "sysrq"}};
	json_t *array = json_array();

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (*(const uint8_t *)at & flags[i].flag)
			json_array_append_new(array, json_string(flags[i].word));
	return array;
}

static json_t *get_processes(const struct record_text *from, const void *at)
{
	uint32_t more = *(const uint32_t *)at;

	return more == HR_UNKNOWN_U32 ? json_null() : json_integer(1 + (json_int_t)more);
}

static json_t *get_not_acted(const struct record_text *from, const void *at)
{
	const struct hr_event_oom_kill *oom = at;

	return oom->policy.at
		       ? json_pack("{so so}", "name", json_get_text(from, &oom->policy),
				   "not_acted", json_word(hr_skip_reason_name(oom->not_acted)))
		       : json_null();
}

#define OOM(key_, get_, field_) FIELD(hr_event_oom_kill, key_, get_, field_)
static const struct json_field oom_fields[] = {
	OOM("trigger", get_oom_process, trigger),
	OOM("victim", get_oom_process, victim),
	{"limit", get_limit, 0},
	OOM("constraint", get_constraint, constraint),
	OOM("gfp", get_gfp, gfp),
	OOM("order", get_order, order),
	{"history", get_history, 0},
	{"forecast", get_oom_stats, 0},
	{"reflex", get_reflex, 0},
	OOM("flags", get_oom_flags, flags),
	OOM("processes", get_processes, more),
	{"policy", get_not_acted, 0},
	{0},
};

#define FORECAST_FIELDS(get_)                                                                      \
	{                                                                                          \
		FIELD(hr_event_forecast, "from", get_, from),                                      \
			FIELD(hr_event_forecast, "to", get_, to),                                  \
			FIELD(hr_event_forecast, "usage_bytes", json_get_bytes, usage),            \
			FIELD(hr_event_forecast, "headroom_bytes", json_get_bytes, headroom), {0}, \
	}
static const struct json_field risk_fields[] = FORECAST_FIELDS(get_alarm_what);
static const struct json_field leak_fields[] = FORECAST_FIELDS(get_leak_what);

#define OUTCOME(key_, get_, field_) FIELD(hr_event_outcome, key_, get_, field_)
static const struct json_field outcome_fields[] = {
	OUTCOME("ref", json_get_bytes, ref),
	OUTCOME("freed_bytes", json_get_bytes, freed),
	OUTCOME("freed_after_seconds", json_get_ms, freed_after_ms),
	OUTCOME("averted", json_get_u32_flag, averted),
	OUTCOME("restarted_after_seconds", json_get_ms, restarted_after_ms),
	{0},
};

#define PRESSURE(key_, get_, field_) FIELD(hr_event_pressure, key_, get_, field_)
static const struct json_field pressure_fields[] = {
	PRESSURE("what", get_pressure_what, what),
	PRESSURE("pressure", json_get_pressure, pressure),
	PRESSURE("usage_bytes", json_get_bytes, usage),
	PRESSURE("limit_bytes", json_get_bytes, limit),
	{0},
};

#define CONTAINER(key_, get_, field_) FIELD(hr_event_container, key_, get_, field_)
static const struct json_field container_fields[] = {
	CONTAINER("what", get_container_what, what),
	CONTAINER("restarts", json_get_u32, restarts),
	CONTAINER("oom_kills_total", json_get_bytes, oom_kills_total),
	CONTAINER("uptime_seconds", json_get_ms, uptime_ms),
	CONTAINER("peak_bytes", json_get_bytes, peak),
	CONTAINER("former_name", json_get_text, former_name),
	{0},
};

#define DAEMON(key_, get_, field_) FIELD(hr_event_daemon, key_, get_, field_)
static const struct json_field daemon_fields[] = {
	DAEMON("what", get_daemon_what, what),
	DAEMON("count", json_get_bytes, count),
	DAEMON("text", json_get_text, text),
	{0},
};

#define ADJ(key_, get_, field_) FIELD(hr_event_oom_score_adj, key_, get_, field_)
static const struct json_field adj_fields[] = {
	ADJ("pid", json_get_u32, pid),
	ADJ("comm", json_get_comm, comm),
	ADJ("oom_score_adj", json_get_i32, oom_score_adj),
	{0},
};

static json_t *get_regions(const struct record_text *from, const void *at)
{
	static const struct json_field fields[] = {
		FIELD(hr_map_region, "name", json_get_text, name),
		FIELD(hr_map_region, "mappings", json_get_u32, mappings),
		FIELD(hr_map_region, "resident_bytes", json_get_bytes, resident),
		FIELD(hr_map_region, "swap_bytes", json_get_bytes, swap),
		FIELD(hr_map_region, "growth_bytes", json_get_rate, growth),
		{0},
	};
	const struct hr_event_memory_map *map = at;
	json_t *array = json_array();

	for (size_t i = 0; i < map->regions && i < HR_MAP_REGIONS; i++) {
		json_t *region =
			json_pack("{so}", "kind", json_word(hr_map_kind_name(map->region[i].kind)));

		json_fields(region, fields, from, &map->region[i]);
		json_array_append_new(array, region);
	}
	return array;
}

#define MAP(key_, get_, field_) FIELD(hr_event_memory_map, key_, get_, field_)
static const struct json_field map_fields[] = {
	MAP("pid", json_get_u32, pid),
	MAP("comm", json_get_comm, comm),
	MAP("mappings", json_get_u32, mappings),
	MAP("resident_bytes", json_get_bytes, resident),
	MAP("swap_bytes", json_get_bytes, swap),
	MAP("since_seconds", json_get_ms, since_ms),
	MAP("growth_bytes", json_get_rate, growth),
	MAP("took_seconds", json_get_ns, took_ns),
	{"regions", get_regions, 0},
	{0},
};

/* A record shorter than its type's struct comes from an older daemon, or is damaged: it has only the keys of all events. */
static const struct {
	const struct json_field *fields;
	size_t least_bytes;
} types[HR_EVENT_COUNT] = {
	[HR_EVENT_OOM_KILL] = {oom_fields, sizeof(struct hr_event_oom_kill)},
	[HR_EVENT_RISK] = {risk_fields, sizeof(struct hr_event_forecast)},
	[HR_EVENT_LEAK] = {leak_fields, sizeof(struct hr_event_forecast)},
	[HR_EVENT_ACTION] = {json_action_fields, sizeof(struct hr_event_action)},
	[HR_EVENT_OUTCOME] = {outcome_fields, sizeof(struct hr_event_outcome)},
	[HR_EVENT_PRESSURE] = {pressure_fields, sizeof(struct hr_event_pressure)},
	[HR_EVENT_CONTAINER] = {container_fields, sizeof(struct hr_event_container)},
	[HR_EVENT_DAEMON] = {daemon_fields, sizeof(struct hr_event_daemon)},
	[HR_EVENT_OOM_SCORE_ADJ] = {adj_fields, sizeof(struct hr_event_oom_score_adj)},
	[HR_EVENT_MEMORY_MAP] = {map_fields, sizeof(struct hr_event_memory_map)},
};

static const struct json_field *type_fields(const struct hr_event *event)
{
	return event->type < HR_EVENT_COUNT && event->bytes >= types[event->type].least_bytes
		       ? types[event->type].fields
		       : NULL;
}

static void add_head(json_t *object, const struct hr_event *event, const char *node)
{
	const char *type = hr_event_type_name(event->type);
	char instance[24];

	snprintf(instance, sizeof(instance), "%016" PRIx64, event->instance);
	json_object_set_new(object, "schema", json_string("headroom.event/2"));
	json_object_set_new(object, "instance", json_string(instance));
	json_object_set_new(object, "seq", json_get_bytes(NULL, &event->seq));
	json_object_set_new(object, "time", json_get_time(NULL, &event->time_ns));
	json_object_set_new(object, "node", json_clean(node && *node ? node : NULL, SIZE_MAX));
	json_object_set_new(object, "type", json_word(type));
	json_object_set_new(object, "severity", json_word(hr_severity_name(event->severity)));
}

json_t *json_event(const struct hr_event *event, const char *node)
{
	static const struct json_field subject_fields[] = {
		FIELD(hr_event, "cgroup", json_get_text, id.cgroup),
		FIELD(hr_event, "cgroup_id", json_get_id, cgroup_id),
		{0},
	};
	struct record_text from = record_text_event(event);
	const struct json_field *fields = type_fields(event);
	json_t *object = json_object();

	if (!object)
		return NULL;
	add_head(object, event, node);
	json_fields(object, subject_fields, &from, event);
	json_fields(object, json_identity_fields, &from, &event->id);
	if (fields)
		json_fields(object, fields, &from, event);
	if (fields == risk_fields || fields == leak_fields)
		json_fields(object, json_forecast_fields, &from,
			    &((const struct hr_event_forecast *)event)->forecast);
	return object;
}
