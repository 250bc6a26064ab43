// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * From the board to the sinks: follows the events, survives guards that come and go, remembers how far each sink is. One
 * thread, never delayed by a sink.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/sd_notify.h"
#include "command/command.h"
#include "command/signals.h"
#include "export.h"

#define LOOK_EVERY_NS (200 * NS_PER_MS)
#define SAVE_EVERY_NS (2 * NS_PER_SEC)

struct feed {
	struct exporter *exporter;
	struct hr_reader *reader;
	uint64_t instance, missed, untold;
	uint64_t saved_ns; /* monotonic */
	char node[64];
	bool unsaved; /* the complaint was made */
	_Alignas(8) char record[HR_EVENT_MAX_BYTES];
};

static volatile sig_atomic_t hung_up;

static void on_hangup(int sig) { hung_up = 1; }

static const struct export_mark *find_mark(const struct export_mark *mark, size_t n,
					   const char *sink)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(mark[i].sink, sink))
			return &mark[i];
	return NULL;
}

/* Where each sink goes on: after what it has taken of this board; from the first event of another board than the one that it
 * read last; and who is new, or has no state, with what is to come: somebody who has just set this up wants no old alarms. */
static void take_marks(struct feed *feed, uint64_t newest)
{
	struct export_mark mark[EXPORT_SINKS];
	struct exporter *e = feed->exporter;
	uint64_t from = newest;
	bool other = false;
	size_t n = 0;

	if (*e->state)
		export_state_load(e->state, mark, EXPORT_SINKS, &n);
	for (size_t i = 0; i < e->n; i++) {
		const struct export_mark *known = find_mark(mark, n, e->sink[i].type->name);
		bool same = known && known->instance == feed->instance;
		uint64_t seq = !known ? newest : same ? known->seq : 0;

		export_resume(e, i, feed->instance, seq);
		if (!e->sink[i].type->events)
			continue;
		other |= known && !same;
		if (seq < from)
			from = seq;
	}
	if (other)
		log_info("this is another board than the one that was read last: going on with its "
			 "first event; what was not "
			 "read of that one is lost");
	hr_reader_seek_event(feed->reader, from + 1); /* what is gone by now counts as missed */
}

static void save_marks(struct feed *feed)
{
	struct export_mark mark[EXPORT_SINKS] = {0};
	struct exporter *e = feed->exporter;
	uint64_t now = clock_mono_ns();
	int err;

	if (!*e->state || !feed->instance || now - feed->saved_ns < SAVE_EVERY_NS)
		return;
	feed->saved_ns = now;
	for (size_t i = 0; i < e->n; i++) {
		strncpy(mark[i].sink, e->sink[i].type->name, sizeof(mark[i].sink) - 1);
		mark[i].instance = feed->instance;
		mark[i].seq = __atomic_load_n(&e->sink[i].counts.last_seq, __ATOMIC_RELAXED);
	}
	err = export_state_save(e->state, mark, e->n);
	if (err && !feed->unsaved)
		log_error("%s: %s: a restarted exporter would not know where to go on", e->state,
			  strerror(-err));
	feed->unsaved = err;
}

static void note_missed(struct feed *feed)
{
	uint64_t missed = hr_reader_missed(feed->reader);

	if (missed > feed->missed) {
		export_missed(feed->exporter, missed - feed->missed);
		feed->untold += missed - feed->missed;
	}
	feed->missed = missed;
}

static int drain(struct feed *feed)
{
	int r;

	do {
		struct export_event *event;

		r = hr_reader_next_event(feed->reader, (struct hr_event *)feed->record,
					 sizeof(feed->record));
		note_missed(feed);
		if (r)
			continue;
		event = export_event_new((struct hr_event *)feed->record, feed->node);
		if (!event)
			return -ENOMEM;
		export_push(feed->exporter, event);
		export_event_unref(event);
	} while (!r || r == -EOVERFLOW || r == -EBADMSG);
	if (feed->untold)
		log_info("%llu event%s missed: the board had gone past",
			 (unsigned long long)feed->untold, feed->untold == 1 ? " was" : "s were");
	feed->untold = 0;
	return r == -ENODATA || r == -EAGAIN ? 0 : r;
}

/* Opens the board as soon as there is one. */
static int attach(struct feed *feed)
{
	struct hr_board_header header;
	int err = hr_reader_open(*feed->exporter->board ? feed->exporter->board : NULL,
				 &feed->reader);

	if (err)
		return err;
	hr_reader_header(feed->reader, &header);
	feed->instance = header.instance;
	feed->missed = 0;
	take_marks(feed, header.last_seq);
	return 0;
}

/* A new instance is another board under the same name. */
static void check_instance(struct feed *feed)
{
	struct hr_board_header header;
	struct hr_host host;

	hr_reader_health(feed->reader, NULL); /* goes over to a grown or new board */
	hr_reader_header(feed->reader, &header);
	if (header.instance != feed->instance) {
		feed->instance = header.instance;
		for (size_t i = 0; i < feed->exporter->n; i++)
			export_resume(feed->exporter, i, feed->instance, 0);
		hr_reader_seek_event(feed->reader, 1);
		log_info("another guard's board: its events from the first one on");
	}
	if (!hr_reader_host(feed->reader, &host))
		memcpy(feed->node, host.node, sizeof(feed->node));
}

int export_feed(struct exporter *e)
{
	struct feed feed = {.exporter = e};
	bool emitted = false;
	int err = 0;

	signals_catch();
	signal(SIGHUP, on_hangup);
	service_ready(NULL);
	while (!signals_caught()) {
		if (!feed.reader) {
			err = attach(&feed);
			if (err && !emitted)
				log_info("%s; waiting for it", hr_reader_error());
			emitted = err;
		}
		if (feed.reader) {
			check_instance(&feed);
			err = drain(&feed);
			if (err == -EIO || err == -ENOMEM) {
				hr_reader_close(feed.reader);
				feed.reader = NULL;
			}
			save_marks(&feed);
		}
		if (hung_up) {
			hung_up = 0;
			export_reopen(e);
		}
		service_status(feed.reader ? "following the board" : "waiting for a board");
		service_alive();
		signals_wait(NULL, 0, LOOK_EVERY_NS);
	}
	service_stopping();
	export_stop(e);
	feed.saved_ns = 0;
	save_marks(&feed);
	hr_reader_close(feed.reader);
	return CLI_DONE;
}
