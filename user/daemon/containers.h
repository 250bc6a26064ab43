/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The cgroups on the board: one slot and one struct track each, from the first sight of a cgroup to its tombstone; their
 * identity, as the resolver finds it; the counters that a workload keeps from one cgroup to the next; and the score of all
 * forecasts. Figures come from sampling. What other parts have to do when a cgroup ends or restarts they do in the ops.
 * Everything is allocated by containers_init(). Caller: the loop.
 */
#ifndef HEADROOM_DAEMON_CONTAINERS_H
#define HEADROOM_DAEMON_CONTAINERS_H

#include "board/board.h"
#include "collect/trigger.h"
#include "forecast_score.h"
#include "kills_below.h"
#include "resolver_client.h"
#include "track_table.h"

#define LEVELS_MOST \
	(TRIGGER_LEVELS + TRIGGER_DEPTH) /* a cgroup this deep is still followed upwards */

#define REMOVED_MAX 256 /* cgroups removed lately: a sweep under way may still report them */

struct containers_ops {
	/* The cgroup is gone; its slot is still as it was. */
	void (*ended)(struct track *track, void *arg);
	/* Its workload ran in a cgroup before, which is gone. */
	void (*restarted)(const struct track *track, uint64_t workload, void *arg);
};

struct containers {
	struct board *board;
	struct resolver_client *resolver;
	const char *scope; /* path of the cgroup below which everything is in scope; "": all */
	const struct containers_ops *ops;
	void *ops_arg;
	struct tracks tracks;
	struct hr_score score; /* the host record has a copy */
	struct score_watch host_score;
	struct shared_limit host_shared;
	uint64_t removed[REMOVED_MAX]; /* memcg ids */
	uint32_t n_removed;            /* ever */
	uint64_t without_slot;         /* cgroups that found no free slot */
	bool texts_stay_cut;           /* there was no memory for larger slots (widen_slots.c) */
	uint64_t
		kills_extra; /* of the OOM-killed processes that the kernel counts: beyond one an incident */
	bool kills_settled; /* nothing has changed since kills_below_check() found all OOM kills accounted for */
	uint64_t unannounced;  /* cgroups that a sweep found and no record had reported */
	uint64_t sweep_number; /* of the last published sweep */
	uint32_t ask_hand;     /* where the search for unresolved cgroups continues */
	bool asks_left;        /* the resolver was busy before all had been asked */
};

/* Space for as many cgroups as the board has slots. 0 or -ENOMEM. `scope` must outlive it. */
int containers_init(struct containers *containers, struct board *board,
		    struct resolver_client *resolver, const char *scope,
		    const struct containers_ops *ops, void *ops_arg);
void containers_done(struct containers *containers);
bool containers_in_scope(const struct containers *containers, const char *path);

/* The slots of a board that the previous daemon wrote become tracks again. */
void containers_adopt(struct containers *containers);
/* A new cgroup. path NULL: not known, and made before the daemon saw it; "": made now, but not known either. NULL when
 * the board is full. */
struct track *containers_add(struct containers *containers, uint64_t memcg_id, uint64_t parent_id,
			     const char *path);
/* The cgroup of a sweep's row, added if it is new; NULL: it is gone, or there is no slot. */
struct track *containers_of_row(struct containers *containers, uint64_t memcg_id,
				uint64_t parent_id);
/* A process runs in it, which the last sweep has not seen; false: it has. */
bool containers_populated(struct containers *containers, struct track *track);
/* The kernel removed it: its last counters, then containers_end(). */
void containers_removed(struct containers *containers, const struct record_cgroup *gone);
/* The cgroup is gone: a tombstone, or nothing if there is nothing to remember. */
void containers_end(struct containers *containers, struct track *track);
/* Old tombstones are removed. */
void containers_expire(struct containers *containers, uint64_t now_ns);

/* What is in this slot, if it is still this cgroup; else NULL. */
struct track *containers_at(const struct containers *containers, uint32_t slot, uint64_t memcg_id);
/* The container (else unit, else itself) that this memcg belongs to; NULL if unknown. */
struct track *containers_subject(struct containers *containers, uint64_t memcg_id);
/* Does it belong to a container? */
bool containers_contained(struct containers *containers, uint64_t memcg_id);
/* Monotonic time as hr_point.t_centis. The wall clock may jump; a history must not. */
uint32_t containers_centis(const struct containers *containers, uint64_t now_ns);

/* container_kills.c */
/* Puts the OOM kill counters of a cgroup on the board after they changed. */
void containers_count_kills(struct containers *containers, struct track *track);
/* What memory.events.local and memory.oom.group of the cgroup say now. kills RECORD_UNKNOWN: nothing. */
void containers_read_kills(struct containers *containers, struct track *track, uint64_t kills,
			   uint64_t groups, bool group);

/* An action was taken: the forecasts of this cgroup, of those above it and of the host can't be judged by what follows. */
void containers_acted(struct containers *containers, struct track *track);
/* The stall maps start at zero (a larger collector): what the board has is added from now on. */
void containers_rebase_stalls(struct containers *containers);

/* container_identity.c */
/* Asks the resolver which container this is, if that is still to be asked and the socket has room. */
void containers_ask(struct containers *containers, struct track *track);
/* Every tick: asks for those that are due. */
void containers_ask_due(struct containers *containers, uint64_t now_ns);
/* After answers: continues a search that the full socket stopped. */
void containers_ask_more(struct containers *containers);
/* A new resolver runs: asks for all containers, and what is in them, again, a few at a time. */
void containers_ask_all(struct containers *containers);
/* The slots are larger now: asks again for those with a text that was cut. */
void containers_ask_cut(struct containers *containers);
/* Asks again for one that a state file names. False: there is nothing to ask, or the resolver is busy. */
bool containers_ask_again(struct containers *containers, struct track *track);
/* A state file of this cgroup changed: asks again. */
void containers_changed(struct containers *containers, uint64_t memcg_id);
/* An answer: its cgroup, or NULL if that is gone. */
struct track *containers_identify(struct containers *containers,
				  const struct resolve_answer *answer);
/* The path of the cgroup that has the binding limit, within board_slot_begin() and board_slot_end(). The slot's text is written
 * anew, so that it never fills up with earlier paths. */
void slot_set_binding_path(struct board *board, struct hr_slot *at, const char *path);
/* The same for the policy of the next action; NULL: none. */
void slot_set_next_policy(struct board *board, struct hr_slot *at, const char *policy);
/* The same for the path of the cgroup itself. */
void slot_set_path(struct board *board, struct hr_slot *at, const char *path);
/* Has it a name that a restart keeps? */
bool slot_has_name(const struct hr_slot *slot);
/* "" where the path is not known, or not all of it. */
const char *slot_whole_path(const struct hr_slot *slot);

#endif
