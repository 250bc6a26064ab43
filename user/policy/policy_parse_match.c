// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * `match` and `protect`: globs, each checked against what its key can be, so that a glob that could never match is an error
 * and not a gap in the protection.
 */
#include "policy_parse.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

#define COMM_BYTES 15  /* the kernel cuts a process's name there (TASK_COMM_LEN − 1) */
#define LABEL_KEY  317 /* Kubernetes: a prefix of 253, a slash, a name of 63 */

static const char *check_unit(const char *glob)
{
	return glob_plain(glob) && !strchr(glob, '.')
		       ? "expected a unit's whole name, such as sshd.service"
		       : NULL;
}

static const char *check_cgroup(const char *glob)
{
	return strchr("/*?[", *glob) ? NULL
				     : "expected a path from the root, such as /system.slice/*";
}

static const char *check_no_path(const char *glob)
{
	return strchr(glob, '/') ? "expected a name without a slash; namespace is a key of its own"
				 : NULL;
}

static const char *check_runtime(const char *glob)
{
	static const char *const runtimes[] = {"docker",  "containerd", "cri-o",   "podman",
					       "nerdctl", "lxc",        "systemd", "nspawn",
					       "slurm",   "none"};

	for (size_t i = 0; i < ARRAY_SIZE(runtimes); i++)
		if (!fnmatch(glob, runtimes[i], 0))
			return NULL;
	return "expected docker, containerd, cri-o, podman, nerdctl, lxc, systemd, nspawn, slurm "
	       "or none";
}

static const char *check_process(const char *glob)
{
	return glob_least(glob) > COMM_BYTES
		       ? "the kernel cuts names after 15 bytes; expected a shorter one, or a *"
		       : NULL;
}

static const struct match_key {
	const char *word;
	const char *(*check)(const char *glob); /* what was expected, or NULL */
} match_keys[POLICY_KEYS] = {
	[POLICY_NAME] = {"name", NULL},
	[POLICY_IMAGE] = {"image", NULL},
	[POLICY_POD] = {"pod", check_no_path},
	[POLICY_NAMESPACE] = {"namespace", check_no_path},
	[POLICY_CONTAINER] = {"container", check_no_path},
	[POLICY_UNIT] = {"unit", check_unit},
	[POLICY_CGROUP] = {"cgroup", check_cgroup},
	[POLICY_RUNTIME] = {"runtime", check_runtime},
	[POLICY_LABEL] = {"label", NULL},
	[POLICY_PROCESS] = {"process", check_process},
};

const char *policy_key_word(enum policy_key key) { return match_keys[key].word; }

/* Syntax that fnmatch() takes as plain text, but that is meant as a pattern. */
static const char *check_glob(enum policy_key key, const char *glob)
{
	bool text = key == POLICY_LABEL || key == POLICY_PROCESS || key == POLICY_CGROUP;

	if (!*glob || strlen(glob) > POLICY_PARSE_GLOB || strpbrk(glob, "\n\t"))
		return "expected a glob of 1 to 255 bytes";
	for (const char *at = glob; *at;) {
		const char *token = at;

		at = glob_token(token);
		if (!at)
			return *token == '['
				       ? "a [ without its ]; expected a glob such as web-[0-9]*"
				       : "a backslash at the end; expected a character after it";
	}
	if (!text && strpbrk(glob, "{}"))
		return "globs have no braces; expected a list such as [web-*, api-*]";
	if (!text && *glob == '!')
		return "globs have no negation; expected a glob (`protect` makes exceptions)";
	return match_keys[key].check ? match_keys[key].check(glob) : NULL;
}

static int add_glob(struct policy_parse *c, const struct tree_node *at, const char *what,
		    enum policy_key key, const char *glob)
{
	const char *expected = check_glob(key, glob);
	int err;

	if (expected)
		return tree_complain(c->tree, at, *glob ? glob : tree_what(at), "%s: %s", what,
				     expected);
	err = policy_parse_space(&c->glob, &c->glob_space, c->head.globs + 1, sizeof(*c->glob));
	if (!err)
		err = policy_parse_text(c, glob, &c->glob[c->head.globs].text);
	if (!err)
		c->head.globs++;
	return err;
}

static int add_match(struct policy_parse *c, enum policy_key key, uint32_t label,
		     struct policy_match **ret_match)
{
	int err = policy_parse_space(&c->selector, &c->match_space, c->head.matches + 1,
				     sizeof(*c->selector));

	if (err)
		return err;
	*ret_match = &c->selector[c->head.matches++];
	**ret_match = (struct policy_match){.key = key, .label = label, .first = c->head.globs};
	return 0;
}

/* The resolver keeps at most POLICY_LABELS keys of each container. */
static int add_label(struct policy_parse *c, const struct tree_node *at, const char *key,
		     uint32_t *ret_text)
{
	uint32_t others = 0;

	if (!*key || strlen(key) > LABEL_KEY || strpbrk(key, "=\n\t "))
		return tree_complain(c->tree, at, at->text,
				     "expected label.KEY, such as label.tier");
	for (uint32_t i = 0; i < c->head.matches; i++) {
		bool first = c->selector[i].label != 0;

		if (first && !strcmp(policy_parse_at(c, c->selector[i].label), key)) {
			*ret_text = c->selector[i].label; /* the same text: the same key */
			return 0;
		}
		for (uint32_t k = 0; first && k < i; k++)
			first = c->selector[k].label != c->selector[i].label;
		others += first;
	}
	if (others >= POLICY_LABELS)
		return tree_complain(c->tree, at, at->text,
				     "too many labels; expected at most %u different keys",
				     POLICY_LABELS);
	return policy_parse_text(c, key, ret_text);
}

