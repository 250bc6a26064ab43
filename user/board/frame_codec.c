// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Encodes snapshots into frames and back. Memory only, no file; every value of a frame is checked
 * before it is followed. */
#include "frame_codec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "layout.h"

/* deflate cannot do better than 1032:1 (zlib's own technical notes); what claims more is no
 * frame */
#define DEFLATE_MOST 1032u

#define UNPACK_SLOTS 64u /* at a time: 256 KiB, and a part of the store */

void frame_done(struct frame *p)
{
	free(p->index);
	free(p->slot);
	free(p->events);
	*p = (struct frame){0};
}

static int grow(void *array, uint32_t *space, uint32_t wish, size_t unit)
{
	void **p = array;
	uint32_t more = wish < *space + *space / 2 ? *space + *space / 2 : wish;
	void *q;

	if (wish <= *space)
		return 0;
	q = realloc(*p, more * unit);
	if (!q)
		return -ENOMEM;
	*p = q;
	*space = more;
	return 0;
}

static int reserve_indices(struct frame *p, uint32_t slots)
{
	return grow(&p->index, &p->index_space, slots, sizeof(*p->index));
}

int frame_reserve(struct frame *p, uint32_t slots, uint32_t events_bytes)
{
	if (reserve_indices(p, slots) || grow(&p->slot, &p->slot_space, slots, sizeof(*p->slot)))
		return -ENOMEM;
	return grow(&p->events, &p->events_space, events_bytes, 1);
}

static void xor_bytes(void *to, const void *with, size_t bytes) /* multiples of 8, aligned */
{
	uint64_t *t = to;
	const uint64_t *w = with;

	for (size_t i = 0; i < bytes / sizeof(*t); i++)
		t[i] ^= w[i];
}

_Static_assert(sizeof(struct hr_board_header) % 8 == 0 && sizeof(struct hr_host) % 8 == 0,
	       "XORed by words");
_Static_assert(sizeof(struct hr_frame_header) % 8 == 0 && sizeof(struct hr_frame_body) % 8 == 0,
	       "no tail padding");

/* In place, in either direction. */
static void xor_body(struct hr_frame_body *body, const struct hr_frame_body *before)
{
	xor_bytes(&body->header, &before->header, sizeof(body->header));
	xor_bytes(&body->host, &before->host, sizeof(body->host));
}

/* The same; both pictures' slots stand by rising index. */
static void xor_slots(uint32_t count, const uint32_t *index, struct hr_slot *slot,
		      const struct frame *before)
{
	uint32_t j = 0;

	for (uint32_t i = 0; i < count; i++) {
		while (j < before->body.slot_count && before->index[j] < index[i])
			j++;
		if (j < before->body.slot_count && before->index[j] == index[i])
			xor_bytes(&slot[i], &before->slot[j], sizeof(slot[i]));
	}
}

/* Where the parts stand in a raw frame. */
struct parts {
	size_t index, slots, events, end;
};

static struct parts parts_of(uint32_t slot_count, uint32_t events_bytes)
{
	struct parts at = {.index = sizeof(struct hr_frame_body)};

	at.slots = (at.index + (size_t)slot_count * sizeof(uint32_t) + 7) & ~(size_t)7;
	at.events = at.slots + (size_t)slot_count * sizeof(struct hr_slot);
	at.end = at.events + events_bytes;
	return at;
}

static uint32_t frame_crc(const struct hr_frame_header *header, const unsigned char *packed)
{
	struct hr_frame_header h = *header;
	uLong crc;

	h.crc = 0;
	crc = crc32(0, (const Bytef *)&h, sizeof(h));
	return (uint32_t)crc32(crc, packed, h.packed_bytes);
}

