/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The protocol between the daemon and the resolver, which finds the identity of a cgroup (a program
 * of its own, headroom-resolver: an opener with CAP_DAC_READ_SEARCH that passes descriptors, and a
 * parser without rights behind a seccomp filter). All text that containers own is parsed there, and
 * secrets are redacted there.
 *
 * One SOCK_SEQPACKET pair, fixed-size messages, both directions, no descriptors. The daemon never
 * waits for an answer (the supervisor restarts the resolver, the daemon repeats open questions).
 */
#ifndef HEADROOM_IDENTIFY_H
#define HEADROOM_IDENTIFY_H

#include <stdint.h>
#include <headroom/board.h>
#include <linux/types.h>
#include "../../bpf/records.h"

enum resolve_ask {
	RESOLVE_CGROUP = 1, /* cgroup_id, path → identity */
	RESOLVE_PROCESS, /* pid, start time, raw args if known → redacted command line; path → identity too */
	RESOLVE_FIND, /* cgroup_id only: find its path, then as RESOLVE_CGROUP */
	RESOLVE_KMSG_OOM, /* answer only, without a question: an OOM kill in the kernel log (sent when no BPF source runs) */
};

struct resolve_question {
	uint32_t ask; /* enum resolve_ask */
	uint32_t pid;
	uint64_t tag; /* returned unchanged */
	uint64_t cgroup_id;
	uint64_t start_boottime_ns;
	uint32_t args_bytes;
	uint32_t again; /* how many times this was asked before (state files may appear late) */
	char path[RECORD_PATH];
	char args[RECORD_ARGS];
};

#define RESOLVE_TEXT 1600
struct resolve_answer {
	uint32_t ask;
	int32_t error; /* 0, or -errno: the fields that are set are still valid */
	uint64_t tag;
	uint64_t cgroup_id;
	uint32_t complete; /* 0: ask again later (the container's state files are not there yet) */
	uint32_t pid;
	/* RESOLVE_KMSG_OOM */
	uint32_t uid, constraint;
	int32_t oom_score_adj;
	uint32_t reserved;
	uint64_t anon, file, shmem, pgtables;
	char comm[16];
	struct hr_str limit_path, task_path; /* oom_memcg, task_memcg */
	struct hr_str cmdline;
	struct hr_str labels;  /* as struct hr_slot has them */
	struct hr_identity id; /* hr_str offsets count from the answer's first byte */
	uint32_t text_used;
	char text[RESOLVE_TEXT];
};

#endif
