// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The table of columns: what each shows, how it sorts, how it stands out. Nothing here knows a
 * screen. A new column is one line in column_table[]; to show it, one word in a listing below.
 */
#include "columns.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/utf8_clean.h"
#include "base/human_units.h"
#include "forecast/forecast.h"
#include "forecast/reason_text.h"
#include "display_name.h"
#include "alert_text.h"
#include "sparkline.h"
#include "enum_text.h"

static double number(uint64_t value) { return value == HR_UNKNOWN ? NAN : (double)value; }

/* The live figures of a gone container are not shown. */
static double live(const struct row *row, uint64_t value)
{
	return slot_gone(row->slot) ? NAN : number(value);
}

static const char *text_bytes(double value, char text[CELL_TEXT])
{
	return units_bytes(isnan(value) ? HR_UNKNOWN : units_whole(value), text);
}

static const char *text_count(double value, char text[CELL_TEXT])
{
	if (isnan(value))
		return strcpy(text, "-");
	snprintf(text, CELL_TEXT, "%.0f", value);
	return text;
}

enum unit { UNIT_BYTES, UNIT_COUNT, UNIT_PER_SECOND };

static const char *text_measured(enum unit unit, double value, char text[CELL_TEXT])
{
	if (unit == UNIT_BYTES)
		return text_bytes(value, text);
	text_count(value, text);
	return unit == UNIT_PER_SECOND && !isnan(value) ? strcat(text, "/s") : text;
}

static const char *text_percent(double share, char text[CELL_TEXT])
{
	if (isnan(share))
		return strcpy(text, "-");
	snprintf(text, CELL_TEXT, "%.0f%%", 100 * share);
	return text;
}

static const char *text_of(const struct row *row, struct hr_str s, char text[CELL_TEXT])
{
	const char *raw = hr_slot_text(row->slot, s);

	return text_clean(raw ? raw : "-", SIZE_MAX, text, CELL_TEXT);
}

