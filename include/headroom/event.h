/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Events: variable-length records in the board's two rings, one common sequence.
 *
 * HR_RING_KEEP holds what a post-mortem needs (OOM kills, actions, outcomes, risk, leaks, pressure,
 * the daemon's own); HR_RING_CHATTER holds what a busy host makes by the thousand (container life
 * cycle, oom_score_adj), so that cgroups that come and go never push out an OOM kill. seq grows by
 * one from event to event, over both rings; never reused.
 *
 * A record starts on 8 bytes and is contiguous: one that would not fit before the ring's end is
 * preceded by a record of type HR_EVENT_PAD. Writing (one writer): raise ring_tail past what will
 * be overwritten, write the bytes, raise ring_head. Reading: at `pos` >= ring_tail copy the record,
 * then read ring_tail again; if it is past `pos`, the copy is invalid and the reader was lapped:
 * continue at ring_tail and count the missing seq. (reader.h does all this.)
 *
 * Every record begins with struct hr_event; `bytes` covers payload and text. struct hr_str offsets
 * count from the record's first byte. A newer writer may append fields: take sizes from `bytes`,
 * never from sizeof alone.
 */
#ifndef HEADROOM_EVENT_H
#define HEADROOM_EVENT_H

#include "board.h"

enum hr_event_type {
	HR_EVENT_PAD,
	HR_EVENT_OOM_KILL,
	HR_EVENT_RISK,
	HR_EVENT_LEAK,
	HR_EVENT_ACTION,
	HR_EVENT_OUTCOME,
	HR_EVENT_PRESSURE,
	HR_EVENT_CONTAINER,
	HR_EVENT_DAEMON,
	HR_EVENT_OOM_SCORE_ADJ,
	HR_EVENT_MEMORY_MAP,
	HR_EVENT_COUNT
};

enum hr_severity { HR_INFO, HR_WARNING, HR_CRITICAL };

#define HR_EVENT_MAX_BYTES 8192u

struct hr_event {
	uint32_t bytes;   /* of the whole record, a multiple of 8 */
	uint16_t type;    /* enum hr_event_type */
	uint8_t severity; /* enum hr_severity */
	uint8_t reserved;
	uint64_t seq;
	uint64_t
		time_ns; /* wall time of what happened, not of the event's posting; board.h says how it is kept */
	uint64_t instance;
	uint64_t cgroup_id;    /* of the subject; 0: the host or the daemon */
	struct hr_identity id; /* of the subject, where known */
};

struct hr_oom_process { /* one process of an OOM kill */
	uint32_t pid, tid;
	uint32_t uid; /* HR_UNKNOWN_U32 */
	int32_t oom_score_adj;
	uint64_t start_boottime_ns;
	uint64_t started_ns; /* wall time; HR_UNKNOWN */
	uint64_t cgroup_id;
	uint64_t anon, file, shmem, swap, pgtables; /* bytes; HR_UNKNOWN */
	char comm[16];
	struct hr_str cmdline; /* redacted */
	struct hr_identity id;
};

enum hr_constraint { /* kernel: enum oom_constraint, include/linux/oom.h; UNKNOWN where no source reports it */
		     HR_CONSTRAINT_NONE,
		     HR_CONSTRAINT_CPUSET,
		     HR_CONSTRAINT_MEMORY_POLICY,
		     HR_CONSTRAINT_MEMCG,
		     HR_CONSTRAINT_UNKNOWN
};

#define HR_OOM_HISTORY       24
#define HR_OOM_GROUP         0x1u /* memory.oom.group: all of its cgroup was killed with the victim */
#define HR_OOM_INFERRED      0x2u /* the limit's owner was inferred, not reported by the kernel */
#define HR_OOM_COUNTED       0x4u /* seen only as a counter that rose: no trigger, no victim */
#define HR_OOM_SYSRQ         0x8u
#define HR_OOM_PARENT_WARNED 0x10u /* the alarm was of a cgroup above, up to the limit's owner */

