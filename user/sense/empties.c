// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Remembers the groups without processes. Knows nothing of BPF: rows in, rows out. */
#include "empties.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int empties_init(struct empties *e, size_t capacity)
{
	size_t places = 64;

	while (places < 2 * capacity)
		places *= 2;
	*e = (struct empties){ .capacity = capacity, .mask = places - 1 };
	e->rows = calloc(capacity, sizeof(*e->rows));
	e->index = calloc(places, sizeof(*e->index));
	if (e->rows && e->index)
		return 0;
	empties_done(e);
	return -ENOMEM;
}

void empties_done(struct empties *e)
{
	free(e->rows);
	free(e->index);
	*e = (struct empties){ 0 };
}

static __u32 *place_of(struct empties *e, const struct memcg_sample *rows, __u64 id)
{
	__u32 at = (__u32)((id * 0x9e3779b97f4a7c15ULL) >> 32) & e->mask;

	while (e->index[at] && rows[e->index[at] - 1].id != id)
		at = (at + 1) & e->mask;
	return &e->index[at];
}

static bool want_nothing(const struct memcg_sample *row, void *arg)
{
	return false;
}

static int look(struct empties *e, struct files *files)
{
	size_t found = 0, kept = 0;
	int r = files_sweep(files, e->rows, e->capacity, &found, want_nothing, NULL);

	for (size_t i = 0; i < found; i++)
		if (!(e->rows[i].flags & SAMPLE_POPULATED))
			e->rows[kept++] = e->rows[i];
	e->n = kept;
	return r;
}

int empties_add(struct empties *e, struct files *files, struct memcg_sample *rows, size_t capacity, size_t *n)
{
	int r = e->sweeps++ % EMPTIES_EVERY ? 0 : look(e, files);

	if (r < 0 && r != -ENOSPC)
		return r;
	memset(e->index, 0, ((size_t)e->mask + 1) * sizeof(*e->index));
	for (size_t i = 0; i < *n && i < e->capacity; i++)
		*place_of(e, rows, rows[i].id) = i + 1;
	/* All below an empty group is empty, and files list parents first: appending keeps the order. */
	for (size_t i = 0; i < e->n; i++) {
		if (*place_of(e, rows, e->rows[i].id))
			continue;
		if (*n == capacity)
			return -ENOSPC;
		rows[(*n)++] = e->rows[i];
	}
	return r;
}
