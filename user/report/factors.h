/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Contributing factors of an incident: from facts to the rules that apply, each with a sentence. Pure. A rule is one line of
 * the table in factors.c.
 */
#ifndef HEADROOM_REPORT_FACTORS_H
#define HEADROOM_REPORT_FACTORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "format/incident.h"

/* Figures of the moment before the incident. HR_UNKNOWN, HR_UNKNOWN_U32, HR_UNKNOWN_I64: unknown; a rule that needs an
 * unknown figure does not apply. Initialise with facts_init(). Bytes, unless said otherwise. */
struct facts {
	bool host;             /* it is about the host itself */
	bool killed, hung;     /* by the kernel; v1 at its limit without a victim */
	uint8_t level;         /* enum hr_level: of the limit */
	uint64_t limit, usage; /* of that level */
	uint64_t own_limit;    /* none: HR_UNKNOWN */
	uint64_t own_usage;
	uint64_t anon, file, shmem, kernel, pgtables; /* by kind */
	struct hr_memory memory; /* of the last sample: kinds of kernel memory, sockets */
	uint64_t swap, swap_limit;
	uint64_t high, high_events; /* memory.high, and how often it was hit in the window */
	uint64_t earlier_peak;      /* highest usage before the last rise, restarts included */
	uint64_t limit_before, limit_changed_ago_ms; /* a limit that changed in the window */
	uint32_t leak;                               /* enum hr_leak_state */
	uint32_t leak_of;
	int64_t leak_bytes_per_hour;
	uint64_t rise, rise_ms; /* the last rise: size, duration */
	uint64_t sibling_rise;  /* of the co-tenant that grew most below the same limit */
	uint64_t own_rise;      /* of the subject in the same time */
	char sibling[INCIDENT_NAME];
	uint32_t pids_before, pids; /* at the begin of the window, and at the incident */
	uint32_t kills_before;      /* of the same workload, within the hour before */
	uint32_t stall_centi;       /* PSI full avg10 at its worst */
	uint64_t outlived,
		outlived_filled; /* shared memory that no running container has; what the filler had at its end */
	char filler[160]; /* "": not known */
	uint64_t host_total, host_available, host_swap_total, host_swap_free;
	uint64_t host_huge, host_zram,
		host_swap_cost; /* reserved huge pages; swap on zram; what filling the free swap costs */
	uint64_t limits_sum; /* of all containers' own limits */
	bool group;          /* memory.oom.group */
	bool other_trigger;  /* the trigger is not in the victim's cgroup */
	char trigger[INCIDENT_NAME];
	int32_t score_adj;  /* the victim's; INT32_MIN: not known */
	int32_t order;      /* of the allocation; -1 */
	uint8_t constraint; /* enum hr_constraint */
	uint64_t age_ms;    /* of the container */
	uint32_t mode;      /* of the daemon: 0 observe, 1 dry-run, 2 enforce */
	bool policy;        /* a policy matched it */
	bool warned;
};
void facts_init(struct facts *f);

#define FACTOR_TEXT 512
struct factor {
	const char *word, *title; /* the JSON word; a heading. Static. */
	char text[FACTOR_TEXT];
};

/* In the order of the table. *ret_n of them into `out`, at most `most`. */
size_t factors_find(const struct facts *facts, struct factor *out, size_t most);
#define FACTORS_MOST 32

#endif
