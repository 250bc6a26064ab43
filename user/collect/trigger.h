/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Arming: what is to be told, or done, at once when a container crosses a size. The *tripwire* only tells (RECORD_TRIPWIRE);
 * the *reflex* has BPF send SIGKILL in the kernel (RECORD_REFLEX), under the conditions of docs/explanation/reflex.md, so arm it in `enforce`
 * only. Both need nothing but the entry below; nothing here writes a limit. (On cgroup v1 the tripwire registers an eventfd by
 * cgroup.event_control: a notification, not an intervention, hence here and not in enforce/.)
 *
 * Callers: L = the guard's loop thread, W = its sweep worker (may block), as in sense.h. L and W may call at the same time.
 * int functions return 0 or -errno.
 *
 * How the guard uses it:
 *  - A rule with a size threshold holds for a container: collect_trigger() in W. The same id again: threshold, flags … are replaced, and
 *    the shot is *not* given back. After a shot (or a reload): collect_disarm(), then collect_trigger() in W: a new generation, one new shot.
 *  - The rule no longer applies, the container ended, the mode fell: collect_disarm(), L, at once: after it returns no new hit begins.
 *    (A hit that had begun is in the ring: read it before you judge.) A cgroup's own end disarms nothing: call it on RMDIR, too.
 *  - Any RECORD_TRIPWIRE (near or over), or a sample with usage >= near: collect_trigger_close(true) in W; some seconds after nobody was
 *    near any more: collect_trigger_close(false) in W. It attaches rss_stat, the one hot tracepoint; until then (and where it is missed) the
 *    reflex waits at the limit itself, where reclaim begins: still before the kernel's OOM killer.
 *  - RECORD_REFLEX: one process got SIGKILL (error 0), or could not be given it (error): engine_reflex_fired(), then finish the rest (`whole`).
 *  - The figures of a share (limit_milli) are taken from the live limit by BPF at the moment of the decision; still call collect_trigger()
 *    again when the limit changed, since the eventfd of v1 and `near` stand on `threshold`.
 *  - collect_grow() gives a sense where nothing is armed. On L, when swapping, the worker idle: collect_trigger_move(new, old); entries, spared ones,
 *    generations and used-up shots move, nothing is armed twice, and all but rss_stat is at work at once. Then
 *    collect_trigger_close(new, …) in W if it was close.
 */
#ifndef HEADROOM_COLLECT_TRIGGER_H
#define HEADROOM_COLLECT_TRIGGER_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>
#include "../../bpf/records.h"
#include "../../bpf/bpf_config.h" /* ARM_*: how many, and the flags */

struct collector;

struct trigger {
	__u64 memcg_id;
	const char *
		path; /* of the memory cgroup, from the hierarchy's root; the directory must be memcg_id's */
	__u64 threshold; /* bytes of usage (page_counter: memory.current, memory.usage_in_bytes) */
	__u32 limit_milli; /* not 0: the threshold is this share of the live limit, its own or its nearest limited ancestor's;
				   `threshold` is what that comes to now. No limit there: never crossed */
	__u32 flags; /* TRIGGER_* */
	__u64 near;  /* bytes; 0: three quarters of the threshold */
	__u64 least_rss; /* reflex: nobody with less resident anonymous and shared memory is hit (a health check
				   that happens to be the one to charge); 0: anybody. With TRIGGER_WHOLE it is of no account */
	__u32 preferred_pid; /* reflex: the process to hit instead of the charging one, where the kernel can (collect_source(),
				   "reflex"); checked anew in BPF, dropped if it is not larger; 0: none */
	__u64 preferred_start_ns; /* its start_boottime */
};
/* Flags (bpf/shared.h). TRIGGER_REFLEX: hit; else only tell. TRIGGER_WHOLE: the rule kills the whole container, so inits of pid namespaces
 * may be hit, too, and the rest of it is the guard's to finish. */

/* W. Opens the directory, registers what this host uses. -ENOENT, -ESTALE: another cgroup is there by now; -ENOSPC: full;
 * -EAGAIN: disarmed while it was armed again;
 * -EOPNOTSUPP: TRIGGER_REFLEX without the programs for it (the tripwire is armed all the same); -EINVAL. */
int collect_trigger(struct collector *collector, const struct trigger *trigger);
/* L or W. Unknown ids are fine. */
void collect_disarm(struct collector *collector, __u64 memcg_id);
/* L. The largest process changed; pid 0: none. -ENOENT: not armed. */
int collect_trigger_prefer(struct collector *collector, __u64 memcg_id, __u32 pid,
			   __u64 start_boottime_ns);
/* L. Never hit: tasks in this memory cgroup or below it (pid 0), or this process (memcg_id 0): runtime, guard, what `protect`
 * lists. Before anything is armed. -ENOSPC: full, and then do not arm what it is in. -EOPNOTSUPP: no reflex here. */
struct trigger_exempt {
	__u64 memcg_id;
	__u32 pid;
	__u64 start_boottime_ns; /* of pid */
};
int collect_exempt(struct collector *collector, const struct trigger_exempt *spare, bool exempt);
/* L. The budget: so many more may be hit, on top of what was told of (consumed) until now; RECORD_UNKNOWN, as at the start: no bound. What
 * was hit and is not consumed yet counts: however many containers cross at once, never more than this are hit. */
void collect_trigger_grant(struct collector *collector, __u64 left);
/* L. Cgroups with a larger id are younger than what the caller has looked at: who is in such a one, below an armed one, is not hit.
 * Never goes back; at the start there is no such bound. */
void collect_trigger_known(struct collector *collector, __u64 memcg_id);
/* W. Attaches rss_stat, or lets go of it; the same again is free. 0 also where nobody armed would need it. */
int collect_trigger_close(struct collector *collector, bool close);
/* L. Readable when a v1 eventfd fired (-1: none here); then collect_trigger_consume() calls fn with RECORD_TRIPWIRE. What BPF tells comes
 * by collect_consume() as everything does, from a ring of its own that a flood of other records cannot fill. */
int collect_trigger_fd(const struct collector *collector);
int collect_trigger_consume(struct collector *collector,
			    void (*fn)(const struct record *record, void *arg), void *arg);
/* L. All that is armed and spared in `from` is so in `to` instead. What could not be moved is not armed: its ids are in
 * ret_dropped[capacity], *ret_n of them. */
void collect_trigger_move(struct collector *to, struct collector *from, __u64 *ret_dropped,
			  size_t capacity, size_t *ret_n);
/* L. Is it armed, with its shot used up? The kernel's own word, should a record ever be lost. */
enum trigger_state { TRIGGER_NOT, TRIGGER_READY, TRIGGER_SHOT };
enum trigger_state collect_trigger_spec(struct collector *collector, __u64 memcg_id);

#endif
