// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* One line a decision: when, policy, action, target, reason; as a table or as JSON. Decides nothing. */
#include "policy_output.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <headroom/reader.h>

#include "base/clock.h"
#include "base/utf8_clean.h"
#include "base/human_units.h"
#include "cli.h"
#include "json/json.h"
#include "format/display_name.h"
#include "format/action_text.h"

#define LABEL         320
#define WIDE          160 /* on a narrower terminal the reason is on the next line */
#define REASON_INDENT 22  /* below the policy */

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

static void target_name(const struct policy_run *run, const struct action_target *target, char *out,
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

static json_t *json_target(const struct policy_run *run, const struct action_target *target)
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

static json_t *json_skipped(const struct policy_run *run, const struct action *order)
{
	json_t *array = json_array();
	char name[LABEL];

	for (uint32_t i = 0; i < order->skipped_count; i++) {
		const struct hr_skipped *p = &order->skipped[i].record;

		name_of(run, order->skipped[i].slot, p->cgroup_id, name, sizeof(name));
		json_array_append_new(array,
				      json_pack("{s{so so} so so}", "target", "name",
						*name ? json_string(name) : json_null(), "pid",
						p->pid ? json_integer(p->pid) : json_null(),
						"reason", json_word(hr_skip_reason_name(p->reason)),
						"usage_bytes", json_get_bytes(NULL, &p->usage)));
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
			  const struct action *o)
{
	json_t *line = json_line(run, decision);

	json_object_set_new(line, "policy",
			    json_clean(policy_text(run->set, o->policy->name), SIZE_MAX));
	json_object_set_new(line, "action", json_word(hr_action_kind_name(o->kind)));
	json_object_set_new(line, "step", json_integer(o->step));
	json_object_set_new(line, "steps", json_integer(o->steps));
	json_object_set_new(line, "escalation", json_integer(o->escalation));
	json_object_set_new(line, "target", json_target(run, &o->target));
	json_object_set_new(line, "inputs", json_inputs(&o->inputs));
	json_object_set_new(line, "skipped", json_skipped(run, o));
	return line;
}

/* ---- the table ---- */

static void print_row(struct policy_run *run, const char *policy, const char *kind,
		      const char *step, const char *target, const char *reason)
{
	char time[CLOCK_TEXT], clean[LABEL];
	size_t width = cli_width();
	bool below = width && width < WIDE;

	if (!run->head)
		printf("%-20s  %-18s  %-5s  %-9s  %-*s%s\n", "TIME", "POLICY", "STEP", "ACTION",
		       below ? 0 : 30, "TARGET", below ? "" : "WHY");
	run->head = true;
	printf("%-20s  %-18s  %-5s  %-9s  ", time_text(run, time),
	       text_clean(policy, SIZE_MAX, clean, sizeof(clean)), step, kind);
	if (below) {
		printf("%s\n", target);
		cli_print_wrapped(reason, REASON_INDENT, width);
	} else {
		printf("%-28s  %s\n", target, reason);
	}
}

static void add(char *text, size_t bytes, const char *more)
{
	size_t n = strlen(text);

	snprintf(text + n, bytes - n, "%s", more);
}

static void add_skipped(const struct policy_run *run, const struct action *o, char *reason,
			size_t bytes)
{
	char name[LABEL], one[2 * LABEL];

	for (uint32_t i = 0; i < o->skipped_count; i++) {
		const struct hr_skipped *p = &o->skipped[i].record;

		name_of(run, o->skipped[i].slot, p->cgroup_id, name, sizeof(name));
		if (!*name)
			snprintf(name, sizeof(name), "process %u", p->pid);
		snprintf(one, sizeof(one), "%s%s (%s)", i ? ", " : "; skipped: ", name,
			 hr_skip_reason_name(p->reason));
		add(reason, bytes, one);
	}
}

static void print_order(struct policy_run *run, const struct action *o, const char *note)
{
	char target[LABEL], reason[4096], step[16];

	target_name(run, &o->target, target, sizeof(target));
	snprintf(step, sizeof(step), "%u/%u", o->step, o->steps);
	inputs_text(&o->inputs, reason, sizeof(reason));
	if (o->kind == HR_ACTION_ON_EXIT)
		snprintf(reason, sizeof(reason), "unless restarted within 3s");
	add(reason, sizeof(reason), note);
	add_skipped(run, o, reason, sizeof(reason));
	print_row(run, policy_text(run->set, o->policy->name), hr_action_kind_name(o->kind), step,
		  target, reason);
}

/* ---- callbacks of the engine ---- */

static uint32_t index_of(const struct policy_run *run, const struct policy *policy)
{
	return (uint32_t)(policy - policy_at(run->set, 0));
}

void policy_line_order(const struct action *order, void *arg)
{
	struct policy_run *run = arg;

	run->actions[order->kind]++;
	run->fired[index_of(run, order->policy)] = true;
	if (run->options.json)
		print_json(json_order(run, "action", order));
	else
		print_order(run, order, "");
}

void policy_line_not_taken(const struct action *order, enum hr_action_status status,
			   enum hr_skip_reason reason, void *arg)
{
	struct policy_run *run = arg;
	char note[128];
	json_t *line;

	run->refused++;
	run->fired[index_of(run, order->policy)] = true;
	if (run->options.json) {
		line = json_order(run, hr_action_status_name(status), order);
		json_object_set_new(line, "reason", json_word(hr_skip_reason_name(reason)));
		print_json(line);
		return;
	}
	snprintf(note, sizeof(note), "; %s: %s", hr_action_status_name(status),
		 reason ? hr_skip_reason_name(reason) : "nothing to reclaim");
	print_order(run, order, note);
}

void policy_line_outcome(const struct outcome *outcome, void *arg)
{
	struct policy_run *run = arg;
	json_t *line;

	run->escalations++;
	if (!run->options.json)
		return;
	line = json_line(run, "end");
	json_object_set_new(line, "escalation", json_integer(outcome->escalation));
	json_object_set_new(line, "target", json_target(run, &outcome->target));
	print_json(line);
}

/* Printed only where no action is requested. */
void policy_line_next(uint32_t slot, const struct policy *policy, enum hr_action_kind kind,
		      void *arg)
{
	struct policy_run *run = arg;
	const struct hr_slot *at = target_slot(run, slot, 0);
	struct action_target target = {.slot = slot, .memcg_id = at ? at->cgroup_id : 0};
	char name[LABEL];
	json_t *line;

	if (run->options.mode != MODE_OBSERVE || !at)
		return;
	if (policy)
		run->fired[index_of(run, policy)] = true;
	if (run->options.json) {
		line = json_line(run, "next");
		json_object_set_new(
			line, "next_action",
			json_next_action(policy ? policy_text(run->set, policy->name) : NULL,
					 kind));
		json_object_set_new(line, "target", json_target(run, &target));
		print_json(line);
		return;
	}
	target_name(run, &target, name, sizeof(name));
	print_row(run, policy ? policy_text(run->set, policy->name) : "-",
		  policy ? hr_action_kind_name(kind) : "-", "next", name,
		  policy ? "observe-only" : "recovered");
}

void policy_run_print_sum(const struct policy_run *run)
{
	const char *before = "";
	char clean[LABEL];
	bool any = false;

	if (run->options.json)
		return;
	printf("%s", run->head ? "\n" : "");
	for (uint32_t i = 0; i < HR_ACTION_COUNT; i++) {
		if (!run->actions[i])
			continue;
		printf("%s%llu × %s", before, (unsigned long long)run->actions[i],
		       hr_action_kind_name(i));
		before = ", ";
	}
	printf("%s\n", *before ? "" : "No action would have been taken.");
	for (uint32_t i = 0; i < run->set->policies; i++) {
		if (run->fired[i])
			continue;
		printf("%s%s", any ? ", " : "Policies without an action: ",
		       text_clean(policy_text(run->set, policy_at(run->set, i)->name), SIZE_MAX,
				  clean, sizeof(clean)));
		any = true;
	}
	if (any)
		printf("\n");
	if (!run->recording && run->act && !run->options.name)
		cli_print_wrapped("Every policy matched the series; --name NAME sets the container "
				  "that it stands for.",
				  0, cli_width());
}
