// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "shared_limits.h"

#include "base/clock.h"

#define PASSES 4 /* each finds at least one more that claims, usually all */
#define HOST_MOST \
	(1ull << 50) /* bytes; any that is more than a host has, for only differences count */
#define STAYS 0.8    /* one that claims goes on while this share of the growth would do */

/* Growth is averaged over some seconds; where nothing grows that fast, over minutes: leaks. One that has stopped is forgotten in `falls`
 * seconds: what a container took when it started is no growth. Less than `least` bytes per second is noise. */
static const struct {
	double seconds, falls, least;
} paces[SHARED_PACES] = {{4, 1, 32768}, {600, 600, 256}};

static void follow_pace(struct shared_limit *shared, uint64_t used, uint64_t now_ns)
{
	double dt = (double)(now_ns - shared->at_ns) / NS_PER_SEC, pace;

	if (shared->at_ns && now_ns > shared->at_ns && used != HR_UNKNOWN &&
	    shared->used != HR_UNKNOWN) {
		pace = ((double)used - (double)shared->used) / dt;
		for (size_t k = 0; k < SHARED_PACES; k++) {
			bool falls = pace < shared->pace[k];

			shared->pace[k] += (pace - shared->pace[k]) * dt /
					   ((falls ? paces[k].falls : paces[k].seconds) + dt);
		}
	}
	shared->used = used;
	shared->at_ns = now_ns;
}

static double pace_of(const struct shared_limit *shared, size_t k)
{
	return shared->pace[k] > paces[k].least ? shared->pace[k] : 0;
}

/* Its pace, by which those below the same limit are compared: of seconds, if any of them grows that fast. */
static double pace_below(const struct shared_limit *shared, const struct shared_limit *above)
{
	return pace_of(shared, above->fast ? 0 : 1);
}

static struct track *track_of(struct containers *containers, const struct worker_job *job, size_t i)
{
	return job->track[i] == TRACK_NONE ? NULL : &containers->tracks.track[job->track[i]];
}

/* The row of the nearest limit above it that can be reached; below 0: the host. */
static int row_above(const struct worker_job *job, size_t i)
{
	int above = job->parent[i];

	while (above >= 0 && job->accounts[above].level != HR_LEVEL_OWN)
		above = job->parent[above];
	return above;
}

/* The track of a row and of that limit (the host: none). False: not on the board. */
static bool find_pair(struct containers *containers, const struct worker_job *job, size_t i,
		      struct track **ret_track, struct track **ret_above)
{
	int above = row_above(job, i);

	*ret_track = track_of(containers, job, i);
	*ret_above = above < 0 ? NULL : track_of(containers, job, (size_t)above);
	return *ret_track && (above < 0 || *ret_above);
}

static struct shared_limit *limit_of(struct containers *containers, struct track *above)
{
	return above ? &above->shared : &containers->host_shared;
}

/* Its growth is its own, or that of cgroups below its own limit. */
static bool grows_itself(const struct worker_job *job, size_t i)
{
	return job->accounts[i].level == HR_LEVEL_OWN || job->rows[i].flags & SAMPLE_HAS_TASKS;
}

static void begin_one(struct shared_limit *shared, uint64_t used, uint64_t headroom,
		      uint64_t now_ns)
{
	follow_pace(shared, used, now_ns);
	shared->claimed_first = shared->claims_first;
	shared->claims_first = shared->fast = false;
	shared->left = headroom == HR_UNKNOWN ? 0 : (double)headroom;
	shared->below = 0;
	shared->claimed = shared->claims = 0;
}

/* Returns how many rows grow: job->moving has them, and only these are looked at again. */
static size_t begin(struct containers *containers, const struct worker_job *job)
{
	const struct hr_host *host = board_host(containers->board);
	uint64_t used = host->headroom < HOST_MOST ? HOST_MOST - host->headroom : HR_UNKNOWN;
	struct track *track, *above;
	size_t n = 0;

	begin_one(&containers->host_shared, used, host->headroom, job->begun_ns);
	for (size_t i = 0; i < job->n_rows; i++) {
		const struct account *account = &job->accounts[i];
		uint64_t swap = job->rows[i].swap == RECORD_UNKNOWN ? 0 : job->rows[i].swap;

		track = track_of(containers, job, i);
		if (!track)
			continue;
		used = account->unreclaimable;
		begin_one(&track->shared, used == HR_UNKNOWN ? used : used + swap,
			  account->headroom, job->begun_ns);
		track->shared.shared_id = account->shared_id;
		track->shared.subject_id = 0;
		if (pace_of(&track->shared, 0) > 0 || pace_of(&track->shared, 1) > 0)
			job->moving[n++] = (uint32_t)i;
	}
	for (size_t k = 0; k < n; k++)
		if (grows_itself(job, job->moving[k]) &&
		    find_pair(containers, job, job->moving[k], &track, &above))
			limit_of(containers, above)->fast |= pace_of(&track->shared, 0) > 0;
	for (size_t k = 0; k < n; k++)
		if (grows_itself(job, job->moving[k]) &&
		    find_pair(containers, job, job->moving[k], &track, &above)) {
			struct shared_limit *limit = limit_of(containers, above);

			limit->below += pace_below(&track->shared, limit);
		}
	return n;
}

