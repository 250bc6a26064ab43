// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* headroomd: options and configuration, then the supervisor. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "policy/config.h"
#include "supervisor.h"

static const char usage[] =
	"usage: headroomd [--config FILE] [--mode observe|dry-run|enforce] [--board PATH]\n"
	"                 [--scope host|self|pod|CGROUP] [--root DIR] [--no-lock]\n"
	"\n"
	"Measure the memory of all containers on this host, publish it on the board, and apply\n"
	"policies before the kernel's OOM killer has to act.\n"
	"\n"
	"  --config FILE   configuration (default " CONFIG_DEFAULT_PATH ", which may be missing)\n"
	"  --mode MODE     observe (default): measure and forecast; dry-run: also log the "
	"actions;\n"
	"                  enforce: take them. Overrides the configuration\n"
	"  --board PATH    board to write (default /run/headroom/board on tmpfs, else below\n"
	"                  /dev/shm)\n"
	"  --scope SCOPE   host (default), self (this process's cgroup and below), pod (the "
	"cgroup\n"
	"                  above its own, for a sidecar) or a cgroup path\n"
	"  --root DIR      mount point of the host's /proc and /sys, for a daemon in a container\n"
	"  --no-lock       enforce although another daemon does, and let others; for tests, and "
	"for\n"
	"                  policies that can never have the same targets\n"
	"  --version       print the version\n";

enum {
	OPT_CONFIG = 256,
	OPT_MODE,
	OPT_BOARD,
	OPT_SCOPE,
	OPT_ROOT,
	OPT_NO_LOCK,
	OPT_ADOPT,
	OPT_SUCCEED,
	OPT_VERSION,
	OPT_HELP
};

static const struct option options[] = {
	{"config", required_argument, NULL, OPT_CONFIG},
	{"mode", required_argument, NULL, OPT_MODE},
	{"board", required_argument, NULL, OPT_BOARD},
	{"scope", required_argument, NULL, OPT_SCOPE},
	{"root", required_argument, NULL, OPT_ROOT},
	{"no-lock", no_argument, NULL, OPT_NO_LOCK},
	{"adopt", required_argument, NULL, OPT_ADOPT},
	{"succeed", required_argument, NULL, OPT_SUCCEED},
	{"version", no_argument, NULL, OPT_VERSION},
	{"help", no_argument, NULL, OPT_HELP},
	{},
};

struct arguments {
	const char *config, *mode, *board, *scope, *root, *adopt;
	pid_t succeeds;
	bool no_lock;
};

/* -1: go on; else an exit status. */
static int read_arguments(int argc, char **argv, struct arguments *args)
{
	int option;

	opterr = 0; /* one line of its own */
	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (option) {
		case OPT_CONFIG:
			args->config = optarg;
			break;
		case OPT_MODE:
			args->mode = optarg;
			break;
		case OPT_BOARD:
			args->board = optarg;
			break;
		case OPT_SCOPE:
			args->scope = optarg;
			break;
		case OPT_ROOT:
			args->root = optarg;
			break;
		case OPT_NO_LOCK:
			args->no_lock = true;
			break;
		case OPT_ADOPT:
			args->adopt = optarg;
			break;
		case OPT_SUCCEED:
			args->succeeds = atoi(optarg);
			break;
		case OPT_VERSION:
			puts("headroomd " HEADROOM_VERSION);
			return 0;
		case OPT_HELP:
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			log_error("unknown option '%s', or its value is missing: see headroomd "
				  "--help",
				  argv[optind - 1]);
			return 2;
		}
	}
	if (optind < argc) {
		log_error("unexpected argument '%s': see headroomd --help", argv[optind]);
		return 2;
	}
	return -1;
}

static int copy(char *to, size_t bytes, const char *from, const char *what)
{
	if (!from)
		return 0;
	if (strlen(from) >= bytes) {
		log_error("%s is too long (more than %zu bytes)", what, bytes - 1);
		return 2;
	}
	strcpy(to, from);
	return 0;
}

static int apply_mode(struct config *config, const char *word)
{
	if (word && config_mode_parse(word, &config->mode)) {
		log_error("--mode %s: expected observe, dry-run or enforce", word);
		return 2;
	}
	config->mode_given = word != NULL;
	return 0;
}

static int apply_scope(struct config *config, const char *scope)
{
	if (!scope || !strcmp(scope, "host"))
		return 0;
	if (*scope != '/' && strcmp(scope, "self") && strcmp(scope, "pod")) {
		log_error(
			"--scope %s: expected host, self, pod or a cgroup path that begins with /",
			scope);
		return 2;
	}
	return copy(config->scope, sizeof(config->scope), scope, "--scope");
}

static int read_config(const struct arguments *args, const char *path, struct config *config,
		       struct rules *rules)
{
	char error[CONFIG_ERROR];
	int err = rules_load(path, config, rules, error);

	if (err == -EINVAL) {
		log_error("%s", error);
		return 2;
	}
	if (err == -ENOENT && !args->config)
		err = rules_none(config, rules);
	if (err) {
		log_error("can't read the configuration %s: %s", path, strerror(-err));
		return 2;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct arguments args = {0};
	struct rules rules = {.fd = -1};
	struct config config;
	const char *path;
	int status;

	log_name("headroomd");
	status = read_arguments(argc, argv, &args);
	if (status >= 0)
		return status;
	path = args.config ? args.config : CONFIG_DEFAULT_PATH;
	config_init(&config);
	/* The command line first: its mode overrides the file's. */
	status = apply_mode(&config, args.mode);
	if (status)
		return status;
	status = read_config(&args, path, &config, &rules);
	if (args.adopt)
		status = 0; /* the daemon has its policies; a bad file changes nothing */
	status = status ?: copy(config.board, sizeof(config.board), args.board, "--board") ?:
		 copy(config.root, sizeof(config.root), args.root, "--root") ?:
		 apply_scope(&config, args.scope);
	if (status)
		return status;
	config.no_lock = args.no_lock;
	if (!args.adopt)
		return supervisor_run(path, &config, &rules, argv, args.succeeds);
	rules_done(&rules);
	return supervisor_adopt(args.adopt, path, &config, argv);
}
