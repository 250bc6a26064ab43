// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Runs the policy engine over the past. Between two samples its deadlines expire with the figures of the earlier one.
 * policy_output.c prints.
 */
#include "policy_replay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <headroom/reader.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/utf8_clean.h"
#include "cli.h"
#include "forecast/forecast.h"
#include "format/history.h"
#include "policy_output.h"

#define SERIES_CGROUP "/series"
#define EPOCH_NS \
	1000000000000ULL /* start of a series, so that a time that goes back stays positive */

static const struct hr_slot *slot_at(uint32_t i, void *arg)
{
	const struct policy_run *run = arg;

	return i < run->capacity && run->slot[i].state == HR_SLOT_RUNNING ? &run->slot[i] : NULL;
}

bool policy_run_alone(const struct policy_run *run) { return run && run->options.alone; }

/* A series is one container, and every policy matches it: the file names none. */
static void match_all(struct policy_set *set)
{
	struct policy *policy = (struct policy *)((char *)set + set->policies_at);

	for (uint32_t i = 0; i < set->policies; i++)
		policy[i].matches = policy[i].host_processes = 0;
}

static int load_set(struct policy_run *run)
{
	char error[CONFIG_ERROR], clean[512];
	struct config config;
	int r;

	config_init(&config);
	r = config_load(run->options.file, &config, &run->set, error);
	if (!r)
		return CLI_DONE;
	if (r == -EINVAL)
		log_error("%s", error);
	else
		log_error("%s: %s", text_clean(run->options.file, SIZE_MAX, clean, sizeof(clean)),
			  strerror(-r));
	return r == -EACCES || r == -EPERM ? CLI_NOT_PERMITTED : CLI_USAGE;
}

int policy_run_load(const struct policy_run_options *options, struct policy_run **ret_run)
{
	_cleanup_policy_run_ struct policy_run *run = calloc(1, sizeof(*run));
	int r;

	if (!run) {
		log_error("out of memory");
		return CLI_FAILED;
	}
	run->options = *options;
	r = load_set(run);
	if (r)
		return r;
	/* As in `enforce`, but without effects: what a dry run assumes. */
	run->set->mode = options->mode < MODE_DRY_RUN ? options->mode : MODE_DRY_RUN;
	*ret_run = take_ptr(run);
	return CLI_DONE;
}

void policy_run_free(struct policy_run *run)
{
	if (!run)
		return;
	engine_free(run->act);
	free(run->slot);
	free(run->set);
	free(run);
}

static int make_space(struct policy_run *run, uint32_t slots)
{
	struct engine_callbacks calls = {policy_line_order, policy_line_outcome,
					 policy_line_not_taken, policy_line_next, run};
	struct hr_slot *bigger;
	int r;

	if (run->act && slots <= run->capacity)
		return 0;
	bigger = calloc(slots, sizeof(*bigger));
	if (!bigger)
		return -ENOMEM;
	if (run->slot)
		memcpy(bigger, run->slot, run->capacity * sizeof(*bigger));
	free(run->slot);
	run->slot = bigger;
	run->capacity = slots;
	if (run->act)
		return engine_grow(run->act, slots);
	r = engine_init(&run->act, slots, &calls);
	if (!r)
		engine_set_policies(run->act, run->set);
	return r;
}

static struct policy_snapshot world_of(struct policy_run *run)
{
	return (struct policy_snapshot){
		.now_ns = run->now_ns,
		.host = &run->host,
		.slots = run->capacity,
		.slot = slot_at,
		.arg = run,
		.pgroup = run->job,
		.pgroups = run->jobs,
	};
}

static void look(struct policy_run *run, uint64_t now_ns)
{
	struct policy_snapshot world;

	run->now_ns = now_ns;
	world = world_of(run);
	engine_update(run->act, &world);
}

/* Up to (not including) the next sample. */
static void run_up_to(struct policy_run *run, uint64_t now_ns)
{
	uint64_t at;

	while ((at = engine_deadline(run->act)) && at < now_ns && at > run->now_ns)
		look(run, at);
}

/* ---- a series ---- */

static struct hr_str put_text(struct hr_slot *slot, const char *text)
{
	struct hr_str str = {(uint16_t)(offsetof(struct hr_slot, text) + slot->text_used)};
	size_t n = strnlen(text, 255);

	memcpy(slot->text + slot->text_used, text, n);
	slot->text[slot->text_used + n] = 0;
	slot->text_used += (uint32_t)n + 1;
	return str;
}

static void begin_series(struct policy_run *run)
{
	struct hr_slot *slot = run->slot;

	memset(slot, 0, sizeof(*slot));
	memset(&slot->memory, 0xff, sizeof(slot->memory));
	memset(&slot->pressure, 0xff, sizeof(slot->pressure));
	memset(&slot->counts, 0xff, sizeof(slot->counts));
	slot->state = HR_SLOT_RUNNING;
	slot->flags = HR_SLOT_POPULATED | HR_SLOT_HAS_TASKS;
	slot->cgroup_id = ++run->runs;
	slot->appeared_ns = slot->started_ns = run->now_ns;
	slot->text_used = 1;
	slot->id.kind = HR_KIND_CONTAINER;
	slot->id.workload = 1;
	slot->id.name = put_text(slot, run->options.name ? run->options.name : "the series");
	slot->id.cgroup = put_text(slot, SERIES_CGROUP);
}

