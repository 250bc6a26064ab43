// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Reads events from the board and queues them for the sinks, across restarts of the daemon; saves the position of each sink.
 * One thread, which no sink delays.
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

#define POLL_NS          (200 * NS_PER_MS)
#define SAVE_INTERVAL_NS (2 * NS_PER_SEC)

struct board_reader {
	struct exporter *exporter;
	struct hr_reader *reader;
	uint64_t instance, missed, unlogged;
	uint64_t saved_ns; /* monotonic */
	char node[64];
	bool unsaved; /* saving failed, and the log says so */
	_Alignas(8) char record[HR_EVENT_MAX_BYTES];
};

static volatile sig_atomic_t hangup_caught;

static void on_hangup(int sig) { hangup_caught = 1; }

static const struct cursor *find_cursor(const struct cursor *cursor, size_t n, const char *sink)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(cursor[i].sink, sink))
			return &cursor[i];
	return NULL;
}

/* Sets the position of each sink: after the last event delivered, if it was of this board; at the first event, if the cursor
 * is of another board; at the newest event for a sink without a cursor: a new installation should not send old alarms. */
static void restore_cursors(struct board_reader *br, uint64_t newest)
{
	struct cursor cursor[EXPORT_SINKS];
	struct exporter *e = br->exporter;
	uint64_t from = newest;
	bool other = false;
	size_t n = 0;

	if (*e->state)
		cursor_file_load(e->state, cursor, EXPORT_SINKS, &n);
	for (size_t i = 0; i < e->n; i++) {
		const struct cursor *known = find_cursor(cursor, n, e->sink[i].type->name);
		bool same = known && known->instance == br->instance;
		uint64_t seq = !known ? newest : same ? known->seq : 0;

		export_resume(e, i, br->instance, seq);
		if (!e->sink[i].type->events)
			continue;
		other |= known && !same;
		if (seq < from)
			from = seq;
	}
	if (other)
		log_info("the board is a new one: starting with its first event; unread events of "
			 "the old board are lost");
	hr_reader_seek_event(br->reader, from + 1); /* overwritten events count as missed */
}

static void save_cursors(struct board_reader *br)
{
	struct cursor cursor[EXPORT_SINKS] = {0};
	struct exporter *e = br->exporter;
	uint64_t now = clock_mono_ns();
	int err;

	if (!*e->state || !br->instance || now - br->saved_ns < SAVE_INTERVAL_NS)
		return;
	br->saved_ns = now;
	for (size_t i = 0; i < e->n; i++) {
		strncpy(cursor[i].sink, e->sink[i].type->name, sizeof(cursor[i].sink) - 1);
		cursor[i].instance = br->instance;
		cursor[i].seq = __atomic_load_n(&e->sink[i].counts.last_seq, __ATOMIC_RELAXED);
	}
	err = cursor_file_save(e->state, cursor, e->n);
	if (err && !br->unsaved)
		log_error("%s: %s: after a restart the exporter can't resume where it stopped",
			  e->state, strerror(-err));
	br->unsaved = err;
}

static void note_missed(struct board_reader *br)
{
	uint64_t missed = hr_reader_missed(br->reader);

	if (missed > br->missed) {
		export_missed(br->exporter, missed - br->missed);
		br->unlogged += missed - br->missed;
	}
	br->missed = missed;
}

static int drain(struct board_reader *br)
{
	int r;

	do {
		struct export_event *event;

		r = hr_reader_next_event(br->reader, (struct hr_event *)br->record,
					 sizeof(br->record));
		note_missed(br);
		if (r)
			continue;
		event = export_event_new((struct hr_event *)br->record, br->node);
		if (!event)
			return -ENOMEM;
		export_push(br->exporter, event);
		export_event_unref(event);
	} while (!r || r == -EOVERFLOW || r == -EBADMSG);
	if (br->unlogged)
		log_info("%llu event%s missed: the board overwrote them before they were read",
			 (unsigned long long)br->unlogged, br->unlogged == 1 ? " was" : "s were");
	br->unlogged = 0;
	return r == -ENODATA || r == -EAGAIN ? 0 : r;
}

/* Opens the board, if there is one. */
static int attach(struct board_reader *br)
{
	struct hr_board_header header;
	int err = hr_reader_open(*br->exporter->board ? br->exporter->board : NULL, &br->reader);

	if (err)
		return err;
	hr_reader_header(br->reader, &header);
	br->instance = header.instance;
	br->missed = 0;
	restore_cursors(br, header.last_seq);
	return 0;
}

/* A new instance is a new board at the same path. */
static void check_instance(struct board_reader *br)
{
	struct hr_board_header header;
	struct hr_host host;

	hr_reader_health(br->reader, NULL); /* switches to a grown or new board */
	hr_reader_header(br->reader, &header);
	if (header.instance != br->instance) {
		br->instance = header.instance;
		for (size_t i = 0; i < br->exporter->n; i++)
			export_resume(br->exporter, i, br->instance, 0);
		hr_reader_seek_event(br->reader, 1);
		log_info("new board: reading its events from the first one");
	}
	if (!hr_reader_host(br->reader, &host))
		memcpy(br->node, host.node, sizeof(br->node));
}

int board_reader_run(struct exporter *e)
{
	struct board_reader br = {.exporter = e};
	bool logged = false;
	int err = 0;

	signals_catch();
	signal(SIGHUP, on_hangup);
	service_ready(NULL);
	while (!signals_caught()) {
		if (!br.reader) {
			err = attach(&br);
			if (err && !logged)
				log_info("%s; waiting for it", hr_reader_error());
			logged = err;
		}
		if (br.reader) {
			check_instance(&br);
			err = drain(&br);
			if (err == -EIO || err == -ENOMEM) {
				hr_reader_close(br.reader);
				br.reader = NULL;
			}
			save_cursors(&br);
		}
		if (hangup_caught) {
			hangup_caught = 0;
			export_reopen(e);
		}
		service_status(br.reader ? "following the board" : "waiting for a board");
		service_alive();
		if (br.reader)
			signals_wait_event(br.reader, POLL_NS);
		else
			signals_wait(NULL, 0, POLL_NS);
	}
	service_stopping();
	export_stop(e);
	br.saved_ns = 0;
	save_cursors(&br);
	hr_reader_close(br.reader);
	return CLI_DONE;
}
