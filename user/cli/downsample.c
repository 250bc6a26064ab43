// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* From snapshots to points. Bounded; snapshots without time or figures are skipped. */
#include "downsample.h"

#include "format/snapshot.h"

#define CENTI_NS 10000000u

static uint32_t kib(uint64_t bytes)
{
	uint64_t n = bytes >> 10;

	return bytes == HR_UNKNOWN ? HR_UNKNOWN_U32 : n < UINT32_MAX ? (uint32_t)n : UINT32_MAX - 1;
}

static bool look_at_host(struct hr_reader *reader, struct hr_point *point, uint64_t *ret_ns)
{
	struct hr_host host;

	if (hr_reader_host(reader, &host) || host_used(&host) == HR_UNKNOWN)
		return false;
	point->usage_kib = point->unreclaimable_kib = kib(host_used(&host));
	point->headroom_kib = kib(host.headroom);
	*ret_ns = host.sampled_ns;
	return true;
}

static bool look_at_slot(struct hr_reader *reader, uint64_t cgroup_id, struct hr_point *point,
			 uint64_t *ret_ns)
{
	struct hr_slot slot;
	uint32_t index = 0;

	while (!hr_reader_slot(reader, &index, &slot)) {
		if (slot.cgroup_id != cgroup_id || slot.state != HR_SLOT_RUNNING)
			continue;
		point->usage_kib = kib(slot.memory.usage);
		point->unreclaimable_kib = kib(slot.memory.unreclaimable);
		point->headroom_kib = kib(slot.memory.headroom);
		*ret_ns = slot.sampled_ns;
		return true;
	}
	return false;
}

void downsample_add(struct downsample *t, struct hr_reader *reader)
{
	struct hr_board_header header;
	struct hr_point point;
	uint64_t ns;

	if (!t->stride)
		t->stride = 1;
	if (t->seen++ % t->stride)
		return;
	if (!(t->host ? look_at_host(reader, &point, &ns)
		      : look_at_slot(reader, t->cgroup_id, &point, &ns)))
		return;
	hr_reader_header(reader, &header);
	if (ns < header.created_ns)
		return;
	if (header.instance != t->instance)
		t->n = 0;
	t->instance = header.instance;
	point.t_centis = (uint32_t)((ns - header.created_ns) / CENTI_NS);
	if (t->n && point.t_centis <= t->point[t->n - 1].t_centis)
		return;
	if (t->n == DOWNSAMPLE_POINTS) {
		for (t->n = 0; t->n < DOWNSAMPLE_POINTS / 2; t->n++)
			t->point[t->n] = t->point[2 * t->n];
		t->stride *= 2;
	}
	t->point[t->n++] = point;
}

void downsample_end(struct downsample *t, const struct hr_history *history)
{
	struct hr_point fresh[HISTORY_POINTS];
	size_t n = history_points(history, fresh);

	while (n && t->n && t->point[t->n - 1].t_centis >= fresh[0].t_centis)
		t->n--;
	for (size_t i = 0; i < n; i++)
		t->point[t->n++] = fresh[i];
}
