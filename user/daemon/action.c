// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Actions in flight: see action.h. Decides nothing and carries nothing out. */
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
#include "slot_lifecycle.h"

#define COMMAND_NS (40 * NS_PER_SEC) /* the supervisor kills a command after 30 s */

bool action_slot(const struct daemon *daemon, const struct action_target *target,
		 uint32_t *ret_slot)
{
	if (target->slot >= daemon->tracks.capacity ||
	    daemon->tracks.track[target->slot].memcg_id != target->memcg_id)
		return false;
	*ret_slot = target->slot;
	return true;
}

struct pending_action *action_new(struct policy_driver *policy_driver, const struct action *action)
{
	for (size_t i = 0; i < ACTIONS_MAX; i++) {
		struct pending_action *pending = &policy_driver->action[i];

		if (pending->state != PENDING_FREE)
			continue;
		pending->state = PENDING_NEW;
		pending->action = *action;
		pending->action.tag = ++policy_driver->next_tag;
		pending->awaited = pending->posted = false;
		pending->not_taken = HR_STATUS_DONE;
		pending->by_uid = HR_UNKNOWN_U32;
		pending->client = NO_CLIENT;
		return pending;
	}
	return NULL;
}

/* ---- from the engine ---- */

void action_on_request(const struct action *action, void *arg)
{
	struct daemon *daemon = arg;
	struct policy_driver *policy_driver = daemon->policy_driver;
	struct pending_action *pending = action_new(policy_driver, action);

	if (!pending) {
		policy_driver
			->lost_actions++; /* impossible: an escalation has one action in flight */
		return;
	}
	policy_driver->fresh = true;
	if (action->kind == HR_ACTION_NOTIFY || action->kind == HR_ACTION_ON_EXIT)
		return;
	pending->awaited = true;
	outcome_of(daemon, action->escalation, &action->target)->in_flight++;
}

void action_on_not_taken(const struct action *action, enum hr_action_status status,
			 enum hr_skip_reason reason, void *arg)
{
	struct policy_driver *policy_driver = ((struct daemon *)arg)->policy_driver;
	struct pending_action *pending = action_new(policy_driver, action);

	if (!pending)
		return;
	pending->not_taken = status;
	pending->reason = reason;
	policy_driver->fresh = true;
}

/* ---- the event ---- */

static const char *text_at(const void *base, struct hr_str s)
{
	return s.at ? (const char *)base + s.at : NULL;
}

/* The name that a person uses; *ret_path: it is the cgroup's path. */
static const char *slot_name(const struct hr_slot *slot, bool *ret_path)
{
	const struct hr_str *const names[] = {&slot->id.name, &slot->id.container, &slot->id.unit,
					      &slot->id.container_id};

	*ret_path = false;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i]->at)
			return text_at(slot, *names[i]);
	*ret_path = true;
	return text_at(slot, slot->id.cgroup);
}

static void add_skipped(struct daemon *daemon, struct board_text *text,
			struct hr_event_action *event, const struct action *action)
{
	event->skipped_count = (uint8_t)action->skipped_count;
	for (uint32_t i = 0; i < action->skipped_count && i < HR_SKIPPED; i++) {
		const struct action_skipped *skipped = &action->skipped[i];
		struct hr_skipped *to = &event->skipped[i];
		const char *name = skipped->comm;
		bool path = false;

		*to = skipped->record;
		if (skipped->slot < daemon->tracks.capacity &&
		    daemon->tracks.track[skipped->slot].memcg_id == to->cgroup_id)
			name = slot_name(board_slot(daemon->board, skipped->slot), &path);
		to->name = board_text_add(text, name, path);
	}
}

static enum hr_severity severity(enum hr_action_kind kind, enum hr_action_status status)
{
	bool fatal = kind == HR_ACTION_TERM || kind == HR_ACTION_KILL || kind == HR_ACTION_REFLEX;

	if (status == HR_STATUS_DONE)
		return fatal ? HR_CRITICAL : kind == HR_ACTION_ON_EXIT ? HR_INFO : HR_WARNING;
	return status == HR_STATUS_SKIPPED ? HR_INFO : HR_WARNING;
}

