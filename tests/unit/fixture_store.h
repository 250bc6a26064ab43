/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What the tests of the recorder's store share: a made-up board, a writer of it, a folder that goes again. */
#ifndef HEADROOM_FIXTURE_STORE_H
#define HEADROOM_FIXTURE_STORE_H

#include <stdlib.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "fixture_board.h"
#include "recorder/writer.h"
#include "recorder/recorder_internal.h"
#include "recorder/status.h"

struct rig {
	char dir[40], board[64], store[64], note[WRITER_NOTE], error[STORE_ERROR];
	struct fixture fixture;
	struct recorder_writer *recorder_writer;
	struct hr_reader *reader;
};

static inline int set_up(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	strcpy(rig->dir,
	       "/dev/shm/test_store.XXXXXX"); /* where waiting for the disk takes no time */
	if (!mkdtemp(rig->dir) && !mkdtemp(strcpy(rig->dir, "/tmp/test_store.XXXXXX")))
		return -1;
	snprintf(rig->board, sizeof(rig->board), "%s/board", rig->dir);
	snprintf(rig->store, sizeof(rig->store), "%s/h.db", rig->dir);
	*state = rig;
	return 0;
}

static inline int tear_down(void **state)
{
	struct rig *rig = *state;
	DIR *dir = opendir(rig->dir);

	writer_close(rig->recorder_writer);
	hr_reader_close(rig->reader);
	board_close(rig->fixture.board);
	for (struct dirent *entry; dir && (entry = readdir(dir));)
		unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	rmdir(rig->dir);
	free(rig);
	return 0;
}

static inline void make_board(struct rig *rig, uint32_t containers, uint64_t seed)
{
	hr_reader_close(take_ptr(rig->reader));
	board_close(take_ptr(rig->fixture.board));
	rig->fixture = (struct fixture){.containers = containers, .seed = seed, .hostile = true};
	assert_int_equal(fixture_open(&rig->fixture, rig->board), 0);
	board_header(rig->fixture.board)->heartbeat_ns = HR_UNKNOWN - 1;
	assert_int_equal(hr_reader_open(rig->board, &rig->reader), 0);
	if (rig->recorder_writer)
		writer_new_board(rig->recorder_writer);
}

static inline void open_writer(struct rig *rig, uint64_t most)
{
	writer_close(take_ptr(rig->recorder_writer));
	assert_int_equal(writer_open(rig->store, most, &rig->recorder_writer, rig->note), 0);
}

static inline struct events_stored keep(struct rig *rig)
{
	struct events_stored stored = {0};

	assert_int_equal(writer_events(rig->recorder_writer, rig->reader, &stored), 0);
	assert_int_equal(writer_snapshot(rig->recorder_writer, rig->reader, SNAPSHOT_MINUTE), 0);
	return stored;
}

/* What would take hours is written into the rows. */
static inline void alter(struct rig *rig, const char *sql)
{
	sqlite3 *db;
	char *reason = NULL;

	assert_int_equal(sqlite3_open(rig->store, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &reason))
		fail_msg("%s: %s", sql, reason);
	sqlite3_close(db);
}

static inline uint32_t count_events(struct hr_reader *r, uint64_t *seq_sum)
{
	union fixture_event e;
	uint32_t n = 0;

	for (;;) {
		int end = hr_reader_next_event(r, &e.event, sizeof(e));

		if (end && end != -EOVERFLOW)
			return n;
		n += !end;
		*seq_sum += end ? 0 : e.event.seq;
	}
}

static inline uint64_t number(struct rig *rig, const char *sql)
{
	sqlite3 *db;
	int64_t n = 0;

	assert_int_equal(db_open_read(rig->store, &db, rig->error), 0);
	assert_int_equal(db_number(db, sql, DB_NONE, &n), 0);
	sqlite3_close(db);
	return (uint64_t)n;
}

#endif
