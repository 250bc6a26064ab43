#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Prints what a kernel has of that on which headroom's variants depend; docs/reference/kernels.md is written from it. It decides
# nothing and tests nothing: the daemon finds these out for itself, by BTF and by trying.
#
#   tools/vm --kernel 6.12 --add "$(command -v bpftool)" -- tests/vm/facts.sh
set -u
PATH=$PATH:/usr/sbin:/sbin

echo "kernel: $(uname -r)"
bpftool btf dump file /sys/kernel/btf/vmlinux format raw | awk '
	BEGIN {
		split("mark_victim rss_stat mm_vmscan_direct_reclaim_begin mm_vmscan_memcg_reclaim_begin " \
			"mm_vmscan_memcg_reclaim_end mm_vmscan_kswapd_wake mm_vmscan_throttled sched_process_exit " \
			"cgroup_mkdir cgroup_rmdir cgroup_attach_task oom_score_adj_update signal_generate " \
			"memcg_flush_stats count_memcg_events", points, " ")
		split("bpf_iter_task bpf_iter_cgroup cgroup_rstat_flush css_rstat_flush bpf_rcu_read_lock " \
			"bpf_cgroup_from_id bpf_task_from_pid bpf_send_signal_task bpf_get_mem_cgroup " \
			"bpf_mem_cgroup_usage bpf_mem_cgroup_page_state bpf_mem_cgroup_memory_events " \
			"bpf_mem_cgroup_flush_stats oom_kill_process mem_cgroup_out_of_memory out_of_memory " \
			"__x64_sys_process_mrelease memcg_memory_event try_charge try_charge_memcg", functions, " ")
		split("page_counter memcg_vmstats mem_cgroup", structs, " ")
		for (i in points) wanted["btf_trace_" points[i]] = 1
		for (i in functions) wanted_function[functions[i]] = 1
		for (i in structs) wanted_struct[structs[i]] = 1
	}
	/^\[/ {
		id = substr($1, 2) + 0; name = $3; gsub("\047", "", name); kind[id] = $2; named[id] = name
		ref = $0; sub(/.*type_id=/, "", ref); to[id] = ref + 0
		if ($2 == "TYPEDEF" && name in wanted) point[name] = to[id]
		if ($2 == "FUNC" && name in wanted_function) has[name] = 1
		inside = ($2 == "STRUCT" && (name in wanted_struct || name == "cgroup")) ? name : ""
		next
	}
	kind[id] == "FUNC_PROTO" { ref = $0; sub(/.*type_id=/, "", ref); args[id] = args[id] " " (ref + 0); next }
	inside == "cgroup" && /\047psi\047/ { ref = $0; sub(/.*type_id=/, "", ref); psi = ref + 0 }
	inside != "" && inside != "cgroup" { split($0, q, "\047"); members[inside] = members[inside] " " q[2] }
	function type(t) {
		if (t == 0) return "void"
		if (kind[t] == "PTR") return type(to[t]) "*"
		if (kind[t] == "CONST") return type(to[t])
		return named[t]
	}
	END {
		for (i = 1; i in points; i++) {
			name = "btf_trace_" points[i]
			text = name in point ? "" : "absent"
			n = split(args[to[point[name]]], a, " ") # the first is the context of the trampoline
			for (j = 2; j <= n; j++) text = text (j > 2 ? ", " : "") type(a[j])
			print "tp_btf " points[i] ": " text
		}
		for (i = 1; i in functions; i++) print "function " functions[i] ": " (functions[i] in has ? "there" : "absent")
		for (i = 1; i in structs; i++) print "struct " structs[i] ":" members[structs[i]]
		print "cgroup.psi is " type(psi)
	}'
printf 'kallsyms data symbols (__per_cpu_offset, mem_cgroup_stats_index): %s\n' \
	"$(grep -cE ' [bBdDrR] (__per_cpu_offset|mem_cgroup_stats_index)$' /proc/kallsyms)"
mkdir -p /sys/fs/cgroup/facts 2>/dev/null
for file in memory.peak memory.reclaim memory.swap.max memory.oom.group cgroup.kill memory.pressure memory.zswap.current; do
	[ -e /sys/fs/cgroup/facts/$file ] && echo "file $file"
done
rmdir /sys/fs/cgroup/facts 2>/dev/null
[ ! -f /sys/kernel/mm/lru_gen/enabled ] || echo "MGLRU: $(cat /sys/kernel/mm/lru_gen/enabled)"
[ ! -f /sys/kernel/security/lsm ] || echo "LSMs: $(cat /sys/kernel/security/lsm)"
