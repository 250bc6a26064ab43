// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Rungs on their way: from act's order to enforce's worker or the supervisor, and from their answer to the event, to act and
 * to whoever asked. Does no deed itself, and never waits for one.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <headroom/reader.h>

#include "acting_state.h"
#include "base/clock.h"
#include "base/units.h"
#include "control.h"

#define KILL_WATCH_MS	5000			/* how long memory is watched after SIGKILL before the answer */
#define COMMAND_NS	(40 * NS_PER_SEC)	/* the supervisor ends it after 30 s */

bool flight_slot(const struct guard *guard, const struct act_target *target, uint32_t *ret_slot)
{
	if (target->slot >= guard->tracks.capacity ||
	    guard->tracks.track[target->slot].memcg_id != target->memcg_id)
		return false;
	*ret_slot = target->slot;
	return true;
}

static struct flight *free_flight(struct acting *acting)
{
	for (size_t i = 0; i < FLIGHTS; i++)
		if (acting->flight[i].state == FLIGHT_FREE)
			return &acting->flight[i];
	return NULL;
}

/* The names of the passed over that stand in no slot: the list of jobs may be another by the time of the event. */
static void copy_comms(struct acting *acting, struct flight *flight)
{
	const struct act_order *order = &flight->order;

	memset(flight->passed_comm, 0, sizeof(flight->passed_comm));
	for (uint32_t i = 0; i < order->passed_over_count && i < HR_PASSED_OVER; i++)
		for (uint32_t k = 0; k < acting->jobs.n && order->passed_over[i].pid; k++)
			if (acting->jobs.job[k].pid == order->passed_over[i].pid)
				memcpy(flight->passed_comm[i], acting->jobs.job[k].comm,
				       sizeof(flight->passed_comm[i]) - 1);
}

struct flight *flight_new(struct acting *acting, const struct act_order *order)
{
	struct flight *flight = free_flight(acting);

	if (!flight)
		return NULL;
	flight->state = FLIGHT_FRESH;
	flight->tag = ++acting->next_tag;
	flight->order = *order;
	flight->policy[0] = '\0';
	if (order->policy)
		snprintf(flight->policy, sizeof(flight->policy), "%s",
			 policy_text(acting->rules.set, order->policy->name));
	flight->whole = flight->largest = flight->aside = flight->awaited = false;
	flight->not_taken = HR_DEED_DONE;
	flight->signal = 0;
	flight->size = flight->for_ms = HR_UNKNOWN;
	flight->watch_ms = 0;
	flight->by_uid = HR_UNKNOWN_U32;
	flight->client = NO_CLIENT;
	copy_comms(acting, flight);
	return flight;
}

/* Of which limit a share is meant: its own, else its nearest limited ancestor's. */
static uint64_t amount(const struct hr_slot *slot, const struct policy_amount *amount)
{
	uint64_t limit = slot->memory.limit;

	if (amount->bytes != HR_UNKNOWN)
		return amount->bytes;
	if (limit == HR_UNKNOWN && slot->binding.level == HR_LEVEL_ANCESTOR)
		limit = slot->binding.limit;
	if (!amount->milli)
		return slot->memory.usage;	/* a throttle without a size: what it uses now */
	if (limit == HR_UNKNOWN)
		return 0;	/* a share of no limit: enforce/ refuses it */
	return limit / 1000 * amount->milli + limit % 1000 * amount->milli / 1000;
}

/* What exactly enforce is to do. */
static void plan_deed(struct guard *guard, struct flight *flight)
{
	const struct policy_rung *rung = flight->order.rung;
	uint32_t slot;

	if (!rung)
		return;		/* by hand: it says so itself */
	flight->largest = rung->largest;
	flight->signal = rung->signal;
	flight->whole = flight->order.kind == HR_RUNG_KILL && !rung->largest && flight->order.target.slot != HR_UNKNOWN_U32;
	if (flight->order.kind == HR_RUNG_TERM || flight->order.kind == HR_RUNG_THROTTLE)
		flight->for_ms = rung->grace_ms;
	if (flight_slot(guard, &flight->order.target, &slot))
		flight->size = amount(board_slot(guard->board, slot), &rung->amount);
	if (flight->order.kind == HR_RUNG_KILL)
		flight->watch_ms = KILL_WATCH_MS;
}

