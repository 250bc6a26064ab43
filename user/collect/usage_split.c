// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "usage_split.h"

#include <errno.h>
#include <unistd.h>

#include "cgroup_files.h"
#include "collect.h"

#define NOISE     (256u << 10) /* per-CPU charging (64 pages each) moves the usage by itself */
#define SHARE     64           /* … and this share of the usage is no danger */
#define STAT_TEXT 8192         /* memory.stat: 2 to 4 KiB */

void usage_files_close(struct usage_files *files)
{
	if (files->usage >= 0)
		close(files->usage);
	if (files->stat >= 0)
		close(files->stat);
	if (files->kernel >= 0)
		close(files->kernel);
	*files = USAGE_FILES_CLOSED;
}

bool usage_split_agrees(__u64 before, __u64 after)
{
	__u64 moved = before > after ? before - after : after - before;

	return moved <= NOISE + after / SHARE;
}

static const struct memfile *stat_file(enum cgroup_layout layout)
{
	const struct memfiles *m = memfiles_of(layout);

	for (unsigned int i = MEMFILES_USAGE + 1; i < m->count; i++)
		if ((m->file[i].flags & MEMFILE_STAT) && m->file[i].shape == MEMFILE_FIELDS)
			return &m->file[i];
	return NULL;
}

int usage_split_read(const struct usage_files *files, enum cgroup_layout layout,
		     struct memcg_sample *sample)
{
	const struct memfile *stat = stat_file(layout);
	char text[STAT_TEXT];
	__u64 before, after, kernel = RECORD_UNKNOWN;
	struct reading r;
	ssize_t n;
	int err = collect_usage_read(files->usage, &before);

	for (int i = 0; !err && i < USAGE_SPLIT_TRIES; i++, before = after) {
		n = fields_read(files->stat, text, sizeof(text), true);
		if (files->kernel >= 0 && collect_usage_read(files->kernel, &kernel))
			kernel = RECORD_UNKNOWN;
		err = n < 0 ? (int)n : collect_usage_read(files->usage, &after);
		if (err || !usage_split_agrees(before, after))
			continue;
		reading_init(&r);
		r.s = *sample;
		reading_forget_stat(&r);
		reading_take(&r, stat, text, (size_t)n);
		r.s.usage = before < after ? before : after;
		if (kernel != RECORD_UNKNOWN)
			r.s.kernel = kernel;
		if (r.s.anon == RECORD_UNKNOWN || r.s.inactive_file == RECORD_UNKNOWN)
			return -EBADMSG;
		r.s.flags |= SAMPLE_STAT;
		*sample = r.s;
		return 0;
	}
	if (err)
		return err;
	sample->usage = before;
	return -EAGAIN;
}
