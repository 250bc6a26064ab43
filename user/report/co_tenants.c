// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Co-tenants: of all containers in the snapshots, those below the same parent and those that grew most. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "report_internal.h"
#include "format/history.h"
#include "format/display_name.h"

#define BUCKETS              4096
#define SIBLINGS             3         /* places reserved for them */
#define LEAST_GROWTH         (4 << 20) /* minimum growth of one that is not a sibling … */
#define LEAST_GROWTH_PERCENT 3         /* … also in per cent of its usage */

struct candidate {
	uint64_t cgroup_id, parent_id, workload, pod; /* pod: a hash; 0: none */
	uint64_t before, at;                          /* usage; HR_UNKNOWN */
	char name[INCIDENT_NAME];
	uint32_t next; /* in its bucket, plus one */
	bool chosen;
};

struct candidates {
	struct candidate *candidate;
	size_t n, space;
	uint32_t bucket[BUCKETS];
	uint64_t parent_id, pod; /* the subject's */
	char path[1300];         /* the subject's: cgroups on it are not co-tenants */
};

/* FNV-1a (Fowler, Noll, Vo): equal text, equal number. */
static uint64_t hash(uint64_t h, const char *text)
{
	for (h = h ? h : 0xcbf29ce484222325ULL; text && *text; text++)
		h = (h ^ (unsigned char)*text) * 0x100000001b3ULL;
	return h;
}

static uint64_t pod_of(const struct hr_slot *slot)
{
	const char *pod = hr_slot_text(slot, slot->id.pod);

	return pod ? hash(hash(0, hr_slot_text(slot, slot->id.namespace)), pod) : 0;
}

static bool eligible(const struct hr_slot *slot)
{
	return slot->id.kind == HR_KIND_CONTAINER || slot->id.kind == HR_KIND_UNIT ||
	       (slot->id.kind == HR_KIND_GROUP && slot->flags & HR_SLOT_HAS_TASKS);
}

static struct candidate *find(struct candidates *c, uint64_t cgroup_id)
{
	for (uint32_t i = c->bucket[cgroup_id % BUCKETS]; i; i = c->candidate[i - 1].next)
		if (c->candidate[i - 1].cgroup_id == cgroup_id)
			return &c->candidate[i - 1];
	return NULL;
}

static struct candidate *add(struct candidates *c, const struct hr_slot *slot)
{
	struct record_text from = record_text_slot(slot);
	struct candidate *new;

	if (c->n == c->space) {
		size_t space = c->space ? 2 * c->space : 64;

		new = reallocarray(c->candidate, space, sizeof(*new));
		if (!new)
			return NULL;
		c->candidate = new;
		c->space = space;
	}
	new = &c->candidate[c->n++];
	*new = (struct candidate){.cgroup_id = slot->cgroup_id,
				  .parent_id = slot->parent_id,
				  .workload = slot->id.workload,
				  .pod = pod_of(slot),
				  .before = HR_UNKNOWN,
				  .at = HR_UNKNOWN,
				  .next = c->bucket[slot->cgroup_id % BUCKETS]};
	identity_name(&from, &slot->id, new->name, sizeof(new->name), NULL);
	c->bucket[slot->cgroup_id % BUCKETS] = (uint32_t)c->n;
	return new;
}

/* Usage at the begin of the window, from the slot's history. */
static uint64_t remembered(const struct hr_slot *slot, uint64_t created_ns, uint64_t from_ns,
			   uint64_t to_ns, bool last)
{
	struct hr_point was[HISTORY_POINTS];
	size_t n = history_points(&slot->history, was);
	uint64_t usage = HR_UNKNOWN;

	for (size_t i = 0; i < n; i++) {
		uint64_t ns = history_time_ns(&was[i], created_ns);

		if (ns < from_ns || ns > to_ns)
			continue;
		usage = history_bytes(was[i].usage_kib);
		if (!last)
			break;
	}
	return usage;
}

static void note_subject(struct candidates *c, const struct hr_slot *slot)
{
	const char *path = hr_slot_text(slot, slot->id.cgroup);

	c->parent_id = slot->parent_id;
	c->pod = pod_of(slot);
	snprintf(c->path, sizeof(c->path), "%s", path ? path : "");
}

