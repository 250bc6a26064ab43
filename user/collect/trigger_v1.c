// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The threshold trigger of cgroup v1: an eventfd for each of two sizes, registered by cgroup.event_control,
 * which the kernel signals from the charging task when usage crosses the size, either way. It
 * notifies and changes nothing; the kernel drops it when the descriptor is closed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include "trigger_internal.h"
#include "base/cleanup.h"
#include "base/clock.h"

bool trigger_v1_used(const struct collector *s) { return s->triggers->epoll >= 0; }

void trigger_eventfd_init(struct trigger_eventfd *wire)
{
	*wire = (struct trigger_eventfd){.event = {-1, -1}, .usage = -1};
}

void trigger_eventfd_done(struct trigger_eventfd *wire)
{
	for (int i = 0; i < LINES; i++)
		if (wire->event[i] >= 0)
			close(wire->event[i]);
	if (wire->usage >= 0)
		close(wire->usage);
	trigger_eventfd_init(wire);
}

static int line_open(int control, int usage, __u64 bytes, int *ret_event)
{
	_cleanup_close_ int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	char text[64];
	int n;

	if (event < 0)
		return -errno;
	n = snprintf(text, sizeof(text), "%d %d %llu", event, usage, (unsigned long long)bytes);
	if (write(control, text, n) != n)
		return -errno;
	*ret_event = take_fd(event);
	return 0;
}

int trigger_eventfd_open(int dir_fd, const struct trigger_value *value,
			 struct trigger_eventfd *ret_wire)
{
	_cleanup_close_ int control = openat(dir_fd, "cgroup.event_control", O_WRONLY | O_CLOEXEC);
	const __u64 at[LINES] = {value->near, value->threshold};
	struct trigger_eventfd wire;
	int r = 0;

	if (control < 0)
		return -errno;
	trigger_eventfd_init(&wire);
	wire.usage = openat(dir_fd, "memory.usage_in_bytes", O_RDONLY | O_CLOEXEC);
	if (wire.usage < 0)
		return -errno;
	for (int i = 0; i < LINES && r == 0; i++) {
		wire.at[i] = at[i];
		r = line_open(control, wire.usage, at[i], &wire.event[i]);
	}
	if (r < 0)
		trigger_eventfd_done(&wire);
	else
		*ret_wire = wire;
	return r;
}

int collect_trigger_fd(const struct collector *s) { return s->triggers->epoll; }

/* Both lines of a slot, as they are now: an event says only that one was crossed, either way. */
static bool slot_look(struct trigger_slot *slot, struct record_trigger *ret_rec)
{
	__u64 usage, now = clock_mono_ns();
	enum trigger_line line;

	if (slot->wire.usage < 0 || collect_usage_read(slot->wire.usage, &usage) < 0 ||
	    usage < slot->wire.at[LINE_NEAR])
		return false;
	line = usage >= slot->wire.at[LINE_OVER] ? LINE_OVER : LINE_NEAR;
	if (now - slot->emitted_ns[line] < TRIGGER_QUIET_NS)
		return false;
	slot->emitted_ns[line] = slot->emitted_ns[LINE_NEAR] = now;
	*ret_rec = (struct record_trigger){
		.r = {RECORD_THRESHOLD, sizeof(*ret_rec), now},
		.memcg_id = slot->memcg_id,
		.generation = slot->value.generation,
		.usage = usage,
		.threshold = slot->wire.at[line],
		.limit = RECORD_UNKNOWN,
		.flags = line == LINE_NEAR ? RECORD_TRIGGER_NEAR : 0,
		.hook = TRIGGER_HOOK_EVENTFD,
	};
	return true;
}

int collect_trigger_consume(struct collector *s, void (*fn)(const struct record *record, void *arg),
			    void *arg)
{
	struct triggers *triggers = s->triggers;
	struct epoll_event event[16];
	struct record_trigger rec;
	__u64 count;
	int n;

	if (triggers->epoll < 0)
		return 0;
	do {
		n = epoll_wait(triggers->epoll, event, ARRAY_SIZE(event), 0);
		if (n < 0)
			return errno == EINTR ? 0 : -errno;
		for (int i = 0; i < n; i++) {
			struct trigger_slot *slot = &triggers->slot[event[i].data.u32 / LINES];
			bool describe = false;

			pthread_mutex_lock(&triggers->lock);
			/* removed meanwhile: nothing is left to read */
			if (slot->memcg_id && read(slot->wire.event[event[i].data.u32 % LINES],
						   &count, sizeof(count)) == sizeof(count))
				describe = slot_look(slot, &rec);
			pthread_mutex_unlock(&triggers->lock);
			if (describe)
				fn(&rec.r, arg);
		}
	} while (n == (int)ARRAY_SIZE(event));
	return 0;
}
