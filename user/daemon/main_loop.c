// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The daemon's event loop: timers, the worker's results, the resolver's answers, the supervisor's messages. On the loop it
 * never blocks, and it allocates only when it grows, which waits for a time without danger.
 */
#include "main_loop.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "daemon.h"
#include "degraded.h"
#include "events.h"
#include "spare.h"

#define HEARTBEAT_NS      (1 * NS_PER_SEC)
#define PENDING_NS        (50 * NS_PER_MS)  /* fast poll, and OOM kills that wait */
#define PROCESSES_NS      (5 * NS_PER_SEC)  /* between process passes … */
#define PROCESSES_NEAR_NS (1 * NS_PER_SEC)  /* … and while a container is short of headroom */
#define HOST_NEAR_NS      (250 * NS_PER_MS) /* between sweeps while the host is about to run short */
#define NEWBORN_NS \
	(100 *     \
	 NS_PER_MS) /* after a cgroup was made its limit is set, and a policy may wait for it */
#define NEWBORNS_NS  (100 * NS_PER_MS) /* between sweeps because of them */
#define EXPIRE_NS    (30 * NS_PER_SEC)
#define LOST_NS      (60 * NS_PER_SEC)  /* between events of losses that go on */
#define KILLERS_NS   (60 * NS_PER_SEC)  /* between two looks for other killers */
#define LOST_PAST_NS (600 * NS_PER_SEC) /* after the last loss: no longer degraded */

static struct daemon the_daemon; /* one per process; too large for a stack */

void daemon_set_pending(struct daemon *daemon)
{
	if (daemon->pending_armed)
		return;
	daemon->pending_armed = true;
	loop_timer_set(daemon->pending_fd, PENDING_NS, PENDING_NS);
}

/* ---- the worker's job ---- */

static bool sweep_due(const struct daemon *daemon, bool near, uint64_t now)
{
	uint64_t since = now - daemon->sampling.times.sweep_ns;

	return since + HEARTBEAT_NS / 10 >= (near ? HOST_NEAR_NS + HEARTBEAT_NS / 10
						  : daemon->config->interval_ms * NS_PER_MS) ||
	       (daemon->newborn_ns && now - daemon->newborn_ns >= NEWBORN_NS &&
		since >= NEWBORNS_NS);
}

static bool processes_due(const struct daemon *daemon, bool near, bool danger, uint64_t now)
{
	const struct host_poll *host = &daemon->sampling.host_poll;
	uint64_t every =
		near || policy_driver_chose_processes(daemon->policy_driver, now)
			? host_poll_processes_ns(host)
		: danger || policy_driver_wants_processes(daemon->policy_driver, host->threshold)
			? PROCESSES_NEAR_NS
			: PROCESSES_NS;

	return now - daemon->sampling.times.processes_ns >= every;
}

void daemon_start_job(struct daemon *daemon, uint64_t now)
{
	struct sampling *sampling = &daemon->sampling;
	struct worker_job *job = &sampling->worker.job;
	bool danger = fast_poll_count(&sampling->fast_poll) > 0, near, trigger, lock, map;

	if (sampling->worker.busy)
		return;
	near = host_poll_near(&sampling->host_poll, now);
	job->want_sweep = sweep_due(daemon, near, now);
	job->want_tasks = processes_due(daemon, near, danger, now);
	job->want_pss = near || policy_driver_wants_processes(daemon->policy_driver,
							      sampling->host_poll.threshold);
	job->min_rss = sampling->min_rss;
	job->board_path = board_path(daemon->board);
	job->want_capacity = 0;
	job->want_again = false;
	fast_poll_ask(&sampling->fast_poll, job);
	trigger = trigger_sync_ask(policy_driver_triggers(daemon->policy_driver), job, now);
	lock = policy_driver_ask_lock(daemon->policy_driver, job, now);
	map = memory_maps_ask(&daemon->memory_maps, job, now);
	/* What is armed is on the board before a sweep ends, all that a start or a reload asks for; then a sweep, however many cgroups begin. */
	daemon->arms_only = job->n_triggers && daemon->arms_only < TRIGGERS_MAX / WORKER_TRIGGERS
				    ? daemon->arms_only + 1
				    : 0;
	if (daemon->arms_only)
		job->want_sweep = job->want_tasks = false;
	if (daemon->growth.want_capacity &&
	    (!danger || (!daemon->growth.smaller && now - daemon->growth.want_ns > GROW_WAIT_NS))) {
		job->want_capacity = daemon->growth.want_capacity;
		job->slots = daemon->containers.tracks.capacity;
		job->root = daemon->config->root;
		daemon->growth.want_capacity = 0;
	}
	/* Not with the first job: a daemon is to have figures first. */
	if (!job->want_capacity && sampling->times.sweep_ns)
		job->want_again = daemon_wants_bpf(daemon, now);
	if (!job->want_sweep && !job->want_tasks && !job->n_opens && !job->want_capacity &&
	    !job->want_again && !job->retired && !trigger && !lock && !map)
		return;
	job->killers_root = NULL;
	if (job->want_sweep && !danger &&
	    (!daemon->killers_ns || now - daemon->killers_ns > KILLERS_NS)) {
		daemon->killers_ns = now;
		job->killers_root = daemon->config->root;
	}
	if (job->want_sweep) {
		sampling->times.sweep_ns = now;
		if (now - daemon->newborn_ns >= NEWBORN_NS)
			daemon->newborn_ns = 0;
	}
	worker_start(&sampling->worker);
}

