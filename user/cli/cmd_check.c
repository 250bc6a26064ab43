// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * headroom check: whether this host can run the daemon, and with which signals and actions. Host features (host_checks.c),
 * then the attach plan and the actions: tried and released again, which needs root; without it, what the running daemon's
 * board says. Policies with an action that this host does not support are reported.
 */
#include <errno.h>
#include <string.h>
#include <headroom/reader.h>

#include "policy/engine.h"
#include "policy/config.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/utf8_clean.h"
#include "base/human_units.h"
#include "cli.h"
#include "enforce/enforce.h"
#include "enforce/capabilities.h"
#include "host_checks.h"
#include "process_rights.h"
#include "json/json.h"
#include "collect/collect.h"
#include "collect/trigger.h"

#define PLAN_CAPACITY 64 /* no sweep here: a small table suffices */
#define SIGNALS_MOST  32

struct check_options {
	bool json;
	const char *board, *config;
};

struct signal_row {
	char signal[32], variant[48], skipped[240];
	bool fallback;
};

struct check {
	struct finding findings[FINDINGS_MOST];
	size_t n_findings;
	struct signal_row signals[SIGNALS_MOST];
	size_t n_signals;
	struct process_rights rights[PROCESS_RIGHTS_MOST];
	size_t n_rights;
	const char *signals_from; /* "here", "guard"; NULL: unknown */
	int plan_error;           /* -errno of trying */
	bool bpf;                 /* some signal uses it */
	int status;               /* enum cli_exit */
};

static void add_signal(struct check *c, const char *signal, const char *variant,
		       const char *skipped, bool fallback)
{
	struct signal_row *row = &c->signals[c->n_signals];

	if (c->n_signals == SIGNALS_MOST)
		return;
	c->n_signals++;
	text_clean(signal, SIZE_MAX, row->signal, sizeof(row->signal));
	text_clean(variant, SIZE_MAX, row->variant, sizeof(row->variant));
	text_clean(skipped, SIZE_MAX, row->skipped, sizeof(row->skipped));
	row->fallback = fallback;
}

/* Their rows are called action_word, as on the board. */
static void try_actions(struct check *c, const struct collector *collector)
{
	struct enforce_config config = {.root = "",
					.memory_root = collect_memory_root(collector),
					.v1 = collect_layout(collector) != CGROUP_V2};
	struct enforce_support ability;
	char name[32];

	for (unsigned int i = 0; !enforce_support(&config, i, &ability); i++) {
		snprintf(name, sizeof(name), "action_%s", hr_action_kind_name(ability.kind));
		add_signal(c, name, ability.variant, ability.reason, *ability.reason);
	}
}

static void try_plan(struct check *c)
{
	struct collect_config config = {.root = "", .capacity = PLAN_CAPACITY};
	struct collect_source source;
	struct collector *collector;

	c->plan_error = collect_open(&config, &collector);
	if (c->plan_error)
		return;
	c->signals_from = "here";
	c->bpf = collect_record_fd(collector) >= 0;
	for (size_t i = 0; !collect_source(collector, i, &source); i++)
		add_signal(c, source.signal, source.variant, source.skipped, source.fallback);
	try_actions(c, collector);
	collect_close(collector);
}

/* Why this action is not supported here; NULL: it is. */
static const char *lack(const struct check *c, uint32_t kind)
{
	char name[32];

	snprintf(name, sizeof(name), "action_%s", hr_action_kind_name(kind));
	for (size_t i = 0; i < c->n_signals; i++)
		if (!strcmp(c->signals[i].signal, name) && !strcmp(c->signals[i].variant, "none"))
			return c->signals[i].skipped;
	return NULL;
}

static void note_lacks(const struct check *c, const struct policy_set *set, struct finding *f)
{
	for (uint32_t i = 0; i < set->policies; i++) {
		const struct policy *policy = policy_at(set, i);

		for (uint32_t r = 0; r < policy->actions; r++) {
			const char *lacking = lack(c, policy->action[r].kind);
			char reason[120];

			if (!lacking || f->verdict != FINDING_OK)
				continue;
			snprintf(reason, sizeof(reason), "%s%s", *lacking ? ": " : "", lacking);
			f->verdict = FINDING_NOTE;
			snprintf(f->note, sizeof(f->note),
				 "policy %.60s: %s is not supported here%s",
				 policy_text(set, policy->name),
				 hr_action_kind_name(policy->action[r].kind), reason);
		}
	}
}

