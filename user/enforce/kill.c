// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * SIGKILL: to a whole container, to its largest process, to one process, to a job. The memory of the largest is then freed
 * from here (process_mrelease), since a victim without CPU time would take seconds to do so itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "group.h"
#include "hunt.h"

#define LONE_NS (5 * NS_PER_MS) /* signals one by one, before cgroup.kill does it at once */
#define BOUND_NS (500 * NS_PER_MS) /* of the whole hunt */
#define REAP_LEAST (1u << 20) /* bytes: below, the victim is as quick itself */

void reap_take(struct deed *deed, struct reap *ret_reap)
{
	ret_reap->n = 0;
	ret_reap->again = deed->again;
	for (unsigned i = 0; i < deed->victims; i++) {
		const struct victim *v = &deed->victim[i];
		bool worth = v->anon >= REAP_LEAST || v->ending;
		int fd = worth ? fcntl(v->fd, F_DUPFD_CLOEXEC, 3) : -1;

		if (fd < 0)
			continue;
		ret_reap->pid[ret_reap->n] = v->pid;
		ret_reap->fd[ret_reap->n++] = fd;
	}
}

/* The largest first. One killer always stays outside: this may wait for the victim's mmap lock for as long as it likes. Who
 * is not freed from here, since he has no memory of his own any more but is still giving it back (-ESRCH), or the kernel
 * can't, needs CPU time. */
void reap_run(struct enforce *e, struct reap *reap)
{
	bool may = __atomic_add_fetch(&e->reaping, 1, __ATOMIC_ACQ_REL) < KILLERS;

	for (unsigned i = 0; i < reap->n; i++) {
		bool can = may && !__atomic_load_n(&e->no_reap, __ATOMIC_RELAXED);
		int r = can ? proc_reap(reap->fd[i]) : -ENOSYS;

		if (can && r == -ENOSYS)
			__atomic_store_n(&e->no_reap, true, __ATOMIC_RELAXED);
		if (r < 0)
			dying_hurry(e, reap->pid[i], reap->fd[i], reap->again);
		close(reap->fd[i]);
	}
	__atomic_sub_fetch(&e->reaping, 1, __ATOMIC_ACQ_REL);
}

static bool hunt_on(const struct hunt *hunt, uint64_t until_ns)
{
	return !enforce_stopping(hunt->worker->enforce) && clock_mono_ns() < until_ns;
}

/* Do they fork? Then some are new although the look before had seen them all, or many are gone before their signal. */
static bool they_fork(const struct hunt *hunt, bool complete, unsigned signalled_before)
{
	return complete || (hunt->signalled - signalled_before) * 4 < hunt->n * 3;
}

/* Until a look finds nobody new. Who forks faster than that is frozen for the moment. */
static int hunt_all(struct hunt *hunt, bool may_freeze)
{
	struct enforce *e = hunt->worker->enforce;
	struct frozen frozen = {.dir_fd = -1};
	uint64_t until = clock_mono_ns() + BOUND_NS;
	bool complete = false;
	int r;

	do {
		unsigned before = hunt->signalled;

		r = hunt_batch(hunt);
		if (r > 0 && may_freeze && they_fork(hunt, complete, before)) {
			may_freeze = false;
			hunt->froze = !freeze(e, hunt->deed, hunt->worker->listed, &frozen);
			until = clock_mono_ns() + BOUND_NS;
		}
		complete = !hunt->more;
	} while (r > 0 && hunt_on(hunt, until));
	thaw(e, &frozen);
	return r > 0 ? -EBUSY : r;
}

static int count_new(uint32_t pid, void *arg)
{
	struct hunt *hunt = arg;

	if (!pidset_has(hunt->worker->killed, pid))
		hunt->signalled++;
	return 0;
}

/* cgroup.kill takes cgroup_mutex, which somebody who waits for memory may hold: the largest get their signal before. */
static int kill_whole(struct hunt *hunt)
{
	int dir_fd = hunt->deed->dir_fd;
	uint64_t until = clock_mono_ns() + LONE_NS;
	unsigned before;
	int r = 1;

	if (faccessat(dir_fd, "cgroup.kill", W_OK, 0) < 0)
		return hunt_all(hunt, true);
	while (hunt->worker->enforce->pids_ours && r > 0 && hunt_on(hunt, until))
		r = hunt_batch(hunt);
	before = hunt->signalled;
	group_pids(dir_fd, count_new, hunt);
	r = group_write(dir_fd, "cgroup.kill", "1"); /* 5.14 */
	if (!r || r == -ENODEV)
		return 0;
	hunt->signalled = before;
	return hunt_all(hunt, true);
}

/* Does it hold somebody who is never a target? Then nobody in it is. */
static int find_spared(uint32_t pid, void *arg) { return pid == 1 || enforce_spares(arg, pid); }