/* Posts the event; the first one's number stands for the escalation. */
static uint64_t post(struct daemon *daemon, const struct pending_action *pending,
		     const struct action_result *result, struct pending_outcome *outcome)
{
	static union notice_buffer buffer; /* the loop's alone; too large for its stack */
	const struct action *action = &pending->action;
	struct hr_event_action *event = (void *)&buffer;
	struct board_text text;
	uint64_t seq;

	notice_begin(daemon, &buffer, &text, HR_EVENT_ACTION, sizeof(*event), TRACK_NONE);
	outcome_add_subject(daemon, &text, &event->event, outcome, &action->target);
	event->event.severity = (uint8_t)severity(action->kind, result->status);
	event->policy = board_text_add(&text, action->policy_name, false);
	event->kind = (uint8_t)action->kind;
	event->mode = (uint8_t)action->mode;
	event->status = (uint8_t)result->status;
	event->whole = action->whole;
	event->error = result->error;
	event->signal = result->signal;
	event->pid = result->pid;
	event->processes = result->processes;
	event->start_boottime_ns = result->start_boottime_ns;
	event->escalation = outcome && outcome->first_seq
				    ? outcome->first_seq
				    : board_header(daemon->board)->last_seq + 1;
	memcpy(event->comm, result->comm, sizeof(event->comm));
	event->by_uid = pending->by_uid;
	event->step = (uint8_t)action->step;
	event->steps = (uint8_t)action->steps;
	event->size = action->bytes;
	event->until_ms = action->for_ms;
	event->took_ns =
		result->ended_ns > action->decided_ns ? result->ended_ns - action->decided_ns : 0;
	event->freed = result->freed;
	event->detail = board_text_add(&text, result->detail, false);
	event->inputs = action->inputs;
	add_skipped(daemon, &text, event, action);
	seq = notice_post(daemon, &buffer, &text);
	if (outcome)
		outcome->first_seq = outcome->first_seq ?: seq;
	return seq;
}

/* ---- the result ---- */

static void answer_client(struct daemon *daemon, const struct pending_action *pending,
			  const struct action_result *result)
{
	static const uint32_t status[HR_STATUS_COUNT] = {
		[HR_STATUS_FAILED] = 1, [HR_STATUS_SKIPPED] = 5, [HR_STATUS_REFUSED] = 4};
	char text[HR_CONTROL_TEXT], freed[48] = "", bytes[UNITS_TEXT];
	const char *detail = *result->detail ? result->detail
			     : result->error ? strerror(result->error)
					     : "";

	if (pending->client == NO_CLIENT)
		return;
	if (result->freed != HR_UNKNOWN)
		snprintf(freed, sizeof(freed), ", %s freed", units_bytes(result->freed, bytes));
	snprintf(text, sizeof(text), "%s: %s%s%s%s", hr_action_kind_name(pending->action.kind),
		 hr_action_status_name(result->status), freed, *detail ? "; " : "", detail);
	control_answer(daemon, pending->client, status[result->status], text);
}

/* What the outcome must know of it. */
static void note_outcome(struct pending_outcome *outcome, enum hr_action_kind kind,
			 const struct action_result *result, uint64_t seq)
{
	bool done = result->status == HR_STATUS_DONE;

	if (kind == HR_ACTION_NOTIFY || kind == HR_ACTION_ON_EXIT ||
	    (!done && result->status != HR_STATUS_DRY_RUN))
		return;
	outcome->last_seq = seq;
	outcome->action_ns = result->ended_ns;
	outcome->fatal |= done && kind >= HR_ACTION_TERM;
	outcome->throttled |= done && kind == HR_ACTION_THROTTLE;
}

static void mark_slot(struct daemon *daemon, const struct action *action)
{
	uint32_t slot;

	if (!action_slot(daemon, &action->target, &slot))
		return;
	if (action->kind > HR_ACTION_NOTIFY && action->kind <= HR_ACTION_REFLEX)
		publish_acted(daemon, slot);
	board_slot_begin(daemon->board, slot)->actions++;
	board_slot_end(daemon->board, slot);
}

void action_conclude(struct daemon *daemon, struct pending_action *pending,
		     const struct action_result *result)
{
	struct policy_driver *policy_driver = daemon->policy_driver;
	const struct action *action = &pending->action;
	struct pending_outcome *outcome = outcome_of(daemon, action->escalation, &action->target);
	uint64_t seq = post(daemon, pending, result, outcome);

	if (outcome)
		note_outcome(outcome, action->kind, result, seq);
	if (result->status == HR_STATUS_DONE)
		mark_slot(daemon, action);
	answer_client(daemon, pending, result);
	if (outcome && pending->awaited)
		outcome_on_result(daemon, outcome);
	pending->state = pending->posted ? PENDING_COMMAND : PENDING_FREE;
	if (action->escalation)
		engine_action_done(policy_driver->engine, policy_driver_world(daemon), result);
}

