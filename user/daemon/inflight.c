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

#include "policy_driver_state.h"
#include "base/clock.h"
#include "base/human_units.h"
#include "control_socket.h"

#define KILL_WATCH_MS 5000 /* how long memory is watched after SIGKILL before the answer */
#define COMMAND_NS    (40 * NS_PER_SEC) /* the supervisor ends it after 30 s */

bool inflight_slot(const struct daemon *daemon, const struct action_target *target,
		   uint32_t *ret_slot)
{
	if (target->slot >= daemon->tracks.capacity ||
	    daemon->tracks.track[target->slot].memcg_id != target->memcg_id)
		return false;
	*ret_slot = target->slot;
	return true;
}

static struct inflight *free_inflight(struct policy_driver *policy_driver)
{
	for (size_t i = 0; i < INFLIGHT_MAX; i++)
		if (policy_driver->inflight[i].state == INFLIGHT_FREE)
			return &policy_driver->inflight[i];
	return NULL;
}

/* The names of the passed over that stand in no slot: the list of jobs may be another by the time of the event. */
static void copy_comms(struct policy_driver *policy_driver, struct inflight *inflight)
{
	const struct action *action = &inflight->action;

	memset(inflight->skipped_comm, 0, sizeof(inflight->skipped_comm));
	for (uint32_t i = 0; i < action->skipped_count && i < HR_SKIPPED; i++)
		for (uint32_t k = 0; k < policy_driver->jobs.n && action->skipped[i].pid; k++)
			if (policy_driver->jobs.job[k].pid == action->skipped[i].pid)
				memcpy(inflight->skipped_comm[i], policy_driver->jobs.job[k].comm,
				       sizeof(inflight->skipped_comm[i]) - 1);
}

struct inflight *inflight_new(struct policy_driver *policy_driver, const struct action *action)
{
	struct inflight *inflight = free_inflight(policy_driver);

	if (!inflight)
		return NULL;
	inflight->state = INFLIGHT_FRESH;
	inflight->tag = ++policy_driver->next_tag;
	inflight->action = *action;
	inflight->policy[0] = '\0';
	if (action->policy)
		snprintf(inflight->policy, sizeof(inflight->policy), "%s",
			 policy_text(policy_driver->rules.set, action->policy->name));
	inflight->whole = inflight->largest = inflight->aside = inflight->awaited = false;
	inflight->not_taken = HR_STATUS_DONE;
	inflight->signal = 0;
	inflight->size = inflight->for_ms = HR_UNKNOWN;
	inflight->watch_ms = 0;
	inflight->by_uid = HR_UNKNOWN_U32;
	inflight->client = NO_CLIENT;
	copy_comms(policy_driver, inflight);
	return inflight;
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
		return slot->memory.usage; /* a throttle without a size: what it uses now */
	if (limit == HR_UNKNOWN)
		return 0; /* a share of no limit: enforce/ refuses it */
	return limit / 1000 * amount->milli + limit % 1000 * amount->milli / 1000;
}

/* What exactly enforce is to do. */
static void plan_action(struct daemon *daemon, struct inflight *inflight)
{
	const struct policy_action *spec = inflight->action.spec;
	uint32_t slot;

	if (!spec)
		return; /* by hand: it says so itself */
	inflight->largest = spec->largest;
	inflight->signal = spec->signal;
	inflight->whole = inflight->action.kind == HR_ACTION_KILL && !spec->largest &&
			  inflight->action.target.slot != HR_UNKNOWN_U32;
	if (inflight->action.kind == HR_ACTION_TERM || inflight->action.kind == HR_ACTION_THROTTLE)
		inflight->for_ms = spec->grace_ms;
	if (inflight_slot(daemon, &inflight->action.target, &slot))
		inflight->size = amount(board_slot(daemon->board, slot), &spec->amount);
	if (inflight->action.kind == HR_ACTION_KILL)
		inflight->watch_ms = KILL_WATCH_MS;
}

