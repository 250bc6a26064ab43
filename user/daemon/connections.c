// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What one part of the daemon reports, passed to the others. */
#include "daemon.h"

#include "base/clock.h"

static void on_ended(struct track *track, void *arg)
{
	struct daemon *daemon = arg;

	policy_driver_gone(daemon->policy_driver, track);
	fast_poll_remove(&daemon->sampling.fast_poll, track);
	collect_forget(daemon->sampling.collector, track->memcg_id);
}

static void on_restarted(const struct track *track, uint64_t workload, void *arg)
{
	struct daemon *daemon = arg;

	policy_driver_restarted(daemon->policy_driver, track, workload);
}

const struct containers_ops daemon_containers_ops = {
	.ended = on_ended,
	.restarted = on_restarted,
};

void daemon_on_counted(struct track *track, uint64_t now_ns, void *arg)
{
	struct daemon *daemon = arg;
	uint64_t before = daemon->oom_events.counted;

	oom_events_check_counter(&daemon->oom_events, track, now_ns);
	if (!daemon->use_kmsg)
		bpf_silence_missed(&daemon->bpf_silence, BPF_SILENT_OOM_KILL,
				   daemon->oom_events.counted - before);
}

void daemon_on_oom_kill(const struct track *track, void *arg)
{
	struct daemon *daemon = arg;

	policy_driver_oom(daemon->policy_driver, track);
}

void daemon_on_reflex_state(uint64_t memcg_id, struct oom_reflex *ret, void *arg)
{
	struct daemon *daemon = arg;

	policy_driver_reflex_state(daemon->policy_driver, memcg_id, ret);
}

void daemon_on_not_acted(const struct track *subject, bool host, struct pending_oom *pending,
			 void *arg)
{
	struct daemon *daemon = arg;

	policy_driver_not_acted(daemon->policy_driver, subject, host, pending);
}

static void on_host_below(void *arg)
{
	struct daemon *daemon = arg;

	policy_driver_host(daemon->policy_driver);
}

static void on_host_near(void *arg) { daemon_start_job(arg, clock_mono_ns()); }

const struct host_poll_ops daemon_host_poll_ops = {
	.below = on_host_below,
	.near = on_host_near,
};

static int on_control_action(const struct hr_control_request *request, uint32_t uid, int client,
			     char text[HR_CONTROL_TEXT], void *arg)
{
	struct daemon *daemon = arg;

	return policy_driver_by_hand(daemon->policy_driver, request, uid, client, text);
}

static bool on_control_reload(void *arg)
{
	static const struct daemon_message reload = {.type = MESSAGE_RELOAD};
	const struct daemon *daemon = arg;

	return supervisor_client_send(&daemon->supervisor, &reload);
}

static int on_control_pause(const struct hr_control_request *request, uint32_t uid,
			    char text[HR_CONTROL_TEXT], void *arg)
{
	const struct daemon *daemon = arg;

	return policy_driver_pause(daemon->policy_driver, request, uid, text);
}

const struct control_ops daemon_control_ops = {
	.action = on_control_action,
	.reload = on_control_reload,
	.pause = on_control_pause,
};

static bool on_command(const struct daemon_message *message, void *arg)
{
	const struct daemon *daemon = arg;

	return supervisor_client_send(&daemon->supervisor, message);
}

static void on_answer(int client, uint32_t status, const char *text, void *arg)
{
	struct daemon *daemon = arg;

	control_answer(&daemon->control, client, status, text);
}

const struct action_ops daemon_action_ops = {
	.run = on_command,
	.answer = on_answer,
};
