// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Opening the store for writing: one recorder a file; a damaged one is moved aside with a word, a foreign one is left
 * alone. Also where the store is by default.
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "recorder_internal.h"

#define SQLITE_MOST (2 << 20) /* heap that SQLite shall do with */

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

static int lock(struct recorder_writer *k, char *note)
{
	char name[PATH_MAX];
	int r;

	if (snprintf(name, sizeof(name), "%s.lock", k->path) >= (int)sizeof(name))
		return -ENAMETOOLONG;
	if (!strcmp(k->path,
		    STORE_PATH)) /* our own place; any other is for whoever names it to make */
		mkdir(STORE_FOLDER, 0750);
	k->lock_fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW, 0640);
	if (k->lock_fd >= 0 && !flock(k->lock_fd, LOCK_EX | LOCK_NB))
		return 0;
	r = errno == EWOULDBLOCK ? -EBUSY : -errno;
	if (r == -EBUSY)
		snprintf(note, KEEP_NOTE, "%.150s: another recorder is writing it", k->path);
	else
		snprintf(note, KEEP_NOTE, "%.150s: cannot be written: %s%s", k->path, strerror(-r),
			 r == -ENOENT ? ": make its folder first, or name another with --history"
				      : "");
	return r;
}

/* What is there is moved aside, and what of it can be read is saved over. */
static int begin_anew(struct recorder_writer *k, const char *word, const char *reason, char *note)
{
	char error[STORE_ERROR], aside[PATH_MAX] = "";
	struct salvaged s = {0};
	int r = aside_move(k->path, word, aside);

	if (r && r != -ENOENT) { /* that it is gone already is a second try's luck */
		snprintf(note, KEEP_NOTE, "%.150s: %s, and cannot be moved aside: %s", k->path,
			 reason, strerror(-r));
		return r;
	}
	r = db_open_write(k->path, &k->db, error);
	if (r) {
		snprintf(note, KEEP_NOTE, "%s", error);
		return r;
	}
	if (!strcmp(word, WORD_OLD)) {
		snprintf(note, KEEP_NOTE,
			 "%.150s: %s: moved to %.170s, which that version still reads; a new "
			 "history begins",
			 k->path, reason, aside);
		return 0;
	}
	if (*aside)
		aside_salvage(k, aside, &s); /* as far as it goes */
	snprintf(note, KEEP_NOTE,
		 "%.150s: %s: moved aside to %.170s; begun anew with %u pictures that could be "
		 "saved",
		 k->path, reason, aside, s.pictures);
	return 0;
}

static int open_db(struct recorder_writer *k, bool named, char *note)
{
	char error[STORE_ERROR];
	int r = db_open_write(k->path, &k->db, error);

	/* What is no SQLite file may be anybody's, but at our own place. */
	if (r == -EBADMSG || (r == -EPROTO && !named && !db_is_sqlite(k->path)))
		return begin_anew(k, WORD_DAMAGED, "is damaged", note);
	if (r == -EPROTONOSUPPORT && db_older(k->path))
		return begin_anew(k, WORD_OLD, "is of an older headroom", note);
	if (r)
		snprintf(note, KEEP_NOTE, "%s%s", error,
			 r == -EPROTO || r == -EPROTONOSUPPORT
				 ? ": choose another name with --history"
				 : "");
	return r;
}

/* Where the last recorder ended. */
static int take_up(struct recorder_writer *k)
{
	int64_t last = 0, event = 0, incident = INT64_MIN;
	int r = db_number(k->db, "SELECT max(at_s) FROM pictures", DB_NONE, &last);

	if (!r || r == -ENODATA)
		r = db_number(k->db, "SELECT at_s FROM events ORDER BY id DESC LIMIT 1", DB_NONE,
			      &event);
	if (!r || r == -ENODATA)
		r = db_number(k->db, "SELECT max(at_s) FROM incidents", DB_NONE, &incident);
	k->at_base = (last > event ? last : event) + 1;
	k->frozen_until = r ? 0 : incident + FREEZE_AFTER_S;
	k->mono_base_ns = clock_mono_ns();
	for (int ring = 0; (!r || r == -ENODATA) && ring < HR_RINGS; ring++) {
		int64_t bytes = 0;

		r = db_number(k->db, "SELECT sum(bytes) FROM events WHERE ring = ?1", DB_ARGS(ring),
			      &bytes);
		k->ring_bytes[ring] = (uint64_t)bytes;
	}
	return r == -ENODATA ? 0 : r;
}

static int start(struct recorder_writer *k, char *note)
{
	int r = take_up(k);

	if (!r)
		r = space_fit(k);
	if (r)
		snprintf(note, KEEP_NOTE, "%.150s: %s", k->path, strerror(-r));
	return r;
}

static int reserve(struct recorder_writer *k)
{
	int r = frame_reserve(&k->part, PART_SLOTS, 0);

	k->scratch = malloc(PART_SLOTS * sizeof(struct hr_slot));
	for (int ring = 0; ring < HR_RINGS; ring++)
		k->records[ring] = malloc(EVENTS_ROW);
	if (r || !k->scratch || !k->records[HR_RING_KEEP] || !k->records[HR_RING_CHATTER])
		return -ENOMEM;
	return 0;
}

int writer_open(const char *path, uint64_t most_bytes, struct recorder_writer **ret_writer,
		char note[KEEP_NOTE])
{
	struct recorder_writer *k = calloc(1, sizeof(*k));
	int r = -ENOMEM;

	snprintf(note, KEEP_NOTE, "out of memory");
	if (!k)
		return r;
	/* What a picture takes for a moment goes back to the system at once. */
	mallopt(M_MMAP_THRESHOLD, 128 << 10);
	sqlite3_soft_heap_limit64(SQLITE_MOST);
	k->lock_fd = -1;
	k->seek = true;
	k->most_bytes = most_bytes;
	k->path = strdup(path ? path : store_path());
	r = k->path ? reserve(k) : -ENOMEM;
	if (!r)
		note[0] = '\0';
	if (!r)
		r = lock(k, note);
	if (!r)
		r = open_db(k, path != NULL, note);
	if (!r)
		r = start(k, note);
	if (r) {
		writer_close(k);
		return r;
	}
	*ret_writer = k;
	return 0;
}

int writer_renew(struct recorder_writer *k, char note[KEEP_NOTE])
{
	int r;

	sqlite3_close(take_ptr(k->db));
	r = begin_anew(k, WORD_DAMAGED, "is damaged", note);
	k->seek = true;
	k->instance = 0;
	return r ? r : start(k, note);
}

void writer_close(struct recorder_writer *k)
{
	if (!k)
		return;
	sqlite3_close(k->db);
	if (k->lock_fd >= 0)
		close(k->lock_fd);
	frame_done(&k->part);
	free(k->scratch);
	for (int ring = 0; ring < HR_RINGS; ring++)
		free(k->records[ring]);
	free(k->path);
	free(k);
}

const char *writer_path(const struct recorder_writer *k) { return k->path; }
