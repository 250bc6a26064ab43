// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Refuses a policy that can never act: its conditions cannot hold, its actions cannot run, or it matches only protected
 * targets. A policy like that fails unnoticed until the memory shortage that it was written for.
 */
#include "policy_parse.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <headroom/board.h>

#include "action_table.h"
#include "base/cleanup.h"
#include "condition_table.h"

/* The value of a key that the policy has, else the policy. */
static const struct tree_node *at_key(const struct tree_node *map, const char *key,
				      const struct policy_parse_place *place)
{
	const struct tree_node *value = map ? tree_get(map, key) : NULL;

	return value ? value : place->policy;
}

static const struct policy_match *match_of(const struct policy_parse *c,
					   const struct policy *policy, enum policy_key key)
{
	for (uint32_t i = 0; i < policy->matches; i++)
		if (c->selector[policy->first_match + i].key == key)
			return &c->selector[policy->first_match + i];
	return NULL;
}

static bool has_action(const struct policy *policy, enum hr_action_kind kind)
{
	for (uint32_t i = 0; i < policy->actions; i++)
		if (policy->action[i].kind == kind)
			return true;
	return false;
}

#define CONDITION_EXPECTED "expected a condition on memory, such as used: 90%%"

static int check_when(const struct policy_parse *c, const struct policy *policy,
		      const struct policy_parse_place *place)
{
	if (!policy->conditions)
		return tree_complain(c->tree, place->when, "when",
				     "holds for every target at any time; " CONDITION_EXPECTED);
	if (policy->conditions == WHEN(AGE))
		return tree_complain(c->tree, at_key(place->when, "age", place), "age",
				     "holds for every target after a while; " CONDITION_EXPECTED);
	for (size_t i = 0; i < CONDITIONS; i++) {
		const struct condition *condition = &condition_table[i];

		if (policy->conditions & 1u << i && condition->type == VALUE_AMOUNT &&
		    condition->below && policy->threshold[i].milli == 1000)
			return tree_complain(c->tree, at_key(place->when, condition->key, place),
					     "100%", "%s: always holds; expected less, such as 5%%",
					     condition->key);
	}
	return 0;
}

/* Each of its conditions must be known of what it matches. */
static int check_scope(const struct policy_parse *c, const struct policy *policy,
		       const struct policy_parse_place *place, unsigned int scope)
{
	char known[256];
	size_t used = 0;

	for (size_t i = 0; i < CONDITIONS && used < sizeof(known); i++)
		if (condition_table[i].scope & scope)
			used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s",
						 used ? ", " : "", condition_table[i].key);
	for (size_t i = 0; i < CONDITIONS; i++)
		if (policy->conditions & 1u << i && !(condition_table[i].scope & scope))
			return tree_complain(
				c->tree, at_key(place->when, condition_table[i].key, place),
				condition_table[i].key, "unknown of %s; expected %s or for",
				scope == FOR_PROCESSES ? "processes outside containers"
						       : "containers and units",
				known);
	return 0;
}

/* A process outside containers has no limit and no cgroup of its own. */
static int check_host_processes(const struct policy_parse *c, const struct policy *policy,
				const struct policy_parse_place *place)
{
	static const struct {
		enum policy_key key;
		const char *word;
	} matches[] = {
		{POLICY_NAME, "name"},
		{POLICY_IMAGE, "image"},
		{POLICY_POD, "pod"},
		{POLICY_NAMESPACE, "namespace"},
		{POLICY_CONTAINER, "container"},
		{POLICY_RUNTIME, "runtime"},
	};

	if (!match_of(c, policy, POLICY_PROCESS))
		return tree_complain(c->tree, place->selector, "scope: host_processes",
				     "has no `process`; expected one, such as process: \"cc1*\"");
	for (size_t i = 0; i < ARRAY_SIZE(matches); i++)
		if (match_of(c, policy, matches[i].key))
			return tree_complain(c->tree,
					     at_key(place->selector, matches[i].word, place),
					     matches[i].word,
					     "unknown of processes outside containers; expected "
					     "process, unit or cgroup");
	if (match_of(c, policy, POLICY_LABEL))
		return tree_complain(c->tree, place->selector, "label",
				     "unknown of processes outside containers; expected process, "
				     "unit or cgroup");
	return check_scope(c, policy, place, FOR_PROCESSES);
}

