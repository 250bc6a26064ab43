// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Which container a cgroup is: asks the resolver, retries what is incomplete, and writes the answer into the slot. With the
 * name comes the workload, and with that the counters of its earlier cgroups. Copies text, never parses it.
 */
#include "containers.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "events.h"

#define ANSWER_LATE_NS (2 * NS_PER_SEC)  /* the resolver died or hangs: ask again */
#define ASK_AGAIN_NS   (100 * NS_PER_MS) /* state files do not exist yet; doubles */
#define ASK_AGAIN_MOST 7
#define WISH_NS        (5 * NS_PER_SEC)
#define WISH_SHARE     64 /* of the host's memory: at most so many cgroups are asked for again */
#define LATE_MOST      5  /* doublings of the wait for one that gets no answer */

/* The texts of a slot beside its identity; NULL: none. */
struct slot_texts {
	const char *path; /* if the identity has none */
	const char *binding, *labels, *next_policy;
};

/* Writes all text of a slot anew, so that it never fills up with earlier text. The identity and the rest may be in the
 * slot itself. */
static void slot_text(struct board *board, struct hr_slot *slot, const void *from,
		      size_t from_bytes, const struct hr_identity *id, struct slot_texts rest)
{
	size_t bytes = board_slot_bytes(board);
	struct hr_slot old;
	const void *base = from == slot ? &old : from;
	const struct hr_identity *source = from == slot ? &old.id : id;
	const char **const all[] = {&rest.path, &rest.binding, &rest.labels, &rest.next_policy};
	struct board_text text;
	bool cut;

	memcpy(&old, slot, bytes);
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (*all[i] >= (const char *)slot && *all[i] < (const char *)slot + bytes)
			*all[i] = (const char *)&old + (*all[i] - (const char *)slot);
	board_text_init(&text, slot, offsetof(struct hr_slot, text), bytes);
	board_text_identity(&text, base, from_bytes, source, &slot->id);
	if (!slot->id.cgroup.at)
		slot->id.cgroup = board_text_add(&text, rest.path, true);
	slot->binding.cgroup = board_text_add(&text, rest.binding, true);
	slot->next_policy = board_text_add(&text, rest.next_policy, false);
	cut = text.cut;
	slot->labels = board_text_add(&text, rest.labels, false);
	if (text.cut && !cut)
		slot->labels.at =
			0; /* half a label would match a selector that the whole one does not */
	slot->text_used = text.used;
	/* What was cut before is not whole again by being copied. */
	if (from != slot)
		slot->flags &= ~HR_SLOT_CUT;
	if (text.cut) {
		slot->flags |= HR_SLOT_CUT;
		board_text_cut(board);
	}
}

static struct slot_texts texts_of(const struct hr_slot *slot)
{
	return (struct slot_texts){
		.binding = board_text_at(slot, slot->binding.cgroup),
		.labels = board_text_at(slot, slot->labels),
		.next_policy = board_text_at(slot, slot->next_policy),
	};
}

void slot_set_binding_path(struct board *board, struct hr_slot *at, const char *path)
{
	struct slot_texts texts = texts_of(at);

	texts.binding = path;
	slot_text(board, at, at, board_slot_bytes(board), NULL, texts);
}

void slot_set_next_policy(struct board *board, struct hr_slot *at, const char *policy)
{
	struct slot_texts texts = texts_of(at);

	texts.next_policy = policy;
	slot_text(board, at, at, board_slot_bytes(board), NULL, texts);
}

void slot_set_path(struct board *board, struct hr_slot *at, const char *path)
{
	slot_text(board, at, at, board_slot_bytes(board), NULL, (struct slot_texts){.path = path});
}

bool slot_has_name(const struct hr_slot *slot)
{
	return slot->id.kind == HR_KIND_CONTAINER || slot->id.kind == HR_KIND_UNIT;
}

const char *slot_whole_path(const struct hr_slot *slot)
{
	return (slot->flags & HR_SLOT_CUT ? NULL : board_text_at(slot, slot->id.cgroup)) ?: "";
}

/* The workload is known: counts on from its earlier cgroups. */
static void carry_counters(struct containers *containers, struct track *track, uint64_t workload)
{
	struct ledger_entry *entry = ledger_entry(&containers->tracks, workload, clock_mono_ns());
	const struct track *before = tracks_get(&containers->tracks, entry->memcg_id);
	/* If the earlier cgroup still runs, this is a second instance and no restart. */
	bool restarted = entry->memcg_id && (!before || before->gone_ns);
	struct hr_slot *at;

	if (track->carried)
		return;
	track->carried = 1;
	if (restarted && before)
		forecast_carry_over(&track->forecast, &before->forecast);
	track->ledger_kills = entry->oom_kills;
	track->ledger_restarts = entry->restarts + restarted;
	entry->memcg_id = track->memcg_id;
	entry->restarts = track->ledger_restarts;
	at = board_slot_begin(containers->board, track->slot);
	at->restarts = track->ledger_restarts;
	board_slot_end(containers->board, track->slot);
	containers_count_kills(containers, track);
	if (restarted) {
		events_container(containers->board, track->slot, HR_CONTAINER_RESTARTED);
		containers->ops->restarted(track, workload, containers->ops_arg);
	}
}

