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
};

static const struct field vmstat[] = {
	{"oom_kill", offsetof(struct host_sample, oom_kills), FIELD_SET}}; /* 4.13 */

struct host {
	int fd[HOST_FILES];
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
	};
	ssize_t n = fields_read(h->fd[MEMINFO], h->text, sizeof(h->text), true);

	if (n < 0)
		return (int)n;
	if (!fields_parse(h->text, (size_t)n, meminfo, ARRAY_SIZE(meminfo), &s))
		return -EBADMSG;
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
	*ret_sample = s;
	return 0;
}
