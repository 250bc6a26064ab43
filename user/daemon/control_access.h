/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Which users may use the control socket. The kernel refuses all others when they connect: the socket has mode 0600 and an ACL
 * with the users and groups of `control: allow`. Where the file system has no ACLs it is 0666, and the daemon refuses them by
 * their credentials, as it does with each request after its permission has ended. Caller: the loop.
 */
#ifndef HEADROOM_DAEMON_CONTROL_ACCESS_H
#define HEADROOM_DAEMON_CONTROL_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "policy/config.h"

#define CONTROL_PEER_GROUPS 4096

struct control_peer { /* as it was when it connected (SO_PEERCRED, SO_PEERGROUPS) */
	uint32_t uid, gid;
	uint32_t groups;
	gid_t group[CONTROL_PEER_GROUPS];
};

/* 0 or -errno. Uids of another user namespace are those of this one, or the overflow uid where it has none for them. */
int control_peer_read(int fd, struct control_peer *ret_peer);
/* Root, and what the list names. unmapped: this process is in another user namespace than the initial one, so that the
 * overflow ids stand for many users and are never allowed. */
bool control_peer_allowed(const struct control_peer *peer, const struct config_allow *allow,
			  uint32_t allows, bool unmapped);

/* Where the socket is: its directory, which exists then, is ours, and may be entered by the users that are allowed; and the
 * path at which readers find it: the socket, or a symbolic link to it. */
struct control_place {
	int dir_fd;
	char dir[128], name[64];
	char path[128];
	bool apart; /* in a directory of its own: path is a symbolic link to it */
};
/* 0; or -errno, and the directory that was tried. -EPERM: it belongs to another user. */
int control_place_open(const char *board, struct control_place *ret_place);
/* Gives the socket, and the directory where that is its own, the permissions of this list. 0 or -errno. */
int control_place_permit(const struct control_place *place, const struct config_allow *allow,
			 uint32_t allows);
/* Makes the link, over what was there. 0 or -errno. */
int control_place_link(const struct control_place *place);
void control_place_remove(struct control_place *place);

/* The ACL as the kernel takes it (system.posix_acl_access): its length, 0: it does not fit. For the tests. */
size_t control_acl(const struct config_allow *allow, uint32_t allows, void *to, size_t space);

#endif
