/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* State of the screens; members of struct top. */
#ifndef HEADROOM_TUI_PANES_H
#define HEADROOM_TUI_PANES_H

#include <headroom/control.h>
#include "event_buffer.h"
#include "list_cursor.h"
#include "format/incident.h"
#include "pager.h"

struct top;

/* One container and its last known state. */
struct container_pane {
	uint64_t id; /* cgroup; 0: none */
	bool there;  /* in this snapshot; else `slot` is its last state */
	bool known;  /* `slot` holds something */
	struct hr_slot slot;
	struct pager pager;
};

struct events_pane {
	struct list_cursor list;
	const struct hr_event **event; /* the buffer's, those listed, newest first */
	size_t space;
	unsigned int least;                   /* enum hr_severity */
	bool chatter;                         /* include changes of oom_score_adj */
	size_t hidden;                        /* those left out */
	bool only;                            /* of one container … */
	uint64_t only_id;                     /* … this one */
	uint64_t marked_seq, marked_instance; /* of the marked event; 0: the newest */
};

/* One event, explained. */
struct event_pane {
	_Alignas(8) char record[HR_EVENT_MAX_BYTES]; /* bytes 0: none */
	struct pager pager;
};

struct incidents_pane {
	struct list_cursor list;
	struct incidents found;
	bool failed;       /* cannot be read */
	uint64_t seen;     /* buffer.changes at the last search */
	uint64_t again_ns; /* monotonic: no search before; a long history takes time */
};

struct processes_pane {
	struct list_cursor list;
	struct process_row *row;
	size_t space;
	bool by_growth;
	uint32_t pid; /* of the marked process */
};

/* A manual action. */
enum action_state { ACTION_CHOOSING, ACTION_ASKED, ACTION_WAITING, ACTION_ANSWERED };
struct action_pane {
	enum action_state state;
	struct list_cursor list;           /* of actions */
	bool sure;                         /* the confirmation is open */
	uint64_t id;                       /* the target's cgroup */
	struct hr_slot slot;               /* its last known state */
	struct hr_control_request request; /* ACTION_ASKED: the loop sends it */
	struct hr_control_answer answer;
	uint64_t asked_ns; /* monotonic */
	uint64_t last_seq; /* of the buffer at the request: later events may be of it */
};

/* Opens the screen of that container; of that event. */
void container_open(struct top *top, uint64_t cgroup_id);
void event_open(struct top *top, const struct hr_event *event);

/* Goes to five minutes before that time, on the first screen, with that container marked (0: mark unchanged). */
void time_nav_before(struct top *top, uint64_t time_ns, uint64_t cgroup_id);

/* One event as a row. */
void event_put(const struct hr_event *event, uint64_t now_ns, struct screen_buffer *body, size_t y);
/* Style and mark of an event or incident. */
enum style severity_style(unsigned int severity);
const char *severity_mark(unsigned int severity); /* two columns: "!!", "! ", "  " */
/* Columns for the subject's name, of a line that many columns wide. */
size_t name_width(size_t columns);

#endif
