// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * headroom policy check: compiles a configuration as the daemon does and explains it. Changes nothing, and asks no
 * daemon.
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "policy/config.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/utf8_clean.h"
#include "cmd_policy.h"
#include "json/json.h"

#define WIDTH  80
#define INDENT 4

struct check_options {
	bool json;
};

struct checked {
	char path[256]; /* clean */
	struct config config;
	struct policy_set *set;
	json_t *warnings; /* NULL: print them */
	unsigned int warned;
};

static void warn(uint32_t line, const char *text, void *arg)
{
	struct checked *c = arg;

	c->warned++;
	if (c->warnings)
		json_array_append_new(c->warnings,
				      json_pack("{so ss}", "line",
						line ? json_integer(line) : json_null(), "text",
						text));
	else if (line)
		printf("warning: line %u: %s\n", line, text);
	else
		printf("warning: %s\n", text);
}

/* A user that does not exist on this machine may exist on another. */
static void warn_all(struct checked *c)
{
	struct config config = c->config;
	char error[CONFIG_ERROR];

	policy_warnings(c->set, warn, c);
	if (config_resolve(&config, error))
		warn(0, error, c);
}

static void print_text(struct checked *c)
{
	const struct policy_set *set = c->set;
	char text[POLICY_DESCRIPTION];

	printf("%s: %u polic%s, mode %s\n", c->path, set->policies,
	       set->policies == 1 ? "y" : "ies", config_mode_word(set->mode));
	for (uint32_t i = 0; i < set->policies; i++) {
		const struct policy *policy = policy_at(set, i);

		text_clean(policy_text(set, policy->name), SIZE_MAX, text, sizeof(text));
		printf("\n%s (line %u)\n", text, policy->line);
		if (policy->description) {
			text_clean(policy_text(set, policy->description), SIZE_MAX, text,
				   sizeof(text));
			cli_print_wrapped(text, INDENT, WIDTH);
		}
		cli_print_wrapped(policy_description(set, policy, text), INDENT, WIDTH);
	}
	putchar('\n');
	if (set->policies)
		printf("rate limit: %s\n", policy_rate_limit(set, text));
	if (set->protects)
		printf("protected: %u entr%s, besides what is always exempt\n", set->protects,
		       set->protects == 1 ? "y" : "ies");
	warn_all(c);
}

static json_t *json_policy(const struct policy_set *set, const struct policy *policy)
{
	json_t *actions = json_array();
	char text[POLICY_DESCRIPTION];

	for (uint32_t i = 0; i < policy->actions; i++)
		json_array_append_new(actions,
				      json_word(hr_action_kind_name(policy->action[i].kind)));
	return json_pack(
		"{so sI so sI so sf so ss}", "name",
		json_clean(policy_text(set, policy->name), SIZE_MAX), "line",
		(json_int_t)policy->line, "mode",
		json_word(config_mode_word(policy->mode < set->mode ? policy->mode : set->mode)),
		"priority", (json_int_t)policy->priority, "actions", actions, "cooldown_seconds",
		(double)policy->cooldown_ms / 1000, "description",
		policy->description ? json_clean(policy_text(set, policy->description), SIZE_MAX)
				    : json_null(),
		"does", policy_description(set, policy, text));
}

static json_t *json_set(struct checked *c)
{
	json_t *policies = json_array(), *rate_limit = json_null();
	const struct policy_set *set = c->set;

	for (uint32_t i = 0; i < set->policies; i++)
		json_array_append_new(policies, json_policy(set, policy_at(set, i)));
	if (set->rate_limit_per_ms)
		rate_limit = json_pack("{sI sf}", "kills", (json_int_t)set->rate_limit_kills,
				       "per_seconds", (double)set->rate_limit_per_ms / 1000);
	c->warnings = json_array();
	warn_all(c);
	return json_pack("{ss ss sn ss sf so sI so so}", "schema", "headroom.policies/2", "file",
			 c->path, "error", "mode", config_mode_word(set->mode), "interval_seconds",
			 (double)c->config.interval_ms / 1000, "rate_limit", rate_limit,
			 "protected", (json_int_t)set->protects, "policies", policies, "warnings",
			 c->warnings);
}

static json_t *json_error(const struct checked *c, const char *error)
{
	return json_pack("{ss ss ss sn sn sn sn s[] s[]}", "schema", "headroom.policies/2", "file",
			 c->path, "error", error, "mode", "interval_seconds", "rate_limit",
			 "protected", "policies", "warnings");
}

static int print_json(json_t *object)
{
	int r = object ? json_dumpf(object, stdout, JSON_STYLE) : -1;

	json_decref(object);
	putchar('\n');
	if (!r || ferror(stdout))
		return CLI_DONE;
	log_error("out of memory");
	return CLI_FAILED;
}

static int run(const void *values, char **arguments)
{
	const struct check_options *options = values;
	_cleanup_free_ struct policy_set *set = NULL;
	struct checked c = {0};
	char error[CONFIG_ERROR];
	int err;

	text_clean(arguments[0], SIZE_MAX, c.path, sizeof(c.path));
	config_init(&c.config);
	err = config_load(arguments[0], &c.config, &set, error);
	if (err) {
		if (err != -EINVAL)
			snprintf(error, sizeof(error), "%s: %s", c.path, strerror(-err));
		log_error("%s", error);
		if (options->json)
			print_json(json_error(&c, error));
		return err == -EACCES || err == -EPERM ? CLI_NOT_PERMITTED : CLI_USAGE;
	}
	c.set = set;
	if (options->json)
		return print_json(json_set(&c));
	print_text(&c);
	return CLI_DONE;
}

static const struct option_spec specs[] = {
	OPTION_FLAG("json", struct check_options, json, "print one JSON document"),
	{0},
};

const struct command policy_check = {
	.name = "policy check",
	.arguments = "FILE",
	.summary = "Check a configuration and explain its policies",
	.text = "Explains each policy in one sentence, in the order of evaluation, and warns of\n"
		"rules that are valid but rarely intended. An error is one line with\n"
		"FILE:LINE:COLUMN, the value and what was expected; exit status 2.\n",
	.arguments_needed = 1,
	.options = specs,
	.options_bytes = sizeof(struct check_options),
	.run = run,
};
