// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Does what may block, so that the loop never does; decides nothing. Allocates only when it is asked to grow. */
#include "sweep_worker.h"

#include <malloc.h>
#include <string.h>
#include <sys/eventfd.h>
#include <fcntl.h>
#include <time.h>

#include "base/cleanup.h"
#include "collect/other_killers.h"
#include "base/clock.h"
#include "base/log.h"
#include "enforce/enforce.h"
#include "enforce/proc.h"

#define WORKER_STACK (128 * 1024)
#define STAT_AGE_NS \
	(10 * NS_PER_SEC)          /* memory.stat of a cgroup without change is read this often */
#define KINDS_LEAST    (4 << 20)   /* bytes */
#define STAT_CHANGE    (1 << 20)   /* … and whenever its usage moved by this much */
#define STAT_NOISE     (256 << 10) /* … but not for the noise of per-CPU charging */
#define MEMO_REACH     8
#define PSS_LEAST      (1 << 20) /* smaller processes decide nothing */
#define PSS_WAIT_MS    500       /* what is not read by then is what it was before */
#define TASK_ROWS      4096u /* the threshold adapts so that some hundreds come (sample_processes.c) */
#define CAPACITY_LEAST 256u
#define CAPACITY_SPARE 96u
#define CAPACITY_STEP  64u

__u32 worker_capacity_for(size_t count)
{
	size_t capacity = count + count / 32 + CAPACITY_SPARE;

	capacity = (capacity + CAPACITY_STEP - 1) / CAPACITY_STEP * CAPACITY_STEP;
	return capacity < CAPACITY_LEAST  ? CAPACITY_LEAST
	       : capacity > CAPACITY_MOST ? CAPACITY_MOST
					  : (__u32)capacity;
}

__u32 worker_capacity(const char *root) { return worker_capacity_for(collect_count(root)); }

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

/* BPF does not tell the kinds of memory that are no process's. Once much of a cgroup's is of those, they are read now and then. */
static bool want_kinds(const struct memcg_sample *row, struct stat_memo *memo, __u64 now)
{
	__u64 shown = row->anon + row->file;

	if ((row->flags & SAMPLE_V1) || row->usage == RECORD_UNKNOWN || row->usage < shown ||
	    row->usage - shown < KINDS_LEAST || row->usage - shown < row->usage / 8 ||
	    now - memo->kinds_ns < STAT_AGE_NS)
		return false;
	memo->kinds_ns = now;
	return true;
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

	/* From BPF, flushed where the walk began: page cache that came since is missing. */
	if (row->flags & SAMPLE_STAT) {
		if (memo->id != row->id) {
			moved = row->usage;
			memo->kinds_ns = 0;
		}
		memo->id = row->id;
		memo->usage = row->usage;
		memo->read_ns = now;
		return want_kinds(row, memo, now) || moved >= STAT_CHANGE;
	}
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
	free(worker->job.track);
	free(worker->job.moving);
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
	_cleanup_free_ uint32_t *track = calloc(capacity, sizeof(*track));
	_cleanup_free_ uint32_t *moving = calloc(capacity, sizeof(*moving));

	if (!rows || !tasks || !memo || !parent || !accounts || !track || !moving)
		return -ENOMEM;
	free_tables(worker);
	job->parent = take_ptr(parent);
	job->accounts = take_ptr(accounts);
	job->track = take_ptr(track);
	job->moving = take_ptr(moving);
	job->rows = take_ptr(rows);
	job->tasks = take_ptr(tasks);
	worker->memo = take_ptr(memo);
	job->capacity = capacity;
	job->task_capacity = TASK_ROWS;
	worker->memo_mask = memo_size(capacity) - 1;
	return 0;
}

/* Makes everything that is as large as the number of cgroups anew, larger or smaller, without the board. The request is the least:
 * more cgroups may exist by now, and each time loads BPF again. */