static int check_containers(const struct policy_parse *c, const struct policy *policy,
			    const struct policy_parse_place *place)
{
	static const struct {
		enum policy_key key;
		const char *word;
	} owned[] = {{POLICY_IMAGE, "image"},
		     {POLICY_POD, "pod"},
		     {POLICY_NAMESPACE, "namespace"},
		     {POLICY_CONTAINER, "container"}};
	static const char *const engines[] = {"docker", "containerd", "cri-o",
					      "podman", "nerdctl",    "lxc"};
	const struct policy_match *runtime = match_of(c, policy, POLICY_RUNTIME);
	bool engine = !runtime;
	int err;

	if (match_of(c, policy, POLICY_PROCESS))
		return tree_complain(c->tree, at_key(place->selector, "process", place), "process",
				     "only with `scope: host_processes`; expected that, or the "
				     "container's name");
	err = check_scope(c, policy, place, FOR_CONTAINERS);
	if (err)
		return err;
	for (uint32_t i = 0; runtime && i < runtime->n; i++)
		for (size_t k = 0; k < ARRAY_SIZE(engines); k++)
			engine |= !fnmatch(policy_parse_at(c, c->glob[runtime->first + i].text),
					   engines[k], 0);
	for (size_t i = 0; !engine && i < ARRAY_SIZE(owned); i++)
		if (match_of(c, policy, owned[i].key))
			return tree_complain(c->tree, at_key(place->selector, owned[i].word, place),
					     owned[i].word,
					     "unknown of targets of this runtime; expected name, "
					     "unit or cgroup");
	return 0;
}

static int check_action(const struct policy_parse *c, const struct policy *policy, uint32_t i,
			const struct tree_node *node)
{
	unsigned int kind = policy->action[i].kind,
		     before = i ? policy->action[i - 1].kind : HR_ACTION_NONE;
	const char *word = hr_action_kind_name(kind);
	char words[ACTION_WORDS];

	if (policy->host_processes && action_kinds[kind].cgroup)
		return tree_complain(c->tree, node, word,
				     "needs a cgroup, which a process outside containers does not "
				     "have; expected one of %s",
				     action_words(true, words));
	if (kind == before && action_kinds[kind].once)
		return tree_complain(c->tree, node, word, "stands here twice; expected it once");
	if (before == HR_ACTION_KILL)
		return tree_complain(c->tree, node, word,
				     "never reached: no process is left after kill; expected kill "
				     "last");
	if (action_kinds[kind].order < action_kinds[before].order)
		return tree_complain(c->tree, node, word,
				     "stands too late; expected it before %s (%s)",
				     hr_action_kind_name(before), action_words(false, words));
	return 0;
}

static int check_actions(const struct policy_parse *c, const struct policy *policy,
			 const struct policy_parse_place *place)
{
	int err = 0;

	for (uint32_t i = 0; !err && i < policy->actions; i++)
		err = check_action(c, policy, i, place->actions->child[i]);
	return err;
}

static int check_reflex(const struct policy_parse *c, const struct policy *policy,
			const struct policy_parse_place *place)
{
	const struct tree_node *node = place->policy;

	for (uint32_t i = 0; i < policy->actions; i++)
		if (policy->action[i].kind == HR_ACTION_REFLEX)
			node = place->actions->child[i];
	if (!policy->reflex)
		return 0;
	if (policy->conditions & WHEN(HOST_AVAILABLE))
		return tree_complain(
			c->tree, node, "reflex",
			"BPF cannot select among targets; expected no host_available beside it");
	if (!(policy->conditions & WHEN(USAGE)))
		return tree_complain(c->tree, node, "reflex",
				     "needs a size; expected usage among the conditions");
	if (policy->for_ms)
		return tree_complain(c->tree, at_key(place->when, "for", place), "for",
				     "the reflex acts at once; expected no `for` beside it");
	return 0;
}

/* Of a process group outside containers only the pid is known, and a command with an unknown placeholder is not run. */
static int check_names(const struct policy_parse *c, const struct policy *policy,
		       const struct policy_command *command, const struct tree_node *at)
{
	for (uint32_t i = 0; policy->host_processes && i < command->n; i++) {
		const char *word = policy_parse_at(c, command->word[i]);

		if (policy_uses_names(word))
			return tree_complain(
				c->tree, at, word,
				"never runs: only containers have it; expected {policy} or {pid}");
	}
	return 0;
}

