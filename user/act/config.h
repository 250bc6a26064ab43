/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * /etc/headroom/headroom.yaml, compiled. Parsed by the supervisor only (libyaml, for its marks); the guard gets the
 * finished struct over fork. Errors are one line: FILE:LINE:COLUMN: what was found and what was expected.
 */
#ifndef HEADROOM_CONFIG_H
#define HEADROOM_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "policy.h"

#define CONFIG_DEFAULT_PATH "/etc/headroom/headroom.yaml"
#define CONFIG_ERROR 512

struct config {
	enum act_mode mode;
	bool mode_given;	/* on the command line, which wins over the file */
	uint32_t interval_ms;
	char board[256];	/* "": the default place */
	char root[256];		/* "" or the folder where the host's /proc and /sys stand */
	char scope[512];	/* "": the host */
};

void config_init(struct config *config);		/* the defaults */
/* Reads `path`. Returns 0; -ENOENT: no such file; -EINVAL and the line in error; other -errno. Fields already set by
 * the caller are overwritten only where the file names them; config is untouched on failure. */
int config_load(const char *path, struct config *config, char error[CONFIG_ERROR]);
int config_mode_parse(const char *word, enum act_mode *ret_mode);	/* 0 or -EINVAL */
const char *config_mode_word(enum act_mode mode);

#endif
