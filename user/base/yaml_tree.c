// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * libyaml's events into a tree of marked nodes, within bounds. Knows nothing of the meaning of a
 * configuration.
 */
#include "yaml_tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/cleanup.h"
#include "yaml_file.h"

#define CHUNK_BYTES (64u << 10)

struct tree_chunk {
	struct tree_chunk *next;
	size_t used, bytes;
	_Alignas(16) char at[];
};

struct anchor {
	const char *name;
	struct tree_node *node; /* complete once its height is set */
};

struct builder {
	struct tree *tree;
	yaml_parser_t parser;
	struct tree_node *open[TREE_DEPTH]; /* collections under way … */
	size_t first[TREE_DEPTH];           /* … and where their children begin on the stack */
	unsigned int depth;
	struct tree_node **stack; /* children of what is open */
	size_t stacked, space;
	size_t nodes;
	struct anchor anchor[TREE_ANCHORS];
	unsigned int anchors;
};

static void *take(struct tree *tree, size_t bytes)
{
	struct tree_chunk *chunk = tree->chunks;
	void *at;

	bytes = (bytes + 15) & ~(size_t)15;
	if (!chunk || chunk->bytes - chunk->used < bytes) {
		size_t all = bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES;

		chunk = malloc(sizeof(*chunk) + all);
		if (!chunk)
			return NULL;
		*chunk = (struct tree_chunk){.next = tree->chunks, .bytes = all};
		tree->chunks = chunk;
	}
	at = chunk->at + chunk->used;
	chunk->used += bytes;
	return at;
}

void tree_done(struct tree *tree)
{
	struct tree_chunk *next;

	for (struct tree_chunk *chunk = tree->chunks; chunk; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	tree->chunks = NULL;
	tree->root = NULL;
}

static int complain_at(const struct builder *b, yaml_mark_t mark, const char *what,
		       const char *expected)
{
	struct tree_node at = {.line = (unsigned int)mark.line + 1,
			       .column = (unsigned int)mark.column + 1};

	return tree_complain(b->tree, &at, what, "%s", expected);
}

static int by_text(const void *a, const void *b)
{
	const struct tree_node *const *x = a, *const *y = b;
	int order = strcmp((*x)->text, (*y)->text);

	if (order)
		return order;
	if ((*x)->line != (*y)->line)
		return (*x)->line < (*y)->line ? -1 : 1;
	return (*x)->column < (*y)->column ? -1 : (*x)->column > (*y)->column;
}

/* Of two equal keys one would be ignored silently. */
static int check_keys(struct builder *b, const struct tree_node *map)
{
	size_t keys = map->n / 2;
	_cleanup_free_ const struct tree_node **sorted = malloc((keys + 1) * sizeof(*sorted));
	const struct tree_node *twice = NULL;

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < keys; i++) {
		sorted[i] = map->child[2 * i];
		if (sorted[i]->kind != TREE_TEXT)
			return tree_complain(b->tree, sorted[i], "a key that is no word",
					     "expected `key: value`");
	}
	qsort(sorted, keys, sizeof(*sorted), by_text);
	for (size_t i = 1; i < keys; i++)
		if (!strcmp(sorted[i]->text, sorted[i - 1]->text) &&
		    (!twice || sorted[i]->line < twice->line))
			twice = sorted[i];
	return twice ? tree_complain(b->tree, twice, twice->text,
				     "stands here twice; expected each key once")
		     : 0;
}

static int push(struct builder *b, struct tree_node *node)
{
	if (!b->depth) {
		b->tree->root = node;
		return 0;
	}
	if (b->stacked == b->space) {
		size_t space = b->space ? 2 * b->space : 256;
		struct tree_node **stack = reallocarray(b->stack, space, sizeof(*stack));

		if (!stack)
			return -ENOMEM;
		b->stack = stack;
		b->space = space;
	}
	b->stack[b->stacked++] = node;
	return 0;
}

static int anchor_note(struct builder *b, const yaml_event_t *event, const yaml_char_t *name,
		       struct tree_node *node)
{
	size_t bytes;
	char *copy;

	if (!name)
		return 0;
	if (b->anchors == TREE_ANCHORS)
		return complain_at(b, event->start_mark, "one more anchor", "expected at most 256");
	bytes = strlen((const char *)name) + 1;
	copy = take(b->tree, bytes);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, name, bytes);
	b->anchor[b->anchors++] = (struct anchor){copy, node};
	return 0;
}

/* A new node for the event, with its anchor. Tags would change the meaning of a word. */
static int node_new(struct builder *b, const yaml_event_t *event, enum tree_kind kind,
		    const yaml_char_t *anchor, const yaml_char_t *tag, struct tree_node **ret_node)
{
	struct tree_node *node;
	int err;

	if (tag)
		return complain_at(b, event->start_mark, (const char *)tag,
				   "a tag; expected a plain value");
	if (++b->nodes > TREE_NODES)
		return complain_at(b, event->start_mark, "too much", "expected a configuration");
	node = take(b->tree, sizeof(*node));
	if (!node)
		return -ENOMEM;
	*node = (struct tree_node){
		.kind = kind,
		.line = (unsigned int)event->start_mark.line + 1,
		.column = (unsigned int)event->start_mark.column + 1,
	};
	err = anchor_note(b, event, anchor, node);
	if (!err)
		*ret_node = node;
	return err;
}

