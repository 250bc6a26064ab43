// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The reader: opens a board or a recording and hands every call to the implementation for it. Never
 * writes, never waits for the writer, and trusts no byte of the file before it has been checked.
 */
#include "reader_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <headroom/record.h>

#include "base/cleanup.h"
#include "frame_codec.h"

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

/* The first bytes of the file decide what it is. */
static int open_content(struct hr_reader *r)
{
	char magic[8] = "";
	struct stat st;
	int e = 0;

	r->ops = &live_reader_ops;
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
		r->ops = &recording_reader_ops;
	return r->ops->open(r, (uint64_t)st.st_size);
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
				"%s: no such board: no daemon has run here; start headroomd", path);
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

int reader_open_again(const struct hr_reader *r, struct hr_reader **ret_reader)
{
	char saved[sizeof(error_text)];
	int e;

	memcpy(saved, error_text, sizeof(saved));
	e = open_path(r->path, r->is_default, ret_reader);
	memcpy(error_text, saved, sizeof(saved));
	return e;
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
			e,
			"no daemon has run here (no board in /run or /dev/shm): start headroomd");
	return e;
}

void hr_reader_close(struct hr_reader *r)
{
	if (!r)
		return;
	if (r->fd >= 0)
		close(r->fd);
	if (r->ops)
		r->ops->close(r);
	free(r->path);
	free(r);
}

bool hr_reader_is_recording(const struct hr_reader *r) { return r->ops->recording; }
const char *hr_reader_path(const struct hr_reader *r) { return r->path; }
uint64_t hr_reader_torn(const struct hr_reader *r) { return r->torn; }
uint64_t hr_reader_missed(const struct hr_reader *r) { return r->missed; }
uint64_t hr_reader_missed_in(const struct hr_reader *r, enum hr_ring ring)
{
	return ring < HR_RINGS ? r->missed_in[ring] : 0;
}

int hr_reader_health(struct hr_reader *r, uint64_t *ret_age_ns)
{
	return r->ops->health(r, ret_age_ns);
}

void hr_reader_header(const struct hr_reader *r, struct hr_board_header *ret_header)
{
	r->ops->header(r, ret_header);
}

int hr_reader_host(struct hr_reader *r, struct hr_host *ret_host)
{
	struct hr_host host;
	int e = r->ops->host(r, &host);

	if (e)
		return e;
	host.node[sizeof(host.node) - 1] = 0;
	host.kernel[sizeof(host.kernel) - 1] = 0;
	host.version[sizeof(host.version) - 1] = 0;
	for (int i = 0; i < HR_SOURCES; i++) {
		host.source[i].signal[sizeof(host.source[i].signal) - 1] = 0;
		host.source[i].variant[sizeof(host.source[i].variant) - 1] = 0;
	}
	for (int i = 0; i < HR_DEGRADED; i++) {
		host.degraded[i].what[sizeof(host.degraded[i].what) - 1] = 0;
		host.degraded[i].text[sizeof(host.degraded[i].text) - 1] = 0;
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
	return r->ops->slot(r, index, ret_slot);
}

int hr_reader_next_event(struct hr_reader *r, struct hr_event *buf, size_t buf_bytes)
{
	return buf_bytes < HR_EVENT_MAX_BYTES ? -EINVAL : r->ops->next_event(r, buf, buf_bytes);
}

int hr_reader_wait_event(struct hr_reader *r, uint64_t timeout_ns)
{
	return r->ops->wait_event(r, timeout_ns);
}

void hr_reader_seek_event(struct hr_reader *r, uint64_t seq) { r->ops->seek_event(r, seq); }

int hr_reader_next_frame(struct hr_reader *r) { return r->ops->next_frame(r); }

int hr_reader_seek_frame(struct hr_reader *r, uint64_t time_ns)
{
	return r->ops->seek_frame(r, time_ns);
}

uint64_t hr_reader_frame_time(const struct hr_reader *r) { return r->ops->frame_time(r); }

const char *hr_slot_text(const struct hr_slot *slot, struct hr_str s)
{
	return layout_text(slot, offsetof(struct hr_slot, text), sizeof(*slot), s);
}

const char *hr_event_text(const struct hr_event *event, struct hr_str s)
{
	return layout_text(event, sizeof(*event), event->bytes, s);
}
