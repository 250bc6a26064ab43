// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * What is remembered of a rule and a target from one sample to the next: since when the rule holds, and the cooldown after an
 * emergency. A hash table of fixed size; what finds no room is counted, and then does not hold: a rule that cannot be timed
 * does not fire.
 */
#include "private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint32_t bucket_of(const struct notes *n, uint32_t policy, uint64_t key)
{
	uint64_t mixed = (key ^ ((uint64_t)policy << 48)) * 0x9e3779b97f4a7c15ULL;

	return (uint32_t)(mixed >> 32) & n->mask;
}

static uint32_t hint(uint64_t workload)
{
	return (uint32_t)((workload * 0x9e3779b97f4a7c15ULL) >> 54) % NOTES_HINTS;
}

void notes_clear(struct notes *n)
{
	memset(n->bucket, 0xff, ((size_t)n->mask + 1) * sizeof(*n->bucket));
	memset(n->of_policy, 0, sizeof(n->of_policy));
	for (uint32_t i = 0; i < n->room; i++)
		n->note[i].next = i + 1 < n->room ? i + 1 : NONE32;
	n->free = 0;
	n->used = 0;
	memset(n->cooling, 0, sizeof(n->cooling));
}

int notes_init(struct notes *n, uint32_t room)
{
	uint32_t buckets = 1;

	while (buckets < room)
		buckets *= 2;
	*n = (struct notes){.room = room, .mask = buckets - 1};
	n->note = calloc(room, sizeof(*n->note));
	n->bucket = calloc(buckets, sizeof(*n->bucket));
	if (!n->note || !n->bucket) {
		notes_done(n);
		return -ENOMEM;
	}
	notes_clear(n);
	return 0;
}

void notes_done(struct notes *n)
{
	free(n->note);
	free(n->bucket);
	n->note = NULL;
	n->bucket = NULL;
}

struct note *notes_find(struct notes *n, uint32_t policy, uint64_t key)
{
	if (!n->of_policy[policy])
		return NULL;
	for (uint32_t i = n->bucket[bucket_of(n, policy, key)]; i != NONE32; i = n->note[i].next)
		if (n->note[i].key == key && n->note[i].policy == policy)
			return &n->note[i];
	return NULL;
}

struct note *notes_make(struct notes *n, uint32_t policy, uint64_t key)
{
	struct note *note = notes_find(n, policy, key);
	uint32_t i = n->free, *bucket = &n->bucket[bucket_of(n, policy, key)];

	if (note)
		return note;
	if (i == NONE32) {
		n->lost++;
		return NULL;
	}
	n->free = n->note[i].next;
	n->note[i] = (struct note){.key = key, .policy = (uint16_t)policy, .next = *bucket};
	*bucket = i;
	n->used++;
	n->of_policy[policy]++;
	return &n->note[i];
}

/* Takes the note that *link leads to out of its bucket. */
static void unlink_note(struct notes *n, uint32_t *link)
{
	uint32_t i = *link;

	*link = n->note[i].next;
	n->of_policy[n->note[i].policy]--;
	n->used--;
	n->note[i].next = n->free;
	n->free = i;
}

void notes_drop(struct notes *n, uint32_t policy, uint64_t key)
{
	uint32_t *link = &n->bucket[bucket_of(n, policy, key)];

	while (*link != NONE32 && (n->note[*link].key != key || n->note[*link].policy != policy))
		link = &n->note[*link].next;
	if (*link != NONE32)
		unlink_note(n, link);
}

/* True: it is of no use any more. */
static bool refresh(struct note *note, const struct policy_set *set, uint32_t round,
		    uint64_t now_ns)
{
	if (note->seen != round) {
		note->since_ns = 0;
		if (note->till_calm) {
			note->till_calm = false;
			note->until_ns =
				now_ns + policy_at(set, note->policy)->cooldown_ms * NS_PER_MS;
		}
	}
	if (!note->till_calm && note->until_ns <= now_ns)
		note->until_ns = 0;
	return !note->since_ns && !note->until_ns && !note->till_calm;
}

void notes_purge(struct notes *n, const struct policy_set *set, uint32_t round, uint64_t now_ns)
{
	memset(n->cooling, 0, sizeof(n->cooling));
	if (!n->used)
		return;
	for (uint32_t b = 0; b <= n->mask; b++) {
		uint32_t *link = &n->bucket[b];

		while (*link != NONE32) {
			struct note *note = &n->note[*link];

			if (refresh(note, set, round, now_ns)) {
				unlink_note(n, link);
				continue;
			}
			n->cooling[hint(note->workload)] += note->until_ns || note->till_calm;
			link = &note->next;
		}
	}
}

void notes_remap(struct notes *n, const uint16_t *map, const uint8_t *keep)
{
	uint32_t chain = NONE32, next;

	/* All of them onto one chain, then back into their new buckets. */
	for (uint32_t b = 0; b <= n->mask; b++)
		for (uint32_t i = n->bucket[b]; i != NONE32; i = next) {
			next = n->note[i].next;
			n->note[i].next = chain;
			chain = i;
		}
	memset(n->bucket, 0xff, ((size_t)n->mask + 1) * sizeof(*n->bucket));
	memset(n->of_policy, 0, sizeof(n->of_policy));
	for (uint32_t i = chain; i != NONE32; i = next) {
		struct note *note = &n->note[i];
		uint16_t old = note->policy;

		next = note->next;
		if (map[old] == UINT16_MAX || keep[old] == NOTES_NONE ||
		    (keep[old] == NOTES_COOLDOWN && !note->until_ns)) {
			note->next = n->free;
			n->free = i;
			n->used--;
			continue;
		}
		note->policy = map[old];
		if (keep[old] == NOTES_COOLDOWN) {
			note->since_ns = 0;
			note->till_calm = false;
		}
		note->next = n->bucket[bucket_of(n, note->policy, note->key)];
		n->bucket[bucket_of(n, note->policy, note->key)] = i;
		n->of_policy[note->policy]++;
	}
}

void notes_cool(struct notes *n, struct note *note, uint64_t workload, uint64_t until_ns,
		uint32_t step)
{
	note->workload = workload;
	note->until_ns = until_ns;
	note->step = (uint8_t)step;
	n->cooling[hint(workload)]++; /* until the next purge counts anew */
}

const struct note *notes_cooling(const struct notes *n, uint32_t policy, uint64_t workload,
				 uint64_t now_ns)
{
	if (!workload || !n->cooling[hint(workload)] || !n->of_policy[policy])
		return NULL;
	for (uint32_t b = 0; b <= n->mask; b++)
		for (uint32_t i = n->bucket[b]; i != NONE32; i = n->note[i].next) {
			const struct note *note = &n->note[i];

			if (note->policy == policy && note->workload == workload &&
			    (note->till_calm || note->until_ns > now_ns))
				return note;
		}
	return NULL;
}
