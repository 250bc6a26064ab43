/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the acting room's files share: the figures a rule sees, the notes it keeps from sample to sample, the emergencies
 * under way. Everything is reserved by act_init() and act_grow(); nothing here looks at a clock. Private to this room.
 */
#ifndef HEADROOM_ACT_PRIVATE_H
#define HEADROOM_ACT_PRIVATE_H

#include "act.h"

#define NS_PER_MS 1000000ULL
#define NONE32 UINT32_MAX
#define ACT_DEPTH 64 /* cgroups above each other; a damaged board may have circles */

/* ---- figures.c: what a rule can see of one target. The first ones stand at the number of their WHEN_ bit. ---- */
enum figure {
	F_USAGE,
	F_RSS,
	F_HEADROOM,
	F_OOM_IN,
	F_RISK,
	F_LEAK,
	F_GROWTH,
	F_SOME,
	F_FULL,
	F_HOST,
	F_AGE,
	F_TESTS,
	F_LIMIT = F_TESTS,
	F_HOST_TOTAL,
	FIGURES
};

#define NOT_FORESEEN (HR_UNKNOWN - 1) /* F_OOM_IN: there is an outlook, and no end in it */

struct figures {
	uint64_t
		at[FIGURES]; /* HR_UNKNOWN: not known. Growth: bytes an hour, below 0 counts as 0 */
	uint64_t key; /* of notes: the memcg id, or a job's; 0: nobody to look at */
	bool parent; /* there are cgroups below it */
};

/* ---- rule.c ---- */
enum holds { HOLDS_UNKNOWN, HOLDS_NOT, HOLDS };

struct test { /* one condition, ready to be compared */
	uint8_t figure, of; /* of: the figure it is a share of; FIGURES: of none */
	bool below;
	uint32_t milli, calm_milli, calm_ms;
	uint64_t threshold;
};
struct rule {
	uint32_t n;
	struct test test[F_TESTS];
};

void rule_read(const struct policy *policy, struct rule *ret_rule);
enum holds rule_holds(const struct rule *rule, const struct figures *figures);
/* Certainly over: one of its conditions is past its hysteresis. ret_ms (may be NULL): for how long it must stay so. */
void rule_read_host(const struct policy *policy,
		    struct rule *ret_rule); /* only what is about the host */
bool rule_calm(const struct rule *rule, const struct figures *figures, uint32_t *ret_ms);
/* In bytes, for this target; HR_UNKNOWN: not known. */
uint64_t rule_threshold(const struct rule *rule, enum figure figure, const struct figures *figures);

/* The owner's word, as the resolver hands it over among the labels: the xattr user.headroom of the cgroup. */
#define ACT_OWNER_LABEL "user.headroom"
#define ACT_OWNER_PROTECT "protect"

/* ---- match.c: see act.h for act_protected() ---- */
bool match_policy(const struct policy_set *set, const struct policy *policy,
		  const struct hr_slot *slot);
bool match_job(const struct policy_set *set, const struct policy *policy, const struct act_job *job,
	       const struct hr_slot *slot);
/* May this rule take this slot? `parent`: it may have cgroups below. */
enum hr_why match_allowed(const struct policy_set *set, const struct act_world *world,
			  const struct policy *policy, uint32_t slot, bool parent);
/* The same of one that may still be empty. */
enum hr_why match_spared(const struct policy_set *set, const struct act_world *world,
			 const struct policy *policy, uint32_t slot, bool parent);
/* The same of a job. */
enum hr_why match_job_allowed(const struct policy_set *set, const struct act_world *world,
			      const struct policy *policy, uint32_t job);
const struct hr_slot *match_slot(const struct act_world *world, uint32_t slot);

/* ---- notes.c: since when a rule holds for a target, and its cooldown ---- */
struct note {
	uint64_t key, workload;
	uint64_t since_ns; /* holds since; 0: it does not */
	uint64_t until_ns; /* cooldown; 0: none */
	uint32_t seen; /* the round in which it held or was not calm */
	uint32_t next; /* in its bucket, or of the free ones */
	uint16_t policy; /* index */
	uint8_t step; /* during the cooldown: where a relapse of the same target goes on; POLICY_RUNGS: nowhere */
	bool till_calm; /* the cooldown begins when the condition is calm */
};
#define NOTES_HINTS 1024u
struct notes {
	struct note *note;
	uint32_t *bucket;
	uint32_t room, mask, free, used;
	uint32_t cooling
		[NOTES_HINTS]; /* those with a cooldown, by a hash of their workload: 0 means that there is none */
	uint64_t lost;
	uint32_t of_policy[POLICY_MOST]; /* how many */
};

