/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The attach plan: which signals there are, and for each its variants, best first. Data only;
 * loader.c tries them. A new signal is one entry in attach_plan.c (and its word here), a new way to get
 * one is one line in its entry.
 */
#ifndef HEADROOM_COLLECT_ATTACH_PLAN_H
#define HEADROOM_COLLECT_ATTACH_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>
#include "kernel_features.h"

#define PLAN_PROGRAMS 4 /* of one variant: all or none run */
#define PLAN_VARIANTS 6
#define PLAN_NAME     27 /* longest signal word, longest variant: the board's fields */
#define PLAN_VARIANT  35

enum plan_signal_id {
	SIGNAL_OOM_KILL,
	SIGNAL_STALLS,
	SIGNAL_KSWAPD,
	SIGNAL_THROTTLED,
	SIGNAL_LIFECYCLE,
	SIGNAL_EXEC,
	SIGNAL_OOM_SCORE_ADJ,
	SIGNAL_SWEEP,
	SIGNAL_STAT,
	SIGNAL_TASKS,
	SIGNAL_REFLEX,
	SIGNAL_THRESHOLD,
	SIGNAL_COUNT
};

struct plan_variant {
	const char *name; /* NULL: no more */
	/* bpf/OBJECT.bpf.c; NULL: without BPF, or by another signal's program */
	const char *object;
	const char *programs[PLAN_PROGRAMS];
	__u32 needs;      /* features, NEEDS() */
	const char *with; /* runs only if the signal before it in the table got this variant */
	/* Tried at the start, attached later (trigger_bpf.c): the links are the programs' descriptors. */
	bool late;
};

struct plan_signal {
	const char *name;
	const char *describes; /* one line for `headroom check` */
	struct plan_variant variants[PLAN_VARIANTS];
};

/* The last variant of each signal needs nothing. */
extern const struct plan_signal plan[SIGNAL_COUNT];

unsigned int plan_variants(const struct plan_signal *signal); /* how many */

/* The ELF image of bpf/NAME.bpf.c; NULL: there is none. */
const void *plan_object(const char *name, size_t *ret_bytes);

#endif
