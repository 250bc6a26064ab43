// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * nohang.conf as policies. Lines that begin with #, a space or a tab are comments; lines with @ may occur several times. Below the soft threshold nohang
 * sends SIGTERM, and SIGKILL if that took too long; below the hard one SIGKILL; to the process with the highest badness.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy_import_internal.h"
#include "shell_words.h"

#define SETTINGS_MOST 64 /* nohang has 45 */

struct nohang {
	struct import *im;
	char soft[32], hard[32], warning[32]; /* sizes or shares; "": none given */
	struct place warning_at, warning_exe_at;
	char *warning_exe;
	bool warnings;
	double soft_exit_s;
	struct globs prefer;
	size_t policies, settings;
	struct {
		char key[40];
		size_t line;
	} seen[SETTINGS_MOST];
	size_t n_seen;
};

/* "5 %" or "100 M" as a size or share; false: neither. */
static bool amount(const char *text, char ret[32])
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || !(value >= 0) || value > 1e9)
		return false;
	end += strspn(end, " \t");
	if (!strcmp(end, "%") && value <= 100)
		snprintf(ret, 32, "%g%%",
			 value < 0.1  ? 0.1
			 : value > 99 ? 99
				      : (double)(long)(value * 10) / 10);
	else if (!strcmp(end, "M"))
		snprintf(ret, 32, "%.0fKiB", value * 1024 < 4 ? 4 : value * 1024);
	else
		return false;
	return true;
}

/* ---- settings that are no thresholds ---- */

static const struct {
	const char *key, *reason;
} reasons[] = {
	{"soft_threshold_min_swap", "no condition is on swap"},
	{"hard_threshold_min_swap", "no condition is on swap"},
	{"warning_threshold_min_swap", "no condition is on swap"},
	{"soft_threshold_max_zram",
	 "no condition is on zram; what it takes of the memory counts in host_available"},
	{"hard_threshold_max_zram",
	 "no condition is on zram; what it takes of the memory counts in host_available"},
	{"warning_threshold_max_zram",
	 "no condition is on zram; what it takes of the memory counts in host_available"},
	{"zram_", "no condition is on zram; what it takes of the memory counts in host_available"},
	{"soft_threshold_max_psi",
	 "no condition is on the host's stalls; full_avg10 and some_avg10 are of a target"},
	{"hard_threshold_max_psi",
	 "no condition is on the host's stalls; full_avg10 and some_avg10 are of a target"},
	{"warning_threshold_max_psi",
	 "no condition is on the host's stalls; full_avg10 and some_avg10 are of a target"},
	{"psi_", "no condition is on the host's stalls; full_avg10 and some_avg10 are of a target"},
	{"fill_rate_", "headroomd chooses its interval by itself"},
	{"max_sleep", "headroomd chooses its interval by itself"},
	{"min_sleep", "headroomd chooses its interval by itself"},
	{"over_sleep", "headroomd chooses its interval by itself"},
	{"post_action_gui_notifications",
	 "no desktop notification; {notify: {run: [CMD]}} runs a command"},
	{"hide_corrective_action_type", "no desktop notification"},
	{"min_post_warning_delay", "the policy's cooldown"},
	{"env_cache_time", "no desktop notification"},
	{"min_badness", "what cannot help comes last by itself"},
	{"post_soft_action_delay", "headroom checks what an action freed before the next"},
	{"post_zombie_delay", "headroom checks what an action freed before the next"},
	{"victim_cache_time", "how nohang looks for a victim"},
	{"exe_timeout", "commands end after 30s"},
	{"print_", "what nohang prints"},
	{"debug_", "what nohang prints"},
	{"min_mem_report_interval", "what nohang prints"},
	{"extra_table_info", "what nohang prints"},
	{"max_victim_ancestry_depth", "what nohang prints"},
	{"separate_log", "what nohang prints"},
	{"ignore_positive_oom_score_adj", "growth and size decide, not the score"},
};

static const char *reason_of(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
		if (!strncmp(key, reasons[i].key, strlen(reasons[i].key)))
			return reasons[i].reason;
	return NULL;
}

static void set_amount(struct import_source *s, size_t line, const char *value, char to[32],
		       const char *what)
{
	if (amount(value, to))
		line_taken(s, line, "host_available %s of %s", to, what);
	else
		line_left(s, line, "no share or size in M: nohang refuses it");
}

/* nohang refuses a key that is set twice; here the last one counts. */
static void say_again(struct nohang *n, struct import_source *s, size_t line, const char *key)
{
	size_t i = 0;

	while (i < n->n_seen && strcmp(n->seen[i].key, key) != 0)
		i++;
	if (i < n->n_seen)
		line_left(s, n->seen[i].line, "set again in line %zu: nohang refuses it", line);
	if (i == SETTINGS_MOST || strlen(key) >= sizeof(n->seen->key))
		return;
	snprintf(n->seen[i].key, sizeof(n->seen->key), "%s", key);
	n->seen[i].line = line;
	n->n_seen += i == n->n_seen;
}

