// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The largest processes of every container and of the host outside containers, largest or fastest-growing first. Only those
 * on the board: five per container, eight outside. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/utf8_clean.h"
#include "base/human_units.h"
#include "format/display_name.h"
#include "format/table.h"
#include "cursor_keys.h"
#include "top.h"
#include "widgets.h"

#define WHERE 57 /* the column of the container */

struct process_row {
	const struct hr_process *process;
	const struct hr_slot *slot; /* NULL: outside */
};

static int by_rss(const void *a, const void *b)
{
	const struct hr_process *x = ((const struct process_row *)a)->process,
				*y = ((const struct process_row *)b)->process;

	return x->rss_bytes != y->rss_bytes
		       ? (x->rss_bytes < y->rss_bytes) - (x->rss_bytes > y->rss_bytes)
		       : (x->pid > y->pid) - (x->pid < y->pid);
}

/* Unknown is INT64_MIN: last. */
static int by_growth(const void *a, const void *b)
{
	int64_t x = ((const struct process_row *)a)->process->growth_bytes_per_second,
		y = ((const struct process_row *)b)->process->growth_bytes_per_second;

	return x != y ? (x < y) - (x > y) : by_rss(a, b);
}

static size_t add(struct processes_pane *pane, size_t n, const struct hr_process *process,
		  size_t most, const struct hr_slot *slot)
{
	for (size_t i = 0; i < most && process[i].pid; i++)
		pane->row[n++] = (struct process_row){&process[i], slot};
	return n;
}

static const struct process_row *marked(const struct top *top)
{
	const struct processes_pane *pane = &top->processes;

	return pane->list.marked < pane->list.n ? &pane->row[pane->list.marked] : NULL;
}

static int update(struct top *top)
{
	struct processes_pane *pane = &top->processes;
	const struct snapshot *s = top->s;
	size_t space = s->n_slots * HR_PROCESSES + HR_HOST_PROCESSES, n;

	if (space > pane->space) {
		struct process_row *bigger = reallocarray(pane->row, space, sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		pane->row = bigger;
		pane->space = space;
	}
	n = add(pane, 0, s->host.process, HR_HOST_PROCESSES, NULL);
	for (size_t i = 0; i < s->n_slots; i++)
		if (!slot_gone(&s->slots[i]))
			n = add(pane, n, s->slots[i].process, HR_PROCESSES, &s->slots[i]);
	qsort(pane->row, n, sizeof(*pane->row), pane->by_growth ? by_growth : by_rss);
	pane->list.n = n;
	for (size_t i = 0; pane->list.marked && pane->pid && i < n; i++)
		if (pane->row[i].process->pid == pane->pid) {
			pane->list.marked = i;
			break;
		}
	list_cursor_mark(&pane->list, pane->list.marked);
	top->list = &pane->list;
	return 0;
}

static uint64_t subject(const struct top *top)
{
	const struct process_row *row = marked(top);

	return row && row->slot ? row->slot->cgroup_id : 0;
}

static void key_open(struct top *top)
{
	uint64_t id = subject(top);

	if (id)
		container_open(top, id);
	else if (marked(top))
		snprintf(top->notice, sizeof(top->notice), "not in a container");
}

static void key_sort(struct top *top)
{
	top->processes.by_growth = !top->processes.by_growth;
	top->processes.pid = 0;
	top->processes.list.marked = 0;
	top->stale = true;
}

static void click(struct top *top, size_t y, size_t x)
{
	if (y && list_cursor_click(&top->processes.list, y - 1))
		key_open(top);
}

static const struct key keys[] = {
	{{TOP_ENTER}, key_open, "Enter", "its container", "container"},
	LIST_CURSOR_KEYS,
	{{'s', '<', '>'}, key_sort, "s", "sort by size or by growth", "sort"},
	KEYS_END,
};

static void draw_row(const struct process_row *row, struct screen_buffer *body, size_t y)
{
	const struct hr_process *p = row->process;
	char text[UNITS_TEXT], clean[80];

	screen_buffer_print(body, y, 0, STYLE_PLAIN, "%8u", p->pid);
	screen_buffer_put(body, y, 9, 16, STYLE_PLAIN,
			  text_clean(p->comm, sizeof(p->comm), clean, sizeof(clean)));
	screen_buffer_print(body, y, 26, STYLE_PLAIN, "%9s", units_bytes(p->rss_bytes, text));
	screen_buffer_print(body, y, 36, p->growth_bytes_per_second > 0 ? STYLE_WARN : STYLE_PLAIN,
			    "%12s", units_rate(p->growth_bytes_per_second, text));
	screen_buffer_print(body, y, 49, STYLE_PLAIN, "%6d", p->oom_score_adj);
	if (body->columns <= WHERE)
		return;
	if (row->slot) {
		struct record_text from = record_text_slot(row->slot);

		widget_name(&from, &row->slot->id, STYLE_PLAIN, body, y, WHERE,
			    body->columns - WHERE);
	} else {
		screen_buffer_put(body, y, WHERE, 1, STYLE_DIM, "-");
	}
}

static void draw(struct top *top, struct screen_buffer *body)
{
	struct processes_pane *pane = &top->processes;
	const char *down = body->ascii ? "*" : "▼";
	size_t row;

	screen_buffer_style(body, 0, 0, body->columns, STYLE_TITLE);
	screen_buffer_print(body, 0, 0, STYLE_TITLE, "%8s %-16s %9s %12s %6s  %s", "PID", "COMMAND",
			    "RSS", "GROWTH", "ADJ", "CONTAINER");
	screen_buffer_put(body, 0, pane->by_growth ? 41 : 31, 1, STYLE_TITLE_KEY, down);
	list_cursor_fit(&pane->list, body->rows > 1 ? body->rows - 1 : 1);
	for (size_t y = 0; list_cursor_at(&pane->list, y, &row); y++) {
		draw_row(&pane->row[row], body, 1 + y);
		if (row == pane->list.marked)
			screen_buffer_style(body, 1 + y, 0, body->columns, STYLE_SELECTED);
	}
	if (!pane->list.n)
		screen_buffer_put(body, 2, 2, body->columns, STYLE_PLAIN, "no processes known yet");
	pane->pid = marked(top) ? marked(top)->process->pid : 0;
}

const struct screen screen_processes = {
	.name = "processes",
	.help = "largest processes of all containers and of the host",
	.key = 'p',
	.keys = keys,
	.update = update,
	.subject = subject,
	.draw = draw,
	.click = click,
};
