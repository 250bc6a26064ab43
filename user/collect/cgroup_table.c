// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The table behind the file reader: see cgroup_table.h. Bookkeeping only; it closes descriptors but opens
 * and reads nothing, and takes all its memory at the start.
 */
#include "cgroup_table.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

#define NAME_BYTES \
	96 /* of the pool, per group: "cri-containerd-<64 hex>.scope" and its owner fit */
#define RETIRE_AT_ONCE 32                /* so that no single call is long */
#define LOOSE_NS       (10 * NS_PER_SEC) /* one found by its id is found again; most are gone by then */
#define EVICT_TRIES    16

static __u32 slot_of(const struct groups *t, __u64 id)
{
	return (__u32)((id * 0x9e3779b97f4a7c15ULL) >> 32) & t->index_mask; /* Fibonacci hashing */
}

int groups_init(struct groups *t, size_t capacity, bool with_names)
{
	size_t slots = 16;

	if (!capacity || capacity > 1U << 24)
		return -EINVAL;
	while (slots < capacity * 2)
		slots *= 2;
	*t = (struct groups){
		.group = calloc(capacity, sizeof(*t->group)),
		.index = malloc(slots * sizeof(*t->index)),
		.index_mask = (__u32)slots - 1,
		.capacity = (__u32)capacity,
		.newest = GROUP_NONE,
		.oldest = GROUP_NONE,
		.names_size = with_names ? capacity * NAME_BYTES + 512 : 0,
		.names_used = 1, /* 0 means "no name" */
	};
	if (with_names)
		t->names = malloc(t->names_size);
	if (!t->group || !t->index || (with_names && !t->names)) {
		groups_done(t);
		return -ENOMEM;
	}
	memset(t->index, 0xff, slots * sizeof(*t->index));
	for (__u32 g = 0; g < t->capacity; g++)
		t->group[g].next = g + 1 < t->capacity ? g + 1 : GROUP_NONE;
	return 0;
}

void groups_done(struct groups *t)
{
	/* free groups have no descriptors: fd[] is set when a group is added */
	for (__u32 g = t->newest; t->group && g != GROUP_NONE; g = t->group[g].older)
		groups_close_all(t, g);
	free(t->group);
	free(t->index);
	free(t->names);
	*t = (struct groups){.newest = GROUP_NONE, .oldest = GROUP_NONE};
}

__u32 groups_find(const struct groups *t, __u64 id)
{
	for (__u32 s = slot_of(t, id); t->index[s] != GROUP_NONE; s = (s + 1) & t->index_mask)
		if (t->group[t->index[s]].id == id)
			return t->index[s];
	return GROUP_NONE;
}

static void index_add(struct groups *t, __u32 g)
{
	__u32 s = slot_of(t, t->group[g].id);

	while (t->index[s] != GROUP_NONE)
		s = (s + 1) & t->index_mask;
	t->index[s] = g;
}

/* Closes the gap by moving back the entries that it had displaced (Knuth 6.4, algorithm R): no
 * tombstones. */
static void index_remove(struct groups *t, __u32 g)
{
	__u32 s = slot_of(t, t->group[g].id), gap;

	while (t->index[s] != g)
		s = (s + 1) & t->index_mask;
	gap = s;
	for (s = (s + 1) & t->index_mask; t->index[s] != GROUP_NONE; s = (s + 1) & t->index_mask) {
		__u32 home = slot_of(t, t->group[t->index[s]].id);

		if (((s - home) & t->index_mask) < ((s - gap) & t->index_mask))
			continue;
		t->index[gap] = t->index[s];
		gap = s;
	}
	t->index[gap] = GROUP_NONE;
}

static void use_unlink(struct groups *t, struct group *p)
{
	*(p->newer == GROUP_NONE ? &t->newest : &t->group[p->newer].older) = p->older;
	*(p->older == GROUP_NONE ? &t->oldest : &t->group[p->older].newer) = p->newer;
}

static void use_link(struct groups *t, __u32 g)
{
	struct group *p = &t->group[g];

	p->newer = GROUP_NONE;
	p->older = t->newest;
	*(t->newest == GROUP_NONE ? &t->oldest : &t->group[t->newest].newer) = g;
	t->newest = g;
}

void groups_touch(struct groups *t, __u32 g, __u64 now_ns)
{
	t->group[g].used_ns = now_ns;
	if (t->newest == g)
		return;
	use_unlink(t, &t->group[g]);
	use_link(t, g);
}

/* Frees one group that can be missed: a loose one (it can be found again by its id), or an idle
 * leaf, which its parent's next listing finds again. */
static bool evict_one(struct groups *t, __u64 now_ns)
{
	__u32 g = t->oldest;

	for (int i = 0; i < EVICT_TRIES && g != GROUP_NONE; i++, g = t->group[g].newer) {
		const struct group *p = &t->group[g];
		bool idle_leaf = now_ns - p->used_ns > t->idle_ns && p->first == GROUP_NONE &&
				 p->parent != GROUP_NONE;

		if (!p->loose && !idle_leaf)
			continue;
		if (!p->loose)
			t->group[p->parent].links = 0;
		groups_remove(t, g);
		return true;
	}
	return false;
}