/* Another collector and other tables came back from the worker: they replace the old ones between two sweeps. */
static void take_growth(struct daemon *daemon, struct worker_job *job)
{
	uint32_t capacity = job->grow_error ? job->want_capacity : job->grown_capacity;
	bool smaller = capacity < board_slots(daemon->board), had, better;
	int err = job->grow_error;

	/* Without what it has, for more room? Not where a moment later both may be had. */
	if (!err && collect_incomplete(job->grown) &&
	    collect_compare(job->grown, daemon->sampling.collector) < 0)
		err = -EAGAIN;
	if (!err && capacity > board_capacity(daemon->board))
		err = policy_driver_grow(daemon->policy_driver, capacity)
			      ?: board_grow(daemon->board, capacity);
	err = err ?: board_untrim(daemon->board, capacity);
	if (err) {
		job->retired = take_ptr(job->grown);
		tracks_done(&job->tracks);
		daemon->growth.failed_ns = clock_mono_ns();
		if (!smaller)
			events_daemon(daemon->board, HR_DAEMON_CAPACITY, HR_WARNING, capacity,
				      "can't grow to %u cgroups: %s", capacity, strerror(-err));
		return;
	}
	if (job->tracks.capacity)
		tracks_move(&daemon->containers.tracks, &job->tracks);
	better = collect_compare(job->grown, daemon->sampling.collector) > 0;
	had = collect_record_fd(daemon->sampling.collector) >= 0;
	daemon_take_collector(daemon, job, better);
	if (smaller) {
		board_trim(daemon->board, capacity);
		tracks_trim(&daemon->containers.tracks);
	}
	if (better && daemon->bpf_retry.since_ns)
		daemon_report_recovery(daemon, had);
	daemon->growth.full_emitted = false;
	daemon->growth.without_slot = daemon->containers.without_slot;
	events_daemon(daemon->board, HR_DAEMON_CAPACITY, HR_INFO, capacity, "%s to %u cgroups",
		      smaller ? "shrunk" : "grown", capacity);
}

static void consider_growth(struct daemon *daemon, const struct worker_job *job)
{
	const struct tracks *tracks = &daemon->containers.tracks;
	const struct growth_sight sight = {
		.now_ns = job->begun_ns,
		.slots = board_slots(daemon->board),
		.most = CAPACITY_MOST,
		.running = tracks->running,
		.needed = worker_capacity_for(tracks->running + tracks->gone),
		.refused = job->sweep_error == -ENOSPC ||
			   daemon->containers.without_slot > daemon->growth.without_slot,
	};

	if (!job->want_capacity)
		growth_consider(&daemon->growth, &sight);
}

