// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The rules that find contributing factors. Each reads facts and writes one or two sentences; without its facts it finds
 * nothing. */
#include "factors.h"

#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/human_units.h"
#include "format/outlived.h"
#include "format/phrase.h"

/* Thresholds of the rules: opinions, all in one place. */
#define PEAK_SHARE      0.95 /* of the limit */
#define PART_SHARE      0.25 /* of the memory */
#define ANON_SHARE      0.75 /* not reclaimable without swap */
#define HUGE_SHARE      0.10 /* of the host */
#define CACHE_SHARE     0.30
#define SWAP_FULL_SHARE 0.95
#define BURST_MS        60000u /* too fast for a manual reaction */
#define BURST_SHARE     0.5    /* of the limit */
#define BOMB_TIMES      3u     /* times as many processes as before … */
#define BOMB_LEAST      20u    /* … and at least that many more */
#define LOOP_KILLS      2u     /* within the hour before */
#define STALL_CENTI     2000u  /* 20 % of the last 10 s */
#define SCORE_ADJ       500
#define YOUNG_MS        30000u
#define LEAST_RISE      (1u << 20)

static bool known(uint64_t x) { return x != HR_UNKNOWN; }
static double share(uint64_t part, uint64_t whole)
{
	return known(part) && known(whole) && whole ? (double)part / (double)whole : 0;
}

void facts_init(struct facts *f)
{
	memset(f, 0, sizeof(*f));
	f->level = HR_LEVEL_COUNT;
	f->constraint = HR_CONSTRAINT_UNKNOWN;
	f->limit = f->usage = f->own_limit = f->own_usage = HR_UNKNOWN;
	f->anon = f->file = f->shmem = f->kernel = f->pgtables = HR_UNKNOWN;
	memset(&f->memory, 0xff, sizeof(f->memory)); /* HR_UNKNOWN */
	f->swap = f->swap_limit = f->high = f->high_events = HR_UNKNOWN;
	f->earlier_peak = f->limit_before = f->limit_changed_ago_ms = HR_UNKNOWN;
	f->leak_bytes_per_hour = HR_UNKNOWN_I64;
	f->rise = f->rise_ms = f->sibling_rise = f->own_rise = HR_UNKNOWN;
	f->pids_before = f->pids = f->stall_centi = HR_UNKNOWN_U32;
	f->host_total = f->host_available = HR_UNKNOWN;
	f->host_swap_total = f->host_swap_free = f->limits_sum = HR_UNKNOWN;
	f->outlived = HR_UNKNOWN;
	f->host_huge = f->host_zram = f->host_swap_cost = HR_UNKNOWN;
	f->score_adj = INT32_MIN;
	f->order = -1;
	f->age_ms = HR_UNKNOWN;
	f->mode = HR_UNKNOWN_U32;
}

/* ---- the rules ---- */

static void no_limit(const struct facts *f, struct line *l)
{
	if (f->level != HR_LEVEL_ANCESTOR && f->level != HR_LEVEL_HOST)
		return;
	if (known(f->own_limit) || !known(f->own_usage))
		return;
	line_add(l, "The container has no memory limit of its own: it can use all memory %s.",
		 f->level == HR_LEVEL_HOST ? "of this host" : "below the parent limit");
}

static void limit_lowered(const struct facts *f, struct line *l)
{
	if (!known(f->limit_before) || !known(f->limit) || f->limit_before <= f->limit)
		return;
	line_add_bytes(l, "The limit was lowered from ", f->limit_before, "");
	line_add_bytes(l, " to ", f->limit, "");
	line_add_ms(l, ", ", f->limit_changed_ago_ms, " before");
	line_add(l, ".");
}

static void limit_below_peak(const struct facts *f, struct line *l)
{
	if (f->level != HR_LEVEL_OWN || share(f->earlier_peak, f->limit) < PEAK_SHARE)
		return;
	line_add_bytes(l, "Usage had peaked at ", f->earlier_peak, " before this rise began");
	line_add_bytes(l, "; the limit of ", f->limit, " leaves no reserve.");
}

