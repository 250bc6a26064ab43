// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The file: SQLite with a write-ahead log, so that readers and the writer do not wait for each other and a killed writer
 * leaves complete transactions. Trusts nothing in the file.
 */
#include "base/safe_file.h"
#include "db.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* ids only rise. at_s: seconds of recording (retention.h). *_ns: wall time. Unsigned 64-bit numbers are stored bit by bit.
 *   boards     one row for each board: the header and host record that a recording of its events needs, raw
 *   snapshots   frozen: kept, since it is near an incident; events_to: the last older row of events
 *   parts      a key frame (record.h) of at most PART_SLOTS delta-encoded slots (delta_codec.h); `reserved` of its header: the
 *              snapshot with which its key was stored, 0: it needs none
 *   keys       the same, whole (key_parts.h); id: the part's number above the snapshot's
 *   events     concatenated records of a ring, compressed with zlib; batch: common to both rings' rows of one call
 *   incidents  first_snapshot: the first snapshot that was frozen for it */
#define KEYS "CREATE TABLE IF NOT EXISTS keys(id INTEGER PRIMARY KEY, frame BLOB);"
static const char schema[] =
	"CREATE TABLE boards(id INTEGER PRIMARY KEY, instance INTEGER UNIQUE, header BLOB, host "
	"BLOB);"
	"CREATE TABLE snapshots(id INTEGER PRIMARY KEY, at_s INTEGER, time_ns INTEGER, instance "
	"INTEGER, reason INTEGER,"
	" frozen INTEGER, parts INTEGER, slots INTEGER, bytes INTEGER, events_to INTEGER);"
	"CREATE TABLE parts(id INTEGER PRIMARY KEY, frame BLOB);" KEYS
	"CREATE TABLE events(id INTEGER PRIMARY KEY, batch INTEGER, at_s INTEGER, ring INTEGER, "
	"instance INTEGER,"
	" first_seq INTEGER, last_seq INTEGER, first_ns INTEGER, last_ns INTEGER, count INTEGER, "
	"missed INTEGER,"
	" raw_bytes INTEGER, bytes INTEGER, records BLOB);"
	"CREATE INDEX events_of_ring ON events(ring, id, bytes);"
	"CREATE INDEX events_of_board ON events(instance, last_seq);"
	"CREATE TABLE incidents(id INTEGER PRIMARY KEY, at_s INTEGER, time_ns INTEGER, instance "
	"INTEGER, seq INTEGER,"
	" type INTEGER, cgroup_id INTEGER, first_snapshot INTEGER);";

int db_errno(sqlite3 *db, int rc)
{
	int system = db ? sqlite3_system_errno(db) : 0;

	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_SCHEMA:
	case SQLITE_ERROR: /* a missing table or column */
		return -EBADMSG;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return -EACCES;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_CANTOPEN:
		return system ? -system : -EACCES;
	case SQLITE_IOERR:
		if (rc == SQLITE_IOERR_SHORT_READ || rc == SQLITE_IOERR_CORRUPTFS)
			return -EBADMSG;
		return system ? -system : -EIO;
	default:
		return -EIO;
	}
}

int db_query(sqlite3 *db, const char *sql, const int64_t *args, int n_args, sqlite3_stmt **ret_stmt)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);

	for (int i = 0; !rc && i < n_args; i++)
		rc = sqlite3_bind_int64(stmt, i + 1, args[i]);
	if (rc) {
		sqlite3_finalize(stmt);
		return db_errno(db, rc);
	}
	*ret_stmt = stmt;
	return 0;
}

int db_step(sqlite3_stmt *stmt)
{
	int rc = sqlite3_step(stmt);

	return rc == SQLITE_ROW ? 1 : db_errno(sqlite3_db_handle(stmt), rc);
}

