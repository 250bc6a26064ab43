// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Policies and protected cgroups of systemd-oomd's units and rules. */
#include <limits.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy_import_internal.h"
#include "policy_systemd_oomd.h"

static FILE *policy_begin(struct import *im, const char *kind, const char *name, const char *rule,
			  const struct unit_globs *globs, bool itself, bool below, int priority)
{
	char text[80], whole[640];
	FILE *out;

	snprintf(whole, sizeof(whole), "oomd-%s%s-%s%s%s",
		 strncmp(globs->itself, "/user.slice/user-*.slice/user@*", 31) ||
				 !strncmp(name, "user@", 5)
			 ? ""
			 : "user-",
		 kind, name, *rule ? "-" : "", rule);
	snprintf(text, 64, "%.63s", whole); /* names are short and differ */
	if (strlen(whole) > 63) {
		unsigned int hash = 5381;

		for (const char *at = whole; *at; at++)
			hash = hash * 33 + (unsigned char)*at;
		snprintf(text + 54, sizeof(text) - 54, "-%08x", hash);
	}
	out = import_policy(im, text);
	fputs("  - name: ", out);
	import_quoted(out, "", text);
	if (priority)
		fprintf(out, "\n    priority: %d", priority);
	fputs("\n    match: {cgroup: [", out);
	if (itself) {
		import_quoted(out, "", globs->itself);
		import_target(im, "cgroup:", globs->itself);
	}
	fputs(itself && below ? ", " : "", out);
	if (below) {
		import_quoted(out, "", globs->below);
		import_target(im, "cgroup:", globs->below);
	}
	fputs("]}\n    when: {", out);
	return out;
}

static double at_least(double percent)
{
	return percent < 0.01 ? 0.01 : percent > 100 ? 100 : percent;
}

static double available(double swap_used)
{
	return swap_used > 99.9 ? 0.1 : swap_used < 1 ? 99 : 100 - swap_used;
}

static int read_rule(struct systemd_oomd *o, const char *name, struct rule *rule)
{
	char file[NAME_MAX + 16];
	struct unit_files files = {0};
	struct import_source *s;
	int e;

	*rule = (struct rule){.pressure = -1, .swap = -1};
	snprintf(file, sizeof(file), "%.200s%s", name,
		 text_ends(name, ".oomrule") ? "" : ".oomrule");
	e = units_files(o->root, UNITS_OOM_RULES, file, NULL, &files);
	if (!e)
		e = files.path.n ? import_read(o->im, files.path.word[0], &s) : -ENOENT;
	if (!e) {
		o->rule = rule;
		unit_settings(s, systemd_rule_setting, o);
		rule->at = (struct place){s, 1};
	}
	unit_files_free(&files);
	return e;
}

static void write_rule(struct systemd_oomd *o, const struct unit *u, const char *name,
		       const char *rule_name, const struct unit_globs *globs)
{
	FILE *out;
	struct rule rule;
	char time[32];
	int e = read_rule(o, rule_name, &rule);

	if (e || (rule.pressure < 0 && rule.swap < 0)) {
		line_left(u->at_rules.s, u->at_rules.line, "rule %s: %s", rule_name,
			  e ? strerror(-e) : "no condition that is known here");
		return;
	}
	systemd_duration(rule.lasting_ms == UINT64_MAX ? 0 : rule.lasting_ms, time);
	out = policy_begin(o->im, "rule", name, rule_name, globs, rule.whole, !rule.whole, 0);
	if (rule.pressure >= 0)
		fprintf(out, "full_avg10: %g, ", at_least(rule.pressure));
	if (rule.swap >= 0)
		fprintf(out, "host_available: %g%%, ", available(rule.swap));
	fprintf(out, "for: %s}\n    actions: [notify, kill]\n", time);
	o->swap |= rule.swap >= 0;
	o->pressure |= rule.pressure >= 0;
}

uint64_t systemd_pressure_ms(const struct systemd_oomd *o, const struct unit *u)
{
	if (u->duration_ms != UINT64_MAX)
		return u->duration_ms;
	return o->duration_ms != UINT64_MAX ? o->duration_ms : 30000;
}

void systemd_write_unit(struct systemd_oomd *o, enum unit_scope scope, const char *name,
			const struct unit *u)
{
	FILE *out;
	struct unit_globs globs;
	/* of a unit without cgroups of its own below it, oomd takes the unit */
	bool itself = !text_ends(name, "slice") && strncmp(name, "user@", 5) != 0;
	bool class = !strchr(name, '.') || text_ends(name, "-.slice") || strstr(name, "-.") ||
		     strstr(name, "@.");
	char time[32], comment[320];

	systemd_globs(scope, name, u->slice, &globs);
	if (strlen(globs.below) > 255) {
		if (u->at_preference.s && u->protect)
			line_lost(o->im, u->at_preference.s, u->at_preference.line,
				  "%.100s…: too long for a glob", name);
		import_note(o->im, "%.100s…: its path is too long for a glob; left out.", name);
		return;
	}
	if (u->pressure) {
		systemd_duration(systemd_pressure_ms(o, u), time);
		out = policy_begin(o->im, "pressure", name, "", &globs, itself, true,
				   class ? 0 : 1);
		fprintf(out, "full_avg10: %g, for: %s}\n    actions: [notify, kill]\n",
			at_least(u->limit >= 0 ? u->limit : o->limit), time);
	}
	if (u->swap) {
		out = policy_begin(o->im, "swap", name, "", &globs, itself, true, 0);
		fprintf(out, "host_available: %g%%}\n    actions: [notify, kill]\n",
			available(o->swap_limit));
	}
	o->pressure |= u->pressure;
	o->swap |= u->swap;
	for (size_t i = 0; i < u->rules.n; i++) {
		bool again = false;

		for (size_t k = 0; k < i; k++)
			again |= !strcmp(u->rules.word[k], u->rules.word[i]);
		if (!again)
			write_rule(o, u, name, u->rules.word[i], &globs);
	}
	if (!u->protect)
		return;
	snprintf(comment, sizeof(comment), "ManagedOOMPreference=%s of %.200s%s", u->preference,
		 name,
		 strcmp(u->preference, "avoid") ? ""
						: " (oomd takes it last; here it is never taken)");
	if (!strcmp(name, "-.slice"))
		import_note(o->im, "-.slice: ManagedOOMPreference= of the root has no effect: it "
				   "is never taken.");
	else
		import_protect(o->im, "cgroup:", globs.itself, comment);
	if (itself)
		import_protect(o->im, "cgroup:", globs.below, comment);
}
