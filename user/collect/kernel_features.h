/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What this kernel has, asked of its BTF once, in the loader's child. A feature gates a variant of
 * the attach plan or chooses a shape for the programs (bpf/bpf_config.h, CONFIG_*). Never decided from
 * a version number.
 */
#ifndef HEADROOM_COLLECT_KERNEL_FEATURES_H
#define HEADROOM_COLLECT_KERNEL_FEATURES_H

#include <stdbool.h>
#include <linux/types.h>

struct btf;

enum feature {
	FEATURE_ITER_CGROUP,
	FEATURE_RSTAT_FLUSH,
	FEATURE_MEMCG_KFUNCS,
	FEATURE_VMSTATS_ATOMIC,
	FEATURE_VMSTATS_INDEXED,
	FEATURE_VICTIM_TASK,
	FEATURE_GFP_FIRST,
	FEATURE_MEMCG_ARG,
	FEATURE_CHARGED,
	FEATURE_V1,
	FEATURE_TIMER,
	FEATURE_CURRENT_BTF,
	FEATURE_SEND_TASK,
	FEATURE_KPROBE,
	FEATURE_COUNT
};
#define NEEDS(feature) (1u << (feature))

/* Bits NEEDS(feature), but for FEATURE_V1 and FEATURE_KPROBE: those the caller knows. `kallsyms` is the path of
 * /proc/kallsyms, read only where it matters. *ret_stats_index: the address for bpf_config.stats_index, or 0. */
__u32 features_probe(const struct btf *btf, const char *kallsyms, __u64 *ret_stats_index);

/* There where kprobes can be opened, since 4.17. */
#define KPROBE_PMU "/sys/bus/event_source/devices/kprobe"

/* Whether kernel lockdown refuses BPF programs to read kernel memory: at "confidentiality" (security/lockdown/lockdown.c,
 * LOCKDOWN_BPF_READ_KERNEL). `path` is that of /sys/kernel/security/lockdown. */
bool lockdown_refuses_bpf(const char *path);
#define LOCKDOWN_PATH "/sys/kernel/security/lockdown"

/* In a few words, why a variant that needs the lowest bit of `missing` cannot run. */
const char *feature_missing(__u32 missing);

#endif
