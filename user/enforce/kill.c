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

#define LONE_NS  (5 * NS_PER_MS)  /* signals one by one, before cgroup.kill does it at once */
#define COUNT_NS (50 * NS_PER_MS) /* … and to count what that kills */
#define BOUND_NS \
	(500 * NS_PER_MS)     /* of all sweeps that find only processes that have started since */
#define REAP_LEAST (1u << 20) /* bytes: below, the victim is as quick itself */

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

		if (can && (r == -ENOSYS || r == -EPERM || r == -EACCES)) /* not there; seccomp */
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
	unsigned sweeps = 0;
	int r;

	sweep->list_until_ns = 0;
	sweep->begun_ticks = proc_ticks(clock_boot_ns());
	do {
		unsigned before = sweep->signalled, earlier = sweep->earlier;

		r = signal_sweep_batch(sweep);
		if (r > 0 && may_freeze && they_fork(sweep, complete, before)) {
			may_freeze = false;
			sweep->froze = !freeze(e, sweep->running, sweep->worker->listed, &frozen);
			until = clock_mono_ns() + BOUND_NS;
		}
		if (sweep->earlier >
		    earlier) /* of 10,000 children some are left after 0.5 s: no fork */
			until = clock_mono_ns() + BOUND_NS;
		complete = !sweep->more;
		sweeps++;
		/* the second one finds that none is left, however long the first has taken (100,000 cgroups: a second) */
	} while (r > 0 && (sweeps < 2 || signal_sweep_on(sweep, until)));
	thaw(e, &frozen);
	return r > 0 ? -EBUSY : r;
}

static int count_new(uint32_t pid, void *arg)
{
	struct signal_sweep *sweep = arg;

	if (!pid || !pidset_has(sweep->worker->killed, pid))
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
	sweep->list_until_ns = until;
	while (sweep->worker->enforce->pids_ours && r > 0 && signal_sweep_on(sweep, until))
		r = signal_sweep_batch(sweep);
	before = sweep->signalled;
	/* also those that this PID namespace does not show: the kernel finds them */
	cgroup_processes_until(dir_fd, count_new, sweep, clock_mono_ns() + COUNT_NS);
	r = cgroup_write(dir_fd, "cgroup.kill", "1"); /* 5.14 */
	if (!r || r == -ENODEV)
		return 0;
	sweep->signalled = before;
	return signal_sweep_all(sweep, true);
}

/* What is to be said of a kill that was done. */
static const char *remark(const struct signal_sweep *sweep)
{
	return sweep->froze      ? "it forked while it was killed, and was frozen for that"
	       : sweep->released ? "it was paused"
				 : "";
}

/* The kernel, or what confines us, refused some or all of the signals. */
static void answer_refused(struct signal_sweep *sweep, int error)
{
	char text[REFUSAL_TEXT];

	signal_sweep_refusal(sweep, error, text);
	if (sweep->signalled)
		running_set_result(sweep->running, HR_STATUS_FAILED, error,
				   "%u processes not signalled%s", sweep->refused, text);
	else
		running_set_result(sweep->running, HR_STATUS_FAILED, error, "cannot signal %s%s",
				   sweep->running->path[0] ? "the container" : "the processes",
				   text);
}

static void answer(struct signal_sweep *sweep, int r)
{
	struct running_action *running = sweep->running;

	paused_release(sweep);
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
		running_no_processes(sweep->worker->enforce, running);
	else if (r == -EBUSY)
		running_set_result(running, HR_STATUS_FAILED, EBUSY,
				   "they fork faster than they can be killed");
	else if (r < 0 && r != -ENOENT && r != -ESRCH)
		answer_refused(sweep, -r);
	else if (sweep->refused)
		answer_refused(sweep, sweep->refusal);
	else if (sweep->held)
		running_set_result(running, HR_STATUS_FAILED, EBUSY,
				   "%u processes are paused: they end when they are resumed",
				   sweep->held);
	else if (sweep->exempt)
		running_set_result(running, HR_STATUS_DONE, 0, "%u spared: %s", sweep->exempt,
				   sweep->exempt_reason);
	else
		running_set_result(running, HR_STATUS_DONE, 0, "%s", remark(sweep));
}

