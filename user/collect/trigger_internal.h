/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Internals of triggers, for trigger.c (table and calls), trigger_bpf.c (maps and late attaching) and
 * trigger_v1.c (eventfds). The table is the truth; the BPF maps and eventfds follow it. `lock` guards
 * the table and is never held over anything that can wait.
 */
#ifndef HEADROOM_COLLECT_TRIGGER_INTERNAL_H
#define HEADROOM_COLLECT_TRIGGER_INTERNAL_H

#include <pthread.h>
#include "trigger.h"
#include "collect_internal.h"

enum trigger_line { LINE_NEAR, LINE_OVER, LINES }; /* two sizes, two eventfds */

struct trigger_eventfd { /* cgroup v1; -1: none */
	int event[LINES];
	__u64 at[LINES]; /* bytes that they are registered for */
	int usage;       /* memory.usage_in_bytes */
};

struct trigger_slot {
	__u64 memcg_id; /* 0: free */
	struct trigger_value value;
	struct trigger_eventfd wire;
	__u64 emitted_ns[LINES];
};

struct triggers {
	pthread_mutex_t lock;
	struct trigger_slot slot[TRIGGER_ENTRIES];
	struct trigger_exempt exempt[TRIGGER_EXEMPT]; /* both 0: free */
	__u64 generation;                             /* the last one given */
	__u32 count, epoch;
	__u64 granted, known; /* as the programs have them */
	__u64 killed;         /* reflex records that were read */
	int epoll;            /* over the eventfds; -1: not v1 */
	/* the worker's own */
	int cold, hot; /* attached; -1: not */
	bool close;
	bool ready; /* the cold one stays attached without triggers, too */
};

static inline const struct plan_variant *triggers_variant(const struct collector *s,
							  enum plan_signal_id id)
{
	return &plan[id].variants[s->loaded.signal[id].variant];
}

/* trigger_bpf.c. All but the last three only make system calls that cannot wait. */
bool trigger_bpf_reflex(const struct collector *s); /* are there programs for it? */
int trigger_bpf_set(struct collector *s, const struct trigger_slot *slot);
void trigger_bpf_remove(struct collector *s, const struct trigger_slot *slot);
void trigger_bpf_forget(struct collector *s, const struct trigger_slot *slot);
void trigger_bpf_state(struct collector *s); /* count and epoch, from the table */
int trigger_bpf_exempt(struct collector *s, const struct trigger_exempt *entry, bool exempt);
bool trigger_bpf_fired(struct collector *s, const struct trigger_slot *slot);
void trigger_bpf_copy(struct collector *to, struct collector *from,
		      const struct trigger_slot *slot);
int trigger_bpf_attach(struct collector *s, bool hot);   /* waits */
void trigger_bpf_detach(struct collector *s, bool cold); /* waits; the hot one, or both */
int trigger_bpf_find(struct collector *s, int dir_fd);   /* waits for cgroup_mutex */

/* trigger_v1.c */
bool trigger_v1_used(const struct collector *s);
void trigger_eventfd_init(struct trigger_eventfd *wire);
void trigger_eventfd_done(struct trigger_eventfd *wire);
/* Waits. Registers both lines; on failure *ret_wire is without any. */
int trigger_eventfd_open(int dir_fd, const struct trigger_value *value,
			 struct trigger_eventfd *ret_wire);

#endif