static void leak(const struct facts *f, struct line *l)
{
	struct hr_forecast forecast = {.leak = (uint8_t)f->leak,
				       .leak_of = (uint8_t)f->leak_of,
				       .leak_bytes_per_hour = f->leak_bytes_per_hour};

	if (f->leak < HR_LEAK_SUSPECTED || f->leak == HR_LEAK_ENDED)
		return;
	line_add(l, "Leak detection: ");
	phrase_leak(l, &forecast);
	line_add(l, ". A higher limit only delays the next OOM.");
}

static void burst(const struct facts *f, struct line *l)
{
	if (!known(f->rise_ms) || f->rise_ms > BURST_MS || share(f->rise, f->limit) < BURST_SHARE)
		return;
	line_add_bytes(l, "Usage rose by ", f->rise, "");
	line_add_ms(l, " in ", f->rise_ms, ": too fast for a manual reaction.");
}

static void sibling(const struct facts *f, struct line *l)
{
	if (f->host || f->level == HR_LEVEL_OWN || !known(f->sibling_rise) || !known(f->own_rise) ||
	    f->sibling_rise < LEAST_RISE || f->sibling_rise <= f->own_rise)
		return;
	line_add(l, "%s grew more in the same time", f->sibling);
	line_add_bytes(l, ": by ", f->sibling_rise, "");
	line_add_bytes(l, ", the subject by ", f->own_rise, ".");
}

static void grower(const struct facts *f, struct line *l)
{
	if (!f->host || !known(f->sibling_rise) || f->sibling_rise < LEAST_RISE)
		return;
	line_add(l, "%s grew most in that time", f->sibling);
	line_add_bytes(l, ": by ", f->sibling_rise, ".");
}

static void other_trigger(const struct facts *f, struct line *l)
{
	if (f->killed && f->other_trigger)
		line_add(l,
			 "The allocation that triggered the OOM kill came from another cgroup: %s.",
			 f->trigger);
}

static void fork_bomb(const struct facts *f, struct line *l)
{
	if (f->pids_before == HR_UNKNOWN_U32 || f->pids == HR_UNKNOWN_U32 ||
	    f->pids < BOMB_TIMES * f->pids_before || f->pids - f->pids_before < BOMB_LEAST)
		return;
	line_add(l,
		 "The number of processes grew from %u to %u: many small ones, not one large one.",
		 f->pids_before, f->pids);
}

static void restart_loop(const struct facts *f, struct line *l)
{
	if (f->kills_before < LOOP_KILLS)
		return;
	line_add(l, "%u OOM kill%s in the hour before: each restart ends in the next OOM kill.",
		 f->kills_before, plural_s(f->kills_before));
}

static void no_swap(const struct facts *f, struct line *l)
{
	bool host = known(f->host_swap_total) && !f->host_swap_total;
	bool own = known(f->swap_limit) && !f->swap_limit;

	if (!host && !own)
		return;
	line_add(l,
		 "%s: anonymous memory is not reclaimable, and the limit is reached without an "
		 "earlier slowdown.",
		 host ? "This host has no swap" : "The container may not use swap");
}

static void swap_full(const struct facts *f, struct line *l)
{
	bool own = f->swap_limit && share(f->swap, f->swap_limit) >= SWAP_FULL_SHARE;
	bool host = f->host_swap_total && known(f->host_swap_total) && known(f->host_swap_free) &&
		    share(f->host_swap_total - f->host_swap_free, f->host_swap_total) >=
			    SWAP_FULL_SHARE;

	if (!own && !host)
		return;
	line_add(l, "Swap was full");
	if (own)
		line_add_bytes(l, ": ", f->swap, " in use");
	else
		line_add_bytes(l, ": ", f->host_swap_free, " free on the host");
	line_add(l, ".");
}

static void huge_pages(const struct facts *f, struct line *l)
{
	if (f->level != HR_LEVEL_HOST || share(f->host_huge, f->host_total) < HUGE_SHARE)
		return;
	line_add_bytes(l, "", f->host_huge, "");
	line_add_bytes(l, " of the host's ", f->host_total,
		       " are reserved huge pages (vm.nr_hugepages): no other use can have them, "
		       "free or not.");
}

