// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The host's memory from three files of /proc, kept open: see meminfo.h. Only meminfo must be there.
 */
#include "meminfo.h"

#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include "base/cleanup.h"
#include "cgroup/kv_parse.h"
#include "swap_devices.h"

enum { MEMINFO, VMSTAT, PRESSURE, HOST_FILES };

static const char *const names[HOST_FILES] = {
	[MEMINFO] = "/proc/meminfo",
	[VMSTAT] = "/proc/vmstat",
	[PRESSURE] = "/proc/pressure/memory",
};

static const struct field meminfo[] = {
	{"MemTotal", offsetof(struct host_sample, mem_total), FIELD_KIB},
	{"MemAvailable", offsetof(struct host_sample, mem_available), FIELD_KIB},
	{"SwapTotal", offsetof(struct host_sample, swap_total), FIELD_KIB},
	{"SwapFree", offsetof(struct host_sample, swap_free), FIELD_KIB},
	{"Zswapped", offsetof(struct host_sample, zswapped), FIELD_KIB},
#define HR_HOST_MEMORY(name, words, key) \
	{key, offsetof(struct host_sample, memory.name), FIELD_KIB},
#include <headroom/host_memory.def>
};

/* What /proc/meminfo lists of MemTotal beside struct hr_host_memory. */
struct listed {
	__u64 free, lru, slab;
};
static const struct field listed[] = {
	{"MemFree", offsetof(struct listed, free), FIELD_KIB},
	{"Active", offsetof(struct listed, lru), FIELD_ADD_KIB},
	{"Inactive", offsetof(struct listed, lru), FIELD_ADD_KIB},
	{"Unevictable", offsetof(struct listed, lru), FIELD_ADD_KIB},
	{"Slab", offsetof(struct listed, slab), FIELD_KIB},
};

static const struct field vmstat[] = {
	{"oom_kill", offsetof(struct host_sample, oom_kills), FIELD_SET}}; /* 4.13 */

struct host {
	int fd[HOST_FILES];
	char root[PATH_MAX];
	char text[16384]; /* vmstat has about 5 KiB */
};

int host_open(const char *root, struct host **ret_host)
{
	_cleanup_free_ struct host *h = calloc(1, sizeof(*h));
	char path[PATH_MAX];

	if (!h)
		return -ENOMEM;
	for (size_t i = 0; i < HOST_FILES; i++) {
		if (snprintf(path, sizeof(path), "%s%s", root ? root : "", names[i]) >=
		    (int)sizeof(path))
			return -ENAMETOOLONG;
		h->fd[i] = open(path, O_RDONLY | O_CLOEXEC);
		if (i == MEMINFO && h->fd[i] < 0) /* the first: nothing else is open yet */
			return -errno;
	}
	snprintf(h->root, sizeof(h->root), "%s", root ? root : "");
	*ret_host = take_ptr(h);
	return 0;
}

void host_close(struct host *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < HOST_FILES; i++)
		if (h->fd[i] >= 0)
			close(h->fd[i]);
	free(h);
}

static void read_pressure(struct host *h, struct host_sample *s)
{
	/* with psi=0 the file may be there and answer EOPNOTSUPP */
	ssize_t n = h->fd[PRESSURE] < 0
			    ? -1
			    : fields_read(h->fd[PRESSURE], h->text, sizeof(h->text), true);
	struct fields_pressure psi;

	fields_pressure(h->text, n < 0 ? 0 : (size_t)n, &psi);
	s->psi_some_us = psi.some_us;
	s->psi_full_us = psi.full_us;
	s->psi_some_avg10_centi = psi.some_avg10_centi;
	s->psi_full_avg10_centi = psi.full_avg10_centi;
}

static __u64 or_none(__u64 bytes) { return bytes == RECORD_UNKNOWN ? 0 : bytes; }

/* Kinds that a kernel does not list are then among the unaccounted. Pages that two kinds count (per-CPU areas are vmalloc,
 * too) make it less, not more. */
static void find_unaccounted(const char *text, size_t n, struct host_sample *s)
{
	const struct hr_host_memory *m = &s->memory;
	struct listed l = {0};
	__u64 sum;

	if (s->mem_total == RECORD_UNKNOWN ||
	    fields_parse(text, n, listed, ARRAY_SIZE(listed), &l) < ARRAY_SIZE(listed))
		return;
	sum = l.free + l.lru + l.slab + or_none(m->hugetlb) + or_none(m->zswap) +
	      or_none(m->page_tables) + or_none(m->sec_page_tables) + or_none(m->kernel_stack) +
	      or_none(m->percpu) + or_none(m->vmalloc);
	s->memory.unaccounted = sum < s->mem_total ? s->mem_total - sum : 0;
}

int host_read_memory(struct host *h, struct host_sample *ret_sample)
{
	struct host_sample s = {
		.mem_total = RECORD_UNKNOWN,
		.mem_available = RECORD_UNKNOWN,
		.swap_total = RECORD_UNKNOWN,
		.swap_free = RECORD_UNKNOWN,
		.oom_kills = RECORD_UNKNOWN,
		.psi_some_us = RECORD_UNKNOWN,
		.psi_full_us = RECORD_UNKNOWN,
		.zswapped = RECORD_UNKNOWN,
		.memory =
			{
#define HR_HOST_MEMORY(name, ...) .name = RECORD_UNKNOWN,
#include <headroom/host_memory.def>
			},
		.swap_cost_milli = UINT32_MAX,
	};
	ssize_t n = fields_read(h->fd[MEMINFO], h->text, sizeof(h->text), true);

	if (n < 0)
		return (int)n;
	if (!fields_parse(h->text, (size_t)n, meminfo, ARRAY_SIZE(meminfo), &s))
		return -EBADMSG;
	find_unaccounted(h->text, (size_t)n, &s);
	*ret_sample = s;
	return 0;
}

int host_read(struct host *h, struct host_sample *ret_sample)
{
	struct host_sample s;
	int err = host_read_memory(h, &s);
	ssize_t n;

	if (err)
		return err;
	if (h->fd[VMSTAT] >= 0 &&
	    (n = fields_read(h->fd[VMSTAT], h->text, sizeof(h->text), false)) > 0)
		fields_parse(h->text, (size_t)n, vmstat, ARRAY_SIZE(vmstat), &s);
	read_pressure(h, &s);
	swap_devices_read(h->root, &s);
	*ret_sample = s;
	return 0;
}
