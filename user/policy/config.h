/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * /etc/headroom/headroom.yaml, compiled. Only the supervisor parses it (libyaml, for its marks); the daemon gets the
 * finished struct over fork. Errors are one line: FILE:LINE:COLUMN: what was found and what was expected.
 */
#ifndef HEADROOM_POLICY_CONFIG_H
#define HEADROOM_POLICY_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "policy.h"

#define CONFIG_DEFAULT_PATH "/etc/headroom/headroom.yaml"
#define CONFIG_ERROR        512

#define CONFIG_ALLOW 16
struct config_allow {  /* users that may request actions, besides root */
	char name[64]; /* of a user or group, or a number */
	bool group;
	uint32_t id; /* HR_UNKNOWN_U32 until config_resolve() found it */
};

struct config {
	enum policy_mode mode;
	bool mode_given; /* on the command line, which wins over the file */
	bool no_lock;    /* --no-lock: enforces beside other daemons */
	uint32_t interval_ms;
	char board[256]; /* "": the default path */
	char root[256];  /* "" or where the host's /proc and /sys are mounted */
	char scope[512]; /* "": the host */
	struct config_allow allow[CONFIG_ALLOW];
	uint32_t allows;
};

void config_init(struct config *config); /* the defaults */
/* Reads `path`. Returns 0; -ENOENT: no such file; -EINVAL and the line in error; other -errno. Fields already set by
 * the caller are overwritten only where the file names them; config is untouched on failure. *ret_set: the policies
 * compiled into one malloc'ed block (policy.h), which the caller frees; without policies it is an empty set, never NULL.
 * The caller writes its --mode into set->mode. */
int config_load(const char *path, struct config *config, struct policy_set **ret_set,
		char error[CONFIG_ERROR]);
/* The set without a file: no policies, the defaults. NULL: out of memory. */
struct policy_set *config_no_policies(void);
/* Looks up the names in allow[] (NSS: it may block and allocate; supervisor only). 0, or -ENOENT and one line: a name without
 * a user or group; its id stays unknown, the others are set. */
int config_resolve(struct config *config, char error[CONFIG_ERROR]);
int config_mode_parse(const char *word, enum policy_mode *ret_mode); /* 0 or -EINVAL */
const char *config_mode_word(enum policy_mode mode);

#endif
