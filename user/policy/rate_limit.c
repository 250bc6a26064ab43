// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The rate limit: how many escalations may end processes within a time. A whole file of bad policies, or one that matches
 * everything, then costs a few containers and not the host. One escalation is charged once, by the first of its steps that
 * ends something: SIGTERM ends a container as well as SIGKILL does.
 */
#include "policy_internal.h"

#include <signal.h>

#include "action_table.h"

/* Services use these signals for requests (reload, status), not to end; an action other than `term` has no signal. */
bool rate_limit_ends(const struct policy_action *spec)
{
	return action_kinds[spec->kind].ends && spec->signal != SIGUSR1 &&
	       spec->signal != SIGUSR2 && spec->signal != SIGHUP && spec->signal != SIGWINCH &&
	       spec->signal != SIGCONT && spec->signal != SIGURG;
}

static uint64_t per_ns(const struct policy_set *set)
{
	return set->rate_limit_per_ms > UINT64_MAX / NS_PER_MS ? UINT64_MAX
							       : set->rate_limit_per_ms * NS_PER_MS;
}

uint64_t rate_limit_wait(const struct rate_limit *b, const struct policy_set *set, uint64_t now_ns)
{
	uint64_t most =
		set->rate_limit_kills < RATE_LIMIT_MOST ? set->rate_limit_kills : RATE_LIMIT_MOST;
	uint64_t per = per_ns(set), first;

	if (!per)
		return 0;
	if (!most)
		return UINT64_MAX;
	if (b->n < most)
		return 0;
	first = b->spent_ns[(b->n - most) % RATE_LIMIT_MOST]; /* the one `most` kills ago */
	return now_ns >= first && now_ns - first >= per ? 0
	       : first > UINT64_MAX - per               ? UINT64_MAX
							: first + per;
}

uint64_t rate_limit_left(const struct rate_limit *b, const struct policy_set *set, uint64_t now_ns)
{
	uint64_t most =
		set->rate_limit_kills < RATE_LIMIT_MOST ? set->rate_limit_kills : RATE_LIMIT_MOST;
	uint64_t per = per_ns(set), spent = 0;

	if (!per)
		return UINT64_MAX;
	while (spent < most && spent < b->n) {
		uint64_t at = b->spent_ns[(b->n - 1 - spent) % RATE_LIMIT_MOST];

		if (now_ns >= at && now_ns - at >= per)
			break; /* and so are all before it */
		spent++;
	}
	return most - spent;
}

void rate_limit_refund(struct rate_limit *b, uint64_t spent_ns)
{
	uint64_t i = b->n, least = b->n > RATE_LIMIT_MOST ? b->n - RATE_LIMIT_MOST : 0;

	while (i > least && b->spent_ns[(i - 1) % RATE_LIMIT_MOST] != spent_ns)
		i--;
	if (i == least)
		return;
	for (; i < b->n; i++)
		b->spent_ns[(i - 1) % RATE_LIMIT_MOST] = b->spent_ns[i % RATE_LIMIT_MOST];
	b->n--;
}

void rate_limit_spend(struct rate_limit *b, uint64_t now_ns)
{
	b->spent_ns[b->n++ % RATE_LIMIT_MOST] = now_ns;
}
