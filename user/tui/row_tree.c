// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Rows as a tree, and the tree as lines. Knows no screen and no key. */
#include "row_tree.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/utf8_clean.h"
#include "format/alert_text.h"
#include "format/enum_text.h"

#define NO_NODE   UINT32_MAX
#define ROOT_PATH "/"

struct row_tree_node {
	uint64_t key;
	const struct row *row, *named_by;
	uint32_t parent; /* NO_NODE: at the top */
	uint32_t rank;   /* the best of its rows and those below */
	uint32_t children;
	bool context;
};

static int grow(void **array, size_t *space, size_t needed, size_t item_bytes)
{
	size_t wanted = *space ? *space : 64;
	void *bigger;

	if (needed <= *space)
		return 0;
	while (wanted < needed)
		wanted *= 2;
	bigger = reallocarray(*array, wanted, item_bytes);
	if (!bigger)
		return -ENOMEM;
	*array = bigger;
	*space = wanted;
	return 0;
}

void row_tree_done(struct row_tree *tree)
{
	free(tree->line);
	free(tree->folded);
	free(tree->node);
	free(tree->order);
	free(tree->hash);
	memset(tree, 0, sizeof(*tree));
}

const char *row_tree_by_word(enum row_tree_by by)
{
	static const char *const words[ROW_TREE_KINDS] = {"none", "pods", "cgroups"};

	return by < ROW_TREE_KINDS ? words[by] : NULL;
}

/* ---- folded keys ---- */

