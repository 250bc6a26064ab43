// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * What is set on cgroups for a time: memory.high of a throttle, a raised limit. Each is in the undo table before it is set, has a
 * deadline, and is undone by the writers' threads, only while the value is still ours. A raised limit is also undone when the
 * container has stayed well below its old one, and step by step: see limit_files.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/clock.h"
#include "cgroup/cgroup_dir.h"
#include "enforce_internal.h"
#include "limit_files.h"

#define LIFT_AGAIN_NS NS_PER_SEC
#define LIFT_TRIES    60
#define LOOK_NS       NS_PER_SEC
#define CALM_NS \
	(30 * NS_PER_SEC) /* below CALM_PART of its old limit for so long: not needed any more */
#define CALM_PART(was) ((was) / 4 * 3) /* as limit_floor() leaves it */

static bool change(struct setting *t, uint32_t from, uint32_t to)
{
	return __atomic_compare_exchange_n(&t->state, &from, to, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_RELAXED);
}

/* Limits that were still raised when the last daemon ended: to be lowered from now on. */
static void adopt(struct enforce *e)
{
	struct undo_entry entry;

	for (unsigned i = 0, n = 0; e->undo && i < UNDO_ENTRIES && n < SETTINGS; i++) {
		struct setting *t = &e->settings[n];

		if (!undo_get(e->undo, i, &entry) || entry.what != UNDO_LIMIT)
			continue;
		*t = (struct setting){.state = SETTING_SET,
				      .what = UNDO_LIMIT,
				      .undo = i,
				      .memcg_id = entry.memcg_id,
				      .until_ns = 1,
				      .ours = limit_own(entry.ours, entry.also_ours)};
		n++;
	}
}

int settings_init(struct enforce *e)
{
	e->settings = calloc(SETTINGS, sizeof(*e->settings));
	if (!e->settings)
		return -ENOMEM;
	adopt(e);
	return 0;
}

/* The threads are gone. What could not be undone stays in the table for the supervisor. */
void settings_done(struct enforce *e)
{
	for (unsigned i = 0; e->settings && i < SETTINGS; i++)
		if (change(&e->settings[i], SETTING_SET, SETTING_FREE))
			undo_one(e->undo, e->settings[i].undo);
}

void enforce_lift(struct enforce *e, uint64_t memcg_id)
{
	for (unsigned i = 0; i < SETTINGS; i++) {
		struct setting *t = &e->settings[i];

		if (__atomic_load_n(&t->state, __ATOMIC_ACQUIRE) == SETTING_FREE ||
		    __atomic_load_n(&t->what, __ATOMIC_RELAXED) != UNDO_HIGH ||
		    __atomic_load_n(&t->memcg_id, __ATOMIC_RELAXED) != memcg_id)
			continue;
		__atomic_store_n(&t->until_ns, 1, __ATOMIC_RELEASE);
		sem_post(&e->wanted[KIND_WRITE]);
	}
}

/* Has it stayed below its old limit for so long that it does not need the raised one? */
static bool is_calm(struct enforce *e, struct setting *t, uint64_t now_ns)
{
	struct undo_entry entry;
	uint64_t held;

	__atomic_store_n(&t->look_ns, now_ns + LOOK_NS, __ATOMIC_RELAXED);
	if (!undo_get(e->undo, t->undo, &entry) || undo_held(&entry, &held) < 0)
		return true; /* gone, or another cgroup's: undo_one() finds out */
	if (held >= CALM_PART(limit_own(entry.was, entry.also_was)))
		t->calm_ns = 0;
	else if (!t->calm_ns)
		t->calm_ns = now_ns;
	return t->calm_ns && now_ns - t->calm_ns >= CALM_NS;
}

/* The caller owns it. When to come again; 0: it is over. */
static uint64_t lift(struct enforce *e, struct setting *t, uint64_t now_ns)
{
	bool limit = t->what == UNDO_LIMIT;
	struct undo_entry entry;
	int r;

	if (limit && undo_get(e->undo, t->undo, &entry))
		t->was = limit_own(entry.was, entry.also_was);
	r = undo_one(e->undo, t->undo);

	if (undo_may_pass(r) && (limit || ++t->tries < LIFT_TRIES)) {
		__atomic_store_n(&t->until_ns, now_ns + LIFT_AGAIN_NS, __ATOMIC_RELEASE);
		__atomic_store_n(&t->state, SETTING_SET, __ATOMIC_RELEASE);
		return now_ns + LIFT_AGAIN_NS;
	}
	__atomic_store_n(&t->state, limit && !r ? SETTING_RESTORED : SETTING_FREE,
			 __ATOMIC_RELEASE);
	if (limit && !r)
		eventfd_write(e->event_fd, 1);
	return 0;
}

static uint64_t sooner(uint64_t a, uint64_t b) { return !a || (b && b < a) ? b : a; }