/* What the reflex (docs/explanation/reflex.md) did about an OOM kill; of the victim's cgroup or the nearest above it that a policy wants one for. */
enum hr_reflex {
	HR_REFLEX_NONE, /* no policy with a reflex is for it, or its actions are not in force now */
	HR_REFLEX_NOT_ARMED,   /* wanted, but not armed yet */
	HR_REFLEX_UNAVAILABLE, /* this kernel has none */
	HR_REFLEX_OWNER,       /* its owner protects it */
	HR_REFLEX_ARMED,       /* armed, and did not kill: no condition was met in time */
	HR_REFLEX_KILLED,      /* had killed, but the memory was not free in time */
	HR_REFLEX_FAILED,      /* could not send its signal */
	HR_REFLEX_COUNT
};

struct hr_event_oom_kill {
	struct hr_event event;
	struct hr_oom_process trigger, victim;
	uint8_t level;      /* enum hr_level, seen from the victim; HR_LEVEL_COUNT: unknown */
	uint8_t constraint; /* enum hr_constraint */
	uint8_t flags;      /* HR_OOM_* */
	uint8_t history_count;
	int32_t order; /* -1: unknown */
	uint64_t gfp;  /* the kernel's bits; HR_UNKNOWN */
	uint64_t limit_cgroup_id;
	uint64_t limit_usage, limit_max; /* of the limit's owner, in bytes */
	struct hr_str limit_cgroup;
	/* the forecast just before */
	uint16_t risk_centi; /* UINT16_MAX */
	uint16_t reserved;
	uint64_t oom_in_p50_ms;                  /* HR_UNKNOWN */
	uint64_t warned_before_ms;               /* HR_UNKNOWN: no alarm, not above it either */
	uint64_t created_ns;                     /* zero point of history[].t_centis */
	struct hr_point history[HR_OOM_HISTORY]; /* oldest first */
	uint32_t reflex;                         /* enum hr_reflex */
	uint32_t reflex_pid;                     /* KILLED: the process; else 0 */
	uint64_t armed_before_ms; /* ARMED, KILLED, FAILED: armed since; else HR_UNKNOWN */
	uint64_t
		reflex_before_ms; /* KILLED, FAILED: that much earlier than the kernel; else HR_UNKNOWN */
	struct hr_str policy; /* that matches and had not acted; none: no policy matches */
	uint16_t not_acted;   /* enum hr_skip_reason: why */
	uint32_t
		more; /* processes that were killed besides the victim; HR_UNKNOWN_U32: a group of unknown size */
};

enum hr_container_what {
	HR_CONTAINER_APPEARED,
	HR_CONTAINER_IDENTIFIED,
	HR_CONTAINER_RESTARTED,
	HR_CONTAINER_GONE,
	HR_CONTAINER_RENAMED,  /* while it runs; the event's name is the new one */
	HR_CONTAINER_RELABELED /* the labels that policies use have changed */
};
struct hr_event_container {
	struct hr_event event;
	uint32_t what; /* enum hr_container_what */
	uint32_t restarts;
	uint64_t oom_kills_total;
	uint64_t uptime_ms;        /* GONE: how long; else HR_UNKNOWN */
	uint64_t peak;             /* GONE: highest usage seen, bytes; else HR_UNKNOWN */
	struct hr_str former_name; /* RENAMED */
	uint16_t reserved[3];
};

enum hr_daemon_what {
	HR_DAEMON_STARTED,
	HR_DAEMON_STOPPING,
	HR_DAEMON_ADOPTED,
	HR_DAEMON_CONFIG_LOADED,
	HR_DAEMON_CONFIG_REFUSED,
	HR_DAEMON_CAPACITY,
	HR_DAEMON_FALLBACK,
	HR_DAEMON_LOST,
	HR_DAEMON_RESOLVER,
	HR_DAEMON_COMMAND,   /* ran a policy's command */
	HR_DAEMON_CONTROL,   /* refused a request at the control socket */
	HR_DAEMON_RESTORED,  /* reverted what an earlier daemon had set */
	HR_DAEMON_RECOVERED, /* a source that fell back is in use again */
	HR_DAEMON_PAUSED,    /* no policy acts … */
	HR_DAEMON_RESUMED,   /* … until this */
	HR_DAEMON_WHAT_COUNT
};
struct hr_event_daemon {
	struct hr_event event;
	uint32_t what; /* enum hr_daemon_what */
	uint32_t reserved;
	uint64_t count;     /* records lost, capacity reached, … */
	struct hr_str text; /* one line of text */
};

