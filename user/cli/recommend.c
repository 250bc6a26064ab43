// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Demand, kills and the last state of each workload, from snapshots and events in any number of readers, oldest first. */
#include "recommend.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "format/display_name.h"
#include "format/snapshot.h"

/* Where it is, or would be. */
static size_t place(const struct recommend_all *all, uint64_t key)
{
	size_t low = 0, high = all->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (all->one[middle]->key < key)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct recommend_one *find(const struct recommend_all *all, uint64_t key)
{
	size_t at = place(all, key);

	return at < all->n && all->one[at]->key == key ? all->one[at] : NULL;
}

static struct recommend_one *add(struct recommend_all *all, uint64_t key)
{
	size_t at = place(all, key);
	struct recommend_one *one;

	if (all->n == all->space) {
		size_t space = all->space ? 2 * all->space : 64;
		void *more = reallocarray(all->one, space, sizeof(*all->one));

		if (!more)
			return NULL;
		all->one = more;
		all->space = space;
	}
	one = calloc(1, sizeof(*one));
	if (!one)
		return NULL;
	one->key = key;
	one->killed_at = HR_UNKNOWN;
	demand_init(&one->demand);
	memmove(all->one + at + 1, all->one + at, (all->n++ - at) * sizeof(*all->one));
	all->one[at] = one;
	return one;
}

static uint64_t key_of(const struct hr_identity *id, uint64_t cgroup_id)
{
	return id->workload ? id->workload : cgroup_id;
}

/* ---- snapshots ---- */

/* The points that are newer than the last one. */
static int add_points(struct recommend_one *one, const struct recommend_all *all,
		      const struct hr_slot *slot, uint64_t created_ns)
{
	struct series *s = &one->last;
	size_t known = s->n;

	if (series_add_slot(s, slot, created_ns, all->from_ns, all->to_ns))
		return -ENOMEM;
	for (size_t i = known; i < s->n; i++) {
		const struct series_point *p = &s->point[i];

		demand_add(&one->demand, p->time_ns, series_point_demand(p), p->begins);
	}
	if (s->n > 1) {
		s->point[0] = s->point[s->n - 1];
		s->n = 1;
	}
	return 0;
}

static int see_slot(struct recommend_all *all, const struct hr_slot *slot, uint64_t created_ns,
		    uint64_t time_ns)
{
	unsigned int fit = all->target ? target_fits(all->target, slot) : 1;
	uint64_t key = key_of(&slot->id, slot->cgroup_id);
	struct recommend_one *one = find(all, key);

	if (!fit && !one)
		return 0;
	one = one ? one : add(all, key);
	if (!one)
		return -ENOMEM;
	/* of a workload in several slots the running one */
	if (one->seen_ns != time_ns || slot->state == HR_SLOT_RUNNING)
		one->slot = *slot;
	one->seen_ns = time_ns;
	one->fit = fit > one->fit ? fit : one->fit;
	return add_points(one, all, slot, created_ns);
}

/* ---- events ---- */

static struct recommend_one *subject(const struct recommend_all *all, const struct hr_event *event)
{
	struct recommend_one *one = find(all, key_of(&event->id, event->cgroup_id));

	for (size_t i = 0; !one && i < all->n; i++)
		if (all->one[i]->slot.cgroup_id == event->cgroup_id)
			one = all->one[i];
	return one;
}

static void note_kill(struct recommend_one *one, const struct hr_event_oom_kill *oom)
{
	one->kills++;
	one->last_kill_ns = oom->event.time_ns;
	one->leaked |= hr_leak_grows(one->leak);
	if (oom->level == HR_LEVEL_ANCESTOR || oom->level == HR_LEVEL_HOST)
		one->parent_killed = true;
	if (oom->level == HR_LEVEL_OWN && oom->limit_max != HR_UNKNOWN &&
	    (one->killed_at == HR_UNKNOWN || oom->limit_max > one->killed_at))
		one->killed_at = oom->limit_max;
}

/* A leak is over for the forecast when its container restarts; after a kill by it the next one leaks as well. */
static void note_leak(struct recommend_one *one, const struct hr_event_forecast *leak)
{
	one->leak = leak->to;
	if (hr_leak_grows(leak->to))
		one->leak_bytes_per_hour = leak->forecast.leak_bytes_per_hour;
}

static void note_event(const struct recommend_all *all, const struct hr_event *event)
{
	struct recommend_one *one;

	if ((event->type != HR_EVENT_OOM_KILL && event->type != HR_EVENT_LEAK) ||
	    !event->cgroup_id || event->time_ns < all->from_ns || event->time_ns > all->to_ns)
		return;
	one = subject(all, event);
	if (one && event->type == HR_EVENT_OOM_KILL &&
	    event->bytes >= sizeof(struct hr_event_oom_kill))
		note_kill(one, (const void *)event);
	else if (one && event->type == HR_EVENT_LEAK &&
		 event->bytes >= sizeof(struct hr_event_forecast))
		note_leak(one, (const void *)event);
}

static void see_events(const struct recommend_all *all, struct hr_reader *reader)
{
	_Alignas(8) char record[HR_EVENT_MAX_BYTES];
	int r;

	do {
		r = hr_reader_next_event(reader, (struct hr_event *)record, sizeof(record));
		if (!r)
			note_event(all, (const void *)record);
	} while (!r || r == -EOVERFLOW || r == -EBADMSG);
}

int recommend_see(void *context, struct hr_reader *reader, uint64_t time_ns)
{
	struct recommend_all *all = context;
	struct hr_board_header header;
	struct hr_slot slot;
	int r = 0;

	hr_reader_header(reader, &header);
	for (uint32_t i = 0; !r && !hr_reader_slot(reader, &i, &slot); all->newest_ns = time_ns)
		r = see_slot(all, &slot, header.created_ns, time_ns);
	return r;
}

static int see_both(void *context, struct hr_reader *reader, uint64_t time_ns)
{
	int r = recommend_see(context, reader, time_ns);

	see_events(context, reader);
	return r;
}

int recommend_read(struct recommend_all *all, struct hr_reader *reader)
{
	return pictures_walk(reader, 0, all->to_ns, see_both, all);
}

/* ---- the result ---- */

static void free_one(struct recommend_one *one)
{
	series_done(&one->last);
	free(one);
}

void recommend_done(struct recommend_all *all)
{
	for (size_t i = 0; i < all->n; i++)
		free_one(all->one[i]);
	free(all->one);
}

static bool is_wanted(const struct recommend_all *all, const struct recommend_one *one,
		      unsigned int best)
{
	if (all->target)
		return one->fit == best;
	return one->seen_ns == all->newest_ns && one->slot.state == HR_SLOT_RUNNING &&
	       slot_listed(&one->slot);
}

static void judge(struct recommend_one *one)
{
	const struct hr_slot *slot = &one->slot;
	struct record_text from = record_text_slot(slot);
	bool own = one->killed_at != HR_UNKNOWN;
	struct facts facts;

	facts_init(&facts);
	facts.own_limit = slot->memory.limit;
	facts.killed = one->kills;
	facts.level = one->parent_killed && !own ? HR_LEVEL_ANCESTOR : HR_LEVEL_OWN;
	facts.limit = own ? one->killed_at : slot->memory.limit;
	facts.leak = one->leaked ? HR_LEAK_CONFIRMED : slot->forecast.leak;
	facts.leak_bytes_per_hour =
		one->leaked ? one->leak_bytes_per_hour : slot->forecast.leak_bytes_per_hour;
	recommendations_make(&one->result, &facts, &one->demand);
	identity_name(&from, &slot->id, one->name, sizeof(one->name), NULL);
	if (!one->name[0])
		identity_label(&from, &slot->id, slot->cgroup_id, one->name, sizeof(one->name));
}

static int by_name(const void *a, const void *b)
{
	const struct recommend_one *const *x = a, *const *y = b;
	int order = strcmp((*x)->name, (*y)->name);

	return order ? order : ((*x)->key > (*y)->key) - ((*x)->key < (*y)->key);
}

void recommend_finish(struct recommend_all *all)
{
	unsigned int best = 1;
	size_t n = 0;

	for (size_t i = 0; i < all->n; i++)
		best = all->one[i]->fit > best ? all->one[i]->fit : best;
	for (size_t i = 0; i < all->n; i++) {
		if (is_wanted(all, all->one[i], best)) {
			judge(all->one[i]);
			all->one[n++] = all->one[i];
		} else {
			free_one(all->one[i]);
		}
	}
	all->n = n;
	if (n)
		qsort(all->one, n, sizeof(*all->one), by_name);
}
