// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The quota: an upper bound for the file, its log and quarantined files together. On a nearly full disk the history becomes
 * smaller instead of failing. Deletes quarantined files first, then snapshots (retention.h), then frozen ones, events last.
 */
#include <errno.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/sd_notify.h"
#include "recorder_internal.h"
#include "retention.h"

#define LOG_SHARE    8 /* of the quota for the write-ahead log */
#define LOG_LEAST    (512u << 10)
#define LOG_MAX      (32u << 20)
#define RING_SHARE   8           /* of the quota for one ring's events */
#define FROZEN_SHARE 2           /* of the quota for frozen snapshots */
#define DISK_SHARE   20          /* of the disk stays free, */
#define DISK_LEFT    (64u << 20) /* or this, if it is less */
#define THAW         16          /* snapshots at a time */
#define COLLECT_EACH 8           /* deletions: then keys that nothing needs any more */

static uint64_t log_space(const struct recorder_writer *w)
{
	uint64_t space = w->most_bytes / LOG_SHARE;

	return space < LOG_LEAST ? LOG_LEAST : space > LOG_MAX ? LOG_MAX : space;
}

static uint64_t log_bytes(const struct recorder_writer *w)
{
	char wal[PATH_MAX];
	struct stat st;

	return snprintf(wal, sizeof(wal), "%s-wal", w->path) < (int)sizeof(wal) && !stat(wal, &st)
		       ? (uint64_t)st.st_size
		       : 0;
}

/* Does not wait: a reader only delays the checkpoint. */
void quota_checkpoint(struct recorder_writer *w)
{
	bool large = log_bytes(w) > log_space(w) / 2;

	sqlite3_busy_timeout(w->db, 0);
	sqlite3_wal_checkpoint_v2(w->db, NULL,
				  large ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE,
				  NULL, NULL);
	sqlite3_busy_timeout(w->db, DB_BUSY_MS);
}

/* Pages available: free pages in the file, and pages that it may grow by. */
static int pages_left(struct recorder_writer *w, int64_t *ret_left)
{
	uint64_t bound = w->most_bytes - log_space(w), aside = quarantine_bytes(w->path);
	int64_t pages, free_pages, most = (int64_t)((aside < bound ? bound - aside : 0) / DB_PAGE);
	struct statvfs disk;
	int r = db_number(w->db, "PRAGMA page_count", DB_NONE, &pages);

	if (!r)
		r = db_number(w->db, "PRAGMA freelist_count", DB_NONE, &free_pages);
	if (r)
		return r;
	if (!statvfs(w->path, &disk)) {
		uint64_t left = (uint64_t)disk.f_blocks * disk.f_frsize / DISK_SHARE;
		uint64_t there = (uint64_t)disk.f_bavail * disk.f_frsize;
		int64_t by_disk;

		left = left < DISK_LEFT ? left : DISK_LEFT;
		by_disk = pages + (int64_t)((there > left ? there - left : 0) / DB_PAGE);
		most = by_disk < most ? by_disk : most;
	}
	*ret_left = most - pages + free_pages;
	return 0;
}

int quota_drop_snapshot(struct recorder_writer *w, int64_t id)
{
	int r = writer_begin(w);

	if (!r)
		r = db_run(w->db, "DELETE FROM parts WHERE id >= ?1 AND id < ?2",
			   DB_ARGS(db_part_id(id, 0), db_part_id(id + 1, 0)), NULL, 0);
	if (!r)
		r = db_run(w->db, "DELETE FROM snapshots WHERE id = ?1", DB_ARGS(id), NULL, 0);
	r = writer_end(w, r);
	if (!r && log_bytes(w) > log_space(w) / 2)
		quota_checkpoint(w);
	return r;
}

static int thaw(struct recorder_writer *w)
{
	return db_run(w->db,
		      "UPDATE snapshots SET frozen = 0 WHERE id IN"
		      " (SELECT id FROM snapshots WHERE frozen ORDER BY id LIMIT ?1)",
		      DB_ARGS(THAW), NULL, 0);
}

struct choosing {
	struct retention_choice choice;
	uint64_t now_s;
};

static int consider(sqlite3_stmt *row, void *arg)
{
	struct choosing *c = arg;
	struct retention_snapshot p = {(uint64_t)sqlite3_column_int64(row, 0),
				       (uint64_t)sqlite3_column_int64(row, 1),
				       sqlite3_column_int(row, 2) != 0};

	retention_choose(&c->choice, &p, c->now_s);
	return 0;
}

