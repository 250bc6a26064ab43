// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The clauses that sentences and screens are made of. Says nothing that the records do not hold. */
#include "phrase.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/human_units.h"
#include "base/utf8_clean.h"
#include "forecast/reason_text.h"
#include "display_name.h"
#include "enum_text.h"
#include "snapshot.h"

#define LABEL         320
#define PATH_TEXT     160
#define POD_UID_LEAST 32         /* digits; with dashes 36 */
#define KIND_LEAST    (1u << 20) /* bytes of a kind of memory that is worth a word */

struct line line_in(char *text, size_t bytes)
{
	text[0] = 0;
	return (struct line){text, bytes, 0};
}

/* ---- processes and memory ---- */

void phrase_process(struct line *line, const char comm[16], uint32_t pid)
{
	char clean[80];

	if (pid)
		line_add(line, "%s[%u]", text_clean(comm, 16, clean, sizeof(clean)), pid);
	else
		line_add(line, "a process");
}

size_t phrase_processes(struct line *line, const struct hr_process *process, size_t most)
{
	char rate[UNITS_TEXT];
	size_t n = 0;

	for (; n < most && process[n].pid; n++) {
		const struct hr_process *p = &process[n];

		line_add(line, "%s", n ? ", " : "");
		phrase_process(line, p->comm, p->pid);
		line_add_bytes(line, " ", p->rss_bytes, "");
		if (p->growth_bytes_per_second != HR_UNKNOWN_I64 && p->growth_bytes_per_second)
			line_add(line, " (%s)", units_rate(p->growth_bytes_per_second, rate));
	}
	return n;
}

struct memory_parts memory_parts_of(const struct hr_memory *m)
{
	return (struct memory_parts){.anon = m->anon,
				     .file = m->file,
				     .shmem = m->shmem,
				     .kernel = m->kernel,
				     .sock = m->sock,
				     .swap = m->swap,
				     .pgtables = HR_UNKNOWN};
}

struct memory_parts memory_parts_of_process(const struct hr_oom_process *p)
{
	return (struct memory_parts){.anon = p->anon,
				     .file = p->file,
				     .shmem = p->shmem,
				     .kernel = HR_UNKNOWN,
				     .sock = HR_UNKNOWN,
				     .swap = p->swap,
				     .pgtables = p->pgtables};
}

bool phrase_kernel_kinds(struct line *line, const char *before, const struct hr_memory *m)
{
	const struct {
		const char *word;
		uint64_t bytes;
	} kind[] = {{"unreclaimable slab", m->slab_unreclaimable},
		    {"reclaimable slab", m->slab_reclaimable},
		    {"page tables", m->page_tables},
		    {"thread stacks", m->kernel_stack},
		    {"per-CPU memory", m->percpu},
		    {"vmalloc", m->vmalloc},
		    {"compressed swap", m->zswap}};
	bool any = false;

	if (m->kernel == HR_UNKNOWN)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(kind); i++) {
		if (kind[i].bytes == HR_UNKNOWN || kind[i].bytes < KIND_LEAST ||
		    kind[i].bytes < m->kernel / 8)
			continue;
		line_add(line, "%s%s", any ? ", " : before, kind[i].word);
		line_add_bytes(line, " ", kind[i].bytes, "");
		any = true;
	}
	return any;
}

bool phrase_memory(struct line *line, const char *before, const struct memory_parts *parts)
{
	const struct {
		const char *word;
		uint64_t bytes;
	} part[] = {{"anon", parts->anon},
		    {"file", parts->file},
		    {"shmem", parts->shmem},
		    {"kernel", parts->kernel},
		    {"sockets", parts->sock < KIND_LEAST ? 0 : parts->sock},
		    {"swap", parts->swap},
		    {"page tables", parts->pgtables}};
	bool any = false;

	for (size_t i = 0; i < ARRAY_SIZE(part); i++) {
		if (!part[i].bytes || part[i].bytes == HR_UNKNOWN)
			continue;
		line_add(line, "%s%s", any ? ", " : before, part[i].word);
		line_add_bytes(line, " ", part[i].bytes, "");
		any = true;
	}
	return any;
}

/* ---- limits ---- */

bool path_is_pod(const char *path)
{
	const char *part = path ? path_tail(path) : "", *pod = strstr(part, "-pod");

	return (!strncmp(part, "pod", 3) && strlen(part) >= 3 + POD_UID_LEAST) ||
	       (strstr(part, "kubepods") && pod && strlen(pod) >= 4 + POD_UID_LEAST);
}

