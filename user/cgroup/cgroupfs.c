// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Finds the cgroup hierarchies in mountinfo: see cgroupfs.h. Runs once at start, so it may
 * allocate. It uses what mountinfo lists and what can be opened; it never assumes a path such as
 * /sys/fs/cgroup.
 */
#include "cgroupfs.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include "base/cleanup.h"

#define INITIAL_CGROUP_NS \
	"cgroup:[4026531835]" /* PROC_CGROUP_INIT_INO 0xEFFFFFFB, linux/proc_ns.h */

struct mount {       /* one line of mountinfo, split; paths unescaped */
	char *inner; /* which directory of the file system is mounted */
	char *point;
	char *options, *type, *super_options;
};

struct found { /* the best mount of one hierarchy so far */
	char path[PATH_MAX];
	char inner[PATH_MAX];
	bool read_only;
};

enum hierarchy { MEMORY_V1, FREEZER_V1, UNIFIED, HIERARCHIES };

static const struct {
	const char *type, *controller;
} wanted[HIERARCHIES] = {
	[MEMORY_V1] = {"cgroup", "memory"},
	[FREEZER_V1] = {"cgroup", "freezer"},
	[UNIFIED] = {"cgroup2", NULL},
};

/* mountinfo writes space, tab, newline and backslash as \ooo (fs/proc_namespace.c, mangle()). In
 * place. */
static void unescape(char *s)
{
	char *out = s;

	for (; *s; s++, out++) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' &&
		    s[3] >= '0' && s[3] <= '7') {
			*out = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 3;
		} else {
			*out = *s;
		}
	}
	*out = '\0';
}

/* "36 35 98:0 /inner /point options [optional fields] - type source super-options" */
static bool parse_mount(char *line, struct mount *m)
{
	char *field[6], *save = NULL, *word;

	for (size_t i = 0; i < ARRAY_SIZE(field); i++)
		if (!(field[i] = strtok_r(i ? NULL : line, " \n", &save)))
			return false;
	do {
		if (!(word = strtok_r(NULL, " \n", &save)))
			return false;
	} while (strcmp(word, "-"));
	m->type = strtok_r(NULL, " \n", &save);
	if (!m->type || !strtok_r(NULL, " \n", &save))
		return false;
	m->super_options = strtok_r(NULL, " \n", &save);
	if (!m->super_options)
		return false;
	m->inner = field[3];
	m->point = field[4];
	m->options = field[5];
	unescape(m->inner);
	unescape(m->point);
	return true;
}

static bool has_word(const char *list, const char *word, const char *separators)
{
	size_t n = strlen(word);

	for (const char *p = list; *p; p += strspn(p, separators)) {
		size_t len = strcspn(p, separators);

		if (len == n && !memcmp(p, word, n))
			return true;
		p += len;
	}
	return false;
}

