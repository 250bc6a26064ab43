/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What the file reader's tests share: a reader on a tree, and a sweep with a checked order. */
#ifndef HEADROOM_FIXTURE_FILES_H
#define HEADROOM_FIXTURE_FILES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fixture_tree.h"
#include "collect/cgroup_reader.h"

#define NO   RECORD_UNKNOWN
#define MOST 64

static struct memcg_sample rows[MOST];

static inline struct files *open_at(const char *root, const char *scope)
{
	struct cgroupfs fs;
	struct files *f;

	assert_int_equal(cgroupfs_find(root, &fs), 0);
	assert_int_equal(files_open(&fs, scope, MOST, &f), 0);
	return f;
}

static inline size_t sweep(struct files *f)
{
	size_t n = 0;

	assert_int_equal(files_sweep(f, rows, MOST, &n, NULL, NULL), 0);
	/* preorder, parents named, no id twice: readers of the rows rely on it */
	for (size_t i = 0; i < n; i++) {
		size_t k = i;

		assert_int_equal(rows[i].level == 0, i == 0);
		while (i && rows[--k].level >= rows[i].level)
			assert_true(k && rows[k].id != rows[i].id);
		assert_int_equal(rows[i].parent_id, rows[i].level < 2 ? 0 : rows[k].id);
	}
	return n;
}

static inline const struct memcg_sample *row_at(struct files *f, size_t n, const char *path)
{
	for (size_t i = 0; i < n; i++) {
		const char *is = files_path(f, rows[i].id);

		if (is && !strcmp(is, path))
			return &rows[i];
	}
	return NULL;
}

#endif
