// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Checks and repairs a board: see validate.h. Neither follows an offset that it has not checked. */
#include "validate.h"

#include <errno.h>
#include <string.h>

#include "barrier.h"
#include "layout.h"
#include "ring.h"

static const struct hr_slot *slot_at(const void *map, uint32_t i)
{
	const struct hr_board_header *header = map;

	return (const void *)((const char *)map + header->slots_offset +
			      (uint64_t)i * header->slot_bytes);
}

static bool ended(const char *text, size_t bytes) { return memchr(text, 0, bytes); }

static bool host_sound(const struct hr_host *host)
{
	for (int i = 0; i < HR_SOURCES; i++)
		if (!ended(host->source[i].signal, sizeof(host->source[i].signal)) ||
		    !ended(host->source[i].variant, sizeof(host->source[i].variant)))
			return false;
	for (int i = 0; i < HR_DEGRADED; i++)
		if (!ended(host->degraded[i].what, sizeof(host->degraded[i].what)) ||
		    !ended(host->degraded[i].text, sizeof(host->degraded[i].text)))
			return false;
	return ended(host->node, sizeof(host->node)) && ended(host->kernel, sizeof(host->kernel)) &&
	       ended(host->version, sizeof(host->version));
}

struct seqs {
	uint64_t last;  /* of this ring */
	uint64_t bound; /* no event may have a higher one */
};

static int seq_rises(const struct hr_event *event, void *arg)
{
	struct seqs *seqs = arg;

	if (event->seq <= seqs->last || event->seq > seqs->bound)
		return -EBADMSG;
	seqs->last = event->seq;
	return 0;
}

static int check_slots(const void *map, const char **ret_what)
{
	const struct hr_board_header *header = map;

	for (uint32_t i = 0; i < header->slot_capacity; i++) {
		const struct hr_slot *slot = slot_at(map, i);

		if (slot->seq & 1) {
			*ret_what = "a slot is open";
			return -EBADMSG;
		}
		if (!layout_slot_sound(slot, header->slot_bytes) ||
		    (i >= header->slots_high && slot->state != HR_SLOT_FREE)) {
			*ret_what = "a slot";
			return -EBADMSG;
		}
	}
	return 0;
}

int board_check(const void *map, size_t bytes, const char **ret_what)
{
	const struct hr_board_header *header = map;
	const struct hr_host *host;
	const char *what = "truncated";
	int r;

	if (!ret_what)
		ret_what = &what;
	*ret_what = what;
	if (bytes < sizeof(*header) || layout_check(header, bytes, ret_what))
		return -EBADMSG;
	host = (const void *)((const char *)map + header->host_offset);
	*ret_what = "host record";
	if (host->seq & 1 || !host_sound(host))
		return -EBADMSG;
	r = check_slots(map, ret_what);
	if (r)
		return r;
	for (int ring = 0; ring < HR_RINGS; ring++) {
		struct seqs seqs = {.bound = header->last_seq};

		*ret_what = "a ring";
		if (ring_walk(map, (enum hr_ring)ring, seq_rises, &seqs))
			return -EBADMSG;
	}
	*ret_what = "";
	return 0;
}

static int seq_max(const struct hr_event *event, void *arg)
{
	uint64_t *last = arg;

	if (event->seq > *last)
		*last = event->seq;
	return 0;
}

void board_repair(void *map)
{
	struct hr_board_header *header = map;
	struct hr_host *host = (void *)((char *)map + header->host_offset);

	if (host->seq &
	    1) { /* its text is constant after start; the daemon writes its numbers again within a second */
		host->node[sizeof(host->node) - 1] = 0;
		host->kernel[sizeof(host->kernel) - 1] = 0;
		host->version[sizeof(host->version) - 1] = 0;
		for (int i = 0; i < HR_SOURCES; i++) {
			host->source[i].signal[sizeof(host->source[i].signal) - 1] = 0;
			host->source[i].variant[sizeof(host->source[i].variant) - 1] = 0;
		}
		memset(host->degraded, 0,
		       sizeof(host->degraded)); /* the next daemon fills it anew */
		seq_end(&host->seq);
	}
	for (uint32_t i = 0; i < header->slot_capacity; i++) {
		struct hr_slot *slot = (struct hr_slot *)slot_at(map, i);

		if (!(slot->seq & 1))
			continue;
		/* Torn: the identity can be kept, quantities come with the next sweep. */
		if (layout_slot_sound(slot, header->slot_bytes) && slot->cgroup_id &&
		    i < header->slots_high)
			slot->sampled_ns = 0;
		else
			memset((char *)slot + sizeof(slot->seq), 0,
			       header->slot_bytes - sizeof(slot->seq));
		seq_end(&slot->seq);
	}
	for (int ring = 0; ring < HR_RINGS; ring++) {
		uint64_t last = header->last_seq;

		ring_walk(map, (enum hr_ring)ring, seq_max, &last);
		/* one event can be uncounted, not more: anything else is damage, and board_check()
		 * reports it */
		if (last == header->last_seq + 1)
			header->last_seq = last;
	}
}
