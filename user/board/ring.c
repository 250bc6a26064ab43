// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The writer's side of the rings: see ring.h. There is one writer. It moves ring_tail past the
 * records that it is about to overwrite before it writes, and ring_head after. It copies with
 * relaxed atomic words: a reader may read any of them meanwhile.
 */
#include "ring.h"

#include <errno.h>
#include <string.h>

#include "barrier.h"
#include "layout.h"

static void copy_words(void *to, const void *from, size_t bytes)
{
	uint64_t *t = to;
	const uint64_t *f = from;

	for (size_t i = 0; i < bytes / sizeof(*t); i++)
		__atomic_store_n(&t[i], f[i], __ATOMIC_RELAXED);
}

/* The bytes of the record at a position; 0 if that is impossible. */
static uint32_t record_bytes(const unsigned char *area, uint64_t ring_bytes, uint64_t at)
{
	uint64_t off = at % ring_bytes;
	struct hr_event head;

	memcpy(&head, area + off, BOARD_PAD_BYTES);
	return layout_record_sound(head.bytes, head.type, ring_bytes - off) ? head.bytes : 0;
}

void ring_put(struct hr_board_header *header, unsigned char *map, const struct hr_event *event)
{
	enum hr_ring ring = hr_event_ring(event->type);
	const struct hr_ring_area *area = &header->ring[ring];
	unsigned char *bytes = map + area->offset;
	uint64_t head = header->ring_head[ring], tail = header->ring_tail[ring];
	uint64_t off = head % area->bytes, space = area->bytes - off;
	uint64_t pad = space < event->bytes ? space : 0;
	uint64_t new_head = head + pad + event->bytes;

	while (new_head - tail > area->bytes) {
		uint32_t oldest = record_bytes(bytes, area->bytes, tail);

		tail = oldest ? tail + oldest : head;
	}
	__atomic_store_n(&header->ring_tail[ring], tail, __ATOMIC_RELAXED);
	fence_release(); /* the tail before what overwrites it */
	if (pad) {
		uint64_t mark[sizeof(*event) / sizeof(uint64_t)];
		struct hr_event filler = {.bytes = (uint32_t)pad, .type = HR_EVENT_PAD};

		memcpy(mark, &filler, sizeof(filler));
		copy_words(bytes + off, mark, BOARD_PAD_BYTES);
		off = 0;
	}
	copy_words(bytes + off, event, event->bytes);
	__atomic_store_n(&header->ring_head[ring], new_head, __ATOMIC_RELEASE);
}

int ring_walk(const void *map, enum hr_ring ring,
	      int (*fn)(const struct hr_event *event, void *arg), void *arg)
{
	const struct hr_board_header *header = map;
	const struct hr_ring_area *area = &header->ring[ring];
	const unsigned char *bytes = (const unsigned char *)map + area->offset;
	uint64_t head = header->ring_head[ring];

	for (uint64_t at = header->ring_tail[ring]; at < head;) {
		const struct hr_event *event = (const void *)(bytes + at % area->bytes);
		uint32_t n = record_bytes(bytes, area->bytes, at);
		int r = 0;

		if (!n || n > head - at)
			return -EBADMSG;
		if (event->type != HR_EVENT_PAD)
			r = layout_event_sound(event) ? fn(event, arg) : -EBADMSG;
		if (r)
			return r;
		at += n;
	}
	return 0;
}
