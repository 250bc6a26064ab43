// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "fair_queue.h"

#include <string.h>

#include "base/clock.h"

#define STEP_LEAST_NS (5 * NS_PER_MS)
#define STEP_MOST_NS  (2 * NS_PER_SEC)
#define WAIT_LEAST_MS 100

static void refill(struct fair_owner *owner, uint64_t now_ns)
{
	uint64_t since = now_ns > owner->at_ns ? now_ns - owner->at_ns : 0;

	owner->left_ns += (int64_t)(since / FAIR_REFILL);
	if (owner->left_ns > FAIR_BURST_NS)
		owner->left_ns = FAIR_BURST_NS;
	owner->at_ns = now_ns;
}

/* One that is not known has its whole share. */
static int64_t left_of(struct fair_queue *queue, uint64_t key, uint64_t now_ns)
{
	for (unsigned int i = 0; i < FAIR_OWNERS; i++)
		if (queue->owner[i].key == key) {
			refill(&queue->owner[i], now_ns);
			return queue->owner[i].left_ns;
		}
	return FAIR_BURST_NS;
}

/* Takes the place of the owner with most left: least is lost with it. */
static struct fair_owner *owner_of(struct fair_queue *queue, uint64_t key, uint64_t now_ns)
{
	struct fair_owner *place = &queue->owner[0];

	for (unsigned int i = 0; i < FAIR_OWNERS; i++) {
		struct fair_owner *here = &queue->owner[i];

		if (here->key == key)
			return here;
		refill(here, now_ns);
		if (place->key && (!here->key || here->left_ns > place->left_ns))
			place = here;
	}
	*place = (struct fair_owner){.key = key, .left_ns = FAIR_BURST_NS, .at_ns = now_ns};
	return place;
}

void fair_put(struct fair_queue *queue, const struct resolve_question *question, uint64_t key)
{
	if (fair_full(queue))
		return;
	queue->question[queue->n] = *question;
	queue->key[queue->n++] = key;
}

/* Each that has to wait comes a little later than the one before it: when there may be something for it. */
static uint32_t wait_of(struct fair_owner *owner, uint64_t now_ns)
{
	uint64_t step = owner->cost_ns * FAIR_REFILL, wait;
	uint64_t first = now_ns + (uint64_t)(1 - owner->left_ns) * FAIR_REFILL;

	step = step < STEP_LEAST_NS ? STEP_LEAST_NS : step > STEP_MOST_NS ? STEP_MOST_NS : step;
	owner->turn_ns = (owner->turn_ns > first ? owner->turn_ns : first) + step;
	if (owner->turn_ns > now_ns + RESOLVE_WAIT_MOST_MS * NS_PER_MS)
		owner->turn_ns = now_ns + RESOLVE_WAIT_MOST_MS * NS_PER_MS;
	wait = (owner->turn_ns - now_ns) / NS_PER_MS;
	return wait < WAIT_LEAST_MS ? WAIT_LEAST_MS : (uint32_t)wait;
}

bool fair_take(struct fair_queue *queue, uint64_t now_ns, struct resolve_question *ret_question,
	       uint64_t *ret_key, uint32_t *ret_wait_ms)
{
	int64_t most = INT64_MIN;
	unsigned int at = 0;

	if (!queue->n)
		return false;
	for (unsigned int i = 0; i < queue->n; i++) {
		int64_t left = left_of(queue, queue->key[i], now_ns);

		if (left > most)
			most = left, at = i;
	}
	*ret_question = queue->question[at];
	*ret_key = queue->key[at];
	queue->n--;
	memmove(&queue->question[at], &queue->question[at + 1],
		(queue->n - at) * sizeof(queue->question[0]));
	memmove(&queue->key[at], &queue->key[at + 1], (queue->n - at) * sizeof(queue->key[0]));
	*ret_wait_ms = most > 0 ? 0 : wait_of(owner_of(queue, *ret_key, now_ns), now_ns);
	return true;
}

void fair_charge(struct fair_queue *queue, uint64_t now_ns, uint64_t key, uint64_t took_ns,
		 uint64_t bytes)
{
	struct fair_owner *owner = owner_of(queue, key, now_ns);

	refill(owner, now_ns);
	owner->cost_ns = took_ns + bytes * FAIR_BYTE_NS;
	owner->left_ns -= (int64_t)owner->cost_ns;
}
