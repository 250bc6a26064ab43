// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* One line a decision: when, which rule, which rung, to whom, why; as a table or as JSON. Decides nothing. */
#include "policy_lines.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <headroom/reader.h>

#include "base/clock.h"
#include "base/text.h"
#include "base/units.h"
#include "cli.h"
#include "json.h"
#include "tell/names.h"
#include "tell/story_action.h"

#define LABEL 320
#define WIDE 160     /* on a narrower terminal the reasons stand below their line */
#define WHY_INDENT 22 /* below the policy */

static double t_seconds(const struct policy_run *run)
{
	if (run->recording)
		return (double)(int64_t)(run->now_ns - run->zero_ns) / 1e9;
	return round(((double)run->now_ns / 1e9 + run->t_offset) * 1e6) / 1e6;
}

static const char *time_text(const struct policy_run *run, char text[CLOCK_TEXT])
{
	if (run->recording)
		clock_format_rfc3339(run->now_ns, text);
	else
		snprintf(text, CLOCK_TEXT, "%.3f", t_seconds(run));
	if (run->recording)
		memcpy(text + 19, "Z", 2);
	return text;
}

static const struct hr_slot *target_slot(const struct policy_run *run, uint32_t slot,
					 uint64_t cgroup_id)
{
	return slot < run->capacity && run->slot[slot].state != HR_SLOT_FREE &&
			       (!cgroup_id || run->slot[slot].cgroup_id == cgroup_id)
		       ? &run->slot[slot]
		       : NULL;
}

static void name_of(const struct policy_run *run, uint32_t slot, uint64_t cgroup_id, char *out,
		    size_t bytes)
{
	const struct hr_slot *at = target_slot(run, slot, cgroup_id);
	struct record_text from;

	out[0] = 0;
	if (!at)
		return;
	from = record_text_slot(at);
	identity_name(&from, &at->id, out, bytes, NULL);
}

static void target_name(const struct policy_run *run, const struct act_target *target, char *out,
			size_t bytes)
{
	char comm[80];

	name_of(run, target->slot, target->memcg_id, out, bytes);
	if (!*out && target->pid)
		snprintf(out, bytes, "%s[%u]", text_clean(target->comm, 16, comm, sizeof(comm)),
			 target->pid);
	else if (!*out)
		snprintf(out, bytes, "cgroup %llu", (unsigned long long)target->memcg_id);
}

/* ---- JSON ---- */

static json_t *json_target(const struct policy_run *run, const struct act_target *target)
{
	const struct hr_slot *at = target_slot(run, target->slot, target->memcg_id);
	struct record_text from = at ? record_text_slot(at) : (struct record_text){0};

	return json_pack("{so so so so so}", "name",
			 at ? json_get_text(&from, &at->id.name) : json_null(), "cgroup",
			 at ? json_get_text(&from, &at->id.cgroup) : json_null(), "cgroup_id",
			 target->memcg_id ? json_get_id(NULL, &target->memcg_id) : json_null(),
			 "pid", target->pid ? json_integer(target->pid) : json_null(), "comm",
			 target->pid ? json_get_comm(NULL, target->comm) : json_null());
}

static json_t *json_passed(const struct policy_run *run, const struct act_order *order)
{
	json_t *array = json_array();
	char name[LABEL];

	for (uint32_t i = 0; i < order->passed_over_count; i++) {
		const struct hr_passed_over *p = &order->passed_over[i];

		name_of(run, order->passed_slot[i], p->cgroup_id, name, sizeof(name));
		json_array_append_new(array,
				      json_pack("{so so so so}", "name",
						*name ? json_string(name) : json_null(), "pid",
						p->pid ? json_integer(p->pid) : json_null(), "why",
						json_word(hr_why_word(p->why)), "usage_bytes",
						json_get_bytes(NULL, &p->usage)));
	}
	return array;
}

static json_t *json_line(const struct policy_run *run, const char *decision)
{
	return json_pack("{sf so ss}", "t_seconds", t_seconds(run), "time",
			 run->recording ? json_get_time(NULL, &run->now_ns) : json_null(),
			 "decision", decision);
}

static void print_json(json_t *line)
{
	json_dumpf(line, stdout, JSON_STYLE);
	json_decref(line);
	putchar('\n');
}

static json_t *json_order(const struct policy_run *run, const char *decision,
			  const struct act_order *o)
{
	json_t *line = json_line(run, decision);

	json_object_set_new(line, "policy",
			    json_clean(policy_text(run->set, o->policy->name), SIZE_MAX));
	json_object_set_new(line, "rung", json_word(hr_rung_word(o->kind)));
	json_object_set_new(line, "step", json_integer(o->step));
	json_object_set_new(line, "steps", json_integer(o->steps));
	json_object_set_new(line, "emergency", json_integer(o->emergency));
	json_object_set_new(line, "target", json_target(run, &o->target));
	json_object_set_new(line, "evidence", json_evidence(&o->evidence));
	json_object_set_new(line, "passed_over", json_passed(run, o));
	return line;
}

/* ---- the table ---- */

static void print_row(struct policy_run *run, const char *policy, const char *rung,
		      const char *step, const char *target, const char *why)
{
	char time[CLOCK_TEXT], clean[LABEL];
	size_t width = cli_width();
	bool below = width && width < WIDE;

	if (!run->head)
		printf("%-20s  %-18s  %-5s  %-9s  %-*s%s\n", "TIME", "POLICY", "STEP", "RUNG",
		       below ? 0 : 30, "TARGET", below ? "" : "WHY");
	run->head = true;
	printf("%-20s  %-18s  %-5s  %-9s  ", time_text(run, time),
	       text_clean(policy, SIZE_MAX, clean, sizeof(clean)), step, rung);
	if (below) {
		printf("%s\n", target);
		cli_print_wrapped(why, WHY_INDENT, width);
	} else {
		printf("%-28s  %s\n", target, why);
	}
}