static void on_worker(struct loop_watch *watch, uint32_t events, void *arg)
{
	struct daemon *daemon = arg;
	struct sampling *sampling = &daemon->sampling;
	struct worker_job *job = &sampling->worker.job;

	if (!worker_finished(&sampling->worker))
		return;
	/* First, since they have the paths of cgroups that the sweep found: a policy by path and the reflex wait for those. */
	daemon_read_records(daemon);
	fast_poll_take(&sampling->fast_poll, job);
	trigger_sync_take(policy_driver_triggers(daemon->policy_driver), job, clock_mono_ns());
	policy_driver_take_lock(daemon->policy_driver, job);
	memory_maps_take(&daemon->memory_maps, job, clock_mono_ns());
	sampling_killers(sampling);
	if (job->board_gone) {
		/* No reader can find what the daemon writes: the supervisor starts one with a new board. */
		log_error("the board %s was removed: starting again", board_path(daemon->board));
		loop_stop(&daemon->loop, 1);
		return;
	}
	if (sampling_has_processes(job))
		policy_driver_processes(daemon->policy_driver, job->tasks, job->n_tasks,
					job->begun_ns);
	if (job->want_tasks)
		sampling_processes(sampling);
	daemon_check_silence(daemon, job);
	if (job->want_sweep) {
		sampling_host(sampling, daemon->losses.records + daemon->containers.without_slot);
		daemon_sweep(daemon);
		policy_driver_swept(daemon->policy_driver);
		consider_growth(daemon, job);
		daemon_widen_slots(daemon, job->begun_ns);
		if (!job->sweep_error || job->sweep_error == -ENOSPC)
			board_ready(daemon->board);
	}
	if (job->want_capacity)
		take_growth(daemon, job);
	else if (job->want_again)
		daemon_take_again(daemon, job);
	if (oom_events_settle(&daemon->oom_events, clock_mono_ns()) ||
	    fast_poll_any(&sampling->fast_poll))
		daemon_set_pending(daemon);
	containers_ask_due(&daemon->containers, clock_mono_ns());
	worker_release(&sampling->worker);
	daemon_start_job(daemon, clock_mono_ns()); /* opening and arming do not wait for the tick */
}

/* ---- timers ---- */

static void report_losses(struct daemon *daemon, uint64_t now)
{
	struct losses *losses = &daemon->losses;
	uint32_t capacity = board_slots(daemon->board);

	losses->records = collect_lost(daemon->sampling.collector) + losses->before + losses->muted;
	if (losses->records > losses->emitted &&
	    (!losses->emitted || now - losses->emitted_ns > LOST_NS)) {
		losses->emitted_ns = now;
		events_daemon(daemon->board, HR_DAEMON_LOST, HR_WARNING,
			      losses->records - losses->emitted,
			      "lost %llu kernel records: too many at once",
			      (unsigned long long)(losses->records - losses->emitted));
		losses->emitted = losses->records;
		degraded_set(daemon->board, "records_lost", HR_INFO,
			     "%llu kernel records lost: too many at once",
			     (unsigned long long)losses->records);
	} else if (losses->emitted && now - losses->emitted_ns > LOST_PAST_NS) {
		degraded_clear(daemon->board, "records_lost");
	}
	if (daemon->containers.without_slot > daemon->growth.without_slot &&
	    !daemon->growth.full_emitted) {
		daemon->growth.full_emitted = true;
		events_daemon(
			daemon->board, HR_DAEMON_CAPACITY, HR_WARNING, capacity,
			"the board is full (%u cgroups): new ones are not listed until it grows",
			capacity);
	}
}

/* The supervisor ends it. Until then nothing is read from it: it can keep nothing busy. */
static void end_wrong_resolver(struct daemon *daemon)
{
	static struct daemon_message message = {.type = MESSAGE_WRONG};

	message.tag = (uint64_t)daemon->sockets->resolver_pid;
	message.bytes = (uint32_t)strlen(daemon->resolver.wrong) + 1;
	memcpy(message.text, daemon->resolver.wrong, message.bytes);
	supervisor_client_send(&daemon->supervisor, &message);
}