int candidates_see(struct context *s, const struct hr_slot *slot, uint64_t created_ns,
		   uint64_t time_ns)
{
	const struct report *r = s->report;
	struct candidate *c;
	uint64_t at;

	if (!s->candidates) {
		s->candidates = calloc(1, sizeof(*s->candidates));
		if (!s->candidates)
			return -ENOMEM;
	}
	if (context_is_subject(s, slot->cgroup_id, slot->id.workload)) {
		note_subject(s->candidates, slot);
		return 0;
	}
	if (!eligible(slot))
		return 0;
	c = find(s->candidates, slot->cgroup_id);
	if (!c) {
		c = add(s->candidates, slot);
		if (!c)
			return -ENOMEM;
		c->before = remembered(slot, created_ns, r->from_ns, r->to_ns, false);
	}
	if (slot->sampled_ns <= s->time_ns && slot->sampled_ns >= r->from_ns) {
		c->at = slot->memory.usage;
		return 0;
	}
	if (c->at != HR_UNKNOWN && time_ns > s->time_ns + 5 * NS_PER_SEC)
		return 0;
	at = remembered(slot, created_ns, r->from_ns, s->time_ns, true);
	c->at = at == HR_UNKNOWN ? c->at : at;
	return 0;
}

/* ---- choosing ---- */

static int64_t growth(const struct candidate *c)
{
	return c->at == HR_UNKNOWN || c->before == HR_UNKNOWN ? 0
							      : (int64_t)c->at - (int64_t)c->before;
}

static bool grew(const struct candidate *c)
{
	return growth(c) >= LEAST_GROWTH &&
	       growth(c) >= (int64_t)(c->before / 100 * LEAST_GROWTH_PERCENT);
}

static bool is_sibling(const struct candidates *all, const struct candidate *c)
{
	return (all->pod && c->pod == all->pod) ||
	       (all->parent_id && c->parent_id == all->parent_id);
}

/* Another cgroup of a workload that is chosen already: an earlier run of it, or the next. */
static bool is_again(const struct candidates *all, const struct candidate *c)
{
	for (size_t i = 0; c->workload && i < all->n; i++)
		if (all->candidate[i].chosen && all->candidate[i].workload == c->workload)
			return true;
	return false;
}

/* The best remaining candidate: of siblings, or of others. One that did not grow counts only in the same pod, or below the
 * same limit. */
static struct candidate *best(struct candidates *all, bool siblings, bool shared)
{
	struct candidate *best = NULL;

	for (size_t i = 0; i < all->n; i++) {
		struct candidate *c = &all->candidate[i];
		bool close = shared || (all->pod && c->pod == all->pod);

		if (c->chosen || is_again(all, c) || c->at == HR_UNKNOWN ||
		    is_sibling(all, c) != siblings || (!(siblings && close) && !grew(c)))
			continue;
		if (!best || growth(c) > growth(best) ||
		    (growth(c) == growth(best) && c->at > best->at))
			best = c;
	}
	return best;
}

static void choose(struct report *r, struct candidate *c, enum series_role role)
{
	struct series *s = &r->co_tenant[r->co_tenants++];

	c->chosen = true;
	*s = (struct series){.role = role, .cgroup_id = c->cgroup_id, .workload = c->workload};
	snprintf(s->name, sizeof(s->name), "%s", c->name[0] ? c->name : "a cgroup");
}

int candidates_choose(struct context *s)
{
	struct report *r = s->report;
	bool shared = r->kill && r->kill->level == HR_LEVEL_ANCESTOR;
	struct candidate *c;

	if (!s->candidates)
		return 0;
	while (r->co_tenants < SIBLINGS && (c = best(s->candidates, true, shared)))
		choose(r, c, ROLE_SIBLING);
	while (r->co_tenants < REPORT_CO_TENANTS && (c = best(s->candidates, false, shared)))
		choose(r, c, ROLE_GROWER);
	while (r->co_tenants < REPORT_CO_TENANTS && (c = best(s->candidates, true, shared)))
		choose(r, c, ROLE_SIBLING);
	return 0;
}

void candidates_free(struct candidates *c)
{
	if (c)
		free(c->candidate);
	free(c);
}
