// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Actions as JSON: action, target, policy, inputs, skipped candidates, result. Every key is always
 * there; unknown values are null. */
#include "json.h"

#include "base/cleanup.h"
#include "forecast/reason_text.h"
#include "format/enum_text.h"

#define ACTION(key_, get_, field_)                                   \
	{                                                            \
		key_, get_, offsetof(struct hr_event_action, field_) \
	}

#define GET_BYTE_WORD(name, word)                                           \
	static json_t *name(const struct record_text *from, const void *at) \
	{                                                                   \
		return json_word(word(*(const uint8_t *)at));               \
	}
GET_BYTE_WORD(get_action, hr_action_kind_name)
GET_BYTE_WORD(get_mode, hr_mode_name)
GET_BYTE_WORD(get_LEAK, forecast_leak_state_name)
GET_BYTE_WORD(get_LEVEL, hr_level_name)

json_t *json_next_action(const char *policy, unsigned int kind)
{
	if (!kind || !hr_action_kind_name(kind))
		return json_null();
	return json_pack("{so so}", "policy", json_clean(policy, SIZE_MAX), "action",
			 json_word(hr_action_kind_name(kind)));
}

/* "": a manual action. */
static json_t *get_policy(const struct record_text *from, const void *at)
{
	const char *name = from->text(from->record, *(const struct hr_str *)at);

	return json_clean(name && *name ? name : NULL, SIZE_MAX);
}

static json_t *get_known(uint32_t value) { return value ? json_integer(value) : json_null(); }

static json_t *get_target(const struct record_text *from, const void *at)
{
	const struct hr_event_action *a = at;
	json_t *object = json_pack(
		"{so so so sb so so}", "cgroup", json_get_text(from, &a->event.id.cgroup),
		"cgroup_id",
		a->event.cgroup_id ? json_get_id(from, &a->event.cgroup_id) : json_null(), "name",
		json_get_text(from, &a->event.id.name), "whole", a->whole, "pid", get_known(a->pid),
		"comm", a->comm[0] ? json_get_comm(from, a->comm) : json_null());

	json_object_set_new(object, "processes", get_known(a->processes));
	return object;
}

static json_t *get_result(const struct record_text *from, const void *at)
{
	const struct hr_event_action *a = at;

	return json_pack("{so sb si so}", "status", json_word(hr_action_status_name(a->status)),
			 "ok", a->status == HR_STATUS_DONE || a->status == HR_STATUS_DRY_RUN,
			 "errno", (int)a->error, "detail", json_get_text(from, &a->detail));
}

static json_t *get_RISK(const struct record_text *from, const void *at)
{
	uint16_t centi = *(const uint16_t *)at;

	return centi == UINT16_MAX ? json_null() : json_real(centi / 100.0);
}

static json_t *get_PERCENT(const struct record_text *from, const void *at)
{
	uint32_t centi = *(const uint32_t *)at;

	return centi == HR_UNKNOWN_U32 ? json_null() : json_real(centi / 100.0);
}

#define get_BYTES json_get_bytes
#define get_COUNT json_get_bytes
#define get_MS    json_get_ms
#define get_RATE  json_get_rate

static const struct json_field inputs_fields[] = {
#define HR_INPUT(type, name, key, kind) {key, get_##kind, offsetof(struct hr_inputs, name)},
#include <headroom/inputs.def>
	{0},
};

json_t *json_inputs(const struct hr_inputs *inputs)
{
	json_t *object = json_object();

	json_fields(object, inputs_fields, NULL, inputs);
	return object;
}

static json_t *get_inputs(const struct record_text *from, const void *at)
{
	return json_inputs(at);
}

static json_t *get_skipped(const struct record_text *from, const void *at)
{
	const struct hr_event_action *a = at;
	json_t *array = json_array();

	for (uint32_t i = 0; i < a->skipped_count && i < HR_SKIPPED; i++) {
		const struct hr_skipped *p = &a->skipped[i];

		json_array_append_new(
			array,
			json_pack("{s{so so so} so so so}", "target", "name",
				  json_get_text(from, &p->name), "cgroup_id",
				  p->cgroup_id ? json_get_id(from, &p->cgroup_id) : json_null(),
				  "pid", get_known(p->pid), "reason",
				  json_word(hr_skip_reason_name(p->reason)), "usage_bytes",
				  json_get_bytes(from, &p->usage), "drift_bytes_per_second",
				  json_get_rate(from, &p->drift_bytes_per_second)));
	}
	return array;
}

static json_t *get_signal(const struct record_text *from, const void *at)
{
	int32_t value = *(const int32_t *)at;

	return value > 0 ? json_integer(value) : json_null();
}

static json_t *get_byte(const struct record_text *from, const void *at)
{
	return get_known(*(const uint8_t *)at);
}

const struct json_field json_action_fields[] = {
	ACTION("policy", get_policy, policy),
	ACTION("action", get_action, kind),
	ACTION("mode", get_mode, mode),
	{"target", get_target, 0},
	ACTION("inputs", get_inputs, inputs),
	{"skipped", get_skipped, 0},
	{"result", get_result, 0},
	ACTION("step", get_byte, step),
	ACTION("steps", get_byte, steps),
	ACTION("escalation", json_get_bytes, escalation),
	ACTION("signal", get_signal, signal),
	ACTION("size_bytes", json_get_bytes, size),
	ACTION("until_seconds", json_get_ms, until_ms),
	ACTION("took_seconds", json_get_ns, took_ns),
	ACTION("freed_bytes", json_get_bytes, freed),
	ACTION("by_uid", json_get_u32, by_uid),
	{0},
};
