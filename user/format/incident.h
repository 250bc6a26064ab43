/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Incidents: events that are worth a report, grouped. An OOM kill with its warnings, actions and outcome is one incident,
 * however many processes it killed; so is an escalation with its actions, an alarm that ended without a kill or an action,
 * and a v1 group blocked at its limit.
 *
 *	struct incidents found = {0};
 *	if (incidents_find(reader, &found) == 0)
 *		for (size_t i = 0; i < found.n; i++)
 *			puts(found.incident[i].title);
 *	incidents_done(&found);
 *
 * All text here is clean UTF-8. Pure over a reader: a board, a recording or the store's events. No
 * clock, no terminal.
 */
#ifndef HEADROOM_FORMAT_INCIDENT_H
#define HEADROOM_FORMAT_INCIDENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <headroom/reader.h>

enum incident_kind {
	INCIDENT_OOM_KILL, /* the kernel killed */
	INCIDENT_ACTION,   /* executed or dry run, and the kernel did not kill */
	INCIDENT_NEAR_MISS, /* an alarm that ended without a kill or an action, and its container still ran */
	INCIDENT_HANG, /* v1, oom_kill_disable: at the limit without a victim */
	INCIDENT_ENDED, /* an alarm that stood when its container ended, without a kill or an action */
	INCIDENT_KINDS
};

#define INCIDENT_ID    40
#define INCIDENT_NAME  256
#define INCIDENT_TITLE 640

struct incident {
	char id[INCIDENT_ID]; /* of the event that names it: UTC and seq, "20261122T120752-17" */
	enum incident_kind kind;
	uint64_t begin_ns, end_ns; /* wall times of its first and its last event */
	uint64_t
		time_ns; /* of the event that names it: the kill, the first action, the first alarm */
	uint64_t seq, instance; /* of that event */
	uint64_t cgroup_id;     /* of the subject; 0: the host, or processes outside containers */
	uint64_t workload;      /* of the subject; 0: not known */
	uint8_t severity;       /* enum hr_severity, for colour: never the only carrier */
	bool dry_run;           /* INCIDENT_ACTION: none was executed */
	bool ends; /* INCIDENT_ACTION: a container or a process was signalled to end, or killed */
	bool open; /* not over yet */
	uint32_t kills;             /* processes that the kernel killed */
	char name[INCIDENT_NAME];   /* of the subject; never empty */
	char title[INCIDENT_TITLE]; /* one sentence without a full stop */
	uint64_t *seqs;             /* of its events, oldest first */
	size_t n_seqs;
};

struct incidents {
	struct incident *incident; /* newest first, by time_ns */
	size_t n;
};

/* Zero-initialise before the first call; frees what *ret held. Reads all events from the oldest on: the cursor of a board is
 * behind the newest then, a recording at its end. Damaged records are skipped. 0, -ENOMEM, or -errno of the reader (*ret
 * stays as it was). */
int incidents_find(struct hr_reader *reader, struct incidents *ret);
void incidents_done(struct incidents *incidents);

/* "20261122T120752-17". Returns id. */
const char *incident_id(uint64_t time_ns, uint64_t seq, char id[INCIDENT_ID]);
#define INCIDENT_STAMP 15 /* bytes of the time in it */

/* The newest OOM kill or action that ended something; without one the newest incident; NULL: none. */
const struct incident *incidents_latest(const struct incidents *incidents);

/* "oom_kill", "action", "near_miss", "hang", "ended": the JSON word; "OOM kill", "action", "near miss", "blocked", "ended": for
 * people. */
const char *incident_kind_word(unsigned int kind);
const char *incident_kind_name(unsigned int kind);

#endif