static int pack(const struct frame *p, const struct frame *before, uint64_t time_ns, int level,
		unsigned char **ret_frame, size_t *ret_bytes)
{
	struct parts at = parts_of(p->body.slot_count, p->body.events_bytes);
	_cleanup_free_ unsigned char *raw = calloc(1, at.end), *frame = NULL;
	struct hr_frame_header header = {.magic = HR_FRAME_MAGIC,
					 .kind = before ? HR_FRAME_DELTA : HR_FRAME_KEY,
					 .time_ns = time_ns,
					 .raw_bytes = (uint32_t)at.end,
					 .instance = p->body.header.instance,
					 .created_ns = p->body.header.created_ns};
	uLongf packed = compressBound(at.end);

	if (at.end > FRAME_MAX_RAW)
		return -EFBIG;
	frame = malloc(sizeof(header) + packed);
	if (!raw || !frame)
		return -ENOMEM;
	memcpy(raw, &p->body, sizeof(p->body));
	if (p->body.slot_count) {
		memcpy(raw + at.index, p->index, p->body.slot_count * sizeof(*p->index));
		memcpy(raw + at.slots, p->slot, p->body.slot_count * sizeof(*p->slot));
	}
	if (p->body.events_bytes)
		memcpy(raw + at.events, p->events, p->body.events_bytes);
	if (before) {
		xor_body((void *)raw, &before->body);
		xor_slots(p->body.slot_count, (void *)(raw + at.index), (void *)(raw + at.slots),
			  before);
	}
	if (compress2(frame + sizeof(header), &packed, raw, at.end, level) != Z_OK)
		return -ENOMEM;
	header.packed_bytes = (uint32_t)packed;
	header.crc = frame_crc(&header, frame + sizeof(header));
	memcpy(frame, &header, sizeof(header));
	*ret_bytes = sizeof(header) + packed;
	*ret_frame = take_ptr(frame);
	return 0;
}

int frame_pack(const struct frame *p, const struct frame *before, uint64_t time_ns,
	       unsigned char **ret_frame, size_t *ret_bytes)
{
	return pack(p, before, time_ns, Z_DEFAULT_COMPRESSION, ret_frame, ret_bytes);
}

int frame_pack_quick(const struct frame *p, const struct frame *before, uint64_t time_ns,
		     unsigned char **ret_frame, size_t *ret_bytes)
{
	return pack(p, before, time_ns, Z_BEST_SPEED, ret_frame, ret_bytes);
}

void frame_set_base(unsigned char *frame, uint32_t base)
{
	struct hr_frame_header header;

	memcpy(&header, frame, sizeof(header));
	header.reserved = base;
	header.crc = frame_crc(&header, frame + sizeof(header));
	memcpy(frame, &header, sizeof(header));
}

struct hr_record_header frame_file_header(void)
{
	return (struct hr_record_header){
		.magic = HR_RECORD_MAGIC,
		.version = HR_RECORD_VERSION,
		.board_version = HR_BOARD_VERSION,
		.header_bytes = sizeof(struct hr_record_header),
		.board_header_bytes = sizeof(struct hr_board_header),
		.host_bytes = sizeof(struct hr_host),
		.slot_bytes = sizeof(struct hr_slot),
		.created_ns = clock_wall_ns(),
	};
}

bool frame_header_sound(const struct hr_frame_header *header)
{
	return header->magic == HR_FRAME_MAGIC &&
	       (header->kind == HR_FRAME_KEY || header->kind == HR_FRAME_DELTA) &&
	       header->raw_bytes >= sizeof(struct hr_frame_body) &&
	       header->raw_bytes <= FRAME_MAX_RAW &&
	       header->raw_bytes / DEFLATE_MOST <= header->packed_bytes &&
	       header->packed_bytes <= compressBound(header->raw_bytes);
}

/* Bytes of an unpacked frame in their order. */
struct unpacker {
	z_stream z;
};

static void unpack_end(struct unpacker *u) { inflateEnd(&u->z); }

static int unpack_next(struct unpacker *u, void *to, size_t bytes)
{
	u->z.next_out = to;
	u->z.avail_out = (uInt)bytes;
	while (u->z.avail_out) {
		int r = inflate(&u->z, Z_NO_FLUSH);

		if (r == Z_MEM_ERROR)
			return -ENOMEM;
		if (r != Z_OK && !(r == Z_STREAM_END && !u->z.avail_out))
			return -EBADMSG;
	}
	return 0;
}

