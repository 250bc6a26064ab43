// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * SIGKILL: to a whole container, to its largest process, to one process, to a process group. process_mrelease() then frees
 * the memory of the largest victims from here, since a victim without CPU time would take seconds to do so itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "cgroup/cgroup_dir.h"
#include "signal_sweep.h"

#define LONE_NS    (5 * NS_PER_MS)   /* signals one by one, before cgroup.kill does it at once */
#define BOUND_NS   (500 * NS_PER_MS) /* of all sweeps together */
#define REAP_LEAST (1u << 20)        /* bytes: below, the victim is as quick itself */

void reap_take(struct running_action *running, struct reap *ret_reap)
{
	ret_reap->n = 0;
	ret_reap->again = running->again;
	for (unsigned i = 0; i < running->victims; i++) {
		const struct victim *v = &running->victim[i];
		bool worth = v->anon >= REAP_LEAST || v->ending;
		int fd = worth ? fcntl(v->fd, F_DUPFD_CLOEXEC, 3) : -1;

		if (fd < 0)
			continue;
		ret_reap->pid[ret_reap->n] = v->pid;
		ret_reap->fd[ret_reap->n++] = fd;
	}
}

/* The largest first. One killer always stays outside: process_mrelease() may wait for the victim's mmap lock without a bound.
 * A victim that it cannot free (-ESRCH: its memory belongs to no process any more but is still being freed; or a kernel
 * without the call) needs CPU time instead. */
void reap_run(struct enforce *e, struct reap *reap)
{
	bool may = __atomic_add_fetch(&e->reaping, 1, __ATOMIC_ACQ_REL) < KILLERS;

	for (unsigned i = 0; i < reap->n; i++) {
		bool can = may && !__atomic_load_n(&e->no_reap, __ATOMIC_RELAXED);
		int r = can ? proc_reap(reap->fd[i]) : -ENOSYS;

		if (can && r == -ENOSYS)
			__atomic_store_n(&e->no_reap, true, __ATOMIC_RELAXED);
		if (r < 0)
			exiting_hurry(e, reap->pid[i], reap->fd[i], reap->again);
		close(reap->fd[i]);
	}
	__atomic_sub_fetch(&e->reaping, 1, __ATOMIC_ACQ_REL);
}

static bool signal_sweep_on(const struct signal_sweep *sweep, uint64_t until_ns)
{
	return !enforce_stopping(sweep->worker->enforce) && clock_mono_ns() < until_ns;
}

/* Do they fork? Then some are new although the sweep before was complete, or many end before their signal. */
static bool they_fork(const struct signal_sweep *sweep, bool complete, unsigned signalled_before)
{
	return complete || (sweep->signalled - signalled_before) * 4 < sweep->n * 3;
}

/* Until a sweep finds no new process. What forks faster than that is frozen meanwhile. */
static int signal_sweep_all(struct signal_sweep *sweep, bool may_freeze)
{
	struct enforce *e = sweep->worker->enforce;
	struct frozen frozen = {.dir_fd = -1};
	uint64_t until = clock_mono_ns() + BOUND_NS;
	bool complete = false;
	int r;

	do {
		unsigned before = sweep->signalled;

		r = signal_sweep_batch(sweep);
		if (r > 0 && may_freeze && they_fork(sweep, complete, before)) {
			may_freeze = false;
			sweep->froze = !freeze(e, sweep->running, sweep->worker->listed, &frozen);
			until = clock_mono_ns() + BOUND_NS;
		}
		complete = !sweep->more;
	} while (r > 0 && signal_sweep_on(sweep, until));
	thaw(e, &frozen);
	return r > 0 ? -EBUSY : r;
}

static int count_new(uint32_t pid, void *arg)
{
	struct signal_sweep *sweep = arg;

	if (!pidset_has(sweep->worker->killed, pid))
		sweep->signalled++;
	return 0;
}

/* cgroup.kill takes cgroup_mutex, which a task that waits for memory may hold: the largest get their signal before. */
static int kill_whole(struct signal_sweep *sweep)
{
	int dir_fd = sweep->running->dir_fd;
	uint64_t until = clock_mono_ns() + LONE_NS;
	unsigned before;
	int r = 1;

	if (faccessat(dir_fd, "cgroup.kill", W_OK, 0) < 0)
		return signal_sweep_all(sweep, true);
	while (sweep->worker->enforce->pids_ours && r > 0 && signal_sweep_on(sweep, until))
		r = signal_sweep_batch(sweep);
	before = sweep->signalled;
	cgroup_pids(dir_fd, count_new, sweep);
	r = cgroup_write(dir_fd, "cgroup.kill", "1"); /* 5.14 */
	if (!r || r == -ENODEV)
		return 0;
	sweep->signalled = before;
	return signal_sweep_all(sweep, true);
}

/* A container that holds a process that is never a target is none either. */
static int find_exempt(uint32_t pid, void *arg) { return pid == 1 || enforce_is_exempt(arg, pid); }

