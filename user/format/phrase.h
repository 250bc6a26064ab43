/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * One function per fact: event stream, explain, reports and live screens phrase a fact with the same function, so that it
 * reads the same everywhere. Each appends one clause without a full stop to a line. A fact that is unknown appends
 * nothing, unless its comment gives a word for it. Clean UTF-8; pure; never allocates.
 */
#ifndef HEADROOM_FORMAT_PHRASE_H
#define HEADROOM_FORMAT_PHRASE_H

#include <stdbool.h>
#include <headroom/event.h>
#include "base/strbuf.h"

struct line line_in(char *text, size_t bytes); /* empty */

/* "tail[4711]"; "a process" for pid 0. */
void phrase_process(struct line *line, const char comm[16], uint32_t pid);
/* "web[12] 5 MiB (+1 MiB/s), …"; returns how many. */
size_t phrase_processes(struct line *line, const struct hr_process *process, size_t most);

/* Bytes by kind; HR_UNKNOWN and 0 are left out. */
struct memory_parts {
	uint64_t anon, file, shmem, kernel, sock, swap, pgtables;
};
/* "page tables 40 MiB, thread stacks 12 MiB", after `before`: the kinds of kernel memory that are a good part of it; false: none is
 * known. */
bool phrase_kernel_kinds(struct line *line, const char *before, const struct hr_memory *memory);
struct memory_parts memory_parts_of(const struct hr_memory *memory);
struct memory_parts memory_parts_of_process(const struct hr_oom_process *process);
/* "anon 48 MiB, page tables 128 KiB", after `before`; false: nothing is known. */
bool phrase_memory(struct line *line, const char *before, const struct memory_parts *parts);

/* Whether it ends with a pod's cgroup: podUID, or kubepods-QOS-podUID.slice. NULL: no. */
bool path_is_pod(const char *path);
/* "container limit 64 MiB", "parent limit 1 GiB (/batch.slice)", "pod limit 1 GiB", "host memory 16 GiB", "unknown limit". `kind`: what the
 * cgroup is (enum hr_kind); `path`: the limit's own cgroup, NULL: unknown. */
void phrase_limit(struct line *line, unsigned int level, unsigned int kind, uint64_t limit,
		  const char *path);
/* "headroom 137 MiB, container limit 256 MiB": what is left before the limit that is reached first. */
void phrase_headroom(struct line *line, const struct hr_slot *slot);

/* Processes that were killed: at least, of a group of unknown size. */
unsigned int oom_processes(const struct hr_event_oom_kill *oom);
/* "OOM-killed tail[4711]: container limit 64 MiB reached"; `kills`: how many processes in all. */
void phrase_oom_kill(struct line *line, const struct hr_event_oom_kill *oom, unsigned int kills);
/* "container limit 64 MiB reached", "host memory exhausted", "requested by SysRq". */
void phrase_oom_cause(struct line *line, const struct hr_event_oom_kill *oom);
/* "tail[7]", "the victim", or "unknown process"; "… in web (docker)" where it ran in another cgroup. */
void phrase_oom_trigger(struct line *line, const struct hr_event_oom_kill *oom);
/* "warned 42s before", "no warning". */
void phrase_warned(struct line *line, uint64_t warned_before_ms);
/* What the reflex did; nothing where no policy wants one. */
void phrase_reflex(struct line *line, const struct hr_event_oom_kill *oom);
/* "policy burst had not acted: rate limit reached"; nothing where no policy matches. */
void phrase_not_acted(struct line *line, const struct hr_event_oom_kill *oom);
void phrase_kill_warned(struct line *line,
			const struct hr_event_oom_kill *oom); /* with the level of the alarm */
/* "warned 2s before; last risk 92, OOM in ~1s" */
void phrase_kill_forecast(struct line *line, const struct hr_event_oom_kill *oom);

/* "OOM in ~2m28s (80% interval 1m14s–7m26s)", "no OOM forecast within 24h". */
void phrase_oom_in(struct line *line, const struct hr_forecast *forecast);
void phrase_oom_in_ms(struct line *line, uint64_t p10_ms, uint64_t p50_ms, uint64_t p90_ms);
/* "risk 61", "risk unknown". */
void phrase_risk(struct line *line, uint16_t risk_centi);
/* "trend +900 KiB/s", "trend unknown". */
void phrase_trend(struct line *line, int64_t bytes_per_second);
/* "leak confirmed: 3.1 GiB/h of anon", "no leak". */
void phrase_leak(struct line *line, const struct hr_forecast *forecast);
/* Those that raise the risk, then "lowering it: " and those that lower it; or "no risk factors". */
void phrase_reasons(struct line *line, const struct hr_forecast *forecast);
/* "next action kill (policy switch), dry run: logged only"; "no matching policy (mode observe)". */
void phrase_next(struct line *line, const struct hr_slot *slot, unsigned int mode);

/* "some tasks stalled 12.0% of the last 10s, all tasks 3.0%". */
void phrase_pressure(struct line *line, const struct hr_pressure *pressure);
/* "freed 65.2 MiB in 3 ms; OOM averted; restarted after 2s"; "effect unknown". */
void phrase_outcome(struct line *line, const struct hr_event_outcome *outcome);
bool outcome_is_empty(const struct hr_event_outcome *outcome); /* a dry run's */
/* "2 OOM kills, restarts included", "no OOM kills recorded", "OOM kills unknown". */
void phrase_kills(struct line *line, uint64_t kills_total);

/* "running for 4d22h", "gone for 5m", "known for 5m" where the start is unknown; nothing for a time that is not past. */
void phrase_age(struct line *line, const struct hr_slot *slot, uint64_t now_ns);

#define OOM_DISABLED "blocked at its limit (OOM killer disabled)" /* v1, oom_kill_disable */

#endif