uint64_t settings_lift_due(struct enforce *e, uint64_t now_ns)
{
	uint64_t next = 0;

	for (unsigned i = 0; i < SETTINGS; i++) {
		struct setting *t = &e->settings[i];
		uint64_t until = __atomic_load_n(&t->until_ns, __ATOMIC_ACQUIRE), at = until;
		bool due = until <= now_ns, limit;

		if (__atomic_load_n(&t->state, __ATOMIC_ACQUIRE) != SETTING_SET)
			continue;
		limit = __atomic_load_n(&t->what, __ATOMIC_RELAXED) == UNDO_LIMIT;
		if (!due && limit)
			at = sooner(until, __atomic_load_n(&t->look_ns, __ATOMIC_RELAXED));
		if (at > now_ns) {
			next = sooner(next, at);
			continue;
		}
		if (!change(t, SETTING_SET, SETTING_LIFTING))
			continue;
		if (due || is_calm(e, t, now_ns)) {
			next = sooner(next, lift(e, t, now_ns));
		} else {
			next = sooner(next, sooner(until, t->look_ns));
			__atomic_store_n(&t->state, SETTING_SET, __ATOMIC_RELEASE);
		}
	}
	return next;
}

bool enforce_take_restored(struct enforce *e, uint64_t *ret_memcg_id, uint64_t *ret_limit)
{
	for (unsigned i = 0; i < SETTINGS; i++) {
		struct setting *t = &e->settings[i];

		if (__atomic_load_n(&t->state, __ATOMIC_ACQUIRE) != SETTING_RESTORED)
			continue;
		*ret_memcg_id = t->memcg_id;
		*ret_limit = t->was;
		__atomic_store_n(&t->state, SETTING_FREE, __ATOMIC_RELEASE);
		return true;
	}
	return false;
}

int setting_take(struct enforce *e, enum undo_what what, uint64_t memcg_id,
		 struct setting **ret_setting, bool *ret_had)
{
	struct setting *free_one = NULL;

	*ret_had = false;
	for (unsigned i = 0; i < SETTINGS; i++) {
		struct setting *t = &e->settings[i];
		uint32_t state = __atomic_load_n(&t->state, __ATOMIC_ACQUIRE);

		if ((state != SETTING_SET && state != SETTING_LIFTING) ||
		    __atomic_load_n(&t->what, __ATOMIC_RELAXED) != what ||
		    __atomic_load_n(&t->memcg_id, __ATOMIC_RELAXED) != memcg_id)
			continue;
		if (!change(t, SETTING_SET, SETTING_SETTING))
			return -EBUSY;
		*ret_had = true;
		*ret_setting = t;
		return 0;
	}
	for (unsigned i = 0; i < SETTINGS && !free_one; i++)
		if (change(&e->settings[i], SETTING_FREE, SETTING_SETTING))
			free_one = &e->settings[i];
	if (!free_one)
		return -ENOSPC;
	__atomic_store_n(&free_one->what, what, __ATOMIC_RELAXED);
	__atomic_store_n(&free_one->memcg_id, memcg_id, __ATOMIC_RELAXED);
	__atomic_store_n(&free_one->look_ns, 0, __ATOMIC_RELAXED);
	free_one->was = free_one->ours = free_one->calm_ns = 0;
	free_one->tries = 0;
	*ret_setting = free_one;
	return 0;
}

void setting_put(struct enforce *e, struct setting *t)
{
	__atomic_store_n(&t->state, t->ours ? SETTING_SET : SETTING_FREE, __ATOMIC_RELEASE);
	sem_post(&e->wanted[KIND_WRITE]); /* its deadline may be the next one */
}

bool setting_is_set(const struct enforce *e, enum undo_what what, uint64_t memcg_id)
{
	for (unsigned i = 0; i < SETTINGS; i++) {
		const struct setting *t = &e->settings[i];

		if (__atomic_load_n(&t->state, __ATOMIC_ACQUIRE) == SETTING_SET &&
		    __atomic_load_n(&t->what, __ATOMIC_RELAXED) == what &&
		    __atomic_load_n(&t->memcg_id, __ATOMIC_RELAXED) == memcg_id)
			return true;
	}
	return false;
}

void setting_undo(struct enforce *e, enum undo_what what, uint64_t memcg_id)
{
	bool had;
	struct setting *t;

	if (!setting_is_set(e, what, memcg_id) || setting_take(e, what, memcg_id, &t, &had))
		return;
	if (had)
		undo_one(e->undo, t->undo);
	__atomic_store_n(&t->state, SETTING_FREE, __ATOMIC_RELEASE);
}

int setting_note(struct enforce *e, const struct running_action *running, struct undo_entry *entry,
		 unsigned int *ret_index)
{
	entry->memcg_id = running->action.target.memcg_id;
	entry->until_ns = clock_boot_ns() + running->action.for_ms * NS_PER_MS;
	strcpy(entry->path, enforce_below(e, running->path));
	strcpy(entry->hierarchy, e->memory_root);
	return undo_note(e->undo, entry, ret_index);
}
