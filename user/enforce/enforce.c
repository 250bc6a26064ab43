// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The threads of the enforcing room and the table of deeds between them and the loop: see enforce.h and private.h. It does
 * nothing to anybody by itself.
 */
#include "enforce.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "group.h"
#include "hunt.h"
#include "private.h"
#include "sense/cgroupfs.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define STACK (1024 * 1024)
#else
#define STACK (128 * 1024)
#endif
#define INTERRUPT \
	(SIGRTMAX - 3) /* to a writer whose write takes too long; the handler does nothing */
#define INTERRUPT_NS \
	(100 * NS_PER_MS) /* … again and again: one that comes before the write is lost */
#define CLOSE_SECONDS 2 /* for threads to end; one that hangs in the kernel is left behind */

static const struct {
	enum deed_kind kind;
	rung_fn *run;
} rungs[HR_RUNG_COUNT] = {
	[HR_RUNG_RECLAIM] = {KIND_WRITE, reclaim_run},
	[HR_RUNG_THROTTLE] = {KIND_WRITE, throttle_run},
	[HR_RUNG_TERM] = {KIND_KILL, term_run},
	[HR_RUNG_KILL] = {KIND_KILL, kill_run},
};

bool enforce_stopping(const struct enforce *e)
{
	return __atomic_load_n(&e->stop, __ATOMIC_ACQUIRE);
}

bool enforce_spares(const struct enforce *e, uint32_t pid)
{
	if (pid == (uint32_t)getpid())
		return true;
	for (unsigned i = 0; i < SPARED; i++)
		if (__atomic_load_n(&e->spared[i], __ATOMIC_RELAXED) == pid)
			return true;
	return false;
}

void enforce_spare(struct enforce *e, unsigned int i, uint32_t pid)
{
	if (i < ENFORCE_SPARE)
		__atomic_store_n(&e->spared[i], pid, __ATOMIC_RELAXED);
}

/* ---- deeds */

void deed_end(struct deed *deed, enum hr_deed what, int error, const char *format, ...)
{
	va_list ap;

	deed->result.deed = what;
	deed->result.error = error;
	va_start(ap, format);
	vsnprintf(deed->result.detail, sizeof(deed->result.detail), format, ap);
	va_end(ap);
}

const char *enforce_below(const struct enforce *e, const char *path)
{
	size_t n = strlen(e->base);

	return strncmp(path, e->base, n) || (path[n] && path[n] != '/') ? "" : path + n;
}

