// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* A container and the host as JSON. The tables below are the contract; docs/reference/json.md explains
 * each key. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "forecast/reason_text.h"
#include "json.h"
#include "format/enum_text.h"

#define SLOT(key_, get_, field_)                             \
	{                                                    \
		key_, get_, offsetof(struct hr_slot, field_) \
	}
#define HOST(key_, get_, field_)                             \
	{                                                    \
		key_, get_, offsetof(struct hr_host, field_) \
	}

/* A measured field, from its cell KEY (fields.def). */
#define FIELD(where, key, type, member) FIELD_##where(key, type, member)
#define FIELD_JSON(key, type, member)   {key, json_get_bytes, offsetof(type, member)},
#define FIELD_CSV(...)

static json_t *get_state(const struct record_text *from, const void *at)
{
	return json_word(state_word(*(const uint32_t *)at));
}

static json_t *get_runtime(const struct record_text *from, const void *at)
{
	return json_word(hr_runtime_name(*(const uint8_t *)at));
}

static json_t *get_kind(const struct record_text *from, const void *at)
{
	return json_word(kind_word(*(const uint8_t *)at));
}

#define IDENTITY(key_, field_)                                            \
	{                                                                 \
		key_, json_get_text, offsetof(struct hr_identity, field_) \
	}
const struct json_field json_identity_fields[] = {
	IDENTITY("name", name),
	{"runtime", get_runtime, offsetof(struct hr_identity, runtime)},
	IDENTITY("container_id", container_id),
	IDENTITY("image", image),
	IDENTITY("pod", pod),
	IDENTITY("namespace", namespace),
	IDENTITY("pod_uid", pod_uid),
	IDENTITY("container", container),
	IDENTITY("unit", unit),
	{0},
};

static json_t *get_binding(const struct record_text *from, const void *at)
{
	static const struct json_field fields[] = {
		{"cgroup", json_get_text, offsetof(struct hr_binding, cgroup)},
		{"limit_bytes", json_get_bytes, offsetof(struct hr_binding, limit)},
		{0},
	};
	const struct hr_binding *binding = at;
	json_t *object = json_object();

	json_object_set_new(object, "level", json_word(hr_level_name(binding->level)));
	json_fields(object, fields, from, binding);
	return object;
}

static json_t *get_counts(const struct record_text *from, const void *at)
{
	static const struct json_field fields[] = {
#define HR_EVENT(name, unit, kind, meaning, bpf, v2, v1, key, ...) \
	HR_APPLY(FIELD, key, struct hr_counts, name)
#include <headroom/fields.def>
		{0},
	};
	json_t *object = json_object();

	json_fields(object, fields, from, at);
	return object;
}

static json_t *get_oom_in(const struct record_text *from, const void *at)
{
	static const struct json_field fields[] = {
		{"p10", json_get_ms, offsetof(struct hr_forecast, oom_in_p10_ms)},
		{"p50", json_get_ms, offsetof(struct hr_forecast, oom_in_p50_ms)},
		{"p90", json_get_ms, offsetof(struct hr_forecast, oom_in_p90_ms)},
		{0},
	};
	const struct hr_forecast *forecast = at;
	json_t *object;

	if (forecast->oom_in_p10_ms == HR_UNKNOWN && forecast->oom_in_p50_ms == HR_UNKNOWN &&
	    forecast->oom_in_p90_ms == HR_UNKNOWN)
		return json_null();
	object = json_object();
	json_fields(object, fields, from, forecast);
	return object;
}

static json_t *get_risk(const struct record_text *from, const void *at)
{
	uint16_t centi = *(const uint16_t *)at;

	return centi == UINT16_MAX ? json_null() : json_real(centi / 100.0);
}

/* Without a forecast the confidence is unknown, not 0. */
static json_t *get_confidence(const struct record_text *from, const void *at)
{
	const struct hr_forecast *forecast = at;

	return forecast->risk_centi == UINT16_MAX ? json_null()
						  : json_real(forecast->confidence_milli / 1000.0);
}

