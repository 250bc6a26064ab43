/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The part `export:` of the configuration file. */
#ifndef HEADROOM_EXPORT_CONFIG_H
#define HEADROOM_EXPORT_CONFIG_H

#include "export.h"

/* Fills e (zeroed) from the file; ignores all keys but `export:`, which belong to the daemon. 0; -EINVAL and the line in
 * error; other -errno. Call exporter_done() in any case. */
int export_config_load(const char *path, struct exporter *e, char error[EXPORT_ERROR]);
/* Adds a sink with its defaults. 0 or -ENOMEM. */
int export_config_add(struct exporter *e, const struct sink_type *type);

#endif
