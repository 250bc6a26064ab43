/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The board: one file on tmpfs that headroomd writes and every other program reads.
 *
 *   header (4 KiB) | host record (4 KiB) | slot 0 … slot capacity-1 | ring 0 | ring 1
 *
 * Writer: one process, the daemon. Readers: any number; they never write, never lock.
 *   - Header: fields above `state` are constant once the file has its name; those after it are
 * single words, read and
 *     written with __atomic.
 *   - Host record and slots are seqlocks: `seq` is odd while the writer changes it. A reader
 * copies, compares, retries a
 *     bounded number of times (see reader.h), and never keeps a pointer into the map.
 *   - Rings: see event.h.
 * A slot on the board is the first header.slot_bytes bytes of a struct hr_slot: with less room for text where that is enough. What is
 * missing is zero; a reader of reader.h gets it whole.
 * The file never shrinks. To grow it, the daemon renames a new file over it and sets the old one's
 * `state` to HR_BOARD_REPLACED: then open the path again.
 *
 * Units: bytes, nanoseconds unless the name says otherwise. HR_UNKNOWN (all ones) means "unknown",
 * and in a limit "none"; 0 always means zero.
 * Wall times (*_ns) on the board run with CLOCK_BOOTTIME: created_ns + time of boot since
 * created_boot_ns. A wall clock that is set (NTP on a host that starts in 1970) changes clock_step_ns
 * and nothing else, so that ages and the order of events stay right. reader.h adds clock_step_ns to
 * every wall time that it returns; a program that maps the board adds it itself. heartbeat_ns is
 * CLOCK_MONOTONIC, which stands still while the host is suspended. Text: not necessarily UTF-8. Names come from containers and may hold any byte
 * but NUL; clean them before printing.
 */
#ifndef HEADROOM_BOARD_H
#define HEADROOM_BOARD_H

#include <stdint.h>

#define HR_BOARD_MAGIC       0x314452424d4f5248ULL /* "HROMBRD1", little endian */
#define HR_BOARD_VERSION     4u
#define HR_BOARD_OLDEST      3u /* can still be read: all its slots are whole */
#define HR_BOARD_PAGE        4096u
#define HR_BOARD_DIR         "headroom" /* below /run, else below /dev/shm */
#define HR_BOARD_FILE        "board"
#define HR_BOOT_ID           40
#define HR_HEARTBEAT_DEAD_NS 3000000000ULL /* older than this: the daemon is dead or stuck */

#define HR_UNKNOWN     UINT64_MAX
#define HR_UNKNOWN_I64 INT64_MIN
#define HR_UNKNOWN_U32 UINT32_MAX

/* A string inside a record: its offset from the record's first byte, NUL-terminated; 0 means
 * "unknown". */
struct hr_str {
	uint16_t at;
};

/* Order is part of the layout and of the JSON names (user/board/enum_names.c has them). */
enum hr_runtime {
	HR_RUNTIME_NONE,
	HR_RUNTIME_DOCKER,
	HR_RUNTIME_CONTAINERD,
	HR_RUNTIME_CRIO,
	HR_RUNTIME_PODMAN,
	HR_RUNTIME_NERDCTL,
	HR_RUNTIME_LXC,
	HR_RUNTIME_SYSTEMD,
	HR_RUNTIME_NSPAWN,
	HR_RUNTIME_SLURM,
	HR_RUNTIME_COUNT
};

enum hr_kind {                /* the kind of a cgroup */
	       HR_KIND_GROUP, /* any other cgroup: slices, parents, a bare cgroup */
	       HR_KIND_CONTAINER,
	       HR_KIND_UNIT,    /* systemd service or scope */
	       HR_KIND_POD,     /* a pod's own cgroup */
	       HR_KIND_SANDBOX, /* pause containers, conmon: never a target */
	       HR_KIND_COUNT
};

/* Names of a cgroup that a user of the host or a container chose, or could have chosen: no exemption follows from them. 0: all of them
 * are of root, or it is not known. */
