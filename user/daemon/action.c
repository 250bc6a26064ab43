// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Actions in flight: see action.h. Decides nothing and carries nothing out. */
#include "action.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <headroom/control.h>
#include <headroom/reader.h>

#include "base/clock.h"
#include "base/human_units.h"
#include "command_template.h"
#include "events.h"

#define COMMAND_NS (40 * NS_PER_SEC) /* the supervisor kills a command after 30 s */
/* How long an answer of the resolver is awaited before something is ended. Without one, what is known decides, which is half a
 * second old at most while the resolver works: else a user could stop every kill by keeping it busy. */
#define IDENTITY_NS (100 * NS_PER_MS)

struct pending_action *action_new(struct actions *actions, const struct action *action)
{
	for (size_t i = 0; i < ACTIONS_MAX; i++) {
		struct pending_action *pending = &actions->action[i];

		if (pending->state != PENDING_FREE)
			continue;
		pending->state = PENDING_NEW;
		pending->action = *action;
		pending->action.tag = ++actions->next_tag;
		pending->awaited = pending->posted = pending->identified = false;
		pending->not_taken = HR_STATUS_DONE;
		pending->by_uid = HR_UNKNOWN_U32;
		pending->client = NO_CLIENT;
		return pending;
	}
	return NULL;
}

/* ---- from the engine ---- */

void action_on_request(struct actions *actions, const struct action *action)
{
	struct pending_action *pending = action_new(actions, action);

	if (!pending) {
		actions->lost++; /* impossible: an escalation has one action in flight */
		return;
	}
	actions->fresh = true;
	if (action->kind == HR_ACTION_NOTIFY || action->kind == HR_ACTION_ON_EXIT)
		return;
	pending->awaited = true;
	outcome_of(&actions->outcomes, action->escalation, &action->target)->in_flight++;
}

void action_on_not_taken(struct actions *actions, const struct action *action,
			 enum hr_action_status status, enum hr_skip_reason reason)
{
	struct pending_action *pending = action_new(actions, action);

	if (!pending)
		return;
	pending->not_taken = status;
	pending->reason = reason;
	actions->fresh = true;
}

/* ---- the event ---- */

/* The name that a person uses; *ret_path: it is the cgroup's path. */
static const char *slot_name(const struct hr_slot *slot, bool *ret_path)
{
	const struct hr_str *const names[] = {&slot->id.name, &slot->id.container, &slot->id.unit,
					      &slot->id.container_id};

	*ret_path = false;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i]->at)
			return board_text_at(slot, *names[i]);
	*ret_path = true;
	return board_text_at(slot, slot->id.cgroup);
}

static void add_skipped(const struct containers *containers, struct board_text *text,
			struct hr_event_action *event, const struct action *action)
{
	event->skipped_count = (uint8_t)action->skipped_count;
	for (uint32_t i = 0; i < action->skipped_count && i < HR_SKIPPED; i++) {
		const struct action_skipped *skipped = &action->skipped[i];
		struct hr_skipped *to = &event->skipped[i];
		const char *name = skipped->comm;
		bool path = false;

		*to = skipped->record;
		if (containers_at(containers, skipped->slot, to->cgroup_id))
			name = slot_name(board_slot(containers->board, skipped->slot), &path);
		to->name = board_text_add(text, name, path);
	}
}

static enum hr_severity severity(enum hr_action_kind kind, enum hr_action_status status)
{
	bool fatal = hr_action_ends(kind);

	if (status == HR_STATUS_DONE)
		return fatal ? HR_CRITICAL : kind == HR_ACTION_ON_EXIT ? HR_INFO : HR_WARNING;
	return status == HR_STATUS_SKIPPED ? HR_INFO : HR_WARNING;
}

