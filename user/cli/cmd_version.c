// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* headroom version: version and build information. */
#include <bpf/libbpf.h>
#include <ncurses.h>

#include "cli.h"
#include "json/json.h"

struct version_options {
	bool json;
};

static int run(const void *values, char **arguments)
{
	const struct version_options *options = values;

	if (options->json)
		printf("{\"schema\":\"headroom.version/"
		       "1\",\"version\":\"%s\",\"board_version\":%u,\"libbpf\":\"%s\"}\n",
		       HEADROOM_VERSION, HR_BOARD_VERSION, libbpf_version_string());
	else
		printf("headroom %s\nboard %u\nlibbpf %s\njansson %s\n%s\n"
		       "license BSD-2-Clause OR GPL-2.0-only\n",
		       HEADROOM_VERSION, HR_BOARD_VERSION, libbpf_version_string(),
		       jansson_version_str(), curses_version());
	return CLI_DONE;
}

static const struct option_spec specs[] = {
	OPTION_FLAG("json", struct version_options, json, "print one JSON document"),
	{0},
};

const struct command command_version = {
	.name = "version",
	.arguments = "",
	.summary = "Print version and build information",
	.options = specs,
	.options_bytes = sizeof(struct version_options),
	.run = run,
};
