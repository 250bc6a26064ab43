// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * What the kernel's verifier spends on each BPF program of the attach plan on this kernel: instructions processed, and states
 * kept at once, which are its memory. Both are counts: the same on an idle and on a busy machine. Of each signal those variants that
 * the loader would try; nothing is attached.
 *
 *	verifier-cost [--check] [--v1|--v2]	--check: exit status 1 if a program exceeds its bound
 *
 * Bounds are half as much again as the most of 5.10, 6.1, 6.12, 6.18 (v1) and 7.3. A program that
 * this kernel cannot load has no row.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cgroup/cgroupfs.h"
#include "collect/attach.h"
#include "collect/kernel_features.h"

#define CAPACITY  1024
#define LOG_STATS 4 /* BPF_LOG_STATS, since 5.2: the last lines of a log alone */
#define PROGRAMS  64

static const struct {
	const char *program;
	unsigned long instructions, states;
} bounds[] = {
	{"oom_signal", 150, 12},
	{"oom_mark_victim", 45000, 1000},
	{"oom_fentry", 420, 25},
	{"oom_kprobe", 420, 25},
	{"reclaim_direct_begin", 180, 15},
	{"reclaim_direct_end", 1300, 100},
	{"reclaim_memcg_begin", 180, 15},
	{"reclaim_memcg_end", 1300, 100},
	{"reclaim_kswapd_wake", 30, 3},
	{"reclaim_throttled", 30, 3},
	{"lifecycle_mkdir", 280, 20},
	{"lifecycle_rmdir", 330, 20},
	{"lifecycle_exec", 450, 35},
	{"lifecycle_exit", 280, 20},
	{"lifecycle_oom_score_adj", 250, 20},
	{"sweep_cgroup", 1200, 70},
	{"sweep_cgroup_rstat", 2300, 120},
	{"sweep_cgroup_kfuncs", 1200, 70},
	{"sweep_ancestors", 210000, 1900},
	{"sweep_task", 3800, 160},
	{"reflex_reclaim", 25000, 500},
	{"reflex_reclaim_any", 25000, 500},
	{"reflex_rss", 25000, 500},
	{"reflex_rss_any", 25000, 500},
	{"reflex_rss_probe", 25000, 500},
	{"threshold_timer_find", 5000, 310},
};

static bool within(const char *program, unsigned long instructions, unsigned long states)
{
	for (size_t i = 0; i < ARRAY_SIZE(bounds); i++)
		if (!strcmp(bounds[i].program, program))
			return instructions <= bounds[i].instructions && states <= bounds[i].states;
	return false;
}

/* 0: loaded, with what the verifier said; else -errno. */
static int measure(struct attach *attach, const char *object, const char *program,
		   unsigned long *ret_instructions, unsigned long *ret_states)
{
	const struct plan_variant one = {.object = object, .programs = {program}};
	static char log[65536];
	struct bpf_object *opened = attach_open(attach, &one);
	struct bpf_program *chosen =
		opened ? bpf_object__find_program_by_name(opened, program) : NULL;
	const char *at;
	int r;

	if (!chosen)
		return -ENOENT;
	log[0] = '\0';
	bpf_program__set_log_level(chosen, LOG_STATS);
	bpf_program__set_log_buf(chosen, log, sizeof(log));
	r = bpf_object__load(opened);
	bpf_object__close(opened);
	if (r < 0)
		return r;
	at = strstr(log, "processed ");
	*ret_instructions = at ? strtoul(at + strlen("processed "), NULL, 10) : 0;
	at = strstr(log, "peak_states ");
	*ret_states = at ? strtoul(at + strlen("peak_states "), NULL, 10) : 0;
	return *ret_instructions ? 0 : -ENODATA;
}

static const char *names[PROGRAMS];
static size_t n;     /* of programs that were tried */
static int measured; /* of those that this kernel loads */

static bool seen(const char *program)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(names[i], program))
			return true;
	if (n < PROGRAMS)
		names[n++] = program;
	return false;
}

/* Of one variant, *beyond: how many programs exceed their bounds. True: all of its programs load, so no later variant is tried. */
static bool measure_variant(struct attach *attach, const struct plan_variant *variant, int *beyond)
{
	bool all = true;

	if (variant->needs & ~attach->features)
		return false;
	for (int i = 0; variant->object && i < PLAN_PROGRAMS && variant->programs[i]; i++) {
		const char *program = variant->programs[i];
		unsigned long instructions, states;
		bool good;

		if (seen(program))
			continue;
		if (measure(attach, variant->object, program, &instructions, &states) < 0) {
			all = false;
			continue;
		}
		measured++;
		good = within(program, instructions, states);
		printf("%-24s %7lu instructions %5lu states%s\n", program, instructions, states,
		       good ? "" : "  beyond its bound");
		*beyond += !good;
	}
	return all;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"check", no_argument, NULL, 'c'},
						{"v1", no_argument, NULL, '1'},
						{"v2", no_argument, NULL, '2'},
						{}};
	struct loader_config config = {.capacity = CAPACITY,
				       .task_capacity = CAPACITY,
				       .scope_fd = -1,
				       .ancestors_fd = -1,
				       .psi = access("/proc/pressure/memory", F_OK) == 0};
	struct loaded loaded = {};
	struct attach attach = {.config = &config, .loaded = &loaded};
	struct cgroupfs fs;
	int option, beyond = 0;
	bool check = false;
	struct btf *btf;

	config.v1 = cgroupfs_find("", &fs) == 0 && fs.layout != CGROUP_V2;
	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (option == '?')
			return 2;
		check |= option == 'c';
		config.v1 = option == '1' || (config.v1 && option != '2');
	}
	setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY});
	attach_quiet();
	btf = btf__load_vmlinux_btf();
	if (!btf) {
		fputs("verifier-cost: no BTF of this kernel: /sys/kernel/btf/vmlinux\n", stderr);
		return 1;
	}
	attach.features = features_probe(btf, "/proc/kallsyms", &attach.bpf.stats_index);
	btf__free(btf);
	attach.features |= config.v1 ? NEEDS(FEATURE_V1) : 0;
	attach.features |= access(KPROBE_PMU, F_OK) == 0 ? NEEDS(FEATURE_KPROBE) : 0;
	attach_init(&attach);
	for (int i = 0; i < SIGNAL_COUNT; i++)
		for (unsigned int k = 0; k < plan_variants(&plan[i]); k++)
			if (measure_variant(&attach, &plan[i].variants[k], &beyond))
				break;
	if (!measured)
		fputs("verifier-cost: no program could be loaded: run as root, on a kernel with "
		      "BTF\n",
		      stderr);
	return !measured || (check && beyond);
}