/* What the limit above is of, for Kubernetes' own cgroups, which have no names of their own; NULL: another. */
static const char *kubernetes_limit(const char *path)
{
	const char *part = path ? path_tail(path) : "";

	if (!strcmp(part, "kubepods") || !strcmp(part, "kubepods.slice"))
		return "limit of all pods";
	return path_is_pod(path) ? "pod limit" : NULL;
}

void phrase_limit(struct line *line, unsigned int level, unsigned int kind, uint64_t limit,
		  const char *path)
{
	static const char *const own[HR_KIND_COUNT] = {"cgroup", "container", "unit", "pod",
						       "container"};
	const char *known = level == HR_LEVEL_ANCESTOR ? kubernetes_limit(path) : NULL;
	char clean[PATH_TEXT];

	if (level == HR_LEVEL_OWN)
		line_add(line, "%s limit", kind < HR_KIND_COUNT ? own[kind] : "cgroup");
	else if (level == HR_LEVEL_ANCESTOR)
		line_add(line, "%s", known ?: "parent limit");
	else
		line_add(line, level == HR_LEVEL_HOST ? "host memory" : "unknown limit");
	line_add_bytes(line, " ", limit, "");
	if (level == HR_LEVEL_ANCESTOR && path && !known)
		line_add(line, " (%s)", text_clean(path, SIZE_MAX, clean, sizeof(clean)));
}

void phrase_headroom(struct line *line, const struct hr_slot *slot)
{
	const struct hr_binding *b = &slot->binding;

	line_add_bytes(line, "headroom ", slot->memory.headroom, ", ");
	phrase_limit(line, b->level, slot->id.kind, b->limit, hr_slot_text(slot, b->cgroup));
}

/* ---- OOM kills ---- */

void phrase_oom_cause(struct line *line, const struct hr_event_oom_kill *oom)
{
	if (oom->flags & HR_OOM_SYSRQ) {
		line_add(line, "requested by SysRq");
	} else if (oom->level == HR_LEVEL_HOST) {
		line_add(line, "host memory exhausted");
	} else {
		phrase_limit(line, oom->level, oom->event.id.kind, oom->limit_max,
			     hr_event_text(&oom->event, oom->limit_cgroup));
		line_add(line, " reached");
	}
}

unsigned int oom_processes(const struct hr_event_oom_kill *oom)
{
	return oom->more == HR_UNKNOWN_U32 ? 1 : 1 + oom->more;
}

void phrase_oom_kill(struct line *line, const struct hr_event_oom_kill *oom, unsigned int kills)
{
	unsigned int own = oom_processes(oom);
	bool group = oom->flags & HR_OOM_GROUP;

	line_add(line, "OOM-killed ");
	phrase_process(line, oom->victim.comm, oom->victim.pid);
	if (group && own > 1)
		line_add(line, " and %u more of its group", own - 1);
	if (group && kills > own)
		line_add(line, " and %u others", kills - own);
	if (!group && (kills > 1 || own > 1))
		line_add(line, " and %u more", (kills > own ? kills : own) - 1);
	if (oom->more == HR_UNKNOWN_U32)
		line_add(line, " (whole cgroup)");
	line_add(line, ": ");
	phrase_oom_cause(line, oom);
}

void phrase_oom_trigger(struct line *line, const struct hr_event_oom_kill *oom)
{
	const struct hr_oom_process *t = &oom->trigger;
	struct record_text from = record_text_event(&oom->event);
	char label[LABEL];

	if (!t->pid) {
		line_add(line, "unknown process");
		return;
	}
	if (t->pid == oom->victim.pid)
		line_add(line, "the victim");
	else
		phrase_process(line, t->comm, t->pid);
	if (t->cgroup_id == oom->victim.cgroup_id)
		return;
	identity_label(&from, &t->id, t->cgroup_id, label, sizeof(label));
	line_add(line, " in %s", label);
}

void phrase_warned(struct line *line, uint64_t warned_before_ms)
{
	if (warned_before_ms == HR_UNKNOWN)
		line_add(line, "no warning");
	else
		line_add_ms(line, "warned ", warned_before_ms, " before");
}

