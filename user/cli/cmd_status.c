// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* headroom status: the daemon at a glance: mode, policies, what is at risk, the last action, what is degraded. */
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/human_units.h"
#include "base/log.h"
#include "base/utf8_clean.h"
#include "cli.h"
#include "format/alert_text.h"
#include "format/enum_text.h"
#include "format/event_line.h"
#include "format/event_log.h"
#include "json/json.h"
#include "listing.h"

#define LABEL_WIDTH 14

struct status_options {
	bool json;
	const char *board;
};

struct status {
	struct snapshot snapshot;
	struct event_log events;
	const struct hr_event *action, *oom_kill; /* the newest; NULL: none on the board */
	const char *path;
};

static int load(struct status *status, struct hr_reader *reader)
{
	struct snapshot *s = &status->snapshot;
	int r = snapshot_load(s, reader);

	r = r ?: event_log_load(&status->events, reader);
	for (size_t i = 0; !r && i < status->events.n; i++) {
		const struct hr_event *event = status->events.event[i];

		if (event->type == HR_EVENT_ACTION)
			status->action = event;
		if (event->type == HR_EVENT_OOM_KILL)
			status->oom_kill = event;
	}
	status->path = hr_reader_path(reader);
	return r;
}

/* One line, cut to the terminal. */
static void print_row(const char *label, const char *value)
{
	char line[EVENT_LINE_TEXT];
	size_t width = cli_width();

	if (width > LABEL_WIDTH)
		value = text_fit(value, width - LABEL_WIDTH, cli_ascii(), line, sizeof(line));
	printf("%-*s%s\n", LABEL_WIDTH, label, value);
}

static void print_daemon(const struct status *status)
{
	const struct snapshot *s = &status->snapshot;
	char line[512], warning[128], uptime[UNITS_TEXT], version[64];
	uint64_t started = s->host.started_ns;

	text_clean(s->host.version, sizeof(s->host.version), version, sizeof(version));
	if (s->health) {
		print_row("daemon", snapshot_warning(s, warning, sizeof(warning)));
	} else {
		snprintf(line, sizeof(line), "%s, pid %u, version %s, for %s",
			 s->recording ? "recorded" : "running", s->host.pid, version,
			 started && started <= s->time_ns
				 ? units_duration_ms((s->time_ns - started) / NS_PER_MS, uptime)
				 : "-");
		print_row("daemon", line);
	}
	snprintf(line, sizeof(line), "%s, %u polic%s", or_unknown(mode_word(s->host.mode)),
		 s->host.policies, s->host.policies == 1 ? "y" : "ies");
	print_row("mode", line);
	if (s->host.paused_until_ns) {
		uint64_t until = s->host.paused_until_ns;

		snprintf(line, sizeof(line), "no policy acts%s%s: 'headroom daemon resume' ends it",
			 until == HR_UNKNOWN || until <= s->time_ns ? "" : " for ",
			 until == HR_UNKNOWN || until <= s->time_ns
				 ? ""
				 : units_duration_ms((until - s->time_ns) / NS_PER_MS, uptime));
		print_row("paused", line);
	}
	text_clean(status->path, SIZE_MAX, line, sizeof(line));
	print_row("board", line);
}

static void print_host(const struct snapshot *s)
{
	char line[512], node[128], kernel[128], total[UNITS_TEXT], available[UNITS_TEXT];
	char huge[UNITS_TEXT];
	bool reserved = hr_host_usable(&s->host) != s->host.mem_total;

	text_clean(s->host.node, sizeof(s->host.node), node, sizeof(node));
	text_clean(s->host.kernel, sizeof(s->host.kernel), kernel, sizeof(kernel));
	snprintf(line, sizeof(line), "%s, kernel %s, cgroup %s", *node ? node : "-",
		 *kernel ? kernel : "-", or_unknown(layout_word(s->host.cgroup_version)));
	print_row("host", line);
	snprintf(line, sizeof(line), "%s of %s available%s%s; %zu container%s, %zu unit%s",
		 units_bytes(s->host.mem_available, available),
		 units_bytes(hr_host_usable(&s->host), total),
		 reserved ? ", huge pages reserve " : "",
		 reserved ? units_bytes(s->host.memory.hugetlb, huge) : "", s->tally.containers,
		 plural_s(s->tally.containers), s->tally.units, plural_s(s->tally.units));
	print_row("memory", line);
}

