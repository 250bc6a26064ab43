// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Writes the configuration of `headroom policy init`, one function for each section. */
#include "policy_init.h"

#include <headroom/board.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/human_units.h"

#define WIDTH 96

#define CONTAINER_RUNTIMES "docker, containerd, cri-o, podman, nerdctl, lxc"

/* Words of a comment, in lines. */
static void write_comment(FILE *out, const char *indent, const char *text)
{
	size_t column = 0;

	for (; *text; text += strspn(text, " ")) {
		size_t n = strcspn(text, " ");

		if (column && column + 1 + n <= WIDTH)
			column += (size_t)fprintf(out, " ");
		else
			column = (size_t)fprintf(out, "%s%s# ", column ? "\n" : "", indent);
		column += (size_t)fprintf(out, "%.*s", (int)n, text);
		text += n;
	}
	fputc('\n', out);
}

/* ---- what was found ---- */

static void write_kind(const struct init_host *host, enum init_kind kind, const char *label,
		       FILE *out)
{
	size_t column = (size_t)fprintf(out, "#   %-18s", label);
	bool any = false;

	for (unsigned int i = 0; i < init_item_count; i++) {
		if (init_items[i].kind != kind || !init_is_found(host, i))
			continue;
		column += (size_t)fprintf(out, "%s", any ? ", " : "");
		if (column + strlen(init_items[i].title) >= WIDTH)
			column = (size_t)fprintf(out, "\n#   %-18s", "");
		column += (size_t)fprintf(out, "%s", init_items[i].title);
		any = true;
	}
	fputs(any ? "\n" : "none\n", out);
}

static const char *bytes_text(uint64_t bytes, char text[UNITS_TEXT])
{
	if (bytes == HR_UNKNOWN)
		return "unknown";
	return bytes ? units_bytes(bytes, text) : "none";
}

static void write_header(const struct init_profile *profile, const struct init_host *host,
			 FILE *out)
{
	char mem[UNITS_TEXT], swap[UNITS_TEXT];

	fprintf(out,
		"# headroom on %s. Written by `headroom policy init %s`.\n"
		"#\n"
		"# Found on this host:\n"
		"#   %-18s%s\n"
		"#   %-18s%s, swap %s\n",
		profile->title, profile->word, "init", host->systemd ? "systemd" : "not systemd",
		"memory", bytes_text(host->mem_bytes, mem), bytes_text(host->swap_bytes, swap));
	write_kind(host, INIT_ENGINE, "containers", out);
	write_kind(host, INIT_DATABASE, "databases", out);
	write_kind(host, INIT_ACCESS, "network", out);
	write_kind(host, INIT_DESKTOP, "desktop", out);
	write_kind(host, INIT_RUNNER, "CI runners", out);
	fputs("#\n"
	      "# Next steps:\n"
	      "#   1. Read `protect` below and add what must never be ended.\n"
	      "#   2. headroom policy check FILE            what each policy does, and what is "
	      "protected\n"
	      "#   3. Install it as /etc/headroom/headroom.yaml, then: headroom daemon reload\n"
	      "#   4. headroom events --type action         for some days: what it would have "
	      "done\n"
	      "#   5. Set `mode: enforce` and reload. `headroom daemon pause` stops all actions at "
	      "once.\n"
	      "\n"
	      "mode: dry-run # decides and logs, ends nothing\n"
	      "#interval: 1s # longest time between samples; shorter near a limit\n",
	      out);
}

/* ---- protect ---- */

/* Its units; of too many their globs. */
static size_t units_of(const struct init_host *host, unsigned int item,
		       const char *unit[INIT_UNITS])
{
	const struct words *units = &host->found[item].units;
	size_t n = 0;

	if (units->n <= INIT_UNITS)
		for (; n < units->n; n++)
			unit[n] = units->word[n];
	else
		for (; n < ARRAY_SIZE(init_items->unit) && init_items[item].unit[n]; n++)
			unit[n] = init_items[item].unit[n];
	return n;
}

