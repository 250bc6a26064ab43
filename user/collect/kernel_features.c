// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Kernel features as a table: one probe each, the kernel version where the thing came or went, and
 * the words for a kernel without it. Reads BTF and kallsyms, never loads anything: whether a program
 * really runs is found by running it.
 */
#include <bpf/btf.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "kernel_features.h"

struct source {
	const struct btf *btf;
	const char *kallsyms;
	__u64 *stats_index;
};

static bool has_func(const struct source *src, const char *name)
{
	return btf__find_by_name_kind(src->btf, name, BTF_KIND_FUNC) >= 0;
}

static const struct btf_type *resolve(const struct btf *btf, __u32 id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);

	while (t && (btf_is_mod(t) || btf_is_typedef(t)))
		t = btf__type_by_id(btf, t->type);
	return t;
}

/* Parameter i of a tracepoint: its probe's prototype is the typedef btf_trace_NAME, and the first one
 * is void *__data. */
static __u32 tracepoint_param(const struct source *src, const char *tracepoint, unsigned int i)
{
	const struct btf_type *t;
	char name[96];
	int id;

	snprintf(name, sizeof(name), "btf_trace_%s", tracepoint);
	id = btf__find_by_name_kind(src->btf, name, BTF_KIND_TYPEDEF);
	if (id < 0)
		return 0;
	t = resolve(src->btf, id);
	if (t && btf_is_ptr(t))
		t = resolve(src->btf, t->type);
	if (!t || !btf_is_func_proto(t) || i + 1 >= btf_vlen(t))
		return 0;
	return btf_params(t)[i + 1].type;
}

static bool param_is_pointer(const struct source *src, const char *tracepoint, unsigned int i)
{
	__u32 id = tracepoint_param(src, tracepoint, i);
	const struct btf_type *t = id ? resolve(src->btf, id) : NULL;

	return t && btf_is_ptr(t);
}

static const struct btf_type *member_type(const struct btf *btf, const char *type,
					  const char *member)
{
	const struct btf_type *t;
	int id = btf__find_by_name_kind(btf, type, BTF_KIND_STRUCT);

	if (id < 0)
		return NULL;
	t = btf__type_by_id(btf, id);
	for (int i = 0; i < btf_vlen(t); i++)
		if (strcmp(btf__name_by_offset(btf, btf_members(t)[i].name_off), member) == 0)
			return resolve(btf, btf_members(t)[i].type);
	return NULL;
}

static long enum_value(const struct btf *btf, const char *type, const char *name)
{
	int id = btf__find_by_name_kind(btf, type, BTF_KIND_ENUM);
	const struct btf_type *t;

	if (id < 0)
		return -1;
	t = btf__type_by_id(btf, id);
	for (int i = 0; i < btf_vlen(t); i++)
		if (strcmp(btf__name_by_offset(btf, btf_enum(t)[i].name_off), name) == 0)
			return btf_enum(t)[i].val;
	return -1;
}

/* Its address; 0: not there, or hidden from us (kptr_restrict). Costs 100 ms: the kernel prints all of its symbols. */
static __u64 symbol_address(const char *kallsyms, const char *symbol)
{
	_cleanup_fclose_ FILE *file = fopen(kallsyms, "re");
	char line[256];

	while (file && fgets(line, sizeof(line), file)) {
		const char *name = strrchr(line, ' ');
		size_t n = strlen(symbol);

		if (name && !strncmp(name + 1, symbol, n) && name[1 + n] == '\n')
			return strtoull(line, NULL, 16);
	}
	return 0;
}

static bool probe_iter_cgroup(const struct source *src) { return has_func(src, "bpf_iter_cgroup"); }

static bool probe_rstat_flush(const struct source *src)
{
	return has_func(src, "cgroup_rstat_flush");
}

static bool probe_memcg_kfuncs(const struct source *src)
{
	return has_func(src, "bpf_get_mem_cgroup") && has_func(src, "bpf_put_mem_cgroup") &&
	       has_func(src, "bpf_mem_cgroup_page_state") &&
	       has_func(src, "bpf_mem_cgroup_flush_stats");
}

static bool probe_vmstats_atomic(const struct source *src)
{
	const struct btf_type *t = member_type(src->btf, "mem_cgroup", "vmstats");

	return t && btf_is_array(t);
}