int notes_init(struct notes *notes, uint32_t room);
void notes_done(struct notes *notes);
void notes_clear(struct notes *notes);
struct note *notes_find(struct notes *notes, uint32_t policy, uint64_t key);
struct note *notes_make(struct notes *notes, uint32_t policy,
			uint64_t key); /* NULL: full, counted */
void notes_drop(struct notes *notes, uint32_t policy, uint64_t key);
/* After a round: what did not hold in it forgets since when, and what is of no use any more goes. */
void notes_purge(struct notes *notes, const struct policy_set *set, uint32_t round,
		 uint64_t now_ns);
/* map[old]: the new index, UINT16_MAX: gone. keep[old]: what stays of its notes. */
enum notes_keep { NOTES_NONE, NOTES_COOLDOWN, NOTES_ALL };
void notes_remap(struct notes *notes, const uint16_t *map, const uint8_t *keep);
/* This one has a cooldown from now on. */
void notes_cool(struct notes *notes, struct note *note, uint64_t workload, uint64_t until_ns,
		uint32_t step);
/* A cooldown of this rule for another cgroup of the same workload. */
const struct note *notes_cooling(const struct notes *notes, uint32_t policy, uint64_t workload,
				 uint64_t now_ns);

/* ---- budget.c ---- */
#define BUDGET_MOST 1024u /* a budget larger than this counts as this */
struct budget {
	uint64_t spent_ns[BUDGET_MOST]; /* circular */
	uint64_t n; /* ever */
};
/* When one more may be spent: 0: now; UINT64_MAX: never. */
uint64_t budget_wait(const struct budget *budget, const struct policy_set *set, uint64_t now_ns);
/* How many may be spent now; UINT64_MAX: no limit. */
uint64_t budget_left(const struct budget *budget, const struct policy_set *set, uint64_t now_ns);
void budget_spend(struct budget *budget, uint64_t now_ns);
void budget_refund(struct budget *budget, uint64_t spent_ns); /* nothing came of it */
/* Does this rung end something? */
bool budget_ends(const struct policy_rung *rung);

/* ---- the state ---- */
struct place { /* of a slot */
	uint64_t memcg_id; /* as last seen; 0: free */
	uint64_t hold_off_ns; /* until: the kernel has just killed here */
	uint32_t emergency; /* index + 1; 0: none */
	uint16_t next_policy, told_policy; /* UINT16_MAX: none */
	uint8_t next_rung, told_rung;
};

struct emergency {
	uint32_t number; /* 0: free */
	uint16_t policy;
	uint8_t step; /* the rungs behind it */
	uint8_t ordered; /* the last that was ordered, from 1; 0: none */
	uint8_t hardest; /* enum hr_rung of those ordered, by harshness */
	uint8_t passed;
	uint8_t told; /* enum hr_why: why the next rung was refused */
	enum act_mode mode;
	bool host; /* its rule is about the host's memory */
	bool ending; /* term, kill or reflex was ordered: paid from the budget */
	bool killed, oomed, gone, then_told;
	bool heard; /* somebody was told of it */
	struct act_target target;
	uint64_t key, workload;
	uint64_t paid_ns; /* when, and with which step */
	uint8_t paid_step;
	uint64_t held_ns; /* since when its rule holds */
	uint64_t acted_ns, ordered_ns; /* the first rung that does something; the last rung */
	uint64_t until_ns; /* when the next rung is due */
	uint64_t calm_ns, band_ns; /* since when it is calm; neither calm nor holding; 0 */
	uint64_t gone_ns;
	uint64_t usage_at, over; /* when it began; what had to go */
	uint64_t freed, freed_ms;
	struct hr_evidence evidence; /* when it began */
	struct hr_passed_over passed_over[HR_PASSED_OVER];
	uint32_t passed_slot[HR_PASSED_OVER];
};

struct candidate {
	uint32_t slot, job; /* one of them NONE32 */
	uint64_t size;
	int64_t growth; /* bytes a second, HR_UNKNOWN_I64 */
	uint8_t why; /* enum hr_why it may not be taken */
	uint8_t rank[3]; /* enough, over its request, growth × risk */
};

#define JOB_NOTES 64
struct job_note { /* a job as it was first seen */
	uint64_t key, first_ns, first_rss, seen_ns;
};

