// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * earlyoom's options as policies (earlyoom(1), versions 1.3 to 1.8). It ends the process with the highest oom_score once available memory
 * and free swap are both below a share: SIGTERM at PERCENT, by default 10 %; SIGKILL at KILL_PERCENT, by default half of that.
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy_earlyoom.h"
#include "policy_import_internal.h"

struct threshold { /* per cent, or KiB */
	bool given;
	double term, kill;
};

struct earlyoom {
	struct import *im;
	struct import_source *s;
	size_t line;
	struct threshold memory, memory_kib, swap, swap_kib;
	const char *prefer, *script;
	bool group, dry_run;
};

enum { PREFER = 256, AVOID, IGNORE, DRY_RUN, IGNORE_ROOT, BY_RSS, SYSLOG };

static const struct option options[] = {
	{"prefer", required_argument, NULL, PREFER},
	{"avoid", required_argument, NULL, AVOID},
	{"ignore", required_argument, NULL, IGNORE},
	{"dryrun", no_argument, NULL, DRY_RUN},
	{"ignore-root-user", no_argument, NULL, IGNORE_ROOT},
	{"sort-by-rss", no_argument, NULL, BY_RSS},
	{"syslog", no_argument, NULL, SYSLOG},
	{"debug", no_argument, NULL, 'd'},
	{"help", no_argument, NULL, 'h'},
	{0},
};

static void threshold(struct earlyoom *e, struct threshold *t, const char *option, double most)
{
	const char *text = optarg;
	char *end;

	*t = (struct threshold){.given = true, .term = strtod(text, &end)};
	t->kill = t->term / 2;
	if (end != text && *end == ',') {
		text = end + 1;
		t->kill = strtod(text, &end);
	}
	if (end == text || *end || !(t->term >= 0 && t->kill >= 0) || t->term > most ||
	    t->kill > most) {
		line_left(e->s, e->line,
			  "%s %s: no threshold: earlyoom refuses it; its default instead", option,
			  optarg);
		*t = (struct threshold){0};
		return;
	}
	if (t->kill > t->term) { /* as earlyoom does */
		t->term = t->kill;
		line_taken(e->s, e->line, "%s: the second value is larger and counts for both",
			   option);
	}
}

static void take_flag(struct earlyoom *e, int option, const char *word)
{
	struct import_source *s = e->s;
	size_t line = e->line;

	switch (option) {
	case 'n':
		line_left(s, line,
			  "-n: no desktop notification; {notify: {run: [CMD]}} runs a command");
		break;
	case 'i':
		line_left(s, line, "-i: without effect here and since earlyoom 1.7");
		break;
	case 'k':
		line_left(s, line, "-k: without effect since earlyoom 1.2");
		break;
	case 'd':
	case 'v':
	case 'h':
		line_left(s, line, "-%c: what earlyoom prints", option);
		break;
	case 'p':
		line_left(s, line, "-p: headroomd protects itself");
		break;
	case BY_RSS:
		line_left(s, line, "--sort-by-rss: growth and requests count before size");
		break;
	case SYSLOG:
		line_left(s, line, "--syslog: the service manager takes the log");
		break;
	case IGNORE_ROOT:
		line_lost(e->im, s, line,
			  "--ignore-root-user: processes can't be protected by their user; name "
			  "below protect what must stay");
		break;
	case '?':
		line_lost(e->im, s, line, "%s: no option of earlyoom that is known here", word);
		break;
	case ':':
		line_lost(e->im, s, line, "%s: its value is missing", word);
		break;
	default:
		break;
	}
}

static void take(struct earlyoom *e, int option, const char *word)
{
	switch (option) {
	case 'm':
		threshold(e, &e->memory, "-m", 100);
		break;
	case 'M':
		threshold(e, &e->memory_kib, "-M", 1e12);
		break;
	case 's':
		threshold(e, &e->swap, "-s", 100);
		break;
	case 'S':
		threshold(e, &e->swap_kib, "-S", 1e12);
		break;
	case 'r':
		line_left(e->s, e->line, "-r %s: how often earlyoom prints a report", optarg);
		break;
	case 'w':
		line_left(e->s, e->line,
			  "-w %s: headroom checks what an action freed before the next", optarg);
		break;
	case 'N':
		e->script = optarg;
		line_taken(e->s, e->line,
			   "-N: a command of notify, before the action instead of after it; it "
			   "gets the policy's name as its word, no EARLYOOM_PID or EARLYOOM_NAME");
		break;
	case 'P':
		e->script = e->script ? e->script : optarg;
		line_taken(e->s, e->line,
			   "-P: a command of notify; it gets the policy's name as its word, no "
			   "EARLYOOM_PID or EARLYOOM_NAME");
		break;
	case 'g':
		e->group = true;
		line_taken(e->s, e->line, "-g: kill ends the whole container or process group");
		break;
	case PREFER:
		e->prefer = optarg;
		break;
	case AVOID:
		import_protect_regex(e->im, e->s, e->line, "--avoid", optarg,
				     "process:", REGEX_COMM);
		import_note(e->im, "--avoid: earlyoom takes these last; what is protected here is "
				   "never taken. Names of processes protect no container: list "
				   "those, as name: or image:.");
		break;
	case IGNORE:
		import_protect_regex(e->im, e->s, e->line, "--ignore", optarg,
				     "process:", REGEX_COMM);
		break;
	case DRY_RUN:
		e->dry_run = true;
		line_taken(e->s, e->line, "--dryrun: mode dry-run");
		break;
	default:
		take_flag(e, option, word);
		break;
	}
}