static void respawn_supervisor(struct daemon *daemon, uint64_t now)
{
	if (!supervisor_client_respawn(&daemon->supervisor,
				       policy_driver_rules_fd(daemon->policy_driver), now)) {
		if (spare_gone(daemon->sockets))
			degraded_set(daemon->board, "supervisor", HR_WARNING,
				     "the supervisor and the process that starts a new one died: "
				     "no reload, no commands of policies; restart headroomd");
		return;
	}
	supervisor_client_ready(&daemon->supervisor, board_path(daemon->board));
	supervisor_client_watch(&daemon->supervisor);
	degraded_clear(daemon->board, "supervisor");
	events_daemon(daemon->board, HR_DAEMON_FALLBACK, HR_WARNING, 0,
		      "the supervisor died: started again");
}

/* Only the supervisor can start one: what comes from the daemon has its filter. */
static void keep_spare(struct daemon *daemon)
{
	static const struct daemon_message message = {.type = MESSAGE_NO_SPARE};

	if (!spare_gone(daemon->sockets))
		return;
	if (daemon->sockets->spare >= 0)
		close(take_fd(daemon->sockets->spare));
	supervisor_client_send(&daemon->supervisor, &message);
}

static void on_tick(struct loop_watch *watch, uint32_t events, void *arg)
{
	struct daemon *daemon = arg;
	uint64_t now = clock_mono_ns();

	loop_timer_read(daemon->tick_fd);
	board_heartbeat(daemon->board);
	daemon_read_records(daemon); /* records that came without a wakeup */
	containers_ask_due(&daemon->containers, now);
	report_losses(daemon, now);
	control_tick(&daemon->control, now);
	keep_spare(daemon);
	if (daemon->supervisor.fd < 0)
		respawn_supervisor(daemon, now);
	if (now - daemon->expire_ns > EXPIRE_NS) {
		daemon->expire_ns = now;
		containers_expire(&daemon->containers, now);
	}
	daemon_start_job(daemon, now);
}

/* So that no reader shows times by a clock that is no longer right; what the daemon decides never depends on it. */
static void on_clock_set(struct loop_watch *watch, uint32_t events, void *arg)
{
	struct daemon *daemon = arg;

	loop_clock_rearm(daemon->clock_fd);
	board_clock_check(daemon->board);
}

static void on_reading(struct track *track, uint64_t usage, uint64_t now_ns, void *arg)
{
	struct daemon *daemon = arg;

	sampling_usage(&daemon->sampling, track, usage);
	policy_driver_read(daemon->policy_driver, track);
}

static void on_split(struct track *track, const struct split_read *read, void *arg)
{
	struct daemon *daemon = arg;

	if (!read->error)
		sampling_split(&daemon->sampling, track, &read->sample, read->read_ns);
	else if (read->error == -EAGAIN)
		sampling_usage(&daemon->sampling, track, read->sample.usage);
	else
		return;
	policy_driver_read(daemon->policy_driver, track);
}

static void on_splits(struct loop_watch *watch, uint32_t events, void *arg)
{
	struct daemon *daemon = arg;

	if (fast_poll_take_read(&daemon->sampling.fast_poll, on_split, daemon))
		policy_driver_settle(daemon->policy_driver);
}

static void on_pending_timer(struct loop_watch *watch, uint32_t events, void *arg)
{
	struct daemon *daemon = arg;
	uint64_t now = clock_mono_ns();
	bool kills, polled;

	loop_timer_read(daemon->pending_fd);
	kills = oom_events_settle(&daemon->oom_events, now);
	polled = fast_poll_read(&daemon->sampling.fast_poll, now, on_reading, daemon);
	if (polled)
		policy_driver_settle(daemon->policy_driver);
	if (!kills && !polled && !daemon->newborn_ns) {
		daemon->pending_armed = false;
		loop_timer_set(daemon->pending_fd, 1, 0); /* fires once more, then rests */
		loop_timer_read(daemon->pending_fd);
	}
	daemon_start_job(daemon, now);
}

int daemon_set_tick(struct daemon *daemon)
{
	uint64_t every = daemon->config->interval_ms * NS_PER_MS;

	every = every < HEARTBEAT_NS ? every : HEARTBEAT_NS;
	return loop_timer_set(daemon->tick_fd, every, every);
}

/* ---- other processes ---- */