/* Renamed while it runs: the name's counters go on from those of this cgroup, as they do after a restart. */
static void move_counters(struct containers *containers, struct track *track, uint64_t workload)
{
	struct ledger_entry *entry = ledger_entry(&containers->tracks, workload, clock_mono_ns());

	entry->memcg_id = track->memcg_id;
	entry->oom_kills = track->ledger_kills + track->kills_entered;
	entry->restarts = track->ledger_restarts;
}

static void write_identity(struct containers *containers, const struct track *track,
			   const struct resolve_answer *answer)
{
	const struct hr_slot *seen = board_slot(containers->board, track->slot);
	const char *path = board_text_at(seen, seen->id.cgroup);
	char path_copy[RECORD_PATH] = "";
	struct slot_texts texts;
	struct hr_slot *at;

	if (path)
		strncpy(path_copy, path, sizeof(path_copy) - 1);
	at = board_slot_begin(containers->board, track->slot);
	texts = texts_of(at);
	texts.path = path_copy;
	texts.labels = board_text_at(answer, answer->labels);
	slot_text(containers->board, at, answer, sizeof(*answer), &answer->id, texts);
	board_slot_end(containers->board, track->slot);
}

static void copy_text(const struct hr_slot *slot, struct hr_str s, char *to, size_t bytes)
{
	const char *text = board_text_at(slot, s);

	to[0] = to[bytes - 1] = '\0';
	if (text)
		strncpy(to, text, bytes - 1);
}

/* Writes what is news, and posts what has changed of a container that is known already. */
static void update_identity(struct containers *containers, struct track *track,
			    const struct resolve_answer *answer)
{
	const struct hr_slot *seen = board_slot(containers->board, track->slot);
	static char name[HR_SLOT_TEXT], labels[HR_SLOT_TEXT],
		now[HR_SLOT_TEXT];            /* the loop's alone */
	bool cut = seen->flags & HR_SLOT_CUT; /* what was not whole has not changed */
	uint64_t workload = seen->id.workload;

	/* Its file can't be read at the moment, or is gone: what it said stays, protection first of all. */
	if ((track->named && !answer->named) || (answer->wait_ms && seen->id.workload))
		return;
	copy_text(seen, seen->id.name, name, sizeof(name));
	copy_text(seen, seen->labels, labels, sizeof(labels));
	write_identity(containers, track, answer);
	if (!track->named || !track->emitted || seen->id.kind != HR_KIND_CONTAINER) {
		track->named = answer->named != 0;
		return;
	}
	copy_text(seen, seen->id.name, now, sizeof(now));
	if (!cut && strcmp(name, now))
		events_renamed(containers->board, track->slot, name);
	copy_text(seen, seen->labels, now, sizeof(now));
	if (!cut && strcmp(labels, now))
		events_container(containers->board, track->slot, HR_CONTAINER_RELABELED);
	if (track->carried && seen->id.workload != workload)
		move_counters(containers, track, seen->id.workload);
}

struct track *containers_identify(struct containers *containers,
				  const struct resolve_answer *answer)
{
	struct track *track = tracks_get(&containers->tracks, answer->cgroup_id);
	const struct hr_slot *seen;

	if (!track)
		return NULL;
	if (track->changed) {
		track->changed = track->asked = 0;
		track->resolve = RESOLVE_WANTED;
		track->ask_ns = 0;
	} else if (answer->wait_ms) { /* no try: its owner has to wait for its turn */
		track->resolve = RESOLVE_WANTED;
		track->ask_ns = clock_mono_ns() + answer->wait_ms * NS_PER_MS;
	} else if (answer->complete || track->asked >= ASK_AGAIN_MOST) {
		track->resolve = RESOLVE_DONE;
	} else {
		track->resolve = RESOLVE_WANTED;
		track->ask_ns = clock_mono_ns() + (ASK_AGAIN_NS << track->asked);
		track->asked++;
	}
	update_identity(containers, track, answer);
	if (track->resolve != RESOLVE_DONE)
		return track;
	seen = board_slot(containers->board, track->slot);
	if (seen->id.kind == HR_KIND_CONTAINER && !track->emitted) {
		track->emitted = 1;
		events_container(containers->board, track->slot, HR_CONTAINER_IDENTIFIED);
	}
	if (seen->id.workload && slot_has_name(seen))
		carry_counters(containers, track, seen->id.workload);
	return track;
}

