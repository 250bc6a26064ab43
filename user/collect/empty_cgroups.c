// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Remembers the groups without processes. Knows nothing of BPF: rows in, rows out. */
#include "empty_cgroups.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int empties_init(struct empties *e, size_t capacity)
{
	size_t places = 64;

	while (places < 2 * capacity)
		places *= 2;
	*e = (struct empties){.capacity = capacity, .mask = places - 1};
	e->rows = calloc(capacity, sizeof(*e->rows));
	e->before = calloc(capacity, sizeof(*e->before));
	e->index = calloc(places, sizeof(*e->index));
	if (e->rows && e->before && e->index)
		return 0;
	empties_done(e);
	return -ENOMEM;
}

void empties_done(struct empties *e)
{
	free(e->rows);
	free(e->before);
	free(e->index);
	*e = (struct empties){0};
}

static __u32 *place_of(struct empties *e, const struct memcg_sample *rows, __u64 id)
{
	__u32 at = (__u32)((id * 0x9e3779b97f4a7c15ULL) >> 32) & e->mask;

	while (e->index[at] && rows[e->index[at] - 1].id != id)
		at = (at + 1) & e->mask;
	return &e->index[at];
}

static bool want_nothing(const struct memcg_sample *row, void *arg) { return false; }

struct seen {
	struct empties *empties;
	const struct memcg_sample *rows;
};

static bool is_seen(__u64 id, void *arg)
{
	const struct seen *seen = arg;

	return *place_of(seen->empties, seen->rows, id);
}

/* Of the rows that the sweep saw none is empty: their files are not read. */
static int look(struct empties *e, struct files *files, const struct memcg_sample *rows)
{
	struct seen seen = {e, rows};
	size_t found = 0, kept = 0;
	int r = files_sweep_others(files, e->rows, e->capacity, &found, is_seen, want_nothing,
				   &seen);

	for (size_t i = 0; i < found; i++)
		if (!(e->rows[i].flags & SAMPLE_POPULATED))
			e->rows[kept++] = e->rows[i];
	e->n = kept;
	return r;
}

static void index_rows(struct empties *e, const struct memcg_sample *rows, size_t n)
{
	memset(e->index, 0, ((size_t)e->mask + 1) * sizeof(*e->index));
	for (size_t i = 0; i < n && i < e->capacity; i++)
		*place_of(e, rows, rows[i].id) = i + 1;
}

/* Appends what is not there yet. All below an empty group is empty, and files list parents first:
 * the order holds. */
static int append(struct empties *e, struct memcg_sample *rows, size_t capacity, size_t *n)
{
	for (size_t i = 0; i < e->n; i++) {
		__u32 *place = place_of(e, rows, e->rows[i].id);

		if (*place)
			continue;
		if (*n == capacity || *n == e->capacity)
			return -ENOSPC;
		rows[*n] = e->rows[i];
		*place = ++*n;
	}
	return 0;
}

static bool any_missing(struct empties *e, const struct memcg_sample *rows)
{
	for (size_t i = 0; i < e->n_before; i++)
		if (!*place_of(e, rows, e->before[i]))
			return true;
	return false;
}

int empties_add(struct empties *e, struct files *files, struct memcg_sample *rows, size_t capacity,
		size_t *n)
{
	size_t seen = *n;
	int r, full;

	index_rows(e, rows, *n);
	r = append(e, rows, capacity, n);
	if (e->sweeps++ % EMPTIES_EVERY == 0 || any_missing(e, rows)) {
		*n = seen;
		index_rows(e, rows, seen);
		r = look(e, files, rows);
		if (r < 0 && r != -ENOSPC)
			return r;
		full = append(e, rows, capacity, n);
		r = full ? full : r;
	}
	e->n_before = *n < e->capacity ? *n : e->capacity;
	for (size_t i = 0; i < e->n_before; i++)
		e->before[i] = rows[i].id;
	return r;
}
