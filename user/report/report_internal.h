/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Shared by the files of this module. */
#ifndef HEADROOM_REPORT_REPORT_INTERNAL_H
#define HEADROOM_REPORT_REPORT_INTERNAL_H

#include "base/clock.h"
#include "base/strbuf.h"
#include "format/incident_text.h"
#include "format/outlived.h"
#include "format/phrase.h"
#include "report.h"

struct report_text {
	struct report_text *next;
	char text[];
};

/* A string owned by the report; half a character at its end is cut off. NULL without memory. */
__attribute__((format(printf, 2, 3))) const char *report_keep(struct report *r, const char *format,
							      ...);
/* Appends a zeroed item to an array of the report; NULL without memory. */
void *report_more(void *array, size_t *n, size_t bytes);
#define REPORT_MORE(array_, n_) report_more(&(array_), &(n_), sizeof(*(array_)))

/* What is read from the snapshots of that time. */
struct context {
	struct report *report;
	const struct event_log *event_log;
	const struct hr_event **event; /* the incident's own, oldest first */
	size_t n_events;
	uint64_t time_ns;            /* of the incident */
	struct series past;          /* of the subject, as far back as snapshots go */
	bool have_slot, slot_before; /* `slot` is known; from before the incident */
	struct hr_slot slot;
	bool have_host, host_before;
	struct hr_host host;
	uint64_t created_ns;
	uint32_t pids_first, stall_centi;
	uint64_t high_first;
	uint64_t limits_sum;
	bool have_outlived;
	struct outlived outlived, seen; /* seen: of the picture that is being read */
	struct candidates *candidates;
};

bool context_is_subject(const struct context *s, uint64_t cgroup_id, uint64_t workload);
/* context.c: reads the snapshots; fills the series and the fields above. 0 or -ENOMEM. */
int context_look(struct context *s, struct hr_reader *const *readers, size_t n);
void context_done(struct context *s);
/* co_tenants.c */
int candidates_see(struct context *s, const struct hr_slot *slot, uint64_t created_ns,
		   uint64_t time_ns);
int candidates_choose(struct context *s);
void candidates_free(struct candidates *c); /* takes NULL */
/* facts.c */
void context_facts(const struct context *s, struct facts *ret);
/* report_text.c: alarms, actions, timeline, facts, summary; 0 or -ENOMEM. */
int report_text_build(const struct context *s);
/* "12:07:52" in local time; the same with date and offset. */
#define REPORT_TIME CLOCK_TEXT
const char *report_clock(uint64_t time_ns, char text[REPORT_TIME]);
const char *report_day(uint64_t time_ns, char text[REPORT_TIME]);
/* "-42s", "+1m05s", "0 ms": from one to the other. */
const char *report_offset(uint64_t from_ns, uint64_t to_ns, char text[REPORT_TIME]);

#endif