enum hr_pressure_what {
	HR_PRESSURE_ENTERED,
	HR_PRESSURE_LEFT,
	HR_PRESSURE_UNDER_OOM,
	HR_PRESSURE_UNDER_OOM_LEFT
};
struct hr_event_pressure {
	struct hr_event event;
	uint32_t what; /* enum hr_pressure_what */
	uint32_t reserved;
	struct hr_pressure pressure;
	uint64_t usage, limit;
};

struct hr_event_forecast { /* HR_EVENT_RISK and HR_EVENT_LEAK: a level was crossed */
	struct hr_event event;
	uint32_t from, to; /* enum hr_alarm, or enum hr_leak_state */
	uint64_t usage, headroom;
	struct hr_forecast forecast;
};

struct hr_event_oom_score_adj {
	struct hr_event event;
	uint32_t pid;
	int32_t oom_score_adj;
	char comm[16];
};

struct hr_event_outcome {
	struct hr_event event;
	uint64_t ref;                /* seq of the oom_kill or action */
	uint64_t freed;              /* bytes; HR_UNKNOWN */
	uint64_t freed_after_ms;     /* HR_UNKNOWN */
	uint64_t restarted_after_ms; /* HR_UNKNOWN */
	uint32_t averted;            /* 0 no, 1 yes, HR_UNKNOWN_U32 */
	uint32_t reserved;
};

/* Why a candidate was skipped, or a policy did not act. Order is part of the layout and of the JSON words
 * (user/board/enum_names.c). */
enum hr_skip_reason {
	HR_SKIP_NONE,
	HR_SKIP_PROTECTED,
	HR_SKIP_OWNER,
	HR_SKIP_SANDBOX,
	HR_SKIP_RUNTIME,
	HR_SKIP_SELF,
	HR_SKIP_INIT,
	HR_SKIP_KTHREAD,
	HR_SKIP_SMALLER,
	HR_SKIP_SLOWER,
	HR_SKIP_UNDER_REQUEST,
	HR_SKIP_PRIORITY,
	HR_SKIP_COOLDOWN,
	HR_SKIP_HOLD_OFF,
	HR_SKIP_RATE_LIMIT,
	HR_SKIP_UNKNOWN,
	HR_SKIP_GONE,
	HR_SKIP_RENAMED, /* its name or labels have changed since it was chosen */
	/* of a shortage for which there is no target */
	HR_SKIP_NO_CANDIDATE,
	HR_SKIP_NO_MATCH,
	/* of an OOM kill: why the policy had not acted */
	HR_SKIP_MODE,
	HR_SKIP_NOT_REACHED,
	HR_SKIP_FOR,
	HR_SKIP_UNDER_WAY,
	HR_SKIP_OTHER_POLICY,
	HR_SKIP_REFLEX_NOT_HIT,
	HR_SKIP_PAUSED, /* a signal other than SIGKILL would have waited */
	HR_SKIP_FAILED,
	HR_SKIP_NO_HELP, /* its end would change nothing: the host is short by far more */
	/* of a limit that is not raised */
	HR_SKIP_LEAK,
	HR_SKIP_OTHER_LIMIT,
	/* of an OOM kill: the last action was skipped or refused */
	HR_SKIP_HIDDEN, /* a PID namespace or a mount of /proc hides the processes */
	HR_SKIP_NO_EFFECT,
	HR_SKIP_COUNT
};

#define HR_SKIPPED 6
struct hr_skipped {
	uint64_t cgroup_id; /* or 0 and pid */
	uint32_t pid;
	uint8_t reason; /* enum hr_skip_reason */
	uint8_t reserved;
	struct hr_str name; /* of the container, unit or cgroup; of a process its comm */
	uint64_t usage;
	int64_t drift_bytes_per_second;
};

/* The result of an action. One that this host cannot do is skipped, never silently. */
enum hr_action_status {
	HR_STATUS_DONE,
	HR_STATUS_DRY_RUN,
	HR_STATUS_FAILED,
	HR_STATUS_SKIPPED,
	HR_STATUS_REFUSED,
	HR_STATUS_COUNT
};

