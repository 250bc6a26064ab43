// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The list of policies and the rate limit; and, when all is read, the block. */
#include "policy_parse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "config.h"

/* Why these: docs/reference/policies.md. */
#define COOLDOWN_DEFAULT_MS     300000
#define COOLDOWN_MOST_MS        86400000
#define RATE_LIMIT_MOST_KILLS   1000
#define RATE_LIMIT_LEAST_PER_MS 1000
#define RATE_LIMIT_MOST_PER_MS  86400000
#define PRIORITY_MOST           1000
#define NAME_MOST               63
#define DESCRIPTION_MOST        200

static int parse_name(void *arg, const struct tree_node *key, const struct tree_node *value)
{
	struct policy_parse *c = arg;
	const char *text;
	int err = value_line(c->tree, value, "name", NAME_MOST, &text);

	for (uint32_t i = 0; !err && i + 1 < c->head.policies; i++)
		if (!strcmp(policy_parse_at(c, c->policy[i].name), text))
			return tree_complain(
				c->tree, value, text,
				"name: the policy in line %u has this name; expected another",
				c->policy[i].line);
	return err ? err : policy_parse_text(c, text, &c->now->name);
}

static int parse_description(void *arg, const struct tree_node *key, const struct tree_node *value)
{
	struct policy_parse *c = arg;
	const char *text;
	int err = value_line(c->tree, value, "description", DESCRIPTION_MOST, &text);

	return err ? err : policy_parse_text(c, text, &c->now->description);
}

static int parse_mode(void *arg, const struct tree_node *key, const struct tree_node *value)
{
	struct policy_parse *c = arg;
	enum policy_mode mode;

	if (!tree_text(value) || config_mode_parse(value->text, &mode))
		return tree_complain(c->tree, value, tree_what(value),
				     "mode: expected observe, dry-run or enforce");
	c->now->mode = mode;
	return 0;
}

static int parse_cooldown(void *arg, const struct tree_node *key, const struct tree_node *value)
{
	struct policy_parse *c = arg;

	return value_time(c->tree, value, "cooldown", 0, COOLDOWN_MOST_MS, &c->now->cooldown_ms);
}

static int parse_priority(void *arg, const struct tree_node *key, const struct tree_node *value)
{
	struct policy_parse *c = arg;
	long priority;
	int err =
		value_integer(c->tree, value, "priority", -PRIORITY_MOST, PRIORITY_MOST, &priority);

	if (!err)
		c->now->priority = (int32_t)priority;
	return err;
}

static int parse_match(void *arg, const struct tree_node *key, const struct tree_node *value)
{
	struct policy_parse *c = arg;

	c->at->selector = value;
	return policy_parse_match(c, value);
}

static int parse_when(void *arg, const struct tree_node *key, const struct tree_node *value)
{
	struct policy_parse *c = arg;

	c->at->when = value;
	return policy_parse_when(c, value);
}

static int parse_action_list(void *arg, const struct tree_node *key, const struct tree_node *value)
{
	struct policy_parse *c = arg;

	c->at->actions = value;
	return policy_parse_actions(c, value);
}

static int parse_on_exit(void *arg, const struct tree_node *key, const struct tree_node *value)
{
	struct policy_parse *c = arg;

	c->at->on_exit = value;
	return policy_parse_on_exit(c, value);
}

#define POLICY_EXAMPLE \
	"{name: leaks, match: {name: \"web-*\"}, when: {used: 300MiB}, actions: [notify]}"

static int policy_parse_policy(struct policy_parse *c, const struct tree_node *node)
{
	static const struct tree_key keys[] = {
		{"name", parse_name},           {"description", parse_description},
		{"match", parse_match},         {"when", parse_when},
		{"actions", parse_action_list}, {"on_exit", parse_on_exit},
		{"mode", parse_mode},           {"cooldown", parse_cooldown},
		{"priority", parse_priority},
	};
	static const char *const needed[][2] = {
		{"name", "name: WORD, its name in events and metrics"},
		{"when", "when: such as {used: 300MiB, for: 30s}"},
		{"actions", "actions: such as [notify, {term: 30s}, kill]"},
	};
	uint32_t i = c->head.policies;
	int err = policy_parse_space(&c->policy, &c->policy_space, i + 1, sizeof(*c->policy));

	err = err ? err : policy_parse_space(&c->place, &c->place_space, i + 1, sizeof(*c->place));
	if (err)
		return err;
	c->head.policies++;
	c->now = &c->policy[i];
	c->at = &c->place[i];
	*c->now = (struct policy){
		.line = node->line, .mode = MODE_ENFORCE, .cooldown_ms = COOLDOWN_DEFAULT_MS};
	*c->at = (struct policy_parse_place){.policy = node};
	err = tree_map(c->tree, node, keys, ARRAY_SIZE(keys), c, "policy", POLICY_EXAMPLE);
	for (size_t k = 0; !err && k < ARRAY_SIZE(needed); k++)
		if (!tree_get(node, needed[k][0]))
			return tree_complain(
				c->tree, node,
				c->now->name ? policy_parse_at(c, c->now->name) : "policy",
				"has no `%s`; expected %s", needed[k][0], needed[k][1]);
	return err ? err : policy_parse_check(c);
}

