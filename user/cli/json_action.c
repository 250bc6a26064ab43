// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Actions as JSON: what was done to whom by which rule, on what evidence, who was passed over, what came of it. Every key is
 * always there; what is not known is null. */
#include "json.h"

#include "base/cleanup.h"
#include "foresee/words.h"
#include "tell/words.h"

#define ACTION(key_, get_, field_)                                   \
	{                                                            \
		key_, get_, offsetof(struct hr_event_action, field_) \
	}
#define EVIDENCE(key_, get_, field_)                             \
	{                                                        \
		key_, get_, offsetof(struct hr_evidence, field_) \
	}

#define GET_BYTE_WORD(name, word)                                           \
	static json_t *name(const struct record_text *from, const void *at) \
	{                                                                   \
		return json_word(word(*(const uint8_t *)at));               \
	}
GET_BYTE_WORD(get_rung, hr_rung_word)
GET_BYTE_WORD(get_mode, hr_mode_word)
GET_BYTE_WORD(get_leak, foresee_leak_state_word)
GET_BYTE_WORD(get_level, hr_level_word)

json_t *json_next_rung(const char *policy, unsigned int rung)
{
	if (!rung || !hr_rung_word(rung))
		return json_null();
	return json_pack("{so so}", "policy", json_clean(policy, SIZE_MAX), "rung",
			 json_word(hr_rung_word(rung)));
}

/* "" is a rung that somebody asked for by hand. */
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

	return json_pack("{sb si so so}", "ok",
			 a->deed == HR_DEED_DONE || a->deed == HR_DEED_REHEARSED, "errno",
			 (int)a->error, "deed", json_word(hr_deed_word(a->deed)), "detail",
			 json_get_text(from, &a->detail));
}

static json_t *get_risk(const struct record_text *from, const void *at)
{
	uint16_t centi = *(const uint16_t *)at;

	return centi == UINT16_MAX ? json_null() : json_real(centi / 100.0);
}

static json_t *get_centi(const struct record_text *from, const void *at)
{
	uint32_t centi = *(const uint32_t *)at;

	return centi == HR_UNKNOWN_U32 ? json_null() : json_real(centi / 100.0);
}

static const struct json_field evidence_fields[] = {
	EVIDENCE("usage_bytes", json_get_bytes, usage),
	EVIDENCE("limit_bytes", json_get_bytes, limit),
	EVIDENCE("unreclaimable_bytes", json_get_bytes, unreclaimable),
	EVIDENCE("headroom_bytes", json_get_bytes, headroom),
	EVIDENCE("rss_bytes", json_get_bytes, rss),
	EVIDENCE("oom_in_seconds", json_get_ms, oom_in_p50_ms),
	EVIDENCE("growth_bytes_per_second", json_get_rate, growth_bytes_per_second),
	EVIDENCE("host_available_bytes", json_get_bytes, host_available),
	EVIDENCE("host_total_bytes", json_get_bytes, host_total),
	EVIDENCE("risk", get_risk, risk_centi),
	EVIDENCE("leak", get_leak, leak),
	EVIDENCE("level", get_level, level),
	EVIDENCE("some_avg10", get_centi, some_avg10_centi),
	EVIDENCE("full_avg10", get_centi, full_avg10_centi),
	EVIDENCE("held_seconds", json_get_ms, held_ms),
	EVIDENCE("threshold_bytes", json_get_bytes, threshold),
	{0},
};

json_t *json_evidence(const struct hr_evidence *evidence)
{
	json_t *object = json_object();

	json_fields(object, evidence_fields, NULL, evidence);
	return object;
}

static json_t *get_evidence(const struct record_text *from, const void *at)
{
	return json_evidence(at);
}

static json_t *get_passed_over(const struct record_text *from, const void *at)
{
	const struct hr_event_action *a = at;
	json_t *array = json_array();

	for (uint32_t i = 0; i < a->passed_over_count && i < HR_PASSED_OVER; i++) {
		const struct hr_passed_over *p = &a->passed_over[i];

		json_array_append_new(
			array,
			json_pack("{so so so so so so}", "name", json_get_text(from, &p->name),
				  "cgroup_id",
				  p->cgroup_id ? json_get_id(from, &p->cgroup_id) : json_null(),
				  "pid", get_known(p->pid), "why", json_word(hr_why_word(p->why)),
				  "usage_bytes", json_get_bytes(from, &p->usage),
				  "drift_bytes_per_second",
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
	ACTION("rung", get_rung, rung),
	ACTION("mode", get_mode, mode),
	{"target", get_target, 0},
	ACTION("evidence", get_evidence, evidence),
	{"passed_over", get_passed_over, 0},
	{"result", get_result, 0},
	ACTION("step", get_byte, step),
	ACTION("steps", get_byte, steps),
	ACTION("emergency", json_get_bytes, emergency),
	ACTION("signal", get_signal, signal),
	ACTION("size_bytes", json_get_bytes, size),
	ACTION("until_seconds", json_get_ms, until_ms),
	ACTION("took_seconds", json_get_ns, took_ns),
	ACTION("freed_bytes", json_get_bytes, freed),
	ACTION("by_uid", json_get_u32, by_uid),
	{0},
};
