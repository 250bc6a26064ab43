// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* headroom export: done by a program of its own (user/export/headroom-export.c). */
#include "cli.h"

const struct command command_export = {
	.name = "export",
	.summary = "figures and events to Prometheus, files and other tools",
	.program = "headroom-export",
};
