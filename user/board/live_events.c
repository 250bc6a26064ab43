// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Events of a board, merged from both rings by seq. Detects being lapped and counts by how much.
 * Every step moves forward by at least a record, so that no damage can make it loop.
 */
#include "reader_internal.h"

#include <errno.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "barrier.h"
#include "stamps.h"

#define TRIES 64 /* of being lapped in the middle of a read, before -EAGAIN */

/* ring_tail as it is now; after a copy it shows whether the copied bytes were still intact */
static int tail_now(const struct hr_reader *r, int ring, uint64_t *ret_tail)
{
	fence_acquire();
	return reader_pread(r->fd, ret_tail, sizeof(*ret_tail),
			    offsetof(struct hr_board_header, ring_tail) +
				    (size_t)ring * sizeof(*ret_tail));
}

static void cursor_to(struct cursor *c, uint64_t pos) { *c = (struct cursor){.pos = pos}; }

/* Finds the record at the cursor. -ENODATA: none yet. -EBADMSG: no record can be read from here;
 * the cursor has gone to the end of what there is. */
static int cursor_look(struct hr_reader *r, int ring)
{
	const struct hr_ring_area *area = &r->header.ring[ring];
	struct cursor *c = &r->cursor[ring];

	for (int i = 0; i < TRIES; i++) {
		uint64_t head = r->header.ring_head[ring], tail = r->header.ring_tail[ring];
		struct hr_event event = {0};
		uint64_t off, space;
		int e;

		if (c->pos < tail || c->pos > head) {
			r->lapped |= c->pos < tail && ring == r->early_ring &&
				     r->next_seq < r->count_from;
			r->lapped_rings |= c->pos < tail ? 1u << ring : 0;
			cursor_to(c, tail);
		}
		if (c->pos == head)
			return -ENODATA;
		if (c->seq)
			return 0;
		off = c->pos % area->bytes;
		space = area->bytes - off;
		e = reader_pread(r->fd, &event, space < sizeof(event) ? space : sizeof(event),
				 area->offset + off);
		if (!e)
			e = tail_now(r, ring, &tail);
		if (e)
			return e;
		if (c->pos < tail) { /* overwritten meanwhile: what was read is invalid */
			e = live_update(r);
			if (e)
				return e;
			continue;
		}
		if (!layout_record_sound(event.bytes, event.type, space) ||
		    event.bytes > head - c->pos || (event.type != HR_EVENT_PAD && !event.seq)) {
			cursor_to(c, head);
			return -EBADMSG;
		}
		if (event.type == HR_EVENT_PAD) {
			cursor_to(c, c->pos + event.bytes);
			i--; /* moves forward: at most one for each lap */
			continue;
		}
		c->seq = event.seq;
		c->bytes = event.bytes;
		return 0;
	}
	return -EAGAIN;
}

/* The ring with the lowest seq in its next record. */
static int choose(struct hr_reader *r, int *ret_ring)
{
	int best = -1;

	for (int ring = 0; ring < HR_RINGS; ring++) {
		int e = cursor_look(r, ring);

		if (e && e != -ENODATA)
			return e;
		if (!e && (best < 0 || r->cursor[ring].seq < r->cursor[best].seq))
			best = ring;
	}
	if (best < 0)
		return -ENODATA;
	*ret_ring = best;
	return 0;
}

/* The events from next_seq up to `seq` are missing: counts those that were overwritten since we
 * began. Below count_from one ring still had events when the other had overwritten its own, so that
 * a gap there means nothing; if the former was lapped, at least one is missing. */
static int count_missed(struct hr_reader *r, uint64_t seq)
{
	uint64_t from = r->next_seq > r->count_from ? r->next_seq : r->count_from;
	uint64_t gap = seq > from ? seq - from : 0;

	if (!gap && !r->lapped)
		return 0;
	gap = gap ? gap : 1;
	r->missed += gap;
	/* The events of a gap belong to a lapped ring; of which, if both were or a new board hides it, is unknown. */
	for (int ring = 0; ring < HR_RINGS; ring++)
		if (!r->lapped_rings || r->lapped_rings & 1u << ring)
			r->missed_in[ring] += gap;
	r->lapped = false;
	r->next_seq = seq;
	return -EOVERFLOW;
}