static int on_scalar(struct builder *b, const yaml_event_t *event)
{
	const char *value = (const char *)event->data.scalar.value;
	size_t bytes = event->data.scalar.length;
	struct tree_node *node;
	char *text;
	int err = node_new(b, event, TREE_TEXT, event->data.scalar.anchor, event->data.scalar.tag,
			   &node);

	if (err)
		return err;
	for (size_t i = 0; i < bytes;
	     i++) /* "\x1b" in quotes: the file is clean, the text is not */
		if (((unsigned char)value[i] < ' ' && value[i] != '\n' && value[i] != '\t') ||
		    value[i] == 0x7f)
			return complain_at(b, event->start_mark, "text with control characters",
					   "expected none but newline and tab");
	text = take(b->tree, bytes + 1);
	if (!text)
		return -ENOMEM;
	memcpy(text, value, bytes);
	text[bytes] = 0;
	node->text = text;
	node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	node->weight = node->height = 1;
	return push(b, node);
}

static int on_open(struct builder *b, const yaml_event_t *event, bool map)
{
	struct tree_node *node;
	int err = map ? node_new(b, event, TREE_MAP, event->data.mapping_start.anchor,
				 event->data.mapping_start.tag, &node)
		      : node_new(b, event, TREE_LIST, event->data.sequence_start.anchor,
				 event->data.sequence_start.tag, &node);

	if (!err && b->depth == TREE_DEPTH)
		return complain_at(b, event->start_mark, "nested too deeply",
				   "expected at most 32 levels");
	if (!err)
		err = push(b, node);
	if (err)
		return err;
	b->first[b->depth] = b->stacked;
	b->open[b->depth++] = node;
	return 0;
}

static int on_close(struct builder *b)
{
	struct tree_node *node = b->open[--b->depth];
	size_t first = b->first[b->depth];

	node->n = b->stacked - first;
	b->stacked = first;
	node->child = take(b->tree, (node->n + 1) * sizeof(*node->child));
	if (!node->child)
		return -ENOMEM;
	node->weight = node->height = 1;
	for (size_t i = 0; i < node->n; i++) {
		node->child[i] = b->stack[first + i];
		node->weight += node->child[i]->weight;
		if (node->child[i]->height >= node->height)
			node->height = node->child[i]->height + 1;
	}
	if (node->weight > TREE_NODES || node->height > TREE_DEPTH)
		return tree_complain(b->tree, node, "with its aliases written out this is too much",
				     "expected a configuration");
	return node->kind == TREE_MAP ? check_keys(b, node) : 0;
}

static int on_alias(struct builder *b, const yaml_event_t *event)
{
	const char *name = (const char *)event->data.alias.anchor;

	for (unsigned int i = b->anchors; i-- > 0;) {
		if (strcmp(b->anchor[i].name, name))
			continue;
		if (!b->anchor[i].node->height)
			return complain_at(b, event->start_mark, name,
					   "an alias within itself; expected a value");
		return push(b, b->anchor[i].node);
	}
	return complain_at(b, event->start_mark, name,
			   "an alias without an anchor; expected a value");
}

/* libyaml's own error, as a person reads it. */
static int on_parser_error(const struct builder *b)
{
	const char *problem = b->parser.problem ? b->parser.problem : "can't be read";

	if (b->parser.error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	if (!strcmp(problem, "found character that cannot start any token")) {
		const char *at = (const char *)b->parser.buffer.pointer;

		return complain_at(b, b->parser.problem_mark,
				   at && *at == '\t' ? "a tab"
						     : "a character that can't stand here",
				   at && *at == '\t' ? "expected spaces"
						     : "expected YAML, or quotes around it");
	}
	return complain_at(b, b->parser.problem_mark, problem, "expected YAML");
}

/* 1: end of the document. */
static int on_event(struct builder *b, const yaml_event_t *event, unsigned int *documents)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		return ++*documents > 1 ? complain_at(b, event->start_mark, "a second document",
						      "expected one in a file")
					: 0;
	case YAML_SCALAR_EVENT:
		return on_scalar(b, event);
	case YAML_SEQUENCE_START_EVENT:
		return on_open(b, event, false);
	case YAML_MAPPING_START_EVENT:
		return on_open(b, event, true);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return on_close(b);
	case YAML_ALIAS_EVENT:
		return on_alias(b, event);
	case YAML_STREAM_END_EVENT:
		return 1;
	default:
		return 0;
	}
}

static int build(struct builder *b)
{
	unsigned int documents = 0;
	yaml_event_t event;
	int r = 0;

	while (!r) {
		if (!yaml_parser_parse(&b->parser, &event))
			return on_parser_error(b);
		r = on_event(b, &event, &documents);
		yaml_event_delete(&event);
	}
	return r < 0 ? r : 0;
}

int tree_load(const char *path, struct tree *ret_tree, char *error, size_t error_bytes)
{
	struct tree tree = {.path = path, .error = error, .error_bytes = error_bytes};
	_cleanup_free_ struct builder *b = calloc(1, sizeof(*b));
	_cleanup_free_ char *text = NULL;
	size_t bytes, skip;
	int err;

	*error = 0;
	if (!b)
		return -ENOMEM;
	err = yaml_file_read(&tree, &text, &bytes);
	if (err)
		return err;
	if (!yaml_parser_initialize(&b->parser))
		return -ENOMEM;
	skip = bytes >= 3 && !memcmp(text, "\xef\xbb\xbf", 3) ? 3 : 0;
	b->tree = &tree;
	yaml_parser_set_encoding(&b->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&b->parser, (const unsigned char *)text + skip, bytes - skip);
	err = build(b);
	yaml_parser_delete(&b->parser);
	free(b->stack);
	if (!err && tree.root && tree.root->kind == TREE_TEXT && !*tree.root->text &&
	    !tree.root->quoted)
		tree.root = NULL; /* only `---` */
	if (err)
		tree_done(&tree);
	else
		*ret_tree = tree;
	return err;
}