static json_t *get_reasons(const struct record_text *from, const void *at)
{
	const struct hr_reason *reason = at;
	json_t *array = json_array();
	char text[REASON_TEXT];

	for (size_t i = 0; i < HR_REASONS && reason[i].kind; i++)
		json_array_append_new(array,
				      json_pack("{so sf ss}", "reason",
						json_word(forecast_reason_name(reason[i].kind)),
						"weight", reason[i].weight_centi / 100.0, "text",
						reason_text(&reason[i], text)));
	return array;
}

static json_t *get_leak(const struct record_text *from, const void *at)
{
	const struct hr_forecast *forecast = at;

	return json_pack("{so so so}", "state", json_word(forecast_leak_state_name(forecast->leak)),
			 "bytes_per_hour", json_get_rate(from, &forecast->leak_bytes_per_hour),
			 "of", json_word(forecast_leak_kind_name(forecast->leak_of)));
}

static json_t *get_alarm(const struct record_text *from, const void *at)
{
	return json_word(alarm_word(*(const uint8_t *)at));
}

/* A forecast alone does not know the policy of its next action. */
static json_t *get_action(const struct record_text *from, const void *at)
{
	return json_next_action(NULL, *(const uint8_t *)at);
}

#define FORECAST(key_, get_, field_)                             \
	{                                                        \
		key_, get_, offsetof(struct hr_forecast, field_) \
	}
const struct json_field json_forecast_fields[] = {
	FORECAST("drift_bytes_per_second", json_get_rate, drift_bytes_per_second),
	FORECAST("rss_drift_bytes_per_second", json_get_rate, rss_drift_bytes_per_second),
	{"oom_in_seconds", get_oom_in, 0},
	FORECAST("risk", get_risk, risk_centi),
	{"confidence", get_confidence, 0},
	FORECAST("reasons", get_reasons, reason),
	{"leak", get_leak, 0},
	FORECAST("alarm", get_alarm, alarm),
	FORECAST("next_action", get_action, next_action),
	{0},
};

static json_t *processes(const struct hr_process *process, size_t n)
{
	json_t *array = json_array();

	for (size_t i = 0; i < n && process[i].pid; i++)
		json_array_append_new(
			array,
			json_pack("{so so so so si}", "pid", json_get_u32(NULL, &process[i].pid),
				  "comm", json_get_comm(NULL, process[i].comm), "rss_bytes",
				  json_get_bytes(NULL, &process[i].rss_bytes),
				  "growth_bytes_per_second",
				  json_get_rate(NULL, &process[i].growth_bytes_per_second),
				  "oom_score_adj", (int)process[i].oom_score_adj));
	return array;
}

static json_t *get_processes(const struct record_text *from, const void *at)
{
	return processes(at, HR_PROCESSES);
}

static json_t *get_host_processes(const struct record_text *from, const void *at)
{
	return processes(at, HR_HOST_PROCESSES);
}

/* counts[i]: stalls shorter than bounds_seconds[i]; the last: all longer ones. */
static json_t *get_stalls(const struct record_text *from, const void *at)
{
	const struct hr_stalls *stalls = at;
	json_t *bounds, *counts;

	if (stalls->count == HR_UNKNOWN)
		return json_null();
	bounds = json_array();
	counts = json_array();
	for (unsigned int i = 0; i < HR_STALL_BUCKETS; i++) {
		if (i + 1 < HR_STALL_BUCKETS)
			json_array_append_new(
				bounds,
				json_real((double)((uint64_t)HR_STALL_FIRST_NS << i) / 1e9));
		json_array_append_new(counts, json_integer(stalls->bucket[i]));
	}
	return json_pack("{so so}", "bounds_seconds", bounds, "counts", counts);
}

/* Whether the kernel notifies the daemon when its size crosses a policy's, and whether BPF kills
 * there. */
static json_t *get_armed(const struct record_text *from, const void *at)
{
	uint32_t flags = *(const uint32_t *)at;

	return json_word(flags & HR_SLOT_REFLEX     ? "reflex"
			 : flags & HR_SLOT_TRIPWIRE ? "tripwire"
						    : NULL);
}

static json_t *get_paused(const struct record_text *from, const void *at)
{
	uint32_t flags = *(const uint32_t *)at;

	return flags & HR_SLOT_PAUSED_KNOWN ? json_boolean(flags & HR_SLOT_PAUSED) : json_null();
}

