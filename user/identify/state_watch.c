// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "state_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "file_stamp.h"

/* A user may write its files as often as it likes, and each change makes the parser read one (a few ms for each MiB): at most
 * about a hundredth of the time for one user. */
#define USER_REST_NS   (500 * NS_PER_MS)
#define USER_REST_FROM (256u << 10) /* bytes; for each as many more, once more as long */

struct watched_file {
	char *path;
	uint64_t hash;
	struct file_stamp stamp;
	uint32_t uid;
	uint64_t *id; /* of the cgroups that have their names from it */
	uint32_t n, space;
	uint32_t unreported; /* of the last change: how many ids are still to be reported */
};

static uint64_t hash_of(const char *text)
{
	uint64_t hash = 0xcbf29ce484222325ULL;

	while (*text)
		hash = (hash ^ (uint8_t)*text++) * 0x100000001b3ULL;
	return hash;
}

static struct watched_file *find(struct state_watch *watch, const char *path, uint64_t hash)
{
	for (size_t i = 0; i < watch->n; i++)
		if (watch->file[i].hash == hash && !strcmp(watch->file[i].path, path))
			return &watch->file[i];
	return NULL;
}

static size_t files_of(const struct state_watch *watch, uint32_t uid)
{
	size_t n = 0;

	for (size_t i = 0; i < watch->n; i++)
		n += watch->file[i].uid == uid;
	return n;
}

static struct watched_file *make(struct state_watch *watch, const char *path, uint64_t hash,
				 uint32_t uid)
{
	struct watched_file *file;

	if (watch->n == WATCH_FILES || (uid && watch->of_users == WATCH_FILES / 4) ||
	    (uid && files_of(watch, uid) >= WATCH_FILES_USER))
		return NULL;
	if (watch->n == watch->space) {
		size_t space = watch->space ? watch->space * 2 : 64;
		void *more = realloc(watch->file, space * sizeof(*watch->file));

		if (!more)
			return NULL;
		watch->file = more;
		watch->space = space;
	}
	file = &watch->file[watch->n];
	*file = (struct watched_file){.path = strdup(path), .hash = hash, .uid = uid};
	if (!file->path)
		return NULL;
	watch->n++;
	watch->of_users += uid != 0;
	return file;
}

static void drop(struct state_watch *watch, size_t i)
{
	free(watch->file[i].path);
	free(watch->file[i].id);
	watch->of_users -= watch->file[i].uid != 0;
	watch->file[i] = watch->file[--watch->n];
}

static void drop_id(struct watched_file *file, uint32_t i)
{
	memmove(&file->id[i], &file->id[i + 1], (file->n - i - 1) * sizeof(*file->id));
	file->n--;
}

static void add_id(struct watched_file *file, uint64_t id)
{
	for (uint32_t i = 0; i < file->n; i++)
		if (file->id[i] == id)
			return;
	if (file->n == WATCH_IDS)
		drop_id(file, 0); /* the oldest */
	if (file->n == file->space) {
		uint32_t space = file->space ? file->space * 2 : 1;
		void *more = realloc(file->id, space * sizeof(*file->id));

		if (!more)
			return;
		file->id = more;
		file->space = space;
	}
	file->id[file->n++] = id;
}

/* Its absolute path, as the kernel has it: links are resolved. */
static int path_of(int fd, const struct stat *st, char *ret_path, size_t bytes)
{
	static const char deleted[] = " (deleted)";
	char link[64];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, ret_path, bytes - 1);
	if (n <= 0 || ret_path[0] != '/')
		return -ENOENT;
	ret_path[n] = 0;
	/* Engines replace their files: this one may have got a successor between open() and here. */
	if (!st->st_nlink && (size_t)n > strlen(deleted) &&
	    !strcmp(ret_path + n - strlen(deleted), deleted))
		ret_path[(size_t)n - strlen(deleted)] = 0;
	return 0;
}

void state_watch_add(struct state_watch *watch, uint64_t cgroup_id, int fd)
{
	struct watched_file *file;
	char path[4096];
	struct stat st;
	uint64_t hash;

	if (fstat(fd, &st) < 0 || path_of(fd, &st, path, sizeof(path)) < 0)
		return;
	hash = hash_of(path);
	file = find(watch, path, hash) ?: make(watch, path, hash, st.st_uid);
	if (!file)
		return;
	/* Another cgroup of this file may have read an older content, and be unreported yet. */
	if (!file->n || (file->n == 1 && file->id[0] == cgroup_id)) {
		file->stamp = file_stamp_of(&st);
		if (file_stamp_is_fresh(&file->stamp))
			file->stamp = (struct file_stamp){0};
	}
	add_id(file, cgroup_id);
}

/* Has this user had its share? If not, this file uses it. */
static bool user_rests(struct state_watch *watch, uint32_t uid, off_t size, uint64_t now_ns)
{
	uint64_t *next = &watch->user_next_ns[uid % 16];

	if (!uid)
		return false;
	if (now_ns < *next)
		return true;
	*next = now_ns + USER_REST_NS * (1 + (uint64_t)size / USER_REST_FROM);
	return false;
}

static void compare(struct state_watch *watch, uint64_t now_ns)
{
	for (size_t i = watch->n; i-- > 0;) {
		struct watched_file *file = &watch->file[i];
		struct file_stamp stamp;
		struct stat st;

		if (fstatat(AT_FDCWD, file->path, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT)) {
			if (errno == ENOENT || errno == ENOTDIR)
				drop(watch, i); /* its containers were removed */
			continue;
		}
		stamp = file_stamp_of(&st);
		if (file_stamp_same(&stamp, &file->stamp) ||
		    user_rests(watch, file->uid, st.st_size, now_ns))
			continue;
		file->stamp = file_stamp_is_fresh(&stamp) ? (struct file_stamp){0} : stamp;
		file->unreported = file->n;
	}
}

size_t state_watch_changed(struct state_watch *watch, bool rest,
			   bool (*alive)(uint64_t cgroup_id, void *arg), void *arg,
			   uint64_t *ret_ids, size_t most)
{
	size_t n = 0;

	if (!rest)
		compare(watch, clock_mono_ns());
	for (size_t i = 0; i < watch->n && n < most; i++) {
		struct watched_file *file = &watch->file[i];

		while (file->unreported && n < most) {
			uint32_t at = --file->unreported;

			if (alive(file->id[at], arg))
				ret_ids[n++] = file->id[at];
			else
				drop_id(file, at);
		}
	}
	return n;
}

void state_watch_done(struct state_watch *watch)
{
	while (watch->n)
		drop(watch, watch->n - 1);
	free(watch->file);
	*watch = (struct state_watch){0};
}
