// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* A manual action on the marked container: choice, target, consequence, and a confirmation (default: no). The loop
 * (cmd_top.c) sends the request; the daemon executes or refuses it. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/utf8_clean.h"
#include "base/human_units.h"
#include "format/display_name.h"
#include "format/action_text.h"
#include "format/phrase.h"
#include "cursor_keys.h"
#include "top.h"
#include "format/enum_text.h"
#include "format/text_wrap.h"

#define TALL 24 /* rows of the body from which on it has blank lines */

static const struct {
	const char *word;
	uint32_t kind, largest;
	const char *does, *question, *consequence;
} actions[] = {
	{"reclaim", HR_ACTION_RECLAIM, 0, "reclaim memory", "Reclaim memory of",
	 "Effect: the kernel reclaims about 10% of its usage, clean page cache first, then swap. "
	 "No "
	 "data is lost; it may run slower for a while."},
	{"throttle", HR_ACTION_THROTTLE, 0, "slow down further growth (memory.high, 30s)",
	 "Throttle",
	 "Effect: memory.high is set to its present usage for 30s; tasks that allocate more must "
	 "reclaim first. Undone automatically, also when the daemon ends."},
	{"resize", HR_ACTION_RESIZE, 0, "raise its memory limit by 25% for 30m",
	 "Raise the limit of",
	 "Effect: its memory limit is 25% higher for 30m, as far as the limits above it and the "
	 "host "
	 "have room. Lowered again step by step. Refused for a confirmed leak."},
	{"term", HR_ACTION_TERM, 0, "terminate it (SIGTERM)", "Send SIGTERM to",
	 "Effect: its main process receives SIGTERM and can shut down. Its runtime may restart "
	 "it."},
	{"kill largest", HR_ACTION_KILL, 1, "kill its largest process (SIGKILL)",
	 "Kill the largest process of",
	 "Effect: that process ends at once; unsaved data is lost. If it is the main process, the "
	 "container ends."},
	{"kill", HR_ACTION_KILL, 0, "kill all its processes (SIGKILL)", "Kill all processes of",
	 "Effect: all its processes end at once; unsaved data is lost. Its runtime may restart "
	 "it."},
};

static bool is_past(const struct top *top)
{
	return top->s->recording || (top->source && data_source_past(top->source));
}

/* Why no action is possible; NULL: it is. */
static const char *obstacle(const struct top *top)
{
	const struct action_pane *pane = &top->action;
	const struct hr_slot *slot = snapshot_slot(top->s, pane->id);
	char node[128];

	if (!pane->id)
		return "No container marked: Esc goes back.";
	if (slot && *slot_node(slot, node, sizeof(node)))
		return "Unavailable: only the daemon on its own node can act.";
	if (is_past(top))
		return top->s->recording ? "Unavailable in a recording."
					 : "Unavailable in the past: L goes back to now.";
	if (top->s->health)
		return "Unavailable: the daemon is silent.";
	if (!slot || slot_gone(slot))
		return "Unavailable: the container is gone.";
	return NULL;
}

static void open_action(struct top *top)
{
	struct action_pane *pane = &top->action;
	const struct hr_slot *slot = snapshot_slot(top->s, top->subject);

	if (pane->state == ACTION_ASKED || pane->state == ACTION_WAITING)
		return; /* its answer is shown here */
	pane->state = ACTION_CHOOSING;
	pane->sure = false;
	pane->id = slot ? slot->cgroup_id : 0;
	if (slot)
		pane->slot = *slot;
	pane->list.n = ARRAY_SIZE(actions);
	pane->list.marked = 0; /* the mildest */
}

static int update(struct top *top)
{
	const struct hr_slot *slot = snapshot_slot(top->s, top->action.id);

	if (slot)
		top->action.slot = *slot;
	top->list = &top->action.list;
	return 0;
}

static uint64_t subject(const struct top *top) { return top->action.id; }

/* ---- keys ---- */

static void ask(struct top *top)
{
	struct action_pane *pane = &top->action;
	const struct event_buffer *buffer = top->source ? &top->source->buffer : NULL;
	size_t i = pane->list.marked;

	pane->request = (struct hr_control_request){.magic = HR_CONTROL_MAGIC,
						    .word = HR_CONTROL_ACTION,
						    .cgroup_id = pane->id,
						    .kind = actions[i].kind,
						    .size = HR_UNKNOWN,
						    .for_ms = HR_UNKNOWN,
						    .most = HR_UNKNOWN,
						    .largest = actions[i].largest};
	pane->last_seq = buffer && buffer->n ? buffer->event[buffer->n - 1]->seq : 0;
	pane->asked_ns = clock_mono_ns();
	pane->state = ACTION_ASKED;
}