void phrase_reflex(struct line *line, const struct hr_event_oom_kill *oom)
{
	static const char *const texts[HR_REFLEX_COUNT] = {
		[HR_REFLEX_NOT_ARMED] = "the reflex was not armed yet",
		[HR_REFLEX_UNAVAILABLE] = "no reflex on this kernel",
		[HR_REFLEX_OWNER] = "no reflex: its owner protects it",
		[HR_REFLEX_ARMED] = "the reflex was armed and did not kill",
		[HR_REFLEX_KILLED] = "the reflex had killed",
		[HR_REFLEX_FAILED] = "the reflex could not send its signal",
	};

	if (oom->reflex >= HR_REFLEX_COUNT || !texts[oom->reflex])
		return;
	line_add(line, "%s", texts[oom->reflex]);
	if (oom->reflex_pid)
		line_add(line, " pid %u", oom->reflex_pid);
	if (oom->reflex_before_ms != HR_UNKNOWN)
		line_add_ms(line, " ", oom->reflex_before_ms, " before");
	if (oom->armed_before_ms != HR_UNKNOWN)
		line_add_ms(line, " (armed for ", oom->armed_before_ms, ")");
}

void phrase_not_acted(struct line *line, const struct hr_event_oom_kill *oom)
{
	const char *policy = hr_event_text(&oom->event, oom->policy);
	char clean[128];

	if (policy)
		line_add(line, "policy %s had not acted: %s",
			 text_clean(policy, SIZE_MAX, clean, sizeof(clean)),
			 or_unknown(hr_skip_reason_name(oom->not_acted)));
}

void phrase_kill_warned(struct line *line, const struct hr_event_oom_kill *oom)
{
	phrase_warned(line, oom->warned_before_ms);
	if (oom->flags & HR_OOM_PARENT_WARNED)
		line_add(line, ", by an alarm of %s",
			 oom->level == HR_LEVEL_HOST ? "the host" : "its parent");
}

void phrase_kill_forecast(struct line *line, const struct hr_event_oom_kill *oom)
{
	phrase_kill_warned(line, oom);
	if (oom->risk_centi == UINT16_MAX)
		return;
	line_add(line, "; last ");
	phrase_risk(line, oom->risk_centi);
	if (oom->oom_in_p50_ms == HR_UNKNOWN)
		return;
	line_add(line, ", ");
	phrase_oom_in_ms(line, HR_UNKNOWN, oom->oom_in_p50_ms, HR_UNKNOWN);
}

void phrase_kills(struct line *line, uint64_t total)
{
	if (total == HR_UNKNOWN)
		line_add(line, "OOM kills unknown");
	else if (!total)
		line_add(line, "no OOM kills recorded");
	else
		line_add(line, "%llu OOM kill%s, restarts included", (unsigned long long)total,
			 plural_s(total));
}

/* ---- forecast ---- */

void phrase_oom_in_ms(struct line *line, uint64_t p10_ms, uint64_t p50_ms, uint64_t p90_ms)
{
	char low[UNITS_TEXT], high[UNITS_TEXT] = "over 24h";

	if (p50_ms == HR_UNKNOWN && p10_ms == HR_UNKNOWN) {
		line_add(line, "no OOM forecast within 24h");
	} else if (p50_ms == HR_UNKNOWN) {
		line_add_ms(line, "OOM possible in ", p10_ms, " (10% chance)");
	} else {
		if (p50_ms)
			line_add_ms(line, "OOM in ~", p50_ms, "");
		else
			line_add(line, "OOM imminent");
		if (p10_ms == HR_UNKNOWN)
			return;
		units_duration_ms(p10_ms, low);
		if (p90_ms != HR_UNKNOWN)
			units_duration_ms(p90_ms, high);
		if (strcmp(low, high)) /* "1s–1s" says nothing */
			line_add(line, " (80%% interval %s–%s)", low, high);
	}
}

void phrase_oom_in(struct line *line, const struct hr_forecast *o)
{
	phrase_oom_in_ms(line, o->oom_in_p10_ms, o->oom_in_p50_ms, o->oom_in_p90_ms);
}

void phrase_risk(struct line *line, uint16_t risk_centi)
{
	if (risk_centi == UINT16_MAX)
		line_add(line, "risk unknown");
	else
		line_add(line, "risk %u", (risk_centi + 50u) / 100u);
}

void phrase_trend(struct line *line, int64_t rate)
{
	char text[UNITS_TEXT];

	line_add(line, "trend %s", rate == HR_UNKNOWN_I64 ? "unknown" : units_rate(rate, text));
}

void phrase_leak(struct line *line, const struct hr_forecast *o)
{
	const char *of = forecast_leak_kind_name(o->leak_of);
	int64_t rate = o->leak_bytes_per_hour;

	if (o->leak == HR_LEAK_NONE) {
		line_add(line, "no leak");
		return;
	}
	line_add(line, "leak %s", or_unknown(forecast_leak_state_name(o->leak)));
	if (rate == HR_UNKNOWN_I64 || rate <= 0)
		return;
	line_add_bytes(line, ": ", (uint64_t)rate, "/h");
	if (of)
		line_add(line, " of %s", of);
}