int db_run(sqlite3 *db, const char *sql, const int64_t *args, int n_args,
	   const struct db_blob *blob, int n_blobs)
{
	_cleanup_stmt_ sqlite3_stmt *stmt = NULL;
	int r = db_query(db, sql, args, n_args, &stmt);

	for (int i = 0; !r && i < n_blobs; i++)
		r = db_errno(db, sqlite3_bind_blob64(stmt, n_args + i + 1, blob[i].bytes, blob[i].n,
						     SQLITE_STATIC));
	while (!r && (r = db_step(stmt)) == 1)
		r = 0;
	return r;
}

int db_number(sqlite3 *db, const char *sql, const int64_t *args, int n_args, int64_t *ret_number)
{
	_cleanup_stmt_ sqlite3_stmt *stmt = NULL;
	int r = db_query(db, sql, args, n_args, &stmt);

	if (!r)
		r = db_step(stmt);
	if (r < 0)
		return r;
	if (!r || sqlite3_column_type(stmt, 0) != SQLITE_INTEGER)
		return -ENODATA;
	*ret_number = sqlite3_column_int64(stmt, 0);
	return 0;
}

int db_board_header(sqlite3 *db, uint64_t instance, struct hr_board_header *ret_header)
{
	_cleanup_stmt_ sqlite3_stmt *stmt = NULL;
	int r = db_query(db, "SELECT header FROM boards WHERE instance = ?1",
			 DB_ARGS((int64_t)instance), &stmt);

	if (!r)
		r = db_step(stmt);
	if (r <= 0)
		return r ? r : -ENODATA;
	if (sqlite3_column_bytes(stmt, 0) != sizeof(*ret_header))
		return -EBADMSG;
	memcpy(ret_header, sqlite3_column_blob(stmt, 0), sizeof(*ret_header));
	return 0;
}

/* One pass over the rows after *after; advances *after. */
static int scan_pass(sqlite3 *db, const char *sql, int64_t *after,
		     int (*fn)(sqlite3_stmt *row, void *arg), void *arg)
{
	_cleanup_stmt_ sqlite3_stmt *stmt = NULL;
	int r = db_query(db, sql, after, 1, &stmt);

	while (!r && (r = db_step(stmt)) == 1) {
		if (sqlite3_column_int64(stmt, 0) <= *after)
			return -EBADMSG; /* a damaged page may link back: never read a row twice */
		*after = sqlite3_column_int64(stmt, 0);
		r = fn(stmt, arg);
	}
	return r;
}

int db_scan(sqlite3 *db, const char *sql, int64_t after, int (*fn)(sqlite3_stmt *row, void *arg),
	    void *arg, uint32_t *ret_damaged)
{
	int64_t at = after, step = 0;

	for (;;) {
		int64_t before = at;
		int r = scan_pass(db, sql, &at, fn, arg);

		if (r != -EBADMSG && r != -EIO)
			return r < 0 ? r : 0;
		if (!step || at != before) { /* a new damaged place: continue right behind it */
			(*ret_damaged)++;
			step = 1;
		} else if (step > INT64_MAX / 2) {
			return 0;
		} else {
			step *= 2;
		}
		if (at > INT64_MAX - step)
			return 0;
		at += step;
	}
}

static int begin(sqlite3 *db)
{
	int64_t application = 0, version = 0;
	int r;

	/* Trusts nothing in the file: no code in its schema, no cell beyond its page. */
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	sqlite3_limit(db, SQLITE_LIMIT_LENGTH, DB_MAX_BLOB);
	sqlite3_busy_timeout(db, DB_BUSY_MS);
	r = db_errno(db, sqlite3_exec(db,
				      "PRAGMA cache_size=-256; PRAGMA cell_size_check=ON; PRAGMA "
				      "temp_store=MEMORY",
				      NULL, NULL, NULL));
	if (!r)
		r = db_number(db, "PRAGMA application_id", DB_NONE, &application);
	if (!r)
		r = db_number(db, "PRAGMA user_version", DB_NONE, &version);
	if (r)
		return r;
	if (!application && !version) {
		int64_t objects = 0;

		r = db_number(db, "SELECT count(*) FROM sqlite_schema", DB_NONE, &objects);
		return r ? r : objects ? -EPROTO : -ENODATA; /* a new file */
	}
	return application != DB_APPLICATION                 ? -EPROTO
	       : version < DB_OLDEST || version > DB_VERSION ? -EPROTONOSUPPORT
							     : 0;
}

