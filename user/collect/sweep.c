// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Runs the BPF iterators and copies out what they wrote to the mapped arrays. Reads no file but the
 * iterator's own, and knows nothing of what the rows mean, but for their level.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "sweep.h"

static size_t page_round(size_t bytes)
{
	size_t page = sysconf(_SC_PAGESIZE);

	return (bytes + page - 1) / page * page;
}

/* An mmapable array. NULL if there is no such map. */
static int map_array(int fd, size_t bytes, int protection, void **ret)
{
	void *p;

	*ret = NULL;
	if (fd < 0)
		return 0;
	p = mmap(NULL, page_round(bytes), protection, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	*ret = p;
	return 0;
}

bool sweep_is_ancestors(const struct loaded *loaded)
{
	const struct loaded_signal *got = &loaded->signal[SIGNAL_SWEEP];
	const char *object = plan[SIGNAL_SWEEP].variants[got->variant].object;

	return got->link[0] >= 0 && object && strcmp(object, "sweep_ancestors") == 0;
}

int sweep_init(struct sweep *sweep, const struct loaded *loaded, size_t capacity,
	       size_t task_capacity)
{
	const struct loaded_signal *memcgs = &loaded->signal[SIGNAL_SWEEP],
				   *tasks = &loaded->signal[SIGNAL_TASKS];
	void *state, *rows, *task_rows;
	int r;

	*sweep = (struct sweep){.memcg_link = {memcgs->link[0], memcgs->link[1]},
				.task_link = tasks->link[0],
				.capacity = capacity,
				.task_capacity = task_capacity};
	r = map_array(loaded->map[MAP_SWEEP], sizeof(*sweep->state), PROT_READ | PROT_WRITE,
		      &state);
	sweep->state = state;
	if (r == 0)
		r = map_array(loaded->map[MAP_ROWS], capacity * sizeof(*sweep->rows), PROT_READ,
			      &rows);
	if (r == 0) {
		sweep->rows = rows;
		r = map_array(loaded->map[MAP_TASKS], task_capacity * sizeof(*sweep->tasks),
			      PROT_READ, &task_rows);
	}
	if (r == 0) {
		sweep->tasks = task_rows;
		/* the walk to ancestors, and a second iterator for what is above the scope, give rows in
		 * another order */
		sweep->ordered = !sweep_is_ancestors(loaded) && sweep->memcg_link[1] < 0;
		sweep->order = calloc(capacity, sizeof(*sweep->order));
		r = sweep->order ? 0 : -ENOMEM;
	}
	if (r < 0)
		sweep_done(sweep);
	return r;
}

void sweep_done(struct sweep *sweep)
{
	if (sweep->state)
		munmap(sweep->state, page_round(sizeof(*sweep->state)));
	if (sweep->rows)
		munmap((void *)sweep->rows, page_round(sweep->capacity * sizeof(*sweep->rows)));
	if (sweep->tasks)
		munmap((void *)sweep->tasks,
		       page_round(sweep->task_capacity * sizeof(*sweep->tasks)));
	free(sweep->order);
	*sweep = (struct sweep){.memcg_link = {-1, -1}, .task_link = -1};
}

/* One walk: the programs write to their maps, nothing comes out of the descriptor itself. */
static int iterate(int link)
{
	_cleanup_close_ int fd = bpf_iter_create(link);
	char nothing[64];
	ssize_t n;

	if (fd < 0)
		return -errno;
	do
		n = read(fd, nothing, sizeof(nothing));
	while (n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN)));
	return n < 0 ? -errno : 0;
}

#define LEVELS_MAX 256

void sweep_order(const struct memcg_sample *rows, size_t n, __u32 *order)
{
	__u32 start[LEVELS_MAX + 1] = {};

	for (size_t i = 0; i < n; i++)
		start[rows[i].level < LEVELS_MAX ? rows[i].level + 1 : LEVELS_MAX]++;
	for (size_t level = 1; level <= LEVELS_MAX; level++)
		start[level] += start[level - 1];
	for (size_t i = 0; i < n; i++)
		order[start[rows[i].level < LEVELS_MAX ? rows[i].level : LEVELS_MAX - 1]++] = i;
}

#define SMALL_ROWS 512u /* for processes below the threshold, about: as many as the last walk saw */

static __u32 generation_next(__u32 generation) { return generation + 1 ?: 1; }

int sweep_memcgs(struct sweep *sweep, struct memcg_sample *rows, size_t capacity, size_t *ret_n)
{
	struct sweep_state *state = sweep->state;
	size_t n, found;
	int r = 0;

	if (sweep->memcg_link[0] < 0)
		return -EOPNOTSUPP;
	state->generation = generation_next(state->generation);
	state->rows = state->rows_lost = 0;
	for (int i = 0; r == 0 && i < 2; i++)
		if (sweep->memcg_link[i] >= 0)
			r = iterate(sweep->memcg_link[i]);
	if (r < 0)
		return r;
	found = state->rows < sweep->capacity ? state->rows : sweep->capacity;
	n = found < capacity ? found : capacity;
	if (sweep->ordered) {
		memcpy(rows, sweep->rows, n * sizeof(*rows));
	} else {
		sweep_order(sweep->rows, found, sweep->order);
		for (size_t i = 0; i < n; i++)
			rows[i] = sweep->rows[sweep->order[i]];
	}
	*ret_n = n;
	return state->rows_lost || found > capacity ? -ENOSPC : 0;
}

int sweep_tasks(struct sweep *sweep, __u64 min_rss, struct task_sample *rows, size_t capacity,
		size_t *ret_n)
{
	struct sweep_state *state = sweep->state;
	size_t n, found;
	int r;

	if (sweep->task_link < 0)
		return -EOPNOTSUPP;
	state->task_generation = generation_next(state->task_generation);
	state->tasks = state->tasks_lost = 0;
	state->min_rss = min_rss;
	state->small_one_in = state->small / SMALL_ROWS > TASK_SMALL_ONE_IN
				      ? state->small / SMALL_ROWS
				      : TASK_SMALL_ONE_IN;
	state->small = state->small_left = 0;
	r = iterate(sweep->task_link);
	if (r < 0)
		return r;
	found = state->tasks < sweep->task_capacity ? state->tasks : sweep->task_capacity;
	n = found < capacity ? found : capacity;
	memcpy(rows, sweep->tasks, n * sizeof(*rows));
	*ret_n = n;
	return state->tasks_lost || found > capacity ? -ENOSPC : 0;
}