/* ---- thresholds ---- */

/* A share of the host's memory; -M is a size, and of both the lower one counts: which one is lower depends on the host. */
static void amount(const struct earlyoom *e, bool kill, char text[32])
{
	double kib = kill ? e->memory_kib.kill : e->memory_kib.term;
	double percent = kill ? e->memory.kill : e->memory.term;

	if (e->memory_kib.given) {
		snprintf(text, 32, "%.0fKiB", kib < 4 ? 4 : kib > 1e12 ? 1e12 : kib);
		return;
	}
	if (!e->memory.given)
		percent = kill ? 5 : 10;
	percent = percent < 0.1 ? 0.1 : percent > 99 ? 99 : percent;
	snprintf(text, 32, percent == (int)percent ? "%.0f%%" : "%.1f%%", percent);
}

static void say_thresholds(struct earlyoom *e)
{
	char term[32], kill[32];

	amount(e, false, term);
	amount(e, true, kill);
	if (e->memory.given || e->memory_kib.given)
		line_taken(e->s, e->line, "%s: host_available %s and %s",
			   e->memory_kib.given ? e->memory.given ? "-m, -M" : "-M" : "-m", term,
			   kill);
	if (e->memory.given && e->memory_kib.given)
		import_note(e->im,
			    "-m and -M: earlyoom takes the lower one; here stands -M. -m is %g%% "
			    "(kill: %g%%): put that in its place where it is less.",
			    e->memory.term, e->memory.kill);
	if (e->swap.given || e->swap_kib.given)
		line_left(e->s, e->line, "-%s: no condition is on swap%s",
			  e->swap.given ? "s" : "S",
			  e->swap.given && e->swap.term >= 100 ? ", nor asks earlyoom for it at 100"
							       : "");
	if (!(e->swap.given && e->swap.term >= 100))
		import_note(e->im,
			    "Swap: earlyoom waits until free swap is short, too; host_available "
			    "asks for memory alone, and acts earlier where swap is free.");
	if (!e->group)
		import_note(e->im,
			    "earlyoom ends one process, and so does {kill: largest}; term reaches "
			    "the init of a container or the main process of a unit.");
}

static void write_policies(struct earlyoom *e)
{
	struct globs prefer = {0};
	char term[32], kill[32];

	amount(e, false, term);
	amount(e, true, kill);
	if (e->prefer && !regex_globs(e->prefer, REGEX_COMM, &prefer)) {
		import_note(e->im,
			    "--prefer '%s'%s%s: earlyoom adds 300 to their score; here they come "
			    "first if one of them holds 64 MiB, in policies of their own.",
			    e->prefer, *prefer.how ? ": " : "", prefer.how);
		line_taken(e->s, e->line,
			   "--prefer: policies earlyoom-prefer-kill and earlyoom-prefer-term");
		import_host_policy(e->im, &(struct host_policy){.name = "earlyoom-prefer-kill",
								.amount = kill,
								.kill = true,
								.largest = !e->group,
								.priority = 3,
								.prefer = &prefer,
								.run = e->script});
	} else if (e->prefer) {
		line_left(e->s, e->line, "--prefer '%s': %s; growth decides instead", e->prefer,
			  prefer.how);
	}
	import_host_policy(e->im, &(struct host_policy){.name = "earlyoom-kill",
							.amount = kill,
							.kill = true,
							.largest = !e->group,
							.priority = prefer.n ? 2 : 1,
							.run = e->script});
	if (prefer.n)
		import_host_policy(e->im, &(struct host_policy){.name = "earlyoom-prefer-term",
								.amount = term,
								.priority = 1,
								.prefer = &prefer,
								.run = e->script});
	import_host_policy(
		e->im,
		&(struct host_policy){.name = "earlyoom-term", .amount = term, .run = e->script});
	globs_free(&prefer);
}

void earlyoom_options(struct import *im, struct import_source *s, size_t line, struct words *words)
{
	struct earlyoom e = {.im = im, .s = s, .line = line};
	int option;

	optind = 0; /* glibc: start afresh */
	opterr = 0;
	while ((option = getopt_long((int)words->n, words->word,
				     ":m:s:M:S:kidvr:phnN:P:gw:", options, NULL)) != -1)
		take(&e, option, words->word[optind > 0 ? optind - 1 : 0]);
	for (size_t i = (size_t)optind; i < words->n; i++)
		line_lost(im, s, line, "'%s': no option of earlyoom; is a quote missing?",
			  words->word[i]);
	say_thresholds(&e);
	write_policies(&e);
	line_taken(s, line,
		   words->n > 1 ? "options of earlyoom" : "no options: earlyoom's defaults");
}
