// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "exclusive.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "degraded.h"

#define TRY_NS    (800 * NS_PER_MS) /* less than a tick: every tick tries */
#define IGNORE_NS (30 * NS_PER_SEC) /* where there are no such locks, or no daemon holds it */

static void deny(struct exclusive *x, const struct enforce_lock_holder *holder)
{
	if (!x->denied || !degraded_is_set(x->board, "second_daemon"))
		log_info("another daemon enforces on this host%s: no actions here until it ends",
			 holder->pid ? "" : " (its PID namespace is not visible)");
	x->denied = true;
	if (holder->stopped)
		degraded_set(
			x->board, "second_daemon", HR_WARNING,
			"another daemon (pid %u) enforces on this host, but is stopped: nothing "
			"acts until it ends",
			holder->pid);
	else if (holder->pid)
		degraded_set(x->board, "second_daemon", HR_WARNING,
			     "another daemon (pid %u) enforces on this host: no actions here until "
			     "it ends",
			     holder->pid);
	else
		degraded_set(x->board, "second_daemon", HR_WARNING,
			     "another daemon enforces on this host (not visible from here): no "
			     "actions until it ends");
}

static void result(struct exclusive *x, int error, const struct enforce_lock_holder *holder)
{
	uint64_t now = clock_mono_ns();

	if (error == -EWOULDBLOCK && holder->enforces) {
		deny(x, holder);
		return;
	}
	x->denied = false;
	degraded_clear(x->board, "second_daemon");
	x->ignore_ns = error ? now + IGNORE_NS : 0;
	if (!error)
		degraded_clear(x->board, "no_lock");
	else if (error == -EWOULDBLOCK)
		degraded_set(x->board, "no_lock", HR_WARNING,
			     "pid %u (%.15s, uid %u) holds the lock of the daemons: ignored, it is "
			     "none",
			     holder->pid, holder->comm, holder->uid);
	else
		degraded_set(x->board, "no_lock", HR_INFO,
			     "a second daemon would not be noticed: no lock on the cgroup (%s)",
			     strerror(-error));
}

static void try_now(struct exclusive *x)
{
	struct enforce_lock_holder holder = {.enforces = true};
	int error = enforce_lock_try(&x->lock);

	if (error == -EWOULDBLOCK)
		enforce_lock_holder(&x->lock, &holder);
	result(x, error, &holder);
}

void exclusive_open(struct exclusive *x, struct board *board, const struct config *config,
		    enum policy_mode mode)
{
	x->board = board;
	x->off = config->no_lock;
	x->wanted = mode == MODE_ENFORCE;
	if (x->off)
		return;
	enforce_lock_open(&x->lock, config->root, config->scope);
	if (x->wanted)
		try_now(x);
}

void exclusive_close(struct exclusive *x) { enforce_lock_close(&x->lock); }

void exclusive_set_mode(struct exclusive *x, enum policy_mode mode)
{
	x->wanted = mode == MODE_ENFORCE;
	if (x->off)
		return;
	if (!x->wanted) {
		if (!x->asked)
			enforce_lock_release(&x->lock);
		degraded_clear(x->board, "second_daemon");
		degraded_clear(x->board, "no_lock");
		x->denied = false;
	} else if (!x->asked && !x->lock.held) {
		/* The worker finds out which process holds it. */
		x->denied = enforce_lock_try(&x->lock) == -EWOULDBLOCK;
		x->ignore_ns = x->tried_ns = 0;
	}
}

enum policy_mode exclusive_mode(const struct exclusive *x)
{
	return x->denied ? MODE_DRY_RUN : MODE_ENFORCE;
}

bool exclusive_ask(struct exclusive *x, struct worker_job *job, uint64_t now_ns)
{
	job->lock = NULL;
	if (x->off || x->asked || !x->wanted || x->lock.held || now_ns < x->ignore_ns ||
	    now_ns - x->tried_ns < TRY_NS)
		return false;
	x->tried_ns = now_ns;
	x->asked = true;
	job->lock = &x->lock;
	return true;
}

bool exclusive_take(struct exclusive *x, struct worker_job *job)
{
	bool denied = x->denied;

	if (!job->lock)
		return false;
	job->lock = NULL;
	x->asked = false;
	if (x->wanted)
		result(x, job->lock_error, &job->lock_holder);
	else
		enforce_lock_release(&x->lock); /* the policies changed meanwhile */
	return x->denied != denied;
}
