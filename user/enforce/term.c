// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * SIGTERM, or the signal that the policy names, to the process that can end the container in good order: the init of its pid
 * namespace; a unit's main process; else to all of them. A signal that the kernel would discard is not sent: a grace period
 * for it would be wasted.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cgroup/cgroup_dir.h"
#include "signal_sweep.h"

struct main_process {
	const struct enforce *e;
	uint32_t pid;
	unsigned levels; /* of an init; 0: the oldest so far */
	uint64_t start_ticks;
	bool unit;
};

/* The outermost init, since its end ends the others; then the oldest. */
static int consider(uint32_t pid, void *arg)
{
	struct main_process *best = arg;
	struct proc_status status;
	struct proc_stat stat;
	unsigned levels;

	if (proc_stat(best->e->proc_fd, pid, &stat) < 0 ||
	    proc_status(best->e->proc_fd, pid, &status) < 0 || stat.kernel_thread)
		return 0;
	levels = status.init ? status.levels : 0;
	if (!levels && (best->levels || !best->unit))
		return 0;
	if (best->pid && levels == best->levels && stat.start_ticks >= best->start_ticks)
		return 0;
	if (best->pid && best->levels && levels > best->levels)
		return 0;
	best->pid = pid;
	best->levels = levels;
	best->start_ticks = stat.start_ticks;
	return 0;
}

/* A service's main process is its oldest; a scope or another cgroup may have none. */
static bool is_service(const char *path)
{
	static const char suffix[] = ".service";
	size_t n = strlen(path);

	while (n && path[n - 1] == '/')
		n--;
	return n >= sizeof(suffix) && !memcmp(path + n - strlen(suffix), suffix, strlen(suffix));
}

static void answer(struct signal_sweep *sweep, int r)
{
	struct running_action *running = sweep->running;
	char name[PROC_SIGNAL_TEXT], refusal[REFUSAL_TEXT];

	proc_signal_name(sweep->signal, name);
	running->result.processes = sweep->signalled;
	if (sweep->signalled) {
		running->result.signal = sweep->signal;
		running_name_victim(running);
		if (sweep->paused)
			running_set_result(running, HR_STATUS_DONE, 0,
					   "%u paused or stopped: not signalled", sweep->paused);
		else if (sweep->refused)
			running_set_result(running, HR_STATUS_DONE, sweep->refusal,
					   "%u not signalled%s", sweep->refused,
					   signal_sweep_refusal(sweep, sweep->refusal, refusal));
		else
			running_set_result(running, HR_STATUS_DONE, 0, "%s", "");
	} else if (sweep->paused && sweep->paused + sweep->discarding == sweep->exempt) {
		running->result.reason = HR_SKIP_PAUSED;
		running_set_result(running, HR_STATUS_SKIPPED, 0, "%s would wait: %s", name,
				   sweep->exempt_reason);
	} else if (sweep->discarding && sweep->discarding == sweep->exempt) {
		running_set_result(running, HR_STATUS_SKIPPED, 0, "%s would be discarded: %s", name,
				   sweep->exempt_reason);
	} else if (sweep->exempt) {
		running_set_result(running, HR_STATUS_REFUSED, EPERM, "%s is never a target",
				   sweep->exempt_reason);
	} else if (!r || r == -ESRCH || r == -ENOENT) {
		running_no_processes(sweep->worker->enforce, running);
	} else {
		running_set_result(running, HR_STATUS_FAILED, -r, "cannot send %s%s", name,
				   signal_sweep_refusal(sweep, -r, refusal));
	}
}

/* One process; `start_ticks` must still be its own. */
static void run_one(struct signal_sweep *sweep, uint32_t pid, uint64_t start_ticks)
{
	struct running_action *running = sweep->running;
	struct proc_status status = {0};
	char name[PROC_SIGNAL_TEXT];
	const char *reason;
	struct victim v;
	int r;

	r = signal_sweep_look(sweep, pid, &v, &sweep->exempt_reason);
	if (r < 0) {
		sweep->exempt = r == SIGNAL_SWEEP_NEVER;
		answer(sweep, r);
		return;
	}
	running->result.pid = pid;
	memcpy(running->result.comm, v.comm, sizeof(v.comm));
	proc_status(sweep->worker->enforce->proc_fd, pid, &status);
	reason = proc_discards(&status, sweep->signal);
	if (v.start_ticks != start_ticks) {
		running_set_result(running, HR_STATUS_SKIPPED, ESRCH,
				   "pid %u is another process by now", pid);
	} else if (reason) {
		running_set_result(running, HR_STATUS_SKIPPED, 0, "%s would be discarded: %s",
				   proc_signal_name(sweep->signal, name), reason);
	} else {
		r = proc_signal(v.fd, sweep->signal);
		sweep->signalled = !r;
		if (!r)
			signal_sweep_keep(running, &v);
		running->by_main = !r;
		answer(sweep, r);
		if (!r)
			return;
	}
	close(v.fd);
}

/* All once: a process that is forked meanwhile gets no signal, but its parent did. */
static void run_all(struct signal_sweep *sweep)
{
	int r;

	sweep->spare_discarding = true;
	do
		r = signal_sweep_batch(sweep);
	while (r > 0 && sweep->more);
	answer(sweep, r);
}

static void run_container(struct signal_sweep *sweep)
{
	struct enforce *e = sweep->worker->enforce;
	struct main_process main_one = {.e = e, .unit = is_service(sweep->running->path)};

	if (!running_open(e, sweep->running))
		return;
	cgroup_pids(sweep->running->dir_fd, consider, &main_one);
	if (main_one.pid)
		run_one(sweep, main_one.pid, main_one.start_ticks);
	else
		run_all(sweep);
	/* the container's memory is watched, not that of the signalled processes */
	sweep->running->anon = 0;
}

void term_run(struct worker *worker, struct running_action *running)
{
	const struct action *action = &running->action;
	struct signal_sweep sweep = {
		.worker = worker,
		.running = running,
		.signal = action->signal ? action->signal : SIGTERM,
	};

	sweep.spare_paused = true;
	pidset_clear(worker->killed);
	if (!worker->enforce->pids_ours) {
		running_set_result(running, HR_STATUS_FAILED, EOPNOTSUPP,
				   "/proc is another pid namespace's");
	} else if (running->path[0]) {
		run_container(&sweep);
	} else if (!action->target.pgid) {
		run_one(&sweep, action->target.pid, proc_ticks(action->target.start_boottime_ns));
	} else if (signal_sweep_check_process_group(&sweep) < 0) {
		run_one(&sweep, action->target.pid, proc_ticks(action->target.start_boottime_ns));
	} else {
		run_all(&sweep);
	}
}
