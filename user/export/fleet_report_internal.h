/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Shared by fleet_report.c, which collects, and fleet_report_finish.c, which judges. */
#ifndef HEADROOM_EXPORT_FLEET_REPORT_INTERNAL_H
#define HEADROOM_EXPORT_FLEET_REPORT_INTERNAL_H

#include <stdbool.h>
#include "fleet_report.h"
#include "prometheus_response.h"

#define FLEET_METRICS 2 /* of each container: its counter of OOM kills, its alarm */

struct fleet_change { /* of the counter, and its first value */
	uint64_t time_s;
	double value;
};

struct fleet_run { /* of points at warn or act */
	uint64_t begin_s, end_s;
	bool survived; /* there are later points below */
	bool killed;
};

struct fleet_series { /* of a container, under one id */
	json_t *metric;
	size_t workload; /* the index of its first series */
	struct fleet_change *change;
	size_t changes;
	struct fleet_run *run;
	size_t runs;
};

struct fleet_report {
	uint64_t since_s, until_s, step_s;
	json_t *node;  /* by instance: its name */
	json_t *began; /* by instance: seconds, its first scrape within the time */
	json_t *by_id; /* containers that are in series */
	json_t *by_workload;
	struct fleet_series *series;
	size_t n, space;
	bool partial, left_out;
};

#define FLEET_NAME 1024
/* namespace/pod/container of a container in a pod, else its own name, else its cgroup. */
void fleet_name(const json_t *metric, char name[FLEET_NAME]);

#endif
