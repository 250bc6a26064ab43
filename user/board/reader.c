// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The reader: opens a board or a recording and copies records out of it. Never writes, never waits
 * for the writer, and believes nothing that the file says before it has been checked.
 */
#include "reader_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <headroom/record.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "barrier.h"
#include "frame_codec.h"

/* A slot is written in well under a microsecond, a look at it takes about one: the first tries only
 * pause. The writer may have lost its CPU in the middle: then give it ours. Together at most some
 * milliseconds. */
#define TRIES_PAUSE  64
#define TRIES        1000
#define TRIES_HEADER 16

static const char *const default_paths[] = {
	"/run/" HR_BOARD_DIR "/" HR_BOARD_FILE,
	"/dev/shm/" HR_BOARD_DIR "/" HR_BOARD_FILE,
};

static _Thread_local char error_text[512];

const char *hr_reader_error(void) { return error_text; }

int reader_fail(int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error_text, sizeof(error_text), format, args);
	va_end(args);
	return error;
}

int reader_pread(int fd, void *to, size_t bytes, uint64_t at)
{
	for (size_t done = 0; done < bytes;) {
		ssize_t n = pread(fd, (char *)to + done, bytes - done, (off_t)(at + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		done += (size_t)n;
	}
	return 0;
}

static void cpu_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

/* A record under a seqlock that begins with its seq: its seq, the whole, its seq again. Each is a
 * read of its own, in this order; the fences keep the loads that the kernel does for us from
 * passing each other. -ENODATA: `skip_free` and the slot is free. */
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

/* Its live words may change while we copy, so that a head and a tail do not fit together: then look
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

int reader_look(struct hr_reader *r)
{
	struct hr_board_header header;
	const char *what;
	int e = read_header(r->fd, r->header.file_bytes, &header, &what);

	if (e || header.file_bytes != r->header.file_bytes || header.instance != r->header.instance)
		return -EIO;
	r->header = header;
	return 0;
}

/* Too short to say what it is: the beginning of one of ours, or not. */
static int refuse_short(const struct hr_reader *r, const void *begin, size_t bytes)
{
	static const uint64_t magic = HR_BOARD_MAGIC;

	if (bytes > sizeof(magic) || !memcmp(begin, &magic, bytes) ||
	    !memcmp(begin, HR_RECORD_MAGIC, bytes))
		return reader_fail(-EBADMSG, "%s: truncated: %zu bytes are no board", r->path,
				   bytes);
	return reader_fail(-EPROTO, "%s: neither a board nor a recording", r->path);
}

static int open_board(struct hr_reader *r, uint64_t file_bytes)
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

/* What stands at the beginning of the file decides what it is. */
static int open_content(struct hr_reader *r)
{
	char magic[8] = "";
	struct stat st;
	int e = 0;

	if (fstat(r->fd, &st))
		return reader_fail(-errno, "%s: %s", r->path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return reader_fail(-EPROTO, "%s: neither a board nor a recording: no regular file",
				   r->path);
	if (r->is_default && st.st_uid && st.st_uid != geteuid())
		return reader_fail(
			-EACCES,
			"%s: not trusted: it belongs to uid %u, not to root; name it with --board "
			"if you trust it",
			r->path, (unsigned int)st.st_uid);
	r->dev = st.st_dev;
	r->ino = st.st_ino;
	if (st.st_size >= (off_t)sizeof(magic))
		e = reader_pread(r->fd, magic, sizeof(magic), 0);
	if (e)
		return reader_fail(e, "%s: cannot be read: %s", r->path, strerror(-e));
	if (!memcmp(magic, HR_RECORD_MAGIC, sizeof(magic)))
		return frames_open(r, (uint64_t)st.st_size);
	return open_board(r, (uint64_t)st.st_size);
}

static int open_path(const char *path, bool is_default, struct hr_reader **ret_reader)
{
	struct hr_reader *r = calloc(1, sizeof(*r));
	int e = -ENOMEM;

	if (!r)
		return reader_fail(e, "%s: no memory", path);
	r->fd = -1;
	r->is_default = is_default;
	r->path = strdup(path);
	if (!r->path) {
		hr_reader_close(r);
		return reader_fail(e, "%s: no memory", path);
	}
	r->fd = open(path,
		     O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY); /* a FIFO must not hang us */
	if (r->fd >= 0) {
		e = open_content(r);
	} else if (errno == ENOENT || errno == ENOTDIR) {
		e = reader_fail(-ENOENT,
				"%s: no such board: no guard has run here; start headroomd", path);
	} else if (errno == EACCES || errno == EPERM) {
		e = reader_fail(-EACCES, "%s: not permitted: be root or in group headroom", path);
	} else {
		e = reader_fail(-errno, "%s: %s", path, strerror(errno));
	}
	if (e) {
		hr_reader_close(r);
		return e;
	}
	*ret_reader = r;
	return 0;
}

int reader_open_fd(int fd, const char *name, struct hr_reader **ret_reader)
{
	struct hr_reader *r = calloc(1, sizeof(*r));
	int e;

	if (r)
		r->path = strdup(name);
	if (!r || !r->path) {
		close(fd);
		free(r);
		return reader_fail(-ENOMEM, "%s: no memory", name);
	}
	r->fd = fd;
	e = open_content(r);
	if (e) {
		hr_reader_close(r);
		return e;
	}
	*ret_reader = r;
	return 0;
}

int hr_reader_open(const char *path, struct hr_reader **ret_reader)
{
	bool is_default = false;
	int e = -ENOENT;

	if (!path || !*path)
		path = secure_getenv("HEADROOM_BOARD");
	if (path && *path)
		return open_path(path, false, ret_reader);
	is_default = true;
	for (size_t i = 0; i < ARRAY_SIZE(default_paths) && e == -ENOENT; i++)
		e = open_path(default_paths[i], is_default, ret_reader);
	if (e == -ENOENT)
		reader_fail(
			e, "no guard has run here (no board in /run or /dev/shm): start headroomd");
	return e;
}

void hr_reader_close(struct hr_reader *r)
{
	if (!r)
		return;
	if (r->fd >= 0)
		close(r->fd);
	frames_free(r->frames);
	free(r->path);
	free(r);
}

bool hr_reader_is_recording(const struct hr_reader *r) { return r->frames; }
const char *hr_reader_path(const struct hr_reader *r) { return r->path; }
uint64_t hr_reader_torn(const struct hr_reader *r) { return r->torn; }
uint64_t hr_reader_missed(const struct hr_reader *r) { return r->missed; }

bool reader_follow(struct hr_reader *r)
{
	struct hr_reader *new;
	char saved[sizeof(error_text)];
	struct stat st;
	int e;

	if (stat(r->path, &st) || (st.st_dev == r->dev && st.st_ino == r->ino))
		return false;
	memcpy(saved, error_text, sizeof(saved));
	e = open_path(r->path, r->is_default, &new);
	memcpy(error_text, saved, sizeof(saved)); /* which tells of open alone */
	if (e)
		return false;
	if (new->frames) {
		hr_reader_close(new);
		return false;
	}
	close(r->fd);
	r->fd = take_fd(new->fd);
	r->dev = new->dev;
	r->ino = new->ino;
	if (new->header.instance != r->header.instance)
		r->next_seq = 0; /* another guard's: its count begins anew */
	r->header = new->header;
	memset(r->cursor, 0, sizeof(r->cursor));
	live_seek_event(r, r->next_seq);
	hr_reader_close(new);
	return true;
}

int hr_reader_health(struct hr_reader *r, uint64_t *ret_age_ns)
{
	uint64_t now, age = 0;
	int e;

	if (r->frames) {
		if (ret_age_ns)
			*ret_age_ns = 0;
		return 0;
	}
	for (int again = 0; again < 2; again++) {
		e = reader_look(r);
		now = clock_boot_ns();
		age = r->header.heartbeat_ns < now ? now - r->header.heartbeat_ns : 0;
		if (!e && (r->header.state != HR_BOARD_RUNNING || age > HR_HEARTBEAT_DEAD_NS))
			e = -ESTALE;
		if (!e || !reader_follow(r))
			break;
	}
	if (ret_age_ns)
		*ret_age_ns = age;
	return e ? -ESTALE : 0;
}

void hr_reader_header(const struct hr_reader *r, struct hr_board_header *ret_header)
{
	struct hr_reader now = *r;

	if (r->frames)
		return frames_header(r->frames, ret_header);
	reader_look(&now); /* where that fails: as last seen */
	*ret_header = now.header;
}

int hr_reader_host(struct hr_reader *r, struct hr_host *ret_host)
{
	struct hr_host host;
	int e;

	if (r->frames)
		e = frames_host(r->frames, &host);
	else
		e = copy_locked(r, r->header.host_offset, &host, sizeof(host), false);
	if (e)
		return e;
	host.node[sizeof(host.node) - 1] = 0;
	host.kernel[sizeof(host.kernel) - 1] = 0;
	host.version[sizeof(host.version) - 1] = 0;
	for (int i = 0; i < HR_SOURCES; i++) {
		host.source[i].signal[sizeof(host.source[i].signal) - 1] = 0;
		host.source[i].variant[sizeof(host.source[i].variant) - 1] = 0;
	}
	for (int i = 0; i < HR_HOST_PROCESSES; i++)
		host.process[i].comm[sizeof(host.process[i].comm) - 1] = 0;
	*ret_host = host;
	return 0;
}

void reader_end_slot(struct hr_slot *slot)
{
	for (int i = 0; i < HR_PROCESSES; i++)
		slot->process[i].comm[sizeof(slot->process[i].comm) - 1] = 0;
	slot->text[sizeof(slot->text) - 1] = 0;
}

int hr_reader_slot(struct hr_reader *r, uint32_t *index, struct hr_slot *ret_slot)
{
	if (r->frames)
		return frames_slot(r->frames, index, ret_slot);
	if (!*index) {
		int e = reader_look(r);

		if (e)
			return e;
	}
	while (*index < r->header.slots_high) {
		uint64_t at = r->header.slots_offset + (uint64_t)*index * HR_SLOT_BYTES;
		int e = copy_locked(r, at, ret_slot, sizeof(*ret_slot), true);

		(*index)++;
		if (!e && layout_slot_sound(ret_slot) && ret_slot->state != HR_SLOT_FREE) {
			reader_end_slot(ret_slot);
			return 0;
		}
		if (e && e != -EAGAIN && e != -ENODATA)
			return e;
		if (e == -EAGAIN || (!e && !layout_slot_sound(ret_slot)))
			r->torn++;
	}
	return -ENODATA;
}

int hr_reader_next_event(struct hr_reader *r, struct hr_event *buf, size_t buf_bytes)
{
	if (buf_bytes < HR_EVENT_MAX_BYTES)
		return -EINVAL;
	return r->frames ? frames_next_event(r, buf) : live_next_event(r, buf, buf_bytes);
}

void hr_reader_seek_event(struct hr_reader *r, uint64_t seq)
{
	if (r->frames)
		frames_seek_event(r->frames, seq);
	else
		live_seek_event(r, seq);
}

int hr_reader_next_frame(struct hr_reader *r) { return r->frames ? frames_next(r) : -EINVAL; }

int hr_reader_seek_frame(struct hr_reader *r, uint64_t time_ns)
{
	return r->frames ? frames_seek(r, time_ns) : -EINVAL;
}

uint64_t hr_reader_frame_time(const struct hr_reader *r)
{
	return r->frames ? frames_time(r->frames) : clock_wall_ns();
}

const char *hr_slot_text(const struct hr_slot *slot, struct hr_str s)
{
	return layout_text(slot, offsetof(struct hr_slot, text), sizeof(*slot), s);
}

const char *hr_event_text(const struct hr_event *event, struct hr_str s)
{
	return layout_text(event, sizeof(*event), event->bytes, s);
}
