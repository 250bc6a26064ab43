/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The store's file: a few SQLite calls that return 0 or -errno. db.c describes the tables. Never prints.
 *	-EBADMSG damaged · -ENOSPC disk or quota full · -EBUSY locked by another process · -EROFS read-only
 */
#ifndef HEADROOM_RECORDER_DB_H
#define HEADROOM_RECORDER_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sqlite3.h>

#include "base/cleanup.h"
#include "store.h"

#define DB_APPLICATION 0x48526873 /* "HRhs", in the file's header */
#define DB_VERSION \
	303 /* 100 times the board's version that made struct hr_slot as it is, and 3 of the tables */
#define DB_OLDEST   302  /* can still be read, and continued: has no keys */
#define DB_BUSY_MS  2000 /* how long a statement waits for a lock */
#define DB_PAGE     4096u
#define DB_MAX_BLOB (4 << 20) /* a larger row is damaged */

/* The parts of a snapshot have the ids snapshot << DB_PART_BITS and up. */
#define DB_PART_BITS 16
static inline int64_t db_part_id(int64_t snapshot, uint32_t part)
{
	return (snapshot << DB_PART_BITS) + part;
}

/* Opens for reading; damage beyond the header shows when it is read. */
int db_open_read(const char *path, sqlite3 **ret_db, char error[STORE_ERROR]);
/* Opens for writing; creates file and tables if there are none. -EPROTO: not a store; -EPROTONOSUPPORT: another version. */
int db_open_write(const char *path, sqlite3 **ret_db, char error[STORE_ERROR]);
/* By its first bytes; a file with a zeroed header counts as damaged SQLite. */
bool db_is_sqlite(const char *path);
/* After -EPROTONOSUPPORT: whether an older version made it. */
bool db_is_older(const char *path);
static inline void db_closep(sqlite3 **db) { sqlite3_close(*db); }
#define _cleanup_db_ _cleanup_(db_closep)

int db_errno(sqlite3 *db, int rc); /* of an SQLite result code */

/* Statements. Binds `args` as ?1 …, then the blobs. */
struct db_blob {
	const void *bytes;
	size_t n;
};
int db_query(sqlite3 *db, const char *sql, const int64_t *args, int n_args,
	     sqlite3_stmt **ret_stmt);
int db_step(sqlite3_stmt *stmt); /* 1: a row; 0: no more */
int db_run(sqlite3 *db, const char *sql, const int64_t *args, int n_args,
	   const struct db_blob *blob, int n_blobs);
/* The first column of the first row; -ENODATA if there is none, or it is NULL. */
int db_number(sqlite3 *db, const char *sql, const int64_t *args, int n_args, int64_t *ret_number);
static inline void db_finalizep(sqlite3_stmt **stmt) { sqlite3_finalize(*stmt); }
#define _cleanup_stmt_ _cleanup_(db_finalizep)

#define DB_ARGS(...)                    \
	(const int64_t[]){__VA_ARGS__}, \
		(int)(sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t))
#define DB_NONE NULL, 0

/* Calls fn for all rows with an id above `after`, by rising id, and skips damaged pages: `sql` selects with `id > ?1 ORDER BY
 * id`, with the id as first column. A result of fn above 0 ends the scan, below 0 with that error. Adds the number of
 * unreadable places to *ret_damaged. */
int db_scan(sqlite3 *db, const char *sql, int64_t after, int (*fn)(sqlite3_stmt *row, void *arg),
	    void *arg, uint32_t *ret_damaged);

struct hr_board_header;
/* The newest header of a board. -ENODATA: not stored; -EBADMSG. */
int db_board_header(sqlite3 *db, uint64_t instance, struct hr_board_header *ret_header);

/* Bytes on disk: the file, its log and the log's index. */
uint64_t db_disk_bytes(const char *path);

#endif