/* Without enforce/: a dry run, a notice, a command, or what cannot even be submitted. */
static void conclude(struct daemon *daemon, struct pending_action *pending,
		     enum hr_action_status status, int error, const char *detail)
{
	struct action_result result;

	action_result_init(&result, &pending->action, status);
	result.error = error;
	result.ended_ns = clock_mono_ns();
	if (status == HR_STATUS_DRY_RUN && pending->action.kind == HR_ACTION_TERM)
		result.signal = pending->action.signal;
	snprintf(result.detail, sizeof(result.detail), "%s", detail);
	action_conclude(daemon, pending, &result);
}

static struct pending_action *find(struct policy_driver *policy_driver, uint64_t tag,
				   enum pending_state state)
{
	for (size_t i = 0; i < ACTIONS_MAX; i++)
		if (policy_driver->action[i].action.tag == tag &&
		    policy_driver->action[i].state == state)
			return &policy_driver->action[i];
	return NULL;
}

void action_on_result(struct daemon *daemon, const struct action_result *result)
{
	struct pending_action *pending = find(daemon->policy_driver, result->tag, PENDING_RUNNING);

	if (pending)
		action_conclude(daemon, pending, result);
}

void policy_driver_ran(struct daemon *daemon, const struct supervisor_message *message)
{
	struct pending_action *pending = find(daemon->policy_driver, message->tag, PENDING_COMMAND);
	char line[ACTION_DETAIL], policy[ACTION_POLICY];
	bool failed = message->error || message->status;

	if (!pending)
		return;
	if (message->error)
		snprintf(line, sizeof(line), "%.100s: %s", message->text, strerror(message->error));
	else if (WIFSIGNALED(message->status))
		snprintf(line, sizeof(line), "%.100s: ended by signal %d", message->text,
			 WTERMSIG(message->status));
	else
		snprintf(line, sizeof(line), "%.100s: exit status %d", message->text,
			 WEXITSTATUS(message->status));
	memcpy(policy, pending->action.policy_name, sizeof(policy));
	if (pending->posted)
		pending->state = PENDING_FREE;
	else
		conclude(daemon, pending, failed ? HR_STATUS_FAILED : HR_STATUS_DONE,
			 message->error, line);
	notice_daemon(daemon, HR_DAEMON_COMMAND, failed ? HR_WARNING : HR_INFO, message->took_ms,
		      "for policy %.90s, in %llu ms: %s", policy,
		      (unsigned long long)message->took_ms, line);
	policy_driver_settle(daemon);
}

void action_expire(struct daemon *daemon, uint64_t now_ns)
{
	struct policy_driver *policy_driver = daemon->policy_driver;

	for (size_t i = 0; i < ACTIONS_MAX; i++) {
		struct pending_action *pending = &policy_driver->action[i];

		if (pending->state != PENDING_COMMAND || now_ns < pending->deadline_ns)
			continue;
		if (pending->posted)
			pending->state = PENDING_FREE;
		else
			conclude(daemon, pending, HR_STATUS_FAILED, ETIMEDOUT,
				 "the supervisor did not report its exit");
	}
}

/* ---- dispatch ---- */

/* The slot's cgroup path. NULL: not known, or cut: then it would be another cgroup's. */
static const char *slot_path(const struct hr_slot *slot)
{
	const char *path = text_at(slot, slot->id.cgroup);

	return path && *path == '/' && strlen(path) < ENFORCE_PATH ? path : NULL;
}

static void submit(struct daemon *daemon, struct pending_action *pending)
{
	const struct action_target *target = &pending->action.target;
	const char *path = "";
	uint32_t slot;
	int err;

	if (target->slot != HR_UNKNOWN_U32) {
		if (!action_slot(daemon, target, &slot) || daemon->tracks.track[slot].gone_ns) {
			conclude(daemon, pending, HR_STATUS_SKIPPED, ESRCH, "it is gone");
			return;
		}
		path = slot_path(board_slot(daemon->board, slot));
		if (!path) {
			conclude(daemon, pending, HR_STATUS_FAILED, ENAMETOOLONG,
				 "the path of its cgroup is not known");
			return;
		}
	}
	err = enforce_submit(daemon->policy_driver->enforce, &pending->action, path);
	if (!err || err == -EAGAIN)
		pending->state = err ? PENDING_QUEUED : PENDING_RUNNING;
	else
		conclude(daemon, pending, HR_STATUS_FAILED, -err, "");
}

