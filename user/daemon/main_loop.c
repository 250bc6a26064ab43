// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The guard's life: start, one event loop, stop. Wires the rooms together and decides nothing itself. After start_*()
 * it never blocks on the loop and allocates only when it grows, in calm.
 */
#include "main_loop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "policy_driver.h"
#include "trigger_sync.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "fast_poll.h"
#include "host_poll.h"
#include "oom_events.h"
#include "resolver_client.h"
#include "events.h"
#include "slot_lifecycle.h"
#include "daemon_state.h"
#include "supervisor_client.h"

#define CAPACITY_TIGHT  32u  /* slots left, and a 64th: time to grow */
#define CAPACITY_GROWTH 256u /* at least, or by half */
#define HEARTBEAT_NS    (1 * NS_PER_SEC)
#define FAST_POLL_NS    (50 * NS_PER_MS)  /* the close watch and what is pending */
#define TASKS_NS        (5 * NS_PER_SEC)  /* the process pass in calm … */
#define TASKS_CLOSE_NS  (1 * NS_PER_SEC)  /* … and while somebody is short of headroom */
#define HOST_NEAR_NS    (250 * NS_PER_MS) /* sweeps while the host itself is about to run short */
#define NEWBORN_NS \
	(100 *     \
	 NS_PER_MS) /* after a cgroup was made: its limit is set by then, and a rule may wait for it */
#define NEWBORNS_NS   (200 * NS_PER_MS) /* sweeps because of them */
#define EXPIRE_NS     (30 * NS_PER_SEC)
#define GROW_AGAIN_NS (60 * NS_PER_SEC)
#define GROW_WAIT_NS \
	(20 * NS_PER_SEC) /* for calm; on a host that knows none, growth comes all the same */
#define LOST_NS  (60 * NS_PER_SEC) /* losses that go on are told this often */
#define ADJ_MOST 64                /* changes of oom_score_adj told of one container in a second */

static struct daemon the_daemon; /* one per process; too large for a stack */

static void trigger_close_timer(struct daemon *daemon)
{
	if (daemon->fast_poll_armed)
		return;
	daemon->fast_poll_armed = true;
	loop_timer_set(daemon->fast_poll_fd, FAST_POLL_NS, FAST_POLL_NS);
}

void daemon_start_job(struct daemon *daemon, uint64_t now)
{
	struct worker_job *job = &daemon->worker.job;
	bool danger = fast_poll_count(daemon) > 0, near, trigger;

	if (daemon->worker.busy)
		return;
	near = host_poll_near(daemon, now);
	job->want_sweep = now - daemon->sweep_ns + HEARTBEAT_NS / 10 >=
				  (near ? HOST_NEAR_NS + HEARTBEAT_NS / 10
					: daemon->config->interval_ms * NS_PER_MS) ||
			  (daemon->newborn_ns && now - daemon->newborn_ns >= NEWBORN_NS &&
			   now - daemon->sweep_ns >= NEWBORNS_NS);
	job->want_tasks = now - daemon->tasks_ns >= (near ? host_poll_tasks_ns(daemon)
						     : danger || policy_driver_wants_tasks(daemon)
							     ? TASKS_CLOSE_NS
							     : TASKS_NS);
	job->min_rss = daemon->min_rss;
	job->board_path = board_path(daemon->board);
	job->want_capacity = 0;
	fast_poll_ask(daemon, job);
	trigger = trigger_sync_ask(daemon, job, now);
	if (daemon->want_capacity && (!danger || now - daemon->want_ns > GROW_WAIT_NS)) {
		job->want_capacity = daemon->want_capacity;
		job->root = daemon->config->root;
		daemon->want_capacity = 0;
	}
	if (!job->want_sweep && !job->want_tasks && !job->n_opens && !job->want_capacity &&
	    !job->retired && !trigger)
		return;
	if (job->want_sweep) {
		daemon->sweep_ns = now;
		if (now - daemon->newborn_ns >= NEWBORN_NS)
			daemon->newborn_ns = 0;
	}
	worker_start(&daemon->worker);
}

static void report_losses(struct daemon *daemon, uint64_t now)
{
	daemon->records_lost =
		collect_lost(daemon->collector) + daemon->lost_before + daemon->muted;
	if (daemon->records_lost > daemon->lost_emitted &&
	    (!daemon->lost_emitted || now - daemon->lost_ns > LOST_NS)) {
		daemon->lost_ns = now;
		notice_daemon(daemon, HR_DAEMON_LOST, HR_WARNING,
			      daemon->records_lost - daemon->lost_emitted,
			      "%llu records of the kernel were lost: too many at once",
			      (unsigned long long)(daemon->records_lost - daemon->lost_emitted));
		daemon->lost_emitted = daemon->records_lost;
	}
	if (daemon->board_full > daemon->full_grown && !daemon->full_emitted) {
		daemon->full_emitted = true;
		notice_daemon(
			daemon, HR_DAEMON_CAPACITY, HR_WARNING, daemon->tracks.capacity,
			"the board is full (%u cgroups): new ones are not listed until it grows",
			daemon->tracks.capacity);
	}
}

