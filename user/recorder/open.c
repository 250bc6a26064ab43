// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Opens the store for writing: one recorder per file. Moves a damaged or older file aside, and refuses a foreign one. Also the
 * default path of the store.
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "recorder_internal.h"

#define SQLITE_MAX (2 << 20) /* heap of SQLite */

const char *store_path(void)
{
	static char path[PATH_MAX];
	const char *named = secure_getenv("HEADROOM_HISTORY"),
		   *state = secure_getenv("STATE_DIRECTORY");

	if (named && *named)
		return named;
	if (state && *state == '/' && !strchr(state, ':') &&
	    snprintf(path, sizeof(path), "%s/history.db", state) < (int)sizeof(path))
		return path;
	return STORE_PATH;
}

static int lock(struct recorder_writer *w, char *note)
{
	char name[PATH_MAX];
	int r;

	if (snprintf(name, sizeof(name), "%s.lock", w->path) >= (int)sizeof(name))
		return -ENAMETOOLONG;
	if (!strcmp(w->path, STORE_PATH)) /* creates only the default directory */
		mkdir(STORE_DIR, 0750);
	w->lock_fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW, 0640);
	if (w->lock_fd >= 0 && !flock(w->lock_fd, LOCK_EX | LOCK_NB))
		return 0;
	r = errno == EWOULDBLOCK ? -EBUSY : -errno;
	if (r == -EBUSY)
		snprintf(note, WRITER_NOTE, "%.150s: locked by another recorder", w->path);
	else
		snprintf(note, WRITER_NOTE, "%.150s: cannot write: %s%s", w->path, strerror(-r),
			 r == -ENOENT ? ": create its directory, or use --history" : "");
	return r;
}

/* Moves the file aside and creates a new store; of a damaged file copies the readable rows. */
static int recreate(struct recorder_writer *w, const char *word, const char *reason, char *note)
{
	char error[STORE_ERROR], aside[PATH_MAX] = "";
	struct recovered s = {0};
	int r = quarantine_move(w->path, word, aside);

	if (r && r != -ENOENT) { /* -ENOENT: a previous attempt moved it */
		snprintf(note, WRITER_NOTE, "%.150s: %s; cannot move it aside: %s", w->path, reason,
			 strerror(-r));
		return r;
	}
	r = db_open_write(w->path, &w->db, error);
	if (r) {
		snprintf(note, WRITER_NOTE, "%s", error);
		return r;
	}
	if (!strcmp(word, QUARANTINE_OLD)) {
		snprintf(note, WRITER_NOTE,
			 "%.150s: %s: moved to %.170s, which that version can still read; started "
			 "a new history",
			 w->path, reason, aside);
		return 0;
	}
	if (*aside)
		quarantine_recover(w, aside, &s); /* copies what is readable */
	snprintf(note, WRITER_NOTE,
		 "%.150s: %s: moved aside to %.170s; started a new history with %u recovered "
		 "snapshots",
		 w->path, reason, aside, s.snapshots);
	return 0;
}

static int open_db(struct recorder_writer *w, bool named, char *note)
{
	char error[STORE_ERROR];
	int r = db_open_write(w->path, &w->db, error);

	/* A file that is not SQLite may be foreign, except at the default path. */
	if (r == -EBADMSG || (r == -EPROTO && !named && !db_is_sqlite(w->path)))
		return recreate(w, QUARANTINE_DAMAGED, "damaged", note);
	if (r == -EPROTONOSUPPORT && db_is_older(w->path))
		return recreate(w, QUARANTINE_OLD, "history of an older version", note);
	if (r)
		snprintf(note, WRITER_NOTE, "%s%s", error,
			 r == -EPROTO || r == -EPROTONOSUPPORT ? ": use another file with --history"
							       : "");
	return r;
}

/* Continues where the last recorder stopped. */
static int restore_position(struct recorder_writer *w)
{
	int64_t last = 0, event = 0, incident = INT64_MIN;
	int r = db_number(w->db, "SELECT max(at_s) FROM snapshots", DB_NONE, &last);

	if (!r || r == -ENODATA)
		r = db_number(w->db, "SELECT at_s FROM events ORDER BY id DESC LIMIT 1", DB_NONE,
			      &event);
	if (!r || r == -ENODATA)
		r = db_number(w->db, "SELECT max(at_s) FROM incidents", DB_NONE, &incident);
	w->at_base = (last > event ? last : event) + 1;
	w->frozen_until = r ? 0 : incident + FREEZE_AFTER_S;
	w->mono_base_ns = clock_mono_ns();
	for (int ring = 0; (!r || r == -ENODATA) && ring < HR_RINGS; ring++) {
		int64_t bytes = 0;

		r = db_number(w->db, "SELECT sum(bytes) FROM events WHERE ring = ?1", DB_ARGS(ring),
			      &bytes);
		w->ring_bytes[ring] = (uint64_t)bytes;
	}
	return r == -ENODATA ? 0 : r;
}

static int start(struct recorder_writer *w, char *note)
{
	int r = restore_position(w);

	if (!r)
		r = quota_apply(w);
	if (r)
		snprintf(note, WRITER_NOTE, "%.150s: %s", w->path, strerror(-r));
	return r;
}

static int reserve(struct recorder_writer *w)
{
	int r = frame_reserve(&w->part, PART_SLOTS, 0) ?: keys_init(&w->keys);

	w->scratch = malloc(PART_SLOTS * sizeof(struct hr_slot));
	for (int ring = 0; ring < HR_RINGS; ring++)
		w->records[ring] = malloc(EVENTS_ROW);
	if (r || !w->scratch || !w->records[HR_RING_KEEP] || !w->records[HR_RING_CHATTER])
		return -ENOMEM;
	return 0;
}

int writer_open(const char *path, uint64_t most_bytes, struct recorder_writer **ret_writer,
		char note[WRITER_NOTE])
{
	struct recorder_writer *w = calloc(1, sizeof(*w));
	int r = -ENOMEM;

	snprintf(note, WRITER_NOTE, "out of memory");
	if (!w)
		return r;
	/* Buffers of a snapshot return to the system at once. */
	mallopt(M_MMAP_THRESHOLD, 128 << 10);
	sqlite3_soft_heap_limit64(SQLITE_MAX);
	w->lock_fd = -1;
	w->seek = true;
	w->most_bytes = most_bytes;
	w->path = strdup(path ? path : store_path());
	r = w->path ? reserve(w) : -ENOMEM;
	if (!r)
		note[0] = '\0';
	if (!r)
		r = lock(w, note);
	if (!r)
		r = open_db(w, path != NULL, note);
	if (!r)
		r = start(w, note);
	if (r) {
		writer_close(w);
		return r;
	}
	*ret_writer = w;
	return 0;
}

int writer_renew(struct recorder_writer *w, char note[WRITER_NOTE])
{
	int r;

	sqlite3_close(take_ptr(w->db));
	r = recreate(w, QUARANTINE_DAMAGED, "damaged", note);
	w->seek = true;
	w->instance = w->board_instance = 0;
	keys_forget(&w->keys);
	return r ? r : start(w, note);
}

void writer_close(struct recorder_writer *w)
{
	if (!w)
		return;
	sqlite3_close(w->db);
	if (w->lock_fd >= 0)
		close(w->lock_fd);
	frame_done(&w->part);
	keys_done(&w->keys);
	free(w->scratch);
	for (int ring = 0; ring < HR_RINGS; ring++)
		free(w->records[ring]);
	free(w->path);
	free(w);
}

const char *writer_path(const struct recorder_writer *w) { return w->path; }
