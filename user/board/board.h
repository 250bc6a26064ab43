/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The board's writer, for the daemon; the layout is include/headroom/board.h, the reader
 * include/headroom/reader.h. After board_open() only board_grow() and board_untrim() allocate, and these and board_trim() may block: all pages
 * are fallocate'd and pre-faulted. Caller: the daemon's loop thread, or start-up.
 */
#ifndef HEADROOM_BOARD_WRITER_H
#define HEADROOM_BOARD_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <headroom/board.h>
#include <headroom/event.h>

struct board;

/* Room for text in a slot: for a path and an id of Docker; for the names of a pod; else HR_SLOT_TEXT. */
#define BOARD_TEXT_FEW  320u
#define BOARD_TEXT_MORE 832u

struct board_config {
	const char *path;    /* NULL: the default path (tmpfs: /run, else /dev/shm) */
	uint32_t capacity;   /* slots */
	uint32_t text_bytes; /* room for text in each slot of a new board; 0: HR_SLOT_TEXT */
	uint64_t keep_bytes, chatter_bytes; /* rings; 0: sized by capacity */
	bool adopt;                         /* take over an old board of the same layout */
	bool starting;                      /* readers are to wait for board_ready() */
};

/* Creates directory (0750) and file (0640 root:headroom, 0600 where there is no such group), under
 * a temporary name, fallocate'd completely, then renamed. With `adopt`, a board of the same version
 * and at least this capacity is taken over as it is (*ret_adopted): open seqlocks are repaired. The
 * writer holds a flock: -EBUSY if another writer is alive. -EINVAL, -ENOSPC, -EACCES …
 * otherwise. */
int board_open(const struct board_config *config, struct board **ret_board, bool *ret_adopted);
/* Marks the board STOPPED and unmaps it; the file stays for readers. Takes NULL. */
void board_close(struct board *board);
const char *board_path(const struct board *board);
bool board_on_tmpfs(const struct board *board);
struct hr_board_header *board_header(struct board *board);
uint32_t board_capacity(const struct board *board);
uint32_t board_slots(const struct board *board); /* the capacity, less what was given back */

/* A grown copy under the same name, with more room for text in each slot where some was cut; the old map is marked REPLACED. Pointers to
 * slots are invalid afterwards. Allocates: in calm, or after waiting for it (daemon/growth.h). */
int board_grow(struct board *board, uint32_t capacity);
/* A text of a slot was cut just now. From then on board_text_short(), until board_grow(), to the capacity it has or more, makes room. */
void board_text_cut(struct board *board);
bool board_text_short(const struct board *board);
/* Gives the memory of free slots back, the highest first, until about `slots` are left with it. Readers see free slots there. */
void board_trim(struct board *board, uint32_t slots);
/* Takes memory again until there are `slots` slots with it, at most all. Allocates as board_grow() does. */
int board_untrim(struct board *board, uint32_t slots);

void board_heartbeat(struct board *board);
/* The first sweep is on it. */
void board_ready(struct board *board);

/* Stamps: wall times as the board keeps them (include/headroom/board.h), of now and of a moment of CLOCK_BOOTTIME or
 * CLOCK_MONOTONIC. A moment before created_ns of a board that was created in 1970 may wrap; the reader's step undoes it. */
uint64_t board_now_ns(const struct board *board);
uint64_t board_stamp_boot_ns(const struct board *board, uint64_t boot_ns);
uint64_t board_stamp_mono_ns(const struct board *board, uint64_t mono_ns);
/* Compares the wall clock with the stamps: after it was set, and with each heartbeat. */
void board_clock_check(struct board *board);

/* Writing a slot: everything between begin and end is one seqlock section; end also clears
 * text_used's tail. */
struct hr_slot *board_slot_begin(struct board *board, uint32_t index);
/* The bytes of a struct hr_slot that are there; the text ends with them. */
size_t board_slot_bytes(const struct board *board);
void board_slot_end(struct board *board, uint32_t index);
/* The writer's own view, no lock. */
const struct hr_slot *board_slot(const struct board *board, uint32_t index);
struct hr_host *board_host_begin(struct board *board);
void board_host_end(struct board *board);
const struct hr_host *board_host(const struct board *board);

struct hr_forecast board_forecast_unknown(void); /* every field */
/* The lowest free slot; -ENOSPC when full. The slot is returned zeroed, with all quantities unknown
 * and state FREE. */
int board_slot_take(struct board *board, uint32_t *ret_index);
void board_slot_free(struct board *board, uint32_t index);

/* Text into a record under construction. `base` is the record, `text` its text area. Equal text is
 * stored once. Text that does not fit is cut, from the front if `tail` (a path's end matters most);
 * *cut is set then. Empty or NULL text gives at = 0. */
struct board_text {
	void *base;
	size_t base_bytes; /* limit: offsets stay below */
	uint32_t start;    /* offset of the text area */
	uint32_t used;
	bool cut;
};
void board_text_init(struct board_text *text, void *base, size_t start, size_t base_bytes);
struct hr_str board_text_add(struct board_text *text, const char *string, bool tail);
/* A string of a record that is known to be sound: written by the daemon, or checked. NULL: none. */
static inline const char *board_text_at(const void *base, struct hr_str s)
{
	return s.at ? (const char *)base + s.at : NULL;
}
/* All strings of an identity in another record (from_base) into this one. */
void board_text_identity(struct board_text *text, const void *from_base, size_t from_bytes,
			 const struct hr_identity *from, struct hr_identity *to);

/* Appends an event (event->bytes, type, severity, time_ns, cgroup_id, id set by the caller; seq and
 * instance by this). Returns its seq. */
uint64_t board_event_post(struct board *board, struct hr_event *event);

#endif