int live_next_event(struct hr_reader *r, struct hr_event *buf, size_t buf_bytes)
{
	for (int i = 0; i < TRIES; i++) {
		uint64_t tail;
		struct cursor *c;
		int ring = 0, e = live_update(r);

		if (e)
			return e;
		e = choose(r, &ring);
		if (!e && r->cursor[ring].seq != r->next_seq) {
			/* The one in between may have been written to the other ring after we read
			 * the header. */
			e = live_update(r);
			if (!e)
				e = choose(r, &ring);
		}
		if (e == -ENODATA && r->header.state != HR_BOARD_RUNNING && live_follow(r))
			continue;
		if (e == -ENODATA)
			r->seen_seq = r->header.last_seq;
		if (e)
			return e;
		c = &r->cursor[ring];
		if (c->seq < r->next_seq) { /* the caller seeks past the newest */
			cursor_to(c, c->pos + c->bytes);
			i--;
			continue;
		}
		e = count_missed(r, c->seq);
		if (e)
			return e;
		e = reader_pread(r->fd, buf, c->bytes,
				 r->header.ring[ring].offset + c->pos % r->header.ring[ring].bytes);
		if (!e)
			e = tail_now(r, ring, &tail);
		if (e)
			return e;
		if (c->pos < tail)
			continue;
		r->lapped_rings &= ~(1u << ring);
		memset((char *)buf + c->bytes, 0, buf_bytes - c->bytes);
		r->next_seq = c->seq + 1;
		cursor_to(c, c->pos + c->bytes);
		if (!layout_event_sound(buf))
			return -EBADMSG;
		stamps_move_event(buf, r->header.clock_step_ns);
		return 0;
	}
	return -EAGAIN;
}

/* The page is mapped for the address alone, by which the kernel finds the file: a file that is truncated meanwhile is an error of
 * the call, not a SIGBUS. */
int live_wait_event(struct hr_reader *r, uint64_t timeout_ns)
{
	struct timespec timeout = {(time_t)(timeout_ns / NS_PER_SEC),
				   (long)(timeout_ns % NS_PER_SEC)};

	if (!r->futex_page) {
		void *page = mmap(NULL, HR_BOARD_PAGE, PROT_READ, MAP_SHARED, r->fd, 0);

		if (page == MAP_FAILED)
			return -errno;
		r->futex_page = page;
	}
	if (!syscall(SYS_futex, (char *)r->futex_page + HR_BOARD_FUTEX, FUTEX_WAIT,
		     (uint32_t)r->seen_seq, &timeout, NULL, 0) ||
	    errno == EAGAIN) /* there is one already */
		return 0;
	return -errno;
}

void live_wait_done(struct hr_reader *r)
{
	if (r->futex_page)
		munmap(r->futex_page, HR_BOARD_PAGE);
	r->futex_page = NULL;
}

/* To the first record with seq or a higher one, of those that are there now. */
static void cursor_seek(struct hr_reader *r, int ring, uint64_t seq)
{
	struct cursor *c = &r->cursor[ring];
	uint64_t end = r->header.ring_head[ring];

	cursor_to(c, r->header.ring_tail[ring]);
	while (c->pos < end && !cursor_look(r, ring) && c->seq < seq)
		cursor_to(c, c->pos + c->bytes);
}

void live_seek_event(struct hr_reader *r, uint64_t seq)
{
	uint64_t oldest = 0;

	if (live_update(r))
		return;
	if (seq == UINT64_MAX)
		seq = r->header.last_seq + 1;
	r->count_from = seq;
	for (int ring = 0; ring < HR_RINGS; ring++) {
		struct cursor *c = &r->cursor[ring];

		cursor_seek(r, ring, seq);
		if (c->seq && (!oldest || c->seq < oldest))
			oldest = c->seq;
		/* From the oldest: events that a ring had overwritten before do not count as
		 * missed. */
		if (!seq && r->header.ring_tail[ring] && c->seq > r->count_from) {
			r->count_from = c->seq;
			r->early_ring = !ring;
		}
	}
	/* a ring that was ever written holds its last event: an empty one has had none yet */
	r->next_seq = seq ? seq : oldest ? oldest : 1;
	r->lapped = false;
	r->lapped_rings = 0;
}
