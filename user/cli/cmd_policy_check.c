// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * headroom policy check: compiles a configuration as the daemon does and explains it. Changes nothing, and asks no
 * daemon.
 */
#include <errno.h>
#include <jansson.h>
#include <pwd.h>
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

static void warn_user(struct checked *c, const struct policy *policy,
		      const struct policy_command *command)
{
	const char *user = policy_text(c->set, command->run_as);
	char text[128];

	if (!command->n || !strcmp(user, POLICY_RUN_AS_DEFAULT) ||
	    strspn(user, "0123456789") == strlen(user) || getpwnam(user))
		return;
	snprintf(text, sizeof(text), "run_as: no user %s on this host; the command would not run",
		 user);
	warn(policy->line, text, c);
}

/* A user that does not exist on this machine may exist on another. */
static void warn_all(struct checked *c)
{
	struct config config = c->config;
	char error[CONFIG_ERROR];

	policy_warnings(c->set, warn, c);
	for (uint32_t i = 0; i < c->set->policies; i++) {
		const struct policy *policy = policy_at(c->set, i);

		for (uint32_t k = 0; k < policy->actions; k++)
			warn_user(c, policy, &policy->action[k].command);
		warn_user(c, policy, &policy->on_exit);
	}
	if (config_resolve(&config, error))
		warn(0, error, c);
}

#define ALWAYS_EXEMPT                                                              \
	"always exempt: init, kernel threads, container runtimes, pod sandboxes, " \
	"systemd-*.service, D-Bus, sshd, headroom"

static void print_protected(const struct policy_set *set)
{
	char text[POLICY_DESCRIPTION];

	printf("protected: %u entr%s\n", set->protects, set->protects == 1 ? "y" : "ies");
	for (uint32_t i = 0; i < set->protects; i++)
		printf("%*s%s\n", INDENT, "", policy_protect_entry(set, i, text));
	cli_print_wrapped(ALWAYS_EXEMPT, 0, WIDTH);
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
	if (set->policies || set->protects)
		print_protected(set);
	warn_all(c);
}

static void add_command(const struct policy_set *set, const struct policy_command *command,
			json_t *to)
{
	json_t *words = json_array();

	for (uint32_t i = 0; i < command->n; i++)
		json_array_append_new(words,
				      json_clean(policy_text(set, command->word[i]), SIZE_MAX));
	if (command->n)
		json_array_append_new(to, json_pack("{so ss}", "run", words, "run_as",
						    policy_text(set, command->run_as)));
	else
		json_decref(words);
}

static json_t *json_policy(const struct policy_set *set, const struct policy *policy)
{
	json_t *actions = json_array(), *commands = json_array();
	char text[POLICY_DESCRIPTION];

	for (uint32_t i = 0; i < policy->actions; i++)
		json_array_append_new(actions,
				      json_word(hr_action_kind_name(policy->action[i].kind)));
	for (uint32_t i = 0; i < policy->actions; i++)
		add_command(set, &policy->action[i].command, commands);
	add_command(set, &policy->on_exit, commands);
	return json_pack(
		"{so sI so sI so so sf so ss}", "name",
		json_clean(policy_text(set, policy->name), SIZE_MAX), "line",
		(json_int_t)policy->line, "mode",
		json_word(config_mode_word(policy->mode < set->mode ? policy->mode : set->mode)),
		"priority", (json_int_t)policy->priority, "actions", actions, "commands", commands,
		"cooldown_seconds", (double)policy->cooldown_ms / 1000, "description",
		policy->description ? json_clean(policy_text(set, policy->description), SIZE_MAX)
				    : json_null(),
		"does", policy_description(set, policy, text));
}

static json_t *json_protect(const struct policy_set *set)
{
	json_t *entries = json_array();
	char text[POLICY_DESCRIPTION];

	for (uint32_t i = 0; i < set->protects; i++)
		json_array_append_new(entries, json_string(policy_protect_entry(set, i, text)));
	return entries;
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
	return json_pack("{ss ss sn ss sf so sI so so so}", "schema", "headroom.policies/2", "file",
			 c->path, "error", "mode", config_mode_word(set->mode), "interval_seconds",
			 (double)c->config.interval_ms / 1000, "rate_limit", rate_limit,
			 "protected", (json_int_t)set->protects, "protect", json_protect(set),
			 "policies", policies, "warnings", c->warnings);
}

static json_t *json_error(const struct checked *c, const char *error)
{
	return json_pack("{ss ss ss sn sn sn sn s[] s[] s[]}", "schema", "headroom.policies/2",
			 "file", c->path, "error", error, "mode", "interval_seconds", "rate_limit",
			 "protected", "protect", "policies", "warnings");
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
	.text = "Explains each policy in one sentence, in the order of evaluation, lists what is\n"
		"protected, and warns of rules that are valid but rarely intended. An error is\n"
		"one line with FILE:LINE:COLUMN, the value and what was expected; exit status 2.\n",
	.arguments_needed = 1,
	.options = specs,
	.options_bytes = sizeof(struct check_options),
	.run = run,
};
