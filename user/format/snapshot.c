// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * A copy of the board, and the rows of a table. Never prints, never writes to the board; names are clean UTF-8.
 */
#include "snapshot.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/human_units.h"
#include "display_name.h"

#define HOST_TRIES 5 /* each is many retries inside the reader */

bool slot_gone(const struct hr_slot *slot) { return slot->state == HR_SLOT_GONE; }

double slot_headroom_share(const struct hr_slot *slot)
{
	if (slot_gone(slot) || slot->memory.headroom == HR_UNKNOWN ||
	    slot->binding.limit == HR_UNKNOWN || !slot->binding.limit)
		return NAN;
	return (double)slot->memory.headroom / (double)slot->binding.limit;
}

static int grow(void **array, size_t *space, size_t needed, size_t item_bytes)
{
	void *bigger;

	if (needed <= *space)
		return 0;
	bigger = reallocarray(*array, needed, item_bytes);
	if (!bigger)
		return -ENOMEM;
	*array = bigger;
	*space = needed;
	return 0;
}

void tally_add(struct tally *tally, const struct hr_slot *slot)
{
	if (slot_gone(slot))
		tally->gone++;
	else if (slot->id.kind == HR_KIND_CONTAINER)
		tally->containers++;
	else if (slot->id.kind == HR_KIND_UNIT)
		tally->units++;
	else
		tally->others++;
}

static void count_slot(struct snapshot *s, const struct hr_slot *slot)
{
	tally_add(&s->tally, slot);
	if (s->host.oom_kills == HR_UNKNOWN && slot->oom_kills_total != HR_UNKNOWN)
		s->oom_kills += slot->oom_kills_total;
}

static int load_slots(struct snapshot *s, struct hr_reader *reader)
{
	int r = 0;

	s->n_slots = 0;
	for (uint32_t index = 0; !r;) {
		/* The daemon may add slots meanwhile: always keep space for one more. */
		if (s->n_slots == s->slots_space)
			r = grow((void **)&s->slots, &s->slots_space,
				 s->slots_space ? 2 * s->slots_space : s->header.slots_high + 8,
				 sizeof(*s->slots));
		if (!r)
			r = hr_reader_slot(reader, &index, &s->slots[s->n_slots]);
		if (!r)
			count_slot(s, &s->slots[s->n_slots++]);
	}
	return r == -ENODATA ? 0 : r;
}

int snapshot_head(struct snapshot *s, struct hr_reader *reader)
{
	struct hr_host host;
	int r = -EAGAIN;

	s->health = hr_reader_health(reader, &s->age_ns);
	for (int i = 0; i < HOST_TRIES && r == -EAGAIN; i++)
		r = hr_reader_host(reader, &host);
	if (r)
		return r;
	s->host = host;
	hr_reader_header(reader, &s->header);
	s->recording = hr_reader_is_recording(reader);
	/* The time of the daemon's last sample, not of this read. */
	s->time_ns = host.sampled_ns && host.sampled_ns != HR_UNKNOWN
			     ? host.sampled_ns
			     : hr_reader_frame_time(reader);
	s->n_rows = 0;
	s->tally = (struct tally){0};
	s->oom_kills = host.oom_kills == HR_UNKNOWN ? 0 : host.oom_kills;
	return 0;
}

int snapshot_load(struct snapshot *s, struct hr_reader *reader)
{
	int r = snapshot_head(s, reader);

	return r ? r : load_slots(s, reader);
}

void snapshot_done(struct snapshot *s)
{
	free(s->slots);
	free(s->rows);
	memset(s, 0, sizeof(*s));
}

static bool was_killed(const struct hr_slot *slot)
{
	return slot->oom_kills_total != HR_UNKNOWN && slot->oom_kills_total > 0;
}

static bool is_listed(const struct hr_slot *slot, bool all)
{
	if (all)
		return true;
	if (slot->id.kind == HR_KIND_POD || slot->id.kind == HR_KIND_SANDBOX)
		return false;
	if (slot_gone(slot)) /* an OOM-killed container stays listed */
		return slot->counts.oom_kill != HR_UNKNOWN ? slot->counts.oom_kill > 0
							   : was_killed(slot);
	switch (slot->id.kind) {
	case HR_KIND_CONTAINER:
	case HR_KIND_UNIT:
		return true;
	default: /* an OOM-killed group stays listed when it is empty */
		return slot->flags & HR_SLOT_HAS_TASKS || was_killed(slot);
	}
}

