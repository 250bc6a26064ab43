/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Compiled policies from the supervisor to the daemon: a sealed memfd, which no process can change any more, mapped
 * read-only. Decides nothing and parses nothing; policy_set_verify() checks the content.
 */
#ifndef HEADROOM_DAEMON_POLICY_MEMFD_H
#define HEADROOM_DAEMON_POLICY_MEMFD_H

#include <stdbool.h>
#include <stddef.h>
#include "policy/policy.h"

struct rules {
	int fd;                       /* -1: none */
	const struct policy_set *set; /* mapped; NULL: none */
	size_t bytes;
};

/* The set in a sealed memfd. 0 or -errno. Supervisor. */
int rules_seal(const struct policy_set *set, int *ret_fd);
/* Takes the descriptor in any case. 0; -EBADMSG: not sealed, or not a valid set; other -errno. */
int rules_map(int fd, struct rules *ret_rules);
void rules_done(struct rules *rules);
/* Do both match on the same labels? */
bool rules_same_labels(const struct policy_set *a, const struct policy_set *b);

struct config;
/* Supervisor: reads configuration and policies from the file, looks up names, seals the policies. -EINVAL: one line in error; other
 * -errno (-ENOENT: there is no such file); then config and *ret_rules are untouched. */
int rules_load(const char *path, struct config *config, struct rules *ret_rules, char error[512]);
/* Supervisor: the policies without a file. 0 or -errno. */
int rules_none(const struct config *config, struct rules *ret_rules);

#endif
