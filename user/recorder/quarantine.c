// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * A store that cannot be written is moved aside. Of a damaged one, the readable rows are copied into the new store; the
 * file stays as long as the quota has space for it. One of an older version is whole, and only its own version reads it:
 * it neither counts for the quota nor is ever deleted here.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/sd_notify.h"
#include "recorder_internal.h"

#define BATCH 64 /* rows of a transaction */

int quarantine_move(const char *path, const char *word, char ret_path[PATH_MAX])
{
	time_t now = (time_t)(clock_wall_ns() / NS_PER_SEC);
	char stamp[32], from[PATH_MAX], to[PATH_MAX];
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm);
	if (snprintf(to, sizeof(to), "%s.%s-%s", path, word, stamp) + 8 >= (int)sizeof(to))
		return -ENAMETOOLONG;
	if (!access(to, F_OK))
		return -EEXIST; /* from this very second: avoid a loop */
	if (rename(path, to))
		return -errno;
	memcpy(ret_path, to, strlen(to) + 1);
	snprintf(from, sizeof(from), "%s-shm", path);
	unlink(from);
	snprintf(from, sizeof(from), "%s-wal", path);
	if (strlen(ret_path) + 5 < sizeof(to)) {
		memcpy(to + strlen(ret_path), "-wal", 5);
		rename(from, to);
	}
	return 0;
}

/* NAME.damaged-YYYYMMDDTHHMMSSZ, with or without the suffix of SQLite's log. */
static bool is_quarantined(const char *name, const char *base)
{
	static const char mark[] = "." QUARANTINE_DAMAGED "-";
	size_t n = strlen(base);

	return !strncmp(name, base, n) && !strncmp(name + n, mark, sizeof(mark) - 1) &&
	       strspn(name + n + sizeof(mark) - 1, "0123456789TZ") == 16;
}

/* Calls fn for each quarantined file. */
static void for_each_quarantined(const char *path, void (*fn)(int dir, const char *name, void *arg),
				 void *arg)
{
	const char *slash = strrchr(path, '/');
	char parent[PATH_MAX];
	_cleanup_closedir_ DIR *dir = NULL;

	snprintf(parent, sizeof(parent), "%.*s", slash ? (int)(slash - path + 1) : 1,
		 slash ? path : ".");
	dir = opendir(parent);
	for (struct dirent *entry; dir && (entry = readdir(dir));)
		if (is_quarantined(entry->d_name, slash ? slash + 1 : path))
			fn(dirfd(dir), entry->d_name, arg);
}

