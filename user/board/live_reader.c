// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * A board as a reader sees it: records under their seqlocks, and the file that takes the board's
 * name when the daemon grows or replaces it. Never waits for the writer.
 */
#include "reader_internal.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <headroom/record.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "barrier.h"
#include "stamps.h"

/* The daemon writes a slot in well under a microsecond, reading it takes about one: the first
 * retries only pause. The daemon may have lost its CPU in the middle: later retries yield ours.
 * Together at most some milliseconds. */
#define TRIES_PAUSE  64
#define TRIES        1000
#define TRIES_HEADER 16

#define STARTING_NS (120 * NS_PER_SEC) /* loading BPF may take as long (collect/loader.c) */

static void cpu_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

/* A record under a seqlock that begins with its seq: its seq, the record, its seq again. Each is a
 * separate read, in this order; the fences keep the kernel's loads from being reordered. -ENODATA:
 * `skip_free` and the slot is free. */
static int copy_locked(const struct hr_reader *r, uint64_t at, void *to, size_t bytes,
		       bool skip_free)
{
	for (int i = 0; i < TRIES; i++) {
		uint32_t before[2], after; /* seq and, in a slot, state */
		int e = reader_pread(r->fd, before, sizeof(before), at);

		if (e)
			return e;
		fence_acquire();
		if (!(before[0] & 1)) {
			if (skip_free && before[1] == HR_SLOT_FREE)
				return -ENODATA;
			e = reader_pread(r->fd, to, bytes, at);
			if (e)
				return e;
			fence_acquire();
			e = reader_pread(r->fd, &after, sizeof(after), at);
			if (e)
				return e;
			if (after == before[0])
				return 0;
		}
		if (i < TRIES_PAUSE)
			cpu_pause();
		else
			sched_yield();
	}
	return -EAGAIN;
}

/* Its variable words may change while we copy, so that a head and a tail do not match: then read
 * again. */
static int read_header(int fd, uint64_t file_bytes, struct hr_board_header *ret_header,
		       const char **ret_what)
{
	int e = -EBADMSG;

	for (int i = 0; i < TRIES_HEADER && e == -EBADMSG; i++) {
		e = reader_pread(fd, ret_header, sizeof(*ret_header), 0);
		if (e)
			return e;
		e = layout_check(ret_header, file_bytes, ret_what);
	}
	return e;
}

int live_update(struct hr_reader *r)
{
	struct hr_board_header header;
	const char *what;
	int e = read_header(r->fd, r->header.file_bytes, &header, &what);

	if (e || header.file_bytes != r->header.file_bytes ||
	    header.slot_bytes != r->header.slot_bytes || header.instance != r->header.instance)
		return -EIO;
	r->header = header;
	return 0;
}

/* Too short to be identified: the start of a board or a recording, or neither. */
static int refuse_short(const struct hr_reader *r, const void *begin, size_t bytes)
{
	static const uint64_t magic = HR_BOARD_MAGIC;

	if (bytes > sizeof(magic) || !memcmp(begin, &magic, bytes) ||
	    !memcmp(begin, HR_RECORD_MAGIC, bytes))
		return reader_fail(-EBADMSG, "%s: truncated: %zu bytes are no board", r->path,
				   bytes);
	return reader_fail(-EPROTO, "%s: neither a board nor a recording", r->path);
}

static int live_open(struct hr_reader *r, uint64_t file_bytes)
{
	struct hr_board_header header = {0};
	size_t there = file_bytes < sizeof(header) ? (size_t)file_bytes : sizeof(header);
	const char *what = "";
	int e = reader_pread(r->fd, &header, there, 0);

	if (e)
		return reader_fail(e, "%s: cannot be read: %s", r->path, strerror(-e));
	if (there < offsetof(struct hr_board_header, page_bytes))
		return refuse_short(r, &header, there);
	e = layout_check(&header, file_bytes, &what);
	if (e == -EPROTO)
		return reader_fail(e, "%s: neither a board nor a recording", r->path);
	if (e == -EPROTONOSUPPORT)
		return reader_fail(e, "%s: board has version %u, this program reads %u: update %s",
				   r->path, header.version, HR_BOARD_VERSION,
				   header.version > HR_BOARD_VERSION ? "headroom"
								     : "and restart headroomd");
	if (there < sizeof(header))
		return refuse_short(r, &header, there);
	if (e)
		e = read_header(r->fd, file_bytes, &header, &what);
	if (e && !strcmp(what, "truncated"))
		return reader_fail(e, "%s: truncated: %llu of %llu bytes", r->path,
				   (unsigned long long)file_bytes,
				   (unsigned long long)header.file_bytes);
	if (e)
		return reader_fail(e, "%s: damaged (%s): restart headroomd, it makes a new one",
				   r->path, what);
	r->header = header;
	live_seek_event(r, 0);
	return 0;
}

