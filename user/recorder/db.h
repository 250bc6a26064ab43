/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The store's file, as this room sees it: SQLite behind a few calls that answer 0 or -errno. Tables and what they hold
 * are in db.c. Nothing here prints.
 *	-EBADMSG damaged · -ENOSPC the disk, or the bound, is full · -EBUSY somebody holds it · -EROFS read-only
 */
#ifndef HEADROOM_RECORDER_DB_H
#define HEADROOM_RECORDER_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sqlite3.h>

#include "base/cleanup.h"
#include "store.h"

#define DB_APPLICATION 0x48526873 /* "HRhs" in the file's header: ours */
#define DB_VERSION \
	(100 * (int)HR_BOARD_VERSION + 1) /* of the tables; and of what the slots in them are */
#define DB_BUSY_MS   2000                 /* that a statement waits for another's lock */
#define DB_PAGE      4096u
#define DB_MOST_BLOB (4 << 20) /* a row that claims more is damaged */

/* A picture's parts have the ids picture << DB_PART_BITS and on. */
#define DB_PART_BITS 16
static inline int64_t db_part_id(int64_t picture, uint32_t part)
{
	return (picture << DB_PART_BITS) + part;
}

/* Opens for reading; what is damaged further in shows when it is read. */
int db_open_read(const char *path, sqlite3 **ret_db, char error[STORE_ERROR]);
/* Opens for writing; makes file and tables where there are none yet. Says with -EPROTO that this is somebody else's
 * file, with -EPROTONOSUPPORT that it is another version's. */
int db_open_write(const char *path, sqlite3 **ret_db, char error[STORE_ERROR]);
/* By its first bytes; one whose beginning was wiped counts as one that is damaged. */
bool db_is_sqlite(const char *path);
/* After -EPROTONOSUPPORT: whether an older headroom made it. */
bool db_older(const char *path);
static inline void db_closep(sqlite3 **db) { sqlite3_close(*db); }
#define _cleanup_db_ _cleanup_(db_closep)

int db_errno(sqlite3 *db, int rc); /* of a result code */

/* Statements. `args` are bound as ?1 …, and behind them the blob where there is one. */
struct db_blob {
	const void *bytes;
	size_t n;
};
int db_query(sqlite3 *db, const char *sql, const int64_t *args, int n_args,
	     sqlite3_stmt **ret_stmt);
int db_step(sqlite3_stmt *stmt); /* 1: a row; 0: no more */
int db_run(sqlite3 *db, const char *sql, const int64_t *args, int n_args,
	   const struct db_blob *blob, int n_blobs);
/* The first column of the first row; -ENODATA where there is none, or NULL. */
int db_number(sqlite3 *db, const char *sql, const int64_t *args, int n_args, int64_t *ret_number);
static inline void db_finalizep(sqlite3_stmt **stmt) { sqlite3_finalize(*stmt); }
#define _cleanup_stmt_ _cleanup_(db_finalizep)

#define DB_ARGS(...)                    \
	(const int64_t[]){__VA_ARGS__}, \
		(int)(sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t))
#define DB_NONE NULL, 0

/* All rows of a table by rising id (from `first` on), damaged pages passed over: `sql` selects with `id > ?1 ORDER BY id`,
 * the id being its first column. fn's answer above 0 ends it well, below 0 with that error. *ret_damaged counts the
 * places that could not be read. */
int db_skim(sqlite3 *db, const char *sql, int64_t after, int (*fn)(sqlite3_stmt *row, void *arg),
	    void *arg, uint32_t *ret_damaged);

/* Bytes on disk: the file, its log and the log's index. */
uint64_t db_disk_bytes(const char *path);

#endif
