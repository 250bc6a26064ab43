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

int frame_reserve(struct frame *p, uint32_t slots, uint32_t events_bytes)
{
	uint32_t space = p->slot_space;

	if (grow(&p->index, &space, slots, sizeof(*p->index)))
		return -ENOMEM;
	if (grow(&p->slot, &p->slot_space, slots, sizeof(*p->slot)))
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

/* In place, in either direction: both pictures' slots stand by rising index. */
static void xor_picture(struct hr_frame_body *body, const uint32_t *index, struct hr_slot *slot,
			const struct frame *before)
{
	uint32_t j = 0;

	xor_bytes(&body->header, &before->body.header, sizeof(body->header));
	xor_bytes(&body->host, &before->body.host, sizeof(body->host));
	for (uint32_t i = 0; i < body->slot_count; i++) {
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
					 .raw_bytes = (uint32_t)at.end};
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
	if (before)
		xor_picture((void *)raw, (void *)(raw + at.index), (void *)(raw + at.slots),
			    before);
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

static bool indices_rise(const struct frame *p)
{
	for (uint32_t i = 0; i < p->body.slot_count; i++)
		if (p->index[i] >= BOARD_MAX_CAPACITY || (i && p->index[i] <= p->index[i - 1]))
			return false;
	return true;
}

/* The raw frame into its parts. */
static int take_apart(const unsigned char *raw, size_t bytes, struct frame *p)
{
	struct hr_frame_body body;
	struct parts at;
	int r;

	memcpy(&body, raw, sizeof(body));
	if (body.slot_count > BOARD_MAX_CAPACITY)
		return -EBADMSG;
	at = parts_of(body.slot_count, body.events_bytes);
	if (at.end != bytes)
		return -EBADMSG;
	r = frame_reserve(p, body.slot_count, body.events_bytes);
	if (r)
		return r;
	p->body = body;
	if (body.slot_count) {
		memcpy(p->index, raw + at.index, body.slot_count * sizeof(*p->index));
		memcpy(p->slot, raw + at.slots, body.slot_count * sizeof(*p->slot));
	}
	if (body.events_bytes)
		memcpy(p->events, raw + at.events, body.events_bytes);
	return indices_rise(p) ? 0 : -EBADMSG;
}

int frame_unpack(const struct hr_frame_header *header, const unsigned char *packed,
		 const struct frame *before, struct frame *p)
{
	_cleanup_free_ unsigned char *raw = NULL;
	uLongf bytes = header->raw_bytes;
	const char *what;
	int r;

	if (!frame_header_sound(header) || frame_crc(header, packed) != header->crc ||
	    (header->kind == HR_FRAME_DELTA && !before))
		return -EBADMSG;
	raw = malloc(bytes);
	if (!raw)
		return -ENOMEM;
	if (uncompress(raw, &bytes, packed, header->packed_bytes) != Z_OK ||
	    bytes != header->raw_bytes)
		return -EBADMSG;
	r = take_apart(raw, bytes, p);
	if (r)
		return r;
	if (header->kind == HR_FRAME_DELTA)
		xor_picture(&p->body, p->index, p->slot, before);
	return layout_check(&p->body.header, p->body.header.file_bytes, &what) ? -EBADMSG : 0;
}
