/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A YAML file as a tree of nodes with their positions, and errors that name them:
 * "FILE:LINE:COLUMN: what: expected …". For the programs that read the configuration: the
 * supervisor, `headroom policy`, `headroom export`; never the daemon's main process.
 *
 * A tree is bounded whatever the file contains: its size, its depth, the nodes that it would have
 * if every alias were written out (an alias is the node that it refers to, so a walk may visit more
 * nodes than the tree has). One document; no tags; keys are words and differ; text is UTF-8 without
 * control characters but newline and tab.
 */
#ifndef HEADROOM_YAML_TREE_H
#define HEADROOM_YAML_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TREE_BYTES   (4u << 20) /* a thousand policies are 0.3 MB */
#define TREE_NODES   400000u
#define TREE_DEPTH   32u
#define TREE_ANCHORS 256u

enum tree_kind { TREE_TEXT, TREE_LIST, TREE_MAP };

struct tree_node {
	enum tree_kind kind;
	bool quoted;               /* TEXT in quotes: "" is a value, not a missing one */
	unsigned int line, column; /* from 1, in characters */
	const char *text;          /* TEXT */
	struct tree_node **child;  /* MAP: key, value, key, value … */
	size_t n;                  /* of child */
	uint64_t weight;           /* nodes in it, aliases written out */
	unsigned int height;
};

/* A key of an earlier version of the file format, and what it is called now. */
struct tree_rename {
	const char *old, *now;
};

struct tree {
	const char *path; /* the caller's; must stay valid */
	char *error;      /* the caller's */
	size_t error_bytes;
	struct tree_node *root; /* NULL: empty */
	struct tree_chunk *chunks;
	const struct tree_rename
		*renamed; /* the caller's, set after tree_load(); ends with {0}; NULL: none */
};

/* Reads the regular file at path (or /dev/null). 0; -EINVAL and one line in error; other -errno and
 * error "". */
int tree_load(const char *path, struct tree *ret_tree, char *error, size_t error_bytes);
void tree_done(struct tree *tree);

/* Writes the line; "what" is cleaned and cut. Returns -EINVAL. */
__attribute__((format(printf, 4, 5))) int tree_complain(const struct tree *tree,
							const struct tree_node *at,
							const char *what, const char *expected,
							...);
/* A node, for such a line: its text, "a list", "a mapping", "nothing". */
const char *tree_what(const struct tree_node *node);
static inline const char *tree_text(const struct tree_node *node) /* NULL: not text */
{
	return node->kind == TREE_TEXT ? node->text : NULL;
}
const struct tree_node *tree_get(const struct tree_node *map,
				 const char *key); /* NULL: not there */

/* A mapping as data: the keys that it may hold, and their parsers. */
struct tree_key {
	const char *name; /* a name that ends in '.' accepts every key with that prefix */
	int (*parse)(void *arg, const struct tree_node *key, const struct tree_node *value);
};
/* Calls the parser of each pair in file order, up to the first that fails. `what` names the mapping
 * and `example` shows one, for errors. */
int tree_map(const struct tree *tree, const struct tree_node *node, const struct tree_key *keys,
	     size_t n, void *arg, const char *what, const char *example);

#endif