static json_t *get_intervals(const struct record_text *from, const void *at)
{
	const uint16_t *interval = at;

	return json_pack("{si si}", "checked", (int)interval[0], "covered", (int)interval[1]);
}

static const struct json_field head_fields[] = {
	SLOT("state", get_state, state),
	SLOT("gone_at", json_get_time, gone_ns),
	SLOT("cgroup", json_get_text, id.cgroup),
	SLOT("cgroup_id", json_get_id, cgroup_id),
	{0},
};

static const struct json_field memory_fields[] = {
#define HR_MEMORY(name, unit, kind, meaning, bpf, v2, v1, key, ...) \
	HR_APPLY(FIELD, key, struct hr_slot, memory.name)
#include <headroom/fields.def>
	SLOT("binding", get_binding, binding),
	SLOT("pressure", json_get_pressure, pressure),
	SLOT("reclaim_stall_seconds_total", json_get_ns, stalls.total_ns),
#define HR_COUNTER(name, unit, kind, meaning, bpf, v2, v1, key, ...) \
	HR_APPLY(FIELD, key, struct hr_slot, counts.name)
#include <headroom/fields.def>
	SLOT("events", get_counts, counts),
	{0},
};

static const struct json_field tail_fields[] = {
	SLOT("processes", get_processes, process),
	SLOT("reclaim_stall_histogram", get_stalls, stalls),
	SLOT("pids", json_get_u32, pids),
	SLOT("oom_kills_total", json_get_bytes, oom_kills_total),
	SLOT("restarts", json_get_bytes, restarts),
	SLOT("kind", get_kind, id.kind),
	SLOT("sampled_at", json_get_time, sampled_ns),
	SLOT("forecast_intervals", get_intervals, intervals),
	SLOT("armed", get_armed, flags),
	SLOT("paused", get_paused, flags),
	{0},
};

json_t *json_container(const struct hr_slot *slot)
{
	struct record_text from = record_text_slot(slot);
	json_t *object = json_object();
	char node[256];

	if (json_fields(object, head_fields, &from, slot) ||
	    json_fields(object, json_identity_fields, &from, &slot->id) ||
	    json_fields(object, memory_fields, &from, slot) ||
	    json_fields(object, json_forecast_fields, &from, &slot->forecast) ||
	    json_object_set_new(object, "next_action",
				json_next_action(hr_slot_text(slot, slot->next_policy),
						 slot->forecast.next_action)) ||
	    json_fields(object, tail_fields, &from, slot)) {
		json_decref(object);
		return NULL;
	}
	if (*slot_node(slot, node, sizeof(node)))
		json_object_set_new(object, "node", json_string(node));
	return object;
}

static json_t *get_text64(const struct record_text *from, const void *at)
{
	const char *text = at;

	return json_clean(*text ? text : NULL, 64);
}

static json_t *get_text32(const struct record_text *from, const void *at)
{
	const char *text = at;

	return json_clean(*text ? text : NULL, 32);
}

/* The version of the hierarchy that memory is on: on a hybrid host that is v1. */
static json_t *get_cgroup_version(const struct record_text *from, const void *at)
{
	uint32_t version = *(const uint32_t *)at;

	return version == 12 ? json_integer(1) : version ? json_integer(version) : json_null();
}

static json_t *get_layout(const struct record_text *from, const void *at)
{
	return json_word(layout_word(*(const uint32_t *)at));
}

static json_t *get_mode(const struct record_text *from, const void *at)
{
	return json_word(mode_word(*(const uint32_t *)at));
}

static json_t *get_sources(const struct record_text *from, const void *at)
{
	const struct hr_source *source = at;
	json_t *object = json_object();

	for (size_t i = 0; i < HR_SOURCES && *source[i].signal; i++) {
		char signal[sizeof(source->signal) + 1] = {0};

		memcpy(signal, source[i].signal, sizeof(source->signal));
		json_object_set_new(object, signal,
				    json_clean(source[i].variant, sizeof(source->variant)));
	}
	return object;
}

