// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The store in numbers: one scan of each table, skipping damaged pages. */
#include "status.h"

#include <errno.h>
#include <string.h>

#include "db.h"
#include "recorder_internal.h"

static void stretch(uint64_t *first, uint64_t *last, uint64_t from, uint64_t to)
{
	*first = !*first || from < *first ? from : *first;
	*last = to > *last ? to : *last;
}

static int add_snapshot(sqlite3_stmt *row, void *arg)
{
	struct store_status *s = arg;
	uint64_t time_ns = (uint64_t)sqlite3_column_int64(row, 1);

	s->snapshots++;
	s->frozen += sqlite3_column_int(row, 2) != 0;
	s->containers = (uint64_t)sqlite3_column_int64(row, 3);
	s->snapshot_bytes = (uint64_t)sqlite3_column_int64(row, 4);
	stretch(&s->first_ns, &s->last_ns, time_ns, time_ns);
	s->last_ns = time_ns; /* the newest is the last one taken, whatever the clock said */
	return 0;
}

static int add_events(sqlite3_stmt *row, void *arg)
{
	struct store_status *s = arg;

	s->events += (uint64_t)sqlite3_column_int64(row, 1);
	s->missed += (uint64_t)sqlite3_column_int64(row, 2);
	stretch(&s->first_event_ns, &s->last_event_ns, (uint64_t)sqlite3_column_int64(row, 3),
		(uint64_t)sqlite3_column_int64(row, 4));
	return 0;
}

static int add_incident(sqlite3_stmt *row, void *arg)
{
	struct store_status *s = arg;

	s->incidents++;
	s->last_incident_ns = (uint64_t)sqlite3_column_int64(row, 1);
	return 0;
}

int store_status(const char *path, struct store_status *ret_status, char error[STORE_ERROR])
{
	static const struct {
		const char *sql;
		int (*add)(sqlite3_stmt *row, void *arg);
	} walks[] = {
		{"SELECT id, time_ns, frozen, slots, bytes FROM snapshots WHERE id > ?1 ORDER BY "
		 "id",
		 add_snapshot},
		{"SELECT id, count, missed, first_ns, last_ns FROM events WHERE id > ?1 ORDER BY "
		 "id",
		 add_events},
		{"SELECT id, time_ns FROM incidents WHERE id > ?1 ORDER BY id", add_incident},
	};
	struct store_status s = {0};
	_cleanup_db_ sqlite3 *db = NULL;
	int r;

	path = path ? path : store_path();
	r = db_open_read(path, &db, error);
	if (r)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(walks); i++) {
		r = db_scan(db, walks[i].sql, 0, walks[i].add, &s, &s.damaged);
		if (r) {
			snprintf(error, STORE_ERROR, "%.150s: %s", path, strerror(-r));
			return r;
		}
	}
	s.file_bytes = db_disk_bytes(path);
	s.quarantined_bytes = quarantine_bytes(path);
	*ret_status = s;
	return 0;
}
