/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What a store holds, in figures. Reads it once. */
#ifndef HEADROOM_RECORDER_STATUS_H
#define HEADROOM_RECORDER_STATUS_H

#include "store.h"

struct store_status {
	uint64_t pictures, frozen, first_ns,
		last_ns;                    /* wall time of the oldest and the newest; 0: none */
	uint64_t containers, picture_bytes; /* in the newest picture; what it takes */
	uint64_t events, first_event_ns, last_event_ns, missed;
	uint64_t incidents, last_incident_ns;
	uint64_t file_bytes;  /* on disk, log included */
	uint64_t aside_bytes; /* of damaged files that were moved aside */
	uint32_t damaged;     /* places that could not be read */
};

/* As store_pictures() but that an empty store is no failure. */
int store_status(const char *path, struct store_status *ret_status, char error[STORE_ERROR]);

#endif