static json_t *get_degraded(const struct record_text *from, const void *at)
{
	const struct hr_degraded *degraded = at;
	json_t *array = json_array();

	for (size_t i = 0; i < HR_DEGRADED && *degraded[i].what; i++) {
		json_t *object = json_object();

		json_object_set_new(object, "what",
				    json_clean(degraded[i].what, sizeof(degraded->what)));
		json_object_set_new(object, "since", json_get_time(from, &degraded[i].since_ns));
		json_object_set_new(object, "text",
				    json_clean(degraded[i].text, sizeof(degraded->text)));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *get_host_memory(const struct record_text *from, const void *at)
{
	const struct hr_host_memory *memory = at;
	json_t *object = json_object();

#define HR_HOST_MEMORY(name, ...) \
	json_object_set_new(object, #name "_bytes", json_get_bytes(from, &memory->name));
#include <headroom/host_memory.def>
	return object;
}

static const struct json_field host_fields[] = {
	HOST("node", get_text64, node),
	HOST("kernel", get_text64, kernel),
	HOST("cgroup_version", get_cgroup_version, cgroup_version),
	HOST("cgroup_layout", get_layout, cgroup_version),
	HOST("mem_total_bytes", json_get_bytes, mem_total),
	HOST("mem_available_bytes", json_get_bytes, mem_available),
	HOST("swap_total_bytes", json_get_bytes, swap_total),
	HOST("swap_free_bytes", json_get_bytes, swap_free),
	HOST("swap_cost_bytes", json_get_bytes, swap_cost),
	HOST("headroom_bytes", json_get_bytes, headroom),
	HOST("memory", get_host_memory, memory),
	HOST("oom_kills_total", json_get_bytes, oom_kills),
	HOST("oom_killed_processes_total", json_get_bytes, oom_killed_processes),
	HOST("pressure", json_get_pressure, pressure),
	HOST("forecasts", json_get_score, score),
	{0},
};

static json_t *get_policies_paused(const struct record_text *from, const void *at)
{
	return json_boolean(*(const uint64_t *)at != 0);
}

static const struct json_field daemon_fields[] = {
	HOST("version", get_text32, version),
	HOST("mode", get_mode, mode),
	HOST("paused", get_policies_paused, paused_until_ns),
	HOST("paused_until", json_get_time, paused_until_ns),
	HOST("policies", json_get_u32, policies),
	HOST("pid", json_get_u32, pid),
	HOST("started_at", json_get_time, started_ns),
	HOST("rss_bytes", json_get_bytes, rss_bytes),
	HOST("heap_bytes", json_get_bytes, heap_bytes),
	HOST("cpu_seconds_total", json_get_ns, cpu_ns),
	HOST("events_lost_total", json_get_bytes, events_lost),
	HOST("containers", json_get_u32, containers),
	HOST("capacity", json_get_u32, capacity),
	HOST("sources", get_sources, source),
	HOST("degraded", get_degraded, degraded),
	HOST("sweep_seconds", json_get_ns, sweep_ns),
	{0},
};

json_t *json_host(const struct hr_host *host, const struct hr_board_header *header,
		  uint64_t time_ns, int health)
{
	json_t *object = json_object(), *daemon = json_object();
	bool started =
		host->started_ns && host->started_ns != HR_UNKNOWN && time_ns >= host->started_ns;

	json_object_set_new(daemon, "state",
			    json_word(!health                             ? "running"
				      : health == -EINPROGRESS            ? "starting"
				      : header->state == HR_BOARD_STOPPED ? "stopped"
									  : "silent"));
	json_fields(daemon, daemon_fields, NULL, host);
	json_object_set_new(daemon, "uptime_seconds",
			    started ? json_real((double)(time_ns - host->started_ns) / 1e9)
				    : json_null());
	json_object_set_new(daemon, "interval_seconds",
			    host->interval_ms ? json_real(host->interval_ms / 1e3) : json_null());
	json_fields(object, host_fields, NULL, host);
	json_fields(object, json_forecast_fields, NULL, &host->forecast);
	json_object_set_new(object, "guard", daemon);
	json_object_set_new(object, "processes", get_host_processes(NULL, host->process));
	return object;
}
