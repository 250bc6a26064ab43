// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The sinks' threads and queues. All sinks run the same loop: open, deliver, tick; after an error close, wait, open again. An
 * event stays at the head of its queue until it is delivered. Knows no sink by name.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/syscall_filter.h"
#include "base/own_uid.h"
#include "command/confine.h"
#include "base/clock.h"
#include "base/log.h"
#include "export.h"

#define PAUSE_FIRST_NS  (500 * NS_PER_MS)
#define PAUSE_MOST_NS   (30 * NS_PER_SEC)
#define STOP_TIMEOUT_NS (2 * NS_PER_SEC)
#define SINK_STACK      (256u << 10)

struct exporter *export_running;

void sink_set_error(struct sink *sink, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(sink->error, sizeof(sink->error), format, args);
	va_end(args);
}

static void count(uint64_t *counter, uint64_t n)
{
	__atomic_add_fetch(counter, n, __ATOMIC_RELAXED);
}

/* Waits for an event, the time, or the stop. Called with the lock held. */
static void wait_until(struct sink *sink, uint64_t mono_ns)
{
	struct timespec ts = {.tv_sec = (time_t)(mono_ns / NS_PER_SEC),
			      .tv_nsec = (long)(mono_ns % NS_PER_SEC)};

	pthread_cond_timedwait(&sink->wake, &sink->lock, &ts);
}

static struct export_event *first(struct sink *sink)
{
	struct export_event *event;

	pthread_mutex_lock(&sink->lock);
	event = sink->count ? export_event_ref(sink->ring[sink->head]) : NULL;
	pthread_mutex_unlock(&sink->lock);
	return event;
}

static void drop_first(struct sink *sink)
{
	export_event_unref(sink->ring[sink->head]);
	sink->head = (sink->head + 1) % sink->space;
	sink->count--;
	__atomic_store_n(&sink->counts.queued, sink->count, __ATOMIC_RELAXED);
}

/* Removes a delivered event, unless an overflow of the queue already did. */
static void delivered(struct sink *sink, const struct export_event *event)
{
	pthread_mutex_lock(&sink->lock);
	if (sink->count && sink->ring[sink->head] == event)
		drop_first(sink);
	if (event->record.instance == sink->instance) /* else an event of the previous board */
		__atomic_store_n(&sink->counts.last_seq, event->record.seq, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&sink->lock);
	if (!sink->refused)
		count(&sink->counts.delivered, 1);
}

static bool stopping(struct sink *sink) { return __atomic_load_n(&sink->stop, __ATOMIC_ACQUIRE); }

/* Delivers the queued events. 0, or the error that stopped it. */
static int deliver(struct sink *sink, uint64_t *stop_deadline_ns)
{
	struct export_event *event;
	int err = 0;

	while (!err && (event = first(sink))) {
		sink->refused = false;
		err = sink->type->event(sink, event);
		if (!err)
			delivered(sink, event);
		export_event_unref(event);
		if (stopping(sink) && !*stop_deadline_ns)
			*stop_deadline_ns = clock_mono_ns() + STOP_TIMEOUT_NS;
		if (*stop_deadline_ns && clock_mono_ns() > *stop_deadline_ns)
			break;
	}
	return err;
}

static void failed(struct sink *sink, int err)
{
	count(&sink->counts.failures, 1);
	if (!sink->logged)
		log_error("%s: %s; trying again", sink->type->name,
			  *sink->error ? sink->error : strerror(-err));
	sink->logged = true;
}

void sink_drop(struct sink *sink)
{
	count(&sink->counts.dropped, 1);
	count(&sink->counts.failures, 1);
	if (!sink->logged_drop)
		log_error("%s: %s; an event was dropped", sink->type->name, sink->error);
	sink->logged_drop = true;
	sink->refused = true;
}

static void worked(struct sink *sink)
{
	/* Reachable is not enough if it refused the last event. */
	if (sink->logged || (sink->logged_drop && !sink->refused))
		log_info("%s: works again", sink->type->name);
	sink->logged = false;
	if (sink->refused)
		return;
	sink->logged_drop = false;
	*sink->error = '\0';
}

/* The pause after a failure; new events do not shorten it. */
static void pause_for(struct sink *sink, uint64_t ns)
{
	uint64_t until = clock_mono_ns() + ns;

	pthread_mutex_lock(&sink->lock);
	while (!stopping(sink) && clock_mono_ns() < until)
		wait_until(sink, until);
	pthread_mutex_unlock(&sink->lock);
}

static void idle_until(struct sink *sink, uint64_t mono_ns)
{
	pthread_mutex_lock(&sink->lock);
	if (!sink->count && !sink->reopen && !stopping(sink))
		wait_until(sink, mono_ns);
	pthread_mutex_unlock(&sink->lock);
}

static void *sink_thread(void *arg)
{
	struct sink *sink = arg;
	uint64_t pause = PAUSE_FIRST_NS, tick = 0, stop_deadline = 0;
	bool open = false;
	int err;

	for (;;) {
		err = open ? 0 : sink->type->open(sink);
		open = open || !err;
		if (!err && __atomic_exchange_n(&sink->reopen, false, __ATOMIC_ACQ_REL) &&
		    sink->type->reopen)
			sink->type->reopen(sink);
		if (!err && sink->type->events)
			err = deliver(sink, &stop_deadline);
		if (!err && sink->type->tick && (clock_mono_ns() >= tick || stopping(sink))) {
			err = sink->type->tick(sink);
			tick = clock_mono_ns() + sink->common->interval_ms * NS_PER_MS;
		}
		if (stopping(sink))
			break;
		if (err) {
			failed(sink, err);
			if (!open || !sink->type->stays_open) {
				sink->type->close(sink);
				open = false;
			}
			pause_for(sink, pause);
			pause = pause * 2 < PAUSE_MOST_NS ? pause * 2 : PAUSE_MOST_NS;
			continue;
		}
		worked(sink);
		pause = PAUSE_FIRST_NS;
		idle_until(sink, tick ? tick : clock_mono_ns() + NS_PER_SEC);
	}
	sink->type->close(sink);
	return NULL;
}

