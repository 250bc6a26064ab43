// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Queries on a tree, and errors about its nodes. Never changes it. */
#include "yaml_tree.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8_clean.h"

int tree_complain(const struct tree *tree, const struct tree_node *at, const char *what,
		  const char *expected, ...)
{
	char path[192], clean[128];
	int n;
	va_list args;

	text_clean(tree->path, strlen(tree->path), path, sizeof(path));
	text_clean(what, strlen(what), clean, sizeof(clean));
	n = snprintf(tree->error, tree->error_bytes, "%s:%u:%u: %s: ", path, at->line, at->column,
		     clean);
	if (n < 0 || (size_t)n >= tree->error_bytes)
		return -EINVAL;
	va_start(args, expected);
	vsnprintf(tree->error + n, tree->error_bytes - (size_t)n, expected, args);
	va_end(args);
	return -EINVAL;
}

const char *tree_what(const struct tree_node *node)
{
	if (node->kind == TREE_LIST)
		return node->n ? "a list" : "an empty list";
	if (node->kind == TREE_MAP)
		return node->n ? "a mapping" : "an empty mapping";
	return *node->text ? node->text : node->quoted ? "\"\"" : "nothing";
}

const struct tree_node *tree_get(const struct tree_node *map, const char *key)
{
	for (size_t i = 0; map->kind == TREE_MAP && i < map->n; i += 2)
		if (!strcmp(map->child[i]->text, key))
			return map->child[i + 1];
	return NULL;
}

static const struct tree_key *find_key(const struct tree_key *keys, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		size_t bytes = strlen(keys[i].name);

		if (keys[i].name[bytes - 1] == '.' ? !strncmp(keys[i].name, name, bytes)
						   : !strcmp(keys[i].name, name))
			return &keys[i];
	}
	return NULL;
}

static const char *find_rename(const struct tree *tree, const char *name)
{
	const struct tree_rename *r = tree->renamed;

	while (r && r->old && strcmp(r->old, name) != 0)
		r++;
	return r ? r->now : NULL;
}

/* "a, b, c or d" */
static void list_keys(const struct tree_key *keys, size_t n, char *text, size_t bytes)
{
	size_t used = 0;

	for (size_t i = 0; i < n && used < bytes; i++) {
		size_t name = strlen(keys[i].name);

		used += (size_t)snprintf(text + used, bytes - used, "%s%s%s",
					 !i          ? ""
					 : i + 1 < n ? ", "
						     : " or ",
					 keys[i].name, keys[i].name[name - 1] == '.' ? "KEY" : "");
	}
}

int tree_map(const struct tree *tree, const struct tree_node *node, const struct tree_key *keys,
	     size_t n, void *arg, const char *what, const char *example)
{
	if (node->kind != TREE_MAP)
		return tree_complain(tree, node, tree_what(node),
				     "%s: expected a mapping, such as %s", what, example);
	for (size_t i = 0; i < node->n; i += 2) {
		const struct tree_node *key = node->child[i];
		const struct tree_key *known = find_key(keys, n, key->text);
		char list[256];
		int err;

		if (!known && find_rename(tree, key->text))
			return tree_complain(tree, key, key->text, "unknown key; it is now %s",
					     find_rename(tree, key->text));
		if (!known) {
			list_keys(keys, n, list, sizeof(list));
			return tree_complain(tree, key, key->text, "unknown key; expected %s",
					     list);
		}
		err = known->parse(arg, key, node->child[i + 1]);
		if (err)
			return err;
	}
	return 0;
}
