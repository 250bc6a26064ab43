/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Settings of the interactive monitor: columns, order, tree, colours, mouse. One YAML file, $XDG_CONFIG_HOME/headroom/top.yaml.
 * A file that is broken, or holds an unknown setting, is reported in one line, used as far as it is understood, and never
 * overwritten.
 *
 *	settings_load(&settings, &top, error);	// "" or a line for the user
 *	settings_save(&settings, &top);		// now and then, and at the end: writes changes
 */
#ifndef HEADROOM_TUI_SETTINGS_H
#define HEADROOM_TUI_SETTINGS_H

#include <limits.h>
#include "top.h"

#define SETTINGS_ERROR 128
#define SETTINGS_TEXT  2048

struct settings {
	char path[PATH_MAX];         /* "": none */
	bool ours;                   /* may be written */
	char written[SETTINGS_TEXT]; /* its content, as this version would write it */
};

/* Below $XDG_CONFIG_HOME, else ~/.config. Only in a folder that belongs to the effective user: under sudo, which may keep
 * another user's environment, root's own home. 0 or -ENOENT. */
int settings_path(char path[PATH_MAX]);

/* settings->path must be set, or "". */
void settings_load(struct settings *settings, struct top *top, char error[SETTINGS_ERROR]);
/* 0, or -errno of the first failure; it is not tried again then. */
int settings_save(struct settings *settings, const struct top *top);

#endif
