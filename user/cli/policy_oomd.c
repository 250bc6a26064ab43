// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * oomd's JSON (github.com/facebookincubator/oomd, docs/configuration.md) as policies. A ruleset acts if all detectors of one of its groups hold:
 * each group makes one policy for each action that kills. The source that is listed is the file's values, one a line.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy_import_internal.h"
#include "policy_oomd.h"

#define DEPTH_MOST 32

/* ---- values, one a line ---- */

static void flatten(json_t *node, const char *path, int depth, FILE *out)
{
	char below[OOMD_PATH];
	const char *key;
	json_t *value;
	size_t i;

	if (json_is_object(node) && json_object_size(node) && depth < DEPTH_MOST) {
		json_object_foreach(node, key, value)
		{
			snprintf(below, sizeof(below), "%.300s%s%.150s", path, *path ? "." : "",
				 key);
			flatten(value, below, depth + 1, out);
		}
	} else if (json_is_array(node) && json_array_size(node) && depth < DEPTH_MOST) {
		json_array_foreach(node, i, value)
		{
			snprintf(below, sizeof(below), "%.400s[%zu]", path, i);
			flatten(value, below, depth + 1, out);
		}
	} else {
		_cleanup_free_ char *text = json_dumps(node, JSON_ENCODE_ANY);

		for (const char *at = path; *at; at++)
			fputc((unsigned char)*at < ' ' ? '?' : *at, out);
		fprintf(out, " = %s\n", text ? text : "?");
	}
}

/* The lines of a value and of all in it. */
void oomd_each_line(struct oomd *o, const char *path, bool taken, const char *what)
{
	size_t n = strlen(path);

	for (size_t i = 1; i <= source_lines(o->s); i++) {
		const char *line = source_line(o->s, i);

		if (strncmp(line, path, n) != 0 || !strchr(" .[", line[n]))
			continue;
		if (taken)
			line_taken(o->s, i, "%s", what);
		else
			line_left(o->s, i, "%s", what);
	}
}

#define SAY(o_, taken_, what_, ...)                          \
	do {                                                 \
		char path_[OOMD_PATH];                       \
		snprintf(path_, sizeof(path_), __VA_ARGS__); \
		oomd_each_line(o_, path_, taken_, what_);    \
	} while (0)

/* oomd allows comments; blanks in their place keep the lines. */
static void blank_comments(char *text)
{
	bool string = false;

	for (char *at = text; *at; at++) {
		if (string) {
			if (*at == '\\' && at[1])
				at++;
			else
				string = *at != '"';
		} else if (*at == '"') {
			string = true;
		} else if (!strncmp(at, "//", 2)) {
			for (; *at && *at != '\n'; at++)
				*at = ' ';
			at -= !*at;
		} else if (!strncmp(at, "/*", 2)) {
			const char *end = strstr(at + 2, "*/");

			for (; *at && at != (end ? end + 2 : NULL); at++)
				*at = *at == '\n' ? '\n' : ' ';
			at--;
		}
	}
}

/* ---- actions ---- */

/* A list of paths with wildcards as globs; all that is below, too, if it is recursive. */
static size_t targets(json_t *plugin, FILE *out)
{
	const char *at = oomd_cgroup_of(plugin);
	size_t n = 0;

	for (size_t length; at && *at; at += length + (at[length] == ',')) {
		char glob[256];

		length = strcspn(at, ",");
		if (!length || length > 240)
			continue;
		snprintf(glob, sizeof(glob), "%s%.*s", *at == '/' ? "" : "/", (int)length, at);
		fputs(n++ ? ", " : "", out);
		import_quoted(out, "", glob);
		if (oomd_is_true(plugin, "recursive")) {
			fputs(", ", out);
			import_quoted(out, glob, "/*");
		}
	}
	return n;
}

/* The conditions for the targets `of`; NULL: none. *ret_why: why the policy must not act by itself, or NULL. */
static char *conditions(json_t *plugin, const struct group *g, const char *of, const char **ret_why)
{
	_cleanup_free_ char *text = NULL;
	bool any = false;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	if (out) {
		any = oomd_conditions(g, of, out, ret_why);
		fclose(out);
	}
	if (oomd_is_true(plugin, "dry"))
		*ret_why = "dry: true";
	return any ? take_ptr(text) : NULL;
}

/* Its name, and its mode if there is a reason why it must not act by itself. */
static FILE *begin_policy(struct oomd *o, const char *ruleset, const char *why)
{
	char name[64];
	FILE *out;

	snprintf(name, sizeof(name), "oomd-%.44s-%zu", ruleset, ++o->policies);
	out = import_policy(o->im, name);
	fputs("  - name: ", out);
	import_quoted(out, "", name);
	if (why)
		fprintf(out, "\n    mode: dry-run    # %s", why);
	return out;
}

static void kill_policy(struct oomd *o, json_t *plugin, const char *path, const char *ruleset,
			const struct group *g)
{
	_cleanup_free_ char *match = NULL, *when = NULL;
	const char *why = NULL;
	size_t bytes, n = 0;
	FILE *out = open_memstream(&match, &bytes);

	if (out) {
		n = targets(plugin, out);
		fclose(out);
	}
	when = conditions(plugin, g, oomd_cgroup_of(plugin), &why);
	if (!n || !match || !when) {
		oomd_each_line(o, path, false,
			       !n ? "no cgroup to kill in"
				  : "no detector that a condition can say");
		return;
	}
	out = begin_policy(o, ruleset, why);
	fprintf(out, "\n    match: {cgroup: [%s]}\n    when: %s\n    actions: [notify, kill]\n",
		match, when);
	oomd_each_line(o, path, true,
		       "a policy that kills in these cgroups; what grows comes first");
}