struct hr_inputs {
#define HR_INPUT(type, name, key, kind) type name;
#include <headroom/inputs.def>
};

struct hr_event_action { /* event.cgroup_id and event.id: the target's; 0: processes outside containers */
	struct hr_event event;
	struct hr_str policy; /* name; "": a manual action */
	uint8_t kind, mode,
		status;     /* enum hr_action_kind; 1 dry-run, 2 enforce; enum hr_action_status */
	uint8_t whole;      /* the whole container; 0: one process, or a job */
	int32_t error;      /* errno if it failed or was refused; else 0 */
	int32_t signal;     /* that was sent; 0 */
	uint32_t pid;       /* of the target process (the largest, the main one); 0 */
	uint32_t processes; /* number signalled */
	uint64_t start_boottime_ns; /* of pid */
	uint64_t escalation; /* shared by the actions of one escalation: the seq of the first */
	char comm[16];
	uint32_t by_uid;     /* manual: the requesting user; else HR_UNKNOWN_U32 */
	uint8_t step, steps; /* number of the step, from 1, and of all steps */
	uint8_t skipped_count;
	uint8_t reserved;
	uint64_t
		size; /* reclaim: requested; throttle: memory.high as set; resize: the limit; else HR_UNKNOWN */
	uint64_t until_ms;    /* throttle, resize: its deadline; term: its grace; else HR_UNKNOWN */
	uint64_t took_ns;     /* from the decision to the end of the action */
	uint64_t freed;       /* by then, bytes; HR_UNKNOWN */
	struct hr_str detail; /* one line of text; or none */
	struct hr_inputs inputs;
	struct hr_skipped skipped[HR_SKIPPED];
};

/* What a part of a process's address space is for. Order is part of the layout and of the JSON words (user/board/enum_names.c). */
enum hr_map_kind {
	HR_MAP_REST, /* all that has no entry of its own */
	HR_MAP_HEAP, /* brk */
	HR_MAP_GLIBC_ARENA,
	HR_MAP_GO_HEAP,
	HR_MAP_JVM_HEAP,
	HR_MAP_JVM_METASPACE,
	HR_MAP_JVM_CODE,
	HR_MAP_V8,
	HR_MAP_CPYTHON_ARENA,
	HR_MAP_STACK, /* of any thread */
	HR_MAP_MEMFD,
	HR_MAP_SHM, /* System V, POSIX, and anonymous memory that processes share */
	HR_MAP_FILE,
	HR_MAP_DEVICE,
	HR_MAP_ANON, /* any other anonymous memory */
	HR_MAP_KINDS
};

#define HR_MAP_REGIONS 12
struct hr_map_region {
	uint8_t kind; /* enum hr_map_kind */
	uint8_t reserved;
	struct hr_str
		name; /* of MEMFD, SHM, FILE, DEVICE and named ANON; none: several, or it has none */
	uint32_t mappings;
	uint64_t resident, swap; /* bytes */
	int64_t growth;          /* of both since the earlier map; HR_UNKNOWN_I64: there is none */
};

/* What holds the memory of the largest process of a container, or of the host's (event.cgroup_id 0). */
struct hr_event_memory_map {
	struct hr_event event;
	uint32_t pid;
	uint32_t mappings;
	uint64_t start_boottime_ns;
	char comm[16];
	uint64_t resident, swap; /* bytes */
	uint64_t
		since_ms; /* since the earlier map of the same process; HR_UNKNOWN: there is none */
	int64_t growth;   /* as in struct hr_map_region, of the whole process */
	uint64_t took_ns; /* to read it */
	uint32_t regions;
	uint32_t reserved;
	struct hr_map_region region[HR_MAP_REGIONS]; /* by size, the largest first */
};

/* Which ring a type goes to. */
static inline enum hr_ring hr_event_ring(unsigned int type)
{
	return type == HR_EVENT_CONTAINER || type == HR_EVENT_OOM_SCORE_ADJ ? HR_RING_CHATTER
									    : HR_RING_KEEP;
}

#endif
