/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The user that a recorder started by root becomes: the owner of the history. What root owns there it gives to the recorder's own user
 * (base/own_uid.h), since SQLite's files belong to the user that writes them. Needs root, and no other thread.
 */
#ifndef HEADROOM_RECORDER_OWNER_H
#define HEADROOM_RECORDER_OWNER_H

#include <stdbool.h>
#include <stdint.h>

struct store_owner {
	uint32_t uid, gid;
	bool directory; /* it owns the directory, too: it needs no further right */
};

/* `path`: the history, which need not exist. `take_directory`: creates its directory where that is missing, and gives it away with the
 * files, if it is root's. `etc`: "/etc". 0; -EBUSY: as own_uid_find(); another -errno: nothing is changed. */
int store_owner_find(const char *path, bool take_directory, const char *etc,
		     struct store_owner *ret_owner);

#endif
