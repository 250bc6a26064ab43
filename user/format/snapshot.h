/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * One look at the whole board, and the rows that a table shows of it. Zero-initialise, load as
 * often as you like (the memory is used again), done once.
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
	char name[ROW_NAME];        /* what a person calls it; clean UTF-8, never empty */
	bool name_is_path;          /* its end says more than its beginning */
};

struct row_filter {
	bool all;         /* empty and gone ones, pods and sandboxes too */
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
	int health;       /* 0 or -ESTALE */
	uint64_t age_ns;  /* of the last heartbeat, where health is not 0 */
	uint64_t time_ns; /* wall time of what is shown */
	struct hr_slot *slots;
	size_t n_slots, slots_space;
	struct row *rows;
	size_t n_rows, rows_space;
	struct tally tally; /* of all that stands on the board, whatever the filter */
	uint64_t oom_kills; /* as the host counted; where that is not known, as the slots did */
};

/* 0, -ENOMEM, -EAGAIN (the guard was writing the host record for all retries: the former
 * picture stays). */
int snapshot_load(struct snapshot *s, struct hr_reader *reader);
/* All but the slots, for who looks at those one by one (ten thousand are 40 MB): n_slots and tally stay as they are. As
 * snapshot_load(). */
int snapshot_head(struct snapshot *s, struct hr_reader *reader);
void snapshot_done(struct snapshot *s);

/* A row of its own, whatever is listed. */
void row_make(struct row *row, const struct hr_slot *slot);

/* Fills rows with what the filter lets through. 0 or -ENOMEM. */
int snapshot_select(struct snapshot *s, const struct row_filter *filter);

/* Whether a filter lets it through; NULL and "" do. */
bool row_matches(const struct row *row, const char *part);
/* By its cgroup's id; NULL: it is not on the board. */
const struct hr_slot *snapshot_slot(const struct snapshot *s, uint64_t cgroup_id);

/* One line on a guard that is silent or has stopped; "" if all is well. */
const char *snapshot_warning(const struct snapshot *s, char *text, size_t bytes);
/* What to do about it. */
const char *snapshot_remedy(const struct snapshot *s);

/* Headroom as a share of the limit that binds, 0-1; NAN where not known or the container is
 * gone. */
double slot_headroom_share(const struct hr_slot *slot);
bool slot_gone(const struct hr_slot *slot);
/* Whether a listing shows it that was not asked for all. */
bool slot_listed(const struct hr_slot *slot);

#endif