/* Those that raise the risk, or those that lower it. */
static void add_reasons(struct line *line, const struct hr_forecast *o, bool lower, bool first)
{
	char words[REASON_TEXT], clean[REASON_TEXT];
	size_t n = 0;

	for (size_t i = 0; i < HR_REASONS && o->reason[i].kind; i++) {
		if ((o->reason[i].weight_centi < 0) != lower)
			continue;
		line_add(line, "%s%s%s", first && !n ? "" : "; ",
			 lower && !n ? "lowering it: " : "",
			 text_clean(reason_text(&o->reason[i], words), REASON_TEXT, clean,
				    sizeof(clean)));
		n++;
	}
}

void phrase_reasons(struct line *line, const struct hr_forecast *o)
{
	size_t before = line->used;

	if (!o->reason[0].kind)
		line_add(line, "no risk factors");
	add_reasons(line, o, false, true);
	add_reasons(line, o, true, line->used == before);
}

/* What a mode makes of the next action. */
static const char *const in_mode[] = {", not executed: mode observe", ", dry run: logged only", ""};

void phrase_next(struct line *line, const struct hr_slot *slot, unsigned int mode)
{
	unsigned int kind = slot->forecast.next_action;
	const char *policy = hr_slot_text(slot, slot->next_policy),
		   *word = hr_action_kind_name(kind);
	char clean[PATH_TEXT];

	if (kind)
		line_add(line, "next action %s (policy %s)%s", or_unknown(word),
			 text_clean(policy ? policy : "unknown", SIZE_MAX, clean, sizeof(clean)),
			 mode < ARRAY_SIZE(in_mode) ? in_mode[mode] : "");
	else
		line_add(line, "no matching policy (mode %s)", or_unknown(mode_word(mode)));
	if (slot->flags & HR_SLOT_REFLEX)
		line_add(line, "; reflex armed: the kernel kills at the policy's threshold");
}

/* ---- pressure, outcome, age ---- */

static void add_percent(struct line *line, const char *before, uint32_t centi, const char *after)
{
	if (centi != HR_UNKNOWN_U32)
		line_add(line, "%s%u.%u%%%s", before, centi / 100, centi / 10 % 10, after);
}

void phrase_pressure(struct line *line, const struct hr_pressure *pressure)
{
	add_percent(line, "some tasks stalled ", pressure->some_avg10_centi, " of the last 10s");
	add_percent(line, ", all tasks ", pressure->full_avg10_centi, "");
}

bool outcome_is_empty(const struct hr_event_outcome *o)
{
	return o->freed == HR_UNKNOWN && o->freed_after_ms == HR_UNKNOWN &&
	       o->averted == HR_UNKNOWN_U32 && o->restarted_after_ms == HR_UNKNOWN;
}

void phrase_outcome(struct line *line, const struct hr_event_outcome *o)
{
	size_t before = line->used;

	if (outcome_is_empty(o))
		line_add(line, "effect unknown");
	line_add_bytes(line, "freed ", o->freed, "");
	line_add_ms(line, o->freed == HR_UNKNOWN ? "ended in " : " in ", o->freed_after_ms, "");
	if (o->averted != HR_UNKNOWN_U32)
		line_add(line, "%sOOM %s", line->used > before ? "; " : "",
			 o->averted ? "averted" : "not averted");
	line_add_ms(line, line->used > before ? "; restarted after " : "restarted after ",
		    o->restarted_after_ms, "");
}

void phrase_age(struct line *line, const struct hr_slot *slot, uint64_t now_ns)
{
	bool started = slot->started_ns != HR_UNKNOWN;
	uint64_t since = slot_gone(slot) ? slot->gone_ns
			 : started       ? slot->started_ns
					 : slot->appeared_ns;
	uint64_t ms;

	if (!since || since == HR_UNKNOWN) {
		line_add(line, "age unknown");
		return;
	}
	ms = since < now_ns ? (now_ns - since) / NS_PER_MS : 0; /* a clock that was set back */
	if (ms < 1000)
		line_add(line, slot_gone(slot) ? "just gone"
			       : started       ? "just started"
					       : "just appeared");
	else
		line_add_ms(line,
			    slot_gone(slot) ? "gone for "
			    : started       ? "running for "
					    : "known for ",
			    ms, "");
}
