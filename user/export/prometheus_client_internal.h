/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What fleet.c gathers and fleet_board.c shows. Nobody else's. */
#ifndef HEADROOM_EXPORT_PROMETHEUS_CLIENT_INTERNAL_H
#define HEADROOM_EXPORT_PROMETHEUS_CLIENT_INTERNAL_H

#include <stdbool.h>
#include <headroom/board.h>
#include "prometheus_client.h"

#define NODE_TEXT     64
#define FLEET_QUERIES 40u /* at most */

enum text { TEXT_ID, TEXT_NAME, TEXT_NAMESPACE, TEXT_POD, TEXT_CONTAINER, TEXT_IMAGE, TEXTS };

struct node {
	char *instance;
	char name[NODE_TEXT];
	bool up;
	double mem_total;
};

struct row { /* a container */
	uint64_t key;
	size_t node;
	char *text[TEXTS];           /* one allocation, at text[0] */
	double value[FLEET_QUERIES]; /* NAN: not told */
};

struct held { /* whose slot is which */
	uint64_t key;
	uint32_t slot;
};

struct fleet {
	struct node *node;
	size_t nodes, nodes_space;
	struct row *row;
	size_t rows, rows_space;
	uint32_t *table;    /* by key: a row's number + 1 */
	size_t table_space; /* a power of two, at least twice rows_space */
	struct held *held;  /* by key */
	size_t n_held;
	struct hr_host host; /* sums so far */
};

uint64_t fleet_whole(double value); /* HR_UNKNOWN for what is no size */
/* Puts on the slot what the row was told; what it was not told stays as it is. */
void fleet_put(struct hr_slot *slot, const struct row *row);

#endif