static void run_whole(struct signal_sweep *sweep)
{
	struct enforce *e = sweep->worker->enforce;
	int r;

	if (!running_open(e, sweep->running))
		return;
	if (enforce_holds_exempt(e, sweep->running)) {
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

#define LARGEST     64 /* that are looked at: forty workers may share more than the hog has */
#define PSS_WAIT_MS 50 /* the kill waits no longer to know what they share */

struct largest {
	struct signal_sweep *sweep;
	struct victim seen[LARGEST]; /* most anonymous memory first */
	unsigned kept, n;
	int error; /* of one that could not be looked at; 0 */
};

static int weigh(uint32_t pid, void *arg)
{
	struct largest *largest = arg;
	struct victim v;
	int r = signal_sweep_look(largest->sweep, pid, &v, &largest->sweep->exempt_reason);
	unsigned at;

	largest->n++;
	if (r == SIGNAL_SWEEP_NEVER)
		largest->sweep->exempt++;
	else if (r < 0 && r != -ESRCH)
		largest->error = r;
	if (r < 0)
		return 0;
	at = largest->kept;
	if (at == LARGEST && largest->seen[at - 1].anon >= v.anon) {
		close(v.fd);
		return 0;
	}
	if (at == LARGEST)
		close(largest->seen[--at].fd);
	else
		largest->kept++;
	for (; at && largest->seen[at - 1].anon < v.anon; at--)
		largest->seen[at] = largest->seen[at - 1];
	largest->seen[at] = v;
	return 0;
}

/* What ends with each of these alone: memory that others share stays. Unknown in time: its anonymous memory. */
static void look_private(struct enforce *e, struct victim *victims, unsigned n)
{
	struct pss_process process[LARGEST];

	if (!e->pss)
		return;
	for (unsigned i = 0; i < n; i++)
		process[i] = (struct pss_process){.pid = victims[i].pid,
						  .start_boottime_ns = victims[i].start_ticks,
						  .rss = victims[i].rss};
	pss_read(e->pss, process, n, PSS_WAIT_MS);
	for (unsigned i = 0; i < n; i++)
		if (process[i].private != HR_UNKNOWN)
			victims[i].rss = victims[i].anon = process[i].private;
}

/* The one that frees the most by its end; closes the others. False: there is none. */
static bool take_largest(struct largest *largest, struct victim *ret_victim)
{
	unsigned best = 0;

	look_private(largest->sweep->worker->enforce, largest->seen, largest->kept);
	for (unsigned i = 1; i < largest->kept; i++)
		if (largest->seen[i].anon > largest->seen[best].anon)
			best = i;
	for (unsigned i = 0; i < largest->kept; i++)
		if (i != best)
			close(largest->seen[i].fd);
	if (largest->kept)
		*ret_victim = largest->seen[best];
	return largest->kept;
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
	struct largest largest = {.sweep = sweep};
	struct victim best;
	int dir_fd;

	if (!running_open(sweep->worker->enforce, sweep->running))
		return;
	dir_fd = sweep->running->dir_fd;
	sweep->spare_inits = true;
	cgroup_pids(dir_fd, weigh, &largest);
	if (!largest.kept && largest.n == 1 && sweep->exempt) {
		sweep->spare_inits = false;
		sweep->exempt = 0;
		cgroup_pids(dir_fd, weigh, &largest);
	}
	if (!take_largest(&largest, &best))
		answer(sweep, largest.error);
	else if (cgroup_pids(dir_fd, is_pid, &best.pid) != 1) {
		close(best.fd);
		answer(sweep, 0);
	} else
		signal_one(sweep, &best);
}

static void run_process(struct signal_sweep *sweep)
{
	const struct action *action = &sweep->running->action;
	struct victim v;
	int r;

	r = signal_sweep_look(sweep, action->target.pid, &v, &sweep->exempt_reason);
	if (r == SIGNAL_SWEEP_NEVER)
		sweep->exempt++;
	if (r < 0) {
		answer(sweep, r == SIGNAL_SWEEP_NEVER || r == -ESRCH ? 0 : r);
		return;
	}
	if (v.start_ticks != proc_ticks(action->target.start_boottime_ns)) {
		close(v.fd);
		running_set_result(sweep->running, HR_STATUS_SKIPPED, ESRCH,
				   "pid %u is another process by now", action->target.pid);
		return;
	}
	look_private(sweep->worker->enforce, &v, 1);
	signal_one(sweep, &v);
}

static void run_process_group(struct signal_sweep *sweep)
{
	bool same = !signal_sweep_check_process_group(sweep);

	if (!signal_sweep_first(sweep) && !same) {
		running_set_result(sweep->running, HR_STATUS_SKIPPED, ESRCH,
				   "process group %u is another by now",
				   sweep->running->action.target.pgid);
		return;
	}
	answer(sweep, same ? signal_sweep_all(sweep, false) : 0);
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