static int check_commands(const struct policy_parse *c, const struct policy *policy,
			  const struct policy_parse_place *place)
{
	int err = check_names(c, policy, &policy->on_exit, place->on_exit);

	for (uint32_t i = 0; !err && i < policy->actions; i++)
		err = check_names(c, policy, &policy->action[i].command, place->actions->child[i]);
	return err;
}

static int check_steps(const struct policy_parse *c, const struct policy *policy,
		       const struct policy_parse_place *place)
{
	bool ends = action_ends(policy);

	if (policy->on_exit.n && !ends)
		return tree_complain(
			c->tree, place->on_exit, "on_exit",
			"never runs: no action ends a process; expected term, kill or reflex "
			"among the actions");
	if (policy->conditions & WHEN(HOST_AVAILABLE) && has_action(policy, HR_ACTION_THROTTLE) &&
	    !ends && !has_action(policy, HR_ACTION_RECLAIM))
		return tree_complain(
			c->tree, place->actions, "throttle",
			"frees no memory of the host; expected reclaim, term or kill beside it");
	return 0;
}

int policy_parse_check(struct policy_parse *c)
{
	static int (*const checks[])(const struct policy_parse *c, const struct policy *policy,
				     const struct policy_parse_place *place) = {
		check_when, check_actions, check_reflex, check_steps, check_commands,
	};
	int err = c->now->host_processes ? check_host_processes(c, c->now, c->at)
					 : check_containers(c, c->now, c->at);

	for (size_t i = 0; !err && i < ARRAY_SIZE(checks); i++)
		err = checks[i](c, c->now, c->at);
	return err;
}

/* The protection that covers all that `glob` of this key can match; NULL: none. */
static const struct policy_match *protected_by(const struct policy_parse *c, uint32_t key,
					       const char *label, const char *glob)
{
	for (uint32_t i = 0; i < c->head.protects; i++) {
		const struct policy_match *protect = &c->selector[c->head.protect_first + i];

		if (protect->key == key && !strcmp(policy_parse_at(c, protect->label), label) &&
		    glob_covers(policy_parse_at(c, c->glob[protect->first].text), glob))
			return protect;
	}
	return NULL;
}

static int complain_protected(const struct policy_parse *c, const struct policy_match *by,
			      const struct tree_node *at, const char *what)
{
	const struct tree_node *entry = c->protect->child[by - &c->selector[c->head.protect_first]];

	return tree_complain(c->tree, at, what,
			     "protected by line %u; expected a target that is not protected",
			     entry->line);
}

/* The value of the key with this index among those that hold globs. */
static const struct tree_node *at_match(const struct policy_parse_place *place, uint32_t wanted)
{
	for (size_t i = 0; i < place->selector->n; i += 2)
		if (strcmp(place->selector->child[i]->text, "scope") != 0 && !wanted--)
			return place->selector->child[i + 1];
	return place->selector;
}

int policy_parse_check_protected(struct policy_parse *c, const struct policy *policy,
				 const struct policy_parse_place *place)
{
	static const struct { /* what every target has: a policy without this key matches any */
		enum policy_key key;
		const char *any;
	} always[] = {{POLICY_CGROUP, "/*"}, {POLICY_RUNTIME, "*"}};
	const struct policy_match *by;

	for (uint32_t i = 0; c->protect && i < policy->matches; i++) {
		const struct policy_match *selector = &c->selector[policy->first_match + i];
		uint32_t open = 0;

		by = NULL;
		for (uint32_t k = 0; k < selector->n; k++) {
			const struct policy_match *covers =
				protected_by(c, selector->key, policy_parse_at(c, selector->label),
					     policy_parse_at(c, c->glob[selector->first + k].text));

			open += !covers;
			by = covers ? covers : by;
		}
		if (!open)
			return complain_protected(
				c, by, at_match(place, i),
				policy_parse_at(c, c->glob[selector->first].text));
	}
	for (size_t i = 0; c->protect && i < ARRAY_SIZE(always); i++) {
		by = match_of(c, policy, always[i].key)
			     ? NULL
			     : protected_by(c, always[i].key, "", always[i].any);
		if (by)
			return complain_protected(c, by, place->policy,
						  policy_parse_at(c, policy->name));
	}
	return 0;
}
