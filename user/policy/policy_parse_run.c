// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The commands of a policy: words, placeholders, the user. A name that is filled in is text from elsewhere: it must neither choose a
 * program nor become code, so it stands in no word that a shell or another interpreter reads.
 */
#include "policy_parse.h"

#include <string.h>

#include "base/cleanup.h"

#define WORD_MOST 1024

/* The first ones only a container has. */
#define PLACEHOLDERS_OF_CONTAINERS 7
static const char *const placeholders[] = {"name", "id",     "pod",    "namespace", "container",
					   "unit", "cgroup", "policy", "pid"};

/* Is there one of the first `most` placeholders at this '{'? */
static bool is_placeholder(const char *at, size_t most)
{
	for (size_t i = 0; i < most; i++) {
		size_t n = strlen(placeholders[i]);

		if (!strncmp(at + 1, placeholders[i], n) && at[1 + n] == '}')
			return true;
	}
	return false;
}

static bool has_placeholder(const char *word, size_t most)
{
	for (const char *at = strchr(word, '{'); at; at = strchr(at + 1, '{'))
		if (is_placeholder(at, most))
			return true;
	return false;
}

bool policy_uses_names(const char *word)
{
	return has_placeholder(word, PLACEHOLDERS_OF_CONTAINERS);
}

/* {word} of lower-case letters is a placeholder or a mistake; other braces are text. */
static int check_placeholders(const struct policy_parse *c, const struct tree_node *node,
			      bool first)
{
	for (const char *at = strchr(node->text, '{'); at; at = strchr(at + 1, '{')) {
		size_t n = strspn(at + 1, "abcdefghijklmnopqrstuvwxyz_");

		if (!n || at[1 + n] != '}')
			continue;
		if (!is_placeholder(at, ARRAY_SIZE(placeholders)))
			return tree_complain(c->tree, node, node->text,
					     "run: expected {name}, {id}, {pod}, {namespace}, "
					     "{container}, {unit}, "
					     "{cgroup}, {policy} or {pid}");
		if (first)
			return tree_complain(c->tree, node, node->text,
					     "run: a placeholder must not choose the program; "
					     "expected its name or path");
	}
	return 0;
}

/* Programs that read code from their words, and the letters of the options after which it stands. */
static const struct interpreter {
	const char *name; /* of the program, digits and dots at its end left out: python3.11 */
	const char *options;
	bool all; /* all words after it are code: they are joined, and a shell reads them */
} interpreters[] = {
	{"sh", "c", false},      {"bash", "c", false},   {"rbash", "c", false},
	{"dash", "c", false},    {"ash", "c", false},    {"zsh", "c", false},
	{"ksh", "c", false},     {"mksh", "c", false},   {"yash", "c", false},
	{"fish", "c", false},    {"csh", "c", false},    {"tcsh", "c", false},
	{"pwsh", "c", false},    {"su", "c", false},     {"runuser", "c", false},
	{"flock", "c", false},   {"python", "c", false}, {"pypy", "c", false},
	{"perl", "eE", false},   {"ruby", "e", false},   {"node", "ep", false},
	{"nodejs", "ep", false}, {"lua", "e", false},    {"php", "rBE", false},
	{"tclsh", "", false},    {"awk", "e", false},    {"gawk", "e", false},
	{"mawk", "e", false},    {"sed", "e", false},    {"ssh", "", true},
	{"eval", "", true},      {"xargs", "", true},    {"env", "S", false},
	{"sudo", "", false},     {"doas", "", false},    {"setsid", "", false},
	{"nohup", "", false},
};

static const struct interpreter *interpreter_of(const char *word)
{
	const char *name = strrchr(word, '/');
	size_t n;

	name = name ? name + 1 : word;
	n = strlen(name);
	while (n && strchr("0123456789.-", name[n - 1]))
		n--;
	for (size_t i = 0; i < ARRAY_SIZE(interpreters); i++)
		if (strlen(interpreters[i].name) == n && !strncmp(interpreters[i].name, name, n))
			return &interpreters[i];
	return NULL;
}

/* An option after which code stands: -c, -ec, --command, --eval. */
static bool takes_code(const struct interpreter *interpreter, const char *word)
{
	if (word[0] != '-' && word[0] != '+')
		return false;
	if (word[1] == '-')
		return !strncmp(word, "--c", 3) || !strncmp(word, "--e", 3) ||
		       !strncmp(word, "--s", 3) || !strncmp(word, "--r", 3);
	return strpbrk(word + 1, interpreter->options) != NULL;
}

