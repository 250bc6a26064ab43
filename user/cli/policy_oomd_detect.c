// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* oomd's detectors (its docs/core_plugins.md) as conditions. */
#include "policy_oomd.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- arguments ---- */

/* Numbers may be written as strings. */
static const char *arg(json_t *plugin, const char *name, char text[64])
{
	json_t *value = json_object_get(json_object_get(plugin, "args"), name);

	if (json_is_string(value))
		return json_string_value(value);
	if (json_is_number(value))
		snprintf(text, 64, "%g", json_number_value(value));
	else if (json_is_boolean(value))
		snprintf(text, 64, "%s", json_is_true(value) ? "true" : "false");
	else
		return NULL;
	return text;
}

/* The larger one of *ret and the argument, or `otherwise` if it is not given: of two detectors the stricter one counts. false: it is no number. */
static bool raise_to(json_t *plugin, const char *name, double otherwise, double *ret)
{
	char text[64], *end;
	const char *value = arg(plugin, name, text);
	double n = value ? strtod(value, &end) : otherwise;

	if ((value && (end == value || *end || !(n >= 0 && n <= 1e9))) ||
	    (!value && json_object_get(json_object_get(plugin, "args"), name)))
		return false;
	*ret = n > *ret ? n : *ret;
	return true;
}

bool oomd_is_true(json_t *plugin, const char *name)
{
	char text[64];
	const char *value = arg(plugin, name, text);

	return value && !strcasecmp(value, "true");
}

/* "1.5G", "512" (megabytes), "1.5M 32K 512" (their sum); false: another, such as a share of the host's memory. */
static bool size(const char *text, char ret[40])
{
	double sum = 0;
	bool one = strspn(text, "0123456789.") == strlen(text);

	while (*text) {
		char *end;
		double value = strtod(text, &end);
		static const char units[] = "KMGT";
		const char *unit = *end ? strchr(units, *end) : NULL;

		if (end == text || !(value >= 0))
			return false;
		for (int i = 0; unit && i <= unit - units; i++)
			value *= 1024;
		end += unit != NULL;
		if (*end && *end != ' ')
			return false;
		sum += value;
		text = end + strspn(end, " ");
	}
	sum *= one ? 1 << 20 : 1;
	if (!(sum >= 4096 && sum <= 1e15))
		return false;
	snprintf(ret, 40, "%.0fKiB", sum / 1024);
	return true;
}

/* "75%": of the host's memory, in oomd. */
static bool share(const char *text, double *ret_percent)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || strcmp(end, "%") != 0 || !(value >= 0.1 && value <= 100))
		return false;
	*ret_percent = value;
	return true;
}

/* ---- detectors ---- */

const char *oomd_cgroup_of(json_t *plugin)
{
	return json_string_value(json_object_get(json_object_get(plugin, "args"), "cgroup"));
}

/* What it becomes, or NULL. Of the root, the rest of the memory that is used is free: not more than that is available. */
static const char *memory_above(json_t *plugin, struct group *g)
{
	char text[64];
	const char *of = oomd_cgroup_of(plugin), *anon = arg(plugin, "threshold_anon", text),
		   *value = anon ? anon : arg(plugin, "threshold", text);
	struct size_above s = {.of = of, .condition = anon ? "used" : "usage"};
	double percent;

	if (!value || !of || g->sizes == SIZES_MOST)
		return NULL;
	if (share(value, &percent)) {
		if (!strcmp(of, "/") && !anon && percent < 99.9) {
			g->host_available =
				g->host_available >= 0 && g->host_available < 100 - percent
					? g->host_available
					: 100 - percent;
			return "host_available: the rest of the host's memory";
		}
		s.share = true;
		snprintf(s.value, sizeof(s.value), "%.1f%%", percent);
	} else if (!size(value, s.value)) {
		return NULL;
	}
	g->size[g->sizes++] = s;
	return s.share ? "a share of the host's memory; here it is of the target's limit: the "
			 "policy stays in dry-run"
	       : anon  ? "used of the targets, which counts shared and kernel memory, too"
		       : "usage of the targets";
}

void oomd_detector(struct oomd *o, json_t *plugin, const char *path, struct group *g)
{
	const char *name = json_string_value(json_object_get(plugin, "name"));
	char text[64];
	const char *resource = arg(plugin, "resource", text), *what;
	bool memory = resource && !strcmp(resource, "memory");
	double percent = 0;

	name = name ? name : "";
	if (!strncmp(name, "dump_", 5)) {
		oomd_each_line(o, path, false, "prints, and detects nothing");
		return;
	}
	if ((!strcmp(name, "pressure_above") || !strcmp(name, "pressure_rising_beyond")) &&
	    memory && raise_to(plugin, "threshold", 80, &g->pressure) &&
	    raise_to(plugin, "duration", 0, &g->seconds)) {
		oomd_each_line(o, path, true,
			       name[9] == 'r'
				       ? "full_avg10 of the targets, without the trend over 1m"
				       : "full_avg10 of the targets");
		return;
	}
	if (!strcmp(name, "memory_above") && raise_to(plugin, "duration", 0, &g->seconds) &&
	    (what = memory_above(plugin, g)) != NULL) {
		oomd_each_line(o, path, true, what);
		return;
	}
	if (!strcmp(name, "swap_free") && raise_to(plugin, "threshold_pct", 20, &percent)) {
		if (g->swap_free < 0 || percent < g->swap_free)
			g->swap_free = percent;
		oomd_each_line(o, path, true, "host_available: no condition is on swap");
		return;
	}
	g->lacking = true;
	oomd_each_line(o, path, false, "no condition says this: the policy stays in dry-run");
}

/* The smaller of two shares, as a configuration takes it. */
static double available(const struct group *g)
{
	double percent = g->swap_free < 0                   ? g->host_available
			 : g->host_available < 0            ? g->swap_free
			 : g->swap_free < g->host_available ? g->swap_free
							    : g->host_available;

	return percent < 0 ? -1 : percent < 0.1 ? 0.1 : percent > 99 ? 99 : percent;
}

bool oomd_conditions(const struct group *g, const char *of, FILE *out, const char **ret_why)
{
	const char *given[SIZES_MOST] = {0},
		   *why = g->lacking ? "a detector has no equivalent" : NULL;
	double percent = available(g);
	bool any = false;

	fputs("{", out);
	if (g->pressure >= 0)
		any = fprintf(out, "full_avg10: %g",
			      g->pressure < 0.01  ? 0.01
			      : g->pressure > 100 ? 100
						  : g->pressure) > 0;
	for (size_t i = 0; i < g->sizes; i++) {
		const struct size_above *s = &g->size[i];
		bool again = !of || strcmp(s->of, of) != 0;

		for (size_t k = 0; k < i; k++)
			again |= given[k] && !strcmp(given[k], s->condition);
		why = again      ? "a size of other cgroups, or a second one, has no equivalent"
		      : s->share ? "the share was of the host's memory; here of the target's limit"
				 : why;
		if (again)
			continue;
		given[i] = s->condition;
		any = fprintf(out, "%s%s: %s", any ? ", " : "", s->condition, s->value) > 0;
	}
	if (percent >= 0)
		any = fprintf(out, "%shost_available: %g%%", any ? ", " : "", percent) > 0;
	if (g->seconds > 0)
		fprintf(out, ", for: %.0fs", g->seconds > 604800 ? 604800 : g->seconds);
	fputs("}", out);
	*ret_why = why;
	return any;
}
