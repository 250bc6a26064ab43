// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * What counts as used, and how much is left: see accounting.h. Pure functions of samples; no I/O, no
 * allocation, no clock. Every sum and difference saturates, for the figures come from a kernel that
 * is being measured while it moves.
 */
#include "accounting.h"

/* Only what is known may come out of a sum: RECORD_UNKNOWN itself stays free. */
static __u64 add(__u64 a, __u64 b)
{
	__u64 sum;

	return __builtin_add_overflow(a, b, &sum) || sum == RECORD_UNKNOWN ? RECORD_UNKNOWN - 1
									   : sum;
}

static __u64 sub(__u64 a, __u64 b) { return a > b ? a - b : 0; }

static __u64 min(__u64 a, __u64 b) { return a < b ? a : b; }

static bool known(__u64 v) { return v != RECORD_UNKNOWN; }

static __u64 clean_cache(const struct memcg_sample *s)
{
	if (!(s->flags & SAMPLE_STAT) || !known(s->active_file) || !known(s->inactive_file) ||
	    !known(s->file_dirty) || !known(s->file_writeback))
		return RECORD_UNKNOWN;
	return sub(add(s->active_file, s->inactive_file), add(s->file_dirty, s->file_writeback));
}

__u64 account_unreclaimable(const struct memcg_sample *s, __u64 *ret_clean_cache)
{
	__u64 clean = clean_cache(s), u = s->usage;

	if (ret_clean_cache)
		*ret_clean_cache = clean;
	if (!known(u))
		return RECORD_UNKNOWN;
	if (known(clean))
		u = sub(u, clean);
	if ((s->flags & SAMPLE_STAT) && known(s->slab_reclaimable))
		u = sub(u, s->slab_reclaimable / 2);
	return u;
}

__u64 account_working_set(const struct memcg_sample *s)
{
	if (!(s->flags & SAMPLE_STAT) || !known(s->usage) || !known(s->inactive_file))
		return RECORD_UNKNOWN;
	return sub(s->usage, s->inactive_file);
}

/* Swap that this group may still use by its own limit; swap in use is taken as 0 where it is not
 * known: the limit itself is then the best upper bound there is. */
static __u64 own_swap(const struct memcg_sample *s)
{
	if (!known(s->swap_limit))
		return RECORD_UNKNOWN;
	return sub(s->swap_limit, known(s->swap) ? s->swap : 0);
}

/* Headroom under this group's own limit; RECORD_UNKNOWN: no limit here, or no usage to hold
 * against it. */
static __u64 own_headroom(const struct memcg_sample *s, __u64 u, __u64 usable_swap)
{
	__u64 d;

	if (!known(s->limit) || !known(u))
		return RECORD_UNKNOWN;
	d = add(sub(s->limit, u), usable_swap);
	/* usage above the limit (just lowered) is paid from swap, too */
	d = sub(d, sub(u, s->limit));
	/* v1's memsw limits the sum, so what is swapped out already also takes from the memory
	 * that is left. */
	if ((s->flags & SAMPLE_V1) && known(s->swap_limit) && known(s->swap))
		d = min(d, sub(add(s->limit, s->swap_limit), add(u, s->swap)));
	return d;
}

static struct account host_account(const struct host_sample *h)
{
	struct account a = {
		.clean_cache = RECORD_UNKNOWN,
		.unreclaimable = RECORD_UNKNOWN,
		.working_set = RECORD_UNKNOWN,
		.headroom = RECORD_UNKNOWN,
		.level = HR_LEVEL_HOST,
		.binding_limit = RECORD_UNKNOWN,
		.binding_row = -1,
	};

	if (!h)
		return a;
	a.usable_swap = known(h->swap_free) ? h->swap_free : 0;
	a.headroom = host_sample_headroom(h);
	a.binding_limit = host_sample_capacity(h);
	return a;
}

/* An index of rows by id, built only where it is needed, in memory that is there anyway: the
 * accounts, before they are filled. Two places each, so that half of the index is empty. */
