// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Recorded series through forecast/, with what is known of their end: a recording that ends within a
 * few per cent of its own highest floor, after growth, ended in exhaustion as far as the
 * numbers show. Prints what was said when; judges forecasts of level by the series itself,
 * which no label is needed for.
 */
#include "traces.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cli/csv_series.h"
#include "base/human_units.h"
#include "forecast/forecast.h"
#include "forecast/reason_text.h"

struct emitted { /* what was said first, and how often */
	double first_warn, first_act, first_leak;
	unsigned int warns, acts, rows;
	double top_risk, last;
};

static void row_input(const struct series_row *row, struct forecast_input *in)
{
	forecast_input_init(in);
	in->t_ns = row->t_ns + 1000000000u;
	in->unreclaimable =
		row->memory.unreclaimable != HR_UNKNOWN ? row->memory.unreclaimable : row->used;
	in->usage = row->memory.usage != HR_UNKNOWN ? row->memory.usage : row->used;
	in->limit = row->memory.limit;
	in->headroom = row->memory.headroom;
	in->high = row->memory.high;
	in->anon = row->memory.anon;
	in->shmem = row->memory.shmem;
	in->kernel = row->memory.kernel;
	in->slab = row->slab;
	in->swap = row->memory.swap;
	in->swap_free = row->swap_free;
	in->refaults = row->counts.refaults;
	in->psi_full_us = row->psi_full_us;
	in->events_oom_kill = row->counts.oom_kill;
}

static void note(struct emitted *emitted, const struct hr_forecast *now,
		 const struct hr_forecast *before, double t)
{
	emitted->rows++;
	emitted->last = t;
	if (now->risk_centi != UINT16_MAX)
		emitted->top_risk = fmax(emitted->top_risk, now->risk_centi / 100.0);
	if (now->alarm >= HR_ALARM_WARN && before->alarm < HR_ALARM_WARN && emitted->warns++ == 0)
		emitted->first_warn = t;
	if (now->alarm >= HR_ALARM_ACT && before->alarm < HR_ALARM_ACT && emitted->acts++ == 0)
		emitted->first_act = t;
	if (hr_leak_grows(now->leak) && emitted->first_leak < 0)
		emitted->first_leak = t;
}

static void print_time(const char *what, double t)
{
	char text[UNITS_TEXT];

	if (t >= 0)
		printf("  %s after %s", what, units_duration_ms((uint64_t)(t * 1e3), text));
	else
		printf("  no %s", what);
}

static int play_file(const char *path, const char *name)
{
	static struct forecast_state state;
	struct emitted emitted = {.first_warn = -1, .first_act = -1, .first_leak = -1};
	struct hr_forecast forecast = {.risk_centi = UINT16_MAX}, before;
	struct forecast_accuracy record;
	struct forecast_input in;
	struct series *series;
	struct series_row row;
	char rate[UNITS_TEXT], text[160];
	double first_t = -1;
	int err = series_open(path, &series);

	if (err) {
		log_error("%s", series_open_error());
		return err;
	}
	forecast_init(&state);
	while (!(err = series_next(series, &row))) {
		row_input(&row, &in);
		before = forecast;
		forecast_update(&state, &in, &forecast);
		first_t = first_t < 0 ? row.t_seconds : first_t;
		note(&emitted, &forecast, &before, row.t_seconds - first_t);
	}
	if (err != -ENODATA)
		log_error("%s", series_error(series));
	forecast_accuracy(&state, &record);
	printf("%-32s %6u rows, %s;", name, emitted.rows,
	       units_duration_ms((uint64_t)(emitted.last * 1e3), text));
	print_time("warn", emitted.first_warn);
	print_time("act", emitted.first_act);
	print_time("leak", emitted.first_leak);
	printf("\n  %u warns, %u acts, top risk %.1f; at the end: risk %.1f, leak %s, %s an hour\n",
	       emitted.warns, emitted.acts, emitted.top_risk,
	       forecast.risk_centi == UINT16_MAX ? NAN : forecast.risk_centi / 100.0,
	       forecast_leak_state_name(forecast.leak),
	       forecast.leak_bytes_per_hour == HR_UNKNOWN_I64
		       ? "-"
		       : units_rate(forecast.leak_bytes_per_hour, rate));
	for (int i = 0; i < HR_REASONS && forecast.reason[i].kind; i++)
		printf("  %+.2f %s\n", forecast.reason[i].weight_centi / 100.0,
		       forecast_reason_text(&forecast.reason[i], text, sizeof(text)));
	if (record.checked)
		printf("  own intervals: %u checked, %.0f %% held\n", record.checked,
		       100.0 * record.covered / record.checked);
	series_close(series);
	return err == -ENODATA ? 0 : err;
}

static int is_csv(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name);

	return n > 4 && strcmp(entry->d_name + n - 4, ".csv") == 0;
}

int traces_play(const char *folder)
{
	struct dirent **entry;
	char path[4096];
	int failed = 0, n = scandir(folder, &entry, is_csv, alphasort);

	if (n < 0) {
		log_error("%s: %s", folder, strerror(errno));
		return -errno;
	}
	for (int i = 0; i < n; i++) {
		if (snprintf(path, sizeof(path), "%s/%s", folder, entry[i]->d_name) <
		    (int)sizeof(path)) {
			int err = play_file(path, entry[i]->d_name);

			failed = failed ? failed : err;
		}
		free(entry[i]);
	}
	free(entry);
	return failed;
}