/* On a board of many nodes the node comes first: "node-1/web". */
void row_make(struct row *row, const struct hr_slot *slot)
{
	struct record_text from = record_text_slot(slot);
	size_t n = strlen(slot_node(slot, row->name, sizeof(row->name) / 2));
	char *name = row->name + n;
	size_t space;

	row->slot = slot;
	if (n)
		*name++ = '/';
	space = sizeof(row->name) - (size_t)(name - row->name);
	identity_name(&from, &row->slot->id, name, space, &row->name_is_path);
	if (n && *name == '/')
		memmove(name, name + 1, strlen(name));
	if (!*name)
		snprintf(name, space, "cgroup %llu", (unsigned long long)row->slot->cgroup_id);
}

bool slot_listed(const struct hr_slot *slot) { return is_listed(slot, false); }

static bool contains(const char *text, const char *part) { return text && strcasestr(text, part); }

bool row_matches(const struct row *row, const char *part)
{
	const struct hr_slot *slot = row->slot;

	return !part || !*part || contains(row->name, part) ||
	       contains(hr_slot_text(slot, slot->id.image), part) ||
	       contains(hr_slot_text(slot, slot->id.cgroup), part) ||
	       contains(hr_slot_text(slot, slot->id.container_id), part) ||
	       contains(hr_runtime_name(slot->id.runtime), part);
}

int snapshot_select(struct snapshot *s, const struct row_filter *filter)
{
	int r = grow((void **)&s->rows, &s->rows_space, s->n_slots, sizeof(*s->rows));

	if (r)
		return r;
	s->n_rows = 0;
	for (size_t i = 0; i < s->n_slots; i++) {
		struct row *row = &s->rows[s->n_rows];

		if (!is_listed(&s->slots[i], filter->all))
			continue;
		row_make(row, &s->slots[i]);
		if (row_matches(row, filter->text))
			s->n_rows++;
	}
	return 0;
}

bool snapshot_is_fleet(const struct snapshot *s)
{
	char node[8];

	return s->n_slots && *slot_node(&s->slots[0], node, sizeof(node));
}

uint64_t host_used(const struct hr_host *host)
{
	uint64_t usable = hr_host_usable(host);

	return usable == HR_UNKNOWN || host->mem_available > usable ? HR_UNKNOWN
								    : usable - host->mem_available;
}

double host_used_share(const struct hr_host *host)
{
	uint64_t usable = hr_host_usable(host);

	return host_used(host) == HR_UNKNOWN || !usable
		       ? NAN
		       : 1 - (double)host->mem_available / (double)usable;
}

const char *snapshot_remedy(const struct snapshot *s)
{
	if (snapshot_is_fleet(s))
		return "check that Prometheus runs and is reachable";
	return s->health == -EINPROGRESS ? "try again in a moment" : "start headroomd";
}

const char *snapshot_warning(const struct snapshot *s, char *text, size_t bytes)
{
	char age[UNITS_TEXT];

	text[0] = 0;
	if (!s->health)
		return text;
	units_age_ns(s->age_ns, age);
	if (snapshot_is_fleet(s))
		snprintf(text, bytes, "Prometheus silent for %s: data is stale", age);
	else if (s->header.state == HR_BOARD_STOPPED)
		snprintf(text, bytes, "daemon stopped %s ago: data is stale", age);
	else if (s->health == -EINPROGRESS)
		snprintf(text, bytes, "daemon starting: no %s yet",
			 s->host.sweeps ? "new data" : "data");
	else
		snprintf(text, bytes, "daemon silent for %s: data is stale", age);
	return text;
}

const struct hr_slot *snapshot_slot(const struct snapshot *s, uint64_t cgroup_id)
{
	for (size_t i = 0; cgroup_id && i < s->n_slots; i++)
		if (s->slots[i].cgroup_id == cgroup_id)
			return &s->slots[i];
	return NULL;
}
