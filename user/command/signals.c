// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Termination by signal. Blocked except while waiting: so none can arrive between the check of the
 * flag and the wait. */
#include "signals.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <headroom/reader.h>

#include "base/cleanup.h"
#include "base/clock.h"

static volatile sig_atomic_t caught;
static sigset_t before; /* the mask before signals_catch(), used while waiting */
static const int ending[] = {SIGINT, SIGTERM, SIGHUP};

static void on_signal(int number) { caught = number; }

void signals_catch(void)
{
	struct sigaction action = {.sa_handler = on_signal}, old;
	static bool done;
	sigset_t blocked;

	if (done) /* or `before` would be the mask of the first call */
		return;
	done = true;
	sigemptyset(&blocked);
	for (size_t i = 0; i < ARRAY_SIZE(ending); i++) {
		/* under nohup, or in a shell's background, they stay ignored */
		if (!sigaction(ending[i], NULL, &old) && old.sa_handler == SIG_IGN)
			continue;
		sigaction(ending[i], &action, NULL);
		sigaddset(&blocked, ending[i]);
	}
	sigprocmask(SIG_BLOCK, &blocked, &before);
}

int signals_caught(void) { return caught; }

int signals_wait(struct pollfd *fds, unsigned int n, uint64_t timeout_ns)
{
	struct timespec timeout = {(time_t)(timeout_ns / NS_PER_SEC),
				   (long)(timeout_ns % NS_PER_SEC)};

	return ppoll(fds, n, &timeout, &before);
}

void signals_wait_event(struct hr_reader *reader, uint64_t timeout_ns)
{
	sigset_t blocked;
	int r;

	sigprocmask(SIG_SETMASK, &before, &blocked);
	r = caught ? 0 : hr_reader_wait_event(reader, timeout_ns);
	sigprocmask(SIG_SETMASK, &blocked, NULL);
	if (r && r != -ETIMEDOUT && r != -EINTR)
		signals_wait(NULL, 0, timeout_ns);
}

void signals_release(void) { sigprocmask(SIG_SETMASK, &before, NULL); }
