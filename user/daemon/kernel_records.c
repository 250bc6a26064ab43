// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The records of the BPF programs, to the parts that they concern. */
#include "daemon.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "degraded.h"
#include "events.h"

#define ADJ_MOST 64 /* events of oom_score_adj for one container in a second */

static void on_mkdir(struct daemon *daemon, const struct record *record)
{
	const struct record_cgroup *made = (const void *)record;
	uint64_t now = clock_mono_ns();
	struct track *track;

	bpf_silence_reported(&daemon->bpf_silence, BPF_SILENT_CGROUP);
	if (tracks_find(&daemon->containers.tracks, made->memcg_id) != TRACK_NONE ||
	    !containers_in_scope(&daemon->containers, made->path))
		return;
	/* A path that was cut may be another cgroup's: the resolver finds the whole one. */
	track = containers_add(&daemon->containers, made->memcg_id, made->parent_id,
			       made->path_bytes < RECORD_PATH - 1 ? made->path : "");
	if (!track)
		return;
	fast_poll_add_new(&daemon->sampling.fast_poll, track, now);
	policy_driver_child(daemon->policy_driver, track);
	if (policy_driver_triggers(daemon->policy_driver)->any && !daemon->newborn_ns)
		daemon->newborn_ns = now;
	if (daemon->newborn_ns) /* its sweep does not wait for the tick */
		daemon_set_pending(daemon);
	if (track->polled) {
		daemon_set_pending(daemon);
		daemon_start_job(daemon, clock_mono_ns());
	}
}

static void on_rmdir(struct daemon *daemon, const struct record *record)
{
	const struct record_cgroup *gone = (const void *)record;
	struct track *track;

	containers_removed(&daemon->containers, gone);
	track = tracks_get(&daemon->containers.tracks, gone->memcg_id);
	if (track) /* no sweep will read it again */
		daemon->sampling.counted(track, clock_mono_ns(), daemon->sampling.arg);
}

static void on_exec(struct daemon *daemon, const struct record *record)
{
	const struct record_process *process = (const void *)record;
	struct track *track = tracks_get(&daemon->containers.tracks, process->memcg_id);

	if (!track)
		return;
	/* A container's first exec: its state files exist now, and it may have to be armed before the next sweep. */
	containers_ask(&daemon->containers, track);
	/* Read late, the record may be of a process that has exited since: a later sweep is newer. */
	if (record->time_ns > daemon->sampling.times.sweep_ns &&
	    containers_populated(&daemon->containers, track)) {
		trigger_sync_consider(policy_driver_triggers(daemon->policy_driver), track,
				      clock_mono_ns());
		daemon_start_job(daemon, clock_mono_ns());
	}
}

static void on_oom(struct daemon *daemon, const struct record *record)
{
	bpf_silence_reported(&daemon->bpf_silence, BPF_SILENT_OOM_KILL);
	oom_events_on_record(&daemon->oom_events, (const void *)record);
	if (oom_events_is_new(&daemon->oom_events, (const void *)record) && !daemon->newborn_ns)
		daemon->newborn_ns = record->time_ns; /* a sweep soon */
	daemon_set_pending(daemon);
}

static void on_exit_record(struct daemon *daemon, const struct record *record)
{
	oom_exits_on_exit(&daemon->oom_events.exits, &daemon->containers, (const void *)record);
}

static void on_oom_score_adj(struct daemon *daemon, const struct record *record)
{
	const struct record_process *process = (const void *)record;
	struct track *track = containers_subject(&daemon->containers, process->memcg_id);

	if (!track)
		return;
	/* Any process may write its own a million times a second, and would push all other events out of the ring. */
	if (track->adj_second != record->time_ns / NS_PER_SEC) {
		track->adj_second = (uint32_t)(record->time_ns / NS_PER_SEC);
		track->adj_emitted = 0;
	}
	if (track->adj_emitted++ < ADJ_MOST) {
		events_oom_score_adj(daemon->board, track->slot, process);
	} else {
		track->adj_emitted = ADJ_MOST;
		daemon->losses.muted++;
	}
}

/* A tripwire or a reflex: what it asks of the worker (the hot tracepoint) does not wait for the next tick. */
static void on_trigger(struct daemon *daemon, const struct record *record)
{
	const struct record_trigger *trigger = (const void *)record;
	struct track *track = tracks_get(&daemon->containers.tracks, trigger->memcg_id);
	uint64_t now = clock_mono_ns();

	if (record->type == RECORD_REFLEX)
		oom_events_on_reflex(&daemon->oom_events, trigger);
	if (track && !track->gone_ns) {
		trigger_sync_near(policy_driver_triggers(daemon->policy_driver), now);
		if (record->type == RECORD_REFLEX) {
			policy_driver_reflex(daemon->policy_driver, trigger, track);
		} else if (track->sampled_ns < record->time_ns) {
			sampling_usage(&daemon->sampling, track, trigger->usage);
			policy_driver_read(daemon->policy_driver, track);
		}
		policy_driver_settle(daemon->policy_driver);
	}
	daemon_start_job(daemon, clock_mono_ns());
}