#define HR_CHOSEN_NAMES 0x1u /* name, container_id, image, pod, namespace, container, labels */
#define HR_CHOSEN_UNIT  0x2u
#define HR_CHOSEN_PATH  0x4u /* what follows the first root_path bytes of the cgroup's path */
#define HR_CHOSEN_WISH  0x8u /* user.headroom=protect is set there, and not by root */

/* The identity of a cgroup. `workload` is a hash of what survives a restart (runtime and name, or
 * namespace, pod and container, or unit, or path); counters continue under it. 0 until the resolver
 * has answered. */
struct hr_identity {
	uint8_t runtime; /* enum hr_runtime */
	uint8_t kind;    /* enum hr_kind */
	struct hr_str name, container_id, image, pod, namespace, pod_uid, container, unit, cgroup;
	uint16_t
		root_path; /* bytes of `cgroup` that root chose, from its start; with HR_CHOSEN_PATH */
	uint16_t chosen; /* HR_CHOSEN_* */
	uint64_t workload;
};

/* Where the memory is: v2's meaning; on v1 the nearest counter (docs/reference/accounting.md). fields.def has
 * the members. */
struct hr_memory {
#define HR_MEMORY(name, ...) uint64_t name;
#include "fields.def"
};

enum hr_level { HR_LEVEL_OWN, HR_LEVEL_ANCESTOR, HR_LEVEL_HOST, HR_LEVEL_COUNT };

struct hr_binding {           /* the limit that is reached first */
	uint8_t level;        /* enum hr_level */
	struct hr_str cgroup; /* path of that level; "/" for the host */
	uint64_t cgroup_id;   /* 0 for the host */
	uint64_t limit;
	/* HR_LEVEL_ANCESTOR: of that cgroup, of one sweep: what is used there; of that, page cache that waits to be written, and
	 * kernel memory of which it is unknown how much can be reclaimed. HR_UNKNOWN: not known; no ancestor's limit. */
	uint64_t used, pending, unsorted;
};

struct hr_pressure { /* PSI memory. avg10 in hundredths of a per cent. Unknown: HR_UNKNOWN_U32, HR_UNKNOWN */
	uint32_t some_avg10_centi, full_avg10_centi;
	uint64_t some_total_us, full_total_us;
};

/* memory.events and other counters; HR_UNKNOWN where there is none. fields.def has the members. */
struct hr_counts {
#define HR_EVENT(name, ...)   uint64_t name;
#define HR_COUNTER(name, ...) uint64_t name;
#include "fields.def"
};

#define HR_STALL_BUCKETS \
	16 /* bucket i counts stalls < 2^i * HR_STALL_FIRST_NS; the last one all longer ones */
#define HR_STALL_FIRST_NS 65536u

struct hr_stalls { /* direct and memcg reclaim by tasks of this cgroup itself */
	uint64_t count, total_ns;
	uint32_t bucket[HR_STALL_BUCKETS];
};

enum hr_alarm {
	HR_ALARM_NONE,
	HR_ALARM_NOTICE, /* risk of 50 or more: may be wrong one time in two */
	HR_ALARM_WARN,   /* from here on precision comes first */
	HR_ALARM_ACT
};
enum hr_leak_state {
	HR_LEAK_NONE,
	HR_LEAK_SUSPECTED,
	HR_LEAK_CONFIRMED,
	HR_LEAK_EXHAUSTING,
	HR_LEAK_ENDED /* it was confirmed, and its growth is over */
};

/* Whether a leak is confirmed and still grows. */
static inline int hr_leak_grows(unsigned int leak)
{
	return leak == HR_LEAK_CONFIRMED || leak == HR_LEAK_EXHAUSTING;
}

/* The actions, mildest first. */
enum hr_action_kind {
	HR_ACTION_NONE,
	HR_ACTION_NOTIFY,
	HR_ACTION_RECLAIM,
	HR_ACTION_THROTTLE,
	HR_ACTION_TERM,
	HR_ACTION_KILL,
	HR_ACTION_REFLEX,  /* BPF signals the charging task in the kernel */
	HR_ACTION_ON_EXIT, /* the command after a container exited */
	/* later ones: how severe each is, user/policy/action_table.c says */
	HR_ACTION_RESIZE, /* raises its limit for a time */
	HR_ACTION_COUNT
};

