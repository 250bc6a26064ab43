// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The guard's life: start, one event loop, stop. Wires the rooms together and decides nothing itself. After start_*()
 * it never blocks on the loop and allocates only when it grows, in calm.
 */
#include "guard.h"

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

#include "acting.h"
#include "arming.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "close.h"
#include "host_watch.h"
#include "kills.h"
#include "link.h"
#include "notice.h"
#include "publish.h"
#include "state.h"
#include "superior.h"

#define CAPACITY_TIGHT	32u	/* slots left, and a 64th: time to grow */
#define CAPACITY_GROWTH	256u	/* at least, or by half */
#define HEARTBEAT_NS	(1 * NS_PER_SEC)
#define CLOSE_NS	(50 * NS_PER_MS)	/* the close watch and what is pending */
#define TASKS_NS	(5 * NS_PER_SEC)	/* the process pass in calm … */
#define TASKS_CLOSE_NS	(1 * NS_PER_SEC)	/* … and while somebody is short of headroom */
#define HOST_NEAR_NS	(250 * NS_PER_MS)	/* sweeps while the host itself is about to run short */
#define NEWBORN_NS	(100 * NS_PER_MS)	/* after a cgroup was made: its limit is set by then, and a rule may wait for it */
#define NEWBORNS_NS	(200 * NS_PER_MS)	/* sweeps because of them */
#define EXPIRE_NS	(30 * NS_PER_SEC)
#define GROW_AGAIN_NS	(60 * NS_PER_SEC)
#define GROW_WAIT_NS	(20 * NS_PER_SEC)	/* for calm; on a host that knows none, growth comes all the same */
#define LOST_NS		(60 * NS_PER_SEC)	/* losses that go on are told this often */
#define ADJ_MOST	64			/* changes of oom_score_adj told of one container in a second */

static struct guard the_guard;			/* one per process; too large for a stack */

static void arm_close_timer(struct guard *guard)
{
	if (guard->close_armed)
		return;
	guard->close_armed = true;
	loop_timer_set(guard->close_fd, CLOSE_NS, CLOSE_NS);
}

void guard_start_job(struct guard *guard, uint64_t now)
{
	struct worker_job *job = &guard->worker.job;
	bool danger = close_count(guard) > 0, near, arm;

	if (guard->worker.busy)
		return;
	near = host_watch_near(guard, now);
	job->want_sweep = now - guard->sweep_ns + HEARTBEAT_NS / 10 >=
				  (near ? HOST_NEAR_NS + HEARTBEAT_NS / 10
					: guard->config->interval_ms * NS_PER_MS) ||
			  (guard->newborn_ns && now - guard->newborn_ns >= NEWBORN_NS &&
			   now - guard->sweep_ns >= NEWBORNS_NS);
	job->want_tasks = now - guard->tasks_ns >=
			  (near ? host_watch_tasks_ns(guard)
				: danger || acting_wants_tasks(guard) ? TASKS_CLOSE_NS : TASKS_NS);
	job->min_rss = guard->min_rss;
	job->board_path = board_path(guard->board);
	job->want_capacity = 0;
	close_ask(guard, job);
	arm = arming_ask(guard, job, now);
	if (guard->want_capacity && (!danger || now - guard->want_ns > GROW_WAIT_NS)) {
		job->want_capacity = guard->want_capacity;
		job->root = guard->config->root;
		guard->want_capacity = 0;
	}
	if (!job->want_sweep && !job->want_tasks && !job->n_opens && !job->want_capacity &&
	    !job->retired && !arm)
		return;
	if (job->want_sweep) {
		guard->sweep_ns = now;
		if (now - guard->newborn_ns >= NEWBORN_NS)
			guard->newborn_ns = 0;
	}
	worker_start(&guard->worker);
}

static void report_losses(struct guard *guard, uint64_t now)
{
	guard->records_lost = sense_lost(guard->sense) + guard->lost_before + guard->muted;
	if (guard->records_lost > guard->lost_told &&
	    (!guard->lost_told || now - guard->lost_ns > LOST_NS)) {
		guard->lost_ns = now;
		notice_guard(guard, HR_GUARD_LOST, HR_WARNING,
			     guard->records_lost - guard->lost_told,
			     "%llu records of the kernel were lost: too many at once",
			     (unsigned long long)(guard->records_lost - guard->lost_told));
		guard->lost_told = guard->records_lost;
	}
	if (guard->board_full > guard->full_grown && !guard->full_told) {
		guard->full_told = true;
		notice_guard(guard, HR_GUARD_CAPACITY, HR_WARNING, guard->tracks.capacity,
			     "the board is full (%u cgroups): new ones are not listed until it grows",
			     guard->tracks.capacity);
	}
}