/* What is left is nothing but the end of the stream. */
static int unpack_last(struct unpacker *u)
{
	unsigned char byte;

	u->z.next_out = &byte;
	u->z.avail_out = 1;
	return inflate(&u->z, Z_FINISH) == Z_STREAM_END && u->z.avail_out == 1 ? 0 : -EBADMSG;
}

/* What the frame claims to hold against what the board of its own header can hold, before any
 * memory is taken for it. */
static int check_claims(const struct hr_frame_body *body, uint32_t raw_bytes)
{
	const struct hr_board_header *header = &body->header;
	const char *what;

	if (layout_check(header, header->file_bytes, &what) ||
	    body->slot_count > header->slot_capacity ||
	    body->events_bytes >
		    header->ring[0].bytes + header->ring[1].bytes + FRAME_MORE_EVENTS ||
	    parts_of(body->slot_count, body->events_bytes).end != raw_bytes)
		return -EBADMSG;
	return 0;
}

static int unpack_indices(struct unpacker *u, struct frame *p)
{
	uint32_t n = p->body.slot_count;
	unsigned char pad[8];
	size_t used = sizeof(p->body) + n * sizeof(*p->index);
	int r = unpack_next(u, p->index, n * sizeof(*p->index));

	if (!r)
		r = unpack_next(u, pad, parts_of(n, 0).slots - used);
	for (uint32_t i = 0; !r && i < n; i++)
		if (p->index[i] >= p->body.header.slot_capacity ||
		    (i && p->index[i] <= p->index[i - 1]))
			r = -EBADMSG;
	return r;
}

/* Memory is taken as slots come. A key frame's are in use; those of the store, which stand transposed,
 * are no more than one step. */
static int unpack_slots(struct unpacker *u, struct frame *p, bool key)
{
	for (uint32_t i = 0, n; i < p->body.slot_count; i += n) {
		bool many = p->body.slot_count > UNPACK_SLOTS;
		int r;

		n = p->body.slot_count - i < UNPACK_SLOTS ? p->body.slot_count - i : UNPACK_SLOTS;
		r = frame_reserve(p, i + n, 0);
		if (!r)
			r = unpack_next(u, p->slot + i, n * sizeof(*p->slot));
		for (uint32_t k = i; !r && key && many && k < i + n; k++)
			if (p->slot[k].state == HR_SLOT_FREE)
				r = -EBADMSG;
		if (r)
			return r;
	}
	return 0;
}

int frame_unpack(const struct hr_frame_header *header, const unsigned char *packed,
		 const struct frame *before, struct frame *p)
{
	_cleanup_(unpack_end) struct unpacker u = {0};
	bool delta = header->kind == HR_FRAME_DELTA;
	struct hr_frame_body body;
	int r;

	if (!frame_header_sound(header) || frame_crc(header, packed) != header->crc ||
	    (delta && !before))
		return -EBADMSG;
	u.z.next_in = (Bytef *)(uintptr_t)packed;
	u.z.avail_in = header->packed_bytes;
	if (inflateInit(&u.z) != Z_OK)
		return -ENOMEM;
	r = unpack_next(&u, &body, sizeof(body));
	if (r)
		return r;
	if (delta)
		xor_body(&body, &before->body);
	r = check_claims(&body, header->raw_bytes);
	if (r)
		return r;
	p->body = body;
	r = reserve_indices(p, body.slot_count);
	if (!r)
		r = unpack_indices(&u, p);
	if (!r)
		r = unpack_slots(&u, p, !delta);
	if (!r)
		r = frame_reserve(p, 0, body.events_bytes);
	if (!r)
		r = unpack_next(&u, p->events, body.events_bytes);
	if (!r)
		r = unpack_last(&u);
	if (!r && delta)
		xor_slots(body.slot_count, p->index, p->slot, before);
	return r;
}