/* Posts the event; the first one's number stands for the escalation. */
static uint64_t post(const struct containers *containers, const struct pending_action *pending,
		     const struct action_result *result, struct pending_outcome *outcome)
{
	static union event_buffer buffer; /* the loop's alone; too large for its stack */
	const struct action *action = &pending->action;
	struct hr_event_action *event = (void *)&buffer;
	struct board_text text;
	uint64_t seq;

	events_begin(containers->board, &buffer, &text, HR_EVENT_ACTION, sizeof(*event),
		     TRACK_NONE);
	outcome_add_subject(containers, &text, &event->event, outcome, &action->target);
	event->event.severity = (uint8_t)severity(action->kind, result->status);
	if (pending->not_taken == HR_STATUS_SKIPPED && pending->reason != HR_SKIP_NONE)
		event->event.severity = HR_WARNING; /* the host is short, and nothing is done */
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
				    : board_header(containers->board)->last_seq + 1;
	memcpy(event->comm, result->comm, sizeof(event->comm));
	event->by_uid = pending->by_uid;
	event->step = (uint8_t)action->step;
	event->steps = (uint8_t)action->steps;
	event->size = result->set != HR_UNKNOWN ? result->set : action->bytes;
	event->until_ms = action->for_ms;
	event->took_ns =
		result->ended_ns > action->decided_ns ? result->ended_ns - action->decided_ns : 0;
	event->freed = result->freed;
	event->detail = board_text_add(&text, result->detail, false);
	event->inputs = action->inputs;
	add_skipped(containers, &text, event, action);
	seq = events_post(containers->board, &buffer, &text);
	if (outcome)
		outcome->first_seq = outcome->first_seq ?: seq;
	return seq;
}

/* ---- the result ---- */

static void answer_client(const struct actions *actions, const struct pending_action *pending,
			  const struct action_result *result)
{
	static const uint32_t status[HR_STATUS_COUNT] = {
		[HR_STATUS_FAILED] = 1, [HR_STATUS_SKIPPED] = 6, [HR_STATUS_REFUSED] = 4};
	bool unsupported = result->status == HR_STATUS_SKIPPED && result->error == EOPNOTSUPP;
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
	actions->ops->answer(pending->client, unsupported ? 5 : status[result->status], text,
			     actions->ops_arg);
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
	outcome->fatal |= done && hr_action_ends(kind);
	outcome->throttled |= done && kind == HR_ACTION_THROTTLE;
}

static void mark_slot(struct containers *containers, const struct action *action)
{
	struct track *track =
		containers_at(containers, action->target.slot, action->target.memcg_id);

	if (!track)
		return;
	if (action->kind > HR_ACTION_NOTIFY && action->kind != HR_ACTION_ON_EXIT)
		containers_acted(containers, track);
	board_slot_begin(containers->board, track->slot)->actions++;
	board_slot_end(containers->board, track->slot);
}

static void add_detail(struct action_result *result, const char *text)
{
	size_t used = strlen(result->detail);

	snprintf(result->detail + used, sizeof(result->detail) - used, "%s%s", used ? "; " : "",
		 text);
}

/* What the rate limit makes of it. */
static void note_limit(struct actions *actions, const struct action *action,
		       struct action_result *result)
{
	if (!action->escalation || action->mode != MODE_ENFORCE)
		return;
	if (engine_refund(actions->engine, policy_world_now(actions->world), result))
		add_detail(result, "freed nothing: the rate limit does not count it");
	else if (action->reserve && result->status == HR_STATUS_DONE)
		add_detail(result, "by the rate limit's reserve for the host's memory");
}

void action_conclude(struct actions *actions, struct pending_action *pending,
		     const struct action_result *from)
{
	const struct action *action = &pending->action;
	struct pending_outcome *outcome =
		outcome_of(&actions->outcomes, action->escalation, &action->target);
	struct action_result noted = *from;
	const struct action_result *result = &noted;
	uint64_t seq;

	note_limit(actions, action, &noted);
	seq = post(actions->containers, pending, result, outcome);

	if (outcome)
		note_outcome(outcome, action->kind, result, seq);
	if (result->status == HR_STATUS_DONE)
		mark_slot(actions->containers, action);
	answer_client(actions, pending, result);
	if (outcome && pending->awaited)
		outcome_on_result(&actions->outcomes, outcome);
	pending->state = pending->posted ? PENDING_COMMAND : PENDING_FREE;
	if (action->escalation)
		engine_action_done(actions->engine, policy_world_now(actions->world), result);
}

