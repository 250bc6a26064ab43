// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * SIGTERM, or the signal that was named, to whoever can end the whole in good order: the init of a container's pid
 * namespace; a unit's main process; else everybody. A signal that the kernel would throw away is not sent: nobody waits for
 * what can't come.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "group.h"
#include "hunt.h"

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

/* A service has a main process, the oldest; a scope or any other group may hold equals. */
static bool is_service(const char *path)
{
	static const char suffix[] = ".service";
	size_t n = strlen(path);

	while (n && path[n - 1] == '/')
		n--;
	return n >= sizeof(suffix) && !memcmp(path + n - strlen(suffix), suffix, strlen(suffix));
}

static void answer(struct hunt *hunt, int r)
{
	struct deed *deed = hunt->deed;
	char name[PROC_SIGNAL_TEXT];

	proc_signal_name(hunt->signal, name);
	deed->result.processes = hunt->signalled;
	if (hunt->signalled) {
		deed->result.signal = hunt->signal;
		deed_describe(deed);
		deed_end(deed, HR_DEED_DONE, 0, "%s", "");
	} else if (hunt->deaf && hunt->deaf == hunt->spared) {
		deed_end(deed, HR_DEED_SKIPPED, 0, "%s would be discarded: %s", name,
			 hunt->spared_why);
	} else if (hunt->spared) {
		deed_end(deed, HR_DEED_REFUSED, EPERM, "%s is never a target", hunt->spared_why);
	} else if (!r || r == -ESRCH || r == -ENOENT) {
		deed_end(deed, HR_DEED_SKIPPED, ESRCH, "nobody is left");
	} else {
		deed_end(deed, HR_DEED_FAILED, -r, "cannot send %s", name);
	}
}

/* One process; `start_ticks` must still be its own. Its namespace's init it may be, where `init` says so. */
static void run_one(struct hunt *hunt, uint32_t pid, uint64_t start_ticks, bool init)
{
	struct deed *deed = hunt->deed;
	struct proc_status status = {0};
	char name[PROC_SIGNAL_TEXT];
	const char *why;
	struct victim v;
	int r;

	hunt->spare_inits = !init;
	r = hunt_look(hunt, pid, &v, &hunt->spared_why);
	if (r < 0) {
		hunt->spared = r == -EPERM;
		answer(hunt, r);
		return;
	}
	deed->result.pid = pid;
	memcpy(deed->result.comm, v.comm, sizeof(v.comm));
	proc_status(hunt->worker->enforce->proc_fd, pid, &status);
	why = proc_discards(&status, hunt->signal);
	if (v.start_ticks != start_ticks) {
		deed_end(deed, HR_DEED_SKIPPED, ESRCH, "pid %u is another process by now", pid);
	} else if (why) {
		deed_end(deed, HR_DEED_SKIPPED, 0, "%s would be discarded: %s",
			 proc_signal_name(hunt->signal, name), why);
	} else {
		r = proc_signal(v.fd, hunt->signal);
		hunt->signalled = !r;
		if (!r)
			hunt_keep(deed, &v);
		deed->by_main = !r;
		answer(hunt, r);
		if (!r)
			return;
	}
	close(v.fd);
}

/* Everybody once: who is forked meanwhile has heard nothing, but its parent has. */
static void run_all(struct hunt *hunt)
{
	int r;

	hunt->spare_deaf = true;
	do
		r = hunt_batch(hunt);
	while (r > 0 && hunt->more);
	answer(hunt, r);
}

static void run_container(struct hunt *hunt)
{
	struct enforce *e = hunt->worker->enforce;
	struct main_process main_one = {.e = e, .unit = is_service(hunt->deed->job.path)};

	if (!deed_open(e, hunt->deed))
		return;
	group_pids(hunt->deed->dir_fd, consider, &main_one);
	if (main_one.pid)
		run_one(hunt, main_one.pid, main_one.start_ticks, true);
	else
		run_all(hunt);
	hunt->deed->anon =
		0; /* the container's memory counts, not that of those who got the signal */
}

void term_run(struct worker *worker, struct deed *deed)
{
	const struct enforce_job *job = &deed->job;
	struct hunt hunt = {
		.worker = worker,
		.deed = deed,
		.signal = job->signal ? job->signal : SIGTERM,
	};

	pidset_clear(worker->killed);
	if (!worker->enforce->pids_ours) {
		deed_end(deed, HR_DEED_FAILED, EOPNOTSUPP, "/proc is another pid namespace's");
	} else if (job->path[0]) {
		run_container(&hunt);
	} else if (!job->pgid) {
		run_one(&hunt, job->pid, proc_ticks(job->start_boottime_ns), false);
	} else if (hunt_check_job(&hunt) < 0) {
		deed_end(deed, HR_DEED_SKIPPED, ESRCH, "process group %u is another by now",
			 job->pgid);
	} else {
		hunt.spare_inits = true;
		run_all(&hunt);
	}
}
