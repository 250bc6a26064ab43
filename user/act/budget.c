// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The budget: how many emergencies may end something within a time. A whole file of bad rules, or one that matches
 * everything, then costs a few containers and not the host. One emergency is paid for once, by the first of its rungs that
 * ends something: to who is told to end it makes no difference that nobody pulled the plug.
 */
#include "private.h"

#include <signal.h>

/* Signals that services use to be talked to, not to be ended. */
bool budget_ends(const struct policy_rung *rung)
{
	switch (rung->rung) {
	case HR_RUNG_KILL:
	case HR_RUNG_REFLEX:
		return true;
	case HR_RUNG_TERM:
		return rung->signal != SIGUSR1 && rung->signal != SIGUSR2 &&
		       rung->signal != SIGHUP && rung->signal != SIGWINCH &&
		       rung->signal != SIGCONT && rung->signal != SIGURG;
	default:
		return false;
	}
}

static uint64_t per_ns(const struct policy_set *set)
{
	return set->budget_per_ms > UINT64_MAX / NS_PER_MS ? UINT64_MAX
							   : set->budget_per_ms * NS_PER_MS;
}

uint64_t budget_wait(const struct budget *b, const struct policy_set *set, uint64_t now_ns)
{
	uint64_t most = set->budget_kills < BUDGET_MOST ? set->budget_kills : BUDGET_MOST;
	uint64_t per = per_ns(set), first;

	if (!per)
		return 0;
	if (!most)
		return UINT64_MAX;
	if (b->n < most)
		return 0;
	first = b->spent_ns[(b->n - most) % BUDGET_MOST]; /* that many ago */
	return now_ns >= first && now_ns - first >= per ? 0
	       : first > UINT64_MAX - per		? UINT64_MAX
							: first + per;
}

uint64_t budget_left(const struct budget *b, const struct policy_set *set, uint64_t now_ns)
{
	uint64_t most = set->budget_kills < BUDGET_MOST ? set->budget_kills : BUDGET_MOST;
	uint64_t per = per_ns(set), spent = 0;

	if (!per)
		return UINT64_MAX;
	while (spent < most && spent < b->n) {
		uint64_t at = b->spent_ns[(b->n - 1 - spent) % BUDGET_MOST];

		if (now_ns >= at && now_ns - at >= per)
			break; /* and so are all before it */
		spent++;
	}
	return most - spent;
}

void budget_refund(struct budget *b, uint64_t spent_ns)
{
	uint64_t i = b->n, least = b->n > BUDGET_MOST ? b->n - BUDGET_MOST : 0;

	while (i > least && b->spent_ns[(i - 1) % BUDGET_MOST] != spent_ns)
		i--;
	if (i == least)
		return;
	for (; i < b->n; i++)
		b->spent_ns[(i - 1) % BUDGET_MOST] = b->spent_ns[i % BUDGET_MOST];
	b->n--;
}

void budget_spend(struct budget *b, uint64_t now_ns) { b->spent_ns[b->n++ % BUDGET_MOST] = now_ns; }