static void add_bytes(int dir, const char *name, void *arg)
{
	struct stat st;

	if (!fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
		*(uint64_t *)arg += (uint64_t)st.st_size;
}

uint64_t quarantine_bytes(const char *path)
{
	uint64_t bytes = 0;

	for_each_quarantined(path, add_bytes, &bytes);
	return bytes;
}

static void oldest(int dir, const char *name, void *arg)
{
	char *best = arg;
	const char *now = strrchr(name, '.'), *then = strrchr(best, '.');

	if (strlen(name) > NAME_MAX)
		return;
	now = now ? strchr(now, '-') : NULL;
	then = then ? strchr(then, '-') : NULL;
	if (!then || (now && strcmp(now, then) < 0))
		strcpy(best, name);
}

bool quarantine_drop_oldest(const char *path)
{
	const char *slash = strrchr(path, '/');
	char name[NAME_MAX + 1] = "", full[PATH_MAX];

	for_each_quarantined(path, oldest, name);
	if (!*name || snprintf(full, sizeof(full), "%.*s%s", slash ? (int)(slash - path + 1) : 0,
			       path, name) >= (int)sizeof(full))
		return false;
	return !unlink(full);
}

/* ---- copying ---- */

struct copying {
	struct recorder_writer *w;
	const char *insert;
	int columns, rows;
	uint32_t copied;
};

static int copy_row(sqlite3_stmt *row, void *arg)
{
	struct copying *c = arg;
	_cleanup_stmt_ sqlite3_stmt *stmt = NULL;
	int r = 0;

	if (!(c->rows++ % BATCH)) {
		service_alive(); /* may take a while; feeds the watchdog */
		if (c->rows > 1)
			r = writer_end(c->w, 0);
		if (!r)
			r = quota_make_space(c->w, BATCH * (64u << 10));
		if (!r)
			r = writer_begin(c->w);
	}
	if (!r)
		r = db_query(c->w->db, c->insert, DB_NONE, &stmt);
	for (int i = 0; !r && i < c->columns; i++)
		r = db_errno(c->w->db,
			     sqlite3_bind_value(stmt, i + 1, sqlite3_column_value(row, i)));
	if (!r)
		r = db_step(stmt);
	if (!r)
		c->copied++;
	return r == -EBADMSG ? -EIO : r; /* -EBADMSG would mean that the new store is damaged */
}

static int copy_table(struct recorder_writer *w, sqlite3 *from, const char *select,
		      const char *insert, int columns, uint32_t *ret_copied, uint32_t *damaged)
{
	struct copying c = {.w = w, .insert = insert, .columns = columns};
	int r = db_scan(from, select, INT64_MIN, copy_row, &c, damaged);

	if (!sqlite3_get_autocommit(w->db))
		r = writer_end(w, r);
	*ret_copied = c.copied;
	return r;
}

/* Deletes snapshots without their first part, and parts without a snapshot. */
static int drop_incomplete(struct recorder_writer *w, uint32_t *ret_snapshots)
{
	int64_t snapshots = 0;
	int r = writer_begin(w);

	if (!r)
		r = db_run(w->db,
			   "DELETE FROM snapshots WHERE NOT EXISTS (SELECT 1 FROM parts WHERE "
			   "parts.id = snapshots.id << ?1)",
			   DB_ARGS(DB_PART_BITS), NULL, 0);
	if (!r)
		r = db_run(w->db,
			   "DELETE FROM parts WHERE (id >> ?1) NOT IN (SELECT id FROM snapshots)",
			   DB_ARGS(DB_PART_BITS), NULL, 0);
	if (!r)
		r = db_number(w->db, "SELECT count(*) FROM snapshots", DB_NONE, &snapshots);
	r = writer_end(w, r);
	*ret_snapshots = (uint32_t)snapshots;
	quota_checkpoint(w);
	return r;
}

int quarantine_recover(struct recorder_writer *w, const char *aside,
		       struct recovered *ret_recovered)
{
	static const struct {
		const char *select, *insert;
		int columns;
		size_t counted; /* in struct recovered */
	} tables[] = {
		{"SELECT * FROM boards WHERE id > ?1 ORDER BY id",
		 "INSERT OR IGNORE INTO boards VALUES(?,?,?,?)", 4, SIZE_MAX},
		{"SELECT * FROM events WHERE id > ?1 ORDER BY id",
		 "INSERT OR IGNORE INTO events VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?)", 14,
		 offsetof(struct recovered, events)},
		{"SELECT * FROM incidents WHERE id > ?1 ORDER BY id",
		 "INSERT OR IGNORE INTO incidents VALUES(?,?,?,?,?,?,?,?)", 8,
		 offsetof(struct recovered, incidents)},
		{"SELECT * FROM parts WHERE id > ?1 ORDER BY id",
		 "INSERT OR IGNORE INTO parts VALUES(?,?)", 2, SIZE_MAX},
		{"SELECT * FROM snapshots WHERE id > ?1 ORDER BY id",
		 "INSERT OR IGNORE INTO snapshots VALUES(?,?,?,?,?,?,?,?,?,?)", 10,
		 offsetof(struct recovered, snapshots)},
		/* last: an older store has none */
		{"SELECT * FROM keys WHERE id > ?1 ORDER BY id",
		 "INSERT OR IGNORE INTO keys VALUES(?,?)", 2, SIZE_MAX},
	};
	struct recovered s = {0};
	_cleanup_db_ sqlite3 *from = NULL;
	char error[STORE_ERROR];
	int r = db_open_read(aside, &from, error);

	for (size_t i = 0; !r && i < ARRAY_SIZE(tables); i++) {
		uint32_t copied = 0;

		r = copy_table(w, from, tables[i].select, tables[i].insert, tables[i].columns,
			       &copied, &s.damaged);
		if (tables[i].counted != SIZE_MAX)
			*(uint32_t *)((char *)&s + tables[i].counted) = copied;
	}
	if (r == -ENOSPC || r == -EBADMSG) /* keeps the part that was copied */
		r = 0;
	if (!r)
		r = drop_incomplete(w, &s.snapshots);
	if (r)
		return r;
	*ret_recovered = s;
	return 0;
}
