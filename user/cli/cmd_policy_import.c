// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* headroom policy import: the settings of another OOM killer as a configuration, on stdout. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/read_full.h"
#include "base/utf8_clean.h"
#include "cmd_policy.h"
#include "policy/config.h"
#include "policy_import.h"

struct import_options {
	bool allow_lost;
};

static const struct {
	const char *word, *usual[6];
	int (*import)(struct import *im, const char *path);
} programs[] = {
	{"earlyoom",
	 {"/etc/default/earlyoom", "/etc/sysconfig/earlyoom", "/etc/conf.d/earlyoom",
	  "/etc/systemd/system/earlyoom.service", "/usr/lib/systemd/system/earlyoom.service"},
	 import_earlyoom},
	{"systemd-oomd", {"/"}, import_systemd_oomd},
	{"oomd", {"/etc/oomd.json", "/etc/oomd/oomd.json"}, import_oomd},
	{"nohang",
	 {"/etc/nohang/nohang-desktop.conf", "/etc/nohang/nohang.conf",
	  "/usr/share/nohang/nohang.conf"},
	 import_nohang},
};

/* The first place that exists; else the first. */
static const char *usual_path(size_t program)
{
	for (const char *const *path = programs[program].usual; *path; path++)
		if (!access(*path, F_OK))
			return *path;
	return programs[program].usual[0];
}

static int complain(size_t program, const char *path, int err)
{
	char clean[256];

	text_clean(path, SIZE_MAX, clean, sizeof(clean));
	if (err == -ENODATA)
		log_error("%s: no settings of %s: expected a path such as %s", clean,
			  programs[program].word, programs[program].usual[0]);
	else if (err == -EBADMSG)
		log_error("%s: not a text, or damaged: expected settings of %s", clean,
			  programs[program].word);
	else
		log_error("%s: %s", clean, strerror(-err));
	return err == -EACCES || err == -EPERM ? CLI_NOT_PERMITTED : CLI_USAGE;
}

static const char *clean_line(const char *text, char clean[1024])
{
	return text_clean(text, SIZE_MAX, clean, 1024);
}

static const char *without_path(const char *error, const char *path)
{
	size_t n = strlen(path);

	return strncmp(error, path, n) ? error : error + n + strspn(error + n, ": ");
}

bool policy_is_valid(const char *command, const char *text, size_t bytes)
{
	char path[64], error[CONFIG_ERROR] = "";
	struct policy_set *set = NULL;
	struct config config;
	_cleanup_close_ int fd = memfd_create("headroom.yaml", MFD_CLOEXEC);
	int err = fd < 0 ? -errno : whole_write(fd, text, bytes);

	if (!err) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		config_init(&config);
		err = config_load(path, &config, &set, error);
	}
	free(set);
	if (err)
		log_error("%s: the result is no valid configuration: %s", command,
			  *error ? without_path(error, path) : strerror(-err));
	return !err;
}

/* The whole configuration or none. */
static int print(struct import *im, bool allow_lost)
{
	_cleanup_free_ char *text = NULL;
	char clean[1024];
	const char *line;
	size_t bytes;
	FILE *out;
	int err;

	for (size_t i = 0; (line = import_warning_text(im, i)); i++)
		log_info("%s", clean_line(line, clean));
	for (size_t i = 0; (line = import_lost_text(im, i)); i++)
		log_error("%s%s", clean_line(line, clean),
			  allow_lost ? "" : " (--allow-lost-protection: import the rest)");
	if (import_lost_text(im, 0) && !allow_lost)
		return CLI_FAILED;
	out = open_memstream(&text, &bytes);
	err = out ? import_write(im, out) : -ENOMEM;
	if (out && fclose(out) && !err)
		err = -ENOMEM;
	if (err) {
		log_error("policy import: %s", strerror(-err));
		return CLI_FAILED;
	}
	if (!policy_is_valid("policy import", text, bytes))
		return CLI_FAILED;
	fputs(text, stdout);
	return CLI_DONE;
}

static int run(const void *values, char **arguments)
{
	const struct import_options *options = values;
	char clean[256], line[1024];
	struct import *im;
	const char *path;
	size_t i = 0;
	int err;

	while (i < ARRAY_SIZE(programs) && strcmp(programs[i].word, arguments[0]) != 0)
		i++;
	if (i == ARRAY_SIZE(programs)) {
		log_error("policy import: '%s': choose from earlyoom, systemd-oomd, oomd, nohang",
			  text_clean(arguments[0], SIZE_MAX, clean, sizeof(clean)));
		return CLI_USAGE;
	}
	path = arguments[1] ? arguments[1] : usual_path(i);
	im = import_new(programs[i].word);
	err = im ? programs[i].import(im, path) : -ENOMEM;
	if (err == -EBADMSG && import_warning_text(im, 0)) { /* the place of the damage */
		for (size_t k = 0; import_warning_text(im, k); k++)
			log_error("%s", clean_line(import_warning_text(im, k), line));
		err = CLI_USAGE;
	} else {
		err = err ? complain(i, path, err) : print(im, options->allow_lost);
	}
	import_free(im);
	return err;
}

static const struct option_spec specs[] = {
	OPTION_FLAG("allow-lost-protection", struct import_options, allow_lost,
		    "comments instead of an error for protections that cannot be taken over"),
	{0},
};

const struct command policy_import = {
	.name = "policy import",
	.arguments = "earlyoom|systemd-oomd|oomd|nohang [PATH]",
	.summary = "Translate settings of another OOM killer",
	.text = "PATH is earlyoom's /etc/default/earlyoom or unit, the root or a file of\n"
		"systemd-oomd's settings, oomd's JSON file or nohang's configuration; by default\n"
		"the usual place. The result has mode dry-run and lists each line of the input:\n"
		"taken, or the reason why not. A protection that cannot be taken over is an "
		"error.\n",
	.arguments_needed = 1,
	.arguments_optional = 1,
	.options = specs,
	.options_bytes = sizeof(struct import_options),
	.run = run,
};