/* Up to which word of the command its interpreter reads code: through the first that is no option (a script, a program, or code),
 * and through the first after each option for code. */
static size_t code_words(const struct tree_node *list, size_t first, const struct interpreter *of)
{
	size_t end = first + 1;
	bool open = true;

	for (size_t i = first + 1; i < list->n; i++) {
		const char *word = list->child[i]->text;
		bool option = *word == '-' || *word == '+';

		open |= takes_code(of, word);
		if (open || of->all)
			end = i + 1;
		open = open && option;
	}
	return end;
}

static int check_code(const struct policy_parse *c, const struct tree_node *list)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct interpreter *of = interpreter_of(list->child[i]->text);
		size_t end = of ? code_words(list, i, of) : 0;

		for (size_t k = i; k < end; k++) {
			const struct tree_node *word = list->child[k];

			if (has_placeholder(word->text, ARRAY_SIZE(placeholders)))
				return tree_complain(
					c->tree, word, word->text,
					"run: %s would read a name as code; expected no "
					"placeholder there, such as [sh, -c, 'docker start "
					"\"$1\"', sh, \"{name}\"]",
					of->name);
		}
	}
	return 0;
}

int policy_parse_run(struct policy_parse *c, const struct tree_node *list,
		     struct policy_command *command)
{
	int err;

	if (list->kind != TREE_LIST || !list->n)
		return tree_complain(
			c->tree, list, tree_what(list),
			"run: expected a list of words, such as [docker, start, \"{name}\"]");
	if (list->n > POLICY_ARGS)
		return tree_complain(c->tree, list->child[POLICY_ARGS],
				     tree_what(list->child[POLICY_ARGS]),
				     "run: too many words; expected at most %u", POLICY_ARGS);
	for (size_t i = 0; i < list->n; i++) {
		const struct tree_node *word = list->child[i];

		if (word->kind != TREE_TEXT || strlen(word->text) > WORD_MOST ||
		    (!i && !*word->text))
			return tree_complain(c->tree, word, tree_what(word),
					     "run: expected a word of at most %u bytes", WORD_MOST);
		err = check_placeholders(c, word, !i);
		if (!err)
			err = policy_parse_text(c, word->text, &command->word[i]);
		if (err)
			return err;
	}
	command->n = (uint32_t)list->n;
	return check_code(c, list);
}

/* A name of a user, or a number: looked up when the command runs. */
int policy_parse_run_as(struct policy_parse *c, const struct tree_node *node, uint32_t *ret_text)
{
	const char *text = tree_text(node);

	if (!text || !*text || strlen(text) >= POLICY_RUN_AS || *text == '-' ||
	    strpbrk(text, ": \t\n/{"))
		return tree_complain(c->tree, node, tree_what(node),
				     "run_as: expected the name or number of a user, such as root");
	return policy_parse_text(c, text, ret_text);
}

#define RUN_EXAMPLE "{run: [docker, start, \"{name}\"], run_as: root}"

int policy_parse_with_run(struct policy_parse *c, const struct tree_node *node, const char *what,
			  const struct tree_key keys[2], void *arg)
{
	int err;

	if (node->kind == TREE_MAP && !node->n)
		return tree_complain(c->tree, node, tree_what(node), "%s: expected " RUN_EXAMPLE,
				     what);
	err = tree_map(c->tree, node, keys, 2, arg, what, RUN_EXAMPLE);
	if (!err && !tree_get(node, "run"))
		return tree_complain(c->tree, node, "run_as",
				     "%s: has no `run`; expected " RUN_EXAMPLE, what);
	return err;
}

static int default_user(struct policy_parse *c, struct policy_command *command)
{
	if (!command->n || command->run_as)
		return 0;
	if (!c->run_as) {
		int err = policy_parse_text(c, POLICY_RUN_AS_DEFAULT, &c->run_as);

		if (err)
			return err;
	}
	command->run_as = c->run_as;
	return 0;
}

int policy_parse_users(struct policy_parse *c)
{
	int err = 0;

	for (uint32_t i = 0; !err && i < c->head.policies; i++) {
		err = default_user(c, &c->policy[i].on_exit);
		for (uint32_t k = 0; !err && k < c->policy[i].actions; k++)
			err = default_user(c, &c->policy[i].action[k].command);
	}
	return err;
}
