// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "swap_devices.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "base/cleanup.h"
#include "cgroup/kv_parse.h"

#define ZSWAP "/sys/module/zswap/parameters/"

/* What `stored` bytes took: thousandths, at most all of it. */
static __u32 ratio(__u64 memory, __u64 stored, __u32 *measured)
{
	if (stored < SWAP_COST_SURE)
		return SWAP_COST_ASSUMED;
	*measured = 1;
	return (__u32)smaller(memory / (stored / 1000), 1000);
}

void swap_devices_weigh(const struct swap_devices *d, struct host_sample *s)
{
	__u64 free = minus(d->zram_total, d->zram_used), pool;
	__u32 milli;

	s->zram_swap_total = d->zram_total;
	s->zram_swap_used = d->zram_used;
	s->swap_cost_milli = UINT32_MAX;
	if (d->zram_total) {
		milli = s->swap_cost_milli =
			ratio(d->zram_memory, d->zram_stored, &s->swap_cost_measured);
		s->memory.zram = d->zram_memory;
		if (s->memory.unaccounted != RECORD_UNKNOWN) /* meminfo does not list it */
			s->memory.unaccounted = minus(s->memory.unaccounted, d->zram_memory);
		/* what the device's own limit does not let in is worth nothing */
		if (d->zram_left != RECORD_UNKNOWN && milli && free / 1000 * milli > d->zram_left) {
			__u64 fits = d->zram_left / milli * 1000;

			s->swap_cost += free - fits;
			free = fits;
		}
		s->swap_cost += free / 1000 * milli;
	}
	if (!d->zswap_most || !d->disk_free || s->memory.zswap == RECORD_UNKNOWN)
		return;
	milli = ratio(s->memory.zswap, s->zswapped == RECORD_UNKNOWN ? 0 : s->zswapped,
		      &s->swap_cost_measured);
	pool = minus(d->zswap_most, s->memory.zswap);
	s->swap_cost += smaller(d->disk_free / 1000 * milli, pool);
	if (s->swap_cost_milli == UINT32_MAX)
		s->swap_cost_milli = milli;
}

/* "/dev/zram0 partition 1048572 2048 100", after a line of titles; a name has no blank (octal escapes). */
void swap_devices_parse(char *text, struct swap_devices *d,
			void (*zram)(const char *name, struct swap_devices *d, void *arg),
			void *arg)
{
	char *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char name[256];
		uint64_t size, used;

		if (sscanf(line, "%255s %*s %" SCNu64 " %" SCNu64, name, &size, &used) != 3 ||
		    used > size || size > UINT64_MAX >> 11)
			continue;
		if (strncmp(name, "/dev/zram", 9)) {
			d->disk_free += (size - used) << 10;
			continue;
		}
		d->zram_total += size << 10;
		d->zram_used += used << 10;
		zram(name + strlen("/dev/"), d, arg);
	}
}

/* The file's first bytes; "" if it cannot be read. */
static void read_text(const char *root, const char *path, char *text, size_t size)
{
	char full[PATH_MAX];
	_cleanup_close_ int fd = -1;
	ssize_t n = -1;

	if (snprintf(full, sizeof(full), "%s%s", root, path) < (int)sizeof(full))
		fd = open(full, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		n = fields_read(fd, text, size - 1, false);
	text[n > 0 ? n : 0] = 0;
}

/* mm_stat: orig_data_size compr_data_size mem_used_total mem_limit … (Documentation/admin-guide/blockdev/zram.rst) */
static void read_mm_stat(const char *name, struct swap_devices *d, void *arg)
{
	uint64_t stored, memory, limit;
	char path[300], text[256];

	snprintf(path, sizeof(path), "/sys/block/%s/mm_stat", name);
	read_text(arg, path, text, sizeof(text));
	if (strchr(name, '/') ||
	    sscanf(text, "%" SCNu64 " %*u %" SCNu64 " %" SCNu64, &stored, &memory, &limit) != 3)
		return;
	d->zram_stored += stored;
	d->zram_memory += memory;
	if (limit)
		d->zram_left =
			(d->zram_left == RECORD_UNKNOWN ? 0 : d->zram_left) + minus(limit, memory);
}

void swap_devices_read(const char *root, struct host_sample *s)
{
	struct swap_devices d = {.zram_left = RECORD_UNKNOWN};
	char text[4096];
	unsigned int percent = 0;

	if (!s->swap_total || s->swap_total == RECORD_UNKNOWN)
		return;
	read_text(root, "/proc/swaps", text, sizeof(text));
	swap_devices_parse(text, &d, read_mm_stat, (void *)root);
	read_text(root, ZSWAP "enabled", text, sizeof(text));
	if (*text == 'Y') {
		read_text(root, ZSWAP "max_pool_percent", text, sizeof(text));
		if (sscanf(text, "%u", &percent) == 1 && percent <= 100)
			d.zswap_most = s->mem_total / 100 * percent;
	}
	swap_devices_weigh(&d, s);
}
