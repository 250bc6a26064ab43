/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The inside of arming, for arm.c (table and calls), arm_bpf.c (maps and late attaching) and
 * arm_v1.c (eventfds). The table is the truth; the BPF maps and eventfds follow it. `lock` guards
 * the table and is never held over anything that can wait.
 */
#ifndef HEADROOM_ARMS_H
#define HEADROOM_ARMS_H

#include <pthread.h>
#include "arm.h"
#include "inside.h"

enum arm_line { LINE_NEAR, LINE_OVER, LINES }; /* two sizes, two eventfds */

struct arm_wire { /* cgroup v1; -1: none */
	int event[LINES];
	__u64 at[LINES]; /* bytes that they are registered for */
	int usage; /* memory.usage_in_bytes */
};

struct arm_slot {
	__u64 memcg_id; /* 0: free */
	struct armed_value value;
	struct arm_wire wire;
	__u64 told_ns[LINES];
};

struct arms {
	pthread_mutex_t lock;
	struct arm_slot slot[ARM_ENTRIES];
	struct arm_spare spared[ARM_SPARED]; /* both 0: free */
	__u64 generation; /* the last one given */
	__u32 count, epoch;
	__u64 granted, known; /* as the programs have them */
	__u64 struck; /* reflexes that were told of */
	int epoll; /* over the eventfds; -1: not v1 */
	/* the worker's own */
	int cold, hot; /* attached; -1: not */
	bool close;
};

static inline const struct plan_variant *arms_variant(const struct sense *s, enum plan_signal_id id)
{
	return &plan[id].variants[s->loaded.signal[id].variant];
}

/* arm_bpf.c. All but the last three only make system calls that cannot wait. */
bool arm_bpf_reflex(const struct sense *s); /* are there programs for it? */
int arm_bpf_set(struct sense *s, const struct arm_slot *slot);
void arm_bpf_unarm(struct sense *s, const struct arm_slot *slot);
void arm_bpf_drop(struct sense *s, const struct arm_slot *slot);
void arm_bpf_state(struct sense *s); /* count and epoch, from the table */
int arm_bpf_spare(struct sense *s, const struct arm_spare *spare, bool spared);
bool arm_bpf_shot(struct sense *s, const struct arm_slot *slot);
void arm_bpf_copy(struct sense *to, struct sense *from, const struct arm_slot *slot);
int arm_bpf_attach(struct sense *s, bool hot); /* waits */
void arm_bpf_detach(struct sense *s, bool cold); /* waits; the hot one, or both */
int arm_bpf_find(struct sense *s, int dir_fd); /* waits for cgroup_mutex */

/* arm_v1.c */
bool arm_v1_used(const struct sense *s);
void arm_wire_init(struct arm_wire *wire);
void arm_wire_done(struct arm_wire *wire);
/* Waits. Registers both lines; on failure *ret_wire is without any. */
int arm_wire_open(int dir_fd, const struct armed_value *value, struct arm_wire *ret_wire);

#endif
