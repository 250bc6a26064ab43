// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The bound: what the file, its log and what was moved aside take together stays below it, and a disk that is nearly full
 * is no reason to fail: then there is less history. Pictures go first, the ones that are missed least; then frozen ones;
 * events last.
 */
#include <errno.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/sd_notify.h"
#include "recorder_internal.h"
#include "retention.h"

#define LOG_SHARE    8 /* of the bound for the write-ahead log */
#define LOG_LEAST    (512u << 10)
#define LOG_MOST     (32u << 20)
#define RING_SHARE   8           /* of the bound for one ring's events */
#define FROZEN_SHARE 2           /* of the bound for what incidents froze */
#define DISK_SHARE   20          /* of the disk is left to others, ... */
#define DISK_LEFT    (64u << 20) /* or this where that is less */
#define THAW         16          /* pictures at a time */

static uint64_t log_space(const struct recorder_writer *k)
{
	uint64_t space = k->most_bytes / LOG_SHARE;

	return space < LOG_LEAST ? LOG_LEAST : space > LOG_MOST ? LOG_MOST : space;
}

static uint64_t log_bytes(const struct recorder_writer *k)
{
	char wal[PATH_MAX];
	struct stat st;

	return snprintf(wal, sizeof(wal), "%s-wal", k->path) < (int)sizeof(wal) && !stat(wal, &st)
		       ? (uint64_t)st.st_size
		       : 0;
}

/* Waits for nobody: who reads keeps the log a little longer. */
void space_empty_log(struct recorder_writer *k)
{
	bool large = log_bytes(k) > log_space(k) / 2;

	sqlite3_busy_timeout(k->db, 0);
	sqlite3_wal_checkpoint_v2(k->db, NULL,
				  large ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE,
				  NULL, NULL);
	sqlite3_busy_timeout(k->db, DB_BUSY_MS);
}

