/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The undo table: what is set at the moment, so that any survivor can restore it. A fixed-size table in a file on tmpfs beside
 * the board, mapped shared by daemon and supervisor. An entry is complete before the cgroup is written (filled first, then
 * made valid), and cleared after the value was restored. The supervisor calls undo_all() when the daemon ends; a daemon that
 * starts calls it for what both left behind. A value is restored only while it is still ours: another program's change wins.
 */
#ifndef HEADROOM_ENFORCE_ROLLBACK_H
#define HEADROOM_ENFORCE_ROLLBACK_H

#include <stdbool.h>
#include <stdint.h>
#include "enforce.h"

#define UNDO_ENTRIES 128

enum undo_what { UNDO_FREE, UNDO_HIGH, UNDO_FREEZE, UNDO_LIMIT };

struct undo_entry {
	uint32_t state;               /* 0 free, 1 being written, 2 valid; __atomic */
	uint32_t what;                /* enum undo_what */
	uint64_t memcg_id;            /* the directory must still be this one */
	uint64_t was, ours;           /* bytes; HR_UNKNOWN: "max" */
	uint64_t also_was, also_ours; /* UNDO_LIMIT: struct memory_limit.also; was is its limit */
	uint64_t until_ns;            /* boottime; 0: no deadline */
	char path[ENFORCE_PATH];      /* the directory, from the root of its hierarchy */
	char hierarchy[128];          /* mount point of that hierarchy, below root */
};

struct undo;

int undo_open(const char *path,
	      struct undo **ret_undo); /* makes the file, or takes what is there */
void undo_close(struct undo *undo);    /* takes NULL */
/* The entry to clear afterwards; -ENOSPC: nothing may be set. */
int undo_note(struct undo *undo, const struct undo_entry *entry, unsigned int *ret_index);
void undo_clear(struct undo *undo, unsigned int index);
/* Restores entry `index`: 0; -ESTALE: the value was not ours any more, or the cgroup is another; -EBUSY: a limit that is lowered
 * step by step, since more than the old one is used: again later; other -errno. */
int undo_one(struct undo *undo, unsigned int index);
/* Is this an error of undo_one() after which the entry is kept for another try? */
bool undo_may_pass(int r);
bool undo_get(const struct undo *undo, unsigned int index,
	      struct undo_entry *ret_entry); /* false: it is free */
/* What the container of a raised limit uses and cannot give back (limit_files.h): 0 or -errno. */
int undo_held(const struct undo_entry *entry, uint64_t *ret_bytes);
/* All of them; how many were restored. May block on cgroup files: not on the loop. */
unsigned int undo_all(struct undo *undo);

#endif
