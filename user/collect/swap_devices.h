/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Swap that is kept in memory. A page that is swapped out to zram, or into zswap, takes memory at its compressed size: the free
 * swap is worth less than its size, and on a device of a disk behind zswap less by what zswap may grow.
 */
#ifndef HEADROOM_COLLECT_SWAP_DEVICES_H
#define HEADROOM_COLLECT_SWAP_DEVICES_H

#include "meminfo.h"

#define SWAP_COST_ASSUMED \
	500u /* thousandths: compressed to a half, while less than this is swapped out: */
#define SWAP_COST_SURE (4ULL << 20)

struct swap_devices {                /* bytes */
	__u64 disk_free;             /* on devices that are not zram */
	__u64 zram_total, zram_used; /* swap on zram, as /proc/swaps has it */
	__u64 zram_stored,
		zram_memory; /* of those devices: uncompressed size, and what it takes (mm_stat) */
	__u64 zram_left;     /* to their mem_limit; RECORD_UNKNOWN: none is set */
	__u64 zswap_most;    /* of its pool; 0: off */
};

/* Pure. Fills swap_cost, zram_* and swap_cost_milli, _measured from `d`, the Zswap figures and swap_free. */
void swap_devices_weigh(const struct swap_devices *d, struct host_sample *s);
/* Lines of /proc/swaps; `zram` is called for the name of each zram device. Pure. */
void swap_devices_parse(char *text, struct swap_devices *d,
			void (*zram)(const char *name, struct swap_devices *d, void *arg),
			void *arg);
/* Reads /proc/swaps, mm_stat of each zram device and zswap's parameters below root. Only in the worker: /proc/swaps takes a mutex
 * that swapoff holds for long. */
void swap_devices_read(const char *root, struct host_sample *s);

#endif