/* Without enforce/: a dry run, a notice, a command, or what cannot even be submitted. */
static void conclude(struct actions *actions, struct pending_action *pending,
		     enum hr_action_status status, int error, const char *detail)
{
	struct action_result result;

	action_result_init(&result, &pending->action, status);
	result.error = error;
	result.ended_ns = clock_mono_ns();
	if (status == HR_STATUS_DRY_RUN && pending->action.kind == HR_ACTION_TERM)
		result.signal = pending->action.signal;
	snprintf(result.detail, sizeof(result.detail), "%s", detail);
	action_conclude(actions, pending, &result);
}

static struct pending_action *find(struct actions *actions, uint64_t tag, enum pending_state state)
{
	for (size_t i = 0; i < ACTIONS_MAX; i++)
		if (actions->action[i].action.tag == tag && actions->action[i].state == state)
			return &actions->action[i];
	return NULL;
}

void action_on_result(struct actions *actions, const struct action_result *result)
{
	struct pending_action *pending = find(actions, result->tag, PENDING_RUNNING);

	if (pending)
		action_conclude(actions, pending, result);
}

void action_ran(struct actions *actions, const struct supervisor_message *message)
{
	struct pending_action *pending = find(actions, message->tag, PENDING_COMMAND);
	char line[ACTION_DETAIL], policy[ACTION_POLICY];
	bool failed = message->error || message->status;

	if (!pending)
		return;
	if (message->error == EPERM)
		snprintf(line, sizeof(line),
			 "%.90s: cannot run as the user of run_as; the log says why",
			 message->text);
	else if (message->error)
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
		conclude(actions, pending, failed ? HR_STATUS_FAILED : HR_STATUS_DONE,
			 message->error, line);
	events_daemon(actions->containers->board, HR_DAEMON_COMMAND, failed ? HR_WARNING : HR_INFO,
		      message->took_ms, "for policy %.90s, in %llu ms: %s", policy,
		      (unsigned long long)message->took_ms, line);
}

static void go_on(struct actions *actions, struct pending_action *pending)
{
	pending->state = PENDING_NEW;
	actions->fresh = true;
}

bool action_identified(struct actions *actions, uint64_t memcg_id)
{
	bool waited = false;

	for (size_t i = 0; i < ACTIONS_MAX; i++)
		if (actions->action[i].state == PENDING_IDENTITY &&
		    actions->action[i].action.target.memcg_id == memcg_id) {
			go_on(actions, &actions->action[i]);
			waited = true;
		}
	return waited;
}

uint64_t action_deadline(const struct actions *actions)
{
	uint64_t first = 0;

	for (size_t i = 0; i < ACTIONS_MAX; i++)
		if (actions->action[i].state == PENDING_IDENTITY &&
		    (!first || actions->action[i].deadline_ns < first))
			first = actions->action[i].deadline_ns;
	return first;
}

void action_expire(struct actions *actions, uint64_t now_ns)
{
	for (size_t i = 0; i < ACTIONS_MAX; i++) {
		struct pending_action *pending = &actions->action[i];

		if (pending->state == PENDING_IDENTITY && now_ns >= pending->deadline_ns)
			go_on(actions, pending);
		if (pending->state != PENDING_COMMAND || now_ns < pending->deadline_ns)
			continue;
		if (pending->posted)
			pending->state = PENDING_FREE;
		else
			conclude(actions, pending, HR_STATUS_FAILED, ETIMEDOUT,
				 "the supervisor did not report its exit");
	}
}

/* ---- dispatch ---- */

/* The slot's cgroup path. NULL: not known, or cut: then it would be another cgroup's. */
static const char *slot_path(const struct hr_slot *slot)
{
	const char *path = board_text_at(slot, slot->id.cgroup);

	return path && *path == '/' && strlen(path) < ENFORCE_PATH ? path : NULL;
}

