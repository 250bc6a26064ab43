// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * What is kept of a policy and a target from one sample to the next: since when the policy holds, and the cooldown after an
 * escalation. A hash table of fixed size; what finds it full is counted and does not hold: a policy that cannot be timed does
 * not act.
 */
#include "policy_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint32_t bucket_of(const struct timers *n, uint32_t policy, uint64_t key)
{
	uint64_t mixed = (key ^ ((uint64_t)policy << 48)) * 0x9e3779b97f4a7c15ULL;

	return (uint32_t)(mixed >> 32) & n->mask;
}

static uint32_t hint(uint64_t workload)
{
	return (uint32_t)((workload * 0x9e3779b97f4a7c15ULL) >> 54) % HOLD_TIMERS_HINTS;
}

void hold_timers_clear(struct timers *n)
{
	memset(n->bucket, 0xff, ((size_t)n->mask + 1) * sizeof(*n->bucket));
	memset(n->of_policy, 0, sizeof(n->of_policy));
	for (uint32_t i = 0; i < n->space; i++)
		n->timer[i].next = i + 1 < n->space ? i + 1 : NONE32;
	n->free = 0;
	n->used = 0;
	memset(n->cooling, 0, sizeof(n->cooling));
}

int hold_timers_init(struct timers *n, uint32_t space)
{
	uint32_t buckets = 1;

	while (buckets < space)
		buckets *= 2;
	*n = (struct timers){.space = space, .mask = buckets - 1};
	n->timer = calloc(space, sizeof(*n->timer));
	n->bucket = calloc(buckets, sizeof(*n->bucket));
	if (!n->timer || !n->bucket) {
		hold_timers_done(n);
		return -ENOMEM;
	}
	hold_timers_clear(n);
	return 0;
}

void hold_timers_done(struct timers *n)
{
	free(n->timer);
	free(n->bucket);
	n->timer = NULL;
	n->bucket = NULL;
}

struct timer *hold_timers_find(struct timers *n, uint32_t policy, uint64_t key)
{
	if (!n->of_policy[policy])
		return NULL;
	for (uint32_t i = n->bucket[bucket_of(n, policy, key)]; i != NONE32; i = n->timer[i].next)
		if (n->timer[i].key == key && n->timer[i].policy == policy)
			return &n->timer[i];
	return NULL;
}

struct timer *hold_timers_make(struct timers *n, uint32_t policy, uint64_t key)
{
	struct timer *timer = hold_timers_find(n, policy, key);
	uint32_t i = n->free, *bucket = &n->bucket[bucket_of(n, policy, key)];

	if (timer)
		return timer;
	if (i == NONE32) {
		n->lost++;
		return NULL;
	}
	n->free = n->timer[i].next;
	n->timer[i] = (struct timer){.key = key, .policy = (uint16_t)policy, .next = *bucket};
	*bucket = i;
	n->used++;
	n->of_policy[policy]++;
	return &n->timer[i];
}

/* Frees the timer that *link leads to. */
static void unlink_timer(struct timers *n, uint32_t *link)
{
	uint32_t i = *link;

	*link = n->timer[i].next;
	n->of_policy[n->timer[i].policy]--;
	n->used--;
	n->timer[i].next = n->free;
	n->free = i;
}

/* True: it is not needed any more. */
static bool refresh(struct timer *timer, const struct policy_set *set, uint32_t round,
		    uint64_t now_ns)
{
	if (timer->seen != round) {
		timer->since_ns = 0;
		timer->reported = false;
		if (timer->till_calm) {
			timer->till_calm = false;
			timer->until_ns =
				now_ns + policy_at(set, timer->policy)->cooldown_ms * NS_PER_MS;
		}
	}
	if (!timer->till_calm && timer->until_ns <= now_ns)
		timer->until_ns = 0;
	return !timer->since_ns && !timer->until_ns && !timer->till_calm && !timer->reported;
}

void hold_timers_purge(struct timers *n, const struct policy_set *set, uint32_t round,
		       uint64_t now_ns)
{
	memset(n->cooling, 0, sizeof(n->cooling));
	if (!n->used)
		return;
	for (uint32_t b = 0; b <= n->mask; b++) {
		uint32_t *link = &n->bucket[b];

		while (*link != NONE32) {
			struct timer *timer = &n->timer[*link];

			if (refresh(timer, set, round, now_ns)) {
				unlink_timer(n, link);
				continue;
			}
			n->cooling[hint(timer->workload)] += timer->until_ns || timer->till_calm;
			link = &timer->next;
		}
	}
}

void hold_timers_remap(struct timers *n, const uint16_t *map, const uint8_t *keep)
{
	uint32_t chain = NONE32, next;

	/* All onto one chain, then into their new buckets. */
	for (uint32_t b = 0; b <= n->mask; b++)
		for (uint32_t i = n->bucket[b]; i != NONE32; i = next) {
			next = n->timer[i].next;
			n->timer[i].next = chain;
			chain = i;
		}
	memset(n->bucket, 0xff, ((size_t)n->mask + 1) * sizeof(*n->bucket));
	memset(n->of_policy, 0, sizeof(n->of_policy));
	for (uint32_t i = chain; i != NONE32; i = next) {
		struct timer *timer = &n->timer[i];
		uint16_t old = timer->policy;

		next = timer->next;
		if (map[old] == UINT16_MAX || keep[old] == HOLD_TIMERS_NONE ||
		    (keep[old] == HOLD_TIMERS_COOLDOWN && !timer->until_ns)) {
			timer->next = n->free;
			n->free = i;
			n->used--;
			continue;
		}
		timer->policy = map[old];
		if (keep[old] == HOLD_TIMERS_COOLDOWN) {
			timer->since_ns = 0;
			timer->till_calm = false;
		}
		timer->next = n->bucket[bucket_of(n, timer->policy, timer->key)];
		n->bucket[bucket_of(n, timer->policy, timer->key)] = i;
		n->of_policy[timer->policy]++;
	}
}

void hold_timers_cool(struct timers *n, struct timer *timer, uint64_t workload, uint64_t until_ns,
		      uint32_t step)
{
	timer->workload = workload;
	timer->until_ns = until_ns;
	timer->step = (uint8_t)step;
	n->cooling[hint(workload)]++; /* until the next purge counts again */
}

const struct timer *hold_timers_cooling(const struct timers *n, uint32_t policy, uint64_t workload,
					uint64_t now_ns)
{
	if (!workload || !n->cooling[hint(workload)] || !n->of_policy[policy])
		return NULL;
	for (uint32_t b = 0; b <= n->mask; b++)
		for (uint32_t i = n->bucket[b]; i != NONE32; i = n->timer[i].next) {
			const struct timer *timer = &n->timer[i];

			if (timer->policy == policy && timer->workload == workload &&
			    (timer->till_calm || timer->until_ns > now_ns))
				return timer;
		}
	return NULL;
}