static void swap_in_memory(const struct facts *f, struct line *l)
{
	if (f->level != HR_LEVEL_HOST || !known(f->host_zram) || !f->host_zram)
		return;
	line_add_bytes(l, "Swap of ", f->host_zram,
		       " is on zram, in memory: each page that is swapped out takes memory at its "
		       "compressed size");
	if (known(f->host_swap_free) && known(f->host_swap_cost))
		line_add_bytes(l, ", so that the free swap was worth ",
			       f->host_swap_free > f->host_swap_cost
				       ? f->host_swap_free - f->host_swap_cost
				       : 0,
			       "");
	line_add(l, ".");
}

static void anon(const struct facts *f, struct line *l)
{
	if (share(f->anon, f->own_usage) < ANON_SHARE)
		return;
	line_add(l,
		 "%.0f%% of the memory was anonymous (heap and stacks): not reclaimable "
		 "without swap.",
		 100 * fmin(share(f->anon, f->own_usage), 1)); /* of two moments */
}

static void cache(const struct facts *f, struct line *l)
{
	uint64_t file = known(f->file) && known(f->shmem) && f->file > f->shmem ? f->file - f->shmem
										: HR_UNKNOWN;

	if (share(file, f->own_usage) < CACHE_SHARE)
		return;
	line_add_bytes(l, "", file, " of the memory was page cache");
	line_add(l, ": it counts towards the limit, but most of it is reclaimable. The rest caused "
		    "the OOM.");
}

static void shmem(const struct facts *f, struct line *l)
{
	if (share(f->shmem, f->own_usage) < PART_SHARE)
		return;
	line_add_bytes(l, "", f->shmem, " was shared memory or tmpfs");
	line_add(
		l,
		": files in /dev/shm and tmpfs mounts count, and remain after their process ends.");
}

static void outlived(const struct facts *f, struct line *l)
{
	if (outlived_notable(f->outlived, f->limit))
		outlived_text(l, f->outlived, f->filler, f->outlived_filled);
}

static void kernel(const struct facts *f, struct line *l)
{
	bool kinds;

	if (share(f->kernel, f->own_usage) < PART_SHARE)
		return;
	line_add_bytes(l, "", f->kernel, " was kernel memory");
	kinds = phrase_kernel_kinds(l, " (", &f->memory);
	line_add(l, "%s: killing processes may not free it.",
		 kinds ? ")" : " (page tables, dentries, inodes)");
}

static void sockets(const struct facts *f, struct line *l)
{
	if (share(f->memory.sock, f->own_usage) < PART_SHARE)
		return;
	line_add_bytes(l, "", f->memory.sock, " was in buffers of sockets");
	line_add(l, ": a peer that does not read, or large net.ipv4.tcp_wmem and tcp_rmem.");
}

static void page_tables(const struct facts *f, struct line *l)
{
	if (share(f->pgtables, f->own_usage) < PART_SHARE)
		return;
	line_add_bytes(l, "The victim's page tables took ", f->pgtables, "");
	line_add(l, ": sparse or huge mappings, not data.");
}

static void memory_high(const struct facts *f, struct line *l)
{
	if (!known(f->high) || !known(f->own_usage) || f->own_usage < f->high)
		return;
	line_add_bytes(l, "Usage was above memory.high of ", f->high, "");
	if (known(f->high_events) && f->high_events)
		line_add(l, " (%llu time%s in this window)", (unsigned long long)f->high_events,
			 plural_s(f->high_events));
	line_add(l, ": the kernel throttled its allocations.");
}

static void stalls(const struct facts *f, struct line *l)
{
	if (f->stall_centi == HR_UNKNOWN_U32 || f->stall_centi < STALL_CENTI)
		return;
	line_add(l, "All its tasks stalled for memory for up to %u%% of the time (PSI full avg10).",
		 f->stall_centi / 100);
}

static void oom_group(const struct facts *f, struct line *l)
{
	if (f->group)
		line_add(l, "memory.oom.group is set: the kernel killed the whole cgroup with its "
			    "victim.");
}

static void score_adj(const struct facts *f, struct line *l)
{
	if (!f->killed || f->score_adj == INT32_MIN || f->score_adj < SCORE_ADJ)
		return;
	line_add(
		l,
		"The victim's oom_score_adj of %d made it a preferred victim: Kubernetes sets such "
		"values for pods without requests.",
		f->score_adj);
}