#define BYTES_COLUMN(name, field)                                                                 \
	static double name##_value(const struct row *row) { return live(row, row->slot->field); } \
	static const char *name##_format(const struct row *row, char text[CELL_TEXT])             \
	{                                                                                         \
		return text_bytes(name##_value(row), text);                                       \
	}

#define COUNT_COLUMN(name, field)                                                              \
	static double name##_value(const struct row *row) { return number(row->slot->field); } \
	static const char *name##_format(const struct row *row, char text[CELL_TEXT])          \
	{                                                                                      \
		return text_count(name##_value(row), text);                                    \
	}

#define MEASURED_COLUMN(unit, name, field)                                                        \
	static double name##_value(const struct row *row) { return live(row, row->slot->field); } \
	static const char *name##_format(const struct row *row, char text[CELL_TEXT])             \
	{                                                                                         \
		return text_measured(unit, name##_value(row), text);                              \
	}

#define TEXT_COLUMN(name, field)                                                      \
	static const char *name##_format(const struct row *row, char text[CELL_TEXT]) \
	{                                                                             \
		return text_of(row, row->slot->field, text);                          \
	}

BYTES_COLUMN(usage, memory.usage)
BYTES_COLUMN(limit, memory.limit)
BYTES_COLUMN(headroom, memory.headroom)
/* The functions and the line of a measured field, from its cell COLUMN (fields.def). */
#define FUNCTIONS_OF(unit, name, field, ...) __VA_OPT__(MEASURED_COLUMN(UNIT_##unit, name, field))
#define LINE_OF(name, ...)                   __VA_OPT__(LINE(name, __VA_ARGS__))
#define LINE(name_, title_, width_, drop_, help_) \
	{.id = #name_,                            \
	 .title = title_,                         \
	 .width = width_,                         \
	 .right = true,                           \
	 .drop = drop_,                           \
	 .help = help_,                           \
	 .format = name_##_format,                \
	 .value = name_##_value},
#define HR_MEMORY(name, unit, kind, meaning, bpf, v2, v1, key, metric, otel, column) \
	HR_APPLY(FUNCTIONS_OF, unit, name, memory.name, column)
#define HR_COUNTER(name, unit, kind, meaning, bpf, v2, v1, key, metric, otel, column) \
	HR_APPLY(FUNCTIONS_OF, unit, name, counts.name, column)
#include <headroom/fields.def>
COUNT_COLUMN(kills, oom_kills_total)
COUNT_COLUMN(restarts, restarts)
TEXT_COLUMN(image, id.image)
TEXT_COLUMN(cgroup, id.cgroup)

/* At risk, as a mark that needs no colour. */
static double alarm_value(const struct row *row)
{
	return slot_gone(row->slot) ? -1 : (double)alert_alarm(row->slot);
}

static const char *alarm_format(const struct row *row, char text[CELL_TEXT])
{
	static const char *const marks[] = {" ", "!", "!", "!!"};
	double alarm = alarm_value(row);

	return strcpy(text, alarm < 0 ? "x" : alarm > HR_ALARM_ACT ? "?" : marks[(int)alarm]);
}

static enum style mark_style(const struct row *row)
{
	return slot_gone(row->slot) ? STYLE_DIM : alarm_style(alert_alarm(row->slot));
}

static const char *name_format(const struct row *row, char text[CELL_TEXT])
{
	snprintf(text, CELL_TEXT, "%s", row->name);
	return text;
}

static const char *node_format(const struct row *row, char text[CELL_TEXT])
{
	if (!*slot_node(row->slot, text, CELL_TEXT))
		strcpy(text, "-");
	return text;
}

static const char *runtime_format(const struct row *row, char text[CELL_TEXT])
{
	const char *word = row->slot->id.runtime == HR_RUNTIME_NONE
				   ? NULL
				   : hr_runtime_name(row->slot->id.runtime);

	snprintf(text, CELL_TEXT, "%s", word ? word : "-");
	return text;
}

static const char *limited_by_format(const struct row *row, char text[CELL_TEXT])
{
	static const char *const levels[HR_LEVEL_COUNT] = {"self", "parent", "host"};
	unsigned int level = row->slot->binding.level;

	return strcpy(text, slot_gone(row->slot)     ? "gone"
			    : level < HR_LEVEL_COUNT ? levels[level]
						     : "-");
}

static enum style limited_by_style(const struct row *row)
{
	return slot_gone(row->slot) ? STYLE_DIM : STYLE_PLAIN;
}

/* Share of the effective limit that is not reclaimable; unknown where that limit is the host's memory, which the host's
 * own line shows. */
static double used_value(const struct row *row)
{
	double free_share = slot_headroom_share(row->slot);

	if (row->slot->binding.level == HR_LEVEL_HOST || isnan(free_share))
		return NAN;
	return free_share > 1 ? 0 : 1 - free_share;
}

static const char *used_format(const struct row *row, char text[CELL_TEXT])
{
	return text_percent(used_value(row), text);
}

static bool used_bar(const struct row *row, double *ret_solid, double *ret_light)
{
	const struct hr_memory *memory = &row->slot->memory;
	double solid = used_value(row), cache = 0;

	if (isnan(solid))
		return false;
	/* How much the container's cache takes is known for its own limit only. */
	if (row->slot->binding.level == HR_LEVEL_OWN && memory->usage != HR_UNKNOWN &&
	    memory->unreclaimable != HR_UNKNOWN && memory->usage > memory->unreclaimable)
		cache = (double)(memory->usage - memory->unreclaimable) /
			(double)row->slot->binding.limit;
	*ret_solid = solid;
	*ret_light = solid + cache > 1 ? 1 - solid : cache;
	return true;
}

static enum style used_style(const struct row *row) { return style_grade(used_value(row)); }

static double trend_value(const struct row *row)
{
	int64_t drift = row->slot->forecast.drift_bytes_per_second;

	return slot_gone(row->slot) || drift == HR_UNKNOWN_I64 ? NAN : (double)drift;
}

static const char *trend_format(const struct row *row, char text[CELL_TEXT])
{
	return units_rate(isnan(trend_value(row)) ? HR_UNKNOWN_I64
						  : row->slot->forecast.drift_bytes_per_second,
			  text);
}

static double psi_value(const struct row *row)
{
	uint32_t centi = row->slot->pressure.some_avg10_centi;

	return slot_gone(row->slot) || centi == HR_UNKNOWN_U32 ? NAN : centi / 10000.0;
}

static const char *psi_format(const struct row *row, char text[CELL_TEXT])
{
	return text_percent(psi_value(row), text);
}

static enum style psi_style(const struct row *row)
{
	return psi_value(row) >= 0.1 ? STYLE_WARN : STYLE_PLAIN;
}

/* Left out at low risk: it extrapolates a growth that will not last. A confirmed leak lasts. */
static double oom_eta_value(const struct row *row)
{
	const struct hr_forecast *o = &row->slot->forecast;

	return forecast_is_low(o) && o->leak < HR_LEAK_CONFIRMED ? NAN
								 : live(row, o->oom_in_p50_ms);
}

static const char *oom_eta_format(const struct row *row, char text[CELL_TEXT])
{
	return units_duration_ms(
		isnan(oom_eta_value(row)) ? HR_UNKNOWN : row->slot->forecast.oom_in_p50_ms, text);
}

static double risk_value(const struct row *row)
{
	uint16_t centi = row->slot->forecast.risk_centi;

	return slot_gone(row->slot) || centi == UINT16_MAX ? NAN : centi / 100.0;
}

static enum style oom_eta_style(const struct row *row)
{
	return forecast_is_low(&row->slot->forecast) ? STYLE_DIM : mark_style(row);
}

static const char *risk_format(const struct row *row, char text[CELL_TEXT])
{
	return text_count(risk_value(row), text);
}

static enum style risk_style(const struct row *row) { return style_grade(risk_value(row) / 100); }

static double pids_value(const struct row *row)
{
	return slot_gone(row->slot) || row->slot->pids == HR_UNKNOWN_U32 ? NAN : row->slot->pids;
}

static const char *pids_format(const struct row *row, char text[CELL_TEXT])
{
	return text_count(pids_value(row), text);
}

static enum style kills_style(const struct row *row)
{
	return kills_value(row) > 0 ? STYLE_BAD : STYLE_PLAIN;
}

static const char *leak_format(const struct row *row, char text[CELL_TEXT])
{
	const char *word =
		slot_gone(row->slot) ? NULL : forecast_leak_state_name(row->slot->forecast.leak);

	snprintf(text, CELL_TEXT, "%s", word && row->slot->forecast.leak ? word : "-");
	return text;
}

static enum style leak_style(const struct row *row)
{
	return !slot_gone(row->slot) && hr_leak_grows(row->slot->forecast.leak) ? STYLE_WARN
										: STYLE_PLAIN;
}

static double leak_value(const struct row *row)
{
	return slot_gone(row->slot) ? NAN : row->slot->forecast.leak;
}

static double stall_value(const struct row *row)
{
	return live(row, row->slot->stalls.total_ns) / 1e6;
}

static const char *stall_format(const struct row *row, char text[CELL_TEXT])
{
	double ms = stall_value(row);

	return units_duration_ms(isnan(ms) ? HR_UNKNOWN : (uint64_t)ms, text);
}

static const char *sparkline_format(const struct row *row, char text[CELL_TEXT])
{
	return slot_gone(row->slot) ? strcpy(text, "-") : sparkline_text(row->slot, 8, false, text);
}

static const char *sparkline_drawn(const struct row *row, size_t width, bool ascii,
				   char text[CELL_TEXT])
{
	return slot_gone(row->slot) ? strcpy(text, "-")
				    : sparkline_text(row->slot, width, ascii, text);
}

/* Full height is the own limit; without one the maximum, which says nothing of a share. */
static enum style sparkline_style(const struct row *row)
{
	return isnan(used_value(row)) ? STYLE_ACCENT : used_style(row);
}

static double next_value(const struct row *row)
{
	return slot_gone(row->slot) ? NAN : row->slot->forecast.next_action;
}

static const char *next_format(const struct row *row, char text[CELL_TEXT])
{
	const char *word =
		slot_gone(row->slot) ? NULL : hr_action_kind_name(row->slot->forecast.next_action);

	snprintf(text, CELL_TEXT, "%s", word ? word : "-");
	return text;
}

/* drop: on a narrow screen the column with the highest number is removed first. */
/* clang-format off */
const struct column column_table[] = {
	{.id = "alarm", .title = "!", .width = 2, .drop = 0,
	 .help = "! risk 50 or higher or any alarm, !! risk 80 or higher or alarm act, x gone",
	 .format = alarm_format, .value = alarm_value, .style = mark_style},
	{.id = "name", .title = "NAME", .help = "name of the container, unit or cgroup",
	 .format = name_format, .style = mark_style, .keeps_end = true, .least_first = true},
	{.id = "node", .title = "NODE", .width = 16, .drop = 65,
	 .help = "node, on a board of many nodes", .format = node_format, .least_first = true},
	{.id = "runtime", .title = "RUNTIME", .width = 10, .drop = 60, .help = "container runtime",
	 .format = runtime_format, .least_first = true},
	{.id = "limited_by", .title = "LIMITED BY", .width = 10, .drop = 50,
	 .help = "limit that is reached first: self, parent cgroup or host; gone",
	 .format = limited_by_format, .style = limited_by_style, .least_first = true},
	{.id = "usage", .title = "USAGE", .width = 8, .right = true, .drop = 40,
	 .help = "charged memory, page cache included",
	 .format = usage_format, .value = usage_value},
	{.id = "limit", .title = "LIMIT", .width = 8, .right = true, .drop = 45,
	 .help = "own memory limit",
	 .format = limit_format, .value = limit_value},
	{.id = "used", .title = "USED%", .width = 5, .right = true, .drop = 3,
	 .help = "share of the effective limit: non-reclaimable (dark), cache (light); - for the host",
	 .format = used_format, .value = used_value, .style = used_style, .bar = used_bar},
	{.id = "usage_10m", .title = "USAGE 10m", .width = 9, .drop = 7,
	 .help = "usage over the last ten minutes, now on the right; full height: own limit, else maximum",
	 .format = sparkline_format, .drawn = sparkline_drawn, .value = trend_value,
	 .style = sparkline_style},
	{.id = "headroom", .title = "HEADROOM", .width = 8, .right = true, .drop = 2,
	 .help = "memory left before the effective limit is reached",
	 .format = headroom_format,
	 .value = headroom_value, .style = used_style, .least_first = true},
	{.id = "trend", .title = "TREND", .width = 11, .right = true, .drop = 20,
	 .help = "growth of the non-reclaimable memory",
	 .format = trend_format, .value = trend_value},
	{.id = "psi", .title = "PSI", .width = 4, .right = true, .drop = 30,
	 .help = "memory pressure: share of the last 10s in which some task stalled",
	 .format = psi_format, .value = psi_value, .style = psi_style},
	{.id = "oom_eta", .title = "OOM ETA", .width = 7, .right = true, .drop = 1,
	 .help = "median time to OOM; - at risk below 20 without an alarm or a leak",
	 .format = oom_eta_format, .value = oom_eta_value, .style = oom_eta_style, .least_first = true},
	{.id = "risk", .title = "RISK", .width = 4, .right = true, .drop = 4,
	 .help = "probability of an OOM or stall within 15 minutes, 0-100",
	 .format = risk_format, .value = risk_value, .style = risk_style},
	{.id = "kills", .title = "KILLS", .width = 5, .right = true, .drop = 8,
	 .help = "OOM kills, restarts included",
	 .format = kills_format, .value = kills_value, .style = kills_style},
	{.id = "leak", .title = "LEAK", .width = 10, .drop = 70,
	 .help = "leak state: suspected, confirmed, exhausting, ended",
	 .format = leak_format, .value = leak_value, .style = leak_style},
	{.id = "next", .title = "NEXT", .width = 8, .drop = 65,
	 .help = "next action of its policy: notify, reclaim, throttle, resize, term, kill",
	 .format = next_format, .value = next_value},
#define HR_MEMORY(name, unit, kind, meaning, bpf, v2, v1, key, metric, otel, column) \
	HR_APPLY(LINE_OF, name, column)
#define HR_COUNTER HR_MEMORY
#include <headroom/fields.def>
	{.id = "stall", .title = "STALL", .width = 6, .right = true, .drop = 96,
	 .help = "time its tasks spent in direct reclaim since the start",
	 .format = stall_format, .value = stall_value},
	{.id = "pids", .title = "PIDS", .width = 5, .right = true, .drop = 90,
	 .help = "number of processes",
	 .format = pids_format, .value = pids_value},
	{.id = "restarts", .title = "RESTARTS", .width = 8, .right = true, .drop = 97,
	 .help = "restarts since it was first seen",
	 .format = restarts_format, .value = restarts_value},
	{.id = "image", .title = "IMAGE", .width = 28, .drop = 98, .help = "container image",
	 .format = image_format, .least_first = true},
	{.id = "cgroup", .title = "CGROUP", .width = 40, .drop = 99, .help = "cgroup path",
	 .format = cgroup_format, .least_first = true},
};
/* clang-format on */
const size_t columns_count = ARRAY_SIZE(column_table);

const char *const columns_of_ls[] = {"name",  "limited_by", "usage", "limit", "headroom", "used",
				     "trend", "oom_eta",    "risk",  "kills", NULL};
const char *const columns_of_top[] = {
	"alarm", "name",  "usage_10m", "used",    "headroom", "trend", "oom_eta", "risk",
	"usage", "psi",   "leak",      "next",    "kills",    "anon",  "file",    "kernel",
	"swap",  "stall", "pids",      "runtime", "image",    NULL};

const struct column *column_find(const char *id)
{
	for (size_t i = 0; i < columns_count; i++)
		if (!strcmp(column_table[i].id, id))
			return &column_table[i];
	return NULL;
}

const char *column_id(size_t i) { return i < columns_count ? column_table[i].id : NULL; }

struct order {
	const struct column *by;
	bool reverse;
};

/* Unknown values come last in either direction. */
static int compare_numbers(double a, double b, bool ascending)
{
	if (isnan(a) || isnan(b))
		return (int)isnan(a) - (int)isnan(b);
	return ascending ? (a > b) - (a < b) : (a < b) - (a > b);
}

static int compare_rows(const void *left, const void *right, void *arg)
{
	const struct row *a = left, *b = right;
	const struct order *order = arg;
	bool ascending = order->by->least_first != order->reverse;
	char text_a[CELL_TEXT], text_b[CELL_TEXT];
	int c;

	if (order->by->value)
		c = compare_numbers(order->by->value(a), order->by->value(b), ascending);
	else
		c = strcasecmp(order->by->format(a, text_a), order->by->format(b, text_b)) *
		    (ascending ? 1 : -1);
	if (!c)
		c = compare_numbers(slot_headroom_share(a->slot), slot_headroom_share(b->slot),
				    true);
	if (!c)
		c = strcmp(a->name, b->name);
	return c ? c
		 : (a->slot->cgroup_id > b->slot->cgroup_id) -
			       (a->slot->cgroup_id < b->slot->cgroup_id);
}

void rows_sort(struct row *rows, size_t n, const struct column *by, bool reverse)
{
	struct order order = {by, reverse};

	if (n)
		qsort_r(rows, n, sizeof(*rows), compare_rows, &order);
}