/* While the confirmation is open only y means yes. */
static bool type(struct top *top, int key)
{
	struct action_pane *pane = &top->action;

	if (!pane->sure)
		return false;
	pane->sure = false;
	if ((key == 'y' || key == 'Y') && !obstacle(top))
		ask(top);
	else
		snprintf(top->notice, sizeof(top->notice), "cancelled");
	return true;
}

static void key_choose(struct top *top)
{
	struct action_pane *pane = &top->action;

	if (pane->state == ACTION_ANSWERED) /* choose again */
		pane->state = ACTION_CHOOSING;
	else if (pane->state == ACTION_CHOOSING)
		pane->sure = !obstacle(top);
}

static const struct key keys[] = {
	{{TOP_ENTER}, key_choose, "Enter", "run the marked action, after a confirmation", "choose"},
	LIST_CURSOR_KEYS,
	KEYS_END,
};

/* ---- drawing ---- */

static size_t draw_target(const struct top *top, struct screen_buffer *body, size_t y)
{
	const struct hr_slot *slot = &top->action.slot;
	struct record_text from = record_text_slot(slot);
	const char *path = hr_slot_text(slot, slot->id.cgroup),
		   *mode = mode_word(top->s->host.mode);
	const char *runtime = hr_runtime_name(slot->id.runtime);
	char label[640], clean[600], text[1024], usage[UNITS_TEXT],
		largest[128] = "", rss[UNITS_TEXT], pids[48] = "", comm[80];
	size_t row = y;

	identity_label(&from, &slot->id, slot->cgroup_id, label, sizeof(label));
	row += wrap_put(body, row, 0, body->columns, STYLE_BOLD, label);
	snprintf(text, sizeof(text), "cgroup %s",
		 text_clean(path ? path : "?", SIZE_MAX, clean, sizeof(clean)));
	row += wrap_put(body, row, 0, body->columns, STYLE_PLAIN, text);
	if (slot->pids != HR_UNKNOWN_U32)
		snprintf(pids, sizeof(pids), " %u process%s", slot->pids,
			 slot->pids == 1 ? "" : "es");
	if (slot->process[0].pid)
		snprintf(largest, sizeof(largest), "%s largest %s[%u] %s", *pids ? "," : "",
			 text_clean(slot->process[0].comm, sizeof(slot->process[0].comm), comm,
				    sizeof(comm)),
			 slot->process[0].pid, units_bytes(slot->process[0].rss_bytes, rss));
	snprintf(text, sizeof(text), "runtime %s;%s%s%s usage %s",
		 runtime && slot->id.runtime ? runtime : "unknown", pids, largest,
		 *pids || *largest ? ";" : "", units_bytes(slot->memory.usage, usage));
	row += wrap_put(body, row, 0, body->columns, STYLE_PLAIN, text);
	snprintf(text, sizeof(text), "daemon: mode %s; manual actions are %s",
		 mode ? mode : "unknown",
		 top->s->host.mode == 1 ? "logged only (dry run)" : "executed");
	return row + wrap_put(body, row, 0, body->columns, STYLE_PLAIN, text) - y;
}

static size_t draw_actions(const struct top *top, struct screen_buffer *body, size_t y)
{
	const struct action_pane *pane = &top->action;

	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		bool marked = i == pane->list.marked;

		screen_buffer_print(body, y + i, 0, STYLE_PLAIN, " %s %-13s %s", marked ? ">" : " ",
				    actions[i].word, actions[i].does);
		if (marked)
			screen_buffer_style(body, y + i, 0, body->columns, STYLE_SELECTED);
	}
	return ARRAY_SIZE(actions);
}

