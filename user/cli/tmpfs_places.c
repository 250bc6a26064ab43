// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "tmpfs_places.h"

#include <limits.h>
#include <linux/magic.h>
#include <mntent.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

struct places {
	struct tmpfs_place *out;
	size_t n, most;
	uint64_t least;
};

/* One file system may be mounted in many places: the first one counts. */
static bool is_known(const struct places *places, uint64_t device)
{
	for (size_t i = 0; i < places->n; i++)
		if (places->out[i].device == device)
			return true;
	return false;
}

static void add(struct places *places, const struct tmpfs_place *place)
{
	size_t at = places->n;

	if (at == places->most && places->out[at - 1].used >= place->used)
		return;
	if (at == places->most)
		at--;
	else
		places->n++;
	for (; at && places->out[at - 1].used < place->used; at--)
		places->out[at] = places->out[at - 1];
	places->out[at] = *place;
}

static void look(struct places *places, uint32_t pid, const char *mounted)
{
	struct tmpfs_place place = {.pid = pid};
	char path[PATH_MAX];
	struct statfs fs;
	struct stat st;

	if (pid)
		snprintf(path, sizeof(path), "/proc/%u/root%s", pid, mounted);
	else
		snprintf(path, sizeof(path), "%s", mounted);
	/* What is mounted over it, or a link of the container's, may lead elsewhere. */
	if (lstat(path, &st) || !S_ISDIR(st.st_mode) || statfs(path, &fs) ||
	    fs.f_type != TMPFS_MAGIC || is_known(places, st.st_dev))
		return;
	place.device = st.st_dev;
	place.size = (uint64_t)fs.f_blocks * (uint64_t)fs.f_bsize;
	place.used = (uint64_t)(fs.f_blocks - fs.f_bfree) * (uint64_t)fs.f_bsize;
	snprintf(place.path, sizeof(place.path), "%s", mounted);
	if (place.used >= places->least)
		add(places, &place);
}

static void look_in(struct places *places, uint32_t pid)
{
	char path[32], text[PATH_MAX];
	struct mntent mount;
	FILE *mounts;

	if (pid)
		snprintf(path, sizeof(path), "/proc/%u/mounts", pid);
	else
		snprintf(path, sizeof(path), "/proc/self/mounts");
	mounts = setmntent(path, "re");
	if (!mounts)
		return;
	while (getmntent_r(mounts, &mount, text, sizeof(text)))
		if (!strcmp(mount.mnt_type, "tmpfs"))
			look(places, pid, mount.mnt_dir);
	endmntent(mounts);
}

size_t tmpfs_places(const uint32_t *pids, size_t n, uint64_t least, struct tmpfs_place *out,
		    size_t most)
{
	struct places places = {.out = out, .most = most, .least = least};

	if (!most)
		return 0;
	look_in(&places, 0);
	for (size_t i = 0; i < n; i++)
		look_in(&places, pids[i]);
	return places.n;
}
