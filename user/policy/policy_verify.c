// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Checks a compiled block that another process handed over: every offset, count, enum and threshold. Never changes one. */
#include "policy.h"

#include <errno.h>
#include <string.h>

#include "action_table.h"
#include "condition_table.h"

#define SIGNAL_MOST 64

struct block {
	const struct policy_set *set;
	bool bad;
};

static void check(struct block *b, bool good) { b->bad |= !good; }

static void check_text(struct block *b, uint32_t at)
{
	check(b, !at || (at >= b->set->text_at && at - b->set->text_at < b->set->text_bytes));
}

/* `n` things of `each` bytes lie within the block, on 8 bytes, behind its header. */
static void check_array(struct block *b, uint32_t at, uint64_t n, size_t each)
{
	check(b, at >= sizeof(*b->set) && at % 8 == 0 && n <= b->set->bytes / each &&
			 at <= b->set->bytes && n * each <= b->set->bytes - at);
}

static void check_head(struct block *b)
{
	const struct policy_set *set = b->set;

	check_array(b, set->text_at, set->text_bytes, 1);
	check_array(b, set->policies_at, set->policies, sizeof(struct policy));
	check_array(b, set->matches_at, set->matches, sizeof(struct policy_match));
	check_array(b, set->globs_at, set->globs, sizeof(struct policy_glob));
	check(b, set->mode <= MODE_ENFORCE && set->policies <= POLICY_MOST);
	check(b, set->protect_first <= set->matches &&
			 set->protects <= set->matches - set->protect_first);
	if (!b->bad && set->text_bytes) /* then every text within ends within */
		check(b, !((const char *)set)[set->text_at + set->text_bytes - 1]);
}

static void check_match(struct block *b, const struct policy_match *selector)
{
	check(b, selector->key < POLICY_KEYS &&
			 (selector->label != 0) == (selector->key == POLICY_LABEL));
	check(b,
	      selector->first <= b->set->globs && selector->n <= b->set->globs - selector->first);
	check_text(b, selector->label);
}

static void check_command(struct block *b, const struct policy_command *command)
{
	check(b, command->n <= POLICY_ARGS && (!command->n || command->run_as));
	check_text(b, command->run_as);
	for (uint32_t i = 0; i < POLICY_ARGS; i++)
		check_text(b, command->word[i]);
}

static void check_action(struct block *b, const struct policy_action *spec)
{
	check(b, spec->kind < HR_ACTION_COUNT && action_kinds[spec->kind].order &&
			 (!spec->largest || action_kinds[spec->kind].sentence_largest));
	check(b, spec->signal >= 0 && spec->signal <= SIGNAL_MOST && spec->amount.milli <= 1000);
	check_command(b, &spec->command);
}

static void check_threshold(struct block *b, const struct condition *condition,
			    const struct policy_threshold *threshold, bool used)
{
	if (!used)
		check(b, !threshold->value && !threshold->milli);
	else if (condition->type == VALUE_AMOUNT && threshold->value == HR_UNKNOWN)
		check(b, threshold->milli && threshold->milli <= 1000);
	else
		check(b, threshold->value >= condition->least &&
				 threshold->value <= condition->most && !threshold->milli);
}

static void check_policy(struct block *b, const struct policy *policy)
{
	check_text(b, policy->name);
	check_text(b, policy->description);
	check(b, policy->name && policy->mode <= MODE_ENFORCE &&
			 policy->conditions < 1u << CONDITIONS);
	check(b, policy->first_match <= b->set->matches &&
			 policy->matches <= b->set->matches - policy->first_match);
	for (uint32_t i = 0; i < CONDITIONS; i++)
		check_threshold(b, &condition_table[i], &policy->threshold[i],
				policy->conditions & 1u << i);
	check(b, policy->actions <= POLICY_ACTIONS);
	for (uint32_t i = 0; i < policy->actions && i < POLICY_ACTIONS; i++)
		check_action(b, &policy->action[i]);
	check_command(b, &policy->on_exit);
}

int policy_set_verify(const void *block, size_t bytes)
{
	struct block b = {.set = block};

	if (bytes < sizeof(*b.set) || b.set->magic != POLICY_MAGIC || b.set->bytes != bytes ||
	    bytes > UINT32_MAX)
		return -EBADMSG;
	check_head(&b);
	if (b.bad)
		return -EBADMSG;
	for (uint32_t i = 0; i < b.set->matches; i++)
		check_match(&b, policy_match_at(b.set, i));
	for (uint32_t i = 0; i < b.set->globs; i++) {
		const struct policy_glob *globs =
			(const void *)((const char *)block + b.set->globs_at);

		check_text(&b, globs[i].text);
	}
	for (uint32_t i = 0; i < b.set->policies; i++)
		check_policy(&b, policy_at(b.set, i));
	return b.bad ? -EBADMSG : 0;
}