static void print_event(const char *label, const struct hr_event *event, uint64_t now_ns)
{
	char text[EVENT_LINE_TEXT];

	print_row(label, event ? event_line(event, now_ns, text) : "none on the board");
}

static void print_text(const struct status *status)
{
	const struct snapshot *s = &status->snapshot;
	char line[ALERT_TEXT], what[40], text[256];
	size_t width = cli_width();

	print_daemon(status);
	print_host(s);
	alert_headline(s, width > LABEL_WIDTH ? width - LABEL_WIDTH : 400, cli_ascii(), line);
	print_row("at risk", line);
	print_event("last action", status->action, s->time_ns);
	print_event("last OOM kill", status->oom_kill, s->time_ns);
	if (!*s->host.degraded[0].what)
		print_row("degraded", s->health ? "unknown" : "none");
	for (size_t i = 0; i < HR_DEGRADED && *s->host.degraded[i].what; i++) {
		text_clean(s->host.degraded[i].what, SIZE_MAX, what, sizeof(what));
		text_clean(s->host.degraded[i].text, SIZE_MAX, text, sizeof(text));
		snprintf(line, sizeof(line), "%s: %s", what, text);
		print_row(i ? "" : "degraded", line);
	}
}

/* The part of a container's document that says what is at risk. */
static json_t *at_risk(const struct snapshot *s)
{
	static const char *const keys[] = {"name",  "cgroup",         "cgroup_id",  "risk",
					   "alarm", "oom_in_seconds", "next_action"};
	json_t *array = json_array();

	for (size_t i = 0; i < s->n_slots; i++) {
		json_t *all, *some;

		if (slot_gone(&s->slots[i]) || s->slots[i].forecast.alarm == HR_ALARM_NONE)
			continue;
		all = json_container(&s->slots[i]);
		some = json_object();
		for (size_t k = 0; k < ARRAY_SIZE(keys); k++)
			json_object_set(some, keys[k], json_object_get(all, keys[k]));
		json_array_append_new(array, some);
		json_decref(all);
	}
	return array;
}

static json_t *event_or_null(const struct hr_event *event, const char *node)
{
	return event ? json_event(event, node) : json_null();
}

static int print_json(const struct status *status)
{
	const struct snapshot *s = &status->snapshot;
	const struct hr_event *action = status->action, *oom_kill = status->oom_kill;
	char time[CLOCK_TEXT];
	json_t *object;
	int r;

	clock_format_rfc3339(s->time_ns, time);
	object = json_pack("{ss ss so so si si so so}", "schema", "headroom.status/2", "time", time,
			   "host", json_host(&s->host, &s->header, s->time_ns, s->health),
			   "at_risk", at_risk(s), "containers", (int)s->tally.containers, "units",
			   (int)s->tally.units, "last_action", event_or_null(action, s->host.node),
			   "last_oom_kill", event_or_null(oom_kill, s->host.node));
	r = object ? json_dumpf(object, stdout, JSON_STYLE) : -1;
	json_decref(object);
	putchar('\n');
	return r;
}

static void status_done(struct status *status)
{
	event_log_done(&status->events);
	snapshot_done(&status->snapshot);
}

static int run(const void *values, char **arguments)
{
	const struct status_options *options = values;
	_cleanup_(status_done) struct status status = {0};
	_cleanup_reader_ struct hr_reader *reader = NULL;
	int r = cli_open(options->board, &reader);

	r = r ?: cli_go_to_time("status", reader, 0);
	if (r)
		return r;
	r = load(&status, reader);
	if (r) {
		log_error("%s: %s", hr_reader_path(reader), strerror(-r));
		return CLI_FAILED;
	}
	if (!options->json)
		print_text(&status);
	else if (print_json(&status) && !ferror(stdout)) {
		log_error("out of memory");
		return CLI_FAILED;
	}
	return listing_warn(&status.snapshot);
}

static const struct option_spec specs[] = {
	OPTION_FLAG("json", struct status_options, json, "print one JSON document"),
	OPTION_UTC,
	OPTION_BOARD(struct status_options),
	{0},
};

const struct command command_status = {
	.name = "status",
	.arguments = "",
	.summary = "Show daemon, mode, last action, what is degraded",
	.text = "What is degraded: what the daemon cannot do, or does by a lesser way, and why.\n"
		"Exit status: 0 the daemon runs, 3 it does not.\n",
	.options = specs,
	.options_bytes = sizeof(struct status_options),
	.run = run,
};