static bool is_dir(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

static bool starts_with_up(const char *inner)
{
	return !strncmp(inner, "/..", 3) && (inner[3] == '/' || !inner[3]);
}

/* How far below the namespace's root a mount begins: 0 for "/", negative for the "/../.." of a
 * mount that shows more than the namespace. */
static int inner_depth(const char *inner)
{
	int depth = 0;

	for (; starts_with_up(inner); inner += 3)
		depth--;
	for (; *inner; inner++)
		depth += inner[0] == '/' && inner[1] && inner[1] != '/';
	return depth;
}

/* Bind mounts show the same hierarchy twice: the larger view wins, then the writable one, then the
 * first; a later mount on the same point hides the earlier. */
static bool is_better(const struct found *old, const struct found *new)
{
	int a = inner_depth(old->inner), b = inner_depth(new->inner);

	if (!old->path[0] || !strcmp(old->path, new->path))
		return true;
	return a != b ? b < a : old->read_only && !new->read_only;
}

static void consider(const struct mount *m, const char *prefix, struct found found[HIERARCHIES])
{
	struct found new;

	for (size_t h = 0; h < HIERARCHIES; h++) {
		if (strcmp(m->type, wanted[h].type) ||
		    (wanted[h].controller &&
		     !has_word(m->super_options, wanted[h].controller, ",")))
			continue;
		if (strlen(prefix) + strlen(m->point) >= sizeof(new.path) ||
		    strlen(m->inner) >= sizeof(new.inner))
			continue;
		stpcpy(stpcpy(new.path, prefix), m->point);
		strcpy(new.inner, m->inner);
		new.read_only =
			has_word(m->options, "ro", ",") || has_word(m->super_options, "ro", ",");
		if (is_better(&found[h], &new) && is_dir(new.path))
			found[h] = new;
	}
}

/* Considers mounts below `below`; their paths get `prefix` in front. */
static int read_mounts(const char *root, const char *proc_file, const char *below,
		       const char *prefix, struct found found[HIERARCHIES])
{
	_cleanup_free_ char *path = NULL, *line = NULL;
	_cleanup_fclose_ FILE *f = NULL;
	size_t size = 0, n = strlen(below);

	if (asprintf(&path, "%s/proc/%s", root, proc_file) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	f = fopen(path, "re");
	if (!f)
		return -errno;
	while (getline(&line, &size, f) > 0) {
		struct mount m;

		if (parse_mount(line, &m) && !strncmp(m.point, below, n) &&
		    (!n || m.point[n] == '/'))
			consider(&m, prefix, found);
	}
	return ferror(f) ? -EIO : 0;
}

static bool found_any(const struct found found[HIERARCHIES])
{
	return found[MEMORY_V1].path[0] || found[UNIFIED].path[0];
}

static int find_mounts(const char *root, struct found found[HIERARCHIES])
{
	static const char *const of_the_host[] = {"1/mountinfo", "self/mountinfo"};
	int r = read_mounts(root, "self/mountinfo", root, "", found);

	for (size_t i = 0; root[0] && !found_any(found) && i < ARRAY_SIZE(of_the_host); i++) {
		int r2 = read_mounts(root, of_the_host[i], "", root, found);

		r = r && r2 ? r : 0;
	}
	if (found_any(found))
		return 0;
	return r ? r : -ENOENT;
}

static bool file_exists(const char *dir, const char *name)
{
	_cleanup_close_ int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd >= 0 && !faccessat(fd, name, F_OK, 0);
}

static bool file_has_word(const char *dir, const char *name, const char *word)
{
	_cleanup_close_ int dirfd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC), fd = -1;
	char text[4096];
	ssize_t n;

	if (dirfd < 0 || (fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC)) < 0)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return false;
	text[n] = '\0';
	return has_word(text, word, " \n");
}

static bool in_private_namespace(const char *root, const struct found *memory)
{
	_cleanup_free_ char *path = NULL;
	char link[64];
	ssize_t n;

	if (asprintf(&path, "%s/proc/self/ns/cgroup", root) < 0) {
		path = NULL;
		return false;
	}
	n = readlink(path, link, sizeof(link) - 1);
	if (n <= 0)
		return starts_with_up(memory->inner);
	link[n] = '\0';
	return strcmp(link, INITIAL_CGROUP_NS) != 0;
}

int cgroupfs_find(const char *root, struct cgroupfs *ret_fs)
{
	_cleanup_free_ struct found *found = calloc(HIERARCHIES, sizeof(*found));
	_cleanup_free_ struct cgroupfs *fs = calloc(1, sizeof(*fs));
	_cleanup_free_ char *top = strdup(root ? root : "");
	const struct found *memory;
	int r;

	if (!found || !fs || !top)
		return -ENOMEM;
	for (size_t n = strlen(top); n && top[n - 1] == '/'; n--)
		top[n - 1] = '\0';
	r = find_mounts(top, found);
	if (r < 0)
		return r;

	fs->layout = !found[MEMORY_V1].path[0] ? CGROUP_V2
		     : found[UNIFIED].path[0]  ? CGROUP_HYBRID
					       : CGROUP_V1;
	memory = &found[fs->layout == CGROUP_V2 ? UNIFIED : MEMORY_V1];
	strcpy(fs->memory, memory->path);
	strcpy(fs->unified, found[UNIFIED].path);
	strcpy(fs->freezer, found[fs->layout == CGROUP_V2 ? UNIFIED : FREEZER_V1].path);
	fs->read_only = memory->read_only;
	fs->private_ns = in_private_namespace(top, memory);
	if (fs->layout == CGROUP_V2) {
		fs->partial = file_exists(fs->memory, "cgroup.type");
		fs->controller = file_has_word(fs->memory, "cgroup.controllers", "memory");
		fs->delegated = file_has_word(fs->memory, "cgroup.subtree_control", "memory");
	} else {
		fs->partial = !file_exists(fs->memory, "release_agent");
		fs->controller = fs->delegated = true;
	}
	/* The path of what a namespace shows as "/" is unknown here. */
	if (fs->partial && !fs->private_ns && strcmp(memory->inner, "/"))
		strcpy(fs->base, memory->inner);
	*ret_fs = *fs;
	return 0;
}

const char *cgroupfs_layout_name(enum cgroup_layout layout)
{
	static const char *const names[] = {
		[CGROUP_V2] = "v2",
		[CGROUP_V1] = "v1",
		[CGROUP_HYBRID] = "hybrid",
	};

	return names[layout];
}