static void submit(struct actions *actions, struct pending_action *pending)
{
	const struct action_target *target = &pending->action.target;
	const struct track *track =
		containers_at(actions->containers, target->slot, target->memcg_id);
	const char *path = "";
	int err;

	if (target->slot != HR_UNKNOWN_U32) {
		if (!track || track->gone_ns) {
			conclude(actions, pending, HR_STATUS_SKIPPED, ESRCH, "it is gone");
			return;
		}
		path = slot_path(board_slot(actions->containers->board, track->slot));
		if (!path) {
			conclude(actions, pending, HR_STATUS_FAILED, ENAMETOOLONG,
				 "the path of its cgroup is not known");
			return;
		}
	}
	err = enforce_submit(actions->enforce, &pending->action, path);
	if (!err || err == -EAGAIN)
		pending->state = err ? PENDING_QUEUED : PENDING_RUNNING;
	else
		conclude(actions, pending, HR_STATUS_FAILED, -err, "");
}

/* A command goes to the supervisor: the daemon itself never forks. */
static void run(struct actions *actions, struct pending_action *pending,
		const struct policy_command *command)
{
	static struct daemon_message message;
	const struct action *action = &pending->action;
	struct pending_outcome *outcome =
		outcome_of(&actions->outcomes, action->escalation, &action->target);
	bool notice = action->kind == HR_ACTION_NOTIFY;
	enum hr_action_status status = HR_STATUS_DONE;
	char reason[ACTION_DETAIL] = "";

	pending->deadline_ns = clock_mono_ns() + COMMAND_NS;
	if (command_expand(actions->containers, action, outcome, actions->set, command, &message,
			   reason)) {
		status = HR_STATUS_REFUSED;
	} else if (!actions->ops->run(&message, actions->ops_arg)) {
		status = HR_STATUS_FAILED;
		snprintf(reason, sizeof(reason), "the supervisor cannot be asked to run it");
	}
	/* A notice is done with its event; its command runs on beside it. */
	pending->posted = notice && status == HR_STATUS_DONE;
	if (notice)
		conclude(actions, pending, HR_STATUS_DONE, 0, reason);
	else if (status != HR_STATUS_DONE)
		conclude(actions, pending, status, status == HR_STATUS_FAILED ? ENOTCONN : EINVAL,
			 reason);
	else
		pending->state = PENDING_COMMAND;
}

static const char *reason_text(struct actions *actions, const struct action *action,
			       enum hr_skip_reason reason, char text[ACTION_DETAIL])
{
	const struct track *track =
		containers_at(actions->containers, action->target.slot, action->target.memcg_id);
	const struct hr_slot *slot =
		track ? board_slot(actions->containers->board, track->slot) : NULL;
	const char *binds = slot ? board_text_at(slot, slot->binding.cgroup) : NULL;

	if (reason == HR_SKIP_OTHER_LIMIT && binds)
		snprintf(text, ACTION_DETAIL, "%s: that of %s", hr_skip_reason_name(reason),
			 slot->binding.level == HR_LEVEL_HOST ? "the host's memory" : binds);
	else
		snprintf(text, ACTION_DETAIL, "%s", hr_skip_reason_name(reason));
	return text;
}

/* An event in its turn; the engine expects no result. */
static void log_not_taken(struct actions *actions, struct pending_action *pending)
{
	const struct action *action = &pending->action;
	struct action_result result;

	action_result_init(&result, action, pending->not_taken);
	result.ended_ns = action->decided_ns;
	snprintf(result.detail, sizeof(result.detail), "nothing there can be reclaimed");
	if (pending->reason != HR_SKIP_NONE)
		reason_text(actions, action, pending->reason, result.detail);
	post(actions->containers, pending, &result,
	     outcome_of(&actions->outcomes, action->escalation, &action->target));
	pending->state = PENDING_FREE;
}