static void on_record(const struct record *record, void *arg);

static void on_tick(struct loop_watch *watch, uint32_t events, void *arg)
{
	struct guard *guard = arg;
	uint64_t now = clock_mono_ns();

	loop_timer_read(guard->tick_fd);
	board_heartbeat(guard->board);
	sense_consume(guard->sense, on_record, guard);	/* what came without waking anybody */
	link_scan(guard, now);
	report_losses(guard, now);
	control_tick(guard, now);
	if (guard->supervisor_fd < 0)
		superior_respawn(guard, now);
	if (now - guard->expire_ns > EXPIRE_NS) {
		guard->expire_ns = now;
		publish_expire(guard, now);
	}
	guard_start_job(guard, now);
}

static void on_close_timer(struct loop_watch *watch, uint32_t events, void *arg)
{
	struct guard *guard = arg;
	uint64_t now = clock_mono_ns();
	bool kills, close;

	loop_timer_read(guard->close_fd);
	kills = kills_settle(guard, now);
	close = close_read(guard, now);
	if (!kills && !close) {
		guard->close_armed = false;
		loop_timer_set(guard->close_fd, 1, 0);	/* fires once more, then rests */
		loop_timer_read(guard->close_fd);
	}
	guard_start_job(guard, now);
}

/* A larger sense and larger tables came back from the worker: everything changes hands between two sweeps. */
static void take_growth(struct guard *guard, struct worker_job *job)
{
	uint32_t capacity = job->grow_error ? job->want_capacity : job->grown_capacity;
	int err = job->grow_error ?: acting_grow(guard, capacity) ?: board_grow(guard->board, capacity);

	if (err) {
		job->retired = take_ptr(job->grown);
		tracks_done(&job->tracks);
		guard->grow_ns = clock_mono_ns();
		notice_guard(guard, HR_GUARD_CAPACITY, HR_WARNING, capacity,
			     "no room to grow to %u cgroups: %s", capacity, strerror(-err));
		return;
	}
	guard->lost_before += sense_lost(guard->sense);
	loop_remove(&guard->loop, &guard->w_records);
	loop_remove(&guard->loop, &guard->w_arm);
	sense_consume(guard->sense, on_record, guard);	/* whom the old one has hit */
	arming_move(guard, job->grown);
	tracks_move(&guard->tracks, &job->tracks);
	job->retired = guard->sense;
	guard->sense = guard->worker.sense = take_ptr(job->grown);
	guard_watch_records(guard);
	publish_stall_bases(guard);
	guard->full_told = false;
	guard->full_grown = guard->board_full;
	notice_guard(guard, HR_GUARD_CAPACITY, HR_INFO, capacity, "grown to %u cgroups", capacity);
}

static void consider_growth(struct guard *guard, const struct worker_job *job)
{
	uint32_t capacity = guard->tracks.capacity;
	bool tight = job->sweep_error == -ENOSPC || guard->board_full > guard->full_grown ||
		     guard->tracks.running > capacity - capacity / 64 - CAPACITY_TIGHT;

	/* One that failed is tried again, but not at once: each try loads BPF anew. */
	if (!tight || guard->want_capacity || job->want_capacity || capacity >= CAPACITY_MOST ||
	    (guard->grow_ns && job->begun_ns - guard->grow_ns < GROW_AGAIN_NS))
		return;
	capacity += capacity / 2 > CAPACITY_GROWTH ? capacity / 2 : CAPACITY_GROWTH;
	guard->want_capacity = capacity < CAPACITY_MOST ? capacity : CAPACITY_MOST;
	guard->want_ns = job->begun_ns;
}

