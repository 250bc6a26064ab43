/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Isotonic calibration of summed log-odds, from runs with a known end; written as the table that
 * forecast/ ships. */
#ifndef BACKTEST_CALIBRATION_H
#define BACKTEST_CALIBRATION_H

#include "forecast/detector.h"
#include "score.h"

struct calibration_data;

struct calibration_data *calibration_new(void);
void calibration_free(struct calibration_data *data); /* takes NULL */
void calibration_run_begin(struct calibration_data *data);
void calibration_note(struct calibration_data *data, double t, const struct verdict *verdict);
void calibration_run_end(struct calibration_data *data, const struct run *run);
int calibration_write(const struct calibration_data *data, const char *path);

#endif
