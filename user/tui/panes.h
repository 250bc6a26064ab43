/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What the screens behind the first one keep between two pictures; members of struct top. */
#ifndef HEADROOM_TUI_PANES_H
#define HEADROOM_TUI_PANES_H

#include <headroom/control.h>
#include "event_buffer.h"
#include "list_cursor.h"
#include "format/incident.h"
#include "pager.h"

struct top;

/* One container: whose, and what was last seen of it. */
struct container_pane {
	uint64_t id; /* cgroup; 0: none */
	bool there;  /* on the board of this picture; else `slot` is its last state */
	bool known;  /* `slot` holds something */
	struct hr_slot slot;
	struct pager pager;
};

struct events_pane {
	struct list_cursor list;
	const struct hr_event **event; /* the buffer's, those that are listed, newest first */
	size_t space;
	unsigned int least; /* enum hr_severity */
	bool chatter;       /* every oom_score_adj, too */
	size_t hidden;      /* of those; */
	bool only;          /* those about one container … */
	uint64_t only_id;   /* … this one */
	uint64_t marked_seq,
		marked_instance; /* the mark stays with its event; 0: with the newest */
};

/* One event, explained. */
struct event_pane {
	_Alignas(8) char record[HR_EVENT_MAX_BYTES]; /* bytes 0: none */
	struct pager pager;
};

struct incidents_pane {
	struct list_cursor list;
	struct incidents found;
	bool failed;   /* they could not be read */
	uint64_t seen; /* buffer.changes when they were looked for */
	uint64_t
		again_ns; /* monotonic: not looked for anew before; a long history takes its time */
};

struct processes_pane {
	struct list_cursor list;
	struct process_row *row;
	size_t space;
	bool by_growth;
	uint32_t pid; /* the mark stays with it */
};

/* A rung that is asked for by hand. */
enum action_state { ACTION_CHOOSING, ACTION_ASKED, ACTION_WAITING, ACTION_ANSWERED };
struct action_pane {
	enum action_state state;
	struct list_cursor list;           /* of rungs */
	bool sure;                         /* the question is open: y does it */
	uint64_t id;                       /* whose cgroup */
	struct hr_slot slot;               /* as it was when the screen was opened */
	struct hr_control_request request; /* ACTION_ASKED: the loop sends it */
	struct hr_control_answer answer;
	uint64_t asked_ns; /* wall time */
	uint64_t last_seq; /* of the buffer when it was asked: what comes after may be of it */
};

/* To the front, with that container; with that event. */
void container_open(struct top *top, uint64_t cgroup_id);
void event_open(struct top *top, const struct hr_event *event);

/* Five minutes before that time, on the first screen, with that container marked (0: whoever is). */
void time_nav_before(struct top *top, uint64_t time_ns, uint64_t cgroup_id);

/* How an event or an incident stands out: never by its colour alone. */
enum style severity_style(unsigned int severity);
const char *severity_mark(unsigned int severity); /* two columns: "!!", "! ", "  " */
/* Of lines that many columns wide: how many are for the name of whom they are about. */
size_t name_width(size_t columns);

#endif
