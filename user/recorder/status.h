/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The content of a store in numbers. Reads the store once. */
#ifndef HEADROOM_RECORDER_STATUS_H
#define HEADROOM_RECORDER_STATUS_H

#include "store.h"

struct store_status {
	uint64_t snapshots, frozen, first_ns,
		last_ns;                     /* wall times of oldest and newest; 0: none */
	uint64_t containers, snapshot_bytes; /* of the newest snapshot */
	uint64_t events, first_event_ns, last_event_ns, missed;
	uint64_t incidents, last_incident_ns;
	uint64_t file_bytes;        /* on disk, log included */
	uint64_t quarantined_bytes; /* of damaged files that were moved aside */
	uint32_t damaged;           /* unreadable places */
};

/* As store_snapshots(), but an empty store is not a failure. */
int store_status(const char *path, struct store_status *ret_status, char error[STORE_ERROR]);

#endif
