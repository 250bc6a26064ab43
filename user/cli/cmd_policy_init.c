// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* headroom policy init: a first configuration for this host, in dry-run. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/read_full.h"
#include "base/safe_file.h"
#include "base/utf8_clean.h"
#include "cmd_policy.h"
#include "policy_init.h"

struct init_options {
	const char *root, *output;
};

/* Where the host's files are; without the slashes at the end. 0 or an exit status. */
static int take_root(const char *text, char root[PATH_MAX])
{
	size_t n = text ? strlen(text) : 0;
	char clean[256];
	struct stat st;

	while (n && text[n - 1] == '/')
		n--;
	if (n >= PATH_MAX - NAME_MAX)
		errno = ENAMETOOLONG;
	else if (!text || (*text && !stat(text, &st) && S_ISDIR(st.st_mode))) {
		snprintf(root, PATH_MAX, "%.*s", (int)n, text ? text : "");
		return CLI_DONE;
	} else if (!*text || !stat(text, &st)) {
		errno = ENOTDIR;
	}
	log_error("policy init: --root %s: %s; expected where the host's files are mounted",
		  text_clean(text, SIZE_MAX, clean, sizeof(clean)), strerror(errno));
	return CLI_USAGE;
}

/* Never over a file that is there. */
static int write_file(const char *path, const char *text, size_t bytes)
{
	int fd = safe_open(path, O_WRONLY | O_CREAT | O_EXCL, 0644),
	    err = fd < 0 ? fd : whole_write(fd, text, bytes);
	char clean[256];

	text_clean(path, SIZE_MAX, clean, sizeof(clean));
	if (fd >= 0 && close(fd) && !err)
		err = -errno;
	if (err && fd >= 0)
		unlink(path);
	if (err) {
		log_error("policy init: %s: %s%s", clean, strerror(-err),
			  err == -EEXIST ? "; it is left as it is: expected a new file" : "");
		return err == -EACCES || err == -EPERM ? CLI_NOT_PERMITTED : CLI_FAILED;
	}
	printf("%s: written, mode dry-run; nothing is ended. Next: headroom policy check %s\n",
	       clean, clean);
	return CLI_DONE;
}

static int run(const void *values, char **arguments)
{
	const struct init_options *o = values;
	const struct init_profile *profile = init_profiles;
	_cleanup_free_ char *text = NULL;
	struct init_host host = {0};
	char root[PATH_MAX], clean[256];
	size_t bytes;
	FILE *out;
	int r;

	while (profile->word && strcmp(profile->word, arguments[0]) != 0)
		profile++;
	if (!profile->word) {
		log_error("policy init: '%s': choose from small-host, container-host, "
			  "kubernetes-node, ci-runner, desktop",
			  text_clean(arguments[0], SIZE_MAX, clean, sizeof(clean)));
		return CLI_USAGE;
	}
	confine_now();
	r = take_root(o->root, root);
	if (r)
		return r;
	r = init_host_look(root, &host);
	out = r ? NULL : open_memstream(&text, &bytes);
	if (out)
		init_write(profile, &host, out);
	init_host_free(&host);
	if (!out || fclose(out)) {
		log_error("policy init: out of memory");
		return CLI_FAILED;
	}
	if (!policy_is_valid("policy init", text, bytes))
		return CLI_FAILED;
	if (o->output)
		return write_file(o->output, text, bytes);
	fputs(text, stdout);
	return CLI_DONE;
}

static const struct option_spec specs[] = {
	{.name = "output",
	 .argument = "FILE",
	 .parse = option_text,
	 .offset = offsetof(struct init_options, output),
	 .help = "new file (also -o; default: standard output)",
	 .wants = "a path"},
	{.name = "root",
	 .argument = "DIR",
	 .parse = option_text,
	 .offset = offsetof(struct init_options, root),
	 .help = "where the host's files are mounted",
	 .wants = "a path"},
	{0},
};

const struct command policy_init = {
	.name = "policy init",
	.arguments = "small-host|container-host|kubernetes-node|ci-runner|desktop",
	.summary = "Write a first configuration for this host",
	.text = "Looks for databases, network services, container engines, CI runners, a desktop\n"
		"and swap, and prints a commented configuration for this kind of host, in mode\n"
		"dry-run, that protects what it found. Starts no program and changes nothing; a\n"
		"file that exists is never overwritten.\n",
	.arguments_needed = 1,
	.options = specs,
	.options_bytes = sizeof(struct init_options),
	.rights = COMMAND_WRITES,
	.run = run,
};
