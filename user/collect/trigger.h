/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Threshold triggers: what is reported, or done, at once when a container crosses a size. A *threshold trigger* only reports
 * (RECORD_THRESHOLD); with the *reflex* BPF sends SIGKILL in the kernel (RECORD_REFLEX), under the conditions of docs/explanation/reflex.md, so
 * use it in `enforce` only. Both need nothing but the entry below; nothing here writes a limit. (On cgroup v1 the trigger registers
 * an eventfd by cgroup.event_control: a notification, not an intervention, hence here and not in enforce/.)
 *
 * Callers: L = the daemon's loop thread, W = its sweep worker (may block), as in collect.h. L and W may call at the same time.
 * int functions return 0 or -errno.
 *
 * How the daemon uses it:
 *  - A rule with a size threshold matches a container: collect_trigger() in W. The same id again: threshold, flags … are replaced, and
 *    a reflex that has fired does *not* become ready again. After it fired (or a reload): collect_trigger_remove(), then
 *    collect_trigger() in W: a new generation, one new kill.
 *  - The rule no longer matches, the container ended, the mode fell: collect_trigger_remove(), L, at once: after it returns no new kill
 *    begins. (One that had begun is in the ring: read it first.) The end of a cgroup removes nothing: call it on RMDIR, too.
 *  - Any RECORD_THRESHOLD (near or over), or a sample with usage >= near: collect_trigger_close(true) in W; some seconds after the last
 *    container was near: collect_trigger_close(false) in W. It attaches rss_stat, the one hot tracepoint; until then (and where it is
 *    missed) the reflex waits at the limit itself, where reclaim begins: still before the kernel's OOM killer.
 *  - RECORD_REFLEX: one process got SIGKILL (error 0), or could not be sent it (error): engine_reflex_fired(), then finish the rest
 *    (`whole`).
 *  - BPF takes a share (limit_milli) of the live limit at the moment of the decision; still call collect_trigger() again when the limit
 *    changed, since the eventfd of v1 and `near` depend on `threshold`.
 *  - collect_grow() returns a collector without triggers. On L, when swapping, the worker idle: collect_trigger_move(new, old); entries,
 *    exemptions, generations and which have fired move, no trigger is in both, and all but rss_stat works at once. Then
 *    collect_trigger_close(new, …) in W if it was close.
 */
#ifndef HEADROOM_COLLECT_TRIGGER_H
#define HEADROOM_COLLECT_TRIGGER_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>
#include "../../bpf/records.h"
#include "../../bpf/bpf_config.h" /* TRIGGER_*: how many, and the flags */

struct collector;

struct trigger {
	__u64 memcg_id;
	const char *
		path; /* of the memory cgroup, from the hierarchy's root; the directory must be memcg_id's */
	__u64 threshold; /* bytes of usage (page_counter: memory.current, memory.usage_in_bytes); RECORD_UNKNOWN: a share of a limit
				that is not known here yet, so without an eventfd until it is set again */
	__u32 limit_milli; /* not 0: the threshold is this share of the live limit, its own or its nearest limited ancestor's;
				   `threshold` is what that comes to now. No limit there: never crossed */
	__u32 flags; /* TRIGGER_* */
	__u64 near;  /* bytes; 0: three quarters of the threshold */
	__u64 least_rss; /* reflex: no process with less resident anonymous and shared memory is killed (a health check
				   that happens to be the one to charge); 0: any process; RECORD_UNKNOWN: an eighth of the live
				   threshold. Ignored with TRIGGER_WHOLE */
	__u32 preferred_pid; /* reflex: the process to kill instead of the charging one, where the kernel can (collect_source(),
				   "reflex"); checked anew in BPF, dropped if it is not larger; 0: none */
	__u64 preferred_start_ns; /* its start_boottime */
};
/* Flags (bpf/bpf_config.h). TRIGGER_REFLEX: kill; else only report. TRIGGER_WHOLE: the rule kills the whole container, so inits of pid
 * namespaces may be killed, too, and the daemon kills the rest of it. */

/* W. Opens the directory, registers what this host uses. -ENOENT, -ESTALE: another cgroup is there by now; -ENOSPC: full;
 * -EAGAIN: removed while it was set again;
 * -EOPNOTSUPP: TRIGGER_REFLEX without the programs for it (the threshold trigger is set all the same); -EINVAL. */
int collect_trigger(struct collector *collector, const struct trigger *trigger);
/* L or W. Unknown ids are fine. */
void collect_trigger_remove(struct collector *collector, __u64 memcg_id);
/* L. The largest process changed; pid 0: none. -ENOENT: it has no trigger. */
int collect_trigger_prefer(struct collector *collector, __u64 memcg_id, __u32 pid,
			   __u64 start_boottime_ns);
/* L. Exempt from the reflex: tasks in this memory cgroup or below it (pid 0), or this process (memcg_id 0): runtime, daemon, what
 * `protect` lists. Before any trigger is set. -ENOSPC: full, and then set no trigger on what it is in. -EOPNOTSUPP: no reflex here. */
struct trigger_exempt {
	__u64 memcg_id;
	__u32 pid;
	__u64 start_boottime_ns; /* of pid */
};
int collect_exempt(struct collector *collector, const struct trigger_exempt *entry, bool exempt);
/* L. The rate limit: so many more kills, on top of those with records consumed until now; RECORD_UNKNOWN, as at the start: no
 * bound. Kills that are not consumed yet count: however many containers cross at once, never more than this are killed. */
void collect_trigger_grant(struct collector *collector, __u64 left);
/* L. Cgroups with a larger id are younger than what the caller has looked at: the reflex kills no process in such a one.
 * Never goes back; at the start there is no such bound. */
void collect_trigger_known(struct collector *collector, __u64 memcg_id);
/* W. Attaches the program where reclaim begins and keeps it, so that no arming has to wait for that (an attachment takes the kernel's own
 * locks: seconds on a loaded host); or lets go of it with the last trigger. A larger collector inherits it. */
int collect_trigger_ready(struct collector *collector, bool ready);
/* W. Attaches rss_stat, or lets go of it; the same again is free. 0 also where no trigger needs it. */
int collect_trigger_close(struct collector *collector, bool close);
/* L. Readable when a v1 eventfd fired (-1: none here); then collect_trigger_consume() calls fn with RECORD_THRESHOLD. What BPF reports comes
 * by collect_consume() as everything does, from a ring of its own that a flood of other records cannot fill. */
int collect_trigger_fd(const struct collector *collector);
int collect_trigger_consume(struct collector *collector,
			    void (*fn)(const struct record *record, void *arg), void *arg);
/* L. Moves triggers and exemptions from `from` to `to`. What could not be moved has no trigger: its ids are in
 * ret_dropped[capacity], *ret_n of them. */
void collect_trigger_move(struct collector *to, struct collector *from, __u64 *ret_dropped,
			  size_t capacity, size_t *ret_n);
/* L. Has it a trigger, and has that fired? As the kernel has it, in case a record was lost. */
enum trigger_state { TRIGGER_NOT, TRIGGER_READY, TRIGGER_FIRED };
enum trigger_state collect_trigger_state(struct collector *collector, __u64 memcg_id);

#endif
