// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Reads and writes the settings of the interactive monitor. Never overwrites a file it does not understand, nor one in
 * another user's folder. */
#include "settings.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/utf8_clean.h"
#include "base/yaml_tree.h"

/* ---- path ---- */

/* Whether it, or its nearest existing parent, belongs to the effective user. */
static bool is_mine(const char *path)
{
	char at[PATH_MAX];
	struct stat st;
	char *slash;

	if (*path != '/' || strlen(path) >= sizeof(at))
		return false;
	strcpy(at, path);
	while (stat(at, &st)) {
		slash = strrchr(at, '/');
		if (errno != ENOENT || !slash || slash == at)
			return false;
		*slash = 0;
	}
	return S_ISDIR(st.st_mode) && st.st_uid == geteuid();
}

static int below(char path[PATH_MAX], const char *folder, const char *rest)
{
	int n = snprintf(path, PATH_MAX, "%s%s/headroom/top.yaml", folder, rest);

	return n > 0 && n < PATH_MAX ? 0 : -ENAMETOOLONG;
}

int settings_path(char path[PATH_MAX])
{
	const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	struct passwd *user;

	if (xdg && is_mine(xdg))
		return below(path, xdg, "");
	if (home && is_mine(home))
		return below(path, home, "/.config");
	user = getpwuid(geteuid());
	if (user && user->pw_dir && is_mine(user->pw_dir))
		return below(path, user->pw_dir, "/.config");
	return -ENOENT;
}

/* ---- reading; each function returns whether it understood the whole value ---- */

static const char *const colour_words[TOP_COLOURS] = {"auto", "none", "16", "256"};

static bool pick(const char *text, const char *const *words, size_t n, size_t *ret_at)
{
	for (size_t i = 0; text && i < n; i++)
		if (!strcmp(words[i], text)) {
			*ret_at = i;
			return true;
		}
	return false;
}

static bool read_switch(const struct tree_node *node, bool *ret)
{
	static const char *const words[] = {"false", "true"};
	size_t at;

	if (!pick(tree_text(node), words, 2, &at))
		return false;
	*ret = at;
	return true;
}

static bool read_columns(struct top *top, const struct tree_node *node)
{
	const struct column *chosen[TABLE_COLUMNS], *name = column_find("name");
	bool all = true, named = false;
	size_t n = 0;

	if (node->kind != TREE_LIST)
		return false;
	for (size_t i = 0; i < node->n && n < TABLE_COLUMNS - 1; i++) {
		const char *id = tree_text(node->child[i]);
		const struct column *column = id ? column_find(id) : NULL;

		for (size_t k = 0; k < n && column; k++)
			if (chosen[k] == column)
				column = NULL;
		all = all && column;
		named = named || column == name;
		if (column)
			chosen[n++] = column;
	}
	if (!named) { /* the name is always shown */
		memmove(chosen + 1, chosen, n * sizeof(chosen[0]));
		chosen[0] = name;
		n++;
	}
	memcpy(top->column, chosen, n * sizeof(chosen[0]));
	top->n_columns = n;
	return all;
}

static bool read_sort(struct top *top, const struct tree_node *node)
{
	const struct column *column = tree_text(node) ? column_find(tree_text(node)) : NULL;

	if (column)
		top->sort = column;
	return column != NULL;
}

static bool read_reverse(struct top *top, const struct tree_node *node)
{
	return read_switch(node, &top->reverse);
}

static bool read_tree(struct top *top, const struct tree_node *node)
{
	for (enum row_tree_by by = 0; by < ROW_TREE_KINDS; by++)
		if (tree_text(node) && !strcmp(tree_text(node), row_tree_by_word(by))) {
			top->by = by;
			return true;
		}
	return false;
}

static bool read_colours(struct top *top, const struct tree_node *node)
{
	size_t at;

	if (!pick(tree_text(node), colour_words, TOP_COLOURS, &at))
		return false;
	top->colours = (enum top_colours)at;
	return true;
}

static bool read_palette(struct top *top, const struct tree_node *node)
{
	size_t at;

	if (!pick(tree_text(node), top_palette_words, TOP_PALETTES, &at))
		return false;
	top->palette = (enum top_palette)at;
	return true;
}

static bool read_mouse(struct top *top, const struct tree_node *node)
{
	return read_switch(node, &top->mouse);
}

static const struct {
	const char *name;
	bool (*read)(struct top *top, const struct tree_node *node);
} keys[] = {
	{"columns", read_columns}, {"sort", read_sort},       {"reverse", read_reverse},
	{"tree", read_tree},       {"colours", read_colours}, {"palette", read_palette},
	{"mouse", read_mouse},
};