static int drop_events(struct recorder_writer *w, enum hr_ring ring)
{
	static const char oldest[] = "SELECT %s FROM (SELECT id, bytes FROM events WHERE ring = ?1 "
				     "ORDER BY id LIMIT 64)";
	char sums[sizeof(oldest) + 16], ids[sizeof(oldest) + 16];
	int64_t bytes, last;
	int r;

	snprintf(sums, sizeof(sums), oldest, "sum(bytes)");
	snprintf(ids, sizeof(ids), oldest, "max(id)");
	r = db_number(w->db, sums, DB_ARGS(ring), &bytes);
	if (!r)
		r = db_number(w->db, ids, DB_ARGS(ring), &last);
	if (!r)
		r = db_run(w->db, "DELETE FROM events WHERE ring = ?1 AND id <= ?2",
			   DB_ARGS(ring, last), NULL, 0);
	if (!r && (uint64_t)bytes < w->ring_bytes[ring])
		w->ring_bytes[ring] -= (uint64_t)bytes;
	else if (!r || r == -ENODATA)
		w->ring_bytes[ring] = 0;
	return r == -ENODATA ? 0 : r;
}

/* Deletes the least valuable data. -ENOSPC: nothing left to delete. */
static int drop_something(struct recorder_writer *w)
{
	struct choosing c = {.now_s = (uint64_t)writer_now(w)};
	uint32_t damaged = 0;
	int64_t frozen = 0;
	int r;

	if (quarantine_drop_oldest(w->path))
		return 0;
	r = db_scan(w->db, "SELECT id, at_s, frozen FROM snapshots WHERE id > ?1 ORDER BY id", 0,
		    consider, &c, &damaged);
	if (damaged)
		return -EBADMSG;
	if (r)
		return r;
	if (retention_chosen(&c.choice))
		return quota_drop_snapshot(w, (int64_t)retention_chosen(&c.choice));
	r = db_number(w->db, "SELECT count(*) FROM snapshots WHERE frozen", DB_NONE, &frozen);
	if (r || frozen > 1)
		return r ? r : thaw(w);
	for (int ring = HR_RINGS; ring--;)
		if (w->ring_bytes[ring])
			return drop_events(w, (enum hr_ring)ring);
	return -ENOSPC;
}

static int bound_frozen(struct recorder_writer *w)
{
	int64_t frozen;
	int r = db_number(w->db, "SELECT sum(bytes) FROM snapshots WHERE frozen", DB_NONE, &frozen);

	if (r || (uint64_t)frozen <= w->most_bytes / FROZEN_SHARE)
		return r == -ENODATA ? 0 : r;
	return thaw(w);
}

int quota_make_space(struct recorder_writer *w, uint64_t bytes)
{
	/* with an allowance for rows, indices and the page map */
	int64_t left, wanted = (int64_t)(bytes / DB_PAGE + bytes / DB_PAGE / 16 + 32);
	uint32_t dropped = 0;
	int r;

	r = bound_frozen(w);
	while (!r) {
		if (log_bytes(w) > log_space(w)) {
			quota_checkpoint(w);
			if (log_bytes(w) > log_space(w))
				return -EBUSY;
		}
		r = pages_left(w, &left);
		if (r || left >= wanted)
			break;
		service_alive(); /* a much smaller quota takes a while */
		r = drop_something(w);
		if (!r && ++dropped % COLLECT_EACH == 0)
			r = keys_collect(w->db);
	}
	return r;
}

int quota_limit_events(struct recorder_writer *w)
{
	int r = 0;

	for (int ring = 0; !r && ring < HR_RINGS; ring++)
		while (!r && w->ring_bytes[ring] > w->most_bytes / RING_SHARE)
			r = drop_events(w, (enum hr_ring)ring);
	return r;
}

static int64_t most_pages(const struct recorder_writer *w)
{
	return (int64_t)((w->most_bytes - log_space(w)) / DB_PAGE);
}

static int count_pages(struct recorder_writer *w, int64_t *ret_pages, int64_t *ret_free)
{
	int r = db_number(w->db, "PRAGMA page_count", DB_NONE, ret_pages);

	return r ? r : db_number(w->db, "PRAGMA freelist_count", DB_NONE, ret_free);
}

static int shrink(struct recorder_writer *w)
{
	int r = db_errno(w->db,
			 sqlite3_exec(w->db, "PRAGMA incremental_vacuum(512)", NULL, NULL, NULL));

	quota_checkpoint(w);
	service_alive();
	return r;
}

int quota_shrink_file(struct recorder_writer *w)
{
	int64_t pages, free_pages;
	int r = count_pages(w, &pages, &free_pages);

	return r || free_pages < pages / 4 ? r : shrink(w);
}

int quota_apply(struct recorder_writer *w)
{
	int64_t pages = 0, free_pages, before;
	char sql[64];
	int r = quota_make_space(w, 0);

	do {
		before = pages;
		if (!r)
			r = count_pages(w, &pages, &free_pages);
		if (r || pages <= most_pages(w) || pages == before)
			break;
		r = shrink(w);
	} while (!r);
	/* A hard limit, in case an estimate is too low. */
	snprintf(sql, sizeof(sql), "PRAGMA max_page_count=%lld", (long long)most_pages(w));
	sqlite3_exec(w->db, sql, NULL, NULL, NULL);
	return r == -ENOSPC || r == -EBUSY ? 0 : r; /* retried with each snapshot */
}
