// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * When BPF is loaded again while the daemon runs, and what becomes of it: it did not load for want of something (bpf_retry.h), or its
 * programs are no longer called (bpf_silence.h). The worker opens another collector; here it replaces the old one.
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "daemon.h"
#include "degraded.h"
#include "events.h"

#define LOADER_BYTES   (64ULL << 20)     /* BTF and programs, while they are loaded */
#define RELOAD_WAIT_NS (30 * NS_PER_SEC) /* for calm */

/* The loader is charged to the daemon's own cgroup: what is left there and above it. Not known: no limit. */
static uint64_t own_headroom(struct daemon *daemon)
{
	const struct track *self =
		tracks_get(&daemon->containers.tracks, policy_driver_self(daemon->policy_driver));

	return self ? board_slot(daemon->board, self->slot)->memory.headroom : HR_UNKNOWN;
}

/* Memory for the loader, and nothing that must not wait for it. */
static bool is_calm(struct daemon *daemon, uint64_t now)
{
	const struct hr_host *host = board_host(daemon->board);

	return !fast_poll_count(&daemon->sampling.fast_poll) &&
	       !host_poll_near(&daemon->sampling.host_poll, now) &&
	       own_headroom(daemon) > LOADER_BYTES && host->mem_available != HR_UNKNOWN &&
	       host->mem_available > LOADER_BYTES + host->mem_total / 32;
}

bool daemon_wants_bpf(struct daemon *daemon, uint64_t now)
{
	bool calm = is_calm(daemon, now);

	if (daemon->reload_ns && (calm || now - daemon->reload_ns > RELOAD_WAIT_NS))
		return true;
	return bpf_retry_due(&daemon->bpf_retry, now, calm);
}

/* The collector in use has what an earlier one lacked. */
void daemon_report_recovery(struct daemon *daemon, bool had_bpf)
{
	uint64_t seconds = (clock_mono_ns() - daemon->bpf_retry.since_ns) / NS_PER_SEC;
	uint64_t counted = daemon->oom_events.counted - daemon->losses.counted_before;

	if (had_bpf)
		events_daemon(daemon->board, HR_DAEMON_RECOVERED, HR_INFO, 0,
			      "all BPF programs run, after %llu s without some of them",
			      (unsigned long long)seconds);
	else
		events_daemon(daemon->board, HR_DAEMON_RECOVERED, HR_INFO, counted,
			      "BPF runs, after %llu s without it; OOM kills of that time that are "
			      "known by count only: %llu",
			      (unsigned long long)seconds, (unsigned long long)counted);
	daemon->losses.counted_before = daemon->oom_events.counted;
	if (!collect_incomplete(daemon->sampling.collector))
		daemon->bpf_retry = (struct bpf_retry){0};
}

/* Programs that are called again take the place of those that are not, if there are as many. */
static void take_reload(struct daemon *daemon, struct worker_job *job)
{
	daemon->reload_ns = 0;
	if (job->grow_error || collect_compare(job->grown, daemon->sampling.collector) < 0) {
		job->retired = take_ptr(job->grown);
		return; /* degraded until a later try */
	}
	daemon_take_collector(daemon, job, true);
	degraded_clear(daemon->board, "bpf_silent");
	events_daemon(daemon->board, HR_DAEMON_RECOVERED, HR_INFO, 0, "BPF was loaded again");
}

void daemon_take_again(struct daemon *daemon, struct worker_job *job)
{
	bool had = collect_record_fd(daemon->sampling.collector) >= 0;
	struct bpf_retry *retry = &daemon->bpf_retry;
	uint64_t now = clock_mono_ns();
	const char *later =
		job->grow_error ? strerror(-job->grow_error) : collect_incomplete(job->grown);

	if (daemon->reload_ns) {
		take_reload(daemon, job);
		return;
	}
	if (later)
		bpf_retry_failed(retry, now, is_calm(daemon, now));
	if (later && retry->failed == 2)
		events_daemon(daemon->board, HR_DAEMON_FALLBACK, HR_WARNING, 0,
			      "bpf: tried again without success (%s); more tries follow when "
			      "memory is free, at the latest every ten minutes",
			      later);
	if (!job->grow_error && collect_compare(job->grown, daemon->sampling.collector) > 0) {
		daemon_take_collector(daemon, job, true);
		daemon_report_recovery(daemon, had);
		return;
	}
	if (!later) /* what was missing is not to be had here */
		*retry = (struct bpf_retry){0};
	job->retired = take_ptr(job->grown);
}

/* A sweep, and whether the kernel had reported the cgroups that it found. Those of the first one are older than the programs. */
void daemon_sweep(struct daemon *daemon)
{
	struct containers *containers = &daemon->containers;
	bool recorded = daemon->sampling.removal_recorded && containers->sweep_number;
	uint64_t before = containers->unannounced;

	sampling_sweep(&daemon->sampling);
	if (recorded && containers->unannounced > before)
		bpf_silence_missed(&daemon->bpf_silence, BPF_SILENT_CGROUP, 1);
}

static bool pass_failed(const struct worker_job *job)
{
	return job->tasks_error && job->tasks_error != -ENOSPC && job->tasks_error != -EOPNOTSUPP;
}

/* Before the results of a job are taken: the collector may be replaced by them. */
void daemon_check_silence(struct daemon *daemon, const struct worker_job *job)
{
	struct bpf_silence *silence = &daemon->bpf_silence;
	uint64_t failed = collect_failed(daemon->sampling.collector);
	const char *what;

	if (failed > daemon->failed_before)
		bpf_silence_missed(silence, BPF_SILENT_SWEEP, failed - daemon->failed_before);
	else if (job->want_sweep)
		bpf_silence_reported(silence, BPF_SILENT_SWEEP);
	daemon->failed_before = failed;
	if (job->want_tasks && pass_failed(job))
		bpf_silence_missed(silence, BPF_SILENT_TASKS, 1);
	else if (job->want_tasks)
		bpf_silence_reported(silence, BPF_SILENT_TASKS);
	what = bpf_silence_what(silence);
	if (!what || !bpf_silence_reload(silence, clock_mono_ns()))
		return;
	daemon->reload_ns = clock_mono_ns();
	degraded_set(daemon->board, "bpf_silent", HR_WARNING,
		     "BPF runs and reports no %s: its programs are not called; it is loaded again",
		     what);
}