static void add(char *text, size_t bytes, const char *more)
{
	size_t n = strlen(text);

	snprintf(text + n, bytes - n, "%s", more);
}

static void add_passed(const struct policy_run *run, const struct act_order *o, char *why,
		       size_t bytes)
{
	char name[LABEL], one[2 * LABEL];

	for (uint32_t i = 0; i < o->passed_over_count; i++) {
		const struct hr_passed_over *p = &o->passed_over[i];

		name_of(run, o->passed_slot[i], p->cgroup_id, name, sizeof(name));
		if (!*name)
			snprintf(name, sizeof(name), "process %u", p->pid);
		snprintf(one, sizeof(one), "%s%s (%s)", i ? ", " : "; passed over: ", name,
			 hr_why_word(p->why));
		add(why, bytes, one);
	}
}

static void print_order(struct policy_run *run, const struct act_order *o, const char *note)
{
	char target[LABEL], why[4096], step[16];

	target_name(run, &o->target, target, sizeof(target));
	snprintf(step, sizeof(step), "%u/%u", o->step, o->steps);
	evidence_text(&o->evidence, why, sizeof(why));
	if (o->kind == HR_RUNG_THEN)
		snprintf(why, sizeof(why), "unless it is restarted within 3s of its end");
	add(why, sizeof(why), note);
	add_passed(run, o, why, sizeof(why));
	print_row(run, policy_text(run->set, o->policy->name), hr_rung_word(o->kind), step, target,
		  why);
}

/* ---- what act/ calls ---- */

static uint32_t index_of(const struct policy_run *run, const struct policy *policy)
{
	return (uint32_t)(policy - policy_at(run->set, 0));
}

void policy_line_order(const struct act_order *order, void *arg)
{
	struct policy_run *run = arg;

	run->rungs[order->kind]++;
	run->fired[index_of(run, order->policy)] = true;
	if (run->options.json)
		print_json(json_order(run, "order", order));
	else
		print_order(run, order, "");
}

void policy_line_not_taken(const struct act_order *order, enum hr_deed deed, enum hr_why why,
			   void *arg)
{
	struct policy_run *run = arg;
	char note[128];
	json_t *line;

	run->refused++;
	run->fired[index_of(run, order->policy)] = true;
	if (run->options.json) {
		line = json_order(run, hr_deed_word(deed), order);
		json_object_set_new(line, "why", json_word(hr_why_word(why)));
		print_json(line);
		return;
	}
	snprintf(note, sizeof(note), "; %s: %s", hr_deed_word(deed),
		 why ? hr_why_word(why) : "nothing to reclaim");
	print_order(run, order, note);
}

void policy_line_end(const struct act_end *end, void *arg)
{
	struct policy_run *run = arg;
	json_t *line;

	run->emergencies++;
	if (!run->options.json)
		return;
	line = json_line(run, "end");
	json_object_set_new(line, "emergency", json_integer(end->emergency));
	json_object_set_new(line, "target", json_target(run, &end->target));
	print_json(line);
}

/* Only of interest where nothing is ordered. */
void policy_line_next(uint32_t slot, const struct policy *policy, enum hr_rung rung, void *arg)
{
	struct policy_run *run = arg;
	const struct hr_slot *at = target_slot(run, slot, 0);
	struct act_target target = {.slot = slot, .memcg_id = at ? at->cgroup_id : 0};
	char name[LABEL];
	json_t *line;

	if (run->options.mode != MODE_OBSERVE || !at)
		return;
	if (policy)
		run->fired[index_of(run, policy)] = true;
	if (run->options.json) {
		line = json_line(run, "next");
		json_object_set_new(
			line, "next_rung",
			json_next_rung(policy ? policy_text(run->set, policy->name) : NULL, rung));
		json_object_set_new(line, "target", json_target(run, &target));
		print_json(line);
		return;
	}
	target_name(run, &target, name, sizeof(name));
	print_row(run, policy ? policy_text(run->set, policy->name) : "-",
		  policy ? hr_rung_word(rung) : "-", "next", name,
		  policy ? "observed only" : "calm again");
}

void policy_run_print_sum(const struct policy_run *run)
{
	const char *before = "";
	char clean[LABEL];
	bool any = false;

	if (run->options.json)
		return;
	printf("%s", run->head ? "\n" : "");
	for (uint32_t i = 0; i < HR_RUNG_COUNT; i++) {
		if (!run->rungs[i])
			continue;
		printf("%s%llu × %s", before, (unsigned long long)run->rungs[i], hr_rung_word(i));
		before = ", ";
	}
	printf("%s\n", *before ? "" : "Nothing would have been done.");
	for (uint32_t i = 0; i < run->set->policies; i++) {
		if (run->fired[i])
			continue;
		printf("%s%s", any ? ", " : "Never asked for anything: ",
		       text_clean(policy_text(run->set, policy_at(run->set, i)->name), SIZE_MAX,
				  clean, sizeof(clean)));
		any = true;
	}
	if (any)
		printf("\n");
	if (!run->recording && run->act && !run->options.name)
		cli_print_wrapped("The series was taken for a container that every policy means "
				  "(--name says which it is).",
				  0, cli_width());
}
