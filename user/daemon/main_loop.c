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
#include "events.h"

#define CAPACITY_TIGHT    32u  /* slots left, and a 64th: time to grow */
#define CAPACITY_GROWTH   256u /* at least, or by half */
#define HEARTBEAT_NS      (1 * NS_PER_SEC)
#define PENDING_NS        (50 * NS_PER_MS)  /* fast poll, and OOM kills that wait */
#define PROCESSES_NS      (5 * NS_PER_SEC)  /* between process passes … */
#define PROCESSES_NEAR_NS (1 * NS_PER_SEC)  /* … and while a container is short of headroom */
#define HOST_NEAR_NS      (250 * NS_PER_MS) /* between sweeps while the host is about to run short */
#define NEWBORN_NS \
	(100 *     \
	 NS_PER_MS) /* after a cgroup was made its limit is set, and a policy may wait for it */
#define NEWBORNS_NS   (200 * NS_PER_MS) /* between sweeps because of them */
#define EXPIRE_NS     (30 * NS_PER_SEC)
#define GROW_AGAIN_NS (60 * NS_PER_SEC)
#define GROW_WAIT_NS  (20 * NS_PER_SEC) /* for a time without danger; then it grows all the same */
#define LOST_NS       (60 * NS_PER_SEC) /* between events of losses that go on */

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
		near ? host_poll_processes_ns(host)
		: danger || policy_driver_wants_processes(daemon->policy_driver, host->threshold)
			? PROCESSES_NEAR_NS
			: PROCESSES_NS;

	return now - daemon->sampling.times.processes_ns >= every;
}

void daemon_start_job(struct daemon *daemon, uint64_t now)
{
	struct sampling *sampling = &daemon->sampling;
	struct worker_job *job = &sampling->worker.job;
	bool danger = fast_poll_count(&sampling->fast_poll) > 0, near, trigger;

	if (sampling->worker.busy)
		return;
	near = host_poll_near(&sampling->host_poll, now);
	job->want_sweep = sweep_due(daemon, near, now);
	job->want_tasks = processes_due(daemon, near, danger, now);
	job->min_rss = sampling->min_rss;
	job->board_path = board_path(daemon->board);
	job->want_capacity = 0;
	fast_poll_ask(&sampling->fast_poll, job);
	trigger = trigger_sync_ask(policy_driver_triggers(daemon->policy_driver), job, now);
	if (daemon->growth.want_capacity &&
	    (!danger || now - daemon->growth.want_ns > GROW_WAIT_NS)) {
		job->want_capacity = daemon->growth.want_capacity;
		job->root = daemon->config->root;
		daemon->growth.want_capacity = 0;
	}
	if (!job->want_sweep && !job->want_tasks && !job->n_opens && !job->want_capacity &&
	    !job->retired && !trigger)
		return;
	if (job->want_sweep) {
		sampling->times.sweep_ns = now;
		if (now - daemon->newborn_ns >= NEWBORN_NS)
			daemon->newborn_ns = 0;
	}
	worker_start(&sampling->worker);
}

/* A larger collector and larger tables came back from the worker: they replace the old ones between two sweeps. */
static void take_growth(struct daemon *daemon, struct worker_job *job)
{
	uint32_t capacity = job->grow_error ? job->want_capacity : job->grown_capacity;
	struct sampling *sampling = &daemon->sampling;
	int err = job->grow_error;

	err = err ?: policy_driver_grow(daemon->policy_driver, capacity);
	err = err ?: board_grow(daemon->board, capacity);
	if (err) {
		job->retired = take_ptr(job->grown);
		tracks_done(&job->tracks);
		daemon->growth.failed_ns = clock_mono_ns();
		events_daemon(daemon->board, HR_DAEMON_CAPACITY, HR_WARNING, capacity,
			      "can't grow to %u cgroups: %s", capacity, strerror(-err));
		return;
	}
	daemon->losses.before += collect_lost(sampling->collector);
	loop_remove(&daemon->loop, &daemon->w_records);
	loop_remove(&daemon->loop, &daemon->w_trigger);
	daemon_read_records(daemon); /* the last records of the old one */
	trigger_sync_move(policy_driver_triggers(daemon->policy_driver), job->grown);
	tracks_move(&daemon->containers.tracks, &job->tracks);
	job->retired = sampling->collector;
	sampling->collector = sampling->worker.collector = take_ptr(job->grown);
	daemon_watch_records(daemon);
	containers_rebase_stalls(&daemon->containers);
	daemon->growth.full_emitted = false;
	daemon->growth.without_slot = daemon->containers.without_slot;
	events_daemon(daemon->board, HR_DAEMON_CAPACITY, HR_INFO, capacity, "grown to %u cgroups",
		      capacity);
}

