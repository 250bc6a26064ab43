// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * A YAML file of one document as JSON on standard output, read by the reader of our own configuration: what it refuses (tags,
 * doubled keys, many documents) does not pass here either. For the tests of deploy/: what two YAML readers could take for two
 * different things (yes, on, 0440, 1:30) must stand in quotes. Never changes a file.
 */
#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/yaml_tree.h"

static int failed;

static bool listed(const char *text, const char *const *list)
{
	for (; *list; list++)
		if (!strcasecmp(text, *list))
			return true;
	return false;
}

static json_t *number(const char *text)
{
	char *end;
	long long whole = strtoll(text, &end, 10);
	double broken;

	if (!*end)
		return json_integer(whole);
	broken = strtod(text, &end);
	return *end || !(isdigit((unsigned char)*text) || *text == '-' || *text == '.')
		       ? NULL
		       : json_real(broken);
}

static json_t *scalar(const struct tree *tree, const struct tree_node *node)
{
	static const char *const doubtful[] = {"yes", "no", "on", "off", "y", "n", NULL};
	const char *text = node->text, *digits = text + strspn(text, "-+");
	json_t *value;

	if (node->quoted)
		return json_string(text);
	if (listed(text, doubtful) || (*digits == '0' && isalnum((unsigned char)digits[1])) ||
	    (isdigit((unsigned char)*digits) && digits[strspn(digits, "0123456789:")] == '\0' &&
	     strchr(digits, ':'))) {
		tree_complain(tree, node, text, "quotes: YAML readers differ about it");
		fprintf(stderr, "%s\n", tree->error);
		failed = 1;
		return json_null();
	}
	if (!*text || !strcmp(text, "~") || !strcmp(text, "null"))
		return json_null();
	if (!strcmp(text, "true") || !strcmp(text, "false"))
		return json_boolean(*text == 't');
	value = number(text);
	return value ? value : json_string(text);
}

/* As deep as TREE_DEPTH at most. */
static json_t *value_of(const struct tree *tree, const struct tree_node *node)
{
	json_t *value;

	if (node->kind == TREE_TEXT)
		return scalar(tree, node);
	value = node->kind == TREE_MAP ? json_object() : json_array();
	for (size_t i = 0; i < node->n; i++) {
		if (node->kind == TREE_LIST) {
			json_array_append_new(value, value_of(tree, node->child[i]));
		} else {
			json_object_set_new(value, node->child[i]->text,
					    value_of(tree, node->child[i + 1]));
			i++;
		}
	}
	return value;
}

int main(int argc, char **argv)
{
	char error[512] = "";
	struct tree tree;
	json_t *value;
	int r;

	if (argc != 2) {
		fprintf(stderr, "usage: yaml2json FILE\n");
		return 2;
	}
	r = tree_load(argv[1], &tree, error, sizeof(error));
	if (r) {
		fprintf(stderr, "%s%s%s\n", *error ? "" : argv[1], *error ? "" : ": ",
			*error ? error : strerror(-r));
		return 1;
	}
	tree.error = error;
	tree.error_bytes = sizeof(error);
	value = tree.root ? value_of(&tree, tree.root) : json_null();
	tree_done(&tree);
	r = json_dumpf(value, stdout, JSON_COMPACT | JSON_ENCODE_ANY) || puts("") < 0;
	json_decref(value);
	return r || failed;
}