static void write_entry(FILE *out, const char *key, const char *text, int most)
{
	fprintf(out, "  - \"%s%.*s\"\n", key, most, text);
}

static void protect_item(const struct init_profile *profile, const struct init_host *host,
			 unsigned int item, bool engine, FILE *out)
{
	const struct init_item *what = &init_items[item];
	const struct init_found *found = &host->found[item];
	bool own = what->kind == INIT_RUNNER; /* its jobs run in the same unit */
	const char *unit[INIT_UNITS];
	size_t n = own ? 0 : units_of(host, item, unit);

	write_comment(out, "  ", what->title);
	for (size_t i = 0; i < n; i++)
		write_entry(out, "unit:", unit[i], INT32_MAX);
	for (size_t i = 0; (!n || what->kind == INIT_DESKTOP) && i < ARRAY_SIZE(what->program); i++)
		if (what->program[i])
			write_entry(out, "process:", what->program[i], INIT_COMM);
	for (size_t i = 0; profile->images && engine && found->runs && i < ARRAY_SIZE(what->image);
	     i++)
		if (what->image[i])
			write_entry(out, "image:", what->image[i], INT32_MAX);
	if (!n && !what->program[0])
		write_comment(out, "  ",
			      "has no process name of its own: add its cgroup, such as "
			      "\"cgroup:/NAME*\"");
}

static void write_protect(const struct init_profile *profile, const struct init_host *host,
			  FILE *out)
{
	bool engine = false, any = false;

	for (unsigned int i = 0; i < init_item_count; i++)
		engine |= init_items[i].kind == INIT_ENGINE && init_is_found(host, i);
	fputs("\n", out);
	write_comment(
		out, "",
		"Never ended, whatever a policy says. Always exempt, without an entry: init, "
		"kernel threads, container runtimes, pod sandboxes, systemd-*.service, D-Bus, "
		"sshd, headroom. In a user's session `process` is a wish: it comes last. More "
		"keys: name, image, namespace, label.KEY, cgroup.");
	fputs("protect:\n", out);
	for (size_t i = 0; i < ARRAY_SIZE(profile->protect) && profile->protect[i]; i++, any = true)
		write_entry(out, "", profile->protect[i], INT32_MAX);
	for (unsigned int i = 0; i < init_item_count; i++) {
		if (!(profile->protects & INIT_KIND(init_items[i].kind)) || !init_is_found(host, i))
			continue;
		protect_item(profile, host, i, engine, out);
		any |= host->found[i].units.n || init_items[i].program[0];
	}
	if (!any)
		fputs("  [] # nothing was found; such as: [\"unit:NAME.service\", \"name:db-*\"]\n",
		      out);
}

/* ---- policies ---- */

/* Programs that can be ended, for a host without systemd: there nothing divides sessions from the rest. Not java and beam.smp, which
 * databases are, too. */
static void match_programs(FILE *out)
{
	static const char *const names[] = {
		"cc1*",      "clang*", "rustc",    "cargo*",   "ld",       "ld.*",
		"go",        "tsc",    "node*",    "npm*",     "python*",  "ruby*",
		"perl*",     "php*",   "chrom*",   "firefox*", "Web*",     "Isolated*",
		"electron*", "code*",  "thunder*", "gimp*",    "blender*", "soffice*",
	};

	fputs("scope: host_processes, process: [", out);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		fprintf(out, "%s%s\"%s\"", i ? "," : "", i % 7 ? " " : "\n        ", names[i]);
	fputs("]", out);
}

/* The units of the CI runners on this host; none: false. */
static bool match_runners(const struct init_host *host, FILE *out)
{
	const char *unit[INIT_UNITS];
	bool any = false;

	for (unsigned int i = 0; i < init_item_count; i++) {
		size_t n = init_items[i].kind == INIT_RUNNER ? units_of(host, i, unit) : 0;

		for (size_t k = 0; k < n; k++, any = true)
			fprintf(out, "%s\n        \"%s\"",
				any ? "," : "scope: host_processes, process: \"*\", unit: [",
				unit[k]);
	}
	fputs(any ? "]" : "", out);
	return any;
}