/* The action's own event and its outcome, once they are on the board. */
static size_t draw_events(const struct top *top, struct screen_buffer *body, size_t y)
{
	const struct action_pane *pane = &top->action;
	const struct event_buffer *buffer = top->source ? &top->source->buffer : NULL;
	char text[ACTION_TEXT], line[ACTION_TEXT + 128];
	size_t row = y;

	for (size_t i = 0; buffer && i < buffer->n; i++) {
		const struct hr_event_action *action = (const void *)buffer->event[i];
		const struct hr_event_outcome *outcome;
		struct line l;

		if (action->event.seq <= pane->last_seq || action->event.type != HR_EVENT_ACTION ||
		    action->event.bytes < sizeof(*action) || action->event.cgroup_id != pane->id ||
		    action->by_uid == HR_UNKNOWN_U32)
			continue;
		snprintf(line, sizeof(line), "event %llu: %s",
			 (unsigned long long)action->event.seq, action_text(action, text));
		row += wrap_put(body, row, 0, body->columns, STYLE_PLAIN, line);
		outcome = (const void *)event_buffer_outcome(buffer, &action->event);
		if (!outcome)
			continue;
		l = line_in(line, sizeof(line));
		line_add(&l, "outcome: ");
		phrase_outcome(&l, outcome);
		row += wrap_put(body, row, 0, body->columns, STYLE_BOLD, line);
	}
	return row - y;
}

static void draw_question(const struct action_pane *pane, struct screen_buffer *body, size_t y)
{
	struct record_text from = record_text_slot(&pane->slot);
	char name[512], text[640];

	identity_name(&from, &pane->slot.id, name, sizeof(name), NULL);
	snprintf(text, sizeof(text), "%s %s?", actions[pane->list.marked].question, name);
	y += wrap_put(body, y, 0, body->columns, STYLE_BAD, text);
	screen_buffer_put(body, y, 0, body->columns, STYLE_BOLD,
			  "Confirm: y runs it now; any other key cancels");
}

static void draw_state(const struct top *top, struct screen_buffer *body, size_t y)
{
	const struct action_pane *pane = &top->action;
	const char *word = actions[pane->list.marked].word, *reason = obstacle(top);
	char clean[2 * HR_CONTROL_TEXT], text[sizeof(clean) + 64], waited[UNITS_TEXT];

	if (pane->state == ACTION_CHOOSING && reason) {
		wrap_put(body, y, 0, body->columns, STYLE_WARN, reason);
	} else if (pane->state == ACTION_CHOOSING && pane->sure) {
		draw_question(pane, body, y);
	} else if (pane->state == ACTION_CHOOSING) {
		wrap_put(body, y, 0, body->columns, STYLE_DIM, "Enter asks for confirmation.");
	} else if (pane->state != ACTION_ANSWERED) {
		uint64_t seconds = (clock_mono_ns() - pane->asked_ns) / NS_PER_SEC;

		snprintf(text, sizeof(text), "%s: requested %s%s, waiting for the result", word,
			 seconds ? units_duration_ms(seconds * 1000, waited) : "just now",
			 seconds ? " ago" : "");
		wrap_put(body, y, 0, body->columns, STYLE_BOLD, text);
	} else {
		const char *how = pane->answer.status == 0   ? ""
				  : pane->answer.status == 4 ? "Not permitted: "
				  : pane->answer.status == 5 ? "Not supported by this host: "
							     : "Failed: ";

		snprintf(text, sizeof(text), "%s%s", how,
			 text_clean(pane->answer.text, SIZE_MAX, clean, sizeof(clean)));
		y += wrap_put(body, y, 0, body->columns,
			      pane->answer.status ? STYLE_WARN : STYLE_BOLD, text);
		draw_events(top, body, y);
	}
}

static void draw(struct top *top, struct screen_buffer *body)
{
	const struct action_pane *pane = &top->action;
	size_t y = 1, gap = body->rows >= TALL;

	screen_buffer_style(body, 0, 0, body->columns, STYLE_TITLE);
	screen_buffer_put(body, 0, 0, body->columns, STYLE_TITLE, "manual action");
	if (!pane->id) {
		wrap_put(body, 2, 0, body->columns, STYLE_PLAIN, obstacle(top));
		return;
	}
	y += draw_target(top, body, y) + gap;
	y += draw_actions(top, body, y) + gap;
	y += wrap_put(body, y, 0, body->columns, STYLE_PLAIN,
		      actions[pane->list.marked].consequence) +
	     gap;
	draw_state(top, body, y);
}

const struct screen screen_action = {
	.name = "action",
	.help = "manual action: reclaim, throttle, resize, terminate or kill",
	.key = 'a',
	.keys = keys,
	.open = open_action,
	.update = update,
	.subject = subject,
	.type = type,
	.draw = draw,
};