static void answer_client(struct guard *guard, struct flight *flight, const struct deed *deed)
{
	static const uint32_t status[HR_DEED_COUNT] = {
		[HR_DEED_FAILED] = 1, [HR_DEED_SKIPPED] = 5, [HR_DEED_REFUSED] = 4};
	char text[HR_CONTROL_TEXT], freed[48] = "", bytes[UNITS_TEXT];

	if (flight->client == NO_CLIENT)
		return;
	if (deed->freed != HR_UNKNOWN)
		snprintf(freed, sizeof(freed), ", %s freed", units_bytes(deed->freed, bytes));
	snprintf(text, sizeof(text), "%s: %s%s%s%s", hr_rung_word(flight->order.kind),
		 hr_deed_word(deed->deed), freed, deed->detail && *deed->detail ? "; " : "",
		 deed->detail && *deed->detail ? deed->detail : deed->error ? strerror(deed->error) : "");
	control_answer(guard, flight->client, status[deed->deed], text);
}

void flight_conclude(struct guard *guard, struct flight *flight, const struct deed *deed)
{
	struct acting *acting = guard->acting;
	const struct act_order *order = &flight->order;
	struct dossier *dossier = dossier_of(guard, order->emergency, &order->target);
	struct act_result result = {.emergency = order->emergency, .step = order->step, .deed = deed->deed,
				    .error = deed->error, .freed = deed->freed};
	uint64_t seq = deed_post(guard, flight, deed, dossier);
	uint32_t slot;

	if (dossier) {
		dossier->first_seq = dossier->first_seq ?: seq;
		if (order->kind != HR_RUNG_NOTIFY && order->kind != HR_RUNG_THEN &&
		    (deed->deed == HR_DEED_DONE || deed->deed == HR_DEED_REHEARSED)) {
			dossier->last_seq = seq;
			dossier->deed_ns = deed->ended_ns;
			dossier->fatal |= deed->deed == HR_DEED_DONE && order->kind >= HR_RUNG_TERM;
			dossier->throttled |= deed->deed == HR_DEED_DONE && order->kind == HR_RUNG_THROTTLE;
		}
	}
	if (deed->deed == HR_DEED_DONE && flight_slot(guard, &order->target, &slot)) {
		board_slot_begin(guard->board, slot)->actions++;
		board_slot_end(guard->board, slot);
	}
	answer_client(guard, flight, deed);
	if (dossier && flight->awaited)
		ends_on_answer(guard, dossier);
	flight->state = flight->aside ? FLIGHT_COMMAND : FLIGHT_FREE;
	if (order->emergency)
		act_done(acting->act, acting_world(guard), &result);
}

static void conclude(struct guard *guard, struct flight *flight, enum hr_deed what, int error, const char *detail)
{
	struct deed deed = {.deed = what, .error = error, .signal = 0, .detail = detail,
			    .pid = flight->order.target.pid,
			    .start_boottime_ns = flight->order.target.start_boottime_ns,
			    .ended_ns = clock_mono_ns(), .freed = HR_UNKNOWN};

	if (what == HR_DEED_REHEARSED && flight->order.kind == HR_RUNG_TERM)
		deed.signal = flight->signal;
	memcpy(deed.comm, flight->order.target.comm, sizeof(deed.comm));
	flight_conclude(guard, flight, &deed);
}

/* The whole path, or none: half of it is another cgroup's. */
static bool fill_path(const struct hr_slot *slot, char path[ENFORCE_PATH])
{
	const char *from = slot->id.cgroup.at ? (const char *)slot + slot->id.cgroup.at : NULL;

	if (!from || *from != '/' || strlen(from) >= ENFORCE_PATH)
		return false;
	strcpy(path, from);
	return true;
}