static void answer(struct hunt *hunt, int r)
{
	struct deed *deed = hunt->deed;

	/* once more: the others were counted the first time */
	deed->result.processes = deed->again ? hunt->fresh : hunt->signalled;
	deed_describe(deed);
	if (!hunt->signalled && hunt->dying) {
		deed->result.processes = deed->again ? 0 : hunt->dying;
		deed_end(deed, HR_DEED_DONE, 0, "it was ending already, without CPU time");
	} else if (!hunt->signalled && r >= 0 && hunt->spared)
		deed_end(deed, HR_DEED_REFUSED, EPERM, "%s is never a target", hunt->spared_why);
	else if (!hunt->signalled && r >= 0)
		deed_end(deed, HR_DEED_SKIPPED, ESRCH, "nobody is left");
	else if (r < 0 && r != -ENOENT && r != -ESRCH)
		deed_end(deed, HR_DEED_FAILED, -r,
			 r == -EBUSY ? "they fork faster than they can be killed"
				     : "cannot signal %s",
			 deed->job.path[0] ? "the container" : "the processes");
	else if (hunt->spared)
		deed_end(deed, HR_DEED_DONE, 0, "%u spared: %s", hunt->spared, hunt->spared_why);
	else
		deed_end(deed, HR_DEED_DONE, 0, "%s",
			 hunt->froze ? "it forked while it was killed, and was frozen for that"
				     : "");
}

static void run_whole(struct hunt *hunt)
{
	struct enforce *e = hunt->worker->enforce;
	int r;

	if (!deed_open(e, hunt->deed))
		return;
	if (group_pids(hunt->deed->dir_fd, find_spared, e) == 1) {
		deed_end(hunt->deed, HR_DEED_REFUSED, EPERM, "it holds PID 1 or headroom itself");
		return;
	}
	r = kill_whole(hunt);
	if (!hunt->signalled || hunt->deed->again)
		hunt->dying = dying_find(hunt);
	answer(hunt, r);
}

/* ---- one process */

struct largest {
	struct hunt *hunt;
	struct victim best;
	unsigned n;
};

static int weigh(uint32_t pid, void *arg)
{
	struct largest *largest = arg;
	struct victim v;
	int r = hunt_look(largest->hunt, pid, &v, &largest->hunt->spared_why);

	largest->n++;
	if (r == -EPERM)
		largest->hunt->spared++;
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

static void signal_one(struct hunt *hunt, const struct victim *victim)
{
	int r = proc_signal(victim->fd, hunt->signal);

	if (r < 0) {
		close(victim->fd);
		answer(hunt, r == -ESRCH ? 0 : r);
		return;
	}
	hunt->signalled = 1;
	hunt->spared = 0;
	hunt->deed->anon = victim->anon;
	hunt->deed->by_main = true;
	hunt_keep(hunt->deed, victim);
	answer(hunt, 0);
}

/* An init is its whole namespace: it is passed over, unless nobody else is there, when one is all. */
static void run_largest(struct hunt *hunt)
{
	struct largest largest = {.hunt = hunt, .best = {.fd = -1}};
	int dir_fd;

	if (!deed_open(hunt->worker->enforce, hunt->deed))
		return;
	dir_fd = hunt->deed->dir_fd;
	hunt->spare_inits = true;
	group_pids(dir_fd, weigh, &largest);
	if (largest.best.fd < 0 && largest.n == 1 && hunt->spared) {
		hunt->spare_inits = false;
		hunt->spared = 0;
		group_pids(dir_fd, weigh, &largest);
	}
	if (largest.best.fd < 0)
		answer(hunt, 0);
	else if (group_pids(dir_fd, is_pid, &largest.best.pid) != 1) {
		close(largest.best.fd);
		answer(hunt, 0);
	} else
		signal_one(hunt, &largest.best);
}

static void run_process(struct hunt *hunt)
{
	const struct enforce_job *job = &hunt->deed->job;
	struct victim v;
	int r;

	hunt->spare_inits = true;
	r = hunt_look(hunt, job->pid, &v, &hunt->spared_why);
	if (r == -EPERM)
		hunt->spared++;
	if (r < 0) {
		answer(hunt, r == -EPERM || r == -ESRCH ? 0 : r);
		return;
	}
	if (v.start_ticks != proc_ticks(job->start_boottime_ns)) {
		close(v.fd);
		deed_end(hunt->deed, HR_DEED_SKIPPED, ESRCH, "pid %u is another process by now",
			 job->pid);
		return;
	}
	signal_one(hunt, &v);
}

static void run_job(struct hunt *hunt)
{
	int r = hunt_check_job(hunt);

	if (r < 0) {
		deed_end(hunt->deed, HR_DEED_SKIPPED, ESRCH, "process group %u is another by now",
			 hunt->deed->job.pgid);
		return;
	}
	hunt->spare_inits = true;
	if (hunt->deed->job.pid)
		hunt_first(hunt, hunt->deed->job.pid);
	answer(hunt, hunt_all(hunt, false));
}

void kill_run(struct worker *worker, struct deed *deed)
{
	const struct enforce_job *job = &deed->job;
	struct hunt hunt = {.worker = worker, .deed = deed, .signal = SIGKILL};

	deed->result.signal = SIGKILL;
	if (deed->again)
		hunt.since_ticks =
			proc_ticks(clock_boot_ns() - (clock_mono_ns() - deed->result.began_ns));
	pidset_clear(worker->killed);
	if (!worker->enforce->pids_ours && (!job->path[0] || job->largest))
		deed_end(deed, HR_DEED_FAILED, EOPNOTSUPP, "/proc is another pid namespace's");
	else if (job->path[0])
		(job->largest ? run_largest : run_whole)(&hunt);
	else
		(job->pgid && !job->largest ? run_job : run_process)(&hunt);
}
