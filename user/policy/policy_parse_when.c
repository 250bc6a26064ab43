// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The conditions of a policy, one parser each. What contradicts what is policy_parse_check.c's. */
#include "policy_parse.h"

#include "base/cleanup.h"

#define MS_PER_DAY  86400000ULL
#define OOM_IN_MOST MS_PER_DAY /* foresee/ sees no further */
#define FOR_MOST    (7 * MS_PER_DAY)
#define AGE_MOST    (3650 * MS_PER_DAY)

static int parse_usage(void *arg, const struct tree_node *key, const struct tree_node *value)
{
	struct policy_parse *c = arg;

	c->now->conditions |= WHEN_USAGE;
	return value_amount(c->tree, value, "usage", &c->now->usage);
}

static int parse_rss(void *arg, const struct tree_node *key, const struct tree_node *value)
{
	struct policy_parse *c = arg;

	c->now->conditions |= WHEN_RSS;
	return value_size(c->tree, value, "rss", &c->now->rss);
}

static int parse_headroom(void *arg, const struct tree_node *key, const struct tree_node *value)
{
	struct policy_parse *c = arg;

	c->now->conditions |= WHEN_HEADROOM;
	return value_size(c->tree, value, "headroom", &c->now->headroom);
}

static int parse_oom_in(void *arg, const struct tree_node *key, const struct tree_node *value)
{
	struct policy_parse *c = arg;

	c->now->conditions |= WHEN_OOM_IN;
	return value_time(c->tree, value, "oom_in", 1000, OOM_IN_MOST, &c->now->oom_in_ms);
}

static int parse_risk(void *arg, const struct tree_node *key, const struct tree_node *value)
{
	struct policy_parse *c = arg;

	c->now->conditions |= WHEN_RISK;
	return value_percent(c->tree, value, "risk", &c->now->risk_centi);
}

static int parse_leak(void *arg, const struct tree_node *key, const struct tree_node *value)
{
	static const char *const words[] = {"suspected", "confirmed", "exhausting"};
	struct policy_parse *c = arg;
	size_t i;
	int err = value_word(c->tree, value, "leak", words, ARRAY_SIZE(words), &i);

	if (err)
		return err;
	c->now->conditions |= WHEN_LEAK;
	c->now->leak = HR_LEAK_SUSPECTED + (uint32_t)i;
	return 0;
}

static int parse_growth(void *arg, const struct tree_node *key, const struct tree_node *value)
{
	struct policy_parse *c = arg;

	c->now->conditions |= WHEN_GROWTH;
	return value_growth(c->tree, value, "growth", &c->now->growth_bytes_per_hour);
}

static int parse_some(void *arg, const struct tree_node *key, const struct tree_node *value)
{
	struct policy_parse *c = arg;

	c->now->conditions |= WHEN_SOME;
	return value_percent(c->tree, value, "some_avg10", &c->now->some_centi);
}

static int parse_full(void *arg, const struct tree_node *key, const struct tree_node *value)
{
	struct policy_parse *c = arg;

	c->now->conditions |= WHEN_FULL;
	return value_percent(c->tree, value, "full_avg10", &c->now->full_centi);
}

static int parse_host(void *arg, const struct tree_node *key, const struct tree_node *value)
{
	struct policy_parse *c = arg;

	c->now->conditions |= WHEN_HOST;
	return value_amount(c->tree, value, "host_available", &c->now->host_available);
}

static int parse_age(void *arg, const struct tree_node *key, const struct tree_node *value)
{
	struct policy_parse *c = arg;

	c->now->conditions |= WHEN_AGE;
	return value_time(c->tree, value, "age", 1000, AGE_MOST, &c->now->age_ms);
}

static int parse_for(void *arg, const struct tree_node *key, const struct tree_node *value)
{
	struct policy_parse *c = arg;

	return value_time(c->tree, value, "for", 0, FOR_MOST, &c->now->for_ms);
}

int policy_parse_when(struct policy_parse *c, const struct tree_node *node)
{
	static const struct tree_key keys[] = {
		{"usage", parse_usage},       {"rss", parse_rss},
		{"headroom", parse_headroom}, {"oom_in", parse_oom_in},
		{"risk", parse_risk},         {"leak", parse_leak},
		{"growth", parse_growth},     {"some_avg10", parse_some},
		{"full_avg10", parse_full},   {"host_available", parse_host},
		{"age", parse_age},           {"for", parse_for},
	};

	return tree_map(c->tree, node, keys, ARRAY_SIZE(keys), c, "when",
			"{usage: 300MiB, for: 30s}");
}