static void consider_growth(struct daemon *daemon, const struct worker_job *job)
{
	struct growth *growth = &daemon->growth;
	uint32_t capacity = daemon->containers.tracks.capacity;
	bool tight = job->sweep_error == -ENOSPC ||
		     daemon->containers.without_slot > growth->without_slot ||
		     daemon->containers.tracks.running > capacity - capacity / 64 - CAPACITY_TIGHT;

	/* One that failed is tried again, but not at once: each try loads BPF anew. */
	if (!tight || growth->want_capacity || job->want_capacity || capacity >= CAPACITY_MOST ||
	    (growth->failed_ns && job->begun_ns - growth->failed_ns < GROW_AGAIN_NS))
		return;
	capacity += capacity / 2 > CAPACITY_GROWTH ? capacity / 2 : CAPACITY_GROWTH;
	growth->want_capacity = capacity < CAPACITY_MOST ? capacity : CAPACITY_MOST;
	growth->want_ns = job->begun_ns;
}

static void on_worker(struct loop_watch *watch, uint32_t events, void *arg)
{
	struct daemon *daemon = arg;
	struct sampling *sampling = &daemon->sampling;
	struct worker_job *job = &sampling->worker.job;

	worker_finish(&sampling->worker);
	fast_poll_take(&sampling->fast_poll, job);
	trigger_sync_take(policy_driver_triggers(daemon->policy_driver), job, clock_mono_ns());
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
	if (job->want_sweep) {
		sampling_host(sampling, daemon->losses.records + daemon->containers.without_slot);
		sampling_sweep(sampling);
		policy_driver_swept(daemon->policy_driver);
		consider_growth(daemon, job);
	}
	if (job->want_capacity)
		take_growth(daemon, job);
	if (oom_events_settle(&daemon->oom_events, clock_mono_ns()) ||
	    fast_poll_any(&sampling->fast_poll))
		daemon_set_pending(daemon);
	containers_ask_due(&daemon->containers, clock_mono_ns());
	daemon_start_job(daemon, clock_mono_ns()); /* opening and arming do not wait for the tick */
}

/* ---- timers ---- */

static void report_losses(struct daemon *daemon, uint64_t now)
{
	struct losses *losses = &daemon->losses;
	uint32_t capacity = daemon->containers.tracks.capacity;

	losses->records = collect_lost(daemon->sampling.collector) + losses->before + losses->muted;
	if (losses->records > losses->emitted &&
	    (!losses->emitted || now - losses->emitted_ns > LOST_NS)) {
		losses->emitted_ns = now;
		events_daemon(daemon->board, HR_DAEMON_LOST, HR_WARNING,
			      losses->records - losses->emitted,
			      "lost %llu kernel records: too many at once",
			      (unsigned long long)(losses->records - losses->emitted));
		losses->emitted = losses->records;
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

static void respawn_supervisor(struct daemon *daemon, uint64_t now)
{
	if (!supervisor_client_respawn(&daemon->supervisor,
				       policy_driver_rules_fd(daemon->policy_driver), now))
		return;
	supervisor_client_ready(&daemon->supervisor, board_path(daemon->board));
	supervisor_client_watch(&daemon->supervisor);
	events_daemon(daemon->board, HR_DAEMON_FALLBACK, HR_WARNING, 0,
		      "the supervisor died: started again");
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
	if (daemon->supervisor.fd < 0)
		respawn_supervisor(daemon, now);
	if (now - daemon->expire_ns > EXPIRE_NS) {
		daemon->expire_ns = now;
		containers_expire(&daemon->containers, now);
	}
	daemon_start_job(daemon, now);
}

static void on_reading(struct track *track, uint64_t usage, uint64_t now_ns, void *arg)
{
	struct daemon *daemon = arg;

	sampling_usage(&daemon->sampling, track, usage, now_ns);
	policy_driver_read(daemon->policy_driver, track);
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
	if (!kills && !polled) {
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

static void on_resolver(struct loop_watch *watch, uint32_t events, void *arg)
{
	struct daemon *daemon = arg;
	const struct resolve_answer *answer;
	const struct track *track;

	while ((answer = resolver_receive(&daemon->resolver))) {
		if (answer->ask == RESOLVE_KMSG_OOM) {
			if (daemon->use_kmsg)
				oom_events_on_kmsg(&daemon->oom_events, answer);
		} else if (answer->ask == RESOLVE_PROCESS) {
			oom_events_on_answer(&daemon->oom_events, answer);
		} else {
			track = containers_identify(&daemon->containers, answer);
			if (track)
				policy_driver_child(daemon->policy_driver, track);
		}
	}
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
	daemon->resolver.asked = 0;
	events_daemon(daemon->board, HR_DAEMON_RESOLVER, message->relabel ? HR_INFO : HR_WARNING, 0,
		      message->relabel ? "the resolver looks for other labels: started again"
				       : "the resolver died: started again");
	if (message->relabel)
		containers_relabel(&daemon->containers);
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
	case MESSAGE_SUPERVISOR:
		policy_driver_exempt(daemon->policy_driver, POLICY_DRIVER_SUPERVISOR, message->pid);
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
		{&daemon->w_worker, daemon->sampling.worker.done_fd, on_worker},
		{&daemon->w_resolver, daemon->resolver.fd, on_resolver},
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
