// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* See http_places.h. */
#include "http_places.h"

#include <string.h>

#include "base/clock.h"

static struct http_place *find(struct http_places *places, int fd)
{
	for (size_t i = 0; i < HTTP_PLACES; i++)
		if (places->place[i].used && places->place[i].fd == fd)
			return &places->place[i];
	return NULL;
}

static void end(struct http_places *places, struct http_place *place)
{
	place->used = false;
	places->end(place->fd, places->arg);
}

static size_t count(const struct http_places *places, const uint8_t address[HTTP_ADDRESS])
{
	size_t n = 0;

	for (size_t i = 0; i < HTTP_PLACES; i++)
		n += places->place[i].used &&
		     !memcmp(places->place[i].address, address, HTTP_ADDRESS);
	return n;
}

/* Of two places the one that should give way first. */
static bool before(const struct http_place *a, const struct http_place *b)
{
	if (a->phase != b->phase)
		return a->phase == HTTP_READING;
	if (a->phase == HTTP_READING && a->has_sent != b->has_sent)
		return !a->has_sent;
	return a->since_ns < b->since_ns;
}

/* `address`: only of this one; NULL: of the one with the most. */
static struct http_place *pick(struct http_places *places, const uint8_t *address, uint64_t now_ns)
{
	struct http_place *found = NULL;
	size_t most = 0, n;

	for (size_t i = 0; i < HTTP_PLACES; i++) {
		struct http_place *place = &places->place[i];

		if (!place->used || (address && memcmp(place->address, address, HTTP_ADDRESS)) ||
		    (place->phase == HTTP_ANSWERING &&
		     now_ns - place->since_ns < HTTP_STUCK_ANSWER_S * NS_PER_SEC))
			continue;
		n = address ? 1 : count(places, place->address);
		if (n > most || (n == most && before(place, found))) {
			most = n;
			found = place;
		}
	}
	return found;
}

static struct http_place *find_free(struct http_places *places)
{
	for (size_t i = 0; i < HTTP_PLACES; i++)
		if (!places->place[i].used)
			return &places->place[i];
	return NULL;
}

bool http_places_add(struct http_places *places, int fd, const uint8_t address[HTTP_ADDRESS],
		     bool has_sent, uint64_t now_ns)
{
	struct http_place *place = find_free(places), *old = NULL;
	bool too_many = count(places, address) >= HTTP_PER_ADDRESS;

	if (too_many || !place) {
		old = pick(places, too_many ? address : NULL, now_ns);
		if (!old)
			return false;
		end(places, old);
		place = old;
	}
	*place = (struct http_place){.used = true,
				     .fd = fd,
				     .has_sent = has_sent,
				     .phase = HTTP_READING,
				     .since_ns = now_ns};
	memcpy(place->address, address, HTTP_ADDRESS);
	return true;
}

void http_places_remove(struct http_places *places, int fd)
{
	struct http_place *place = find(places, fd);

	if (place)
		place->used = false;
}

void http_places_phase(struct http_places *places, int fd, enum http_phase phase, uint64_t now_ns)
{
	struct http_place *place = find(places, fd);

	if (!place)
		return;
	place->phase = phase;
	place->since_ns = now_ns;
	place->scrape = false;
}

void http_places_scrape(struct http_places *places, int fd)
{
	struct http_place *place = find(places, fd), *oldest = NULL;
	size_t n = 0;

	for (size_t i = 0; i < HTTP_PLACES; i++) {
		struct http_place *other = &places->place[i];

		if (!other->used || !other->scrape || other == place)
			continue;
		n++;
		if (!oldest || other->since_ns < oldest->since_ns)
			oldest = other;
	}
	if (place)
		place->scrape = true;
	if (n >= HTTP_SCRAPES)
		end(places, oldest);
}

void http_places_expire(struct http_places *places, uint64_t now_ns)
{
	for (size_t i = 0; i < HTTP_PLACES; i++) {
		struct http_place *place = &places->place[i];
		uint64_t most = place->phase == HTTP_READING ? HTTP_READ_S : HTTP_ANSWER_S;

		if (place->used && now_ns - place->since_ns > most * NS_PER_SEC)
			end(places, place);
	}
}
