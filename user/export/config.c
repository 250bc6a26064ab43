// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Parses `export: {NAME: {KEY: VALUE …} …}` into sinks with options. Each sink has a table of its keys; the common keys are
 * here.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "base/yaml_tree.h"
#include "base/cleanup.h"
#include "base/secret_text.h"
#include "option_parse.h"

static const struct sink_key common_keys[] = {
	{.name = "types",
	 .parse = parse_type,
	 .offset = offsetof(struct sink_common, types),
	 .list = true,
	 .expected = "types of events, such as [oom_kill, action]"},
	{.name = "severity",
	 .parse = parse_severity,
	 .offset = offsetof(struct sink_common, severity),
	 .expected = "info, warning or critical"},
	{.name = "queue",
	 .parse = parse_queue,
	 .offset = offsetof(struct sink_common, queue),
	 .expected = "a number of events, 1 to 1000000"},
	{.name = "interval",
	 .parse = parse_duration,
	 .offset = offsetof(struct sink_common, interval_ms),
	 .expected = "a time such as 15s"},
	{0},
};

struct load {
	const struct tree *tree;
	struct exporter *e;
};

static const struct sink_key *find_key(const struct sink_key *keys, const char *name)
{
	for (; keys && keys->name; keys++)
		if (!strcmp(keys->name, name))
			return keys;
	return NULL;
}

/* A value as a message may quote it. */
static const char *shown(const struct sink_key *key, const struct tree_node *value, char *text,
			 size_t bytes)
{
	if (!key->secret || !tree_text(value))
		return tree_what(value);
	return *secret_url(tree_text(value), text, bytes) ? text : key->name;
}

static int take_value(const struct tree *tree, const struct sink_key *key,
		      const struct tree_node *value, void *at)
{
	char text[EXPORT_TEXT];

	if (key->list && value->kind == TREE_LIST) {
		for (size_t i = 0; i < value->n; i++) {
			int err = take_value(tree, key, value->child[i], at);

			if (err)
				return err;
		}
		return 0;
	}
	if (!tree_text(value) || key->parse(tree_text(value), at))
		return tree_complain(tree, value, shown(key, value, text, sizeof(text)),
				     "expected %s", key->expected);
	return 0;
}

int export_config_add(struct exporter *e, const struct sink_type *type)
{
	struct sink *sink = &e->sink[e->n];
	void *options = malloc(type->options_bytes);

	if (!options)
		return -ENOMEM;
	memcpy(options, type->defaults, type->options_bytes);
	*sink = (struct sink){.type = type, .options = options, .common = options};
	e->n++;
	return 0;
}

static int take_option(const struct tree *tree, struct sink *sink, const struct tree_node *key,
		       const struct tree_node *value)
{
	const char *name = tree_text(key);
	const struct sink_key *found =
		find_key(sink->type->keys, name) ?: find_key(common_keys, name);
	char known[EXPORT_ERROR] = "";

	if (found)
		return take_value(tree, found, value, (char *)sink->options + found->offset);
	for (const struct sink_key *k = sink->type->keys; k && k->name; k++)
		snprintf(known + strlen(known), sizeof(known) - strlen(known), "%s, ", k->name);
	return tree_complain(tree, key, name, "expected one of %stypes, severity, queue, interval",
			     known);
}

static int take_sink(void *arg, const struct tree_node *key, const struct tree_node *value)
{
	struct load *load = arg;
	const struct sink_type *type = sink_type_find(tree_text(key));
	bool nothing = tree_text(value) && !*tree_text(value) && !value->quoted;
	struct sink *sink;
	int err;

	if (value->kind != TREE_MAP && !nothing)
		return tree_complain(load->tree, value, tree_what(value),
				     "expected the sink's settings, such as {%s: …}",
				     type->keys && type->keys->name ? type->keys->name
								    : "interval");
	if (load->e->n == EXPORT_SINKS)
		return tree_complain(load->tree, key, tree_text(key), "expected at most %d sinks",
				     EXPORT_SINKS);
	err = export_config_add(load->e, type);
	if (err)
		return err;
	sink = &load->e->sink[load->e->n - 1];
	for (size_t i = 0; value->kind == TREE_MAP && i < value->n && !err; i += 2)
		err = take_option(load->tree, sink, value->child[i], value->child[i + 1]);
	for (const struct sink_key *k = type->keys; !err && k && k->name; k++)
		if (k->required && (nothing || !tree_get(value, k->name)))
			err = tree_complain(load->tree, key, type->name, "expected %s: %s", k->name,
					    k->expected);
	return err;
}

static int take_state(void *arg, const struct tree_node *key, const struct tree_node *value)
{
	struct load *load = arg;

	if (!tree_text(value) || parse_path(tree_text(value), load->e->state))
		return tree_complain(load->tree, value, tree_what(value),
				     "expected an absolute path");
	return 0;
}

int export_config_load(const char *path, struct exporter *e, char error[EXPORT_ERROR])
{
	struct tree_key keys[EXPORT_SINKS + 1] = {{"state", take_state}};
	_cleanup_(tree_done) struct tree tree = {0};
	struct load load = {.tree = &tree, .e = e};
	const struct tree_node *part;
	size_t n = 1;
	int err = tree_load(path, &tree, error, EXPORT_ERROR);

	if (err)
		return err;
	if (tree.root && tree.root->kind != TREE_MAP)
		return tree_complain(&tree, tree.root, tree_what(tree.root),
				     "expected `key: value` lines");
	part = tree.root ? tree_get(tree.root, "export") : NULL;
	if (!part)
		return 0;
	for (size_t i = 0; sink_type_at(i); i++)
		keys[n++] = (struct tree_key){sink_type_at(i)->name, take_sink};
	return tree_map(&tree, part, keys, n, &load, "export",
			"prometheus: {listen: 127.0.0.1:9477}");
}
