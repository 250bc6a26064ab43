// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The geometry of a board and the soundness of its records, in one place for writer, reader and
 * checker. No I/O.
 */
#include "layout.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"

static uint64_t page_align(uint64_t bytes)
{
	return (bytes + HR_BOARD_PAGE - 1) & ~(uint64_t)(HR_BOARD_PAGE - 1);
}

static uint64_t ring_bytes(uint64_t wish, uint32_t capacity, uint64_t least)
{
	uint64_t bytes = wish ? wish : (uint64_t)capacity * BOARD_RING_PER_SLOT;

	if (!wish)
		bytes = bytes < least ? least : bytes > BOARD_RING_MOST ? BOARD_RING_MOST : bytes;
	return page_align(bytes);
}

int layout_make(uint32_t capacity, uint32_t slot_bytes, uint64_t keep_bytes, uint64_t chatter_bytes,
		struct hr_board_header *ret_header)
{
	struct hr_board_header h = {
		.magic = HR_BOARD_MAGIC,
		.version = HR_BOARD_VERSION,
		.page_bytes = HR_BOARD_PAGE,
		.slot_bytes = slot_bytes ? slot_bytes : HR_SLOT_BYTES,
		.slot_capacity = capacity,
		.host_offset = HR_BOARD_PAGE,
		.slots_offset = 2 * HR_BOARD_PAGE,
	};
	const uint64_t wish[HR_RINGS] = {keep_bytes, chatter_bytes};
	const uint64_t least[HR_RINGS] = {BOARD_KEEP_LEAST, BOARD_CHATTER_LEAST};
	uint64_t at = page_align(h.slots_offset + (uint64_t)capacity * h.slot_bytes);

	if (!capacity || capacity > BOARD_MAX_CAPACITY || h.slot_bytes % 8 ||
	    h.slot_bytes <= LAYOUT_TEXT || h.slot_bytes > HR_SLOT_BYTES)
		return -EINVAL;
	for (int i = 0; i < HR_RINGS; i++) {
		if (wish[i] && (wish[i] < BOARD_MIN_RING || wish[i] > BOARD_MAX_RING))
			return -EINVAL;
		h.ring[i].offset = at;
		h.ring[i].bytes = ring_bytes(wish[i], capacity, least[i]);
		at += h.ring[i].bytes;
	}
	h.file_bytes = at;
	*ret_header = h;
	return 0;
}

int layout_check(const struct hr_board_header *header, uint64_t file_bytes, const char **ret_what)
{
	struct hr_board_header h;

	if (header->magic != HR_BOARD_MAGIC) {
		*ret_what = "no board";
		return -EPROTO;
	}
	if (header->version < HR_BOARD_OLDEST || header->version > HR_BOARD_VERSION) {
		*ret_what = "another version";
		return -EPROTONOSUPPORT;
	}
	*ret_what = "header";
	if (!header->ring[0].bytes || !header->ring[1].bytes ||
	    (header->version < HR_BOARD_VERSION && header->slot_bytes != HR_SLOT_BYTES) ||
	    layout_make(header->slot_capacity, header->slot_bytes, header->ring[0].bytes,
			header->ring[1].bytes, &h) ||
	    header->page_bytes != h.page_bytes || header->file_bytes != h.file_bytes ||
	    header->slot_bytes != h.slot_bytes || header->host_offset != h.host_offset ||
	    header->slots_offset != h.slots_offset || memcmp(header->ring, h.ring, sizeof(h.ring)))
		return -EBADMSG;
	if (file_bytes < h.file_bytes) {
		*ret_what = "truncated";
		return -EBADMSG;
	}
	*ret_what = "variable words";
	if (header->state < HR_BOARD_RUNNING || header->state > HR_BOARD_STARTING ||
	    header->slots_high > h.slot_capacity)
		return -EBADMSG;
	for (int i = 0; i < HR_RINGS; i++)
		if (!layout_ring_sound(header->ring_head[i], header->ring_tail[i], h.ring[i].bytes))
			return -EBADMSG;
	return 0;
}

bool layout_ring_sound(uint64_t head, uint64_t tail, uint64_t bytes)
{
	return tail <= head && head - tail <= bytes && head % 8 == 0 && tail % 8 == 0;
}

bool layout_record_sound(uint32_t bytes, unsigned int type, uint64_t space)
{
	if (type == HR_EVENT_PAD) /* fills the ring up to its end, nothing else */
		return bytes == space && bytes < HR_EVENT_MAX_BYTES;
	return bytes % 8 == 0 && bytes >= sizeof(struct hr_event) && bytes <= HR_EVENT_MAX_BYTES &&
	       bytes <= space;
}

