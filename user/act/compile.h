/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Inside the policy compiler: what its files share. Supervisor and face only. All int functions return 0, -EINVAL with the
 * line written (yaml_tree.h), or -ENOMEM.
 */
#ifndef HEADROOM_COMPILE_H
#define HEADROOM_COMPILE_H

#include "base/units.h"
#include "policy.h"
#include "base/yaml_tree.h"

#define COMPILE_PROTECTS 256u /* entries of `protect` */
#define COMPILE_GLOB 255u /* bytes of one glob */

struct compile_place { /* where a policy stands, for the checks that need the whole of it */
	const struct tree_node *policy, *match, *when, *rungs, *then,
		*mode; /* all but policy may be NULL */
};

struct compile {
	const struct tree *tree;
	struct policy_set head; /* counts, budget, protect; offsets at the end */
	struct policy *policy;
	struct compile_place *place;
	struct policy_match *match;
	struct policy_glob *glob;
	char *text; /* stands right behind the header, so that offsets are known at once */
	uint32_t policy_room, place_room, match_room, glob_room, texts, text_room;
	const struct tree_node *protect;
	struct policy *now; /* the policy under way … */
	struct compile_place *at; /* … and where */
};

/* compile.c: the parts of the file. */
void compile_init(struct compile *c, const struct tree *tree);
void compile_done(struct compile *c);
int compile_policies(struct compile *c, const struct tree_node *list);
int compile_budget(struct compile *c, const struct tree_node *node);
/* Everything is there: what needs all parts is checked, and the block made. */
int compile_finish(struct compile *c, struct policy_set **ret_set);
int compile_text(struct compile *c, const char *text, uint32_t *ret_at);
static inline const char *compile_at(const struct compile *c,
				     uint32_t at) /* the text at such an offset */
{
	return at ? c->text + (at - sizeof(struct policy_set)) : "";
}
int compile_room(void *array, uint32_t *room, uint32_t need,
		 size_t each); /* array: a pointer to the pointer */

/* compile_glob.c: globs as fnmatch() has them, token by token: a character (escaped or not), ?, *, [set]. */
const char *glob_token(const char *at); /* past this one; NULL: it has no end */
bool glob_plain(const char *glob); /* matches itself only */
size_t glob_least(const char *glob); /* bytes of the shortest text that it matches */
bool glob_covers(const char *wide, const char *glob); /* certainly matches whatever glob matches */

/* compile_match.c */
int compile_match(struct compile *c, const struct tree_node *node);
int compile_protect(struct compile *c, const struct tree_node *list);
/* compile_when.c */
int compile_when(struct compile *c, const struct tree_node *node);
/* compile_rungs.c */
int compile_rungs(struct compile *c, const struct tree_node *list);
int compile_then(struct compile *c, const struct tree_node *node);
bool policy_asks_for_names(
	const char *word); /* in a command: what jobs outside containers have not */
/* compile_check.c: a rule that can never fire; later, one that could only hit what is protected. */
int compile_check(struct compile *c);
int compile_check_protected(struct compile *c, const struct policy *policy,
			    const struct compile_place *place);

/* compile_value.c: one value. `what` is its key; errors read "VALUE: WHAT: expected …". */
#define VALUE_MOST_BYTES (1ULL << 50) /* no host has a PiB */
#define VALUE_PAGE 4096u /* less than a page is a forgotten unit */
int value_size(const struct tree *tree, const struct tree_node *node, const char *what,
	       uint64_t *ret_bytes);
int value_amount(const struct tree *tree, const struct tree_node *node, const char *what,
		 struct policy_amount *ret_amount);
int value_growth(const struct tree *tree, const struct tree_node *node, const char *what,
		 int64_t *ret_per_hour);
int value_time(const struct tree *tree, const struct tree_node *node, const char *what,
	       uint64_t least_ms, uint64_t most_ms, uint64_t *ret_ms);
/* Hundredths of a number above 0, at most 100. */
int value_percent(const struct tree *tree, const struct tree_node *node, const char *what,
		  uint32_t *ret_centi);
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
