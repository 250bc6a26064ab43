// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The threads of enforce/: three killers, two writers, one watcher (enforce_internal.h says why). None of them holds a lock
 * that another needs; they share the state of the running actions.
 *
 * Killers and watcher have real-time priority (SCHED_RR), since a kill must not wait for the CPU behind its victims. But
 * freeing gigabytes takes time, in which nothing else runs on that CPU: a killer that frees for longer than most frees take
 * is scheduled like others as long as it gets half of a CPU, and with real-time priority again when it gets less.
 */
#include <errno.h>
#include <signal.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "enforce_internal.h"

/*
 * A sanitizer's own locks spin: a real-time thread that waits for one keeps the holder from the CPU, until the kernel's fair
 * server runs it a second later. Under a sanitizer no thread has real-time priority.
 */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define STACK      (1024 * 1024)
#define LOCKS_SPIN true
#else
#define STACK      (128 * 1024)
#define LOCKS_SPIN false
#endif
#define INTERRUPT \
	(SIGRTMAX - 3) /* interrupts a write that takes too long; the handler does nothing */
#define INTERRUPT_NS     (100 * NS_PER_MS) /* … repeatedly: one that arrives before the write is lost */
#define KILLER_PRIORITY  1
#define WATCHER_PRIORITY 2                /* preempts a killer that frees */
#define FREE_NS          (50 * NS_PER_MS) /* a gigabyte is freed in less (docs/reference/performance.md) */
#define BALANCE_NS       (2 * NS_PER_MS) /* between checks of a killer that frees */
#define JOIN_SECONDS     2 /* for threads to end; one that hangs in the kernel is left */

static struct running_action *claim(struct enforce *e, enum running_kind kind)
{
	struct running_action *running;

