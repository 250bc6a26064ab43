// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Does what may block, so that the loop never does; decides nothing. Allocates only when it is asked to grow. */
#include "sweep_worker.h"

#include <malloc.h>
#include <string.h>
#include <sys/eventfd.h>
#include <fcntl.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "enforce/enforce.h"

#define WORKER_STACK (128 * 1024)
#define STAT_AGE_NS \
	(10 * NS_PER_SEC)          /* memory.stat of a cgroup without change is read this often */
#define STAT_CHANGE    (1 << 20)   /* … and whenever its usage moved by this much */
#define STAT_NOISE     (256 << 10) /* … but not for the noise of per-CPU charging */
#define MEMO_REACH     8
#define TASK_ROWS      4096u /* the threshold adapts so that some hundreds come (sample_processes.c) */
#define CAPACITY_LEAST 256u
#define CAPACITY_SPARE 96u
#define CAPACITY_STEP  64u

__u32 worker_capacity(const char *root)
{
	size_t count = collect_count(root);
	size_t capacity = count + count / 32 + CAPACITY_SPARE;

	capacity = (capacity + CAPACITY_STEP - 1) / CAPACITY_STEP * CAPACITY_STEP;
	return capacity < CAPACITY_LEAST  ? CAPACITY_LEAST
	       : capacity > CAPACITY_MOST ? CAPACITY_MOST
					  : (__u32)capacity;
}

static __u32 memo_size(size_t capacity)
{
	__u32 n = 64;

	while (n < 2 * capacity)
		n <<= 1;
	return n;
}

/* The memo of a cgroup, or the place for it: the one within reach that was read longest ago. */
static struct stat_memo *memo_of(struct worker *worker, __u64 id)
{
	__u32 home = (__u32)((id * 0x9e3779b97f4a7c15ULL) >> 32);
	struct stat_memo *oldest = &worker->memo[home & worker->memo_mask];

	for (__u32 i = 0; i < MEMO_REACH; i++) {
		struct stat_memo *memo = &worker->memo[(home + i) & worker->memo_mask];

		if (memo->id == id)
			return memo;
		if (memo->read_ns < oldest->read_ns)
			oldest = memo;
	}
	return oldest;
}

/* memory.stat costs ten times the rest of a cgroup's sweep: read where it may have changed, or where the limit is near. */
static bool want_stat(const struct memcg_sample *row, void *arg)
{
	struct worker *worker = arg;
	struct stat_memo *memo = memo_of(worker, row->id);
	__u64 now = worker->job.begun_ns;
	/* The id spreads these reads over the seconds. */
	__u64 age = STAT_AGE_NS + (row->id % 8) * NS_PER_SEC;
	__u64 moved =
		row->usage > memo->usage ? row->usage - memo->usage : memo->usage - row->usage;
	bool full = row->limit != RECORD_UNKNOWN && row->usage > row->limit - row->limit / 16;

	if (memo->id == row->id && now - memo->read_ns < age && !full && moved < STAT_CHANGE &&
	    moved < row->usage / 16 + STAT_NOISE)
		return false;
	*memo = (struct stat_memo){.id = row->id, .usage = row->usage, .read_ns = now};
	return true;
}

static __u64 thread_cpu_ns(void) { return clock_ns(CLOCK_THREAD_CPUTIME_ID); }

static void measure_self(struct worker *worker)
{
	char text[128];
	ssize_t n = pread(worker->statm_fd, text, sizeof(text) - 1, 0);
	unsigned long size, resident;

	if (n > 0) {
		text[n] = '\0';
		if (sscanf(text, "%lu %lu", &size, &resident) == 2)
			worker->job.rss = resident * (unsigned long)sysconf(_SC_PAGESIZE);
	}
	worker->job.heap = mallinfo2().uordblks + mallinfo2().hblkhd;
}

static void do_sweep(struct worker *worker)
{
	struct worker_job *job = &worker->job;
	__u64 cpu = thread_cpu_ns();

	job->number = ++worker->sweeps;
	job->host_error = collect_host(worker->collector, &job->host);
	job->sweep_error = collect_sweep(worker->collector, job->rows, job->capacity, &job->n_rows,
					 want_stat, worker);
	if (job->sweep_error && job->sweep_error != -ENOSPC)
		job->n_rows = 0;
	job->sweep_cpu_ns = thread_cpu_ns() - cpu;
	job->board_gone = access(job->board_path, F_OK) && errno == ENOENT;
	if (worker->sweeps % 8 == 1)
		measure_self(worker);
}

static void free_tables(struct worker *worker)
{
	free(worker->job.rows);
	free(worker->job.parent);
	free(worker->job.accounts);
	free(worker->job.tasks);
	free(worker->memo);
}