int policy_parse_policies(struct policy_parse *c, const struct tree_node *list)
{
	int err = 0;

	if (list->kind != TREE_LIST)
		return tree_complain(
			c->tree, list, tree_what(list),
			"policies: expected a list, each item such as " POLICY_EXAMPLE);
	if (list->n > POLICY_MOST)
		return tree_complain(c->tree, list->child[POLICY_MOST], "one more policy",
				     "expected at most %u", POLICY_MOST);
	for (size_t i = 0; !err && i < list->n; i++)
		err = policy_parse_policy(c, list->child[i]);
	return err;
}

static int parse_kills(void *arg, const struct tree_node *key, const struct tree_node *value)
{
	struct policy_parse *c = arg;
	long kills;
	int err = value_integer(c->tree, value, "kills", 0, RATE_LIMIT_MOST_KILLS, &kills);

	if (!err)
		c->head.rate_limit_kills = (uint32_t)kills;
	return err;
}

static int parse_per(void *arg, const struct tree_node *key, const struct tree_node *value)
{
	struct policy_parse *c = arg;

	return value_time(c->tree, value, "per", RATE_LIMIT_LEAST_PER_MS, RATE_LIMIT_MOST_PER_MS,
			  &c->head.rate_limit_per_ms);
}

int policy_parse_rate_limit(struct policy_parse *c, const struct tree_node *node)
{
	static const struct tree_key keys[] = {{"kills", parse_kills}, {"per", parse_per}};

	if (tree_text(node) && !strcmp(node->text, "none")) {
		c->head.rate_limit_per_ms = 0;
		return 0;
	}
	return tree_map(c->tree, node, keys, ARRAY_SIZE(keys), c, "rate_limit",
			"{kills: 3, per: 10m}, or none");
}

static int by_priority(const void *a, const void *b, void *arg)
{
	const struct policy_parse *c = arg;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	if (c->policy[x].priority != c->policy[y].priority)
		return c->policy[x].priority > c->policy[y].priority ? -1 : 1;
	return x < y ? -1 : x > y;
}

static int copy_policies(struct policy_parse *c, struct policy_set *set)
{
	_cleanup_free_ uint32_t *action = malloc((c->head.policies + 1) * sizeof(*action));
	struct policy *to = (struct policy *)((char *)set + set->policies_at);

	if (!action)
		return -ENOMEM;
	for (uint32_t i = 0; i < c->head.policies; i++)
		action[i] = i;
	qsort_r(action, c->head.policies, sizeof(*action), by_priority, c);
	for (uint32_t i = 0; i < c->head.policies; i++)
		to[i] = c->policy[action[i]];
	return 0;
}

static uint32_t reserve(uint64_t *bytes, size_t more)
{
	uint64_t at = (*bytes + 7) & ~7ULL;

	*bytes = at + more;
	return (uint32_t)at;
}

static int make_block(struct policy_parse *c, struct policy_set **ret_set)
{
	struct policy_set head = c->head;
	_cleanup_free_ char *block = NULL;
	int err;

	head.bytes = sizeof(head);
	head.text_at = reserve(&head.bytes, c->texts);
	head.text_bytes = c->texts;
	head.policies_at = reserve(&head.bytes, head.policies * sizeof(*c->policy));
	head.matches_at = reserve(&head.bytes, head.matches * sizeof(*c->selector));
	head.globs_at = reserve(&head.bytes, head.globs * sizeof(*c->glob));
	head.bytes = (head.bytes + 7) & ~7ULL;
	block = calloc(1, head.bytes);
	if (!block)
		return -ENOMEM;
	memcpy(block, &head, sizeof(head));
	if (c->texts)
		memcpy(block + head.text_at, c->text, c->texts);
	if (head.matches)
		memcpy(block + head.matches_at, c->selector, head.matches * sizeof(*c->selector));
	if (head.globs)
		memcpy(block + head.globs_at, c->glob, head.globs * sizeof(*c->glob));
	err = copy_policies(c, (struct policy_set *)block);
	if (!err)
		*ret_set = (struct policy_set *)take_ptr(block);
	return err;
}

int policy_parse_finish(struct policy_parse *c, struct policy_set **ret_set)
{
	for (uint32_t i = 0; i < c->head.policies; i++) {
		int err = policy_parse_check_protected(c, &c->policy[i], &c->place[i]);

		if (err)
			return err;
	}
	return policy_parse_users(c) ?: make_block(c, ret_set);
}
