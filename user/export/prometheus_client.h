/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A fleet: what headroom's exporters have told a Prometheus, put together into one board that every reader understands. Pure:
 * answers of the query API go in as text, a picture comes out on a board. Who asks is fleet_main.c.
 *
 *	fleet_begin(fleet);
 *	for (i = 0; fleet_query(i); i++)
 *		fleet_answer(fleet, i, the answer to GET /api/v1/query?query=fleet_query(i), …);
 *	fleet_show(fleet, board, now);
 *
 * A container is known by its node (the label `instance`) and its cgroup path; its slot and its cgroup_id, made of the two,
 * stay the same from picture to picture. The node's name stands among the slot's labels (HR_LABEL_NODE).
 */
#ifndef HEADROOM_EXPORT_PROMETHEUS_CLIENT_H
#define HEADROOM_EXPORT_PROMETHEUS_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#define FLEET_ERROR   256
#define FLEET_EVERY_S 5 /* between two pictures */

struct board;
struct fleet;

struct fleet *fleet_new(void);        /* NULL: no memory */
void fleet_free(struct fleet *fleet); /* takes NULL */

const char *fleet_query(
	size_t i); /* PromQL; NULL past the end. The first alone says whether there is a fleet. */
void fleet_begin(struct fleet *fleet);
/* 0; with a line in error: -EPROTO: not what the query API answers; -EREMOTEIO: it answers that it could not;
 * -ENODATA: to the first query, nobody. Else -ENOMEM. */
int fleet_answer(struct fleet *fleet, size_t query, const char *json, size_t n,
		 char error[FLEET_ERROR]);
size_t fleet_containers(const struct fleet *fleet);
/* 0, -ENOMEM or an error of board_grow(). */
int fleet_show(struct fleet *fleet, struct board *board, uint64_t now_ns);

#endif
