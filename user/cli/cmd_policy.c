// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* headroom policy: the list of its subcommands. */
#include "cmd_policy.h"

static const struct command *const parts[] = {
	&policy_check, &policy_test, &policy_import, &policy_init, NULL,
};

const struct command command_policy = {
	.name = "policy",
	.arguments = "check|test|import|init",
	.summary = "Check, test, import or write policies",
	.parts = parts,
};
