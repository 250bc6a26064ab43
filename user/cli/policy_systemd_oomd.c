// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * systemd-oomd's settings as policies: oomd.conf(5), the ManagedOOM… and OOMRules= settings of units (systemd.resource-control(5)), and rules
 * (systemd 261: [Rule] in oomd/rules.d). Defaults: 90 % of swap, 60 % full stall over 10 s, for 30 s.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "policy_import_internal.h"
#include "policy_systemd_oomd.h"

/* ---- values ---- */

static bool percent(const struct unit_setting *set, double otherwise, double *ret)
{
	if (!*set->value) {
		*ret = otherwise;
		line_taken(set->source, set->line, "resets to the default");
		return true;
	}
	if (systemd_percent(set->value, ret)) {
		line_left(set->source, set->line, "'%s' is no share: systemd ignores it",
			  set->value);
		return false;
	}
	return true;
}

static bool duration(const struct unit_setting *set, uint64_t *ret)
{
	uint64_t ms;

	if (!*set->value) {
		*ret = UINT64_MAX;
		line_taken(set->source, set->line, "resets to the default");
		return true;
	}
	if (systemd_time_ms(set->value, &ms)) {
		line_left(set->source, set->line, "'%s' is no time: systemd ignores it",
			  set->value);
		return false;
	}
	if (ms > 7 * 86400000ULL)
		line_left(set->source, set->line, "longer than a week: 7d");
	*ret = ms > 7 * 86400000ULL ? 7 * 86400000ULL : ms;
	return true;
}

/* A later setting replaces an earlier one. */
static void put_place(struct place *place, const struct unit_setting *set)
{
	if (place->s && (place->s != set->source || place->line != set->line))
		line_left(place->s, place->line, "set again in %s:%zu", source_path(set->source),
			  set->line);
	*place = (struct place){set->source, set->line};
}

/* ---- settings ---- */

static void global_setting(void *arg, const struct unit_setting *set)
{
	struct systemd_oomd *o = arg;
	const char *taken = NULL; /* what it becomes */

	o->any = true;
	if (strcmp(set->section, "OOM") != 0)
		line_left(set->source, set->line,
			  "not in the section [OOM]: systemd-oomd ignores it");
	else if (!strcmp(set->key, "SwapUsedLimit"))
		taken = percent(set, 90, &o->swap_limit) ? "host_available of policies on swap"
							 : NULL;
	else if (!strcmp(set->key, "DefaultMemoryPressureLimit"))
		taken = percent(set, 60, &o->limit) ? "full_avg10 of units without a limit" : NULL;
	else if (!strcmp(set->key, "DefaultMemoryPressureDurationSec"))
		taken = duration(set, &o->duration_ms) ? "for, of units without a duration" : NULL;
	else if (!strcmp(set->key, "PrekillHookTimeoutSec"))
		line_left(
			set->source, set->line,
			"headroom has no such hooks; {notify: {run: [CMD]}} runs a command before");
	else
		line_left(set->source, set->line, "no setting of systemd-oomd that is known here");
	if (taken)
		line_taken(set->source, set->line, "%s", taken);
}

static bool kill_or_auto(const struct unit_setting *set, bool *ret)
{
	if (strcmp(set->value, "kill") != 0 && strcmp(set->value, "auto") != 0 && *set->value) {
		line_left(set->source, set->line, "expected kill or auto: systemd ignores it");
		return false;
	}
	*ret = !strcmp(set->value, "kill");
	line_taken(set->source, set->line, *ret ? "a policy" : "no policy");
	return true;
}

static void preference(struct unit *u, const struct unit_setting *set)
{
	static const char *const words[] = {"none", "avoid", "omit"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(set->value, words[i])) {
			u->preference = words[i];
			u->protect = i > 0;
			put_place(&u->at_preference, set);
			line_taken(set->source, set->line, i ? "protect" : "nothing to protect");
			return;
		}
	line_left(set->source, set->line, "expected none, avoid or omit: systemd ignores it");
}

static void unit_setting(void *arg, const struct unit_setting *set)
{
	struct systemd_oomd *o = arg;
	struct unit *u = o->unit;
	const char *key = set->key;

	if (strncmp(key, "ManagedOOM", 10) != 0 && strncmp(key, "OOMRule", 7) != 0) {
		line_other(set->source, set->line);
		return;
	}
	o->any = true;
	if (!strcmp(key, "ManagedOOMMemoryPressure")) {
		if (kill_or_auto(set, &u->pressure))
			put_place(&u->at_pressure, set);
	} else if (!strcmp(key, "ManagedOOMSwap")) {
		if (kill_or_auto(set, &u->swap))
			put_place(&u->at_swap, set);
	} else if (!strcmp(key, "ManagedOOMMemoryPressureLimit")) {
		if (percent(set, -1, &u->limit)) {
			put_place(&u->at_limit, set);
			line_taken(set->source, set->line, "full_avg10");
		}
	} else if (!strcmp(key, "ManagedOOMMemoryPressureDurationSec")) {
		if (duration(set, &u->duration_ms)) {
			put_place(&u->at_duration, set);
			line_taken(set->source, set->line, "for");
		}
	} else if (!strcmp(key, "ManagedOOMPreference")) {
		preference(u, set);
	} else if (!strncmp(key, "OOMRule", 7)) {
		words_free(&u->rules);
		if (*set->value && shell_split(set->value, &u->rules))
			line_left(set->source, set->line, "a quote has no end");
		else
			line_taken(set->source, set->line,
				   *set->value ? "rules" : "resets the rules");
		put_place(&u->at_rules, set);
	} else {
		line_left(set->source, set->line, "no setting that is known here");
	}
}