void containers_ask(struct containers *containers, struct track *track)
{
	const struct hr_slot *seen = board_slot(containers->board, track->slot);

	if (track->resolve != RESOLVE_WANTED ||
	    !resolver_ask_cgroup(containers->resolver, track->memcg_id, slot_whole_path(seen),
				 track->asked))
		return;
	track->resolve = RESOLVE_ASKED;
	track->ask_ns = containers->resolver->asked_ns;
}

/* The resolver may have died of the question, maybe each time: it must not keep the resolver from the others. */
static void unanswered(struct track *track, uint64_t now_ns)
{
	track->resolve = RESOLVE_WANTED;
	track->ask_ns = now_ns + (ANSWER_LATE_NS << track->late) - ANSWER_LATE_NS;
	if (track->late < LATE_MOST)
		track->late++;
}

static void ask_anew(struct track *track)
{
	track->resolve = RESOLVE_WANTED;
	track->asked = 0;
	track->ask_ns = 0;
}

/* A user may set its wish (HR_CHOSEN_WISH) at any time. It matters of what is large enough to be chosen. */
static bool wish_due(const struct containers *containers, const struct track *track,
		     uint64_t now_ns)
{
	const struct hr_slot *slot = board_slot(containers->board, track->slot);
	uint64_t total = board_host(containers->board)->mem_total;

	return track->resolve == RESOLVE_DONE && slot->id.chosen &&
	       now_ns - track->ask_ns > WISH_NS && slot->memory.usage != HR_UNKNOWN &&
	       total != HR_UNKNOWN && slot->memory.usage > total / WISH_SHARE;
}

void containers_ask_due(struct containers *containers, uint64_t now_ns)
{
	uint32_t capacity = containers->tracks.capacity, n = 0;

	resolver_expire(containers->resolver, now_ns, ANSWER_LATE_NS);
	for (; n < capacity && resolver_has_room(containers->resolver); n++) {
		struct track *track = &containers->tracks.track[containers->ask_hand++ % capacity];

		if (!track->memcg_id || track->gone_ns)
			continue;
		if (track->resolve == RESOLVE_ASKED && now_ns - track->ask_ns > 2 * ANSWER_LATE_NS)
			unanswered(track, now_ns);
		if (wish_due(containers, track, now_ns))
			ask_anew(track);
		if (track->ask_ns <= now_ns)
			containers_ask(containers, track);
	}
	containers->asks_left = n < capacity;
}

/* Once half of the questions are answered: a search goes through all tracks. */
void containers_ask_more(struct containers *containers)
{
	if (containers->asks_left && resolver_has_half(containers->resolver))
		containers_ask_due(containers, clock_mono_ns());
}

void containers_ask_all(struct containers *containers)
{
	for (uint32_t slot = 0; slot < containers->tracks.capacity; slot++) {
		struct track *track = &containers->tracks.track[slot];
		const struct hr_slot *seen = board_slot(containers->board, slot);

		/* The last one may have died with this question: at once the first time, then ever later. */
		if (track->memcg_id && !track->gone_ns && track->resolve == RESOLVE_ASKED)
			unanswered(track, clock_mono_ns());
		if (track->memcg_id && !track->gone_ns && track->resolve == RESOLVE_DONE &&
		    (seen->id.kind == HR_KIND_CONTAINER || seen->id.container_id.at))
			ask_anew(track);
	}
}

void containers_ask_cut(struct containers *containers)
{
	for (uint32_t slot = 0; slot < containers->tracks.capacity; slot++) {
		struct track *track = &containers->tracks.track[slot];

		if (!track->memcg_id || track->gone_ns ||
		    !(board_slot(containers->board, slot)->flags & HR_SLOT_CUT))
			continue;
		board_slot_begin(containers->board, slot)->binding.cgroup.at = 0;
		board_slot_end(containers->board, slot); /* the next sweep writes it */
		if (track->resolve == RESOLVE_DONE)
			ask_anew(track);
	}
}

void containers_changed(struct containers *containers, uint64_t memcg_id)
{
	struct track *track = tracks_get(&containers->tracks, memcg_id);

	if (!track || track->gone_ns)
		return;
	if (track->resolve == RESOLVE_ASKED) {
		track->changed = 1; /* the answer under way may be of before */
		return;
	}
	ask_anew(track);
	containers_ask(containers, track);
	containers->asks_left |= track->resolve == RESOLVE_WANTED;
}

bool containers_ask_again(struct containers *containers, struct track *track)
{
	if (!track->named)
		return false;
	if (track->resolve != RESOLVE_ASKED) {
		ask_anew(track);
		containers_ask(containers, track);
	}
	return track->resolve == RESOLVE_ASKED;
}
