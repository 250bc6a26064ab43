// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Shows what collect reads, raw: sources, one sweep, the largest processes, then records as they come. For
 * developers and the VM tests; no part of the daemon. Names and arguments are cleaned for the terminal, not redacted.
 *
 *	collect-dump [--files] [--scope CGROUP] [--seconds N] [--min-rss BYTES] [--repeat N]
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/utf8_clean.h"
#include "collect/collect.h"

#define CAPACITY 16384

static const char *number(__u64 value)
{
	static char text[16][24]; /* as many as one printf takes */
	static unsigned int next;
	char *to = text[next++ % 16];

	if (value == RECORD_UNKNOWN)
		return "-";
	snprintf(to, 24, "%" PRIu64, (uint64_t)value);
	return to;
}

static void show_task(const char *identity, const struct record_task *t)
{
	char comm[64], args[RECORD_ARGS * 4], raw[RECORD_ARGS];
	__u32 n = t->args_bytes < RECORD_ARGS ? t->args_bytes : RECORD_ARGS;

	memcpy(raw, t->args, n);
	for (__u32 i = 0; i < n; i++)
		if (!raw[i])
			raw[i] = ' ';
	printf("  %s pid=%u tid=%u comm=%s uid=%u adj=%d started=%s memcg=%s anon=%s file=%s "
	       "shmem=%s swap=%s pgtables=%s"
	       " flags=%x args=\"%s\"\n",
	       identity, t->pid, t->tid, text_clean(t->comm, sizeof(t->comm), comm, sizeof(comm)),
	       t->uid, t->oom_score_adj, number(t->start_boottime_ns), number(t->memcg_id),
	       number(t->anon), number(t->file), number(t->shmem), number(t->swap),
	       number(t->pgtables), t->flags, text_clean(raw, n, args, sizeof(args)));
}

static void show_oom(const struct record *record)
{
	const struct record_oom *oom = (const struct record_oom *)record;

	printf("oom_kill limit=%s usage=%s max=%s gfp=%#llx order=%d constraint=%u flags=%x\n",
	       number(oom->limit_memcg_id), number(oom->limit_usage), number(oom->limit_max),
	       (unsigned long long)oom->gfp, oom->order, oom->constraint, oom->flags);
	show_task("trigger", &oom->trigger);
	show_task("victim ", &oom->victim);
}

static void show_cgroup(const struct record *record)
{
	const struct record_cgroup *c = (const struct record_cgroup *)record;
	char path[RECORD_PATH * 4];

	printf("%s id=%s parent=%s level=%u oom_kills=%s peak=%s path=%s\n",
	       record->type == RECORD_CGROUP_MKDIR ? "mkdir" : "rmdir", number(c->memcg_id),
	       number(c->parent_id), c->level, number(c->oom_kills), number(c->peak),
	       text_clean(c->path, c->path_bytes, path, sizeof(path)));
}

static void show_process(const struct record *record)
{
	static const char *const words[RECORD_TYPES] = {[RECORD_EXEC] = "exec",
							[RECORD_EXIT] = "exit",
							[RECORD_OOM_SCORE_ADJ] = "oom_score_adj"};
	const struct record_process *p = (const struct record_process *)record;
	char comm[64];

	printf("%s pid=%u comm=%s adj=%d started=%s memcg=%s\n", words[record->type], p->pid,
	       text_clean(p->comm, sizeof(p->comm), comm, sizeof(comm)), p->oom_score_adj,
	       number(p->start_boottime_ns), number(p->memcg_id));
}

static void show_record(const struct record *record, void *arg)
{
	static void (*const show[RECORD_TYPES])(const struct record *record) = {
		[RECORD_OOM] = show_oom,
		[RECORD_CGROUP_MKDIR] = show_cgroup,
		[RECORD_CGROUP_RMDIR] = show_cgroup,
		[RECORD_EXEC] = show_process,
		[RECORD_EXIT] = show_process,
		[RECORD_OOM_SCORE_ADJ] = show_process,
	};

	show[record->type](record);
}

static void show_sources(const struct collector *collector)
{
	struct collect_source source;

	for (size_t i = 0; collect_source(collector, i, &source) == 0; i++)
		printf("source %-16s %-28s %s\n", source.signal, source.variant, source.skipped);
}

static void show_row(const struct memcg_sample *m)
{
	printf("memcg id=%s parent=%s level=%u flags=%x pids=%d", number(m->id),
	       number(m->parent_id), m->level, m->flags, (int)m->pids);
#define HR_MEMORY(name, ...)  printf(" " #name "=%s", number(m->name));
#define HR_EVENT(name, ...)   printf(" event_" #name "=%s", number(m->event_##name));
#define HR_COUNTER(name, ...) printf(" " #name "=%s", number(m->name));
#define HR_MEMORY_DERIVED(...)
#define HR_COUNTER_DERIVED(...)
#include <headroom/fields.def>
	printf(" psi=%s,%s\n", number(m->psi_some_us), number(m->psi_full_us));
}

