/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The user that a process of headroom changes to, one for each kind, so that no other process may signal or trace it: never 65534,
 * which others use. That of the name where /etc/passwd has it (the packages make them); else a number.
 *
 * The numbers are 65520 to 65533. systemd gives DynamicUser= those up to 65519 and calls these unused (docs/UIDS-GIDS.md); Debian
 * Policy 9.2.2 reserves 65000 to 65533 and gives them to none; they exist in a user namespace of 65536 ids. A number that a line of
 * /etc/passwd or /etc/group or a process has is left out.
 */
#ifndef HEADROOM_BASE_OWN_UID_H
#define HEADROOM_BASE_OWN_UID_H

#include <stdbool.h>
#include <stdint.h>

#define OWN_UID_FIRST 65520u
#define OWN_UID_LAST  65533u

enum own_uid_kind { OWN_UID_RESOLVER, OWN_UID_EXPORT, OWN_UID_RECORDER, OWN_UIDS };

struct own_uid {
	const char *name;     /* headroom-resolver */
	uint32_t first, last; /* where there is no such user */
};
extern const struct own_uid own_uids[OWN_UIDS];

/* The user of the name, in etc/passwd; not root and not 65534. */
bool own_uid_named(enum own_uid_kind kind, const char *etc, uint32_t *ret_uid, uint32_t *ret_gid);
/* Needs root, and no other thread: it forks. `etc`: "/etc". 0; -EBUSY: all numbers are in use, *ret_uid is the first one all the same;
 * another -errno. */
int own_uid_find(enum own_uid_kind kind, const char *etc, uint32_t *ret_uid, uint32_t *ret_gid);

#endif