static void begin(struct policy_run *run)
{
	memset(&run->host, 0, sizeof(run->host));
	memset(&run->host.pressure, 0xff, sizeof(run->host.pressure));
	run->host.mem_total = run->host.mem_available = HR_UNKNOWN;
	run->host.swap_free = HR_UNKNOWN;
	if (!run->options.name)
		match_all(run->set);
}

/* A series has totals but no avg10: take the share of the time between two samples. */
static uint32_t share_centi(uint64_t total_us, uint64_t before_us, uint64_t ns)
{
	uint64_t us = ns / 1000;

	if (total_us == HR_UNKNOWN || before_us == HR_UNKNOWN || total_us < before_us || !us)
		return HR_UNKNOWN_U32;
	return total_us - before_us >= us ? 10000 : (uint32_t)((total_us - before_us) * 10000 / us);
}

static void read_row(struct policy_run *run, const struct forecast_input *in,
		     const struct hr_forecast *forecast)
{
	struct hr_slot *slot = run->slot;
	uint64_t ns = in->t_ns > run->last.t_ns ? in->t_ns - run->last.t_ns : 0;
	struct hr_memory *m = &slot->memory;

	slot->sampled_ns = run->now_ns;
	m->usage = in->usage;
	m->limit = in->limit;
	m->unreclaimable = in->unreclaimable;
	m->headroom = in->headroom;
	if (m->headroom == HR_UNKNOWN && in->limit != HR_UNKNOWN && in->unreclaimable != HR_UNKNOWN)
		m->headroom = in->limit > in->unreclaimable ? in->limit - in->unreclaimable : 0;
	m->anon = in->anon;
	m->file = in->file;
	m->swap = in->swap;
	m->rss = in->rss;
	slot->binding.limit = in->limit;
	slot->forecast = *forecast;
	slot->pressure.some_avg10_centi = share_centi(in->psi_some_us, run->last.psi_some_us, ns);
	slot->pressure.full_avg10_centi = share_centi(in->psi_full_us, run->last.psi_full_us, ns);
	run->host.swap_free = in->swap_free;
}

int policy_run_row(struct policy_run *run, double t_seconds, const struct forecast_input *in,
		   const struct hr_forecast *forecast)
{
	bool first = !run->act;
	uint64_t now = in->t_ns;
	int r = make_space(run, 1);

	if (r)
		return r;
	if (first) {
		run->now_ns = now;
		run->t_offset = t_seconds - (double)now / 1e9;
		begin(run);
		begin_series(run);
	} else if (now > run->now_ns) {
		run_up_to(run, now);
	}
	run->now_ns = now > run->now_ns ? now : run->now_ns;
	if (!first && in->restarted) {
		engine_slot_gone(run->act, 0, run->slot->cgroup_id, run->now_ns);
		begin_series(run);
	}
	read_row(run, in, forecast);
	if (!first && in->events_oom_kill != HR_UNKNOWN &&
	    run->last.events_oom_kill != HR_UNKNOWN &&
	    in->events_oom_kill > run->last.events_oom_kill)
		engine_oom_kill(run->act, 0, run->now_ns);
	run->last = *in;
	look(run, run->now_ns);
	return 0;
}

/* ---- a recording ---- */

/* A recording has only the largest processes outside containers: each is a process group of its own. */
static void read_jobs(struct policy_run *run)
{
	run->jobs = 0;
	for (size_t i = 0; i < HR_HOST_PROCESSES && run->host.process[i].pid; i++) {
		const struct hr_process *p = &run->host.process[i];
		struct process_group *job = &run->job[run->jobs++];

		*job = (struct process_group){
			.pgid = p->pid,
			.pid = p->pid,
			.start_boottime_ns = p->start_boottime_ns,
			.leader_start_ns = p->start_boottime_ns,
			.processes = 1,
			.rss = p->rss_bytes,
			.largest_rss = p->rss_bytes,
			.age_ms = HR_UNKNOWN, /* frames carry no boot time */
			.growth_bytes_per_second = p->growth_bytes_per_second,
		};
		memcpy(job->comm, p->comm, sizeof(job->comm));
	}
}

static void read_slots(struct policy_run *run, struct hr_reader *reader)
{
	struct hr_slot slot;
	uint32_t next = 0, i = 0;

	while (!hr_reader_slot(reader, &next, &slot)) {
		for (; i + 1 < next && i < run->capacity; i++)
			run->slot[i].state = HR_SLOT_FREE;
		i = next - 1;
		if (i >= run->capacity)
			break;
		if (run->slot[i].state == HR_SLOT_RUNNING &&
		    (slot.cgroup_id != run->slot[i].cgroup_id || slot.state != HR_SLOT_RUNNING))
			engine_slot_gone(run->act, i, run->slot[i].cgroup_id, run->now_ns);
		run->slot[i++] = slot;
	}
	for (; i < run->capacity; i++)
		run->slot[i].state = HR_SLOT_FREE;
}