static void submit(struct guard *guard, struct flight *flight)
{
	struct acting *acting = guard->acting;
	const struct act_target *target = &flight->order.target;
	static struct enforce_job job;		/* copied by enforce_submit() */
	uint32_t slot;
	int err;

	job = (struct enforce_job){
		.tag = flight->tag, .rung = flight->order.kind, .memcg_id = target->memcg_id,
		.largest = flight->largest, .signal = flight->signal, .bytes = flight->size,
		.for_ms = flight->for_ms == HR_UNKNOWN ? 0 : flight->for_ms, .deadline_ms = flight->watch_ms,
		.pid = target->pid, .pgid = target->pgid, .start_boottime_ns = target->start_boottime_ns,
		.leader_start_ns = target->leader_start_ns,
	};
	if (target->slot != HR_UNKNOWN_U32 &&
	    (!flight_slot(guard, target, &slot) || guard->tracks.track[slot].gone_ns)) {
		conclude(guard, flight, HR_DEED_SKIPPED, ESRCH, "it is gone");
		return;
	}
	if (target->slot != HR_UNKNOWN_U32 && !fill_path(board_slot(guard->board, slot), job.path)) {
		conclude(guard, flight, HR_DEED_FAILED, ENAMETOOLONG, "the path of its cgroup is not known");
		return;
	}
	err = enforce_submit(acting->enforce, &job);
	if (!err || err == -EAGAIN)
		flight->state = err ? FLIGHT_QUEUED : FLIGHT_OUT;
	else
		conclude(guard, flight, HR_DEED_FAILED, -err, NULL);
}