/* Whether an action ends processes. */
static inline int hr_action_ends(unsigned int kind)
{
	return kind == HR_ACTION_TERM || kind == HR_ACTION_KILL || kind == HR_ACTION_REFLEX;
}

#define HR_REASONS 4
struct hr_reason {            /* the reader makes the text from `kind` and its arguments */
	uint16_t kind;        /* enum hr_reason_kind, user/forecast; 0: no reason */
	int16_t weight_centi; /* log-odds * 100 */
	uint32_t reserved;
	int64_t arg[3];
};

struct hr_forecast {
	int64_t drift_bytes_per_second; /* of U; HR_UNKNOWN_I64 before two samples */
	int64_t rss_drift_bytes_per_second;
	uint64_t oom_in_p10_ms, oom_in_p50_ms,
		oom_in_p90_ms;     /* HR_UNKNOWN: no OOM forecast within a day */
	uint16_t risk_centi;       /* 0-10000; UINT16_MAX: unknown */
	uint16_t confidence_milli; /* 0-1000 */
	uint8_t alarm;             /* enum hr_alarm */
	uint8_t leak;              /* enum hr_leak_state */
	uint8_t leak_of;           /* enum hr_leak_of, user/forecast */
	uint8_t next_action;       /* enum hr_action_kind: what the policy would do next */
	int64_t leak_bytes_per_hour;
	struct hr_reason reason[HR_REASONS];
};

#define HR_PROCESSES 5
struct hr_process {
	uint32_t pid; /* 0: end of the list */
	int16_t oom_score_adj;
	uint16_t reserved;
	uint64_t start_boottime_ns;
	uint64_t rss_bytes;
	int64_t growth_bytes_per_second; /* HR_UNKNOWN_I64 before two samples */
	char comm[16];
};

/* One point of history. Time in units of 10 ms since header.created_ns; sizes in KiB. */
struct hr_point {
	uint32_t t_centis;
	uint32_t usage_kib, unreclaimable_kib, headroom_kib;
};
#define HR_FINE   64 /* the last samples, unthinned */
#define HR_COARSE 32 /* one a minute */
struct hr_history { /* circular: point number n is at [n % size]; *_count is the number ever written */
	uint32_t fine_count, coarse_count;
	struct hr_point fine[HR_FINE];
	struct hr_point coarse[HR_COARSE];
};

enum hr_slot_state { HR_SLOT_FREE, HR_SLOT_RUNNING, HR_SLOT_GONE };

#define HR_SLOT_POPULATED 0x1u /* holds processes, itself or below */
#define HR_SLOT_V1        0x2u
#define HR_SLOT_CUT       0x4u  /* some text was too long and was cut */
#define HR_SLOT_UNDER_OOM 0x8u  /* v1, oom_kill_disable: its tasks hang, no victim is killed */
#define HR_SLOT_HAS_TASKS 0x10u /* holds processes itself */
#define HR_SLOT_TRIPWIRE \
	0x20u                /* the kernel notifies the daemon when usage crosses a policy's size */
#define HR_SLOT_REFLEX 0x40u /* and BPF sends SIGKILL there (once; not used up yet) */
/* Readers only, in their copies; never on a board: whether it is paused (frozen), and whether that is known. */
#define HR_SLOT_PAUSED       0x80u
#define HR_SLOT_PAUSED_KNOWN 0x100u
/* It raises the alarm itself; without it, a limit that other cgroups share does, or another cgroup below that limit. */
#define HR_SLOT_ALARMS 0x200u
#define HR_SLOT_ARMED  (HR_SLOT_TRIPWIRE | HR_SLOT_REFLEX)