	while ((running = running_oldest(e, kind, RUNNING_QUEUED))) {
		uint32_t queued = RUNNING_QUEUED;

		if (__atomic_compare_exchange_n(&running->state, &queued, RUNNING_RUNNING, false,
						__ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
			return running;
	}
	return NULL;
}

void running_bound(struct worker *worker, uint64_t ms)
{
	__atomic_store_n(&worker->bound_ns, ms ? clock_mono_ns() + ms * NS_PER_MS : 0,
			 __ATOMIC_RELEASE);
	if (ms)
		sem_post(&worker->enforce->watch);
}

/* A repeated kill, since a process escaped the first: the result stays the first one's, apart from the counts. */
static void run_again(struct worker *worker, struct running_action *running)
{
	struct action_result first = running->result;

	running_close(running);
	action_types[running->action.kind].run(worker, running);
	first.processes += running->result.processes;
	first.usage_after = running->result.usage_after;
	running->result = first;
}

static void run(struct worker *worker, struct running_action *running)
{
	struct enforce *e = worker->enforce;
	struct reap reap = {0};

	if (running->again) {
		run_again(worker, running);
	} else {
		running->result.began_ns = clock_mono_ns();
		action_types[running->action.kind].run(worker, running);
		running->result.ended_ns = clock_mono_ns();
	}
	/* SIGTERM without a watch is done once it is sent: the outcome says what it freed. */
	if (running->result.status != HR_STATUS_DONE || worker->kind != KIND_KILL ||
	    (running->action.kind == HR_ACTION_TERM && !running->action.watch_ms)) {
		running_finish(e, running);
		return;
	}
	if (running->action.kind == HR_ACTION_KILL)
		reap_take(running, &reap);
	watch_begin(e, running);
	running_set_state(running, RUNNING_WATCHED);
	worker->reap_cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	__atomic_store_n(&worker->reap_ns, reap.n ? clock_mono_ns() : 0, __ATOMIC_RELEASE);
	sem_post(&e->watch);
	reap_run(e, &reap);
	__atomic_store_n(&worker->reap_ns, 0, __ATOMIC_RELEASE);
	sem_post(&e->watch);
}

static bool come_first(pthread_t thread, bool first, int priority)
{
	struct sched_param param = {.sched_priority = first ? priority : 0};

	return !pthread_setschedparam(thread, first ? SCHED_RR | SCHED_RESET_ON_FORK : SCHED_OTHER,
				      &param);
}

/* Without permission for real time: the best nice value; without that either: unchanged. */
static bool hurry(int priority)
{
	bool first = !LOCKS_SPIN && come_first(pthread_self(), true, priority);

	setpriority(PRIO_PROCESS, (id_t)gettid(), first ? 0 : -20);
	return first;
}

/* A killer that frees for long has real-time priority only while it gets less than half of a CPU. When to check again; 0: no
 * killer frees. */
static uint64_t balance(struct enforce *e, uint64_t now_ns)
{
	uint64_t next = 0;

	for (unsigned i = 0; i < KILLERS; i++) {
		struct worker *worker = &e->worker[i];
		uint64_t since = __atomic_load_n(&worker->reap_ns, __ATOMIC_ACQUIRE);
		bool first = true;
		clockid_t clock;

		if (!__atomic_load_n(&worker->real_time, __ATOMIC_ACQUIRE))
			continue;
		if (since)
			first = now_ns < since + FREE_NS ||
				pthread_getcpuclockid(worker->thread, &clock) ||
				(clock_ns(clock) - worker->reap_cpu_ns) * 2 < now_ns - since;
		if (first != worker->first && come_first(worker->thread, first, KILLER_PRIORITY))
			worker->first = first;
		if (since)
			next = now_ns + BALANCE_NS;
	}
	return next;
}

static void *killer(void *arg)
{
	struct worker *worker = arg;
	struct enforce *e = worker->enforce;

	worker->first = hurry(KILLER_PRIORITY);
	__atomic_store_n(&worker->real_time, worker->first, __ATOMIC_RELEASE);
	while (!enforce_stopping(e)) {
		struct running_action *running = claim(e, KIND_KILL);

		if (running)
			run(worker, running);
		else
			sem_wait(&e->wanted[KIND_KILL]);
	}
	return NULL;
}

/* Waits for the semaphore until then; 0: without a bound. */
static void wait_until(sem_t *sem, uint64_t mono_ns)
{
	struct timespec at = {(time_t)(mono_ns / NS_PER_SEC), (long)(mono_ns % NS_PER_SEC)};

	if (mono_ns)
		sem_clockwait(sem, CLOCK_MONOTONIC, &at);
	else
		sem_wait(sem);
}

static void *writer(void *arg)
{
	struct worker *worker = arg;
	struct enforce *e = worker->enforce;

	while (!enforce_stopping(e)) {
		uint64_t next = settings_lift_due(e, clock_mono_ns());
		struct running_action *running = claim(e, KIND_WRITE);

		if (running)
			run(worker, running);
		else
			wait_until(&e->wanted[KIND_WRITE], next);
	}
	return NULL;
}

/* Interrupts writes that take too long. When to check again; 0: no write is under way. */
static uint64_t interrupt_late(struct enforce *e, uint64_t now_ns)
{
	uint64_t next = 0;

	for (unsigned i = 0; i < KILLERS + WRITERS; i++) {
		uint64_t bound = __atomic_load_n(&e->worker[i].bound_ns, __ATOMIC_ACQUIRE);

		if (!bound)
			continue;
		if (now_ns >= bound || enforce_stopping(e)) {
			pthread_kill(e->worker[i].thread, INTERRUPT);
			bound = now_ns + INTERRUPT_NS;
		}
		next = !next || bound < next ? bound : next;
	}
	return next;
}

static uint64_t watch_all(struct enforce *e, uint64_t next)
{
	for (unsigned i = 0; i < ENFORCE_QUEUE; i++) {
		struct running_action *running = &e->running[KIND_KILL][i];
		uint64_t now = clock_mono_ns(), then;
		bool again = false;

		if (running_state(running) != RUNNING_WATCHED)
			continue;
		if (watch_look(e, running, now, &again)) {
			running_finish(e, running);
			continue;
		}
		if (again) {
			running_set_state(running, RUNNING_QUEUED);
			sem_post(&e->wanted[KIND_KILL]);
			continue;
		}
		then = now + watch_pause_ns(running, now);
		next = !next || then < next ? then : next;
	}
	return next;
}

static void *watcher(void *arg)
{
	struct enforce *e = arg;

	hurry(WATCHER_PRIORITY);
	while (!enforce_stopping(e)) {
		uint64_t now = clock_mono_ns(), next = interrupt_late(e, now);
		uint64_t also = balance(e, now);

		wait_until(&e->watch, watch_all(e, !next || (also && also < next) ? also : next));
	}
	return NULL;
}

static void on_interrupt(int sig) { (void)sig; }

/* These threads handle no signal but our own. */
static int start_thread(pthread_t *thread, void *(*fn)(void *arg), void *arg)
{
	sigset_t most, before;
	pthread_attr_t attr;
	int r;

	sigfillset(&most);
	sigdelset(&most, INTERRUPT);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	pthread_sigmask(SIG_SETMASK, &most, &before);
	r = pthread_create(thread, &attr, fn, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return -r;
}

int threads_start(struct enforce *e)
{
	struct sigaction interrupt = {.sa_handler = on_interrupt};
	int r;

	if (sigaction(INTERRUPT, &interrupt, NULL) < 0)
		return -errno;
	for (unsigned i = 0; i < KILLERS + WRITERS; i++) {
		struct worker *worker = &e->worker[i];

		worker->enforce = e;
		worker->kind = i < KILLERS ? KIND_KILL : KIND_WRITE;
		if (worker->kind == KIND_KILL) {
			worker->killed = calloc(1, sizeof(*worker->killed));
			worker->listed = calloc(1, sizeof(*worker->listed));
			if (!worker->killed || !worker->listed)
				return -ENOMEM;
		}
		r = start_thread(&worker->thread, worker->kind == KIND_KILL ? killer : writer,
				 worker);
		if (r < 0)
			return r;
		worker->started = true;
	}
	r = start_thread(&e->watcher, watcher, e);
	e->watching = !r;
	return r;
}

static bool join(pthread_t thread, const struct timespec *until)
{
	if (!pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, until))
		return true;
	pthread_detach(thread);
	return false;
}

/* The watcher first: it must not signal a writer's thread that has been joined. */
bool threads_join(struct enforce *e)
{
	uint64_t until_ns = clock_mono_ns() + JOIN_SECONDS * NS_PER_SEC;
	struct timespec until = {(time_t)(until_ns / NS_PER_SEC), (long)(until_ns % NS_PER_SEC)};
	bool all = !e->watching || join(e->watcher, &until);

	for (unsigned i = 0; i < KILLERS + WRITERS; i++) {
		struct worker *worker = &e->worker[i];

		if (!worker->started)
			continue;
		if (__atomic_load_n(&worker->bound_ns, __ATOMIC_ACQUIRE))
			pthread_kill(worker->thread, INTERRUPT);
		all = join(worker->thread, &until) && all;
	}
	return all;
}
