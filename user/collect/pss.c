// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * A thread that reads smaps_rollup, and what it read last. Measured on 6.18: 12 ms of CPU for a process of 1 GiB by itself,
 * 45 ms where each page is shared; so one reading has a budget, and the next one begins where no figure is known or the
 * oldest is.
 */
#include "pss.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <headroom/board.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define PSS_STACK     (64 * 1024)
#define PSS_BUDGET_NS (60 * NS_PER_MS)  /* CPU time of one reading … */
#define PSS_FIRST_NS  (400 * NS_PER_MS) /* … of which nothing is known yet */
#define PSS_FRESH_NS \
	(5 *         \
	 NS_PER_SEC) /* not read again before, unless its size has changed or its group has a new process */
#define PSS_MEMOS    512u /* a power of two */
#define PSS_REACH    8u
#define PSS_CLOSE_MS 1000u /* a reading under way is waited for, then left behind with its memory */

struct pss_memo { /* as it was read last; pid 0: free */
	struct pss_process process;
	uint64_t read_ns;
};

struct pss {
	int proc_fd;
	pthread_t thread;
	pthread_mutex_t lock; /* of all that follows */
	pthread_cond_t begin, end;
	bool busy, stop;
	struct pss_process wanted[PSS_MOST];
	size_t n;
	struct pss_memo memo[PSS_MEMOS];
};

void pss_parse(const char *text, uint64_t *ret_pss, uint64_t *ret_private)
{
	static const char *const keys[] = {"\nPss:", "\nPrivate_Clean:", "\nPrivate_Dirty:"};
	uint64_t kib[ARRAY_SIZE(keys)];

	*ret_pss = *ret_private = HR_UNKNOWN;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const char *at = strstr(text, keys[i]);

		if (!at)
			return;
		kib[i] = strtoull(at + strlen(keys[i]), NULL, 10);
	}
	*ret_pss = kib[0] << 10;
	*ret_private = (kib[1] + kib[2]) << 10;
}