static void receive_kill(struct policy_run *run, const struct hr_event *event)
{
	const struct hr_event_oom_kill *oom = (const void *)event;

	if (event->type != HR_EVENT_OOM_KILL || event->bytes < sizeof(*oom))
		return;
	if (oom->level == HR_LEVEL_HOST)
		engine_oom_kill(run->act, HR_UNKNOWN_U32, run->now_ns);
	for (uint32_t i = 0; i < run->capacity; i++)
		if (run->slot[i].state == HR_SLOT_RUNNING &&
		    run->slot[i].cgroup_id == event->cgroup_id)
			engine_oom_kill(run->act, i, run->now_ns);
}

static int receive(struct policy_run *run, struct hr_reader *reader)
{
	_Alignas(8) char record[HR_EVENT_MAX_BYTES];
	int r;

	do {
		r = hr_reader_next_event(reader, (struct hr_event *)record, sizeof(record));
		if (!r)
			receive_kill(run, (const struct hr_event *)record);
	} while (!r || r == -EOVERFLOW || r == -EBADMSG);
	return r == -ENODATA || r == -EAGAIN ? 0 : r;
}

/* ---- between the snapshots of a history ---- */

struct between {
	uint64_t time_ns;
	uint32_t slot;
	struct hr_point point;
};

static int by_time(const void *a, const void *b)
{
	const struct between *x = a, *y = b;

	return x->time_ns < y->time_ns ? -1 : x->time_ns > y->time_ns;
}

/* The points of the next snapshot that are newer than the one before it, of what ran then and runs now. */
static int read_points(struct policy_run *run, struct hr_reader *reader, uint64_t created_ns,
		       struct between **ret, size_t *ret_n)
{
	struct hr_point point[HISTORY_POINTS];
	struct between *all = NULL;
	size_t n = 0, space = 0;
	struct hr_slot slot;

	for (uint32_t next = 0; !hr_reader_slot(reader, &next, &slot);) {
		uint32_t at = next - 1;
		size_t points = history_points(&slot.history, point);

		if (at >= run->capacity || run->slot[at].state != HR_SLOT_RUNNING ||
		    run->slot[at].cgroup_id != slot.cgroup_id)
			continue;
		if (n + points > space) {
			struct between *more;

			space = 2 * space + HISTORY_POINTS;
			more = reallocarray(all, space, sizeof(*all));
			if (!more) {
				free(all);
				return -ENOMEM;
			}
			all = more;
		}
		for (size_t i = 0; i < points; i++) {
			uint64_t time_ns = history_time_ns(&point[i], created_ns);

			if (time_ns > run->slot[at].sampled_ns && time_ns > run->now_ns &&
			    time_ns < slot.sampled_ns)
				all[n++] = (struct between){time_ns, at, point[i]};
		}
	}
	if (n)
		qsort(all, n, sizeof(*all), by_time);
	*ret = all;
	*ret_n = n;
	return 0;
}

/* Usage as it was; all else, and the forecast, as in the snapshot before. */
static int run_points(struct policy_run *run, struct hr_reader *reader, uint64_t created_ns,
		      uint64_t end_ns)
{
	_cleanup_free_ struct between *all = NULL;
	size_t n;
	int r = read_points(run, reader, created_ns, &all, &n);

	for (size_t i = 0; i < n && !r && all[i].time_ns < end_ns; i++) {
		struct hr_slot *slot = &run->slot[all[i].slot];

		run_up_to(run, all[i].time_ns);
		slot->sampled_ns = all[i].time_ns;
		slot->memory.usage = history_bytes(all[i].point.usage_kib);
		slot->memory.unreclaimable = history_bytes(all[i].point.unreclaimable_kib);
		slot->memory.headroom = history_bytes(all[i].point.headroom_kib);
		if (i + 1 == n || all[i + 1].time_ns - all[i].time_ns > NS_PER_MS)
			look(run, all[i].time_ns);
	}
	return r;
}

int policy_run_frame(struct policy_run *run, struct hr_reader *reader, uint64_t zero_ns)
{
	uint64_t now = hr_reader_frame_time(reader);
	struct hr_board_header header;
	bool first = !run->act;
	int r;

	hr_reader_header(reader, &header);
	r = make_space(run, header.slot_capacity);
	if (!r)
		r = hr_reader_host(reader, &run->host);
	if (r)
		return r == -EAGAIN ? 0 : r;
	run->recording = true;
	run->t_offset = -(double)zero_ns / 1e9;
	run->zero_ns = zero_ns;
	if (!first && now > run->now_ns && run->options.points)
		r = run_points(run, reader, header.created_ns, now);
	if (r)
		return r;
	if (first)
		run->now_ns = now;
	else if (now > run->now_ns)
		run_up_to(run, now);
	run->now_ns = now > run->now_ns ? now : run->now_ns;
	read_slots(run, reader);
	read_jobs(run);
	r = receive(run, reader);
	look(run, run->now_ns);
	return r;
}
