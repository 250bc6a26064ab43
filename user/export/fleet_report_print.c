// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The report of a fleet as text: a line for each workload, its newest incidents below. */
#include "fleet_report_internal.h"

#include <string.h>

#include "base/clock.h"
#include "base/human_units.h"
#include "base/utf8_clean.h"

#define INCIDENTS_SHOWN 5

static const char *local_time(const json_t *object, const char *key, char text[CLOCK_TEXT])
{
	uint64_t wall_ns = 0;

	clock_parse(prometheus_label(object, key), 0, &wall_ns);
	return clock_format_local(wall_ns, text);
}

static unsigned long long number(const json_t *object, const char *key)
{
	return (unsigned long long)json_integer_value(json_object_get(object, key));
}

#define DURATION_TEXT (UNITS_TEXT + 8)

/* Less than the resolution is not known better. */
static const char *duration(unsigned long long seconds, unsigned long long resolution,
			    char text[DURATION_TEXT])
{
	bool less = seconds < resolution;
	char units[UNITS_TEXT];

	snprintf(text, DURATION_TEXT, "%s%s", less ? "under " : "",
		 units_duration_ms((less ? resolution : seconds) * 1000, units));
	return text;
}

static void print_incident(FILE *out, const json_t *incident, unsigned long long resolution)
{
	const json_t *warned = json_object_get(incident, "warned_seconds_before");
	unsigned long long kills = number(incident, "oom_kills");
	char when[CLOCK_TEXT], time[DURATION_TEXT];

	fprintf(out, "    %s  ", local_time(incident, "time", when));
	if (!strcmp(prometheus_label(incident, "kind"), "near_miss"))
		fprintf(out, "near miss, alarm for %s\n",
			duration(number(incident, "alarm_seconds"), resolution, time));
	else if (json_is_null(warned))
		fprintf(out, "%llu OOM kill%s, no warning seen\n", kills, plural_s(kills));
	else
		fprintf(out, "%llu OOM kill%s, warned %s before\n", kills, plural_s(kills),
			duration((unsigned long long)json_integer_value(warned), resolution, time));
}

static void print_workload(FILE *out, const json_t *workload, int widths[2],
			   unsigned long long resolution)
{
	const json_t *incidents = json_object_get(workload, "incidents");
	size_t n = json_array_size(incidents);
	const char *name = prometheus_label(workload, "workload");
	const char *node = prometheus_label(workload, "node");

	fprintf(out, "%s%*s  %s%*s  %9llu  %11llu\n", node, widths[0] - (int)text_width(node), "",
		name, widths[1] - (int)text_width(name), "", number(workload, "oom_kills"),
		number(workload, "near_misses"));
	for (size_t i = 0; i < n && i < INCIDENTS_SHOWN; i++)
		print_incident(out, json_array_get(incidents, i), resolution);
	if (n > INCIDENTS_SHOWN)
		fprintf(out, "    and %zu before that\n", n - INCIDENTS_SHOWN);
}

void fleet_report_print(FILE *out, const json_t *document)
{
	const json_t *workloads = json_object_get(document, "workloads");
	unsigned long long nodes = number(document, "nodes"), kills = 0, near_misses = 0;
	unsigned long long resolution = number(document, "resolution_seconds");
	int widths[2] = {4, 8};
	char since[CLOCK_TEXT], until[CLOCK_TEXT], step[UNITS_TEXT];

	for (size_t i = 0; i < json_array_size(workloads); i++) {
		const json_t *workload = json_array_get(workloads, i);
		int node = (int)text_width(prometheus_label(workload, "node")),
		    name = (int)text_width(prometheus_label(workload, "workload"));

		kills += number(workload, "oom_kills");
		near_misses += number(workload, "near_misses");
		widths[0] = node > widths[0] ? node : widths[0];
		widths[1] = name > widths[1] ? name : widths[1];
	}
	fprintf(out, "%llu OOM kill%s and %llu near miss%s on %llu node%s\n", kills,
		plural_s(kills), near_misses, near_misses == 1 ? "" : "es", nodes, plural_s(nodes));
	fprintf(out, "from %s to %s, times within %s\n", local_time(document, "since", since),
		local_time(document, "until", until), units_duration_ms(resolution * 1000, step));
	if (json_is_true(json_object_get(document, "incomplete")))
		fputs("incomplete: parts of the server did not answer\n", out);
	if (json_is_true(json_object_get(document, "left_out")))
		fprintf(out, "incomplete: more than %d containers; a later --since has fewer\n",
			FLEET_REPORT_CONTAINERS);
	if (json_array_size(workloads))
		fprintf(out, "\n%-*s  %-*s  OOM KILLS  NEAR MISSES\n", widths[0], "NODE", widths[1],
			"WORKLOAD");
	for (size_t i = 0; i < json_array_size(workloads); i++)
		print_workload(out, json_array_get(workloads, i), widths, resolution);
}