static void read_one(const struct pss *pss, struct pss_process *process)
{
	char path[32], text[2048];
	_cleanup_close_ int fd = -1;
	ssize_t n;

	process->pss = process->private = HR_UNKNOWN;
	snprintf(path, sizeof(path), "%u/smaps_rollup", process->pid);
	fd = openat(pss->proc_fd, path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return; /* it has ended, or this kernel has no such file */
	text[n] = 0;
	pss_parse(text, &process->pss, &process->private);
}

static bool is_of(const struct pss_memo *memo, const struct pss_process *process)
{
	return memo->process.pid == process->pid &&
	       memo->process.start_boottime_ns == process->start_boottime_ns;
}

/* The memo of a process, or the place for it: the one within reach that was read longest ago. */
static struct pss_memo *memo_of(struct pss *pss, const struct pss_process *process)
{
	uint32_t home = (process->pid * 0x9e3779b1u) >> 16;
	struct pss_memo *oldest = &pss->memo[home % PSS_MEMOS];

	for (uint32_t i = 0; i < PSS_REACH; i++) {
		struct pss_memo *memo = &pss->memo[(home + i) % PSS_MEMOS];

		if (is_of(memo, process))
			return memo;
		if (memo->read_ns < oldest->read_ns)
			oldest = memo;
	}
	return oldest;
}

static void *pss_thread(void *arg)
{
	struct pss *pss = arg;

	pthread_mutex_lock(&pss->lock);
	for (;;) {
		uint64_t began;

		while (!pss->busy && !pss->stop)
			pthread_cond_wait(&pss->begin, &pss->lock);
		if (pss->stop)
			break;
		began = clock_ns(CLOCK_THREAD_CPUTIME_ID);
		for (size_t i = 0; i < pss->n && !pss->stop; i++) {
			struct pss_process one = pss->wanted[i];
			bool known = is_of(memo_of(pss, &one), &one);

			if (clock_ns(CLOCK_THREAD_CPUTIME_ID) - began >
			    (known ? PSS_BUDGET_NS : PSS_FIRST_NS))
				break;
			pthread_mutex_unlock(&pss->lock);
			read_one(pss, &one);
			pthread_mutex_lock(&pss->lock);
			*memo_of(pss, &one) = (struct pss_memo){one, clock_mono_ns()};
		}
		pss->busy = false;
		pthread_cond_signal(&pss->end);
	}
	pthread_mutex_unlock(&pss->lock);
	return NULL;
}

static bool is_fresh(struct pss *pss, const struct pss_process *process)
{
	const struct pss_memo *memo = memo_of(pss, process);
	uint64_t old = memo->process.rss, now = process->rss;

	return is_of(memo, process) && memo->process.pss != HR_UNKNOWN &&
	       clock_mono_ns() - memo->read_ns < PSS_FRESH_NS &&
	       (now > old ? now - old : old - now) <= old / 16;
}

/* A process that was never read is in this group: a fork changes what the others share. */
static bool joined(struct pss *pss, const struct pss_process *processes, size_t n, uint32_t group)
{
	for (size_t i = 0; i < n && i < PSS_MOST; i++)
		if (processes[i].group == group &&
		    !is_of(memo_of(pss, &processes[i]), &processes[i]))
			return true;
	return false;
}

/* Those without a figure first, then those with the oldest. */
static int by_age(const struct pss *pss, const struct pss_process *a, const struct pss_process *b)
{
	const struct pss_memo *ma = memo_of((struct pss *)pss, a),
			      *mb = memo_of((struct pss *)pss, b);
	uint64_t at_a = is_of(ma, a) ? ma->read_ns : 0, at_b = is_of(mb, b) ? mb->read_ns : 0;

	return at_a < at_b ? -1 : at_a > at_b;
}

/* By insertion, which keeps the caller's order among equals. */
static void want(struct pss *pss, const struct pss_process *processes, size_t n)
{
	pss->n = 0;
	for (size_t i = 0; i < n && i < PSS_MOST; i++) {
		size_t at = pss->n;

		if (is_fresh(pss, &processes[i]) && !joined(pss, processes, n, processes[i].group))
			continue;
		pss->n++;
		while (at && by_age(pss, &processes[i], &pss->wanted[at - 1]) < 0) {
			pss->wanted[at] = pss->wanted[at - 1];
			at--;
		}
		pss->wanted[at] = processes[i];
	}
}

/* What was read last; what it has grown by since counts as its own. */
static void recall(struct pss *pss, struct pss_process *process)
{
	const struct pss_memo *memo = memo_of(pss, process);
	const struct pss_process *old = &memo->process;
	uint64_t grown;

	process->pss = process->private = HR_UNKNOWN;
	if (!is_of(memo, process) || old->pss == HR_UNKNOWN)
		return;
	grown = process->rss > old->rss ? process->rss - old->rss : 0;
	process->pss = old->pss + grown;
	process->private = old->private + grown;
	if (process->pss > process->rss && process->rss < old->rss)
		process->pss = process->rss;
}

/* Until the thread is idle or the time is over; with the lock held. */
static void wait_idle(struct pss *pss, unsigned int wait_ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += (long)wait_ms * 1000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	while (pss->busy && !pthread_cond_timedwait(&pss->end, &pss->lock, &until))
		;
}

void pss_read(struct pss *pss, struct pss_process *processes, size_t n, unsigned int wait_ms)
{
	bool behind;

	pthread_mutex_lock(&pss->lock);
	behind = pss->busy; /* perhaps at a lock: not waited for again */
	if (!behind && n) {
		want(pss, processes, n);
		pss->busy = true;
		pthread_cond_signal(&pss->begin);
	}
	if (!behind)
		wait_idle(pss, wait_ms);
	for (size_t i = 0; i < n; i++)
		recall(pss, &processes[i]);
	pthread_mutex_unlock(&pss->lock);
}

static int start(struct pss *pss)
{
	pthread_condattr_t clock;
	pthread_attr_t attr;
	int err;

	pthread_mutex_init(&pss->lock, NULL);
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&pss->begin, NULL);
	pthread_cond_init(&pss->end, &clock);
	pthread_condattr_destroy(&clock);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, PSS_STACK);
	err = pthread_create(&pss->thread, &attr, pss_thread, pss);
	pthread_attr_destroy(&attr);
	return -err;
}

int pss_open(struct pss **ret_pss, const char *root)
{
	struct pss *pss = calloc(1, sizeof(*pss));
	char path[4096];
	int err;

	if (!pss)
		return -ENOMEM;
	snprintf(path, sizeof(path), "%s/proc", root ? root : "");
	pss->proc_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	err = pss->proc_fd < 0 ? -errno : start(pss);
	if (err) {
		if (pss->proc_fd >= 0)
			close(pss->proc_fd);
		free(pss);
		return err;
	}
	*ret_pss = pss;
	return 0;
}

void pss_close(struct pss *pss)
{
	bool busy;

	if (!pss)
		return;
	pthread_mutex_lock(&pss->lock);
	pss->stop = true;
	wait_idle(pss, PSS_CLOSE_MS);
	busy = pss->busy;
	pthread_cond_signal(&pss->begin);
	pthread_mutex_unlock(&pss->lock);
	if (busy) { /* it may wait for another process's lock without a bound */
		pthread_detach(pss->thread);
		return;
	}
	pthread_join(pss->thread, NULL);
	close(pss->proc_fd);
	free(pss);
}