static void answer(struct signal_sweep *sweep, int r)
{
	struct running_action *running = sweep->running;

	/* a repeated kill: the others were counted the first time */
	running->result.processes = running->again ? sweep->fresh : sweep->signalled;
	running_name_victim(running);
	if (!sweep->signalled && sweep->exiting) {
		running->result.processes = running->again ? 0 : sweep->exiting;
		running_set_result(running, HR_STATUS_DONE, 0,
				   "it was ending already, without CPU time");
	} else if (!sweep->signalled && r >= 0 && sweep->exempt)
		running_set_result(running, HR_STATUS_REFUSED, EPERM, "%s is never a target",
				   sweep->exempt_reason);
	else if (!sweep->signalled && r >= 0)
		running_set_result(running, HR_STATUS_SKIPPED, ESRCH, "no processes left");
	else if (r < 0 && r != -ENOENT && r != -ESRCH)
		running_set_result(running, HR_STATUS_FAILED, -r,
				   r == -EBUSY ? "they fork faster than they can be killed"
					       : "cannot signal %s",
				   running->path[0] ? "the container" : "the processes");
	else if (sweep->exempt)
		running_set_result(running, HR_STATUS_DONE, 0, "%u spared: %s", sweep->exempt,
				   sweep->exempt_reason);
	else
		running_set_result(
			running, HR_STATUS_DONE, 0, "%s",
			sweep->froze ? "it forked while it was killed, and was frozen for that"
				     : "");
}

static void run_whole(struct signal_sweep *sweep)
{
	struct enforce *e = sweep->worker->enforce;
	int r;

	if (!running_open(e, sweep->running))
		return;
	if (cgroup_pids(sweep->running->dir_fd, find_exempt, e) == 1) {
		running_set_result(sweep->running, HR_STATUS_REFUSED, EPERM,
				   "it holds PID 1 or headroom itself");
		return;
	}
	r = kill_whole(sweep);
	if (!sweep->signalled || sweep->running->again)
		sweep->exiting = exiting_find(sweep);
	answer(sweep, r);
}

/* ---- one process */

struct largest {
	struct signal_sweep *sweep;
	struct victim best;
	unsigned n;
};

static int weigh(uint32_t pid, void *arg)
{
	struct largest *largest = arg;
	struct victim v;
	int r = signal_sweep_look(largest->sweep, pid, &v, &largest->sweep->exempt_reason);

	largest->n++;
	if (r == -EPERM)
		largest->sweep->exempt++;
	if (r < 0)
		return 0;
	if (largest->best.fd >= 0 && largest->best.rss >= v.rss) {
		close(v.fd);
		return 0;
	}
	if (largest->best.fd >= 0)
		close(largest->best.fd);
	largest->best = v;
	return 0;
}

static int is_pid(uint32_t pid, void *arg) { return pid == *(uint32_t *)arg; }

static void signal_one(struct signal_sweep *sweep, const struct victim *victim)
{
	int r = proc_signal(victim->fd, sweep->signal);

	if (r < 0) {
		close(victim->fd);
		answer(sweep, r == -ESRCH ? 0 : r);
		return;
	}
	sweep->signalled = 1;
	sweep->exempt = 0;
	sweep->running->anon = victim->anon;
	sweep->running->by_main = true;
	signal_sweep_keep(sweep->running, victim);
	answer(sweep, 0);
}

/* The end of an init ends its whole pid namespace: it is skipped, unless it is the only process. */
static void run_largest(struct signal_sweep *sweep)
{
	struct largest largest = {.sweep = sweep, .best = {.fd = -1}};
	int dir_fd;

	if (!running_open(sweep->worker->enforce, sweep->running))
		return;
	dir_fd = sweep->running->dir_fd;
	sweep->spare_inits = true;
	cgroup_pids(dir_fd, weigh, &largest);
	if (largest.best.fd < 0 && largest.n == 1 && sweep->exempt) {
		sweep->spare_inits = false;
		sweep->exempt = 0;
		cgroup_pids(dir_fd, weigh, &largest);
	}
	if (largest.best.fd < 0)
		answer(sweep, 0);
	else if (cgroup_pids(dir_fd, is_pid, &largest.best.pid) != 1) {
		close(largest.best.fd);
		answer(sweep, 0);
	} else
		signal_one(sweep, &largest.best);
}

static void run_process(struct signal_sweep *sweep)
{
	const struct action *action = &sweep->running->action;
	struct victim v;
	int r;

	sweep->spare_inits = true;
	r = signal_sweep_look(sweep, action->target.pid, &v, &sweep->exempt_reason);
	if (r == -EPERM)
		sweep->exempt++;
	if (r < 0) {
		answer(sweep, r == -EPERM || r == -ESRCH ? 0 : r);
		return;
	}
	if (v.start_ticks != proc_ticks(action->target.start_boottime_ns)) {
		close(v.fd);
		running_set_result(sweep->running, HR_STATUS_SKIPPED, ESRCH,
				   "pid %u is another process by now", action->target.pid);
		return;
	}
	signal_one(sweep, &v);
}

static void run_process_group(struct signal_sweep *sweep)
{
	int r = signal_sweep_check_process_group(sweep);

	if (r < 0) {
		running_set_result(sweep->running, HR_STATUS_SKIPPED, ESRCH,
				   "process group %u is another by now",
				   sweep->running->action.target.pgid);
		return;
	}
	sweep->spare_inits = true;
	if (sweep->running->action.target.pid)
		signal_sweep_first(sweep, sweep->running->action.target.pid);
	answer(sweep, signal_sweep_all(sweep, false));
}

void kill_run(struct worker *worker, struct running_action *running)
{
	const struct action *action = &running->action;
	struct signal_sweep sweep = {.worker = worker, .running = running, .signal = SIGKILL};

	running->result.signal = SIGKILL;
	if (running->again)
		sweep.since_ticks =
			proc_ticks(clock_boot_ns() - (clock_mono_ns() - running->result.began_ns));
	pidset_clear(worker->killed);
	if (!worker->enforce->pids_ours && (!running->path[0] || action->largest))
		running_set_result(running, HR_STATUS_FAILED, EOPNOTSUPP,
				   "/proc is another pid namespace's");
	else if (running->path[0])
		(action->largest ? run_largest : run_whole)(&sweep);
	else
		(action->target.pgid && !action->largest ? run_process_group : run_process)(&sweep);
}