/* The worker's own tables; nothing changes on failure. */
static int grow_tables(struct worker *worker, size_t capacity)
{
	struct worker_job *job = &worker->job;
	_cleanup_free_ struct memcg_sample *rows = calloc(capacity, sizeof(*rows));
	_cleanup_free_ struct task_sample *tasks = calloc(TASK_ROWS, sizeof(*tasks));
	_cleanup_free_ struct stat_memo *memo = calloc(memo_size(capacity), sizeof(*memo));
	_cleanup_free_ int *parent = calloc(capacity, sizeof(*parent));
	_cleanup_free_ struct account *accounts = calloc(capacity, sizeof(*accounts));

	if (!rows || !tasks || !memo || !parent || !accounts)
		return -ENOMEM;
	free_tables(worker);
	job->parent = take_ptr(parent);
	job->accounts = take_ptr(accounts);
	job->rows = take_ptr(rows);
	job->tasks = take_ptr(tasks);
	worker->memo = take_ptr(memo);
	job->capacity = capacity;
	job->task_capacity = TASK_ROWS;
	worker->memo_mask = memo_size(capacity) - 1;
	return 0;
}

/* Grows everything that is as large as the number of cgroups, without the board. The request is the least: more cgroups
 * may exist by now, and each growth loads BPF again. */
static int grow(struct worker *worker)
{
	struct worker_job *job = &worker->job;
	__u32 now = worker_capacity(job->root);
	__u32 capacity = now > job->want_capacity ? now : job->want_capacity;
	int err = collect_grow(worker->collector, capacity, &job->grown);

	if (err)
		return err;
	err = tracks_init(&job->tracks, capacity) ?: grow_tables(worker, capacity);
	if (err) {
		tracks_done(&job->tracks);
		collect_close(take_ptr(job->grown));
		return err;
	}
	job->grown_capacity = capacity;
	return 0;
}

/* The reflex does not ask the owner before it kills. If the answer is unknown, the cgroup counts as protected. */
static bool owner_protects(const struct worker_job *job, const char *path, __u64 memcg_id)
{
	return enforce_owner_protects(job->enforce, path, memcg_id) != 0;
}

static int trigger_one(struct worker *worker, const struct trigger *trigger)
{
	if ((trigger->flags & TRIGGER_REFLEX) &&
	    owner_protects(&worker->job, trigger->path, trigger->memcg_id))
		return -EPERM;
	return collect_trigger(worker->collector, trigger);
}

static void do_job(struct worker *worker)
{
	struct worker_job *job = &worker->job;

	collect_close(take_ptr(job->retired));
	if (job->want_capacity) /* first, since it replaces the tables of rows */
		job->grow_error = grow(worker);
	/* Before the sweep, which can block for long: arming is urgent. */
	for (size_t i = 0; i < job->n_triggers; i++)
		job->trigger[i].error = trigger_one(worker, &job->trigger[i].trigger);
	for (size_t i = 0; i < job->n_owners; i++)
		job->owner[i].protects =
			owner_protects(job, job->owner[i].path, job->owner[i].memcg_id);
	if (job->want_trigger_close)
		collect_trigger_close(worker->collector, job->trigger_close);
	job->begun_ns = clock_mono_ns();
	if (job->want_sweep)
		do_sweep(worker);
	if (job->want_tasks)
		job->tasks_error = collect_tasks(worker->collector, job->min_rss, job->tasks,
						 job->task_capacity, &job->n_tasks);
	for (size_t i = 0; i < job->n_opens; i++)
		job->open[i].fd = collect_usage_open(worker->collector, job->open[i].path);
}

static void *worker_thread(void *arg)
{
	struct worker *worker = arg;
	__u64 one = 1;

	for (;;) {
		while (sem_wait(&worker->go) && errno == EINTR)
			;
		if (__atomic_load_n(&worker->stop, __ATOMIC_ACQUIRE))
			return NULL;
		do_job(worker);
		if (write(worker->done_fd, &one, sizeof(one)) < 0)
			return NULL; /* an eventfd that can't be written is a closed one */
	}
}

int worker_init(struct worker *worker, struct collector *collector, size_t capacity)
{
	pthread_attr_t attr;
	int err;

	memset(worker, 0, sizeof(*worker));
	err = grow_tables(worker, capacity);
	if (err)
		return err;
	worker->collector = collector;
	worker->statm_fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	worker->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (worker->done_fd < 0)
		return -errno;
	sem_init(&worker->go, 0, 0);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, WORKER_STACK);
	err = pthread_create(&worker->thread, &attr, worker_thread, worker);
	pthread_attr_destroy(&attr);
	return -err;
}

void worker_done(struct worker *worker)
{
	if (worker->thread) {
		__atomic_store_n(&worker->stop, true, __ATOMIC_RELEASE);
		sem_post(&worker->go);
		pthread_join(worker->thread, NULL);
	}
	/* What the last job brought and the loop did not take. */
	collect_close(worker->job.grown);
	collect_close(worker->job.retired);
	tracks_done(&worker->job.tracks);
	free_tables(worker);
	if (worker->statm_fd > 0)
		close(worker->statm_fd);
	if (worker->done_fd > 0)
		close(worker->done_fd);
	memset(worker, 0, sizeof(*worker));
}

void worker_start(struct worker *worker)
{
	worker->busy = true;
	sem_post(&worker->go);
}

void worker_finish(struct worker *worker)
{
	__u64 count;

	if (read(worker->done_fd, &count, sizeof(count)) < 0)
		return;
	worker->busy = false;
}