/* A command goes to the supervisor: the guard itself never forks. */
static void run(struct guard *guard, struct flight *flight, const struct policy_command *command)
{
	static struct guard_message message;
	struct acting *acting = guard->acting;
	struct dossier *dossier = dossier_of(guard, flight->order.emergency, &flight->order.target);
	bool notice = flight->order.kind == HR_RUNG_NOTIFY;
	enum hr_deed deed = HR_DEED_DONE;
	char why[160] = "";

	flight->deadline_ns = clock_mono_ns() + COMMAND_NS;
	if (words_expand(guard, flight, dossier, acting->rules.set, command, &message, why)) {
		deed = HR_DEED_REFUSED;
	} else if (guard->supervisor_fd < 0 ||
		   send(guard->supervisor_fd, &message, guard_message_bytes(&message),
			MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
		deed = HR_DEED_FAILED;
		snprintf(why, sizeof(why), "the supervisor can't be told to run it");
	}
	/* A notice is given by its event; nobody waits for what else it sets off. */
	flight->aside = notice && deed == HR_DEED_DONE;
	if (notice)
		conclude(guard, flight, HR_DEED_DONE, 0, why);
	else if (deed != HR_DEED_DONE)
		conclude(guard, flight, deed, deed == HR_DEED_FAILED ? ENOTCONN : EINVAL, why);
	else
		flight->state = FLIGHT_COMMAND;
}

/* A rung that act has not even ordered: an event among the others, in its place, and nobody waits for an answer. */
static void tell_not_taken(struct guard *guard, struct flight *flight)
{
	const struct act_order *order = &flight->order;
	struct dossier *dossier = dossier_of(guard, order->emergency, &order->target);
	struct deed deed = {.deed = flight->not_taken, .pid = order->target.pid, .ended_ns = order->decided_ns,
			    .start_boottime_ns = order->target.start_boottime_ns, .freed = HR_UNKNOWN,
			    .detail = flight->why != HR_WHY_NONE ? hr_why_word(flight->why)
								 : "nothing there can be reclaimed"};
	uint64_t seq;

	memcpy(deed.comm, order->target.comm, sizeof(deed.comm));
	seq = deed_post(guard, flight, &deed, dossier);
	if (dossier)
		dossier->first_seq = dossier->first_seq ?: seq;
	flight->state = FLIGHT_FREE;
}

static void dispatch(struct guard *guard, struct flight *flight)
{
	const struct act_order *order = &flight->order;
	const struct policy_command *command = order->kind == HR_RUNG_THEN ? &order->policy->then
					       : order->rung ? &order->rung->command : NULL;

	if (flight->not_taken != HR_DEED_DONE) {
		tell_not_taken(guard, flight);
		return;
	}
	plan_deed(guard, flight);
	if (order->mode == MODE_DRY_RUN)
		conclude(guard, flight, HR_DEED_REHEARSED, 0, NULL);
	else if (command && command->n && (order->kind == HR_RUNG_NOTIFY || order->kind == HR_RUNG_THEN))
		run(guard, flight, command);
	else if (order->kind == HR_RUNG_NOTIFY)
		conclude(guard, flight, HR_DEED_DONE, 0, NULL);
	else if (order->target.slot == HR_UNKNOWN_U32 &&
		 (order->kind == HR_RUNG_RECLAIM || order->kind == HR_RUNG_THROTTLE))
		conclude(guard, flight, HR_DEED_SKIPPED, 0, "only a cgroup can be reclaimed or throttled");
	else
		submit(guard, flight);
	/* From here on a reload may take them away. */
	flight->order.policy = NULL;
	flight->order.rung = NULL;
}

static struct flight *oldest_fresh(struct acting *acting)
{
	struct flight *oldest = NULL;

	for (size_t i = 0; i < FLIGHTS; i++)
		if (acting->flight[i].state == FLIGHT_FRESH && (!oldest || acting->flight[i].tag < oldest->tag))
			oldest = &acting->flight[i];
	return oldest;
}

void flights_dispatch(struct guard *guard)
{
	struct acting *acting = guard->acting;
	struct flight *flight;

	/* As they were ordered. An answer to act may bring the next order: until there is none. */
	while (acting->fresh && (flight = oldest_fresh(acting)))
		dispatch(guard, flight);
	acting->fresh = false;
	for (size_t i = 0; i < FLIGHTS; i++)
		if (acting->flight[i].state == FLIGHT_QUEUED)
			submit(guard, &acting->flight[i]);
}

static struct flight *flight_of(struct acting *acting, uint64_t tag, enum flight_state state)
{
	for (size_t i = 0; i < FLIGHTS; i++)
		if (acting->flight[i].tag == tag && acting->flight[i].state == state)
			return &acting->flight[i];
	return NULL;
}

void flight_result(struct guard *guard, const struct enforce_result *result)
{
	struct flight *flight = flight_of(guard->acting, result->tag, FLIGHT_OUT);
	struct deed deed = {.deed = result->deed, .error = result->error, .signal = result->signal,
			    .pid = result->pid, .processes = result->processes,
			    .start_boottime_ns = result->start_boottime_ns, .ended_ns = result->ended_ns,
			    .freed = result->freed, .detail = result->detail};

	if (!flight)
		return;
	if (flight->order.kind == HR_RUNG_TERM)
		deed.freed = HR_UNKNOWN;	/* told as soon as it is sent: what it brings is the outcome's to say */
	memcpy(deed.comm, result->comm, sizeof(deed.comm));
	flight_conclude(guard, flight, &deed);
}

void acting_ran(struct guard *guard, const struct supervisor_message *message)
{
	struct flight *flight = flight_of(guard->acting, message->tag, FLIGHT_COMMAND);
	char line[160], policy[POLICY_NAME];
	bool failed = message->error || message->status;

	if (!flight)
		return;
	if (message->error)
		snprintf(line, sizeof(line), "%.100s: %s", message->text, strerror(message->error));
	else if (WIFSIGNALED(message->status))
		snprintf(line, sizeof(line), "%.100s: ended by signal %d", message->text, WTERMSIG(message->status));
	else
		snprintf(line, sizeof(line), "%.100s: exit status %d", message->text, WEXITSTATUS(message->status));
	memcpy(policy, flight->policy, sizeof(policy));
	if (flight->aside)
		flight->state = FLIGHT_FREE;
	else
		conclude(guard, flight, failed ? HR_DEED_FAILED : HR_DEED_DONE, message->error, line);
	notice_guard(guard, HR_GUARD_COMMAND, failed ? HR_WARNING : HR_INFO, message->took_ms,
		     "for policy %.90s, in %llu ms: %s", policy, (unsigned long long)message->took_ms, line);
	acting_settle(guard);
}

void flights_expire(struct guard *guard, uint64_t now_ns)
{
	struct acting *acting = guard->acting;

	for (size_t i = 0; i < FLIGHTS; i++) {
		struct flight *flight = &acting->flight[i];

		if (flight->state != FLIGHT_COMMAND || now_ns < flight->deadline_ns)
			continue;
		if (flight->aside)
			flight->state = FLIGHT_FREE;
		else
			conclude(guard, flight, HR_DEED_FAILED, ETIMEDOUT,
				 "the supervisor did not say how it ended");
	}
}