/* Of the host there is more that grows than cgroups. */
static void begin_host(struct shared_limit *host)
{
	double pace = pace_below(host, host);

	if (pace > host->below)
		host->below = pace;
}

static bool comes_first(const struct shared_limit *shared, const struct shared_limit *above,
			uint64_t headroom)
{
	double pace = pace_below(shared, above) / (shared->claimed_first ? STAYS : 1);

	return (double)headroom < above->left && pace > 0 &&
	       (double)headroom * above->below < pace * above->left;
}

/* Returns whether any was added. */
static bool claim(struct containers *containers, const struct worker_job *job, size_t n)
{
	struct track *track, *above;
	bool any = false;

	for (size_t k = 0; k < n; k++) {
		size_t i = job->moving[k];
		uint64_t headroom = job->accounts[i].headroom;
		struct shared_limit *limit;

		if (job->accounts[i].level != HR_LEVEL_OWN ||
		    !find_pair(containers, job, i, &track, &above) || track->shared.claims_first)
			continue;
		limit = limit_of(containers, above);
		if ((above && job->accounts[i].shared_id) ||
		    !comes_first(&track->shared, limit, headroom))
			continue;
		track->shared.claims_first = any = true;
		limit->below -= pace_below(&track->shared, limit);
		limit->left -= (double)headroom;
		limit->claimed += headroom;
		limit->claims += (uint32_t)track->memcg_id * 2654435761u | 1;
	}
	return any;
}

/* Whether the alarm of the limit above may be raised by this cgroup. */
static bool may_raise(const struct containers *containers, const struct track *track,
		      const struct track *above)
{
	const struct hr_slot *at = board_slot(containers->board, track->slot);

	if (!above || track->shared.claims_first || track->gone_ns)
		return false;
	return track->shared.shared_id == above->memcg_id ||
	       (at->id.kind == HR_KIND_CONTAINER &&
		board_slot(containers->board, above->slot)->id.kind == HR_KIND_POD);
}

/* The one that has raised an alarm goes on, then the one that grows most, then the largest. */
static bool is_likelier(const struct track *a, const struct track *b)
{
	if (a->own_alarm != b->own_alarm)
		return a->own_alarm > b->own_alarm;
	for (size_t k = 0; k < SHARED_PACES; k++)
		if (pace_of(&a->shared, k) != pace_of(&b->shared, k))
			return pace_of(&a->shared, k) > pace_of(&b->shared, k);
	return a->shared.used != HR_UNKNOWN &&
	       (b->shared.used == HR_UNKNOWN || a->shared.used > b->shared.used);
}

static void choose_subjects(struct containers *containers, const struct worker_job *job)
{
	struct track *track, *above;

	for (size_t i = 0; i < job->n_rows; i++) {
		const struct track *best;

		if (row_above(job, i) < 0 || !find_pair(containers, job, i, &track, &above) ||
		    !may_raise(containers, track, above))
			continue;
		if (board_slot(containers->board, above->slot)->id.kind == HR_KIND_POD)
			above->shared.had_subject = true;
		best = tracks_get(&containers->tracks, above->shared.subject_id);
		if (!best || is_likelier(track, best))
			above->shared.subject_id = track->memcg_id;
	}
}

void shared_limits_update(struct containers *containers, const struct worker_job *job)
{
	size_t moving = begin(containers, job);

	begin_host(&containers->host_shared);
	for (int pass = 0; pass < PASSES && claim(containers, job, moving); pass++)
		;
	choose_subjects(containers, job);
}

const struct track *shared_limits_subject(struct containers *containers, const struct track *track)
{
	const struct track *subject =
		track->shared.subject_id ? tracks_get(&containers->tracks, track->shared.subject_id)
					 : NULL;

	return subject && !subject->gone_ns ? subject : NULL;
}