static int compare_keys(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

static bool is_folded(const struct row_tree *o, uint64_t key)
{
	return o->n_folded && bsearch(&key, o->folded, o->n_folded, sizeof(key), compare_keys);
}

int row_tree_fold(struct row_tree *o, uint64_t key, bool fold)
{
	int r;

	if (is_folded(o, key) == fold)
		return 0;
	if (!fold) {
		size_t at = 0;

		while (o->folded[at] != key)
			at++;
		o->folded[at] = o->folded[--o->n_folded];
	} else {
		r = grow((void **)&o->folded, &o->folded_space, o->n_folded + 1, sizeof(key));
		if (r)
			return r;
		o->folded[o->n_folded++] = key;
	}
	qsort(o->folded, o->n_folded, sizeof(key), compare_keys);
	return 0;
}

int row_tree_fold_all(struct row_tree *o)
{
	int r = grow((void **)&o->folded, &o->folded_space, o->n, sizeof(*o->folded));

	if (r)
		return r;
	o->n_folded = 0;
	for (size_t i = 0; i < o->n; i++)
		if (o->line[i].below)
			o->folded[o->n_folded++] = o->line[i].key;
	qsort(o->folded, o->n_folded, sizeof(*o->folded), compare_keys);
	return 0;
}

void row_tree_unfold_all(struct row_tree *o) { o->n_folded = 0; }

/* ---- nodes, by key ---- */

static uint64_t mix(uint64_t z) /* the finalizer of splitmix64: Steele, Lea, Flood, 2014 */
{
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

static uint32_t *find(const struct row_tree *o, uint64_t key)
{
	size_t mask = o->hash_size - 1, at = mix(key) & mask;

	while (o->hash[at] != NO_NODE && o->node[o->hash[at]].key != key)
		at = (at + 1) & mask;
	return &o->hash[at];
}

/* Allocates space for that many nodes. */
static int begin(struct row_tree *o, size_t most)
{
	size_t size = 64, order_space = o->nodes_space;
	int r = grow((void **)&o->node, &o->nodes_space, most, sizeof(*o->node));

	if (!r && o->nodes_space != order_space) {
		uint32_t *order = reallocarray(o->order, o->nodes_space, sizeof(*order));

		r = order ? 0 : -ENOMEM;
		o->order = order ? order : o->order;
	}
	while (size < 2 * most)
		size *= 2;
	if (!r && size > o->hash_size) {
		uint32_t *hash = reallocarray(o->hash, size, sizeof(*hash));

		r = hash ? 0 : -ENOMEM;
		o->hash = hash ? hash : o->hash;
		o->hash_size = hash ? size : o->hash_size;
	}
	if (r)
		return r;
	memset(o->hash, 0xff, o->hash_size * sizeof(*o->hash));
	o->n_nodes = 0;
	return 0;
}

static uint32_t add_node(struct row_tree *o, struct row_tree_node node)
{
	uint32_t *place = find(o, node.key);

	if (*place == NO_NODE) {
		*place = (uint32_t)o->n_nodes;
		o->node[o->n_nodes++] = node;
	}
	return *place;
}

static bool is_above(const struct row_tree *o, uint32_t identity, uint32_t target)
{
	for (; target != NO_NODE; target = o->node[target].parent)
		if (target == identity)
			return true;
	return false;
}

/* Below its parent, unless that makes a cycle. */
static void hang(struct row_tree *o, uint32_t child, uint32_t parent)
{
	if (is_above(o, child, parent))
		return;
	o->node[child].parent = parent;
	o->node[parent].children++;
}

/* ---- by cgroup ---- */

struct by_id {
	uint64_t id;
	const struct hr_slot *slot;
};

static int compare_ids(const void *a, const void *b) { return compare_keys(a, b); }

static const struct hr_slot *slot_of(const struct by_id *ids, size_t n, uint64_t id)
{
	const struct by_id *found = bsearch(&id, ids, n, sizeof(*ids), compare_ids);
	const char *path = found ? hr_slot_text(found->slot, found->slot->id.cgroup) : NULL;

	return path && strcmp(path, ROOT_PATH) != 0 ? found->slot : NULL;
}

static int hang_by_cgroup(struct row_tree *o, struct snapshot *s)
{
	_cleanup_free_ struct by_id *ids = calloc(s->n_slots + 1, sizeof(*ids));
	size_t context = 0;

	if (!ids)
		return -ENOMEM;
	for (size_t i = 0; i < s->n_slots; i++)
		ids[i] = (struct by_id){s->slots[i].cgroup_id, &s->slots[i]};
	qsort(ids, s->n_slots, sizeof(*ids), compare_ids);
	/* nodes added here are visited later in this loop */
	for (uint32_t i = 0; i < o->n_nodes; i++) {
		const struct hr_slot *slot = o->node[i].row->slot;
		const struct hr_slot *above = slot_of(ids, s->n_slots, slot->parent_id);
		uint32_t parent;

		if (!above || above == slot)
			continue;
		parent = *find(o, above->cgroup_id);
		if (parent == NO_NODE) {
			struct row *row = &s->rows[s->n_rows + context++];

			row_make(row, above);
			parent = add_node(o, (struct row_tree_node){.key = above->cgroup_id,
								    .row = row,
								    .parent = NO_NODE,
								    .rank = NO_NODE,
								    .context = true});
		}
		hang(o, i, parent);
	}
	return 0;
}

/* ---- by pod ---- */

static uint64_t hash_text(uint64_t hash, const char *text)
{
	for (; *text; text++)
		hash = mix(hash ^ (unsigned char)*text);
	return mix(hash ^ 0x100);
}

/* 0: no pod */
static uint64_t pod_key(const struct hr_slot *slot)
{
	const char *pod = hr_slot_text(slot, slot->id.pod);
	const char *namespace = hr_slot_text(slot, slot->id.namespace);

	return pod ? hash_text(hash_text(1, namespace ? namespace : ""), pod) | 1ULL << 63 : 0;
}

static void hang_by_pod(struct row_tree *o, struct snapshot *s)
{
	size_t listed = o->n_nodes, context = 0;

	for (size_t i = 0; i < s->n_slots; i++) { /* pods first: they are headings themselves */
		const struct hr_slot *slot = &s->slots[i];
		uint64_t key = slot->id.kind == HR_KIND_POD && !slot_gone(slot) ? pod_key(slot) : 0;

		if (!key || *find(o, slot->cgroup_id) != NO_NODE || *find(o, key) != NO_NODE)
			continue;
		row_make(&s->rows[s->n_rows + context], slot);
		add_node(o, (struct row_tree_node){.key = key,
						   .row = &s->rows[s->n_rows + context++],
						   .parent = NO_NODE,
						   .rank = NO_NODE,
						   .context = true});
	}
	for (uint32_t i = 0; i < listed; i++) {
		const struct row *row = o->node[i].row;
		uint64_t key = row->slot->id.kind == HR_KIND_POD ? 0 : pod_key(row->slot);

		if (key)
			hang(o, i,
			     add_node(o, (struct row_tree_node){.key = key,
								.named_by = row,
								.parent = NO_NODE,
								.rank = NO_NODE,
								.context = true}));
	}
	/* No heading for a single container. */
	for (uint32_t i = 0; i < listed; i++) {
		uint32_t up = o->node[i].parent;

		if (up != NO_NODE && o->node[up].context && o->node[up].children == 1)
			o->node[i].parent = NO_NODE;
	}
}

/* ---- lines ---- */

/* A branch has the rank of its best row. */
static void rank_parents(struct row_tree *o)
{
	for (size_t i = 0; i < o->n_nodes; i++) {
		uint32_t rank = o->node[i].rank, up = o->node[i].parent;

		for (; up != NO_NODE && o->node[up].rank > rank; up = o->node[up].parent)
			o->node[up].rank = rank;
	}
}

static int compare_nodes(const void *left, const void *right, void *arg)
{
	const struct row_tree *o = arg;
	const struct row_tree_node *a = &o->node[*(const uint32_t *)left],
				   *b = &o->node[*(const uint32_t *)right];

	if (a->parent != b->parent)
		return a->parent + 1u < b->parent + 1u ? -1 : 1; /* NO_NODE first */
	return (a->rank > b->rank) - (a->rank < b->rank);
}

/* The first of a parent's children in o->order; n_nodes: none. */
static size_t first_child(const struct row_tree *o, uint32_t parent)
{
	size_t low = 0, high = o->n_nodes;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (o->node[o->order[middle]].parent + 1u < parent + 1u)
			low = middle + 1;
		else
			high = middle;
	}
	return low < o->n_nodes && o->node[o->order[low]].parent == parent ? low : o->n_nodes;
}

static uint8_t alarm_of(const struct row_tree_line *line)
{
	return line->row && !line->context ? (uint8_t)alert_alarm(line->row->slot) : HR_ALARM_NONE;
}

/* Adds the lines below a folded line to its counts. */
static void fold_away(struct row_tree *o, size_t at)
{
	struct row_tree_line *line = &o->line[at];

	for (size_t i = at + 1; i < o->n; i++) {
		uint8_t alarm = alarm_of(&o->line[i]);

		if (o->line[i].alarm > alarm)
			alarm = o->line[i].alarm;
		if (alarm > line->alarm)
			line->alarm = alarm;
	}
	o->n = at + 1;
}

static void lay_out(struct row_tree *o, uint32_t parent, uint8_t depth, uint64_t rails)
{
	size_t at = first_child(o, parent);

	for (; at < o->n_nodes && o->node[o->order[at]].parent == parent; at++) {
		uint32_t id = o->order[at];
		const struct row_tree_node *node = &o->node[id];
		bool last = at + 1 == o->n_nodes || o->node[o->order[at + 1]].parent != parent;
		size_t here = o->n;
		struct row_tree_line *line = &o->line[o->n++];

		if (node->rank == NO_NODE) { /* nothing below it is listed */
			o->n--;
			continue;
		}
		*line = (struct row_tree_line){.row = node->row,
					       .named_by = node->named_by,
					       .key = node->key,
					       .rails = rails,
					       .depth = depth,
					       .last = last,
					       .context = node->context};
		lay_out(o, id, (uint8_t)(depth + (depth < ROW_TREE_DEEPEST)),
			last ? rails : rails | 1ULL << depth);
		line->below = (uint32_t)(o->n - here - 1);
		line->folded = line->below && is_folded(o, node->key);
		if (line->folded)
			fold_away(o, here);
	}
}

int row_tree_build(struct row_tree *o, struct snapshot *s, enum row_tree_by by)
{
	int r = begin(o, 2 * s->n_slots + 1);

	if (!r)
		r = grow((void **)&o->line, &o->space, o->nodes_space, sizeof(*o->line));
	if (r)
		return r;
	o->n = 0;
	for (size_t i = 0; i < s->n_rows; i++) {
		if (by == ROW_TREE_NONE)
			o->line[o->n++] = (struct row_tree_line){.row = &s->rows[i],
								 .key = s->rows[i].slot->cgroup_id};
		else
			add_node(o, (struct row_tree_node){.key = s->rows[i].slot->cgroup_id,
							   .row = &s->rows[i],
							   .parent = NO_NODE,
							   .rank = (uint32_t)i});
	}
	if (by == ROW_TREE_NONE)
		return 0;
	if (by == ROW_TREE_PODS)
		hang_by_pod(o, s);
	else
		r = hang_by_cgroup(o, s);
	if (r)
		return r;
	rank_parents(o);
	for (uint32_t i = 0; i < o->n_nodes; i++)
		o->order[i] = i;
	qsort_r(o->order, o->n_nodes, sizeof(*o->order), compare_nodes, o);
	lay_out(o, NO_NODE, 0, 0);
	return 0;
}

/* ---- names ---- */

/* In a tree the part of the name that the parent shows is left out. */
static void short_name(const struct row_tree_line *line, enum row_tree_by by, char *text,
		       size_t bytes)
{
	const struct row *row = line->row ? line->row : line->named_by;
	const struct hr_identity *id = &row->slot->id;
	const char *pod = hr_slot_text(row->slot, id->pod), *part = NULL, *namespace;
	struct line line_text = {text, bytes, 0};
	char head[ROW_NAME];

	text[0] = 0;
	if (by == ROW_TREE_PODS && !line->depth && pod &&
	    (line->named_by || id->kind == HR_KIND_POD)) {
		namespace = hr_slot_text(row->slot, id->namespace);
		text_clean(namespace ? namespace : "?", SIZE_MAX, head, sizeof(head));
		line_add(&line_text, "%s/", head);
		line_add(&line_text, "%s", text_clean(pod, SIZE_MAX, head, sizeof(head)));
		return;
	}
	if (pod && line->depth)
		part = hr_slot_text(row->slot, id->container);
	else if (by == ROW_TREE_CGROUPS && row->name_is_path && line->depth)
		part = path_tail(row->name);
	if (part)
		text_clean(part, SIZE_MAX, text, bytes);
	else
		snprintf(text, bytes, "%s", row->name);
}

void row_tree_name(const struct row_tree_line *line, enum row_tree_by by, bool ascii, char *text,
		   size_t bytes)
{
	char name[ROW_NAME];
	struct line out = {text, bytes, 0};

	text[0] = 0;
	for (uint8_t d = 1; d < line->depth; d++)
		line_add(&out, "%s", !(line->rails >> d & 1) ? "  " : ascii ? "| " : "│ ");
	if (line->depth)
		line_add(&out, "%s", line->last ? (ascii ? "`-" : "└─") : ascii ? "|-" : "├─");
	if (by != ROW_TREE_NONE)
		line_add(&out, "%s",
			 !line->below   ? (line->depth ? " " : "")
			 : line->folded ? (ascii ? "+ " : "▸ ")
					: (ascii ? "- " : "▾ "));
	short_name(line, by, name, sizeof(name));
	line_add(&out, "%s", name);
	if (line->folded)
		line_add(&out, " (%u)", line->below);
}