static void show_stall(__u64 memcg_id, const struct stall_value *stall, void *arg)
{
	printf("stalls memcg=%s count=%s total=%sns\n", number(memcg_id), number(stall->count),
	       number(stall->total_ns));
}

static int show_sweep(struct collector *collector, unsigned int repeat)
{
	_cleanup_free_ struct memcg_sample *rows = calloc(CAPACITY, sizeof(*rows));
	uint64_t wall = 0, cpu = 0;
	size_t n = 0;
	int r = -ENOMEM;

	for (unsigned int i = 0; rows && i < repeat; i++) {
		uint64_t wall_from = clock_mono_ns(), cpu_from = clock_ns(CLOCK_PROCESS_CPUTIME_ID);

		r = collect_sweep(collector, rows, CAPACITY, &n, NULL, NULL);
		wall += clock_mono_ns() - wall_from;
		cpu += clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu_from;
	}
	for (size_t i = 0; i < n; i++)
		show_row(&rows[i]);
	collect_stalls(collector, show_stall, NULL);
	printf("sweep result=%d rows=%zu wall_us=%" PRIu64 " cpu_us=%" PRIu64 "\n", r, n,
	       wall / repeat / 1000, cpu / repeat / 1000);
	return r;
}

static void show_tasks(struct collector *collector, __u64 min_rss)
{
	_cleanup_free_ struct task_sample *rows = calloc(CAPACITY, sizeof(*rows));
	char comm[64];
	size_t n = 0;
	int r = rows ? collect_tasks(collector, min_rss, rows, CAPACITY, &n) : -ENOMEM;

	for (size_t i = 0; i < n; i++)
		printf("task pid=%u comm=%s rss=%s swap=%s adj=%d memcg=%s\n", rows[i].pid,
		       text_clean(rows[i].comm, sizeof(rows[i].comm), comm, sizeof(comm)),
		       number(rows[i].rss), number(rows[i].swap), rows[i].oom_score_adj,
		       number(rows[i].memcg_id));
	printf("tasks result=%d rows=%zu\n", r, n);
}

static void show_records(struct collector *collector, unsigned int seconds)
{
	uint64_t end = clock_mono_ns() + seconds * NS_PER_SEC;
	struct pollfd poll_fd = {.fd = collect_record_fd(collector), .events = POLLIN};

	while (clock_mono_ns() < end) {
		poll(&poll_fd, poll_fd.fd >= 0, 200);
		collect_consume(collector, show_record, NULL);
		fflush(stdout);
	}
	printf("lost=%s\n", number(collect_lost(collector)));
}

static void show_host(struct collector *collector)
{
	struct host_counts counts = {};
	struct host_sample host;

	collect_host_counts(collector, &counts);
	if (collect_host(collector, &host) == 0)
		printf("host total=%s available=%s swap=%s/%s oom_kills=%s psi=%s kswapd=%s "
		       "throttled=%s\n",
		       number(host.mem_total), number(host.mem_available), number(host.swap_free),
		       number(host.swap_total), number(host.oom_kills), number(host.psi_some_us),
		       number(counts.kswapd_wakes), number(counts.throttled));
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"files", no_argument, NULL, 'f'},
		{"scope", required_argument, NULL, 's'},
		{"seconds", required_argument, NULL, 'n'},
		{"min-rss", required_argument, NULL, 'm'},
		{"repeat", required_argument, NULL, 'r'},
		{0},
	};
	struct collect_config config = {.root = "", .capacity = CAPACITY};
	unsigned int seconds = 0, repeat = 1;
	__u64 min_rss = 64 << 20;
	struct collector *collector;
	int c, r;

	while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (c) {
		case 'f':
			config.no_bpf = true;
			break;
		case 's':
			config.scope = optarg;
			break;
		case 'n':
			seconds = atoi(optarg);
			break;
		case 'm':
			min_rss = strtoull(optarg, NULL, 0);
			break;
		case 'r':
			repeat = atoi(optarg) ?: 1;
			break;
		default:
			return 2;
		}
	}
	r = collect_open(&config, &collector);
	if (r < 0) {
		fprintf(stderr, "collect-dump: cannot open: %s\n", strerror(-r));
		return 1;
	}
	printf("layout %d root %s\n", collect_layout(collector), collect_memory_root(collector));
	show_sources(collector);
	show_host(collector);
	show_tasks(collector, min_rss);
	r = show_sweep(collector, repeat);
	show_records(collector, seconds);
	if (seconds) {
		show_host(collector);
		show_sweep(collector, 1);
	}
	collect_close(collector);
	return r < 0;
}