void systemd_rule_setting(void *arg, const struct unit_setting *set)
{
	struct systemd_oomd *o = arg;
	struct rule *rule = o->rule;
	bool taken = false;

	o->any = true;
	if (strcmp(set->section, "Rule") != 0)
		line_left(set->source, set->line, "not in the section [Rule]");
	else if (!strcmp(set->key, "MemoryPressureAbove"))
		taken = percent(set, -1, &rule->pressure);
	else if (!strcmp(set->key, "SwapUsageMax"))
		taken = percent(set, -1, &rule->swap);
	else if (!strcmp(set->key, "LastingSec"))
		taken = duration(set, &rule->lasting_ms);
	else if (!strcmp(set->key, "Action"))
		taken = !strncmp(set->value, "kill-", 5);
	if (!strcmp(set->key, "Action"))
		rule->whole = !strcmp(set->value, "kill-all");
	if (taken)
		line_taken(set->source, set->line, "the policies of units with this rule");
	else
		line_left(set->source, set->line, "not known here, or no value of it");
}

/* ---- which units ---- */

/* What is no regular file, such as a FIFO, must not be waited for, and what can't be read is said. */
static bool mentions(struct systemd_oomd *o, const char *path)
{
	_cleanup_free_ char *text = NULL;
	int e = import_read_text(path, &text);

	if (e == -EACCES || e == -EBADMSG || e == -EFBIG || e == -EIO)
		import_lost(o->im, "%s: %s: protected cgroups in it are not known", path,
			    e == -EBADMSG ? "not a text" : strerror(-e));
	else if (e && e != -ENOENT)
		import_warn(o->im, "%s: %s: not read", path, strerror(-e));
	return !e && (strstr(text, "ManagedOOM") || strstr(text, "OOMRule"));
}

/* The last Slice= in a file of a unit. */
static void find_slice(const char *path, char slice[256])
{
	_cleanup_free_ char *text = NULL;

	if (import_read_text(path, &text))
		return;
	for (const char *at = text; at; at = strchr(at, '\n')) {
		at += strspn(at, " \t\r\n");
		if (strncmp(at, "Slice", 5) != 0)
			continue;
		at += 5 + strspn(at + 5, " \t");
		if (*at++ == '=') {
			at += strspn(at, " \t");
			snprintf(slice, 256, "%.*s", (int)strcspn(at, " \t\r\n"), at);
		}
	}
}

static int read_part(struct systemd_oomd *o, const char *path,
		     void (*fn)(void *, const struct unit_setting *))
{
	struct import_source *s;
	int e = import_read(o->im, path, &s);

	if (e == -ENOMEM)
		return e;
	if (e)
		import_warn(o->im, "%s: %s: not read", path, strerror(-e));
	else
		unit_settings(s, fn, o);
	return 0;
}

static void say_hidden(struct systemd_oomd *o, const struct unit_files *files, const char *name)
{
	for (size_t i = 0; i < files->hidden.n; i++)
		if (mentions(o, files->hidden.word[i]))
			import_note(o->im, "%s: not in effect for %s: %s.", files->hidden.word[i],
				    name,
				    files->masked ? "the unit is masked"
						  : "a file of the same name comes first");
}

/* Does a file belong to this name, not to its type or a prefix as well? Those have names of their own here. */
static bool own_file(const char *path, const char *name)
{
	char in[NAME_MAX + 8];

	snprintf(in, sizeof(in), "/%.250s", name);
	if (text_ends(path, in))
		return true;
	snprintf(in, sizeof(in), "/%.240s.d/", name);
	return strstr(path, in) != NULL;
}

/* A drop-in of all units of a type: its policies select them in every slice. */
static bool type_file(const char *path, const char *name)
{
	char in[NAME_MAX + 8];
	const char *dot = strrchr(name, '.');

	snprintf(in, sizeof(in), "/%.240s.d/", dot ? dot + 1 : name);
	return strstr(path, in) != NULL;
}

/* Does a unit need policies of its own? Those of its prefix or template look for it in another slice, if it sets one; and a file of its
 * own may only hide one of those. */
static bool has_own_settings(struct systemd_oomd *o, const struct unit_files *files,
			     const char *name)
{
	char slice[256] = "";
	bool own = false, class = false;

	for (size_t i = 0; i < files->path.n; i++) {
		const char *path = files->path.word[i];
		bool mine = own_file(path, name);

		if (mine)
			find_slice(path, slice);
		if ((mine && !own) || (!type_file(path, name) && !class))
			*(mine ? &own : &class) |= mentions(o, path);
	}
	for (size_t i = 0; i < files->hidden.n && !own; i++)
		own = mentions(o, files->hidden.word[i]);
	return own || (class && *slice);
}