/* NULL: there are too many. */
static struct finding *add_finding(struct check *c, const char *check)
{
	struct finding *f = &c->findings[c->n_findings];

	if (c->n_findings == FINDINGS_MOST)
		return NULL;
	c->n_findings++;
	*f = (struct finding){.check = check};
	return f;
}

/* The configuration. Without a file at the default path: no finding. */
static void check_policies(struct check *c, const char *path)
{
	_cleanup_free_ struct policy_set *set = NULL;
	char error[CONFIG_ERROR];
	struct config config;
	struct finding *f;
	int r;

	config_init(&config);
	r = config_load(path ? path : CONFIG_DEFAULT_PATH, &config, &set, error);
	f = r == -ENOENT && !path ? NULL : add_finding(c, "policies");
	if (!f)
		return;
	if (r) {
		f->verdict = FINDING_MISSING;
		snprintf(f->value, sizeof(f->value), "%s",
			 r == -EINVAL ? "refused" : "can't be read");
		snprintf(f->note, sizeof(f->note), "%.230s", r == -EINVAL ? error : strerror(-r));
		return;
	}
	snprintf(f->value, sizeof(f->value), "%u, mode %s", set->policies,
		 config_mode_word(config.mode));
	note_lacks(c, set, f);
}

/* Accuracy of the forecasts so far. */
static void check_forecasts(struct check *c, const struct hr_score *score)
{
	struct finding *f = add_finding(c, NULL);

	if (f)
		finding_of_score(score, f);
}

/* What the running daemon cannot do; the findings of this host may have other causes. */
static void check_degraded(struct check *c, const struct hr_host *host)
{
	for (size_t i = 0; i < HR_DEGRADED && *host->degraded[i].what; i++) {
		struct finding *f = add_finding(c, "degraded");

		if (!f)
			return;
		f->verdict = FINDING_NOTE;
		text_clean(host->degraded[i].what, SIZE_MAX, f->value, sizeof(f->value));
		text_clean(host->degraded[i].text, SIZE_MAX, f->note, sizeof(f->note));
	}
}

/* The running daemon and its signals. */
static void check_daemon(struct check *c, const char *board)
{
	_cleanup_reader_ struct hr_reader *reader = NULL;
	struct finding *f = add_finding(c, "guard");
	char age[UNITS_TEXT];
	struct hr_host host;
	uint64_t age_ns = 0;
	int r = hr_reader_open(board, &reader);

	if (!f)
		return;
	if (r) {
		f->verdict = FINDING_NOTE;
		snprintf(f->value, sizeof(f->value), "%s",
			 r == -ENOENT ? "never started" : "board not readable");
		snprintf(f->note, sizeof(f->note), "%.230s", hr_reader_error());
		return;
	}
	r = hr_reader_health(reader, &age_ns);
	snprintf(f->value, sizeof(f->value), "%s %.100s",
		 r == -EINPROGRESS ? "starting, board at"
		 : r               ? "silent, last seen at"
				   : "running, board at",
		 hr_reader_path(reader));
	if (r && r != -EINPROGRESS) {
		f->verdict = FINDING_NOTE;
		snprintf(f->note, sizeof(f->note), "for %s: start headroomd",
			 units_age_ns(age_ns, age));
	}
	if (hr_reader_host(reader, &host))
		return;
	check_forecasts(c, &host.score);
	if (!r)
		check_degraded(c, &host);
	if (c->signals_from)
		return;
	c->signals_from = "guard";
	for (size_t i = 0; i < HR_SOURCES && host.source[i].signal[0]; i++)
		add_signal(c, host.source[i].signal, host.source[i].variant, "", false);
}

