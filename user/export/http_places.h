/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The connections of the exporter's HTTP server: a bounded table, with a deadline for each phase of a request. A client that is
 * slow keeps its place only while nothing else needs it: where the table, or the share of an address, is full, a new connection
 * takes the place of the one that has waited longest for the rest of its request, of the address with the most. So slow clients
 * do not keep others out even from the same address (a proxy, or loopback). Pure: the caller has the clock, the lock and the
 * sockets.
 */
#ifndef HEADROOM_EXPORT_HTTP_PLACES_H
#define HEADROOM_EXPORT_HTTP_PLACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "http_access.h"

#define HTTP_PLACES      128
#define HTTP_PER_ADDRESS 64
#define HTTP_SCRAPES \
	8 /* responses of /metrics in progress: each holds the values of all containers */
#define HTTP_READ_S \
	10 /* from the connection or the last response to the end of the header; bodies are not read */
#define HTTP_ANSWER_S \
	60 /* from there to the end of the response: 48 MB for ten thousand containers */
#define HTTP_STUCK_ANSWER_S \
	2 /* a response that lasts for longer may give way to a new connection */

enum http_phase { HTTP_READING, HTTP_ANSWERING };

struct http_place {
	bool used, scrape;
	bool has_sent; /* its first bytes were there when it was accepted */
	int fd;
	enum http_phase phase;
	uint64_t since_ns; /* monotonic; start of the phase */
	uint8_t address[HTTP_ADDRESS];
};

struct http_places {
	struct http_place place[HTTP_PLACES];
	void (*end)(int fd, void *arg); /* shuts a connection down; it is no longer in the table */
	void *arg;
};

/* A new connection; it takes the place of one without a byte first. False: there is no place for it, although one may have been asked
 * to end. */
bool http_places_add(struct http_places *places, int fd, const uint8_t address[HTTP_ADDRESS],
		     bool has_sent, uint64_t now_ns);
void http_places_remove(struct http_places *places, int fd); /* closed; unknown: ignored */
void http_places_phase(struct http_places *places, int fd, enum http_phase phase, uint64_t now_ns);
/* This connection's response is one of /metrics; the oldest gives way where there are too many. */
void http_places_scrape(struct http_places *places, int fd);
void http_places_expire(struct http_places *places, uint64_t now_ns);

#endif
