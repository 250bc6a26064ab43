// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * A recording as a reader sees it: an index built by skipping from frame header to frame header,
 * and the current frame. Any frame may be damaged; frames before and after it can still be read.
 */
#include "reader_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <headroom/record.h>

#include "base/cleanup.h"
#include "frame_codec.h"
#include "stamps.h"

struct entry {
	uint64_t at, time_ns;
	uint64_t instance, created_ns;
	int64_t step_ns; /* of the wall clock, from this frame to the last one of the same board */
	uint32_t packed_bytes, kind;
};

struct recording {
	struct entry *entry;
	size_t count, space;
	uint64_t end;         /* of the last complete frame */
	bool cut;             /* bytes follow that are no complete frame */
	uint64_t cut_emitted; /* the end for which this was reported */
	size_t next; /* what hr_reader_next_frame returns; the current frame is the one before it */
	bool shown;  /* there is a current frame */
	struct frame now, spare;
	uint32_t event_at; /* into now.events */
	bool missed_emitted;
};

static void recording_close(struct hr_reader *r)
{
	struct recording *f = r->recording;

	if (!f)
		return;
	frame_done(&f->now);
	frame_done(&f->spare);
	free(f->entry);
	free(f);
}

static int add_entry(struct recording *f, const struct entry *entry)
{
	if (f->count == f->space) {
		size_t space = f->space ? 2 * f->space : 256;
		struct entry *more = realloc(f->entry, space * sizeof(*more));

		if (!more)
			return -ENOMEM;
		f->entry = more;
		f->space = space;
	}
	f->entry[f->count++] = *entry;
	return 0;
}

/* From the last frame back: what the wall clock was set to last is taken as right. */
static void find_steps(struct recording *f)
{
	uint64_t instance = 0, created_ns = 0;

	for (size_t i = f->count; i--;) {
		struct entry *entry = &f->entry[i];

		if (entry->instance != instance) {
			instance = entry->instance;
			created_ns = entry->created_ns;
		}
		entry->step_ns = (int64_t)(created_ns - entry->created_ns);
	}
}

static uint64_t entry_time(const struct entry *entry)
{
	return entry->time_ns + (uint64_t)entry->step_ns;
}

static int64_t step_now(const struct recording *f)
{
	return f->shown ? f->entry[f->next - 1].step_ns : 0;
}

/* The frames from f->end on: all that are complete. A recording may still grow. */
static int extend(int fd, struct recording *f)
{
	struct hr_frame_header header;
	struct stat st;
	size_t before = f->count;
	uint64_t size;

	if (fstat(fd, &st))
		return -errno;
	size = (uint64_t)st.st_size;
	while (size >= f->end + sizeof(header)) {
		struct entry entry = {.at = f->end};
		int e = reader_pread(fd, &header, sizeof(header), f->end);

		if (e)
			return e;
		if (!frame_header_sound(&header) ||
		    header.packed_bytes > size - f->end - sizeof(header))
			break;
		entry.time_ns = header.time_ns;
		entry.packed_bytes = header.packed_bytes;
		entry.instance = header.instance;
		entry.created_ns = header.created_ns;
		entry.kind = header.kind;
		e = add_entry(f, &entry);
		if (e)
			return e;
		f->end += sizeof(header) + header.packed_bytes;
	}
	f->cut = size > f->end;
	if (f->count > before)
		find_steps(f);
	return 0;
}

static bool page_part(uint32_t bytes) { return bytes && bytes <= HR_BOARD_PAGE && !(bytes % 8); }

static bool geometry_sound(const struct hr_record_header *header)
{
	return header->header_bytes >= sizeof(*header) && header->header_bytes <= HR_BOARD_PAGE &&
	       page_part(header->board_header_bytes) && page_part(header->host_bytes) &&
	       page_part(header->slot_bytes);
}

static bool geometry_known(const struct hr_record_header *header)
{
	return header->board_header_bytes == sizeof(struct hr_board_header) &&
	       header->host_bytes == sizeof(struct hr_host) &&
	       header->slot_bytes == sizeof(struct hr_slot);
}

