/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A copy of the whole board, and the rows of a table. Zero-initialise, load any number of times (memory is reused), done
 * once.
 *
 *	struct snapshot s = {0};
 *	if (snapshot_load(&s, reader) == 0) {
 *		snapshot_select(&s, &(struct row_filter){0});
 *		rows_sort(s.rows, s.n_rows, column_find("risk"), false);
 *	}
 *	snapshot_done(&s);
 */
#ifndef HEADROOM_FORMAT_SNAPSHOT_H
#define HEADROOM_FORMAT_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <headroom/reader.h>

#define ROW_NAME 256

struct row {
	const struct hr_slot *slot; /* the snapshot's, valid until the next load */
	char name[ROW_NAME];        /* display name; clean UTF-8, never empty */
	bool name_is_path;          /* cut it at its beginning */
};

struct row_filter {
	bool all;         /* include empty and gone ones, pods, sandboxes */
	const char *text; /* a part of a name, image, runtime or cgroup, any case; NULL, "": all */
};

struct tally {
	size_t containers, units, others, gone;
};
void tally_add(struct tally *tally, const struct hr_slot *slot);

struct snapshot {
	struct hr_board_header header;
	struct hr_host host;
	bool recording;
	int health;       /* 0, -ESTALE or -EINPROGRESS: as hr_reader_health() */
	uint64_t age_ns;  /* of the last heartbeat, where health is not 0 */
	uint64_t time_ns; /* wall time of what is shown */
	struct hr_slot *slots;
	size_t n_slots, slots_space;
	struct row *rows;
	size_t n_rows, rows_space;
	struct tally tally; /* of the whole board, whatever the filter */
	uint64_t oom_kills; /* of the host; where unknown, the sum of the slots */
};

/* 0, -ENOMEM, -EAGAIN (the daemon wrote the host record during all retries: unchanged
 * then). */
int snapshot_load(struct snapshot *s, struct hr_reader *reader);
/* All but the slots, for callers that read those one by one (ten thousand are 40 MB): n_slots and tally are unchanged. As
 * snapshot_load(). */
int snapshot_head(struct snapshot *s, struct hr_reader *reader);
void snapshot_done(struct snapshot *s);
/* Reads from this host's cgroups whether the slots are paused, into their HR_SLOT_PAUSED, HR_SLOT_PAUSED_KNOWN: about 20 us each.
 * Only for the board of a running daemon; otherwise, and where a cgroup is not the same here, it stays unknown. */
void snapshot_paused(const struct snapshot *s, struct hr_slot *slots, size_t n);

bool snapshot_is_fleet(const struct snapshot *s); /* a board filled from Prometheus */

/* Of what can be used at all (hr_host_usable()) what is not available: bytes, HR_UNKNOWN; a share, NAN. */
uint64_t host_used(const struct hr_host *host);
double host_used_share(const struct hr_host *host);

/* One row, independent of the list. */
void row_make(struct row *row, const struct hr_slot *slot);

/* Fills rows with the slots that pass the filter. 0 or -ENOMEM. */
int snapshot_select(struct snapshot *s, const struct row_filter *filter);

/* Whether it passes a filter text; NULL and "" match all. */
bool row_matches(const struct row *row, const char *part);
/* By cgroup id; NULL: not on the board. */
const struct hr_slot *snapshot_slot(const struct snapshot *s, uint64_t cgroup_id);

/* One line on a silent or stopped daemon; "" if it runs. */
const char *snapshot_warning(const struct snapshot *s, char *text, size_t bytes);
/* What to do then. */
const char *snapshot_remedy(const struct snapshot *s);

/* Headroom as a share of the effective limit, 0-1; NAN: unknown, or the container is gone. */
double slot_headroom_share(const struct hr_slot *slot);
bool slot_gone(const struct hr_slot *slot);
/* Whether a listing without --all shows it. */
bool slot_listed(const struct hr_slot *slot);

#endif