#define HR_SLOT_BYTES 4096u /* at most on a board, and in memory: struct hr_slot */
#define HR_SLOT_FIXED                                                                        \
	(8 + 6 * 8 + 8 + sizeof(struct hr_identity) + sizeof(struct hr_memory) +             \
	 sizeof(struct hr_binding) + sizeof(struct hr_pressure) + sizeof(struct hr_counts) + \
	 sizeof(struct hr_stalls) + sizeof(struct hr_forecast) + 3 * 8 +                     \
	 HR_PROCESSES * sizeof(struct hr_process) + sizeof(struct hr_history) + 8)
#define HR_SLOT_TEXT (HR_SLOT_BYTES - HR_SLOT_FIXED)

struct hr_slot {
	uint32_t seq;   /* seqlock: odd while written */
	uint32_t state; /* enum hr_slot_state */
	uint64_t cgroup_id, parent_id;
	uint64_t appeared_ns, gone_ns, sampled_ns; /* wall time; gone_ns 0 while running */
	uint64_t started_ns; /* wall time of this cgroup's creation if known, else HR_UNKNOWN */
	uint32_t flags;      /* HR_SLOT_* */
	uint32_t pids;       /* processes seen in it, not below; HR_UNKNOWN_U32 */
	struct hr_identity id;
	struct hr_memory memory;
	struct hr_binding binding;
	struct hr_pressure pressure;
	struct hr_counts counts;
	struct hr_stalls stalls;
	struct hr_forecast forecast;
	uint64_t oom_kills_total;  /* of the workload: survives restarts and the cgroup itself */
	uint64_t restarts;         /* of the workload, since it was first seen */
	struct hr_str labels;      /* those that policies use: KEY=VALUE, one a line */
	struct hr_str next_policy; /* the policy of next_action */
	uint32_t actions;          /* actions done on this cgroup, without dry runs */
	struct hr_process process[HR_PROCESSES];
	struct hr_history history;
	uint32_t
		text_used; /* on a board at most header.slot_bytes - offsetof(struct hr_slot, text) */
	uint16_t intervals,
		intervals_covered; /* of this cgroup's forecasts: checked, and right (struct hr_score) */
	char text[HR_SLOT_TEXT];
};

/* Which variant of a signal runs. `signal` and `variant` are words of the attach plan (headroom
 * check lists them). */
#define HR_SOURCES 24
struct hr_source {
	char signal[28];
	char variant[36];
};

/* Forecasts compared with what happened, since the board was created; containers that are gone are
 * included. All are counters: each forecast is scored once. docs/explanation/forecast.md, "The score", says
 * what counts as right. */
#define HR_SCORE_ERRORS \
	7 /* bucket i: relative error < HR_SCORE_ERROR_MILLI << i per mille; the last: any larger */
#define HR_SCORE_ERROR_MILLI 50u
#define HR_SCORE_LEADS       6 /* bucket i: lead < HR_SCORE_LEAD_MS * 10^i; the last: any longer */
#define HR_SCORE_LEAD_MS     100u

struct hr_alarm_stats {     /* of alarms that began */
	uint64_t right;     /* OOM kill or stall within 15 minutes, or while the alarm was on */
	uint64_t wrong;     /* neither happened */
	uint64_t undecided; /* not scored: the container exited, or its limit was raised */
};

struct hr_oom_stats {    /* OOM kills, or stalls */
	uint64_t warned; /* an alarm was on, or had ended less than a minute before */
	uint64_t missed;
};

struct hr_score {
	uint64_t intervals,
		intervals_covered; /* 80 % intervals, checked halfway to the forecast OOM; those that held */
	uint64_t times,
		times_covered; /* times to OOM that a kill could be compared with; within their p10 to p90 */
	uint64_t time_error[HR_SCORE_ERRORS]; /* |p50 - actual time| / actual time */
	uint64_t time_error_sum_milli;        /* per mille */
	struct hr_alarm_stats warn, act;
	struct hr_oom_stats oom_kills, stalls; /* one OOM counts once, for any number of victims */
	uint64_t lead[HR_SCORE_LEADS];         /* from alarm to kill, of oom_kills.warned */
	uint64_t lead_sum_ms;
	uint64_t risks,
		risks_observed; /* risks checked after 15 minutes; those with an OOM kill or stall by then */
	uint64_t risk_sum_milli;  /* OOM kills expected by those risks, thousandths */
	uint64_t brier_sum_micro; /* squared errors of those risks, millionths */
};