static void soft_exit_time(struct nohang *n, struct import_source *s, size_t line,
			   const char *value)
{
	char *end;
	double seconds = strtod(value, &end);

	if (end == value || *end || !(seconds >= 0.1)) {
		line_left(s, line, "no number of at least 0.1: nohang refuses it; 10 s instead");
		return;
	}
	n->soft_exit_s = seconds > 600 ? 600 : seconds;
	line_taken(s, line, "the grace period of term%s", seconds > 600 ? ", at most 10m" : "");
}

static void setting(struct nohang *n, struct import_source *s, size_t line, const char *key,
		    const char *value)
{
	bool empty = !*value;

	n->settings++;
	say_again(n, s, line, key);
	if (!strcmp(key, "soft_threshold_min_mem")) {
		set_amount(s, line, value, n->soft, "nohang-soft");
	} else if (!strcmp(key, "hard_threshold_min_mem")) {
		set_amount(s, line, value, n->hard, "nohang-hard");
	} else if (!strcmp(key, "warning_threshold_min_mem")) {
		if (!amount(value, n->warning))
			line_left(s, line, "no share or size in M: nohang refuses it");
		n->warning_at = (struct place){s, line};
	} else if (!strcmp(key, "low_memory_warnings_enabled")) {
		n->warnings = !strcmp(value, "True");
		line_taken(s, line, n->warnings ? "policy nohang-warning" : "no warnings");
	} else if (!strcmp(key, "warning_exe") && !empty) {
		free(n->warning_exe);
		n->warning_exe = strdup(value);
		n->warning_exe_at = (struct place){s, line};
	} else if (!strcmp(key, "max_soft_exit_time")) {
		soft_exit_time(n, s, line, value);
	} else if (!strcmp(key, "warning_exe") || (!strcmp(key, "post_kill_exe") && empty)) {
		line_left(s, line, "no command");
	} else if (!strcmp(key, "post_kill_exe")) {
		line_left(s, line,
			  "on_exit: {run: [CMD]} of a policy runs a command afterwards; nohang's "
			  "placeholders differ");
	} else if (reason_of(key)) {
		line_left(s, line, "%s", reason_of(key));
	} else {
		line_left(s, line, "no setting of nohang that is known here");
		n->settings--;
	}
}

/* ---- @ lines ---- */

static void add_prefer(struct nohang *n, struct import_source *s, size_t line, const char *what,
		       const char *regex)
{
	struct globs globs = {0};

	if (regex_globs(regex, REGEX_COMM, &globs)) {
		line_left(s, line, "%s: %s; growth and size decide", what, globs.how);
		return;
	}
	for (size_t i = 0; i < globs.n; i++) {
		char **more = reallocarray(n->prefer.glob, n->prefer.n + 1, sizeof(*more));

		if (!more)
			break;
		n->prefer.glob = more;
		n->prefer.glob[n->prefer.n++] = strdup(globs.glob[i]);
	}
	line_taken(s, line, "policies nohang-prefer-hard and nohang-prefer-soft%s%s",
		   *globs.how ? "; " : "", globs.how);
	globs_free(&globs);
}

enum by { BY_NAME, BY_CGROUP, BY_REALPATH, BY_OTHER };

/* What nohang reads of a process, behind @BADNESS_ADJ_RE_. */
static const struct {
	const char *key;
	enum by by;
	const char *what;
} badness_keys[] = {
	{"NAME", BY_NAME, "name"},
	{"CGROUP_V1", BY_CGROUP, "cgroup"},
	{"CGROUP_V2", BY_CGROUP, "cgroup"},
	{"REALPATH", BY_REALPATH, "program's path"},
	{"UID", BY_OTHER, "user"},
	{"CWD", BY_OTHER, "working directory"},
	{"CMDLINE", BY_OTHER, "command line"},
	{"ENVIRON", BY_OTHER, "environment"},
};