static enum policy_key find_key(const char *word, size_t bytes)
{
	for (enum policy_key key = 0; key < POLICY_KEYS; key++)
		if (strlen(match_keys[key].word) == bytes &&
		    !memcmp(match_keys[key].word, word, bytes))
			return key;
	return POLICY_KEYS;
}

static int parse_globs(void *arg, const struct tree_node *at, const struct tree_node *value)
{
	struct policy_parse *c = arg;
	enum policy_key key = find_key(at->text, strcspn(at->text, "."));
	struct policy_match *selector;
	uint32_t label = 0;
	int err = key == POLICY_LABEL ? add_label(c, at, at->text + strlen("label."), &label) : 0;

	if (err)
		return err;
	if (value->kind == TREE_MAP || (value->kind == TREE_LIST && !value->n))
		return tree_complain(c->tree, value, tree_what(value),
				     "%s: expected a glob or a list of globs", at->text);
	err = add_match(c, key, label, &selector);
	if (!err && value->kind == TREE_TEXT) {
		selector->n = 1;
		err = add_glob(c, value, at->text, key, value->text);
	}
	for (size_t i = 0; !err && value->kind == TREE_LIST && i < value->n; i++) {
		const struct tree_node *glob = value->child[i];

		selector->n++;
		err = glob->kind != TREE_TEXT ? tree_complain(c->tree, glob, tree_what(glob),
							      "%s: expected a glob", at->text)
					      : add_glob(c, glob, at->text, key, glob->text);
	}
	if (!err)
		c->now->matches++;
	return err;
}

static int parse_scope(void *arg, const struct tree_node *at, const struct tree_node *value)
{
	static const char *const words[] = {"host_processes"};
	struct policy_parse *c = arg;
	size_t i;
	int err = value_word(c->tree, value, "scope", words, ARRAY_SIZE(words), &i);

	if (!err)
		c->now->host_processes = 1;
	return err;
}

int policy_parse_match(struct policy_parse *c, const struct tree_node *node)
{
	static const struct tree_key keys[] = {
		{"name", parse_globs},      {"image", parse_globs},     {"pod", parse_globs},
		{"namespace", parse_globs}, {"container", parse_globs}, {"unit", parse_globs},
		{"cgroup", parse_globs},    {"runtime", parse_globs},   {"label.", parse_globs},
		{"process", parse_globs},   {"scope", parse_scope},
	};

	c->now->first_match = c->head.matches;
	return tree_map(c->tree, node, keys, ARRAY_SIZE(keys), c, "match", "{name: \"web-*\"}");
}

#define PROTECT_EXAMPLE "such as unit:sshd.service"

/* Blanks around the name of a quoted entry are no part of it: such an entry would protect nothing. */
static int add_trimmed(struct policy_parse *c, const struct tree_node *node, enum policy_key key,
		       const char *text)
{
	_cleanup_free_ char *glob = strdup(text + strspn(text, " "));

	for (size_t n = glob ? strlen(glob) : 0; n && glob[n - 1] == ' '; n--)
		glob[n - 1] = 0;
	return glob ? add_glob(c, node, "protect", key, glob) : -ENOMEM;
}

static int protect_entry(struct policy_parse *c, const struct tree_node *node)
{
	const char *text = tree_text(node), *colon = text ? strchr(text, ':') : NULL;
	bool label = text && !strncmp(text, "label.", strlen("label."));
	enum policy_key key = POLICY_KEYS;
	struct policy_match *selector;
	char label_key[LABEL_KEY + 2];
	uint32_t at = 0;
	int err;

	if (node->kind == TREE_MAP) /* `- unit: sshd.service` */
		return tree_complain(
			c->tree, node, tree_what(node),
			"protect: expected KEY:GLOB without a space, " PROTECT_EXAMPLE);
	if (colon)
		key = label ? POLICY_LABEL : find_key(text, (size_t)(colon - text));
	if (key == POLICY_KEYS || (key == POLICY_LABEL && !label))
		return tree_complain(c->tree, node, tree_what(node),
				     "protect: expected KEY:GLOB, " PROTECT_EXAMPLE
				     "; the keys are those of match");
	if (label) {
		snprintf(label_key, sizeof(label_key), "%.*s",
			 (int)(colon - text) - (int)strlen("label."), text + strlen("label."));
		err = add_label(c, node, label_key, &at);
		if (err)
			return err;
	}
	err = add_match(c, key, at, &selector);
	if (err)
		return err;
	selector->n = 1;
	return add_trimmed(c, node, key, colon + 1);
}

int policy_parse_protect(struct policy_parse *c, const struct tree_node *list)
{
	int err = 0;

	if (list->kind != TREE_LIST)
		return tree_complain(c->tree, list, tree_what(list),
				     "protect: expected a list, such as [unit:sshd.service]");
	if (list->n > POLICY_PARSE_PROTECTS)
		return tree_complain(c->tree, list->child[POLICY_PARSE_PROTECTS],
				     tree_what(list->child[POLICY_PARSE_PROTECTS]),
				     "protect: too many entries; expected at most %u",
				     POLICY_PARSE_PROTECTS);
	c->protect = list;
	c->head.protect_first = c->head.matches;
	c->head.protects = (uint32_t)list->n;
	for (size_t i = 0; !err && i < list->n; i++)
		err = protect_entry(c, list->child[i]);
	return err;
}
