// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The table of memory cgroups and the ledger of workloads. */
#include "track_table.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"

#define LEDGER_REACH 16 /* how far from its hash place a workload may be */

static uint32_t hash(uint64_t id) { return (uint32_t)((id * 0x9e3779b97f4a7c15ULL) >> 32); }

static uint32_t power_of_two(uint32_t least)
{
	uint32_t n = 64;

	while (n < least)
		n <<= 1;
	return n;
}

int tracks_init(struct tracks *tracks, uint32_t capacity)
{
	uint32_t size = power_of_two(2 * capacity), ledger_size = power_of_two(capacity);
	_cleanup_free_ struct track *track = calloc(capacity, sizeof(*track));
	_cleanup_free_ uint64_t *key = calloc(size, sizeof(*key));
	_cleanup_free_ uint32_t *value = calloc(size, sizeof(*value));
	_cleanup_free_ struct ledger_entry *ledger = calloc(ledger_size, sizeof(*ledger));

	if (!track || !key || !value || !ledger)
		return -ENOMEM;
	*tracks = (struct tracks){
		.track = take_ptr(track),
		.capacity = capacity,
		.key = take_ptr(key),
		.value = take_ptr(value),
		.mask = size - 1,
		.ledger = take_ptr(ledger),
		.ledger_mask = ledger_size - 1,
	};
	return 0;
}

void tracks_done(struct tracks *tracks)
{
	free(tracks->track);
	free(tracks->key);
	free(tracks->value);
	free(tracks->ledger);
	memset(tracks, 0, sizeof(*tracks));
}

static void give_back(const struct tracks *tracks, uint32_t first, uint32_t end)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t from = ((uintptr_t)&tracks->track[first] + page - 1) / page * page;
	uintptr_t to = (uintptr_t)&tracks->track[end] / page * page;

	if (from < to)
		madvise((void *)from, to - from, MADV_DONTNEED);
}

/* An unused track is all zero, and so is a page that was given back. Locked pages can't be given back. */
void tracks_trim(struct tracks *tracks)
{
	size_t bytes = tracks->capacity * sizeof(*tracks->track);
	uint32_t first = 0;

	munlock(tracks->track, bytes);
	for (uint32_t slot = 0; slot < tracks->capacity; slot++) {
		if (!tracks->track[slot].memcg_id)
			continue;
		give_back(tracks, first, slot);
		first = slot + 1;
	}
	give_back(tracks, first, tracks->capacity);
	mlock2(tracks->track, bytes, MLOCK_ONFAULT);
}

static void index_put(struct tracks *tracks, uint64_t memcg_id, uint32_t slot)
{
	uint32_t i = hash(memcg_id) & tracks->mask;

	while (tracks->key[i])
		i = (i + 1) & tracks->mask;
	tracks->key[i] = memcg_id;
	tracks->value[i] = slot;
}

void tracks_move(struct tracks *tracks, struct tracks *larger)
{
	memcpy(larger->track, tracks->track, tracks->capacity * sizeof(*larger->track));
	for (uint32_t slot = 0; slot < tracks->capacity; slot++)
		if (larger->track[slot].memcg_id)
			index_put(larger, larger->track[slot].memcg_id, slot);
	for (uint32_t i = 0; i <= tracks->ledger_mask; i++)
		if (tracks->ledger[i].workload)
			*ledger_entry(larger, tracks->ledger[i].workload,
				      tracks->ledger[i].touched_ns) = tracks->ledger[i];
	larger->running = tracks->running;
	larger->gone = tracks->gone;
	tracks_done(tracks);
	*tracks = *larger;
	memset(larger, 0, sizeof(*larger));
}

uint32_t tracks_find(const struct tracks *tracks, uint64_t memcg_id)
{
	uint32_t i = hash(memcg_id) & tracks->mask;

	if (!memcg_id)
		return TRACK_NONE;
	for (; tracks->key[i]; i = (i + 1) & tracks->mask)
		if (tracks->key[i] == memcg_id)
			return tracks->value[i];
	return TRACK_NONE;
}

struct track *tracks_get(struct tracks *tracks, uint64_t memcg_id)
{
	uint32_t slot = tracks_find(tracks, memcg_id);

	return slot == TRACK_NONE ? NULL : &tracks->track[slot];
}

struct track *tracks_put(struct tracks *tracks, uint32_t slot, uint64_t memcg_id)
{
	struct track *track = &tracks->track[slot];

	memset(track, 0, sizeof(*track));
	track->memcg_id = memcg_id;
	track->slot = slot;
	track->own_kills = track->own_groups = HR_UNKNOWN;
	forecast_init(&track->forecast);
	index_put(tracks, memcg_id, slot);
	tracks->running++;
	return track;
}

/* Linear probing without deletion marks: the entries behind the hole move up. */
static void index_drop(struct tracks *tracks, uint64_t memcg_id)
{
	uint32_t hole = hash(memcg_id) & tracks->mask, i, start;

	while (tracks->key[hole] != memcg_id) {
		if (!tracks->key[hole])
			return;
		hole = (hole + 1) & tracks->mask;
	}
	for (i = (hole + 1) & tracks->mask; tracks->key[i]; i = (i + 1) & tracks->mask) {
		start = hash(tracks->key[i]) & tracks->mask;
		if (((i - start) & tracks->mask) < ((i - hole) & tracks->mask))
			continue;
		tracks->key[hole] = tracks->key[i];
		tracks->value[hole] = tracks->value[i];
		hole = i;
	}
	tracks->key[hole] = 0;
}

void tracks_drop(struct tracks *tracks, struct track *track)
{
	if (!track->memcg_id)
		return;
	index_drop(tracks, track->memcg_id);
	if (track->gone_ns)
		tracks->gone--;
	else
		tracks->running--;
	memset(track, 0, sizeof(*track));
}

void tracks_bury(struct tracks *tracks, struct track *track, uint64_t gone_ns)
{
	track->gone_ns = gone_ns;
	tracks->running--;
	tracks->gone++;
}

uint64_t track_kills(const struct track *track)
{
	uint64_t counted = track->counted.incidents;

	return track->kills_first +
	       (counted > track->kills_recorded ? counted : track->kills_recorded);
}

struct ledger_entry *ledger_entry(struct tracks *tracks, uint64_t workload, uint64_t now_ns)
{
	uint32_t start = hash(workload) & tracks->ledger_mask;
	struct ledger_entry *oldest = NULL;

	for (uint32_t n = 0; n < LEDGER_REACH; n++) {
		struct ledger_entry *entry = &tracks->ledger[(start + n) & tracks->ledger_mask];

		if (entry->workload == workload) {
			entry->touched_ns = now_ns;
			return entry;
		}
		if (!oldest || (oldest->workload &&
				(!entry->workload || entry->touched_ns < oldest->touched_ns)))
			oldest = entry;
	}
	*oldest = (struct ledger_entry){.workload = workload, .touched_ns = now_ns};
	return oldest;
}
