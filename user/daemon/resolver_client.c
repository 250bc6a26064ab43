// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The guard's end of the wire to the resolver. Copies text, never looks into it. */
#include "resolver_client.h"

#include <string.h>
#include <sys/socket.h>

#include "policy_driver_state.h"
#include "base/clock.h"
#include "oom_events.h"
#include "slot_lifecycle.h"

#define ASKED_MAX      48 /* questions on the wire at once … */
#define ASKED_CGROUPS  32 /* … of which so many about cgroups: an OOM kill finds room */
#define ANSWER_LATE_NS (2 * NS_PER_SEC)  /* the resolver died or hangs: ask again */
#define ASK_AGAIN_NS   (100 * NS_PER_MS) /* state files are not there yet; doubles */
#define ASK_AGAIN_MOST 7
#define LATE_MOST      5 /* doublings of the wait of one that gets no answer */

static bool send_question(struct daemon *daemon, const struct resolve_question *question)
{
	unsigned int most = question->ask == RESOLVE_PROCESS ? ASKED_MAX : ASKED_CGROUPS;

	if (daemon->resolver_fd < 0 || daemon->asked_out >= most)
		return false;
	if (send(daemon->resolver_fd, question, sizeof(*question), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return false;
	daemon->asked_out++;
	daemon->asked_ns = clock_mono_ns();
	return true;
}

/* "" where it is not known, or not all of it: the resolver finds it by its id. */
static const char *whole_path(const struct hr_slot *slot)
{
	return slot->id.cgroup.at && !(slot->flags & HR_SLOT_CUT)
		       ? (const char *)slot + slot->id.cgroup.at
		       : "";
}

void link_ask(struct daemon *daemon, uint32_t slot)
{
	struct track *track = &daemon->tracks.track[slot];
	const struct hr_slot *from = board_slot(daemon->board, slot);
	struct resolve_question question;
	const char *path = whole_path(from);

	memset(&question, 0, sizeof(question));
	question.ask = *path ? RESOLVE_CGROUP : RESOLVE_FIND;
	question.cgroup_id = track->memcg_id;
	question.tag = track->memcg_id;
	question.again = track->asked;
	strncpy(question.path, path, sizeof(question.path) - 1);
	if (!send_question(daemon, &question))
		return;
	track->resolve = RESOLVE_ASKED;
	track->ask_ns = daemon->asked_ns;
}

/* The resolver died over it, maybe each time: such a question must not keep it from the others. */
static void unanswered(struct track *track, uint64_t now_ns)
{
	track->resolve = RESOLVE_WANTED;
	track->ask_ns = now_ns + (ANSWER_LATE_NS << track->late) - ANSWER_LATE_NS;
	if (track->late < LATE_MOST)
		track->late++;
}

void link_scan(struct daemon *daemon, uint64_t now_ns)
{
	bool lost = daemon->asked_out && now_ns - daemon->asked_ns > ANSWER_LATE_NS;
	uint32_t n = 0;

	if (lost)
		daemon->asked_out = 0;
	for (; n < daemon->tracks.capacity && daemon->asked_out < ASKED_CGROUPS; n++) {
		uint32_t slot = daemon->ask_hand++ % daemon->tracks.capacity;
		struct track *track = &daemon->tracks.track[slot];

		if (!track->memcg_id || track->gone_ns)
			continue;
		if (track->resolve == RESOLVE_ASKED && now_ns - track->ask_ns > 2 * ANSWER_LATE_NS)
			unanswered(track, now_ns);
		if (track->resolve == RESOLVE_WANTED && track->ask_ns <= now_ns)
			link_ask(daemon, slot);
	}
	daemon->asks_left = n < daemon->tracks.capacity;
}

void link_relabel(struct daemon *daemon)
{
	for (uint32_t slot = 0; slot < daemon->tracks.capacity; slot++) {
		struct track *track = &daemon->tracks.track[slot];

		if (!track->memcg_id || track->gone_ns || track->resolve != RESOLVE_DONE ||
		    board_slot(daemon->board, slot)->id.kind != HR_KIND_CONTAINER)
			continue;
		track->resolve = RESOLVE_WANTED;
		track->asked = 0;
		track->ask_ns = 0;
	}
}

bool link_ask_process(struct daemon *daemon, uint64_t tag, const struct record_task *task)
{
	uint32_t slot = tracks_find(&daemon->tracks, task->memcg_id);
	struct resolve_question question;

	memset(&question, 0, sizeof(question));
	question.ask = RESOLVE_PROCESS;
	question.tag = tag;
	question.pid = task->pid;
	question.cgroup_id = task->memcg_id;
	question.start_boottime_ns = task->start_boottime_ns;
	question.args_bytes = task->args_bytes < RECORD_ARGS ? task->args_bytes : RECORD_ARGS;
	memcpy(question.args, task->args, question.args_bytes);
	if (slot != TRACK_NONE)
		strncpy(question.path, whole_path(board_slot(daemon->board, slot)),
			sizeof(question.path) - 1);
	return send_question(daemon, &question);
}

static void on_identity(struct daemon *daemon, const struct resolve_answer *answer)
{
	uint32_t slot = tracks_find(&daemon->tracks, answer->cgroup_id);
	struct track *track;

	if (slot == TRACK_NONE)
		return;
	track = &daemon->tracks.track[slot];
	if (answer->complete || track->asked >= ASK_AGAIN_MOST) {
		track->resolve = RESOLVE_DONE;
	} else {
		track->resolve = RESOLVE_WANTED;
		track->ask_ns = clock_mono_ns() + (ASK_AGAIN_NS << track->asked);
		track->asked++;
	}
	publish_identity(daemon, slot, answer);
	trigger_sync_born(daemon, slot);
}

/* The resolver reads what containers wrote, and may be theirs by now: nothing that it says may lead
 * out of the answer. */
static bool sound(struct resolve_answer *answer)
{
	((char *)answer)[sizeof(*answer) - 1] = '\0';
	answer->comm[sizeof(answer->comm) - 1] = '\0';
	return answer->id.runtime < HR_RUNTIME_COUNT && answer->id.kind < HR_KIND_COUNT &&
	       answer->constraint <= RECORD_CONSTRAINT_UNKNOWN;
}

void link_read(struct daemon *daemon)
{
	static struct resolve_answer answer; /* the loop is one thread */

	while (recv(daemon->resolver_fd, &answer, sizeof(answer), MSG_DONTWAIT) == sizeof(answer)) {
		if (!sound(&answer))
			continue;
		if (answer.ask == RESOLVE_KMSG_OOM) {
			if (daemon->use_kmsg)
				kills_on_kmsg(daemon, &answer);
			continue;
		}
		if (daemon->asked_out)
			daemon->asked_out--;
		daemon->asked_ns = clock_mono_ns();
		if (answer.ask == RESOLVE_PROCESS)
			kills_on_answer(daemon, &answer);
		else
			on_identity(daemon, &answer);
	}
	/* What waited for room on the wire; many at once, since finding them means going through all. */
	if (daemon->asks_left && daemon->asked_out < ASKED_CGROUPS / 2)
		link_scan(daemon, clock_mono_ns());
}
