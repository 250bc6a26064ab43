/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Which client of the exporter's Unix socket gives way to a new one: a user has a bounded share, and takes only from itself or from the
 * user with the most; a client that reads keeps its place in its own user's share. Pure.
 */
#ifndef HEADROOM_EXPORT_SOCKET_PLACES_H
#define HEADROOM_EXPORT_SOCKET_PLACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SOCKET_PLACES   32
#define SOCKET_PER_USER 8 /* of another user than root */
#define SOCKET_IDLE_S \
	5 /* without reading, with something to read: gives way to another of its user */

struct socket_place {
	bool used;
	uint32_t uid;
	uint64_t read_ns; /* monotonic: when it last read, or had nothing to read */
};

/* The place for a client of this user; -1: none. The one that is used there gives way. */
int socket_place_for(const struct socket_place place[SOCKET_PLACES], uint32_t uid, uint64_t now_ns);

#endif