/* A command goes to the supervisor: the daemon itself never forks. */
static void run(struct daemon *daemon, struct pending_action *pending,
		const struct policy_command *command)
{
	static struct daemon_message message;
	struct policy_driver *policy_driver = daemon->policy_driver;
	const struct action *action = &pending->action;
	struct pending_outcome *outcome = outcome_of(daemon, action->escalation, &action->target);
	bool notice = action->kind == HR_ACTION_NOTIFY;
	enum hr_action_status status = HR_STATUS_DONE;
	char reason[ACTION_DETAIL] = "";

	pending->deadline_ns = clock_mono_ns() + COMMAND_NS;
	if (command_expand(daemon, action, outcome, policy_driver->rules.set, command, &message,
			   reason)) {
		status = HR_STATUS_REFUSED;
	} else if (daemon->supervisor_fd < 0 ||
		   send(daemon->supervisor_fd, &message, daemon_message_bytes(&message),
			MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
		status = HR_STATUS_FAILED;
		snprintf(reason, sizeof(reason), "the supervisor cannot be asked to run it");
	}
	/* A notice is done with its event; its command runs on beside it. */
	pending->posted = notice && status == HR_STATUS_DONE;
	if (notice)
		conclude(daemon, pending, HR_STATUS_DONE, 0, reason);
	else if (status != HR_STATUS_DONE)
		conclude(daemon, pending, status, status == HR_STATUS_FAILED ? ENOTCONN : EINVAL,
			 reason);
	else
		pending->state = PENDING_COMMAND;
}

/* An event in its turn; the engine expects no result. */
static void log_not_taken(struct daemon *daemon, struct pending_action *pending)
{
	const struct action *action = &pending->action;
	struct action_result result;

	action_result_init(&result, action, pending->not_taken);
	result.ended_ns = action->decided_ns;
	snprintf(result.detail, sizeof(result.detail), "%s",
		 pending->reason != HR_SKIP_NONE ? hr_skip_reason_name(pending->reason)
						 : "nothing there can be reclaimed");
	post(daemon, pending, &result, outcome_of(daemon, action->escalation, &action->target));
	pending->state = PENDING_FREE;
}

static void dispatch(struct daemon *daemon, struct pending_action *pending)
{
	struct action *action = &pending->action;
	const struct policy_command *command = action->kind == HR_ACTION_ON_EXIT
						       ? &action->policy->on_exit
					       : action->spec ? &action->spec->command
							      : NULL;

	/* A reload may unmap them from here on; and once concluded, this place may hold the engine's next action. */
	action->policy = NULL;
	action->spec = NULL;
	if (pending->not_taken != HR_STATUS_DONE)
		log_not_taken(daemon, pending);
	else if (action->mode == MODE_DRY_RUN)
		conclude(daemon, pending, HR_STATUS_DRY_RUN, 0, "");
	else if (command && command->n &&
		 (action->kind == HR_ACTION_NOTIFY || action->kind == HR_ACTION_ON_EXIT))
		run(daemon, pending, command);
	else if (action->kind == HR_ACTION_NOTIFY)
		conclude(daemon, pending, HR_STATUS_DONE, 0, "");
	else if (action->target.slot == HR_UNKNOWN_U32 &&
		 (action->kind == HR_ACTION_RECLAIM || action->kind == HR_ACTION_THROTTLE))
		conclude(daemon, pending, HR_STATUS_SKIPPED, 0,
			 "only a cgroup can be reclaimed or throttled");
	else
		submit(daemon, pending);
}

static struct pending_action *oldest_new(struct policy_driver *policy_driver)
{
	struct pending_action *oldest = NULL;

	for (size_t i = 0; i < ACTIONS_MAX; i++)
		if (policy_driver->action[i].state == PENDING_NEW &&
		    (!oldest || policy_driver->action[i].action.tag < oldest->action.tag))
			oldest = &policy_driver->action[i];
	return oldest;
}

void action_dispatch(struct daemon *daemon)
{
	struct policy_driver *policy_driver = daemon->policy_driver;
	struct pending_action *pending;

	/* In the order of the requests. A result may make the engine ask for the next action: until there is none. */
	while (policy_driver->fresh && (pending = oldest_new(policy_driver)))
		dispatch(daemon, pending);
	policy_driver->fresh = false;
	for (size_t i = 0; i < ACTIONS_MAX; i++)
		if (policy_driver->action[i].state == PENDING_QUEUED)
			submit(daemon, &policy_driver->action[i]);
}