/* Before something is ended: does the resolver know it by another name by now? True: its answer is awaited. */
static bool ask_identity(struct actions *actions, struct pending_action *pending)
{
	const struct action *action = &pending->action;
	struct track *track =
		containers_at(actions->containers, action->target.slot, action->target.memcg_id);

	if (pending->identified || !track || action->mode == MODE_DRY_RUN ||
	    (action->kind != HR_ACTION_TERM && action->kind != HR_ACTION_KILL))
		return false;
	pending->identified = true;
	if (!containers_ask_again(actions->containers, track))
		return false;
	pending->state = PENDING_IDENTITY;
	pending->deadline_ns = clock_mono_ns() + IDENTITY_NS;
	return true;
}

/* What the answer has changed. */
static enum hr_skip_reason recheck(struct actions *actions, const struct pending_action *pending)
{
	const struct policy_snapshot *now = policy_world_now(actions->world);
	enum hr_skip_reason reason;

	if (!pending->identified)
		return HR_SKIP_NONE;
	reason = pending->action.escalation
			 ? engine_recheck(actions->engine, now, pending->action.escalation)
			 : policy_exempt(actions->set, now, pending->action.target.slot);
	return reason == HR_SKIP_GONE ? HR_SKIP_NONE : reason; /* submit() says that */
}

/* The engine has asked this of its own; a person has not. */
static enum hr_skip_reason resize_refusal(struct actions *actions, const struct action *action)
{
	const struct track *track =
		containers_at(actions->containers, action->target.slot, action->target.memcg_id);

	return action->kind == HR_ACTION_RESIZE && track
		       ? action_resize_refusal(board_slot(actions->containers->board, track->slot))
		       : HR_SKIP_NONE;
}

static void dispatch(struct actions *actions, struct pending_action *pending)
{
	struct action *action = &pending->action;
	enum hr_skip_reason reason;
	char text[ACTION_DETAIL];
	const struct policy_command *command = action->kind == HR_ACTION_ON_EXIT
						       ? &action->policy->on_exit
					       : action->spec ? &action->spec->command
							      : NULL;

	/* A reload may unmap them from here on; and once concluded, this place may hold the engine's next action. */
	action->policy = NULL;
	action->spec = NULL;
	if (pending->not_taken != HR_STATUS_DONE)
		log_not_taken(actions, pending);
	else if (ask_identity(actions, pending))
		return;
	else if ((reason = recheck(actions, pending)))
		conclude(actions, pending, HR_STATUS_SKIPPED, 0, hr_skip_reason_name(reason));
	else if ((reason = resize_refusal(actions, action)))
		conclude(actions, pending, HR_STATUS_REFUSED, 0,
			 reason_text(actions, action, reason, text));
	else if (action->mode == MODE_DRY_RUN)
		conclude(actions, pending, HR_STATUS_DRY_RUN, 0, "");
	else if (command && command->n &&
		 (action->kind == HR_ACTION_NOTIFY || action->kind == HR_ACTION_ON_EXIT))
		run(actions, pending, command);
	else if (action->kind == HR_ACTION_NOTIFY)
		conclude(actions, pending, HR_STATUS_DONE, 0, "");
	else if (action->target.slot == HR_UNKNOWN_U32 &&
		 (action->kind == HR_ACTION_RECLAIM || action->kind == HR_ACTION_THROTTLE ||
		  action->kind == HR_ACTION_RESIZE))
		conclude(actions, pending, HR_STATUS_SKIPPED, 0,
			 "only a cgroup can be reclaimed, throttled or resized");
	else
		submit(actions, pending);
}

static struct pending_action *oldest_new(struct actions *actions)
{
	struct pending_action *oldest = NULL;

	for (size_t i = 0; i < ACTIONS_MAX; i++)
		if (actions->action[i].state == PENDING_NEW &&
		    (!oldest || actions->action[i].action.tag < oldest->action.tag))
			oldest = &actions->action[i];
	return oldest;
}

void action_dispatch(struct actions *actions)
{
	struct pending_action *pending;

	/* In the order of the requests. A result may make the engine ask for the next action: until there is none. */
	while (actions->fresh && (pending = oldest_new(actions)))
		dispatch(actions, pending);
	actions->fresh = false;
	for (size_t i = 0; i < ACTIONS_MAX; i++)
		if (actions->action[i].state == PENDING_QUEUED)
			submit(actions, &actions->action[i]);
}
