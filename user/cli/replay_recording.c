// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Replays a recording of the board: the samples of each container, snapshot by snapshot, from the history in its slot.
 * Parents and the host raise the risk as in the daemon. One series per cgroup; never reads a live board.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "cli.h"
#include "json/json.h"
#include "policy_replay.h"
#include "replay.h"
#include "format/history.h"
#include "format/snapshot.h"
#include "format/target_parse.h"

#define MOST_DEPTH   64 /* a damaged board may have cycles */
#define MOST_DAMAGED 64 /* consecutive damaged snapshots skipped */

struct one { /* a cgroup */
	uint64_t cgroup_id, parent_id;
	uint64_t sampled_ns; /* of the last learnt sample */
	struct replay replay;
	struct hr_forecast path; /* its own, or its ancestors' where that is worse */
	bool limited;            /* limited by a cgroup, not by host memory */
	bool shown;
	json_t *identity;
};

struct all {
	const struct target *target;
	bool json;
	struct replay_pace *pace;
	struct one **one; /* by cgroup id */
	size_t n, space;
	struct snapshot snapshot;
	struct policy_run *policy; /* NULL: none */
	struct forecast_state host_state;
	struct hr_forecast host;
	uint64_t host_ns, zero_ns; /* zero: the first snapshot */
	uint64_t damaged;
};

static void free_all(struct all *a)
{
	for (size_t i = 0; i < a->n; i++) {
		replay_done(&a->one[i]->replay);
		json_decref(a->one[i]->identity);
		free(a->one[i]);
	}
	free(a->one);
	snapshot_done(&a->snapshot);
}

