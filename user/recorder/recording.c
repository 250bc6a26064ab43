// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Recordings in memory (memfd), in the format that every reader accepts. Writes nothing to disk. */
#include "recording.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "base/read_full.h"

static int put(struct recording *rec, const void *bytes, size_t n)
{
	int r = whole_write(rec->fd, bytes, n);

	if (!r)
		rec->bytes += n;
	return r;
}

int recording_begin(struct recording *rec)
{
	struct hr_record_header header = frame_file_header();

	*rec = (struct recording){.fd = memfd_create("headroom-history", MFD_CLOEXEC)};
	return rec->fd < 0 ? -errno : put(rec, &header, sizeof(header));
}

int recording_add(struct recording *rec, struct frame *frame, uint64_t time_ns)
{
	bool key = rec->frames % HR_FRAMES_PER_KEY == 0;
	_cleanup_free_ unsigned char *packed = NULL;
	struct frame swap;
	size_t n;
	int r = frame_pack_quick(frame, key ? NULL : &rec->last, time_ns, &packed, &n);

	if (!r)
		r = put(rec, packed, n);
	if (r)
		return r;
	rec->frames++;
	swap = rec->last;
	rec->last = *frame;
	*frame = swap;
	memset(&frame->body, 0, sizeof(frame->body));
	return 0;
}

int recording_open(struct recording *rec, const char *name, struct hr_reader **ret_reader)
{
	return reader_open_fd(take_fd(rec->fd), name, ret_reader);
}

void recording_done(struct recording *rec)
{
	if (rec->fd >= 0)
		close(rec->fd);
	rec->fd = -1;
	frame_done(&rec->last);
}