bool live_follow(struct hr_reader *r)
{
	struct hr_reader *new;
	struct stat st;
	int e;

	if (stat(r->path, &st) || (st.st_dev == r->dev && st.st_ino == r->ino))
		return false;
	e = reader_open_again(r, &new);
	if (e)
		return false;
	if (new->ops != r->ops) {
		hr_reader_close(new);
		return false;
	}
	live_wait_done(r);
	close(r->fd);
	r->fd = take_fd(new->fd);
	r->dev = new->dev;
	r->ino = new->ino;
	if (new->header.instance != r->header.instance)
		r->next_seq = 0; /* another daemon's board: its count starts again */
	r->header = new->header;
	memset(r->cursor, 0, sizeof(r->cursor));
	live_seek_event(r, r->next_seq);
	hr_reader_close(new);
	return true;
}

static int live_health(struct hr_reader *r, uint64_t *ret_age_ns)
{
	uint64_t now, age = 0;
	int e;

	for (int again = 0; again < 2; again++) {
		e = live_update(r);
		now = clock_mono_ns();
		age = r->header.heartbeat_ns < now ? now - r->header.heartbeat_ns : 0;
		if (!e && r->header.state == HR_BOARD_STARTING && age < STARTING_NS)
			e = -EINPROGRESS;
		else if (!e && (r->header.state != HR_BOARD_RUNNING || age > HR_HEARTBEAT_DEAD_NS))
			e = -ESTALE;
		if (!e || e == -EINPROGRESS || !live_follow(r))
			break;
	}
	if (ret_age_ns)
		*ret_age_ns = age;
	return !e || e == -EINPROGRESS ? e : -ESTALE;
}

static void live_header(const struct hr_reader *r, struct hr_board_header *ret_header)
{
	struct hr_reader now = *r;

	live_update(&now); /* where that fails: as last read */
	*ret_header = now.header;
	stamps_move_header(ret_header, now.header.clock_step_ns);
}

static int live_host(struct hr_reader *r, struct hr_host *ret_host)
{
	int e = live_update(r);

	if (!e)
		e = copy_locked(r, r->header.host_offset, ret_host, sizeof(*ret_host), false);
	if (!e)
		stamps_move_host(ret_host, r->header.clock_step_ns);
	return e;
}

static int live_slot(struct hr_reader *r, uint32_t *index, struct hr_slot *ret_slot)
{
	if (!*index) {
		int e = live_update(r);

		if (e)
			return e;
	}
	while (*index < r->header.slots_high) {
		uint32_t bytes = r->header.slot_bytes;
		uint64_t at = r->header.slots_offset + (uint64_t)*index * bytes;
		int e = copy_locked(r, at, ret_slot, bytes, true);

		(*index)++;
		if (!e)
			memset((char *)ret_slot + bytes, 0, sizeof(*ret_slot) - bytes);
		if (!e && layout_slot_sound(ret_slot, bytes) && ret_slot->state != HR_SLOT_FREE) {
			reader_end_slot(ret_slot);
			stamps_move_slot(ret_slot, r->header.clock_step_ns);
			return 0;
		}
		if (e && e != -EAGAIN && e != -ENODATA)
			return e;
		if (e == -EAGAIN || (!e && !layout_slot_sound(ret_slot, bytes)))
			r->torn++;
	}
	return -ENODATA;
}

/* A board has no frames. */
static int no_frame(struct hr_reader *r)
{
	(void)r;
	return -EINVAL;
}

static int no_seek_frame(struct hr_reader *r, uint64_t time_ns)
{
	(void)r, (void)time_ns;
	return -EINVAL;
}

static uint64_t live_time(const struct hr_reader *r)
{
	(void)r;
	return clock_wall_ns();
}

const struct reader_ops live_reader_ops = {
	.open = live_open,
	.close = live_wait_done,
	.health = live_health,
	.header = live_header,
	.host = live_host,
	.slot = live_slot,
	.next_event = live_next_event,
	.wait_event = live_wait_event,
	.seek_event = live_seek_event,
	.next_frame = no_frame,
	.seek_frame = no_seek_frame,
	.frame_time = live_time,
};
