// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* headroom export: a separate program (user/export/headroom-export.c). */
#include "cli.h"

const struct command command_export = {
	.name = "export",
	.summary = "Export metrics and events to Prometheus, files and more",
	.program = "headroom-export",
};
