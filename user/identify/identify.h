/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The protocol between the daemon and the resolver, which finds the identity of a cgroup (a program
 * of its own, headroom-resolver: an opener with CAP_DAC_READ_SEARCH that passes descriptors, and a
 * parser without rights behind a seccomp filter). All text that containers own is parsed there, and
 * secrets are redacted there.
 *
 * One SOCK_SEQPACKET pair, fixed-size messages, both directions; a descriptor only with RESOLVE_MAP, to the resolver. The daemon never
 * waits for an answer (the supervisor restarts the resolver, the daemon repeats open questions).
 */
#ifndef HEADROOM_IDENTIFY_H
#define HEADROOM_IDENTIFY_H

#include <stdint.h>
#include <headroom/event.h>
#include <linux/types.h>
#include "../../bpf/records.h"

enum resolve_ask {
	RESOLVE_CGROUP = 1, /* cgroup_id, path → identity */
	RESOLVE_PROCESS, /* pid, start time, raw args if known → redacted command line; path → identity too */
	RESOLVE_FIND, /* cgroup_id only: find its path, then as RESOLVE_CGROUP */
	RESOLVE_KMSG_OOM, /* answer only, without a question: an OOM kill in the kernel log (sent when no BPF source runs) */
	RESOLVE_CHANGED, /* answer only, without a question: a state file of cgroup_id changed; ask again */
	RESOLVE_MAP, /* with a descriptor of /proc/PID/smaps, opened by the daemon; pid, start time → map */
};

struct resolve_question {
	uint32_t ask; /* enum resolve_ask */
	uint32_t pid;
	uint64_t
		serial; /* of the question: returned unchanged, so that an answer has exactly one question */
	uint64_t tag; /* returned unchanged, as are ask, cgroup_id and pid */
	uint64_t cgroup_id;
	uint64_t start_boottime_ns;
	uint32_t args_bytes;
	uint32_t again; /* how many times this was asked before (state files may appear late) */
	char path[RECORD_PATH];
	char args[RECORD_ARGS];
};

#define RESOLVE_TEXT          1600
#define RESOLVE_WAIT_MOST_MS  60000
#define RESOLVE_PID_MOST      (1u << 22)   /* PID_MAX_LIMIT, include/linux/threads.h */
#define RESOLVE_ADJ_MOST      1000         /* OOM_SCORE_ADJ_MAX, include/uapi/linux/oom.h */
#define RESOLVE_SIZE_MOST     (1ULL << 56) /* bytes */
#define RESOLVE_MAP_NAME_MOST 64
#define RESOLVE_MAP_MOST_NS   10000000000

struct resolve_map { /* as in struct hr_event_memory_map */
	uint32_t regions, mappings;
	uint64_t resident, swap, took_ns;
	struct resolve_region {
		uint8_t kind;
		struct hr_str name;
		uint32_t mappings;
		uint64_t resident, swap;
	} region[HR_MAP_REGIONS];
};

/* The daemon checks each field: user/daemon/answer_check.h says for what. */
struct resolve_answer {
	uint32_t ask;
	int32_t error;   /* 0, or -errno: the fields that are set are still valid */
	uint64_t serial; /* 0 without a question */
	uint64_t tag;
	uint64_t cgroup_id;
	uint32_t complete; /* 0: ask again later (the container's state files are not there yet) */
	uint32_t
		wait_ms; /* not 0: no file was read, the owner of the cgroup has used its share; ask again then */
	uint32_t pid;
	uint32_t named; /* by a state file or a log's file name: more than the path tells */
	/* RESOLVE_KMSG_OOM alone */
	uint32_t uid, constraint;
	uint32_t chosen; /* process that the kernel chose first; 0: not known */
	int32_t oom_score_adj;
	uint64_t anon, file, shmem, pgtables;
	char comm[16];
	struct hr_str limit_path, task_path; /* oom_memcg, task_memcg */
	struct hr_str cmdline;               /* RESOLVE_PROCESS alone */
	struct hr_str labels;                /* as struct hr_slot has them */
	struct resolve_map map;              /* RESOLVE_MAP alone */
	struct hr_identity id;               /* hr_str offsets count from the answer's first byte */
	uint32_t text_used;
	char text[RESOLVE_TEXT];
};

#endif
