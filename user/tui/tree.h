/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Rows as the lines of a list: as they are, below their pods, or below their cgroups. Siblings stand in the order of their
 * rows, a parent where its first child would: so the riskiest branch comes first. Pure; trusts no parent on the board
 * (a circle is cut). Zero-initialise; done once.
 */
#ifndef HEADROOM_TUI_TREE_H
#define HEADROOM_TUI_TREE_H

#include "format/snapshot.h"

enum outline_by { OUTLINE_NONE, OUTLINE_PODS, OUTLINE_CGROUPS, OUTLINE_KINDS };

#define OUTLINE_DEEPEST 40 /* deeper ones stand beside their parents */

struct outline_line {
	const struct row *row;      /* NULL: a pod that has no cgroup on the board */
	const struct row *named_by; /* whose pod it is, where row is NULL */
	uint64_t key;               /* the cgroup's id, or made of the pod's name */
	uint64_t rails;             /* bit d: at depth d something follows below */
	uint32_t below;             /* lines below it; folded away if it is */
	uint8_t depth;
	uint8_t alarm; /* the worst that is folded away */
	bool last, folded;
	bool context; /* not listed itself: only whoever is below it is */
};

struct outline_node; /* outline.c's */

struct outline {
	struct outline_line *line;
	size_t n, space;
	uint64_t *folded; /* keys, sorted */
	size_t n_folded, folded_space;
	struct outline_node *node;
	uint32_t *order, *hash;
	size_t n_nodes, nodes_space, hash_size;
};

/* From s->rows, sorted; rows of parents that are not listed are put behind s->n_rows. 0 or -ENOMEM. */
int outline_build(struct outline *outline, struct snapshot *s, enum outline_by by);
void outline_done(struct outline *outline);

/* Each takes effect with the next build. 0 or -ENOMEM. */
int outline_fold(struct outline *outline, uint64_t key, bool fold);
int outline_fold_all(struct outline *outline); /* all that are parents now */
void outline_unfold_all(struct outline *outline);

/* "│  ├─ ▾ nginx": what stands in the name's cell. */
void outline_name(const struct outline_line *line, enum outline_by by, bool ascii, char *text,
		  size_t bytes);

const char *outline_by_word(enum outline_by by); /* "none", "pods", "cgroups" */

#endif
