// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The top level of the configuration: one parser for each key. A file takes effect as a whole or not at all.
 */
#include "config.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <headroom/board.h>

#include "base/cleanup.h"
#include "policy_parse.h"

#define INTERVAL_LEAST_MS 100
#define INTERVAL_MOST_MS  60000

struct config_file {
	struct tree tree;
	struct config config;
	struct policy_parse policy_parse;
};

static const char *const mode_words[] = {"observe", "dry-run", "enforce"};

int config_mode_parse(const char *word, enum policy_mode *ret_mode)
{
	for (size_t i = 0; i < ARRAY_SIZE(mode_words); i++) {
		if (!strcmp(word, mode_words[i])) {
			*ret_mode = (enum policy_mode)i;
			return 0;
		}
	}
	return -EINVAL;
}

const char *config_mode_word(enum policy_mode mode) { return mode_words[mode]; }

void config_init(struct config *config)
{
	*config = (struct config){.mode = MODE_OBSERVE, .interval_ms = 1000};
}

static int parse_mode(void *arg, const struct tree_node *key, const struct tree_node *value)
{
	struct config_file *file = arg;
	enum policy_mode mode;

	if (!tree_text(value) || config_mode_parse(value->text, &mode))
		return tree_complain(&file->tree, value, tree_what(value),
				     "mode: expected observe, dry-run or enforce");
	if (!file->config.mode_given)
		file->config.mode = mode;
	return 0;
}

static int parse_interval(void *arg, const struct tree_node *key, const struct tree_node *value)
{
	struct config_file *file = arg;
	uint64_t ms;
	int err = value_time(&file->tree, value, "interval", INTERVAL_LEAST_MS, INTERVAL_MOST_MS,
			     &ms);

	if (!err)
		file->config.interval_ms = (uint32_t)ms;
	return err;
}

static int parse_protect(void *arg, const struct tree_node *key, const struct tree_node *value)
{
	struct config_file *file = arg;

	return policy_parse_protect(&file->policy_parse, value);
}

static int parse_run_as(void *arg, const struct tree_node *key, const struct tree_node *value)
{
	struct config_file *file = arg;

	return policy_parse_run_as(&file->policy_parse, value, &file->policy_parse.run_as);
}

static int parse_policies(void *arg, const struct tree_node *key, const struct tree_node *value)
{
	struct config_file *file = arg;

	return policy_parse_policies(&file->policy_parse, value);
}

static int parse_rate_limit(void *arg, const struct tree_node *key, const struct tree_node *value)
{
	struct config_file *file = arg;

	return policy_parse_rate_limit(&file->policy_parse, value);
}

/* `headroom export` reads this part; here it only has to be a mapping. */
static int parse_export(void *arg, const struct tree_node *key, const struct tree_node *value)
{
	struct config_file *file = arg;

	if (value->kind == TREE_MAP || !strcmp(tree_what(value), "nothing"))
		return 0;
	return tree_complain(
		&file->tree, value, tree_what(value),
		"export: expected a mapping, such as {prometheus: {listen: 127.0.0.1:9477}}");
}

static int allow_entry(struct config_file *file, const struct tree_node *node)
{
	struct config_allow *allow = &file->config.allow[file->config.allows];
	const char *text = tree_text(node), *name = text ? strchr(text, ':') : NULL;
	bool user = name && !strncmp(text, "user:", 5), group = name && !strncmp(text, "group:", 6);

	if ((!user && !group) || !name[1] || strlen(name + 1) >= sizeof(allow->name) ||
	    strpbrk(name, " \n\t"))
		return tree_complain(&file->tree, node, tree_what(node),
				     "allow: expected user:NAME or group:NAME");
	*allow = (struct config_allow){.group = group, .id = HR_UNKNOWN_U32};
	strcpy(allow->name, name + 1);
	file->config.allows++;
	return 0;
}