static void answer_client(struct daemon *daemon, struct inflight *inflight,
			  const struct action_result *result)
{
	static const uint32_t status[HR_STATUS_COUNT] = {
		[HR_STATUS_FAILED] = 1, [HR_STATUS_SKIPPED] = 5, [HR_STATUS_REFUSED] = 4};
	char text[HR_CONTROL_TEXT], freed[48] = "", bytes[UNITS_TEXT];

	if (inflight->client == NO_CLIENT)
		return;
	if (result->freed != HR_UNKNOWN)
		snprintf(freed, sizeof(freed), ", %s freed", units_bytes(result->freed, bytes));
	snprintf(text, sizeof(text), "%s: %s%s%s%s", hr_action_kind_name(inflight->action.kind),
		 hr_action_status_name(result->status), freed,
		 result->detail && *result->detail ? "; " : "",
		 result->detail && *result->detail ? result->detail
		 : result->error                   ? strerror(result->error)
						   : "");
	control_answer(daemon, inflight->client, status[result->status], text);
}

void inflight_conclude(struct daemon *daemon, struct inflight *inflight,
		       const struct action_result *result)
{
	struct policy_driver *policy_driver = daemon->policy_driver;
	const struct action *action = &inflight->action;
	struct outcome *outcome = outcome_of(daemon, action->escalation, &action->target);
	struct action_answer answer = {.escalation = action->escalation,
				       .step = action->step,
				       .status = result->status,
				       .error = result->error,
				       .freed = result->freed};
	uint64_t seq = action_post(daemon, inflight, result, outcome);
	uint32_t slot;

	if (outcome) {
		outcome->first_seq = outcome->first_seq ?: seq;
		if (action->kind != HR_ACTION_NOTIFY && action->kind != HR_ACTION_ON_EXIT &&
		    (result->status == HR_STATUS_DONE || result->status == HR_STATUS_DRY_RUN)) {
			outcome->last_seq = seq;
			outcome->action_ns = result->ended_ns;
			outcome->fatal |=
				result->status == HR_STATUS_DONE && action->kind >= HR_ACTION_TERM;
			outcome->throttled |= result->status == HR_STATUS_DONE &&
					      action->kind == HR_ACTION_THROTTLE;
		}
	}
	if (result->status == HR_STATUS_DONE && inflight_slot(daemon, &action->target, &slot)) {
		board_slot_begin(daemon->board, slot)->actions++;
		board_slot_end(daemon->board, slot);
	}
	answer_client(daemon, inflight, result);
	if (outcome && inflight->awaited)
		outcome_on_answer(daemon, outcome);
	inflight->state = inflight->aside ? INFLIGHT_COMMAND : INFLIGHT_FREE;
	if (action->escalation)
		engine_action_done(policy_driver->engine, policy_driver_world(daemon), &answer);
}

