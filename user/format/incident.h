/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Incidents: what of the event stream is worth a report. An OOM kill with its warnings, deeds and
 * outcome is one incident, however many it killed; so is an emergency that was acted upon, an
 * alarm that ended without a death or a deed, and a v1 group that hung at its limit.
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
	INCIDENT_OOM_KILL,  /* the kernel killed */
	INCIDENT_ACTION,    /* a rung was taken, or rehearsed, and the kernel did not kill */
	INCIDENT_NEAR_MISS, /* an alarm that ended without a death or a deed */
	INCIDENT_HANG,      /* v1, oom_kill_disable: at the limit without a victim */
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
		time_ns; /* of the event that names it: the kill, the first deed, the first alarm */
	uint64_t seq, instance;   /* of that event */
	uint64_t cgroup_id;       /* of the subject; 0: the host, or processes outside containers */
	uint64_t workload;        /* of the subject; 0: not known */
	uint8_t severity;         /* enum hr_severity, for colour: never the only carrier */
	bool rehearsed;           /* INCIDENT_ACTION: nothing was done, all was dry-run */
	bool open;                /* not over yet when it was looked at */
	uint32_t kills;           /* processes that the kernel killed */
	char name[INCIDENT_NAME]; /* what a person calls the subject; never empty */
	char title[INCIDENT_TITLE]; /* one sentence without a full stop: who, what happened */
	uint64_t *seqs;             /* of its events, oldest first */
	size_t n_seqs;
};

struct incidents {
	struct incident *incident; /* newest first, by time_ns */
	size_t n;
};

/* Zero-initialised before the first call; what it held before is let go of. Reads all events from the oldest on: a board's
 * cursor stands behind the newest then, a recording at its end. Damaged pieces are passed over. 0, -ENOMEM, or -errno of the
 * reader (and then it is as it was). */
int incidents_find(struct hr_reader *reader, struct incidents *ret);
void incidents_done(struct incidents *incidents);

/* "oom_kill", "action", "near_miss", "hang": the JSON word; "OOM kill", "action", "near miss", "hang": for people. */
const char *incident_kind_word(unsigned int kind);
const char *incident_kind_name(unsigned int kind);

#endif