static void badness(struct nohang *n, struct import_source *s, size_t line, const char *key,
		    const char *adjust, const char *regex)
{
	char *end;
	long value = strtol(adjust, &end, 10);
	size_t i = 0;

	while (i < ARRAY_SIZE(badness_keys) &&
	       strcmp(key + strlen("@BADNESS_ADJ_RE_"), badness_keys[i].key) != 0)
		i++;
	if (i == ARRAY_SIZE(badness_keys)) {
		line_lost(n->im, s, line, "%s is not known here", key);
		return;
	}
	if (end == adjust || end[strspn(end, " \t")]) {
		line_lost(n->im, s, line, "%s: '%s' is no number", key, adjust);
		return;
	}
	if (value < 0)
		import_note(n->im, "A badness below 0: nohang takes these later; what is protected "
				   "here is never taken. Names of processes protect no container.");
	if (value < 0 && badness_keys[i].by == BY_NAME)
		import_protect_regex(n->im, s, line, key, regex, "process:", REGEX_COMM);
	else if (value < 0 && badness_keys[i].by == BY_CGROUP)
		import_protect_regex(n->im, s, line, key, regex, "cgroup:", REGEX_PATH);
	else if (value < 0 && badness_keys[i].by == BY_REALPATH)
		import_protect_paths(n->im, s, line, key, regex);
	else if (value < 0)
		line_lost(n->im, s, line,
			  "%s: processes can't be protected by their %s; name below protect what "
			  "must stay",
			  key, badness_keys[i].what);
	else if (value > 0 && badness_keys[i].by == BY_NAME)
		add_prefer(n, s, line, key, regex);
	else
		line_left(s, line, "%s",
			  value ? "no policy prefers targets by this; growth and size decide"
				: "0 changes nothing");
}

/* A word of a command with its variable as a placeholder; NULL: it needs a shell, or what the target does not have. */
static const char *command_word(const char *word, bool of_process)
{
	static const struct {
		const char *variable, *placeholder;
		bool process;
	} variables[] = {
		{"$PID", "{pid}", true}, {"$NAME", "{name}", false}, {"$SERVICE", "{unit}", false}};

	for (size_t i = 0; i < ARRAY_SIZE(variables); i++)
		if (!strcmp(word, variables[i].variable))
			return of_process && !variables[i].process ? NULL
								   : variables[i].placeholder;
	return strpbrk(word, "${}") || strlen(word) > 1000 ? NULL : word;
}

static bool is_command(const struct words *words, bool of_process)
{
	for (size_t i = 0; i < words->n; i++)
		if (!command_word(words->word[i], of_process))
			return false;
	return words->n && words->n <= 16 && *words->word[0] && *words->word[0] != '$';
}

/* A soft action of its own: a command instead of a signal. */
static void soft_action(struct nohang *n, struct import_source *s, size_t line, const char *key,
			const char *regex, const char *command)
{
	bool name = !strcmp(key, "@SOFT_ACTION_RE_NAME");
	FILE *out;
	struct globs globs = {0};
	struct words words = {0};

	if (strpbrk(command, ";|&<>`()") || shell_split(command, &words) ||
	    !is_command(&words, name)) {
		line_left(s, line,
			  "needs a shell, or what a process group does not have: put it into a "
			  "script and name that below notify: {run: […]}");
	} else if (regex_globs(regex, name ? REGEX_COMM : REGEX_PATH, &globs)) {
		line_left(s, line, "%s", globs.how);
	} else {
		char policy[40];

		snprintf(policy, sizeof(policy), "nohang-soft-action-%zu", n->policies + 1);
		out = import_policy(n->im, policy);
		fprintf(out, "  - name: nohang-soft-action-%zu\n    priority: 2\n    match: {%s: [",
			++n->policies, name ? "scope: host_processes, process" : "cgroup");
		for (size_t i = 0; i < globs.n; i++) {
			fputs(i ? ", " : "", out);
			import_quoted(out, "", globs.glob[i]);
			import_target(n->im, name ? "process:" : "cgroup:", globs.glob[i]);
		}
		fprintf(out, "]}\n    when: {host_available: %s}\n    actions: [{notify: {run: [",
			*n->soft ? n->soft : "5%");
		for (size_t i = 0; i < words.n; i++) {
			fputs(i ? ", " : "", out);
			import_quoted(out, "", command_word(words.word[i], name));
		}
		fputs("], run_as: root}}]\n", out); /* as nohang ran it */
		line_taken(s, line, "policy nohang-soft-action-%zu%s%s", n->policies,
			   *globs.how ? "; " : "", globs.how);
	}
	globs_free(&globs);
	words_free(&words);
}

static void at_line(struct nohang *n, struct import_source *s, size_t line, char *text)
{
	char *parts = strstr(text, "///"), *key = text, *first = text + strcspn(text, " \t");
	bool guards = strstr(text, "BADNESS") || strstr(text, "AVOID") || strstr(text, "IGNORE");

	if (!strncmp(text, "@check_kmsg", 11) || !strncmp(text, "@debug_kmsg", 11)) {
		n->settings++;
		line_left(s, line, "headroomd reads the kernel's OOM kills by itself");
	} else if (!parts) {
		if (guards)
			line_lost(n->im, s, line, "no /// in it: nohang refuses it");
		else
			line_left(s, line, "no /// in it: nohang refuses it");
	}
	if (!parts)
		return;
	*parts = 0;
	if (*first)
		*first++ = 0;
	n->settings++;
	if (!strncmp(key, "@BADNESS_ADJ_RE_", 16))
		badness(n, s, line, key, text_trim(first), text_trim(parts + 3));
	else if (!strncmp(key, "@SOFT_ACTION_RE_", 16))
		soft_action(n, s, line, key, text_trim(first), text_trim(parts + 3));
	else if (guards)
		line_lost(n->im, s, line, "%s is not known here", key);
	else
		line_left(s, line, "%s is not known here", key);
}

