/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Exports: the board's events and figures to other tools. One thread reads the board and hands events to the sinks; each
 * sink has a thread of its own behind a bounded queue, so that one that is slow, down or wrong delays nobody. A sink is
 * one file with one `const struct sink_type` at its end and one line in sinks.c.
 *
 * What is promised: an event handed to a sink that returns an error is offered again, after a pause that doubles up to half
 * a minute. What the queue cannot hold is dropped, oldest first, and counted; so is what the board lost before it was read.
 * A restarted exporter goes on after the last event that each sink has taken (state.h).
 */
#ifndef HEADROOM_EXPORT_H
#define HEADROOM_EXPORT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <headroom/reader.h>

#define EXPORT_ERROR 256
#define EXPORT_TEXT  256 /* texts in a configuration */
#define EXPORT_SINKS 16
#define EXPORT_QUEUE 4096 /* events, unless the configuration says otherwise */

/* An event on its way out; shared by the sinks, never changed. */
struct export_event {
	unsigned int refs; /* __atomic */
	size_t json_bytes;
	char *json; /* one line without its newline */
	char node[64];
	_Alignas(8) struct hr_event record; /* and what follows it */
};
struct export_event *export_event_new(const struct hr_event *record,
				      const char *node); /* NULL: no memory */
struct export_event *export_event_ref(struct export_event *event);
void export_event_unref(struct export_event *event);

struct sink_counts { /* __atomic; totals since the start */
	uint64_t delivered, dropped, missed, failures, queued;
	uint64_t last_seq; /* the last that the sink has taken, of the board that is read now */
};

struct sink;

/* A key of the configuration below `export: {NAME: …}`. */
struct sink_key {
	const char *name;
	int (*parse)(const char *text, void *at); /* 0 or -errno; lists call it once an element */
	size_t offset;                            /* into the sink's options */
	const char *wants;                        /* what would have been right, for the error */
	bool needed, list;
};

/* What every sink's options begin with. */
struct sink_common {
	uint32_t types;       /* bit per enum hr_event_type; 0: all */
	uint32_t severity;    /* enum hr_severity, at least */
	uint32_t queue;       /* events */
	uint64_t interval_ms; /* between figures */
};

struct sink_type {
	const char *name, *summary;
	size_t options_bytes;
	const void *defaults;        /* options_bytes */
	const struct sink_key *keys; /* beside the common ones; ended by a NULL name */
	bool events;                 /* wants events; else only tick() */
	bool stays_open; /* after an error of event() or tick(): it reconnects by itself */
	/* All in the sink's own thread, but check(). Errors are -errno, with a line in sink_say() where it helps. */
	int (*open)(struct sink *sink); /* makes sink->state; again after a failure */
	void (*close)(
		struct sink
			*sink); /* takes what open() left behind, whole or half; state NULL too */
	int (*event)(struct sink *sink, const struct export_event *event);
	/* Every interval, and when there is nothing else to do; flush here what event() holds back. */
	int (*tick)(struct sink *sink);
	/* `headroom export --check`: is the other end there? In the caller's thread, nothing else running. */
	int (*check)(struct sink *sink);
	void (*reopen)(struct sink *sink); /* SIGHUP: a file was moved away; may be NULL */
};

struct sink {
	const struct sink_type *type;
	const struct sink_common *common; /* begins the options */
	const void *options;
	const char *board; /* path given on the command line, or NULL */
	void *state;       /* the sink's own */
	struct sink_counts counts;
	uint64_t instance; /* of the board that last_seq counts in; under the lock once it runs */
	char said[EXPORT_ERROR]; /* the last complaint */
	bool quiet;              /* it was told already; until it works again */
	bool refused;            /* the last event was dropped */
	/* the runner's */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct export_event **ring;
	size_t head, count, space;
	bool stop, started, reopen;
};

/* One line about what went wrong, kept for the log and for --check. */
__attribute__((format(printf, 2, 3))) void sink_say(struct sink *sink, const char *format, ...);

/* What the other side will never take: counted as dropped, and the last complaint is logged (once, until it works again). */
void sink_drop(struct sink *sink);

/* The list, sinks.c; NULL past the end. */
const struct sink_type *sink_type_at(size_t i);
const struct sink_type *sink_type_find(const char *name);

/* run.c: a set of sinks, from a configuration. */
struct exporter {
	struct sink sink[EXPORT_SINKS];
	size_t n;
	char board[EXPORT_TEXT], state[EXPORT_TEXT]; /* "": the usual board; no state is kept */
};
extern struct exporter
	*export_running; /* for sinks that tell of the exporter itself; NULL before it runs */

int export_start(struct exporter *e); /* starts the threads: 0 or -errno */
void export_stop(struct exporter *e); /* lets each deliver for two seconds more, then ends */
void export_push(struct exporter *e, struct export_event *event); /* to every sink that wants it */
void export_reopen(struct exporter *e);
void export_missed(struct exporter *e, uint64_t n);
/* Another board, which counts anew, or the same after a restart: sink i has taken seq of it. */
void export_resume(struct exporter *e, size_t i, uint64_t instance, uint64_t seq);
void exporter_done(struct exporter *e);

/* feed.c: reads the board until a signal; 0 or an exit status of the face. */
int export_feed(struct exporter *e);

/* state.c: the last event that each sink has taken, in a small file that is replaced whole. */
struct export_mark {
	char sink[32];
	uint64_t instance, seq;
};
int export_state_load(const char *path, struct export_mark *marks, size_t space, size_t *ret_n);
int export_state_save(const char *path, const struct export_mark *marks, size_t n);

#endif
