// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The report as one JSON document. Keys are always present; unknown is null. Documented in docs/reference/reports.md. */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>

#include "base/clock.h"
#include "base/utf8_clean.h"
#include "forecast/reason_text.h"
#include "report_internal.h"
#include "format/display_name.h"
#include "format/enum_text.h"

static json_t *text(const char *s) { return s && *s ? json_string(s) : json_null(); }

static json_t *bytes(uint64_t x)
{
	return x > INT64_MAX ? json_null() : json_integer((json_int_t)x);
}

static json_t *seconds(uint64_t ms)
{
	return ms == HR_UNKNOWN ? json_null() : json_real((double)ms / 1e3);
}

static json_t *when(uint64_t wall_ns)
{
	char stamp[CLOCK_TEXT];

	if (!wall_ns || wall_ns == HR_UNKNOWN)
		return json_null();
	clock_format_rfc3339(wall_ns, stamp);
	return json_string(stamp);
}

static json_t *number_text(uint64_t id)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%" PRIu64, id);
	return id ? json_string(digits) : json_null();
}

static json_t *count(uint32_t x) { return x == HR_UNKNOWN_U32 ? json_null() : json_integer(x); }

static json_t *rate(int64_t x) { return x == HR_UNKNOWN_I64 ? json_null() : json_integer(x); }

static json_t *incident(const struct incident *i)
{
	json_t *seqs = json_array();
	char instance[24];

	snprintf(instance, sizeof(instance), "%016" PRIx64, i->instance);
	for (size_t j = 0; j < i->n_seqs; j++)
		json_array_append_new(seqs, json_integer((json_int_t)i->seqs[j]));
	return json_pack("{ss ss ss ss so so so so so sb sb si ss}", "id", i->id, "kind",
			 incident_kind_word(i->kind), "name", i->name, "title", i->title, "time",
			 when(i->time_ns), "begin", when(i->begin_ns), "end", when(i->end_ns),
			 "cgroup_id", number_text(i->cgroup_id), "events", seqs, "dry_run",
			 i->dry_run, "open", i->open, "kills", (int)i->kills, "instance", instance);
}

static json_t *process(const struct hr_event_oom_kill *oom, const struct hr_oom_process *p)
{
	const char *cmdline = hr_event_text(&oom->event, p->cmdline);
	struct record_text from = record_text_event(&oom->event);
	char comm[80], line[2048], name[INCIDENT_NAME];

	if (!p->pid)
		return json_null();
	identity_name(&from, &p->id, name, sizeof(name), NULL);
	text_clean(p->comm, 16, comm, sizeof(comm));
	text_clean(cmdline, SIZE_MAX, line, sizeof(line));
	return json_pack("{si so so so so so so so so so si}", "pid", (int)p->pid, "comm",
			 text(comm), "cmdline", text(cmdline ? line : NULL), "container",
			 text(name), "cgroup_id", number_text(p->cgroup_id), "anon_bytes",
			 bytes(p->anon), "file_bytes", bytes(p->file), "shmem_bytes",
			 bytes(p->shmem), "swap_bytes", bytes(p->swap), "pgtables_bytes",
			 bytes(p->pgtables), "oom_score_adj", (int)p->oom_score_adj);
}

static json_t *limit(const struct report *r)
{
	const struct hr_event_oom_kill *oom = r->kill;
	const char *cgroup = oom ? hr_event_text(&oom->event, oom->limit_cgroup) : NULL;
	char clean[1400];

	text_clean(cgroup, SIZE_MAX, clean, sizeof(clean));
	return json_pack("{so so so so so}", "level", text(hr_level_name(r->found.level)), "cgroup",
			 text(cgroup ? clean : NULL), "max_bytes", bytes(r->found.limit),
			 "usage_bytes", bytes(r->found.usage), "own_max_bytes",
			 bytes(r->found.own_limit));
}

static json_t *memory(const struct facts *f)
{
	return json_pack("{so so so so so so so}", "usage_bytes", bytes(f->own_usage), "anon_bytes",
			 bytes(f->anon), "file_bytes", bytes(f->file), "shmem_bytes",
			 bytes(f->shmem), "kernel_bytes", bytes(f->kernel), "swap_bytes",
			 bytes(f->swap), "earlier_peak_bytes", bytes(f->earlier_peak));
}

static json_t *timeline(const struct report *r)
{
	static const char *const marks[MARKS] = {"note", "warn", "act", "action", "kill", "good"};
	json_t *array = json_array();

	for (size_t i = 0; i < r->moments; i++) {
		const struct report_moment *m = &r->moment[i];

		json_array_append_new(array, json_pack("{so so ss ss ss}", "time", when(m->time_ns),
						       "seq", bytes(m->seq), "mark", marks[m->mark],
						       "what", m->what, "text", m->text));
	}
	return array;
}

static json_t *alarms(const struct report *r)
{
	json_t *array = json_array();

	for (size_t i = 0; i < r->alarms; i++) {
		const struct report_alarm *a = &r->alarm[i];

		json_array_append_new(
			array,
			json_pack("{so so so so so so so so so ss}", "time", when(a->time_ns),
				  "level", text(alarm_word(a->level)), "risk",
				  a->risk_centi == UINT16_MAX ? json_null()
							      : json_real(a->risk_centi / 100.0),
				  "p10_seconds", seconds(a->p10_ms), "p50_seconds",
				  seconds(a->p50_ms), "p90_seconds", seconds(a->p90_ms),
				  "usage_bytes", bytes(a->usage), "headroom_bytes",
				  bytes(a->headroom), "took_seconds", seconds(a->took_ms), "text",
				  a->text));
	}
	return array;
}