bool db_is_sqlite(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char head[16] = "", zeros[16] = "";

	return fd >= 0 && (pread(fd, head, sizeof(head), 0) != sizeof(head) ||
			   !memcmp(head, "SQLite format 3", sizeof(head)) ||
			   !memcmp(head, zeros, sizeof(head)));
}

/* Writes the message for r, and returns r, or -EPROTO for a file that is not SQLite. */
static int describe(int r, const char *path, char error[STORE_ERROR])
{
	const char *what;

	r = r == -EBADMSG && !db_is_sqlite(path) ? -EPROTO : r;
	what = r == -ENOENT                  ? "history is not enabled: start headroom-recorder"
	       : r == -ENODATA               ? "nothing recorded yet"
	       : r == -EPROTO                ? "not a headroom history"
	       : r == -EPROTONOSUPPORT       ? "history of another version of headroom"
	       : r == -EBADMSG               ? "is damaged"
	       : r == -EACCES || r == -EPERM ? "not permitted: be root or in group headroom"
					     : strerror(-r);

	snprintf(error, STORE_ERROR, "%.150s: %s", path, what);
	return r;
}

/* A file: URI, with the characters that would end the path escaped as %XX. */
static int uri_of(const char *path, const char *options, char uri[PATH_MAX])
{
	size_t n = (size_t)snprintf(uri, PATH_MAX, "file:");

	for (; *path; path++) {
		if (n + 4 >= PATH_MAX)
			return -ENAMETOOLONG;
		if (strchr("%?#", *path))
			n += (size_t)sprintf(uri + n, "%%%02X", (unsigned char)*path);
		else
			uri[n++] = *path;
	}
	return n + (size_t)snprintf(uri + n, PATH_MAX - n, "%s", options) < PATH_MAX
		       ? 0
		       : -ENAMETOOLONG;
}

static int open_read(const char *uri, sqlite3 **ret_db)
{
	_cleanup_db_ sqlite3 *db = NULL;
	int r = db_errno(
		NULL, sqlite3_open_v2(uri, &db,
				      SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX,
				      NULL));

	/* Reads the readable part of a truncated file; without this mode SQLite refuses the whole file. */
	if (!r)
		r = db_errno(db, sqlite3_exec(db, "PRAGMA writable_schema=ON", NULL, NULL, NULL));
	if (!r)
		r = begin(db);
	if (!r)
		r = db_errno(db, sqlite3_exec(db, "BEGIN", NULL, NULL,
					      NULL)); /* one consistent view of all tables */
	if (!r)
		*ret_db = take_ptr(db);
	return r;
}

int db_open_read(const char *path, sqlite3 **ret_db, char error[STORE_ERROR])
{
	char uri[PATH_MAX], wal[PATH_MAX];
	struct stat st;
	int r;

	if (stat(path, &st))
		return describe(-errno, path, error);
	if (!S_ISREG(st.st_mode))
		return describe(-EPROTO, path, error);
	if (access(path, R_OK))
		return describe(-errno, path, error);
	r = uri_of(path, "", uri);
	if (!r)
		r = open_read(uri, ret_db);
	/* Without write permission SQLite cannot create the log's index; an empty log needs none. */
	if ((r == -EACCES || r == -EROFS || r == -ENOENT || r == -EPERM) &&
	    snprintf(wal, sizeof(wal), "%s-wal", path) < (int)sizeof(wal) &&
	    (stat(wal, &st) || !st.st_size)) {
		r = uri_of(path, "?immutable=1", uri);
		if (!r)
			r = open_read(uri, ret_db);
	}
	if (r == -ENOENT) /* the log's index is missing and cannot be created */
		r = -EACCES;
	return r ? describe(r, path, error) : 0;
}

