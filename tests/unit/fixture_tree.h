/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A folder tree of a test's own, for what no recorded fixture can show: it is changed while it
 * is read. */
#ifndef HEADROOM_FIXTURE_TREE_H
#define HEADROOM_FIXTURE_TREE_H

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TREE_PATH 8192

struct tree {
	char root[64];
};

static inline void tree_new(struct tree *tree)
{
	strcpy(tree->root, "/tmp/headroom-tree-XXXXXX");
	if (!mkdtemp(tree->root))
		abort();
}

static inline const char *tree_path(const struct tree *tree, const char *path, char out[TREE_PATH])
{
	if (snprintf(out, TREE_PATH, "%s/%s", tree->root, path) >= TREE_PATH)
		abort();
	return out;
}

/* Makes the folders on the way, too. */
static inline void tree_mkdir(const struct tree *tree, const char *path)
{
	char full[TREE_PATH];

	tree_path(tree, path, full);
	for (char *p = full + strlen(tree->root) + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		mkdir(full, 0755);
		*p = '/';
	}
	mkdir(full, 0755);
}

static inline void tree_put(const struct tree *tree, const char *path, const char *text)
{
	char full[TREE_PATH], *slash;
	FILE *f;

	snprintf(full, sizeof(full), "%s", path);
	slash = strrchr(full, '/');
	if (slash) {
		*slash = '\0';
		tree_mkdir(tree, full);
	}
	f = fopen(tree_path(tree, path, full), "w");
	if (!f || fputs(text, f) < 0 || fclose(f))
		abort();
}

static inline int tree_remove_one(const char *path, const struct stat *st, int type,
				  struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static inline void tree_remove(const struct tree *tree, const char *path)
{
	char full[TREE_PATH];

	nftw(tree_path(tree, path, full), tree_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void tree_done(const struct tree *tree)
{
	nftw(tree->root, tree_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