static json_t *actions(const struct report *r)
{
	json_t *array = json_array();

	for (size_t i = 0; i < r->actions; i++) {
		const struct hr_event_action *a = r->action[i].action;
		const char *policy = hr_event_text(&a->event, a->policy);
		char clean[512];

		text_clean(policy, SIZE_MAX, clean, sizeof(clean));
		json_array_append_new(
			array,
			json_pack("{so so so so so so ss so}", "time", when(a->event.time_ns),
				  "action", text(hr_action_kind_name(a->kind)), "status",
				  text(hr_action_status_name(a->status)), "policy",
				  text(policy ? clean : NULL), "freed_bytes", bytes(a->freed),
				  "processes", json_integer(a->processes), "text",
				  r->action[i].text, "skipped", text(r->action[i].skipped)));
	}
	return array;
}

static json_t *outcome(const struct hr_event_outcome *o)
{
	if (!o)
		return json_null();
	return json_pack("{so so so so}", "freed_bytes", bytes(o->freed), "freed_after_seconds",
			 seconds(o->freed_after_ms), "restarted_after_seconds",
			 seconds(o->restarted_after_ms), "averted",
			 o->averted == HR_UNKNOWN_U32 ? json_null() : json_boolean(o->averted));
}

static json_t *series(const struct series *s)
{
	static const char *const roles[] = {"subject", "sibling", "grower"};
	json_t *points = json_array();

	for (size_t i = 0; i < s->n; i++) {
		const struct series_point *p = &s->point[i];

		json_array_append_new(points,
				      json_pack("{so so so so so sb}", "time", when(p->time_ns),
						"usage_bytes", bytes(p->usage),
						"unreclaimable_bytes", bytes(p->unreclaimable),
						"headroom_bytes", bytes(p->headroom), "limit_bytes",
						bytes(p->limit), "restarted", p->begins));
	}
	return json_pack("{ss ss so so so so so}", "name", s->name, "role", roles[s->role],
			 "cgroup_id", number_text(s->cgroup_id), "before_bytes", bytes(s->before),
			 "at_bytes", bytes(s->at), "peak_bytes", bytes(s->peak), "points", points);
}

static json_t *co_tenants(const struct report *r)
{
	json_t *array = json_array();

	for (size_t i = 0; i < r->co_tenants; i++)
		json_array_append_new(array, series(&r->co_tenant[i]));
	return array;
}

static json_t *factors(const struct report *r)
{
	json_t *array = json_array();

	for (size_t i = 0; i < r->factors; i++)
		json_array_append_new(array,
				      json_pack("{ss ss ss}", "factor", r->factor[i].word, "title",
						r->factor[i].title, "text", r->factor[i].text));
	return array;
}

static json_t *leak(const struct facts *f)
{
	return json_pack("{so so so}", "state", text(forecast_leak_state_name(f->leak)), "of",
			 text(f->leak ? forecast_leak_kind_name(f->leak_of) : NULL),
			 "bytes_per_hour", f->leak ? rate(f->leak_bytes_per_hour) : json_null());
}

json_t *recommendation_json(const struct recommendation *a)
{
	return json_pack("{ss so so so so so so so so si si so so ss}", "verdict",
			 recommendation_text(a->kind), "limit_bytes", bytes(a->limit),
			 "request_bytes", bytes(a->request), "low_bytes", bytes(a->low),
			 "peak_bytes", bytes(a->peak), "typical_bytes", bytes(a->usual),
			 "median_bytes", bytes(a->median), "history_seconds", seconds(a->span_ms),
			 "double_limit_adds_seconds", seconds(a->buys_ms), "samples",
			 (int)a->samples, "runs", (int)a->runs, "limit_text", text(a->limit_text),
			 "request_text", text(a->request_text), "basis", a->basis);
}

static json_t *about(const struct report *r)
{
	return json_pack("{so so so so so so so so so}", "node", text(r->node), "kernel",
			 text(r->kernel), "guard_version", text(r->version), "mode", text(r->mode),
			 "snapshots", json_integer((json_int_t)r->snapshots), "from",
			 when(r->from_ns), "to", when(r->to_ns), "processes_before",
			 count(r->found.pids_before), "processes_at_incident",
			 count(r->found.pids));
}

int report_json(const struct report *r, FILE *out)
{
	const struct hr_event_oom_kill *oom = r->kill;
	json_t *all = json_pack("{ss so s[sss] so so so so so so so so so so so so so so}",
				"schema", "headroom.report/2", "incident", incident(&r->incident),
				"summary", r->summary[0], r->summary[1], r->summary[2], "limit",
				limit(r), "victim", oom ? process(oom, &oom->victim) : json_null(),
				"trigger", oom ? process(oom, &oom->trigger) : json_null(),
				"memory", memory(&r->found), "leak", leak(&r->found), "timeline",
				timeline(r), "alarms", alarms(r), "actions", actions(r), "outcome",
				outcome(r->outcome), "series", series(&r->series), "co_tenants",
				co_tenants(r), "factors", factors(r), "recommendation",
				recommendation_json(&r->recommendation), "about", about(r));
	int e = all ? json_dumpf(all, out, JSON_COMPACT | JSON_REAL_PRECISION(15)) : -1;

	json_decref(all);
	fputc('\n', out);
	return e && !ferror(out) ? -ENOMEM : 0;
}
