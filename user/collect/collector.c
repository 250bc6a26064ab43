// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The module's entry points: merges what BPF and files give into rows, and reports which variant of
 * each signal is in use. The order of preference is attach_plan.c's. Records and maps: ringbuf.c.
 */
#include "collect.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/cleanup.h"
#include "cgroup/cgroup_dir.h"
#include "cgroup/cgroupfs.h"
#include "collect_internal.h"
#include "kernel_features.h"

#define TASK_ROWS 4096 /* processes in one pass; the caller's threshold keeps it far below */

static void host_sources(struct collector *s)
{
	struct host_sample now = {.psi_some_us = RECORD_UNKNOWN};
	int r = host_read(s->host, &now);

	s->host_source[0] = (struct collect_source){"host_memory",
						    r == 0 ? "/proc/meminfo" : "none", "", r != 0};
	s->psi = r == 0 && now.psi_some_us != RECORD_UNKNOWN;
	s->host_source[1] = (struct collect_source){
		"host_pressure", s->psi ? "/proc/pressure/memory" : "none",
		s->psi ? "" : "PSI is off or not in this kernel (boot with psi=1)", !s->psi};
}

/* Where iter/cgroup starts: the scope, and, since their limits bind too, the groups above it. */
static int scope_open(const struct collector *s, int *ret_scope, int *ret_above)
{
	_cleanup_close_ int top = open(s->fs.memory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int scope = -1, above = -1;
	const char *path = s->config.scope ?: "";

	if (top < 0)
		return -errno;
	path += strspn(path, "/");
	if (*path) {
		scope = openat(top, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		above = scope < 0 ? -1 : openat(scope, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (scope < 0 || above < 0)
			return -errno;
	}
	*ret_scope = scope >= 0 ? take_fd(scope) : take_fd(top);
	*ret_above = take_fd(above);
	return 0;
}

static int bpf_open(struct collector *s)
{
	_cleanup_close_ int scope = -1, above = -1;
	struct loader_config config = {.capacity = s->config.capacity,
				       .task_capacity = TASK_ROWS,
				       .v1 = s->fs.layout != CGROUP_V2,
				       .psi = s->psi && s->fs.layout == CGROUP_V2};
	int r;

	if (s->config.no_bpf) {
		loader_none("switched off", &s->loaded);
	} else {
		r = scope_open(s, &scope, &above);
		if (r < 0)
			return r;
		config.scope_fd = scope;
		config.ancestors_fd = above;
		loader_run(&config, &s->loaded);
	}
	r = sweep_init(&s->sweep, &s->loaded, config.capacity, config.task_capacity);
	if (r == 0)
		r = records_open(s);
	return r < 0 ? r : triggers_open(s);
}

int collect_open(const struct collect_config *config, struct collector **ret_collector)
{
	_cleanup_(collect_closep) struct collector *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	loader_none("", &s->loaded);
	s->config = *config;
	s->config.capacity = config->capacity ?: 1;
	s->root = strdup(config->root ?: "");
	s->scope = config->scope ? strdup(config->scope) : NULL;
	if (!s->root || (config->scope && !s->scope))
		return -ENOMEM;
	s->config.root = s->root;
	s->config.scope = s->scope;
	r = cgroupfs_find(s->root, &s->fs);
	if (r == 0 && !s->fs.controller)
		r = -EOPNOTSUPP;
	if (r == 0)
		r = host_open(s->root, &s->host);
	if (r == 0)
		r = files_open(&s->fs, s->scope, s->config.capacity, &s->files);
	if (r < 0)
		return r;
	host_sources(s);
	r = bpf_open(s);
	if (r < 0)
		return r;
	if (sweep_is_ancestors(&s->loaded))
		r = empties_init(&s->empties, s->config.capacity);
	if (r < 0)
		return r;
	*ret_collector = take_ptr(s);
	return 0;
}

void collect_close(struct collector *s)
{
	if (!s)
		return;
	triggers_close(s);
	records_close(s);
	sweep_done(&s->sweep);
	loaded_done(&s->loaded);
	files_close(s->files);
	host_close(s->host);
	empties_done(&s->empties);
	free(s->scope);
	free(s->root);
	free(s);
}

int collect_grow(const struct collector *s, size_t capacity, struct collector **ret_collector)
{
	struct collect_config config = s->config;
	int r;

	config.capacity = capacity;
	r = collect_open(&config, ret_collector);
	if (r < 0)
		return r;
	(*ret_collector)->follows = true;
	(*ret_collector)->first = !s->ring;
	triggers_prepare(*ret_collector, s);
	return 0;
}

int collect_again(const struct collector *s, struct collector **ret_collector)
{
	return collect_grow(s, s->config.capacity, ret_collector);
}

const char *collect_incomplete(const struct collector *s)
{
	if (!s->loaded.again)
		return NULL;
	return *s->loaded.reason_not ? s->loaded.reason_not : "some programs were not loaded";
}

int collect_compare(const struct collector *s, const struct collector *than)
{
	int better = 0;

	for (unsigned int i = 0; i < SIGNAL_COUNT; i++) {
		int by = than->loaded.signal[i].variant - s->loaded.signal[i].variant;

		if (by < 0)
			return -1;
		better |= by;
	}
	return better > 0;
}

static int count(const struct cgroup_at *at, void *arg)
{
	(void)at;
	++*(size_t *)arg;
	return 0;
}

size_t collect_count(const char *root)
{
	_cleanup_free_ struct cgroupfs *fs = malloc(sizeof(*fs));
	_cleanup_close_ int fd = -1;
	size_t n = 0;

	if (fs && cgroupfs_find(root ?: "", fs) == 0)
		fd = open(fs->memory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		cgroup_walk(fd, count, &n);
	return n;
}

enum cgroup_layout collect_layout(const struct collector *s) { return s->fs.layout; }

bool collect_delegated(const struct collector *s) { return s->fs.delegated; }

bool collect_locked_down(const struct collector *s)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s" LOCKDOWN_PATH, s->root);
	return lockdown_refuses_bpf(path);
}

const char *collect_memory_root(const struct collector *s) { return s->fs.memory; }

int collect_source(const struct collector *s, size_t i, struct collect_source *ret_source)
{
	const struct loaded_signal *got;

	if (i >= SIGNAL_COUNT + ARRAY_SIZE(s->host_source))
		return -ENODATA;
	if (i >= SIGNAL_COUNT) {
		*ret_source = s->host_source[i - SIGNAL_COUNT];
		return 0;
	}
	got = &s->loaded.signal[i];
	ret_source->signal = plan[i].name;
	ret_source->variant = plan[i].variants[got->variant].name;
	ret_source->skipped = *s->loaded.reason_not ? s->loaded.reason_not : got->skipped;
	ret_source->fallback = got->variant > 0;
	/* the one that needs no BPF */
	if (i == SIGNAL_THRESHOLD && *s->loaded.reason_not && s->fs.layout != CGROUP_V2)
		ret_source->variant = plan[i].variants[0].name;
	/* memory.pressure is a file of v2, and of kernels with PSI */
	if (i == SIGNAL_STALLS && got->variant > 0 && (!s->psi || s->fs.layout != CGROUP_V2))
		ret_source->variant = "none";
	return 0;
}

/* The root's usage, for which v2 has no counter: always with its statistics. */
static void root_complete(struct collector *s, struct memcg_sample *row)
{
	if (!(row->flags & SAMPLE_STAT))
		files_stat(s->files, row);
	if (row->usage == RECORD_UNKNOWN && (row->flags & SAMPLE_STAT))
		row->usage = row->anon + row->file;
}

/* Gone meanwhile, or unreadable: a usage without its parts would count as used, page cache and all. So it is unknown. */
static void complete(struct collector *s, struct memcg_sample *row)
{
	if (files_stat(s->files, row) < 0 && !(row->flags & SAMPLE_STAT))
		row->usage = RECORD_UNKNOWN;
}

/* Adds what BPF left unknown: the statistics, where they are wanted. */
static void rows_complete(struct collector *s, struct memcg_sample *rows, size_t n,
			  bool (*want_stat)(const struct memcg_sample *row, void *arg), void *arg)
{
	for (size_t i = 0; i < n; i++) {
		struct memcg_sample *row = &rows[i];

		if (row->level == 0)
			root_complete(s, row);
		else if (want_stat ? want_stat(row, arg) : !(row->flags & SAMPLE_STAT))
			complete(s, row);
	}
}

static int sweep_files(struct collector *s, struct memcg_sample *rows, size_t capacity,
		       size_t *ret_n, bool (*want_stat)(const struct memcg_sample *row, void *arg),
		       void *arg)
{
	int r = files_sweep(s->files, rows, capacity, ret_n, want_stat, arg);

	for (size_t i = 0; i < *ret_n; i++)
		if (rows[i].level == 0)
			root_complete(s, &rows[i]);
	return r;
}

int collect_sweep(struct collector *s, struct memcg_sample *rows, size_t capacity, size_t *ret_n,
		  bool (*want_stat)(const struct memcg_sample *row, void *arg), void *arg)
{
	size_t n = 0;
	int r, more = 0;

	if (s->sweep.memcg_link[0] < 0)
		return sweep_files(s, rows, capacity, ret_n, want_stat, arg);
	r = sweep_memcgs(&s->sweep, rows, capacity, &n);
	if ((r < 0 && r != -ENOSPC) || !n) { /* the root is always there */
		s->failed++;
		return sweep_files(s, rows, capacity, ret_n, want_stat, arg);
	}
	if (s->empties.rows)
		more = empties_add(&s->empties, s->files, rows, capacity, &n);
	rows_complete(s, rows, n, want_stat, arg);
	*ret_n = n;
	return r ?: more;
}

int collect_tasks(struct collector *s, __u64 min_rss, struct task_sample *rows, size_t capacity,
		  size_t *ret_n)
{
	return sweep_tasks(&s->sweep, min_rss, rows, capacity, ret_n);
}

__u64 collect_failed(const struct collector *s) { return s->failed; }

size_t collect_tasks_lost(const struct collector *s)
{
	return s->sweep.state ? s->sweep.state->tasks_lost : 0;
}

int collect_host(struct collector *s, struct host_sample *ret_host)
{
	return host_read(s->host, ret_host);
}

int collect_usage_open(struct collector *s, const char *path, struct usage_files *ret_files)
{
	return files_usage_open(s->files, path, ret_files);
}
