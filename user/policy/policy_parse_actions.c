// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The actions of a policy, one parser each. Their order is policy_parse_check.c's. */
#include "policy_parse.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <headroom/board.h>

#include "action_table.h"
#include "base/cleanup.h"

#define GRACE_LEAST_MS      100
#define GRACE_MOST_MS       600000 /* what can wait longer needs no action */
#define GRACE_DEFAULT_MS    10000  /* as `docker stop` */
#define RECLAIM_MILLI       100
#define SWAPPINESS_MOST     200 /* memory.reclaim */
#define THROTTLE_LEAST_MS   1000
#define THROTTLE_MOST_MS    600000
#define THROTTLE_DEFAULT_MS 30000
#define RESIZE_LEAST_MS     1000
#define RESIZE_MOST_MS      86400000 /* what needs it for longer needs another limit */
#define RESIZE_DEFAULT_MS   1800000
#define RESIZE_BY_MILLI     250

/* SIGKILL is the action kill; a stopped process keeps its memory. */
static const struct {
	const char *name;
	int signal;
	const char *expected; /* the error, for one that is refused */
} signals[] = {
	{"HUP", SIGHUP, NULL},
	{"INT", SIGINT, NULL},
	{"QUIT", SIGQUIT, NULL},
	{"ABRT", SIGABRT, NULL},
	{"USR1", SIGUSR1, NULL},
	{"USR2", SIGUSR2, NULL},
	{"ALRM", SIGALRM, NULL},
	{"TERM", SIGTERM, NULL},
	{"WINCH", SIGWINCH, NULL},
	{"PWR", SIGPWR, NULL},
	{"KILL", SIGKILL, "no grace after this one; expected the action kill"},
	{"9", SIGKILL, "no grace after this one; expected the action kill"},
	{"STOP", SIGSTOP, "a stopped process keeps its memory; expected SIGTERM"},
	{"TSTP", SIGTSTP, "a stopped process keeps its memory; expected SIGTERM"},
};

#define SIGNAL_EXPECTED                                                                   \
	"expected SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGABRT, SIGUSR1, SIGUSR2, SIGALRM, " \
	"SIGWINCH, SIGPWR or SIGRTMIN+N"

static int parse_signal(const struct policy_parse *c, const struct tree_node *node,
			int32_t *ret_signal)
{
	const char *text = tree_text(node),
		   *name = text && !strncmp(text, "SIG", 3) ? text + 3 : text;
	char *end;
	long n;

	for (size_t i = 0; name && i < ARRAY_SIZE(signals); i++) {
		if (strcmp(name, signals[i].name))
			continue;
		if (signals[i].expected)
			return tree_complain(c->tree, node, text, "signal: %s",
					     signals[i].expected);
		*ret_signal = signals[i].signal;
		return 0;
	}
	if (name && !strncmp(name, "RTMIN+", 6) && name[6] >= '0' && name[6] <= '9') {
		n = strtol(name + 6, &end, 10); /* systemd in a container: SIGRTMIN+3 halts it */
		if (!*end && n <= SIGRTMAX - SIGRTMIN) {
			*ret_signal = SIGRTMIN + (int)n;
			return 0;
		}
	}
	return tree_complain(c->tree, node, tree_what(node), "signal: " SIGNAL_EXPECTED);
}

const char *value_signal_text(int signal, char text[UNITS_TEXT])
{
	size_t i = 0;

	while (i < ARRAY_SIZE(signals) && signals[i].signal != signal)
		i++;
	if (i < ARRAY_SIZE(signals))
		snprintf(text, UNITS_TEXT, "SIG%s", signals[i].name);
	else
		snprintf(text, UNITS_TEXT, "SIGRTMIN+%d", signal - SIGRTMIN);
	return text;
}

struct action_at {
	struct policy_parse *c;
	struct policy_action *spec;
};

static int notify_run(void *arg, const struct tree_node *key, const struct tree_node *value)
{
	struct action_at *at = arg;

	return policy_parse_run(at->c, value, &at->spec->command);
}

static int notify_run_as(void *arg, const struct tree_node *key, const struct tree_node *value)
{
	struct action_at *at = arg;

	return policy_parse_run_as(at->c, value, &at->spec->command.run_as);
}

static int parse_notify(struct policy_parse *c, struct policy_action *spec,
			const struct tree_node *value)
{
	static const struct tree_key keys[] = {{"run", notify_run}, {"run_as", notify_run_as}};
	struct action_at at = {c, spec};

	if (!value)
		return 0;
	return policy_parse_with_run(c, value, "notify", keys, &at);
}