/* Pages that may still be written: free ones in the file, and those that it may grow by. */
static int pages_left(struct recorder_writer *k, int64_t *ret_left)
{
	uint64_t bound = k->most_bytes - log_space(k), aside = aside_bytes(k->path);
	int64_t pages, free_pages, most = (int64_t)((aside < bound ? bound - aside : 0) / DB_PAGE);
	struct statvfs disk;
	int r = db_number(k->db, "PRAGMA page_count", DB_NONE, &pages);

	if (!r)
		r = db_number(k->db, "PRAGMA freelist_count", DB_NONE, &free_pages);
	if (r)
		return r;
	if (!statvfs(k->path, &disk)) {
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

int space_drop_picture(struct recorder_writer *k, int64_t id)
{
	int r = writer_begin(k);

	if (!r)
		r = db_run(k->db, "DELETE FROM parts WHERE id >= ?1 AND id < ?2",
			   DB_ARGS(db_part_id(id, 0), db_part_id(id + 1, 0)), NULL, 0);
	if (!r)
		r = db_run(k->db, "DELETE FROM pictures WHERE id = ?1", DB_ARGS(id), NULL, 0);
	r = writer_end(k, r);
	if (!r && log_bytes(k) > log_space(k) / 2)
		space_empty_log(k);
	return r;
}

static int thaw(struct recorder_writer *k)
{
	return db_run(k->db,
		      "UPDATE pictures SET frozen = 0 WHERE id IN"
		      " (SELECT id FROM pictures WHERE frozen ORDER BY id LIMIT ?1)",
		      DB_ARGS(THAW), NULL, 0);
}

struct choosing {
	struct retention_choice choice;
	uint64_t now_s;
};

static int look_at(sqlite3_stmt *row, void *arg)
{
	struct choosing *c = arg;
	struct retention_picture p = {(uint64_t)sqlite3_column_int64(row, 0),
				      (uint64_t)sqlite3_column_int64(row, 1),
				      sqlite3_column_int(row, 2) != 0};

	retention_choose(&c->choice, &p, c->now_s);
	return 0;
}

static int drop_events(struct recorder_writer *k, enum hr_ring ring)
{
	static const char oldest[] = "SELECT %s FROM (SELECT id, bytes FROM events WHERE ring = ?1 "
				     "ORDER BY id LIMIT 64)";
	char sums[sizeof(oldest) + 16], ids[sizeof(oldest) + 16];
	int64_t bytes, last;
	int r;

	snprintf(sums, sizeof(sums), oldest, "sum(bytes)");
	snprintf(ids, sizeof(ids), oldest, "max(id)");
	r = db_number(k->db, sums, DB_ARGS(ring), &bytes);
	if (!r)
		r = db_number(k->db, ids, DB_ARGS(ring), &last);
	if (!r)
		r = db_run(k->db, "DELETE FROM events WHERE ring = ?1 AND id <= ?2",
			   DB_ARGS(ring, last), NULL, 0);
	if (!r && (uint64_t)bytes < k->ring_bytes[ring])
		k->ring_bytes[ring] -= (uint64_t)bytes;
	else if (!r || r == -ENODATA)
		k->ring_bytes[ring] = 0;
	return r == -ENODATA ? 0 : r;
}

/* -ENOSPC: there is nothing left to give up. */
static int give_up_something(struct recorder_writer *k)
{
	struct choosing c = {.now_s = (uint64_t)writer_now(k)};
	uint32_t damaged = 0;
	int64_t frozen = 0;
	int r;

	if (aside_give_up(k->path))
		return 0;
	r = db_skim(k->db, "SELECT id, at_s, frozen FROM pictures WHERE id > ?1 ORDER BY id", 0,
		    look_at, &c, &damaged);
	if (damaged)
		return -EBADMSG;
	if (r)
		return r;
	if (retention_chosen(&c.choice))
		return space_drop_picture(k, (int64_t)retention_chosen(&c.choice));
	r = db_number(k->db, "SELECT count(*) FROM pictures WHERE frozen", DB_NONE, &frozen);
	if (r || frozen > 1)
		return r ? r : thaw(k);
	for (int ring = HR_RINGS; ring--;)
		if (k->ring_bytes[ring])
			return drop_events(k, (enum hr_ring)ring);
	return -ENOSPC;
}

static int bound_frozen(struct recorder_writer *k)
{
	int64_t frozen;
	int r = db_number(k->db, "SELECT sum(bytes) FROM pictures WHERE frozen", DB_NONE, &frozen);

	if (r || (uint64_t)frozen <= k->most_bytes / FROZEN_SHARE)
		return r == -ENODATA ? 0 : r;
	return thaw(k);
}

int space_make(struct recorder_writer *k, uint64_t bytes)
{
	/* rows, their indices, the map of pages: some more than the bytes alone */
	int64_t left, wanted = (int64_t)(bytes / DB_PAGE + bytes / DB_PAGE / 16 + 32);
	int r;

	r = bound_frozen(k);
	while (!r) {
		if (log_bytes(k) > log_space(k)) {
			space_empty_log(k);
			if (log_bytes(k) > log_space(k))
				return -EBUSY;
		}
		r = pages_left(k, &left);
		if (r || left >= wanted)
			break;
		service_alive(); /* a much smaller bound takes a while */
		r = give_up_something(k);
	}
	return r;
}

int space_bound_events(struct recorder_writer *k)
{
	int r = 0;

	for (int ring = 0; !r && ring < HR_RINGS; ring++)
		while (!r && k->ring_bytes[ring] > k->most_bytes / RING_SHARE)
			r = drop_events(k, (enum hr_ring)ring);
	return r;
}

static int64_t most_pages(const struct recorder_writer *k)
{
	return (int64_t)((k->most_bytes - log_space(k)) / DB_PAGE);
}

static int count_pages(struct recorder_writer *k, int64_t *ret_pages, int64_t *ret_free)
{
	int r = db_number(k->db, "PRAGMA page_count", DB_NONE, ret_pages);

	return r ? r : db_number(k->db, "PRAGMA freelist_count", DB_NONE, ret_free);
}

static int shrink(struct recorder_writer *k)
{
	int r = db_errno(k->db,
			 sqlite3_exec(k->db, "PRAGMA incremental_vacuum(512)", NULL, NULL, NULL));

	space_empty_log(k);
	service_alive();
	return r;
}

int space_shrink(struct recorder_writer *k)
{
	int64_t pages, free_pages;
	int r = count_pages(k, &pages, &free_pages);

	return r || free_pages < pages / 4 ? r : shrink(k);
}

int space_fit(struct recorder_writer *k)
{
	int64_t pages = 0, free_pages, before;
	char sql[64];
	int r = space_make(k, 0);

	do {
		before = pages;
		if (!r)
			r = count_pages(k, &pages, &free_pages);
		if (r || pages <= most_pages(k) || pages == before)
			break;
		r = shrink(k);
	} while (!r);
	/* A stop behind it all, should something be larger than it was thought to be. */
	snprintf(sql, sizeof(sql), "PRAGMA max_page_count=%lld", (long long)most_pages(k));
	sqlite3_exec(k->db, sql, NULL, NULL, NULL);
	return r == -ENOSPC || r == -EBUSY ? 0 : r; /* then it is tried with each picture */
}