static int parse_allow(void *arg, const struct tree_node *key, const struct tree_node *value)
{
	struct config_file *file = arg;
	int err = 0;

	if (value->kind != TREE_LIST)
		return tree_complain(&file->tree, value, tree_what(value),
				     "allow: expected a list, such as [group:operators]");
	if (value->n > CONFIG_ALLOW)
		return tree_complain(&file->tree, value->child[CONFIG_ALLOW],
				     tree_what(value->child[CONFIG_ALLOW]),
				     "allow: too many entries; expected at most %d", CONFIG_ALLOW);
	for (size_t i = 0; !err && i < value->n; i++)
		err = allow_entry(file, value->child[i]);
	return err;
}

static int parse_control(void *arg, const struct tree_node *key, const struct tree_node *value)
{
	static const struct tree_key keys[] = {{"allow", parse_allow}};
	struct config_file *file = arg;

	return tree_map(&file->tree, value, keys, ARRAY_SIZE(keys), file, "control",
			"{allow: [group:operators]}");
}

/* Version 1 of the format, until 0.1. */
static const struct tree_rename renamed_keys[] = {
	{"budget", "rate_limit"},
	{"do", "actions"},
	{"then", "on_exit"},
	{"outside", "scope: host_processes"},
	{0},
};

static int parse_file(struct config_file *file, struct policy_set **ret_set)
{
	static const struct tree_key keys[] = {
		{"mode", parse_mode},       {"interval", parse_interval},
		{"protect", parse_protect}, {"policies", parse_policies},
		{"run_as", parse_run_as},   {"rate_limit", parse_rate_limit},
		{"control", parse_control}, {"export", parse_export},
	};
	int err = 0;

	file->config.allows = 0;
	if (file->tree.root)
		err = tree_map(&file->tree, file->tree.root, keys, ARRAY_SIZE(keys), file,
			       "the file", "mode: observe");
	if (err)
		return err;
	file->policy_parse.head.mode = file->config.mode;
	return policy_parse_finish(&file->policy_parse, ret_set);
}

int config_load(const char *path, struct config *config, struct policy_set **ret_set,
		char error[CONFIG_ERROR])
{
	struct config_file file = {.config = *config};
	int err = tree_load(path, &file.tree, error, CONFIG_ERROR);

	if (err)
		return err;
	file.tree.renamed = renamed_keys;
	policy_parse_init(&file.policy_parse, &file.tree);
	err = parse_file(&file, ret_set);
	policy_parse_done(&file.policy_parse);
	tree_done(&file.tree);
	if (!err)
		*config = file.config;
	return err;
}

struct policy_set *config_no_policies(void)
{
	struct policy_set *set = NULL;
	struct policy_parse policy_parse;

	policy_parse_init(&policy_parse, NULL);
	policy_parse_finish(&policy_parse, &set);
	return set;
}

static uint32_t find_id(const struct config_allow *allow)
{
	char *end;
	unsigned long n = strtoul(allow->name, &end, 10);
	const struct group *group;
	const struct passwd *user;

	if (*allow->name >= '0' && *allow->name <= '9' && !*end && n < HR_UNKNOWN_U32)
		return (uint32_t)n;
	if (allow->group) {
		group = getgrnam(allow->name);
		return group ? group->gr_gid : HR_UNKNOWN_U32;
	}
	user = getpwnam(allow->name);
	return user ? user->pw_uid : HR_UNKNOWN_U32;
}

int config_resolve(struct config *config, char error[CONFIG_ERROR])
{
	int err = 0;

	for (uint32_t i = 0; i < config->allows; i++) {
		struct config_allow *allow = &config->allow[i];

		allow->id = find_id(allow);
		if (allow->id != HR_UNKNOWN_U32 || err)
			continue;
		snprintf(error, CONFIG_ERROR, "control: allow: no %s %s on this host",
			 allow->group ? "group" : "user", allow->name);
		err = -ENOENT;
	}
	return err;
}