struct act {
	struct act_calls calls;
	const struct policy_set *set;
	uint32_t slots;
	struct place *place;
	struct figures *figures; /* of slots, then of jobs */
	struct candidate *candidate; /* room for all of them */
	uint32_t *index; /* memcg id to slot: open addressing */
	uint32_t index_mask;
	struct notes notes;
	struct budget spent, rehearsed;
	struct emergency emergency[ACT_EMERGENCIES];
	struct job_note job_note[JOB_NOTES];
	uint32_t last_number, round, under_way;
	uint64_t now_ns; /* never goes back */
	uint64_t host_hold_off_ns;
	uint64_t turned_away;
	struct { /* room for act_policies() */
		uint16_t bucket[2 * POLICY_MOST], map[POLICY_MOST];
		uint8_t keep[POLICY_MOST]; /* enum notes_keep */
	} reload;
	const struct act_world *world; /* during a call */
	bool busy; /* inside a call: what calls back in is only noted */
};

/* ---- figures.c ---- */
void figures_read(struct act *act); /* of the whole world */
/* Somebody else lives in this slot, or nobody: what was told to be next is taken back. */
void figures_forget(struct act *act, uint32_t slot);
void figures_host(const struct act *act, struct figures *f); /* the host's own */
void figures_read_slot(struct act *act, uint32_t slot);
uint32_t figures_find(const struct act *act, uint64_t memcg_id); /* the slot; NONE32 */
uint64_t figures_job_key(const struct act_job *job);
struct figures *figures_of_job(const struct act *act, uint32_t job);
void evidence_read(const struct act *act, const struct figures *figures,
		   const struct act_target *target, struct hr_evidence *ret_evidence);

/* ---- ladder.c ---- */
enum act_mode ladder_mode(const struct policy_set *set, const struct policy *policy);
/* How harsh a rung is, for comparing; and the harshest of a ladder from a step on. */
unsigned int ladder_harshness(unsigned int rung);
unsigned int ladder_hardest(const struct policy *policy, uint32_t from);
bool ladder_only_tells(const struct policy *policy);
/* The step that would be ordered next from `step` on; POLICY_RUNGS: none. */
uint32_t ladder_next(const struct policy *policy, uint32_t step, bool killed, enum act_mode mode);
uint64_t ladder_patience_ms(const struct policy_rung *rung, enum act_mode mode);
const struct figures *ladder_figures(const struct act *act, const struct emergency *emergency);
void ladder_order(const struct act *act, const struct emergency *emergency, uint32_t step,
		  enum hr_rung kind, struct act_order *ret_order);
void ladder_taken(struct act *act, struct emergency *emergency, uint32_t step);
/* The target has ended. */
void ladder_gone(struct act *act, struct emergency *emergency);
void ladder_answer(struct act *act, struct emergency *emergency, const struct act_result *result);
/* Goes on as far as time and figures allow; the emergency may be over afterwards. */
void ladder_go(struct act *act, struct emergency *emergency);

/* ---- victim.c ---- */
/* The best candidate of a rule about the host's memory. Leaves all of them in act->candidate[0 … *ret_n - 1]. False: nobody
 * may be taken. */
bool victim_choose(struct act *act, uint32_t policy, struct candidate *ret_best, uint32_t *ret_n);
/* Fills passed_over: from the first n candidates; or (n 0) with those whom a rule about containers would also have taken, were
 * they not protected. */
void victim_passed_over(struct act *act, struct emergency *emergency, uint32_t n);

/* ---- emergency.c ---- */
#define HOST_KEY (UINT64_MAX - 1) /* of notes about the host's own condition */
struct emergency *emergency_find(struct act *act, uint32_t number);
struct emergency *emergency_of(struct act *act, uint32_t slot, uint64_t key);
/* A cooldown stands against it. Else *ret_step says where its ladder goes on. */
bool emergency_blocked(struct act *act, uint32_t policy, uint64_t key, uint64_t workload,
		       uint32_t *ret_step);
/* A rule has held for its time: begins one, unless a cooldown, another emergency or want of room forbids it. Of slot and job
 * one is NONE32; n: candidates, see victim_choose(). */
void emergency_begin(struct act *act, uint32_t policy, uint32_t slot, uint32_t job,
		     uint64_t held_ns, uint32_t n);
/* The reflex struck: its emergency, begun now if there was none; another rule's for this target ends. NULL: no room. */
struct emergency *emergency_struck(struct act *act, uint32_t policy, uint32_t slot);
void emergency_finish(struct act *act, struct emergency *emergency, uint32_t averted, bool calm);
/* An emergency about the host is under way that a rule with this first rung must let go on. */
bool emergency_host_busy(struct act *act, uint32_t policy, uint32_t first_step);

static inline const struct policy *act_policy(const struct act *act, uint32_t i)
{
	return policy_at(act->set, i);
}

#endif