static void on_record(const struct record *record, void *arg);

static void on_tick(struct loop_watch *watch, uint32_t events, void *arg)
{
	struct daemon *daemon = arg;
	uint64_t now = clock_mono_ns();

	loop_timer_read(daemon->tick_fd);
	board_heartbeat(daemon->board);
	collect_consume(daemon->collector, on_record,
			daemon); /* what came without waking anybody */
	link_scan(daemon, now);
	report_losses(daemon, now);
	control_tick(daemon, now);
	if (daemon->supervisor_fd < 0)
		superior_respawn(daemon, now);
	if (now - daemon->expire_ns > EXPIRE_NS) {
		daemon->expire_ns = now;
		publish_expire(daemon, now);
	}
	daemon_start_job(daemon, now);
}

static void on_fast_poll_timer(struct loop_watch *watch, uint32_t events, void *arg)
{
	struct daemon *daemon = arg;
	uint64_t now = clock_mono_ns();
	bool kills, close;

	loop_timer_read(daemon->fast_poll_fd);
	kills = kills_settle(daemon, now);
	close = fast_poll_read(daemon, now);
	if (!kills && !close) {
		daemon->fast_poll_armed = false;
		loop_timer_set(daemon->fast_poll_fd, 1, 0); /* fires once more, then rests */
		loop_timer_read(daemon->fast_poll_fd);
	}
	daemon_start_job(daemon, now);
}

/* A larger sense and larger tables came back from the worker: everything changes hands between two sweeps. */
static void take_growth(struct daemon *daemon, struct worker_job *job)
{
	uint32_t capacity = job->grow_error ? job->want_capacity : job->grown_capacity;
	int err = job->grow_error ?: policy_driver_grow(daemon, capacity) ?: board_grow(daemon->board, capacity);

	if (err) {
		job->retired = take_ptr(job->grown);
		tracks_done(&job->tracks);
		daemon->grow_ns = clock_mono_ns();
		notice_daemon(daemon, HR_DAEMON_CAPACITY, HR_WARNING, capacity,
			      "no room to grow to %u cgroups: %s", capacity, strerror(-err));
		return;
	}
	daemon->lost_before += collect_lost(daemon->collector);
	loop_remove(&daemon->loop, &daemon->w_records);
	loop_remove(&daemon->loop, &daemon->w_trigger);
	collect_consume(daemon->collector, on_record, daemon); /* whom the old one has hit */
	trigger_sync_move(daemon, job->grown);
	tracks_move(&daemon->tracks, &job->tracks);
	job->retired = daemon->collector;
	daemon->collector = daemon->worker.collector = take_ptr(job->grown);
	daemon_watch_records(daemon);
	publish_stall_bases(daemon);
	daemon->full_emitted = false;
	daemon->full_grown = daemon->board_full;
	notice_daemon(daemon, HR_DAEMON_CAPACITY, HR_INFO, capacity, "grown to %u cgroups",
		      capacity);
}

static void consider_growth(struct daemon *daemon, const struct worker_job *job)
{
	uint32_t capacity = daemon->tracks.capacity;
	bool tight = job->sweep_error == -ENOSPC || daemon->board_full > daemon->full_grown ||
		     daemon->tracks.running > capacity - capacity / 64 - CAPACITY_TIGHT;

	/* One that failed is tried again, but not at once: each try loads BPF anew. */
	if (!tight || daemon->want_capacity || job->want_capacity || capacity >= CAPACITY_MOST ||
	    (daemon->grow_ns && job->begun_ns - daemon->grow_ns < GROW_AGAIN_NS))
		return;
	capacity += capacity / 2 > CAPACITY_GROWTH ? capacity / 2 : CAPACITY_GROWTH;
	daemon->want_capacity = capacity < CAPACITY_MOST ? capacity : CAPACITY_MOST;
	daemon->want_ns = job->begun_ns;
}