/* Behind a pointer; and if compacted, with an index table that can be found. It is looked for only where the sweep could use it. */
static bool probe_vmstats_indexed(const struct source *src)
{
	const struct btf_type *t = member_type(src->btf, "mem_cgroup", "vmstats");
	const struct btf_type *state = member_type(src->btf, "memcg_vmstats", "state");

	*src->stats_index = 0;
	if (!t || !btf_is_ptr(t) || !state || !btf_is_array(state))
		return false;
	if (btf_array(state)->nelems ==
	    (__u32)enum_value(src->btf, "memcg_stat_item", "MEMCG_NR_STAT"))
		return true;
	if (probe_iter_cgroup(src) && probe_rstat_flush(src))
		*src->stats_index = symbol_address(src->kallsyms, "mem_cgroup_stats_index");
	return *src->stats_index != 0;
}

static bool probe_victim_task(const struct source *src)
{
	return param_is_pointer(src, "mark_victim", 0);
}

static bool probe_gfp_first(const struct source *src)
{
	__u32 id = tracepoint_param(src, "mm_vmscan_memcg_reclaim_begin", 0);
	const struct btf_type *t = id ? btf__type_by_id(src->btf, id) : NULL;

	return t && btf_is_typedef(t) &&
	       strcmp(btf__name_by_offset(src->btf, t->name_off), "gfp_t") == 0;
}

static bool probe_memcg_arg(const struct source *src)
{
	return param_is_pointer(src, "mm_vmscan_memcg_reclaim_begin", 2);
}

/* Maps are charged to their memcg, not to RLIMIT_MEMLOCK; came with this helper. */
static bool probe_charged(const struct source *src)
{
	return enum_value(src->btf, "bpf_func_id", "BPF_FUNC_ktime_get_coarse_ns") >= 0;
}

/* Not in BTF but seen on the host: the memory hierarchy is v1; kprobes can be opened. */
static bool probe_never(const struct source *src)
{
	(void)src;
	return false;
}

static bool probe_timer(const struct source *src)
{
	return enum_value(src->btf, "bpf_func_id", "BPF_FUNC_timer_init") >= 0;
}

static bool probe_current_btf(const struct source *src)
{
	return enum_value(src->btf, "bpf_func_id", "BPF_FUNC_get_current_task_btf") >= 0;
}

static bool probe_send_task(const struct source *src)
{
	return has_func(src, "bpf_send_signal_task") && has_func(src, "bpf_task_from_pid");
}

/* clang-format off */
static const struct {
	const char *missing;
	bool (*probe)(const struct source *src);
} features[FEATURE_COUNT] = {
	[FEATURE_ITER_CGROUP] = { "not in this kernel", probe_iter_cgroup },	 /* since 6.1 */
	[FEATURE_RSTAT_FLUSH] = { "not in this kernel", probe_rstat_flush },	 /* 6.1 to 6.15 */
	[FEATURE_MEMCG_KFUNCS] = { "not in this kernel", probe_memcg_kfuncs },	 /* since 7.0 */
	[FEATURE_VMSTATS_ATOMIC] = { "not in this kernel", probe_vmstats_atomic }, /* to 5.12 */
	/* since 6.0; compacted since 6.10, and then only with CONFIG_KALLSYMS_ALL */
	[FEATURE_VMSTATS_INDEXED] = { "no index of the counters", probe_vmstats_indexed },
	/* since 6.8, and in stable 5.10 and 6.1 */
	[FEATURE_VICTIM_TASK] = { "mark_victim has a pid only", probe_victim_task },
	[FEATURE_GFP_FIRST] = { "", probe_gfp_first },	/* since 7.0 */
	[FEATURE_MEMCG_ARG] = { "", probe_memcg_arg },	/* since 7.0 */
	[FEATURE_CHARGED] = { "", probe_charged },	/* since 5.11 */
	[FEATURE_V1] = { "the memory hierarchy is v2", probe_never },
	[FEATURE_KPROBE] = { "not in this kernel", probe_never },
	[FEATURE_TIMER] = { "not in this kernel", probe_timer },		/* since 5.15 */
	[FEATURE_CURRENT_BTF] = { "not in this kernel", probe_current_btf },	/* since 5.11 */
	[FEATURE_SEND_TASK] = { "not in this kernel", probe_send_task },	/* since 6.13 */
};
/* clang-format on */

__u32 features_probe(const struct btf *btf, const char *kallsyms, __u64 *ret_stats_index)
{
	const struct source src = {btf, kallsyms, ret_stats_index};
	__u32 found = 0;

	for (unsigned int i = 0; i < FEATURE_COUNT; i++)
		if (features[i].probe(&src))
			found |= NEEDS(i);
	return found;
}

const char *feature_missing(__u32 missing)
{
	return missing ? features[__builtin_ctz(missing)].missing : "";
}

/* "none integrity [confidentiality]": the one in brackets is in force. */
bool lockdown_refuses_bpf(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[128];
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n <= 0)
		return false;
	text[n] = '\0';
	return strstr(text, "[confidentiality]") != NULL;
}
