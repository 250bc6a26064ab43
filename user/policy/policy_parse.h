/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the files of the policy parser share. Supervisor and `headroom policy` only. All int functions return 0, -EINVAL with
 * the line written (yaml_tree.h), or -ENOMEM.
 */
#ifndef HEADROOM_POLICY_POLICY_PARSE_H
#define HEADROOM_POLICY_POLICY_PARSE_H

#include "base/human_units.h"
#include "policy.h"
#include "base/yaml_tree.h"

#define POLICY_PARSE_PROTECTS 256u /* entries of `protect` */
#define POLICY_PARSE_GLOB     255u /* bytes of one glob */

struct policy_parse_place { /* the nodes of a policy, for the checks of the whole */
	const struct tree_node *policy, *selector, *when, *actions, *on_exit,
		*mode; /* all but policy may be NULL */
};

struct policy_parse {
	const struct tree *tree;
	struct policy_set head; /* counts, rate limit, protect; offsets at the end */
	struct policy *policy;
	struct policy_parse_place *place;
	struct policy_match *selector;
	struct policy_glob *glob;
	char *text; /* follows the header of the block, so that offsets are known at once */
	uint32_t policy_space, place_space, match_space, glob_space, texts, text_space;
	const struct tree_node *protect;
	uint32_t run_as;               /* text: the default user of commands; 0: not given */
	struct policy *now;            /* the policy that is being parsed … */
	struct policy_parse_place *at; /* … and its nodes */
};

/* policy_parse.c: the parts of the file. */
void policy_parse_init(struct policy_parse *c, const struct tree *tree);
void policy_parse_done(struct policy_parse *c);
int policy_parse_policies(struct policy_parse *c, const struct tree_node *list);
int policy_parse_rate_limit(struct policy_parse *c, const struct tree_node *node);
/* All parts are parsed: checks what needs all of them, and makes the block. */
int policy_parse_finish(struct policy_parse *c, struct policy_set **ret_set);
int policy_parse_text(struct policy_parse *c, const char *text, uint32_t *ret_at);
static inline const char *policy_parse_at(const struct policy_parse *c,
					  uint32_t at) /* the text at such an offset */
{
	return at ? c->text + (at - sizeof(struct policy_set)) : "";
}
int policy_parse_space(void *array, uint32_t *space, uint32_t need,
		       size_t each); /* array: a pointer to the pointer */

/* policy_parse_glob.c: globs as fnmatch() has them, token by token: a character (escaped or not), ?, *, [set]. */
const char *glob_token(const char *at); /* past this one; NULL: it has no end */
bool glob_plain(const char *glob);      /* matches itself only */
size_t glob_least(const char *glob);    /* bytes of the shortest text that it matches */
bool glob_covers(const char *wide, const char *glob); /* certainly matches whatever glob matches */

/* policy_parse_match.c */
int policy_parse_match(struct policy_parse *c, const struct tree_node *node);
int policy_parse_protect(struct policy_parse *c, const struct tree_node *list);
const char *policy_key_word(enum policy_key key); /* as it stands in a file, such as "unit" */
/* policy_parse_when.c */
int policy_parse_when(struct policy_parse *c, const struct tree_node *node);
/* policy_parse_actions.c */
int policy_parse_actions(struct policy_parse *c, const struct tree_node *list);
int policy_parse_on_exit(struct policy_parse *c, const struct tree_node *node);
/* policy_parse_run.c */
int policy_parse_run(struct policy_parse *c, const struct tree_node *list,
		     struct policy_command *command);
int policy_parse_run_as(struct policy_parse *c, const struct tree_node *node, uint32_t *ret_text);
/* A mapping of the keys `run` and `run_as`. */
int policy_parse_with_run(struct policy_parse *c, const struct tree_node *node, const char *what,
			  const struct tree_key keys[2], void *arg);
int policy_parse_users(struct policy_parse *c); /* all policies are parsed: the default user */
bool policy_uses_names(const char *word); /* in a command: placeholders that only containers have */
/* policy_parse_check.c: refuses a policy that can never act; at the end one that matches only protected targets. */
int policy_parse_check(struct policy_parse *c);
int policy_parse_check_protected(struct policy_parse *c, const struct policy *policy,
				 const struct policy_parse_place *place);

/* policy_parse_value.c: one value. `what` is its key; errors read "VALUE: WHAT: expected …". */
int value_size(const struct tree *tree, const struct tree_node *node, const char *what,
	       uint64_t *ret_bytes);
int value_amount(const struct tree *tree, const struct tree_node *node, const char *what,
		 struct policy_amount *ret_amount);
int value_growth(const struct tree *tree, const struct tree_node *node, const char *what,
		 uint64_t *ret_per_hour);
/* A number per second: "500/s". */
int value_rate(const struct tree *tree, const struct tree_node *node, const char *what,
	       uint64_t least, uint64_t most, uint64_t *ret_per_second);
int value_time(const struct tree *tree, const struct tree_node *node, const char *what,
	       uint64_t least_ms, uint64_t most_ms, uint64_t *ret_ms);
/* Hundredths of a number above 0, at most 100. */
int value_percent(const struct tree *tree, const struct tree_node *node, const char *what,
		  uint64_t *ret_centi);
int value_integer(const struct tree *tree, const struct tree_node *node, const char *what,
		  long least, long most, long *ret_value);
int value_word(const struct tree *tree, const struct tree_node *node, const char *what,
	       const char *const *words, size_t n, size_t *ret_i);
/* Text of at most `most` bytes on one line, not empty. */
int value_line(const struct tree *tree, const struct tree_node *node, const char *what, size_t most,
	       const char **ret_text);

/* The same back, as people write it: "90s", "5m"; "SIGTERM". */
const char *value_time_text(uint64_t ms, char text[UNITS_TEXT]);
const char *value_signal_text(int signal, char text[UNITS_TEXT]);

#endif