static int start_one(struct sink *sink)
{
	pthread_condattr_t clock;
	pthread_attr_t attr;
	int err;

	sink->space = sink->common->queue;
	sink->ring = calloc(sink->space, sizeof(*sink->ring));
	if (!sink->ring)
		return -ENOMEM;
	pthread_mutex_init(&sink->lock, NULL);
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&sink->wake, &clock);
	pthread_condattr_destroy(&clock);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, SINK_STACK);
	err = pthread_create(&sink->thread, &attr, sink_thread, sink);
	pthread_attr_destroy(&attr);
	sink->started = !err;
	return -err;
}

void export_confine(bool writes_files)
{
	struct confine_user user = {0};
	int r = geteuid() ? 0 : own_uid_find(OWN_UID_EXPORT, "/etc", &user.uid, &user.gid);

	if (r)
		log_info("no user of its own (%s): %s", strerror(-r),
			 r == -EBUSY ? "shares one" : "stays root");
	confine_service(r && r != -EBUSY ? NULL : &user,
			RIGHT(CAP_NET_BIND_SERVICE) |
				(writes_files ? CONFINE_FILES : RIGHT(CAP_DAC_READ_SEARCH)),
			FAMILY(AF_UNIX) | FAMILY(AF_INET) | FAMILY(AF_INET6) |
				FAMILY(AF_NETLINK)); /* netlink: getaddrinfo(3) */
}

int export_start(struct exporter *e)
{
	int err = 0;

	export_running = e;
	for (size_t i = 0; i < e->n && !err; i++)
		err = start_one(&e->sink[i]);
	return err;
}

static void signal_sink(struct sink *sink, bool *word)
{
	pthread_mutex_lock(&sink->lock);
	__atomic_store_n(word, true, __ATOMIC_RELEASE);
	pthread_cond_broadcast(&sink->wake);
	pthread_mutex_unlock(&sink->lock);
}

void export_reopen(struct exporter *e)
{
	for (size_t i = 0; i < e->n; i++)
		signal_sink(&e->sink[i], &e->sink[i].reopen);
}

void export_stop(struct exporter *e)
{
	for (size_t i = 0; i < e->n; i++)
		if (e->sink[i].started)
			signal_sink(&e->sink[i], &e->sink[i].stop);
	for (size_t i = 0; i < e->n; i++) {
		struct sink *sink = &e->sink[i];

		if (!sink->started)
			continue;
		pthread_join(sink->thread, NULL);
		sink->started = false;
		if (sink->count)
			log_info("%s: %zu event%s not delivered%s", sink->type->name, sink->count,
				 sink->count == 1 ? " was" : "s were",
				 *e->state ? ": they are sent after the next start" : "");
	}
}

void exporter_done(struct exporter *e)
{
	for (size_t i = 0; i < e->n; i++) {
		struct sink *sink = &e->sink[i];

		while (sink->ring && sink->count)
			drop_first(sink);
		free(sink->ring);
		free((void *)sink->options);
	}
	export_running = NULL;
}

void export_resume(struct exporter *e, size_t i, uint64_t instance, uint64_t seq)
{
	struct sink *sink = &e->sink[i];

	if (sink->started)
		pthread_mutex_lock(&sink->lock);
	sink->instance = instance;
	__atomic_store_n(&sink->counts.last_seq, seq, __ATOMIC_RELAXED);
	if (sink->started)
		pthread_mutex_unlock(&sink->lock);
}

static bool accepts(const struct sink *sink, const struct hr_event *event)
{
	const struct sink_common *common = sink->common;

	return sink->type->events && event->severity >= common->severity &&
	       (!common->types || (event->type < 32 && common->types & 1u << event->type));
}

/* Moves the position past an event that the filter excludes, unless earlier events are queued. */
static void skip(struct sink *sink, const struct export_event *event)
{
	if (!sink->count && event->record.instance == sink->instance)
		__atomic_store_n(&sink->counts.last_seq, event->record.seq, __ATOMIC_RELAXED);
}

void export_push(struct exporter *e, struct export_event *event)
{
	for (size_t i = 0; i < e->n; i++) {
		struct sink *sink = &e->sink[i];

		/* A restarted exporter reads from the position of the sink that is furthest behind. */
		if (event->record.instance == sink->instance &&
		    event->record.seq <= __atomic_load_n(&sink->counts.last_seq, __ATOMIC_RELAXED))
			continue;
		pthread_mutex_lock(&sink->lock);
		if (!accepts(sink, &event->record)) {
			skip(sink, event);
			pthread_mutex_unlock(&sink->lock);
			continue;
		}
		if (sink->count == sink->space) {
			drop_first(sink);
			count(&sink->counts.dropped, 1);
		}
		sink->ring[(sink->head + sink->count++) % sink->space] = export_event_ref(event);
		__atomic_store_n(&sink->counts.queued, sink->count, __ATOMIC_RELAXED);
		pthread_cond_signal(&sink->wake);
		pthread_mutex_unlock(&sink->lock);
	}
}

void export_missed(struct exporter *e, uint64_t n)
{
	for (size_t i = 0; i < e->n; i++)
		if (e->sink[i].type->events)
			count(&e->sink[i].counts.missed, n);
}