#define ANSWERS_AT_ONCE 64 /* then the loop's other descriptors have their turn */
#define BEHAVED_NS      (10 * NS_PER_SEC)

/* After a wrong message the next resolver counts as good only some time later: else one that alternates would be said each time. */
static bool resolver_has_behaved(const struct daemon *daemon)
{
	uint64_t wrong = daemon->resolver.wrong_ns;

	return !wrong || clock_mono_ns() - wrong > BEHAVED_NS;
}

static void on_wrong_message(struct daemon *daemon)
{
	loop_remove(&daemon->loop, &daemon->w_resolver);
	if (!degraded_is_set(daemon->board, "resolver"))
		degraded_set(daemon->board, "resolver", HR_WARNING,
			     "the resolver sent a wrong message (%s): it is ended, and a new one "
			     "finds the names",
			     daemon->resolver.wrong);
	end_wrong_resolver(daemon);
}

static void on_resolver(struct loop_watch *watch, uint32_t events, void *arg)
{
	struct daemon *daemon = arg;
	const struct resolve_answer *answer;
	const struct track *track;
	bool identified = false;

	for (int n = 0; n < ANSWERS_AT_ONCE && (answer = resolver_receive(&daemon->resolver));
	     n++) {
		if (resolver_has_behaved(daemon))
			degraded_clear(daemon->board, "resolver");
		if (answer->ask == RESOLVE_KMSG_OOM) {
			if (daemon->use_kmsg)
				oom_events_on_kmsg(&daemon->oom_events, answer);
		} else if (answer->ask == RESOLVE_PROCESS) {
			oom_events_on_answer(&daemon->oom_events, answer);
		} else if (answer->ask == RESOLVE_MAP) {
			memory_maps_answer(&daemon->memory_maps, answer, clock_mono_ns());
		} else if (answer->ask == RESOLVE_CHANGED) {
			containers_changed(&daemon->containers, answer->cgroup_id);
		} else {
			track = containers_identify(&daemon->containers, answer);
			if (!track)
				continue;
			policy_driver_identified(daemon->policy_driver, track);
			identified = true;
		}
	}
	if (daemon->resolver.wrong)
		on_wrong_message(daemon);
	if (identified) /* it may have to be armed */
		daemon_start_job(daemon, clock_mono_ns());
	containers_ask_more(&daemon->containers);
	if (oom_events_settle(&daemon->oom_events, clock_mono_ns()))
		daemon_set_pending(daemon);
}

/* Of a configuration only these can change while the daemon runs; and the scope may have been "self". */
static void on_config(struct daemon *daemon, const struct supervisor_message *message, int rules_fd)
{
	const struct config *config = &message->config;
	const struct policy_set *set;

	daemon->config->interval_ms = config->interval_ms;
	daemon->config->allows = config->allows;
	memcpy(daemon->config->allow, config->allow, sizeof(config->allow));
	control_permit(&daemon->control);
	daemon_set_tick(daemon);
	policy_driver_rules(daemon->policy_driver, rules_fd);
	set = policy_driver_policies(daemon->policy_driver);
	host_poll_set_policies(&daemon->sampling.host_poll, set);
	events_daemon(daemon->board, HR_DAEMON_CONFIG_LOADED, HR_INFO, set->policies,
		      "configuration loaded: mode %s, interval %u ms, %u polic%s",
		      config_mode_word(daemon->config->mode), config->interval_ms, set->policies,
		      set->policies == 1 ? "y" : "ies");
}

static void on_resolver_started(struct daemon *daemon, const struct supervisor_message *message)
{
	daemon->sockets->resolver_pid = message->pid;
	policy_driver_exempt(daemon->policy_driver, POLICY_DRIVER_RESOLVER, message->pid);
	if (daemon->resolver.wrong)
		loop_add(&daemon->loop, &daemon->w_resolver, daemon->resolver.fd, EPOLLIN,
			 on_resolver, daemon);
	resolver_restarted(&daemon->resolver);
	if (message->again) { /* reported when it answers */
		containers_ask_all(&daemon->containers);
		return;
	}
	events_daemon(daemon->board, HR_DAEMON_RESOLVER, message->relabel ? HR_INFO : HR_WARNING, 0,
		      message->relabel ? "the resolver looks for other labels: started again"
				       : "the resolver died: started again");
	/* This one watches no file yet, and some may have changed since the last one ended. */
	containers_ask_all(&daemon->containers);
}