/* Where it is, or would be. */
static size_t place(const struct all *a, uint64_t cgroup_id)
{
	size_t low = 0, high = a->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (a->one[middle]->cgroup_id < cgroup_id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct one *find(const struct all *a, uint64_t cgroup_id)
{
	size_t at = place(a, cgroup_id);

	return at < a->n && a->one[at]->cgroup_id == cgroup_id ? a->one[at] : NULL;
}

static struct one *add(struct all *a, const struct hr_slot *slot)
{
	size_t at = place(a, slot->cgroup_id);
	struct one *one;

	if (a->n == a->space) {
		size_t space = a->space ? 2 * a->space : 64;
		void *bigger = reallocarray(a->one, space, sizeof(*a->one));

		if (!bigger)
			return NULL;
		a->one = bigger;
		a->space = space;
	}
	one = calloc(1, sizeof(*one));
	if (!one)
		return NULL;
	one->cgroup_id = slot->cgroup_id;
	replay_init(&one->replay, "", a->target != NULL);
	one->replay.pace = a->pace;
	memmove(a->one + at + 1, a->one + at, (a->n++ - at) * sizeof(*a->one));
	a->one[at] = one;
	return one;
}

/* Names may come later than the cgroup. */
static int name(struct one *one, const struct hr_slot *slot)
{
	struct record_text from = record_text_slot(slot);

	identity_label(&from, &slot->id, slot->cgroup_id, one->replay.name,
		       sizeof(one->replay.name));
	json_decref(one->identity);
	one->identity = json_pack("{so so so}", "name", json_get_text(&from, &slot->id.name),
				  "cgroup", json_get_text(&from, &slot->id.cgroup), "cgroup_id",
				  json_get_id(&from, &slot->cgroup_id));
	return one->identity ? 0 : -ENOMEM;
}

/* As the daemon fills it. */
static void slot_input(const struct hr_slot *slot, const struct hr_host *host,
		       struct forecast_input *in)
{
	forecast_input_init(in);
	in->t_ns = slot->sampled_ns;
	in->usage = slot->memory.usage;
	in->unreclaimable = slot->memory.unreclaimable;
	in->headroom = slot->memory.headroom;
	in->limit = slot->binding.limit;
	in->binding_level = slot->binding.level;
	in->high = slot->memory.high;
	in->anon = slot->memory.anon;
	in->file = slot->memory.file;
	in->shmem = slot->memory.shmem;
	in->kernel = slot->memory.kernel;
	in->slab = slot->memory.slab_reclaimable;
	in->pending = memory_pending(&slot->memory);
	in->unsorted = memory_unsorted(&slot->memory);
	in->above_used = slot->binding.used;
	in->above_pending = slot->binding.pending;
	in->above_unsorted = slot->binding.unsorted;
	in->swap = slot->memory.swap;
	in->swap_free = host->swap_free;
	in->rss = slot->memory.rss;
	in->refaults = slot->counts.refaults;
	in->stall_ns = slot->stalls.total_ns;
	in->psi_some_us = slot->pressure.some_total_us;
	in->psi_full_us = slot->pressure.full_total_us;
	in->events_max = slot->counts.max;
	in->events_oom_kill = slot->counts.oom_kill;
	in->under_oom = !!(slot->flags & HR_SLOT_UNDER_OOM);
}

static void learn_host(struct all *a)
{
	const struct hr_host *host = &a->snapshot.host;
	struct forecast_input in;

	if (!host->sampled_ns || host->sampled_ns == a->host_ns || host_used(host) == HR_UNKNOWN)
		return;
	a->host_ns = host->sampled_ns;
	forecast_input_init(&in);
	in.t_ns = host->sampled_ns;
	in.binding_level = HR_LEVEL_HOST;
	in.usage = in.unreclaimable = host_used(host);
	in.limit = hr_host_usable(host);
	in.headroom = host->headroom;
	in.swap_free = host->swap_free;
	in.psi_some_us = host->pressure.some_total_us;
	in.psi_full_us = host->pressure.full_total_us;
	in.events_oom_kill = host->oom_kills;
	forecast_update(&a->host_state, &in, &a->host);
}

/* Parents raise the risk; a parent limited by the host's memory only does not. */
static void inherit(const struct all *a, struct one *one)
{
	const struct one *above = find(a, one->parent_id);

	one->path = one->replay.forecast;
	if (above && above != one && above->limited)
		forecast_inherit(&one->path, &above->path, HR_LEVEL_ANCESTOR);
	one->replay.forecast = one->path;
	if (a->host_ns)
		forecast_inherit(&one->replay.forecast, &a->host, HR_LEVEL_HOST);
}

static int learn(struct all *a, struct one *one, const struct forecast_input *in, bool describe)
{
	double t = in->t_ns >= a->zero_ns ? (double)(in->t_ns - a->zero_ns) / 1e9
					  : -((double)(a->zero_ns - in->t_ns) / 1e9);

	replay_learn(&one->replay, in);
	inherit(a, one);
	one->sampled_ns = in->t_ns;
	if (!describe || !one->shown)
		return 0;
	return a->json ? replay_print_line(&one->replay, t, one->identity)
		       : replay_note(&one->replay, t);
}

/* The daemon writes a history point for each learnt sample (if a value changed, or after a second): these are the samples.
 * Counters are in snapshots only: the last point gets those of this snapshot, earlier points those of the one before. History
 * from before the first snapshot is learnt, but not printed. A slot without history is one sample. */
static int learn_slot(struct all *a, struct one *one, const struct hr_slot *slot)
{
	struct hr_point history[HISTORY_POINTS];
	size_t n = history_points(&slot->history, history), fresh = 0;
	bool first = !one->sampled_ns;
	struct forecast_input now, in;
	int r = 0;

	slot_input(slot, &a->snapshot.host, &now);
	if (!n)
		return now.t_ns > one->sampled_ns ? learn(a, one, &now, true) : 0;
	while (fresh < n &&
	       history_time_ns(&history[fresh], a->snapshot.header.created_ns) <= one->sampled_ns)
		fresh++;
	for (size_t i = fresh; i < n && !r; i++) {
		in = first || i + 1 == n ? now : one->replay.last;
		in.t_ns = history_time_ns(&history[i], a->snapshot.header.created_ns);
		in.usage = history_bytes(history[i].usage_kib);
		in.unreclaimable = history_bytes(history[i].unreclaimable_kib);
		in.headroom = history_bytes(history[i].headroom_kib);
		r = learn(a, one, &in, !first || i + 1 == n);
	}
	return r;
}

struct order {
	unsigned int depth;
	const struct hr_slot *slot;
};

static int by_depth(const void *left, const void *right)
{
	const struct order *l = left, *r = right;

	if (l->depth != r->depth)
		return l->depth < r->depth ? -1 : 1;
	return l->slot < r->slot ? -1 : l->slot > r->slot;
}

static unsigned int depth(const struct all *a, const struct one *one)
{
	unsigned int n = 0;

	while (n < MOST_DEPTH && (one = find(a, one->parent_id)))
		n++;
	return n;
}

/* The targets; without --target those that `ls` lists. */
static void choose_shown(struct all *a)
{
	for (size_t i = 0; a->target && i < a->snapshot.n_slots; i++)
		if (target_fits(a->target, &a->snapshot.slots[i]))
			find(a, a->snapshot.slots[i].cgroup_id)->shown = true;
	for (size_t i = 0; !a->target && i < a->snapshot.n_rows; i++)
		find(a, a->snapshot.rows[i].slot->cgroup_id)->shown = true;
}

static int learn_slots(struct all *a)
{
	const struct snapshot *s = &a->snapshot;
	_cleanup_free_ struct order *order = calloc(s->n_slots + 1, sizeof(*order));
	int r = order ? 0 : -ENOMEM;

	for (size_t i = 0; i < s->n_slots && !r; i++) {
		struct one *one = find(a, s->slots[i].cgroup_id);

		one = one ? one : add(a, &s->slots[i]);
		if (!one)
			return -ENOMEM;
		one->parent_id = s->slots[i].parent_id;
		one->limited = s->slots[i].binding.level != HR_LEVEL_HOST;
		r = name(one, &s->slots[i]);
	}
	if (r)
		return r;
	choose_shown(a);
	for (size_t i = 0; i < s->n_slots; i++)
		order[i] = (struct order){depth(a, find(a, s->slots[i].cgroup_id)), &s->slots[i]};
	qsort(order, s->n_slots, sizeof(*order), by_depth);
	for (size_t i = 0; i < s->n_slots && !r; i++)
		if (order[i].slot->state == HR_SLOT_RUNNING)
			r = learn_slot(a, find(a, order[i].slot->cgroup_id), order[i].slot);
	return r;
}

static int learn_frame(struct all *a, struct hr_reader *reader)
{
	int r = snapshot_load(&a->snapshot, reader);

	if (!r)
		r = snapshot_select(&a->snapshot, &(struct row_filter){0});
	if (r)
		return r;
	if (!a->zero_ns)
		a->zero_ns = hr_reader_frame_time(reader);
	replay_wait(a->pace, (double)(int64_t)(hr_reader_frame_time(reader) - a->zero_ns) / 1e9);
	if (!policy_run_alone(a->policy)) {
		learn_host(a);
		r = learn_slots(a);
	}
	return r || !a->policy ? r : policy_run_frame(a->policy, reader, a->zero_ns);
}

static int walk(struct all *a, struct hr_reader *reader)
{
	unsigned int in_a_row = 0;
	int r;

	for (;;) {
		r = hr_reader_next_frame(reader);
		if (r == -EBADMSG && in_a_row++ < MOST_DAMAGED) {
			a->damaged++;
			continue;
		}
		if (r == -EBADMSG || r == -ENODATA)
			return 0;
		in_a_row = 0;
		if (!r)
			r = learn_frame(a, reader);
		if (r || (a->json && ferror(stdout)))
			return r;
	}
}

static size_t print_tables(const struct all *a)
{
	size_t shown = 0;

	for (size_t i = 0; i < a->n; i++) {
		const struct replay *replay = &a->one[i]->replay;

		if (!a->one[i]->shown)
			continue;
		if (!a->json && (a->target || replay->sum.samples)) {
			if (shown && (replay->rows || replay->thin))
				putchar('\n');
			replay_print_table(replay, cli_colour());
		}
		shown++;
	}
	return shown;
}

int replay_recording(struct hr_reader *reader, const struct target *target, bool json,
		     struct replay_pace *pace, struct policy_run *policy)
{
	_cleanup_(free_all) struct all a = {
		.target = target, .json = json, .pace = pace, .policy = policy};
	size_t shown;
	int r;

	forecast_init(&a.host_state);
	r = walk(&a, reader);
	if (r) {
		log_error("%s: %s", hr_reader_path(reader), strerror(-r));
		return CLI_FAILED;
	}
	shown = print_tables(&a);
	r = cli_flush();
	if (a.damaged) {
		log_error("%s: damaged: some snapshots skipped", hr_reader_path(reader));
		return CLI_FAILED;
	}
	if (!a.zero_ns || (!shown && target && !policy_run_alone(policy))) {
		log_error("%s: %s", hr_reader_path(reader),
			  a.zero_ns ? "no match for --target in the recording"
				    : "the recording is empty");
		return CLI_FAILED;
	}
	return r;
}