/* What the daemon cannot do, or does by a lesser way, now: one entry for each `what`. */
#define HR_DEGRADED 10
struct hr_degraded {
	uint64_t since_ns; /* wall time */
	char what
		[16]; /* one word: "bpf", "pid_namespace", …; "": this entry and those after it are free */
	char text[96]; /* cause and effect, one line; its event has it uncut */
};

/* Where memory of the host is that no container uses: host_memory.def has the members. */
struct hr_host_memory {
#define HR_HOST_MEMORY(name, ...) uint64_t name;
#include "host_memory.def"
};

#define HR_HOST_PROCESSES 8
struct hr_host {
	uint32_t seq;
	uint32_t cgroup_version; /* 1, 2; 12 for hybrid (memory on v1) */
	char node[64];
	char kernel[64];
	char version[32]; /* of the daemon */
	uint64_t sampled_ns;
	uint64_t mem_total, mem_available, swap_total, swap_free;
	uint64_t headroom; /* mem_available + swap_free - swap_cost */
	struct hr_pressure pressure;
	struct hr_forecast forecast;
	uint64_t kswapd_wakes, throttled_ns;
	uint64_t
		oom_kills; /* since boot; one that took all of a cgroup counts once, as far as the daemon saw it */
	/* the daemon itself */
	uint32_t mode; /* 0 observe, 1 dry-run, 2 enforce */
	uint32_t pid;
	uint64_t started_ns; /* wall time */
	uint64_t rss_bytes, cpu_ns;
	uint64_t heap_bytes;  /* malloc'ed by the daemon; constant once it runs */
	uint64_t events_lost; /* records that BPF could not deliver, or a full table dropped */
	uint64_t sweep_ns;    /* the last sweep's cost in CPU time */
	uint64_t sweeps;
	uint32_t interval_ms; /* the calm interval in force */
	uint32_t danger;      /* containers that are sampled faster now */
	uint32_t containers;  /* slots in use and running */
	uint32_t capacity;
	struct hr_source source[HR_SOURCES];
	struct hr_process process[HR_HOST_PROCESSES]; /* largest outside containers */
	struct hr_score score;
	struct hr_degraded degraded[HR_DEGRADED];
	uint32_t policies; /* in force */
	uint32_t reserved;
	struct hr_host_memory memory;
	uint64_t swap_cost;       /* memory that filling the free swap would take (zram, zswap) */
	uint64_t zram_swap_total; /* swap on zram devices, uncompressed; 0: there is none */
	uint64_t zram_swap_used;
	uint32_t
		swap_cost_milli; /* compressed size, thousandths; UINT32_MAX: no swap is in memory */
	uint32_t swap_cost_measured; /* 0: too little was swapped out yet to measure it */
	uint64_t
		oom_killed_processes; /* since boot, as the kernel counts (/proc/vmstat oom_kill) */
	/* wall time: no policy acts before; 0: not paused; HR_UNKNOWN: until resumed */
	uint64_t paused_until_ns;
};

/* What can be had at most: MemTotal without reserved huge pages, which nothing else can use. Shares are of this. */
static inline uint64_t hr_usable_memory(uint64_t mem_total, const struct hr_host_memory *memory)
{
	return mem_total == HR_UNKNOWN || memory->hugetlb == HR_UNKNOWN ||
			       memory->hugetlb > mem_total
		       ? mem_total
		       : mem_total - memory->hugetlb;
}
static inline uint64_t hr_host_usable(const struct hr_host *host)
{
	return hr_usable_memory(host->mem_total, &host->memory);
}

