/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the live view remembers of its user's choices: columns, order, tree, colours, mouse. One small YAML file,
 * $XDG_CONFIG_HOME/headroom/top.yaml. Whatever stands in it, the view starts: a file that is broken, or that says what
 * this version does not know, is told of in one line, used as far as it is understood, and left alone.
 *
 *	settings_load(&prefs, &top, error);	// "" or a line for the user
 *	settings_save(&prefs, &top);		// now and then, and at the end: writes what has changed
 */
#ifndef HEADROOM_TUI_SETTINGS_H
#define HEADROOM_TUI_SETTINGS_H

#include <limits.h>
#include "top.h"

#define SETTINGS_ERROR 128
#define SETTINGS_TEXT  2048

struct settings {
	char path[PATH_MAX];         /* "": there is no place for it */
	bool ours;                   /* may be written */
	char written[SETTINGS_TEXT]; /* what stands in it, as this version would write it */
};

/* Where it is: below $XDG_CONFIG_HOME, else ~/.config. Only in a folder that belongs to the effective user: under sudo,
 * whose environment may be another's, that is root's own home. 0 or -ENOENT. */
int settings_path(char path[PATH_MAX]);

/* prefs->path is set already, or "" . */
void settings_load(struct settings *settings, struct top *top, char error[SETTINGS_ERROR]);
/* 0, or -errno of the first time that it failed; after that it is not tried again. */
int settings_save(struct settings *settings, const struct top *top);

#endif