static __u64 *place(struct account *accounts, size_t at)
{
	return at % 2 ? &accounts[at / 2].binding_limit : &accounts[at / 2].binding_id;
}

static size_t place_of(const struct memcg_sample *rows, size_t n, struct account *accounts,
		       __u64 id)
{
	size_t at = (size_t)(((id * 0x9e3779b97f4a7c15ULL >> 32) * 2 * n) >> 32);
	__u64 row;

	while ((row = *place(accounts, at)) && rows[row - 1].id != id)
		at = at + 1 < 2 * n ? at + 1 : 0;
	return at;
}

static void index_build(const struct memcg_sample *rows, size_t n, struct account *accounts)
{
	for (size_t at = 0; at < 2 * n; at++)
		*place(accounts, at) = 0;
	for (size_t i = n; i--;) /* should an id be there twice, its first row counts */
		*place(accounts, place_of(rows, n, accounts, rows[i].id)) = i + 1;
}

/* In preorder a row's parent is the row before it or one of that row's ancestors, so climbing
 * costs O(1) per row on the whole. Rows in some other order are looked up. */
static int find_parent(const struct memcg_sample *rows, size_t n, const int *parent, size_t i,
		       struct account *accounts, bool *indexed)
{
	__u64 found;

	if (!rows[i].level)
		return -1;
	if (!rows[i].parent_id)
		return rows[0].level ? -1 : 0;
	for (int k = (int)i - 1; k >= 0; k = parent[k])
		if (rows[k].id == rows[i].parent_id)
			return k;
	if (!*indexed)
		index_build(rows, n, accounts);
	*indexed = true;
	found = *place(accounts, place_of(rows, n, accounts, rows[i].parent_id));
	return found && found - 1 < i ? (int)found - 1 : -1;
}

#define EQUAL_SHARE 32         /* of the own limit … */
#define EQUAL_MOST  (1u << 20) /* … and this much at most */

/* The ancestor's limit is reached together with the own one, and is no lower. */
static bool is_equal(const struct memcg_sample *s, __u64 own, const struct account *above)
{
	__u64 apart = sub(own, above->headroom) + sub(above->headroom, own);

	return above->level != HR_LEVEL_HOST && s->limit <= above->binding_limit &&
	       apart <= min(s->limit / EQUAL_SHARE, EQUAL_MOST);
}

static void account_one(const struct memcg_sample *rows, int row, const struct account *above,
			struct account *a)
{
	const struct memcg_sample *s = &rows[row];
	__u64 own;

	a->unreclaimable = account_unreclaimable(s, &a->clean_cache);
	a->working_set = account_working_set(s);
	a->usable_swap = min(own_swap(s), above->usable_swap);
	own = own_headroom(s, a->unreclaimable, a->usable_swap);

	a->shared_id = known(own) && is_equal(s, own, above) ? above->binding_id : 0;
	if (known(own) && (own <= above->headroom || a->shared_id)) {
		a->headroom = min(own, above->headroom);
		a->level = HR_LEVEL_OWN;
		a->binding_id = s->id;
		a->binding_limit = s->limit;
		a->binding_row = row;
		return;
	}
	a->headroom = above->headroom;
	a->level = above->level == HR_LEVEL_HOST ? HR_LEVEL_HOST : HR_LEVEL_ANCESTOR;
	a->binding_id = above->binding_id;
	a->binding_limit = above->binding_limit;
	a->binding_row = above->binding_row;
}

void account_path(const struct memcg_sample *rows, size_t n, const struct host_sample *host,
		  int *parent, struct account *accounts)
{
	const struct account top = host_account(host);
	bool indexed = false;

	for (size_t i = 0; i < n; i++)
		parent[i] = find_parent(rows, n, parent, i, accounts, &indexed);
	for (size_t i = 0; i < n; i++)
		account_one(rows, (int)i, parent[i] < 0 ? &top : &accounts[parent[i]],
			    &accounts[i]);
}
