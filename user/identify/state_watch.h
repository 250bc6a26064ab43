/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Which state files have changed since they were passed to the parser: a rename, `docker update`, new labels. One stat for
 * each file and check. inotify was considered: it costs nothing while nothing changes, but reports nothing on several file
 * systems, and a queue that overflows needs this comparison all the same. Opener only; reads no file.
 */
#ifndef HEADROOM_IDENTIFY_STATE_WATCH_H
#define HEADROOM_IDENTIFY_STATE_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WATCH_FILES      16384 /* at most; a quarter of them may be of users other than root */
#define WATCH_FILES_USER 512   /* of one user */
#define WATCH_IDS \
	1024 /* cgroups of one file at most (Podman has one file for all its containers) */

struct watched_file;
struct state_watch {
	struct watched_file *file;
	size_t n, space, of_users;
	uint64_t user_next_ns[16]; /* by uid: until then its files are left alone */
};

/* Remembers the file behind fd for this cgroup. What does not fit is not watched. */
void state_watch_add(struct state_watch *watch, uint64_t cgroup_id, int fd);
/* Compares all files (`rest`: none; only what the last call had no room for). The ids of up to `most` cgroups with a file
 * that changed; alive() tells whether one still exists. */
size_t state_watch_changed(struct state_watch *watch, bool rest,
			   bool (*alive)(uint64_t cgroup_id, void *arg), void *arg,
			   uint64_t *ret_ids, size_t most);
void state_watch_done(struct state_watch *watch);

#endif
