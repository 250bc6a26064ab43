// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * earlyoom's options as policies. It ends the process with the highest oom_score once available memory and free swap are both
 * below a share (earlyoom(1): SIGTERM at PERCENT, by default 10 %; SIGKILL at KILL_PERCENT, by default half of that).
 */
#include "policy_import.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define WORDS 64
#define TEXT  4096

struct threshold { /* as given: per cent, or KiB */
	bool given;
	double term, kill;
};

struct earlyoom {
	struct threshold memory, memory_kib, swap;
	const char *prefer, *avoid, *ignore, *script;
	bool group, dry_run, notify, ignore_root, by_rss;
	char unknown[128];
};

/* Words as a shell would have them; quotes are taken off. */
static int split(char *text, char *words[WORDS])
{
	int n = 1;
	char *to = text;

	words[0] = (char *)"earlyoom";
	for (char *at = text; *at && n < WORDS - 1;) {
		char quote = 0;

		at += strspn(at, " \t\n");
		if (!*at)
			break;
		words[n++] = to;
		for (; *at && (quote || !strchr(" \t\n", *at)); at++) {
			if (quote ? *at == quote : *at == '"' || *at == '\'')
				quote = quote ? 0 : *at;
			else
				*to++ = *at;
		}
		at += *at != 0;
		*to++ = 0;
	}
	words[n] = NULL;
	return n;
}

static struct threshold parse_threshold(const char *text)
{
	struct threshold t = {.given = true};
	char *comma;

	t.term = strtod(text, &comma);
	t.kill = *comma == ',' ? strtod(comma + 1, NULL) : t.term / 2;
	return t;
}

enum { PREFER = 256, AVOID, IGNORE, DRY_RUN, IGNORE_ROOT, BY_RSS, SYSLOG };

static void take(struct earlyoom *e, int option, const char *word)
{
	switch (option) {
	case 'm':
		e->memory = parse_threshold(optarg);
		break;
	case 'M':
		e->memory_kib = parse_threshold(optarg);
		break;
	case 's':
	case 'S':
		e->swap = parse_threshold(optarg);
		break;
	case 'N':
		e->script = optarg;
		break;
	case 'n':
		e->notify = true;
		break;
	case 'g':
		e->group = true;
		break;
	case PREFER:
		e->prefer = optarg;
		break;
	case AVOID:
		e->avoid = optarg;
		break;
	case IGNORE:
		e->ignore = optarg;
		break;
	case DRY_RUN:
		e->dry_run = true;
		break;
	case IGNORE_ROOT:
		e->ignore_root = true;
		break;
	case BY_RSS:
		e->by_rss = true;
		break;
	case '?':
	case ':':
		snprintf(e->unknown, sizeof(e->unknown), "%s", word);
		break;
	default:
		break; /* -d, -v, -p, -i, -r: how it runs and what it prints */
	}
}

static void parse(struct earlyoom *e, int n, char **words)
{
	static const struct option options[] = {
		{"prefer", required_argument, NULL, PREFER},
		{"avoid", required_argument, NULL, AVOID},
		{"ignore", required_argument, NULL, IGNORE},
		{"dryrun", no_argument, NULL, DRY_RUN},
		{"ignore-root-user", no_argument, NULL, IGNORE_ROOT},
		{"sort-by-rss", no_argument, NULL, BY_RSS},
		{"syslog", no_argument, NULL, SYSLOG},
		{0},
	};
	int option;

	optind = 0; /* glibc: start afresh */
	opterr = 0;
	while ((option = getopt_long(n, words, ":m:s:M:S:kidvr:phnN:g", options, NULL)) != -1)
		take(e, option, words[optind - 1]);
}

/* The line EARLYOOM_ARGS=…, the last one; else the whole file, such as a unit's ExecStart= or a mere command line. */
static int read_options(const char *path, char text[TEXT])
{
	_cleanup_fclose_ FILE *file = import_open(path);
	char line[TEXT];
	bool found = false;

	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		const char *at = line + strspn(line, " \t"), *args = strstr(at, "EARLYOOM_ARGS=");
		const char *run = strstr(at, "earlyoom ");

		if (*at == '#' || *at == ';')
			continue;
		if (args) {
			args += strlen("EARLYOOM_ARGS=");
			snprintf(text, TEXT, "%s", args);
			text[strcspn(text, "\n")] = 0;
			if ((*text == '"' || *text == '\'') && text[1] &&
			    text[strlen(text) - 1] == *text) {
				text[strlen(text) - 1] = 0;
				memmove(text, text + 1, strlen(text));
			}
			found = true;
		} else if (run && !found) {
			snprintf(text, TEXT, "%s", run + strlen("earlyoom "));
			found = true;
		} else if (*at == '-' && !found) {
			snprintf(text, TEXT, "%s", at);
			found = true;
		}
	}
	return found ? 0 : -ENODATA;
}

