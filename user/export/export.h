/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Exports events and metrics of the board to other tools. One thread reads the board and queues events for the sinks; each
 * sink has its own thread and a bounded queue, so that a slow or failing sink does not delay the others. A sink is one file
 * with one `const struct sink_type` at its end and one line in sinks.c.
 *
 * Delivery: if a sink returns an error, the exporter retries the event after a pause that doubles up to 30 s. A full queue
 * drops its oldest events and counts them, as it counts events that the board overwrote before they were read. A restarted
 * exporter continues after the last event that each sink delivered (cursor_file.c).
 */
#ifndef HEADROOM_EXPORT_H
#define HEADROOM_EXPORT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <headroom/reader.h>

#define EXPORT_ERROR 256
#define EXPORT_TEXT  256 /* bytes of a text in the configuration */
#define EXPORT_SINKS 16
#define EXPORT_QUEUE 4096 /* events, by default */

/* One event for all sinks. Immutable, reference-counted. */
struct export_event {
	unsigned int refs; /* __atomic */
	size_t json_bytes;
	char *json; /* one line without its newline */
	char node[64];
	_Alignas(8) struct hr_event record; /* followed by its payload */
};
struct export_event *export_event_new(const struct hr_event *record,
				      const char *node); /* NULL: no memory */
struct export_event *export_event_ref(struct export_event *event);
void export_event_unref(struct export_event *event);

struct sink_counts { /* __atomic; totals since the start */
	uint64_t delivered, dropped, missed, failures, queued;
	uint64_t last_seq; /* of the last event delivered, on the current board */
};

struct sink;

/* A key of the configuration below `export: {NAME: …}`. */
struct sink_key {
	const char *name;
	int (*parse)(const char *text,
		     void *at); /* 0 or -errno; called once per element of a list */
	size_t offset;          /* into the sink's options */
	const char *expected;   /* for the error message */
	bool required, list;
	bool secret; /* its value is not quoted in messages */
};

/* The first member of every sink's options. */
struct sink_common {
	uint32_t types;       /* bit per enum hr_event_type; 0: all */
	uint32_t severity;    /* enum hr_severity, at least */
	uint32_t queue;       /* events */
	uint64_t interval_ms; /* between calls of tick() */
};

struct sink_type {
	const char *name, *summary;
	size_t options_bytes;
	const void *defaults;        /* options_bytes */
	const struct sink_key *keys; /* in addition to the common keys; ends with a NULL name */
	bool events;                 /* receives events; else only tick() */
	bool writes_files;
	bool stays_open; /* after an error of event() or tick(): the sink reconnects itself */
	/* All but check() run in the sink's thread. Errors are -errno, with details by sink_set_error(). */
	int (*open)(struct sink *sink); /* creates sink->state; called again after a failure */
	void (*close)(
		struct
		sink *sink); /* releases what open() created, also after it failed; accepts a NULL state */
	int (*event)(struct sink *sink, const struct export_event *event);
	/* Every interval, and when idle; flushes what event() buffered. */
	int (*tick)(struct sink *sink);
	/* `headroom export --check`: verifies that the destination works. In the caller's thread, before any sink starts. What a running
	 * headroom-export has in use works, too: 0, with sink_set_error(SINK_IN_USE). */
	int (*check)(struct sink *sink);
	void (*reopen)(struct sink *sink); /* SIGHUP, after log rotation; may be NULL */
};

struct sink {
	const struct sink_type *type;
	const struct sink_common *common; /* first member of options */
	const void *options;
	const char *board; /* path from the command line, or NULL */
	void *state;       /* the sink's own */
	struct sink_counts counts;
	uint64_t
		instance; /* of the board that last_seq belongs to; under the lock once the thread runs */
	char error[EXPORT_ERROR]; /* the last error */
	bool logged;              /* the error is in the log; until the sink works again */
	bool logged_drop;         /* so is that it refuses events; until it takes one */
	bool refused;             /* the destination refused the last event; it was dropped */
	/* sink_runner.c */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct export_event **ring;
	size_t head, count, space;
	bool stop, started, reopen;
};

#define SINK_IN_USE "works: headroom-export runs and serves it"

/* Stores one line with the cause of a failure, for the log and for --check. */
__attribute__((format(printf, 2, 3))) void sink_set_error(struct sink *sink, const char *format,
							  ...);

/* For an event that the destination refuses for good: counts it as dropped and logs the last error, once until the sink
 * works again. */
void sink_drop(struct sink *sink);

/* sinks.c. NULL past the end. */
const struct sink_type *sink_type_at(size_t i);
const struct sink_type *sink_type_find(const char *name);

/* sink_runner.c: the configured sinks. */
struct exporter {
	struct sink sink[EXPORT_SINKS];
	size_t n;
	char board[EXPORT_TEXT], state[EXPORT_TEXT]; /* "": the default board; no cursor file */
};
extern struct exporter
	*export_running; /* for metrics of the exporter itself; NULL before it runs */

int export_start(struct exporter *e); /* starts the threads: 0 or -errno */
void export_stop(struct exporter *e); /* lets each sink deliver for two more seconds */
void export_push(struct exporter *e,
		 struct export_event *event); /* to every sink with a matching filter */
void export_reopen(struct exporter *e);
void export_missed(struct exporter *e, uint64_t n);
/* After a restart, or for a new board, which counts from 1: sink i has delivered up to seq of this instance. */
void export_resume(struct exporter *e, size_t i, uint64_t instance, uint64_t seq);
void exporter_done(struct exporter *e);

/* board_reader.c: reads the board until a signal; returns an exit status (command.h). */
int board_reader_run(struct exporter *e);

/* cursor_file.c: the last event that each sink delivered, in a small file that is replaced atomically. */
struct cursor {
	char sink[32];
	uint64_t instance, seq;
};
int cursor_file_load(const char *path, struct cursor *cursors, size_t space, size_t *ret_n);
int cursor_file_save(const char *path, const struct cursor *cursors, size_t n);

/* Gives up what no sink needs; before threads. Root without systemd becomes the exporter's user, and keeps ports below 1024, what it may
 * read, and, if it writes files, those of other users. */
void export_confine(bool writes_files);

#endif