__u32 groups_add(struct groups *t, __u64 id, __u64 now_ns)
{
	struct group *p;
	__u32 g;

	if (t->count == t->capacity && !evict_one(t, now_ns))
		return GROUP_NONE;
	g = t->free;
	p = &t->group[g];
	t->free = p->next;
	t->count++;
	*p = (struct group){
		.id = id,
		.used_ns = now_ns,
		.loose = true,
		.parent = GROUP_NONE,
		.first = GROUP_NONE,
		.last = GROUP_NONE,
		.prev = GROUP_NONE,
		.next = GROUP_NONE,
	};
	for (unsigned i = 0; i < GROUP_FILES; i++)
		p->fd[i] = -1;
	index_add(t, g);
	use_link(t, g);
	return g;
}

/* Names stand one behind the other, each after the index of its owner: those that the owner knows
 * move down. */
static void names_compact(struct groups *t)
{
	size_t to = 1;

	for (size_t from = 1, n; from < t->names_used; from += n) {
		__u32 owner;

		memcpy(&owner, t->names + from, sizeof(owner));
		n = sizeof(owner) + strlen(t->names + from + sizeof(owner)) + 1;
		if (t->group[owner].name != from)
			continue;
		memmove(t->names + to, t->names + from, n);
		t->group[owner].name = (__u32)to;
		to += n;
	}
	t->names_used = to;
	t->names_dead = 0;
}

static void name_drop(struct groups *t, struct group *p)
{
	if (!p->name)
		return;
	t->names_dead += sizeof(__u32) + strlen(t->names + p->name + sizeof(__u32)) + 1;
	p->name = 0;
}

bool groups_rename(struct groups *t, __u32 g, const char *name)
{
	struct group *p = &t->group[g];
	size_t n = sizeof(__u32) + strlen(name) + 1;
	const char *old = groups_name(t, g);

	if (!t->names)
		return true;
	if (old && !strcmp(old, name))
		return true;
	name_drop(t, p);
	if (n > t->names_size - t->names_used && n <= t->names_size - t->names_used + t->names_dead)
		names_compact(t);
	if (n > t->names_size - t->names_used)
		return false;
	memcpy(t->names + t->names_used, &g, sizeof(g));
	memcpy(t->names + t->names_used + sizeof(g), name, n - sizeof(g));
	p->name = (__u32)t->names_used;
	t->names_used += n;
	return true;
}

const char *groups_name(const struct groups *t, __u32 g)
{
	return t->group[g].name ? t->names + t->group[g].name + sizeof(__u32) : NULL;
}

bool groups_place(struct groups *t, __u32 g, __u32 parent, const char *name)
{
	struct group *p = &t->group[g], *above = &t->group[parent];

	p->loose = false;
	p->parent = parent;
	p->level = above->level + 1;
	p->prev = above->last;
	p->next = GROUP_NONE;
	*(above->last == GROUP_NONE ? &above->first : &t->group[above->last].next) = g;
	above->last = g;
	return groups_rename(t, g, name);
}

static void free_one(struct groups *t, __u32 g)
{
	struct group *p = &t->group[g];

	groups_close_all(t, g);
	name_drop(t, p);
	index_remove(t, g);
	use_unlink(t, p);
	if (p->parent != GROUP_NONE) {
		struct group *above = &t->group[p->parent];

		*(p->prev == GROUP_NONE ? &above->first : &t->group[p->prev].next) = p->next;
		*(p->next == GROUP_NONE ? &above->last : &t->group[p->next].prev) = p->prev;
	}
	p->next = t->free;
	t->free = g;
	t->count--;
}

void groups_remove(struct groups *t, __u32 g)
{
	__u32 at = g;

	for (;;) {
		__u32 parent;

		while (t->group[at].first != GROUP_NONE)
			at = t->group[at].first;
		parent = t->group[at].parent;
		free_one(t, at);
		if (at == g)
			return;
		at = parent;
	}
}

void groups_close(struct groups *t, __u32 g, unsigned which)
{
	int *fd = &t->group[g].fd[which];

	if (*fd < 0)
		return;
	close(*fd);
	*fd = -1;
	t->fds--;
}

void groups_close_all(struct groups *t, __u32 g)
{
	for (unsigned i = 0; i < GROUP_FILES; i++)
		groups_close(t, g, i);
}

bool groups_keep(struct groups *t, __u32 g, unsigned which, int fd, __u64 now_ns)
{
	if (t->fds >= t->fds_max)
		groups_retire(t, now_ns);
	if (t->fds >= t->fds_max)
		return false;
	t->group[g].fd[which] = fd;
	t->fds++;
	return true;
}

void groups_retire(struct groups *t, __u64 now_ns)
{
	__u64 loose_ns = t->idle_ns < LOOSE_NS ? t->idle_ns : LOOSE_NS;
	__u32 g = t->oldest;

	for (int i = 0; i < RETIRE_AT_ONCE && g != GROUP_NONE; i++) {
		__u64 idle_ns = now_ns - t->group[g].used_ns;
		__u32 newer = t->group[g].newer;

		if (idle_ns <= loose_ns)
			return;
		if (!t->group[g].loose && idle_ns <= t->idle_ns) {
			/* a loose one may come behind it */
		} else if (t->group[g].loose) {
			groups_remove(t, g);
		} else {
			/* to the other end, or this one would stand before the next for ever */
			groups_close_all(t, g);
			groups_touch(t, g, now_ns);
		}
		g = newer;
	}
}