static int create_tables(sqlite3 *db)
{
	char pragmas[96];

	snprintf(pragmas, sizeof(pragmas), "PRAGMA application_id=%d; PRAGMA user_version=%d",
		 DB_APPLICATION, DB_VERSION);
	if (sqlite3_exec(db,
			 "PRAGMA page_size=4096; PRAGMA auto_vacuum=INCREMENTAL; PRAGMA "
			 "journal_mode=WAL",
			 NULL, NULL, NULL) ||
	    sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) ||
	    sqlite3_exec(db, schema, NULL, NULL, NULL) ||
	    sqlite3_exec(db, pragmas, NULL, NULL, NULL) ||
	    sqlite3_exec(db, "COMMIT", NULL, NULL, NULL))
		return db_errno(db, sqlite3_extended_errcode(db));
	return 0;
}

static int update_tables(sqlite3 *db)
{
	int64_t version;
	char sql[160];
	int r = db_number(db, "PRAGMA user_version", DB_NONE, &version);

	snprintf(sql, sizeof(sql), "BEGIN IMMEDIATE;" KEYS "PRAGMA user_version=%d;COMMIT",
		 DB_VERSION);
	return r || version == DB_VERSION ? r
					  : db_errno(db, sqlite3_exec(db, sql, NULL, NULL, NULL));
}

/* Checks that each table can be read, and the table of snapshots completely. */
static int check_tables(sqlite3 *db)
{
	static const char *const looks[] = {
		"SELECT max(id) FROM boards",       "SELECT sum(bytes) FROM snapshots",
		"SELECT max(id) FROM parts",        "SELECT max(id) FROM events",
		"SELECT sum(bytes) FROM events",    "SELECT max(id) FROM incidents",
		"SELECT max(last_seq) FROM events", "SELECT max(id) FROM keys",
	};
	int64_t n;

	for (size_t i = 0; i < ARRAY_SIZE(looks); i++) {
		int r = db_number(db, looks[i], DB_NONE, &n);

		if (r && r != -ENODATA)
			return r;
	}
	return 0;
}

int db_open_write(const char *path, sqlite3 **ret_db, char error[STORE_ERROR])
{
	_cleanup_close_ int fd = safe_open(path, O_RDWR | O_CREAT, 0640);
	_cleanup_db_ sqlite3 *db = NULL;
	struct stat st;
	int r;

	if (fd < 0)
		return describe(fd, path, error);
	if (fstat(fd, &st))
		return describe(-errno, path, error);
	if (!S_ISREG(st.st_mode))
		return describe(-EPROTO, path, error);
	r = db_errno(NULL,
		     sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL));
	if (!r)
		r = begin(db);
	if (r == -ENODATA)
		r = create_tables(db);
	if (!r)
		r = db_errno(db,
			     sqlite3_exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL",
					  NULL, NULL, NULL));
	if (!r)
		r = update_tables(db);
	if (!r)
		r = check_tables(db);
	if (r)
		return describe(r, path, error);
	*ret_db = take_ptr(db);
	return 0;
}

bool db_is_older(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	unsigned char version[4]; /* big endian, at byte 60: sqlite.org/fileformat2.html */

	return fd >= 0 && pread(fd, version, sizeof(version), 60) == sizeof(version) &&
	       (version[0] << 24 | version[1] << 16 | version[2] << 8 | version[3]) < DB_OLDEST;
}

uint64_t db_disk_bytes(const char *path)
{
	static const char *const ends[] = {"", "-wal", "-shm"};
	uint64_t bytes = 0;

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		char name[PATH_MAX];
		struct stat st;

		if (snprintf(name, sizeof(name), "%s%s", path, ends[i]) < (int)sizeof(name) &&
		    !stat(name, &st))
			bytes += (uint64_t)st.st_size;
	}
	return bytes;
}