/* ---- the file ---- */

/* Lines with @ in a second pass: their policies need the thresholds. */
static void one_line(struct nohang *n, struct import_source *s, size_t line, bool at)
{
	_cleanup_free_ char *text = strdup(source_line(s, line));
	char *equals;

	if (!text)
		return;
	if (!*text || strchr("# \t", *text)) {
		line_empty(s, line);
		return;
	}
	if (at || *text == '@') {
		if (at && *text == '@')
			at_line(n, s, line, text);
		return;
	}
	equals = strchr(text, '=');
	if (!equals) {
		line_left(s, line, "no setting: nohang refuses it");
		return;
	}
	*equals = 0;
	setting(n, s, line, text_trim(text), text_trim(equals + 1));
}

static void write_warning(struct nohang *n)
{
	FILE *out;
	const struct place *exe = &n->warning_exe_at, *at = &n->warning_at;
	struct words words = {0};

	if (exe->s &&
	    (!n->warnings || shell_split(n->warning_exe, &words) || !is_command(&words, true))) {
		line_left(exe->s, exe->line,
			  n->warnings ? "needs a shell: put it into a script" : "warnings are off");
		words_free(&words);
	} else if (exe->s) {
		line_taken(exe->s, exe->line, "notify of nohang-warning");
	}
	if (at->s && !n->warnings)
		line_left(at->s, at->line, "warnings are off");
	if (n->warnings) {
		if (at->s && *n->warning)
			line_taken(at->s, at->line, "host_available of nohang-warning");
		out = import_policy(n->im, "nohang-warning");
		fprintf(out,
			"  - name: nohang-warning\n    priority: -1\n    when: {host_available: "
			"%s}\n    actions: [",
			*n->warning ? n->warning : "20%");
		fputs(words.n ? "{notify: {run: [" : "notify", out);
		for (size_t i = 0; i < words.n; i++) {
			fputs(i ? ", " : "", out);
			import_quoted(out, "", words.word[i]);
		}
		fputs(words.n ? "], run_as: root}}]\n" : "]\n", out);
	}
	words_free(&words);
}

static void write_policies(struct nohang *n)
{
	const char *soft = *n->soft ? n->soft : "5%", *hard = *n->hard ? n->hard : "2%";
	FILE *out;

	if (n->prefer.n)
		import_host_policy(n->im, &(struct host_policy){.name = "nohang-prefer-hard",
								.amount = hard,
								.kill = true,
								.largest = true,
								.priority = 4,
								.prefer = &n->prefer});
	import_host_policy(n->im, &(struct host_policy){.name = "nohang-hard",
							.amount = hard,
							.kill = true,
							.largest = true,
							.priority = 3});
	if (n->prefer.n)
		import_host_policy(n->im, &(struct host_policy){.name = "nohang-prefer-soft",
								.amount = soft,
								.priority = 1,
								.prefer = &n->prefer});
	out = import_policy(n->im, "nohang-soft");
	fprintf(out,
		"  - name: nohang-soft\n    when: {host_available: %s}\n    actions: [notify, "
		"{term: %.0fms}, {kill: largest}]\n",
		soft, n->soft_exit_s * 1000);
	write_warning(n);
}

int import_nohang(struct import *im, const char *path)
{
	struct nohang n = {.im = im, .soft_exit_s = 10};
	struct import_source *s;
	int e = import_read(im, path, &s);

	if (e)
		return e;
	for (size_t pass = 0; pass < 2; pass++)
		for (size_t i = 1; i <= source_lines(s); i++)
			one_line(&n, s, i, pass);
	if (n.settings) {
		if (!*n.soft || !*n.hard)
			import_note(im,
				    "%s is not set, or to no value; here it is %s, as in the "
				    "nohang.conf that nohang installs.",
				    *n.soft ? "hard_threshold_min_mem" : "soft_threshold_min_mem",
				    *n.soft ? "2%" : "5%");
		import_note(
			im,
			"Swap, zram and the host's stalls: nohang acts where memory and swap are "
			"short, or one of the others alone; host_available asks for memory alone.");
		if (n.prefer.n)
			import_note(im, "A badness above 0: these come first if one of them holds "
					"64 MiB, in policies of their own.");
		write_policies(&n);
	}
	free(n.warning_exe);
	globs_free(&n.prefer);
	return n.settings ? 0 : -ENODATA;
}
