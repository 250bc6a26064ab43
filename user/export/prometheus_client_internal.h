/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Shared by prometheus_client.c, which collects, and prometheus_client_board.c, which writes the board. */
#ifndef HEADROOM_EXPORT_PROMETHEUS_CLIENT_INTERNAL_H
#define HEADROOM_EXPORT_PROMETHEUS_CLIENT_INTERNAL_H

#include <stdbool.h>
#include <headroom/board.h>
#include "prometheus_client.h"

#define NODE_TEXT                 64
#define PROMETHEUS_CLIENT_QUERIES 40u /* maximum */

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
	char *text[TEXTS];                       /* one allocation, owned by text[0] */
	double value[PROMETHEUS_CLIENT_QUERIES]; /* NAN: no sample */
};

struct held { /* which container holds which slot */
	uint64_t key;
	uint32_t slot;
};

struct prometheus_client {
	size_t most;  /* rows */
	size_t total; /* containers that the server has */
	size_t lost;  /* nodes that were scraped within the last hour, and are no longer */
	bool partial; /* a response was incomplete */
	struct node *node;
	size_t nodes, nodes_space;
	struct row *row;
	size_t rows, rows_space;
	uint32_t *table;    /* by key: row index + 1 */
	size_t table_space; /* a power of two, at least twice rows_space */
	struct held *held;  /* by key */
	size_t n_held;
	struct hr_host host; /* sums so far */
};

uint64_t prometheus_client_whole(double value); /* HR_UNKNOWN for negative or too large values */
/* Copies the row's values to the slot; leaves fields without a sample unchanged. */
void prometheus_client_put(struct hr_slot *slot, const struct row *row);

#endif