static int recording_open(struct hr_reader *r, uint64_t file_bytes)
{
	struct hr_record_header header = {0};
	int e;

	if (file_bytes < offsetof(struct hr_record_header, header_bytes))
		return reader_fail(-EBADMSG, "%s: truncated: %llu bytes are no recording", r->path,
				   (unsigned long long)file_bytes);
	e = reader_pread(r->fd, &header,
			 file_bytes < sizeof(header) ? (size_t)file_bytes : sizeof(header), 0);
	if (e)
		return reader_fail(e, "%s: cannot be read: %s", r->path, strerror(-e));
	if (header.version != HR_RECORD_VERSION || header.board_version < HR_BOARD_OLDEST ||
	    header.board_version > HR_BOARD_VERSION)
		return reader_fail(-EPROTONOSUPPORT,
				   "%s: recording has version %u of a board of version %u, this "
				   "program reads %u of %u: "
				   "use the headroom that recorded it",
				   r->path, header.version, header.board_version, HR_RECORD_VERSION,
				   HR_BOARD_VERSION);
	if (file_bytes < sizeof(header))
		return reader_fail(-EBADMSG, "%s: truncated: %llu bytes are no recording", r->path,
				   (unsigned long long)file_bytes);
	if (!geometry_sound(&header))
		return reader_fail(-EBADMSG, "%s: damaged: its header makes no sense", r->path);
	if (!geometry_known(&header))
		return reader_fail(
			-EPROTONOSUPPORT,
			"%s: recorded in another layout (host record of %u bytes, here %zu): "
			"use the headroom that recorded it",
			r->path, header.host_bytes, sizeof(struct hr_host));
	r->recording = calloc(1, sizeof(*r->recording));
	if (!r->recording)
		return reader_fail(-ENOMEM, "%s: no memory", r->path);
	r->recording->end = header.header_bytes;
	e = extend(r->fd, r->recording);
	if (e)
		return reader_fail(e, "%s: cannot be read: %s", r->path, strerror(-e));
	return 0;
}

/* Frame i into f->now, which must hold the frame before it if i is a delta. */
static int load(struct hr_reader *r, size_t i)
{
	struct recording *f = r->recording;
	const struct entry *entry = &f->entry[i];
	_cleanup_free_ unsigned char *packed = malloc(entry->packed_bytes + 1);
	struct hr_frame_header header;
	struct frame swap;
	int e;

	if (!packed)
		return -ENOMEM;
	e = reader_pread(r->fd, &header, sizeof(header), entry->at);
	if (!e && header.packed_bytes != entry->packed_bytes)
		e = -EBADMSG; /* changed since the index was made */
	if (!e)
		e = reader_pread(r->fd, packed, header.packed_bytes, entry->at + sizeof(header));
	if (!e)
		e = frame_unpack(&header, packed, f->shown && f->next == i ? &f->now : NULL,
				 &f->spare);
	if (e)
		return e == -EIO ? -EBADMSG : e; /* it was longer when the index was made */
	swap = f->now;
	f->now = f->spare;
	f->spare = swap;
	f->next = i + 1;
	f->shown = true;
	f->event_at = 0;
	f->missed_emitted = false;
	r->header = f->now.body.header;
	return 0;
}

static size_t next_key(const struct recording *f, size_t i)
{
	while (i < f->count && f->entry[i].kind != HR_FRAME_KEY)
		i++;
	return i;
}

static int recording_next(struct hr_reader *r)
{
	struct recording *f = r->recording;
	int e = 0;

	if (f->next >= f->count)
		e = extend(r->fd, f);
	if (e)
		return e;
	if (f->next >= f->count) {
		if (!f->cut || f->cut_emitted == f->end)
			return -ENODATA;
		f->cut_emitted = f->end;
		return reader_fail(-EBADMSG,
				   "%s: cut or damaged at byte %llu, after %zu whole frames",
				   r->path, (unsigned long long)f->end, f->count);
	}
	e = load(r, f->next);
	if (e == -EBADMSG) {
		reader_fail(e, "%s: frame %zu at byte %llu is damaged", r->path, f->next + 1,
			    (unsigned long long)f->entry[f->next].at);
		f->next = next_key(f, f->next + 1); /* continues where no earlier frame is needed */
		f->shown = false;
	}
	return e;
}

static int recording_seek(struct hr_reader *r, uint64_t time_ns)
{
	struct recording *f = r->recording;
	size_t target = 0, key;
	int e = extend(r->fd, f);

	if (e)
		return e;
	if (!f->count)
		return f->cut ? -EBADMSG : -ENODATA;
	for (size_t i = 0; i < f->count; i++) /* the wall clock may have stepped: no bisection */
		if (entry_time(&f->entry[i]) <= time_ns)
			target = i;
	if (f->shown && f->next <= target && next_key(f, f->next) > target) {
		key = f->next; /* from here it is nearer than from the key frame */
	} else {
		for (key = target; key && f->entry[key].kind != HR_FRAME_KEY; key--)
			;
		f->shown = false;
		f->next = key;
	}
	for (; key <= target; key++) {
		e = load(r, key);
		if (e) {
			f->shown = false;
			f->next = next_key(f, key + 1);
			return e;
		}
	}
	return 0;
}

uint64_t recording_end(const struct hr_reader *r) { return r->recording->end; }