static void on_worker(struct loop_watch *watch, uint32_t events, void *arg)
{
	struct guard *guard = arg;
	struct worker_job *job = &guard->worker.job;

	worker_finish(&guard->worker);
	close_take(guard, job);
	arming_take(guard, job, clock_mono_ns());
	if (job->board_gone) {
		/* Nobody can read what we write: the supervisor starts a guard with a board of its own. */
		log_error("the board %s was removed: starting anew", board_path(guard->board));
		loop_stop(&guard->loop, 1);
		return;
	}
	if (job->want_tasks)
		publish_tasks(guard);
	if (job->want_sweep) {
		publish_host(guard);
		publish_sweep(guard);
		acting_swept(guard);
		consider_growth(guard, job);
	}
	if (job->want_capacity)
		take_growth(guard, job);
	for (size_t i = 0; i < CLOSE_MAX; i++)
		if (guard->close[i].memcg_id)
			arm_close_timer(guard);
	if (kills_settle(guard, clock_mono_ns()))
		arm_close_timer(guard);
	link_scan(guard, clock_mono_ns());
	guard_start_job(guard, clock_mono_ns());	/* what is to be armed or opened does not wait for the tick */
}

bool guard_in_scope(const struct guard *guard, const char *path)
{
	size_t n = strlen(guard->config->scope);

	return !n || (!strncmp(path, guard->config->scope, n) &&
		      (path[n] == '/' || path[n] == '\0'));
}

static void on_mkdir(struct guard *guard, const struct record *record)
{
	const struct record_cgroup *made = (const void *)record;
	uint32_t slot;

	if (tracks_find(&guard->tracks, made->memcg_id) != TRACK_NONE ||
	    !guard_in_scope(guard, made->path))
		return;
	/* A path that was cut is another cgroup's, or nobody's: the resolver finds the whole one. */
	slot = publish_birth(guard, made->memcg_id, made->parent_id,
			     made->path_bytes < RECORD_PATH - 1 ? made->path : "");
	if (slot == TRACK_NONE)
		return;
	close_newborn(guard, slot, clock_mono_ns());
	arming_born(guard, slot);
	if (arming_any(guard) && !guard->newborn_ns)
		guard->newborn_ns = clock_mono_ns();
	if (guard->tracks.track[slot].close) {
		arm_close_timer(guard);
		guard_start_job(guard, clock_mono_ns());
	}
}

static void on_rmdir(struct guard *guard, const struct record *record)
{
	const struct record_cgroup *gone = (const void *)record;
	uint32_t slot = tracks_find(&guard->tracks, gone->memcg_id);
	struct track *track;

	guard->buried[guard->n_buried++ % BURIED_MAX] = gone->memcg_id;
	if (slot == TRACK_NONE)
		return;
	track = &guard->tracks.track[slot];
	if (gone->oom_kills != RECORD_UNKNOWN &&
	    (track->kills_counter == HR_UNKNOWN || gone->oom_kills > track->kills_counter))
		track->kills_counter = gone->oom_kills;
	publish_peak(guard, slot, gone->peak);
	publish_death(guard, slot);
}

static void on_exec(struct guard *guard, const struct record *record)
{
	const struct record_process *process = (const void *)record;
	uint32_t slot = tracks_find(&guard->tracks, process->memcg_id);

	if (slot == TRACK_NONE)
		return;
	/* A container's first exec: its state files are there now, and it may need to be armed before the next sweep. */
	if (guard->tracks.track[slot].resolve == RESOLVE_WANTED)
		link_ask(guard, slot);
	/* Read late, it may be of one that has ended since: what a sweep after it saw is newer. */
	if (record->time_ns > guard->sweep_ns && publish_populated(guard, slot)) {
		arming_consider(guard, slot, clock_mono_ns());
		guard_start_job(guard, clock_mono_ns());
	}
}

static void on_oom(struct guard *guard, const struct record *record)
{
	kills_on_record(guard, (const void *)record);
	arm_close_timer(guard);
}

static void on_exit_record(struct guard *guard, const struct record *record)
{
	kills_on_exit(guard, (const void *)record);
}

static void on_oom_score_adj(struct guard *guard, const struct record *record)
{
	const struct record_process *process = (const void *)record;
	uint32_t slot = publish_subject(guard, process->memcg_id);

	struct track *track;

	if (slot == TRACK_NONE)
		return;
	/* Any process may write its own, a million times a second, and would push all else out of the ring. */
	track = &guard->tracks.track[slot];
	if (track->adj_second != record->time_ns / NS_PER_SEC) {
		track->adj_second = (uint32_t)(record->time_ns / NS_PER_SEC);
		track->adj_told = 0;
	}
	if (track->adj_told++ < ADJ_MOST) {
		notice_oom_score_adj(guard, slot, process);
	} else {
		track->adj_told = ADJ_MOST;
		guard->muted++;
	}
}

