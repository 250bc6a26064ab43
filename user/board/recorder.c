// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Appends what a reader shows to a file, frame by frame. A frame that could not be written
 * completely is truncated away again.
 */
#include <headroom/record.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/safe_file.h"
#include "frame_codec.h"
#include "reader_internal.h"

struct hr_recorder {
	int fd;
	uint64_t bytes;         /* of complete frames in the file */
	struct frame last, now; /* last: the file's last frame */
	uint32_t since_key;     /* frames; 0: the next is a key frame */
	uint64_t next_seq;      /* event that the next frame begins with; 0: the oldest */
	uint64_t instance;      /* the board that next_seq belongs to */
};

static int write_header(struct hr_recorder *rec)
{
	struct hr_record_header header = frame_file_header();
	ssize_t n = write(rec->fd, &header, sizeof(header));

	if (n != sizeof(header))
		return n < 0 ? -errno : -ENOSPC;
	rec->bytes = sizeof(header);
	return 0;
}

/* Events that the file already has are not written again. */
static void take_up_events(struct hr_recorder *rec, struct hr_reader *r)
{
	union {
		struct hr_event event;
		unsigned char space[HR_EVENT_MAX_BYTES];
	} buf;

	if (hr_reader_seek_frame(r, UINT64_MAX))
		return;
	rec->instance = r->header.instance;
	rec->next_seq = r->header.last_seq + 1;
	while (!hr_reader_next_event(r, &buf.event,
				     sizeof(buf))) /* some arrived while the frame was taken */
		if (buf.event.seq >= rec->next_seq)
			rec->next_seq = buf.event.seq + 1;
}

/* Continues after the last complete frame; truncates what a killed recorder left after it. */
static int take_up(struct hr_recorder *rec, const char *path)
{
	struct hr_reader *r = NULL;
	int e = hr_reader_open(path, &r);

	if (e)
		return e;
	e = hr_reader_is_recording(r) ? 0 : -EPROTO;
	if (!e) {
		rec->bytes = recording_end(r);
		if (ftruncate(rec->fd, (off_t)rec->bytes))
			e = -errno;
	}
	if (!e)
		take_up_events(rec, r);
	hr_reader_close(r);
	return e;
}

int hr_recorder_new(const char *path, bool append, struct hr_recorder **ret_recorder)
{
	struct hr_recorder *rec = calloc(1, sizeof(*rec));
	struct stat st;
	int e = 0;

	if (!rec)
		return -ENOMEM;
	rec->fd = safe_open(path, O_RDWR | O_CREAT | O_APPEND | (append ? 0 : O_EXCL), 0640);
	if (rec->fd < 0)
		e = rec->fd;
	else if (fstat(rec->fd, &st))
		e = -errno;
	else if (!S_ISREG(st.st_mode))
		e = -EPROTO;
	else if (flock(rec->fd, LOCK_EX | LOCK_NB))
		e = errno == EWOULDBLOCK ? -EBUSY : -errno;
	else
		e = st.st_size ? take_up(rec, path) : write_header(rec);
	if (e) {
		hr_recorder_close(rec);
		return e;
	}
	*ret_recorder = rec;
	return 0;
}

void hr_recorder_close(struct hr_recorder *rec)
{
	if (!rec)
		return;
	if (rec->fd >= 0)
		close(rec->fd);
	frame_done(&rec->last);
	frame_done(&rec->now);
	free(rec);
}

uint64_t hr_recorder_bytes(const struct hr_recorder *rec) { return rec->bytes; }

static int take_slots(struct frame *p, struct hr_reader *reader)
{
	for (uint32_t i = 0;; p->body.slot_count++) {
		int e = frame_reserve(p, p->body.slot_count + 1, 0);

		if (!e)
			e = hr_reader_slot(reader, &i, &p->slot[p->body.slot_count]);
		if (e)
			return e == -ENODATA ? 0 : e;
		p->index[p->body.slot_count] = i - 1;
	}
}

static int take_events(struct hr_recorder *rec, struct hr_reader *reader)
{
	struct frame *p = &rec->now;
	uint64_t missed = hr_reader_missed(reader);
	int e;

	hr_reader_seek_event(reader, rec->next_seq);
	for (;;) {
		struct hr_event *event;

		e = frame_reserve(p, 0, p->body.events_bytes + HR_EVENT_MAX_BYTES);
		if (e)
			return e;
		event = (void *)(p->events + p->body.events_bytes);
		e = hr_reader_next_event(reader, event, HR_EVENT_MAX_BYTES);
		if (e == -EOVERFLOW ||
		    e == -EBADMSG) /* skipped; the first is counted, the second is no event */
			continue;
		if (e)
			break;
		p->body.events_bytes += event->bytes;
		rec->next_seq = event->seq + 1;
		if (event->seq >= p->body.header.last_seq) /* later ones belong to the next frame */
			break;
	}
	p->body.events_missed = hr_reader_missed(reader) - missed;
	return e == -ENODATA || e == -EAGAIN ? 0 : e;
}

/* All of it, or none. */
static int append(struct hr_recorder *rec, const unsigned char *frame, size_t bytes)
{
	ssize_t n;

	do {
		n = write(rec->fd, frame, bytes);
	} while (n < 0 && errno == EINTR);
	if (n == (ssize_t)bytes) {
		rec->bytes += bytes;
		return 0;
	}
	n = n < 0 ? -errno : -ENOSPC;
	if (ftruncate(rec->fd, (off_t)rec->bytes))
		return -errno;
	return (int)n;
}

int hr_recorder_frame(struct hr_recorder *rec, struct hr_reader *reader)
{
	return hr_recorder_frame_at(rec, reader, hr_reader_frame_time(reader));
}

int hr_recorder_frame_at(struct hr_recorder *rec, struct hr_reader *reader, uint64_t time_ns)
{
	_cleanup_free_ unsigned char *frame = NULL;
	struct frame *now = &rec->now, swap;
	uint64_t next_seq;
	size_t bytes;
	int e;

	now->body = (struct hr_frame_body){0};
	hr_reader_health(reader, NULL); /* reopens a board that was replaced */
	hr_reader_header(reader, &now->body.header);
	if (now->body.header.instance != rec->instance)
		rec->next_seq = 0;
	rec->instance = now->body.header.instance;
	next_seq = rec->next_seq;
	e = hr_reader_host(reader, &now->body.host);
	if (!e)
		e = take_slots(now, reader);
	if (!e)
		e = take_events(rec, reader);
	if (!e)
		e = frame_pack(now, rec->since_key ? &rec->last : NULL, time_ns, &frame, &bytes);
	if (!e)
		e = append(rec, frame, bytes);
	if (e) {
		rec->next_seq = next_seq; /* they come with the next frame */
		return e;
	}
	rec->since_key = (rec->since_key + 1) % HR_FRAMES_PER_KEY;
	swap = rec->last;
	rec->last = rec->now;
	rec->now = swap;
	return 0;
}