static void constraint(const struct facts *f, struct line *l)
{
	if (f->constraint == HR_CONSTRAINT_CPUSET)
		line_add(l, "Only the memory nodes of its cpuset were full, not the host.");
	else if (f->constraint == HR_CONSTRAINT_MEMORY_POLICY)
		line_add(l, "Only the nodes of its memory policy were full, not the host.");
}

static void order(const struct facts *f, struct line *l)
{
	if (f->order > 0)
		line_add(l,
			 "The allocation needed %llu contiguous pages: memory may have been "
			 "fragmented rather than exhausted.",
			 1ULL << (f->order & 31));
}

static void overcommit(const struct facts *f, struct line *l)
{
	if (f->level != HR_LEVEL_HOST || share(f->limits_sum, f->host_total) <= 1)
		return;
	line_add_bytes(l, "The containers' limits add up to ", f->limits_sum, "");
	line_add_bytes(l, " on a host of ", f->host_total, ".");
}

static void hang(const struct facts *f, struct line *l)
{
	if (f->hung)
		line_add(l, "memory.oom_control disables its OOM killer: at the limit its tasks "
			    "wait until memory is freed.");
}

static void young(const struct facts *f, struct line *l)
{
	if (f->killed && known(f->age_ms) && f->age_ms < YOUNG_MS)
		line_add_ms(l, "It had started only ", f->age_ms,
			    " before: no history for a forecast.");
}

static void observing(const struct facts *f, struct line *l)
{
	if (f->mode == HR_UNKNOWN_U32 || f->mode >= 2 || !f->killed || !f->warned)
		return;
	line_add(l, "Mode %s: the OOM was forecast, but actions were not executed%s.",
		 f->mode ? "dry-run" : "observe",
		 f->policy || f->mode ? "" : "; no policy matches either");
}

static const struct condition_set {
	const char *word, *title;
	void (*find)(const struct facts *f, struct line *l);
} rules[] = {
	{"limit_lowered", "Limit lowered shortly before", limit_lowered},
	{"leak", "Memory leak", leak},
	{"outlived_memory", "Memory of containers that have ended", outlived},
	{"restart_loop", "OOM restart loop", restart_loop},
	{"fork_bomb", "Process count multiplied", fork_bomb},
	{"burst", "Burst", burst},
	{"limit_below_peak", "Limit at the usual peak", limit_below_peak},
	{"sibling_growth", "Another container grew more", sibling},
	{"host_grower", "Growth of one container", grower},
	{"other_trigger", "Triggered by another cgroup", other_trigger},
	{"no_own_limit", "No limit of its own", no_limit},
	{"overcommitted_host", "Overcommitted host", overcommit},
	{"hang", "OOM killer disabled", hang},
	{"no_swap", "No swap", no_swap},
	{"swap_full", "Swap was full", swap_full},
	{"swap_in_memory", "Swap on zram", swap_in_memory},
	{"huge_pages", "Reserved huge pages", huge_pages},
	{"anonymous", "Mostly anonymous memory", anon},
	{"page_cache", "Page cache", cache},
	{"shared_memory", "Shared memory and tmpfs", shmem},
	{"kernel_memory", "Kernel memory", kernel},
	{"sockets", "Buffers of sockets", sockets},
	{"page_tables", "Page tables", page_tables},
	{"memory_high", "Throttled at memory.high", memory_high},
	{"stalls", "Stalls", stalls},
	{"oom_group", "Killed as a group", oom_group},
	{"oom_score_adj", "High oom_score_adj", score_adj},
	{"constraint", "Allocation constraint", constraint},
	{"high_order", "High-order allocation", order},
	{"young", "Started recently", young},
	{"observing", "Enforcement was off", observing},
};
_Static_assert(ARRAY_SIZE(rules) <= FACTORS_MOST, "every rule may find something");

size_t factors_find(const struct facts *facts, struct factor *out, size_t most)
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rules) && n < most; i++) {
		struct line l = line_in(out[n].text, sizeof(out[n].text));

		rules[i].find(facts, &l);
		if (!l.used)
			continue;
		out[n].word = rules[i].word;
		out[n].title = rules[i].title;
		n++;
	}
	return n;
}
