// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* headroom policy import: the settings of another OOM killer as a configuration, on stdout. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/utf8_clean.h"
#include "cmd_policy.h"
#include "policy_import.h"

static const struct {
	const char *word, *usual;
	int (*import)(const char *path, FILE *out);
} daemons[] = {
	{"earlyoom", "/etc/default/earlyoom", import_earlyoom},
	{"systemd-oomd", "/etc/systemd", import_oomd},
};

static int run(const void *values, char **arguments)
{
	char clean[256];
	size_t i = 0;
	int err;

	while (i < ARRAY_SIZE(daemons) && strcmp(daemons[i].word, arguments[0]) != 0)
		i++;
	if (i == ARRAY_SIZE(daemons)) {
		log_error("policy import: '%s': choose from earlyoom, systemd-oomd",
			  text_clean(arguments[0], SIZE_MAX, clean, sizeof(clean)));
		return CLI_USAGE;
	}
	err = daemons[i].import(arguments[1], stdout);
	if (!err)
		return CLI_DONE;
	text_clean(arguments[1], SIZE_MAX, clean, sizeof(clean));
	if (err == -ENODATA)
		log_error("%s: no settings of %s: expected a path such as %s", clean,
			  daemons[i].word, daemons[i].usual);
	else
		log_error("%s: %s", clean, strerror(-err));
	return err == -EACCES || err == -EPERM ? CLI_NOT_PERMITTED : CLI_USAGE;
}

static const struct option_spec specs[] = {{0}};

const struct command policy_import = {
	.name = "policy import",
	.arguments = "earlyoom|systemd-oomd FILE",
	.summary = "Translate settings of earlyoom or systemd-oomd",
	.text = "FILE is /etc/default/earlyoom or a file with earlyoom's options; or oomd.conf, a\n"
		"unit or drop-in with ManagedOOM… settings, or the folder /etc/systemd with all\n"
		"of them. A setting without an equivalent becomes a comment. The result has\n"
		"mode dry-run.\n",
	.arguments_needed = 2,
	.options = specs,
	.options_bytes = 1,
	.run = run,
};