const char *layout_text(const void *base, size_t start, size_t end, struct hr_str s)
{
	const char *text = (const char *)base + s.at;

	if (s.at < start || s.at >= end || !memchr(text, 0, end - s.at))
		return NULL;
	return text;
}

static bool str_sound(const void *base, size_t start, size_t end, struct hr_str s)
{
	return !s.at || layout_text(base, start, end, s);
}

static bool identity_sound(const void *base, size_t start, size_t end, const struct hr_identity *id)
{
	const struct hr_str all[] = {id->name,      id->container_id, id->image,
				     id->pod,       id->namespace,    id->pod_uid,
				     id->container, id->unit,         id->cgroup};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (!str_sound(base, start, end, all[i]))
			return false;
	return id->runtime < HR_RUNTIME_COUNT && id->kind < HR_KIND_COUNT;
}

static bool forecast_sound(const struct hr_forecast *o)
{
	return o->alarm <= HR_ALARM_ACT && o->leak <= HR_LEAK_ENDED;
}

bool layout_slot_sound(const struct hr_slot *slot, size_t slot_bytes)
{
	size_t start = LAYOUT_TEXT, end = slot_bytes;

	if (slot->state > HR_SLOT_GONE || slot->text_used > end - start)
		return false;
	if (slot->state == HR_SLOT_FREE)
		return true;
	return slot->binding.level < HR_LEVEL_COUNT && forecast_sound(&slot->forecast) &&
	       identity_sound(slot, start, end, &slot->id) &&
	       str_sound(slot, start, end, slot->binding.cgroup);
}

static bool oom_kill_sound(const struct hr_event *event, size_t start)
{
	const struct hr_event_oom_kill *e = (const void *)event;

	return identity_sound(e, start, event->bytes, &e->trigger.id) &&
	       identity_sound(e, start, event->bytes, &e->victim.id) &&
	       str_sound(e, start, event->bytes, e->trigger.cmdline) &&
	       str_sound(e, start, event->bytes, e->victim.cmdline) &&
	       str_sound(e, start, event->bytes, e->limit_cgroup) && e->level <= HR_LEVEL_COUNT &&
	       e->constraint <= HR_CONSTRAINT_UNKNOWN && e->history_count <= HR_OOM_HISTORY;
}

static bool memory_map_sound(const struct hr_event *event)
{
	const struct hr_event_memory_map *e = (const void *)event;

	for (size_t i = 0; i < HR_MAP_REGIONS; i++)
		if (!str_sound(e, sizeof(*e), event->bytes, e->region[i].name))
			return false;
	return e->regions <= HR_MAP_REGIONS;
}

bool layout_event_sound(const struct hr_event *event)
{
	static const size_t least[HR_EVENT_COUNT] = {
		[HR_EVENT_OOM_KILL] = sizeof(struct hr_event_oom_kill),
		[HR_EVENT_RISK] = sizeof(struct hr_event_forecast),
		[HR_EVENT_LEAK] = sizeof(struct hr_event_forecast),
		[HR_EVENT_OUTCOME] = sizeof(struct hr_event_outcome),
		[HR_EVENT_PRESSURE] = sizeof(struct hr_event_pressure),
		[HR_EVENT_CONTAINER] = sizeof(struct hr_event_container),
		[HR_EVENT_DAEMON] = sizeof(struct hr_event_daemon),
		[HR_EVENT_OOM_SCORE_ADJ] = sizeof(struct hr_event_oom_score_adj),
		[HR_EVENT_MEMORY_MAP] = sizeof(struct hr_event_memory_map),
	};
	size_t start = sizeof(*event);

	if (event->bytes % 8 || event->bytes < start || event->bytes > HR_EVENT_MAX_BYTES ||
	    event->severity > HR_CRITICAL)
		return false;
	if (event->type < HR_EVENT_COUNT) { /* a newer writer's types are passed on as they are */
		if (event->bytes < least[event->type])
			return false;
		start = least[event->type] > start ? least[event->type] : start;
	}
	if (!identity_sound(event, start, event->bytes, &event->id))
		return false;
	switch (event->type) {
	case HR_EVENT_OOM_KILL:
		return oom_kill_sound(event, start);
	case HR_EVENT_CONTAINER:
		return str_sound(event, start, event->bytes,
				 ((const struct hr_event_container *)event)->former_name);
	case HR_EVENT_DAEMON:
		return str_sound(event, start, event->bytes,
				 ((const struct hr_event_daemon *)event)->text);
	case HR_EVENT_MEMORY_MAP:
		return memory_map_sound(event);
	default:
		return true;
	}
}