static int reclaim_size(void *arg, const struct tree_node *key, const struct tree_node *value)
{
	struct action_at *at = arg;

	return value_amount(at->c->tree, value, "size", &at->spec->amount);
}

static int reclaim_swappiness(void *arg, const struct tree_node *key, const struct tree_node *value)
{
	struct action_at *at = arg;
	long swappiness;
	int err = value_integer(at->c->tree, value, "swappiness", 0, SWAPPINESS_MOST, &swappiness);

	if (!err)
		at->spec->swappiness = (uint32_t)swappiness + 1;
	return err;
}

static int parse_reclaim(struct policy_parse *c, struct policy_action *spec,
			 const struct tree_node *value)
{
	static const struct tree_key keys[] = {{"size", reclaim_size},
					       {"swappiness", reclaim_swappiness}};
	struct action_at at = {c, spec};

	if (value->kind != TREE_MAP)
		return value_amount(c->tree, value, "reclaim", &spec->amount);
	spec->amount = (struct policy_amount){.bytes = HR_UNKNOWN, .milli = RECLAIM_MILLI};
	return tree_map(c->tree, value, keys, ARRAY_SIZE(keys), &at, "reclaim",
			"{size: 64MiB, swappiness: 0}");
}

static int throttle_high(void *arg, const struct tree_node *key, const struct tree_node *value)
{
	struct action_at *at = arg;

	return value_amount(at->c->tree, value, "high", &at->spec->amount);
}

static int throttle_for(void *arg, const struct tree_node *key, const struct tree_node *value)
{
	struct action_at *at = arg;
	uint64_t ms;
	int err = value_time(at->c->tree, value, "for", THROTTLE_LEAST_MS, THROTTLE_MOST_MS, &ms);

	if (!err)
		at->spec->grace_ms = (uint32_t)ms;
	return err;
}

static int parse_throttle(struct policy_parse *c, struct policy_action *spec,
			  const struct tree_node *value)
{
	static const struct tree_key keys[] = {{"high", throttle_high}, {"for", throttle_for}};
	struct action_at at = {c, spec};

	spec->amount.bytes = HR_UNKNOWN; /* the default: the current usage */
	spec->grace_ms = THROTTLE_DEFAULT_MS;
	return value ? tree_map(c->tree, value, keys, ARRAY_SIZE(keys), &at, "throttle",
				"{high: 90%, for: 30s}")
		     : 0;
}

static int resize_by(void *arg, const struct tree_node *key, const struct tree_node *value)
{
	struct action_at *at = arg;

	return value_amount(at->c->tree, value, "by", &at->spec->amount);
}

static int resize_max(void *arg, const struct tree_node *key, const struct tree_node *value)
{
	struct action_at *at = arg;
	struct policy_amount most;
	int err = value_amount(at->c->tree, value, "max", &most);

	if (!err && most.bytes == HR_UNKNOWN)
		return tree_complain(at->c->tree, value, tree_what(value),
				     "max: expected a size such as 1GiB");
	if (!err)
		at->spec->most = most.bytes;
	return err;
}

static int resize_for(void *arg, const struct tree_node *key, const struct tree_node *value)
{
	struct action_at *at = arg;
	uint64_t ms;
	int err = value_time(at->c->tree, value, "for", RESIZE_LEAST_MS, RESIZE_MOST_MS, &ms);

	if (!err)
		at->spec->grace_ms = (uint32_t)ms;
	return err;
}

static int parse_resize(struct policy_parse *c, struct policy_action *spec,
			const struct tree_node *value)
{
	static const struct tree_key keys[] = {
		{"by", resize_by}, {"max", resize_max}, {"for", resize_for}};
	struct action_at at = {c, spec};

	spec->amount = (struct policy_amount){.bytes = HR_UNKNOWN, .milli = RESIZE_BY_MILLI};
	spec->most = HR_UNKNOWN;
	spec->grace_ms = RESIZE_DEFAULT_MS;
	return value ? tree_map(c->tree, value, keys, ARRAY_SIZE(keys), &at, "resize",
				"{by: 25%, max: 1GiB, for: 30m}")
		     : 0;
}

static int term_signal(void *arg, const struct tree_node *key, const struct tree_node *value)
{
	struct action_at *at = arg;

	return parse_signal(at->c, value, &at->spec->signal);
}

static int term_grace(void *arg, const struct tree_node *key, const struct tree_node *value)
{
	struct action_at *at = arg;
	uint64_t ms;
	int err = value_time(at->c->tree, value, key ? "grace" : "term", GRACE_LEAST_MS,
			     GRACE_MOST_MS, &ms);

	if (!err)
		at->spec->grace_ms = (uint32_t)ms;
	return err;
}