static void on_record(const struct record *record, void *arg)
{
	static void (*const by_type[RECORD_TYPES])(struct daemon * daemon,
						   const struct record *record) = {
		[RECORD_OOM] = on_oom,
		[RECORD_CGROUP_MKDIR] = on_mkdir,
		[RECORD_CGROUP_RMDIR] = on_rmdir,
		[RECORD_EXEC] = on_exec,
		[RECORD_EXIT] = on_exit_record,
		[RECORD_OOM_SCORE_ADJ] = on_oom_score_adj,
		[RECORD_THRESHOLD] = on_trigger,
		[RECORD_REFLEX] = on_trigger,
	};

	if (record->type < RECORD_TYPES && by_type[record->type])
		by_type[record->type](arg, record);
}

void daemon_read_records(struct daemon *daemon)
{
	collect_consume(daemon->sampling.collector, on_record, daemon);
}

static void on_records(struct loop_watch *watch, uint32_t events, void *arg)
{
	daemon_read_records(arg);
}

static void on_trigger_records(struct loop_watch *watch, uint32_t events, void *arg)
{
	struct daemon *daemon = arg;

	collect_trigger_consume(daemon->sampling.collector, on_record, daemon);
}

int daemon_watch_records(struct daemon *daemon)
{
	int fd = collect_record_fd(daemon->sampling.collector);
	int trigger_fd = collect_trigger_fd(daemon->sampling.collector), err = 0;

	if (fd >= 0)
		err = loop_add(&daemon->loop, &daemon->w_records, fd, EPOLLIN, on_records, daemon);
	if (!err && trigger_fd >= 0)
		err = loop_add(&daemon->loop, &daemon->w_trigger, trigger_fd, EPOLLIN,
			       on_trigger_records, daemon);
	return err;
}

void daemon_publish_sources(struct daemon *daemon)
{
	struct hr_host *host = board_host_begin(daemon->board);
	struct sampling *sampling = &daemon->sampling;
	struct collect_source source;

	daemon->use_kmsg = sampling->removal_recorded = sampling->populated_only = false;
	for (size_t i = 0; i < HR_SOURCES && !collect_source(sampling->collector, i, &source);
	     i++) {
		memset(&host->source[i], 0, sizeof(host->source[i]));
		strncpy(host->source[i].signal, source.signal, sizeof(host->source[i].signal) - 1);
		strncpy(host->source[i].variant, source.variant,
			sizeof(host->source[i].variant) - 1);
		if (!strcmp(source.signal, "oom_kill"))
			daemon->use_kmsg = !strncmp(source.variant, "memory.events", 13);
		if (!strcmp(source.signal, "lifecycle"))
			sampling->removal_recorded = !strcmp(source.variant, "cgroup tracepoints");
		if (!strcmp(source.signal, "memcg_sweep"))
			sampling->populated_only = !strcmp(source.variant, "iter/task climb");
	}
	board_host_end(daemon->board);
}

/* Without BPF all lesser sources have that one reason. */
void daemon_report_sources(struct daemon *daemon)
{
	const struct collector *collector = daemon->sampling.collector;
	const char *later = collect_incomplete(collector) ? ", tried again" : "";
	struct collect_source source;
	char signals[256] = "";
	size_t used = 0;

	if (collect_record_fd(collector) < 0 && !collect_source(collector, 0, &source)) {
		log_info("no BPF (%s): memory is read from cgroup files%s", source.skipped, later);
		degraded_set(daemon->board, "bpf", HR_WARNING,
			     "no BPF, cgroup files are read instead: %s%s", source.skipped, later);
		return;
	}
	degraded_clear(daemon->board, "bpf");
	for (size_t i = 0; !collect_source(collector, i, &source); i++) {
		if (!source.fallback)
			continue;
		events_daemon(daemon->board, HR_DAEMON_FALLBACK, HR_INFO, 0, "%s: %s (%s)",
			      source.signal, source.variant, source.skipped);
		if (used < sizeof(signals))
			used += (size_t)snprintf(signals + used, sizeof(signals) - used, "%s%s",
						 used ? ", " : "", source.signal);
	}
	if (used)
		degraded_set(daemon->board, "signals", HR_INFO, "lesser sources are used%s: %s",
			     later, signals);
	else
		degraded_clear(daemon->board, "signals");
}

void daemon_take_collector(struct daemon *daemon, struct worker_job *job, bool anew)
{
	struct sampling *sampling = &daemon->sampling;

	daemon->losses.before += collect_lost(sampling->collector);
	loop_remove(&daemon->loop, &daemon->w_records);
	loop_remove(&daemon->loop, &daemon->w_trigger);
	daemon_read_records(daemon); /* the last records of the old one */
	trigger_sync_move(policy_driver_triggers(daemon->policy_driver), job->grown, anew);
	job->retired = sampling->collector;
	sampling->collector = sampling->worker.collector = take_ptr(job->grown);
	daemon_watch_records(daemon);
	if (anew)
		daemon_read_records(daemon); /* from now on */
	bpf_silence_replaced(&daemon->bpf_silence);
	daemon->failed_before = collect_failed(sampling->collector);
	containers_rebase_stalls(&daemon->containers);
	daemon_publish_sources(daemon);
	if (anew)
		daemon_report_sources(daemon);
}