static void conclude(struct daemon *daemon, struct inflight *inflight, enum hr_action_status what,
		     int error, const char *detail)
{
	struct action_result result = {.status = what,
				       .error = error,
				       .signal = 0,
				       .detail = detail,
				       .pid = inflight->action.target.pid,
				       .start_boottime_ns =
					       inflight->action.target.start_boottime_ns,
				       .ended_ns = clock_mono_ns(),
				       .freed = HR_UNKNOWN};

	if (what == HR_STATUS_DRY_RUN && inflight->action.kind == HR_ACTION_TERM)
		result.signal = inflight->signal;
	memcpy(result.comm, inflight->action.target.comm, sizeof(result.comm));
	inflight_conclude(daemon, inflight, &result);
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

static void submit(struct daemon *daemon, struct inflight *inflight)
{
	struct policy_driver *policy_driver = daemon->policy_driver;
	const struct action_target *target = &inflight->action.target;
	static struct enforce_request job; /* copied by enforce_submit() */
	uint32_t slot;
	int err;

	job = (struct enforce_request){
		.tag = inflight->tag,
		.kind = inflight->action.kind,
		.memcg_id = target->memcg_id,
		.largest = inflight->largest,
		.signal = inflight->signal,
		.bytes = inflight->size,
		.for_ms = inflight->for_ms == HR_UNKNOWN ? 0 : inflight->for_ms,
		.deadline_ms = inflight->watch_ms,
		.pid = target->pid,
		.pgid = target->pgid,
		.start_boottime_ns = target->start_boottime_ns,
		.leader_start_ns = target->leader_start_ns,
	};
	if (target->slot != HR_UNKNOWN_U32 &&
	    (!inflight_slot(daemon, target, &slot) || daemon->tracks.track[slot].gone_ns)) {
		conclude(daemon, inflight, HR_STATUS_SKIPPED, ESRCH, "it is gone");
		return;
	}
	if (target->slot != HR_UNKNOWN_U32 &&
	    !fill_path(board_slot(daemon->board, slot), job.path)) {
		conclude(daemon, inflight, HR_STATUS_FAILED, ENAMETOOLONG,
			 "the path of its cgroup is not known");
		return;
	}
	err = enforce_submit(policy_driver->enforce, &job);
	if (!err || err == -EAGAIN)
		inflight->state = err ? INFLIGHT_QUEUED : INFLIGHT_OUT;
	else
		conclude(daemon, inflight, HR_STATUS_FAILED, -err, NULL);
}

/* A command goes to the supervisor: the guard itself never forks. */
static void run(struct daemon *daemon, struct inflight *inflight,
		const struct policy_command *command)
{
	static struct daemon_message message;
	struct policy_driver *policy_driver = daemon->policy_driver;
	struct outcome *outcome =
		outcome_of(daemon, inflight->action.escalation, &inflight->action.target);
	bool notice = inflight->action.kind == HR_ACTION_NOTIFY;
	enum hr_action_status status = HR_STATUS_DONE;
	char reason[160] = "";

	inflight->deadline_ns = clock_mono_ns() + COMMAND_NS;
	if (words_expand(daemon, inflight, outcome, policy_driver->rules.set, command, &message,
			 reason)) {
		status = HR_STATUS_REFUSED;
	} else if (daemon->supervisor_fd < 0 ||
		   send(daemon->supervisor_fd, &message, daemon_message_bytes(&message),
			MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
		status = HR_STATUS_FAILED;
		snprintf(reason, sizeof(reason), "the supervisor can't be told to run it");
	}
	/* A notice is given by its event; nobody waits for what else it sets off. */
	inflight->aside = notice && status == HR_STATUS_DONE;
	if (notice)
		conclude(daemon, inflight, HR_STATUS_DONE, 0, reason);
	else if (status != HR_STATUS_DONE)
		conclude(daemon, inflight, status, status == HR_STATUS_FAILED ? ENOTCONN : EINVAL,
			 reason);
	else
		inflight->state = INFLIGHT_COMMAND;
}

/* A rung that act has not even ordered: an event among the others, in its place, and nobody waits for an answer. */
static void describe_not_taken(struct daemon *daemon, struct inflight *inflight)
{
	const struct action *action = &inflight->action;
	struct outcome *outcome = outcome_of(daemon, action->escalation, &action->target);
	struct action_result result = {.status = inflight->not_taken,
				       .pid = action->target.pid,
				       .ended_ns = action->decided_ns,
				       .start_boottime_ns = action->target.start_boottime_ns,
				       .freed = HR_UNKNOWN,
				       .detail = inflight->reason != HR_SKIP_NONE
							 ? hr_skip_reason_name(inflight->reason)
							 : "nothing there can be reclaimed"};
	uint64_t seq;

	memcpy(result.comm, action->target.comm, sizeof(result.comm));
	seq = action_post(daemon, inflight, &result, outcome);
	if (outcome)
		outcome->first_seq = outcome->first_seq ?: seq;
	inflight->state = INFLIGHT_FREE;
}

static void dispatch(struct daemon *daemon, struct inflight *inflight)
{
	const struct action *action = &inflight->action;
	const struct policy_command *command = action->kind == HR_ACTION_ON_EXIT
						       ? &action->policy->on_exit
					       : action->spec ? &action->spec->command
							      : NULL;

	if (inflight->not_taken != HR_STATUS_DONE) {
		describe_not_taken(daemon, inflight);
		return;
	}
	plan_action(daemon, inflight);
	if (action->mode == MODE_DRY_RUN)
		conclude(daemon, inflight, HR_STATUS_DRY_RUN, 0, NULL);
	else if (command && command->n &&
		 (action->kind == HR_ACTION_NOTIFY || action->kind == HR_ACTION_ON_EXIT))
		run(daemon, inflight, command);
	else if (action->kind == HR_ACTION_NOTIFY)
		conclude(daemon, inflight, HR_STATUS_DONE, 0, NULL);
	else if (action->target.slot == HR_UNKNOWN_U32 &&
		 (action->kind == HR_ACTION_RECLAIM || action->kind == HR_ACTION_THROTTLE))
		conclude(daemon, inflight, HR_STATUS_SKIPPED, 0,
			 "only a cgroup can be reclaimed or throttled");
	else
		submit(daemon, inflight);
	/* From here on a reload may take them away. */
	inflight->action.policy = NULL;
	inflight->action.spec = NULL;
}

static struct inflight *oldest_fresh(struct policy_driver *policy_driver)
{
	struct inflight *oldest = NULL;

	for (size_t i = 0; i < INFLIGHT_MAX; i++)
		if (policy_driver->inflight[i].state == INFLIGHT_FRESH &&
		    (!oldest || policy_driver->inflight[i].tag < oldest->tag))
			oldest = &policy_driver->inflight[i];
	return oldest;
}

void inflight_dispatch(struct daemon *daemon)
{
	struct policy_driver *policy_driver = daemon->policy_driver;
	struct inflight *inflight;

	/* As they were ordered. An answer to act may bring the next order: until there is none. */
	while (policy_driver->fresh && (inflight = oldest_fresh(policy_driver)))
		dispatch(daemon, inflight);
	policy_driver->fresh = false;
	for (size_t i = 0; i < INFLIGHT_MAX; i++)
		if (policy_driver->inflight[i].state == INFLIGHT_QUEUED)
			submit(daemon, &policy_driver->inflight[i]);
}

static struct inflight *inflight_of(struct policy_driver *policy_driver, uint64_t tag,
				    enum inflight_state state)
{
	for (size_t i = 0; i < INFLIGHT_MAX; i++)
		if (policy_driver->inflight[i].tag == tag &&
		    policy_driver->inflight[i].state == state)
			return &policy_driver->inflight[i];
	return NULL;
}

void inflight_result(struct daemon *daemon, const struct enforce_result *enforced)
{
	struct inflight *inflight = inflight_of(daemon->policy_driver, enforced->tag, INFLIGHT_OUT);
	struct action_result result = {.status = enforced->status,
				       .error = enforced->error,
				       .signal = enforced->signal,
				       .pid = enforced->pid,
				       .processes = enforced->processes,
				       .start_boottime_ns = enforced->start_boottime_ns,
				       .ended_ns = enforced->ended_ns,
				       .freed = enforced->freed,
				       .detail = enforced->detail};

	if (!inflight)
		return;
	if (inflight->action.kind == HR_ACTION_TERM)
		result.freed =
			HR_UNKNOWN; /* told as soon as it is sent: what it brings is the outcome's to say */
	memcpy(result.comm, enforced->comm, sizeof(result.comm));
	inflight_conclude(daemon, inflight, &result);
}

void policy_driver_ran(struct daemon *daemon, const struct supervisor_message *message)
{
	struct inflight *inflight =
		inflight_of(daemon->policy_driver, message->tag, INFLIGHT_COMMAND);
	char line[160], policy[POLICY_NAME];
	bool failed = message->error || message->status;

	if (!inflight)
		return;
	if (message->error)
		snprintf(line, sizeof(line), "%.100s: %s", message->text, strerror(message->error));
	else if (WIFSIGNALED(message->status))
		snprintf(line, sizeof(line), "%.100s: ended by signal %d", message->text,
			 WTERMSIG(message->status));
	else
		snprintf(line, sizeof(line), "%.100s: exit status %d", message->text,
			 WEXITSTATUS(message->status));
	memcpy(policy, inflight->policy, sizeof(policy));
	if (inflight->aside)
		inflight->state = INFLIGHT_FREE;
	else
		conclude(daemon, inflight, failed ? HR_STATUS_FAILED : HR_STATUS_DONE,
			 message->error, line);
	notice_daemon(daemon, HR_DAEMON_COMMAND, failed ? HR_WARNING : HR_INFO, message->took_ms,
		      "for policy %.90s, in %llu ms: %s", policy,
		      (unsigned long long)message->took_ms, line);
	policy_driver_settle(daemon);
}

void inflight_expire(struct daemon *daemon, uint64_t now_ns)
{
	struct policy_driver *policy_driver = daemon->policy_driver;

	for (size_t i = 0; i < INFLIGHT_MAX; i++) {
		struct inflight *inflight = &policy_driver->inflight[i];

		if (inflight->state != INFLIGHT_COMMAND || now_ns < inflight->deadline_ns)
			continue;
		if (inflight->aside)
			inflight->state = INFLIGHT_FREE;
		else
			conclude(daemon, inflight, HR_STATUS_FAILED, ETIMEDOUT,
				 "the supervisor did not say how it ended");
	}
}
