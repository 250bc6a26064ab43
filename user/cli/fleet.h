/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* --prometheus URL: containers of all nodes from Prometheus, in place of the local board. A headroom-export process queries it
 * and keeps a board meanwhile. */
#ifndef HEADROOM_CLI_FLEET_H
#define HEADROOM_CLI_FLEET_H

#include "cli.h"
#include "private_daemon.h"

struct fleet_options {
	const char *url, *credentials;
};

#define OPTION_FLEET(type_, field_)                                                        \
	{.name = "prometheus",                                                             \
	 .argument = "URL",                                                                \
	 .parse = option_text,                                                             \
	 .offset = offsetof(type_, field_.url),                                            \
	 .help = "the containers of all nodes that this Prometheus scrapes",               \
	 .wants = "a URL"},                                                                \
	{                                                                                  \
		.name = "credentials", .argument = "FILE", .parse = option_text,           \
		.offset = offsetof(type_, field_.credentials),                             \
		.help = "for it: a file with a token, or user:password", .wants = "a path" \
	}

/* 0, or an exit status after one error line. The caller ends the program. `board`: --board, which excludes it. `whole`: every
 * figure is there; else those that a first screen shows, and the others follow. */
int fleet_open(const char *command, const struct fleet_options *options, const char *board,
	       bool whole, struct private_daemon **ret_daemon, struct hr_reader **ret_reader);
/* `report --prometheus`: becomes `headroom-export fleet-report`. Returns only an exit status, after an error line. */
int fleet_report(const struct fleet_options *options, uint64_t since_ns, bool json);
static inline void fleet_closep(struct private_daemon **daemon) { private_daemon_end(*daemon); }

#endif
