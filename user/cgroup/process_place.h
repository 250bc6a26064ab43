/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the cgroup of a process says about what it belongs to, by the names that root chose (root_names.h): a service of root's is
 * one program, also where several services have the same uid (www-data); what runs below user-UID.slice, where logind puts
 * the logins and the manager of that user (systemd: pam_systemd(8)), is that user's, whatever uid it has taken: a set-user-ID
 * program of one of its subordinate uids gives it any of 65,536. Reads no file. Callers: any thread.
 */
#ifndef HEADROOM_CGROUP_PROCESS_PLACE_H
#define HEADROOM_CGROUP_PROCESS_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct process_place {
	uint32_t
		unit; /* a number of the service, or other cgroup of root's; 0: none, or a user's logins */
	uint32_t login; /* the uid of user-UID.slice; 0: not below one, or root's */
	bool mixed; /* a service in which any user's processes may be: sshd (without logind), cron, at */
};

/* `path` from the hierarchy's root, and how many bytes of it root chose (0: not known). */
struct process_place process_place_of(const char *path, size_t root_bytes);
/* The user to which the memory of a process with this uid (of its user namespace's owner) counts. Root's is root's everywhere. */
uint32_t process_place_user(const struct process_place *place, uint32_t uid);

#endif