static int grow(struct worker *worker)
{
	struct worker_job *job = &worker->job;
	__u32 now = worker_capacity(job->root);
	__u32 capacity = now > job->want_capacity ? now : job->want_capacity;
	int err = collect_grow(worker->collector, capacity, &job->grown);

	if (err)
		return err;
	err = capacity > job->slots ? tracks_init(&job->tracks, capacity) : 0;
	err = err ?: grow_tables(worker, capacity);
	if (err) {
		tracks_done(&job->tracks);
		collect_close(take_ptr(job->grown));
		return err;
	}
	job->grown_capacity = capacity;
	return 0;
}

/* The reflex reads no attribute before it kills. If the answer is unknown (< 0), it is not armed either. */
static int owner_protects(const struct worker_job *job, const char *path, __u64 memcg_id,
			  bool guest)
{
	int r = enforce_owner_protects(job->enforce, path, memcg_id, guest);

	return r > 0 ? -EPERM : r == -EPERM ? -EACCES : r;
}

static int trigger_one(struct worker *worker, const struct worker_trigger *armed)
{
	const struct trigger *trigger = &armed->trigger;
	int r = 0;

	if (trigger->flags & TRIGGER_REFLEX)
		r = owner_protects(&worker->job, trigger->path, trigger->memcg_id, armed->guest);
	return r ?: collect_trigger(worker->collector, trigger);
}

static bool is_contained(const struct worker_job *job, __u64 memcg_id)
{
	for (uint32_t i = 0; i < job->n_contained; i++)
		if (job->contained[i] == memcg_id)
			return true;
	return false;
}

/* The largest ones, by insertion. */
static size_t choose_shared(struct worker *worker)
{
	const struct worker_job *job = &worker->job;
	size_t n = 0;

	for (size_t i = 0; i < job->n_tasks && i < UINT16_MAX; i++) {
		const struct task_sample *task = &job->tasks[i];
		size_t at = n;

		if (task->rss < PSS_LEAST ||
		    (n == PSS_MOST && worker->shared[n - 1].rss >= task->rss) ||
		    is_contained(job, task->memcg_id))
			continue;
		if (n < PSS_MOST)
			n++;
		else
			at--;
		for (; at && worker->shared[at - 1].rss < task->rss; at--) {
			worker->shared[at] = worker->shared[at - 1];
			worker->shared_task[at] = worker->shared_task[at - 1];
		}
		worker->shared[at] =
			(struct pss_process){.pid = task->pid,
					     .group = task->pgid,
					     .start_boottime_ns = task->start_boottime_ns,
					     .rss = task->rss};
		worker->shared_task[at] = (uint16_t)i;
	}
	return n;
}

/* The first of a process group with several: what it shares says most about those that are not read in time. */
static bool first_of_group(const struct worker *worker, size_t n, size_t i)
{
	const struct task_sample *tasks = worker->job.tasks;
	uint32_t others = 0;

	for (size_t k = 0; k < n; k++) {
		bool same =
			tasks[worker->shared_task[k]].pgid == tasks[worker->shared_task[i]].pgid;

		if (same && k < i)
			return false;
		others += same && k > i;
	}
	return others > 0;
}

/* One of each such group to the front. */
static void groups_first(struct worker *worker, size_t n)
{
	size_t front = 0;

	for (size_t i = 0; i < n; i++) {
		struct pss_process one = worker->shared[i];
		uint16_t task = worker->shared_task[i];

		if (!first_of_group(worker, n, i))
			continue;
		for (size_t at = i; at > front; at--) {
			worker->shared[at] = worker->shared[at - 1];
			worker->shared_task[at] = worker->shared_task[at - 1];
		}
		worker->shared[front] = one;
		worker->shared_task[front++] = task;
	}
}

static void read_shared(struct worker *worker)
{
	size_t n = choose_shared(worker);

	groups_first(worker, n);
	pss_read(worker->pss, worker->shared, n, PSS_WAIT_MS);
	for (size_t i = 0; i < n; i++)
		worker->job.tasks[worker->shared_task[i]].pss = worker->shared[i].pss;
}

/* Opening takes no mmap lock, but may wait for an exec of the process. Its start time is compared afterwards: what was opened belongs to
 * no later process of this number. */