static int import_unit(struct systemd_oomd *o, enum unit_scope scope, const char *name)
{
	struct unit u = {.limit = -1, .duration_ms = UINT64_MAX};
	struct unit_files files = {0};
	int e = units_files(o->root, scope, name, NULL, &files);
	bool own = has_own_settings(o, &files, name);

	say_hidden(o, &files, name);
	o->unit = &u;
	for (size_t i = 0; i < files.path.n; i++)
		find_slice(files.path.word[i], u.slice);
	for (size_t i = 0; i < files.path.n && own && !files.masked && !e; i++)
		if (mentions(o, files.path.word[i]))
			e = read_part(o, files.path.word[i], unit_setting);
	if (own && !files.masked && !e) {
		systemd_write_unit(o, scope, name, &u);
		e = systemd_keep_unit(o, name, &u);
	}
	words_free(&u.rules);
	unit_files_free(&files);
	return e;
}

static int import_scope(struct systemd_oomd *o, enum unit_scope scope)
{
	struct words names = {0};
	int e = units_names(o->root, scope, &names);

	for (size_t i = 0; i < names.n && !e; i++)
		e = import_unit(o, scope, names.word[i]);
	systemd_say_classes(o);
	words_free(&names);
	return e;
}

static int import_global(struct systemd_oomd *o)
{
	struct unit_files files = {0};
	int e = units_files(o->root, UNITS_OOMD, "oomd.conf", NULL, &files);

	for (size_t i = 0; i < files.path.n && !e; i++)
		e = read_part(o, files.path.word[i], global_setting);
	for (size_t i = 0; i < files.hidden.n; i++)
		import_note(o->im, "%s: not in effect: a file of the same name comes first.",
			    files.hidden.word[i]);
	unit_files_free(&files);
	return e;
}

static int import_tree(struct systemd_oomd *o)
{
	int e = import_global(o);

	if (!e)
		e = import_scope(o, UNITS_SYSTEM);
	return e ? e : import_scope(o, UNITS_USER);
}

/* The unit that a file belongs to: itself, or the unit of its drop-in folder. */
static void unit_of_file(const char *path, char name[NAME_MAX + 1])
{
	const char *slash = strrchr(path, '/'), *parent = slash;

	snprintf(name, NAME_MAX + 1, "%s", slash ? slash + 1 : path);
	while (parent && parent > path && parent[-1] != '/')
		parent--;
	if (slash && slash - parent > 2 && !strncmp(slash - 2, ".d", 2))
		snprintf(name, NAME_MAX + 1, "%.*s", (int)(slash - parent) - 2, parent);
}

static int import_file(struct systemd_oomd *o, const char *path)
{
	struct unit u = {.limit = -1, .duration_ms = UINT64_MAX};
	char name[NAME_MAX + 1];
	struct import_source *s;
	int e = import_read(o->im, path, &s);

	if (e)
		return e;
	unit_of_file(path, name);
	o->unit = &u;
	if (!strcmp(name, "oomd.conf")) {
		unit_settings(s, global_setting, o);
	} else {
		unit_settings(s, unit_setting, o);
		systemd_write_unit(o, strstr(path, "/user/") ? UNITS_USER : UNITS_SYSTEM, name, &u);
	}
	words_free(&u.rules);
	return 0;
}

int import_systemd_oomd(struct import *im, const char *path)
{
	struct systemd_oomd o = {
		.im = im, .swap_limit = 90, .limit = 60, .duration_ms = UINT64_MAX};
	size_t n = strlen(path);
	struct stat st;
	int e;

	if (stat(path, &st))
		return -errno;
	while (n && path[n - 1] == '/')
		n--;
	if (n >= strlen("/etc/systemd") &&
	    !strncmp(path + n - strlen("/etc/systemd"), "/etc/systemd", strlen("/etc/systemd")))
		n -= strlen("/etc/systemd");
	if (n >= sizeof(o.root) - NAME_MAX)
		return -ENAMETOOLONG;
	snprintf(o.root, sizeof(o.root), "%.*s", (int)n, path);
	e = S_ISDIR(st.st_mode) ? import_tree(&o) : import_file(&o, path);
	if (e || !o.any)
		return e ? e : -ENODATA;
	if (o.pressure)
		import_note(
			im,
			"Pressure: oomd watches a unit and kills the cgroup in it that reclaims "
			"most; here each cgroup below the unit is judged by its own stall.");
	if (o.swap)
		import_note(im, "Swap: oomd waits until memory and swap are both used up to the "
				"limit; host_available asks for memory alone, and acts earlier "
				"where swap is free.");
	if (!o.pressure && !o.swap)
		import_note(im, "No unit has ManagedOOMMemoryPressure=kill, ManagedOOMSwap=kill or "
				"OOMRules= in what was read: oomd would do nothing.");
	import_note(im, "Units of a user's own (~/.config/systemd/user) are not read.");
	return 0;
}
