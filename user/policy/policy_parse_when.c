// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The conditions of a policy, by condition_table.h. policy_parse_check.c refuses contradictions between them. */
#include "policy_parse.h"

#include <string.h>

#include "base/cleanup.h"
#include "condition_table.h"

#define FOR_MOST_MS (7 * 86400000ULL)

static int parse_amount(const struct tree *tree, const struct tree_node *node,
			const struct condition *condition, struct policy_threshold *ret)
{
	struct policy_amount amount;
	int err = value_amount(tree, node, condition->key, &amount);

	if (!err)
		*ret = (struct policy_threshold){.value = amount.bytes, .milli = amount.milli};
	return err;
}

static int parse_level(const struct tree *tree, const struct tree_node *node,
		       const struct condition *condition, struct policy_threshold *ret)
{
	const char *words[8];
	size_t n = condition->most - condition->least + 1, i = 0;
	int err;

	for (size_t k = 0; k < n; k++)
		words[k] = condition->levels[k].word;
	err = value_word(tree, node, condition->key, words, n, &i);
	ret->value = condition->least + i;
	return err;
}

static int parse_threshold(const struct tree *tree, const struct tree_node *node,
			   const struct condition *c, struct policy_threshold *ret)
{
	switch (c->type) {
	case VALUE_SIZE:
		return value_size(tree, node, c->key, &ret->value);
	case VALUE_AMOUNT:
		return parse_amount(tree, node, c, ret);
	case VALUE_TIME:
		return value_time(tree, node, c->key, c->least, c->most, &ret->value);
	case VALUE_LEVEL:
		return parse_level(tree, node, c, ret);
	case VALUE_PER_HOUR:
		return value_growth(tree, node, c->key, &ret->value);
	case VALUE_PER_SECOND:
		return value_rate(tree, node, c->key, c->least, c->most, &ret->value);
	default:
		return value_percent(tree, node, c->key, &ret->value);
	}
}

static int parse_condition(void *arg, const struct tree_node *key, const struct tree_node *value)
{
	struct policy_parse *c = arg;
	size_t i = 0;

	while (strcmp(condition_table[i].key, key->text) != 0)
		i++;
	c->now->conditions |= 1u << i;
	return parse_threshold(c->tree, value, &condition_table[i], &c->now->threshold[i]);
}

static int parse_for(void *arg, const struct tree_node *key, const struct tree_node *value)
{
	struct policy_parse *c = arg;

	return value_time(c->tree, value, "for", 0, FOR_MOST_MS, &c->now->for_ms);
}

int policy_parse_when(struct policy_parse *c, const struct tree_node *node)
{
	struct tree_key keys[CONDITIONS + 1];

	for (size_t i = 0; i < CONDITIONS; i++)
		keys[i] = (struct tree_key){condition_table[i].key, parse_condition};
	keys[CONDITIONS] = (struct tree_key){"for", parse_for};
	return tree_map(c->tree, node, keys, ARRAY_SIZE(keys), c, "when",
			"{used: 300MiB, for: 30s}");
}