static int open_map(const struct worker *worker)
{
	const struct worker_job *job = &worker->job;
	__u64 ticks = proc_ticks(job->map_start_ns);
	_cleanup_close_ int fd = -1;
	struct proc_stat stat;
	char path[32];
	int err;

	snprintf(path, sizeof(path), "%u/smaps", job->map_pid);
	fd = openat(worker->proc_fd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = proc_stat(worker->proc_fd, job->map_pid, &stat);
	if (err)
		return err;
	return stat.start_ticks + 1 < ticks || stat.start_ticks > ticks + 1 ? -ESRCH : take_fd(fd);
}

static void do_job(struct worker *worker)
{
	struct worker_job *job = &worker->job;

	collect_close(take_ptr(job->retired));
	if (job->want_capacity) /* first, since it replaces the tables of rows */
		job->grow_error = grow(worker);
	else if (job->want_again)
		job->grow_error = collect_again(worker->collector, &job->grown);
	if (job->want_trigger_ready)
		collect_trigger_ready(worker->collector, job->trigger_ready);
	/* Before the sweep, which can block for long: arming is urgent. */
	for (size_t i = 0; i < job->n_triggers; i++) {
		job->trigger[i].error = trigger_one(worker, &job->trigger[i]);
		job->trigger[i].armed_ns = clock_mono_ns();
	}
	for (size_t i = 0; i < job->n_owners; i++)
		job->owner[i].error = owner_protects(job, job->owner[i].path,
						     job->owner[i].memcg_id, job->owner[i].guest);
	if (job->lock) {
		job->lock_error = enforce_lock_try(job->lock);
		if (job->lock_error == -EWOULDBLOCK)
			enforce_lock_holder(job->lock, &job->lock_holder);
	}
	if (job->want_trigger_close)
		collect_trigger_close(worker->collector, job->trigger_close);
	job->begun_ns = clock_mono_ns();
	if (job->want_sweep)
		do_sweep(worker);
	if (job->killers_root)
		other_killers_find(job->killers_root, job->killers, sizeof(job->killers));
	if (job->want_tasks) {
		job->tasks_error = collect_tasks(worker->collector, job->min_rss, job->tasks,
						 job->task_capacity, &job->n_tasks);
		job->tasks_lost = collect_tasks_lost(worker->collector);
	}
	if (job->want_tasks && job->want_pss && worker->pss &&
	    (!job->tasks_error || job->tasks_error == -ENOSPC))
		read_shared(worker);
	if (job->map_pid)
		job->map_fd = open_map(worker);
	for (size_t i = 0; i < job->n_opens; i++) {
		job->open[i].files = USAGE_FILES_CLOSED;
		collect_usage_open(worker->collector, job->open[i].path, &job->open[i].files);
	}
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

int worker_init(struct worker *worker, struct collector *collector, const char *root,
		size_t capacity)
{
	pthread_attr_t attr;
	char proc[4096];
	int err;

	memset(worker, 0, sizeof(*worker));
	err = grow_tables(worker, capacity);
	if (err)
		return err;
	worker->collector = collector;
	err = pss_open(&worker->pss, root);
	if (err)
		log_error("memory that processes share can't be counted once: no thread to read "
			  "their pages (%s)",
			  strerror(-err));
	snprintf(proc, sizeof(proc), "%s/proc", root ? root : "");
	worker->proc_fd = open(proc, O_PATH | O_DIRECTORY | O_CLOEXEC);
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
	pss_close(worker->pss);
	/* What the last job brought and the loop did not take. */
	collect_close(worker->job.grown);
	collect_close(worker->job.retired);
	tracks_done(&worker->job.tracks);
	free_tables(worker);
	if (worker->statm_fd > 0)
		close(worker->statm_fd);
	if (worker->proc_fd > 0)
		close(worker->proc_fd);
	if (worker->job.map_pid && worker->job.map_fd > 0)
		close(worker->job.map_fd);
	if (worker->done_fd > 0)
		close(worker->done_fd);
	memset(worker, 0, sizeof(*worker));
}

void worker_start(struct worker *worker)
{
	worker->busy = true;
	sem_post(&worker->go);
}

bool worker_finished(struct worker *worker)
{
	__u64 count;

	return read(worker->done_fd, &count, sizeof(count)) == sizeof(count);
}

void worker_release(struct worker *worker) { worker->busy = false; }