static uint64_t recording_time(const struct hr_reader *r)
{
	const struct recording *f = r->recording;

	return f->shown ? entry_time(&f->entry[f->next - 1]) : 0;
}

static int recording_health(struct hr_reader *r, uint64_t *ret_age_ns)
{
	(void)r;
	if (ret_age_ns)
		*ret_age_ns = 0;
	return 0;
}

static void recording_header(const struct hr_reader *r, struct hr_board_header *ret_header)
{
	const struct recording *f = r->recording;

	*ret_header = f->shown ? f->now.body.header : (struct hr_board_header){0};
	stamps_move_header(ret_header, step_now(f));
}

static int recording_host(struct hr_reader *r, struct hr_host *ret_host)
{
	const struct recording *f = r->recording;

	if (!f->shown)
		return -ENODATA;
	*ret_host = f->now.body.host;
	stamps_move_host(ret_host, step_now(f));
	return 0;
}

static int recording_slot(struct hr_reader *r, uint32_t *index, struct hr_slot *ret_slot)
{
	const struct recording *f = r->recording;
	const struct frame *now = &f->now;
	uint32_t low = 0, high = f->shown ? now->body.slot_count : 0;

	while (low < high) { /* the first at or after *index */
		uint32_t mid = low + (high - low) / 2;

		if (now->index[mid] < *index)
			low = mid + 1;
		else
			high = mid;
	}
	for (; f->shown && low < now->body.slot_count; low++) {
		*index = now->index[low] + 1;
		if (now->slot[low].state == HR_SLOT_FREE ||
		    !layout_slot_sound(&now->slot[low], HR_SLOT_BYTES))
			continue;
		*ret_slot = now->slot[low];
		reader_end_slot(ret_slot);
		stamps_move_slot(ret_slot, step_now(f));
		return 0;
	}
	return -ENODATA;
}

/* The next event of the current frame into buf; *ret_after is the offset of the one after it. */
static int peek_event(const struct recording *f, struct hr_event *buf, uint32_t *ret_after)
{
	uint32_t space = f->shown ? f->now.body.events_bytes - f->event_at : 0;
	uint32_t bytes;

	if (!space)
		return -ENODATA;
	if (space < sizeof(*buf))
		return -EBADMSG;
	memcpy(buf, f->now.events + f->event_at, sizeof(*buf));
	bytes = buf->bytes;
	if (buf->type == HR_EVENT_PAD || !layout_record_sound(bytes, buf->type, space))
		return -EBADMSG;
	memcpy(buf, f->now.events + f->event_at, bytes);
	memset((char *)buf + bytes, 0, HR_EVENT_MAX_BYTES - bytes);
	*ret_after = f->event_at + bytes;
	return 0;
}

static int recording_next_event(struct hr_reader *r, struct hr_event *buf, size_t buf_bytes)
{
	struct recording *f = r->recording;
	uint32_t after;
	int e;

	if (f->shown && !f->missed_emitted && f->now.body.events_missed) {
		f->missed_emitted = true;
		r->missed += f->now.body.events_missed;
		for (int ring = 0; ring < HR_RINGS; ring++) /* a frame does not say of which */
			r->missed_in[ring] += f->now.body.events_missed;
		return -EOVERFLOW;
	}
	(void)buf_bytes; /* peek_event() clears up to HR_EVENT_MAX_BYTES, which is the least */
	e = peek_event(f, buf, &after);
	if (e == -EBADMSG)
		f->event_at = f->now.body.events_bytes;
	if (e)
		return e;
	f->event_at = after;
	if (!layout_event_sound(buf))
		return -EBADMSG;
	stamps_move_event(buf, step_now(f));
	return 0;
}

static int recording_wait_event(struct hr_reader *r, uint64_t timeout_ns)
{
	(void)r, (void)timeout_ns;
	return -EINVAL;
}

static void recording_seek_event(struct hr_reader *r, uint64_t seq)
{
	struct recording *f = r->recording;
	union {
		struct hr_event event;
		unsigned char space[HR_EVENT_MAX_BYTES];
	} buf;
	uint32_t after;

	f->event_at = 0;
	while (!peek_event(f, &buf.event, &after) && buf.event.seq < seq)
		f->event_at = after;
}

const struct reader_ops recording_reader_ops = {
	.recording = true,
	.open = recording_open,
	.close = recording_close,
	.health = recording_health,
	.header = recording_header,
	.host = recording_host,
	.slot = recording_slot,
	.next_event = recording_next_event,
	.wait_event = recording_wait_event,
	.seek_event = recording_seek_event,
	.next_frame = recording_next,
	.seek_frame = recording_seek,
	.frame_time = recording_time,
};