bool deed_open(struct enforce *e, struct deed *deed)
{
	const char *usage = e->config.v1 ? "memory.usage_in_bytes" : "memory.current";
	int fd = group_open(e->memory_fd, enforce_below(e, deed->job.path), deed->job.memcg_id);

	if (fd == -ENOENT || fd == -ENOTDIR)
		deed_end(deed, HR_DEED_SKIPPED, -fd, "the container is gone");
	else if (fd == -ESTALE)
		deed_end(deed, HR_DEED_SKIPPED, ESTALE, "the path is another container's by now");
	else if (fd == -EINVAL)
		deed_end(deed, HR_DEED_REFUSED, EINVAL, "not the path of a container");
	else if (fd < 0)
		deed_end(deed, HR_DEED_FAILED, -fd, "cannot open the container");
	if (fd < 0)
		return false;
	deed->dir_fd = fd;
	if (group_protected(fd) > 0) {
		deed_end(deed, HR_DEED_REFUSED, EPERM, "protected by its owner");
		return false;
	}
	deed->usage_fd = openat(fd, usage, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	deed->result.usage_before = deed_usage(e, deed);
	return true;
}

static uint32_t state_of(const struct deed *deed)
{
	return __atomic_load_n(&deed->state, __ATOMIC_ACQUIRE);
}

static void set_state(struct deed *deed, enum deed_state state)
{
	__atomic_store_n(&deed->state, state, __ATOMIC_RELEASE);
}

static void close_all(struct deed *deed)
{
	cleanup_closep(&deed->dir_fd);
	cleanup_closep(&deed->usage_fd);
	hunt_release(deed);
	deed->dir_fd = deed->usage_fd = -1;
	deed->victims = 0;
}

static void finish(struct enforce *e, struct deed *deed)
{
	close_all(deed);
	set_state(deed, DEED_DONE);
	eventfd_write(e->event_fd, 1);
}

/* The oldest in this state. */
static struct deed *oldest(struct enforce *e, enum deed_kind kind, enum deed_state state)
{
	struct deed *first = NULL;

	for (unsigned i = 0; i < ENFORCE_QUEUE; i++) {
		struct deed *deed = &e->deed[kind][i];

		if (state_of(deed) == state &&
		    (!first || __atomic_load_n(&deed->seq, __ATOMIC_RELAXED) <
				       __atomic_load_n(&first->seq, __ATOMIC_RELAXED)))
			first = deed;
	}
	return first;
}

static struct deed *claim(struct enforce *e, enum deed_kind kind)
{
	struct deed *deed;

	while ((deed = oldest(e, kind, DEED_QUEUED))) {
		uint32_t queued = DEED_QUEUED;

		if (__atomic_compare_exchange_n(&deed->state, &queued, DEED_RUNNING, false,
						__ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
			return deed;
	}
	return NULL;
}

/* ---- threads */

void deed_bound(struct worker *worker, uint64_t ms)
{
	__atomic_store_n(&worker->bound_ns, ms ? clock_mono_ns() + ms * NS_PER_MS : 0,
			 __ATOMIC_RELEASE);
	if (ms)
		sem_post(&worker->enforce->watch);
}

/* Once more, since somebody slipped through: what the first time found stays the answer. */
static void run_again(struct worker *worker, struct deed *deed)
{
	struct enforce_result first = deed->result;

	close_all(deed);
	rungs[deed->job.rung].run(worker, deed);
	first.processes += deed->result.processes;
	first.usage_after = deed->result.usage_after;
	deed->result = first;
}

static void run(struct worker *worker, struct deed *deed)
{
	struct enforce *e = worker->enforce;
	struct reap reap = {0};

	if (deed->again) {
		run_again(worker, deed);
	} else {
		deed->result.began_ns = clock_mono_ns();
		rungs[deed->job.rung].run(worker, deed);
		deed->result.ended_ns = clock_mono_ns();
	}
	if (deed->result.deed != HR_DEED_DONE || worker->kind != KIND_KILL) {
		finish(e, deed);
		return;
	}
	if (deed->job.rung == HR_RUNG_KILL)
		reap_take(deed, &reap);
	watch_begin(e, deed);
	set_state(deed, DEED_WATCHED);
	sem_post(&e->watch);
	reap_run(e, &reap);
}

static void *killer(void *arg)
{
	struct worker *worker = arg;
	struct enforce *e = worker->enforce;

	while (!enforce_stopping(e)) {
		struct deed *deed = claim(e, KIND_KILL);

		if (deed)
			run(worker, deed);
		else
			sem_wait(&e->wanted[KIND_KILL]);
	}
	return NULL;
}

/* Waits for the semaphore until then; 0: for as long as it takes. */
static void wait_until(sem_t *sem, uint64_t mono_ns)
{
	struct timespec at = {(time_t)(mono_ns / NS_PER_SEC), (long)(mono_ns % NS_PER_SEC)};

	if (mono_ns)
		sem_clockwait(sem, CLOCK_MONOTONIC, &at);
	else
		sem_wait(sem);
}

static void *writer(void *arg)
{
	struct worker *worker = arg;
	struct enforce *e = worker->enforce;

	while (!enforce_stopping(e)) {
		uint64_t next = throttles_lift_due(e, clock_mono_ns());
		struct deed *deed = claim(e, KIND_WRITE);

		if (deed)
			run(worker, deed);
		else
			wait_until(&e->wanted[KIND_WRITE], next);
	}
	return NULL;
}

/* Writes that take too long get a signal. When to look again, 0: nobody writes. */
static uint64_t interrupt_late(struct enforce *e, uint64_t now_ns)
{
	uint64_t next = 0;

	for (unsigned i = 0; i < KILLERS + WRITERS; i++) {
		uint64_t bound = __atomic_load_n(&e->worker[i].bound_ns, __ATOMIC_ACQUIRE);

		if (!bound)
			continue;
		if (now_ns >= bound || enforce_stopping(e)) {
			pthread_kill(e->worker[i].thread, INTERRUPT);
			bound = now_ns + INTERRUPT_NS;
		}
		next = !next || bound < next ? bound : next;
	}
	return next;
}

static uint64_t look_at_all(struct enforce *e, uint64_t next)
{
	for (unsigned i = 0; i < ENFORCE_QUEUE; i++) {
		struct deed *deed = &e->deed[KIND_KILL][i];
		uint64_t now = clock_mono_ns(), then;
		bool again = false;

		if (state_of(deed) != DEED_WATCHED)
			continue;
		if (watch_look(e, deed, now, &again)) {
			finish(e, deed);
			continue;
		}
		if (again) {
			set_state(deed, DEED_QUEUED);
			sem_post(&e->wanted[KIND_KILL]);
			continue;
		}
		then = now + watch_pause_ns(deed, now);
		next = !next || then < next ? then : next;
	}
	return next;
}

static void *watcher(void *arg)
{
	struct enforce *e = arg;

	while (!enforce_stopping(e))
		wait_until(&e->watch, look_at_all(e, interrupt_late(e, clock_mono_ns())));
	return NULL;
}

/* ---- life */

static void on_interrupt(int sig) { (void)sig; }

/* All signals but our own are somebody else's to handle. */
static int start_thread(pthread_t *thread, void *(*fn)(void *arg), void *arg)
{
	sigset_t most, before;
	pthread_attr_t attr;
	int r;

	sigfillset(&most);
	sigdelset(&most, INTERRUPT);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	pthread_sigmask(SIG_SETMASK, &most, &before);
	r = pthread_create(thread, &attr, fn, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return -r;
}

static int start_threads(struct enforce *e)
{
	struct sigaction action = {.sa_handler = on_interrupt};
	int r;

	if (sigaction(INTERRUPT, &action, NULL) < 0)
		return -errno;
	for (unsigned i = 0; i < KILLERS + WRITERS; i++) {
		struct worker *worker = &e->worker[i];

		worker->enforce = e;
		worker->kind = i < KILLERS ? KIND_KILL : KIND_WRITE;
		if (worker->kind == KIND_KILL) {
			worker->killed = calloc(1, sizeof(*worker->killed));
			worker->listed = calloc(1, sizeof(*worker->listed));
			if (!worker->killed || !worker->listed)
				return -ENOMEM;
		}
		r = start_thread(&worker->thread, worker->kind == KIND_KILL ? killer : writer,
				 worker);
		if (r < 0)
			return r;
		worker->started = true;
	}
	r = start_thread(&e->watcher, watcher, e);
	e->watching = !r;
	return r;
}

static int open_dir(const char *path)
{
	int fd = path[0] ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	return fd < 0 && path[0] ? -errno : fd;
}

static int open_places(struct enforce *e)
{
	_cleanup_free_ struct cgroupfs *fs = calloc(1, sizeof(*fs));
	char proc[ENFORCE_PATH];

	if (!fs)
		return -ENOMEM;
	if (snprintf(proc, sizeof(proc), "%s/proc", e->config.root) >= (int)sizeof(proc) ||
	    strlen(e->config.memory_root) >= sizeof(e->memory_root))
		return -ENAMETOOLONG;
	strcpy(e->memory_root, e->config.memory_root);
	e->memory_fd = open_dir(e->memory_root);
	if (e->memory_fd < 0)
		return e->memory_fd == -1 ? -EINVAL : e->memory_fd;
	e->proc_fd = open_dir(proc);
	if (e->proc_fd < 0)
		return e->proc_fd;
	e->pids_ours = proc_is_ours(e->proc_fd);
	if (!cgroupfs_find(e->config.root, fs) && !strcmp(fs->memory, e->memory_root)) {
		if (strlen(fs->base) < sizeof(e->base))
			strcpy(e->base, fs->base);
		if (e->config.v1 && strlen(fs->freezer) < sizeof(e->freezer_root))
			strcpy(e->freezer_root, fs->freezer);
	}
	e->freezer_fd = open_dir(e->freezer_root);
	if (e->freezer_fd < 0)
		e->freezer_fd = -1; /* then nobody is frozen */
	return 0;
}

int enforce_open(const struct enforce_config *config, struct enforce **ret_enforce)
{
	struct enforce *e = calloc(1, sizeof(*e));
	int r;

	if (!e)
		return -ENOMEM;
	e->config = *config;
	e->config.root = config->root ? config->root : "";
	e->proc_fd = e->memory_fd = e->freezer_fd = -1;
	sem_init(&e->wanted[KIND_KILL], 0, 0);
	sem_init(&e->wanted[KIND_WRITE], 0, 0);
	sem_init(&e->watch, 0, 0);
	e->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	r = e->event_fd < 0 ? -errno : open_places(e);
	if (!r && config->undo_path)
		r = undo_open(config->undo_path, &e->undo);
	if (!r)
		r = throttles_init(e);
	if (!r) {
		proc_parents(e->proc_fd, (uint32_t)getpid(), e->spared + ENFORCE_SPARE,
			     SPARED - ENFORCE_SPARE);
		r = start_threads(e);
	}
	if (r < 0) {
		enforce_close(e);
		return r;
	}
	*ret_enforce = e;
	return 0;
}

static bool join(pthread_t thread, const struct timespec *until)
{
	if (!pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, until))
		return true;
	pthread_detach(thread);
	return false;
}

/* The watcher first, or it would take a writer's thread for one that still is. */
static bool join_all(struct enforce *e)
{
	uint64_t until_ns = clock_mono_ns() + CLOSE_SECONDS * NS_PER_SEC;
	struct timespec until = {(time_t)(until_ns / NS_PER_SEC), (long)(until_ns % NS_PER_SEC)};
	bool all = !e->watching || join(e->watcher, &until);

	for (unsigned i = 0; i < KILLERS + WRITERS; i++) {
		struct worker *worker = &e->worker[i];

		if (!worker->started)
			continue;
		if (__atomic_load_n(&worker->bound_ns, __ATOMIC_ACQUIRE))
			pthread_kill(worker->thread, INTERRUPT);
		all = join(worker->thread, &until) && all;
	}
	return all;
}

void enforce_close(struct enforce *e)
{
	bool all;

	if (!e)
		return;
	__atomic_store_n(&e->stop, true, __ATOMIC_RELEASE);
	for (unsigned i = 0; i < KILLERS + WRITERS; i++) {
		sem_post(&e->wanted[KIND_KILL]);
		sem_post(&e->wanted[KIND_WRITE]);
	}
	sem_post(&e->watch);
	all = join_all(e);
	throttles_done(e);
	if (!all)
		return; /* somebody still hangs in the kernel with our memory */
	for (unsigned k = 0; k < KINDS; k++)
		for (unsigned i = 0; i < ENFORCE_QUEUE; i++)
			if (state_of(&e->deed[k][i]) == DEED_WATCHED)
				finish(e, &e->deed[k][i]);
	for (unsigned i = 0; i < KILLERS; i++) {
		free(e->worker[i].killed);
		free(e->worker[i].listed);
	}
	free(e->throttles);
	undo_close(e->undo);
	cleanup_closep(&e->memory_fd);
	cleanup_closep(&e->freezer_fd);
	cleanup_closep(&e->proc_fd);
	cleanup_closep(&e->event_fd);
	free(e);
}

int enforce_fd(const struct enforce *e) { return e->event_fd; }

/* ---- the loop's side */

static int check_job(const struct enforce_job *job)
{
	if ((unsigned)job->rung >= HR_RUNG_COUNT || !rungs[job->rung].run)
		return -EOPNOTSUPP;
	if (!memchr(job->path, '\0', sizeof(job->path)) || (job->path[0] && job->path[0] != '/'))
		return -EINVAL;
	if (job->signal < 0 || job->signal > SIGRTMAX)
		return -EINVAL;
	if (!job->path[0] && (rungs[job->rung].kind == KIND_WRITE || (!job->pid && !job->pgid)))
		return -EINVAL;
	/* PID 1's group, and what a sign error makes of it */
	return job->pgid == 1 || job->pgid > INT32_MAX || job->pid > INT32_MAX ? -EINVAL : 0;
}

int enforce_submit(struct enforce *e, const struct enforce_job *job)
{
	int r = check_job(job);
	enum deed_kind kind;

	if (r < 0)
		return r;
	kind = rungs[job->rung].kind;
	for (unsigned i = 0; i < ENFORCE_QUEUE; i++) {
		struct deed *deed = &e->deed[kind][i];

		if (state_of(deed) != DEED_FREE)
			continue;
		deed->job = *job;
		deed->result = (struct enforce_result){
			.tag = job->tag,
			.rung = job->rung,
			.usage_before = HR_UNKNOWN,
			.usage_after = HR_UNKNOWN,
			.freed = HR_UNKNOWN,
		};
		deed->dir_fd = deed->usage_fd = -1;
		deed->victims = deed->again = 0;
		deed->anon = deed->goal = deed->lowest = 0;
		deed->lowest_ns = deed->gone_ns = deed->looked_ns = 0;
		deed->by_main = false;
		__atomic_store_n(&deed->seq, ++e->next_seq, __ATOMIC_RELAXED);
		set_state(deed, DEED_QUEUED);
		sem_post(&e->wanted[kind]);
		return 0;
	}
	return -EAGAIN;
}

bool enforce_take(struct enforce *e, struct enforce_result *ret_result)
{
	/* Only with nothing left is the descriptor quietened; then once more, for who came in between. */
	for (int attempt = 0; attempt < 2; attempt++) {
		struct deed *a = oldest(e, KIND_KILL, DEED_DONE),
			    *b = oldest(e, KIND_WRITE, DEED_DONE);
		struct deed *deed = !a || (b && b->seq < a->seq) ? b : a;
		eventfd_t count;

		if (deed) {
			*ret_result = deed->result;
			set_state(deed, DEED_FREE);
			return true;
		}
		eventfd_read(e->event_fd, &count);
	}
	return false;
}