/* That and all swap, less what the free swap would take (swap_cost) and what zram and zswap take now: the limit that the host's headroom is below. */
static inline uint64_t hr_memory_and_swap(uint64_t mem_total, uint64_t swap_total,
					  uint64_t swap_cost, const struct hr_host_memory *memory)
{
	const uint64_t cost[] = {swap_cost, memory->zram, memory->zswap};
	uint64_t swap = swap_total == HR_UNKNOWN ? 0 : swap_total;

	for (unsigned i = 0; i < sizeof(cost) / sizeof(*cost); i++)
		if (cost[i] != HR_UNKNOWN)
			swap -= cost[i] < swap ? cost[i] : swap;
	return mem_total == HR_UNKNOWN ? HR_UNKNOWN : hr_usable_memory(mem_total, memory) + swap;
}
static inline uint64_t hr_host_capacity(const struct hr_host *host)
{
	return hr_memory_and_swap(host->mem_total, host->swap_total, host->swap_cost,
				  &host->memory);
}

/* STARTING: a daemon has taken the board and not swept yet; what is on it is an earlier daemon's, or nothing. */
enum hr_board_state {
	HR_BOARD_RUNNING = 1,
	HR_BOARD_STOPPED,
	HR_BOARD_REPLACED,
	HR_BOARD_STARTING
};
enum hr_ring { HR_RING_KEEP, HR_RING_CHATTER, HR_RINGS };

struct hr_ring_area {
	uint64_t offset; /* from the start of the file */
	uint64_t bytes;  /* a multiple of 8 */
};

struct hr_board_header {
	uint64_t magic;
	uint32_t version;
	uint32_t page_bytes; /* HR_BOARD_PAGE */
	uint64_t file_bytes;
	uint64_t instance;   /* random; a daemon that adopts the board keeps it */
	uint64_t created_ns; /* wall time as it was set then; zero point of hr_point.t_centis */
	uint32_t slot_bytes; /* from one slot to the next: at most HR_SLOT_BYTES, a multiple of 8 */
	uint32_t slot_capacity;
	uint64_t host_offset, slots_offset;
	struct hr_ring_area ring[HR_RINGS];
	/* from here on: variable words */
	uint32_t state; /* enum hr_board_state */
	uint32_t daemon_pid;
	uint64_t heartbeat_ns; /* CLOCK_MONOTONIC, at least once a second */
	uint64_t generation;   /* number of daemons that have written here */
	uint64_t last_seq;     /* of the newest event in any ring; the first is 1 */
	uint32_t slots_high;   /* no slot at or above this index was ever used */
	uint32_t reserved;
	uint64_t ring_head[HR_RINGS]; /* bytes ever written */
	uint64_t ring_tail[HR_RINGS]; /* position of the oldest intact record */
	int64_t clock_step_ns; /* how far the wall clock was set since created_ns; from a reader 0 */
	/* constant again */
	uint64_t
		created_boot_ns; /* CLOCK_BOOTTIME of created_ns; 0: unknown, the times are of the wall clock */
	char boot_id[HR_BOOT_ID]; /* /proc/sys/kernel/random/boot_id of the boot; "": unknown */
};

/* The low half of last_seq is a futex: the writer wakes those that wait for it (FUTEX_WAIT, not private) after each event, some
 * at a time. To wait takes no right but reading: a mapping of the first page without the right to write. */
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define HR_BOARD_FUTEX (offsetof(struct hr_board_header, last_seq) + 4)
#else
#define HR_BOARD_FUTEX offsetof(struct hr_board_header, last_seq)
#endif

_Static_assert(sizeof(struct hr_slot) == HR_SLOT_BYTES, "a whole slot is one page");
_Static_assert(sizeof(struct hr_board_header) <= HR_BOARD_PAGE, "the header is one page");
_Static_assert(sizeof(struct hr_host) <= HR_BOARD_PAGE, "the host record is one page");
_Static_assert(HR_SLOT_TEXT >= 1200, "room for a path, an image and a pod");

#endif
