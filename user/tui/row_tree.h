/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Rows as lines of a list: flat, below their pods, or below their cgroups. Siblings are in the order of their rows, a parent
 * takes the position of its first child: the riskiest branch comes first. Pure; cycles of parents on the board are cut.
 * Zero-initialise; done once.
 */
#ifndef HEADROOM_TUI_ROW_TREE_H
#define HEADROOM_TUI_ROW_TREE_H

#include "format/snapshot.h"

enum row_tree_by { ROW_TREE_NONE, ROW_TREE_PODS, ROW_TREE_CGROUPS, ROW_TREE_KINDS };

#define ROW_TREE_DEEPEST 40 /* deeper ones are placed beside their parents */

struct row_tree_line {
	const struct row *row;      /* NULL: a pod that has no cgroup on the board */
	const struct row *named_by; /* a row of that pod, where row is NULL */
	uint64_t key;               /* the cgroup's id, or a hash of the pod's name */
	uint64_t rails;             /* bit d: at depth d a sibling follows */
	uint32_t below;             /* lines below it, also if folded */
	uint8_t depth;
	uint8_t alarm; /* the highest among folded lines */
	bool last, folded;
	bool context; /* not listed itself, only its children */
};

struct row_tree_node; /* private */

struct row_tree {
	struct row_tree_line *line;
	size_t n, space;
	uint64_t *folded; /* keys, sorted */
	size_t n_folded, folded_space;
	struct row_tree_node *node;
	uint32_t *order, *hash;
	size_t n_nodes, nodes_space, hash_size;
};

/* From s->rows, sorted; rows of parents that are not listed are put behind s->n_rows. 0 or -ENOMEM. */
int row_tree_build(struct row_tree *tree, struct snapshot *s, enum row_tree_by by);
void row_tree_done(struct row_tree *tree);

/* Each takes effect with the next build. 0 or -ENOMEM. */
int row_tree_fold(struct row_tree *tree, uint64_t key, bool fold);
int row_tree_fold_all(struct row_tree *tree); /* all parents */
void row_tree_unfold_all(struct row_tree *tree);

/* "│  ├─ ▾ nginx": the name cell. */
void row_tree_name(const struct row_tree_line *line, enum row_tree_by by, bool ascii, char *text,
		   size_t bytes);

const char *row_tree_by_word(enum row_tree_by by); /* "none", "pods", "cgroups" */

#endif