/* What the reflex cannot see, since it works in the context of the task that charges. */
static void check_reflex(struct check *c)
{
	const struct signal_row *reflex = NULL;
	struct finding *f;

	for (size_t i = 0; i < c->n_signals; i++)
		if (!strcmp(c->signals[i].signal, "reflex"))
			reflex = &c->signals[i];
	f = !reflex || !strcmp(reflex->variant, "none") ? NULL : add_finding(c, "reflex");
	if (!f)
		return;
	snprintf(f->value, sizeof(f->value), "%s",
		 strstr(reflex->variant, "any task")
			 ? "kills the largest process, or the one that charges"
			 : "kills the process that charges");
	snprintf(
		f->note, sizeof(f->note),
		"does not see what processes outside the container write into its memory "
		"(process_vm_writev, ptrace, a parent's memory after vfork), nor cgroups more than "
		"%u levels deep: the tripwire reports both, and the daemon acts",
		TRIGGER_LEVELS + TRIGGER_DEPTH);
}

static void judge(struct check *c)
{
	for (size_t i = 0; i < c->n_findings; i++)
		if (c->findings[i].verdict == FINDING_FATAL)
			c->status = CLI_KERNEL;
	if (c->status)
		return;
	if (geteuid() != 0 || c->plan_error == -EPERM || c->plan_error == -EACCES)
		c->status = CLI_NOT_PERMITTED;
	else if (c->plan_error)
		c->status = CLI_KERNEL;
}

static const char *summary(const struct check *c)
{
	switch (c->status) {
	case CLI_NOT_PERMITTED:
		return "trying the attach plan needs root: run sudo headroom check";
	case CLI_KERNEL:
		return "headroomd cannot run here: see what is marked fatal";
	default:
		return c->bpf ? "headroomd can run here"
			      : "headroomd can run here without BPF: OOM kills are counted, "
				"victims come from the kernel log";
	}
}

#define NOTE_INDENT 29 /* below the values */

static void print_row(const char *mark, const char *name, const char *value, const char *note)
{
	printf("%-8s %-17s %s\n", mark, name, value);
	if (*note)
		cli_print_wrapped(note, NOTE_INDENT, cli_width());
}

static void print_capabilities(void)
{
	puts("\ncapabilities that the daemon keeps, and what is lost without");
	for (size_t i = 0; i < daemon_capabilities_n; i++)
		print_row("", daemon_capabilities[i].name + strlen("CAP_"),
			  daemon_capabilities[i].use, daemon_capabilities[i].cost);
}

static void print_rights(const struct check *c)
{
	char value[160], words[512], note[sizeof(words) + 16];

	if (c->n_rights)
		puts("\nrights of the running processes");
	for (size_t i = 0; i < c->n_rights; i++) {
		const struct process_rights *r = &c->rights[i];
		snprintf(value, sizeof(value), "pid %u, uid %u, %s, %s", r->pid, r->uid,
			 r->filter ? "system calls filtered" : "system calls not filtered",
			 r->no_new_privs ? "no new privileges" : "new privileges possible");
		snprintf(note, sizeof(note), "capabilities: %s",
			 process_rights_words(r->permitted, words, sizeof(words)));
		print_row(r->no_new_privs ? "ok" : "note", r->comm, value, note);
	}
}

static void print_text(const struct check *c)
{
	for (size_t i = 0; i < c->n_findings; i++) {
		const struct finding *f = &c->findings[i];

		print_row(verdict_word(f->verdict), f->check, f->value, f->note);
	}
	if (c->signals_from)
		printf("\nsignals, %s\n",
		       strcmp(c->signals_from, "here") ? "of the running daemon" : "tried now");
	else if (c->plan_error)
		printf("\nsignals: %s\n", strerror(-c->plan_error));
	for (size_t i = 0; i < c->n_signals; i++) {
		const struct signal_row *row = &c->signals[i];
		bool none = !strcmp(row->variant, "none");

		print_row(none            ? "missing"
			  : row->fallback ? "note"
					  : "ok",
			  row->signal, row->variant, row->skipped);
	}
	print_capabilities();
	print_rights(c);
	printf("\n%s\n", summary(c));
}

static json_t *text_or_null(const char *text) { return *text ? json_string(text) : json_null(); }