static void write_match(const struct init_host *host, enum init_match match, FILE *out)
{
	static const char *const texts[] = {
		[INIT_CONTAINERS] = "runtime: [" CONTAINER_RUNTIMES "]",
		[INIT_WORKLOADS] = "runtime: [" CONTAINER_RUNTIMES ", systemd]",
		[INIT_PODS] = "runtime: [containerd, cri-o, docker], namespace: \"*\"",
		[INIT_PROCESSES] = "scope: host_processes, process: \"*\", "
				   "cgroup: [\"/user.slice/*\", \"/system.slice/*\"]",
		[INIT_APPS] = "scope: host_processes, process: \"*\", "
			      "cgroup: \"/user.slice/*/app.slice/*\"",
		[INIT_SESSIONS] =
			"scope: host_processes, process: \"*\", cgroup: \"/user.slice/*\"",
	};
	bool by_program = match >= INIT_PROCESSES && !host->systemd;
	bool by_runner = false;

	fputs("    match: {", out);
	if (by_program)
		match_programs(out);
	else if (match == INIT_JOBS)
		by_runner = match_runners(host, out);
	if (!by_program && !by_runner)
		fputs(texts[match == INIT_JOBS ? INIT_PROCESSES : match], out);
	fputs("}\n", out);
	if (by_program)
		write_comment(out, "    ",
			      "Without systemd nothing divides sessions from services: these are "
			      "programs that can be ended. Add yours; java is left out, since "
			      "databases are java.");
	else if (match == INIT_JOBS && !by_runner)
		write_comment(out, "    ",
			      "No runner was found: any session or service. Better: its unit.");
}

static void write_when(const struct init_profile *profile, const struct init_host *host,
		       const struct init_policy *policy, FILE *out)
{
	const struct init_level *level =
		policy->at == INIT_EARLY ? &profile->early : &profile->late;
	bool swap = host->swap_bytes != HR_UNKNOWN && host->swap_bytes;
	unsigned int percent = swap ? level->percent_swap : level->percent;

	fputs("    when: {", out);
	if (policy->at == INIT_ALWAYS)
		;
	else if (host->mem_bytes != HR_UNKNOWN &&
		 host->mem_bytes / 100 * percent > (uint64_t)level->most_gib << 30)
		fprintf(out, "host_available: %uGiB", level->most_gib);
	else
		fprintf(out, "host_available: %u%%", percent);
	fprintf(out, "%s}\n", policy->when);
}

static void write_policies(const struct init_profile *profile, const struct init_host *host,
			   FILE *out)
{
	fputs("\n# Targets (match), conditions (when), and the actions in order.\npolicies:\n",
	      out);
	for (size_t i = 0; i < ARRAY_SIZE(profile->policy) && profile->policy[i].name; i++) {
		const struct init_policy *policy = &profile->policy[i];

		fputs(i ? "\n" : "", out);
		write_comment(out, "  ", policy->comment);
		fprintf(out, "  - name: %s\n", policy->name);
		write_match(host, policy->match, out);
		write_when(profile, host, policy, out);
		fprintf(out, "    actions: [%s]\n%s", policy->action, policy->rest);
	}
}

static void write_rest(const struct init_profile *profile, FILE *out)
{
	fprintf(out,
		"\n# At most so many kills (term and kill) in this time, by all policies "
		"together.\n"
		"rate_limit: %s\n"
		"\n# Users and groups, besides root, that may request actions by hand.\n"
		"#control: {allow: [group:headroom]}\n"
		"\n# Sinks of `headroom export`.\n"
		"#export:\n"
		"#  prometheus: {listen: 127.0.0.1:9477}\n",
		profile->rate_limit);
}

void init_write(const struct init_profile *profile, const struct init_host *host, FILE *out)
{
	write_header(profile, host, out);
	write_protect(profile, host, out);
	write_policies(profile, host, out);
	write_rest(profile, out);
}