/* The first key that is not understood, or NULL. */
static const struct tree_node *read_all(struct top *top, const struct tree_node *root)
{
	const struct tree_node *odd = NULL;

	for (size_t i = 0; i + 1 < root->n; i += 2) {
		const char *name = tree_text(root->child[i]);
		bool understood = false;

		for (size_t k = 0; name && k < ARRAY_SIZE(keys); k++)
			if (!strcmp(keys[k].name, name))
				understood = keys[k].read(top, root->child[i + 1]);
		if (!understood && !odd)
			odd = root->child[i];
	}
	return odd;
}

/* ---- writing ---- */

static bool default_columns(const struct top *top)
{
	size_t n = 0;

	while (n < top->n_columns && columns_of_top[n] &&
	       !strcmp(columns_of_top[n], top->column[n]->id))
		n++;
	return !columns_of_top[n] && n == top->n_columns;
}

/* Default columns are left out, so that a newer version can change them. */
static void render(const struct top *top, char text[SETTINGS_TEXT])
{
	struct line line = {text, SETTINGS_TEXT, 0};

	text[0] = 0;
	line_add(&line, "# Settings of headroom top, written by it.\n");
	if (!default_columns(top))
		for (size_t i = 0; i < top->n_columns; i++)
			line_add(&line, "%s%s%s", i ? ", " : "columns: [", top->column[i]->id,
				 i + 1 == top->n_columns ? "]\n" : "");
	line_add(&line, "sort: %s\nreverse: %s\ntree: %s\ncolours: %s\npalette: %s\nmouse: %s\n",
		 top->sort->id, top->reverse ? "true" : "false", row_tree_by_word(top->by),
		 colour_words[top->colours], top_palette_words[top->palette],
		 top->mouse ? "true" : "false");
}

void settings_load(struct settings *settings, struct top *top, char error[SETTINGS_ERROR])
{
	char said[512] = "";
	struct tree tree = {0};
	struct stat st;
	const struct tree_node *odd;
	int r;

	error[0] = 0;
	settings->ours = settings->path[0] != 0;
	if (!settings->ours)
		return;
	r = tree_load(settings->path, &tree, said, sizeof(said));
	if (!r && tree.root && tree.root->kind == TREE_MAP) {
		odd = read_all(top, tree.root);
		if (odd)
			snprintf(said, sizeof(said), "top.yaml:%u:%u: unknown setting %s",
				 odd->line, odd->column, tree_what(odd));
	} else if (!r && tree.root) {
		tree_complain(&tree, tree.root, tree_what(tree.root), "keys and values");
	} else if (r && r != -ENOENT && !said[0]) {
		snprintf(said, sizeof(said), "%s", strerror(-r));
	}
	if (!stat(settings->path, &st) && st.st_uid != geteuid())
		settings->ours = false;
	if (said[0]) {
		const char *what = strstr(said, "top.yaml");

		settings->ours = false;
		snprintf(error, SETTINGS_ERROR, "settings not loaded: %.90s", what ? what : said);
	}
	tree_done(&tree);
	render(top, settings->written);
}

static int make_folders(const char *path)
{
	char at[PATH_MAX];

	strcpy(at, path);
	for (char *slash = strchr(at + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		if (mkdir(at, 0700) && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return 0;
}

/* Writes a temporary file and renames it: a reader finds the old or the new file. Without fsync: a file damaged by a power
 * cut is handled like any other. */
static int replace(const char *path, const char *text)
{
	char aside[PATH_MAX + 32], real[PATH_MAX];
	_cleanup_close_ int fd = -1;
	size_t n = strlen(text);
	int r = 0;

	if (realpath(path, real)) /* keeps a symbolic link */
		path = real;
	else if (errno != ENOENT || make_folders(path))
		return -errno;
	snprintf(aside, sizeof(aside), "%s.%d", path, (int)getpid());
	fd = open(aside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (write(fd, text, n) != (ssize_t)n)
		r = errno ? -errno : -EIO;
	else if (rename(aside, path))
		r = -errno;
	if (r)
		unlink(aside);
	return r;
}

int settings_save(struct settings *settings, const struct top *top)
{
	char text[SETTINGS_TEXT];
	int r;

	render(top, text);
	if (!settings->ours || !strcmp(text, settings->written))
		return 0;
	r = replace(settings->path, text);
	if (r)
		settings->ours = false;
	else
		strcpy(settings->written, text);
	return r;
}
