// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The rate limit: how many escalations may end processes within a time. A whole file of bad policies, or one that matches
 * everything, then costs a few containers and not the host. One escalation is charged once, by the first of its steps that
 * ends something: SIGTERM ends a container as well as SIGKILL does. Two things keep decoys from using it up, so that what they
 * hide is never taken: an action that freed nothing is refunded once that is known, and what was ended for other reasons than
 * a shortage of the host leaves the limit for that untouched. Refunds are bounded as well: a policy that ends what frees nothing costs some containers, not all.
 */
#include "policy_internal.h"

#include <signal.h>

#include "action_table.h"

#define REFUNDS_EACH  4u /* in the time of the limit, for each kill that it allows; */
#define REFUNDS_LEAST 16u

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

/* How many within the last `per`, at most `most`. */
static uint64_t count_since(const struct rate_limit *b, uint64_t per, uint64_t most,
			    uint64_t now_ns)
{
	uint64_t n = 0;

	while (n < most && n < b->n && n < RATE_LIMIT_MOST) {
		uint64_t at = b->spent_ns[(b->n - 1 - n) % RATE_LIMIT_MOST];

		if (now_ns >= at && now_ns - at >= per)
			break; /* and so are all before it */
		n++;
	}
	return n;
}

uint64_t rate_limit_left(const struct rate_limit *b, const struct policy_set *set, uint64_t now_ns)
{
	uint64_t most =
		set->rate_limit_kills < RATE_LIMIT_MOST ? set->rate_limit_kills : RATE_LIMIT_MOST;
	uint64_t per = per_ns(set);

	return per ? most - count_since(b, per, most, now_ns) : UINT64_MAX;
}

static bool refund(struct rate_limit *b, uint32_t by)
{
	uint64_t i = b->n, least = b->n > RATE_LIMIT_MOST ? b->n - RATE_LIMIT_MOST : 0;

	while (i > least && b->by[(i - 1) % RATE_LIMIT_MOST] != by)
		i--;
	if (i == least)
		return false;
	for (; i < b->n; i++) {
		b->spent_ns[(i - 1) % RATE_LIMIT_MOST] = b->spent_ns[i % RATE_LIMIT_MOST];
		b->by[(i - 1) % RATE_LIMIT_MOST] = b->by[i % RATE_LIMIT_MOST];
	}
	b->n--;
	return true;
}

void rate_limit_spend(struct rate_limit *b, uint64_t now_ns, uint32_t by)
{
	b->spent_ns[b->n % RATE_LIMIT_MOST] = now_ns;
	b->by[b->n++ % RATE_LIMIT_MOST] = by;
}

uint64_t rate_limits_wait(const struct rate_limits *limits, const struct policy_set *set,
			  uint64_t now_ns, bool host)
{
	return rate_limit_wait(host ? &limits->host : &limits->all, set, now_ns);
}

bool rate_limits_spend(struct rate_limits *limits, const struct policy_set *set, uint64_t now_ns,
		       bool host, uint32_t by)
{
	bool reserve = host && rate_limit_wait(&limits->all, set, now_ns);

	rate_limit_spend(&limits->all, now_ns, by);
	if (host)
		rate_limit_spend(&limits->host, now_ns, by);
	return reserve;
}

bool rate_limits_refund(struct rate_limits *limits, uint32_t by)
{
	refund(&limits->host, by);
	return refund(&limits->all, by);
}

bool rate_limits_refund_useless(struct rate_limits *limits, const struct policy_set *set,
				uint64_t now_ns, uint32_t by)
{
	uint64_t most = REFUNDS_EACH * (uint64_t)set->rate_limit_kills;

	if (most < REFUNDS_LEAST)
		most = REFUNDS_LEAST;
	if (count_since(&limits->useless, per_ns(set), most, now_ns) >= most ||
	    !rate_limits_refund(limits, by))
		return false;
	rate_limit_spend(&limits->useless, now_ns, by);
	return true;
}
