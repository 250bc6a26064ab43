// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Pool adjacent violators over bins of log-odds, one row per horizon. A run of many like samples is
 * no independent evidence: n samples of one run in one bin weigh as the root of n.
 */
#include "calibration.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "forecast/calibrate_table.h"

#define RUN_NOTES 20000
#define PRIOR     2.0 /* runs' worth of belief in the log-odds as they are, per bin */

struct calibration_data {
	double weight[HORIZONS][CALIBRATION_KNOTS], failures[HORIZONS][CALIBRATION_KNOTS];
	struct {
		float t;
		uint8_t row, bin;
	} note[RUN_NOTES];
	unsigned int notes, every, skipped;
};

struct calibration_data *calibration_new(void)
{
	return calloc(1, sizeof(struct calibration_data));
}
void calibration_free(struct calibration_data *data) { free(data); }

void calibration_run_begin(struct calibration_data *data)
{
	data->notes = data->skipped = 0;
	data->every = 1;
}

void calibration_note(struct calibration_data *data, double t, const struct verdict *verdict)
{
	double at = (verdict->log_odds - CALIBRATION_FIRST) / CALIBRATION_STEP + 0.5;

	if (++data->skipped < data->every)
		return;
	data->skipped = 0;
	if (data->notes == RUN_NOTES) {
		for (unsigned int i = 0; i < RUN_NOTES / 2; i++)
			data->note[i] = data->note[2 * i];
		data->notes /= 2;
		data->every *= 2;
	}
	at = at < 0 ? 0 : at >= CALIBRATION_KNOTS ? CALIBRATION_KNOTS - 1 : at;
	data->note[data->notes].t = (float)t;
	data->note[data->notes].row = verdict->horizon;
	data->note[data->notes++].bin = (uint8_t)at;
}

void calibration_run_end(struct calibration_data *data, const struct run *run)
{
	double n[HORIZONS][CALIBRATION_KNOTS] = {{0}}, y[HORIZONS][CALIBRATION_KNOTS] = {{0}};

	for (unsigned int i = 0; i < data->notes; i++) {
		if (run_not_begun(run, data->note[i].t))
			continue;
		n[data->note[i].row][data->note[i].bin] += 1;
		y[data->note[i].row][data->note[i].bin] +=
			run_killed_within(run, data->note[i].t, 900);
	}
	for (unsigned int r = 0; r < HORIZONS; r++) {
		for (unsigned int b = 0; b < CALIBRATION_KNOTS; b++) {
			if (!n[r][b])
				continue;
			data->weight[r][b] += sqrt(n[r][b]);
			data->failures[r][b] += sqrt(n[r][b]) * y[r][b] / n[r][b];
		}
	}
}

static void pool(const double *weight, const double *failures, double *ret)
{
	double sum[CALIBRATION_KNOTS], all[CALIBRATION_KNOTS];
	unsigned int size[CALIBRATION_KNOTS], blocks = 0, at = 0;

	for (unsigned int b = 0; b < CALIBRATION_KNOTS; b++) {
		double z = CALIBRATION_FIRST + b * CALIBRATION_STEP;

		all[blocks] = weight[b] + PRIOR;
		sum[blocks] = failures[b] + PRIOR / (1 + exp(-z));
		size[blocks++] = 1;
		while (blocks > 1 &&
		       sum[blocks - 2] / all[blocks - 2] >= sum[blocks - 1] / all[blocks - 1]) {
			sum[blocks - 2] += sum[blocks - 1];
			all[blocks - 2] += all[blocks - 1];
			size[blocks - 2] += size[blocks - 1];
			blocks--;
		}
	}
	for (unsigned int k = 0; k < blocks; k++)
		for (unsigned int i = 0; i < size[k]; i++)
			ret[at++] = sum[k] / all[k];
}

int calibration_write(const struct calibration_data *data, const char *path)
{
	FILE *f = fopen(path, "we");

	if (!f)
		return -errno;
	fprintf(f,
		"/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */\n"
		"/*\n * Made by `make backtest-table` from the tuning seeds; never edited by hand. "
		"Chance of death within 15\n"
		" * minutes at summed log-odds of CALIBRATION_FIRST + i * CALIBRATION_STEP, a row "
		"per horizon of drift.c.\n */\n"
		"#ifndef HEADROOM_FORECAST_CALIBRATE_TABLE_H\n#define "
		"HEADROOM_FORECAST_CALIBRATE_TABLE_H\n\n"
		"#define CALIBRATION_FIRST -8.0f\n#define CALIBRATION_STEP 0.5f\n#define "
		"CALIBRATION_KNOTS 33\n\n"
		"/* clang-format off */\nstatic const float calibration[%d][CALIBRATION_KNOTS] = "
		"{\n",
		HORIZONS);
	for (unsigned int r = 0; r < HORIZONS; r++) {
		double p[CALIBRATION_KNOTS];

		pool(data->weight[r], data->failures[r], p);
		fprintf(f, "\t{");
		for (unsigned int b = 0; b < CALIBRATION_KNOTS; b++)
			fprintf(f, "%s%.5ff", b == 0 ? "" : b % 10 ? ", " : ",\n\t ", p[b]);
		fprintf(f, "},\n");
		for (unsigned int b = 0; b < CALIBRATION_KNOTS; b++)
			printf("row %u z %+5.1f weight %8.1f deaths %8.1f raw %.4f pooled %.4f\n",
			       r, (double)CALIBRATION_FIRST + b * (double)CALIBRATION_STEP,
			       data->weight[r][b], data->failures[r][b],
			       data->weight[r][b] > 0 ? data->failures[r][b] / data->weight[r][b]
						      : 0,
			       p[b]);
	}
	fprintf(f, "};\n/* clang-format on */\n\n#endif\n");
	return fclose(f) ? -errno : 0;
}