static void write_protect(FILE *out, const char *option, const char *regex, bool *begun)
{
	char globs[IMPORT_GLOBS][IMPORT_GLOB];
	size_t n = import_globs(regex, globs), most = 0;

	import_note(
		out, "%s '%s'%s", option, regex,
		n ? ""
		  : ": more than a list of names; write what it means below `protect`, as globs");
	if (n && !strcmp(option, "--avoid"))
		import_note(out, "(earlyoom takes them last; what is protected is never taken)");
	for (size_t i = 0; i < n; i++)
		if (strlen(globs[i]) > most)
			most = strlen(globs[i]);
	if (most > 15)
		import_note(out, "(the kernel cuts a process's name after 15 bytes; longer ones "
				 "never matched)");
	for (size_t i = 0; i < n; i++) {
		if (strlen(globs[i]) > 15)
			continue;
		fputs(*begun ? "" : "protect:\n", out);
		*begun = true;
		fputs("  - ", out);
		import_quoted(out, "process:", globs[i]);
		fputc('\n', out);
	}
}

static void write_amount(FILE *out, const struct earlyoom *e, bool kill)
{
	const struct threshold *t = e->memory_kib.given ? &e->memory_kib : &e->memory;
	double value = kill ? t->kill : t->term;

	if (e->memory_kib.given) {
		fprintf(out, "%.0fKiB", value < 4 ? 4 : value);
		return;
	}
	value = value < 0.1 ? 0.1 : value > 99 ? 99 : value;
	fprintf(out, value == (int)value ? "%.0f%%" : "%.1f%%", value);
}

static void write_policy(FILE *out, const struct earlyoom *e, bool kill)
{
	fprintf(out, "  - name: earlyoom-%s\n%s    when: {host_available: ", kill ? "kill" : "term",
		kill ? "    priority: 1\n" : "");
	write_amount(out, e, kill);
	fputs("}\n    actions: [", out);
	if (e->script) {
		fputs("{notify: {run: [", out);
		import_quoted(out, "", e->script);
		fputs(", '{policy}']}}", out);
	} else {
		fputs("notify", out);
	}
	fputs(!kill ? ", term]\n" : e->group ? ", kill]\n" : ", {kill: largest}]\n", out);
}

static void write_notes(FILE *out, const struct earlyoom *e)
{
	const struct {
		bool emitted;
		const char *text;
	} notes[] = {
		{!e->swap.given || e->swap.term < 100,
		 "Swap: earlyoom waits until free swap is short, too; host_available asks for "
		 "memory alone."},
		{e->memory.given && e->memory_kib.given,
		 "-m and -M: earlyoom takes the lower one; here stands -M."},
		{!e->group, "earlyoom ends one process; `kill` without `largest` ends the whole "
			    "container or job."},
		{e->prefer != NULL, "--prefer: no equivalent; the target above its request that "
				    "grows fastest comes first."},
		{e->ignore_root,
		 "--ignore-root-user: no equivalent; name under `protect` what must stay."},
		{e->by_rss, "--sort-by-rss: no equivalent; growth and requests count before size."},
		{e->notify,
		 "-n: no desktop notification; `{notify: {run: [CMD]}}` runs a command."},
		{e->script != NULL, "-N: the command gets the policy's name as its word; "
				    "EARLYOOM_PID and EARLYOOM_NAME are not set."
				    "EARLYOOM_PID and EARLYOOM_NAME."},
	};

	for (size_t i = 0; i < ARRAY_SIZE(notes); i++)
		if (notes[i].emitted)
			import_note(out, "%s", notes[i].text);
	if (*e->unknown)
		import_note(out, "%s: an option that is not known here.", e->unknown);
}

int import_earlyoom(const char *path, FILE *out)
{
	struct earlyoom e = {.memory = {.term = 10, .kill = 5}};
	char text[TEXT], given[TEXT], *words[WORDS];
	bool begun = false;
	int err = read_options(path, text);

	if (err)
		return err;
	strcpy(given, text);
	parse(&e, split(text, words), words);
	import_note(out, "earlyoom %s", given);
	write_notes(out, &e);
	import_note(out, IMPORT_RESTRAINT, "earlyoom");
	fputs(IMPORT_MODE, out);
	if (e.avoid)
		write_protect(out, "--avoid", e.avoid, &begun);
	if (e.ignore)
		write_protect(out, "--ignore", e.ignore, &begun);
	fputs("policies:\n", out);
	write_policy(out, &e, true);
	write_policy(out, &e, false);
	return 0;
}
