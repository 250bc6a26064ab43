/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Files that a privileged process writes where others may have write permission too. On the way to
 * the file a symbolic link is followed only if it belongs to root or to the caller, and the file itself
 * is never one: a link that another user planted leads nowhere. Any thread.
 */
#ifndef HEADROOM_SAFE_FILE_H
#define HEADROOM_SAFE_FILE_H

#include <limits.h>
#include <sys/types.h>

/* A descriptor (O_PATH) of the directory that holds path; *ret_name is the file's name, inside path. -ELOOP:
 * a link of another user is on the way. -EINVAL: path has no file name. */
int safe_dir(const char *path, const char **ret_name);

/* openat() in that directory, with O_NOFOLLOW, O_CLOEXEC and O_NONBLOCK added. With O_CREAT only a file
 * of the caller, of root or of the directory's owner, without a second name: else -EPERM. */
int safe_open(const char *path, int flags, mode_t mode);

/* A file that appears as a whole: written under a temporary name beside it, and renamed. */
struct safe_file {
	int fd, dir_fd; /* -1: none */
	char name[NAME_MAX + 1], temporary[NAME_MAX + 1];
};

/* 0 or -errno; then end with commit or abort. */
int safe_file_begin(const char *path, mode_t mode, struct safe_file *ret_file);
/* Closes the descriptor too. 0 or -errno: then nothing is left of the file. */
int safe_file_commit(struct safe_file *file);
void safe_file_abort(struct safe_file *file);

#endif
