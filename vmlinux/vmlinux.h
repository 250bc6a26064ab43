/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The kernel as far as we read it: only the structs and fields that bpf/ touches, written by hand.
 * Offsets, orders and sizes here mean nothing: one pragma lets libbpf relocate every access against
 * the running kernel's BTF (CO-RE). tools/check-vmlinux holds what the programs use against a
 * kernel's BTF. What drifted between kernels is not here but in bpf/compat.bpf.h. Never a place for
 * shapes of our own.
 */
#ifndef __VMLINUX_H__
#define __VMLINUX_H__

typedef unsigned char __u8;
typedef signed char __s8;
typedef unsigned short __u16;
typedef short __s16;
typedef unsigned int __u32;
typedef int __s32;
typedef unsigned long long __u64;
typedef long long __s64;
typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __s32 s32;
typedef __u64 u64;
typedef __s64 s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef _Bool bool;
typedef int pid_t;
enum { false = 0, true = 1 };

/* UAPI numbers (linux/bpf.h): they never change. */
enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_LRU_HASH = 9,
	BPF_MAP_TYPE_RINGBUF = 27,
};
enum { BPF_ANY = 0, BPF_NOEXIST = 1, BPF_EXIST = 2 };
enum { BPF_F_NO_PREALLOC = 1U << 0, BPF_F_MMAPABLE = 1U << 10 };
enum { BPF_RB_NO_WAKEUP = 1, BPF_RB_FORCE_WAKEUP = 2 };
enum { BPF_RB_AVAIL_DATA = 0 };

struct bpf_raw_tracepoint_args { /* UAPI */
	__u64 args[0];
};

#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
#endif

typedef struct {
	int counter;
} atomic_t;
typedef struct {
	long counter;
} atomic_long_t;
typedef struct {
	unsigned int val;
} kuid_t;

struct kernfs_node {
	u64 id;
};

struct cgroup_subsys_state {
	struct cgroup *cgroup;
	struct cgroup_subsys_state *parent;
};

enum cgroup_subsys_id {
	memory_cgrp_id = 4, /* the number is the kernel's; ask bpf_core_enum_value() */
	CGROUP_SUBSYS_COUNT = 16,
};

struct cgroup {
	struct cgroup_subsys_state self;
	int level;
	int nr_populated_domain_children;
	int nr_populated_threaded_children;
	struct kernfs_node *kn;
	struct cgroup_subsys_state *subsys[CGROUP_SUBSYS_COUNT];
};

struct css_set {
	struct cgroup_subsys_state *subsys[CGROUP_SUBSYS_COUNT];
};

struct page_counter {
	atomic_long_t usage;
	unsigned long min, low, high, max;
	unsigned long watermark;
};

enum memcg_memory_event {
	MEMCG_LOW,
	MEMCG_HIGH,
	MEMCG_MAX,
	MEMCG_OOM,
	MEMCG_OOM_KILL,
	MEMCG_OOM_GROUP_KILL, /* since 5.17 */
	MEMCG_NR_MEMORY_EVENTS = 16,
};

struct mem_cgroup {
	struct cgroup_subsys_state css;
	struct page_counter memory;
	struct page_counter swap;  /* v2; in a union with memsw */
	struct page_counter memsw; /* v1 */
	atomic_long_t memory_events[MEMCG_NR_MEMORY_EVENTS];
	atomic_long_t memory_events_local[MEMCG_NR_MEMORY_EVENTS];
	bool oom_group;
};

struct list_head {
	struct list_head *next, *prev;
};

struct user_namespace {
	struct user_namespace *parent;
	int level;
	kuid_t owner;
};

struct cred {
	kuid_t uid, euid;
	struct user_namespace *user_ns;
};

struct upid {
	int nr;
};

struct pid {
	unsigned int level;
	struct upid numbers[1];
};

enum pid_type { /* the numbers are the kernel's; ask bpf_core_enum_value() */
	PIDTYPE_TGID = 1,
	PIDTYPE_PGID = 2,
	PIDTYPE_SID = 3,
};

struct signal_struct {
	atomic_t live;
	unsigned int flags;
	struct pid *pids[4];
	short oom_score_adj;
};

struct qstr {
	const unsigned char *name;
};

struct dentry {
	struct qstr d_name;
};

struct path {
	struct dentry *dentry;
};

struct file {
	struct path f_path;
};

struct mm_struct {
	unsigned long arg_start, arg_end;
	struct file *exe_file;
	struct task_struct *owner; /* CONFIG_MEMCG */
	atomic_long_t pgtables_bytes;
};

struct task_struct {
	unsigned int flags;
	struct mm_struct *mm;
	pid_t pid, tgid;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	struct list_head thread_node;
	u64 start_boottime;
	const struct cred *real_cred;
	char comm[16];
	struct completion *vfork_done; /* set from vfork to exec or exit */
	struct signal_struct *signal;
	struct css_set *cgroups;
};

enum oom_constraint {
	CONSTRAINT_NONE,
	CONSTRAINT_MEMCG = 3,
};

struct oom_control {
	struct mem_cgroup *memcg;
	const unsigned int gfp_mask;
	const int order;
	unsigned long totalpages;
	struct task_struct *chosen;
	enum oom_constraint constraint;
};

enum node_stat_item {
	NR_INACTIVE_ANON,
	NR_INACTIVE_FILE,
	NR_ACTIVE_FILE,
	NR_SLAB_RECLAIMABLE_B,
	NR_SLAB_UNRECLAIMABLE_B,
	WORKINGSET_REFAULT_ANON,
	WORKINGSET_REFAULT_FILE,
	NR_ANON_MAPPED,
	NR_FILE_PAGES,
	NR_FILE_DIRTY,
	NR_WRITEBACK,
	NR_SHMEM,
	NR_KERNEL_STACK_KB,
	NR_PAGETABLE,
};

enum memcg_stat_item {
	MEMCG_PERCPU_B,
	MEMCG_KMEM, /* since 5.18 */
	MEMCG_NR_STAT,
};

enum psi_states {
	PSI_MEM_SOME,
	PSI_MEM_FULL,
};

struct psi_group {
	u64 total[32]; /* [NR_PSI_AGGREGATORS][NR_PSI_STATES - 1]; the first row is PSI_AVGS */
	unsigned long avg[32]; /* [NR_PSI_STATES - 1][3] */
};

struct seq_file;
struct bpf_iter_meta {
	struct seq_file *seq;
	u64 session_id;
	u64 seq_num;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

struct bpf_iter__cgroup {
	struct bpf_iter_meta *meta;
	struct cgroup *cgroup;
};

/* Registers of a kprobe: only the argument registers, as <bpf/bpf_tracing.h> names them. */
#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long di, si, dx, cx, r8, ax, sp, ip, bp;
};
#elif defined(__TARGET_ARCH_arm64)
struct user_pt_regs {
	u64 regs[31];
	u64 sp, pc;
};
struct pt_regs {
	u64 regs[31];
};
#elif defined(__TARGET_ARCH_riscv)
struct user_regs_struct {
	unsigned long a0, a1, a2, a3, a4, a5;
};
#elif defined(__TARGET_ARCH_powerpc)
struct pt_regs {
	unsigned long gpr[32];
};
#elif defined(__TARGET_ARCH_s390)
typedef struct {
	unsigned long gprs[16];
} user_pt_regs;
#endif

#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute pop
#endif

#endif