static void restart_policy(struct oomd *o, json_t *plugin, const char *path, const char *ruleset,
			   const struct group *g)
{
	const char *service =
		json_string_value(json_object_get(json_object_get(plugin, "args"), "service"));
	const char *why = NULL;
	_cleanup_free_ char *when = conditions(plugin, g, NULL, &why);
	FILE *out;

	if (!service || !strchr(service, '.') || strlen(service) > 200 || !when) {
		oomd_each_line(o, path, false, "no unit, or no detector that a condition can say");
		return;
	}
	out = begin_policy(o, ruleset, why);
	fputs("\n    match: {unit: ", out);
	import_quoted(out, "", service);
	fprintf(out,
		"}\n    when: %s\n    actions: [notify, {term: 30s}, kill]\n    on_exit: {run: "
		"[systemctl, start, ",
		when);
	import_quoted(out, "", service);
	fputs("], run_as: root}\n", out);
	oomd_each_line(o, path, true, "a policy that ends the unit and starts it again");
}

static void action(struct oomd *o, json_t *plugin, const char *path, const char *ruleset,
		   const struct group *g)
{
	const char *name = json_string_value(json_object_get(plugin, "name"));

	if (name && !strncmp(name, "kill_by_", 8))
		kill_policy(o, plugin, path, ruleset, g);
	else if (name && !strcmp(name, "systemd_restart"))
		restart_policy(o, plugin, path, ruleset, g);
	else
		oomd_each_line(o, path, false, "no action says this");
}

/* ---- rulesets ---- */

static void ruleset_keys(struct oomd *o, json_t *ruleset, size_t i)
{
	const char *key;
	json_t *value;

	json_object_foreach(ruleset, key, value)
	{
		const char *what =
			!strcmp(key, "drop_in") || strstr(key, "drop-in")
				? "headroom has no drop-ins: write another policy"
			: !strcmp(key, "silence-logs")      ? "what oomd prints"
			: !strcmp(key, "post_action_delay") ? "the policy's cooldown, 5m here"
			: !strcmp(key, "prekill_hook_timeout")
				? "headroom has no such hooks; {notify: {run: [CMD]}} runs a "
				  "command before"
				: "no key of a ruleset that is known here";

		if (!strcmp(key, "name"))
			SAY(o, true, "the names of its policies", "rulesets[%zu].name", i);
		else if (strcmp(key, "detectors") != 0 && strcmp(key, "actions") != 0)
			SAY(o, false, what, "rulesets[%zu].%.150s", i, key);
	}
}

static void ruleset(struct oomd *o, json_t *node, size_t i)
{
	const char *name = json_string_value(json_object_get(node, "name"));
	json_t *detectors = json_object_get(node, "detectors"),
	       *actions = json_object_get(node, "actions"), *group, *plugin;
	char path[OOMD_PATH];
	size_t g, k;

	ruleset_keys(o, node, i);
	json_array_foreach(detectors, g, group)
	{
		struct group conditions = {.pressure = -1, .swap_free = -1, .host_available = -1};

		json_array_foreach(group, k, plugin)
		{
			snprintf(path, sizeof(path), "rulesets[%zu].detectors[%zu][%zu]", i, g, k);
			if (json_is_string(plugin))
				oomd_each_line(o, path, true, "name of a group");
			else
				oomd_detector(o, plugin, path, &conditions);
		}
		json_array_foreach(actions, k, plugin)
		{
			snprintf(path, sizeof(path), "rulesets[%zu].actions[%zu]", i, k);
			action(o, plugin, path, name ? name : "ruleset", &conditions);
		}
	}
}

static json_t *load(struct import *im, const char *path, int *ret_error)
{
	_cleanup_free_ char *text = NULL;
	json_error_t error;
	json_t *root;

	*ret_error = import_read_text(path, &text);
	if (*ret_error)
		return NULL;
	blank_comments(text);
	root = json_loads(text, JSON_REJECT_DUPLICATES, &error);
	if (root)
		return root;
	import_warn(im, "%s:%d:%d: %s", path, error.line, error.column, error.text);
	*ret_error = -EBADMSG;
	return NULL;
}

int import_oomd(struct import *im, const char *path)
{
	struct oomd o = {.im = im};
	_cleanup_free_ char *lines = NULL, *title = NULL;
	json_t *root, *rulesets, *node;
	size_t bytes, i;
	FILE *out;
	int e;

	root = load(im, path, &e);
	if (!root)
		return e;
	rulesets = json_object_get(root, "rulesets");
	out = open_memstream(&lines, &bytes);
	if (out) {
		flatten(root, "", 0, out);
		fclose(out);
	}
	e = !json_is_array(rulesets) ? -ENODATA
	    : asprintf(&title, "%s, one line for each value", path) < 0 || !lines
		    ? -ENOMEM
		    : import_text(im, title, lines, &o.s);
	json_array_foreach(e ? NULL : rulesets, i, node) ruleset(&o, node, i);
	if (!e) {
		oomd_each_line(
			&o, "prekill_hooks", false,
			"headroom has no such hooks; {notify: {run: [CMD]}} runs a command before");
		oomd_each_line(&o, "version", false, "of oomd");
		import_note(
			im,
			"Pressure: oomd watches the cgroup of a detector and kills in those of the "
			"action; here each cgroup of the action is judged by its own stall.");
		import_note(im,
			    "A * in oomd's paths is one name; here it also matches what is below. "
			    "The extended attributes trusted.oomd_prefer and trusted.oomd_avoid of "
			    "cgroups are not read: what must stay belongs below protect.");
	}
	json_decref(root);
	return e;
}