static void on_supervisor(const struct supervisor_message *message, int received, void *arg)
{
	struct daemon *daemon = arg;
	_cleanup_close_ int fd = received;

	switch (message->type) {
	case MESSAGE_CONFIG:
		on_config(daemon, message, take_fd(fd));
		break;
	case MESSAGE_CONFIG_REFUSED:
		events_daemon(daemon->board, HR_DAEMON_CONFIG_REFUSED, HR_WARNING, 0,
			      "keeping the old one: %s", message->text);
		break;
	case MESSAGE_RESOLVER:
		on_resolver_started(daemon, message);
		break;
	case MESSAGE_RESOLVER_DOWN:
		degraded_set(daemon->board, "resolver", HR_WARNING,
			     "containers have no names: the resolver does not start: %s",
			     message->text);
		break;
	case MESSAGE_SUPERVISOR:
		policy_driver_exempt(daemon->policy_driver, POLICY_DRIVER_SUPERVISOR, message->pid);
		break;
	case MESSAGE_SPARE:
		if (daemon->sockets->spare < 0)
			daemon->sockets->spare = take_fd(fd);
		break;
	case MESSAGE_RAN:
		policy_driver_ran(daemon->policy_driver, message);
		break;
	}
}

static void on_supervisor_lost(void *arg) { respawn_supervisor(arg, clock_mono_ns()); }

const struct supervisor_ops daemon_supervisor_ops = {
	.message = on_supervisor,
	.lost = on_supervisor_lost,
};

static void on_signal(struct loop_watch *watch, uint32_t events, void *arg)
{
	struct daemon *daemon = arg;
	struct signalfd_siginfo info;

	while (read(daemon->signal_fd, &info, sizeof(info)) == sizeof(info))
		if (info.ssi_signo == SIGTERM)
			loop_stop(&daemon->loop, 0);
}

static int watch_fds(struct daemon *daemon)
{
	const struct {
		struct loop_watch *watch;
		int fd;
		void (*fn)(struct loop_watch *watch, uint32_t events, void *arg);
	} all[] = {
		{&daemon->w_signal, daemon->signal_fd, on_signal},
		{&daemon->w_tick, daemon->tick_fd, on_tick},
		{&daemon->w_pending, daemon->pending_fd, on_pending_timer},
		{&daemon->w_clock, daemon->clock_fd, on_clock_set},
		{&daemon->w_worker, daemon->sampling.worker.done_fd, on_worker},
		{&daemon->w_resolver, daemon->resolver.fd, on_resolver},
		{&daemon->w_splits, daemon->sampling.fast_poll.reader.done_fd ?: -1, on_splits},
	};
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(all) && !err; i++)
		if (all[i].fd >= 0)
			err = loop_add(&daemon->loop, all[i].watch, all[i].fd, EPOLLIN, all[i].fn,
				       daemon);
	return err;
}

int daemon_watch(struct daemon *daemon)
{
	sigset_t signals;
	int err;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	daemon->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	daemon->tick_fd = loop_timer_new();
	daemon->pending_fd = loop_timer_new();
	daemon->clock_fd = loop_clock_new();
	if (daemon->signal_fd < 0 || daemon->tick_fd < 0 || daemon->pending_fd < 0)
		return -EMFILE;
	err = watch_fds(daemon);
	err = err ?: daemon_watch_records(daemon);
	err = err ?: policy_driver_watch(daemon->policy_driver);
	err = err ?: supervisor_client_watch(&daemon->supervisor);
	return err ?: daemon_set_tick(daemon);
}

int daemon_run(struct config *config, int rules_fd, struct daemon_sockets *sockets)
{
	struct daemon *daemon = &the_daemon;
	int status = daemon_start(daemon, config, rules_fd, sockets);

	if (!status) {
		on_tick(&daemon->w_tick, 0, daemon);
		status = loop_run(&daemon->loop) ? 1 : 0;
	}
	daemon_stop(daemon);
	return status;
}