static void on_worker(struct loop_watch *watch, uint32_t events, void *arg)
{
	struct daemon *daemon = arg;
	struct worker_job *job = &daemon->worker.job;

	worker_finish(&daemon->worker);
	fast_poll_take(daemon, job);
	trigger_sync_take(daemon, job, clock_mono_ns());
	if (job->board_gone) {
		/* Nobody can read what we write: the supervisor starts a guard with a board of its own. */
		log_error("the board %s was removed: starting anew", board_path(daemon->board));
		loop_stop(&daemon->loop, 1);
		return;
	}
	if (job->want_tasks)
		publish_tasks(daemon);
	if (job->want_sweep) {
		publish_host(daemon);
		publish_sweep(daemon);
		policy_driver_swept(daemon);
		consider_growth(daemon, job);
	}
	if (job->want_capacity)
		take_growth(daemon, job);
	for (size_t i = 0; i < FAST_POLL_MAX; i++)
		if (daemon->close[i].memcg_id)
			trigger_close_timer(daemon);
	if (kills_settle(daemon, clock_mono_ns()))
		trigger_close_timer(daemon);
	link_scan(daemon, clock_mono_ns());
	daemon_start_job(
		daemon,
		clock_mono_ns()); /* what is to be armed or opened does not wait for the tick */
}

bool daemon_in_scope(const struct daemon *daemon, const char *path)
{
	size_t n = strlen(daemon->config->scope);

	return !n ||
	       (!strncmp(path, daemon->config->scope, n) && (path[n] == '/' || path[n] == '\0'));
}

static void on_mkdir(struct daemon *daemon, const struct record *record)
{
	const struct record_cgroup *made = (const void *)record;
	uint32_t slot;

	if (tracks_find(&daemon->tracks, made->memcg_id) != TRACK_NONE ||
	    !daemon_in_scope(daemon, made->path))
		return;
	/* A path that was cut is another cgroup's, or nobody's: the resolver finds the whole one. */
	slot = publish_birth(daemon, made->memcg_id, made->parent_id,
			     made->path_bytes < RECORD_PATH - 1 ? made->path : "");
	if (slot == TRACK_NONE)
		return;
	fast_poll_new_group(daemon, slot, clock_mono_ns());
	trigger_sync_born(daemon, slot);
	if (trigger_sync_any(daemon) && !daemon->newborn_ns)
		daemon->newborn_ns = clock_mono_ns();
	if (daemon->tracks.track[slot].close) {
		trigger_close_timer(daemon);
		daemon_start_job(daemon, clock_mono_ns());
	}
}

static void on_rmdir(struct daemon *daemon, const struct record *record)
{
	const struct record_cgroup *gone = (const void *)record;
	uint32_t slot = tracks_find(&daemon->tracks, gone->memcg_id);
	struct track *track;

	daemon->buried[daemon->n_buried++ % BURIED_MAX] = gone->memcg_id;
	if (slot == TRACK_NONE)
		return;
	track = &daemon->tracks.track[slot];
	if (gone->oom_kills != RECORD_UNKNOWN &&
	    (track->kills_counter == HR_UNKNOWN || gone->oom_kills > track->kills_counter))
		track->kills_counter = gone->oom_kills;
	publish_peak(daemon, slot, gone->peak);
	publish_death(daemon, slot);
}

static void on_exec(struct daemon *daemon, const struct record *record)
{
	const struct record_process *process = (const void *)record;
	uint32_t slot = tracks_find(&daemon->tracks, process->memcg_id);

	if (slot == TRACK_NONE)
		return;
	/* A container's first exec: its state files are there now, and it may need to be armed before the next sweep. */
	if (daemon->tracks.track[slot].resolve == RESOLVE_WANTED)
		link_ask(daemon, slot);
	/* Read late, it may be of one that has ended since: what a sweep after it saw is newer. */
	if (record->time_ns > daemon->sweep_ns && publish_populated(daemon, slot)) {
		trigger_sync_consider(daemon, slot, clock_mono_ns());
		daemon_start_job(daemon, clock_mono_ns());
	}
}

static void on_oom(struct daemon *daemon, const struct record *record)
{
	kills_on_record(daemon, (const void *)record);
	trigger_close_timer(daemon);
}

static void on_exit_record(struct daemon *daemon, const struct record *record)
{
	kills_on_exit(daemon, (const void *)record);
}

static void on_oom_score_adj(struct daemon *daemon, const struct record *record)
{
	const struct record_process *process = (const void *)record;
	uint32_t slot = publish_subject(daemon, process->memcg_id);

	struct track *track;

	if (slot == TRACK_NONE)
		return;
	/* Any process may write its own, a million times a second, and would push all else out of the ring. */
	track = &daemon->tracks.track[slot];
	if (track->adj_second != record->time_ns / NS_PER_SEC) {
		track->adj_second = (uint32_t)(record->time_ns / NS_PER_SEC);
		track->adj_emitted = 0;
	}
	if (track->adj_emitted++ < ADJ_MOST) {
		notice_oom_score_adj(daemon, slot, process);
	} else {
		track->adj_emitted = ADJ_MOST;
		daemon->muted++;
	}
}