static json_t *json_capabilities(void)
{
	json_t *all = json_array();

	for (size_t i = 0; i < daemon_capabilities_n; i++)
		json_array_append_new(all, json_pack("{ss ss ss}", "capability",
						     daemon_capabilities[i].name, "use",
						     daemon_capabilities[i].use, "without",
						     daemon_capabilities[i].cost));
	return all;
}

static json_t *json_rights(const struct check *c)
{
	json_t *all = json_array();
	char mask[2][20];

	for (size_t i = 0; i < c->n_rights; i++) {
		const struct process_rights *r = &c->rights[i];

		snprintf(mask[0], sizeof(mask[0]), "%016llx", (unsigned long long)r->permitted);
		snprintf(mask[1], sizeof(mask[1]), "%016llx", (unsigned long long)r->bounding);
		json_array_append_new(all, json_pack("{so si si ss ss sb sb}", "process",
						     json_clean(r->comm, SIZE_MAX), "pid",
						     (int)r->pid, "uid", (int)r->uid, "permitted",
						     mask[0], "bounding", mask[1], "seccomp",
						     r->filter, "no_new_privs", r->no_new_privs));
	}
	return all;
}

static int print_json(const struct check *c)
{
	json_t *checks = json_array(), *signals = json_array(), *object;
	int r;

	for (size_t i = 0; i < c->n_findings; i++) {
		const struct finding *f = &c->findings[i];

		json_array_append_new(
			checks,
			json_pack("{ss ss so so}", "check", f->check, "result",
				  verdict_word(f->verdict), "value", json_clean(f->value, SIZE_MAX),
				  "note", *f->note ? json_clean(f->note, SIZE_MAX) : json_null()));
	}
	for (size_t i = 0; i < c->n_signals; i++) {
		const struct signal_row *row = &c->signals[i];

		json_array_append_new(signals,
				      json_pack("{ss ss sb so}", "signal", row->signal, "variant",
						row->variant, "fallback", row->fallback, "skipped",
						text_or_null(row->skipped)));
	}
	object = json_pack("{ss sb si so so ss? so so ss}", "schema", "headroom.check/2", "able",
			   c->status == CLI_DONE, "exit_status", c->status, "checks", checks,
			   "signals", signals, "signals_from", c->signals_from, "capabilities",
			   json_capabilities(), "processes", json_rights(c), "summary", summary(c));
	r = object ? json_dumpf(object, stdout, JSON_STYLE) : -1;
	json_decref(object);
	putchar('\n');
	return r ? -ENOMEM : 0;
}

static int run(const void *values, char **arguments)
{
	const struct check_options *options = values;
	_cleanup_free_ struct check *c = calloc(1, sizeof(*c));

	if (!c) {
		log_error("out of memory");
		return CLI_FAILED;
	}
	c->n_findings = host_checks_run("", c->findings);
	if (!geteuid())
		try_plan(c);
	check_daemon(c, options->board);
	check_reflex(c);
	check_policies(c, options->config);
	c->n_rights = process_rights_find("/proc", c->rights);
	judge(c);
	if (!options->json)
		print_text(c);
	else if (print_json(c) && !ferror(stdout)) {
		log_error("out of memory");
		return CLI_FAILED;
	}
	return c->status;
}

static const struct option_spec specs[] = {
	OPTION_FLAG("json", struct check_options, json, "print one JSON document"),
	{.name = "config",
	 .argument = "FILE",
	 .parse = option_text,
	 .offset = offsetof(struct check_options, config),
	 .help = "configuration file (default " CONFIG_DEFAULT_PATH ")",
	 .wants = "a path"},
	OPTION_BOARD(struct check_options),
	{0},
};

const struct command command_check = {
	.name = "check",
	.arguments = "",
	.summary = "Check whether this host can run headroomd",
	.text = "Checks kernel, BTF, capabilities, cgroups, namespaces, pressure, swap and "
		"limits,\n"
		"and tries each signal source and each action. Then the capabilities that the\n"
		"daemon keeps, with what each is for, and the rights of headroom's running\n"
		"processes, as /proc shows them.\n"
		"Exit status: 0 supported, 4 needs root, 5 not supported.\n",
	.options = specs,
	.options_bytes = sizeof(struct check_options),
	.run = run,
	.rights = COMMAND_TRIES,
};