static int parse_term(struct policy_parse *c, struct policy_action *spec,
		      const struct tree_node *value)
{
	static const struct tree_key keys[] = {{"signal", term_signal}, {"grace", term_grace}};
	struct action_at at = {c, spec};

	spec->signal = SIGTERM;
	spec->grace_ms = GRACE_DEFAULT_MS;
	if (!value)
		return 0;
	if (value->kind == TREE_TEXT)
		return term_grace(&at, NULL, value);
	return tree_map(c->tree, value, keys, ARRAY_SIZE(keys), &at, "term",
			"30s or {signal: SIGINT, grace: 30s}");
}

static int parse_kill(struct policy_parse *c, struct policy_action *spec,
		      const struct tree_node *value)
{
	static const char *const words[] = {"all", "largest"};
	size_t i = 0;
	int err = value ? value_word(c->tree, value, "kill", words, ARRAY_SIZE(words), &i) : 0;

	spec->largest = i == 1;
	return err;
}

/* The value of an action, NULL for the word alone; an action without a parser takes none. */
static int (*const value_parsers[HR_ACTION_COUNT])(struct policy_parse *c,
						   struct policy_action *spec,
						   const struct tree_node *value) = {
	[HR_ACTION_NOTIFY] = parse_notify,     [HR_ACTION_RECLAIM] = parse_reclaim,
	[HR_ACTION_THROTTLE] = parse_throttle, [HR_ACTION_TERM] = parse_term,
	[HR_ACTION_KILL] = parse_kill,         [HR_ACTION_RESIZE] = parse_resize,
};

static int parse_action(struct policy_parse *c, const struct tree_node *node,
			struct policy_action *spec)
{
	bool pair = node->kind == TREE_MAP && node->n == 2;
	const struct tree_node *word = pair ? node->child[0] : node,
			       *value = pair ? node->child[1] : NULL;
	char words[ACTION_WORDS];

	if (node->kind == TREE_MAP && node->n > 2)
		return tree_complain(c->tree, node->child[2], node->child[2]->text,
				     "actions: a second action in one entry; expected one in each");
	for (unsigned int i = 0; word->kind == TREE_TEXT && i < HR_ACTION_COUNT; i++) {
		const struct action_kind *kind = &action_kinds[i];

		if (!kind->order || strcmp(word->text, hr_action_kind_name(i)) != 0)
			continue;
		spec->kind = i;
		if (!value && kind->needs)
			return tree_complain(c->tree, word, word->text, "actions: %s", kind->needs);
		if (value && !value_parsers[i])
			return tree_complain(c->tree, value, tree_what(value),
					     "%s: expected the word alone", word->text);
		return value_parsers[i] ? value_parsers[i](c, spec, value) : 0;
	}
	return tree_complain(c->tree, word, tree_what(word), "actions: expected one of %s",
			     action_words(false, words));
}

int policy_parse_actions(struct policy_parse *c, const struct tree_node *list)
{
	struct policy *policy = c->now;

	if (list->kind != TREE_LIST || !list->n)
		return tree_complain(
			c->tree, list, tree_what(list),
			"actions: expected a list of actions, such as [notify, {term: 30s}, kill]");
	if (list->n > POLICY_ACTIONS)
		return tree_complain(c->tree, list->child[POLICY_ACTIONS],
				     tree_what(list->child[POLICY_ACTIONS]),
				     "actions: too many actions; expected at most %u",
				     POLICY_ACTIONS);
	for (size_t i = 0; i < list->n; i++) {
		int err = parse_action(c, list->child[i], &policy->action[policy->actions]);

		if (err)
			return err;
		if (policy->action[policy->actions++].kind == HR_ACTION_REFLEX)
			policy->reflex = 1;
	}
	return 0;
}

static int on_exit_run(void *arg, const struct tree_node *key, const struct tree_node *value)
{
	struct policy_parse *c = arg;

	return policy_parse_run(c, value, &c->now->on_exit);
}

static int on_exit_run_as(void *arg, const struct tree_node *key, const struct tree_node *value)
{
	struct policy_parse *c = arg;

	return policy_parse_run_as(c, value, &c->now->on_exit.run_as);
}

int policy_parse_on_exit(struct policy_parse *c, const struct tree_node *node)
{
	static const struct tree_key keys[] = {{"run", on_exit_run}, {"run_as", on_exit_run_as}};

	return policy_parse_with_run(c, node, "on_exit", keys, c);
}