/* The tripwire, or the reflex: what it asks of the worker (the hot tracepoint) does not wait for the next tick. */
static void on_arm(struct guard *guard, const struct record *record)
{
	arming_on_record(guard, (const void *)record);
	guard_start_job(guard, clock_mono_ns());
}

static void on_record(const struct record *record, void *arg)
{
	static void (*const by_type[RECORD_TYPES])(struct guard *guard, const struct record *record) = {
		[RECORD_OOM] = on_oom,
		[RECORD_CGROUP_MKDIR] = on_mkdir,
		[RECORD_CGROUP_RMDIR] = on_rmdir,
		[RECORD_EXEC] = on_exec,
		[RECORD_EXIT] = on_exit_record,
		[RECORD_OOM_SCORE_ADJ] = on_oom_score_adj,
		[RECORD_TRIPWIRE] = on_arm,
		[RECORD_REFLEX] = on_arm,
	};

	if (record->type < RECORD_TYPES && by_type[record->type])
		by_type[record->type](arg, record);
}

static void on_records(struct loop_watch *watch, uint32_t events, void *arg)
{
	struct guard *guard = arg;

	sense_consume(guard->sense, on_record, guard);
}

static void on_arm_events(struct loop_watch *watch, uint32_t events, void *arg)
{
	struct guard *guard = arg;

	sense_arm_consume(guard->sense, on_record, guard);
}

int guard_watch_records(struct guard *guard)
{
	int fd = sense_record_fd(guard->sense), arm_fd = sense_arm_fd(guard->sense), err = 0;

	if (fd >= 0)
		err = loop_add(&guard->loop, &guard->w_records, fd, EPOLLIN, on_records, guard);
	if (!err && arm_fd >= 0)
		err = loop_add(&guard->loop, &guard->w_arm, arm_fd, EPOLLIN, on_arm_events, guard);
	return err;
}

static void on_resolver(struct loop_watch *watch, uint32_t events, void *arg)
{
	struct guard *guard = arg;

	link_read(guard);
	if (kills_settle(guard, clock_mono_ns()))
		arm_close_timer(guard);
}

static void on_signal(struct loop_watch *watch, uint32_t events, void *arg)
{
	struct guard *guard = arg;
	struct signalfd_siginfo info;

	while (read(guard->signal_fd, &info, sizeof(info)) == sizeof(info))
		if (info.ssi_signo == SIGTERM)
			loop_stop(&guard->loop, 0);
}

int guard_set_tick(struct guard *guard)
{
	uint64_t every = guard->config->interval_ms * NS_PER_MS;

	return loop_timer_set(guard->tick_fd, every < HEARTBEAT_NS ? every : HEARTBEAT_NS,
			      every < HEARTBEAT_NS ? every : HEARTBEAT_NS);
}

int guard_start_loop(struct guard *guard)
{
	sigset_t signals;
	int err;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	guard->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	guard->tick_fd = loop_timer_new();
	guard->close_fd = loop_timer_new();
	if (guard->signal_fd < 0 || guard->tick_fd < 0 || guard->close_fd < 0)
		return -EMFILE;
	err = loop_init(&guard->loop) ?:
	      loop_add(&guard->loop, &guard->w_signal, guard->signal_fd, EPOLLIN, on_signal, guard) ?:
	      loop_add(&guard->loop, &guard->w_tick, guard->tick_fd, EPOLLIN, on_tick, guard) ?:
	      loop_add(&guard->loop, &guard->w_close, guard->close_fd, EPOLLIN, on_close_timer, guard) ?:
	      loop_add(&guard->loop, &guard->w_worker, guard->worker.done_fd, EPOLLIN, on_worker, guard) ?:
	      guard_watch_records(guard);
	if (!err)
		err = acting_watch(guard);
	if (!err && guard->resolver_fd >= 0)
		err = loop_add(&guard->loop, &guard->w_resolver, guard->resolver_fd, EPOLLIN,
			       on_resolver, guard);
	if (!err && guard->supervisor_fd >= 0)
		err = superior_watch(guard);
	return err ?: guard_set_tick(guard);
}

int guard_run(struct config *config, int rules_fd, struct guard_wires *wires)
{
	struct guard *guard = &the_guard;
	int status = guard_start(guard, config, rules_fd, wires);

	if (!status) {
		on_tick(&guard->w_tick, 0, guard);
		status = loop_run(&guard->loop) ? 1 : 0;
	}
	guard_stop(guard);
	return status;
}