/* The tripwire, or the reflex: what it asks of the worker (the hot tracepoint) does not wait for the next tick. */
static void on_trigger(struct daemon *daemon, const struct record *record)
{
	trigger_sync_on_record(daemon, (const void *)record);
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
		[RECORD_TRIPWIRE] = on_trigger,
		[RECORD_REFLEX] = on_trigger,
	};

	if (record->type < RECORD_TYPES && by_type[record->type])
		by_type[record->type](arg, record);
}

static void on_records(struct loop_watch *watch, uint32_t events, void *arg)
{
	struct daemon *daemon = arg;

	collect_consume(daemon->collector, on_record, daemon);
}

static void on_trigger_events(struct loop_watch *watch, uint32_t events, void *arg)
{
	struct daemon *daemon = arg;

	collect_trigger_consume(daemon->collector, on_record, daemon);
}

int daemon_watch_records(struct daemon *daemon)
{
	int fd = collect_record_fd(daemon->collector),
	    trigger_fd = collect_trigger_fd(daemon->collector), err = 0;

	if (fd >= 0)
		err = loop_add(&daemon->loop, &daemon->w_records, fd, EPOLLIN, on_records, daemon);
	if (!err && trigger_fd >= 0)
		err = loop_add(&daemon->loop, &daemon->w_trigger, trigger_fd, EPOLLIN,
			       on_trigger_events, daemon);
	return err;
}

static void on_resolver(struct loop_watch *watch, uint32_t events, void *arg)
{
	struct daemon *daemon = arg;

	link_read(daemon);
	if (kills_settle(daemon, clock_mono_ns()))
		trigger_close_timer(daemon);
}

static void on_signal(struct loop_watch *watch, uint32_t events, void *arg)
{
	struct daemon *daemon = arg;
	struct signalfd_siginfo info;

	while (read(daemon->signal_fd, &info, sizeof(info)) == sizeof(info))
		if (info.ssi_signo == SIGTERM)
			loop_stop(&daemon->loop, 0);
}

int daemon_set_tick(struct daemon *daemon)
{
	uint64_t every = daemon->config->interval_ms * NS_PER_MS;

	return loop_timer_set(daemon->tick_fd, every < HEARTBEAT_NS ? every : HEARTBEAT_NS,
			      every < HEARTBEAT_NS ? every : HEARTBEAT_NS);
}

int daemon_start_loop(struct daemon *daemon)
{
	sigset_t signals;
	int err;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	daemon->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	daemon->tick_fd = loop_timer_new();
	daemon->fast_poll_fd = loop_timer_new();
	if (daemon->signal_fd < 0 || daemon->tick_fd < 0 || daemon->fast_poll_fd < 0)
		return -EMFILE;
	err = loop_init(&daemon->loop) ?:
	      loop_add(&daemon->loop, &daemon->w_signal, daemon->signal_fd, EPOLLIN, on_signal, daemon) ?:
	      loop_add(&daemon->loop, &daemon->w_tick, daemon->tick_fd, EPOLLIN, on_tick, daemon) ?:
	      loop_add(&daemon->loop, &daemon->w_fast_poll, daemon->fast_poll_fd, EPOLLIN, on_fast_poll_timer, daemon) ?:
	      loop_add(&daemon->loop, &daemon->w_worker, daemon->worker.done_fd, EPOLLIN, on_worker, daemon) ?:
	      daemon_watch_records(daemon);
	if (!err)
		err = policy_driver_watch(daemon);
	if (!err && daemon->resolver_fd >= 0)
		err = loop_add(&daemon->loop, &daemon->w_resolver, daemon->resolver_fd, EPOLLIN,
			       on_resolver, daemon);
	if (!err && daemon->supervisor_fd >= 0)
		err = superior_watch(daemon);
	return err ?: daemon_set_tick(daemon);
}

int daemon_run(struct config *config, int rules_fd, struct daemon_wires *wires)
{
	struct daemon *daemon = &the_daemon;
	int status = daemon_start(daemon, config, rules_fd, wires);

	if (!status) {
		on_tick(&daemon->w_tick, 0, daemon);
		status = loop_run(&daemon->loop) ? 1 : 0;
	}
	daemon_stop(daemon);
	return status;
}
